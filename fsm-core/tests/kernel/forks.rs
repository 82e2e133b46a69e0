//! Forks, joins, splits, and scopes.

use std::num::NonZeroU32;

use fsm_core::JoinRule;

use crate::stage::{Stage, Told, ms};

fn at_least(count: u32) -> JoinRule {
    JoinRule::AtLeast(NonZeroU32::new(count).expect("a story's count is positive"))
}

/// `fork` with the branches `a`, `b`, and `c`, joined by `rule`, and then `end`.
fn three_branches(rule: JoinRule) -> Stage {
    Stage::set(|g| {
        g.forks("fork", "join", rule);
        g.works(&["a", "b", "c"], "fork");
        for branch in ["a", "b", "c"] {
            g.transition("fork", branch);
            g.transition(branch, "join").done();
        }
        g.final_state("end");
        g.transition("join", "end");
        "fork"
    })
}

#[test]
fn a_fork_starts_its_branches_in_declared_order() {
    let stage = three_branches(JoinRule::All);
    assert_eq!(stage.log(), "+fork +a +b +c");
    assert_eq!(stage.at(), "a b c fork");
}

#[test]
fn a_join_of_all_waits_for_the_last_branch() {
    let mut stage = three_branches(JoinRule::All);
    stage.done("c");
    stage.done("a");
    assert_eq!(stage.finished_at(), None);
    stage.done("b");
    assert_eq!(stage.finished_at(), Some("end"));
    assert_eq!(stage.log(), "+fork +a +b +c -c -a -b -fork +join -join");
}

#[test]
fn a_filled_any_join_cancels_the_other_branches_and_runs_their_exits_once() {
    let mut stage = three_branches(JoinRule::Any);
    let cut = [stage.ticket("a"), stage.ticket("c")];
    stage.done("b");
    assert_eq!(stage.cancelled, cut);
    assert_eq!(stage.log(), "+fork +a +b +c -b -a (cut) -c (cut) -fork +join -join");
    assert_eq!(stage.finished_at(), Some("end"));
}

#[test]
fn work_that_is_dropped_in_the_step_that_began_it_is_never_started() {
    let stage = Stage::set(|g| {
        g.forks("fork", "join", JoinRule::All);
        g.works(&["a"], "fork");
        g.choice("b").within("fork");
        g.transition("fork", "a");
        g.transition("fork", "b");
        g.transition("a", "join").done();
        g.final_state("end");
        g.transition("b", "end").guard("unseen");
        g.transition("b", "join");
        g.transition("join", "end");
        "fork"
    });
    assert_eq!(stage.finished_at(), Some("end"));
    assert_eq!((stage.starts.len(), stage.cancelled.len()), (0, 0));
    assert_eq!(stage.log(), "+fork +a -a -fork", "nothing was cut");
}

#[test]
fn a_join_of_at_least_two_goes_on_with_the_second() {
    let mut stage = three_branches(at_least(2));
    stage.done("c");
    stage.done("a");
    assert_eq!(stage.cancelled, [stage.ticket("b")]);
    assert_eq!(stage.finished_at(), Some("end"));
}

#[test]
fn a_branch_without_an_edge_for_what_happened_is_stuck_and_named() {
    let mut stage = three_branches(JoinRule::All);
    stage.fail("b", fsm_core::Retry::Never);
    assert_eq!(stage.stuck_at(), Some("b"));
}

#[test]
fn a_branch_may_end_in_a_final_state_of_its_own() {
    let mut stage = Stage::set(|g| {
        g.forks("fork", "join", JoinRule::All);
        g.works(&["a", "b"], "fork");
        g.final_state("branch end").within("fork").entry("enter").exit("leave");
        for branch in ["a", "b"] {
            g.transition("fork", branch);
            g.transition(branch, "branch end").done();
        }
        g.final_state("end");
        g.transition("join", "end");
        "fork"
    });
    stage.done("a");
    stage.done("b");
    assert_eq!(stage.finished_at(), Some("end"));
    let log = stage.log();
    assert_eq!(log.matches("+branch end").count(), 2);
    assert_eq!(log.matches("-branch end").count(), 2);
}

#[test]
fn a_way_out_of_nested_forks_cancels_the_innermost_first() {
    let mut stage = Stage::set(|g| {
        g.forks("outer", "outer join", JoinRule::All);
        g.works(&["beside"], "outer");
        g.fork("inner", "inner join").within("outer").entry("enter").exit("leave");
        g.join("inner join", JoinRule::All).within("outer");
        g.works(&["x", "y"], "inner");
        for (from, to) in [("outer", "beside"), ("outer", "inner"), ("inner", "x"), ("inner", "y")]
        {
            g.transition(from, to);
        }
        for branch in ["x", "y"] {
            g.transition(branch, "inner join").done();
        }
        g.transition("x", "given up").failed();
        g.transition("inner join", "outer join");
        g.transition("beside", "outer join").done();
        g.transition("outer join", "end");
        g.final_state("end");
        g.final_state("given up");
        "outer"
    });
    stage.fail("x", fsm_core::Retry::Never);
    assert_eq!(stage.finished_at(), Some("given up"));
    let log = "+outer +beside +inner +x +y -x -y (cut) -inner -beside (cut) -outer";
    assert_eq!(stage.log(), log);
    assert_eq!(stage.run.running(), 0);
}

