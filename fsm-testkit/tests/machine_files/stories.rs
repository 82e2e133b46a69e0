//! What is known, what is not, and what a proof makes of it.

use fsm_patterns::machine::{self, MachineFile};
use fsm_testkit::prove::{Finding, Proof, Prover, standard};

fn file(text: &str) -> MachineFile {
    machine::load("machine.yaml", text).unwrap_or_else(|report| panic!("{report}"))
}

fn refuted(text: &str) -> Vec<String> {
    let proof = Prover::of_file(&file(text)).prove();
    proof.refuted().map(|claim| claim.name.clone()).collect()
}

fn missed(proof: &Proof) -> Vec<String> {
    let found = proof.claim(standard::EVERY_TRANSITION);
    let Some(Finding::Missed(names)) = found else { return Vec::new() };
    names.clone()
}

#[test]
fn the_context_at_the_start_is_unknown_and_what_is_written_is_not() {
    let text = |guard: &str| {
        format!(
            "
fsm: 1
name: lamp
initial: off
context: {{ lit: 0, kind: plain }}
states:
  off: {{ on: {{ push: {{ to: on, guard: {guard}, actions: {{ set: {{ lit: 1 }} }} }} }} }}
  on: {{ on: {{ push: {{ to: gone, guard: $context.lit == 1 }}, hit: {{ to: odd, guard: $context.lit == 2 }} }} }}
  gone: {{ final: true }}
  odd: {{ final: true }}
"
        )
    };
    // Whoever runs it may begin with another kind.
    let proof = Prover::of_file(&file(&text("$context.kind == 'odd'"))).prove();
    assert_eq!(missed(&proof), ["`on` -> `odd` on hit [$context.lit == 2]"], "{proof}");
}

#[test]
fn what_an_event_brings_is_unknown_also_where_it_was_written() {
    let proof = |becomes: &str| {
        let text = format!(
            "
fsm: 1
name: till
initial: open
context: {{ sum: 0 }}
states:
  open: {{ on: {{ pay: {{ to: paid, actions: {{ set: {{ sum: {becomes} }} }} }} }} }}
  paid: {{ always: [{{ to: much, guard: $context.sum > 100 }}, little] }}
  much: {{ final: true }}
  little: {{ final: true }}
"
        );
        Prover::of_file(&file(&text)).prove()
    };
    assert!(proof("$event.value").is_proven());
    assert!(proof("$event.value + 1").is_proven());
    assert_eq!(missed(&proof("7")), ["`paid` -> `much` at once [$context.sum > 100]"]);
}

#[test]
fn rust_code_may_have_written_anything() {
    let text = |action: &str| {
        format!(
            "
fsm: 1
name: gate
initial: shut
context: {{ n: 0 }}
states:
  shut: {{ on: {{ go: {{ to: between, actions: [{{ set: {{ n: 0 }} }}{action}] }} }} }}
  between: {{ always: [{{ to: open, guard: $context.n > 0 }}, shut] }}
  open: {{ final: true }}
"
        )
    };
    assert_eq!(
        refuted(&text("")),
        [standard::CAN_END, standard::EVERY_STATE, standard::EVERY_TRANSITION]
    );
    assert_eq!(refuted(&text(", count")), [""; 0]);
}

#[test]
fn a_machine_that_counts_for_ever_is_proven_all_the_same() {
    let counts = "
fsm: 1
name: counter
initial: count
context: { n: 0 }
states:
  count:
    entry: { set: { n: 0 } }
    on:
      up: { actions: { set: { n: $context.n + 1 } } }
      out: { to: end, guard: $context.n >= 1000000 }
  end: { final: true }
";
    let proof = Prover::of_file(&file(counts)).prove();
    assert!(proof.is_proven(), "{proof}");
    assert!(proof.states() < 100, "{proof}");
    // A proof that is asked for again says the same.
    let prover = Prover::of_file(&file(counts));
    assert_eq!(prover.prove().to_string(), prover.prove().to_string());
}

#[test]
fn a_limit_within_the_horizon_is_held_exactly() {
    let text = |limit: u32| {
        format!(
            "
fsm: 1
name: tries
initial: ask
context: {{ tries: 0 }}
states:
  ask:
    entry: {{ set: {{ tries: 0 }} }}
    on:
      wrong:
        - {{ guard: $context.tries < 3, actions: {{ set: {{ tries: $context.tries + 1 }} }} }}
        - {{ to: locked, guard: $context.tries >= {limit} }}
      right: open
  open: {{ final: true }}
  locked: {{ final: true }}
"
        )
    };
    assert_eq!(refuted(&text(3)), [""; 0]);
    assert_eq!(refuted(&text(4)), [standard::EVERY_STATE, standard::EVERY_TRANSITION]);
}

#[test]
fn a_machine_within_a_machine_begins_with_its_own_context() {
    let text = |strength: &str| {
        format!(
            "
fsm: 1
name: kitchen
initial: brewing
context: {{ strength: 1 }}
states:
  brewing:
    machine:
      initial: grinding
      context: {{ ground: 0, want: 1 }}
      states:
        grinding:
          on:
            turn: {{ guard: $context.ground < 2, actions: {{ set: {{ ground: $context.ground + 1 }} }} }}
            stop: {{ to: ready, guard: $context.ground == $context.want }}
        ready: {{ final: true }}
    in: {{ want: {strength} }}
    out: {{ made: $context.ground }}
    done: [{{ to: strong, guard: $context.made == 2 }}, {{ to: weak }}]
  strong: {{ final: true }}
  weak: {{ final: true }}
"
        )
    };
    assert_eq!(refuted(&text("$context.strength")), [""; 0]);
    assert_eq!(
        refuted(&text("3")),
        [standard::CAN_END, standard::EVERY_STATE, standard::EVERY_TRANSITION]
    );
}

#[test]
fn actions_that_may_fail_leave_the_way_to_what_is_tried_next() {
    let text = "
fsm: 1
name: post
initial: open
context: {}
states:
  open: { on: { put: [{ to: full, actions: { set: { weight: $event.weight + 1 } } }, odd] } }
  full: { final: true }
  odd: { final: true }
";
    assert_eq!(refuted(text), [""; 0]);
}
