//! What holds of every flow, whatever its data is and however its calls end: shown on random walks
//! through random flows, by the rules that run.

pub(crate) mod walk;

use std::collections::HashMap;

use fsm_core::Status;
use fsm_patterns::{Endpoint, Orchestration, RunOutcome, StepStatus};
use fsm_testkit::flows::{FlowPlan, FlowSize, Waits, any_flow};
use proptest::prelude::*;

use walk::{Late, Walk, any_chance, goes_back};

/// A third of the steps of these flows wait for something.
const SIZE: FlowSize = FlowSize { depth: 2, width: 5, waits: Waits::Any };

fn config() -> ProptestConfig {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let cases = if asked { ProptestConfig::default().cases } else { 500 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// How many steps of a walk have failed, and nobody handled it.
fn failures(walk: &Walk) -> usize {
    walk.report().steps.values().filter(|step| step.status == StepStatus::Failed).count()
}

/// Whether a run goes no further by what the last step of the walk did: it is over, or does nothing
/// more but undo.
fn is_stopped(walk: &Walk) -> bool {
    let is_over = walk.run.status().is_over();
    let starts = || walk.effects.starts();
    (is_over && starts().next().is_none())
        || (goes_back(walk) && starts().all(|start| walk.flow.is_undo(start.state)))
}

/// The share of failures that ends a run.
fn threshold(plan: &FlowPlan) -> Option<f64> {
    plan.limits.error_threshold.filter(|_| !plan.limits.fail_fast)
}

#[test]
fn a_flow_says_how_its_calls_may_end_what_must_be_possible_and_what_branches_share() {
    let flow = Orchestration::parallel("shop")
        .endpoint(Endpoint::get("cart", "http://shop.test/cart").error_handler("$error.kind"))
        .endpoint(
            Endpoint::post("pay", "http://shop.test/pay")
                .depends_on(["cart"])
                .condition("$steps.cart.status == 'ok'"),
        )
        .error_threshold(0.5)
        .build()
        .expect("a sound flow");
    let graph = flow.graph();
    let endings = |state: &str| -> Vec<&str> {
        let state = graph.state(state).expect("a state");
        flow.endings(state).into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(endings("cart"), ["ok", "fails for now", "fails for good"]);
    assert_eq!(endings("pay"), ["ok", "fails for good", "outcome unknown"]);
    assert_eq!(endings("pay.check"), [""; 0]);

    let shared: Vec<&str> =
        flow.shared_guards().into_iter().map(|guard| graph.guard_name(guard)).collect();
    assert_eq!(shared, ["more than 50% failed"]);

    let promises = flow.promises().into_iter().map(|id| graph.transition(id));
    let promises: Vec<String> = promises
        .map(|edge| format!("{} -> {}", graph.name_of(edge.from()), graph.name_of(edge.to())))
        .collect();
    insta::assert_snapshot!(promises.join("\n"));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_run_ends_once_every_call_has_been_answered_and_every_signal_heard(
        plan in any_flow(SIZE), chance in any_chance()
    ) {
        let walk = Walk::begin(&plan.flow(), &chance).visit(|walk| {
            let under_way = walk.machine.under_way(&walk.run).len();
            let waits = under_way
                + walk.machine.timers(&walk.run).len()
                + walk.flow.awaited(&walk.run).len();
            assert_eq!(walk.run.status() == Status::Running, waits > 0, "{:?}", walk.run);
        });
        prop_assert!(matches!(walk.run.status(), Status::Finished(_)), "{:?}", walk.run.status());
        prop_assert!(walk.run.tokens().count() == 1, "a token was left behind");
    }

    #[test]
    fn a_step_comes_to_one_status_and_keeps_it(
        plan in any_flow(SIZE), chance in any_chance()
    ) {
        let mut settled: HashMap<String, StepStatus> = HashMap::new();
        let walk = Walk::begin(&plan.flow(), &chance).visit(|walk| {
            for (name, step) in &walk.report().steps {
                assert!(step.status.is_settled() || !walk.run.status().is_over(), "{name}");
                if step.status.is_settled() {
                    let before = settled.insert(name.clone(), step.status);
                    assert!(before.is_none_or(|before| before == step.status), "{name}");
                }
            }
        });
        let stopped = |status: &StepStatus| {
            matches!(status, StepStatus::Cancelled | StepStatus::TimedOut)
        };
        prop_assert_eq!(settled.len(), plan.team.steps().len());
        let report = walk.report();
        let is_whole = report.outcome == RunOutcome::Completed;
        prop_assert!(!is_whole || !settled.values().any(stopped), "{:?}", report);
        prop_assert_eq!(is_whole, walk.is_at("run completed"));
    }

    #[test]
    fn after_the_first_failure_that_fail_fast_sees_nothing_starts_any_more(
        mut plan in any_flow(SIZE), chance in any_chance()
    ) {
        plan.limits.fail_fast = true;
        let walk = Walk::begin(&plan.flow(), &chance).visit(|walk| {
            assert!(failures(walk) == 0 || is_stopped(walk), "{:?}", walk.report());
        });
        prop_assert!(failures(&walk) == 0 || walk.is_at("run failed"));
    }

    #[test]
    fn beyond_the_threshold_nothing_starts_any_more(
        plan in any_flow(SIZE), chance in any_chance()
    ) {
        let Some(share) = threshold(&plan) else { return Ok(()) };
        let declared = plan.team.steps().len() as f64;
        let is_beyond = |walk: &Walk| failures(walk) as f64 / declared > share;
        let walk = Walk::begin(&plan.flow(), &chance).visit(|walk| {
            assert!(!is_beyond(walk) || is_stopped(walk), "{:?}", walk.report());
        });
        prop_assert!(!is_beyond(&walk) || walk.is_at("run failed"));
        prop_assert!(is_beyond(&walk) || !walk.is_at("run failed"));
    }

    #[test]
    fn a_run_that_fails_has_undone_all_that_was_completed(
        plan in any_flow(FlowSize::LARGE), chance in any_chance()
    ) {
        let walk = Walk::begin(&plan.flow(), &chance).visit(|_| ());
        let report = walk.report();
        for (part, call) in plan.team.calls() {
            let step = &report.steps[&part.name];
            let is_due = report.outcome == RunOutcome::Failed
                && step.status == StepStatus::Ok
                && call.undo.is_some();
            prop_assert!(step.undo.is_some() == is_due || walk.is_at("run timed out"), "{:?}", step);
            prop_assert!(call.undo.is_some() || step.undo.is_none());
        }
    }

    #[test]
    fn the_deadline_ends_a_run_in_one_step_wherever_it_stands(
        mut plan in any_flow(SIZE), chance in any_chance()
    ) {
        plan.limits.total_timeout.get_or_insert(std::time::Duration::from_secs(3));
        let flow = plan.flow();
        let late = flow.graph().state("run timed out").map(Status::Finished);
        Walk::begin(&flow, &chance).visit(|walk| {
            let is_over = walk.run.status().is_over();
            match walk.too_late() {
                None => assert!(is_over || goes_back(walk), "{:?}", walk.run),
                Some(Late { status, undoes: false }) => assert_eq!(Some(status), late),
                Some(Late { status, undoes: true }) => assert_eq!(status, Status::Running),
            }
        });
    }

    #[test]
    fn what_a_proof_forgets_nobody_asks_for(
        plan in any_flow(SIZE), chance in any_chance()
    ) {
        let flow = plan.flow();
        let (mut knows, mut forgets) = (Walk::begin(&flow, &chance), Walk::begin(&flow, &chance));
        loop {
            forgets.forget();
            let turn = knows.turn();
            prop_assert_eq!(turn.is_some(), forgets.turn().is_some());
            let Some(turn) = turn else { break };
            knows.take(&turn);
            forgets.take(&turn);
            prop_assert_eq!(&knows.moves, &forgets.moves);
        }
        prop_assert_eq!(knows.run.status(), forgets.run.status());
    }
}
