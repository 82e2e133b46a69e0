//! Logins whose answers give a token or cookies.

use std::{sync::Arc, time::Duration};

use fsm_http::{
    MemoryTransport, Reply, Retry,
    auth::{Auth, Authority, Login, LoginBody, LoginValue, Session, TokenPlace},
    secret::{Secret, SecretSource},
};
use http::{
    HeaderName,
    header::{AUTHORIZATION, COOKIE},
};
use serde_json::{Value, json};

use crate::server::{Server, answer, json, open, perform};

fn password() -> LoginValue {
    LoginValue::Secret(Secret::new("p \"ä").into())
}

fn plain(value: Value) -> LoginValue {
    LoginValue::Plain(value)
}

/// A login in memory, and the headers that a call has after it.
async fn log_in(
    session: Session,
    reply: Reply,
) -> Result<(Option<String>, Option<String>), String> {
    let transport = Arc::new(MemoryTransport::sequence([reply]));
    let authority = Authority::open(&Auth::Session(session), transport).expect("sound");
    let credentials = authority.credentials().await.map_err(|error| {
        assert_eq!(error.retry, Retry::Never, "{error}");
        error.message
    })?;
    let mut call = fsm_http::Call::new(http::Method::GET, "http://a.test/".parse().expect("a url"));
    credentials.apply(&mut call);
    let text =
        |name| call.headers.get(name).map(|value| value.to_str().expect("a text").to_owned());
    Ok((text(AUTHORIZATION), text(COOKIE)))
}

fn session(token: TokenPlace) -> Session {
    Session::new(Login::post("http://a.test/login".parse().expect("a url")), token)
}

#[tokio::test]
async fn a_login_by_json_gives_a_token_in_its_body() {
    let server = Server::start(|request| match request.target.as_str() {
        "/login" => {
            let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
            let expected = json!({"user": {"name": "ann", "password": "p \"ä"}, "keep": true});
            let is_right = request.method == "PUT"
                && request.header("content-type") == "application/json"
                && request.header("x-client") == "shop"
                && body == expected;
            if is_right {
                json(&json!({"data": {"tokens": ["abc-1"]}}))
            } else {
                answer("403 No", "")
            }
        }
        _ => answer("200 OK\r\ncontent-type: text/plain", request.header("x-session")),
    })
    .await;
    let mut login = Login::post(server.url("/login"));
    login.method = http::Method::PUT;
    login.headers =
        vec![(HeaderName::from_static("x-client"), LoginValue::Secret(Secret::new("shop").into()))];
    login.body = LoginBody::Json(vec![
        (
            "user".into(),
            LoginValue::Object(vec![
                ("name".into(), plain(json!("ann"))),
                ("password".into(), password()),
            ]),
        ),
        ("keep".into(), plain(json!(true))),
    ]);
    let mut session = Session::new(login, TokenPlace::Body("/data/tokens/0".into()));
    session.header = HeaderName::from_static("x-session");
    session.prefix = "Session ".into();
    let authority = open(&Auth::Session(session));
    for _ in 0..2 {
        let got = perform(&authority, server.call("/api")).await;
        assert_eq!(got.as_deref(), Ok("Session abc-1"), "{:?}", server.requests());
    }
    assert_eq!(server.count("/login"), 1);
}

#[tokio::test]
async fn a_login_by_form_gives_a_cookie_though_it_answers_with_a_redirect() {
    let server = Server::start(|request| match request.target.as_str() {
        "/login" => {
            let form = request.form();
            if form.len() == 3 && form["password"] == "p \"ä" && form["n"] == "7" {
                let cookies = "set-cookie: theme=dark\r\nset-cookie: sid=abc-1; Path=/; HttpOnly";
                answer(&format!("303 See Other\r\nlocation: /home\r\n{cookies}"), "")
            } else {
                answer("200 OK", "<form>Wrong password</form>")
            }
        }
        "/api" => answer("200 OK\r\ncontent-type: text/plain", request.header("cookie")),
        _ => answer("500 Oh", ""),
    })
    .await;
    let mut login = Login::post(server.url("/login"));
    login.body = LoginBody::Form(vec![
        ("user".into(), plain(json!("ann"))),
        ("password".into(), password()),
        ("n".into(), plain(json!(7))),
    ]);
    let session = Session::new(login, TokenPlace::Cookie(Some("sid".into())));
    let authority = open(&Auth::Session(session));
    let got = perform(&authority, server.call("/api")).await;
    assert_eq!(got.as_deref(), Ok("sid=abc-1"), "{:?}", server.requests());
    assert_eq!(server.count("/home"), 0, "the redirect is not followed");
}

#[tokio::test]
async fn a_session_that_is_over_logs_in_once_more() {
    let server = Server::start(|request| match request.target.as_str() {
        "/login" => answer("204 No Content\r\nx-auth-token: abc-1", ""),
        _ => answer("401 Unauthorized", ""),
    })
    .await;
    let place = TokenPlace::Header(HeaderName::from_static("x-auth-token"));
    let authority = open(&Auth::Session(Session::new(Login::post(server.url("/login")), place)));
    let first = authority.credentials().await.expect("the first");
    authority.renew(&first).await.expect("the second");
    assert_eq!(server.count("/login"), 2);
}

