//! What the world can do to a machine, as a value: an event comes, an activity ends, time passes.
//!
//! [Walks](crate::walks) are made of deeds, so that what they do
//! to a machine can be done to a [`Simulation`] again, or to the system that the machine is a
//! model of.
//!
//! ```
//! use fsm_core::{Event, Machine};
//! use fsm_testkit::deed::Deed;
//! use fsm_testkit::simulation::Simulation;
//!
//! #[derive(Clone, Debug)]
//! enum Door { Closed, Open }
//! #[derive(Clone, Debug)]
//! enum Hand { Push }
//! impl Event for Hand {}
//!
//! let machine = Machine::<(), Hand>::builder("door")
//!     .on(Door::Closed, Hand::Push).to(Door::Open)
//!     .on(Door::Open, Hand::Push).to(Door::Closed)
//!     .build(Door::Closed)?;
//! let mut door = Simulation::new(machine, ());
//! Deed::Event(Hand::Push).perform(&mut door)?;
//! assert_eq!(door.configuration(), ["Open"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod standing;

use std::time::Duration;

use fsm_core::{Event, Outcome, StepError};

use crate::simulation::{Simulation, SimulationError};
pub(crate) use standing::{Passage, Standing};

/// One thing that happens to a machine from outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed<E> {
    /// An event comes.
    Event(E),
    /// The activity under way at the state called `state` ends.
    End {
        /// The name of the state.
        state: String,
        /// How.
        outcome: Outcome<E>,
    },
    /// The activity under way at the state called `state` takes too long, at every attempt.
    TimeOut {
        /// The name of the state.
        state: String,
    },
    /// Time passes; timers that are due fire.
    Pass(Duration),
}

/// Why a deed was refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The machine refused the input.
    #[error(transparent)]
    Machine(#[from] StepError),
    /// The world can't do it now.
    #[error(transparent)]
    World(#[from] SimulationError),
    /// Other timers end the visit before the activity times out.
    #[error("the visit of `{state}` ends before its activity times out")]
    NotInTime {
        /// The name of the state.
        state: String,
    },
}

impl<E: Event + Clone> Deed<E> {
    /// Does it to a simulation.
    ///
    /// # Errors
    /// What the simulation refuses; nothing has changed then.
    ///
    /// # Panics
    /// Only if a guard or an action does.
    pub fn perform<C: Clone>(&self, simulation: &mut Simulation<C, E>) -> Result<(), Refusal> {
        match self {
            Deed::Event(event) => simulation.event(event.clone())?,
            Deed::End { state, outcome } => simulation.finish(state, outcome.clone())?,
            Deed::TimeOut { state } => simulation.time_out(state)?,
            Deed::Pass(wait) => drop(simulation.pass(*wait)?),
        }
        Ok(())
    }
}
