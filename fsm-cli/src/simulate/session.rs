//! A simulation under way: what it is told, what came of it, and what was refused.

use fsm_core::{Outcome, Retry, Status};
use fsm_patterns::file::Report;
use fsm_patterns::machine::{MachineEvent, MachineFile};
use fsm_testkit::simulation::Simulation;
use serde::Serialize;
use serde_json::Value;

use super::assume::Assumptions;
use super::item::{Ending, Item};
use super::refusal;

/// A machine from a file, driven by items.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) file: MachineFile,
    pub(super) assumptions: Assumptions,
    pub(super) simulation: Simulation<Value, MachineEvent>,
}

/// What a simulation came to: the one object on stdout.
#[derive(Debug, Serialize)]
pub(crate) struct Outline {
    path: Vec<String>,
    state: String,
    context: Value,
    rejected: Vec<Rejection>,
}

/// An item that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Rejection {
    /// The item, without its data.
    pub(crate) event: String,
    /// Where the machine stood.
    pub(crate) state: String,
    /// Why, in words.
    pub(crate) why: String,
}

/// Why an item had no effect.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The machine, or the world, does not go along.
    Rejected(Rejection),
    /// It depends on guards that nobody has answered for.
    Unassumed(Vec<String>),
}

/// Why a session can't begin.
#[derive(Debug)]
pub(crate) enum NoSession {
    /// Names of the file can't be bound.
    Unbound(Box<Report>),
    /// Its very beginning depends on guards that nobody has answered for.
    Unassumed(Vec<String>),
}

impl Session {
    /// A run of the machine of `file`, which has begun.
    pub(crate) fn begin(
        file: MachineFile,
        context: Value,
        assumptions: Assumptions,
    ) -> Result<Self, NoSession> {
        let registry = assumptions.registry(&file);
        let machine = file.bind(registry).map_err(|report| NoSession::Unbound(Box::new(report)))?;
        let simulation = Simulation::new(machine, context);
        match assumptions.take_wanted() {
            wanted if wanted.is_empty() => Ok(Self { file, assumptions, simulation }),
            wanted => Err(NoSession::Unassumed(wanted)),
        }
    }

    /// Lets one item happen. What is refused changes nothing, unless the machine got stuck by it.
    pub(crate) fn take(&mut self, item: &Item) -> Result<(), Refused> {
        let steps = self.simulation.steps();
        let taken = self.perform(item);
        let wanted = self.assumptions.take_wanted();
        if wanted.is_empty() {
            return taken.map_err(Refused::Rejected);
        }
        if self.simulation.steps() > steps {
            self.simulation.back();
        }
        Err(Refused::Unassumed(wanted))
    }

    fn perform(&mut self, item: &Item) -> Result<(), Rejection> {
        let was_over = self.simulation.snapshot().status().is_over();
        self.happen(item)?;
        match self.simulation.snapshot().status() {
            Status::Stuck(state) if !was_over => {
                Err(self.rejection(item, refusal::of_stuck(self, state, Some(item))))
            }
            _ => Ok(()),
        }
    }

    fn happen(&mut self, item: &Item) -> Result<(), Rejection> {
        let refused = match item {
            Item::Event { name, data } => {
                let event = MachineEvent::with(name, data.clone());
                match self.simulation.event(event.clone()) {
                    Ok(()) => return Ok(()),
                    Err(error) => refusal::of_event(self, &event, &error),
                }
            }
            Item::Pass(wait) => match self.simulation.pass(*wait) {
                Ok(_) => return Ok(()),
                Err(error) => error.to_string(),
            },
            Item::End { state, ending } => {
                let event = event_of(item);
                let ended = match ending {
                    Ending::Done(_) => self.simulation.finish(state, Outcome::Done(event)),
                    Ending::Failed(_) => {
                        let outcome = Outcome::Failed { event, retry: Retry::Never };
                        self.simulation.finish(state, outcome)
                    }
                    Ending::TimedOut => self.simulation.time_out(state),
                };
                match ended {
                    Ok(()) => return Ok(()),
                    Err(error) => refusal::of_ending(self, state, &error),
                }
            }
        };
        Err(self.rejection(item, refused))
    }

    fn rejection(&self, item: &Item, why: String) -> Rejection {
        Rejection { event: item.to_string(), state: self.state(), why }
    }

    /// Forgets how to take back what has happened.
    pub(crate) fn forget(&mut self) {
        self.simulation.forget();
    }

    /// Where the tokens stand, in one text.
    pub(crate) fn state(&self) -> String {
        self.simulation.configuration().join(", ")
    }

    /// The stations of the way that led here.
    pub(crate) fn path(&self) -> Vec<String> {
        let stations = self.simulation.path().iter();
        stations.map(|station| self.simulation.names(&station.at).join(", ")).collect()
    }

    /// Why the run can't go on, where it got stuck as it began.
    pub(crate) fn stuck_at_once(&self) -> Option<String> {
        match self.simulation.snapshot().status() {
            Status::Stuck(state) if self.simulation.steps() == 0 => {
                Some(refusal::of_stuck(self, state, None))
            }
            _ => None,
        }
    }

    /// Whether `name` is an event of the machine.
    pub(crate) fn is_event(&self, name: &str) -> bool {
        self.file.graph().event(name).is_some()
    }

    /// What all of it came to.
    pub(crate) fn outline(&self, rejected: Vec<Rejection>) -> Outline {
        let context = self.simulation.snapshot().context().clone();
        Outline { path: self.path(), state: self.state(), context, rejected }
    }
}

/// What guards and actions see of an item.
pub(super) fn event_of(item: &Item) -> Option<MachineEvent> {
    let (name, data) = match item {
        Item::Event { name, data } => (name.as_str(), data),
        Item::End { ending: Ending::Done(data), .. } => ("done", data),
        Item::End { ending: Ending::Failed(data), .. } => ("failed", data),
        Item::End { ending: Ending::TimedOut, .. } | Item::Pass(_) => return None,
    };
    Some(MachineEvent::with(name, data.clone()))
}
