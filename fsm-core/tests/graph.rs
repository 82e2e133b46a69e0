//! What is wrong with graphs, as their authors read it, and how large and deep sound ones may be.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use fsm_core::{
    Bindings, BuildError, Event, EventKey, Graph, GraphBuilder, GraphDocument, GraphFaults,
    JoinRule, Machine, RetryPolicy,
};
use fsm_testkit::strategies::{Size, any_graph};
use proptest::prelude::*;
use serde_json::json;

fn build(write: impl FnOnce(&mut GraphBuilder)) -> Result<Graph, GraphFaults> {
    let mut builder = Graph::builder("sketch");
    write(&mut builder);
    builder.build()
}

fn faults(write: impl FnOnce(&mut GraphBuilder)) -> String {
    build(write).expect_err("the graph has faults").to_string()
}

fn at_least(count: u32) -> JoinRule {
    JoinRule::AtLeast(NonZeroU32::new(count).expect("a test's count is positive"))
}

/// A `main` that returns an error prints its `Debug`.
#[test]
fn faults_read_the_same_as_debug() {
    let unsound = build(|g| {
        g.simple("");
    });
    let faults = unsound.expect_err("the graph has faults");
    assert_eq!(format!("{faults:?}"), faults.to_string());
    let all = BuildError::from(faults);
    assert_eq!(format!("{all:?}"), all.to_string());

    let graph = build(|g| {
        g.initial("a").activity("a");
        g.transition("a", "a").on("go");
    });
    let unbound = Machine::bind(graph.expect("a graph"), Bindings::<(), String>::new());
    let faults = unbound.expect_err("nothing is bound");
    assert_eq!(format!("{faults:?}"), faults.to_string());
}

