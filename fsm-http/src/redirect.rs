//! Following redirects (RFC 9110, section 15.4), with care for what is sent along.
//!
//! Redirects are followed here and not by the HTTP client, because a client forwards what it does
//! not know to be secret. Across origins (scheme, host, and port together) only a handful of
//! harmless headers go along. What was dropped once stays dropped, also when a later hop leads back.
//!
//! 301 and 302 turn a POST into a GET, as every browser does; 303 turns everything but HEAD into a
//! GET; 307 and 308 repeat method and body. A redirect from https to http is refused, so is one to
//! another scheme, one to a request that was made already, and one beyond the limit. Other 3xx
//! statuses, 304 among them, lead nowhere. Cookies are not kept.

use std::borrow::Cow;

use http::{
    HeaderMap, HeaderName, Method, StatusCode,
    header::{
        ACCEPT, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE,
        HOST, LOCATION, USER_AGENT,
    },
};
use url::Url;

use crate::redact::{ShownUrl, one_line};

/// The headers of a call that may be shown to an origin it was not meant for.
pub(crate) const HARMLESS: [HeaderName; 6] =
    [ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, CONTENT_LANGUAGE, CONTENT_ENCODING, USER_AGENT];

/// The headers that describe a body and go when the body goes.
const OF_THE_BODY: [HeaderName; 4] =
    [CONTENT_TYPE, CONTENT_LANGUAGE, CONTENT_ENCODING, CONTENT_LENGTH];

/// Why a redirect was not followed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RedirectError {
    #[error("is no redirect that can be followed")]
    NotFollowed,
    #[error("has no Location")]
    NoLocation,
    #[error("has a Location that is no url: {0}")]
    BadLocation(String),
    #[error("leads to {0}, and only http and https are followed")]
    Scheme(String),
    #[error("leads from https to {0}, where anybody could listen")]
    Downgrade(String),
    #[error("leads back to {0}: a loop")]
    Loop(String),
    #[error("is one more than max_redirects ({0}) allows")]
    TooMany(u32),
}

/// Where a call stands on its way: the request to send now, and those sent before.
#[derive(Debug)]
pub(crate) struct Route<'c> {
    pub(crate) method: Method,
    /// The call's own, until a redirect leads elsewhere.
    pub(crate) url: Cow<'c, Url>,
    /// False once a redirect turned the request into one without a body.
    pub(crate) keeps_body: bool,
    /// True once the call left the origin it was meant for.
    strayed: bool,
    passed: Vec<(Method, Cow<'c, Url>)>,
}

impl<'c> Route<'c> {
    /// The start of the way. The fragment of a url is never sent.
    pub(crate) fn new(method: Method, url: &'c Url) -> Self {
        let mut url = Cow::Borrowed(url);
        if url.fragment().is_some() {
            url.to_mut().set_fragment(None);
        }
        Self { method, url, keeps_body: true, strayed: false, passed: Vec::new() }
    }

    /// Has the call been redirected?
    pub(crate) fn was_redirected(&self) -> bool {
        !self.passed.is_empty()
    }

    /// Takes out of a call's own headers what must not be sent on this part of the way.
    pub(crate) fn filter(&self, headers: &mut HeaderMap) {
        if self.strayed {
            let mut declared = std::mem::take(headers);
            for name in HARMLESS {
                if let http::header::Entry::Occupied(entry) = declared.entry(name) {
                    let (name, values) = entry.remove_entry_mult();
                    for value in values {
                        headers.append(&name, value);
                    }
                }
            }
        }
        if self.was_redirected() {
            headers.remove(HOST);
        }
        if !self.keeps_body {
            for name in OF_THE_BODY {
                headers.remove(name);
            }
        }
    }

    /// Goes on to where an answer with a 3xx status points. An error leaves the route where it was.
    pub(crate) fn follow(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        limit: u32,
    ) -> Result<(), RedirectError> {
        let turns_into_get = match status.as_u16() {
            301 | 302 => self.method == Method::POST,
            303 => self.method != Method::HEAD,
            307 | 308 => false,
            _ => return Err(RedirectError::NotFollowed),
        };
        let url = self.target(headers)?;
        if self.passed.len() >= limit as usize {
            return Err(RedirectError::TooMany(limit));
        }

        let method = if turns_into_get { Method::GET } else { self.method.clone() };
        let was_sent = |(sent, to): (&Method, &Url)| *sent == method && *to == url;
        let passed = self.passed.iter().map(|(method, url)| (method, &**url));
        if passed.chain([(&self.method, &*self.url)]).any(was_sent) {
            return Err(RedirectError::Loop(ShownUrl(&url).to_string()));
        }

        self.strayed |= self.url.origin() != url.origin();
        self.keeps_body &= !turns_into_get;
        let from = std::mem::replace(&mut self.url, Cow::Owned(url));
        self.passed.push((std::mem::replace(&mut self.method, method), from));
        Ok(())
    }

