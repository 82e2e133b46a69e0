//! What is tried before a transition is what happens when it is taken.

use std::sync::LazyLock;

use fsm_core::Trigger;
use fsm_patterns::machine::{MachineFile, Registry};
use proptest::prelude::*;
use serde_json::json;

use crate::world::{World, file};

/// Every state counts its entries and exits in a member of its own; `spoil` makes one of these
/// members a text, so that counting there fails, and `mend` makes all of them numbers again.
/// Every state can be reached from every other, by transitions of its own or of those around.
fn everything_counts() -> String {
    let counts = |name: &str, indent: &str| {
        format!(
            "{indent}entry: {{ set: {{ {name}.in: $context.{name}.in + 1 }} }}\n\
             {indent}exit: {{ set: {{ {name}.out: $context.{name}.out + 1 }} }}\n\
             {indent}validate: {{ before: $context.{name}.out != 4, after: $context.{name}.in != 5 }}\n"
        )
    };
    let names = ["a", "b", "c", "d", "e", "p", "q", "r"];
    let fresh: Vec<String> =
        names.iter().map(|name| format!("{name}: {{ in: 0, out: 0 }}")).collect();
    let to = ["a", "b", "a.c", "a.c.d", "a.c.e", "p", "p.q.x", "p.r.y", "m"];
    let way = |to: &&str| {
        let count = "actions: { set: { n: $context.n + 1 } }";
        format!("to {to}: {{ to: top.{to}, {count} }}")
    };
    let ways: Vec<String> = to.iter().map(way).collect();
    let ways = ways.join(", ");
    let spoilt = |name: &str, end: &str| {
        format!("spoil {name} {end}: {{ actions: {{ set: {{ {name}.{end}: spoilt }} }} }}")
    };
    let spoil: Vec<String> =
        names.iter().flat_map(|name| ["in", "out"].map(|end| spoilt(name, end))).collect();
    let spoil = spoil.join(", ");
    format!(
        "
initial: top
context: {{ n: 0, {fresh} }}
states:
  top:
    initial: b
    on: {{ {spoil}, spoil n: {{ actions: {{ set: {{ n: spoilt }} }} }}, mend: {{ actions: {{ set: {{ n: 0, {mend} }} }} }} }}
    states:
      b:
{b}        on: {{ {ways} }}
      a:
        initial: c
{a}        on: {{ {ways} }}
        states:
          c:
            initial: d
{c}            on: {{ inner: .d, self: c }}
            states:
              d:
{d}                on: {{ next: e, again: d }}
              e:
{e}                on: {{ next: d, {ways} }}
      p:
        parallel: true
{p}        on: {{ {ways} }}
        states:
          q: {{ initial: x, entry: {{ set: {{ q.in: $context.q.in + 1 }} }}, states: {{ x: {{}} }} }}
          r: {{ initial: x, states: {{ x: {{}}, y: {{ entry: {{ set: {{ r.in: $context.r.in + 1 }} }} }} }} }}
      m:
        machine:
          initial: s
          context: {{ k: 0 }}
          states:
            s: {{ on: {{ next: {{ to: t, actions: {{ set: {{ k: $context.k + 1 }} }} }} }} }}
            t: {{ final: true }}
        in: {{ k: $context.a.in }}
        out: {{ b.in: $context.k + 1 }}
        done: b
        on: {{ {ways} }}
",
        fresh = fresh.join(", "),
        mend = fresh.join(", "),
        a = counts("a", "        "),
        b = counts("b", "        "),
        c = counts("c", "            "),
        d = counts("d", "                "),
        e = counts("e", "                "),
        p = counts("p", "        "),
    )
}

static EVERYTHING: LazyLock<MachineFile> = LazyLock::new(|| file(&everything_counts()));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_accepted_is_carried_out_and_what_is_refused_has_a_reason(
        picks in proptest::collection::vec(0usize..1000, 1..60),
    ) {
        let mut run = World::with(EVERYTHING.clone(), Registry::new());
        let events: Vec<String> = run.file.events().map(str::to_owned).collect();
        for pick in picks {
            let event = &events[pick % events.len()];
            if run.send(event, json!(null)).is_ok() {
                // Nothing that was accepted failed on the way.
                prop_assert_eq!(run.run.context().get("$faults"), None, "{}", event);
                continue;
            }
            let graph = run.file.graph();
            let Some((leaf, _)) = run.run.tokens().last() else { continue };
            let around: Vec<_> =
                std::iter::successors(Some(leaf), |state| graph.parent(*state)).collect();
            for (id, edge) in graph.transitions() {
                let is_asked = around.contains(&edge.from())
                    && matches!(edge.trigger(), Trigger::Event(id) if graph.event_name(id) == event);
                if is_asked {
                    let why = run.file.why_at(id, leaf, run.run.context(), None);
                    prop_assert!(why.is_some(), "{} at {}", event, graph.name_of(leaf));
                }
            }
        }
    }
}
