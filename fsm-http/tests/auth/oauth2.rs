//! OAuth 2.0 against a token endpoint that checks what it gets.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use fsm_http::{
    CallError, ErrorKind, MemoryTransport, Reply, Retry, TransportError,
    auth::{Auth, Authority, ClientAuth, OAuth2},
    secret::Secret,
};
use serde_json::json;

use crate::server::{Server, answer, json, open, perform};

/// A declaration whose client has a secret that looks different in every encoding.
fn declared(token_url: url::Url) -> OAuth2 {
    OAuth2::new(token_url, "my shop", Secret::new("p ä/ss").into())
}

fn declared_in_memory() -> OAuth2 {
    OAuth2::new(
        "http://a.test/token?x=1".parse().expect("a url"),
        "shop",
        Secret::new("hunter2").into(),
    )
}

/// How the fetch ends if the token endpoint answers so.
async fn fail(reply: Reply) -> CallError {
    let transport = Arc::new(MemoryTransport::sequence([reply]));
    let authority = Authority::open(&Auth::OAuth2(declared_in_memory()), transport).expect("sound");
    let error = authority.credentials().await.expect_err("no token");
    assert_eq!(error.kind, ErrorKind::Auth, "{error}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    error
}

fn page(status: u16, kind: &str, body: impl Into<String>) -> Reply {
    Reply::status(status).header("content-type", kind).body(body.into())
}

#[tokio::test]
async fn client_credentials_are_sent_as_the_standard_says_and_the_token_is_used() {
    let server = Server::start(|request| {
        if request.target == "/api" {
            let body = request.header("authorization");
            return answer("200 OK\r\ncontent-type: text/plain", body);
        }
        // The pair is form-encoded before it is put into base64 (RFC 6749, section 2.3.1).
        let pair = "Basic bXkrc2hvcDpwKyVDMyVBNCUyRnNz";
        let form = request.form();
        let is_right = request.method == "POST"
            && request.header("authorization") == pair
            && request.header("accept").starts_with("application/json")
            && form.len() == 3
            && form["grant_type"] == "client_credentials"
            && form["scope"] == "read write"
            && form["audience"] == "https://api.example/";
        if !is_right {
            return answer("400 Bad Request", "");
        }
        json(&json!({"access_token": "abc-1", "token_type": "Bearer", "expires_in": 3600}))
    })
    .await;
    let mut oauth2 = declared(server.url("/token"));
    oauth2.scope = vec!["read".into(), "write".into()];
    oauth2.params = vec![("audience".into(), "https://api.example/".into())];
    let authority = open(&Auth::OAuth2(oauth2));
    assert!(authority.is_renewable() && authority.ready().is_none());
    for _ in 0..3 {
        let got = perform(&authority, server.call("/api")).await;
        assert_eq!(got.as_deref(), Ok("Bearer abc-1"), "{:?}", server.requests());
    }
    assert_eq!((server.count("/token"), server.count("/api")), (1, 3));
    assert!(authority.ready().is_some());
    let shown = authority.secrets().scrub("abc-1 and p+%C3%A4%2Fss").into_owned();
    assert_eq!(shown, "[redacted] and [redacted]");
}

#[tokio::test]
async fn a_client_may_stand_in_the_body() {
    let server = Server::start(|request| {
        let form = request.form();
        let is_right = request.header("authorization").is_empty()
            && form["client_id"] == "my shop"
            && form["client_secret"] == "p ä/ss";
        if is_right { json(&json!({"access_token": "abc-1"})) } else { answer("401 No", "") }
    })
    .await;
    let mut oauth2 = declared(server.url("/token"));
    oauth2.style = ClientAuth::Body;
    let error = open(&Auth::OAuth2(oauth2)).credentials().await.err();
    assert_eq!(error, None, "{:?}", server.requests());
}

#[tokio::test]
async fn a_rotated_refresh_token_is_kept_and_the_old_one_stays_where_none_comes() {
    // Of the tokens that are handed in, the server knows which must come when.
    let expected = ["first", "second", "second", "third"];
    let given = [Some("second"), None, Some("third"), None];
    let turn = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        let turn = turn.fetch_add(1, Ordering::SeqCst);
        let form = request.form();
        if form["grant_type"] != "refresh_token" || form["refresh_token"] != expected[turn] {
            return answer(
                "400 Bad Request\r\ncontent-type: application/json",
                r#"{"error":"invalid_grant"}"#,
            );
        }
        let mut answer = json!({"access_token": format!("abc-{turn}"), "expires_in": 3600});
        if let Some(next) = given[turn] {
            answer["refresh_token"] = next.into();
        }
        json(&answer)
    })
    .await;
    let mut oauth2 = declared(server.url("/token"));
    oauth2.refresh_token = Some(Secret::new("first").into());
    let authority = open(&Auth::OAuth2(oauth2));
    let identity = authority.identity();
    let mut credentials = authority.credentials().await.expect("the first");
    for _ in 1..expected.len() {
        credentials = authority.renew(&credentials).await.expect("the next");
    }
    assert_eq!(server.requests().len(), 4);
    assert_eq!(authority.identity(), identity, "we are who we were");
    let shown = authority.secrets().scrub("first second third abc-0 abc-3").into_owned();
    assert_eq!(shown, "[redacted] [redacted] [redacted] [redacted] [redacted]");
}

