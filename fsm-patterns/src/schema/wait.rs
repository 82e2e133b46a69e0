//! The part of the schema that describes steps that wait.

use serde_json::{Value, json};

use super::{described, or_null};

/// A call, or a step that waits.
pub(super) fn step() -> Value {
    json!({
        "if": { "required": ["delay"] },
        "then": { "$ref": "#/$defs/delay" },
        "else": {
            "if": { "required": ["signal"] },
            "then": { "$ref": "#/$defs/signal" },
            "else": { "$ref": "#/$defs/endpoint" },
        },
    })
}

/// A step that lets time pass.
pub(super) fn delay() -> Value {
    json!({
        "description": "A step that lets some time pass; its output is what flowed in.",
        "type": "object",
        "required": ["name", "delay"],
        "additionalProperties": false,
        "properties": {
            "name": { "$ref": "#/$defs/name" },
            "delay": described("positiveDuration", "How long it waits."),
            "condition": described("condition", "Whether it waits at all."),
            "depends_on": { "$ref": "#/$defs/dependsOn" },
        },
    })
}

/// A step that waits for a signal.
pub(super) fn signal() -> Value {
    json!({
        "description": "A step that waits until a signal comes from outside; its output is what the signal brings.",
        "type": "object",
        "required": ["name", "signal"],
        "additionalProperties": false,
        "properties": {
            "name": { "$ref": "#/$defs/name" },
            "signal": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]+$",
                "description": "The name of the signal; every step that waits for it at that moment hears it.",
                "examples": ["approved"],
            },
            "timeout": or_null("positiveDuration", "After how long the step fails with kind `timeout`. Default: never."),
            "transform_output": described("template", "Makes the output from what the signal brings, which is `$data` in it."),
            "condition": described("condition", "Whether it waits at all."),
            "depends_on": { "$ref": "#/$defs/dependsOn" },
            "error_handler": described("template", "What the step gives instead when it failed; may read `$error`."),
        },
    })
}
