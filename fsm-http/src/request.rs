//! From a call to the request that is sent, on each part of its route.
//!
//! The declared headers come first. Only the idempotency key replaces a declared one, and the two
//! that frame a body, `Content-Length` and `Transfer-Encoding`, are left to the transport. What the
//! call leaves out is filled in: the payload's media type, the wish for JSON, the length of an empty
//! body, and the authorization that stands in the url as user info.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{
    HeaderValue, Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::{
    call::{Call, IDEMPOTENCY_KEY},
    decode::Decode,
    redirect::Route,
    transport::{Departure, Outgoing},
};

/// The longest url that the crate `http` can hold.
const LONGEST_URL: usize = 65_534;

/// Why a request cannot be put into HTTP.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsendable {
    #[error("only http and https urls can be called")]
    Scheme,
    #[error("its url is longer than the {LONGEST_URL} bytes that HTTP clients allow")]
    Url,
}

/// The request for the present part of the route.
pub(crate) fn request(
    call: &Call,
    route: &Route<'_>,
    departure: Option<&Departure>,
) -> Result<Outgoing, Unsendable> {
    let Route { method, url, keeps_body, .. } = route;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Unsendable::Scheme);
    }
    if url.as_str().len() > LONGEST_URL {
        return Err(Unsendable::Url);
    }

    let mut headers = call.headers.clone();
    if let Some(credentials) = basic(&call.url) {
        headers.entry(AUTHORIZATION).or_insert(credentials);
    }
    // The framing of the body is the transport's: a wrong length would make two requests of one.
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRANSFER_ENCODING);
    route.filter(&mut headers);

    let mut content = Bytes::new();
    if *keeps_body {
        content = call.body.as_bytes().clone();
        if let Some(media_type) = call.body.content_type() {
            headers.entry(CONTENT_TYPE).or_insert(media_type);
        }
        // The key goes wherever the body goes: a server that was reached by a redirect must be
        // able to recognise the next attempt, too.
        if let Some(key) = &call.idempotency_key {
            headers.insert(IDEMPOTENCY_KEY, key.clone());
        } else if let Some(key) = call.headers.get(IDEMPOTENCY_KEY) {
            headers.insert(IDEMPOTENCY_KEY, key.clone());
        }
    }
    if call.decode == Decode::Json {
        let wanted = HeaderValue::from_static("application/json, */*;q=0.5");
        headers.entry(ACCEPT).or_insert(wanted);
    }
    if content.is_empty() && matches!(*method, Method::POST | Method::PUT | Method::PATCH) {
        // Some servers refuse such a request without a length (411).
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }

    Ok(Outgoing {
        method: method.clone(),
        url: without_user_info(url),
        headers,
        body: content,
        departure: departure.cloned(),
    })
}

fn has_user_info(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// The url without user name and password.
fn without_user_info(url: &Url) -> Url {
    let mut bare = url.clone();
    if has_user_info(url) {
        // Both only fail for urls that have no host, and such a url has no user info.
        let _ = bare.set_username("");
        let _ = bare.set_password(None);
    }
    bare
}

/// The basic authorization (RFC 7617) that the user info of a url stands for.
fn basic(url: &Url) -> Option<HeaderValue> {
    if !has_user_info(url) {
        return None;
    }
    let mut credentials: Vec<u8> = percent_decode_str(url.username()).collect();
    credentials.push(b':');
    credentials.extend(percent_decode_str(url.password().unwrap_or("")));
    let mut value =
        HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(credentials))).ok()?;
    value.set_sensitive(true);
    Some(value)
}
