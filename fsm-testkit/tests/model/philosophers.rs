//! Dining philosophers: a deadlock is found, and the cure for it proven.

use fsm_testkit::model::{Checker, Model, Property, Verdict};

use crate::models::philosophers::{Manners, Next, Philosophers, Seat};

#[test]
fn philosophers_who_take_the_left_fork_first_starve_and_the_shortest_way_there_is_shown() {
    let model = Philosophers::<3> { manners: Manners::LeftFirst };
    let report = Checker::new(&model).check();
    let Some(Verdict::Violated(path)) = report.verdict("somebody can go on") else {
        panic!("{report}");
    };
    // Nobody can be spared: each has to be hungry and to take one fork.
    assert_eq!(path.len(), 6);
    assert!(path.last().iter().all(|seat| *seat == Seat::HoldsOne));
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn philosophers_who_take_the_lower_fork_first_never_starve() {
    let model = Philosophers::<5> { manners: Manners::LowerFirst };
    let report = Checker::new(&model).check();
    report.assert_holds();
    assert!(report.is_complete());
}

/// The same table, asked about paths.
struct Hopes(Philosophers<4>);

impl Model for Hopes {
    type State = [Seat; 4];
    type Action = Next;

    fn initial(&self) -> Vec<[Seat; 4]> {
        self.0.initial()
    }

    fn steps(&self, table: &[Seat; 4], steps: &mut Vec<(Next, [Seat; 4])>) {
        self.0.steps(table, steps);
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::never_stuck("nobody waits for ever", |_, _| false),
            Property::<Self>::always_possible("the third can eat", |_, table| {
                table[2] == Seat::Eats
            }),
            Property::<Self>::eventually("the third eats", |_, table| table[2] == Seat::Eats),
        ]
    }

    fn say_step(&self, table: &[Seat; 4], next: &Next) -> String {
        self.0.say_step(table, next)
    }

    fn say_state(&self, table: &[Seat; 4]) -> String {
        self.0.say_state(table)
    }
}

#[test]
fn with_the_left_fork_first_the_hope_to_eat_ends_in_a_dead_end() {
    let report = Checker::new(&Hopes(Philosophers { manners: Manners::LeftFirst })).check();
    for name in ["nobody waits for ever", "the third can eat"] {
        let path = report.verdict(name).and_then(Verdict::path).expect("a counterexample");
        assert!(path.is_dead_end(), "{name}");
        assert_eq!(path.len(), 8, "{name}");
    }
    let path = report.verdict("the third can eat").and_then(Verdict::path);
    assert_eq!(path.and_then(|path| path.lost_at()), Some(8));
}

#[test]
fn with_the_lower_fork_first_all_can_eat_and_yet_the_others_may_keep_one_from_it() {
    let report = Checker::new(&Hopes(Philosophers { manners: Manners::LowerFirst })).check();
    for name in ["nobody waits for ever", "the third can eat"] {
        assert!(matches!(report.verdict(name), Some(Verdict::Holds)), "{name}");
    }
    // The first philosopher thinks, eats, and thinks again.
    let path = report.verdict("the third eats").and_then(Verdict::path).expect("a lasso");
    assert_eq!((path.cycle(), path.len()), (Some(0), 5));
}