    /// The absolute url that the answer points to.
    fn target(&self, headers: &HeaderMap) -> Result<Url, RedirectError> {
        let location = headers.get(LOCATION).ok_or(RedirectError::NoLocation)?;
        // Servers write UTF-8 here though they should not, and the url parser encodes it.
        let location = String::from_utf8_lossy(location.as_bytes());
        let mut url = self
            .url
            .join(&location)
            .map_err(|error| RedirectError::BadLocation(one_line(&error.to_string())))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(RedirectError::Scheme(one_line(url.scheme())));
        }
        if self.url.scheme() == "https" && url.scheme() == "http" {
            return Err(RedirectError::Downgrade(ShownUrl(&url).to_string()));
        }
        url.set_fragment(None);
        // A server does not get to choose credentials. Both only fail for urls without a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn route(method: Method, url: &str) -> Route<'static> {
        let url: &'static Url = Box::leak(Box::new(Url::parse(url).expect("a url")));
        Route::new(method, url)
    }

    fn to(location: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(location))])
    }

    fn status(code: u16) -> StatusCode {
        StatusCode::from_u16(code).expect("a status")
    }

    #[test]
    fn each_status_keeps_or_changes_the_method_as_the_table_says() {
        let table = [
            (301, "POST", "GET", false),
            (302, "POST", "GET", false),
            (303, "POST", "GET", false),
            (307, "POST", "POST", true),
            (308, "POST", "POST", true),
            (301, "PUT", "PUT", true),
            (302, "PATCH", "PATCH", true),
            (303, "PUT", "GET", false),
            (303, "HEAD", "HEAD", true),
            (301, "GET", "GET", true),
        ];
        for (code, before, after, keeps_body) in table {
            let mut route = route(before.parse().expect("a method"), "http://a.test/x");
            route.follow(status(code), &to("/y"), 10).expect("a redirect");
            assert_eq!(route.method.as_str(), after, "{code} {before}");
            assert_eq!(route.keeps_body, keeps_body, "{code} {before}");
            assert_eq!(route.url.as_str(), "http://a.test/y");
        }
    }

    #[test]
    fn a_redirect_that_cannot_be_followed_says_why() {
        let follow = |code, location: HeaderMap| {
            route(Method::GET, "https://a.test/x?q=secret").follow(status(code), &location, 1)
        };
        for code in [300, 304, 305, 306, 399] {
            assert_eq!(follow(code, to("/y")), Err(RedirectError::NotFollowed), "{code}");
        }
        assert_eq!(follow(302, HeaderMap::new()), Err(RedirectError::NoLocation));
        assert!(matches!(follow(302, to("http://[")), Err(RedirectError::BadLocation(_))));
        assert_eq!(
            follow(302, to("file:///etc/passwd")),
            Err(RedirectError::Scheme("file".into()))
        );
        assert_eq!(
            follow(302, to("http://a.test/y?t=1")),
            Err(RedirectError::Downgrade("http://a.test/y".into()))
        );
        assert_eq!(
            follow(302, to("#top")),
            Err(RedirectError::Loop("https://a.test/x".into())),
            "the same request once more"
        );
        assert_eq!(
            route(Method::GET, "http://a.test/").follow(status(302), &to("/y"), 0),
            Err(RedirectError::TooMany(0))
        );
    }

    #[test]
    fn posting_and_then_getting_the_same_url_is_no_loop() {
        let mut route = route(Method::POST, "http://a.test/form");
        route.follow(status(303), &to("/form"), 10).expect("a GET of the same url");
        assert_eq!(route.method, Method::GET);
    }

    #[test]
    fn what_was_dropped_for_another_origin_stays_dropped() {
        let declared = HeaderMap::from_iter([
            (http::header::AUTHORIZATION, HeaderValue::from_static("Bearer x")),
            (HeaderName::from_static("x-anything"), HeaderValue::from_static("x")),
            (ACCEPT, HeaderValue::from_static("text/csv")),
            (HOST, HeaderValue::from_static("a.test")),
        ]);
        let names = |route: &Route| {
            let mut headers = declared.clone();
            route.filter(&mut headers);
            let mut names: Vec<_> = headers.keys().map(|name| name.to_string()).collect();
            names.sort();
            names
        };

        let mut route = route(Method::GET, "http://a.test/1");
        assert_eq!(names(&route), ["accept", "authorization", "host", "x-anything"]);
        route.follow(status(302), &to("/2"), 10).expect("same origin");
        assert_eq!(names(&route), ["accept", "authorization", "x-anything"]);
        route.follow(status(302), &to("http://me:pw@a.test:81/3"), 10).expect("another port");
        assert_eq!(names(&route), ["accept"]);
        assert_eq!(route.url.as_str(), "http://a.test:81/3");
        route.follow(status(302), &to("http://a.test/4"), 10).expect("back again");
        assert_eq!(names(&route), ["accept"]);
    }

    #[test]
    fn a_body_that_is_dropped_takes_its_headers_along() {
        let mut headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("text/csv")),
            (ACCEPT, HeaderValue::from_static("text/csv")),
        ]);
        let mut route = route(Method::POST, "http://a.test/1");
        route.follow(status(303), &to("/2"), 10).expect("see other");
        route.filter(&mut headers);
        assert_eq!(headers.keys().collect::<Vec<_>>(), [ACCEPT]);
    }
}
