//! What is wrong.

use std::time::Duration;

use fsm_core::JoinRule;

use super::{Broken, Planted, Source, at_least, files, forked, gather, graph, seconds, work};

/// Twenty-three faults.
pub(crate) fn faulty() -> Vec<Planted> {
    let mut all = joins();
    all.extend(rounds());
    all.extend(ends());
    all.extend(unreachable());
    all
}

fn planted(name: &'static str, wrong: &'static str, broken: Broken, source: Source) -> Planted {
    Planted { name, wrong, source, broken }
}

fn joins() -> Vec<Planted> {
    vec![
        planted(
            "three awaited, two come",
            "where `c` is not wanted, its token goes to a join for two that nobody else comes to",
            Broken::Stuck("join", 3),
            graph("three awaited", "fork", |g| {
                forked(g, at_least(3), &["a", "b", "pick"]);
                work(g, "a", "fork", "join", "join");
                work(g, "b", "fork", "join", "join");
                g.choice("pick").within("fork");
                g.transition("pick", "c").guard("wanted");
                g.transition("pick", "spare");
                work(g, "c", "fork", "join", "spare");
                gather(g, "spare", 2);
            }),
        ),
        planted(
            "a handler that loses a token",
            "the failure of `a` goes to an inner join that waits for another failure",
            Broken::Stuck("join", 3),
            graph("lost token", "fork", |g| {
                forked(g, JoinRule::All, &["a", "b"]);
                work(g, "a", "fork", "join", "handled");
                work(g, "b", "fork", "join", "join");
                gather(g, "handled", 2);
            }),
        ),
        planted(
            "a second arrival that is cancelled",
            "`q` brings the second token, and the join of any cancels it where `p` is first",
            Broken::Stuck("join", 3),
            graph("cancelled arrival", "fork", |g| {
                forked(g, JoinRule::All, &["a", "race"]);
                work(g, "a", "fork", "both", "both");
                g.fork("race", "won").within("fork");
                g.join("won", JoinRule::Any).within("fork");
                g.transition("race", "p");
                g.transition("race", "q");
                work(g, "p", "race", "won", "won");
                work(g, "q", "race", "both", "both");
                g.transition("won", "join");
                gather(g, "both", 2);
            }),
        ),
        planted(
            "three come to a join for two",
            "the third token stays in the count, and the join around waits for all",
            Broken::Stuck("join", 4),
            graph("one too many", "fork", |g| {
                forked(g, JoinRule::All, &["a", "b", "c"]);
                for name in ["a", "b", "c"] {
                    work(g, name, "fork", "pair", "pair");
                }
                gather(g, "pair", 2);
            }),
        ),
        planted(
            "a branch of a split that is skipped",
            "where `c` is not wanted its token goes past the join that `b` waits at",
            Broken::Stuck("join", 3),
            graph("skipped branch", "fork", |g| {
                forked(g, JoinRule::All, &["a"]);
                work(g, "a", "fork", "split", "join");
                g.split("split").within("fork");
                g.transition("split", "b");
                g.transition("split", "pick");
                work(g, "b", "fork", "both", "both");
                g.choice("pick").within("fork");
                g.transition("pick", "c").guard("wanted");
                g.transition("pick", "join");
                work(g, "c", "fork", "both", "both");
                gather(g, "both", 2);
            }),
        ),
        planted(
            "two that wait for each other",
            "`a` waits at one join for two, `b` at another",
            Broken::Stuck("join", 3),
            graph("two joins", "fork", |g| {
                forked(g, JoinRule::All, &["a", "b"]);
                work(g, "a", "fork", "here", "there");
                work(g, "b", "fork", "there", "here");
                gather(g, "here", 2);
                gather(g, "there", 2);
            }),
        ),
    ]
}

fn rounds() -> Vec<Planted> {
    vec![
        planted(
            "a retry that never stops",
            "every failure of `call` starts it again",
            Broken::Round(2),
            graph("endless retry", "call", |g| {
                work(g, "call", "", "end", "call");
                g.final_state("end");
            }),
        ),
        planted(
            "conditions that go round in no time",
            "a delay of no length hides the cycle of conditions from the static check",
            Broken::Round(2),
            graph("no time", "ready?", |g| {
                g.choice("ready?");
                g.transition("ready?", "end").guard("ready");
                g.transition("ready?", "tick");
                g.delay("tick", Duration::ZERO);
                g.transition("tick", "ready?").done();
                g.final_state("end");
            }),
        ),
        planted(
            "two that hand on to each other",
            "whatever becomes of one, the other begins",
            Broken::Round(3),
            graph("ping pong", "ping", |g| {
                work(g, "ping", "", "pong", "pong");
                g.activity("pong").timeout(seconds(1));
                g.transition("pong", "ping").done();
                g.transition("pong", "ping").failed();
                g.transition("pong", "end").timed_out();
                g.final_state("end");
            }),
        ),
    ]
}

