//! Random sequences of what may happen to a machine, and the short one that breaks a promise.
//!
//! [`Sequences::of`] takes a machine, strategies for its events with their weights, and what is
//! always to hold. A sequence is made step by step: of what the machine accepts where it stands,
//! and now and then of what it refuses. One that fails shrinks: steps are left out as long as it
//! still fails, then what the events carry is made simpler. What is left is printed as a path.
//!
//! ```
//! use fsm_core::{Event, Machine};
//! use fsm_testkit::sequences::Sequences;
//! use proptest::prelude::*;
//!
//! #[derive(Clone, Debug)]
//! enum Gate { Locked, Open }
//! #[derive(Clone, Debug)]
//! enum Hand { Coin(u32), Push }
//! impl Event for Hand {}
//!
//! // It keeps what is paid, and takes the fare of 50 from it, whatever was paid.
//! let machine = Machine::<i64, Hand>::builder("turnstile")
//!     .on(Gate::Locked, Hand::Coin(0))
//!         .then("pay", |paid, hand| if let Hand::Coin(cents) = hand { *paid += i64::from(*cents) })
//!         .to(Gate::Open)
//!     .on(Gate::Open, Hand::Push).then("take fare", |paid, _| *paid -= 50).to(Gate::Locked)
//!     .build(Gate::Locked)?;
//!
//! let failure = Sequences::of(&machine, 0)
//!     .event(3, "coin", (1u32..100).prop_map(Hand::Coin))
//!     .event(1, "push", Just(Hand::Push))
//!     .always("nobody passes unpaid", |gate| *gate.snapshot().context() >= 0)
//!     .find_failure()
//!     .expect("a cent opens it");
//! let told = failure.to_string();
//! let lines: Vec<&str> = told.lines().take(4).collect();
//! assert_eq!(lines, [
//!     r#"Locked -coin-> Open -push-> Locked (!) invariant "nobody passes unpaid""#,
//!     "  context: -49",
//!     "  1. coin: Event(Coin(1))",
//!     "  2. push: Event(Push)",
//! ]);
//! # Ok::<(), fsm_core::BuildError>(())
//! ```
//!
//! A test calls [`check`](Sequences::check), which panics with that text, or
//! [`check_against`](Sequences::check_against), which does the same steps to another system: the
//! machine is the model, and no reference machine, preconditions, or transition function have to be
//! written. Where a test wants the sequences themselves, [`Sequences`] is a
//! [`Strategy`] of [walks](crate::walks::Walk).
//!
//! What is printed is short, but not always the shortest there is: no step, and no few steps in a
//! row, can be left out of it. Also the outcomes of activities and the passing of time are steps;
//! see [`outcome`](Sequences::outcome), [`outcomes`](Sequences::outcomes), and
//! [`time`](Sequences::time).
//!
//! | file | what it holds |
//! |---|---|
//! | `check` | many sequences are tried, and the first that fails is made short |
//! | `failure` | what failed, and how it reads |
//! | `plan` | which steps there are, and how a sequence of them grows |
//! | `tree` | how a sequence shrinks |

mod check;
mod failure;
mod plan;
mod tree;

use std::fmt::{self, Debug};
use std::ops::RangeInclusive;
use std::sync::Arc;

use fsm_core::{Event, Machine, Outcome};
use proptest::strategy::{NewTree, Strategy};
use proptest::test_runner::TestRunner;

use crate::deed::Deed;
use crate::simulation::Simulation;
use crate::verdict::Verdict;
use crate::walks::Walk;
use plan::{Ends, Events, Plan};

pub use failure::{Broken, Failure};
pub use tree::SequenceTree;

type Promise<C, E> = Arc<dyn Fn(&Simulation<C, E>) -> Option<String>>;

/// Random sequences of a machine's events. Made by [`of`](Self::of).
#[derive(Clone)]
pub struct Sequences<C, E> {
    plan: Plan<C, E>,
    promises: Vec<(String, Promise<C, E>)>,
    cases: u32,
    seed: Option<u64>,
}

