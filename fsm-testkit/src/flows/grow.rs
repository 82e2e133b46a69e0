//! How random flows grow.

use std::time::Duration;

use fsm_patterns::spec::Mode;
use proptest::prelude::*;

use super::plan::{Call, FlowPlan, Limits, Part, Pause, Role, Rounds, Says, Team};

/// How large random flows grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowSize {
    /// How deep groups are nested.
    pub depth: u32,
    /// The most entries that the flow, or one group, holds directly.
    pub width: usize,
    /// What its steps wait for.
    pub waits: Waits,
}

/// What steps of random flows wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Waits {
    /// Nothing: every step is a call.
    #[default]
    None,
    /// Delays, and signals that are waited for some seconds at most. What nobody sends fails.
    Timed,
    /// Delays, signals however long they take, and calls that are made again until something is
    /// done.
    Any,
}

impl FlowSize {
    /// A handful of endpoints, perhaps in a group: for proofs, which look at every run.
    pub const SMALL: FlowSize = FlowSize { depth: 1, width: 3, waits: Waits::None };
    /// Some dozen endpoints in groups within groups.
    pub const LARGE: FlowSize = FlowSize { depth: 2, width: 5, waits: Waits::None };

    /// The same size with steps that wait.
    #[must_use]
    pub fn waiting(self, waits: Waits) -> Self {
        Self { waits, ..self }
    }
}

/// Any flow of a size, with all that may end a run early.
pub fn any_flow(size: FlowSize) -> impl Strategy<Value = FlowPlan> {
    any_flow_with(size, Just(()), any_limits())
}

/// As [`any_flow`], with what the test gives to each call, and with what may end a run.
pub fn any_flow_with<L: Clone + std::fmt::Debug + 'static>(
    size: FlowSize,
    lot: impl Strategy<Value = L> + Clone + 'static,
    limits: impl Strategy<Value = Limits>,
) -> impl Strategy<Value = FlowPlan<L>> {
    let call = any_call(lot, size.waits).prop_map(Role::Call);
    let role = match size.waits {
        Waits::None => call.boxed(),
        waits => prop_oneof![2 => call, 1 => any_pause(waits).prop_map(Role::Wait)].boxed(),
    };
    let step = any_part(role, size.width).boxed();
    let mut part = step.clone();
    for _ in 0..size.depth {
        let team = any_team(part, size.width).prop_map(Role::Team);
        part = prop_oneof![4 => step.clone(), 1 => any_part(team, size.width)].boxed();
    }
    // Where nothing can be undone, the deadline is the end: one flow of three can be undone.
    let undoes = prop::bool::weighted(0.35);
    (any_team(part, size.width), 1..5u32, limits, undoes).prop_map(
        |(mut team, max_concurrent, limits, undoes)| {
            if !undoes {
                team.drop_undos();
            }
            FlowPlan::of(team, max_concurrent, limits)
        },
    )
}

/// What may end a run early: nothing, one of `fail_fast`, `error_threshold`, and `total_timeout`,
/// or several. A deadline lies within six seconds.
pub fn any_limits() -> impl Strategy<Value = Limits> {
    let share = prop::option::of(prop::sample::select(vec![0.0, 0.2, 0.25, 0.5, 1.0]));
    let timeout = prop::option::of((1..=6_000u64).prop_map(Duration::from_millis));
    (prop::bool::weighted(0.3), share, timeout).prop_map(
        |(fail_fast, error_threshold, total_timeout)| Limits {
            fail_fast,
            error_threshold,
            total_timeout,
        },
    )
}

fn any_call<L: Clone + std::fmt::Debug>(
    lot: impl Strategy<Value = L>,
    waits: Waits,
) -> impl Strategy<Value = Call<L>> {
    let undo = prop::option::of(0..3u32);
    (prop::bool::weighted(0.3), 0..3u32, any_handler(), undo, any_rounds(waits), lot).prop_map(
        |(is_post, retries, handler, undo, poll, lot)| Call {
            is_post,
            retries,
            handler,
            undo,
            poll,
            lot,
        },
    )
}

fn any_handler() -> impl Strategy<Value = Option<bool>> {
    prop_oneof![3 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))]
}

fn any_rounds(waits: Waits) -> BoxedStrategy<Option<Rounds>> {
    match waits {
        Waits::None | Waits::Timed => Just(None).boxed(),
        Waits::Any => {
            let timeout = prop::option::of((1..=3_000u64).prop_map(Duration::from_millis));
            let rounds = (any::<bool>(), timeout)
                .prop_map(|(may_fail, timeout)| Rounds { may_fail, timeout });
            prop_oneof![2 => Just(None), 1 => rounds.prop_map(Some)].boxed()
        }
    }
}

fn any_pause(waits: Waits) -> impl Strategy<Value = Pause> {
    let length = || (1..=3_000u64).prop_map(Duration::from_millis);
    let timeout = match waits {
        Waits::None | Waits::Timed => length().prop_map(Some).boxed(),
        Waits::Any => prop::option::of(length()).boxed(),
    };
    let signal = (prop::sample::select(vec!["go", "stop"]), timeout, any_handler()).prop_map(
        |(name, timeout, handler)| {
            // What can't fail has nothing to be handled.
            let handler = handler.filter(|_| timeout.is_some());
            Pause::Signal { name, timeout, handler }
        },
    );
    prop_oneof![length().prop_map(Pause::Delay), signal]
}

fn any_part<L: Clone + std::fmt::Debug>(
    role: impl Strategy<Value = Role<L>>,
    width: usize,
) -> impl Strategy<Value = Part<L>> {
    let says = vec![
        Says::Yes,
        Says::No,
        Says::Neither,
        Says::WhetherThereIsData,
        Says::WhetherAnotherIsOk,
    ];
    let condition = prop_oneof![
        2 => Just(None),
        1 => prop::sample::select(says).prop_map(Some),
    ];
    (prop::collection::vec(0..width.max(1), 0..3), condition, role)
        .prop_map(|(after, condition, role)| Part { name: String::new(), after, condition, role })
}

fn any_team<L: Clone + std::fmt::Debug>(
    part: impl Strategy<Value = Part<L>>,
    width: usize,
) -> impl Strategy<Value = Team<L>> {
    let mode = prop::sample::select(Mode::ALL.to_vec());
    (mode, prop::collection::vec(part, 1..=width.max(1)), any::<bool>())
        .prop_map(|(mode, parts, reversed)| Team { mode, parts, reversed })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 64,
            failure_persistence: None,
            ..Default::default()
        })]

        #[test]
        fn every_plan_is_a_flow_without_faults(
            plan in any_flow(FlowSize::LARGE.waiting(Waits::Any))
        ) {
            let flow = plan.flow();
            prop_assert_eq!(flow.endpoints().len(), plan.team.steps().len());
        }
    }
}
