//! What may be shown of a request and of an answer, in errors and in `Debug`.
//!
//! Everything here errs on the side of silence: a url is shown without query, fragment, and user
//! info; a header whose name is known to carry credentials, or whose value is marked sensitive,
//! is shown by name alone; foreign text is cut to one short line that cannot steer a terminal.

use std::fmt;

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE},
};
use url::Url;

/// The longest excerpt of foreign text that is quoted, in characters.
const EXCERPT: usize = 200;

/// A secret shorter than this is not searched for: it would blot out innocent text.
const SHORTEST_SECRET: usize = 4;

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
                map.entry(&name.as_str(), &"[redacted]");
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

/// Bidirectional overrides and byte-order marks reorder or hide what follows them.
fn steers_a_terminal(character: char) -> bool {
    matches!(character,
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Takes out of `text` every secret that the request carried in its headers: a server that echoes a
/// credential in an error page must not bring it into a log.
pub(crate) fn scrub(text: &str, headers: &HeaderMap) -> String {
    let mut scrubbed = text.to_owned();
    for (name, value) in headers {
        if !is_credential(name, value) {
            continue;
        }
        let Ok(value) = value.to_str() else { continue };
        // "Bearer abc" is echoed whole or as "abc".
        let bare = value.split_once(' ').map_or(value, |(_, token)| token);
        for secret in [value, bare] {
            if secret.len() >= SHORTEST_SECRET {
                scrubbed = scrubbed.replace(secret, "[redacted]");
            }
        }
    }
    scrubbed
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
    fn a_secret_that_the_server_echoes_is_scrubbed() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer hunter2hunter2"));
        headers.insert("x-plain", HeaderValue::from_static("plain"));
        let echoed = "bad token hunter2hunter2 (Bearer hunter2hunter2), plain";
        assert_eq!(scrub(echoed, &headers), "bad token [redacted] ([redacted]), plain");
    }
}
