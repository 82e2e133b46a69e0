//! Files up and down: `multipart/form-data` (RFC 7578) is taken apart and told back, and a table of
//! any length comes as CSV.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::answer::{Problem, problem};
use super::world::World;

/// The longest table, in rows.
const ROWS: u32 = 100_000;

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new().route("/uploads", post(upload)).route("/downloads/{rows}", get(download))
}

/// Says what parts came: name, file name, media type, and size of each.
async fn upload(headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let refuse = |why: &str| problem(StatusCode::BAD_REQUEST, why);
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let boundary =
        media.strip_prefix("multipart/form-data").and_then(|rest| parameter(rest, "boundary"));
    let boundary = boundary.ok_or_else(|| refuse("the body must be multipart/form-data"))?;
    let parts = parts(&body, &boundary).ok_or_else(|| refuse("the parts are not whole"))?;
    Ok((StatusCode::CREATED, Json(json!({ "parts": parts }))).into_response())
}

/// The parts of a form; `None` if they are not written as RFC 2046 asks for.
fn parts(body: &[u8], boundary: &str) -> Option<Vec<Value>> {
    let delimiter = format!("--{boundary}");
    let mut rest = body.strip_prefix(delimiter.as_bytes())?;
    let next = format!("\r\n{delimiter}");
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let part = rest.strip_prefix(b"\r\n")?;
        let head = find(part, b"\r\n\r\n")?;
        let content = &part[head + 4..];
        let end = find(content, next.as_bytes())?;
        parts.push(told(std::str::from_utf8(&part[..head]).ok()?, &content[..end])?);
        rest = &content[end + next.len()..];
    }
    Some(parts)
}

fn told(head: &str, content: &[u8]) -> Option<Value> {
    let header = |name: &str| {
        let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim())
    };
    let disposition = header("content-disposition")?.strip_prefix("form-data")?;
    Some(json!({
        "name": parameter(disposition, "name")?,
        "file_name": parameter(disposition, "filename"),
        "media_type": header("content-type"),
        "bytes": content.len(),
    }))
}

/// The parameter of this name in `; a=b; c="d"`.
fn parameter(parameters: &str, name: &str) -> Option<String> {
    let mut pairs = parameters.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.trim_matches('"').to_owned())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// A table of so many rows.
async fn download(Path(rows): Path<String>) -> Result<Response, Problem> {
    let Some(rows) = rows.parse::<u32>().ok().filter(|rows| *rows <= ROWS) else {
        let why = format!("`{rows}` is no number of rows from 0 to {ROWS}");
        return Err(problem(StatusCode::BAD_REQUEST, why));
    };
    let mut table = "id,total\n".to_owned();
    for id in 1..=rows {
        // Writing into a `String` does not fail.
        let _ = writeln!(table, "{id},{}", id * 25);
    }
    Ok(([(CONTENT_TYPE, "text/csv; charset=utf-8")], table).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_taken_apart_and_a_torn_one_refused() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhello\r\n\
            --x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f.txt\"\r\n\
            Content-Type: text/plain\r\n\r\none\r\ntwo\r\n--x--\r\n";
        let expected = [
            json!({ "name": "a", "file_name": null, "media_type": null, "bytes": 5 }),
            json!({ "name": "f", "file_name": "f.txt", "media_type": "text/plain", "bytes": 8 }),
        ];
        assert_eq!(parts(body, "x"), Some(expected.to_vec()));
        assert_eq!(parts(&body[..body.len() - 6], "x"), None);
        assert_eq!(parts(body, "y"), None);
    }
}