impl<C, E> Sequences<C, E>
where
    C: Clone + Debug + 'static,
    E: Event + Clone + Debug + 'static,
{
    /// Sequences of a machine that begins with `context`: of up to 30 steps, a tenth of which is
    /// refused. Unless said otherwise activities end and time passes, and no events come.
    pub fn of(machine: &Machine<C, E>, context: C) -> Self {
        let plan = Plan::new(machine.clone(), context);
        Self { plan, promises: Vec::new(), cases: 256, seed: None }
    }

    /// An event called `name`, `weight` times as often as what has weight 1. A weight of 0 leaves
    /// it out.
    #[must_use]
    pub fn event(
        mut self,
        weight: u32,
        name: impl Into<String>,
        event: impl Strategy<Value = E> + 'static,
    ) -> Self {
        self.plan.events.push(Events { weight, name: name.into(), strategy: event.boxed() });
        self
    }

    /// A way in which the activity of `state` may end, called `name`. It takes the place of those
    /// that [`outcomes`](Self::outcomes) gives every activity.
    #[must_use]
    pub fn outcome(
        mut self,
        weight: u32,
        state: impl Into<String>,
        name: impl Into<String>,
        outcome: impl Strategy<Value = Outcome<E>> + 'static,
    ) -> Self {
        let (state, name) = (state.into(), name.into());
        self.plan.ends.push(Ends { weight, state, name, strategy: outcome.boxed() });
        self
    }

    /// How often an activity is done, fails, and times out. Default: 3, 1, and 1. Timing out is for
    /// those with a timeout, and is not replaced by [`outcome`](Self::outcome).
    #[must_use]
    pub fn outcomes(mut self, done: u32, failed: u32, timed_out: u32) -> Self {
        (self.plan.done, self.plan.failed, self.plan.timed_out) = (done, failed, timed_out);
        self
    }

    /// How often time passes, until the next timer fires. Default: 1.
    #[must_use]
    pub fn time(mut self, weight: u32) -> Self {
        self.plan.time = weight;
        self
    }

    /// How many of a hundred steps are events that the machine refuses, where there are some.
    /// Default: 10.
    #[must_use]
    pub fn refused(mut self, percent: u32) -> Self {
        self.plan.refused = percent.min(100);
        self
    }

    /// How many steps a sequence has, unless the run is over before. Default: 1 to 30.
    #[must_use]
    pub fn length(mut self, steps: RangeInclusive<usize>) -> Self {
        self.plan.length = steps;
        self
    }

    /// What holds at first and after every step; it answers with `bool`, with a `Result` that says
    /// what is wrong, or with nothing, where it panics otherwise.
    #[must_use]
    pub fn always<V: Verdict>(
        mut self,
        name: impl Into<String>,
        holds: impl Fn(&Simulation<C, E>) -> V + 'static,
    ) -> Self {
        let promise =
            move |simulation: &Simulation<C, E>| crate::verdict::failure_of(|| holds(simulation));
        self.promises.push((name.into(), Arc::new(promise)));
        self
    }

    /// How many sequences are tried. Default: 256.
    #[must_use]
    pub fn cases(mut self, count: u32) -> Self {
        self.cases = count;
        self
    }

    /// Which sequences are tried: a failure tells its seed, and that seed finds it again. Default:
    /// another one every time.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
}

impl<C, E> Strategy for Sequences<C, E>
where
    C: Clone + Debug + 'static,
    E: Event + Clone + Debug + 'static,
{
    type Tree = SequenceTree<C, E>;
    type Value = Walk<Deed<E>>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        self.plan.grow(runner)
    }
}

impl<C, E> Debug for Sequences<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let promises: Vec<&String> = self.promises.iter().map(|(name, _)| name).collect();
        f.debug_struct("Sequences")
            .field("promises", &promises)
            .field("cases", &self.cases)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
