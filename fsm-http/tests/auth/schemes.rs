//! What each static scheme puts on the wire, and which declarations are refused before that.

use std::sync::Arc;

use fsm_http::{
    ErrorKind, MemoryTransport, Retry,
    auth::{Auth, Authority, KeyPlace},
    secret::{Secret, SecretSource},
};
use http::{HeaderValue, header::COOKIE};

use crate::server::{Server, answer, open, perform};

fn key(place: KeyPlace, name: &str, value: &str) -> Auth {
    Auth::ApiKey { place, name: name.into(), value: Secret::new(value).into() }
}

fn refusal(auth: &Auth) -> String {
    let transport = Arc::new(MemoryTransport::sequence([]));
    Authority::open(auth, transport).expect_err("no sound declaration").to_string()
}

/// Says `welcome` to whoever sends `expected`, as the header, the query, or the cookies.
async fn guarded(what: &'static str, expected: &'static str) -> Server {
    Server::start(move |request| {
        let got = match what {
            "query" => request.target.split_once('?').map_or("", |(_, query)| query),
            name => request.header(name),
        };
        if got == expected {
            answer("200 OK\r\ncontent-type: text/plain", "welcome")
        } else {
            answer("401 Unauthorized", "")
        }
    })
    .await
}

#[tokio::test]
async fn every_static_scheme_is_welcome_at_a_server_that_checks_it() {
    let basic = |username: &str, password: &str| Auth::Basic {
        username: username.into(),
        password: Secret::new(password).into(),
    };
    let table = [
        (
            Auth::Bearer { token: Secret::new("mF_9.B5f-4.1JqM").into() },
            ("authorization", "Bearer mF_9.B5f-4.1JqM"),
        ),
        // The examples of RFC 7617, sections 2 and 2.1.
        (basic("Aladdin", "open sesame"), ("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")),
        (basic("test", "123£"), ("authorization", "Basic dGVzdDoxMjPCow==")),
        (basic("", "a:b"), ("authorization", "Basic OmE6Yg==")),
        (key(KeyPlace::Header, "X-Shop-Key", "k 1"), ("x-shop-key", "k 1")),
        (key(KeyPlace::Header, "Authorization", "Token k-1"), ("authorization", "Token k-1")),
        (key(KeyPlace::Query, "api_key", "a/b&c=d e"), ("query", "q=1&api_key=a%2Fb%26c%3Dd%20e")),
        (key(KeyPlace::Cookie, "sid", "abc=="), ("cookie", "theme=dark; sid=abc==")),
    ];
    for (auth, (what, expected)) in table {
        let server = guarded(what, expected).await;
        let authority = open(&auth);
        let mut call = server.call("/x?q=1");
        call.headers.insert(COOKIE, HeaderValue::from_static("theme=dark"));
        let welcome = perform(&authority, call).await;
        assert_eq!(welcome.as_deref(), Ok("welcome"), "{auth:?}: {:?}", server.requests());
        assert!(authority.ready().is_some(), "static credentials are always there");
    }
}

#[tokio::test]
async fn static_credentials_that_are_refused_stay_refused() {
    let authority = open(&Auth::Bearer { token: Secret::new("hunter2").into() });
    assert!(!authority.is_renewable());
    let credentials = authority.credentials().await.expect("always");
    let error = authority.renew(&credentials).await.expect_err("there are no others");
    assert_eq!((error.kind, error.retry), (ErrorKind::Auth, Retry::Never));
    assert_eq!(error.message, "the credentials (bearer) were refused, and can't be renewed");
}

#[test]
fn a_secret_that_is_missing_is_named_before_the_first_call() {
    let bearer = Auth::Bearer { token: SecretSource::Env("NO_SUCH_SHOP_TOKEN".into()) };
    assert_eq!(
        refusal(&bearer),
        "the bearer token: the environment variable `NO_SUCH_SHOP_TOKEN` is not set"
    );
    let password = SecretSource::File("/no/such/password".into());
    let shown = refusal(&Auth::Basic { username: "ann".into(), password });
    assert!(
        shown.starts_with("the password: the file `/no/such/password` can't be read"),
        "{shown}"
    );
}

#[test]
fn what_no_request_can_carry_is_refused_without_being_quoted() {
    let secret = |text: &str| SecretSource::Value(Secret::new(text));
    let basic = |username: &str, password: &str| Auth::Basic {
        username: username.into(),
        password: secret(password),
    };
    let table = [
        (
            Auth::Bearer { token: secret("hunter2\nx") },
            "the bearer token holds characters that no header can carry, such as a line break",
        ),
        (
            basic("ann:x", "hunter2"),
            "the user name `ann:x` holds a colon, which basic authorization takes for its end",
        ),
        (
            basic("ann", "hunter2\r\n"),
            "the password holds characters that no basic authorization can carry, such as a line break",
        ),
        (
            key(KeyPlace::Header, "x-key", "hunter2\0"),
            "the API key holds characters that no header can carry, such as a line break",
        ),
        (
            key(KeyPlace::Cookie, "sid", "hunter2; admin=1"),
            "the API key holds characters that no cookie can carry, such as a line break",
        ),
        (
            key(KeyPlace::Header, "x key", "hunter2"),
            "`x key` can't be the name of a header with credentials: it holds characters that no name of a header can hold",
        ),
        (
            key(KeyPlace::Header, "User-Agent", "hunter2"),
            "`user-agent` can't be the name of a header with credentials: that header follows redirects to other servers",
        ),
        (
            key(KeyPlace::Header, "Host", "hunter2"),
            "`host` can't be the name of a header with credentials: it is part of how a message is delivered",
        ),
        (
            key(KeyPlace::Cookie, "s=d", "hunter2"),
            "`s=d` can't be the name of a cookie with credentials: it holds characters that no name of a cookie can hold",
        ),
        (
            key(KeyPlace::Query, "", "hunter2"),
            "`` can't be the name of a parameter with credentials: it is empty",
        ),
    ];
    for (auth, expected) in table {
        assert_eq!(refusal(&auth), expected);
    }
}

#[test]
fn an_identity_tells_users_apart_and_is_the_same_each_time() {
    let transport = Arc::new(MemoryTransport::sequence([]));
    let identity = |auth: &Auth| {
        Authority::open(auth, transport.clone()).expect("a sound declaration").identity()
    };
    let basic = |username: &str, password: &str| Auth::Basic {
        username: username.into(),
        password: Secret::new(password).into(),
    };
    let all = [
        basic("ann", "password"),
        basic("ann", "passwort"),
        basic("annp", "assword"),
        Auth::Bearer { token: Secret::new("annpassword").into() },
        key(KeyPlace::Header, "ann", "password"),
        key(KeyPlace::Query, "ann", "password"),
        key(KeyPlace::Cookie, "ann", "password"),
    ];
    for (index, one) in all.iter().enumerate() {
        assert_eq!(identity(one), identity(one));
        for other in &all[index + 1..] {
            assert_ne!(identity(one), identity(other), "{one:?} and {other:?}");
        }
    }
}
