//! What happened in a simulated run, line by line, with its points in time.

use std::fmt;
use std::time::Duration;

use fsm_core::{Graph, StateId, Status, Timestamp, Wait};

/// One thing that happened, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When, from the beginning of the run.
    pub at: Timestamp,
    /// What.
    pub what: Happening,
    /// Where tokens went because of it, in the order in which they did. One that passes a choice
    /// stands there for a moment, too.
    pub to: Vec<StateId>,
    /// How long a failed activity waits before it is started again.
    pub waits: Option<Duration>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// The run began.
    Began,
    /// An activity ended well.
    Done(StateId, u32),
    /// An activity failed at this attempt.
    Failed(StateId, u32),
    /// An attempt was put off by this long.
    Postponed(StateId, u32, Duration),
    /// A timer fired; a timeout at this attempt, any other at 0.
    Timer(StateId, Wait, u32),
    /// An event came and was accepted.
    Event(String),
    /// An event came and was refused, for this reason.
    Refused(String),
    /// The run was cancelled.
    Cancelled,
    /// The process died.
    Crashed,
    /// It came up again, and these activities were started again.
    Restored(Vec<StateId>),
}

/// A run's entries, to be read.
pub(super) struct Timeline<'a> {
    pub(super) graph: &'a Graph,
    pub(super) entries: &'a [Entry],
}

impl fmt::Display for Timeline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times: Vec<String> = self.entries.iter().map(|entry| seconds(entry.at)).collect();
        let width = times.iter().map(String::len).max().unwrap_or(0);
        for (time, entry) in times.iter().zip(self.entries) {
            write!(f, "{time:>width$}  ")?;
            self.entry(f, entry)?;
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Timeline<'_> {
    fn entry(&self, f: &mut fmt::Formatter<'_>, entry: &Entry) -> fmt::Result {
        let name = |state: &StateId| self.graph.name_of(*state);
        match &entry.what {
            Happening::Began => f.write_str("the run begins")?,
            Happening::Done(state, attempt) => {
                write!(f, "{} is done{}", name(state), nth(*attempt))?;
            }
            Happening::Failed(state, attempt) => {
                write!(f, "{} failed ({} attempt)", name(state), ordinal(*attempt))?;
            }
            Happening::Postponed(state, attempt, by) => {
                let (name, attempt, by) = (name(state), ordinal(*attempt), words(*by));
                write!(f, "{name} is postponed by {by} ({attempt} attempt)")?;
            }
            Happening::Timer(state, wait, attempt) => {
                self.timer(f, name(state), *wait, *attempt)?
            }
            Happening::Event(event) => write!(f, "event {event}")?,
            Happening::Refused(why) => write!(f, "refused: {why}")?,
            Happening::Cancelled => f.write_str("the run is cancelled")?,
            Happening::Crashed => f.write_str("crash")?,
            Happening::Restored(states) => {
                f.write_str("restored")?;
                let names: Vec<&str> = states.iter().map(name).collect();
                if !names.is_empty() {
                    write!(f, ", {} started again", names.join(", "))?;
                }
            }
        }
        if let Some(wait) = entry.waits {
            write!(f, ", waits {}", words(wait))?;
        }
        for (index, state) in entry.to.iter().enumerate() {
            write!(f, "{} {}", if index == 0 { " →" } else { "," }, name(state))?;
        }
        Ok(())
    }

    fn timer(
        &self,
        f: &mut fmt::Formatter<'_>,
        state: &str,
        wait: Wait,
        attempt: u32,
    ) -> fmt::Result {
        match wait {
            Wait::Delay => write!(f, "{state} has waited"),
            Wait::Timeout => write!(f, "{state} timed out ({} attempt)", ordinal(attempt)),
            Wait::Retry => write!(f, "{state} is tried again"),
            Wait::After(transition) => {
                let label = self.graph.trigger_label(self.graph.transition(transition).trigger());
                write!(f, "{state}: {label}")
            }
        }
    }
}

fn nth(attempt: u32) -> String {
    if attempt > 1 { format!(" ({} attempt)", ordinal(attempt)) } else { String::new() }
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        (_, _) => "th",
    };
    format!("{number}{ending}")
}

fn seconds(at: Timestamp) -> String {
    words(at.since(Timestamp::ZERO))
}

/// `12.3s`: in seconds, to the microsecond, without zeros that say nothing.
pub(super) fn words(time: Duration) -> String {
    let exact = format!("{}.{:06}", time.as_secs(), time.subsec_micros());
    format!("{}s", exact.trim_end_matches('0').trim_end_matches('.'))
}

/// How a run stands at its end, in words.
pub(super) fn standing(graph: &Graph, status: Status, at: &[StateId]) -> String {
    let names: Vec<&str> = at.iter().map(|state| graph.name_of(*state)).collect();
    match status {
        Status::New => "it has not begun".into(),
        Status::Running => format!("it stands at {}", names.join(", ")),
        Status::Finished(state) => format!("it ends at {}", graph.name_of(state)),
        Status::Cancelled => "it is cancelled".into(),
        Status::Stuck(state) => format!("it is stuck at {}", graph.name_of(state)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_without_zeros_that_say_nothing() {
        let told = [0, 1, 1_500, 12_300_000, 60_000_000].map(|it| words(Duration::from_micros(it)));
        assert_eq!(told, ["0s", "0.000001s", "0.0015s", "12.3s", "60s"]);
        let told = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111].map(ordinal);
        let expected =
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th"];
        assert_eq!(told, expected);
    }
}
