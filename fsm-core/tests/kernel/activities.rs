//! Retries, timeouts, postponing, and the queue.

use std::num::NonZeroU32;

use fsm_core::{Input, JoinRule, Outcome, Phase, Retry, RetryPolicy, StepError};

use crate::stage::{Stage, Told, ms};

/// `work` with a policy and a timeout; `done`, `failed`, and `late` are its ends.
fn one_activity(policy: Option<RetryPolicy>, timeout: Option<u64>, deadline: Option<u64>) -> Stage {
    Stage::set(|g| {
        let mut work = g.activity_running("work", "work").exit("leave");
        if let Some(policy) = policy {
            work = work.retry(policy);
        }
        if let Some(limit) = timeout {
            work.timeout(ms(limit));
        }
        g.transition("work", "done").done();
        g.transition("work", "failed").failed().action("why");
        g.final_state("done");
        g.final_state("failed");
        if timeout.is_some() {
            g.transition("work", "late").timed_out().action("why");
            g.final_state("late");
        }
        if let Some(limit) = deadline {
            g.transition("work", "over").after(ms(limit)).action("why");
            g.final_state("over");
        }
        "work"
    })
}

fn policy(count: u32) -> RetryPolicy {
    RetryPolicy::new(count).delay(ms(100))
}

#[test]
fn a_failed_activity_is_started_again_as_often_as_its_policy_says() {
    let mut stage = one_activity(Some(policy(2)), None, None);
    for _ in 0..2 {
        stage.fail("work", Retry::Allowed(None));
        assert_eq!(stage.phases("work"), [Phase::Waiting]);
        stage.pass(ms(400));
        assert_eq!(stage.phases("work"), [Phase::Running]);
    }
    let attempts: Vec<u32> = stage.starts.iter().map(|start| start.attempt).collect();
    assert_eq!(attempts, [1, 2, 3]);
    let visits: std::collections::HashSet<u64> =
        stage.starts.iter().map(|start| start.visit).collect();
    assert_eq!(visits.len(), 1, "attempts share their visit");
    stage.fail("work", Retry::Allowed(None));
    assert_eq!(stage.finished_at(), Some("failed"));
    assert_eq!(stage.log(), "-work Failed(Exhausted)");
}

#[test]
fn a_failure_that_does_not_go_away_is_final_at_once() {
    let mut stage = one_activity(Some(policy(9)), None, None);
    stage.fail("work", Retry::Never);
    assert_eq!(stage.log(), "-work Failed(NotRetryable)");
}

#[test]
fn a_wait_that_the_server_asks_for_is_never_shortened() {
    let mut stage = one_activity(Some(policy(1).max_delay(ms(10))), None, None);
    stage.fail("work", Retry::Allowed(Some(ms(5_000))));
    stage.pass(ms(4_999));
    assert_eq!(stage.phases("work"), [Phase::Waiting]);
    stage.pass(ms(1));
    assert_eq!(stage.phases("work"), [Phase::Running]);
}

#[test]
fn a_wait_longer_than_the_policy_puts_up_with_is_final_and_its_limit_is_inclusive() {
    let patient = policy(3).delay(ms(0)).max_wait(ms(100));
    let mut stage = one_activity(Some(patient), None, None);
    stage.fail("work", Retry::Allowed(Some(ms(100))));
    stage.pass(ms(100));
    stage.fail("work", Retry::Allowed(Some(ms(101))));
    assert_eq!(stage.log(), "-work Failed(WaitTooLong)");
}

#[test]
fn a_wait_past_the_deadline_ends_the_activity_at_once() {
    let mut stage = one_activity(Some(policy(3)), None, Some(1_000));
    stage.fail("work", Retry::Allowed(Some(ms(1_000))));
    assert_eq!(stage.finished_at(), Some("failed"));
    assert_eq!(stage.log(), "-work Failed(PastDeadline)");
}

#[test]
fn a_deadline_ends_an_activity_that_is_under_way() {
    let mut stage = one_activity(None, None, Some(1_000));
    let ticket = stage.ticket("work");
    stage.pass(ms(1_000));
    assert_eq!(stage.cancelled, [ticket]);
    assert_eq!(stage.log(), "-work (cut) After");
}

#[test]
fn a_timeout_takes_its_own_edge_when_every_attempt_is_used() {
    let mut stage = one_activity(Some(policy(1)), Some(50), None);
    let first = stage.ticket("work");
    stage.pass(ms(50));
    assert_eq!(stage.cancelled, [first]);
    assert_eq!(stage.phases("work"), [Phase::Waiting]);
    stage.pass(ms(150));
    assert_eq!(stage.finished_at(), Some("late"));
    assert_eq!(stage.log(), "-work TimedOut(Exhausted)");
}

/// Cause: the ticket of a start that has no timeout was taken for a timer that is long due.
#[test]
fn a_timer_for_an_activity_without_a_timeout_changes_nothing() {
    let mut stage = one_activity(None, None, None);
    let ticket = stage.ticket("work");
    stage.take(Input::Timer(ticket)).expect("nobody awaits it");
    assert_eq!(stage.phases("work"), [Phase::Running]);
}

