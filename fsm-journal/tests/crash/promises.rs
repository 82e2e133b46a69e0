//! What has to hold of a round, by what the server saw and what the journal says.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::{self, Write};
use std::time::Duration;

use fsm_core::journal::{History, Journal, RunFilter, RunPhase};
use fsm_journal::SqliteJournal;
use fsm_patterns::{
    Flow, FlowContext, FlowEvent, RunOutcome, RunReport, Services, StepReport, StepStatus,
    UndoStatus,
};
use serde_json::Value;

use crate::reaper::{Round, Run, Tally};
use crate::server::{Reply, Request};
use crate::stories::{self, Step, Story, Work};

const UNKNOWN: &str = "unknown_outcome";

type Store = SqliteJournal<FlowContext, FlowEvent>;

/// A round that was played.
pub(crate) struct Evidence {
    pub(crate) round: Round,
    pub(crate) requests: Vec<Request>,
    /// How often a key took effect.
    pub(crate) effects: HashMap<String, u32>,
    /// When each life ended.
    pub(crate) deaths: HashMap<u32, Duration>,
    pub(crate) runs: Vec<Run>,
}

/// Promises that were not kept.
#[derive(Debug)]
pub(crate) struct Broken {
    round: Round,
    faults: Vec<String>,
    /// The first run that one of them is about, from all sides.
    story: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} promises were broken in {:?}:", self.faults.len(), self.round)?;
        self.faults.iter().take(20).try_for_each(|fault| writeln!(f, "- {fault}"))?;
        f.write_str(&self.story)
    }
}

/// One run, from all sides.
struct Case<'a> {
    number: usize,
    story: &'a Story,
    doom: Option<&'static str>,
    flow: &'a Flow,
    history: History<FlowContext, FlowEvent>,
    report: RunReport,
    /// In the order in which they were sent: lives that ended earlier come first.
    requests: Vec<&'a Request>,
    evidence: &'a Evidence,
}

impl Evidence {
    /// Holds everything against everything.
    pub(crate) fn hold(
        self,
        journal: &Store,
        mut faults: Vec<String>,
        port: u16,
    ) -> Result<Tally, Box<Broken>> {
        let stories = stories::all();
        let flows: Vec<Flow> = stories
            .iter()
            .map(|story| Flow::from_text("flow.json", &story.text(port), Services::new()))
            .collect::<Result<_, _>>()
            .expect("they were run");
        let mut tally = Tally { kills: self.round.kills, ..Tally::default() };
        tally.requests = self.requests.len();
        match journal.check() {
            Ok(checked) => tally.records = checked.records,
            Err(fault) => faults.push(format!("the journal does not pass its check: {fault}")),
        }
        let listed = journal.list(&RunFilter::all()).map_or(0, |runs| runs.len());
        if listed != self.runs.len() {
            let begun = self.runs.len();
            faults.push(format!("{begun} runs were begun, {listed} are in the journal"));
        }
        let mut story = String::new();
        for number in 0..self.runs.len() {
            let at = stories::of(self.round.seed, number as u64);
            let found = match self.case(journal, number, &stories[at], &flows[at]) {
                Err(fault) => Err((fault, self.lines(number))),
                Ok(case) => {
                    case.count(&mut tally);
                    case.hold().map_err(|fault| (fault, case.told()))
                }
            };
            if let Err((fault, told)) = found {
                if story.is_empty() {
                    story = format!("run-{number}:\n{told}");
                }
                faults.push(format!("run-{number} ({}): {fault}", stories[at].name));
            }
        }
        tally.runs = self.runs.len();
        match faults.is_empty() {
            true => Ok(tally),
            false => Err(Box::new(Broken { round: self.round, faults, story })),
        }
    }

