//! Drawings: what they show, that the same graph gives the same bytes, and that Graphviz and
//! Mermaid read whatever names a graph has.
//!
//! The tests that need Graphviz (`dot`) or Mermaid (`node`, and `npm ci` in `.ci/mermaid`) say
//! loudly when these are missing; with the environment variable `CI` set they fail.

#[path = "draw/dot_reader.rs"]
mod dot_reader;
#[path = "draw/fuzz.rs"]
mod fuzz;
#[path = "draw/gallery.rs"]
mod gallery;
#[path = "draw/marks.rs"]
mod marks;
#[path = "draw/outside.rs"]
mod outside;
#[cfg(feature = "svg")]
#[path = "draw/svg.rs"]
mod svg;

use std::collections::HashSet;
use std::fmt;

use fsm_core::{Graph, JoinRule};
use proptest::prelude::*;

#[test]
fn each_kind_of_state_has_its_look() {
    for (name, graph) in gallery::all() {
        insta::assert_snapshot!(format!("{name}.dot"), graph.to_dot());
        insta::assert_snapshot!(format!("{name}.mmd"), graph.to_mermaid());
    }
}

#[test]
fn expanded_machines_show_their_inside_down_to_the_last() {
    let drawing = gallery::machines().drawing().expanded().left_to_right().to_dot();
    insta::assert_snapshot!("machines_expanded.dot", drawing);
    let drawing = gallery::machines().drawing().expanded().left_to_right().to_mermaid();
    insta::assert_snapshot!("machines_expanded.mmd", drawing);
}

#[test]
fn each_mark_has_its_look() {
    let (player, marks) = marks::marked_player();
    let drawing = player.drawing().marked(&marks);
    insta::assert_snapshot!("player_marked.dot", drawing.to_dot());
    insta::assert_snapshot!("player_marked.mmd", drawing.to_mermaid());
}

#[test]
fn the_same_graph_gives_the_same_bytes_whatever_order_its_states_were_declared_in() {
    let draw = |names: [&str; 3]| {
        let mut ring = Graph::builder("ring");
        for name in names {
            ring.simple(name);
        }
        for name in names {
            let next = match name {
                "a" => "b",
                "b" => "c",
                _ => "a",
            };
            ring.transition(name, next).on("turn");
            ring.transition(name, "a").on("reset");
        }
        let graph = ring.initial("a").build().expect("the ring is sound");
        (graph.to_dot(), graph.to_mermaid())
    };
    assert_eq!(draw(["a", "b", "c"]), draw(["c", "a", "b"]));
}

#[test]
fn an_edge_that_leaves_a_frame_starts_within_it_and_ends_outside() {
    let mut graphs = gallery::all();
    graphs.push(("everything", gallery::everything(&outside::nasty_names()[..gallery::NAMES])));
    let mut clipped = 0;
    for (name, graph) in graphs {
        for dot in [graph.to_dot(), graph.drawing().expanded().to_dot()] {
            let picture = dot_reader::read(&dot);
            for (tail, head, attributes) in &picture.edges {
                assert!(picture.nodes.contains_key(tail), "{name}: no node {tail}");
                assert!(picture.nodes.contains_key(head), "{name}: no node {head}");
                for (key, inner, outer) in [("ltail", tail, head), ("lhead", head, tail)] {
                    let Some(frame) = attributes.get(key) else { continue };
                    let inside = &picture.inside[frame];
                    assert!(inside.contains(inner), "{name}: {inner} is not in {frame}");
                    assert!(!inside.contains(outer), "{name}: {outer} is in {frame}");
                    clipped += 1;
                }
            }
        }
    }
    assert!(clipped > 20, "only {clipped} edges were clipped");
}

