//! Every way to be authorised, with a secret in every place where one can be given.

use fsm_http::auth::{
    Auth, ClientAuth, Jwt, JwtAlgorithm, KeyPlace, Login, LoginBody, LoginValue, OAuth2, Session,
    TokenPlace,
};
use fsm_http::secret::{Secret, SecretSource};
use http::HeaderName;
use serde_json::json;

use super::needles::Needles;
use crate::server::Server;

pub(crate) fn source(text: &str) -> SecretSource {
    Secret::new(text).into()
}

pub(crate) fn header(name: &str) -> HeaderName {
    name.parse().expect("a name")
}

/// Every way to be authorised, each with secrets of its own.
pub(crate) fn schemes(server: &Server, needles: &mut Needles) -> Vec<(&'static str, Auth)> {
    let url = |path: &str| server.url(path).parse().expect("a url");
    let mut plant = |name: &str| source(&needles.plant(name));
    let key = |place, name: &str, value| Auth::ApiKey { place, name: name.into(), value };
    let basic = OAuth2::new(url("/token"), "me", plant("the client's secret"));
    let mut body = OAuth2::new(url("/token?x=1"), "me", plant("the client's secret in a body"));
    body.style = ClientAuth::Body;
    body.refresh_token = Some(plant("the declared refresh token"));
    let mut login = Login::post(url("/session"));
    login.headers = vec![(header("x-login"), LoginValue::Secret(plant("a header of the login")))];
    login.body = LoginBody::Json(vec![
        ("user".into(), LoginValue::Plain(json!("me"))),
        (
            "more".into(),
            LoginValue::Object(vec![(
                "password".into(),
                LoginValue::Secret(plant("the password of the login")),
            )]),
        ),
    ]);
    let mut form = Login::post(url("/cookies"));
    form.body = LoginBody::Form(vec![(
        "password".into(),
        LoginValue::Secret(plant("the password of a form")),
    )]);
    let exchanged = Jwt {
        token_url: Some(url("/token")),
        ..Jwt::new(JwtAlgorithm::Hs512, plant("a key for exchanged JWTs"))
    };
    vec![
        ("bearer", Auth::Bearer { token: plant("the bearer token") }),
        ("basic", Auth::Basic { username: "me".into(), password: plant("the password") }),
        ("door", key(KeyPlace::Header, "x-door", plant("the key in a header"))),
        ("query", key(KeyPlace::Query, "key", plant("the key in the query"))),
        ("biscuit", key(KeyPlace::Cookie, "sid", plant("the key in a cookie"))),
        ("oauth", Auth::OAuth2(basic)),
        ("refresh", Auth::OAuth2(body)),
        ("jwt", Auth::Jwt(Jwt::new(JwtAlgorithm::Hs256, plant("the key of the JWT")))),
        ("exchange", Auth::Jwt(exchanged)),
        ("session", Auth::Session(Session::new(login, TokenPlace::Body("/token".into())))),
        ("cookies", Auth::Session(Session::new(form, TokenPlace::Cookie(None)))),
    ]
}

/// Places that give out no credentials, and say why, at length.
pub(crate) fn refusing(server: &Server, needles: &mut Needles) -> Vec<(&'static str, Auth)> {
    let url = |path: &str| server.url(path).parse().expect("a url");
    let mut all = Vec::new();
    for (name, path) in [
        ("refused", "/token-refused"),
        ("unwell", "/token-broken"),
        ("strange", "/token-strange"),
        ("led-away", "/away/token"),
        ("cut-off", "/cut/token"),
    ] {
        let secret = source(&needles.plant(&format!("the client's secret, {name}")));
        let mut oauth = OAuth2::new(url(path), "me", secret);
        oauth.style = ClientAuth::Body;
        oauth.params = vec![("audience".into(), "all".into())];
        all.push((name, Auth::OAuth2(oauth)));
    }
    for (name, path) in [("no-entry", "/plain/login"), ("no-cookie", "/base64/login")] {
        let mut login = Login::post(url(path));
        let password = source(&needles.plant(&format!("the password, {name}")));
        login.body = LoginBody::Form(vec![("password".into(), LoginValue::Secret(password))]);
        all.push((name, Auth::Session(Session::new(login, TokenPlace::Cookie(None)))));
    }
    all
}
