//! From the bytes of an answer to a JSON value.
//!
//! An answer without content (to HEAD, with status 204 or 205, or of length zero) is null. Else the
//! content type decides: JSON, also as `+json`, is parsed; `text/*` becomes a string; anything else
//! becomes a string in base64. A call can force one of the three instead.
//!
//! An answer that is not what it claims to be is an error and never a guess: an HTML page that a
//! proxy put in place of JSON must not travel on through a flow as a string.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{
    HeaderMap, Method, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use serde_json::Value;

use crate::redact::{beginning, one_line};

/// How the body of an answer becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decode {
    /// As its content type says.
    #[default]
    Auto,
    /// As JSON, whatever its content type says.
    Json,
    /// As text, in the charset that its content type names, else in UTF-8.
    Text,
    /// As base64 of the bytes.
    Bytes,
}

/// Why a body is not what it was taken for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("the body, {declared}, is not JSON: {fault}{excerpt}")]
    Json { declared: Declared, fault: String, excerpt: String },
    #[error(
        "the body, {declared}, is not UTF-8: byte {at} fits no character (`response_parser: bytes` takes any content)"
    )]
    Utf8 { declared: Declared, at: usize },
    #[error(
        "the body is text in the charset `{0}`, which is not supported: UTF-8, US-ASCII, and ISO-8859-1 are (`response_parser: bytes` takes any content)"
    )]
    Charset(String),
    #[error("the body is compressed with `{0}`, which was not asked for and is not supported")]
    Encoding(String),
}

/// What an answer said about its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Declared(Option<String>);

impl std::fmt::Display for Declared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            None => f.write_str("which has no Content-Type"),
            Some(content_type) => write!(f, "declared as `{content_type}`"),
        }
    }
}

impl Decode {
    /// Decodes the body of an answer to `method` with this status and these headers.
    pub(crate) fn apply(
        self,
        method: &Method,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Value, DecodeError> {
        let without_content = *method == Method::HEAD
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::RESET_CONTENT
            || body.is_empty();
        if without_content {
            return Ok(Value::Null);
        }

        let content_type = ContentType::of(headers);
        let form = match self {
            Self::Auto => content_type.form(),
            Self::Json => Form::Json,
            Self::Text => Form::Text,
            Self::Bytes => Form::Bytes,
        };
        match form {
            Form::Json => {
                refuse_encoding(headers)?;
                json(content_type, body)
            }
            Form::Text => {
                refuse_encoding(headers)?;
                text(content_type, body).map(Value::String)
            }
            Form::Bytes => Ok(Value::String(BASE64_STANDARD.encode(body))),
        }
    }
}

/// Is the body of such an answer worth quoting?
pub(crate) fn is_textual(headers: &HeaderMap) -> bool {
    let content_type = ContentType::of(headers);
    match content_type.form() {
        Form::Json | Form::Text => true,
        Form::Bytes => {
            let essence = content_type.essence();
            ends_with(essence, "/xml") || ends_with(essence, "+xml")
        }
    }
}

/// The three ways to represent a body.
enum Form {
    Json,
    Text,
    Bytes,
}

/// The value of a `Content-Type` header, or of none.
#[derive(Clone, Copy)]
struct ContentType<'a>(Option<&'a str>);

impl<'a> ContentType<'a> {
    fn of(headers: &'a HeaderMap) -> Self {
        Self(headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()))
    }

    /// The media type without parameters.
    fn essence(self) -> &'a str {
        let value = self.0.unwrap_or("");
        value.split_once(';').map_or(value, |(essence, _)| essence).trim()
    }

    fn form(self) -> Form {
        let Some((kind, subtype)) = self.essence().split_once('/') else { return Form::Bytes };
        if subtype.eq_ignore_ascii_case("json") || ends_with(subtype, "+json") {
            return Form::Json;
        }
        if kind.eq_ignore_ascii_case("text") { Form::Text } else { Form::Bytes }
    }

    fn charset(self) -> Option<&'a str> {
        let (_, parameters) = self.0?.split_once(';')?;
        parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
        })
    }

    fn declared(self) -> Declared {
        Declared(self.0.map(one_line))
    }
}

fn ends_with(text: &str, suffix: &str) -> bool {
    text.len() >= suffix.len()
        && text.is_char_boundary(text.len() - suffix.len())
        && text[text.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
}

/// A transport has undone the compression it asked for and dropped the header: what is left is
/// a compression that nobody here understands.
fn refuse_encoding(headers: &HeaderMap) -> Result<(), DecodeError> {
    let Some(encoding) = headers.get(CONTENT_ENCODING) else { return Ok(()) };
    let encoding = String::from_utf8_lossy(encoding.as_bytes());
    if encoding.trim().eq_ignore_ascii_case("identity") {
        return Ok(());
    }
    Err(DecodeError::Encoding(one_line(&encoding)))
}

/// How much of a body that is no JSON is looked at for the excerpt in the message.
const EXCERPT_SOURCE: usize = 80;

fn json(content_type: ContentType<'_>, body: &[u8]) -> Result<Value, DecodeError> {
    serde_json::from_slice(without_mark(body)).map_err(|error| {
        let beginning = one_line(&beginning(body, EXCERPT_SOURCE));
        DecodeError::Json {
            declared: content_type.declared(),
            fault: error.to_string(),
            excerpt: format!("; it begins with: {beginning}"),
        }
    })
}

fn text(content_type: ContentType<'_>, body: &[u8]) -> Result<String, DecodeError> {
    let charset = content_type.charset().unwrap_or("utf-8");
    let is = |names: &[&str]| names.iter().any(|name| charset.eq_ignore_ascii_case(name));

    if is(&["iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "l1"]) {
        // The first 256 code points of Unicode are ISO-8859-1.
        return Ok(body.iter().copied().map(char::from).collect());
    }
    if !is(&["utf-8", "utf8", "us-ascii", "ascii"]) {
        return Err(DecodeError::Charset(one_line(charset)));
    }
    match std::str::from_utf8(without_mark(body)) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            Err(DecodeError::Utf8 { declared: content_type.declared(), at: error.valid_up_to() })
        }
    }
}

