//! How plans grow: proptest's recursion, so that they shrink part by part and level by level.

use std::num::NonZeroU32;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::Size;
use super::dag::{Dag, Node};
use super::parallel::{Parallel, Region};
use super::plan::{Alarm, Blueprint, Composite, Fork, Plan, Rule, Step, Wait, Way};

/// Random plans with what holds for the whole graph: a limit of activities at once in every
/// second one, and every state counted in most: where none is, machines take their short ways.
pub fn any_blueprint(size: Size) -> impl Strategy<Value = Blueprint> {
    let limit = option::of((1u32..4).prop_map(super::layout::count));
    let counted = prop_oneof![3 => Just(true), 1 => Just(false)];
    (any_plan(size), limit, counted).prop_map(
        |(plan, max_concurrent, counted): (Plan, Option<NonZeroU32>, bool)| Blueprint {
            plan,
            max_concurrent,
            counted,
        },
    )
}

/// Random plans.
pub fn any_plan(size: Size) -> impl Strategy<Value = Plan> {
    let width = size.width as usize;
    let leaf = prop_oneof![
        1 => Just(Plan::Skip),
        6 => any_step().prop_map(Plan::Step),
        3 => any_wait().prop_map(Plan::Wait),
    ];
    leaf.prop_recursive(size.depth, size.parts, size.width, move |inner| {
        prop_oneof![
            4 => vec(inner.clone(), 1..=width).prop_map(Plan::Sequence),
            2 => vec(inner.clone(), 1..=width).prop_map(Plan::Choice),
            4 => any_fork(inner.clone(), width).prop_map(Plan::Fork),
            3 => any_dag(inner.clone(), width).prop_map(Plan::Dag),
            3 => any_composite(inner.clone()).prop_map(Plan::Composite),
            4 => any_parallel(inner.clone(), width).prop_map(Plan::Parallel),
            1 => inner.prop_map(|body| Plan::Loop(Box::new(body))),
        ]
    })
}

fn any_way() -> impl Strategy<Value = Way> {
    prop_oneof![3 => Just(Way::Next), 1 => (0u8..4).prop_map(Way::Out)]
}

/// Where an event or a timer leads, if anywhere.
fn any_reaction() -> impl Strategy<Value = Way> {
    prop_oneof![3 => any_way(), 1 => Just(Way::Stay)]
}

fn any_exit() -> impl Strategy<Value = Option<(u8, Way)>> {
    option::weighted(0.3, (0u8..4, any_reaction()))
}

fn any_alarm() -> impl Strategy<Value = Option<Alarm>> {
    let alarm = (0u16..200, any::<bool>(), any_reaction());
    option::weighted(0.3, alarm.prop_map(|(millis, guarded, way)| Alarm { millis, guarded, way }))
}

fn any_step() -> impl Strategy<Value = Step> {
    let limits =
        (option::of(0u8..4), option::weighted(0.2, 0u16..100), option::weighted(0.4, 1u16..100));
    (limits, any_way(), option::weighted(0.3, any_way()), any_alarm(), any_exit()).prop_map(
        |((retries, patience, timeout), failed, timed_out, after, event)| Step {
            retries,
            patience,
            timeout,
            failed,
            timed_out,
            after,
            event,
        },
    )
}

fn any_wait() -> impl Strategy<Value = Wait> {
    prop_oneof![
        (0u8..4, option::weighted(0.3, any_reaction()))
            .prop_map(|(event, way)| Wait::Event(event, way)),
        (0u8..4).prop_map(Wait::Signal),
        (0u16..100).prop_map(Wait::Delay),
    ]
}

fn any_rule() -> impl Strategy<Value = Rule> {
    prop_oneof![2 => Just(Rule::All), 1 => Just(Rule::Any), 1 => (1u8..4).prop_map(Rule::AtLeast)]
}

fn any_fork(inner: impl Strategy<Value = Plan>, width: usize) -> impl Strategy<Value = Fork> {
    (any_rule(), vec(inner, 1..=width), any::<bool>(), any_exit(), any_alarm()).prop_map(
        |(rule, branches, finals, event, after)| Fork { rule, branches, finals, event, after },
    )
}

fn any_dag(inner: impl Strategy<Value = Plan>, width: usize) -> impl Strategy<Value = Dag> {
    let node = (inner, any::<u32>()).prop_map(|(plan, needs)| Node { plan, needs });
    (any_rule(), vec(node, 1..=width + 2)).prop_map(|(rule, nodes)| Dag { rule, nodes })
}

fn any_composite(inner: impl Strategy<Value = Plan>) -> impl Strategy<Value = Composite> {
    (inner, any_exit(), any_alarm()).prop_map(|(inside, event, after)| Composite {
        inside: Box::new(inside),
        event,
        after,
    })
}

fn any_parallel(
    inner: impl Strategy<Value = Plan> + Clone,
    width: usize,
) -> impl Strategy<Value = Parallel> {
    let region = || {
        prop_oneof![
            6 => inner.clone().prop_map(Region::Plan),
            1 => any_wait().prop_map(Region::Wait),
        ]
    };
    let named = || prop_oneof![2 => Just(0), 1 => any::<u32>()];
    let within =
        (vec(region(), 1..=2), any_exit(), any_alarm()).prop_map(|(regions, event, after)| {
            Region::Parallel(Parallel { regions, event, after, named: 0 })
        });
    let region = prop_oneof![4 => region(), 1 => within];
    (vec(region, 1..=width), any_exit(), any_alarm(), named())
        .prop_map(|(regions, event, after, named)| Parallel { regions, event, after, named })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn every_small_plan_is_a_graph_without_faults(plan in any_blueprint(Size::SMALL)) {
            prop_assert!(plan.graph().states().count() >= 2);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 16,
            failure_persistence: None,
            ..Default::default()
        })]

        #[test]
        fn every_large_plan_is_a_graph_without_faults(plan in any_blueprint(Size::LARGE)) {
            prop_assert!(plan.graph().states().count() >= 2);
        }
    }
}
