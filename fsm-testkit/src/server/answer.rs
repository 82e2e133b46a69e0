//! The shape of answers that several routes give.

use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// An error in JSON: `{"error": "…"}`.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    why: String,
}

pub(super) fn problem(status: StatusCode, why: impl Into<String>) -> Problem {
    Problem { status, why: why.into() }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.why }))).into_response()
    }
}

/// A body that has to be a JSON object.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    let refuse = |why: String| problem(StatusCode::BAD_REQUEST, why);
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(refuse("the body must be a JSON object".into())),
        Err(why) => Err(refuse(format!("the body must be a JSON object: {why}"))),
    }
}

pub(super) async fn not_found(request: Request) -> Problem {
    let why = format!("there is nothing at {}", request.uri().path());
    problem(StatusCode::NOT_FOUND, why)
}

pub(super) async fn method_not_allowed(request: Request) -> Problem {
    let why = format!("{} does not answer to {}", request.uri().path(), request.method());
    problem(StatusCode::METHOD_NOT_ALLOWED, why)
}