#[test]
fn failures_and_timeouts_differ_from_the_rest_by_colour_and_by_line() {
    let picture = dot_reader::read(&gallery::pipeline().to_dot());
    let looks = |label: &str| {
        let edge = picture.edges.iter().find(|(_, _, attributes)| {
            attributes.get("label").is_some_and(|found| found.trim().starts_with(label))
        });
        let (_, _, attributes) = edge.unwrap_or_else(|| panic!("no edge says {label}"));
        (attributes.get("style").cloned(), attributes.get("color").cloned())
    };
    let all = [looks("done"), looks("failed"), looks("timed out")];
    let styles: HashSet<_> = all.iter().map(|(style, _)| style).collect();
    let colours: HashSet<_> = all.iter().map(|(_, colour)| colour).collect();
    assert_eq!((styles.len(), colours.len()), (3, 3), "{all:?}");
}

#[test]
fn a_label_that_was_cut_has_the_whole_text_in_its_tooltip() {
    let guard = "$data.amount > 1 && ".repeat(20);
    let picture = dot_reader::read(&gallery::choices().to_dot());
    let (_, _, cut) = picture
        .edges
        .iter()
        .find(|(_, _, attributes)| attributes.contains_key("tooltip"))
        .expect("one guard is too long");
    assert!(cut["label"].contains('…') && cut["label"].lines().count() <= 6, "{}", cut["label"]);
    assert!(cut["tooltip"].contains(guard.trim()), "{}", cut["tooltip"]);
}

#[test]
fn nesting_takes_no_stack() {
    let depth = 2_000;
    let mut deep = Graph::builder("deep");
    for level in 0..depth {
        let inner = format!("{}", level + 1);
        let frame = deep.composite(&format!("{level}"), &inner);
        if level > 0 {
            frame.within(&format!("{}", level - 1));
        }
    }
    deep.simple(&format!("{depth}")).within(&format!("{}", depth - 1));
    deep.transition("0", "0").on("again");
    let graph = deep.initial("0").build().expect("the graph is sound");
    let draw = move || (graph.to_dot(), graph.to_mermaid());
    let thread = std::thread::Builder::new().stack_size(128 << 10).spawn(draw);
    let (dot, mermaid) =
        thread.expect("a thread starts").join().expect("drawing takes little stack");
    assert_eq!(dot.matches("subgraph").count(), depth);
    assert_eq!(dot.matches('{').count(), dot.matches('}').count());
    assert_eq!(mermaid.matches(" {\n").count(), depth);
}

#[test]
fn a_fan_of_many_branches_takes_no_longer_per_branch() {
    // Quadratic work on 20,000 transitions of one state would take minutes here.
    let count = 20_000;
    let mut wide = Graph::builder("wide");
    wide.fork("fork", "join");
    wide.join("join", JoinRule::All);
    wide.final_state("end");
    wide.transition("join", "end");
    for branch in 0..count {
        let name = format!("branch {branch}");
        wide.simple(&name).within("fork");
        wide.transition("fork", &name);
        wide.transition("fork", "end").on(&name).guard(&name);
        wide.transition(&name, "join").on(&name).guard("ready");
    }
    let graph = wide.initial("fork").build().expect("the graph is sound");
    let mut lines = Lines::default();
    graph.write_dot(&mut lines).expect("counting lines succeeds");
    assert!(lines.0 > 4 * count, "only {} lines", lines.0);
}

#[test]
#[ignore = "measures: cargo test --release -p fsm-core --test draw -- --ignored --nocapture"]
fn a_graph_of_a_million_states_is_drawn_in_seconds() {
    let count = 1_000_000;
    let mut large = Graph::builder("large");
    let name = |number: usize| format!("state {number}");
    for number in 0..count {
        large.simple(&name(number));
    }
    for number in 0..count {
        large.transition(&name(number), &name((number + 1) % count)).on("next").guard("ready");
        large.transition(&name(number), &name(number / 2)).on("back").action("note");
    }
    let graph = large.initial("state 0").build().expect("the graph is sound");
    type Write = fn(&Graph, &mut Lines) -> fmt::Result;
    let languages: [(&str, Write); 2] = [
        ("DOT", |graph, out| graph.write_dot(out)),
        ("Mermaid", |graph, out| graph.write_mermaid(out)),
    ];
    for (language, write) in languages {
        let started = std::time::Instant::now();
        let mut lines = Lines::default();
        write(&graph, &mut lines).expect("counting lines succeeds");
        let took = started.elapsed();
        outside::tell(&format!("{language}: {} lines in {took:?}", lines.0));
        assert!(lines.0 >= 3 * count && took.as_secs() < 10, "{} lines in {took:?}", lines.0);
    }
}

