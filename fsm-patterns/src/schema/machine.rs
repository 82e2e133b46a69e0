//! The JSON Schema of a machine file; see [`crate::machine`] for what the keys mean together.

use serde_json::{Value, json};

/// The schema (draft 2020-12) of a machine file.
///
/// It says which keys there are and what each may hold. Which keys of a state go together, and
/// whether names lead anywhere, is for [`crate::machine::load`].
pub fn machine_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Machine",
        "description": "A finite-state machine: states, transitions, and what they do to a context.",
        "type": "object",
        "required": ["fsm", "name", "initial", "states"],
        "additionalProperties": false,
        "properties": {
            "fsm": { "const": 1, "description": "The version of the format." },
            "name": { "type": "string", "description": "The name of the machine, also of its graph." },
            "initial": { "type": "string", "minLength": 1, "description": "The state that is entered first." },
            "context": { "$ref": "#/$defs/context" },
            "states": { "$ref": "#/$defs/states" },
            "machines": {
                "type": "object",
                "additionalProperties": { "$ref": "#/$defs/inner" },
                "default": {},
                "description": "Machines that states name in `machine`.",
            },
        },
        "$defs": {
            "context": {
                "type": "object",
                "propertyNames": { "pattern": "^[^$]|^$" },
                "default": {},
                "description": "What `$context` is at first; nothing in it is an expression. Names that begin with `$` are reserved.",
            },
            "states": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": { "minLength": 1 },
                "additionalProperties": { "$ref": "#/$defs/state" },
                "description": "States by name; a name is any text.",
            },
            "inner": inner(),
            "state": state(),
            "transitions": transitions(),
            "transition": transition(),
            "guard": {
                "type": "string",
                "pattern": "\\S",
                "description": "An expression over `$context` and `$event` if there is a `$` in it, else the name of a guard bound in Rust.",
                "examples": ["$context.paid >= 100", "unlocked"],
            },
            "guards": {
                "anyOf": [
                    { "$ref": "#/$defs/guard" },
                    { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/guard" } },
                ],
                "description": "One guard, or several that must all hold.",
            },
            "actions": {
                "anyOf": [
                    { "$ref": "#/$defs/action" },
                    { "type": "array", "items": { "$ref": "#/$defs/action" } },
                ],
                "description": "One action, or several in order.",
            },
            "action": {
                "description": "The name of an action bound in Rust, or values for the context.",
                "anyOf": [
                    { "type": "string", "pattern": "^[^$]*[^$\\s][^$]*$" },
                    {
                        "type": "object",
                        "required": ["set"],
                        "additionalProperties": false,
                        "properties": { "set": { "$ref": "#/$defs/assignment" } },
                    },
                ],
            },
            "assignment": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": { "pattern": "^[^.$][^.]*(\\.[^.]+)*$" },
                "description": "Values by path: `order.total: $context.order.total + $event.price`. A value is a template, or in a string a computation with `+ - * / %` between spaces, comparisons, `&&`, `||`, `!`.",
                "examples": [{ "paid": "$context.paid + $event.value" }],
            },
            "invoke": invoke(),
            "duration": super::duration(false),
            "positiveDuration": super::duration(true),
        },
    })
}

fn inner() -> Value {
    json!({
        "type": "object",
        "required": ["initial", "states"],
        "additionalProperties": false,
        "properties": {
            "initial": { "type": "string", "minLength": 1, "description": "The state that is entered first." },
            "context": { "$ref": "#/$defs/context" },
            "states": { "$ref": "#/$defs/states" },
        },
        "description": "A machine within the machine, with a context of its own.",
    })
}

