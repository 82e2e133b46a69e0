//! Each declaration is judged twice: here, and by opening it.

use std::sync::Arc;
use std::time::Duration;

use fsm_http::auth::{Authority, JwtAlgorithm};
use fsm_http::resource::HeaderSource;
use fsm_http::secret::{Secret, SecretSource};
use fsm_http::{MemoryTransport, Reply};
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONNECTION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
    CONTENT_TYPE, COOKIE, HOST, TE, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use serde_json::json;
use url::Url;

use super::*;

fn secret() -> SecretSource {
    Secret::new("a-secret-of-some-length").into()
}

fn url() -> Url {
    "https://login.example.com/token".parse().expect("a url")
}

fn key(place: KeyPlace, name: &str) -> Auth {
    Auth::ApiKey { place, name: name.to_owned(), value: secret() }
}

fn basic(username: &str) -> Auth {
    Auth::Basic { username: username.to_owned(), password: secret() }
}

fn oauth2(change: impl FnOnce(&mut OAuth2)) -> Auth {
    let mut oauth2 = OAuth2::new(url(), "shop", secret());
    change(&mut oauth2);
    Auth::OAuth2(oauth2)
}

fn jwt(change: impl FnOnce(&mut Jwt)) -> Auth {
    let mut jwt = Jwt::new(JwtAlgorithm::Hs256, secret());
    change(&mut jwt);
    Auth::Jwt(jwt)
}

fn claiming(claim: &str, change: impl FnOnce(&mut Jwt)) -> Auth {
    jwt(|jwt| {
        jwt.claims.insert(claim.to_owned(), json!(5));
        change(jwt);
    })
}

fn session(token: TokenPlace, change: impl FnOnce(&mut Session)) -> Auth {
    let mut session = Session::new(Login::post(url()), token);
    change(&mut session);
    Auth::Session(session)
}

fn body() -> TokenPlace {
    TokenPlace::Body("/token".to_owned())
}

fn form(value: LoginValue) -> Auth {
    let fields = vec![("user".to_owned(), value)];
    session(body(), |session| session.login.body = LoginBody::Form(fields))
}

fn said(auth: Auth, headers: &[&'static str]) -> Vec<String> {
    let mut resource = Resource::new("shop").auth(auth);
    for name in headers {
        resource = resource.header(HeaderName::from_static(name), "plain");
    }
    let mut faults = Vec::new();
    check(&Place::root().key("shop"), &resource, &mut faults);
    faults.iter().map(ToString::to_string).collect()
}

fn is_refused(auth: &Auth) -> bool {
    let nowhere = MemoryTransport::replying(|_| Reply::json(&json!(null)));
    Authority::open(auth, Arc::new(nowhere)).is_err()
}

#[test]
fn what_could_never_be_sent_is_a_fault_and_is_refused_when_opened() {
    let reserved =
        ["grant_type", "client_id", "client_secret", "refresh_token", "scope", "assertion"];
    let mut wrong: Vec<Auth> =
        reserved.map(|name| oauth2(|it| it.params.push((name.to_owned(), "x".to_owned())))).into();
    wrong.extend([
        basic("a:b"),
        basic("a\nb"),
        key(KeyPlace::Header, ""),
        key(KeyPlace::Header, "X Key"),
        key(KeyPlace::Header, "Cookie"),
        key(KeyPlace::Query, ""),
        key(KeyPlace::Cookie, ""),
        key(KeyPlace::Cookie, "a=b;"),
        oauth2(|it| it.token_url = "ftp://login.example.com/".parse().expect("a url")),
        claiming("iat", |_| {}),
        claiming("exp", |_| {}),
        claiming("iss", |jwt| jwt.issuer = Some("shop".to_owned())),
        claiming("sub", |jwt| jwt.subject = Some("shop".to_owned())),
        claiming("aud", |jwt| jwt.audience = Some("shop".to_owned())),
        claiming("scope", |jwt| jwt.scope = vec!["read".to_owned()]),
        jwt(|jwt| jwt.lifetime = Duration::from_millis(999)),
        session(TokenPlace::Cookie(Some("a b".to_owned())), |_| {}),
        session(TokenPlace::Body("token".to_owned()), |_| {}),
        session(body(), |session| session.header = USER_AGENT),
        session(body(), |session| session.prefix = "a\nb".to_owned()),
        form(LoginValue::Plain(json!(["a"]))),
        form(LoginValue::Object(Vec::new())),
        session(body(), |session| {
            session.login.headers = vec![(ACCEPT, LoginValue::Plain(json!("a\nb")))];
        }),
    ]);
    let never =
        [ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, CONTENT_LANGUAGE, CONTENT_ENCODING, USER_AGENT]
            .into_iter()
            .chain([HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, TE, UPGRADE, COOKIE]);
    wrong.extend(never.map(|name| key(KeyPlace::Header, name.as_str())));
    for auth in wrong {
        assert!(is_refused(&auth), "{auth:?}");
        assert_eq!(said(auth.clone(), &[]).len(), 1, "{auth:?}");
    }
}

#[test]
fn what_can_be_sent_is_no_fault() {
    let right = [
        basic("me"),
        key(KeyPlace::Header, "X-Api-Key"),
        key(KeyPlace::Query, "any thing"),
        key(KeyPlace::Cookie, "sid"),
        oauth2(|it| it.params.push(("audience".to_owned(), "shop".to_owned()))),
        jwt(|jwt| jwt.scope = vec!["read".to_owned()]),
        claiming("iss", |_| {}),
        claiming("aud", |jwt| jwt.token_url = Some(url())),
        session(TokenPlace::Cookie(None), |_| {}),
        form(LoginValue::Plain(json!(5))),
    ];
    for auth in right {
        assert!(!is_refused(&auth), "{auth:?}");
        assert_eq!(said(auth.clone(), &["x-other"]), [""; 0], "{auth:?}");
    }
}

#[test]
fn a_header_in_the_place_of_credentials_is_told() {
    let bearer = || Auth::Bearer { token: secret() };
    let taken = [
        (bearer(), "authorization"),
        (basic("me"), "authorization"),
        (oauth2(|_| {}), "authorization"),
        (jwt(|_| {}), "authorization"),
        (key(KeyPlace::Header, "X-Key"), "x-key"),
        (session(body(), |_| {}), "authorization"),
        (session(TokenPlace::Header(HOST), |it| it.header = "X-Sid".parse().unwrap()), "x-sid"),
    ];
    for (auth, header) in taken {
        let expected = format!(
            "shop.headers.{header}: the header `{header}` keeps the credentials of `auth` \
             from being sent (they would go into this header: keep one of the two)"
        );
        assert_eq!(said(auth, &["x-other", header]), [expected]);
    }
    let beside = [
        (key(KeyPlace::Header, "X-Key"), "authorization"),
        (key(KeyPlace::Query, "X-Key"), "x-key"),
        (key(KeyPlace::Cookie, "sid"), "cookie"),
        (session(TokenPlace::Cookie(None), |_| {}), "authorization"),
    ];
    for (auth, header) in beside {
        assert_eq!(said(auth, &[header]), [""; 0]);
    }
    // A secret header is one as much as a plain one.
    let resource = Resource::new("shop").auth(bearer());
    let resource = resource.header(AUTHORIZATION, HeaderSource::Secret(secret()));
    let mut faults = Vec::new();
    check(&Place::root(), &resource, &mut faults);
    assert_eq!(faults.len(), 1, "{faults:?}");
}
