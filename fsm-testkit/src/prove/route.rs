//! A counterexample: the way to a state that must not be, step by step.

use std::fmt;
use std::time::Duration;

use fsm_core::{
    Event, Graph, Mark, Marks, Outcome, Retry, Snapshot, StateId, StepError, TransitionId,
};

use crate::simulation::{Simulation, SimulationError};

/// A way through a machine. Where the fault is that something goes on for ever, its end is a
/// cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    graph: String,
    stops: Vec<Stop>,
    cycle: Option<usize>,
}

/// A step of a route, and where the tokens stood after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// What happened.
    pub what: Occurrence,
    /// What guards and other unknowns answered, in words.
    pub answers: Vec<String>,
    /// The transitions that were taken, in order.
    pub taken: Vec<TransitionId>,
    /// The states where the tokens stood then, in declared order; forks and parallel states are
    /// left out.
    pub at: Vec<StateId>,
    /// The names of these states.
    pub names: Vec<String>,
}

/// What happens to a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occurrence {
    /// The run begins.
    Start,
    /// An event comes from outside: its name.
    Event(String),
    /// An attempt of an activity ends.
    Ends {
        /// The name of its state.
        state: String,
        /// How, in words: `ends well`, `fails for now`, `fails for good`.
        how: String,
        /// What that is to the kernel.
        ending: End,
    },
    /// An attempt of an activity takes too long.
    TimesOut {
        /// The name of its state.
        state: String,
        /// Whether it is not tried again.
        for_good: bool,
    },
    /// An activity that failed is tried again: the name of its state.
    Retries(String),
    /// A delay is over: its name.
    DelayEnds(String),
    /// A timer of a state fires.
    Passes {
        /// The name of the state.
        state: String,
        /// How long after the state was entered.
        wait: Duration,
    },
    /// From here on nothing succeeds, and no event comes.
    EverythingFails,
    /// From here on every activity ends before its time is out, and no event comes.
    EverythingAnswers,
    /// From here on no time passes.
    TimeStops,
}

impl fmt::Display for Occurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Occurrence::Start => f.write_str("the run begins"),
            Occurrence::Event(name) => write!(f, "event `{name}`"),
            Occurrence::Ends { state, how, .. } => write!(f, "`{state}` {how}"),
            Occurrence::TimesOut { state, for_good: true } => {
                write!(f, "`{state}` takes too long, for good")
            }
            Occurrence::TimesOut { state, for_good: false } => {
                write!(f, "`{state}` takes too long")
            }
            Occurrence::Retries(state) => write!(f, "`{state}` is tried again"),
            Occurrence::DelayEnds(state) => write!(f, "the delay `{state}` is over"),
            Occurrence::Passes { state, wait } => {
                write!(f, "{wait:?} have passed since `{state}` was entered")
            }
            Occurrence::EverythingFails => f.write_str("from here on everything fails"),
            Occurrence::EverythingAnswers => {
                f.write_str("from here on every activity answers in time")
            }
            Occurrence::TimeStops => f.write_str("from here on no time passes"),
        }
    }
}

/// What an ending is to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The activity is done.
    Done,
    /// It failed, and may be tried again.
    FailedForNow,
    /// It failed, and is not tried again.
    FailedForGood,
    /// It was not begun, and is begun later.
    Postponed,
}

/// Where a machine went another way than a route.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step {step} ({what}): {why}")]
pub struct Astray {
    /// Which step of the route, from 1, as its words number them.
    pub step: usize,
    /// What was to happen.
    pub what: String,
    /// What happened instead.
    pub why: String,
}

impl Route {
    pub(super) fn new(graph: &Graph, stops: Vec<Stop>, cycle: Option<usize>) -> Self {
        Self { graph: graph.name().to_owned(), stops, cycle }
    }

    /// Its steps, the first being that the run begins.
    pub fn stops(&self) -> &[Stop] {
        &self.stops
    }

    /// Where the cycle at its end begins: after the last step everything repeats from the one
    /// after this index.
    pub fn cycle(&self) -> Option<usize> {
        self.cycle
    }

    /// This way, and from its end on another one; between them time stops.
    pub(super) fn and_then_still(mut self, other: Route) -> Self {
        let before = self.stops.len();
        if let Some(last) = self.stops.last() {
            let what = Occurrence::TimeStops;
            let stop = Stop { what, answers: Vec::new(), taken: Vec::new(), ..last.clone() };
            self.stops.push(stop);
        }
        // Its stops have no start among them.
        self.cycle = other.cycle.map(|cycle| before + cycle);
        self.stops.extend(other.stops);
        self
    }

