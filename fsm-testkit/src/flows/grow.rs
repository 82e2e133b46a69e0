//! How random flows grow.

use std::time::Duration;

use fsm_patterns::spec::Mode;
use proptest::prelude::*;

use super::plan::{Call, FlowPlan, Limits, Part, Role, Says, Team};

/// How large random flows grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowSize {
    /// How deep groups are nested.
    pub depth: u32,
    /// The most entries that the flow, or one group, holds directly.
    pub width: usize,
}

impl FlowSize {
    /// A handful of endpoints, perhaps in a group: for proofs, which look at every run.
    pub const SMALL: FlowSize = FlowSize { depth: 1, width: 3 };
    /// Some dozen endpoints in groups within groups.
    pub const LARGE: FlowSize = FlowSize { depth: 2, width: 5 };
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
    let call = any_part(any_call(lot).prop_map(Role::Call), size.width).boxed();
    let mut part = call.clone();
    for _ in 0..size.depth {
        let team = any_team(part, size.width).prop_map(Role::Team);
        part = prop_oneof![4 => call.clone(), 1 => any_part(team, size.width)].boxed();
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
) -> impl Strategy<Value = Call<L>> {
    let handler = prop_oneof![3 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))];
    let undo = prop::option::of(0..3u32);
    (prop::bool::weighted(0.3), 0..3u32, handler, undo, lot).prop_map(
        |(is_post, retries, handler, undo, lot)| Call { is_post, retries, handler, undo, lot },
    )
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
        fn every_plan_is_a_flow_without_faults(plan in any_flow(FlowSize::LARGE)) {
            let flow = plan.flow();
            prop_assert_eq!(flow.endpoints().len(), plan.team.calls().len());
        }
    }
}
