//! Chat completions in the shape of OpenAI's API. The model knows nothing: it says how many words it
//! was told, and a word is a token.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::answer::object;
use super::guarded::{TOKEN, bearer};
use super::world::World;

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new().route("/v1/chat/completions", post(complete))
}

async fn complete(headers: HeaderMap, body: Bytes) -> Response {
    if bearer(&headers) != Some(TOKEN) {
        let why = "Incorrect API key provided.";
        return refused(StatusCode::UNAUTHORIZED, "invalid_api_key", why);
    }
    let request = match object(&body) {
        Ok(request) => request,
        Err(problem) => return problem.into_response(),
    };
    let invalid = |why: &str| refused(StatusCode::BAD_REQUEST, "invalid_request_error", why);
    let Some(model) = request.get("model").and_then(Value::as_str) else {
        return invalid("`model` must be the name of a model");
    };
    let messages = request.get("messages").and_then(Value::as_array);
    let Some(messages) = messages.filter(|messages| !messages.is_empty()) else {
        return invalid("`messages` must be a list of messages");
    };
    let texts = messages.iter().map(|message| match (&message["role"], &message["content"]) {
        (Value::String(_), Value::String(text)) => Some(text.split_whitespace().count()),
        _ => None,
    });
    let Some(words) = texts.collect::<Option<Vec<usize>>>() else {
        return invalid("a message has the texts `role` and `content`");
    };
    let prompt: usize = words.iter().sum();
    let text = format!("I was told {prompt} words.");
    let completion = text.split_whitespace().count();
    let message = json!({ "role": "assistant", "content": text });
    Json(json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": model,
        "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        },
    }))
    .into_response()
}

fn refused(status: StatusCode, code: &str, why: &str) -> Response {
    (status, Json(json!({ "error": { "message": why, "code": code } }))).into_response()
}
