//! What differs between two files beside their graphs: what calls send, how answers are read, limits,
//! resources, and what a machine's context begins with.
//!
//! Secrets are no part of a file, but people write them into headers and bodies all the same. So a
//! value is told only under keys that can't hold one, and where it is one expression; of others
//! it is only told that they differ. A url is told without query, fragment, and user info.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Loaded;
use crate::duration;
use crate::expr::Expression;

/// Something in a file that differs from an older one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// Where it is: `endpoints.pay.timeout`. Entries of lists that have names go by these.
    pub at: String,
    /// What happened to it.
    pub change: SettingChange,
    /// What it was, where that may be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// What it is, where that may be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

/// What happened to a [`Setting`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingChange {
    /// Only the new file has it.
    Added,
    /// Only the old file has it.
    Removed,
    /// Both have it, with different values.
    Altered,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, change, old, new } = self;
        match (change, old, new) {
            (SettingChange::Added, _, Some(new)) => write!(f, "+ setting {at}: {}", told(new)),
            (SettingChange::Added, _, None) => write!(f, "+ setting {at}"),
            (SettingChange::Removed, Some(old), _) => write!(f, "- setting {at}: {}", told(old)),
            (SettingChange::Removed, None, _) => write!(f, "- setting {at}"),
            (SettingChange::Altered, Some(old), Some(new)) => {
                write!(f, "~ setting {at}: {} instead of {}", told(new), told(old))
            }
            (SettingChange::Altered, _, _) => write!(f, "~ setting {at}: another value"),
        }
    }
}

/// A value on one line, with whatever can't be seen as an escape.
fn told(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", visible(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            visible(&value.to_string())
        }
    }
}

fn visible(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' => out.push(character),
            other => out.extend(other.escape_debug()),
        }
    }
    out
}

impl Loaded {
    /// What differs from an `older` file beside the graph, in the order of the older file; what is
    /// new comes last. Durations that are only spelt otherwise are the same.
    ///
    /// ```
    /// # use fsm_patterns::file;
    /// let flow = |rest: &str| file::load("flow.yaml", &format!("
    /// fsm: 1
    /// name: users
    /// mode: sequential
    /// endpoints:
    ///   - name: users
    ///     url: https://api.example.com/users
    /// {rest}"));
    /// let old = flow("    timeout: 5s\n    headers: { X-Tenant: blue }").unwrap();
    /// let new = flow("    timeout: 9s\n    headers: { X-Tenant: red }").unwrap();
    /// let changes: Vec<String> = new.settings_since(&old).iter().map(ToString::to_string).collect();
    /// assert_eq!(changes, [
    ///     "~ setting endpoints.users.timeout: `9s` instead of `5s`",
    ///     "~ setting endpoints.users.headers.X-Tenant: another value",
    /// ]);
    /// ```
    ///
    /// # Complexity
    /// Linear in the size of both files.
    pub fn settings_since(&self, older: &Loaded) -> Vec<Setting> {
        let mut found = Vec::new();
        let (old, new) = (older.source.tree.to_value(), self.source.tree.to_value());
        compare(&At::top(), &old, &new, &mut found);
        found
    }
}

/// What differs between the contexts that two machine files begin with.
pub fn context_settings(old: &Value, new: &Value) -> Vec<Setting> {
    let mut found = Vec::new();
    let context = At { path: "context".to_owned(), key: String::new(), all_told: true };
    compare(&context, old, new, &mut found);
    found
}

/// Keys whose values are told: names, numbers, times, and conditions, which the graph shows too.
const TOLD: [&str; 37] = [
    "name",
    "mode",
    "resource",
    "method",
    "timeout",
    "retry_count",
    "retry_delay",
    "retry_max_delay",
    "retry_max_wait",
    "retry_on",
    "idempotency",
    "rate_limit",
    "burst_limit",
    "weight",
    "body_format",
    "condition",
    "delay",
    "signal",
    "every",
    "until",
    "fail_if",
    "depends_on",
    "max_body",
    "max_redirects",
    "max_concurrent",
    "total_timeout",
    "fail_fast",
    "error_threshold",
    "global_rate_limit",
    "rate_limit_window",
    "circuit_breaker_threshold",
    "circuit_breaker_timeout",
    "cache_ttl",
    "metrics_enabled",
    "log_requests",
    "log_responses",
    "env",
];

/// Keys whose values are urls.
const URLS: [&str; 4] = ["url", "base_url", "token_url", "proxy"];

/// Maps whose keys are names that people chose, and say nothing of the values.
const FREE: [&str; 10] = [
    "claims",
    "headers",
    "params",
    "body",
    "output",
    "inputs",
    "cache_key",
    "transform_input",
    "transform_output",
    "error_handler",
];

