//! What is not for everybody: a route behind a token, and one behind tokens of OAuth 2.0.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Form, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::problem;
use super::world::World;

/// The token that `/private/profile` and `/v1/chat/completions` want to see.
pub const TOKEN: &str = "demo-token";

/// The client that `/oauth/token` knows.
pub const CLIENT_ID: &str = "shop";

/// Its secret.
pub const CLIENT_SECRET: &str = "demo-secret";

/// The two in the header of basic authorization.
const CLIENT: &str = "Basic c2hvcDpkZW1vLXNlY3JldA==";

/// How long a token of `/oauth/token` is good, in seconds.
const LIFETIME: u64 = 3600;

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/private/profile", get(profile))
        .route("/oauth/token", post(token))
        .route("/private/orders", get(orders))
}

/// The tokens that were given out.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<HashSet<String>>);

impl Tokens {
    fn give(&self) -> String {
        let mut given = self.given();
        let token = format!("access-{:04}", given.len() + 1);
        given.insert(token.clone());
        token
    }

    fn knows(&self, token: &str) -> bool {
        self.given().contains(token)
    }

    /// Lets no token be good any more.
    pub(super) fn revoke(&self) {
        // They stay in the set, under a name that nobody can send, so that no number comes twice.
        let mut given = self.given();
        *given = given.drain().map(|token| format!("{token} revoked")).collect();
    }

    fn given(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What stands behind `Bearer` in the header.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// The answer to those who may not.
pub(super) fn unauthorized(why: &str) -> Response {
    let refused = problem(StatusCode::UNAUTHORIZED, why);
    ([(WWW_AUTHENTICATE, "Bearer")], refused).into_response()
}

async fn profile(headers: HeaderMap) -> Response {
    match bearer(&headers) {
        Some(TOKEN) => Json(json!({ "name": "Ada Lovelace", "plan": "premium" })).into_response(),
        Some(_) => unauthorized("this token is not known"),
        None => unauthorized("a bearer token is wanted"),
    }
}

#[derive(Debug, Deserialize)]
struct TokenRequest {
    grant_type: String,
    scope: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// Client credentials (RFC 6749, section 4.4), in the header or in the body.
async fn token(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    Form(request): Form<TokenRequest>,
) -> Response {
    let refused = |status, error: &str, why: &str| {
        (status, Json(json!({ "error": error, "error_description": why }))).into_response()
    };
    let in_header = headers.get(AUTHORIZATION).is_some_and(|value| value == CLIENT);
    let in_body = request.client_id.as_deref() == Some(CLIENT_ID)
        && request.client_secret.as_deref() == Some(CLIENT_SECRET);
    if !in_header && !in_body {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client", "this client is not known");
    }
    if request.grant_type != "client_credentials" {
        let why = "only `client_credentials` are granted";
        return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", why);
    }
    let token: Value = json!({
        "access_token": world.tokens.give(),
        "token_type": "Bearer",
        "expires_in": LIFETIME,
        "scope": request.scope.unwrap_or_default(),
    });
    Json(token).into_response()
}

async fn orders(State(world): State<Arc<World>>, headers: HeaderMap) -> Response {
    match bearer(&headers) {
        Some(token) if world.tokens.knows(token) => {
            let orders = [json!({ "id": 1, "total": 25 }), json!({ "id": 2, "total": 75 })];
            Json(json!({ "orders": orders })).into_response()
        }
        Some(_) => unauthorized("this token is not good, or not any more"),
        None => unauthorized("a bearer token of /oauth/token is wanted"),
    }
}
