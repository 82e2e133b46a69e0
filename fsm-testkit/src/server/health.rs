//! The health of seven services; how each is can be set.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Problem, problem};
use super::world::World;

/// The services that are there from the start.
pub const SERVICES: [&str; 7] =
    ["auth", "user", "payment", "inventory", "shipping", "notification", "analytics"];

/// So long a service stalls before it answers: longer than anybody should wait.
const STALL: Duration = Duration::from_secs(10);

/// How a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Health {
    /// It answers 200 with `{"status": "ok"}`.
    Ok,
    /// It answers 503.
    Down,
    /// It takes 10 s to answer.
    Stalls,
}

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new().route("/health/{service}", get(health))
}

/// How each service is. Never locked across an await.
#[derive(Debug)]
pub(super) struct HealthBoard(Mutex<BTreeMap<String, Health>>);

impl HealthBoard {
    pub(super) fn set(&self, service: String, health: Health) {
        self.services().insert(service, health);
    }

    fn get(&self, service: &str) -> Option<Health> {
        self.services().get(service).copied()
    }

    fn services(&self) -> MutexGuard<'_, BTreeMap<String, Health>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for HealthBoard {
    fn default() -> Self {
        let health = |service: &str| match service {
            "shipping" => Health::Down,
            "analytics" => Health::Stalls,
            _ => Health::Ok,
        };
        let services = SERVICES.map(|service| (service.to_owned(), health(service)));
        Self(Mutex::new(services.into()))
    }
}

impl Clone for HealthBoard {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.services().clone()))
    }
}

async fn health(
    State(world): State<Arc<World>>,
    Path(service): Path<String>,
) -> Result<Json<Value>, Problem> {
    match world.health.get(&service) {
        Some(Health::Ok) => {}
        Some(Health::Stalls) => world.pause(STALL).await,
        Some(Health::Down) => {
            let why = format!("{service} is down for repair");
            return Err(problem(StatusCode::SERVICE_UNAVAILABLE, why));
        }
        None => {
            let why = format!("there is no service `{service}`");
            return Err(problem(StatusCode::NOT_FOUND, why));
        }
    }
    Ok(Json(json!({ "status": "ok", "service": service })))
}
