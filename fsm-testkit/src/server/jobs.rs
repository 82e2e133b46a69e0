//! Jobs: submitted with `POST /jobs`, asked for with `GET /jobs/{id}` until they are done, and their
//! results fetched with `GET /jobs/{id}/result`. A job gets on with each question: it is queued, then
//! running, then done.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::{Problem, object, problem};
use super::world::World;

/// What a job is, by how often it was asked for; the last for ever.
const STATES: [&str; 3] = ["queued", "running", "done"];

/// So many jobs there may be: it is a toy.
const MOST: usize = 10_000;

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/jobs", post(submit))
        .route("/jobs/{id}", get(ask))
        .route("/jobs/{id}/result", get(result))
}

/// The jobs in the order of their ids, which begin at 1. Never locked across an await.
#[derive(Debug, Default)]
pub(super) struct Jobs(Mutex<Vec<Job>>);

#[derive(Debug)]
struct Job {
    order: Map<String, Value>,
    asked: usize,
}

impl Jobs {
    fn lock(&self) -> MutexGuard<'_, Vec<Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a job.
    fn with<T>(&self, id: &str, look: impl FnOnce(&mut Job) -> T) -> Result<T, Problem> {
        let mut jobs = self.lock();
        let index = id.parse::<usize>().ok().and_then(|id| id.checked_sub(1));
        match index.and_then(|index| jobs.get_mut(index)) {
            Some(job) => Ok(look(job)),
            None => Err(problem(StatusCode::NOT_FOUND, format!("there is no job `{id}`"))),
        }
    }
}

async fn submit(State(world): State<Arc<World>>, body: Bytes) -> Result<Response, Problem> {
    let order = object(&body)?;
    let mut jobs = world.jobs.lock();
    if jobs.len() == MOST {
        return Err(problem(StatusCode::SERVICE_UNAVAILABLE, "there are too many jobs"));
    }
    jobs.push(Job { order, asked: 0 });
    let job = json!({ "id": jobs.len(), "state": STATES[0] });
    Ok((StatusCode::ACCEPTED, Json(job)).into_response())
}

async fn ask(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let state = world.jobs.with(&id, |job| {
        let state = STATES[job.asked.min(STATES.len() - 1)];
        job.asked += 1;
        state
    })?;
    Ok(Json(json!({ "id": id.parse::<usize>().ok(), "state": state })))
}

async fn result(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let done = world.jobs.with(&id, |job| {
        let is_done = job.asked >= STATES.len();
        is_done.then(|| json!({ "of": job.order, "rows": 42 }))
    })?;
    done.map(Json).ok_or_else(|| problem(StatusCode::CONFLICT, "the job is not done yet"))
}
