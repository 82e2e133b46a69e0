//! Every key of a machine file has an effect on its graph.

use fsm_patterns::machine;

/// A machine with every key but those that do not go together.
const WHOLE: &str = include_str!("../fixtures/machines/whole.yaml");

#[test]
fn a_machine_with_every_key_is_this_graph() {
    let file = machine::load("whole.yaml", WHOLE).unwrap_or_else(|report| panic!("{report}"));
    insta::assert_snapshot!(file.graph().to_dot());
}

#[test]
fn leaving_out_any_line_with_a_key_changes_the_graph_or_is_a_fault() {
    let graph = |text: &str| {
        machine::load("whole.yaml", text)
            .map(|file| (file.graph().fingerprint(), file.context().clone()))
    };
    let whole = graph(WHOLE).expect("it loads");
    let removed = [
        ("    entry: hello\n", ""),
        (", { set: { n: 2 } }", ""),
        (", after: $context.n < 9", ""),
        ("before: $context.n > 0, ", ""),
        ("    after: { 5s: judge }\n", "    after: { 6s: judge }\n"),
        (", guard: ready", ""),
        (", transform: { n: $context.n }", ""),
        (", actions: act", ""),
        ("      timeout: 3s\n", "      timeout: 4s\n"),
        ("count: 2", "count: 3"),
        (", delay: 3s", ""),
        (", max_delay: 9s", ""),
        (", max_wait: 20s", ""),
        ("delay: 3s", "delay: 2s"),
        ("      failed: idle\n", ""),
        ("context: { n: 1 }\nm", "m"),
        (", in: { k: $context.n }", ""),
        (", out: { n: $context.k }", ""),
        ("context: { k: 1, j: 2 }, ", ""),
        ("    parallel: true\n", "    initial: left\n"),
        (", side.right]", "]"),
    ];
    for (from, to) in removed {
        assert!(WHOLE.contains(from), "{from}");
        if let Ok(changed) = graph(&WHOLE.replacen(from, to, 1)) {
            assert_ne!(changed, whole, "{from:?}");
        }
    }
}