#[tokio::test]
async fn the_token_is_found_where_it_was_declared_or_the_error_says_where_it_was_looked_for() {
    let body = |pointer: &str| session(TokenPlace::Body(pointer.into()));
    let cookie = |name: Option<&str>| session(TokenPlace::Cookie(name.map(str::to_owned)));
    let header = || session(TokenPlace::Header(HeaderName::from_static("x-token")));
    let set = |lines: &[&'static str]| {
        lines.iter().fold(Reply::status(200), |reply, line| reply.header("set-cookie", *line))
    };
    let bearer = |token: &str| Ok((Some(format!("Bearer {token}")), None));
    let cookies = |cookies: &str| Ok((None, Some(cookies.to_owned())));
    let none = |why: &str| Err(format!("no credentials from POST http://a.test/login: {why}"));
    let table = [
        (body("/a~1b"), Reply::json(&json!({"a/b": "t"})), bearer("t")),
        (body(""), Reply::json(&json!("t")), bearer("t")),
        (body("/id"), Reply::json(&json!({"id": 7})), bearer("7")),
        (body("/a"), Reply::json(&json!({"b": "hunter2"})), none("the answer has nothing at `/a`")),
        (
            body("/a"),
            Reply::json(&json!({"a": ["hunter2"]})),
            none("what the answer has at `/a` is no token, but must be a string"),
        ),
        (body("/a"), Reply::text("hunter2"), none("the answer (7 bytes) is no JSON")),
        (
            body("/a"),
            Reply::json(&json!({"a": "hunter2\n"})),
            none("the token holds characters that no header can carry"),
        ),
        (
            body("/a"),
            Reply::status(302).header("location", "/"),
            none("302 Found, and credentials are not sent along on a redirect"),
        ),
        (body("/a"), Reply::status(401), none("401 Unauthorized")),
        (header(), Reply::status(302).header("x-token", " t "), bearer("t")),
        (header(), Reply::status(200), none("the answer has no header `x-token`")),
        (cookie(None), set(&["a=1; Path=/", "b=\"2\"", "a=3"]), cookies("b=\"2\"; a=3")),
        (cookie(None), set(&["a=1", "a=; Max-Age=0", "b=2"]), cookies("b=2")),
        (cookie(Some("b")), set(&["a=1", "b=2; secure"]), cookies("b=2")),
        (cookie(None), Reply::status(200), none("the answer sets no cookie")),
        (cookie(Some("c")), set(&["a=1"]), none("the answer sets no cookie `c`")),
    ];
    for (session, reply, expected) in table {
        let shown = format!("{:?} of {reply:?}", session.token);
        assert_eq!(log_in(session, reply).await, expected, "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_renewed_before_its_lifetime_or_that_of_its_cookie_is_over() {
    let table = [
        (Some(100), "a=1", Some(90)),
        (Some(100), "a=1; max-age=50", Some(45)),
        (Some(50), "a=1; Max-Age=100", Some(45)),
        (None, "a=1; MAX-AGE= 100", Some(90)),
        (None, "a=1; Max-Age=soon", None),
        (None, "a=1", None),
    ];
    for (lifetime, cookie, expected) in table {
        let mut session = session(TokenPlace::Cookie(None));
        session.lifetime = lifetime.map(Duration::from_secs);
        let reply = Reply::status(200).header("set-cookie", cookie);
        let transport = Arc::new(MemoryTransport::sequence([reply]));
        let authority = Authority::open(&Auth::Session(session), transport).expect("sound");
        authority.credentials().await.expect("a session");
        let last = Duration::from_secs(expected.unwrap_or(1_000_000));
        tokio::time::advance(last - Duration::from_secs(1)).await;
        assert!(authority.ready().is_some(), "{lifetime:?}, {cookie}");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(authority.ready().is_none(), expected.is_some(), "{lifetime:?}, {cookie}");
    }
}

#[test]
fn a_declaration_that_can_not_work_is_refused_at_once() {
    let refusal = |change: &dyn Fn(&mut Session)| {
        let mut session = session(TokenPlace::Cookie(None));
        change(&mut session);
        let transport = Arc::new(MemoryTransport::sequence([]));
        Authority::open(&Auth::Session(session), transport).expect_err("not sound").to_string()
    };
    let body = |body: LoginBody| refusal(&move |it| it.login.body = body.clone());
    let env = || LoginValue::Secret(SecretSource::Env("NO_SUCH_PASSWORD".into()));
    let missing = "a secret of the login: the environment variable `NO_SUCH_PASSWORD` is not set";
    assert_eq!(body(LoginBody::Json(vec![("p".into(), env())])), missing);
    assert_eq!(body(LoginBody::Form(vec![("p".into(), env())])), missing);
    assert_eq!(
        body(LoginBody::Form(vec![("p".into(), plain(json!(["hunter2"])))])),
        "the field `p` of the login must be a string, a number, a boolean, or a secret"
    );
    assert_eq!(
        refusal(&|it| it.login.headers = vec![(COOKIE, LoginValue::Object(vec![]))]),
        "the header `cookie` of the login must be a string, a number, a boolean, or a secret"
    );
    assert_eq!(
        refusal(&|it| it.login.headers = vec![(COOKIE, plain(json!("hunter2\n")))]),
        "a header of the login holds characters that no header can carry, such as a line break"
    );
    assert_eq!(
        refusal(&|it| it.token = TokenPlace::Body("data.token".into())),
        "the pointer `data.token` to the token is no JSON pointer (RFC 6901): it begins with `/`"
    );
    assert_eq!(
        refusal(&|it| it.prefix = "Bearer\n".into()),
        "the prefix of the session's token holds characters that no header can carry, such as a line break"
    );
    assert_eq!(
        refusal(&|it| it.login.url = "file:///login".parse().expect("a url")),
        "login.url `file:…` can't be called: only http and https urls can"
    );
}
