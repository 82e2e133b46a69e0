//! What a request carries.
//!
//! A payload is made once, when the call is put together, and every attempt and every redirect
//! shares its bytes. Only a form with [files](Part::file_at) is put together anew for each attempt.
//! A payload knows its media type, which is sent as `Content-Type` unless the call declares one of
//! its own.
//!
//! ```
//! use fsm_http::{Part, Payload};
//!
//! # fn main() -> Result<(), fsm_http::PartError> {
//! let form = Payload::multipart([
//!     Part::text("title", "Notes"),
//!     Part::bytes("upload", "notes.csv", "text/csv", "a,b\n1,2\n")?,
//! ]);
//! assert!(form.media_type().is_some_and(|it| it.starts_with("multipart/form-data; boundary=")));
//! # Ok(())
//! # }
//! ```

use std::{borrow::Cow, fmt, io, path::Path, sync::Arc};

use bytes::Bytes;
use http::HeaderValue;
use serde_json::Value;

mod multipart;
mod part;

use part::Field;
pub use part::{Part, PartError};

/// The body of a request, with its media type. The default is empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Payload {
    content: Content,
    media_type: Option<Cow<'static, str>>,
}

#[derive(Clone, PartialEq, Eq)]
enum Content {
    Bytes(Bytes),
    /// A form with files that are still to be read.
    Form(Arc<[Part]>),
}

impl Default for Content {
    fn default() -> Self {
        Content::Bytes(Bytes::new())
    }
}

/// What there is of a form before its files are read.
static NOTHING: Bytes = Bytes::new();

impl Payload {
    /// No body, and no media type.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A JSON value, sent as `application/json`.
    pub fn json(value: &Value) -> Self {
        // Display of a JSON value is its compact text and cannot fail.
        Self::json_bytes(value.to_string())
    }

    /// JSON that is already text, sent as it is as `application/json`.
    pub fn json_bytes(text: impl Into<Bytes>) -> Self {
        Self::new(text, Cow::Borrowed("application/json"))
    }

    /// Text, sent as `text/plain; charset=utf-8`.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(text.into(), Cow::Borrowed("text/plain; charset=utf-8"))
    }

    /// Any bytes, sent as `application/octet-stream`.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::new(bytes, Cow::Borrowed("application/octet-stream"))
    }

    /// The pairs of a form, sent as `application/x-www-form-urlencoded`.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let text =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Self::new(text, Cow::Borrowed("application/x-www-form-urlencoded"))
    }

    /// The fields of a form, sent as `multipart/form-data` (RFC 7578). The same parts give the same
    /// bytes, boundary included, and the boundary occurs in none of them.
    ///
    /// With [files that are read later](Part::file_at) it is put together for each attempt, when
    /// nothing else is waited for any more.
    pub fn multipart(parts: impl IntoIterator<Item = Part>) -> Self {
        let parts: Vec<_> = parts.into_iter().collect();
        let fields: Option<Vec<_>> = parts.iter().map(Part::at_hand).collect();
        match fields {
            Some(fields) => Self::form_of(&fields),
            None => Self {
                content: Content::Form(parts.into()),
                media_type: Some(Cow::Borrowed("multipart/form-data")),
            },
        }
    }

    fn form_of(fields: &[Field<'_>]) -> Self {
        let boundary = multipart::Boundary::between(fields);
        Self::new(multipart::write(fields, &boundary), Cow::Owned(boundary.media_type()))
    }

    fn new(bytes: impl Into<Bytes>, media_type: Cow<'static, str>) -> Self {
        Self { content: Content::Bytes(bytes.into()), media_type: Some(media_type) }
    }

    /// The bytes that are sent; none as long as there are [files](Self::files) to be read.
    pub fn as_bytes(&self) -> &Bytes {
        match &self.content {
            Content::Bytes(bytes) => bytes,
            Content::Form(_) => &NOTHING,
        }
    }

    /// The media type that is sent unless the call declares another; `None` for an empty payload.
    /// The boundary of a form follows from its content, and is missing until its files are read.
    pub fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    /// The files that each attempt reads.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let parts = match &self.content {
            Content::Bytes(_) => &[],
            Content::Form(parts) => &**parts,
        };
        parts.iter().filter_map(Part::path)
    }

    /// Whether the bytes are there.
    pub(crate) fn is_at_hand(&self) -> bool {
        match self.content {
            Content::Bytes(_) => true,
            Content::Form(_) => false,
        }
    }

    /// Reads the files and puts the form together, on a thread where waiting for a disk disturbs
    /// nobody.
    ///
    /// # Cancel safety
    ///
    /// A reading that was given up leaves nothing behind; its thread comes to its end unheard.
    pub(crate) async fn read(&self) -> Result<Self, PartError> {
        let Content::Form(parts) = &self.content else { return Ok(self.clone()) };
        let parts = parts.clone();
        let read = tokio::task::spawn_blocking(move || {
            let fields: Result<Vec<_>, _> = parts.iter().map(Part::read).collect();
            Ok(Self::form_of(&fields?))
        });
        read.await.unwrap_or_else(|stopped| Err(PartError::Stopped(io::Error::other(stopped))))
    }

    /// The media type as the value of a header.
    pub(crate) fn content_type(&self) -> Option<HeaderValue> {
        match self.media_type.as_ref()? {
            Cow::Borrowed(media_type) => Some(HeaderValue::from_static(media_type)),
            // It is put together here, of characters that a header may hold.
            Cow::Owned(media_type) => HeaderValue::from_str(media_type).ok(),
        }
    }
}

impl fmt::Debug for Payload {
    /// Shows type and length: the content may be anybody's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.media_type {
            None => f.write_str("Payload(empty)"),
            Some(media_type) => match &self.content {
                Content::Bytes(bytes) => write!(f, "Payload({media_type}, {} bytes)", bytes.len()),
                Content::Form(parts) => write!(f, "Payload({media_type}, {} parts)", parts.len()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_payload_is_written_in_its_own_format() {
        let table = [
            (Payload::empty(), "", None),
            (
                Payload::json(&json!({"b": 1, "a": "é"})),
                r#"{"b":1,"a":"é"}"#,
                Some("application/json"),
            ),
            (Payload::text("hi"), "hi", Some("text/plain; charset=utf-8")),
            (Payload::bytes(&b"\x01"[..]), "\u{1}", Some("application/octet-stream")),
            (
                Payload::form([("a b", "1&2"), ("é", "")]),
                "a+b=1%262&%C3%A9=",
                Some("application/x-www-form-urlencoded"),
            ),
        ];
        for (payload, text, media_type) in table {
            assert_eq!(payload.as_bytes(), text.as_bytes());
            assert_eq!(payload.media_type(), media_type);
        }
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(
            format!("{:?}", Payload::text("hunter2")),
            "Payload(text/plain; charset=utf-8, 7 bytes)"
        );
    }
}
