//! The world around a simulated run: what its activities do, who sends it events, when it crashes.

use std::fmt;
use std::time::Duration;

use fsm_core::{Graph, Kind};

use super::behaviour::Behaviour;
use super::latency::Latency;

/// What a simulated run is exposed to. As it is made, it is a calm one: every activity ends well at
/// once, no event comes, and nothing crashes.
///
/// What is said of a state goes before what is said of an activity, and that before what is said of
/// all others.
///
/// ```
/// use std::time::Duration;
/// use fsm_testkit::simulator::{Arrivals, Behaviour, Latency, World};
///
/// let (ms, secs) = (Duration::from_millis, Duration::from_secs);
/// let world = World::<(), &str>::new()
///     .activities(Behaviour::new().latency(Latency::uniform(ms(10), ms(90))).fails(0.05))
///     .state("charge", Behaviour::new().fails(0.3).hangs(0.02))
///     .event_at(secs(3), "cancel order")
///     .arrivals(Arrivals::every(secs(20)).event(3, "ask").event(1, "complain"))
///     .crashes(0.01, Latency::exponential(secs(1), secs(30)));
/// # drop(world);
/// ```
#[derive(Clone)]
pub struct World<C, E> {
    pub(super) others: Behaviour<C, E>,
    states: Vec<(String, Behaviour<C, E>)>,
    activities: Vec<(String, Behaviour<C, E>)>,
    pub(super) said: Vec<(Duration, Said<E>)>,
    pub(super) arrivals: Vec<Arrivals<E>>,
    pub(super) crashes: Crashes,
}

/// Something that comes at a given point in time.
#[derive(Clone, Debug)]
pub(super) enum Said<E> {
    Event(E),
    Cancel,
}

/// Which behaviour is whose.
pub(super) struct Casting<C, E> {
    /// By state, the index of its activity's behaviour.
    pub(super) by_state: Vec<usize>,
    /// That of all others first.
    pub(super) behaviours: Vec<Behaviour<C, E>>,
}

/// How often the process dies, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crashes {
    pub(super) probability: f64,
    pub(super) down: Latency,
}

/// Events that come at random, as callers do: independent of each other, at a steady mean rate (a
/// Poisson process).
///
/// ```
/// use std::time::Duration;
/// use fsm_testkit::simulator::Arrivals;
///
/// let callers = Arrivals::every(Duration::from_secs(5)).event(9, "push").event(1, "kick");
/// # drop(callers);
/// ```
#[derive(Clone, Debug)]
pub struct Arrivals<E> {
    pub(super) every: Duration,
    pub(super) events: Vec<(u32, E)>,
}

impl<E> Arrivals<E> {
    /// One event each `mean` on average.
    pub const fn every(mean: Duration) -> Self {
        Self { every: mean, events: Vec::new() }
    }

    /// An event that may come; one of weight 3 comes three times as often as one of weight 1.
    #[must_use]
    pub fn event(mut self, weight: u32, event: E) -> Self {
        self.events.push((weight, event));
        self
    }

    pub(super) fn weight(&self) -> u64 {
        self.events.iter().map(|(weight, _)| u64::from(*weight)).sum()
    }
}

impl<C, E> World<C, E> {
    /// A calm world.
    pub fn new() -> Self {
        Self {
            others: Behaviour::new(),
            states: Vec::new(),
            activities: Vec::new(),
            said: Vec::new(),
            arrivals: Vec::new(),
            crashes: Crashes { probability: 0.0, down: Latency::ZERO },
        }
    }

    /// How all activities behave of which nothing else is said.
    #[must_use]
    pub fn activities(mut self, behaviour: Behaviour<C, E>) -> Self {
        self.others = behaviour;
        self
    }

    /// How the activity called `name` behaves, in every state that runs it. What is said last counts.
    #[must_use]
    pub fn activity(mut self, name: impl Into<String>, behaviour: Behaviour<C, E>) -> Self {
        self.activities.push((name.into(), behaviour));
        self
    }

    /// How the activity of the state called `name` behaves, or the machine that runs in it.
    #[must_use]
    pub fn state(mut self, name: impl Into<String>, behaviour: Behaviour<C, E>) -> Self {
        self.states.push((name.into(), behaviour));
        self
    }

    /// An event that comes when the run is this old. One that the machine refuses is noted, and
    /// changes nothing.
    #[must_use]
    pub fn event_at(mut self, at: Duration, event: E) -> Self {
        self.said.push((at, Said::Event(event)));
        self
    }

    /// Cancels the run when it is this old.
    #[must_use]
    pub fn cancelled_at(mut self, at: Duration) -> Self {
        self.said.push((at, Said::Cancel));
        self
    }

    /// Events that come at random. Several kinds of arrivals are independent of each other.
    #[must_use]
    pub fn arrivals(mut self, arrivals: Arrivals<E>) -> Self {
        self.arrivals.push(arrivals);
        self
    }

