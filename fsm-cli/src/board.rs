//! What the progress of a run looks like: pure text, made of what happened and the time.
//!
//! ```text
//! ✓ user       ok 200, 23 ms
//! ↻ posts      status 503, retrying in 3 s (attempt 2 of 4)
//! ▸ analytics  running 1.2 s
//! · orders     waits for its turn, 3 s
//! ━━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 1 of 4 done, 1 running, 1 retrying, 1 held back, 1.4 s
//! ```

use std::time::{Duration, Instant};

use console::Style;
use fsm_http::ErrorKind;

use crate::watch::{Ending, Happening};

/// A flow with more endpoints shows only those that are active, then those that wait for their turn.
const MOST_LINES: usize = 15;

/// Longer names are cut.
const NAME_WIDTH: usize = 28;

/// The length of the bar, in characters.
const BAR: usize = 30;

/// Where every endpoint of a run stands.
#[derive(Debug)]
pub(crate) struct Board {
    began: Instant,
    lines: Vec<Line>,
    /// The undo of each endpoint, in the same order; shown once it has begun.
    undos: Vec<Line>,
    name_width: usize,
}

#[derive(Debug)]
struct Line {
    name: String,
    /// The most attempts that there may be.
    limit: u32,
    /// The attempt that is under way, or was the last.
    attempt: u32,
    /// Requests that were sent, as far as the last answer or failure told.
    sent: u32,
    /// Those of earlier rounds, where the call is made again and again.
    earlier: u32,
    answer: Option<Answer>,
    standing: Standing,
}

/// What the last attempt came to.
#[derive(Clone, Copy, Debug)]
enum Answer {
    Good { http_status: u16, latency: Option<Duration> },
    Bad { kind: ErrorKind, http_status: Option<u16> },
}

#[derive(Clone, Debug)]
enum Standing {
    /// Its turn has not come.
    Pending,
    /// It waits for room.
    Queued,
    Running {
        since: Instant,
    },
    Retrying {
        at: Instant,
    },
    /// It waits for its turn at a rate limit.
    Waiting {
        at: Instant,
    },
    /// It lets time pass.
    Sleeping {
        until: Instant,
    },
    /// Its call is made again.
    Asking {
        at: Instant,
    },
    /// It waits for a signal.
    Awaiting {
        signal: String,
        until: Option<Instant>,
    },
    Ended(Ending),
}

impl Board {
    /// A run that begins `now`, with its endpoints and the most attempts of each.
    pub(crate) fn new(now: Instant, endpoints: impl IntoIterator<Item = (String, u32)>) -> Self {
        let lines: Vec<Line> =
            endpoints.into_iter().map(|(name, limit)| Line::new(name, limit)).collect();
        let widest = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or(0);
        Self { began: now, lines, undos: Vec::new(), name_width: widest.min(NAME_WIDTH) }
    }

    /// Adds the undos: for each endpoint the most attempts of its own, if it has one.
    pub(crate) fn with_undos(mut self, limits: impl IntoIterator<Item = Option<u32>>) -> Self {
        for (line, limit) in self.lines.iter().zip(limits) {
            let undo = Line::new(format!("{}.undo", line.name), limit.unwrap_or(0));
            if limit.is_some() {
                self.name_width = self.name_width.max(undo.name.chars().count().min(NAME_WIDTH));
            }
            self.undos.push(undo);
        }
        self
    }

    /// Takes note of what happens to an endpoint.
    pub(crate) fn happens(&mut self, now: Instant, endpoint: usize, happening: &Happening) {
        let (lines, undos) = (self.lines.len(), &mut self.undos);
        let line = match endpoint.checked_sub(lines) {
            None => self.lines.get_mut(endpoint),
            Some(undo) => undos.get_mut(undo),
        };
        let Some(line) = line else { return };
        match *happening {
            Happening::Entered => line.standing = Standing::Queued,
            Happening::Started { attempt } => {
                line.attempt = attempt;
                line.standing = Standing::Running { since: now };
            }
            Happening::Postponed { wait } => {
                // It was no attempt.
                line.attempt = line.attempt.saturating_sub(1);
                line.standing = Standing::Waiting { at: later(now, wait) };
            }
            Happening::Answered { http_status, latency, requests } => {
                line.sent = requests;
                line.answer = Some(Answer::Good { http_status, latency });
            }
            Happening::Refused { kind, http_status, requests } => {
                line.sent = requests;
                line.answer = Some(Answer::Bad { kind, http_status });
            }
            Happening::Retrying { wait } => {
                line.standing = Standing::Retrying { at: later(now, wait) };
            }
            Happening::Sleeps { wait } => {
                line.standing = Standing::Sleeping { until: later(now, wait) };
            }
            Happening::AsksAgain { wait } => {
                line.earlier += std::mem::take(&mut line.sent);
                line.attempt = 0;
                line.standing = Standing::Asking { at: later(now, wait) };
            }
            Happening::Awaits { ref signal, limit } => {
                let until = limit.map(|limit| later(now, limit));
                line.standing = Standing::Awaiting { signal: signal.clone(), until };
            }
            Happening::Ended(ending) => {
                let gave_up = matches!(ending, Ending::Failed | Ending::Recovered);
                if gave_up && line.is_waiting() {
                    // Its turn would come only after the end of the run.
                    let kind = ErrorKind::RateLimited;
                    line.answer = Some(Answer::Bad { kind, http_status: None });
                }
                line.standing = Standing::Ended(ending);
            }
        }
    }

