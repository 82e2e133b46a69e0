//! An input in words: tickets and keys are told by the states and events that they stand for.

use std::fmt;
use std::time::Duration;

use super::input::{Input, Outcome, Ticket};
use super::pending::{Timer, Wait};
use super::snapshot::{Phase, Snapshot};
use crate::event::{Event, EventKey};
use crate::graph::{TransitionId, Trigger};
use crate::machine::Machine;
use crate::time::Timestamp;

/// What a run was told, with the names of its graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It begins.
    Start,
    /// An event from outside, by its name.
    Event(String),
    /// An activity ended.
    Ended {
        /// Its state.
        state: String,
        /// Which attempt, from 1.
        attempt: u32,
        /// How.
        how: Ending,
    },
    /// A timer fired.
    Fired {
        /// The state that it belongs to.
        state: String,
        /// What it was for.
        wait: Elapsed,
        /// When it was due.
        due: Timestamp,
        /// How often the state's activity was started in this visit; 0 where it has none.
        attempt: u32,
    },
    /// Somebody wants it to end.
    Cancel,
    /// An outcome, or a timer, that nothing waited for any more.
    Late,
}

/// How an attempt of an activity ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Well.
    Done,
    /// Badly.
    Failed,
    /// It was not begun, and will be after this wait.
    Postponed(Duration),
}

/// What a timer was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elapsed {
    /// A delay is over.
    Delay,
    /// An activity took too long.
    Timeout,
    /// An activity is started again.
    Retry,
    /// A transition is tried after so long in its state.
    After(Duration),
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Heard::Start => write!(f, "the run begins"),
            Heard::Event(name) => write!(f, "event `{name}`"),
            Heard::Ended { state, attempt, how } => {
                match how {
                    Ending::Done => write!(f, "`{state}` is done")?,
                    Ending::Failed => write!(f, "`{state}` failed")?,
                    Ending::Postponed(wait) => write!(f, "`{state}` was put off for {wait:?}")?,
                }
                match (how, attempt) {
                    (Ending::Done | Ending::Failed, 2..) => write!(f, " (attempt {attempt})"),
                    (Ending::Done | Ending::Failed | Ending::Postponed(_), _) => Ok(()),
                }
            }
            Heard::Fired { state, wait, .. } => match wait {
                Elapsed::Delay => write!(f, "the delay `{state}` is over"),
                Elapsed::Timeout => write!(f, "`{state}` took too long"),
                Elapsed::Retry => write!(f, "`{state}` is started again"),
                Elapsed::After(wait) => write!(f, "{wait:?} in `{state}` are over"),
            },
            Heard::Cancel => write!(f, "the run is cancelled"),
            Heard::Late => write!(f, "something came too late"),
        }
    }
}

impl<C, E: Event> Machine<C, E> {
    /// What `input` means to a run that stands at `run`, in the graph's names.
    ///
    /// # Panics
    /// Only on a snapshot that [`restore`](Self::restore) refuses.
    ///
    /// # Complexity
    /// O(log(timers) + timers of the token).
    pub fn heard(&self, run: &Snapshot<C>, input: &Input<E>) -> Heard {
        match input {
            Input::Start => Heard::Start,
            Input::Cancel => Heard::Cancel,
            Input::Event(event) => Heard::Event(self.event_in_words(event)),
            Input::Outcome { ticket, outcome } => self.ended(run, *ticket, outcome),
            Input::Timer(ticket) => self.fired(run, *ticket),
        }
    }

    fn event_in_words(&self, event: &E) -> String {
        let graph = self.graph();
        match (self.frozen.table.event_of(graph, event), event.key()) {
            (Some(event), _) => graph.event_name(event).to_owned(),
            (None, EventKey::Name(name)) => name.to_owned(),
            (None, EventKey::Variant(variant)) => format!("variant {variant}"),
        }
    }

    fn ended(&self, run: &Snapshot<C>, ticket: Ticket, outcome: &Outcome<E>) -> Heard {
        let Some(token) = run.awaiting(ticket).filter(|token| token.phase == Phase::Running) else {
            return Heard::Late;
        };
        let how = match outcome {
            Outcome::Done(_) => Ending::Done,
            Outcome::Failed { .. } => Ending::Failed,
            Outcome::Postponed(at) => Ending::Postponed(at.since(run.now())),
        };
        let state = self.graph().name_of(token.state).to_owned();
        Heard::Ended { state, attempt: token.attempt, how }
    }

    fn fired(&self, run: &Snapshot<C>, ticket: Ticket) -> Heard {
        let Some(Timer { state, wait, at, .. }) = self.timer(run, ticket) else {
            return Heard::Late;
        };
        let attempt = run.awaiting(ticket).map_or(0, |token| token.attempt);
        let state = self.graph().name_of(state).to_owned();
        let wait = match wait {
            Wait::Delay => Elapsed::Delay,
            Wait::Timeout => Elapsed::Timeout,
            Wait::Retry => Elapsed::Retry,
            Wait::After(transition) => Elapsed::After(self.length(transition)),
        };
        Heard::Fired { state, wait, due: at, attempt }
    }

    fn length(&self, transition: TransitionId) -> Duration {
        match self.graph().transition(transition).trigger() {
            Trigger::After(length) => length,
            // These have no timer.
            Trigger::Event(_)
            | Trigger::Done
            | Trigger::Failed
            | Trigger::TimedOut
            | Trigger::Always => Duration::ZERO,
        }
    }
}
