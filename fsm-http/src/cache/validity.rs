//! What the headers of an answer say about keeping it (RFC 9111, RFC 9110 section 8.8).
//!
//! How long an answer is good is the user's decision, the time to live; so `max-age`, `Expires`,
//! and `no-cache` play no part. What is left to the server is to forbid that its answer is kept at
//! all, and to hand out validators by which a stale one can be asked about.
//!
//! The cache serves one program and not the public: `private` answers are kept. `Vary` is met,
//! because all declared headers and the credentials belong to the key.

use http::{
    HeaderMap,
    header::{CACHE_CONTROL, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, VARY},
};

use crate::call::Answer;

/// May the answer be kept? Not with `Cache-Control: no-store`, and not with `Vary: *`, which says
/// that the next answer to the same request is another.
pub fn is_storable(answer: &Answer) -> bool {
    let says = |name, word: &[u8]| {
        answer.headers.get_all(name).iter().any(|value| lists(value.as_bytes(), word))
    };
    !says(CACHE_CONTROL, b"no-store") && !says(VARY, b"*")
}

/// Is `word` a member of the comma-separated list, with or without an argument?
///
/// Commas within quotation marks are taken for separators, too. At worst an answer is not kept.
fn lists(list: &[u8], word: &[u8]) -> bool {
    list.split(|byte| *byte == b',').any(|member| {
        let name = member.split(|byte| *byte == b'=').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(word)
    })
}

/// The headers that ask whether the answer is still the present one: `If-None-Match` for its
/// `ETag`, `If-Modified-Since` for its `Last-Modified`; empty for an answer that has neither. The
/// server says 304 if it is.
pub fn validators(answer: &Answer) -> HeaderMap {
    let mut validators = HeaderMap::new();
    for (validator, condition) in [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)] {
        if let Some(value) = answer.headers.get(validator) {
            validators.insert(condition, value.clone());
        }
    }
    validators
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::cache::tests::answer;

    #[test]
    fn only_no_store_and_a_vary_on_everything_forbid_keeping_an_answer() {
        let table = [
            (&[][..], true),
            (&[("cache-control", "no-store")], false),
            (&[("cache-control", "private, No-Store , max-age=0")], false),
            (&[("cache-control", "max-age=5"), ("cache-control", "no-store")], false),
            (&[("cache-control", "no-store=\"x\"")], false),
            (&[("cache-control", "private, no-cache, max-age=0, no-store-really")], true),
            (&[("cache-control", "max-age=\u{20}no-store")], true),
            (&[("vary", "Accept, Authorization")], true),
            (&[("vary", "Accept, *")], false),
            (&[("pragma", "no-cache")], true),
        ];
        for (headers, storable) in table {
            let mut answer = answer("");
            for (name, value) in headers {
                answer.headers.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(is_storable(&answer), storable, "{headers:?}");
        }
    }

    #[test]
    fn a_stale_answer_is_asked_about_by_its_validators() {
        let mut answer = answer("");
        assert!(validators(&answer).is_empty());
        answer.headers.insert("etag", HeaderValue::from_static("W/\"7\""));
        let date = HeaderValue::from_static("Tue, 15 Nov 1994 12:45:26 GMT");
        answer.headers.insert("last-modified", date.clone());
        let validators = validators(&answer);
        assert_eq!(validators["if-none-match"], "W/\"7\"");
        assert_eq!(validators["if-modified-since"], date);
        assert_eq!(validators.len(), 2);
    }
}