    /// Every endpoint, and every undo that has begun.
    fn begun(&self) -> impl Iterator<Item = &Line> + Clone {
        let undos = self.undos.iter().filter(|undo| !matches!(undo.standing, Standing::Pending));
        self.lines.iter().chain(undos)
    }

    /// The lines of the active endpoints, or of all where there are few, and a bar for the whole.
    /// No line is wider than `width`, and there are at most `height`.
    pub(crate) fn text(&self, now: Instant, width: usize, height: usize) -> String {
        let most = MOST_LINES.min(height.saturating_sub(2));
        let all = self.begun().count() <= most;
        let active = self.begun().filter(|line| all || line.is_active());
        let waiting = self.begun().filter(|line| !all && line.is_waiting());
        let shown = active.chain(waiting);
        let mut text = String::new();
        for line in shown.clone().take(most) {
            text.push_str(&console::truncate_str(&line.text(now, self.name_width), width, "…"));
            text.push('\n');
        }
        let hidden = shown.count().saturating_sub(most);
        let whole = self.whole(now, hidden);
        text + &console::truncate_str(&whole, width, "…")
    }

    fn whole(&self, now: Instant, hidden: usize) -> String {
        let count =
            |is: fn(&Standing) -> bool| self.begun().filter(|line| is(&line.standing)).count();
        let is_over = |line: &&Line| matches!(line.standing, Standing::Ended(_));
        let done = self.lines.iter().filter(is_over).count();
        let running = count(|standing| matches!(standing, Standing::Running { .. }));
        let retrying = count(|standing| matches!(standing, Standing::Retrying { .. }));
        let waiting = count(|standing| matches!(standing, Standing::Waiting { .. }));
        let filled = (BAR * done).checked_div(self.lines.len()).unwrap_or(BAR);
        let style = Style::new().for_stderr();
        let mut text = format!(
            "{}{} {done} of {} done",
            style.clone().cyan().apply_to("━".repeat(filled)),
            style.dim().apply_to("╌".repeat(BAR - filled)),
            self.lines.len(),
        );
        if running > 0 {
            text += &format!(", {running} running");
        }
        if retrying > 0 {
            text += &format!(", {retrying} retrying");
        }
        if waiting > 0 {
            text += &format!(", {waiting} held back");
        }
        let sleeping = count(Standing::is_waiting);
        if sleeping > 0 {
            text += &format!(", {sleeping} waiting");
        }
        if hidden > 0 {
            text += &format!(" ({hidden} not shown)");
        }
        text + &format!(", {}", words(now.saturating_duration_since(self.began)))
    }
}

impl Standing {
    /// Whether it waits because the flow says so.
    fn is_waiting(&self) -> bool {
        match self {
            Standing::Sleeping { .. } | Standing::Asking { .. } | Standing::Awaiting { .. } => true,
            Standing::Pending
            | Standing::Queued
            | Standing::Running { .. }
            | Standing::Retrying { .. }
            | Standing::Waiting { .. }
            | Standing::Ended(_) => false,
        }
    }
}

impl Line {
    fn new(name: String, limit: u32) -> Self {
        let standing = Standing::Pending;
        Self { name, limit, attempt: 0, sent: 0, earlier: 0, answer: None, standing }
    }

    fn is_active(&self) -> bool {
        match self.standing {
            Standing::Running { .. }
            | Standing::Retrying { .. }
            | Standing::Sleeping { .. }
            | Standing::Asking { .. }
            | Standing::Awaiting { .. } => true,
            Standing::Pending
            | Standing::Queued
            | Standing::Waiting { .. }
            | Standing::Ended(_) => false,
        }
    }

    fn is_waiting(&self) -> bool {
        matches!(self.standing, Standing::Waiting { .. })
    }

