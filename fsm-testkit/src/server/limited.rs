//! A quota that the server keeps: so many requests a second, and then 429.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::json;

use super::answer::{Problem, problem};
use super::world::World;

/// The time for which a quota holds.
const WINDOW: Duration = Duration::from_secs(1);

/// So many keys are kept apart; then all are forgotten.
const KEYS: usize = 10_000;

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new().route("/limited/{n}", get(limited))
}

/// How much of each quota is used. Never locked across an await.
#[derive(Debug, Default)]
pub(super) struct Quotas(Mutex<HashMap<(u32, String), Used>>);

#[derive(Clone, Copy, Debug)]
struct Used {
    since: Instant,
    count: u32,
}

impl Quotas {
    /// Takes one of `limit` requests a second: what is left then, or `None` if nothing was; and
    /// when the quota is renewed.
    fn take(&self, limit: u32, key: &str, now: Instant) -> (Option<u32>, Duration) {
        let mut quotas = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if quotas.len() == KEYS {
            quotas.clear();
        }
        let fresh = Used { since: now, count: 0 };
        let used = quotas.entry((limit, key.to_owned())).or_insert(fresh);
        if now.duration_since(used.since) >= WINDOW {
            *used = fresh;
        }
        let renewal = WINDOW.saturating_sub(now.duration_since(used.since));
        if used.count >= limit {
            return (None, renewal);
        }
        used.count += 1;
        (Some(limit - used.count), renewal)
    }
}

/// `n` requests a second; who wants a quota of their own asks with `?key=…`. Every answer says in
/// `RateLimit` what is left.
async fn limited(
    State(world): State<Arc<World>>,
    Path(wanted): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Problem> {
    let Some(limit) = wanted.parse().ok().filter(|limit| *limit > 0) else {
        let why = format!("`{wanted}` is no number of requests above 0");
        return Err(problem(StatusCode::BAD_REQUEST, why));
    };
    let key = query.get("key").map_or("", String::as_str);
    let (left, renewal) = world.quotas.take(limit, key, Instant::now());
    // Whole seconds, rounded up: who waits for them does not come too early.
    let seconds = renewal.as_secs() + u64::from(renewal.subsec_nanos() > 0);
    let told = format!("\"default\";r={};t={seconds}", left.unwrap_or(0));
    let told = [("ratelimit", told)];
    Ok(match left {
        Some(left) => (told, Json(json!({ "ok": true, "remaining": left }))).into_response(),
        None => {
            let why = format!("more than {limit} requests within a second");
            let refused = problem(StatusCode::TOO_MANY_REQUESTS, why);
            (told, [(RETRY_AFTER, seconds.to_string())], refused).into_response()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_used_up_and_renewed_after_a_second() {
        let quotas = Quotas::default();
        let begin = Instant::now();
        let take = |millis| quotas.take(2, "k", begin + Duration::from_millis(millis)).0;
        assert_eq!([take(0), take(10), take(999)], [Some(1), Some(0), None]);
        assert_eq!(take(1000), Some(1));
        assert_eq!(quotas.take(2, "another", begin).0, Some(1));
    }
}