#[test]
fn a_timer_of_a_fork_aborts_its_branches() {
    let mut stage = Stage::set(|g| {
        g.forks("fork", "join", JoinRule::All);
        g.works(&["a", "b"], "fork");
        g.final_state("end");
        g.final_state("late");
        for branch in ["a", "b"] {
            g.transition("fork", branch);
            g.transition(branch, "join").done();
        }
        g.transition("join", "end");
        g.transition("fork", "late").after(ms(50));
        "fork"
    });
    stage.done("a");
    stage.pass(ms(49));
    assert_eq!(stage.at(), "b fork");
    stage.pass(ms(1));
    assert_eq!(stage.finished_at(), Some("late"));
    assert_eq!(stage.log(), "+fork +a +b -a -b (cut) -fork");
}

/// A scope where `work` and its follower go round: a split into `left` and `right`, joined by two.
fn loop_in_a_scope() -> Stage {
    Stage::set(|g| {
        g.forks("fork", "join", JoinRule::All);
        g.works(&["left", "right", "judge"], "fork");
        g.split("split").within("fork").entry("enter").exit("leave");
        g.join("both", at_least(2)).within("fork").entry("enter").exit("leave");
        g.transition("fork", "split");
        g.transition("split", "left");
        g.transition("split", "right");
        g.transition("left", "both").done();
        g.transition("right", "both").done();
        g.transition("both", "judge");
        g.transition("judge", "split").failed();
        g.transition("judge", "join").done();
        g.transition("join", "end");
        g.final_state("end");
        "fork"
    })
}

#[test]
fn the_join_inside_a_scope_counts_anew_in_a_loop() {
    let mut stage = loop_in_a_scope();
    for _ in 0..3 {
        stage.done("right");
        assert_eq!(stage.at(), "fork left");
        stage.done("left");
        assert_eq!(stage.at(), "fork judge");
        stage.fail("judge", fsm_core::Retry::Never);
        assert_eq!(stage.at(), "fork left right");
    }
    stage.done("left");
    stage.done("right");
    stage.done("judge");
    assert_eq!(stage.finished_at(), Some("end"));
}

/// Cause: each token that went on from a split ran the split's exit.
#[test]
fn a_split_is_left_once_however_many_tokens_go_on_from_it() {
    let stage = loop_in_a_scope();
    assert_eq!(stage.log(), "+fork +split -split +left +right");
}

/// Cause: a token that was merged left the join, but not the composite state around it.
#[test]
fn a_token_that_is_merged_inside_a_composite_state_leaves_that_as_well() {
    let mut stage = Stage::set(|g| {
        g.forks("fork", "join", JoinRule::All);
        g.works(&["a", "b"], "fork");
        g.composite("box", "both").within("fork").entry("enter").exit("leave");
        g.join("both", at_least(2)).within("box");
        g.works(&["after"], "box");
        for branch in ["a", "b"] {
            g.transition("fork", branch);
            g.transition(branch, "both").done();
        }
        g.transition("both", "after");
        g.transition("after", "join").done();
        g.transition("join", "end");
        g.final_state("end");
        "fork"
    });
    stage.done("a");
    assert_eq!(stage.log(), "+fork +a +b -a +box -box");
    stage.done("b");
    stage.done("after");
    assert_eq!(
        stage.log(),
        "+fork +a +b -a +box -box -b +box +after -after -box -fork +join -join"
    );
}

#[test]
fn a_count_that_can_no_longer_fill_is_stuck_at_the_join_and_not_silent() {
    let mut stage = Stage::set(|g| {
        g.forks("fork", "join", JoinRule::All);
        g.works(&["a", "b"], "fork");
        g.join("both", at_least(2)).within("fork");
        g.transition("fork", "a");
        g.transition("fork", "b");
        g.transition("a", "both").done();
        g.transition("b", "both").done();
        g.transition("b", "join").failed();
        g.transition("both", "join");
        g.transition("join", "end");
        g.final_state("end");
        "fork"
    });
    stage.done("a");
    stage.fail("b", fsm_core::Retry::Never);
    assert_eq!(stage.stuck_at(), Some("join"));
}

/// Cause: they were told in the order of their places, which are given again when they are free.
#[test]
fn tokens_are_told_scope_by_scope_wherever_their_places_are() {
    let mut stage = Stage::set(|g| {
        g.parallel("both");
        g.composite("left", "fork").within("both");
        g.fork("fork", "join").within("left");
        g.join("join", JoinRule::All).within("left");
        for branch in ["a", "b"] {
            g.simple(branch).within("fork");
            g.transition("fork", branch);
            g.transition(branch, "join").on("on");
        }
        g.simple("between").within("left");
        g.transition("join", "between");
        g.transition("between", "fork").on("again");
        g.composite("right", "c").within("both");
        g.simple("c").within("right");
        g.simple("d").within("right");
        g.transition("c", "d").on("again");
        g.transition("d", "c").on("again");
        "both"
    });
    let told = |stage: &Stage| -> Vec<String> {
        let graph = stage.machine.graph();
        stage.run.tokens().map(|(state, _)| graph.name_of(state).to_owned()).collect()
    };
    assert_eq!(told(&stage), ["both", "fork", "a", "b", "c"]);
    stage.event("on").expect("both branches take it");
    assert_eq!(told(&stage), ["both", "between", "c"]);
    stage.event("again").expect("both regions take it");
    assert_eq!(told(&stage), ["both", "fork", "a", "b", "d"]);
}
