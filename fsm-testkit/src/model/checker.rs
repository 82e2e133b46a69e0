//! How a model is to be checked.

use std::fmt;
use std::time::Duration;

use super::search::Search;
use super::{Model, Report, ledger};

/// Checks a model: all of it, unless a bound comes first.
///
/// ```
/// # use fsm_testkit::model::{Model, Property};
/// use fsm_testkit::model::{Bound, Checker, Verdict};
/// # struct Counter;
/// # impl Model for Counter {
/// #     type State = u32;
/// #     type Action = ();
/// #     fn initial(&self) -> Vec<u32> { vec![0] }
/// #     fn steps(&self, state: &u32, steps: &mut Vec<((), u32)>) { steps.push(((), state + 1)) }
/// #     fn properties(&self) -> Vec<Property<Self>> {
/// #         vec![Property::always("is below ninety", |_, state| *state < 90)]
/// #     }
/// #     fn say_step(&self, _: &u32, _: &()) -> String { "count".into() }
/// #     fn say_state(&self, state: &u32) -> String { state.to_string() }
/// # }
///
/// // A counter never comes to an end; a bound does.
/// let report = Checker::new(&Counter).max_states(50).check();
/// assert_eq!(report.bound(), Some(Bound::States(50)));
/// assert!(matches!(report.verdict("is below ninety"), Some(Verdict::Undecided)));
///
/// let report = Checker::new(&Counter).max_states(100).check();
/// assert_eq!(report.violations().next().map(|(_, path)| path.len()), Some(90));
/// ```
#[must_use]
pub struct Checker<'m, M> {
    model: &'m M,
    limits: Limits,
    is_reduced: bool,
}

/// Where to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) states: usize,
    pub(super) depth: Option<usize>,
    pub(super) time: Option<Duration>,
}

impl<'m, M: Model> Checker<'m, M> {
    /// A check of all of `model`, up to ten million states.
    pub fn new(model: &'m M) -> Self {
        let limits = Limits { states: 10_000_000, depth: None, time: None };
        Self { model, limits, is_reduced: false }
    }

    /// Stops where there would be more states than so many. At most four thousand million are
    /// possible, whatever is asked for.
    pub fn max_states(mut self, states: usize) -> Self {
        self.limits.states = states.min(ledger::MOST);
        self
    }

    /// Goes no further than so many steps from the initial states.
    pub fn max_depth(mut self, steps: usize) -> Self {
        self.limits.depth = Some(steps);
        self
    }

    /// Stops after so much time. How far it comes differs from run to run then.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limits.time = Some(limit);
        self
    }

    /// Takes [fewer steps](Model::few_steps) where the model knows some that stand for all. A
    /// counterexample is still one, but there may be a shorter one, and of several traps it may
    /// show another.
    ///
    /// An [`eventually`](super::Property::eventually) needs all steps: where a model has one, the
    /// check is not reduced, and the [report](Report::is_reduced) says so.
    pub fn reduced(mut self, is_reduced: bool) -> Self {
        self.is_reduced = is_reduced;
        self
    }

    /// Explores, and decides.
    ///
    /// It stops early where every property has its verdict; a model without properties is explored
    /// to the end.
    ///
    /// # Panics
    /// If the model is no function: if it gives other initial states or other steps, asked again.
    ///
    /// # Complexity
    /// Linear in the steps, and in the memory of the [states](super#cost).
    pub fn check(self) -> Report<M> {
        Search::new(self.model, self.limits, self.is_reduced).run()
    }
}

impl<M> fmt::Debug for Checker<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checker")
            .field("limits", &self.limits)
            .field("is_reduced", &self.is_reduced)
            .finish_non_exhaustive()
    }
}