    fn case<'a>(
        &'a self,
        journal: &Store,
        number: usize,
        story: &'a Story,
        flow: &'a Flow,
    ) -> Result<Case<'a>, String> {
        let history = journal
            .read(&format!("run-{number}"))
            .map_err(|fault| format!("it is lost: {fault}"))?;
        let RunPhase::Over { outcome, result } = &history.info.phase else {
            return Err(format!("it is not over: {:?}", history.info.phase));
        };
        if self.runs[number].over.as_ref().is_some_and(|said| said != outcome) {
            return Err(format!("it was said to be over otherwise than as {outcome}"));
        }
        let report: RunReport = serde_json::from_str(result)
            .map_err(|fault| format!("its result can't be read: {fault}"))?;
        let mut requests: Vec<&Request> =
            self.requests.iter().filter(|request| request.run == number as u64).collect();
        let death = |life: u32| self.deaths.get(&life).copied().unwrap_or(Duration::MAX);
        requests.sort_by_key(|request| (death(request.life), request.serial));
        let doom = story.doom(self.round.seed, number as u64);
        Ok(Case { number, story, doom, flow, history, report, requests, evidence: self })
    }

    /// What the server saw of a run.
    fn lines(&self, number: usize) -> String {
        let mut text = String::new();
        for request in self.requests.iter().filter(|request| request.run == number as u64) {
            let Request { serial, step, life, key, at, reply, is_answered, .. } = request;
            let key = key.as_deref().unwrap_or("no key");
            let fate = if *is_answered { "answered" } else { "not answered" };
            let died = self.deaths.get(life).copied().unwrap_or_default();
            let _ = writeln!(
                text,
                "  {at:>10.1?} #{serial} {step} {reply:?}, {fate}, {key}; life {life}, which ended at {died:.1?}"
            );
        }
        text
    }
}