    /// With this probability the process dies after a step: all that is left of the run is what was
    /// saved after that step. When it comes up again, it does as the driver does: timers that came
    /// due meanwhile fire first, in the order in which they were due; then the activities that were
    /// under way are started again, each with its old ticket and the same number of attempts. Events
    /// that came meanwhile are heard after that.
    #[must_use]
    pub fn crashes(mut self, probability: f64, down: Latency) -> Self {
        self.crashes = Crashes { probability, down };
        self
    }

    /// Which behaviour is whose in a machine.
    pub(super) fn resolve(&self, graph: &Graph) -> Result<Casting<C, E>, WorldFaults> {
        let mut faults = Vec::new();
        let mut behaviours = vec![self.others.clone()];
        let mut by_state = vec![0; graph.states().len()];
        check(&self.others, "any activity", &mut faults);
        for (name, behaviour) in &self.activities {
            let states: Vec<usize> = graph
                .states()
                .filter(|state| activity_of(graph, graph.kind(*state)) == Some(name.as_str()))
                .map(|state| state.index())
                .collect();
            if states.is_empty() {
                faults.push(WorldFault::NoActivity { name: name.clone() });
            }
            states.into_iter().for_each(|state| by_state[state] = behaviours.len());
            behaviours.push(behaviour.clone());
            check(behaviour, name, &mut faults);
        }
        for (name, behaviour) in &self.states {
            let found = graph.state(name);
            match found.filter(|state| activity_of(graph, graph.kind(*state)).is_some()) {
                Some(state) => by_state[state.index()] = behaviours.len(),
                None => faults.push(WorldFault::NoState {
                    name: name.clone(),
                    known: working_states(graph).map(str::to_owned).collect(),
                }),
            }
            behaviours.push(behaviour.clone());
            check(behaviour, name, &mut faults);
        }
        for arrivals in &self.arrivals {
            if arrivals.every.is_zero() || arrivals.weight() == 0 {
                faults.push(WorldFault::Arrivals);
            }
        }
        within_bounds("crashes", self.crashes.probability, "the world", &mut faults);
        if faults.is_empty() {
            Ok(Casting { by_state, behaviours })
        } else {
            Err(WorldFaults(faults))
        }
    }
}

fn activity_of(graph: &Graph, kind: Kind) -> Option<&str> {
    match kind {
        Kind::Activity(activity) | Kind::Machine(activity) => Some(graph.activity_name(activity)),
        _ => None,
    }
}

fn working_states(graph: &Graph) -> impl Iterator<Item = &str> {
    let works = |state: &fsm_core::StateId| activity_of(graph, graph.kind(*state)).is_some();
    graph.states().filter(works).map(|state| graph.name_of(state))
}

fn check<C, E>(behaviour: &Behaviour<C, E>, of: &str, faults: &mut Vec<WorldFault>) {
    let odds = behaviour.odds.named();
    odds.iter().for_each(|(what, odds)| within_bounds(what, *odds, of, faults));
    let sum: f64 = odds.iter().map(|(_, odds)| odds).sum();
    let are_sound = odds.iter().all(|(_, odds)| (0.0..=1.0).contains(odds));
    if are_sound && sum > 1.0 + 1e-9 {
        faults.push(WorldFault::Sum { of: of.into(), sum: sum.to_string() });
    }
}

fn within_bounds(what: &'static str, odds: f64, of: &str, faults: &mut Vec<WorldFault>) {
    if !(0.0..=1.0).contains(&odds) {
        faults.push(WorldFault::Probability { what, of: of.into(), found: odds.to_string() });
    }
}

impl<C, E> Default for World<C, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C, E> fmt::Debug for World<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("others", &self.others)
            .field("states", &self.states)
            .field("activities", &self.activities)
            .field("crashes", &self.crashes)
            .finish_non_exhaustive()
    }
}

/// Why a world does not fit a machine: everything at once. `Debug` reads like `Display`.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct WorldFaults(Vec<WorldFault>);

impl WorldFaults {
    /// One for each thing that is wrong.
    pub fn faults(&self) -> &[WorldFault] {
        &self.0
    }
}

impl fmt::Debug for WorldFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One thing that is wrong with a world.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorldFault {
    /// A behaviour is given to a state that has no activity, or is not there.
    #[error("no state `{name}` has an activity; those that have one: {}", known.join(", "))]
    NoState {
        /// The name.
        name: String,
        /// The states that have one.
        known: Vec<String>,
    },
    /// A behaviour is given to an activity that no state runs.
    #[error("no state runs an activity `{name}`")]
    NoActivity {
        /// The name.
        name: String,
    },
    /// A probability is none.
    #[error("`{what}` of {of} is {found}; a probability lies between 0 and 1")]
    Probability {
        /// What was given.
        what: &'static str,
        /// To what it was given.
        of: String,
        /// The number.
        found: String,
    },
    /// What may go wrong is more than certain to.
    #[error("the probabilities of {of} make {sum} in all, which is more than 1")]
    Sum {
        /// To what they were given.
        of: String,
        /// Their sum.
        sum: String,
    },
    /// Arrivals without an event, without a weight, or without a pause between them.
    #[error("arrivals need a mean time above zero, and an event of a weight above zero")]
    Arrivals,
}