/// What the bytes say as JSON, whatever they were declared and decoded as.
pub(crate) fn parsed(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(without_mark(body)).ok()
}

/// Drops a byte-order mark in UTF-8, which RFC 8259 lets a reader ignore.
fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn decode(how: Decode, content_type: &'static str, body: &[u8]) -> Result<Value, DecodeError> {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        how.apply(&Method::GET, StatusCode::OK, &headers, body)
    }

    #[test]
    fn the_content_type_decides_what_a_body_becomes() {
        let table: [(&str, &[u8], Value); 14] = [
            ("application/json", b"{\"a\": [1]}", json!({"a": [1]})),
            ("application/json; charset=utf-8", b"1", json!(1)),
            ("Application/JSON", b"null", json!(null)),
            ("application/problem+json", b"[]", json!([])),
            ("application/vnd.api+JSON;v=1", b"true", json!(true)),
            ("text/json", b"\"x\"", json!("x")),
            ("application/json", b"\xEF\xBB\xBF{}", json!({})),
            ("text/plain", "é".as_bytes(), json!("é")),
            ("text/html; charset=\"ISO-8859-1\"", b"\xe9", json!("é")),
            ("text/csv;charset=us-ascii", b"a,b", json!("a,b")),
            ("text/plain", b"\xEF\xBB\xBFx", json!("x")),
            ("application/octet-stream", b"\x00\xff", json!("AP8=")),
            ("application/jsonish", b"{}", json!("e30=")),
            ("", b"{}", json!("e30=")),
        ];
        for (content_type, body, expected) in table {
            assert_eq!(decode(Decode::Auto, content_type, body), Ok(expected), "{content_type}");
        }
    }

    #[test]
    fn a_forced_form_does_not_look_at_the_content_type() {
        assert_eq!(decode(Decode::Json, "text/plain", b"{}"), Ok(json!({})));
        assert_eq!(decode(Decode::Text, "application/json", b"{}"), Ok(json!("{}")));
        assert_eq!(decode(Decode::Bytes, "application/json", b"{}"), Ok(json!("e30=")));
    }

    #[test]
    fn an_answer_without_content_is_null_however_it_is_decoded() {
        let headers = HeaderMap::new();
        for how in [Decode::Auto, Decode::Json, Decode::Text, Decode::Bytes] {
            for (method, status, body) in [
                (Method::HEAD, 200, &b""[..]),
                (Method::GET, 204, b""),
                (Method::GET, 205, b"stray"),
                (Method::GET, 200, b""),
            ] {
                let status = StatusCode::from_u16(status).expect("a status");
                assert_eq!(how.apply(&method, status, &headers, body), Ok(Value::Null));
            }
        }
    }

    #[test]
    fn a_page_in_place_of_json_is_named_with_its_beginning() {
        let error =
            decode(Decode::Auto, "application/json", b"<html>\n Sign in").expect_err("html");
        insta::assert_snapshot!(error, @"the body, declared as `application/json`, is not JSON: expected value at line 1 column 1; it begins with: <html> Sign in");
        let error = decode(Decode::Json, "", b"{\"a\": 1").expect_err("cut");
        insta::assert_snapshot!(error, @r#"the body, which has no Content-Type, is not JSON: EOF while parsing an object at line 1 column 7; it begins with: {"a": 1"#);
    }

    #[test]
    fn text_that_cannot_be_read_says_why() {
        assert_eq!(
            decode(Decode::Auto, "text/plain", b"ab\xff"),
            Err(DecodeError::Utf8 { declared: Declared(Some("text/plain".into())), at: 2 })
        );
        assert_eq!(
            decode(Decode::Auto, "text/plain; charset=shift_jis", b"a"),
            Err(DecodeError::Charset("shift_jis".into()))
        );
    }

    #[test]
    fn a_compression_that_nobody_undid_is_refused_except_for_raw_bytes() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
        let decode = |how: Decode| how.apply(&Method::GET, StatusCode::OK, &headers, b"x");
        assert_eq!(decode(Decode::Auto), Err(DecodeError::Encoding("br".into())));
        assert_eq!(decode(Decode::Bytes), Ok(json!("eA==")));
    }

    #[test]
    fn json_nested_beyond_reason_is_an_error_and_no_crash() {
        assert!(decode(Decode::Json, "", &b"[".repeat(100_000)).is_err());
    }
}