/// A place in both files.
struct At {
    path: String,
    /// The key by which is decided what may be told.
    key: String,
    all_told: bool,
}

impl At {
    fn top() -> Self {
        Self { path: String::new(), key: String::new(), all_told: false }
    }

    fn below(&self, name: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        let key = match &*self.key {
            free if FREE.contains(&free) => free,
            "endpoints" | "resources" => "",
            _ => name,
        };
        let path = format!("{}{dot}{}", self.path, visible(name));
        Self { path, key: key.to_owned(), all_told: self.all_told }
    }

    /// What may be told of a value here.
    fn told(&self, value: &Value) -> Option<Value> {
        if self.all_told || TOLD.contains(&&*self.key) {
            return Some(value.clone());
        }
        let text = value.as_str()?;
        if URLS.contains(&&*self.key) {
            let shown = text.find(['?', '#']).map_or(text, |end| &text[..end]);
            return (!shown.contains('@')).then(|| Value::from(shown));
        }
        Expression::parse(text).is_ok().then(|| value.clone())
    }

    fn is_whole(&self) -> bool {
        !self.all_told && TOLD.contains(&&*self.key)
    }
}

fn compare(at: &At, old: &Value, new: &Value, found: &mut Vec<Setting>) {
    if is_same(at, old, new) {
        return;
    }
    if let (Some(old), Some(new)) = (members(old), members(new))
        && !at.is_whole()
    {
        for (name, was) in &old {
            match new.get(name) {
                Some(is) => compare(&at.below(name), was, is, found),
                None => found.push(change(&at.below(name), Some(was), None)),
            }
        }
        for (name, is) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            found.push(change(&at.below(name), None, Some(is)));
        }
        return;
    }
    found.push(change(at, Some(old), Some(new)));
}

fn is_same(at: &At, old: &Value, new: &Value) -> bool {
    let timed = ["timeout", "delay", "every", "wait", "window", "ttl"];
    let is_time = at.is_whole() && timed.iter().any(|end| at.key.ends_with(end));
    old == new || is_time && duration_of(old).is_some_and(|old| Some(old) == duration_of(new))
}

