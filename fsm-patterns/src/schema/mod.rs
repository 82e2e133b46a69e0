//! The JSON Schemas of flow files and machine files, which editors use for completion and help.
//!
//! Written by hand, because every key wants a sentence; tests hold it to what the reader does: the
//! same keys, the same defaults, and valid files valid here. It says what a single value may be;
//! what only shows between values (names, cycles, expressions) is for [`crate::check`].
//!
//! ```
//! let schema = fsm_patterns::schema::flow_schema();
//! assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
//! ```

mod endpoint;
mod machine;
mod resource;
mod wait;

pub use machine::machine_schema;
use serde_json::{Value, json};

/// The schema (draft 2020-12) of a flow file.
pub fn flow_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Flow",
        "description": "Calls to HTTP APIs and their order.",
        "type": "object",
        "required": ["fsm", "name", "mode", "endpoints"],
        "additionalProperties": false,
        "properties": {
            "fsm": { "const": 1, "description": "The version of the format." },
            "name": {
                "type": "string",
                "pattern": "\\S",
                "description": "The name of the flow, also of its graph.",
            },
            "mode": { "$ref": "#/$defs/mode" },
            "inputs": {
                "$ref": "https://json-schema.org/draft/2020-12/schema",
                "description": "A JSON Schema; the run's input is checked against it before the first call.",
            },
            "resources": {
                "type": "object",
                "propertyNames": { "pattern": "^[A-Za-z0-9_-]+$" },
                "additionalProperties": { "$ref": "#/$defs/resource" },
                "default": {},
                "description": "The APIs that endpoints name in `resource`, by name: url, authorization, limits, connection.",
            },
            "endpoints": {
                "type": "array",
                "minItems": 1,
                "description": "The steps: calls, delays, and waits for signals; in mode hybrid also groups of them.",
            },
            "output": described("template", "What the run returns, over `$inputs` and `$steps`. Default: the outputs of the endpoints by name."),
            "run_key": described("template", "What makes two runs the same, over `$inputs`: with a journal, a run whose key a completed one has returns its result without a call. Default: every run is another."),
            "target": described("template", "The file that the result of a completed run is written to, over `$inputs`; where it is there, its result is returned without a call. Default: none."),
            "max_concurrent": {
                "type": "integer",
                "minimum": 1,
                "maximum": u32::MAX,
                "default": 10,
                "description": "How many calls may be under way at once.",
            },
            "total_timeout": or_null("positiveDuration", "When the whole run ends as `timed_out`. Default: never."),
            "fail_fast": {
                "type": "boolean",
                "default": false,
                "description": "Whether the first failure cancels the calls under way and ends the run.",
            },
            "error_threshold": {
                "type": ["number", "null"],
                "minimum": 0,
                "maximum": 1,
                "description": "The share of endpoints that may fail; beyond it the run stops as `failed`. Default: a failure never stops the run early, and none is tolerated.",
            },
            "global_rate_limit": described("rates", "How many units all calls of the flow together may take in one window. Default: no limit."),
            "rate_limit_window": with_default("positiveDuration", json!("60s"), "The window of every limit that names none."),
            "circuit_breaker_threshold": {
                "type": ["integer", "null"],
                "minimum": 1,
                "maximum": u32::MAX,
                "description": "After how many failures in a row the circuit of an endpoint opens, so that its calls end at once as `circuit_open`. Default: never.",
            },
            "circuit_breaker_timeout": with_default("positiveDuration", json!("60s"), "How long a circuit stays open; then one call probes, and its success closes the circuit."),
            "cache_ttl": or_null("positiveDuration", "How long an answer is kept, so that a call like it is answered without a request: GET and HEAD, others only with a `cache_key`. Default: nothing is kept."),
            "cache_key": described("template", "What makes two calls of an endpoint the same, over `$inputs` and `$data`. Default: method, url, params, headers, body, and who we are."),
            "metrics_enabled": {
                "type": "boolean",
                "default": true,
                "description": "Whether the result carries `metrics`.",
            },
            "log_requests": {
                "type": "boolean",
                "default": false,
                "description": "Whether every request is logged, without its secrets.",
            },
            "log_responses": {
                "type": "boolean",
                "default": false,
                "description": "Whether every answer is logged, without its secrets.",
            },
        },
        "if": { "properties": { "mode": { "const": "hybrid" } } },
        "then": { "properties": { "endpoints": { "items": { "$ref": "#/$defs/entry" } } } },
        "else": { "properties": { "endpoints": { "items": { "$ref": "#/$defs/step" } } } },
        "$defs": {
            "mode": mode(),
            "name": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]+$",
                "description": "Letters, digits, `_`, and `-`; unique in the flow.",
            },
            "entry": {
                "if": { "anyOf": [{ "required": ["endpoints"] }, { "required": ["mode"], "not": { "required": ["url"] } }] },
                "then": { "$ref": "#/$defs/group" },
                "else": { "$ref": "#/$defs/step" },
            },
            "group": group(),
            "step": wait::step(),
            "endpoint": endpoint::endpoint(),
            "delay": wait::delay(),
            "signal": wait::signal(),
            "undo": endpoint::undo(),
            "rates": rates(),
            "resource": resource::resource(),
            "resourceHeaders": resource::headers(),
            "proxy": resource::proxy(),
            "secret": resource::secret(),
            "auth": resource::auth(),
            "pick": resource::pick(),
            "dependsOn": {
                "type": "array",
                "items": { "$ref": "#/$defs/name" },
                "uniqueItems": true,
                "default": [],
                "description": "The entries that must be settled first. In a chain: earlier ones; in fanout: none.",
            },
            "duration": duration(false),
            "positiveDuration": duration(true),
            "condition": {
                "type": ["string", "boolean"],
                "description": "An expression that is true or false: `$data.amount > 100 && $steps.check.status == 'ok'`.",
                "examples": ["$data.amount > 100"],
            },
            "template": {
                "description": "Any value; a string that is an expression (`$data.id`) becomes its value, and `{$inputs.id}` inside a longer string becomes text.",
            },
        },
    })
}