impl Case<'_> {
    fn hold(&self) -> Result<(), String> {
        self.one_driver_at_a_time()?;
        self.replays()?;
        for (at, step) in self.story.steps.iter().enumerate() {
            let report = &self.report.steps[step.name];
            let named = |fault: String| format!("`{}`: {fault}", step.name);
            if step.work.is_call() {
                self.nothing_twice(step.name, step.work).map_err(named)?;
                self.nothing_too_early(at).map_err(named)?;
                self.as_the_server_saw(step, report).map_err(named)?;
                self.keys(step.name, report.status == StepStatus::Ok).map_err(named)?;
            }
            self.as_it_may_end(at, step, report).map_err(named)?;
            self.undone(step, report).map_err(named)?;
        }
        self.backwards()?;
        self.ended_as_the_mode_says()
    }

    /// What the server saw of one step.
    fn of(&self, step: &str) -> impl DoubleEndedIterator<Item = &Request> + Clone {
        self.requests.iter().copied().filter(move |request| request.step == step)
    }

    fn died(&self, life: u32) -> Duration {
        self.evidence.deaths.get(&life).copied().unwrap_or(Duration::MAX)
    }

    /// Who drives a run does so until it dies.
    fn one_driver_at_a_time(&self) -> Result<(), String> {
        let mut last: Option<&Request> = None;
        let mut seen = HashSet::new();
        for request in &self.requests {
            if seen.insert(request.life)
                && let Some(before) = last
                && request.at < self.died(before.life)
            {
                let (one, other) = (before.life, request.life);
                return Err(format!("life {other} drove it while life {one} did"));
            }
            last = Some(request);
        }
        Ok(())
    }

    /// The records lead to the result.
    fn replays(&self) -> Result<(), String> {
        let snapshot = self.flow.snapshot_of(&self.history).map_err(|fault| fault.to_string())?;
        let again = self.flow.report(&snapshot);
        let ends = |report: &RunReport| -> Vec<_> {
            let steps = report.steps.iter();
            steps.map(|(name, step)| (name.clone(), step.status, step.output.clone())).collect()
        };
        match again.outcome == self.report.outcome && ends(&again) == ends(&self.report) {
            true => Ok(()),
            false => Err("its records lead elsewhere than to its result".to_owned()),
        }
    }

    /// A call whose answer is known is never made again, one that must not be made twice not at all.
    fn nothing_twice(&self, step: &str, work: Work) -> Result<(), String> {
        let count = self.of(step).count();
        if work == Work::Bare && count > 1 {
            return Err(format!("it has no key, and was sent {count} times"));
        }
        let mut requests = self.of(step).peekable();
        while let Some(request) = requests.next() {
            let is_final = matches!(request.reply, Reply::Done | Reply::Refused);
            if let Some(next) = requests.peek()
                && is_final
                && request.is_answered
                && next.life == request.life
            {
                let (first, second) = (request.serial, next.serial);
                return Err(format!("#{first} was answered, and #{second} was sent all the same"));
            }
        }
        Ok(())
    }

    /// Nothing is sent that follows from an answer that is not durable: then that call is over for all
    /// time.
    fn nothing_too_early(&self, at: usize) -> Result<(), String> {
        let place = |request: &Request| {
            self.requests.iter().position(|other| other.serial == request.serial)
        };
        let first = self.of(self.story.steps[at].name).next().and_then(place);
        for before in self.story.before(at) {
            let last = self.of(before).next_back();
            if let (Some(first), Some(last)) = (first, last)
                && place(last) > Some(first)
            {
                let serial = last.serial;
                return Err(format!(
                    "#{serial} of `{before}` was sent after what follows from its answer"
                ));
            }
        }
        Ok(())
    }

    /// The result is what was answered last.
    fn as_the_server_saw(&self, step: &Step, report: &StepReport) -> Result<(), String> {
        let last = self.of(step.name).next_back();
        let kind = report.error.as_ref().map(|error| error.kind.as_str());
        match (report.status, last) {
            (StepStatus::Ok, Some(last)) => {
                let serial = report.output["serial"].as_u64().map(|serial| serial as usize);
                match serial == Some(last.serial) && last.reply == Reply::Done {
                    true => Ok(()),
                    false => Err(format!(
                        "its output is from request {serial:?}, and #{} came after it",
                        last.serial
                    )),
                }
            }
            (StepStatus::Ok, None) => Err("it is ok, and was never sent".to_owned()),
            (StepStatus::Failed, Some(last)) if kind == Some("status") => {
                match report.http_status == last.reply.status() {
                    true => Ok(()),
                    false => Err(format!("#{} was not what it failed with", last.serial)),
                }
            }
            (_, Some(last)) if kind == Some(UNKNOWN) => {
                // Whoever went on from there has read the answer.
                let follows = |request: &&Request| {
                    let at = self.story.steps.iter().position(|other| other.name == request.step);
                    request.life == last.life
                        && at.is_some_and(|at| self.story.before(at).contains(&step.name))
                };
                match last.is_answered
                    && self.requests.iter().copied().any(|request| follows(&request))
                {
                    true => Err(format!("#{} was answered, and that is not known", last.serial)),
                    false => Ok(()),
                }
            }
            (StepStatus::Skipped, Some(_)) => Err("it is skipped, and was sent".to_owned()),
            _ => Ok(()),
        }
    }

    /// Every request of a step carries its key, and none but its; what is completed took effect once.
    fn keys(&self, step: &str, is_completed: bool) -> Result<(), String> {
        let keys: HashSet<Option<&String>> =
            self.of(step).map(|request| request.key.as_ref()).collect();
        if keys.len() > 1 {
            return Err(format!("its requests carry different keys: {keys:?}"));
        }
        let Some(Some(key)) = keys.into_iter().next() else { return Ok(()) };
        let shared = self.evidence.requests.iter().any(|request| {
            request.key.as_ref() == Some(key)
                && (request.run != self.number as u64 || request.step != step)
        });
        let effects = self.evidence.effects.get(key).copied().unwrap_or_default();
        match (shared, is_completed, effects) {
            (true, _, _) => Err(format!("its key {key} was used for something else")),
            (_, true, 0) | (_, _, 2..) => Err(format!("its key took effect {effects} times")),
            _ => Ok(()),
        }
    }

    /// Its status is one that its flow and the server's answers allow.
    fn as_it_may_end(&self, at: usize, step: &Step, report: &StepReport) -> Result<(), String> {
        let kind = report.error.as_ref().map(|error| error.kind.as_str());
        let is_doomed = self.doom == Some(step.name);
        let is_hurried = self.story.has("total_timeout");
        let is_cut = self.story.has("fail_fast") || self.story.has("error_threshold");
        let may = match report.status {
            StepStatus::Ok => {
                let is_heard = step.work != Work::Signal
                    || report.output["run"].as_u64() == Some(self.number as u64);
                !is_doomed && step.work != Work::Nobody && is_heard
            }
            StepStatus::Failed => match kind {
                Some("status") => is_doomed || step.work == Work::Bare || is_hurried,
                // No wait is begun that would pass the deadline.
                Some("reset") => is_hurried,
                Some(UNKNOWN) => step.work == Work::Bare,
                _ => false,
            },
            StepStatus::Skipped => {
                let is_left_out = step.even && self.number % 2 == 1;
                let is_in_vain = self
                    .story
                    .before(at)
                    .iter()
                    .any(|before| !matches!(self.report.steps[*before].status, StepStatus::Ok));
                is_left_out || (self.story.skips() && is_in_vain)
            }
            StepStatus::Cancelled => is_cut || self.story.is_cancelled,
            StepStatus::TimedOut => is_hurried,
            StepStatus::Cached
            | StepStatus::Recovered
            | StepStatus::Pending
            | StepStatus::Running
            | StepStatus::Waiting => false,
        };
        match may {
            true => Ok(()),
            false => Err(format!("it is {:?} ({kind:?})", report.status)),
        }
    }

    /// What was completed is undone if the run was not, and nothing else is.
    fn undone(&self, step: &Step, report: &StepReport) -> Result<(), String> {
        let name = step.undo();
        let is_due = step.has_undo
            && self.report.outcome == RunOutcome::Failed
            && report.status == StepStatus::Ok;
        let took = self.of(&name).any(|request| request.reply == Reply::Done);
        match (is_due, report.undo.as_ref().map(|undo| undo.status)) {
            (true, Some(UndoStatus::Ok)) if took => {
                self.nothing_twice(&name, Work::Put)?;
                self.keys(&name, true)
            }
            (false, None) if self.of(&name).next().is_none() => Ok(()),
            (due, status) => {
                Err(format!("undoing it is due: {due}; it was undone: {status:?}, {took}"))
            }
        }
    }

    /// Undoing begins when nothing goes forwards any more, and the last step is undone first.
    fn backwards(&self) -> Result<(), String> {
        let mut undone = self.requests.iter().map(|request| request.step.ends_with(".undo"));
        if undone.any(|is_undo| is_undo) && undone.any(|is_undo| !is_undo) {
            return Err("it went on after it had begun to undo".to_owned());
        }
        // Those that follow on each other were completed in that order.
        for (at, step) in self.story.steps.iter().enumerate() {
            let first = self.requests.iter().position(|request| request.step == step.undo());
            for before in self.story.before(at) {
                let name = format!("{before}.undo");
                let other = self.requests.iter().position(|request| request.step == name);
                if let (Some(first), Some(other)) = (first, other)
                    && other < first
                {
                    return Err(format!("`{before}` was undone before `{}`", step.name));
                }
            }
        }
        Ok(())
    }

    fn ended_as_the_mode_says(&self) -> Result<(), String> {
        let steps = self.report.steps.values();
        let failed = steps.filter(|step| step.status == StepStatus::Failed).count();
        let is_good = failed == 0 || self.story.tolerates(failed);
        let may = match self.report.outcome {
            RunOutcome::Completed => is_good && !self.story.is_cancelled,
            RunOutcome::Failed => !is_good,
            RunOutcome::TimedOut => self.story.has("total_timeout"),
            RunOutcome::Cancelled => self.story.is_cancelled,
            RunOutcome::Waiting => false,
        };
        match may {
            true => Ok(()),
            false => Err(format!("{failed} steps failed, and it is {:?}", self.report.outcome)),
        }
    }

    fn count(&self, tally: &mut Tally) {
        let lives: HashSet<u32> = self.requests.iter().map(|request| request.life).collect();
        tally.taken_over += usize::from(lives.len() > 1);
        let mut callers = BTreeMap::<&str, u32>::new();
        for request in &self.requests {
            let before = callers.insert(&request.step, request.life);
            tally.again += usize::from(before.is_some_and(|life| life != request.life));
        }
        let steps = || self.report.steps.values();
        let is_unknown = |step: &&StepReport| {
            step.error.as_ref().is_some_and(|error| error.kind.as_str() == UNKNOWN)
        };
        tally.unknown += steps().filter(is_unknown).count();
        tally.undone += steps().filter(|step| step.undo.is_some()).count();
        let outcome = self.report.outcome.as_str().to_owned();
        *tally.outcomes.entry(outcome).or_default() += 1;
    }

    /// The run, for people.
    fn told(&self) -> String {
        let mut text = format!("{}\nthe server saw\n", self.flow.definition().unwrap_or_default());
        text.push_str(&self.evidence.lines(self.number));
        text.push_str("the journal says\n");
        for record in self.history.epochs.iter().flat_map(|epoch| &epoch.records) {
            let input = serde_json::to_string(&record.input).unwrap_or_default();
            let _ = writeln!(text, "  {} {} {input}", record.number, record.at.as_micros());
        }
        let result = serde_json::to_value(&self.report).unwrap_or(Value::Null);
        let _ = writeln!(text, "its result\n{result:#}");
        text
    }
}
