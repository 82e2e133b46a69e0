//! One machine a story: what is proven of it, or the way to where it fails.

use std::time::Duration;

use fsm_core::{Graph, GraphBuilder, GuardId, JoinRule, RetryPolicy};
use fsm_testkit::prove::{Finding, Logic, Proof, Prover, standard};

pub(crate) fn graph(initial: &str, write: impl FnOnce(&mut GraphBuilder)) -> Graph {
    let mut graph = Graph::builder("story");
    write(&mut graph);
    graph.initial(initial).build().expect("the story's graph is sound")
}

/// The only property that fails, and the way there in words.
fn only_fault(proof: &Proof) -> (String, String) {
    let refuted: Vec<_> = proof.refuted().collect();
    let [claim] = refuted.as_slice() else { panic!("one fault was planted:\n{proof}") };
    let words = match &claim.finding {
        Finding::Refuted(route) => route.to_string(),
        Finding::Missed(names) => names.join("\n"),
        Finding::Proven | Finding::Undecided => String::new(),
    };
    (claim.name.clone(), words)
}

#[test]
fn an_errand_with_retries_is_proven() {
    let graph = graph("fetch", |graph| {
        graph.activity("fetch").timeout(Duration::from_secs(2)).retry(RetryPolicy::new(3));
        graph.final_state("home");
        graph.final_state("given up");
        graph.transition("fetch", "home").done();
        graph.transition("fetch", "given up").failed();
    });
    let proof = Prover::of(&graph).prove();
    proof.assert_proven();
    assert_eq!(proof.states(), 5, "{proof}");
}

