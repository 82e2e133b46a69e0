//! The part of the schema that describes one call.

use serde_json::{Value, json};

use super::{described, or_null, with_default};

/// An endpoint.
pub(super) fn endpoint() -> Value {
    json!({
        "description": "One call.",
        "type": "object",
        "required": ["name", "url"],
        "additionalProperties": false,
        "properties": {
            "name": { "$ref": "#/$defs/name" },
            "resource": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]+$",
                "description": "The API that is called: a name under `resources`. Default: none.",
            },
            "url": {
                "type": "string",
                "description": "Where to. Expressions fill segments of the path, the query, and the fragment, or are the whole url. With a `resource` that has a `base_url` it is appended to that: `/users`.",
                "examples": ["https://api.example.com/users/{$inputs.user_id}", "/users/{$inputs.user_id}"],
            },
            "method": {
                "type": "string",
                "pattern": "^([Gg][Ee][Tt]|[Hh][Ee][Aa][Dd]|[Pp][Oo][Ss][Tt]|[Pp][Uu][Tt]|[Pp][Aa][Tt][Cc][Hh]|[Dd][Ee][Ll][Ee][Tt][Ee]|[Oo][Pp][Tt][Ii][Oo][Nn][Ss]|[Tt][Rr][Aa][Cc][Ee])$",
                "default": "GET",
                "examples": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
                "description": "The method of the request, in upper or lower case.",
            },
            "headers": {
                "type": "object",
                "default": {},
                "propertyNames": { "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" },
                "additionalProperties": {
                    "type": ["string", "number", "boolean", "object"],
                    "description": "Text, a number, a boolean, or an expression.",
                },
                "description": "Headers of the request.",
            },
            "params": {
                "type": "object",
                "default": {},
                "additionalProperties": { "$ref": "#/$defs/template" },
                "description": "Added to the url's query: a list repeats the name, null is left out.",
            },
            "body": described("template", "What is sent, as the header Content-Type says: JSON, a form, `multipart/form-data` with `{ file: PATH }` for files, or text. Default on POST, PUT, PATCH: `$data`."),
            "timeout": described("positiveDuration", "The time for one attempt, from connecting to the last byte. Default: as the resource says, else 30s."),
            "retry_count": {
                "type": "integer",
                "minimum": 0,
                "maximum": u32::MAX,
                "description": "Further attempts after the first. Default: 3, but 0 on POST and PATCH.",
            },
            "retry_delay": with_default("duration", json!("1s"), "The first wait between attempts; each is twice the one before."),
            "retry_max_delay": with_default("positiveDuration", json!("60s"), "The longest wait of our own making; never shortens Retry-After."),
            "retry_max_wait": or_null("duration", "The longest wait that a server may ask for; a longer one ends the call at once as `rate_limited`. Waits of our own making are shortened to it. Default: no limit."),
            "retry_on": {
                "type": "array",
                "items": { "type": "integer", "minimum": 100, "maximum": 599 },
                "description": "The statuses that are retried. Default: 408, 425, 429, 500, 502, 503, 504.",
            },
            "idempotency": {
                "type": "boolean",
                "default": false,
                "description": "Whether every attempt carries the same Idempotency-Key; a `retry_count` above 0 on POST or PATCH implies it.",
            },
            "rate_limit": described("rates", "How many units its calls may take in one window. Default: no limit of its own."),
            "burst_limit": {
                "type": "integer",
                "minimum": 1,
                "maximum": u32::MAX,
                "description": "How many units of `rate_limit` may go out at once before they are paced evenly. Default: all of them.",
            },
            "weight": {
                "type": "integer",
                "minimum": 1,
                "maximum": u32::MAX,
                "default": 1,
                "description": "How many units of every limit one attempt takes; above 1 only where there is a limit.",
            },
            "cache_key": described("template", "What makes two calls the same, over `$inputs`, `$data`, and `$steps`. Default: as the flow says."),
            "response_parser": with_default("template", json!("auto"), "How the answer becomes a value: `auto`, `json`, `text`, `bytes`, `graphql` (the `data`; `errors` fail with kind `contract`), or a template over `$response`."),
            "save_to": described("template", "The file that the body of a success is written to, whole or not at all; relative to the working directory. The output is then `{ file, bytes, media_type }`. Default: the body becomes the output."),
            "transform_input": described("template", "Replaces `$data` for url, headers, params, body, and error_handler."),
            "transform_output": described("template", "Replaces the decoded answer, which is `$data` in it."),
            "condition": described("condition", "Whether the call is made at all."),
            "depends_on": { "$ref": "#/$defs/dependsOn" },
            "error_handler": described("template", "What the step gives instead when the call failed for good; may read `$error`."),
            "poll": {
                "type": "object",
                "required": ["until"],
                "additionalProperties": false,
                "description": "Makes the call again and again until its answer says that something is done; attempts and retries are each call's own. Default: one good answer is enough.",
                "properties": {
                    "until": described("condition", "Whether it is done; `$data` is the step's output."),
                    "every": with_default("positiveDuration", json!("5s"), "How long to wait between an answer and the next call."),
                    "timeout": or_null("positiveDuration", "From when on no other wait is begun, counted from the beginning of the step: then it fails with kind `timeout`. Default: never."),
                    "fail_if": described("condition", "Whether it never will be done: then the step fails with kind `contract`. Default: nothing says so."),
                },
            },
            "undo": described("undo", "The call that undoes the step, if it was completed and the run fails after it. Default: the step is not undone."),
            "max_body": {
                "type": "integer",
                "minimum": 1,
                "default": 16 * 1024 * 1024,
                "description": "The largest answer, in bytes after decompression.",
            },
            "max_redirects": {
                "type": "integer",
                "minimum": 1,
                "maximum": u32::MAX,
                "default": 10,
                "description": "How many redirects are followed.",
            },
        },
    })
}

/// What undoes a completed step: the keys of an endpoint that say what is sent, and how often.
pub(super) fn undo() -> Value {
    let endpoint = endpoint();
    let like = |key: &str| endpoint["properties"][key].clone();
    let said = |key: &str, default: Value, description: &str| {
        let mut value = like(key);
        if let Some(members) = value.as_object_mut() {
            members.remove("default");
            members.remove("examples");
            members.insert("description".to_owned(), description.into());
            if !default.is_null() {
                members.insert("default".to_owned(), default);
            }
        }
        value
    };
    json!({
        "description": "The call that undoes a completed step. In it `$data` is the output of that step.",
        "type": "object",
        "required": ["url"],
        "additionalProperties": false,
        "properties": {
            "resource": said("resource", Value::Null, "The API that is called: a name under `resources`. Default: that of the endpoint."),
            "url": said("url", Value::Null, "Where to; for example `/orders/{$data.id}`."),
            "method": said("method", json!("DELETE"), "The method of the request, in upper or lower case."),
            "headers": like("headers"),
            "params": like("params"),
            "body": said("body", Value::Null, "What is sent, as the header Content-Type says. Default on POST, PUT, PATCH: `$data`."),
            "timeout": like("timeout"),
            "retry_count": said("retry_count", Value::Null, "Further attempts after the first. Default: 3; with `idempotency: false` on POST and PATCH 0."),
            "retry_delay": like("retry_delay"),
            "retry_max_delay": like("retry_max_delay"),
            "retry_max_wait": like("retry_max_wait"),
            "retry_on": like("retry_on"),
            "idempotency": said("idempotency", Value::Null, "Whether every attempt carries the same Idempotency-Key. Default: true on POST and PATCH, else false."),
            "max_body": like("max_body"),
            "max_redirects": like("max_redirects"),
        },
    })
}