fn state() -> Value {
    let transitions =
        |description: &str| json!({ "$ref": "#/$defs/transitions", "description": description });
    let actions =
        |description: &str| json!({ "$ref": "#/$defs/actions", "description": description });
    json!({
        "type": ["object", "null"],
        "additionalProperties": false,
        "description": "A state. What it is, its keys say: `always` makes a choice, `invoke` does work, `states` holds states, `machine` runs a machine, `final` is an end.",
        "properties": {
            "on": {
                "type": "object",
                "additionalProperties": { "$ref": "#/$defs/transitions" },
                "description": "Transitions by event; an event's name is any text.",
            },
            "after": {
                "type": "object",
                "propertyNames": { "pattern": "^[0-9.eE+]+$|^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$" },
                "additionalProperties": { "$ref": "#/$defs/transitions" },
                "description": "Transitions by the time since the state was entered: `500ms`, `30s`, `5m`, `2h`, or a number of seconds.",
            },
            "always": transitions("Transitions that are tried at once, in order: the state is a choice."),
            "entry": actions("What is done when the state is entered."),
            "exit": actions("What is done when the state is left."),
            "initial": { "type": "string", "minLength": 1, "description": "Which of `states` is entered first." },
            "states": { "$ref": "#/$defs/states", "description": "States within the state." },
            "parallel": {
                "type": "boolean",
                "default": false,
                "description": "Whether `states` are regions, all entered at once.",
            },
            "invoke": { "$ref": "#/$defs/invoke" },
            "done": transitions("Transitions when the work is done, or when what lies within has come to its end."),
            "failed": transitions("Transitions when the work failed for good."),
            "timed_out": transitions("Transitions when the work took longer than its `timeout`, for good. Default: those of `failed`."),
            "machine": {
                "anyOf": [{ "type": "string", "minLength": 1 }, { "$ref": "#/$defs/inner" }],
                "description": "The machine that the state runs: a name under `machines`, or the machine itself.",
            },
            "in": { "$ref": "#/$defs/assignment", "description": "What is handed to `machine` on entry: paths in its context, over the outer `$context` and `$event`." },
            "out": { "$ref": "#/$defs/assignment", "description": "What `machine` hands out at its end: paths in the outer context, over its own `$context`." },
            "validate": {
                "type": "object",
                "additionalProperties": false,
                "description": "What must hold around the state; a transition for which it does not is not taken.",
                "properties": {
                    "before": { "$ref": "#/$defs/guards", "description": "What must hold for the context as it will be when the state is entered." },
                    "after": { "$ref": "#/$defs/guards", "description": "What must hold when the state is left." },
                },
            },
            "final": {
                "type": "boolean",
                "default": false,
                "description": "Whether the state is the end of the machine, or of the state around.",
            },
        },
    })
}

