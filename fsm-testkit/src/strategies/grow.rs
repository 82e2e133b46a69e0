//! How plans grow: proptest's recursion, so that they shrink part by part and level by level.

use std::fmt::Debug;
use std::num::NonZeroU32;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::strategy::Union;

use super::Size;
use super::dag::{Dag, Node};
use super::parallel::{Parallel, Region};
use super::plan::{Alarm, Blueprint, Composite, Fork, Plan, Rule, Step, Wait, Way};
use super::shape::Shape;

/// Random plans of every shape with what holds for the whole graph: a limit of activities at once
/// in every second one, and every state counted in most: where none is, machines take their short
/// ways.
pub fn any_blueprint(size: Size) -> impl Strategy<Value = Blueprint> {
    any_blueprint_of(size, Shape::ANY)
}

/// As [`any_blueprint`], of a shape.
pub fn any_blueprint_of(size: Size, shape: Shape) -> impl Strategy<Value = Blueprint> {
    let limit = option::of((1u32..4).prop_map(super::layout::count));
    let counted = prop_oneof![3 => Just(true), 1 => Just(false)];
    (any_plan(size, shape), limit, counted).prop_map(
        |(plan, max_concurrent, counted): (Plan, Option<NonZeroU32>, bool)| Blueprint {
            plan,
            max_concurrent,
            counted,
        },
    )
}

/// Random plans.
pub fn any_plan(size: Size, shape: Shape) -> impl Strategy<Value = Plan> {
    let width = size.width as usize;
    let leaf = one_of([
        (1, Just(Plan::Skip).boxed()),
        (shape.activities, any_step(shape).prop_map(Plan::Step).boxed()),
        (shape.waits, any_wait(shape).prop_map(Plan::Wait).boxed()),
    ]);
    leaf.prop_recursive(size.depth, size.parts, size.width, move |inner| {
        let parts = || vec(inner.clone(), 1..=width);
        one_of([
            (4, parts().prop_map(Plan::Sequence).boxed()),
            (shape.choices, parts().prop_map(Plan::Choice).boxed()),
            (shape.forks, any_fork(inner.clone(), width, shape).prop_map(Plan::Fork).boxed()),
            (shape.dags, any_dag(inner.clone(), width).prop_map(Plan::Dag).boxed()),
            (
                shape.composites,
                any_composite(inner.clone(), shape).prop_map(Plan::Composite).boxed(),
            ),
            (
                shape.parallels,
                any_parallel(inner.clone(), width, shape).prop_map(Plan::Parallel).boxed(),
            ),
            (shape.loops, inner.clone().prop_map(|body| Plan::Loop(Box::new(body))).boxed()),
        ])
    })
}

/// One of these, by their weights; at least one of which is not 0.
fn one_of<T: Debug + 'static>(
    options: impl IntoIterator<Item = (u32, BoxedStrategy<T>)>,
) -> Union<BoxedStrategy<T>> {
    Union::new_weighted(options.into_iter().filter(|(weight, _)| *weight > 0).collect())
}

/// `None`, or so often, where `is_on`, what the strategy gives.
fn at_times<T: Clone + Debug + 'static>(
    is_on: bool,
    share: f64,
    strategy: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    match is_on {
        true => option::weighted(share, strategy).boxed(),
        false => Just(None).boxed(),
    }
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

fn any_alarm(shape: Shape) -> BoxedStrategy<Option<Alarm>> {
    let alarm = (0u16..200, any::<bool>(), any_reaction());
    let alarm = alarm.prop_map(|(millis, guarded, way)| Alarm { millis, guarded, way });
    at_times(shape.is_timed, 0.3, alarm)
}

fn any_step(shape: Shape) -> impl Strategy<Value = Step> {
    let timed = shape.is_timed;
    let limits = (
        at_times(timed, 0.5, 0u8..4),
        at_times(timed, 0.2, 0u16..100),
        at_times(timed, 0.4, 1u16..100),
    );
    let timed_out = at_times(timed, 0.3, any_way());
    (limits, any_way(), timed_out, any_alarm(shape), any_exit()).prop_map(
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

fn any_wait(shape: Shape) -> impl Strategy<Value = Wait> {
    let event = (0u8..4, option::weighted(0.3, any_reaction()))
        .prop_map(|(event, way)| Wait::Event(event, way));
    one_of([
        (1, event.boxed()),
        (1, (0u8..4).prop_map(Wait::Signal).boxed()),
        (u32::from(shape.is_timed), (0u16..100).prop_map(Wait::Delay).boxed()),
    ])
}

fn any_rule() -> impl Strategy<Value = Rule> {
    prop_oneof![2 => Just(Rule::All), 1 => Just(Rule::Any), 1 => (1u8..4).prop_map(Rule::AtLeast)]
}

fn any_fork(
    inner: impl Strategy<Value = Plan>,
    width: usize,
    shape: Shape,
) -> impl Strategy<Value = Fork> {
    (any_rule(), vec(inner, 1..=width), any::<bool>(), any_exit(), any_alarm(shape)).prop_map(
        |(rule, branches, finals, event, after)| Fork { rule, branches, finals, event, after },
    )
}

fn any_dag(inner: impl Strategy<Value = Plan>, width: usize) -> impl Strategy<Value = Dag> {
    let node = (inner, any::<u32>()).prop_map(|(plan, needs)| Node { plan, needs });
    (any_rule(), vec(node, 1..=width + 2)).prop_map(|(rule, nodes)| Dag { rule, nodes })
}

fn any_composite(
    inner: impl Strategy<Value = Plan>,
    shape: Shape,
) -> impl Strategy<Value = Composite> {
    (inner, any_exit(), any_alarm(shape)).prop_map(|(inside, event, after)| Composite {
        inside: Box::new(inside),
        event,
        after,
    })
}

fn any_parallel(
    inner: impl Strategy<Value = Plan> + Clone,
    width: usize,
    shape: Shape,
) -> impl Strategy<Value = Parallel> {
    let region = || {
        prop_oneof![
            6 => inner.clone().prop_map(Region::Plan),
            1 => any_wait(shape).prop_map(Region::Wait),
        ]
    };
    let named = || prop_oneof![2 => Just(0), 1 => any::<u32>()];
    let within =
        (vec(region(), 1..=2), any_exit(), any_alarm(shape)).prop_map(|(regions, event, after)| {
            Region::Parallel(Parallel { regions, event, after, named: 0 })
        });
    let region = prop_oneof![4 => region(), 1 => within];
    (vec(region, 1..=width), any_exit(), any_alarm(shape), named())
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
