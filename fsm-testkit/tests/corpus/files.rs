//! Machine files: faults that lie in data, each with its sound counterpart.

pub(super) const REGION_NEVER_ENDS: &str = "
fsm: 1
name: region
initial: both
context: { ready: false }
states:
  both:
    entry: { set: { ready: false } }
    parallel: true
    done: end
    states:
      left: { initial: a, states: { a: { on: { fin: b } }, b: { final: true } } }
      right: { initial: c, states: { c: { on: { close: { to: d, guard: $context.ready == true } } }, d: { final: true } } }
  end: { final: true }
";

pub(super) const REGION_ENDS: &str = "
fsm: 1
name: region
initial: both
context: { ready: false }
states:
  both:
    entry: { set: { ready: false } }
    parallel: true
    done: end
    states:
      left: { initial: a, states: { a: { on: { fin: { to: b, actions: { set: { ready: true } } } } }, b: { final: true } } }
      right: { initial: c, states: { c: { on: { close: { to: d, guard: $context.ready == true } } }, d: { final: true } } }
  end: { final: true }
";

pub(super) const GAP: &str = "
fsm: 1
name: gap
initial: idle
context: { n: 0 }
states:
  idle: { on: { order: { to: judge, actions: { set: { n: $event.count } } } } }
  judge: { always: [{ to: high, guard: $context.n > 5 }, { to: low, guard: $context.n < 5 }] }
  high: { final: true }
  low: { final: true }
";

pub(super) const NO_GAP: &str = "
fsm: 1
name: gap
initial: idle
context: { n: 0 }
states:
  idle: { on: { order: { to: judge, actions: { set: { n: $event.count } } } } }
  judge: { always: [{ to: high, guard: $context.n > 5 }, low] }
  high: { final: true }
  low: { final: true }
";

pub(super) const CAN_NOT_HOLD: &str = "
fsm: 1
name: count
initial: idle
context: { n: 0 }
states:
  idle: { on: { go: { to: judge, actions: { set: { n: 1 } } } } }
  judge: { always: [{ to: many, guard: $context.n > 5 }, few] }
  many: { final: true }
  few: { final: true }
";

pub(super) const MAY_HOLD: &str = "
fsm: 1
name: count
initial: idle
context: { n: 0 }
states:
  idle: { on: { go: { to: judge, actions: { set: { n: 1 } } }, more: { to: judge, actions: { set: { n: 6 } } } } }
  judge: { always: [{ to: many, guard: $context.n > 5 }, few] }
  many: { final: true }
  few: { final: true }
";

pub(super) const STEPS_OVER: &str = "
fsm: 1
name: dial
initial: start
context: { n: 0 }
states:
  start: { always: [{ to: dial, actions: { set: { n: 0 } } }] }
  dial:
    on:
      turn: { actions: { set: { n: ($context.n + 2) % 4 } } }
      press: { to: open, guard: $context.n == 3 }
  open: { final: true }
";

pub(super) const STEPS_ON: &str = "
fsm: 1
name: dial
initial: start
context: { n: 0 }
states:
  start: { always: [{ to: dial, actions: { set: { n: 0 } } }] }
  dial:
    on:
      turn: { actions: { set: { n: ($context.n + 1) % 4 } } }
      press: { to: open, guard: $context.n == 3 }
  open: { final: true }
";

pub(super) const FORGETS: &str = "
fsm: 1
name: trip
initial: booking
context: { booked: false, known: false }
states:
  booking:
    entry: { set: { booked: false, known: false } }
    on:
      answered: { to: paying, actions: { set: { booked: true, known: true } } }
      without: paying
      refused: audit
  paying:
    on:
      crash: { to: paying, actions: { set: { known: false } } }
      answered: completed
      refused: undoes
  undoes: { always: [{ to: cancelling, guard: $context.known == true }, audit] }
  cancelling:
    on:
      crash: cancelling
      answered: { to: audit, actions: { set: { booked: false } } }
  audit: { always: [{ to: failed, guard: $context.booked == false }] }
  completed: { final: true }
  failed: { final: true }
";

pub(super) const REMEMBERS: &str = "
fsm: 1
name: trip
initial: booking
context: { booked: false, known: false }
states:
  booking:
    entry: { set: { booked: false, known: false } }
    on:
      answered: { to: paying, actions: { set: { booked: true, known: true } } }
      without: paying
      refused: audit
  paying:
    on:
      crash: paying
      answered: completed
      refused: undoes
  undoes: { always: [{ to: cancelling, guard: $context.known == true }, audit] }
  cancelling:
    on:
      crash: cancelling
      answered: { to: audit, actions: { set: { booked: false } } }
  audit: { always: [{ to: failed, guard: $context.booked == false }] }
  completed: { final: true }
  failed: { final: true }
";
