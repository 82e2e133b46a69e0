//! Properties of paths: what goes round, what joins, and what leads nowhere.

use fsm_testkit::model::{Checker, Ending, Kind, Path, Verdict};

use crate::maps::Map;

fn verdict(map: &Map) -> Verdict<Map> {
    Map::verdict(&Checker::new(map).check()).clone()
}

fn violation(map: &Map) -> Path<Map> {
    match verdict(map) {
        Verdict::Violated(path) => path,
        other => panic!("{other:?}"),
    }
}

fn states(path: &Path<Map>) -> Vec<usize> {
    path.states().copied().collect()
}

#[test]
fn a_cycle_that_avoids_the_goal_is_a_lasso_though_the_goal_can_be_reached_from_it() {
    let map = Map::new(4, &[(0, 1), (1, 2), (2, 1), (2, 3)], &[3], Kind::Eventually);
    let path = violation(&map);
    assert_eq!(states(&path), [0, 1, 2, 1]);
    assert_eq!(path.cycle(), Some(1));
    assert_eq!(
        path.words(&map),
        "starts: 0\n1. way 0: 1\n2. way 0: 2\n3. way 0: 1\nthe same as after step 1, and so on\n"
    );
}

#[test]
fn where_a_path_with_the_goal_joins_one_without_the_second_is_still_seen() {
    // 3 is reached by way of the goal first; stateright remembers that, and misses the other way.
    let map = Map::new(4, &[(0, 1), (0, 2), (1, 3), (2, 3)], &[1], Kind::Eventually);
    let path = violation(&map);
    assert_eq!(states(&path), [0, 2, 3]);
    assert!(path.is_dead_end());
    assert!(path.words(&map).ends_with("no step leads on\n"));
}

#[test]
fn a_cycle_through_the_goal_violates_nothing() {
    let map = Map::new(3, &[(0, 1), (1, 2), (2, 0)], &[1], Kind::Eventually);
    assert!(matches!(verdict(&map), Verdict::Holds));
}

#[test]
fn a_step_to_the_same_state_is_a_cycle() {
    let map = Map::new(2, &[(0, 0), (0, 1)], &[1], Kind::Eventually);
    let path = violation(&map);
    assert_eq!((states(&path), path.cycle()), (vec![0, 0], Some(0)));
    assert!(path.words(&map).ends_with("the same as at the start, and so on\n"));
}

#[test]
fn of_several_ways_never_to_meet_the_goal_the_shortest_is_told() {
    // A cycle of three behind one step; an end behind two; then the end goes.
    let mut steps = vec![(0, 1), (1, 2), (2, 3), (3, 1), (1, 4)];
    let map = Map::new(5, &steps, &[], Kind::Eventually);
    assert_eq!(states(&violation(&map)), [0, 1, 4]);
    steps.push((4, 0));
    let path = violation(&Map::new(5, &steps, &[], Kind::Eventually));
    assert_eq!((states(&path), path.cycle()), (vec![0, 1, 4, 0], Some(0)));
}

#[test]
fn who_begins_at_the_goal_has_met_it_and_every_other_start_has_to() {
    let mut map = Map::new(3, &[(0, 1), (2, 1)], &[0], Kind::Eventually);
    assert!(matches!(verdict(&map), Verdict::Holds));
    map.starts = vec![0, 2];
    assert_eq!(states(&violation(&map)), [2, 1]);
}

#[test]
fn a_trap_that_ends_is_a_dead_end_and_the_path_says_where_hope_was_lost() {
    let map = Map::new(5, &[(0, 1), (1, 0), (1, 2), (2, 3), (0, 4)], &[4], Kind::AlwaysPossible);
    let path = violation(&map);
    assert_eq!(states(&path), [0, 1, 2, 3]);
    assert_eq!((path.lost_at(), path.ending()), (Some(2), Ending::Terminal));
    assert_eq!(
        path.words(&map),
        "starts: 0\n1. way 0: 1\n2. way 1: 2\nfrom here on, nothing leads there\n\
         3. way 0: 3\nno step leads on\n"
    );
}

#[test]
fn a_trap_that_goes_round_is_a_livelock_even_where_it_can_end() {
    let steps = [(0, 1), (0, 2), (2, 3), (3, 4), (4, 3), (2, 5)];
    let path = violation(&Map::new(6, &steps, &[1], Kind::AlwaysPossible));
    assert_eq!(states(&path), [0, 2, 3, 4, 3]);
    assert_eq!((path.lost_at(), path.cycle()), (Some(1), Some(2)));
}

#[test]
fn what_can_always_be_reached_need_not_ever_be() {
    let steps = [(0, 1), (1, 0), (1, 2)];
    assert!(matches!(verdict(&Map::new(3, &steps, &[2], Kind::AlwaysPossible)), Verdict::Holds));
    assert!(matches!(verdict(&Map::new(3, &steps, &[2], Kind::Eventually)), Verdict::Violated(_)));
}

#[test]
fn a_goal_that_was_passed_and_can_be_reached_no_more_is_not_always_possible() {
    let map = Map::new(3, &[(0, 1), (1, 2)], &[1], Kind::AlwaysPossible);
    let path = violation(&map);
    assert_eq!((states(&path), path.lost_at()), (vec![0, 1, 2], Some(2)));
    assert!(matches!(verdict(&Map { kind: Kind::Eventually, ..map }), Verdict::Holds));
}

#[test]
fn nothing_recurses_over_the_size_of_a_model() {
    let length = 200_000;
    let mut steps: Vec<(usize, usize)> = (0..length).map(|at| (at, at + 1)).collect();
    steps.push((length, 1));
    for kind in [Kind::Eventually, Kind::AlwaysPossible] {
        let path = violation(&Map::new(length + 1, &steps, &[], kind));
        // The cycle begins where it is entered; hope was never there.
        assert_eq!((path.cycle(), path.len()), (Some(1), length + 1), "{kind:?}");
    }
}
