//! What makes two calls the same call.
//!
//! A key is the SHA-256 of everything that decides on the answer: each part is preceded by its
//! length, so that no two lists of parts run together into the same bytes. Secrets in headers and
//! urls take part, and cannot be read back.

use std::fmt;

use http::HeaderMap;
use sha2::{Digest, Sha256};
use url::Position;

use crate::call::Call;
use crate::decode::Decode;

/// The name under which an answer is kept.
///
/// # Examples
///
/// ```
/// use fsm_http::{Call, cache::CacheKey};
/// use http::Method;
///
/// let call = |url: &str| Call::new(Method::GET, url.parse().expect("a url"));
/// let key = CacheKey::of_request(&call("http://example.com/users/7"), None);
/// assert_eq!(key, CacheKey::of_request(&call("http://example.com/users/7#top"), None));
/// assert_ne!(key, CacheKey::of_request(&call("http://example.com/users/8"), None));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// The key of a request, sent by whom `identity` stands for: the hash of the credentials, or
    /// `None` without any.
    ///
    /// Method, url without fragment, declared headers in whatever order, body, media type, and the
    /// form in which the answer is wanted belong to it. The idempotency key of the call does not:
    /// it is another for each run; nor does the content of [files](crate::Payload::files), which is
    /// read when the call is sent: keep such an answer under a text of your own.
    pub fn of_request(call: &Call, identity: Option<&[u8; 32]>) -> Self {
        let mut parts = Parts::new("request", identity);
        parts.add(call.method.as_str());
        parts.add(&call.url[..Position::AfterQuery]);
        parts.add_headers(&call.headers);
        parts.add(call.body.media_type().unwrap_or_default());
        parts.add(call.body.as_bytes());
        parts.add(match call.decode {
            Decode::Auto => "auto",
            Decode::Json => "json",
            Decode::Text => "text",
            Decode::Bytes => "bytes",
        });
        parts.finish()
    }

    /// The key that a text stands for, such as a `cache_key` that a flow computes. Texts of
    /// different scopes (flow and endpoint) never meet.
    pub fn of_text(scope: &str, text: &str, identity: Option<&[u8; 32]>) -> Self {
        let mut parts = Parts::new("text", identity);
        parts.add(scope);
        parts.add(text);
        parts.finish()
    }
}

impl fmt::Debug for CacheKey {
    /// Shows the first eight digits: enough to tell keys apart in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "CacheKey({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

/// The hash of a list of parts.
struct Parts(Sha256);

impl Parts {
    fn new(kind: &str, identity: Option<&[u8; 32]>) -> Self {
        let mut parts = Self(Sha256::new());
        parts.add(kind);
        parts.add(identity.map_or(&[][..], |identity| identity));
        parts
    }

    fn add(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// The order of lines with one name matters, that of the names does not.
    fn add_headers(&mut self, headers: &HeaderMap) {
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        lines.sort_by_key(|(name, _)| *name);
        self.0.update((lines.len() as u64).to_le_bytes());
        for (name, value) in lines {
            self.add(name);
            self.add(value);
        }
    }

    fn finish(self) -> CacheKey {
        CacheKey(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method};

    use super::*;
    use crate::payload::Payload;

    fn call(url: &str) -> Call {
        Call::new(Method::GET, url.parse().expect("a url"))
    }

    #[test]
    fn whatever_decides_on_the_answer_makes_another_key() {
        let base = call("http://a.test/x?q=1");
        let changed = |change: fn(&mut Call)| {
            let mut call = base.clone();
            change(&mut call);
            CacheKey::of_request(&call, None)
        };
        let keys = [
            CacheKey::of_request(&base, None),
            CacheKey::of_request(&base, Some(&[1; 32])),
            CacheKey::of_request(&base, Some(&[2; 32])),
            changed(|call| call.method = Method::HEAD),
            changed(|call| call.url.set_query(Some("q=2"))),
            changed(|call| call.url.set_username("me").expect("it has a host")),
            changed(|call| call.body = Payload::text("1")),
            changed(|call| call.body = Payload::json_bytes("1")),
            changed(|call| call.decode = Decode::Text),
            changed(|call| drop(call.headers.insert("x-a", HeaderValue::from_static("1")))),
            changed(|call| drop(call.headers.insert("x-a", HeaderValue::from_static("2")))),
            changed(|call| drop(call.headers.insert("x-a1", HeaderValue::from_static("")))),
            CacheKey::of_text("flow/a", "7", None),
            CacheKey::of_text("flow/b", "7", None),
            CacheKey::of_text("flow/a", "7", Some(&[1; 32])),
            CacheKey::of_text("flow/a7", "", None),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key), "{index}: {key:?}");
        }
    }

    #[test]
    fn what_the_server_never_sees_or_must_not_mind_makes_no_difference() {
        let mut one = call("http://a.test/x#one");
        one.headers.insert("x-a", HeaderValue::from_static("1"));
        one.headers.insert("x-b", HeaderValue::from_static("2"));
        let mut two = call("http://a.test/x#two");
        two.headers.insert("x-b", HeaderValue::from_static("2"));
        let mut marked = HeaderValue::from_static("1");
        marked.set_sensitive(true);
        two.headers.insert("x-a", marked);
        two.idempotency_key = Some(HeaderValue::from_static("run-2"));
        assert_eq!(CacheKey::of_request(&one, None), CacheKey::of_request(&two, None));
    }

    #[test]
    fn the_order_of_lines_with_one_name_makes_a_difference() {
        let with = |values: [&'static str; 2]| {
            let mut call = call("http://a.test/");
            for value in values {
                call.headers.append("x-a", HeaderValue::from_static(value));
            }
            CacheKey::of_request(&call, None)
        };
        assert_ne!(with(["1", "2"]), with(["2", "1"]));
    }

    #[test]
    fn debug_shows_the_beginning_of_a_key_alone() {
        let shown = format!("{:?}", CacheKey([0xab; 32]));
        assert_eq!(shown, "CacheKey(abababab…)");
    }
}
