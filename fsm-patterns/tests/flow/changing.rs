//! The flow changes under a run: what goes on, what is refused, and in which words.

use std::sync::Arc;

use fsm_core::{Machine, Snapshot, Status};
use fsm_http::MemoryTransport;
use fsm_patterns::{Flow, FlowContext, FlowEvent, Migration, Oracle, RunReport};

use crate::standing::stand;

/// Every condition holds, and everything can be made.
struct Optimist;

impl Oracle for Optimist {
    fn choose(&self, _question: &str, _answers: &[&'static str]) -> usize {
        0
    }
}

fn flow(text: &str) -> Flow {
    let text = format!("fsm: 1\nname: shop\n{text}");
    let loaded =
        fsm_patterns::file::load("shop.yaml", &text).unwrap_or_else(|fault| panic!("{fault}"));
    let nobody = MemoryTransport::replying(|_| fsm_http::Reply::status(204));
    Flow::with_transport(loaded.spec, Arc::new(nobody)).unwrap()
}

/// A flow of these steps; what follows a step's name are further keys.
fn steps(mode: &str, steps: &[&str]) -> Flow {
    let steps = steps.iter().map(|step| {
        let (name, keys) = step.split_once(' ').unwrap_or((step, ""));
        format!("  - {{ name: {name}, url: http://shop.test/{name}, {keys} }}\n")
    });
    flow(&format!("mode: {mode}\nendpoints:\n{}", steps.collect::<String>()))
}

fn machine(flow: &Flow) -> Machine<FlowContext, FlowEvent> {
    flow.limited_machine_with(Arc::new(Optimist))
}

/// A run of `flow` in which these steps ended well.
fn after(flow: &Flow, done: &[&str]) -> Snapshot<FlowContext> {
    let mut run = machine(flow).begin(flow.unknown_context());
    done.iter().for_each(|step| answer(flow, &mut run, step));
    run
}

fn answer(flow: &Flow, run: &mut Snapshot<FlowContext>, step: &str) {
    let state = flow.graph().state(step).expect("the step is a state");
    let (_, ok) = flow.endings(state).swap_remove(0);
    machine(flow).answer(run, state, ok).unwrap_or_else(|fault| panic!("{step}: {fault}"));
}

fn report(flow: &Flow, run: &Snapshot<FlowContext>) -> RunReport {
    flow.report(run)
}

/// Why a run can't go on, a line each.
fn refused(old: &Flow, new: &Flow, run: &Snapshot<FlowContext>, migration: &Migration) -> String {
    new.carry_over(run.clone(), old, migration).expect_err("it can't go on").to_string()
}

fn words(old: &Flow, new: &Flow) -> Vec<String> {
    new.compatibility_with(old).iter().map(ToString::to_string).collect()
}

#[test]
fn steps_that_are_added_ahead_run_and_those_behind_are_skipped() {
    let old = steps("sequential", &["cart", "pay", "ship"]);
    let new = steps("sequential", &["hello", "cart", "pay", "pack", "ship retry_count: 9"]);
    assert_eq!(words(&old, &new), Vec::<String>::new());
    let run = after(&old, &["cart"]);
    let mut run = new.carry_over(run, &old, &Migration::new()).expect("it goes on");
    ["pay", "pack", "ship"].iter().for_each(|step| answer(&new, &mut run, step));
    let report = report(&new, &run);
    assert_eq!(stand(&report), "hello skipped, cart ok, pay ok, pack ok, ship ok");
    let reason = report.steps["hello"].reason.as_deref();
    assert_eq!(reason, Some("the flow got this step when the run had passed its place"));
    assert_eq!(report.outcome.as_str(), "completed");
}

#[test]
fn handlers_conditions_retries_and_deadlines_come_and_go() {
    let plain = flow(
        "mode: parallel\nendpoints:\n  - { name: a, url: http://shop.test/a }\n  - { name: b, url: http://shop.test/b }\n",
    );
    let rich = flow(
        "
mode: parallel
total_timeout: 60s
endpoints:
  - { name: a, url: http://shop.test/a, condition: $inputs.x == 1, retry_count: 0 }
  - { name: b, url: http://shop.test/b, error_handler: { x: 1 }, timeout: 3s }
",
    );
    for (old, new) in [(&plain, &rich), (&rich, &plain)] {
        assert_eq!(words(old, new), Vec::<String>::new());
        for done in [&[][..], &["a"][..]] {
            let run = after(old, done);
            let mut run = new.carry_over(run, old, &Migration::new()).expect("it goes on");
            ["a", "b"].iter().skip(done.len()).for_each(|step| answer(new, &mut run, step));
            assert_eq!(stand(&report(new, &run)), "a ok, b ok");
            assert!(matches!(run.status(), Status::Finished(_)));
        }
    }
}

#[test]
fn a_step_that_was_renamed_is_refused_until_a_migration_says_so() {
    let failing = "error_handler: { paid: false }, condition: $inputs.x == 1";
    let old = steps("sequential", &["cart", &format!("pay {failing}"), "ship"]);
    let new = steps("sequential", &["cart", &format!("charge {failing}"), "ship"]);
    assert_eq!(words(&old, &new), ["`pay` is gone"]);
    let rename = Migration::new().rename("pay", "charge");

    let run = after(&old, &["cart"]);
    assert_eq!(
        refused(&old, &new, &run, &Migration::new()),
        "the run can't go on along the changed graph:\n  - `pay` is gone"
    );
    let mut run = new.carry_over(run, &old, &rename).expect("it is told");
    ["charge", "ship"].iter().for_each(|step| answer(&new, &mut run, step));
    assert_eq!(stand(&report(&new, &run)), "cart ok, charge ok, ship ok");

    // The result of a step that is done goes with its name.
    let run = after(&old, &["cart", "pay"]);
    assert_eq!(
        refused(&old, &new, &run, &Migration::new()),
        "the run can't go on along the changed flow:\n  - `pay` is done and is gone from the flow: rename it, or drop its result"
    );
    let mut run = new.carry_over(run, &old, &rename).expect("it is told");
    answer(&new, &mut run, "ship");
    assert_eq!(stand(&report(&new, &run)), "cart ok, charge ok, ship ok");
}

#[test]
fn the_result_of_a_step_that_is_gone_is_given_up_only_when_told() {
    let old = steps("sequential", &["cart", "gift", "ship"]);
    let new = steps("sequential", &["cart", "ship"]);
    assert_eq!(words(&old, &new), ["`gift` is gone"]);
    let done = after(&old, &["cart", "gift"]);
    assert!(refused(&old, &new, &done, &Migration::new()).contains("`gift` is done and is gone"));
    let mut run = new.carry_over(done, &old, &Migration::new().drop("gift")).expect("it is told");
    answer(&new, &mut run, "ship");
    assert_eq!(stand(&report(&new, &run)), "cart ok, ship ok");

    // Under way it can't be given up; ahead it just does not come.
    let under_way = after(&old, &["cart"]);
    let refused = refused(&old, &new, &under_way, &Migration::new().drop("gift"));
    assert!(refused.ends_with("  - `gift` is gone"), "{refused}");
    let mut run = new.carry_over(after(&old, &[]), &old, &Migration::new()).expect("it is ahead");
    ["cart", "ship"].iter().for_each(|step| answer(&new, &mut run, step));
}

#[test]
fn no_step_runs_twice_and_none_is_passed_over_where_steps_change_places() {
    let old = steps("sequential", &["a", "b", "c"]);
    let new = steps("sequential", &["b", "a", "c"]);
    assert_eq!(
        words(&old, &new),
        [
            "`a` now comes after `b`: a run in between would miss a step, or repeat one",
            "`b` now comes without `a` before it: a run in between would miss a step, or repeat one",
        ]
    );
    let list = "the run can't go on along the changed flow:\n  - ";
    let at_a = refused(&old, &new, &after(&old, &[]), &Migration::new());
    assert_eq!(at_a, format!("{list}`b` has not run, and would be passed over"));
    let at_b = refused(&old, &new, &after(&old, &["a"]), &Migration::new());
    assert_eq!(at_b, format!("{list}`a` is done, and would run again"));
    let at_c = new.carry_over(after(&old, &["a", "b"]), &old, &Migration::new());
    let mut run = at_c.expect("both are done");
    answer(&new, &mut run, "c");
    assert_eq!(stand(&report(&new, &run)), "b ok, a ok, c ok");
}

#[test]
fn dependencies_keep_their_joins() {
    let old = steps("parallel", &["a", "b", "c depends_on: [a, b]", "d"]);
    let longer = steps("parallel", &["a", "b", "c depends_on: [a, b]", "d", "e depends_on: [a]"]);
    assert_eq!(
        words(&old, &longer),
        [
            "within the fork `run forks`, `a splits` is new, a split",
            "within the fork `run forks`, `a` leads to `a splits` instead of `c waits`",
        ]
    );
    let further = steps("parallel", &["a", "b", "c depends_on: [a, b]", "d", "e"]);
    assert_eq!(words(&old, &further), ["`run forks` has other branches: `e` besides"]);
    let behind = steps("parallel", &["a", "b", "c depends_on: [a, b]", "d", "e depends_on: [c]"]);
    assert_eq!(words(&old, &behind), Vec::<String>::new());
    // `a` has come to the join before `c` already.
    let run = after(&old, &["a"]);
    let mut run = behind.carry_over(run, &old, &Migration::new()).expect("it goes on");
    ["d", "b", "c", "e"].iter().for_each(|step| answer(&behind, &mut run, step));
    assert_eq!(report(&behind, &run).outcome.as_str(), "completed");
}

#[test]
fn an_entry_beside_others_that_is_done_can_be_dropped() {
    let old = steps("parallel", &["a", "b"]);
    let new = steps("parallel", &["b"]);
    assert_eq!(words(&old, &new).len(), 2, "`a` is gone, and with it a branch");
    let drop = Migration::new().drop("a");
    assert!(refused(&old, &new, &after(&old, &["b"]), &drop).ends_with("`a` is gone"));
    let run = new.carry_over(after(&old, &["a"]), &old, &drop);
    let mut run = run.expect("nobody waits for it");
    answer(&new, &mut run, "b");
    assert_eq!(stand(&report(&new, &run)), "b ok");
    assert!(matches!(run.status(), Status::Finished(_)));
}

#[test]
fn a_migration_of_nothing_is_a_mistake() {
    let old = steps("sequential", &["a", "b"]);
    let new = steps("sequential", &["a", "c"]);
    let run = after(&old, &["a"]);
    for (migration, why) in [
        (Migration::new().rename("x", "c"), "the old flow has no such step or group"),
        (Migration::new().rename("b", "x"), "the new flow has no step or group `x`"),
        (Migration::new().rename("b", "a"), "the old flow has a `a` of its own"),
        (Migration::new().drop("x"), "the old flow has no such step"),
        (Migration::new().drop("a"), "it is dropped, and goes on"),
    ] {
        assert!(refused(&old, &new, &run, &migration).ends_with(why), "{migration:?}");
    }
}

#[test]
fn another_mode_gives_steps_other_data() {
    let old = steps("sequential", &["a", "b"]);
    let new = steps("pipeline", &["a", "b"]);
    let why = "`shop` is pipeline instead of sequential, which changes what its steps are given";
    assert_eq!(words(&old, &new), [why]);
    assert!(refused(&old, &new, &after(&old, &["a"]), &Migration::new()).ends_with(why));
}

#[test]
fn what_is_to_be_undone_goes_by_its_name_and_is_never_forgotten_in_silence() {
    let undo = |step: &str| format!("{step} undo: {{ url: http://shop.test/undo/{step} }}");
    let (seat, meal) = (undo("seat"), undo("meal"));
    let old = steps("pipeline", &[&seat, &meal, "pay retry_count: 0"]);
    let new = steps("pipeline", &["hello", &seat, &meal, "pay retry_count: 0"]);
    let run = after(&old, &["seat", "meal"]);
    let mut run = new.carry_over(run, &old, &Migration::new()).expect("it goes on");
    let pay = new.graph().state("pay").expect("the step is a state");
    let (_, fails) =
        new.endings(pay).into_iter().find(|(how, _)| *how == "fails for good").expect("it may");
    machine(&new).answer(&mut run, pay, fails).expect("it is under way");
    // Without data the order is left to the oracle, which takes the first that it is asked for.
    answer(&new, &mut run, "seat.undo");
    answer(&new, &mut run, "meal.undo");
    let report = report(&new, &run);
    assert_eq!(report.outcome.as_str(), "failed");
    assert_eq!(report.left_undone, [""; 0]);

    let bare = steps("pipeline", &[&seat, "meal", "pay"]);
    let run = after(&old, &["seat", "meal"]);
    let why = refused(&old, &bare, &run, &Migration::new());
    let words =
        "`meal` is done, and the flow no longer says how it is undone: give it its `undo` back";
    assert!(why.contains(words), "{why}");
}
