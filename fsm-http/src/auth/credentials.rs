//! What a call carries to say who it is.

use std::{collections::HashSet, fmt, sync::Arc};

use http::{HeaderName, HeaderValue, header::COOKIE};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::error::AuthError;
use crate::{call::Call, redirect::HARMLESS, secret::Secret};

/// What RFC 3986 calls unreserved stays as it is in a query.
const IN_A_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Credentials for one call. Clones are cheap and equal; `Debug` shows where they go and not what
/// they are.
#[derive(Clone)]
pub struct Credentials(Arc<Carrier>);

/// How credentials travel.
pub(super) enum Carrier {
    Header {
        name: HeaderName,
        value: HeaderValue,
    },
    /// The pair is encoded and ready to be appended.
    Query {
        name: String,
        pair: String,
    },
    Cookies(Vec<Cookie>),
}

/// A cookie, as it is sent.
pub(super) struct Cookie {
    pub(super) name: String,
    pub(super) value: String,
}

impl Credentials {
    pub(super) fn new(carrier: Carrier) -> Self {
        Self(Arc::new(carrier))
    }

    /// Puts the credentials on a call, and tells whether they were needed.
    ///
    /// What the call itself declares wins: where it has a header, a parameter, or a cookie of that
    /// name already, it is left as it is (`false`, if nothing at all was added), and nothing is sent
    /// twice. User info in the url gives way to an `Authorization` header, as it does to a declared
    /// one. So credentials are put on the call as it was declared, and not on one that carries older
    /// credentials.
    pub fn apply(&self, call: &mut Call) -> bool {
        match &*self.0 {
            Carrier::Header { name, value } => {
                if call.headers.contains_key(name) {
                    return false;
                }
                call.headers.insert(name, value.clone());
                true
            }
            Carrier::Query { name, pair } => {
                if call.url.query_pairs().any(|(declared, _)| declared == *name) {
                    return false;
                }
                let query = match call.url.query() {
                    None | Some("") => pair.clone(),
                    Some(declared) => format!("{declared}&{pair}"),
                };
                call.url.set_query(Some(&query));
                true
            }
            Carrier::Cookies(cookies) => add_cookies(call, cookies),
        }
    }

    /// Takes the credentials out of a url that they were put on, as an answer's url is shown to
    /// users. Any other url stays as it is.
    pub fn withdraw(&self, url: &mut Url) {
        let Carrier::Query { pair, .. } = &*self.0 else { return };
        let Some(query) = url.query() else { return };
        let kept: Vec<&str> = query.split('&').filter(|part| part != pair).collect();
        let kept = kept.join("&");
        if kept != query {
            url.set_query(Some(kept.as_str()).filter(|query| !query.is_empty()));
        }
    }
}

/// Adds cookies to the one `Cookie` header that a request may have (RFC 6265, section 5.4).
fn add_cookies(call: &mut Call, cookies: &[Cookie]) -> bool {
    // Bytes beyond ASCII are allowed in a header, so the declared cookies are kept as bytes.
    let mut all: Vec<u8> = Vec::new();
    for declared in call.headers.get_all(COOKIE) {
        if !all.is_empty() {
            all.extend(b"; ");
        }
        all.extend(declared.as_bytes());
    }
    let names: HashSet<Vec<u8>> = all
        .split(|&byte| byte == b';')
        .filter_map(|pair| pair.split(|&byte| byte == b'=').next())
        .map(|name| name.trim_ascii().to_owned())
        .collect();
    let mut added = false;
    for cookie in cookies.iter().filter(|cookie| !names.contains(cookie.name.as_bytes())) {
        if !all.is_empty() {
            all.extend(b"; ");
        }
        all.extend(format!("{}={}", cookie.name, cookie.value).bytes());
        added = true;
    }
    if !added {
        return false;
    }
    let mut value =
        HeaderValue::from_bytes(&all).expect("cookies were checked, and so was a declared header");
    value.set_sensitive(true);
    call.headers.insert(COOKIE, value);
    true
}

impl Carrier {
    /// A header whose value is `prefix` and then the secret.
    pub(super) fn header(name: HeaderName, prefix: &str, secret: &str) -> Option<Self> {
        let mut value = HeaderValue::try_from(format!("{prefix}{secret}")).ok()?;
        value.set_sensitive(true);
        Some(Self::Header { name, value })
    }

    pub(super) fn query(name: &str, secret: &Secret) -> Self {
        let encode = |text| utf8_percent_encode(text, IN_A_QUERY);
        let pair = format!("{}={}", encode(name), encode(secret.expose()));
        Self::Query { name: name.to_owned(), pair }
    }
}

