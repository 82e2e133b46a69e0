//! A machine driven by hand, in virtual time: events come when a test says so, timers fire when a
//! test lets time pass, activities end as a test wants, and every step can be taken back.
//!
//! Nothing here waits, and no work is done: the kernel is pure, and this is its world. What a
//! simulation knows is a snapshot and the path that led to it. To let chance drive, take the
//! [`simulator`](crate::simulator).
//!
//! ```
//! use std::time::Duration;
//! use fsm_core::{Event, Machine};
//! use fsm_testkit::simulation::Simulation;
//!
//! #[derive(Debug)]
//! enum Gate { Closed, Open }
//! #[derive(Debug)]
//! enum Hand { Ring }
//! impl Event for Hand {}
//!
//! let machine = Machine::<u32, Hand>::builder("gate")
//!     .on(Gate::Closed, Hand::Ring).then("count", |rings, _| *rings += 1).to(Gate::Open)
//!     .after(Gate::Open, Duration::from_secs(30)).to(Gate::Closed)
//!     .build(Gate::Closed)?;
//!
//! let mut gate = Simulation::new(machine, 0);
//! gate.event(Hand::Ring)?;
//! assert_eq!(gate.configuration(), ["Open"]);
//! gate.pass(Duration::from_secs(29))?;
//! assert_eq!(gate.configuration(), ["Open"]);
//! gate.pass(Duration::from_secs(1))?;
//! assert_eq!(gate.configuration(), ["Closed"]);
//!
//! assert!(gate.event(Hand::Ring).is_ok());
//! assert!(gate.back(), "the second ring");
//! assert_eq!((gate.configuration(), *gate.snapshot().context()), (vec!["Closed"], 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod path;
#[cfg(test)]
mod tests;

use std::time::Duration;

use fsm_core::{
    Effects, Event, Graph, Input, Machine, Outcome, Snapshot, Start, StateId, StepError, Timer,
    Timestamp, Wait, Way,
};

pub use error::SimulationError;
use path::Ear;
pub use path::Station;
pub(crate) use path::standing;

/// More timers than this within one wait are a machine that goes round and round.
pub const MOST_TIMERS: usize = 100_000;

/// A run of a machine in a world that does what it is told.
#[derive(Clone, Debug)]
pub struct Simulation<C, E> {
    machine: Machine<C, E>,
    run: Snapshot<C>,
    now: Timestamp,
    path: Vec<Station>,
    past: Vec<Past<C>>,
}

/// What is needed to go back to before a step.
#[derive(Clone, Debug)]
struct Past<C> {
    run: Snapshot<C>,
    now: Timestamp,
    path: usize,
}

impl<C: Clone, E: Event> Simulation<C, E> {
    /// A run that has begun, at time zero.
    pub fn new(machine: impl Into<Machine<C, E>>, context: C) -> Self {
        let machine = machine.into();
        let run = machine.snapshot(context, 0);
        let mut simulation =
            Self { machine, run, now: Timestamp::ZERO, path: Vec::new(), past: Vec::new() };
        // A new run of the machine's own takes its first input.
        let _ = simulation.step(&Input::Start);
        if simulation.path.is_empty() {
            let at = path::standing(&simulation.run);
            simulation.path.push(Station { at, by: Vec::new(), when: Timestamp::ZERO });
        }
        simulation
    }

    /// An event from outside.
    ///
    /// # Errors
    /// As [`Machine::step`]; nothing has changed then, and there is nothing to take back.
    ///
    /// # Panics
    /// Only if a guard or an action does, as everywhere here.
    pub fn event(&mut self, event: E) -> Result<(), StepError> {
        let before = self.remember();
        self.step(&Input::Event(event))?;
        self.past.push(before);
        Ok(())
    }

    /// Lets time pass; timers that are due fire in order, each at its own point in time. Returns
    /// how many fired.
    ///
    /// # Errors
    /// [`SimulationError::Endless`]: no end of timers comes in sight; nothing has changed then.
    pub fn pass(&mut self, wait: Duration) -> Result<usize, SimulationError> {
        let before = self.remember();
        let end = self.now + wait;
        let fired = self.pass_until(end, &before)?;
        self.past.push(before);
        Ok(fired)
    }

    /// Ends the activity under way at the state called `state`.
    ///
    /// # Errors
    /// [`SimulationError::NotUnderWay`]: there is none.
    pub fn finish(&mut self, state: &str, outcome: Outcome<E>) -> Result<(), SimulationError> {
        let Start { ticket, .. } = self.start_of(state)?;
        let before = self.remember();
        // An outcome that is awaited is never refused.
        let _ = self.step(&Input::Outcome { ticket, outcome });
        self.past.push(before);
        Ok(())
    }

