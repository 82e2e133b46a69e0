//! Two-phase commit: it is consistent, and one edge more is caught.

use fsm_testkit::model::{Checker, Verdict};

use crate::models::two_phase::TwoPhase;

#[test]
fn resource_managers_agree_in_the_end_and_both_ends_are_seen() {
    for (managers, states) in [(3, 288), (5, 8_832)] {
        let model = TwoPhase { managers, may_desert: false };
        let report = Checker::new(&model).check();
        report.assert_holds();
        assert!(report.is_complete());
        // As many as stateright says that its example has.
        assert_eq!(report.states(), states);
        let example = report.verdict("all commit").and_then(Verdict::path).expect("one");
        assert_eq!(example.len(), 3 * managers + 1);
    }
}

#[test]
fn one_edge_more_is_caught_who_prepared_must_not_give_up_by_itself() {
    let model = TwoPhase { managers: 2, may_desert: true };
    let report = Checker::new(&model).check();
    let (name, path) = report.violations().next().expect("a mutation that is caught");
    assert_eq!(name, "all that are done agree");
    insta::assert_snapshot!(path.words(&model));
}
