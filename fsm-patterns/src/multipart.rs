//! The parts of a multipart body (RFC 7578): an object of parts by name.
//!
//! | a part is | and sends |
//! |---|---|
//! | a string, number, or boolean | it as text |
//! | an array | a part for every item |
//! | null | nothing |
//! | `{ file: PATH }`, perhaps with `file_name` and `media_type` | the file |
//!
//! Data must not choose which files of this machine leave it: `{ file: … }` counts only where the
//! flow itself says so, its path may be an expression. In an answer of somebody else it is an object
//! like any other, and is refused.
//!
//! Here it is only said which files there are: each attempt that is sent reads them, whole, off the
//! thread of the run. An attempt that waits for its turn, or whose answer is in the cache, reads
//! nothing, and no content is held in memory between attempts. So a file that changes while a call
//! waits for its next attempt is sent as it is then, also under the same `Idempotency-Key`. A
//! relative path starts at the working directory.

use std::path::Path;

use fsm_http::{Part, Payload};
use serde_json::{Map, Value};

use crate::expr::kind;
use crate::request::fault;
use crate::step::StepError;

/// What is said of the content of a file about which nothing is said.
const UNKNOWN: &str = "application/octet-stream";

/// Makes the payload of `value`; `written` is the body as it stands in the flow, if it does.
pub(crate) fn payload(value: &Value, written: Option<&Value>) -> Result<Payload, StepError> {
    let Value::Object(members) = value else {
        let message = format!("a multipart body must be an object of parts, not {}", kind(value));
        return Err(fault("body", message));
    };
    let mut parts = Vec::with_capacity(members.len());
    for (name, value) in members {
        let written = written.and_then(|body| body.get(name));
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let written = written.and_then(|list| list.get(index));
                    parts.extend(part(name, item, written)?);
                }
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => parts.extend(part(name, value, written)?),
        }
    }
    Ok(Payload::multipart(parts))
}

fn part(name: &str, value: &Value, written: Option<&Value>) -> Result<Option<Part>, StepError> {
    let place = || format!("body.{name}");
    match value {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(Part::text(name, flag.to_string()))),
        Value::Number(number) => Ok(Some(Part::text(name, number.to_string()))),
        Value::String(text) => Ok(Some(Part::text(name, text.as_str()))),
        Value::Array(_) => Err(fault(place(), "an array within an array can't be a part")),
        Value::Object(members) => {
            if written.is_none_or(|written| written.get("file").is_none()) {
                let why = "an object can't be a part; pick its members, or write `{ file: PATH }` \
                           in the flow";
                return Err(fault(place(), why));
            }
            file(name, members).map(Some)
        }
    }
}

fn file(name: &str, members: &Map<String, Value>) -> Result<Part, StepError> {
    let place = || format!("body.{name}");
    if let Some(key) = members.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let why = format!(
            "`{key}` says nothing about a file; the keys are `file`, `file_name`, and `media_type`"
        );
        return Err(fault(place(), why));
    }
    let text = |key: &str| match members.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(other) => {
            Err(fault(place(), format!("`{key}` must be a string, not {}", kind(other))))
        }
    };
    let Some(path) = text("file")? else {
        return Err(fault(place(), "`file` must be the path of a file, not null"));
    };
    let own_name = || Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
    let file_name = match text("file_name")? {
        Some(name) => name.to_owned(),
        None => own_name().unwrap_or_default(),
    };
    let media_type = text("media_type")?.unwrap_or(UNKNOWN);
    Part::file_at(name, file_name, media_type, path).map_err(|why| fault("body", why))
}

/// What can be said about a file.
const KEYS: [&str; 3] = ["file", "file_name", "media_type"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(value: &Value, written: Option<&Value>) -> String {
        payload(value, written).expect_err("no such part").message
    }

    #[test]
    fn texts_and_lists_become_parts_and_null_none() {
        let body = json!({ "title": "a report", "tags": ["x", 2, true], "none": null });
        let payload = payload(&body, Some(&body)).expect("a form");
        let sent = String::from_utf8_lossy(payload.as_bytes());
        assert_eq!(sent.matches("Content-Disposition: form-data; name=\"tags\"").count(), 3);
        assert!(sent.contains("a report"), "{sent}");
        assert!(!sent.contains("none"), "{sent}");
        assert!(payload.media_type().is_some_and(|it| it.starts_with("multipart/form-data; ")));
    }

    #[test]
    fn files_are_named_and_not_read() {
        let body = json!({
            "plain": { "file": "/no/such/file" },
            "named": [{ "file": "r", "file_name": "r.csv", "media_type": "text/csv" }],
        });
        let payload = payload(&body, Some(&body)).expect("a form");
        let files: Vec<_> = payload.files().collect();
        assert_eq!(files, [Path::new("/no/such/file"), Path::new("r")]);
        assert!(payload.as_bytes().is_empty());
    }

    /// An answer that looks like a file once could have sent any file of this machine.
    #[test]
    fn data_does_not_choose_the_files_that_are_sent() {
        let body = json!({ "photo": { "file": "/etc/hostname" } });
        let expected = "body.photo: an object can't be a part; pick its members, or write \
                        `{ file: PATH }` in the flow";
        assert_eq!(refused(&body, None), expected);
        assert_eq!(refused(&body, Some(&json!("$data"))), expected);
        assert_eq!(refused(&body, Some(&json!({ "photo": "$data.photo" }))), expected);
    }

    #[test]
    fn what_is_no_part_is_told_by_name() {
        let table = [
            (json!([1]), "body: a multipart body must be an object of parts, not an array"),
            (json!({ "a": [[1]] }), "body.a: an array within an array can't be a part"),
            (json!({ "a": { "file": 5 } }), "body.a: `file` must be a string, not a number"),
            (
                json!({ "a": { "file": null } }),
                "body.a: `file` must be the path of a file, not null",
            ),
            (
                json!({ "a": { "file": "x", "name": "y" } }),
                "body.a: `name` says nothing about a file; the keys are `file`, `file_name`, and \
                 `media_type`",
            ),
        ];
        for (body, expected) in table {
            assert_eq!(refused(&body, Some(&body)), expected);
        }
        let body = json!({ "a": { "file": "x", "media_type": "png" } });
        let said = refused(&body, Some(&body));
        assert!(said.contains("the part `a`") && said.contains("`png` is no media type"), "{said}");
    }
}