fn duration_of(value: &Value) -> Option<std::time::Duration> {
    match value {
        Value::Number(seconds) => duration::from_seconds(seconds.as_f64()?).ok(),
        Value::String(text) => duration::parse(text).ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The members of an object, or the entries of a list in which each has a name of its own.
fn members(value: &Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(members) => Some(members.clone()),
        Value::Array(entries) => {
            let mut members = Map::new();
            for entry in entries {
                let name = entry.get("name")?.as_str()?.to_owned();
                if members.insert(name, entry.clone()).is_some() {
                    return None;
                }
            }
            (!members.is_empty()).then_some(members)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn change(at: &At, old: Option<&Value>, new: Option<&Value>) -> Setting {
    let change = match (old, new) {
        (None, _) => SettingChange::Added,
        (Some(_), None) => SettingChange::Removed,
        (Some(_), Some(_)) => SettingChange::Altered,
    };
    let (old, new) = (old.and_then(|old| at.told(old)), new.and_then(|new| at.told(new)));
    // Where only what is not told differs, telling the rest would be a riddle.
    let is_riddle = change == SettingChange::Altered && old == new;
    let of = |value: Option<Value>| value.filter(|_| !is_riddle);
    Setting { at: at.path.clone(), change, old: of(old), new: of(new) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::load;

    fn told(old: &str, new: &str) -> Vec<String> {
        let flow = |rest: &str| {
            let text = format!("fsm: 1\nname: shop\nmode: parallel\n{rest}");
            load("shop.yaml", &text).unwrap_or_else(|report| panic!("{report}"))
        };
        flow(new).settings_since(&flow(old)).iter().map(ToString::to_string).collect()
    }

    fn endpoint(rest: &str) -> String {
        format!("endpoints:\n  - name: pay\n    url: https://a.test/pay\n    method: POST\n{rest}")
    }

    #[test]
    fn numbers_times_and_expressions_are_told_with_their_values() {
        let old =
            endpoint("    timeout: 5s\n    max_redirects: 2\n    params: { id: $inputs.id }\n");
        let new = endpoint(
            "    timeout: 5000ms\n    max_redirects: 3\n    params: { id: $inputs.key }\n    \
             retry_count: 1\n",
        );
        assert_eq!(
            told(&old, &new),
            [
                "~ setting endpoints.pay.max_redirects: 3 instead of 2",
                "~ setting endpoints.pay.params.id: `$inputs.key` instead of `$inputs.id`",
                "+ setting endpoints.pay.retry_count: 1",
            ]
        );
    }

    #[test]
    fn waits_and_rounds_are_told_with_their_values_and_not_where_only_their_spelling_differs() {
        let waits = |pause: &str, signal: &str, every: &str, until: &str| {
            endpoint(&format!(
                "    poll: {{ every: {every}, until: {until}, fail_if: $data.state == 'broken' }}\n  \
                 - {{ name: pause, delay: {pause} }}\n  - {{ name: word, signal: {signal} }}\n"
            ))
        };
        let old = waits("5m", "approved", "90s", "$data.state == 'done'");
        let same = waits("300", "approved", "1.5m", "$data.state == 'done'");
        assert!(told(&old, &same).is_empty(), "{:?}", told(&old, &same));
        let new = waits("6m", "released", "9s", "$data.ready");
        assert_eq!(
            told(&old, &new),
            [
                "~ setting endpoints.pay.poll.every: `9s` instead of `90s`",
                "~ setting endpoints.pay.poll.until: `$data.ready` instead of `$data.state == 'done'`",
                "~ setting endpoints.pause.delay: `6m` instead of `5m`",
                "~ setting endpoints.word.signal: `released` instead of `approved`",
            ]
        );
    }

    #[test]
    fn what_may_be_a_secret_is_told_to_differ_and_no_more() {
        let old = endpoint(
            "    headers: { Authorization: Bearer s3cret, X-Old: s3cret }\n    \
             body: { name: s3cret, pin: 1234, timeout: s3cret, env: s3cret }\n",
        );
        let old = old.replace("a.test/pay", "a.test/pay?key=s3cret");
        let new = endpoint(
            "    headers: { Authorization: Bearer s3cret2, X-New: s3cret2 }\n    \
             body: { name: s3cret2, pin: 4321, timeout: s3cret2, env: s3cret2 }\n",
        );
        let new = new.replace("a.test/pay", "a.test/pay?key=s3cret2");
        let lines = told(&old, &new).join("\n");
        for leak in ["s3cret", "1234", "4321"] {
            assert!(!lines.contains(leak), "{lines}");
        }
        assert_eq!(
            lines,
            "~ setting endpoints.pay.url: another value\n\
             ~ setting endpoints.pay.headers.Authorization: another value\n\
             - setting endpoints.pay.headers.X-Old\n\
             + setting endpoints.pay.headers.X-New\n\
             ~ setting endpoints.pay.body.name: another value\n\
             ~ setting endpoints.pay.body.pin: another value\n\
             ~ setting endpoints.pay.body.timeout: another value\n\
             ~ setting endpoints.pay.body.env: another value"
        );
    }

    #[test]
    fn a_name_that_reads_like_a_key_opens_nothing() {
        let flow = |secret: &str, variable: &str| {
            format!(
                "resources:\n  timeout:\n    base_url: https://a.test\n    \
                 headers: {{ X-Key: {secret} }}\n    \
                 auth: {{ bearer: {{ token: {{ env: {variable} }} }} }}\n\
                 endpoints:\n  - name: name\n    url: /pay\n    resource: timeout\n    \
                 headers: {{ X-Key: {secret} }}\n"
            )
        };
        assert_eq!(
            told(&flow("s3cret", "OLD_TOKEN"), &flow("s3cret2", "NEW_TOKEN")),
            [
                "~ setting resources.timeout.headers.X-Key: another value",
                "~ setting resources.timeout.auth.bearer.token.env: `NEW_TOKEN` instead of \
                 `OLD_TOKEN`",
                "~ setting endpoints.name.headers.X-Key: another value",
            ]
        );
    }

    #[test]
    fn endpoints_go_by_their_names_wherever_they_stand() {
        let two = |first: &str, second: &str| {
            format!(
                "endpoints:\n  - {{ name: {first}, url: 'https://a.test/{first}' }}\n  \
                 - {{ name: {second}, url: 'https://a.test/{second}' }}\n"
            )
        };
        assert_eq!(told(&two("a", "b"), &two("b", "a")), Vec::<String>::new());
        assert_eq!(
            told(&two("a", "b"), &two("a", "c")),
            ["- setting endpoints.b", "+ setting endpoints.c"]
        );
    }

    #[test]
    fn the_context_of_a_machine_is_told_member_by_member() {
        let old = serde_json::json!({"coins": 0, "cup": {"size": "small\n"}, "gone": true});
        let new = serde_json::json!({"coins": 5, "cup": {"size": "large"}, "fresh": []});
        let lines: Vec<String> =
            context_settings(&old, &new).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "~ setting context.coins: 5 instead of 0",
                "~ setting context.cup.size: `large` instead of `small\\n`",
                "- setting context.gone: true",
                "+ setting context.fresh: []",
            ]
        );
    }
}