#[test]
fn faults_of_names_are_reported_all_at_once() {
    let text = faults(|g| {
        g.simple("");
        g.simple("twice");
        g.simple("twice");
        g.transition("twice", "nowhere").on("go");
    });
    insta::assert_snapshot!(text, @"
    graph `sketch` has 4 faults:
      - a state has an empty name; give it one
      - state `twice` is declared twice; rename one of them
      - state `nowhere` is used but never declared; declare it or correct the name
      - no initial state is declared; name one with `initial`
    ");
}

#[test]
fn nesting_that_can_t_be_is_reported() {
    let text = faults(|g| {
        g.simple("leaf");
        g.simple("under a leaf").within("leaf");
        g.composite("lost", "a").within("a");
        g.composite("a", "b").within("b");
        g.composite("b", "a").within("a");
        g.initial("leaf");
    });
    insta::assert_snapshot!(text, @"
    graph `sketch` has 2 faults:
      - state `under a leaf` lies within `leaf`, which holds no states; use a composite or parallel state, or a fork with a join
      - state `a` lies within `b`, which lies within it in turn: states can't hold one another in a ring
    ");
}

/// Cause: a chain of parents that leads into a ring, without being part of it, was followed for
/// ever.
#[test]
fn a_state_whose_parents_go_round_elsewhere_is_no_endless_loop() {
    let text = faults(|g| {
        g.simple("outside").within("x");
        g.composite("x", "y").within("y");
        g.composite("y", "x").within("x");
        g.initial("outside");
    });
    assert!(text.contains("in a ring"), "{text}");
}

#[test]
fn faults_of_single_states_are_reported() {
    let text = faults(|g| {
        g.composite("box", "outside");
        g.simple("inside").within("box");
        g.simple("outside").retry(RetryPolicy::new(1));
        g.choice("which").timeout(Duration::from_secs(1));
        g.split("split");
        g.join("lonely", JoinRule::All);
        g.fork("fork", "outside");
        g.initial("outside");
    });
    insta::assert_snapshot!(text, @"
    graph `sketch` has 6 faults:
      - composite state `box` starts at `outside`, which does not lie within it
      - state `outside` has a retry policy, but does no work; only activities and machines do
      - state `which` has a timeout, but does no work; only activities and machines do
      - `split`: a split needs the scope of a fork around it
      - `fork`: `outside` closes this fork but is not a join
      - `lonely`: a join that closes no fork needs a number of arrivals (`AtLeast`)
    ");
}

#[test]
fn faults_of_single_transitions_are_reported() {
    let text = faults(|g| {
        g.fork("fork", "join");
        g.join("join", JoinRule::All);
        g.activity("a").within("fork");
        g.split("split").within("fork");
        g.simple("wait");
        g.choice("which");
        g.final_state("end");
        g.initial("wait");
        g.transition("wait", "a").on("jump");
        g.transition("wait", "join").on("jump on");
        g.transition("wait", "which");
        g.transition("wait", "which").done();
        g.transition("wait", "which").failed();
        g.transition("which", "end").on("never");
        g.transition("end", "wait").on("again");
        g.transition("fork", "a").guard("perhaps");
        g.transition("fork", "end");
        g.transition("fork", "end").failed();
        g.transition("split", "a").after(Duration::ZERO);
    });
    insta::assert_snapshot!(text, @"
    graph `sketch` has 11 faults:
      - transition `wait` -> `a` (jump): it jumps into the scope of a fork; lead it to the fork itself
      - transition `wait` -> `join` (jump on): it leads to the join of a fork from outside; lead it to the fork
      - transition `wait` -> `which` (at once): only choices, forks, and joins go on at once; say what it waits for (`on`, `done`, `failed`, `after`)
      - transition `wait` -> `which` (done): only activities, delays, machines, composite and parallel states end
      - transition `wait` -> `which` (failed): only activities and machines fail
      - transition `which` -> `end` (never): choices, splits, and joins go on at once; they wait for nothing
      - transition `end` -> `wait` (again): a final state has no way on
      - transition `fork` -> `a` (at once): a fork takes all of its branches; put the guard on a choice behind it
      - transition `fork` -> `end` (at once): a branch must lead to a state within the fork
      - transition `fork` -> `end` (failed): only activities and machines fail
      - transition `split` -> `a` (after 0ns): choices, splits, and joins go on at once; they wait for nothing
    ");
}

#[test]
fn faults_of_paths_are_reported() {
    let text = faults(|g| {
        g.simple("start");
        g.simple("island");
        g.simple("trap");
        g.choice("spin");
        g.choice("whirl");
        g.choice("nothing");
        g.final_state("end");
        g.initial("start");
        g.transition("start", "trap").on("fall");
        g.transition("start", "end").on("go");
        g.transition("start", "spin").on("go");
        g.transition("start", "nothing").on("stop");
        g.transition("island", "end").on("go");
        g.transition("trap", "trap").on("sit");
        g.transition("spin", "whirl").guard("more");
        g.transition("spin", "end");
        g.transition("whirl", "spin");
    });
    insta::assert_snapshot!(text, @"
    graph `sketch` has 5 faults:
      - transition `start` -> `spin` (go) is never taken: an earlier one without a guard always wins; move it up or give that one a guard
      - state `island` can't be reached; lead a transition to it or remove it
      - from state `trap` no final state can be reached; give it a way on
      - from state `nothing` no final state can be reached; give it a way on
      - eventless transitions go round for ever: spin -> whirl -> spin
    ");
}

#[test]
fn without_final_states_a_state_without_transitions_is_a_dead_end() {
    let text = faults(|g| {
        g.simple("start");
        g.simple("stop");
        g.transition("start", "stop").on("go");
        g.initial("start");
    });
    insta::assert_snapshot!(text, @"
    graph `sketch` has 1 fault:
      - state `stop` has no transitions and is not final; give it a way on
    ");
}

#[test]
fn a_choice_without_a_way_on_is_found_also_inside_a_state_that_has_one() {
    let text = faults(|g| {
        g.composite("box", "wait");
        g.simple("wait").within("box");
        g.choice("which").within("box");
        g.transition("wait", "which").on("go");
        g.transition("box", "end").on("leave");
        g.final_state("end");
        g.initial("box");
    });
    insta::assert_snapshot!(text, @"
    graph `sketch` has 1 fault:
      - state `which` has no transitions and is not final; give it a way on
    ");
}

/// Cause: parallel states alone were asked, so that a run rested in a composite state for ever and
/// what comes behind it counted as reached.
#[test]
fn a_composite_state_that_is_left_once_it_is_done_needs_a_final_state_right_within_it() {
    let boxed = |g: &mut GraphBuilder, around: &str| {
        g.composite("box", "inner");
        g.composite("inner", "wait").within("box");
        g.simple("wait").within("inner");
        g.final_state("stop").within(around);
        g.transition("wait", "stop").on("go");
        g.transition("box", "end").done();
        g.final_state("end");
        g.initial("box");
    };
    insta::assert_snapshot!(faults(|g| boxed(g, "inner")), @"
    graph `sketch` has 1 fault:
      - transition `box` -> `end` (done): the composite state is never done, because it has no final state right within it
    ");
    let graph = build(|g| boxed(g, "box"));
    assert!(graph.is_ok(), "{graph:?}");
}

#[test]
fn joins_that_can_never_fill_are_reported() {
    let fork = |rule: JoinRule| {
        faults(|g| {
            g.fork("fork", "join");
            g.join("join", rule);
            g.simple("a").within("fork");
            g.simple("b").within("fork");
            g.final_state("end");
            g.transition("fork", "a");
            g.transition("fork", "b");
            g.transition("a", "join").on("go");
            g.transition("b", "end").on("go");
            g.transition("join", "end");
            g.initial("fork");
        })
    };
    insta::assert_snapshot!(fork(JoinRule::All), @"
    graph `sketch` has 1 fault:
      - fork `fork`: its join `join` can never fill: the branch at `b` has no way to it
    ");
    insta::assert_snapshot!(fork(at_least(2)), @"
    graph `sketch` has 1 fault:
      - fork `fork`: its join `join` can never fill: it needs 2 arrivals, 1 can come
    ");
    let counted = faults(|g| {
        g.fork("fork", "join");
        g.join("join", JoinRule::Any);
        g.simple("a").within("fork");
        g.join("gather", at_least(2)).within("fork");
        g.final_state("end");
        g.transition("fork", "a");
        g.transition("a", "gather").on("go");
        g.transition("a", "join").on("skip");
        g.transition("gather", "join");
        g.transition("join", "end");
        g.initial("fork");
    });
    insta::assert_snapshot!(counted, @"
    graph `sketch` has 1 fault:
      - fork `fork`: its join `gather` can never fill: it needs 2 arrivals, 1 can come
    ");
}

/// Cause: the states before a join inside a scope were counted, not the tokens.
#[test]
fn two_branches_may_come_to_a_join_by_the_same_state() {
    let graph = build(|g| {
        g.fork("fork", "join");
        g.join("join", JoinRule::All);
        g.join("gather", at_least(2)).within("fork");
        for state in ["a", "b", "both"] {
            g.simple(state).within("fork");
        }
        g.transition("fork", "a");
        g.transition("fork", "b");
        g.transition("a", "both").on("go");
        g.transition("b", "both").on("go");
        g.transition("both", "gather").on("on");
        g.transition("gather", "join");
        g.transition("join", "end");
        g.final_state("end");
        g.initial("fork");
    });
    assert!(graph.is_ok(), "{graph:?}");
}

/// Cause: the tokens of such a split shared one visit of the composite state and left it twice.
#[test]
fn a_split_inside_a_composite_state_is_refused() {
    let text = faults(|g| {
        g.fork("fork", "join");
        g.join("join", JoinRule::All);
        g.composite("box", "split").within("fork");
        g.split("split").within("box");
        g.simple("a").within("box");
        g.transition("fork", "box");
        g.transition("split", "a");
        g.transition("a", "join").on("go");
        g.transition("join", "end");
        g.final_state("end");
        g.initial("fork");
    });
    insta::assert_snapshot!(text, @"
    graph `sketch` has 1 fault:
      - `split`: a split must lie in the scope of a fork itself, not in a composite state within it; use a fork with a join there
    ");
}

/// Cause: a branch that ends in a final state arrives at the join at once, which the search for
/// cycles did not know.
#[test]
fn a_cycle_of_one_state_names_it_twice() {
    let text = faults(|g| {
        g.choice("spin");
        g.simple("rest");
        g.transition("spin", "rest").guard("tired");
        g.transition("spin", "spin");
        g.transition("rest", "spin").on("go");
        g.initial("spin");
    });
    assert!(text.contains("go round for ever: spin -> spin"), "{text}");
}

#[test]
fn a_cycle_through_the_final_state_of_a_branch_is_found() {
    let text = faults(|g| {
        g.fork("fork", "join");
        g.join("join", JoinRule::All);
        g.final_state("branch end").within("fork");
        g.transition("fork", "branch end");
        g.choice("which");
        g.transition("join", "which");
        g.transition("which", "fork").guard("more");
        g.transition("which", "end");
        g.final_state("end");
        g.initial("fork");
    });
    insta::assert_snapshot!(text, @"
    graph `sketch` has 1 fault:
      - eventless transitions go round for ever: join -> which -> fork -> branch end -> join
    ");
}

/// Cause: the join was taken for unreachable where no transition leads to it.
/// Two regions whose first states `first` and `second` are, and a way back once both have ended.
fn rounds(g: &mut GraphBuilder, first: &str, second: &str) {
    g.choice("again");
    g.parallel("both");
    g.composite("left", first).within("both");
    g.composite("right", second).within("both");
    for (region, way, work, end) in
        [("left", "l way", "l work", "l end"), ("right", "r way", "r work", "r end")]
    {
        g.choice(way).within(region);
        g.activity_running(work, "work").within(region);
        g.final_state(end).within(region);
        g.transition(way, end);
        g.transition(work, end).done();
        g.transition(work, way).failed();
    }
    g.transition("both", "again").done();
    g.transition("again", "stop").guard("enough");
    g.simple("stop");
    g.transition("stop", "l work").on("left").also("r way");
    g.transition("stop", "l way").on("right").also("r work");
    g.initial("again");
}

/// Cause: how a parallel state ends was left out, so `settle` went round for ever.
#[test]
fn a_cycle_through_a_parallel_state_whose_regions_end_by_themselves_is_found() {
    let text = faults(|g| {
        rounds(g, "l way", "r way");
        g.transition("again", "both");
    });
    insta::assert_snapshot!(text, @"
    graph `sketch` has 1 fault:
      - eventless transitions go round for ever: again -> both -> again
    ");
    for (first, second) in [("l work", "r way"), ("l way", "r work")] {
        let graph = build(|g| {
            rounds(g, first, second);
            g.transition("again", "both");
        });
        assert!(graph.is_ok(), "one region waits: {graph:?}");
    }
}

/// Cause: a state within was looked at where the parallel state between had ended.
#[test]
fn a_cycle_that_enters_a_parallel_state_within_another_is_found() {
    let text = faults(|g| {
        g.parallel("outer");
        g.parallel("inner").within("outer");
        g.composite("region", "end").within("inner");
        g.final_state("end").within("region");
        g.transition("outer", "region").done();
        g.transition("outer", "stop").on("stop");
        g.final_state("stop");
        g.initial("outer");
    });
    insta::assert_snapshot!(text, @"
    graph `sketch` has 1 fault:
      - eventless transitions go round for ever: outer -> outer
    ");
}

/// What begins by itself beside the state that is named may end the region around both.
#[test]
fn a_cycle_through_a_region_beside_the_one_that_is_named_is_found() {
    let text = faults(|g| {
        g.parallel("outer");
        g.composite("region", "wait").within("outer");
        g.simple("wait").within("region");
        g.transition("wait", "end").on("go");
        g.final_state("end").within("region");
        g.parallel("inner").within("region");
        g.composite("restless", "restless end").within("inner");
        g.final_state("restless end").within("restless");
        g.transition("restless", "end").done();
        g.composite("named", "rest").within("inner");
        g.simple("rest").within("named");
        g.transition("outer", "rest").done();
        g.transition("outer", "stop").on("stop");
        g.final_state("stop");
        g.initial("outer");
    });
    insta::assert_snapshot!(text, @"
    graph `sketch` has 1 fault:
      - eventless transitions go round for ever: outer -> outer
    ");
}

/// Found by a random chart that was taken for a false alarm.
#[test]
fn a_cycle_that_only_the_order_of_regions_breaks_is_a_cycle() {
    let text = faults(|g| {
        g.parallel("both");
        g.composite("first", "first end").within("both");
        g.final_state("first end").within("first");
        g.transition("first", "stop").done();
        g.composite("second", "second rest").within("both");
        g.simple("second rest").within("second");
        g.transition("second rest", "second end").on("go");
        g.final_state("second end").within("second");
        g.transition("second", "second end").done();
        g.simple("stop");
        g.transition("stop", "both").on("again");
        g.initial("both");
    });
    insta::assert_snapshot!(text, @"
    graph `sketch` has 1 fault:
      - eventless transitions go round for ever: second end -> second end
    ");
}

#[test]
fn a_cycle_that_enters_the_regions_by_name_is_found_as_well() {
    let text = faults(|g| {
        rounds(g, "l work", "r work");
        g.transition("again", "l way").also("r end");
    });
    insta::assert_snapshot!(text, @"
    graph `sketch` has 1 fault:
      - eventless transitions go round for ever: again -> both -> again
    ");
    let graph = build(|g| {
        rounds(g, "l work", "r work");
        g.transition("again", "l end");
    });
    assert!(graph.is_ok(), "the other region begins by itself, and waits: {graph:?}");
}

#[test]
fn a_cycle_through_a_region_that_begins_by_itself_is_found_whichever_others_are_named() {
    const REGIONS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];
    let rounds = |restless: &str, named: &[&str]| {
        build(|g| {
            g.choice("again");
            g.parallel("both");
            for region in REGIONS {
                let (way, rest) = (format!("{region} way"), format!("{region} rest"));
                g.composite(region, if region == restless { &way } else { &rest }).within("both");
                g.choice(&way).within(region);
                g.simple(&rest).within(region);
                g.transition(&way, "again");
                g.transition(&rest, &way).on("go");
            }
            let targets: Vec<String> =
                named.iter().map(|region| format!("{region} rest")).collect();
            let edge = g.transition("again", &targets[0]);
            targets[1..].iter().fold(edge, |edge, target| edge.also(target));
            g.initial("again");
        })
    };
    for restless in REGIONS {
        for named in [&["a"][..], &["d"], &["g", "a"], &["b", "f", "d"], &["c", "b", "e", "f"]] {
            let is_cycle = !named.contains(&restless);
            let built = rounds(restless, named);
            assert_eq!(built.is_err(), is_cycle, "{restless} restless, {named:?} named: {built:?}");
            if let Err(faults) = built {
                assert!(faults.to_string().contains("go round for ever"), "{faults}");
            }
        }
    }
}

/// Cause: each of many ways into a parallel state had a way of its own to each of its regions.
#[test]
fn four_thousand_ways_at_once_into_as_many_regions_stand() {
    const COUNT: usize = 4_000;
    let begun = Instant::now();
    let graph = build(|g| {
        g.choice("which");
        g.parallel("both");
        for number in 0..COUNT {
            let region = format!("r{number}");
            g.simple(&region).within("both");
            g.transition("which", &region).guard(&region);
        }
        g.transition("both", "which").on("again");
        g.initial("which");
    });
    assert!(graph.is_ok(), "{graph:?}");
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn a_cycle_through_parallel_states_within_one_another_is_found() {
    let nested = |g: &mut GraphBuilder, innermost: &str| {
        g.parallel("outer");
        g.parallel("inner").within("outer");
        g.composite("region", innermost).within("inner");
        g.simple("rest").within("region");
        g.final_state("end").within("region");
        g.transition("rest", "end").on("go");
        g.choice("again");
        g.transition("outer", "again").done();
        g.transition("again", "rest").guard("seldom");
        g.transition("again", "outer");
        g.initial("outer");
    };
    insta::assert_snapshot!(faults(|g| nested(g, "end")), @"
    graph `sketch` has 1 fault:
      - eventless transitions go round for ever: outer -> again -> outer
    ");
    let graph = build(|g| nested(g, "rest"));
    assert!(graph.is_ok(), "{graph:?}");
}

/// Cause: the picture began at `a2`, the run at `a1`, and its snapshot was refused.
#[test]
fn a_run_can_t_start_inside_a_region() {
    let regions = |g: &mut GraphBuilder| {
        g.parallel("both");
        g.composite("a", "a1").within("both");
        g.simple("a1").within("a");
        g.simple("a2").within("a");
        g.transition("a1", "a2").on("e");
        g.simple("b").within("both");
        g.transition("a2", "a1").on("e");
        g.internal("b").on("e");
    };
    let told = faults(|g| {
        regions(g);
        g.initial("a2");
    });
    insta::assert_snapshot!(told, @"
    graph `sketch` has 1 fault:
      - parallel state `both`: a run can't start inside a region, at `a2`; start at the parallel state, or at a choice that leads there
    ");
    // A choice says where within.
    let stands = build(|g| {
        regions(g);
        g.choice("begin");
        g.transition("begin", "a2");
        g.initial("begin");
    });
    assert_eq!(stands.map(|graph| graph.name_of(graph.initial()).to_owned()), Ok("begin".into()));
}

/// Cause: regions stood in the order in which their names first came up.
#[test]
fn regions_stand_in_the_order_in_which_they_are_declared_wherever_they_are_mentioned_before() {
    let graph = build(|g| {
        g.simple("start");
        g.transition("start", "third").on("go").also("second");
        g.transition("start", "both").on("all");
        g.parallel("both");
        for region in ["first", "second", "third"] {
            g.simple(region).within("both");
            g.transition(region, "start").on("back");
        }
        g.initial("start");
    });
    let graph = graph.expect("the graph is sound");
    let regions = |graph: &Graph, parallel: &str| -> Vec<String> {
        let parallel = graph.state(parallel).expect("it is there");
        graph.regions(parallel).iter().map(|it| graph.name_of(*it).to_owned()).collect()
    };
    assert_eq!(regions(&graph, "both"), ["first", "second", "third"]);

    let text = serde_json::to_string(&GraphDocument::from(&graph)).expect("a document is data");
    let document: GraphDocument = serde_json::from_str(&text).expect("what was written is read");
    let back = Graph::try_from(document).expect("it was sound before");
    assert_eq!(regions(&back, "both"), ["first", "second", "third"]);
    assert_eq!(back.fingerprint(), graph.fingerprint());

    let outer = build(|g| {
        g.embed("inside", &graph);
        g.initial("inside");
    });
    let outer = outer.expect("the graph is sound");
    let embedded = ["inside.first", "inside.second", "inside.third"];
    assert_eq!(regions(&outer, "inside.both"), embedded);

    let text = text.replace(r#""regions":["first""#, r#""regions":["start""#);
    let document: GraphDocument = serde_json::from_str(&text).expect("its form is right");
    let faults = Graph::try_from(document).expect_err("`start` is no region");
    assert!(faults.to_string().contains("`start` is listed as its region"), "{faults}");
}

#[test]
fn a_join_that_only_final_states_lead_to_is_reached() {
    let graph = build(|g| {
        g.fork("fork", "join");
        g.join("join", JoinRule::All);
        g.activity("a").within("fork");
        g.final_state("branch end").within("fork");
        g.transition("fork", "a");
        g.transition("a", "branch end").done();
        g.transition("join", "end");
        g.final_state("end");
        g.initial("fork");
    });
    assert!(graph.is_ok(), "{graph:?}");
}

/// Cause: once a transition had led to the inside of a composite state, entering that one by
/// name was no longer followed to its initial state.
#[test]
fn the_initial_state_is_reached_also_after_another_inner_state_was() {
    let graph = build(|g| {
        g.composite("box", "first");
        g.simple("first").within("box");
        g.simple("second").within("box");
        g.simple("start");
        g.transition("start", "box").on("enter");
        g.transition("start", "second").on("jump");
        g.transition("first", "second").on("go");
        g.transition("box", "start").on("leave");
        g.initial("start");
    });
    assert!(graph.is_ok(), "{graph:?}");
}

/// Builds, freezes, and begins a graph, within a bound that quadratic work would break.
fn stands(write: impl FnOnce(&mut GraphBuilder)) -> Graph {
    let begun = Instant::now();
    let graph = build(write).expect("the graph is sound");
    let work =
        Bindings::<(), ()>::new().activity("work", |_, _| async { fsm_core::Outcome::done() });
    let machine = Machine::bind(graph.clone(), work).expect("its names are bound");
    let mut run = machine.snapshot((), 1);
    let mut effects = fsm_core::Effects::new();
    let now = fsm_core::Timestamp::ZERO;
    machine
        .step(&mut run, now, &fsm_core::Input::Start, &mut effects, &mut ())
        .expect("`Start` comes first");
    machine.restore(&run, &mut effects).expect("its own snapshot is whole");
    machine
        .step(&mut run, now, &fsm_core::Input::Cancel, &mut effects, &mut ())
        .expect("a run can be cancelled");
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?} for {} states", graph.states().count());
    graph
}

#[test]
fn a_chain_of_two_hundred_thousand_states_stands() {
    stands(|g| {
        let mut before = g.activity_running("s0", "work").id();
        for index in 1..200_000 {
            let state = g.activity_running(&format!("s{index}"), "work").id();
            g.transition(before, state).done();
            before = state;
        }
        let end = g.final_state("end").id();
        g.transition(before, end).done();
        g.initial("s0");
    });
}

/// Cause: each action of a list made a list of all before it, for ever.
#[test]
fn a_transition_and_a_state_with_twenty_thousand_actions_stand() {
    const COUNT: usize = 20_000;
    let names: Vec<String> = (0..COUNT).map(|number| format!("a{number}")).collect();
    let begun = Instant::now();
    let graph = build(|g| {
        let mut state = g.simple("s");
        for name in &names {
            state = state.entry(name);
        }
        let mut edge = g.transition("s", "s").on("go");
        for name in &names {
            edge = edge.action(name);
        }
        g.initial("s");
    });
    let graph = graph.expect("the graph is sound");
    assert!(graph.transitions().all(|(_, edge)| graph.actions_of(edge).eq(&names)));
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
}

/// Cause: every two targets of a transition were compared, and each one copied those before it.
#[test]
fn a_transition_to_fifty_thousand_regions_stands() {
    let regions: Vec<String> = (0..50_000).map(|number| format!("r{number}")).collect();
    stands(|g| {
        g.simple("start");
        g.parallel("both");
        for region in &regions {
            g.simple(region).within("both");
        }
        let first = g.transition("start", &regions[0]).on("go");
        regions[1..].iter().fold(first, |edge, region| edge.also(region));
        g.transition("both", "start").on("back");
        g.initial("start");
    });
}

/// Cause: what a composite state has was laid down in each state within it, without end: here
/// sixteen million pieces of code.
#[test]
fn a_composite_state_with_four_thousand_ways_and_as_many_states_stands_and_decides_as_ever() {
    struct Go;
    impl Event for Go {
        fn key(&self) -> EventKey<'_> {
            EventKey::Name("go")
        }
    }
    const COUNT: usize = 4_000;
    let begun = Instant::now();
    let graph = build(|g| {
        g.composite("box", "s0");
        for number in 0..COUNT {
            let name = format!("s{number}");
            g.simple(&name).within("box");
            g.transition("box", &name).on("go").guard(&name);
        }
        g.initial("box");
    });
    let guards = (0..COUNT).fold(Bindings::<usize, Go>::new(), |guards, number| {
        guards.guard(format!("s{number}"), move |wanted, _| *wanted == number)
    });
    let machine = Machine::bind(graph.expect("the graph is sound"), guards);
    let machine = machine.expect("its names are bound");
    for wanted in [0, 7, COUNT - 1] {
        let mut run = machine.begin(wanted);
        for _ in 0..2 {
            machine.send(&mut run, Go).expect("one guard holds");
            let (state, _) = run.tokens().next().expect("it rests");
            assert_eq!(machine.graph().name_of(state), format!("s{wanted}"));
        }
    }
    let mut run = machine.begin(COUNT);
    assert!(machine.send(&mut run, Go).is_err(), "no guard holds");
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn targets_that_share_a_region_are_found_wherever_they_stand_in_the_list() {
    let leads_to = |targets: [&str; 3]| {
        build(|g| {
            g.simple("start");
            g.parallel("both");
            for region in ["left", "right"] {
                g.parallel(region).within("both");
                for (number, end) in ["a", "b"].iter().enumerate() {
                    let name = format!("{region} {end}");
                    g.composite(&name, &format!("{name} {number}")).within(region);
                    g.simple(&format!("{name} {number}")).within(&name);
                }
            }
            let [first, second, third] = targets;
            g.transition("start", first).on("go").also(second).also(third);
            g.transition("both", "start").on("back");
            g.initial("start");
        })
    };
    for apart in [["left a", "right b", "left b"], ["right a 0", "left b 1", "right b"]] {
        assert!(leads_to(apart).is_ok(), "{apart:?}");
    }
    for shared in [
        ["left a", "right", "left a"],
        ["left a 0", "right", "left a"],
        ["left", "right a", "left b 1"],
        ["both", "left", "right"],
        ["left", "start", "right"],
    ] {
        let faults = leads_to(shared).expect_err("two of them are in one region").to_string();
        assert!(faults.contains("must lie in different regions"), "{faults}");
    }
}

#[test]
fn ten_thousand_composite_states_within_one_another_stand() {
    const DEPTH: usize = 10_000;
    stands(|g| {
        for level in 0..DEPTH {
            let inner = format!("c{}", level + 1);
            let state = g.composite(&format!("c{level}"), &inner);
            if level > 0 {
                state.within(&format!("c{}", level - 1));
            }
        }
        g.simple(&format!("c{DEPTH}")).within(&format!("c{}", DEPTH - 1));
        for level in (0..=DEPTH).step_by(7) {
            g.transition(&format!("c{level}"), "c0").on(["a", "b", "c"][level % 3]);
        }
        g.initial("c0");
    });
}

#[test]
fn ten_thousand_forks_within_one_another_stand() {
    const DEPTH: usize = 10_000;
    stands(|g| {
        for level in 0..DEPTH {
            let (fork, join) = (format!("f{level}"), format!("j{level}"));
            let outer = format!("f{}", level.saturating_sub(1));
            let state = g.fork(&fork, &join);
            if level > 0 {
                state.within(&outer);
            }
            let state = g.join(&join, JoinRule::All);
            if level > 0 {
                state.within(&outer);
                g.transition(&outer, &fork);
                g.transition(&join, &format!("j{}", level - 1));
            }
        }
        g.activity_running("leaf", "work").within(&format!("f{}", DEPTH - 1));
        g.transition(&format!("f{}", DEPTH - 1), "leaf");
        g.transition("leaf", &format!("j{}", DEPTH - 1)).done();
        g.transition("leaf", "end").failed();
        g.transition("j0", "end");
        g.final_state("end");
        g.initial("f0");
    });
}

#[test]
fn ten_thousand_parallel_states_within_one_another_stand() {
    const DEPTH: usize = 10_000;
    stands(|g| {
        for level in 0..DEPTH {
            let (parallel, region) = (format!("p{level}"), format!("r{level}"));
            let state = g.parallel(&parallel);
            if level > 0 {
                state.within(&format!("r{}", level - 1));
            }
            g.composite(&region, &format!("p{}", level + 1)).within(&parallel);
            g.final_state(&format!("e{level}")).within(&region);
            g.transition(&format!("p{}", level + 1), &format!("e{level}")).done();
        }
        g.delay(&format!("p{DEPTH}"), Duration::from_secs(1)).within(&format!("r{}", DEPTH - 1));
        g.transition("p0", "end").done();
        g.final_state("end");
        g.initial("p0");
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_graph_comes_back_from_its_document_as_it_was(graph in any_graph(Size::SMALL)) {
        let document = GraphDocument::from(&graph);
        let text = serde_json::to_string(&document).expect("a document is data");
        let read: GraphDocument = serde_json::from_str(&text).expect("what was written is read");
        prop_assert_eq!(&read, &document);
        let back = Graph::try_from(read).expect("it was sound before");
        prop_assert_eq!(back.fingerprint(), graph.fingerprint());
        prop_assert_eq!(GraphDocument::from(&back), document);
    }
}

#[test]
fn a_document_is_checked_like_any_other_graph() {
    let text = r#"{
        "name": "broken", "initial": "start",
        "states": [{ "name": "start", "kind": "simple" }],
        "transitions": [{ "from": "start", "to": "gone", "trigger": { "event": "go" } }]
    }"#;
    let document: GraphDocument = serde_json::from_str(text).expect("its form is right");
    let faults = Graph::try_from(document).expect_err("a state is missing");
    assert!(faults.to_string().contains("`gone`"), "{faults}");
}

/// What is wrong with a document; of each state a name and a kind are enough.
fn faults_of(document: serde_json::Value) -> String {
    let document: GraphDocument = serde_json::from_value(document).expect("its form is right");
    Graph::try_from(document).expect_err("the document has faults").to_string()
}

/// Cause: it was taken, and went nowhere.
#[test]
fn an_internal_transition_of_a_document_leads_nowhere_else() {
    let text = faults_of(json!({
        "name": "sketch", "initial": "a",
        "states": [{ "name": "a", "kind": "simple" }, { "name": "b", "kind": "simple" }],
        "transitions": [
            { "from": "a", "to": "b", "internal": true, "trigger": { "event": "stay" } },
            { "from": "a", "to": "b", "trigger": { "event": "go" } },
            { "from": "b", "to": "a", "trigger": { "event": "go" } },
        ],
    }));
    insta::assert_snapshot!(text, @"
    graph `sketch` has 1 fault:
      - transition `a` -> `b` (stay): an internal transition leads nowhere; it stays in the state it begins in
    ");
}

/// Cause: lists of regions were taken that said nothing, or only a part.
#[test]
fn a_document_lists_the_regions_of_parallel_states_only_and_each_of_them_once() {
    let region = |name, outer| json!({ "name": name, "kind": "simple", "within": outer });
    let text = faults_of(json!({
        "name": "sketch", "initial": "start",
        "states": [
            { "name": "start", "kind": "simple", "regions": ["start"] },
            { "name": "some", "kind": "parallel", "regions": ["b"] },
            region("a", "some"), region("b", "some"),
            { "name": "twice", "kind": "parallel", "regions": ["d", "c", "d"] },
            region("c", "twice"), region("d", "twice"),
        ],
        "transitions": [
            { "from": "start", "to": "some", "trigger": { "event": "go" } },
            { "from": "some", "to": "twice", "trigger": { "event": "go" } },
            { "from": "twice", "to": "start", "trigger": { "event": "go" } },
        ],
    }));
    insta::assert_snapshot!(text, @"
    graph `sketch` has 3 faults:
      - state `start` lists regions, and only parallel states have them; remove the list
      - parallel state `some`: its region `a` is missing from the list of its regions
      - parallel state `twice`: its region `d` is listed twice
    ");
}

/// Cause: the composite state was to begin at a state that does not lie right within it.
#[test]
fn a_graph_that_begins_deep_inside_is_laid_into_a_state_that_begins_on_the_way_there() {
    let inner = |first: &str| {
        build(|g| {
            g.composite("both", "region");
            g.composite("region", first).within("both");
            g.simple("begin").within("region");
            g.simple("other").within("region");
            g.transition("begin", "other").on("go");
            g.transition("other", "begin").on("go");
            g.initial("begin");
        })
        .expect("the graph is sound")
    };
    let outer = build(|g| {
        g.embed("inside", &inner("begin"));
        g.initial("inside");
    });
    let outer = Machine::<(), ()>::bind(outer.expect("it is sound"), Bindings::new());
    let outer = outer.expect("it has no names");
    let run = outer.begin(());
    let states = run.tokens().map(|(state, _)| outer.graph().name_of(state));
    assert_eq!(states.collect::<Vec<_>>(), ["inside.begin"]);

    insta::assert_snapshot!(faults(|g| {
        g.embed("inside", &inner("other"));
        g.initial("inside");
    }), @"
    graph `sketch` has 1 fault:
      - graph `sketch`, laid into `inside`, begins at `begin`, deep within `both`, which begins elsewhere; let it begin at `both`, and that one on the way to `begin`
    ");
}
