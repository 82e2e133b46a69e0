//! Fewer steps: processes that run side by side and of which only the first is asked about.

use fsm_testkit::model::{Checker, Kind, Model, Path, Property, Report, Verdict};
use proptest::prelude::*;

/// Processes with steps of their own, and nothing in common.
#[derive(Clone, Debug)]
struct Processes {
    /// By process and state, where its steps lead.
    steps: Vec<Vec<Vec<usize>>>,
    /// By state of the first process, whether the condition holds.
    marks: Vec<bool>,
    kind: Kind,
}

impl Processes {
    fn steps_of(&self, process: usize, states: &[usize], steps: &mut Vec<(usize, Vec<usize>)>) {
        for next in &self.steps[process][states[process]] {
            let mut after = states.to_vec();
            after[process] = *next;
            steps.push((process, after));
        }
    }

    fn check(&self, is_reduced: bool) -> Report<Self> {
        Checker::new(self).reduced(is_reduced).check()
    }
}

impl Model for Processes {
    type State = Vec<usize>;
    type Action = usize;

    fn initial(&self) -> Vec<Vec<usize>> {
        vec![vec![0; self.steps.len()]]
    }

    fn steps(&self, states: &Vec<usize>, steps: &mut Vec<(usize, Vec<usize>)>) {
        for process in 0..states.len() {
            self.steps_of(process, states, steps);
        }
    }

    /// The steps of one process that nobody asks about.
    fn few_steps(&self, states: &Vec<usize>, steps: &mut Vec<(usize, Vec<usize>)>) -> bool {
        for process in 1..states.len() {
            self.steps_of(process, states, steps);
            if !steps.is_empty() {
                return true;
            }
        }
        false
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let condition = |model: &Self, states: &Vec<usize>| model.marks[states[0]];
        vec![match self.kind {
            Kind::Always => Property::always("it", condition),
            Kind::Sometimes => Property::sometimes("it", condition),
            Kind::NeverStuck => Property::never_stuck("it", condition),
            Kind::Eventually => Property::eventually("it", condition),
            Kind::AlwaysPossible => Property::always_possible("it", condition),
        }]
    }

    fn say_step(&self, _: &Vec<usize>, process: &usize) -> String {
        format!("process {process} moves")
    }

    fn say_state(&self, states: &Vec<usize>) -> String {
        format!("{states:?}")
    }
}

fn any_processes() -> impl Strategy<Value = Processes> {
    use Kind::{Always, AlwaysPossible, Eventually, NeverStuck, Sometimes};
    let process = prop::collection::vec(prop::collection::vec(0_usize..4, 0..3), 4);
    (
        prop::collection::vec(process, 1..4),
        prop::collection::vec(prop::bool::weighted(0.6), 4),
        prop::sample::select(vec![Always, Sometimes, NeverStuck, Eventually, AlwaysPossible]),
    )
        .prop_map(|(steps, marks, kind)| Processes { steps, marks, kind })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn fewer_steps_lead_to_the_same_verdicts(processes in any_processes()) {
        let (all, few) = (processes.check(false), processes.check(true));
        let (whole, reduced) = (all.verdict("it").unwrap(), few.verdict("it").unwrap());
        prop_assert_eq!(
            std::mem::discriminant(whole),
            std::mem::discriminant(reduced),
            "{} {}", all, few
        );
        if all.is_complete() && few.is_complete() {
            prop_assert!(few.states() <= all.states());
        }
        if let (Some(whole), Some(reduced)) = (whole.path(), reduced.path()) {
            let fewest = |path: &Path<_>| path.lost_at().unwrap_or(path.len());
            prop_assert!(fewest(whole) <= fewest(reduced));
        }
    }
}

/// Each process takes ten steps and rests.
fn walkers(kind: Kind) -> Processes {
    let process: Vec<Vec<usize>> =
        (0..=10).map(|at| if at < 10 { vec![at + 1] } else { vec![] }).collect();
    Processes { steps: vec![process; 4], marks: vec![true; 11], kind }
}

#[test]
fn processes_in_step_need_a_line_and_not_the_whole_cube() {
    let walkers = walkers(Kind::Always);
    let (all, few) = (walkers.check(false), walkers.check(true));
    assert_eq!((all.states(), few.states()), (11 * 11 * 11 * 11, 4 * 10 + 1));
    assert_eq!((all.is_reduced(), few.is_reduced()), (false, true));
    assert!(few.is_complete() && few.is_good());
}

#[test]
fn what_is_asked_about_all_paths_takes_all_steps_and_the_report_says_so() {
    let report = walkers(Kind::Eventually).check(true);
    assert_eq!((report.states(), report.is_reduced()), (11 * 11 * 11 * 11, false));
}

#[test]
fn a_process_that_goes_round_for_ever_does_not_put_off_the_first() {
    let mut walkers = walkers(Kind::Always);
    walkers.marks[10] = false;
    for process in &mut walkers.steps[1..] {
        process[10] = vec![0];
    }
    let report = walkers.check(true);
    assert!(matches!(report.verdict("it"), Some(Verdict::Violated(_))), "{report}");
}