/// Counts lines and keeps none.
#[derive(Default)]
struct Lines(usize);

impl fmt::Write for Lines {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.matches('\n').count();
        Ok(())
    }
}

#[test]
fn an_output_that_is_full_ends_the_drawing_with_its_error() {
    struct Full(usize);
    impl fmt::Write for Full {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let graph = gallery::player();
    for room in [0, 100, 500] {
        assert!(graph.write_dot(Full(room)).is_err());
        assert!(graph.write_mermaid(Full(room)).is_err());
    }
    assert!(graph.write_dot(Full(1 << 20)).is_ok());
}

#[test]
fn graphviz_reads_every_graph() {
    let mut drawings = Vec::new();
    for graph in outside::graphs() {
        drawings.push(graph.to_dot());
        drawings.push(graph.drawing().expanded().left_to_right().to_dot());
    }
    outside::check_with_graphviz(&drawings);
}

#[test]
fn mermaid_reads_every_graph() {
    let mut drawings = Vec::new();
    for graph in outside::graphs() {
        drawings.push(graph.to_mermaid());
        drawings.push(graph.drawing().expanded().left_to_right().to_mermaid());
    }
    outside::check_with_mermaid(&drawings);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(128)
    })]

    #[test]
    fn any_names_come_out_as_they_went_in(names in outside::names()) {
        let graph = gallery::everything(&names);
        let picture = dot_reader::read(&graph.to_dot());
        let expanded = dot_reader::read(&graph.drawing().expanded().to_dot());
        let more = expanded.edges.len() - picture.edges.len();
        prop_assert_eq!(more, 2, "an expanded machine adds a start and a transition");
        // One state is a frame; its start, its "anywhere", and the start of all are added.
        prop_assert_eq!(picture.nodes.len(), graph.states().len() + 2);

        let attributes = picture.nodes.values().chain(picture.frames.values());
        let labels: HashSet<&str> = attributes
            .filter_map(|attributes| attributes.get("label"))
            .filter_map(|label| label.lines().next())
            .collect();
        for name in graph.states().map(|state| graph.name_of(state)).filter(|name| is_shown(name)) {
            prop_assert!(labels.contains(name), "{:?} is not among {:?}", name, labels);
        }
    }

    #[test]
    fn mermaid_gets_nothing_but_letters_digits_and_its_own_marks(names in outside::names()) {
        let text = gallery::everything(&names).to_mermaid();
        let body = text.splitn(3, "---\n").nth(2).expect("the title has its place");
        for label in body.lines().filter_map(mermaid_label) {
            let label = label.replace("<br/>", "");
            let codes = label.matches('#').count();
            prop_assert_eq!(codes, label.matches(';').count(), "{}", label);
            let plain = |c: char| c.is_alphanumeric() || " _.#;".contains(c);
            prop_assert!(label.chars().all(plain), "{}", label);
        }
    }
}

/// Whether a name is short and plain enough to be shown on one line as it is.
fn is_shown(name: &str) -> bool {
    let plain = |c: char| c == ' ' || c.is_alphanumeric() || c.is_ascii_punctuation();
    name.chars().all(plain) && name.trim() == name && name.chars().count() <= 40
}

/// The label in a line of a Mermaid diagram.
fn mermaid_label(line: &str) -> Option<&str> {
    if let Some((_, label)) = line.split_once(" : ") {
        return Some(label);
    }
    let (label, _) = line.trim().strip_prefix("state \"")?.split_once("\" as ")?;
    Some(label)
}