    /// How many steps it has, the start not counted.
    pub fn len(&self) -> usize {
        self.stops.len().saturating_sub(1)
    }

    /// Whether the run need only begin.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The names of the states where the run stood at last.
    pub fn end(&self) -> &[String] {
        self.stops.last().map_or(&[], |stop| &stop.names)
    }

    /// Marks for a drawing of the graph: the way, and where it ends.
    pub fn marks(&self) -> Marks {
        let mut marks = Marks::new();
        for stop in &self.stops {
            marks = stop.at.iter().fold(marks, |marks, state| marks.state(*state, Mark::Path));
            marks = stop.taken.iter().fold(marks, |marks, id| marks.transition(*id, Mark::Path));
        }
        let end = self.stops.last().map_or(&[][..], |stop| &stop.at);
        end.iter().fold(marks, |marks, state| marks.state(*state, Mark::Active))
    }

    /// The graph with this way marked, as DOT.
    ///
    /// # Panics
    /// If `graph` is not the one that was proven.
    pub fn to_dot(&self, graph: &Graph) -> String {
        assert_eq!(graph.name(), self.graph, "the route is one of another graph");
        graph.drawing().marked(&self.marks()).to_dot()
    }

    /// Lets a simulation go this way, with its own guards and actions: the counterexample as a
    /// test. Activities end with nothing to tell. Events are made from their names. Waits take as long as the machine's timers say, so
    /// a route that needs timers in an order which no clock gives goes astray.
    ///
    /// # Errors
    /// [`Astray`] at the first step after which the tokens stand elsewhere.
    pub fn replay<C: Clone, E: Event>(
        &self,
        simulation: &mut Simulation<C, E>,
        event: impl Fn(&str) -> E,
    ) -> Result<(), Astray> {
        for (step, stop) in self.stops.iter().enumerate() {
            let astray = |why: String| Astray { step: step + 1, what: stop.what.to_string(), why };
            stop.what.perform(simulation, &event).map_err(astray)?;
            let found = simulation.configuration();
            if found != stop.names {
                let why = format!("stands at {}, not at {}", listed(&found), listed(&stop.names));
                return Err(astray(why));
            }
        }
        Ok(())
    }
}

impl Occurrence {
    fn perform<C: Clone, E: Event>(
        &self,
        simulation: &mut Simulation<C, E>,
        event: impl Fn(&str) -> E,
    ) -> Result<(), String> {
        let refused = |error: StepError| error.to_string();
        let unable = |error: SimulationError| error.to_string();
        match self {
            Occurrence::Start
            | Occurrence::EverythingFails
            | Occurrence::EverythingAnswers
            | Occurrence::TimeStops => Ok(()),
            Occurrence::Event(name) => simulation.event(event(name)).map_err(refused),
            Occurrence::Ends { state, ending, .. } => {
                let outcome = match ending {
                    End::Done => Outcome::done(),
                    End::FailedForNow => {
                        Outcome::Failed { event: None, retry: Retry::Allowed(None) }
                    }
                    End::FailedForGood => Outcome::failed(),
                    End::Postponed => Outcome::Postponed(simulation.now()),
                };
                simulation.finish(state, outcome).map_err(unable)
            }
            Occurrence::TimesOut { state, for_good: true } => {
                simulation.time_out(state).map_err(unable)
            }
            Occurrence::TimesOut { .. }
            | Occurrence::Retries(_)
            | Occurrence::DelayEnds(_)
            | Occurrence::Passes { .. } => {
                let wait = simulation.next_timer().ok_or("no timer is set")?;
                simulation.pass(wait).map(drop).map_err(unable)
            }
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.stops.len().to_string().len();
        for (index, stop) in self.stops.iter().enumerate() {
            let number = index + 1;
            write!(f, "{number:>width$}. {}", stop.what)?;
            if !stop.answers.is_empty() {
                write!(f, " ({})", stop.answers.join(", "))?;
            }
            writeln!(f, " -> {}", listed(&stop.names))?;
        }
        match self.cycle {
            Some(index) if index + 1 < self.stops.len() => {
                writeln!(f, "{:>width$}  and so on, again and again from {}", "", index + 2)
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn listed<T: AsRef<str>>(names: &[T]) -> String {
    match names {
        [] => "nowhere".to_owned(),
        names => names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", "),
    }
}

/// The states where tokens stand that own no scope, in declared order.
pub(super) fn standing<C>(run: &Snapshot<C>) -> Vec<StateId> {
    crate::simulation::standing(run)
}
