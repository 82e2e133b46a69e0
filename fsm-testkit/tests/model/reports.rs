//! What a report tells, and that it tells the same each time.

use fsm_testkit::model::{Checker, Kind, Model, Property};

use crate::maps::Map;
use crate::models::two_phase::TwoPhase;

/// Asks everything of a map at once; it borrows what it asks about.
struct Everything<'m>(&'m Map);

impl Model for Everything<'_> {
    type State = usize;
    type Action = usize;

    fn initial(&self) -> Vec<usize> {
        self.0.initial()
    }

    fn steps(&self, state: &usize, steps: &mut Vec<(usize, usize)>) {
        self.0.steps(state, steps);
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let far = 2;
        vec![
            Property::always("it stays below nine", |_, state| *state < 9),
            Property::always("it does not go far", move |_, state| *state <= far),
            Property::sometimes("it comes to four", |_, state| *state == 4),
            Property::sometimes("it comes to nine", |_, state| *state == 9),
            Property::never_stuck("it ends in four alone", |_, state| *state == 4),
            Property::eventually("it comes to four in the end", |_, state| *state == 4),
            Property::always_possible("it can come to four", |_, state| *state == 4),
        ]
    }

    fn say_step(&self, from: &usize, action: &usize) -> String {
        self.0.say_step(from, action)
    }

    fn say_state(&self, state: &usize) -> String {
        self.0.say_state(state)
    }
}

fn map() -> Map {
    let steps = [(0, 1), (1, 0), (1, 2), (2, 4), (2, 3), (3, 5), (0, 6), (6, 7), (7, 6)];
    Map::new(8, &steps, &[], Kind::Always)
}

#[test]
fn a_report_tells_how_much_was_explored_each_verdict_and_the_paths_of_violations() {
    let map = map();
    let model = Everything(&map);
    insta::assert_snapshot!("everything", Checker::new(&model).check().to_string());
    insta::assert_snapshot!("cut", Checker::new(&model).max_states(4).check().to_string());
}

#[test]
#[should_panic(expected = "VIOLATED: it does not go far\n  starts: 0\n  1. way 1: 6\n")]
fn asserting_that_all_holds_shows_the_path() {
    let map = map();
    Checker::new(&Everything(&map)).check().assert_holds();
}

#[test]
#[should_panic(expected = "UNDECIDED: marked")]
fn asserting_that_all_holds_is_not_content_with_a_cut() {
    let map = Map::new(2, &[(0, 1)], &[0, 1], Kind::Always);
    Checker::new(&map).max_states(1).check().assert_holds();
}

#[test]
fn two_checks_of_one_model_say_the_same() {
    let model = TwoPhase { managers: 4, may_desert: true };
    let report = || {
        let report = Checker::new(&model).check();
        format!("{report}{report:?}")
    };
    assert_eq!(report(), report());
}
