//! Drawings of graphs with arbitrary names: each is still what it should be to whoever reads it.

use std::collections::HashSet;

use fsm_testkit::fuzz::Fuzz;

use crate::{dot_reader, gallery, outside};

#[test]
fn whatever_names_there_are_a_drawing_stays_a_drawing() {
    let fuzz = Fuzz::new("drawings").seeds([outside::nasty_names().join("\u{1}")]);
    fuzz.words(outside::nasty_names()).run(|text| {
        let mut seen = HashSet::new();
        let mut names: Vec<String> = text
            .split('\u{1}')
            .filter(|name| !name.is_empty() && seen.insert(*name))
            .map(str::to_owned)
            .collect();
        names.truncate(gallery::NAMES);
        while names.len() < gallery::NAMES {
            names.push(format!("\u{1}spare {}", names.len()));
        }
        let graph = gallery::everything(&names);
        let picture = dot_reader::read(&graph.to_dot());
        assert_eq!(picture.nodes.len(), graph.states().len() + 2, "a name became a node");
        let mermaid = graph.to_mermaid();
        let raw = |character: char| character.is_control() && character != '\n';
        assert!(!mermaid.contains(raw), "a raw control character");
        // Laying out takes its time: one in twenty is drawn in full.
        #[cfg(feature = "svg")]
        if text.len() % 20 == 0 {
            let svg = graph.to_svg().expect("it is small");
            roxmltree::Document::parse(&svg).unwrap_or_else(|fault| panic!("{fault}"));
        }
        true.into()
    });
}
