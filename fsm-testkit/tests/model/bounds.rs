//! Bounds: what is not explored is not said to hold.

use std::time::Duration;

use fsm_testkit::model::{Bound, Checker, Kind, Verdict};

use crate::maps::Map;

const KINDS: [Kind; 5] =
    [Kind::Always, Kind::Sometimes, Kind::NeverStuck, Kind::Eventually, Kind::AlwaysPossible];

/// 0 to 9 in a row; what is asked for holds, or is to be seen, in the last one alone, or in all.
fn row(kind: Kind) -> Map {
    let steps: Vec<(usize, usize)> = (0..9).map(|at| (at, at + 1)).collect();
    let marked: &[usize] = match kind {
        Kind::Always => &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        _ => &[9],
    };
    Map::new(10, &steps, marked, kind)
}

#[test]
fn whatever_cuts_a_check_leaves_every_property_undecided_that_was_not_violated() {
    for kind in KINDS {
        let map = row(kind);
        assert!(Map::verdict(&Checker::new(&map).check()).is_good(), "{kind:?}");

        let beyond = Map { boundary: 6, ..map.clone() };
        let cut = [
            (Checker::new(&map).max_states(5), Bound::States(5)),
            (Checker::new(&map).max_depth(5), Bound::Depth(5)),
            (Checker::new(&map).time_limit(Duration::ZERO), Bound::Time(Duration::ZERO)),
            (Checker::new(&beyond), Bound::Boundary),
        ];
        for (checker, bound) in cut {
            let report = checker.check();
            assert_eq!(report.bound(), Some(bound), "{kind:?}");
            assert!(!report.is_complete() && !report.is_good(), "{kind:?}, {bound}");
            assert!(matches!(Map::verdict(&report), Verdict::Undecided), "{kind:?}, {bound}");
        }
    }
}

#[test]
fn a_violation_within_the_bounds_is_one() {
    for kind in [Kind::Always, Kind::Eventually, Kind::AlwaysPossible] {
        // 1 goes round for ever without a mark, besides the row.
        let mut map = Map { marks: vec![false; 10], ..row(kind) };
        map.marks[0] = true;
        map.starts = vec![0, 1];
        map.steps[1] = vec![1];
        map.steps[0] = vec![2];
        map.boundary = 5;
        let report = Checker::new(&map).max_depth(2).check();
        assert!(!report.is_complete(), "{kind:?}");
        assert!(matches!(Map::verdict(&report), Verdict::Violated(_)), "{kind:?}");
    }
}

#[test]
fn a_state_at_a_bound_is_no_dead_end() {
    for kind in [Kind::NeverStuck, Kind::Eventually, Kind::AlwaysPossible] {
        let map = Map { marks: vec![false; 10], ..row(kind) };
        let report = Checker::new(&map).max_depth(3).check();
        assert!(matches!(Map::verdict(&report), Verdict::Undecided), "{kind:?}");
    }
}

#[test]
fn a_bound_that_is_just_enough_cuts_nothing() {
    for kind in KINDS {
        let mut map = row(kind);
        // Back from the last one: its step is taken and leads to nothing new.
        map.steps[9] = vec![9];
        let report = Checker::new(&map).max_states(10).max_depth(9).check();
        if kind != Kind::Sometimes {
            assert!(report.is_complete(), "{kind:?}");
        }
        assert!(Map::verdict(&report).is_good(), "{kind:?}");
        assert_eq!((report.states(), report.depth()), (10, 9), "{kind:?}");
    }
}

#[test]
fn a_check_stops_where_everything_is_decided() {
    let mut map = row(Kind::Always);
    map.marks[3] = false;
    let report = Checker::new(&map).check();
    assert_eq!((report.bound(), report.states()), (Some(Bound::Settled), 4));
    assert_eq!(report.violations().next().map(|(_, path)| path.len()), Some(3));
}

#[test]
fn a_state_beyond_the_boundary_is_counted_and_asked_and_not_left() {
    let mut map = Map { boundary: 4, ..row(Kind::Sometimes) };
    map.marks[4] = true;
    let report = Checker::new(&map).check();
    assert!(matches!(Map::verdict(&report), Verdict::Example(path) if path.len() == 4));
    map.marks[4] = false;
    let report = Checker::new(&map).check();
    assert_eq!((report.states(), report.steps()), (5, 4));
}

#[test]
fn where_nothing_begins_all_holds_and_nothing_is_seen() {
    for kind in KINDS {
        let map = Map { starts: Vec::new(), ..row(kind) };
        let report = Checker::new(&map).check();
        assert_eq!((report.states(), report.is_complete()), (0, true), "{kind:?}");
        assert_eq!(Map::verdict(&report).is_good(), kind != Kind::Sometimes, "{kind:?}");
    }
}