fn ends() -> Vec<Planted> {
    vec![
        planted(
            "a failure that nobody minds",
            "`call` has no way on when it fails",
            Broken::Stuck("call", 2),
            graph("no failure", "call", |g| {
                g.activity("call");
                g.transition("call", "end").done();
                g.final_state("end");
            }),
        ),
        planted(
            "an end that is asked too much",
            "what is done goes on only if a guard holds, and else waits for nothing",
            Broken::NoEnd(2),
            graph("guarded end", "order", |g| {
                g.composite("order", "call");
                work(g, "call", "order", "called", "called");
                g.final_state("called").within("order");
                g.transition("order", "end").done().guard("paid");
                g.final_state("end");
            }),
        ),
        planted(
            "guards with a gap",
            "five is neither more than five nor less",
            Broken::Stuck("judge", 2),
            Source::File(files::GAP),
        ),
        planted(
            "a compensation that is skipped after a crash",
            "what was booked is forgotten when the run is taken up, so nobody cancels it",
            Broken::Stuck("audit", 4),
            Source::File(files::FORGETS),
        ),
        planted(
            "a state that can't be left",
            "`trap` hears `leave` itself, and stays",
            Broken::NoEnd(2),
            graph("trap", "desk", |g| {
                g.composite("desk", "idle");
                g.simple("idle").within("desk");
                g.simple("trap").within("desk");
                g.transition("idle", "trap").on("push");
                g.internal("trap").on("leave").action("note");
                g.transition("desk", "end").on("leave");
                g.final_state("end");
            }),
        ),
        planted(
            "a failure that is parked for ever",
            "the way out of the fork leads to a state that swallows what would take it on",
            Broken::NoEnd(2),
            graph("parked", "fork", |g| {
                forked(g, JoinRule::All, &["a", "b"]);
                work(g, "a", "fork", "join", "yard");
                work(g, "b", "fork", "join", "join");
                g.composite("yard", "parked");
                g.simple("parked").within("yard");
                g.internal("parked").on("resume").action("note");
                g.transition("yard", "end").on("resume");
            }),
        ),
        planted(
            "a region that never ends",
            "nothing makes ready what the right side waits for",
            Broken::NoEnd(1),
            Source::File(files::REGION_NEVER_ENDS),
        ),
        planted(
            "a number that is stepped over",
            "by twos from zero nothing comes to three",
            Broken::NoEnd(1),
            Source::File(files::STEPS_OVER),
        ),
    ]
}

fn unreachable() -> Vec<Planted> {
    vec![
        planted(
            "a timeout without a limit",
            "`call` never takes too long, because nobody says how long that is",
            Broken::Unreachable("too late"),
            graph("no limit", "call", |g| {
                work(g, "call", "", "end", "end");
                g.transition("call", "too late").timed_out();
                g.final_state("end");
                g.final_state("too late");
            }),
        ),
        planted(
            "a timer behind a shorter one",
            "after a second it is over; the five seconds never pass",
            Broken::Unreachable("late"),
            graph("two timers", "wait", |g| {
                g.simple("wait");
                g.transition("wait", "end").on("go");
                g.transition("wait", "soon").after(seconds(1));
                g.transition("wait", "late").after(seconds(5));
                g.final_state("soon");
                g.final_state("late");
                g.final_state("end");
            }),
        ),
        planted(
            "a timeout behind the deadline",
            "the state is left after five seconds, its activity may take ten",
            Broken::Unreachable("slow"),
            graph("late timeout", "call", |g| {
                g.activity("call").timeout(seconds(10));
                g.transition("call", "end").done();
                g.transition("call", "end").failed();
                g.transition("call", "slow").timed_out();
                g.transition("call", "late").after(seconds(5));
                g.final_state("end");
                g.final_state("slow");
                g.final_state("late");
            }),
        ),
        planted(
            "a pause beyond the deadline",
            "the run is over after a second, the pause takes five",
            Broken::Unreachable("end"),
            graph("long pause", "run", |g| {
                g.composite("run", "pause");
                g.delay("pause", seconds(5)).within("run");
                g.transition("pause", "end").done();
                g.transition("run", "late").after(seconds(1));
                g.final_state("end");
                g.final_state("late");
            }),
        ),
        planted(
            "an event that is always heard within",
            "both states of `desk` take `go` themselves, so the desk never does",
            Broken::Unreachable("aside"),
            graph("heard within", "desk", |g| {
                g.composite("desk", "first");
                g.simple("first").within("desk");
                g.simple("second").within("desk");
                g.transition("first", "second").on("go");
                g.transition("second", "end").on("go");
                g.transition("desk", "aside").on("go");
                g.final_state("end");
                g.final_state("aside");
            }),
        ),
        planted(
            "a guard that can't hold",
            "one is written, and more than five is asked for",
            Broken::Unreachable("many"),
            Source::File(files::CAN_NOT_HOLD),
        ),
    ]
}