/// Cause: `timed_out` of a composite state around won over the activity's own `failed`.
#[test]
fn an_activity_s_own_edge_wins_over_one_of_the_state_around_it() {
    let mut stage = Stage::set(|g| {
        g.composite("around", "work");
        g.activity_running("work", "work").timeout(ms(10)).within("around");
        g.transition("around", "outer").timed_out();
        g.transition("work", "end").done();
        g.transition("work", "inner").failed();
        g.final_state("outer");
        g.final_state("inner");
        g.final_state("end");
        "around"
    });
    stage.pass(ms(10));
    assert_eq!(stage.finished_at(), Some("inner"));
}

#[test]
fn a_timer_that_comes_early_is_refused_and_changes_nothing() {
    let mut stage = one_activity(None, Some(50), None);
    let before = stage.run.clone();
    let ticket = stage.ticket("work");
    stage.now = stage.now + ms(49);
    assert_eq!(stage.take(Input::Timer(ticket)), Err(StepError::TimerEarly));
    assert_eq!(stage.run, before);
}

#[test]
fn a_timer_that_fires_twice_counts_once() {
    let mut stage = one_activity(Some(policy(5)), Some(50), None);
    let ticket = stage.ticket("work");
    stage.pass(ms(50));
    stage.take(Input::Timer(ticket)).expect("a stale timer is no error");
    assert_eq!(stage.phases("work"), [Phase::Waiting]);
    stage.pass(ms(100));
    assert_eq!(stage.starts.len(), 2);
}

#[test]
fn a_postponed_activity_is_no_attempt_and_takes_no_slot() {
    let mut stage = two_queued();
    let at = stage.now + ms(500);
    stage.outcome("a", Outcome::Postponed(at));
    assert_eq!(stage.phases("a"), [Phase::Waiting]);
    assert_eq!(stage.phases("b"), [Phase::Running]);
    stage.done("b");
    stage.pass(ms(500));
    assert_eq!(stage.starts.last().map(|start| start.attempt), Some(1));
}

/// Two branches, `a` and `b`, one at a time; `a` may be tried again.
fn two_queued() -> Stage {
    Stage::set(|g| {
        g.max_concurrent(NonZeroU32::MIN);
        g.forks("fork", "join", JoinRule::All);
        g.activity_running("a", "work").retry(policy(3)).within("fork");
        g.activity_running("b", "work").within("fork");
        for branch in ["a", "b"] {
            g.transition("fork", branch);
            g.transition(branch, "join").done();
        }
        g.transition("b", "b").on("again");
        g.final_state("end");
        g.transition("join", "end");
        "fork"
    })
}

#[test]
fn no_more_activities_are_under_way_than_may_be_and_the_queue_is_fair() {
    let mut stage = two_queued();
    assert_eq!(stage.phases("a"), [Phase::Running]);
    assert_eq!(stage.phases("b"), [Phase::Queued]);
    assert_eq!(stage.run.running(), 1);
    stage.done("a");
    assert_eq!(stage.phases("b"), [Phase::Running]);
}

#[test]
fn back_off_frees_the_slot() {
    let mut stage = two_queued();
    stage.fail("a", Retry::Allowed(None));
    assert_eq!(stage.phases("b"), [Phase::Running]);
    stage.pass(ms(100));
    assert_eq!(stage.phases("a"), [Phase::Queued], "the wait is over, but `b` has the slot");
    stage.done("b");
    assert_eq!(stage.phases("a"), [Phase::Running]);
}

/// Cause: tickets of visits that were cancelled while they waited stayed in the queue for good.
#[test]
fn a_queue_where_nothing_starts_does_not_grow() {
    let mut stage = two_queued();
    for _ in 0..1_000 {
        stage.event("again").expect("`b` takes it");
    }
    let saved = serde_json::to_value(&stage.run).expect("a snapshot is data");
    let waiting = saved["ready"].as_array().map_or(0, Vec::len);
    assert!(waiting < 10, "{waiting} tickets wait for one slot");
    stage.done("a");
    assert_eq!(stage.phases("b"), [Phase::Running]);
    assert_eq!(stage.starts.len(), 2, "only the last visit of `b` is started");
}

#[test]
fn a_late_outcome_of_a_cancelled_visit_changes_nothing() {
    let mut stage = Stage::set(|g| {
        g.works(&["work"], "");
        g.transition("work", "work").on("again");
        g.transition("work", "end").done();
        g.final_state("end");
        "work"
    });
    let first = stage.ticket("work");
    stage.event("again").expect("it is accepted");
    assert_eq!(stage.cancelled, [first]);
    let before = stage.run.clone();
    stage
        .take(Input::Outcome { ticket: first, outcome: Outcome::done() })
        .expect("what is late is no error");
    assert_eq!(stage.run, before);
    stage.done("work");
    assert_eq!(stage.finished_at(), Some("end"));
}
