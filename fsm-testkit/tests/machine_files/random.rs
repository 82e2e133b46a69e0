//! Random machine files, with contexts and events for their runs.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// Throws that were made beforehand, so that proptest can shrink them; zeros when they are used up.
pub(crate) struct Dice<'d> {
    throws: &'d [u8],
}

impl<'d> Dice<'d> {
    pub(crate) fn new(throws: &'d [u8]) -> Self {
        Self { throws }
    }

    pub(crate) fn below(&mut self, most: usize) -> usize {
        let Some((first, rest)) = self.throws.split_first() else { return 0 };
        self.throws = rest;
        usize::from(*first) % most
    }

    pub(crate) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

/// Guards that look at the context only, and those that look at the event.
const GUARDS: [&str; 12] = [
    "$context.n > 1",
    "$context.n == 2",
    "$context.m == $context.n",
    "$context.on",
    "$context.p.q == 1",
    "\"!($context.m == 1)\"",
    "$context.n == null || $context.m != 1",
    "code",
    "$event.v > 1",
    "$event.v == $context.n",
    "$context.n < 3 && $event.v != 2",
    "$event == 7",
];

/// What can always be done.
const TOTAL: [&str; 6] = [
    "{ set: { n: 0 } }",
    "{ set: { m: 2, on: true } }",
    "{ set: { on: false } }",
    "{ set: { m: { value: $context.n, default: 1 } } }",
    "{ set: { p: { q: 1 } } }",
    "act",
];

/// What may be impossible.
const FALLIBLE: [&str; 7] = [
    "{ set: { n: $context.n + 1 } }",
    "{ set: { n: ($context.n + 1) % 3 } }",
    "{ set: { m: $event.v } }",
    "{ set: { p.q: $context.n } }",
    "{ set: { p.q: 1, n: 3 } }",
    "{ set: { m: $context.p.q } }",
    "{ set: { p: { jsonpath: '$[?@ > 0]', from: $context.p } } }",
];

const EVENTS: [&str; 3] = ["e", "f", "g"];

/// A machine as a file. Where it goes on by itself, nothing refuses the last way.
pub(crate) fn machine(dice: &mut Dice<'_>) -> String {
    let count = 2 + dice.below(2);
    let mut text =
        "fsm: 1\nname: random\ninitial: s0\ncontext: { n: 0, m: 1, on: false }\nstates:\n"
            .to_owned();
    for index in 0..count {
        let tops: Vec<String> =
            (0..count).map(|index| format!("s{index}")).chain(["end".to_owned()]).collect();
        let name = format!("s{index}");
        state(dice, &mut text, "  ", &name, &tops, index == 0);
    }
    text.push_str("  end: { final: true }\n");
    text
}

fn state(
    dice: &mut Dice<'_>,
    text: &mut String,
    indent: &str,
    name: &str,
    targets: &[String],
    is_first: bool,
) {
    let _ = writeln!(text, "{indent}{name}:");
    let inner = format!("{indent}  ");
    match (is_first, dice.below(4)) {
        (true, 1 | 2) | (false, 1) => {
            let _ = writeln!(
                text,
                "{inner}always:\n{inner}  - {{ to: {}, guard: {}, actions: [{}] }}\n{inner}  - {}",
                target(dice, targets),
                guard(dice, 8),
                dice.one(&TOTAL),
                target(dice, targets)
            );
            return entry(dice, text, &inner, is_first);
        }
        (_, 2) => {
            let _ = writeln!(
                text,
                "{inner}invoke: work\n{inner}done: {}\n{inner}failed: [{{ to: {}, guard: {} }}, {}]",
                target(dice, targets),
                target(dice, targets),
                guard(dice, 12),
                target(dice, targets)
            );
        }
        (_, 3) if indent.len() == 2 => {
            let _ = writeln!(
                text,
                "{inner}parallel: true\n{inner}done: {}\n{inner}states:",
                target(dice, targets)
            );
            for region in ["l", "r"] {
                let _ =
                    writeln!(text, "{inner}  {region}:\n{inner}    initial: a\n{inner}    states:");
                let names = ["a".to_owned(), "b".to_owned(), "z".to_owned()];
                let deep = format!("{inner}      ");
                state(dice, text, &deep, "a", &names, false);
                simple(dice, text, &deep, "b", &names);
                let _ = writeln!(text, "{deep}z: {{ final: true }}");
            }
        }
        _ => {
            events(dice, text, &inner, targets);
            if dice.below(3) == 0 {
                let _ = writeln!(
                    text,
                    "{inner}after: {{ 1s: {{ to: {}, actions: [{}] }} }}",
                    target(dice, targets),
                    dice.one(&TOTAL)
                );
            }
        }
    }
    entry(dice, text, &inner, is_first);
}

/// A state that only hears events, so that what it does on exit may fail.
fn simple(dice: &mut Dice<'_>, text: &mut String, indent: &str, name: &str, targets: &[String]) {
    let _ = writeln!(text, "{indent}{name}:");
    let inner = format!("{indent}  ");
    events(dice, text, &inner, targets);
    let _ = writeln!(text, "{inner}exit: {}", dice.one(&FALLIBLE));
}

fn entry(dice: &mut Dice<'_>, text: &mut String, inner: &str, is_first: bool) {
    // Nothing but events leads to the first state.
    let action = if is_first { dice.one(&FALLIBLE) } else { dice.one(&TOTAL) };
    if dice.below(2) == 0 {
        let _ = writeln!(text, "{inner}entry: {action}");
    }
}

fn events(dice: &mut Dice<'_>, text: &mut String, inner: &str, targets: &[String]) {
    let _ = writeln!(text, "{inner}on:");
    for (index, event) in EVENTS.iter().enumerate() {
        if index > 0 && dice.below(2) == 0 {
            continue;
        }
        let _ = writeln!(text, "{inner}  {event}:");
        for _ in 0..=dice.below(2) {
            let to = match dice.below(4) {
                0 => String::new(),
                _ => format!("to: {}, ", dice.one(targets)),
            };
            let action = if dice.below(2) == 0 { dice.one(&TOTAL) } else { dice.one(&FALLIBLE) };
            let _ = writeln!(
                text,
                "{inner}    - {{ {to}guard: {}, actions: [{action}] }}",
                guard(dice, 12)
            );
        }
    }
}

/// Where something leads that is no event: not to the first state, whose entry may fail.
fn target(dice: &mut Dice<'_>, targets: &[String]) -> String {
    let first = usize::from(targets[0] == "s0");
    dice.one(&targets[first..])
}

fn guard(dice: &mut Dice<'_>, among: usize) -> &'static str {
    GUARDS[dice.below(among)]
}

pub(crate) fn context(dice: &mut Dice<'_>) -> Value {
    let mut context = json!({});
    let values = [json!(0), json!(1), json!(2), json!("x"), Value::Null];
    for name in ["n", "m"] {
        context[name] = dice.one(&values);
    }
    context["on"] = dice.one(&[json!(true), json!(false), json!(1)]);
    match dice.below(4) {
        0 => {}
        1 => context["p"] = json!({"q": 1}),
        2 => context["p"] = json!(5),
        _ => context["p"] = json!({"q": 0, "r": 4}),
    }
    context
}

pub(crate) fn event(dice: &mut Dice<'_>) -> (&'static str, Value) {
    let data = [
        Value::Null,
        json!({"v": 0}),
        json!({"v": 1}),
        json!({"v": 2}),
        json!({"v": 3}),
        json!({"v": "x"}),
        json!(7),
    ];
    (dice.one(&EVENTS), dice.one(&data))
}