fn mode() -> Value {
    json!({
        "description": "How the endpoints are put in order.",
        "oneOf": [
            { "const": "sequential", "description": "One after the other in declared order; a failure does not stop the others." },
            { "const": "pipeline", "description": "One after the other, each fed with the output of the one before; an unhandled failure skips the rest." },
            { "const": "conditional", "description": "One after the other, each only if its condition holds; a failure is passed over." },
            { "const": "parallel", "description": "All at once, but for those that name others in `depends_on`." },
            { "const": "fanout", "description": "All at once, each with the run's input." },
            { "const": "hybrid", "description": "The graph that `depends_on` spells, with conditions and groups." },
        ],
    })
}

fn duration(positive: bool) -> Value {
    let number = match positive {
        true => json!({ "type": "number", "exclusiveMinimum": 0 }),
        false => json!({ "type": "number", "minimum": 0 }),
    };
    json!({
        "description": "Seconds as a number, or a number with its unit: `500ms`, `30s`, `5m`, `2h`.",
        "oneOf": [number, { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$" }],
        "examples": [30, "500ms", "30s", "5m", "2h"],
    })
}

fn group() -> Value {
    json!({
        "description": "Endpoints of a hybrid flow with a mode of their own.",
        "type": "object",
        "required": ["name", "mode", "endpoints"],
        "additionalProperties": false,
        "properties": {
            "name": { "$ref": "#/$defs/name" },
            "mode": { "$ref": "#/$defs/mode" },
            "endpoints": { "type": "array", "minItems": 1, "description": "The group's endpoints; in mode hybrid also groups." },
            "depends_on": { "$ref": "#/$defs/dependsOn" },
            "condition": described("condition", "Whether the group runs at all; if not, every endpoint of it is skipped."),
        },
        "if": { "properties": { "mode": { "const": "hybrid" } } },
        "then": { "properties": { "endpoints": { "items": { "$ref": "#/$defs/entry" } } } },
        "else": { "properties": { "endpoints": { "items": { "$ref": "#/$defs/step" } } } },
    })
}

/// A count, or several rates that all must allow.
fn rates() -> Value {
    let count = json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX });
    let mut limit = count.clone();
    limit["description"] = json!("How many units.");
    json!({
        "description": "A count of units in one `rate_limit_window`, or a list of rates that all must allow.",
        "oneOf": [count, {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["limit"],
                "additionalProperties": false,
                "properties": {
                    "limit": limit,
                    "window": described("positiveDuration", "In any span of time of this length. Default: `rate_limit_window`."),
                },
            },
        }],
        "examples": [100, [{ "limit": 3, "window": "1s" }, { "limit": 100, "window": "1m" }]],
    })
}

