//! What is right, though it looks like what is wrong.

use fsm_core::{JoinRule, RetryPolicy};

use super::{Source, at_least, files, forked, gather, graph, seconds, work};

/// The counterparts of [`faulty`](super::faulty), under what they are called.
pub(crate) fn sound() -> Vec<(&'static str, Source)> {
    let mut all = joins();
    all.extend(ends());
    all.extend(timed());
    all.extend([
        ("guards without a gap", Source::File(files::NO_GAP)),
        ("a compensation that outlives a crash", Source::File(files::REMEMBERS)),
        ("a region that ends", Source::File(files::REGION_ENDS)),
        ("a number that is come to", Source::File(files::STEPS_ON)),
        ("a guard that may hold", Source::File(files::MAY_HOLD)),
    ]);
    all
}

fn joins() -> Vec<(&'static str, Source)> {
    vec![
        (
            "three awaited, three come",
            graph("three awaited", "fork", |g| {
                forked(g, at_least(3), &["a", "b", "pick"]);
                work(g, "a", "fork", "join", "join");
                work(g, "b", "fork", "join", "join");
                g.choice("pick").within("fork");
                g.transition("pick", "c").guard("wanted");
                g.transition("pick", "join");
                work(g, "c", "fork", "join", "join");
            }),
        ),
        (
            "a handler that keeps its token",
            graph("kept token", "fork", |g| {
                forked(g, JoinRule::All, &["a", "b"]);
                work(g, "a", "fork", "join", "handled");
                work(g, "b", "fork", "join", "join");
                work(g, "handled", "fork", "join", "join");
            }),
        ),
        (
            "a race that brings one token",
            graph("race", "fork", |g| {
                forked(g, JoinRule::All, &["a", "race"]);
                work(g, "a", "fork", "both", "both");
                g.fork("race", "won").within("fork");
                g.join("won", JoinRule::Any).within("fork");
                g.transition("race", "p");
                g.transition("race", "q");
                work(g, "p", "race", "won", "won");
                work(g, "q", "race", "won", "won");
                g.transition("won", "both");
                gather(g, "both", 2);
            }),
        ),
        (
            "three come to a join for three",
            graph("three", "fork", |g| {
                forked(g, JoinRule::All, &["a", "b", "c"]);
                for name in ["a", "b", "c"] {
                    work(g, name, "fork", "trio", "trio");
                }
                gather(g, "trio", 3);
            }),
        ),
        (
            "a branch of a split that is skipped and counted",
            graph("counted branch", "fork", |g| {
                forked(g, JoinRule::All, &["a"]);
                work(g, "a", "fork", "split", "join");
                g.split("split").within("fork");
                g.transition("split", "b");
                g.transition("split", "pick");
                work(g, "b", "fork", "both", "both");
                g.choice("pick").within("fork");
                g.transition("pick", "c").guard("wanted");
                g.transition("pick", "both");
                work(g, "c", "fork", "both", "both");
                gather(g, "both", 2);
            }),
        ),
        (
            "two that meet",
            graph("one join", "fork", |g| {
                forked(g, JoinRule::All, &["a", "b"]);
                work(g, "a", "fork", "here", "here");
                work(g, "b", "fork", "here", "here");
                gather(g, "here", 2);
            }),
        ),
    ]
}

fn ends() -> Vec<(&'static str, Source)> {
    vec![
        (
            "a retry that stops",
            graph("retry", "call", |g| {
                let policy = RetryPolicy {
                    count: 1,
                    delay: seconds(1),
                    max_delay: seconds(5),
                    max_wait: None,
                };
                g.activity("call").retry(policy);
                g.transition("call", "end").done();
                g.transition("call", "lost").failed();
                g.final_state("end");
                g.final_state("lost");
            }),
        ),
        (
            "conditions that wait once",
            graph("once", "ready?", |g| {
                g.choice("ready?");
                g.transition("ready?", "end").guard("ready");
                g.transition("ready?", "tick");
                g.delay("tick", seconds(1));
                g.transition("tick", "end").done();
                g.final_state("end");
            }),
        ),
        (
            "one that hands on to the other",
            graph("ping", "ping", |g| {
                work(g, "ping", "", "pong", "end");
                work(g, "pong", "", "end", "end");
                g.final_state("end");
            }),
        ),
        (
            "a failure that is minded",
            graph("failure", "call", |g| {
                work(g, "call", "", "end", "lost");
                g.final_state("end");
                g.final_state("lost");
            }),
        ),
        (
            "an end that has another way",
            graph("two ends", "order", |g| {
                g.composite("order", "call");
                work(g, "call", "order", "called", "called");
                g.final_state("called").within("order");
                g.transition("order", "end").done().guard("paid");
                g.transition("order", "owed").done();
                g.final_state("end");
                g.final_state("owed");
            }),
        ),
        (
            "a state that the desk takes on",
            graph("no trap", "desk", |g| {
                g.composite("desk", "idle");
                g.simple("idle").within("desk");
                g.simple("pushed").within("desk");
                g.transition("idle", "pushed").on("push");
                g.internal("pushed").on("knock").action("note");
                g.transition("desk", "end").on("leave");
                g.final_state("end");
            }),
        ),
        (
            "a failure that is taken up again",
            graph("resumed", "fork", |g| {
                forked(g, JoinRule::All, &["a", "b"]);
                work(g, "a", "fork", "join", "yard");
                work(g, "b", "fork", "join", "join");
                g.composite("yard", "parked");
                g.simple("parked").within("yard");
                g.transition("yard", "end").on("resume");
            }),
        ),
        (
            "an event that the desk hears, too",
            graph("heard without", "desk", |g| {
                g.composite("desk", "first");
                g.simple("first").within("desk");
                g.simple("second").within("desk");
                g.transition("first", "second").on("go");
                g.transition("desk", "aside").on("go");
                g.final_state("aside");
            }),
        ),
    ]
}

fn timed() -> Vec<(&'static str, Source)> {
    vec![
        (
            "a timeout with a limit",
            graph("limit", "call", |g| {
                g.activity("call").timeout(seconds(10));
                g.transition("call", "end").done();
                g.transition("call", "end").failed();
                g.transition("call", "too late").timed_out();
                g.final_state("end");
                g.final_state("too late");
            }),
        ),
        (
            "a timer behind a shorter one that may let it pass",
            graph("guarded timer", "wait", |g| {
                g.simple("wait");
                g.transition("wait", "end").on("go");
                g.transition("wait", "soon").after(seconds(1)).guard("in a hurry");
                g.transition("wait", "late").after(seconds(5));
                g.final_state("soon");
                g.final_state("late");
                g.final_state("end");
            }),
        ),
        (
            "a timeout before the deadline",
            graph("early timeout", "run", |g| {
                g.composite("run", "call");
                g.activity("call").timeout(seconds(3)).within("run");
                g.transition("call", "ask").done();
                g.transition("call", "end").failed();
                g.transition("call", "slow").timed_out();
                work(g, "ask", "run", "end", "end");
                g.transition("run", "late").after(seconds(5));
                g.final_state("end");
                g.final_state("slow");
                g.final_state("late");
            }),
        ),
        (
            "a pause within the deadline",
            graph("short pause", "run", |g| {
                g.composite("run", "call");
                work(g, "call", "run", "pause", "pause");
                g.delay("pause", seconds(5)).within("run");
                g.transition("pause", "end").done();
                g.transition("run", "late").after(seconds(10));
                g.final_state("end");
                g.final_state("late");
            }),
        ),
    ]
}