    fn text(&self, now: Instant, name_width: usize) -> String {
        let style = Style::new().for_stderr();
        let (mark, style) = match self.standing {
            Standing::Pending | Standing::Queued | Standing::Waiting { .. } => ("·", style.dim()),
            Standing::Sleeping { .. } | Standing::Asking { .. } | Standing::Awaiting { .. } => {
                ("·", style.cyan())
            }
            Standing::Running { .. } => ("▸", style.cyan()),
            Standing::Retrying { .. } => ("↻", style.yellow()),
            Standing::Ended(Ending::Ok | Ending::Cached | Ending::Recovered) => {
                ("✓", style.green())
            }
            Standing::Ended(Ending::Skipped) => ("-", style.dim()),
            Standing::Ended(Ending::Failed | Ending::TimedOut | Ending::Cancelled) => {
                ("✗", style.red())
            }
        };
        let name = console::truncate_str(&self.name, name_width, "…").into_owned();
        format!("{} {name:name_width$}  {}", style.apply_to(mark), self.words(now))
    }

    fn words(&self, now: Instant) -> String {
        match self.standing {
            Standing::Pending => "waiting".to_owned(),
            Standing::Queued => "queued".to_owned(),
            Standing::Running { since } => {
                let elapsed = words(now.saturating_duration_since(since));
                match self.attempt {
                    0 | 1 => format!("running {elapsed}"),
                    attempt => format!("running {elapsed}, attempt {attempt} of {}", self.limit),
                }
            }
            Standing::Retrying { at } => {
                let left = seconds_until(at, now);
                let next = self.attempt + 1;
                let wait = format!("retrying in {left} (attempt {next} of {})", self.limit);
                match self.reason() {
                    Some(reason) => format!("{reason}, {wait}"),
                    None => wait,
                }
            }
            Standing::Waiting { at } => {
                let left = seconds_until(at, now);
                match self.attempt + 1 {
                    1 => format!("waits for its turn, {left}"),
                    next => {
                        format!("waits for its turn, {left} (attempt {next} of {})", self.limit)
                    }
                }
            }
            Standing::Sleeping { until } => format!("waits {}", seconds_until(until, now)),
            Standing::Asking { at } => {
                format!("not done yet, asks again in {}", seconds_until(at, now))
            }
            Standing::Awaiting { ref signal, until: None } => {
                format!("waits for the signal {signal}")
            }
            Standing::Awaiting { ref signal, until: Some(until) } => {
                let left = seconds_until(until, now);
                format!("waits for the signal {signal}, {left} left")
            }
            Standing::Ended(ending) => self.ended(ending),
        }
    }

    fn ended(&self, ending: Ending) -> String {
        let mut text = match (ending, self.answer) {
            (Ending::Cached, Some(Answer::Good { http_status, .. })) => {
                format!("cached {http_status}")
            }
            (Ending::Ok, Some(Answer::Good { http_status, latency: Some(latency) })) => {
                format!("ok {http_status}, {}", words(latency))
            }
            (Ending::Recovered, _) => match self.reason() {
                Some(reason) => format!("recovered ({reason})"),
                None => "recovered".to_owned(),
            },
            (Ending::Failed, _) => match self.reason() {
                Some(reason) => format!("failed ({reason})"),
                None => "failed".to_owned(),
            },
            (
                Ending::Ok
                | Ending::Cached
                | Ending::Skipped
                | Ending::TimedOut
                | Ending::Cancelled,
                _,
            ) => ending.name().replace('_', " "),
        };
        // What was taken away in the middle of an attempt did not tell of it any more.
        let attempts = match ending {
            Ending::TimedOut | Ending::Cancelled => self.attempt.max(self.sent),
            Ending::Ok | Ending::Cached | Ending::Recovered | Ending::Skipped | Ending::Failed => {
                self.sent
            }
        };
        let attempts = self.earlier + attempts;
        if attempts > 1 {
            text += &format!(", {attempts} attempts");
        }
        text
    }

    /// Why the last attempt failed.
    fn reason(&self) -> Option<String> {
        match self.answer? {
            Answer::Good { .. } => None,
            Answer::Bad { kind: ErrorKind::Status, http_status: Some(status) } => {
                Some(format!("status {status}"))
            }
            Answer::Bad { kind, .. } => Some(kind.as_str().replace('_', " ")),
        }
    }
}

/// A wait beyond what the clock can hold never ends anyway.
fn later(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or(now)
}

/// The time that is left, in whole seconds.
fn seconds_until(at: Instant, now: Instant) -> String {
    let left = at.saturating_duration_since(now);
    words(Duration::from_millis(left.as_millis().div_ceil(1_000) as u64 * 1_000))
}

/// A duration as people say it, with no more digits than they need.
pub(crate) fn words(duration: Duration) -> String {
    let millis = duration.as_millis();
    match duration.as_secs() {
        0 => format!("{millis} ms"),
        1..60 if millis.is_multiple_of(1_000) => format!("{} s", millis / 1_000),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3_600 => format!("{} min {} s", duration.as_secs() / 60, duration.as_secs() % 60),
        hours => format!("{} h {} min", hours / 3_600, hours % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests;
