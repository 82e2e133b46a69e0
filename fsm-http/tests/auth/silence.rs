//! Nothing that is shown of a declaration, of what came of it, or of an error has a secret in it.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use fsm_http::{
    MemoryTransport, Reply,
    auth::{
        Auth, Authority, ClientAuth, Jwt, JwtAlgorithm, KeyPlace, Login, LoginBody, LoginValue,
        OAuth2, Session, TokenPlace,
    },
    secret::{Secret, SecretSource},
};
use http::header::AUTHORIZATION;
use serde_json::json;

const PLANTED: &str = "hunter2/ü";

fn planted() -> SecretSource {
    SecretSource::Value(Secret::new(PLANTED))
}

/// Every scheme, with the secret in every place that can hold one.
fn every_scheme() -> Vec<Auth> {
    let url = |path: &str| -> url::Url {
        format!("http://me:{PLANTED}@a.test{path}?key={PLANTED}")
            .replace("hunter2/ü@", "hunter2%2F%C3%BC@")
            .parse()
            .expect("a url")
    };
    let key = |place| Auth::ApiKey { place, name: "sid".into(), value: planted() };
    let mut oauth2 = OAuth2::new(url("/token"), "shop", planted());
    oauth2.refresh_token = Some(planted());
    oauth2.params = vec![("assertion_key".into(), PLANTED.into())];
    let mut in_body = oauth2.clone();
    in_body.style = ClientAuth::Body;
    let mut jwt = Jwt::new(JwtAlgorithm::Hs256, planted());
    jwt.claims.insert("password".into(), PLANTED.into());
    let mut exchanged = jwt.clone();
    exchanged.token_url = Some(url("/token"));
    let mut login = Login::post(url("/login"));
    login.headers = vec![(AUTHORIZATION, LoginValue::Secret(Secret::new("hunter2-a").into()))];
    login.body = LoginBody::Json(vec![
        ("a".into(), LoginValue::Secret(planted())),
        ("b".into(), LoginValue::Object(vec![("c".into(), LoginValue::Secret(planted()))])),
        ("d".into(), LoginValue::Plain(json!(PLANTED))),
    ]);
    let mut all = vec![
        key(KeyPlace::Query),
        Auth::Basic { username: "ann".into(), password: planted() },
        Auth::OAuth2(oauth2),
        Auth::OAuth2(in_body),
        Auth::Session(Session::new(login, TokenPlace::Cookie(None))),
    ];
    if cfg!(feature = "jwt") {
        all.extend([Auth::Jwt(jwt), Auth::Jwt(exchanged)]);
    }
    all
}

fn assert_silent(shown: &str, what: &str) {
    assert!(!shown.contains("hunter2"), "{what}: {shown}");
    let encoded = BASE64_STANDARD.encode(PLANTED);
    assert!(!shown.contains(&encoded), "{what}: {shown}");
    assert!(!shown.contains(&BASE64_STANDARD.encode(format!("ann:{PLANTED}"))), "{what}: {shown}");
}

#[tokio::test]
async fn no_debug_and_no_error_shows_a_planted_secret() {
    for auth in every_scheme() {
        assert_silent(&format!("{auth:?} {auth:#?}"), "the declaration");
        // The server echoes whatever it gets, in an error page, as plainly as it can.
        let transport = Arc::new(MemoryTransport::replying(|request| {
            let mut page = String::from_utf8_lossy(request.body()).into_owned();
            for (name, value) in request.headers() {
                page.push_str(&format!(" {name}: {}", String::from_utf8_lossy(value.as_bytes())));
            }
            Reply::status(400).header("content-type", "text/plain").body(page)
        }));
        let authority = Authority::open(&auth, transport.clone()).expect("a sound declaration");
        match authority.credentials().await {
            Ok(credentials) => {
                assert_silent(&format!("{credentials:?} {credentials:#?}"), "credentials");
                let mut call = fsm_http::Call::new(
                    http::Method::GET,
                    "http://a.test/".parse().expect("a url"),
                );
                credentials.apply(&mut call);
                assert_silent(&format!("{call:?}"), "the call");
                let error = call.perform(&*transport).await.expect_err("400");
                let shown = authority.secrets().scrub(&error.message).into_owned();
                assert_silent(&shown, "the error of a call");
            }
            Err(error) => assert_silent(&format!("{error} {error:?}"), "the error of a fetch"),
        }
        assert_silent(&format!("{authority:?} {:?}", authority.secrets()), "the authority");
    }
}
