//! Users, their posts, and what is known of their visits. All of it is made from the id.

use std::sync::Arc;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::problem;
use super::world::World;

/// Users have the ids from 1 to this one.
const LAST: u64 = 1_000;

const NAMES: [(&str, &str); 7] = [
    ("Ada", "Lovelace"),
    ("Alan", "Turing"),
    ("Barbara", "Liskov"),
    ("David", "Harel"),
    ("Edsger", "Dijkstra"),
    ("Grace", "Hopper"),
    ("Tony", "Hoare"),
];

const TITLES: [&str; 5] = [
    "On states and events",
    "What a join waits for",
    "A guard is a question",
    "Retries, and when to stop",
    "Notes from the night shift",
];

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/users/{id}", get(|id| answer(id, user)))
        .route("/users/{id}/posts", get(|id| answer(id, posts)))
        .route("/analytics/users/{id}", get(|id| answer(id, analytics)))
}

async fn answer(Path(id): Path<String>, what: fn(u64) -> Value) -> Response {
    match id.parse() {
        Ok(number @ 1..=LAST) => Json(what(number)).into_response(),
        Ok(_) | Err(_) => {
            let why = format!("there is no user `{id}`: ids are numbers from 1 to {LAST}");
            problem(StatusCode::NOT_FOUND, why).into_response()
        }
    }
}

/// The user of this id, if there is one.
pub(super) fn find(id: u64) -> Option<Value> {
    (1..=LAST).contains(&id).then(|| user(id))
}

fn user(id: u64) -> Value {
    let (first, last) = NAMES[pick(id, NAMES.len())];
    let email = format!("{}.{}@example.com", first.to_lowercase(), last.to_lowercase());
    json!({ "id": id, "name": format!("{first} {last}"), "email": email })
}

fn posts(id: u64) -> Value {
    let post = |number: u64| {
        let title = TITLES[pick(id + number, TITLES.len())];
        json!({ "id": id * 10 + number, "title": title })
    };
    json!({ "posts": (1..=3).map(post).collect::<Vec<_>>() })
}

fn analytics(id: u64) -> Value {
    json!({ "user_id": id, "visits": id * 7 % 100 + 1, "last_page": "/pricing" })
}

fn pick(id: u64, count: usize) -> usize {
    usize::try_from(id % count as u64).unwrap_or_default()
}