/// One transition, or several that are tried in order.
fn transitions() -> Value {
    json!({
        "anyOf": [
            { "$ref": "#/$defs/transition" },
            { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/transition" } },
        ],
        "description": "A state, a transition, or a list of these, of which the first whose guard holds is taken.",
    })
}

fn transition() -> Value {
    json!({
        "description": "The state that it leads to, or more.",
        "type": ["string", "object"],
        "additionalProperties": false,
        "properties": {
            "to": {
                "anyOf": [
                    { "type": "string" },
                    { "type": "array", "minItems": 1, "items": { "type": "string" } },
                ],
                "description": "A state beside the source or around it, `.name` within it, a whole path `on.playing`; or states in different regions. Default: the transition only acts.",
            },
            "guard": { "$ref": "#/$defs/guard" },
            "priority": {
                "type": "integer",
                "minimum": i64::MIN,
                "maximum": i64::MAX,
                "default": 0,
                "description": "Which of one event's transitions in a state is tried first: the highest; the order of the file decides ties.",
            },
            "transform": { "description": "A template over `$context` and `$event`: the context becomes its value, an object, before the actions." },
            "actions": { "$ref": "#/$defs/actions" },
        },
    })
}

fn invoke() -> Value {
    let count = json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX, "description": "How often it is started again." });
    let duration = |default: &str, description: &str| {
        let mut value = json!({ "$ref": "#/$defs/duration", "description": description });
        if !default.is_empty() {
            value["default"] = json!(default);
        }
        value
    };
    json!({
        "description": "Work that an activity bound in Rust does: its name, or more.",
        "type": ["string", "object"],
        "pattern": "\\S",
        "required": ["activity"],
        "additionalProperties": false,
        "properties": {
            "activity": { "type": "string", "pattern": "\\S", "description": "The name of the activity." },
            "timeout": { "$ref": "#/$defs/positiveDuration", "description": "How long one attempt may take. Default: any time." },
            "retry": {
                "type": "object",
                "required": ["count"],
                "additionalProperties": false,
                "description": "How failed work is started again. Default: not at all.",
                "properties": {
                    "count": count,
                    "delay": duration("1s", "The first wait; each further one is twice as long, less up to half by chance."),
                    "max_delay": duration("60s", "The longest wait."),
                    "max_wait": duration("", "A failure that asks for a longer wait is final. Default: no limit."),
                },
            },
            "done": { "$ref": "#/$defs/transitions", "description": "Transitions when the work is done." },
            "failed": { "$ref": "#/$defs/transitions", "description": "Transitions when the work failed for good." },
            "timed_out": { "$ref": "#/$defs/transitions", "description": "Transitions when it took too long for good. Default: those of `failed`." },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::InputCheck;
    use crate::file::{self, keys::Keys};
    use crate::machine::{self, keys};

    fn schema() -> InputCheck {
        InputCheck::new(&machine_schema()).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    #[test]
    fn the_schema_names_the_keys_that_the_reader_reads() {
        let schema = machine_schema();
        let of = |pointer: &str| schema.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
        let held: [(&Keys, &Value); 8] = [
            (&keys::MACHINE, of("/properties")),
            (&keys::INNER, of("/$defs/inner/properties")),
            (&keys::STATE, of("/$defs/state/properties")),
            (&keys::TRANSITION, of("/$defs/transition/properties")),
            (&keys::ACTION, of("/$defs/action/anyOf/1/properties")),
            (&keys::INVOKE, of("/$defs/invoke/properties")),
            (&keys::RETRY, of("/$defs/invoke/properties/retry/properties")),
            (&keys::VALIDATE, of("/$defs/state/properties/validate/properties")),
        ];
        for (keys, properties) in held {
            let named: Vec<&String> = properties.as_object().unwrap().keys().collect();
            assert_eq!(named, keys.known, "{}", keys.of);
        }
    }

    /// The files of the crate's tests that are machines.
    fn fixtures(folder: &str) -> Vec<(String, String)> {
        let folder = format!("{}/tests/fixtures/{folder}", env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(&folder).expect(&folder);
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        files
            .iter()
            .map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap()))
            .collect()
    }

    #[test]
    fn files_that_load_satisfy_the_schema() {
        let coffee = format!("{}/../examples/flows/coffee.yaml", env!("CARGO_MANIFEST_DIR"));
        let mut files = fixtures("machines");
        files.push((coffee.clone(), std::fs::read_to_string(&coffee).expect(&coffee)));
        assert!(files.len() >= 2, "{files:?}");
        for (name, text) in files {
            machine::load(&name, &text).unwrap_or_else(|report| panic!("{report}"));
            assert_eq!(schema().check(&file::value_of(&text)), [], "{name}");
        }
    }

    #[test]
    fn what_the_reader_refuses_by_shape_the_schema_refuses_too() {
        let states = [
            "on: push",
            "on: { go: [] }",
            "on: { go: 5 }",
            "on: { go: { too: b } }",
            "on: { go: { to: [] } }",
            "on: { go: { to: 5 } }",
            "on: { go: { guard: true } }",
            "on: { go: { guard: ' ' } }",
            "on: { go: { priority: high } }",
            "on: { go: { priority: 1.5 } }",
            "on: { go: { actions: 5 } }",
            "on: { go: { actions: $context.x } }",
            "on: { go: { actions: ' ' } }",
            "on: { go: { actions: { sett: {} } } }",
            "on: { go: { actions: { set: {} } } }",
            "on: { go: { actions: { set: 5 } } }",
            "on: { go: { actions: { set: { $x: 5 } } } }",
            "on: { go: { actions: { set: { a..b: 5 } } } }",
            "after: { soon: b }",
            "after: { -5s: b }",
            "after: 5s",
            "entry: [[a]]",
            "initial: 5, states: { b: {} }",
            "states: {}",
            "states: [b]",
            "parallel: yes",
            "final: 1",
            "invoke: 5",
            "invoke: ' '",
            "invoke: { timeout: 5s }",
            "invoke: { activity: w, timeout: 0 }",
            "invoke: { activity: w, retry: {} }",
            "invoke: { activity: w, retry: { count: 0 } }",
            "invoke: { activity: w, tiemout: 5s }",
            "machine: 5",
            "machine: { states: { a: {} } }",
            "machine: m, in: 5",
            "machine: m, out: {}",
            "validate: $context.a",
            "validate: { befor: a }",
            "validate: { before: [] }",
            "note: hello",
        ];
        for state in states {
            let text = format!(
                "fsm: 1\nname: n\ninitial: a\nstates:\n  a: {{ {state} }}\n  b: {{ on: {{ go: a }} }}\n"
            );
            assert!(machine::load("n.yaml", &text).is_err(), "{state}");
            assert_ne!(schema().check(&file::value_of(&text)), [], "{state}");
        }
        for top in
            ["fsm: 2", "initial: 5", "context: 5", "context: { $x: 1 }", "machines: []", "note: 1"]
        {
            let key = top.split(':').next().unwrap_or_default();
            let mut text =
                "fsm: 1\nname: n\ninitial: a\ncontext: {}\nstates: { a: { on: { go: a } } }\n"
                    .to_owned();
            text = text
                .lines()
                .filter(|line| !line.starts_with(key))
                .map(|line| format!("{line}\n"))
                .collect();
            text += top;
            assert!(machine::load("n.yaml", &text).is_err(), "{top}");
            assert_ne!(schema().check(&file::value_of(&text)), [], "{top}");
        }
    }

    #[test]
    fn every_key_is_described() {
        let schema = machine_schema();
        let mut open = vec![&schema];
        let mut count = 0;
        while let Some(value) = open.pop() {
            if let Some(properties) = value.get("properties").and_then(Value::as_object) {
                for (key, value) in properties {
                    let definition = value["$ref"].as_str().and_then(|to| to.strip_prefix('#'));
                    let described = definition.and_then(|pointer| schema.pointer(pointer));
                    let text =
                        value.get("description").or(described.and_then(|d| d.get("description")));
                    assert!(text.is_some_and(Value::is_string), "{key}: {value}");
                    count += 1;
                }
            }
            match value {
                Value::Object(members) => open.extend(members.values()),
                Value::Array(items) => open.extend(items),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        assert!(count > 40, "{count}");
    }
}
