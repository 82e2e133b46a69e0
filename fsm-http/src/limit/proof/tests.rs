//! What is proven of the limits.

use std::cell::RefCell;
use std::rc::Rc;

use fsm_testkit::model::{Checker, Property, Report};

use super::caller::caller;
use super::world::{Phase, Promise, Standing, WINDOWS, World};

/// Two units in any three seconds.
const TWO_IN_THREE: &[Promise] = &[(2, 3, None)];

fn waits(at: &Standing) -> bool {
    matches!(at.callers[0], Phase::Waits { .. })
}

fn check(world: &World) -> Report<World> {
    Checker::new(world).check()
}

fn assert_proven(world: &World) {
    let report = check(world);
    if let Some((name, path)) = report.violations().next() {
        panic!("{name}\n{}", path.words(world));
    }
    assert!(report.is_good() && report.is_complete());
}

/// The first caller never gives up. Wherever it comes to wait, whatever the others do: is it served,
/// if time goes on, nobody is more than a second late, and no request hangs for longer than that?
fn is_served(mut world: World) -> (World, Report<World>) {
    world.is_punctual = true;
    let found: Rc<RefCell<Vec<Standing>>> = Rc::default();
    let note = found.clone();
    *world.asked.borrow_mut() = Some(Property::always("look", move |_, at: &Standing| {
        if waits(at) {
            note.borrow_mut().push(at.clone());
        }
        true
    }));
    assert!(check(&world).is_complete());
    world.begins = found.take();
    assert!(!world.begins.is_empty(), "it never waits");
    *world.asked.borrow_mut() = Some(Property::eventually("served", |_, at| !waits(at)));
    let report = check(&world);
    (world, report)
}

fn assert_is_served(world: World) {
    let (world, report) = is_served(world);
    if let Some((_, path)) = report.violations().next() {
        panic!("{}", path.words(&world));
    }
    assert!(report.is_good());
}

/// The name of what is violated, and the shortest way to it.
fn violation(world: &World) -> (String, String) {
    let report = check(world);
    let (name, path) = report.violations().next().expect("the fault is found");
    (name.to_owned(), path.words(world))
}

/// One bucket, three manners, and one that takes all at once.
fn one_bucket() -> World {
    let light = caller(&[0], 1);
    let heavy = caller(&[0], 2);
    World::new(&[TWO_IN_THREE], vec![light.clone().sleeping(), light.hanging(), heavy])
}

/// A call's own bucket, and one that it shares.
fn two_buckets() -> World {
    let both = caller(&[0, 1], 1);
    let callers = vec![both.clone().sleeping(), both, caller(&[1], 1).hanging()];
    World::new(&[&[(1, 2, None)], TWO_IN_THREE], callers)
}

/// Two windows and a pace.
fn one_at_a_time() -> World {
    let light = caller(&[0], 1);
    let callers = vec![light.clone().sleeping(), light.clone().sleeping(), light];
    World::new(&[&[(3, 6, Some(1)), (2, 3, None)]], callers)
}

#[tokio::test(start_paused = true)]
async fn no_window_is_ever_too_full_and_nobody_overtakes() {
    assert_proven(&one_bucket());
    assert_proven(&two_buckets());
    assert_proven(&one_at_a_time());
}

#[tokio::test(start_paused = true)]
async fn who_waits_and_does_not_give_up_is_served() {
    let (light, heavy) = (caller(&[0], 1), caller(&[0], 2));
    let others = || [light.clone().sleeping(), light.clone().hanging()];
    for first in [light.clone(), light.clone().sleeping(), heavy.clone(), heavy.clone().sleeping()]
    {
        let callers = [first.patient()].into_iter().chain(others()).collect();
        assert_is_served(World::new(&[TWO_IN_THREE], callers));
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_at_two_buckets_is_served_by_both() {
    let both = caller(&[0, 1], 1);
    let other = [both.clone().sleeping(), caller(&[1], 1)];
    for first in [both.clone(), both.sleeping()] {
        let callers = [first.patient()].into_iter().chain(other.clone()).collect();
        assert_is_served(World::new(&[&[(1, 2, None)], TWO_IN_THREE], callers));
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_that_lets_one_more_through_is_found() {
    let callers = vec![caller(&[0], 1), caller(&[0], 1), caller(&[0], 1)];
    let world = World::cheating(&[TWO_IN_THREE], &[&[(3, 3, None)]], callers);
    let (name, path) = violation(&world);
    assert_eq!(name, WINDOWS);
    insta::assert_snapshot!(path, @r"
    starts: 1 s: away, away, away; [0] left of late
    1. caller 0 asks: 1 s: away, away, away; [1] left of late
    2. caller 1 asks: 1 s: away, away, away; [2] left of late
    3. caller 2 asks: 1 s: away, away, away; [3] left of late
    ");
}

#[tokio::test(start_paused = true)]
async fn a_window_that_ends_a_second_too_early_is_found() {
    let callers = vec![caller(&[0], 2), caller(&[0], 1)];
    let world = World::cheating(&[TWO_IN_THREE], &[&[(2, 2, None)]], callers);
    let (name, path) = violation(&world);
    assert_eq!(name, WINDOWS);
    insta::assert_snapshot!(path, @r"
    starts: 1 s: away, away; [0] left of late
    1. caller 0 asks: 1 s: away, away; [2] left of late
    2. a second passes: 2 s: away, away; [2] left of late
    3. a second passes: 3 s: away, away; [2] left of late
    4. caller 0 asks: 3 s: away, away; [4] left of late
    ");
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_kept_by_who_gave_up_is_found() {
    let callers = vec![caller(&[0], 2).patient(), caller(&[0], 1).forgetting()];
    let (world, report) = is_served(World::new(&[TWO_IN_THREE], callers));
    let (_, path) = report.violations().next().expect("the first one waits for ever");
    assert!(path.cycle().is_some(), "{}", path.words(&world));
}