/// A definition with what it is for.
fn described(definition: &str, description: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{definition}"), "description": description })
}

fn with_default(definition: &str, default: Value, description: &str) -> Value {
    json!({
        "$ref": format!("#/$defs/{definition}"),
        "default": default,
        "description": description,
    })
}

/// A definition, or null where the default is that there is none.
fn or_null(definition: &str, description: &str) -> Value {
    json!({
        "anyOf": [{ "$ref": format!("#/$defs/{definition}") }, { "type": "null" }],
        "description": description,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::InputCheck;
    use crate::file;
    use crate::file::keys::{self, Keys};

    #[test]
    fn the_schema_names_the_keys_that_the_reader_reads() {
        let schema = flow_schema();
        let of = |pointer: &str| schema.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
        let auth = "/$defs/auth/properties";
        let held: [(&Keys, &Value); 18] = [
            (&keys::FLOW, of("/properties")),
            (&keys::ENDPOINT, of("/$defs/endpoint/properties")),
            (&keys::DELAY, of("/$defs/delay/properties")),
            (&keys::SIGNAL, of("/$defs/signal/properties")),
            (&keys::POLL, of("/$defs/endpoint/properties/poll/properties")),
            (&keys::UNDO, of("/$defs/undo/properties")),
            (&keys::GROUP, of("/$defs/group/properties")),
            (&keys::RATE, of("/$defs/rates/oneOf/1/items/properties")),
            (&keys::RESOURCE, of("/$defs/resource/properties")),
            (&keys::PROXY, of("/$defs/proxy/oneOf/1/properties")),
            (&keys::SECRET, of("/$defs/secret/properties")),
            (&keys::AUTH, of(auth)),
            (&keys::BEARER, of(&format!("{auth}/bearer/properties"))),
            (&keys::BASIC, of(&format!("{auth}/basic/properties"))),
            (&keys::API_KEY, of(&format!("{auth}/api_key/properties"))),
            (&keys::OAUTH2, of(&format!("{auth}/oauth2/properties"))),
            (&keys::JWT, of(&format!("{auth}/jwt/properties"))),
            (&keys::SESSION, of(&format!("{auth}/session/properties"))),
        ];
        let login = of(&format!("{auth}/session/properties/login/properties"));
        let held = held.into_iter().chain([(&keys::LOGIN, login)]);
        for (keys, properties) in held {
            let named: Vec<&String> = properties.as_object().unwrap().keys().collect();
            assert_eq!(named, keys.known, "{}", keys.of);
        }
    }

    /// A fixture of the crate's tests, as a value.
    fn fixture(name: &str) -> Value {
        let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).expect(&path);
        file::value_of(&text)
    }

    #[test]
    fn files_that_load_satisfy_the_schema() {
        let schema = InputCheck::new(&flow_schema()).unwrap();
        let names = [
            "enrichment.yaml",
            "payment.yaml",
            "health.json",
            "hybrid.yaml",
            "resources.yaml",
            "waiting.yaml",
            "undo.yaml",
        ];
        for name in names {
            assert_eq!(schema.check(&fixture(&format!("flows/{name}"))), [], "{name}");
        }
    }

    #[test]
    fn what_the_reader_refuses_by_shape_the_schema_refuses_too() {
        let schema = InputCheck::new(&flow_schema()).unwrap();
        let names = [
            "ten_faults.yaml",
            "missing.yaml",
            "versions.yaml",
            "wrong_types.yaml",
            "out_of_range.yaml",
            "limits.yaml",
            "resources.yaml",
            "resource_list.yaml",
            "secrets.yaml",
            "auth.yaml",
            "empty_list.yaml",
            "names.yaml",
            "group_in_chain.yaml",
            "headers_and_params.yaml",
            "inputs_schema.yaml",
            "faults.json",
            "waits.yaml",
            "undo.yaml",
        ];
        for name in names {
            assert_ne!(schema.check(&fixture(&format!("faults/{name}"))), [], "{name}");
        }
    }

    #[test]
    fn every_unknown_key_is_refused() {
        let schema = InputCheck::new(&flow_schema()).unwrap();
        let good = json!({
            "fsm": 1, "name": "n", "mode": "hybrid",
            "endpoints": [
                { "name": "a", "url": "http://localhost/" },
                { "name": "g", "mode": "parallel", "endpoints": [{ "name": "b", "url": "http://localhost/" }] },
            ],
        });
        assert_eq!(schema.check(&good), []);
        for pointer in ["", "/endpoints/0", "/endpoints/1", "/endpoints/1/endpoints/0"] {
            let mut bad = good.clone();
            bad.pointer_mut(pointer).unwrap()["methud"] = json!("GET");
            let faults = schema.check(&bad);
            assert!(
                faults.iter().any(|fault| fault.message == "must not have `methud`"),
                "{faults:?}"
            );
        }
    }

    /// Every object with `properties`, wherever it stands.
    fn objects<'v>(value: &'v Value, found: &mut Vec<&'v serde_json::Map<String, Value>>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("properties").and_then(Value::as_object));
                members.values().for_each(|member| objects(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| objects(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn every_key_is_described() {
        let mut schema = flow_schema();
        // It tells modes apart and describes nothing.
        for pointer in ["", "/$defs/group"] {
            schema.pointer_mut(pointer).and_then(Value::as_object_mut).unwrap().remove("if");
        }
        schema["$defs"]["entry"] = Value::Null;
        let mut found = Vec::new();
        objects(&schema, &mut found);
        let keys: Vec<(&String, &Value)> = found.into_iter().flatten().collect();
        assert!(keys.len() > 100, "{}", keys.len());
        for (key, value) in keys {
            // The branches that pick the items of `endpoints` by mode repeat a key.
            if key == "endpoints" && value.get("type").is_none() {
                continue;
            }
            let definition = value["$ref"].as_str().and_then(|to| to.strip_prefix('#'));
            let described = definition.and_then(|pointer| schema.pointer(pointer));
            let text = value.get("description").or(described.and_then(|d| d.get("description")));
            assert!(text.is_some_and(Value::is_string), "{key}: {value}");
        }
    }

    #[test]
    fn an_optional_value_says_what_holds_without_it() {
        let schema = flow_schema();
        let steps = ["/$defs/endpoint", "/$defs/undo", "/$defs/delay", "/$defs/signal"];
        let poll = "/$defs/endpoint/properties/poll";
        for pointer in ["", "/$defs/resource", poll].into_iter().chain(steps) {
            let object = schema.pointer(pointer).unwrap();
            let required = object.get("required").and_then(Value::as_array).cloned();
            for (key, value) in object["properties"].as_object().unwrap() {
                let says = |text: &Value| text.as_str().is_some_and(|t| t.contains("Default"));
                let is_required = required.iter().flatten().any(|name| name == key);
                let definition = value["$ref"].as_str().and_then(|to| to.strip_prefix('#'));
                let definition = definition.and_then(|pointer| schema.pointer(pointer));
                let has_default = |value: &Value| value.get("default").is_some();
                let is_said = has_default(value)
                    || definition.is_some_and(has_default)
                    || says(&value["description"]);
                // What these do when they are absent is what their absence says.
                let is_plain = ["inputs", "transform_input", "transform_output", "condition"]
                    .contains(&key.as_str())
                    || ["error_handler", "user_agent"].contains(&key.as_str());
                assert!(is_required || is_said || is_plain, "{pointer} {key}");
            }
        }
    }

    /// Writing every default out changes nothing, so each default of the schema is the reader's.
    #[test]
    fn the_defaults_of_the_schema_are_those_of_the_reader() {
        let schema = flow_schema();
        let defaults = |properties: &Value| -> serde_json::Map<String, Value> {
            let properties = properties.as_object().unwrap().iter();
            properties
                .filter_map(|(key, value)| Some((key.clone(), value.get("default")?.clone())))
                .collect()
        };
        let (top, call) =
            (defaults(&schema["properties"]), defaults(&schema["$defs"]["endpoint"]["properties"]));
        assert!(top.len() >= 8 && call.len() >= 8, "{top:?} {call:?}");

        // Some keys have an effect only beside another.
        let short = json!({
            "fsm": 1, "name": "n", "mode": "parallel",
            "global_rate_limit": 1000, "circuit_breaker_threshold": 5,
            "endpoints": [{ "name": "a", "url": "http://localhost/" }],
        });
        let mut long = short.clone();
        long.as_object_mut().unwrap().extend(top);
        long["endpoints"][0].as_object_mut().unwrap().extend(call);
        let read = |file: &Value| file::load("flow.json", &file.to_string()).unwrap().spec;
        assert_eq!(format!("{:?}", read(&short)), format!("{:?}", read(&long)));
    }
}
