//! Choices, events, composite states, delays, and cancelling.

use fsm_core::{Input, JoinRule, Retry, Status, StepError};

use crate::stage::{Stage, Told, ms};

#[test]
fn a_choice_takes_the_first_way_whose_guard_holds() {
    let mut stage = Stage::set(|g| {
        g.simple("ask");
        g.choice("which");
        g.simple("no");
        g.simple("yes");
        g.transition("ask", "which").on("tell").action("tell");
        g.transition("ask", "which").on("hush");
        g.transition("which", "yes").guard("seen");
        g.transition("which", "no");
        g.transition("no", "ask").on("back");
        g.transition("yes", "ask").on("back");
        "ask"
    });
    stage.event("hush").expect("`ask` takes it");
    assert_eq!(stage.at(), "no");
    stage.event("back").expect("`no` takes it");
    stage.event("tell").expect("`ask` takes it");
    assert_eq!(stage.at(), "yes");
}

#[test]
fn a_choice_without_an_open_way_is_stuck_and_named() {
    let mut stage = Stage::set(|g| {
        g.simple("ask");
        g.choice("which");
        g.transition("ask", "which").on("go");
        g.transition("which", "ask").guard("never");
        "ask"
    });
    stage.event("go").expect("`ask` takes it");
    assert_eq!(stage.stuck_at(), Some("which"));
    assert_eq!(stage.event("go"), Err(StepError::Over));
}

#[test]
fn an_event_that_no_state_accepts_names_state_and_event() {
    let mut stage = Stage::set(|g| {
        g.simple("closed");
        g.simple("open");
        g.transition("closed", "open").on("push");
        g.transition("open", "closed").on("pull");
        "closed"
    });
    let before = stage.run.clone();
    let refused = stage.event("pull").expect_err("a closed door can't be pulled");
    assert_eq!(refused.to_string(), "event `pull` is not accepted in state closed");
    let unknown = stage.event("kick").expect_err("nobody knows it");
    assert_eq!(
        unknown.to_string(),
        "machine `story` has no event that answers to this input (`kick`)"
    );
    assert_eq!(stage.run, before);
    assert_eq!(stage.take(Input::Start), Err(StepError::StartedTwice));
}

/// Cause: each transition had a timer of its own, so that one that stays did not keep the next one
/// from being taken at the same moment.
#[test]
fn of_the_transitions_that_wait_as_long_the_first_whose_guard_holds_is_taken() {
    let mut stage = Stage::set(|g| {
        g.simple("wait");
        g.simple("gone");
        g.transition("wait", "gone").after(ms(5)).guard("never");
        g.internal("wait").after(ms(5)).guard("seen").action("tell");
        g.internal("wait").on("look").action("tell");
        g.transition("wait", "gone").after(ms(5));
        g.transition("gone", "wait").on("back");
        "wait"
    });
    stage.event("look").expect("`wait` takes it");
    stage.pass(ms(5));
    assert_eq!(stage.at(), "wait");
    assert_eq!(stage.run.context().len(), 2, "it told twice");
    assert!(stage.machine.timers(&stage.run).is_empty(), "there was one timer for all three");
}

#[test]
fn a_child_s_transition_wins_over_its_ancestor_s() {
    let mut stage = nested();
    stage.event("step").expect("`first` takes it");
    assert_eq!(stage.at(), "second");
    stage.event("step").expect("`box` takes it");
    assert_eq!(stage.at(), "outside");
}

/// `box` around `first` and `second`; `step` moves within and then out.
fn nested() -> Stage {
    Stage::set(|g| {
        g.composite("box", "first").entry("enter").exit("leave");
        g.simple("first").within("box").entry("enter").exit("leave");
        g.simple("second").within("box").entry("enter").exit("leave");
        g.final_state("inner end").within("box");
        g.simple("outside");
        g.transition("first", "second").on("step");
        g.transition("second", "inner end").on("end");
        g.transition("box", "outside").on("step").action("tell");
        g.transition("box", "outside").done();
        g.transition("box", "outside").after(ms(100));
        g.transition("outside", "second").on("in");
        "box"
    })
}

#[test]
fn states_are_left_innermost_first_and_entered_outermost_first() {
    let mut stage = nested();
    stage.event("step").expect("`first` takes it");
    stage.event("step").expect("`box` takes it");
    stage.event("in").expect("`outside` takes it");
    assert_eq!(stage.log(), "+box +first -first +second -second -box !second +box +second");
}

#[test]
fn the_end_of_its_inside_is_the_done_of_a_composite_state() {
    let mut stage = nested();
    stage.event("step").expect("`first` takes it");
    stage.event("end").expect("`second` takes it");
    assert_eq!(stage.at(), "outside");
}

#[test]
fn moving_inside_does_not_wind_the_clock_of_the_state_around() {
    let mut stage = nested();
    stage.pass(ms(60));
    stage.event("step").expect("`first` takes it");
    stage.pass(ms(39));
    assert_eq!(stage.at(), "second");
    stage.pass(ms(1));
    assert_eq!(stage.at(), "outside");
}

