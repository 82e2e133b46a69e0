//! What may be shown of a request and of an answer, in errors and in `Debug`.
//!
//! Everything here errs on the side of silence: a url is shown without query, fragment, and user
//! info; a header whose name is known to carry credentials, or whose value is marked sensitive,
//! is shown by name alone; foreign text is cut to one short line that cannot steer a terminal.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE},
};
use url::Url;

use crate::secret::{REDACTED, Secret, Secrets};

/// The longest excerpt of foreign text that is quoted, in characters.
const EXCERPT: usize = 200;

/// Does the header carry credentials, by its name or by its mark?
pub fn is_credential(name: &HeaderName, value: &HeaderValue) -> bool {
    value.is_sensitive()
        || *name == AUTHORIZATION
        || *name == PROXY_AUTHORIZATION
        || *name == COOKIE
        || *name == SET_COOKIE
        || matches!(name.as_str(), "x-api-key" | "api-key" | "apikey" | "x-auth-token")
}

/// Shows a url's scheme, host, port, and path.
pub(crate) struct ShownUrl<'a>(pub(crate) &'a Url);

impl fmt::Display for ShownUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or(""))?;
        if let Some(port) = self.0.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(self.0.path())
    }
}

/// Shows headers, the secret ones by name alone.
pub(crate) struct ShownHeaders<'a>(pub(crate) &'a HeaderMap);

impl fmt::Debug for ShownHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self.0 {
            if is_credential(name, value) {
                map.entry(&name.as_str(), &REDACTED);
            } else {
                map.entry(&name.as_str(), value);
            }
        }
        map.finish()
    }
}

/// One short line of `text`: runs of whitespace and control characters become one space, and what
/// is too long ends in an ellipsis.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut gap = false;
    for character in text.chars() {
        if character.is_whitespace() || character.is_control() || steers_a_terminal(character) {
            gap = length > 0;
            continue;
        }
        if length >= EXCERPT {
            line.push('…');
            return line;
        }
        if gap {
            line.push(' ');
            length += 1;
            gap = false;
        }
        line.push(character);
        length += 1;
    }
    line
}

/// The first bytes of a text, at most so many. Where that cuts it off, it ends in an ellipsis, by
/// which a secret is recognised of which only the beginning is left.
pub(crate) fn beginning(text: &[u8], most: usize) -> String {
    let mut beginning = String::from_utf8_lossy(&text[..text.len().min(most)]).into_owned();
    if text.len() > most {
        beginning.push('…');
    }
    beginning
}

/// Bidirectional overrides and byte-order marks reorder or hide what follows them.
fn steers_a_terminal(character: char) -> bool {
    matches!(character,
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Takes out of `text` every secret that the request carried in its headers, in whatever form: a
/// server that echoes a credential in an error page must not bring it into a log.
pub(crate) fn scrub(text: &str, headers: &HeaderMap) -> String {
    let secrets = Secrets::default();
    for (name, value) in headers {
        // A value that is no text can't stand in a text either.
        let Ok(text) = value.to_str() else { continue };
        if is_credential(name, value) {
            for secret in secrets_of(name, text) {
                secrets.insert(Secret::new(secret));
            }
        }
    }
    secrets.scrub(text).into_owned()
}

/// What may be echoed of a secret header: its value, and what that is made of.
fn secrets_of(name: &HeaderName, value: &str) -> Vec<String> {
    let mut secrets = vec![value.to_owned()];
    if *name == COOKIE {
        let values = value.split(';').filter_map(|pair| pair.split_once('='));
        secrets.extend(values.map(|(_, value)| value.trim().to_owned()));
    } else if let Some((scheme, credentials)) = value.split_once(' ') {
        // "Bearer abc" is echoed whole or as "abc".
        let credentials = credentials.trim();
        secrets.push(credentials.to_owned());
        if scheme.eq_ignore_ascii_case("basic") {
            secrets.extend(password(credentials));
        }
    }
    secrets
}

/// The password of basic credentials (RFC 7617).
fn password(credentials: &str) -> Option<String> {
    let pair = String::from_utf8(BASE64_STANDARD.decode(credentials).ok()?).ok()?;
    let (_, password) = pair.split_once(':')?;
    Some(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_query_fragment_and_user_info() {
        let url = Url::parse("https://me:pw@example.com:8443/a/b?token=x#part").expect("a url");
        assert_eq!(ShownUrl(&url).to_string(), "https://example.com:8443/a/b");
    }

    #[test]
    fn foreign_text_becomes_one_short_line() {
        assert_eq!(one_line("\n a\r\n\x1b[31m b\u{202e}c \t"), "a [31m b c");
        let long = one_line(&"é".repeat(1000));
        assert_eq!(long.chars().count(), EXCERPT + 1);
        assert!(long.ends_with('…'));
        assert_eq!(one_line("\u{0}\u{7}"), "");
    }

    #[test]
    fn a_secret_is_recognised_though_the_beginning_of_a_page_ends_within_it() {
        let secrets = Secrets::new([Secret::new("hunter2hunter2")]);
        for most in 10..20 {
            let cut = beginning(b"a page: hunter2hunter2 and more", most);
            assert!(cut.ends_with('…'), "{cut}");
            let shown = secrets.scrub(&cut);
            assert!(!shown.contains("hunt"), "{shown}");
        }
        assert_eq!(beginning(b"whole", 5), "whole");
    }

    #[test]
    fn a_secret_that_the_server_echoes_is_scrubbed() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer hunter2hunter2"));
        headers.insert("x-plain", HeaderValue::from_static("plain"));
        let echoed = "bad token hunter2hunter2 (Bearer hunter2hunter2), plain";
        assert_eq!(scrub(echoed, &headers), "bad token [redacted] ([redacted]), plain");
    }

    #[test]
    fn what_a_secret_header_is_made_of_is_scrubbed_in_every_form() {
        let basic = format!("Basic {}", BASE64_STANDARD.encode("ann:pass word/1"));
        let table = [
            (AUTHORIZATION, basic.as_str(), "pass word/1 pass%20word%2F1", "[redacted] [redacted]"),
            (AUTHORIZATION, basic.as_str(), "YW5uOnBhc3Mgd29yZC8x", "[redacted]"),
            (AUTHORIZATION, "Bearer ab/cd+ef", "token=ab%2fcd%2Bef", "token=[redacted]"),
            (AUTHORIZATION, "Bearer hunter2", "aHVudGVyMg==", "[redacted]"),
            (COOKIE, "a=hunter2; theme=darker", "hunter2 darker", "[redacted] [redacted]"),
            (
                HeaderName::from_static("x-api-key"),
                "k\"ey1",
                r#"{"key":"k\"ey1"}"#,
                r#"{"key":"[redacted]"}"#,
            ),
        ];
        for (name, value, echoed, shown) in table {
            let mut headers = HeaderMap::new();
            headers.insert(&name, HeaderValue::from_str(value).expect("a header value"));
            assert_eq!(scrub(echoed, &headers), shown, "{name}: {value}");
        }
    }
}
