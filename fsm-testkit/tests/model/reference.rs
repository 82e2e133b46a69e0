//! The checker beside a slow and simple one, on random small graphs.

use std::collections::BTreeSet;

use fsm_testkit::model::{Checker, Ending, Kind, Path, Verdict};
use proptest::prelude::*;

use crate::maps::Map;

fn any_kind() -> impl Strategy<Value = Kind> {
    use Kind::{Always, AlwaysPossible, Eventually, NeverStuck, Sometimes};
    prop::sample::select(vec![Always, Sometimes, NeverStuck, Eventually, AlwaysPossible])
}

/// Up to nine states, sparse or dense, few or many of them marked.
fn any_map() -> impl Strategy<Value = Map> {
    (1_usize..9, 0.05_f64..0.95, any_kind()).prop_flat_map(|(states, share, kind)| {
        let steps = prop::collection::vec(prop::collection::vec(0..states, 0..4), states);
        let marks = prop::collection::vec(prop::bool::weighted(share), states);
        let starts = prop::collection::vec(0..states, 1..3);
        (starts, steps, marks).prop_map(move |(starts, steps, marks)| Map {
            starts,
            steps,
            marks,
            kind,
            boundary: usize::MAX,
        })
    })
}

/// What can be reached from some states, and in how many steps at least.
fn distances(map: &Map, starts: &[usize]) -> Vec<Option<usize>> {
    let mut distances = vec![None; map.steps.len()];
    let mut level: BTreeSet<usize> = starts.iter().copied().collect();
    for distance in 0.. {
        level.retain(|state| distances[*state].is_none());
        if level.is_empty() {
            break;
        }
        for state in &level {
            distances[*state] = Some(distance);
        }
        level = level.iter().flat_map(|state| map.steps[*state].iter().copied()).collect();
    }
    distances
}

/// The states from which some path never meets a mark: the largest set of unmarked ones each of
/// which ends, or has a step that stays in the set.
fn avoiders(map: &Map) -> BTreeSet<usize> {
    let mut set: BTreeSet<usize> = (0..map.steps.len()).filter(|it| !map.marks[*it]).collect();
    loop {
        let stays = |state: &usize| {
            let steps = &map.steps[*state];
            steps.is_empty() || steps.iter().any(|next| set.contains(next))
        };
        let kept: BTreeSet<usize> = set.iter().copied().filter(stays).collect();
        if kept == set {
            return set;
        }
        set = kept;
    }
}

/// The map without its marked states.
fn without_marks(map: &Map) -> Map {
    let mut map = map.clone();
    map.starts.retain(|state| !map.marks[*state]);
    for steps in &mut map.steps {
        steps.retain(|next| !map.marks[*next]);
    }
    map
}

/// The steps of the shortest cycle through a state.
fn round_trip(map: &Map, state: usize) -> Option<usize> {
    Some(1 + distances(map, &map.steps[state])[state]?)
}

fn is_trap(map: &Map, state: usize) -> bool {
    let reached = distances(map, &[state]);
    !(0..map.steps.len()).any(|other| reached[other].is_some() && map.marks[other])
}

/// The states that decide a property, and the fewest steps to one; `None`: it can't be reached.
fn nearest(map: &Map) -> Option<usize> {
    let reached = distances(map, &map.starts);
    let decides = |state: usize| match map.kind {
        Kind::Always => !map.marks[state],
        Kind::Sometimes => map.marks[state],
        Kind::NeverStuck => map.steps[state].is_empty() && !map.marks[state],
        Kind::AlwaysPossible => is_trap(map, state),
        // From an initial one: on the way to another, the mark may be met.
        Kind::Eventually => reached[state] == Some(0) && avoiders(map).contains(&state),
    };
    (0..map.steps.len()).filter(|state| decides(*state)).filter_map(|state| reached[state]).min()
}

