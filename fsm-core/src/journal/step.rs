//! One input of a run and what came of it, in words.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::event::Event;
use crate::graph::Graph;
use crate::kernel::{Heard, Input, Passage, Passages, Phase, Snapshot, Status};
use crate::machine::Machine;
use crate::time::Timestamp;

/// So many places are told by name.
const NAMED: usize = 8;

/// One input of a run and what came of it, with the names of its graph. Serialised, `heard` is its text.
///
/// As text it is one line: `3 0.250s `pay` failed: pay -> pay.failed -> refund`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The number of its record, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// How long after the beginning of the run, or of what is kept of it.
    #[serde(rename = "since_us", serialize_with = "micros")]
    pub since: Duration,
    /// What the run was told.
    #[serde(serialize_with = "text")]
    pub heard: Heard,
    /// What it did.
    pub moves: Vec<Passing>,
    /// Where it stood afterwards.
    pub stands: Standpoint,
}

/// A token that came from one state to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passing {
    /// Where it was; `None`: it had just begun.
    pub from: Option<String>,
    /// Where it is; `None`: it was taken away.
    pub to: Option<String>,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standpoint {
    /// Whether it goes on.
    #[serde(skip)]
    pub status: Status,
    /// The states where tokens are, the owners of forks left out; at most eight.
    pub states: Vec<String>,
    /// How many there are beside.
    pub more: usize,
}

impl Standpoint {
    /// Where `run` stands.
    ///
    /// # Complexity
    /// O(tokens).
    pub fn of<C>(graph: &Graph, run: &Snapshot<C>) -> Self {
        let tokens = run.tokens().filter(|(_, phase)| *phase != Phase::Owning);
        let mut tokens = tokens.map(|(state, _)| state);
        let states = tokens.by_ref().take(NAMED).map(|state| graph.name_of(state).to_owned());
        let states = states.collect();
        Self { status: run.status(), states, more: tokens.count() }
    }
}

impl fmt::Display for Standpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.status, self.more) {
            (Status::New, _) => write!(f, "not begun"),
            (_, 0) => write!(f, "{}", self.states.join(", ")),
            (_, more) => write!(f, "{}, and {more} more", self.states.join(", ")),
        }
    }
}

impl Passing {
    fn of(graph: &Graph, passage: Passage) -> Option<Self> {
        let name = |state| Some(graph.name_of(state).to_owned());
        match passage {
            Passage::Began(state) => Some(Self { from: None, to: name(state) }),
            Passage::Moved(step) => Some(Self { from: name(step.from), to: name(step.to) }),
            Passage::Cancelled(state) => Some(Self { from: name(state), to: None }),
            Passage::Retrying(_) => None,
        }
    }
}

/// Moves as text: what follows on each other is told as one way.
struct Ways<'a>(&'a [Passing]);

impl fmt::Display for Ways<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last: Option<&str> = None;
        for (index, passing) in self.0.iter().enumerate() {
            let goes_on = last.is_some() && last == passing.from.as_deref();
            if !goes_on && index > 0 {
                write!(f, ", ")?;
            }
            match (&passing.from, &passing.to) {
                (_, Some(to)) if goes_on => write!(f, " -> {to}")?,
                (Some(from), Some(to)) => write!(f, "{from} -> {to}")?,
                (None, Some(to)) => write!(f, "{to}")?,
                (Some(from), None) => write!(f, "{from} is dropped")?,
                (None, None) => {}
            }
            last = passing.to.as_deref();
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step { number, since, heard, moves, .. } = self;
        write!(f, "{number} {:.3}s {heard}", since.as_secs_f64())?;
        match moves.is_empty() {
            true => Ok(()),
            false => write!(f, ": {}", Ways(moves)),
        }
    }
}

/// Puts steps into words, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Teller {
    began: Option<Timestamp>,
    heard: Heard,
    at: Timestamp,
}

impl Default for Teller {
    fn default() -> Self {
        Self::since(None)
    }
}

impl Teller {
    /// Of a run that began then.
    pub(crate) fn since(began: Option<Timestamp>) -> Self {
        Self { began, heard: Heard::Late, at: Timestamp::ZERO }
    }

    /// An input is about to be taken by a run that stands at `run`.
    pub(crate) fn before<C, E: Event>(
        &mut self,
        machine: &Machine<C, E>,
        at: Timestamp,
        input: &Input<E>,
        run: &Snapshot<C>,
    ) {
        self.heard = machine.heard(run, input);
        self.at = at;
        self.began.get_or_insert(at);
    }

    /// It was taken as record `number`.
    pub(crate) fn after<C>(
        &self,
        graph: &Graph,
        number: u64,
        passages: &Passages,
        run: &Snapshot<C>,
    ) -> Step {
        let moves = passages.0.iter().filter_map(|passage| Passing::of(graph, *passage)).collect();
        let since = self.at.since(self.began.unwrap_or(self.at));
        let stands = Standpoint::of(graph, run);
        Step { number, at: self.at, since, heard: self.heard.clone(), moves, stands }
    }
}

fn micros<S: Serializer>(since: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

fn text<S: Serializer>(heard: &Heard, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(heard)
}
