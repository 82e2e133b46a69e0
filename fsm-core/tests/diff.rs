//! What a change does: single changes in words and in pictures, and that a diff sees whatever a
//! fingerprint sees.

#[path = "draw/dot_reader.rs"]
mod dot_reader;
#[path = "diff/sketch.rs"]
mod sketch;

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use fsm_core::{Graph, GraphBuilder, GraphDiff, JoinRule, RetryPolicy};
use fsm_testkit::strategies::{Size, any_graph};
use proptest::prelude::*;
use serde_json::json;
use sketch::{MUTATIONS, everything, graph, mutated};

/// The door that changes are made to.
fn door(change: impl FnOnce(&mut GraphBuilder)) -> Graph {
    graph(|g| {
        g.simple("closed").entry("lock");
        g.simple("open");
        g.transition("closed", "open").on("push").guard("key held").action("ring");
        g.transition("open", "closed").on("pull");
        g.initial("closed");
        change(g);
    })
}

fn told(old: &Graph, new: &Graph) -> String {
    GraphDiff::between(old, new).to_string()
}

fn at_least(count: u32) -> JoinRule {
    JoinRule::AtLeast(NonZeroU32::new(count).expect("a test's count is positive"))
}

/// What is told of a change to the door.
fn of_door(change: impl FnOnce(&mut GraphBuilder)) -> String {
    told(&door(|_| {}), &door(change))
}

#[test]
fn a_graph_does_not_differ_from_itself() {
    let graph = everything();
    let diff = GraphDiff::between(&graph, &graph.clone());
    assert!(diff.is_empty());
    assert_eq!(diff.to_string(), "no difference\n");
    assert!(diff.drawing().to_dot().contains("no difference"));
}