    /// Lets the activity under way at the state called `state` take too long, as often as it is
    /// started again: time passes until it has timed out for good.
    ///
    /// # Errors
    /// [`SimulationError::NotUnderWay`], [`SimulationError::NoTimeout`], and
    /// [`SimulationError::Endless`]; nothing has changed then.
    pub fn time_out(&mut self, state: &str) -> Result<(), SimulationError> {
        let Start { ticket, visit, .. } = self.start_of(state)?;
        let before = self.remember();
        let mut times = 0;
        loop {
            let own = |timer: &&Timer| {
                timer.ticket.slot() == ticket.slot()
                    && matches!(timer.wait, Wait::Timeout | Wait::Retry)
            };
            let is_over = self
                .started()
                .iter()
                .any(|start| start.ticket.slot() == ticket.slot() && start.visit != visit);
            let timers = self.timers();
            let Some(timer) = timers.iter().find(own).filter(|_| !is_over) else { break };
            self.pass_until(timer.at, &before)?;
            times += 1;
            if times > MOST_TIMERS {
                self.return_to(before);
                return Err(SimulationError::Endless { limit: MOST_TIMERS });
            }
        }
        if times == 0 {
            return Err(SimulationError::NoTimeout { state: state.into() });
        }
        self.past.push(before);
        Ok(())
    }

    /// Takes the last step back: an event, a wait, or the end of an activity. Returns whether there
    /// was one. Each step that was taken holds a copy of the context until then.
    pub fn back(&mut self) -> bool {
        match self.past.pop() {
            Some(before) => {
                self.return_to(before);
                true
            }
            None => false,
        }
    }

    /// Forgets how to take back the steps up to here, which takes memory for each.
    pub fn forget(&mut self) {
        self.past.clear();
    }

    /// The machine.
    pub fn machine(&self) -> &Machine<C, E> {
        &self.machine
    }

    /// Where the run stands.
    pub fn snapshot(&self) -> &Snapshot<C> {
        &self.run
    }

    /// The virtual time: how much has passed since the run began.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// How many steps can be taken back.
    pub fn steps(&self) -> usize {
        self.past.len()
    }

    /// The names of the states where tokens stand, in declared order. A fork or a parallel state
    /// stands for what lies in it and is left out.
    pub fn configuration(&self) -> Vec<&str> {
        self.names(&path::standing(&self.run))
    }

    /// The stations of the way that led here, the first being where the run came to stand when it
    /// began. A step that moves no token, such as an internal transition, adds none.
    pub fn path(&self) -> &[Station] {
        &self.path
    }

    /// The names of states.
    pub fn names(&self, states: &[StateId]) -> Vec<&str> {
        states.iter().map(|state| self.graph().name_of(*state)).collect()
    }

    /// The names of the states whose activities are under way.
    pub fn under_way(&self) -> Vec<&str> {
        self.started().iter().map(|start| self.graph().name_of(start.state)).collect()
    }

    /// The timers that the run waits for, in the order in which they fire.
    pub fn timers(&self) -> Vec<Timer> {
        self.machine.timers(&self.run)
    }

    /// How long until the next timer fires.
    pub fn next_timer(&self) -> Option<Duration> {
        self.timers().first().map(|timer| timer.at.since(self.now))
    }

    /// The ways on from here: for an event, or all of them. See [`Machine::ways`].
    pub fn ways(&self, event: Option<&E>) -> Vec<Way> {
        self.machine.ways(&self.run, event, self.now)
    }

    fn graph(&self) -> &Graph {
        self.machine.graph()
    }

    fn started(&self) -> Vec<Start> {
        self.machine.under_way(&self.run)
    }

    fn start_of(&self, state: &str) -> Result<Start, SimulationError> {
        let id = self.graph().state(state);
        let found = self.started().into_iter().find(|start| Some(start.state) == id);
        found.ok_or_else(|| SimulationError::NotUnderWay {
            state: state.into(),
            under_way: self.under_way().into_iter().map(str::to_owned).collect(),
        })
    }

    fn pass_until(&mut self, end: Timestamp, before: &Past<C>) -> Result<usize, SimulationError> {
        let mut fired = 0;
        while let Some(timer) = self.timers().first().filter(|timer| timer.at <= end) {
            if fired == MOST_TIMERS {
                self.return_to(before.clone());
                return Err(SimulationError::Endless { limit: MOST_TIMERS });
            }
            self.now = self.now.max(timer.at);
            // It is awaited and due.
            let _ = self.step(&Input::Timer(timer.ticket));
            fired += 1;
        }
        self.now = self.now.max(end);
        Ok(fired)
    }

    fn step(&mut self, input: &Input<E>) -> Result<(), StepError> {
        let mut ear = Ear::new(self.machine.graph());
        self.machine.step(&mut self.run, self.now, input, &mut Effects::new(), &mut ear)?;
        if let Some(by) = ear.taken() {
            self.path.push(Station { at: path::standing(&self.run), by, when: self.now });
        }
        Ok(())
    }

    fn remember(&self) -> Past<C> {
        Past { run: self.run.clone(), now: self.now, path: self.path.len() }
    }

    fn return_to(&mut self, before: Past<C>) {
        self.run = before.run;
        self.now = before.now;
        self.path.truncate(before.path);
    }
}