/// Whether the path is one of the map, and ends as it says.
fn check_path(map: &Map, path: &Path<Map>) -> Result<(), TestCaseError> {
    prop_assert!(map.starts.contains(path.start()));
    let states: Vec<usize> = path.states().copied().collect();
    for (at, (action, to)) in path.steps().iter().enumerate() {
        prop_assert_eq!(map.steps[states[at]].get(*action), Some(to));
    }
    match path.ending() {
        Ending::Open => {}
        Ending::Terminal => prop_assert!(map.steps[*path.last()].is_empty()),
        Ending::Cycle { to } => {
            prop_assert!(to < path.len());
            prop_assert_eq!(states[to], *path.last());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_checker_says_what_a_simple_one_says_and_its_paths_are_real_and_shortest(
        map in any_map(),
    ) {
        let report = Checker::new(&map).check();
        let nearest = nearest(&map);
        match (map.kind, Map::verdict(&report), nearest) {
            (Kind::Always, Verdict::Violated(path), Some(distance))
            | (Kind::Sometimes, Verdict::Example(path), Some(distance))
            | (Kind::NeverStuck, Verdict::Violated(path), Some(distance)) => {
                check_path(&map, path)?;
                prop_assert_eq!(path.len(), distance);
                prop_assert_eq!(map.marks[*path.last()], map.kind == Kind::Sometimes);
                prop_assert_eq!(path.is_dead_end(), map.kind == Kind::NeverStuck);
            }
            (Kind::Eventually, Verdict::Violated(path), Some(_)) => {
                check_path(&map, path)?;
                prop_assert!(path.states().all(|state| !map.marks[*state]));
                let unmarked = without_marks(&map);
                let reached = distances(&unmarked, &unmarked.starts);
                let nearest = |is_it: &dyn Fn(usize) -> bool| {
                    let those = (0..map.steps.len()).filter(|state| is_it(*state));
                    those.filter_map(|state| reached[state]).min()
                };
                let stem = nearest(&|state| round_trip(&unmarked, state).is_some());
                let end = nearest(&|state| map.steps[state].is_empty() && !map.marks[state]);
                match path.cycle() {
                    None => prop_assert_eq!(Some(path.len()), end),
                    Some(to) => {
                        prop_assert_eq!(Some(to), stem);
                        let round = round_trip(&unmarked, *path.last());
                        prop_assert_eq!(Some(path.len() - to), round);
                        prop_assert!(end.is_none_or(|end| path.len() < end));
                    }
                }
            }
            (Kind::AlwaysPossible, Verdict::Violated(path), Some(distance)) => {
                check_path(&map, path)?;
                prop_assert_eq!(path.lost_at(), Some(distance));
                prop_assert!(path.ending() != Ending::Open);
                let states: Vec<usize> = path.states().copied().collect();
                prop_assert!(states[distance..].iter().all(|state| is_trap(&map, *state)));
                let within = distances(&map, &[states[distance]]);
                let goes_round = (0..map.steps.len())
                    .any(|state| within[state].is_some() && round_trip(&map, state).is_some());
                prop_assert_eq!(path.cycle().is_some(), goes_round, "a livelock where there is one");
            }
            (Kind::Sometimes, Verdict::Unseen, None) => {}
            (Kind::Sometimes, verdict, _) => prop_assert!(false, "{verdict:?}, {nearest:?}"),
            (_, Verdict::Holds, None) => {}
            (_, verdict, _) => prop_assert!(false, "{verdict:?}, {nearest:?}"),
        }
        if report.is_complete() {
            let reached = distances(&map, &map.starts);
            prop_assert_eq!(report.states(), reached.iter().flatten().count());
            prop_assert_eq!(Some(report.depth()), reached.iter().flatten().copied().max());
            let steps = (0..map.steps.len()).filter(|state| reached[*state].is_some());
            let steps: usize = steps.map(|state| map.steps[state].len()).sum();
            prop_assert_eq!(report.steps(), steps as u64);
        }
    }

    #[test]
    fn a_check_that_is_cut_never_says_what_is_not_so(
        map in any_map(),
        states in 0_usize..9,
        depth in 0_usize..6,
        boundary in 0_usize..9,
    ) {
        let nearest = nearest(&map);
        let map = Map { boundary, ..map };
        let report = Checker::new(&map).max_states(states).max_depth(depth).check();
        prop_assert!(report.states() <= states && report.depth() <= depth);
        match Map::verdict(&report) {
            Verdict::Violated(path) | Verdict::Example(path) => {
                check_path(&map, path)?;
                prop_assert!(nearest.is_some());
            }
            Verdict::Holds | Verdict::Unseen => {
                prop_assert!(nearest.is_none());
                prop_assert!(report.is_complete());
            }
            Verdict::Undecided => prop_assert!(!report.is_complete()),
        }
    }
}