#[test]
fn what_is_added_is_told_with_all_that_it_does() {
    insta::assert_snapshot!(of_door(|g| {
        g.activity("paint").retry(RetryPolicy::new(2)).timeout(Duration::from_secs(9)).exit("dry");
        g.transition("open", "paint").on("brush").guard("sunny").action("mix").action("stir");
        g.transition("paint", "open").done();
        g.transition("paint", "open").failed();
        g.internal("open").on("draught").action("whistle");
        g.transition("closed", "closed").on("push").guard("windy");
    }), @"
    + state `paint`, an activity, exit / `dry`, retry <= 2 from 1s up to 60s, timeout 9s
    + transition `closed` -> `closed` on `push` [windy] (number 2 of 2)
    + transition `open` -> `paint` on `brush` [sunny] / `mix`, `stir`
    + transition within `open` on `draught` / `whistle`
    + transition `paint` -> `open` when done
    + transition `paint` -> `open` when failed
    ");
}

#[test]
fn what_is_removed_is_what_would_be_added_the_other_way_round() {
    let change = |g: &mut GraphBuilder| {
        g.simple("ajar");
        g.transition("open", "ajar").after(Duration::from_secs(5));
        g.transition("ajar", "closed").on("pull");
    };
    let text = told(&door(change), &door(|_| {}));
    assert_eq!(text.replace("- ", "+ "), of_door(change));
    insta::assert_snapshot!(text, @"
    - state `ajar`, a simple state
    - transition `ajar` -> `closed` on `pull`
    - transition `open` -> `ajar` after 5s
    ");
}

/// The ways between two states of one graph, told against the first of them.
fn of_way(first: impl FnOnce(&mut GraphBuilder), second: impl FnOnce(&mut GraphBuilder)) -> String {
    let sketch = |write: &mut dyn FnMut(&mut GraphBuilder)| {
        graph(|g| {
            for name in ["a", "b", "c"] {
                g.simple(name);
            }
            write(g);
            g.transition("a", "c").on("reset");
            g.transition("b", "c").on("reset");
            g.transition("c", "a").on("reset");
            g.transition("c", "b").on("skip");
            g.initial("a");
        })
    };
    let (mut first, mut second) = (Some(first), Some(second));
    let old = sketch(&mut |g| first.take().expect("it is written once")(g));
    let new = sketch(&mut |g| second.take().expect("it is written once")(g));
    told(&old, &new)
}

#[test]
fn an_altered_transition_is_told_by_what_has_changed_about_it() {
    let go = |g: &mut GraphBuilder| {
        g.transition("a", "b").on("go").guard("dry").action("run");
    };
    let table = [
        of_way(go, |g| {
            g.transition("a", "b").on("go").guard("warm").action("run");
        }),
        of_way(go, |g| {
            g.transition("a", "b").on("go").action("run");
        }),
        of_way(go, |g| {
            g.transition("a", "b").on("go").guard("dry").action("walk").action("rest");
        }),
        of_way(go, |g| {
            g.transition("a", "b").on("go").guard("dry");
        }),
        of_way(go, |g| {
            g.transition("a", "c").on("go").guard("dry").action("run");
        }),
        of_way(go, |g| {
            g.internal("a").on("go").guard("dry").action("run");
        }),
        of_way(go, |g| {
            g.transition("a", "b").on("leave").guard("dry").action("run");
        }),
        of_way(go, |g| {
            g.transition("a", "b").after(Duration::from_secs(3)).guard("dry").action("run");
        }),
        of_way(go, |g| {
            g.transition("a", "b").on("go").guard("warm").action("walk");
        }),
        of_way(go, |g| {
            g.transition("a", "c").on("go").guard("warm").action("walk");
        }),
    ];
    insta::assert_snapshot!(table.join("\n"), @"
    ~ transition `a` -> `b` on `go`: guard `warm` instead of `dry`

    ~ transition `a` -> `b` on `go`: no guard instead of `dry`

    ~ transition `a` -> `b` on `go` [dry]: actions `walk`, `rest` instead of `run`

    ~ transition `a` -> `b` on `go` [dry]: no actions instead of `run`

    ~ transition `a` on `go` [dry]: leads to `c` instead of `b`

    ~ transition `a` on `go` [dry]: is internal instead of leading to `b`

    ~ transition `a` -> `b` [dry]: on `leave` instead of on `go`

    ~ transition `a` -> `b` [dry]: after 3s instead of on `go`

    ~ transition `a` -> `b` on `go`: guard `warm` instead of `dry`; actions `walk` instead of `run`

    - transition `a` -> `b` on `go` [dry] / `run`
    + transition `a` -> `c` on `go` [warm] / `walk`
    ");
}

#[test]
fn a_timer_keeps_its_identity_when_its_time_changes() {
    let after = |seconds| {
        move |g: &mut GraphBuilder| {
            g.transition("a", "b").after(Duration::from_secs(seconds)).action("ring");
        }
    };
    insta::assert_snapshot!(of_way(after(5), after(10)), @"~ transition `a` -> `b`: after 10s instead of after 5s");
}

#[test]
fn the_order_of_candidates_decides_who_wins_so_it_is_told() {
    let candidates = |order: [&'static str; 3]| {
        move |g: &mut GraphBuilder| {
            for target in order {
                g.transition("a", target).on("go").guard(&format!("to {target}"));
            }
        }
    };
    insta::assert_snapshot!(
        of_way(candidates(["a", "b", "c"]), candidates(["c", "a", "b"])), @"~ transitions of `a` on `go`: in the order `c` [to c], `a` [to a], `b` [to b]"
    );
    insta::assert_snapshot!(
        of_way(candidates(["a", "b", "c"]), |g| {
            candidates(["a", "c", "b"])(g);
            g.transition("a", "a").on("go").guard("at last");
        }), @"
    ~ transitions of `a` on `go`: in the order `a` [to a], `c` [to c], `b` [to b], `a` [at last]
    + transition `a` -> `a` on `go` [at last] (number 4 of 4)
    "
    );
}

#[test]
fn each_thing_that_a_state_does_is_told_apart() {
    let sketch = |write: fn(&mut GraphBuilder)| {
        graph(|g| {
            write(g);
            g.final_state("end");
            g.initial("s");
        })
    };
    let work = |g: &mut GraphBuilder| {
        g.activity("s");
        g.transition("s", "end").done();
        g.transition("s", "end").failed();
    };
    let retried = |g: &mut GraphBuilder| {
        let retry = RetryPolicy::new(3).max_wait(Duration::from_secs(8));
        g.activity("s").retry(retry).timeout(Duration::from_secs(1)).entry("a").exit("z");
        g.transition("s", "end").done();
        g.transition("s", "end").failed();
    };
    let retried_otherwise = |g: &mut GraphBuilder| {
        let retry = RetryPolicy::new(5).delay(Duration::from_millis(10));
        let retry = retry.max_delay(Duration::from_secs(2));
        g.activity_running("s", "other").retry(retry).timeout(Duration::from_secs(2));
        g.transition("s", "end").done();
        g.transition("s", "end").failed();
    };
    let delay = |g: &mut GraphBuilder| {
        g.delay("s", Duration::from_secs(3));
        g.transition("s", "end").done();
    };
    let longer = |g: &mut GraphBuilder| {
        g.delay("s", Duration::from_secs(4));
        g.transition("s", "end").done();
    };
    let table = [
        told(&sketch(work), &sketch(retried)),
        told(&sketch(retried), &sketch(work)),
        told(&sketch(retried), &sketch(retried_otherwise)),
        told(&sketch(work), &sketch(delay)),
        told(&sketch(delay), &sketch(longer)),
    ];
    insta::assert_snapshot!(table.join("\n"), @"
    ~ state `s`: entry actions `a` instead of none
    ~ state `s`: exit actions `z` instead of none
    ~ state `s`: retry <= 3 from 1s up to 60s, no wait over 8s instead of none
    ~ state `s`: timeout 1s instead of none

    ~ state `s`: no entry actions instead of `a`
    ~ state `s`: no exit actions instead of `z`
    ~ state `s`: no retry instead of <= 3 from 1s up to 60s, no wait over 8s
    ~ state `s`: no timeout instead of 1s

    ~ state `s`: runs `other` instead of `s`
    ~ state `s`: no entry actions instead of `a`
    ~ state `s`: no exit actions instead of `z`
    ~ state `s`: retry <= 5 instead of 3, retries from 10ms instead of 1s, retries up to 2s instead of 60s, no longest wait instead of 8s
    ~ state `s`: timeout 2s instead of 1s

    ~ state `s`: is a delay of 3s instead of an activity running `s`
    - transition `s` -> `end` when failed

    ~ state `s`: waits 4s instead of 3s
    ");
}

#[test]
fn where_states_lie_and_how_they_are_joined_is_told() {
    let day = |first: &str, around: &str, join: &str, rule: JoinRule| {
        graph(|g| {
            g.composite("day", first);
            g.simple("morning").within("day");
            g.simple("evening").within("day");
            g.composite("night", "sleep");
            g.simple("sleep").within("night");
            g.simple("dream").within(around);
            g.fork("fan", join);
            g.activity("left").within("fan");
            g.join(join, rule);
            g.final_state("end");
            g.transition("morning", "evening").on("noon");
            g.transition("evening", "morning").on("back");
            g.transition("day", "night").on("dusk");
            g.transition("sleep", "dream").on("nod");
            g.transition("dream", "sleep").on("turn");
            g.transition("night", "day").on("dawn");
            g.transition("night", "fan").on("alarm");
            g.transition("fan", "left");
            g.transition("left", join).done();
            g.transition("left", "end").failed();
            g.transition(join, "end");
            g.initial("day");
        })
    };
    let old = day("morning", "night", "meet", JoinRule::All);
    let table = [
        told(&old, &day("evening", "night", "meet", JoinRule::All)),
        told(&old, &day("morning", "day", "meet", JoinRule::All)),
        told(&old, &day("morning", "night", "part", JoinRule::All)),
        told(&old, &day("morning", "night", "meet", JoinRule::Any)),
        told(&old, &day("morning", "night", "meet", at_least(1))),
    ];
    insta::assert_snapshot!(table.join("\n"), @"
    ~ graph: states are declared in another order: moved `day`, `evening`
    ~ state `day`: begins at `evening` instead of `morning`

    ~ state `dream`: moved out of `night` into `day`

    ~ state `fan`: is joined by `part` instead of `meet`
    - state `meet`, a join of all
    + state `part`, a join of all (perhaps `meet` renamed)
    ~ transition `left` when done: leads to `part` instead of `meet`
    - transition `meet` -> `end` at once
    + transition `part` -> `end` at once

    ~ state `meet`: waits for any instead of all

    ~ state `meet`: waits for at least 1 instead of all
    ");
}

#[test]
fn regions_that_are_entered_in_another_order_are_told() {
    let both = |regions: [&str; 2]| {
        graph(|g| {
            g.parallel("both");
            for region in regions {
                g.simple(region).within("both");
            }
            g.transition("both", "both").on("again");
            g.initial("both");
        })
    };
    insta::assert_snapshot!(told(&both(["tea", "milk"]), &both(["milk", "tea"])), @"
    ~ graph: states are declared in another order: moved `milk`
    ~ state `both`: enters its regions in the order `milk`, `tea` instead of `tea`, `milk`
    ");
}

/// Cause: the order in which states stand was compared, not that in which regions are entered.
#[test]
fn the_order_of_regions_is_told_apart_from_the_order_of_states() {
    let both = |states: [&str; 2], regions: [&str; 2]| {
        graph(|g| {
            for state in states {
                g.reference(state);
            }
            g.parallel("both");
            for region in regions {
                g.simple(region).within("both");
            }
            g.transition("both", "both").on("again");
            g.initial("both");
        })
    };
    let (tea, milk) = (["tea", "milk"], ["milk", "tea"]);
    insta::assert_snapshot!(told(&both(tea, tea), &both(tea, milk)), @"~ state `both`: enters its regions in the order `milk`, `tea` instead of `tea`, `milk`");
    insta::assert_snapshot!(told(&both(tea, tea), &both(milk, tea)), @"~ graph: states are declared in another order: moved `milk`");
}

#[test]
fn what_holds_for_the_whole_graph_comes_first() {
    let mut other = Graph::builder("gate");
    other.simple("open");
    other.simple("closed").entry("lock");
    other.transition("open", "closed").on("pull");
    other.transition("closed", "open").on("push").guard("key held").action("ring");
    other.initial("open").max_concurrent(NonZeroU32::MIN);
    let gate = other.build().expect("the gate is sound");
    insta::assert_snapshot!(told(&door(|_| {}), &gate), @"
    ~ graph: name `gate` instead of `sketch`
    ~ graph: begins at `open` instead of `closed`
    ~ graph: at most 1 of activities at once instead of any number
    ~ graph: states are declared in another order: moved `open`
    ~ graph: transitions of different states or triggers are declared in another order
    ");
}

#[test]
fn a_rename_is_guessed_where_nothing_else_is_like_it() {
    let line = |names: [&str; 3], twins: bool| {
        graph(|g| {
            for name in names {
                g.activity(name).entry("begin");
            }
            g.final_state("end");
            g.transition(names[0], names[1]).done();
            g.transition(names[1], names[2]).done();
            g.transition(names[2], "end").done();
            for name in names {
                g.transition(name, "end").failed();
            }
            if twins {
                g.transition(names[1], names[0]).on("back");
            }
            g.initial(names[0]);
        })
    };
    let renamed = |old: &Graph, new: &Graph| {
        let diff = GraphDiff::between(old, new);
        let pairs = diff.perhaps_renamed().map(|(old, new)| format!("{old} -> {new}"));
        pairs.collect::<Vec<_>>().join(", ")
    };
    let old = line(["a", "b", "c"], false);
    assert_eq!(renamed(&old, &line(["a", "x", "c"], false)), "b -> x");
    // All of the neighbours were renamed as well.
    assert_eq!(renamed(&old, &line(["x", "y", "z"], false)), "a -> x, b -> y, c -> z");
    // It does something else now.
    assert_eq!(renamed(&old, &line(["a", "x", "c"], true)), "");
    assert!(told(&old, &line(["a", "x", "c"], false)).contains("(perhaps `b` renamed)"));
}

#[test]
fn machines_within_are_compared_and_their_changes_indented() {
    let outer = |count, depth| {
        fn nested(count: u32, depth: u32) -> Graph {
            let mut machine = Graph::builder(format!("machine {depth}"));
            match depth {
                0 => machine.activity("add").retry(RetryPolicy::new(count)),
                depth => machine.machine("add", nested(count, depth - 1)),
            };
            machine.final_state("end");
            machine.transition("add", "end").done();
            machine.transition("add", "end").failed();
            machine.initial("add").build().expect("each machine is sound")
        }
        nested(count, depth)
    };
    insta::assert_snapshot!(told(&outer(1, 2), &outer(4, 2)), @"
    ~ state `add`: the machine within differs
        ~ state `add`: the machine within differs
            ~ state `add`: retry <= 4 instead of 1
    ");
    let diff = GraphDiff::between(&outer(1, 1), &outer(4, 1));
    assert_eq!(diff.altered_states().collect::<Vec<_>>(), ["add"]);
    assert!(diff.drawing().to_dot().contains("the machine within differs"));
}

#[test]
fn as_data_a_diff_has_the_form_of_documents() {
    let diff = GraphDiff::between(
        &door(|_| {}),
        &door(|g| {
            g.simple("ajar");
            g.transition("closed", "ajar").on("push").guard("windy");
            g.transition("ajar", "open").on("push");
        }),
    );
    let expected = json!({
        "states": {
            "added": [{"name": "ajar", "kind": "simple"}],
            "removed": [],
            "altered": [],
            "perhaps_renamed": [],
            "moved": [],
        },
        "transitions": {
            "added": [
                {"from": "ajar", "to": "open", "trigger": {"event": "push"}},
                {
                    "from": "closed", "to": "ajar", "trigger": {"event": "push"}, "guard": "windy",
                    "place": {"number": 2, "of": 2},
                },
            ],
            "removed": [],
            "altered": [],
            "reordered": [],
            "moved": false,
        },
    });
    assert_eq!(serde_json::to_value(&diff).expect("a diff is data"), expected);
    assert_eq!(diff.added_states().collect::<Vec<_>>(), ["ajar"]);
}

#[test]
fn names_can_not_break_out_of_their_line() {
    let evil = "a\n+ state `b\u{1b}[31m";
    let text = of_door(|g| {
        g.simple(evil);
        g.transition("open", evil).on("x\ny").guard("g\u{202e}");
        g.transition(evil, "open").on(evil);
    });
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)), "{text}");
}

#[test]
fn a_diff_is_drawn_as_one_graph() {
    let old = everything();
    let new = sketch::after_a_change();
    let diff = GraphDiff::between(&old, &new);
    insta::assert_snapshot!("everything.txt", diff.to_string());
    insta::assert_snapshot!("everything.dot", diff.drawing().to_dot());
    insta::assert_snapshot!("everything.mmd", diff.drawing().to_mermaid());
    insta::assert_json_snapshot!("everything.json", diff);
}

#[cfg(feature = "svg")]
#[test]
fn every_sort_of_change_is_drawn_as_svg() {
    let old = everything();
    for (what, mutation) in MUTATIONS {
        let picks = (0..25).flat_map(|pick| (0..25).map(move |other| (pick, other)));
        let new = picks.into_iter().find_map(|(pick, other)| mutated(&old, mutation, pick, other));
        let diff = GraphDiff::between(&old, &new.unwrap_or_else(|| panic!("no {what}")));
        let svg = diff.drawing().to_svg().expect("the graph is small");
        assert!(roxmltree::Document::parse(&svg).is_ok(), "{what}: {svg}");
    }
}

#[test]
fn large_graphs_are_compared_within_a_blink() {
    let chain = |count: usize, event: &str| {
        graph(|g| {
            for number in 0..count {
                g.simple(&number.to_string());
                g.transition(&*number.to_string(), &*((number + 1) % count).to_string()).on(event);
                // All of one state and one trigger.
                g.transition("0", "0").on("go").guard(&number.to_string());
            }
            g.initial("0");
        })
    };
    let (old, new) = (chain(20_000, "next"), chain(20_000, "on"));
    let begun = Instant::now();
    let diff = GraphDiff::between(&old, &new);
    assert_eq!(diff.to_string().lines().count(), 20_000);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(10), "took {took:?}");
}

fn a_diff_sees_what_the_fingerprint_sees(old: &Graph, new: &Graph) {
    let diff = GraphDiff::between(old, new);
    let text = diff.to_string();
    assert_eq!(diff.is_empty(), old.fingerprint() == new.fingerprint(), "{text}");
    assert_eq!(diff.is_empty(), text == "no difference\n", "{text}");
    let back = GraphDiff::between(new, old);
    assert_eq!(back.is_empty(), diff.is_empty());
    assert!(back.added_states().eq(diff.removed_states()));
    assert!(back.altered_states().eq(diff.altered_states()));
    // Something stands out, or is told of the whole graph.
    let dot = diff.drawing().to_dot();
    let marked = ["added", "removed", "altered"].iter().any(|word| dot.contains(word));
    assert!(marked || diff.is_empty() || text.contains("~ graph: "), "{text}\n{dot}");
    for dot in [dot, diff.drawing().expanded().to_dot()] {
        let picture = dot_reader::read(&dot);
        for (tail, head, _) in &picture.edges {
            assert!(picture.nodes.contains_key(tail), "no node {tail}: {dot}");
            assert!(picture.nodes.contains_key(head), "no node {head}: {dot}");
        }
    }
    assert!(diff.drawing().expanded().to_mermaid().contains("stateDiagram-v2"));
}

#[test]
fn every_single_change_to_a_graph_with_everything_is_told() {
    let old = everything();
    for (what, mutation) in MUTATIONS {
        let mut made = 0;
        for pick in 0..25 {
            for other in [0, 4, 8, 15] {
                if let Some(new) = mutated(&old, mutation, pick, other) {
                    a_diff_sees_what_the_fingerprint_sees(&old, &new);
                    made += usize::from(old.fingerprint() != new.fingerprint());
                }
            }
        }
        assert!(made > 0, "{what} can be changed nowhere");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn graphs_differ_where_their_fingerprints_do(
        old in any_graph(Size::SMALL),
        other in any_graph(Size::SMALL),
        mutation in 0..MUTATIONS.len(),
        again in 0..MUTATIONS.len(),
        picks in any::<[u8; 4]>(),
    ) {
        a_diff_sees_what_the_fingerprint_sees(&old, &other);
        a_diff_sees_what_the_fingerprint_sees(&old, &old.clone());
        let [pick, partner, pick_again, partner_again] = picks.map(usize::from);
        if let Some(new) = mutated(&old, MUTATIONS[mutation].1, pick, partner) {
            a_diff_sees_what_the_fingerprint_sees(&old, &new);
            if let Some(twice) = mutated(&new, MUTATIONS[again].1, pick_again, partner_again) {
                a_diff_sees_what_the_fingerprint_sees(&old, &twice);
            }
        }
    }
}
