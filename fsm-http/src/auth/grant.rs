//! The way to a fresh token, whatever the scheme.

use std::time::Duration;

use http::header::AUTHORIZATION;
use serde_json::Value;

use super::{
    credentials::Carrier,
    endpoint::{Endpoint, Heard, oauth_error},
    jwt::JwtGrant,
    oauth2::OAuth2Grant,
    session::SessionGrant,
};
use crate::{call::Call, error::CallError, secret::Secret};

/// A way to fetch tokens, with its secrets read.
pub(super) enum Grant {
    OAuth2(OAuth2Grant),
    Jwt(JwtGrant),
    Session(SessionGrant),
}

/// What a fetch brought.
pub(super) struct Fetched {
    pub(super) carrier: Carrier,
    /// How long it lasts, counted from the beginning of the fetch; `None` if nobody said.
    pub(super) lifetime: Option<Duration>,
    /// The refresh token that replaces the one that was used.
    pub(super) refresh: Option<Secret>,
    /// What must not be shown from now on.
    pub(super) secrets: Vec<Secret>,
}

impl Grant {
    /// Fetches a token; `refresh` is the refresh token to use, where the scheme has one.
    pub(super) async fn fetch(&self, refresh: Option<&Secret>) -> Result<Fetched, CallError> {
        match self {
            Self::OAuth2(grant) => grant.fetch(refresh).await,
            Self::Jwt(grant) => grant.fetch().await,
            Self::Session(grant) => grant.fetch().await,
        }
    }
}

/// Asks a token endpoint and reads its answer (RFC 6749, sections 5.1 and 5.2).
pub(super) async fn ask_for_token(endpoint: &Endpoint, call: &Call) -> Result<Fetched, CallError> {
    let heard = endpoint.ask(call).await?;
    if !heard.status.is_success() {
        return Err(endpoint.refusal(call, &heard));
    }
    read_token(&heard).map_err(|cause| endpoint.useless(call, &heard, &cause))
}

fn read_token(heard: &Heard) -> Result<Fetched, String> {
    let Some(answer) = heard.json() else {
        return Err(format!("the answer ({} bytes) is no JSON", heard.body.len()));
    };
    let Some(token) = text(&answer, "access_token") else {
        // Some servers report a failure with the status 200.
        let error = oauth_error(&answer);
        return Err(error.unwrap_or_else(|| "the answer has no `access_token`".to_owned()));
    };
    if let Some(kind) = text(&answer, "token_type") {
        // A token of a kind that we don't understand must not be used (RFC 6749, section 7.1).
        // Some servers write `BearerToken`.
        let begins = kind.get(..6).is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
        if !begins {
            return Err(format!(
                "the token has the type `{kind}`, and only bearer tokens are known"
            ));
        }
    }
    let carrier = Carrier::header(AUTHORIZATION, "Bearer ", token)
        .ok_or("the token holds characters that no header can carry")?;
    let refresh = text(&answer, "refresh_token").map(Secret::from);
    let mut secrets = vec![Secret::from(token)];
    secrets.extend(refresh.clone());
    secrets.extend(text(&answer, "id_token").map(Secret::from));
    Ok(Fetched { carrier, lifetime: lifetime(&answer["expires_in"]), refresh, secrets })
}

/// A member that is a string with something in it.
fn text<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    answer.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// Seconds, as a number or, as some servers have it, as a string. What is neither counts as missing:
/// the token is then used until it is refused, which is right for any lifetime.
fn lifetime(seconds: &Value) -> Option<Duration> {
    let seconds = match seconds {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};
    use serde_json::json;

    use super::*;

    fn read(answer: &Value) -> Result<Fetched, String> {
        let body = answer.to_string().into();
        read_token(&Heard { status: StatusCode::OK, headers: HeaderMap::new(), body })
    }

    #[test]
    fn a_lifetime_is_read_as_servers_write_it() {
        let table = [
            (json!(3600), Some(3600.0)),
            (json!("3600"), Some(3600.0)),
            (json!(0.5), Some(0.5)),
            (json!(0), Some(0.0)),
            (json!(-5), Some(0.0)),
            (json!(null), None),
            (json!("soon"), None),
            (json!("NaN"), Some(0.0)),
            (json!(1e300), None),
        ];
        for (written, expected) in table {
            let lifetime = lifetime(&written).map(|lifetime| lifetime.as_secs_f64());
            assert_eq!(lifetime, expected, "{written}");
        }
    }

    #[test]
    fn an_answer_without_a_usable_token_says_why_and_quotes_no_value() {
        let table = [
            (json!({"token": "hunter2"}), "the answer has no `access_token`"),
            (json!({"access_token": "", "x": "hunter2"}), "the answer has no `access_token`"),
            (json!({"access_token": 7}), "the answer has no `access_token`"),
            (json!(["hunter2"]), "the answer has no `access_token`"),
            (json!({"error": "bad", "error_description": "code"}), "bad (code)"),
            (
                json!({"access_token": "hunter2", "token_type": "mac"}),
                "the token has the type `mac`, and only bearer tokens are known",
            ),
            (
                json!({"access_token": "hunter2\n"}),
                "the token holds characters that no header can carry",
            ),
        ];
        for (answer, expected) in table {
            assert_eq!(read(&answer).err().expect("no token"), expected);
        }
        let text = Heard { status: StatusCode::OK, headers: HeaderMap::new(), body: "a=b".into() };
        assert_eq!(read_token(&text).err().expect("no JSON"), "the answer (3 bytes) is no JSON");
    }

    #[test]
    fn bearer_tokens_are_known_by_any_spelling_and_without_one() {
        for kind in [json!("bearer"), json!("Bearer"), json!("BearerToken"), json!(null)] {
            assert!(read(&json!({"access_token": "a", "token_type": kind})).is_ok(), "{kind}");
        }
    }
}
