//! A run in the middle of its life, for expressions to look at.

use std::collections::HashMap;

use fsm_patterns::expr::{Response, Scope, Steps};
use http::HeaderMap;
use serde_json::{Value, json};

/// What a step left behind.
#[derive(Default)]
pub(crate) struct Step {
    pub(crate) output: Option<Value>,
    pub(crate) status: Option<&'static str>,
    pub(crate) error: Option<Value>,
}

/// Everything that the roots can stand for.
pub(crate) struct World {
    pub(crate) inputs: Value,
    pub(crate) data: Value,
    pub(crate) steps: HashMap<&'static str, Step>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) status: u16,
    pub(crate) error: Value,
}

impl Steps for World {
    fn output(&self, step: &str) -> Option<&Value> {
        self.steps.get(step)?.output.as_ref()
    }

    fn status(&self, step: &str) -> Option<&str> {
        self.steps.get(step)?.status
    }

    fn error(&self, step: &str) -> Option<&Value> {
        self.steps.get(step)?.error.as_ref()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("x-trace-id", "t-1".parse().unwrap());
        headers.append("vary", "accept".parse().unwrap());
        headers.append("vary", "cookie".parse().unwrap());
        let ok = Step {
            output: Some(json!({"score": 0.9, "tags": ["a", "b"], "owner": null})),
            status: Some("ok"),
            error: None,
        };
        let failed = Step {
            output: None,
            status: Some("failed"),
            error: Some(json!({"kind": "status", "message": "503", "http_status": 503})),
        };
        let skipped = Step { output: None, status: Some("skipped"), error: None };
        let empty = Step { output: Some(Value::Null), status: Some("ok"), error: None };
        Self {
            inputs: json!({"id": 7, "name": "Ann", "big": 9_007_199_254_740_993_u64}),
            data: json!({
                "user": {"name": "Bob", "premium": true, "none": null},
                "items": [{"k": 1}, {"k": 2}, {"k": 3}],
                "odd key": {"a/b": 1, "m~n": 2, "it's": 3, "": 4},
                "total": 150,
            }),
            steps: HashMap::from([
                ("fraud-check", ok),
                ("pay_1", failed),
                ("skipped", skipped),
                ("empty", empty),
            ]),
            headers,
            body: json!({"access_token": "abc", "products": [1, 2], "ok": false}),
            status: 201,
            error: json!({"kind": "timeout", "message": "too slow"}),
        }
    }

    pub(crate) fn scope(&self) -> Scope<'_> {
        let response = Response {
            status: self.status,
            url: "https://api.example.com/users",
            method: "POST",
            headers: &self.headers,
            body: &self.body,
        };
        Scope::new()
            .inputs(&self.inputs)
            .data(&self.data)
            .steps(self)
            .response(response)
            .error(&self.error)
    }
}