#[tokio::test]
async fn a_call_that_is_refused_is_renewed_once_and_a_changed_token_is_not_fetched_again() {
    let fetches = AtomicUsize::new(0);
    let server = Server::start(move |request| match request.target.as_str() {
        "/token" => {
            let number = fetches.fetch_add(1, Ordering::SeqCst) + 1;
            json(&json!({"access_token": format!("abc-{number}"), "expires_in": 3600}))
        }
        _ if request.header("authorization") == "Bearer abc-2" => answer("200 OK", ""),
        _ => answer("401 Unauthorized", ""),
    })
    .await;
    let authority = open(&Auth::OAuth2(declared(server.url("/token"))));
    let revoked = authority.credentials().await.expect("a token");
    let error = perform(&authority, server.call("/api")).await.expect_err("it was revoked");
    assert_eq!(error.http_status, Some(401));

    let fresh = authority.renew(&revoked).await.expect("another");
    assert!(fresh != revoked);
    perform(&authority, server.call("/api")).await.expect("welcome");
    // Another call was sent with the revoked token, too, and learns of it only now.
    assert!(authority.renew(&revoked).await.expect("what is there") == fresh);
    assert_eq!(server.count("/token"), 2);
}

#[tokio::test]
async fn a_client_that_is_unknown_is_refused_for_good_in_the_words_of_the_server() {
    let body = r#"{"error":"invalid_client","error_description":"No client\nwith secret hunter2"}"#;
    let error = fail(page(400, "application/json", body)).await;
    assert_eq!((error.retry, error.http_status), (Retry::Never, Some(400)));
    assert_eq!(
        error.message,
        "no credentials from POST http://a.test/token: 400 Bad Request: invalid_client (No client with secret [redacted])"
    );
    let error = fail(page(401, "text/html", "<b>Basic c2hvcDpodW50ZXIy</b>")).await;
    assert_eq!(error.retry, Retry::Never);
    assert_eq!(
        error.message,
        "no credentials from POST http://a.test/token: 401 Unauthorized: <b>Basic c2hvcD[redacted]</b>"
    );
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_may_be_tried_again_and_not_before_the_server_wants() {
    let again = |seconds| Retry::Allowed { after: Some(Duration::from_secs(seconds)) };
    let any_time = Retry::Allowed { after: None };
    let table = [
        (Reply::status(429).header("retry-after", "7"), again(7)),
        (Reply::status(503).header("retry-after", "100000"), again(100_000)),
        (Reply::status(500), any_time),
        (Reply::status(501), any_time),
        (Reply::status(408), any_time),
        (page(503, "text/plain", "down").cut_short(), any_time),
        (Reply::refused(), any_time),
        (Reply::reset_after_sending(), any_time),
        (Reply::stalled(), any_time),
        (page(200, "application/json", "{\"acc").cut_short(), any_time),
        (page(200, "application/json", "{\"acc").then_stalled(), any_time),
        (Reply::failing(TransportError::unsent(ErrorKind::Tls, "a bad certificate")), Retry::Never),
        (Reply::status(403), Retry::Never),
        (Reply::status(302).header("location", "http://b.test/token"), Retry::Never),
        (page(200, "text/html", "<html>"), Retry::Never),
        (Reply::json(&json!({"token": "hunter2"})), Retry::Never),
        (page(200, "application/json", "x".repeat(300_000)), Retry::Never),
    ];
    for (reply, expected) in table {
        let shown = format!("{reply:?}");
        let error = fail(reply).await;
        assert_eq!(error.retry, expected, "{error} after {shown:.200}");
        assert!(error.message.starts_with("no credentials from POST http://a.test/token: "));
    }
}

#[tokio::test]
async fn a_redirect_of_a_token_endpoint_is_not_followed() {
    let thief = Server::start(|_| json(&json!({"access_token": "abc"}))).await;
    let location = thief.url("/token");
    let server = Server::start(move |_| {
        answer(&format!("307 Temporary Redirect\r\nlocation: {location}"), "")
    })
    .await;
    let authority = open(&Auth::OAuth2(declared(server.url("/token"))));
    let error = authority.credentials().await.expect_err("nobody follows");
    assert!(
        error
            .message
            .ends_with("307 Temporary Redirect, and credentials are not sent along on a redirect")
    );
    assert!(thief.requests().is_empty());
}

#[test]
fn a_declaration_that_can_not_work_is_refused_at_once() {
    let refusal = |change: fn(&mut OAuth2)| {
        let mut oauth2 = declared_in_memory();
        change(&mut oauth2);
        let transport = Arc::new(MemoryTransport::sequence([]));
        Authority::open(&Auth::OAuth2(oauth2), transport).expect_err("not sound").to_string()
    };
    assert_eq!(
        refusal(|it| it.token_url = "ftp://a.test/token".parse().expect("a url")),
        "token_url `ftp:…` can't be called: only http and https urls can"
    );
    assert_eq!(
        refusal(|it| it.params = vec![("grant_type".into(), "password".into())]),
        "the parameter `grant_type` is set by the grant itself and can't be declared besides"
    );
    assert_eq!(
        refusal(|it| it.refresh_token = Some(Secret::new("").into())),
        "the refresh token: the value that was given is empty"
    );
}