#[test]
fn a_choice_whose_guards_may_both_refuse_gets_stuck() {
    let graph = graph("work", |graph| {
        graph.activity("work");
        graph.choice("which");
        graph.final_state("good");
        graph.final_state("bad");
        graph.transition("work", "which").done();
        graph.transition("work", "bad").failed();
        graph.transition("which", "good").guard("is good");
        graph.transition("which", "bad").guard("is bad");
    });
    let proof = Prover::of(&graph).prove();
    insta::assert_snapshot!(proof, @r"
    refuted    nothing gets stuck:
                 1. the run begins -> work
                 2. `work` ends well (`is good` does not hold, `is bad` does not hold) -> which
    proven     nothing is left behind at the end
    proven     a crash between any two steps loses nothing
    proven     a run can be cancelled at any time
    proven     a run can always end
    proven     every state can be reached
    proven     every transition can be taken
    proven     no failure is repeated for ever
    proven     a run in which all is answered can end
    proven     time goes on
    explored all there is: 5 states of a run, 5 steps, at most 2 from the start; the bound was 250000 states
    ");
    assert_eq!(only_fault(&proof).0, standard::NEVER_STUCK);
}

#[test]
fn a_failure_that_leads_back_to_itself_is_repeated_for_ever() {
    let graph = graph("work", |graph| {
        graph.activity("work");
        graph.final_state("end");
        graph.transition("work", "end").done();
        graph.transition("work", "work").failed();
    });
    let proof = Prover::of(&graph).prove();
    let (name, words) = only_fault(&proof);
    assert_eq!(name, standard::ENDS_IN_FAILURE);
    insta::assert_snapshot!(words, @r"
    1. the run begins -> work
    2. from here on everything fails -> work
    3. `work` fails for good -> work
       and so on, again and again from 3
    ");
}

#[test]
fn a_join_that_waits_for_more_than_can_come_gets_stuck() {
    let graph = graph("fork", |graph| {
        let fork = graph.fork("fork", "join").id();
        for name in ["a", "b"] {
            graph.activity(name).within(fork);
            graph.transition("fork", name);
            graph.transition(name, "both").done();
        }
        graph.transition("a", "both").failed();
        graph.transition("b", "join").failed();
        graph.join("both", JoinRule::AtLeast(2.try_into().unwrap())).within(fork);
        graph.join("join", JoinRule::All);
        graph.final_state("end");
        graph.transition("both", "join");
        graph.transition("join", "end");
    });
    let proof = Prover::of(&graph).prove();
    let (name, words) = only_fault(&proof);
    assert_eq!(name, standard::NEVER_STUCK);
    insta::assert_snapshot!(words, @r"
    1. the run begins -> a, b
    2. `a` ends well -> b
    3. `b` fails for good -> join
    ");
}

#[test]
fn timers_without_a_length_that_set_each_other_stop_the_time() {
    let graph = graph("round", |graph| {
        graph.simple("round");
        graph.simple("and round");
        graph.transition("round", "and round").after(Duration::ZERO);
        graph.transition("and round", "round").after(Duration::ZERO);
    });
    let (name, words) = only_fault(&Prover::of(&graph).prove());
    assert_eq!(name, standard::TIME_GOES_ON);
    insta::assert_snapshot!(words, @r"
    1. the run begins -> round
    2. from here on no time passes -> round
    3. 0ns have passed since `round` was entered -> and round
    4. 0ns have passed since `and round` was entered -> round
       and so on, again and again from 3
    ");
}

#[test]
fn calls_that_hand_on_to_each_other_never_end_unless_one_takes_too_long() {
    let graph = graph("ping", |graph| {
        graph.activity("ping");
        graph.activity("pong").timeout(Duration::from_secs(1));
        graph.final_state("end");
        graph.transition("ping", "pong").done();
        graph.transition("ping", "pong").failed();
        graph.transition("pong", "ping").done();
        graph.transition("pong", "ping").failed();
        graph.transition("pong", "end").timed_out();
    });
    let (name, words) = only_fault(&Prover::of(&graph).prove());
    assert_eq!(name, standard::ENDS_IF_ANSWERED);
    insta::assert_snapshot!(words, @r"
    1. the run begins -> ping
    2. from here on every activity answers in time -> ping
    3. `ping` ends well -> pong
    4. `pong` ends well -> ping
       and so on, again and again from 3
    ");
}

#[test]
fn a_machine_that_is_meant_to_run_for_ever_is_proven_too() {
    let graph = graph("beat", |graph| {
        graph.activity("beat");
        graph.delay("rest", Duration::from_secs(30));
        graph.transition("beat", "rest").done();
        graph.transition("beat", "rest").failed();
        graph.transition("rest", "beat").done();
    });
    let proof = Prover::of(&graph).prove();
    proof.assert_proven();
    assert!(proof.claim(standard::GOES_ON).is_some(), "{proof}");
    assert!(proof.claim(standard::CAN_END).is_none(), "{proof}");
}

#[test]
fn a_pause_that_is_longer_than_the_deadline_around_it_never_ends() {
    let graph = graph("run", |graph| {
        graph.composite("run", "pause");
        graph.delay("pause", Duration::from_secs(5)).within("run");
        graph.final_state("end");
        graph.final_state("late");
        graph.transition("pause", "end").done();
        graph.transition("run", "late").after(Duration::from_secs(1));
    });
    let proof = Prover::of(&graph).prove();
    let missed = |names: &[&str]| {
        Some(Finding::Missed(names.iter().map(|name| (*name).to_owned()).collect()))
    };
    assert_eq!(proof.claim(standard::EVERY_STATE).cloned(), missed(&["`end`"]));
    let transition = missed(&["`pause` -> `end` on done"]);
    assert_eq!(proof.claim(standard::EVERY_TRANSITION).cloned(), transition);
    assert_eq!(proof.claim(standard::DEADLINE_ENDS), Some(&Finding::Proven));
}

#[test]
fn a_bound_that_is_reached_leaves_open_what_it_could_not_tell() {
    let graph = graph("work", |graph| {
        graph.activity("work");
        graph.final_state("end");
        graph.transition("work", "end").done();
        graph.transition("work", "end").failed();
    });
    let proof = Prover::of(&graph).max_states(2).prove();
    assert!(!proof.is_proven(), "{proof}");
    assert_eq!(proof.refuted().count(), 0, "{proof}");
    assert_eq!(proof.claim(standard::CAN_END), Some(&Finding::Undecided));
    assert_eq!(proof.bound(), Some("stopped at 2 states"));
}

#[test]
fn a_pause_that_hears_nothing_does_not_end_what_is_repeated() {
    let graph = graph("try", |graph| {
        graph.activity("try");
        graph.simple("wait");
        graph.final_state("ok");
        graph.transition("try", "ok").done();
        graph.transition("try", "wait").failed();
        graph.transition("wait", "try").after(Duration::from_secs(5));
    });
    assert_eq!(only_fault(&Prover::of(&graph).prove()).0, standard::ENDS_IN_FAILURE);
}

#[test]
fn a_run_that_rests_at_an_inner_end_waits_for_what_the_state_around_hears() {
    let graph = graph("box", |graph| {
        let outer = graph.composite("box", "try").id();
        graph.activity("try").within(outer);
        graph.final_state("sad").within(outer);
        graph.final_state("ok");
        graph.transition("try", "ok").done();
        graph.transition("try", "sad").failed();
        graph.transition("box", "box").on("again");
        graph.transition("box", "ok").on("quit");
    });
    Prover::of(&graph).prove().assert_proven();
}

#[test]
fn a_guard_that_can_never_hold_is_no_way_on() {
    struct Never;
    impl Logic for Never {
        fn is_possible(&self, answers: &[(GuardId, bool)]) -> bool {
            answers.iter().all(|(_, holds)| !holds)
        }
    }
    let graph = graph("a", |graph| {
        graph.simple("a");
        graph.simple("b");
        graph.transition("a", "b").on("go");
        graph.transition("b", "a").on("tick").guard("never");
    });
    let proof = Prover::with_logic(&graph, Never).prove();
    assert!(proof.claim(standard::GOES_ON).is_some_and(Finding::is_refuted), "{proof}");
}