impl Cookie {
    /// A cookie whose name and value can stand in a header without being taken for another.
    pub(super) fn new(name: &str, value: &str) -> Option<Self> {
        let is_value = value.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b';');
        (is_token(name) && is_value)
            .then(|| Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// A token as HTTP has it (RFC 9110, section 5.6.2).
pub(super) fn is_token(name: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_sign)
}

/// A header that may carry credentials.
///
/// # Errors
///
/// [`AuthError::Name`] for headers that go along to other origins, and for those that frame a
/// message.
pub(super) fn check_header(name: &HeaderName) -> Result<(), AuthError> {
    let refuse = |why| Err(AuthError::Name { name: name.to_string(), place: "header", why });
    if HARMLESS.contains(name) {
        return refuse("that header follows redirects to other servers");
    }
    match name.as_str() {
        "host" | "content-length" | "transfer-encoding" | "connection" | "te" | "upgrade" => {
            refuse("it is part of how a message is delivered")
        }
        "cookie" => refuse("declare a cookie instead, by its own name"),
        _ => Ok(()),
    }
}

impl PartialEq for Credentials {
    /// Are these the same credentials, from the same fetch?
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Carrier::Header { name, .. } => write!(f, "Credentials(header {name}"),
            Carrier::Query { name, .. } => write!(f, "Credentials(parameter {name}"),
            Carrier::Cookies(cookies) => {
                let names: Vec<_> = cookies.iter().map(|cookie| cookie.name.as_str()).collect();
                write!(f, "Credentials(cookie {}", names.join(", "))
            }
        }?;
        f.write_str(" [redacted])")
    }
}

#[cfg(test)]
mod tests {
    use http::{Method, header::AUTHORIZATION};

    use super::*;

    fn call(url: &str) -> Call {
        Call::new(Method::GET, url.parse().expect("a url"))
    }

    fn cookies(pairs: &[(&str, &str)]) -> Credentials {
        let cookie = |(name, value): &(&str, &str)| Cookie::new(name, value).expect("a cookie");
        Credentials::new(Carrier::Cookies(pairs.iter().map(cookie).collect()))
    }

    #[test]
    fn a_declared_header_wins_and_is_sent_once() {
        let carrier = Carrier::header(AUTHORIZATION, "Bearer ", "abc").expect("a header");
        let credentials = Credentials::new(carrier);
        let mut plain = call("http://a.test/");
        assert!(credentials.apply(&mut plain));
        assert_eq!(plain.headers[AUTHORIZATION], "Bearer abc");
        assert!(plain.headers[AUTHORIZATION].is_sensitive());

        let mut declared = call("http://a.test/");
        declared.headers.insert(AUTHORIZATION, HeaderValue::from_static("Own"));
        assert!(!credentials.apply(&mut declared));
        assert_eq!(declared.headers.get_all(AUTHORIZATION).iter().count(), 1);
        assert_eq!(declared.headers[AUTHORIZATION], "Own");
    }

    #[test]
    fn a_key_in_the_query_is_encoded_appended_and_taken_out_again() {
        let credentials = Credentials::new(Carrier::query("api key", &Secret::new("a/b&c=ü+1")));
        let pair = "api%20key=a%2Fb%26c%3D%C3%BC%2B1";
        let table = [
            ("http://a.test/x", format!("http://a.test/x?{pair}")),
            ("http://a.test/x?", format!("http://a.test/x?{pair}")),
            ("http://a.test/x?q=1&q=%20#f", format!("http://a.test/x?q=1&q=%20&{pair}#f")),
        ];
        for (url, expected) in table {
            let mut call = call(url);
            assert!(credentials.apply(&mut call));
            assert_eq!(call.url.as_str(), expected);
            credentials.withdraw(&mut call.url);
            assert_eq!(call.url.as_str(), url.replace("x?#", "x#").trim_end_matches('?'));
        }
        let mut declared = call("http://a.test/x?api+key=own");
        assert!(!credentials.apply(&mut declared));
        assert_eq!(declared.url.as_str(), "http://a.test/x?api+key=own");
        credentials.withdraw(&mut declared.url);
        assert_eq!(declared.url.as_str(), "http://a.test/x?api+key=own");
    }

    #[test]
    fn a_cookie_joins_the_declared_ones_in_one_header() {
        let credentials = cookies(&[("sid", "abc"), ("lang", "x")]);
        let mut plain = call("http://a.test/");
        assert!(credentials.apply(&mut plain));
        assert_eq!(plain.headers[COOKIE], "sid=abc; lang=x");

        let mut declared = call("http://a.test/");
        declared.headers.append(COOKIE, HeaderValue::from_static("a=1"));
        declared.headers.append(COOKIE, HeaderValue::from_static("lang=de"));
        assert!(credentials.apply(&mut declared));
        assert_eq!(declared.headers.get_all(COOKIE).iter().count(), 1);
        assert_eq!(declared.headers[COOKIE], "a=1; lang=de; sid=abc");
        assert!(declared.headers[COOKIE].is_sensitive());
        assert!(!credentials.apply(&mut declared), "a second time adds nothing");
    }

    #[test]
    fn a_cookie_that_would_be_taken_for_two_is_none() {
        for (name, value) in [("a", "x;b=y"), ("a", "x y"), ("a", "x\r\n"), ("a b", "x"), ("", "x")]
        {
            assert!(Cookie::new(name, value).is_none(), "{name}={value}");
        }
        assert!(Cookie::new("sid", "\"a=b,c\"").is_some());
    }

    #[test]
    fn debug_shows_where_credentials_go_and_not_what_they_are() {
        let header = Carrier::header(AUTHORIZATION, "Bearer ", "hunter2").expect("a header");
        let shown = [
            format!("{:?}", Credentials::new(header)),
            format!("{:?}", Credentials::new(Carrier::query("key", &Secret::new("hunter2")))),
            format!("{:?}", cookies(&[("sid", "hunter2")])),
        ];
        assert_eq!(
            shown,
            [
                "Credentials(header authorization [redacted])",
                "Credentials(parameter key [redacted])",
                "Credentials(cookie sid [redacted])",
            ]
        );
    }
}