#[test]
fn a_timer_of_a_state_that_was_left_and_entered_again_is_stale() {
    let mut stage = nested();
    stage.event("step").expect("`first` takes it");
    stage.event("step").expect("`box` takes it");
    stage.pass(ms(60));
    stage.event("in").expect("`outside` takes it");
    // The timer of the first visit is due now, that of the second in 60 ms.
    stage.pass(ms(99));
    assert_eq!(stage.at(), "second");
    stage.pass(ms(1));
    assert_eq!(stage.at(), "outside");
}

#[test]
fn a_delay_goes_on_when_its_time_has_come() {
    let mut stage = Stage::set(|g| {
        g.delay("nap", ms(30));
        g.final_state("awake");
        g.transition("nap", "awake").done();
        "nap"
    });
    stage.pass(ms(29));
    assert_eq!(stage.at(), "nap");
    stage.pass(ms(1));
    assert_eq!(stage.finished_at(), Some("awake"));
}

#[test]
fn cancelling_leaves_every_state_and_drops_all_work() {
    let mut stage = Stage::set(|g| {
        g.composite("box", "fork").entry("enter").exit("leave");
        g.fork("fork", "join").within("box").entry("enter").exit("leave");
        g.join("join", JoinRule::All).within("box");
        g.works(&["a", "b"], "fork");
        for branch in ["a", "b"] {
            g.transition("fork", branch);
            g.transition(branch, "join").done();
        }
        g.transition("join", "end");
        g.final_state("end");
        "box"
    });
    let both = [stage.ticket("a"), stage.ticket("b")];
    stage.take(Input::Cancel).expect("a run can be cancelled");
    assert_eq!(stage.run.status(), Status::Cancelled);
    assert_eq!(stage.cancelled, both);
    assert_eq!(stage.log(), "+box +fork +a +b -a (cut) -b (cut) -fork -box");
    assert_eq!(stage.take(Input::Cancel), Err(StepError::Over));
}

/// A fork in a fork; `x` waits in the inner one, and every level listens to `e`.
fn listening(x_leads_to: &'static str) -> Stage {
    Stage::set(move |g| {
        g.forks("outer", "outer join", JoinRule::All);
        g.fork("inner", "inner join").within("outer");
        g.join("inner join", JoinRule::All).within("outer");
        g.simple("x").within("inner");
        g.simple("y").within("outer");
        g.transition("outer", "inner");
        g.transition("inner", "x");
        g.transition("x", x_leads_to).on("e");
        g.transition("x", "inner join").on("other");
        g.transition("inner", "y").on("e");
        g.transition("inner", "y").on("f");
        g.transition("inner join", "y");
        g.transition("y", "outer join").on("go");
        g.transition("outer", "outside").on("e");
        g.transition("outer", "outside").on("f");
        g.transition("outer join", "outside");
        g.final_state("outside");
        "outer"
    })
}

#[test]
fn an_event_is_offered_innermost_first_and_the_owner_hears_it_only_if_nobody_inside_takes_it() {
    let mut stage = listening("inner join");
    stage.event("f").expect("the owner of `inner` takes it");
    assert_eq!(stage.at(), "outer y");
}

/// Cause: a token that left its scope took the owner along, and the owner around that one was
/// offered the same event once more.
#[test]
fn an_event_that_aborts_an_inner_scope_is_not_offered_to_the_outer_owner_as_well() {
    let mut stage = listening("y");
    stage.event("e").expect("`x` takes it");
    assert_eq!(stage.at(), "outer y");
    let mut stage = listening("inner join");
    stage.event("e").expect("`x` takes it");
    assert_eq!(stage.at(), "outer y");
}

#[test]
fn two_branches_may_take_the_same_event() {
    let mut stage = Stage::set(|g| {
        g.forks("fork", "join", JoinRule::All);
        for branch in ["a", "b"] {
            g.signal(branch).within("fork");
            g.transition("fork", branch);
            g.transition(branch, "join").on("go");
        }
        g.transition("join", "end");
        g.final_state("end");
        "fork"
    });
    stage.event("go").expect("both take it");
    assert_eq!(stage.finished_at(), Some("end"));
}

#[test]
fn a_failure_that_only_the_state_around_handles_is_handled_there() {
    let mut stage = Stage::set(|g| {
        g.composite("box", "work").exit("leave");
        g.works(&["work"], "box");
        g.transition("work", "end").done();
        g.transition("box", "sorry").failed().action("why");
        g.final_state("end");
        g.final_state("sorry");
        "box"
    });
    stage.fail("work", Retry::Never);
    assert_eq!(stage.finished_at(), Some("sorry"));
    assert_eq!(stage.log(), "+work -work -box Failed(NotRetryable)");
}
