//! A payment: it is validated, checked for fraud, charged, and the customer is told.
//!
//! `POST /charge` keeps the promise of an `Idempotency-Key`: the same key and body give the same
//! charge, and it is made once. A key that comes again with another body is a 422.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::answer::{Problem, object, problem};
use super::world::World;

/// Beyond it the check for fraud says no.
const SUSPICIOUS: f64 = 10_000.0;

/// So many keys are remembered; then all are forgotten, as a real service forgets after a day.
const KEYS: usize = 10_000;

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/validate", post(validate))
        .route("/fraud/check", post(check_fraud))
        .route("/charge", post(charge))
        .route("/notify", post(notify))
}

/// The charges that were made.
#[derive(Debug)]
pub(super) struct Payments(Mutex<Ledger>);

// Invariant: every charge in `by_key` is counted in `charges`. Never held across an await.
#[derive(Debug, Default)]
struct Ledger {
    charges: u64,
    by_key: HashMap<String, (Bytes, Value)>,
    /// So many of the next new charges are answered as if they had failed.
    lost_answers: u32,
}

/// What became of the request for a charge.
enum Charged {
    New(Value),
    /// It was made, and the answer is lost.
    Lost,
    Again(Value),
    KeyOfAnother,
}

impl Payments {
    pub(super) fn new(lost_answers: u32) -> Self {
        Self(Mutex::new(Ledger { lost_answers, ..Ledger::default() }))
    }

    pub(super) fn charge_count(&self) -> u64 {
        self.ledger().charges
    }

    fn charge(&self, key: Option<String>, body: &Bytes, amount: &Value) -> Charged {
        let mut ledger = self.ledger();
        if let Some((earlier, charge)) = key.as_ref().and_then(|key| ledger.by_key.get(key)) {
            return match earlier == body {
                true => Charged::Again(charge.clone()),
                false => Charged::KeyOfAnother,
            };
        }
        ledger.charges += 1;
        let id = format!("ch_{:04}", ledger.charges);
        let charge = json!({ "charge_id": id, "amount": amount, "status": "charged" });
        if let Some(key) = key {
            if ledger.by_key.len() == KEYS {
                ledger.by_key.clear();
            }
            ledger.by_key.insert(key, (body.clone(), charge.clone()));
        }
        if ledger.lost_answers > 0 {
            ledger.lost_answers -= 1;
            return Charged::Lost;
        }
        Charged::New(charge)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The amount of a payment, or the answer that says what is wrong with it.
fn amount_of(payment: &Map<String, Value>) -> Result<f64, Problem> {
    let amount = payment.get("amount").and_then(Value::as_f64).filter(|amount| *amount > 0.0);
    amount.ok_or_else(|| unprocessable("`amount` must be a number above 0"))
}

fn require_text(payment: &Map<String, Value>, name: &str) -> Result<(), Problem> {
    match payment.get(name).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => Ok(()),
        Some(_) | None => Err(unprocessable(&format!("`{name}` must be a text"))),
    }
}

fn unprocessable(why: &str) -> Problem {
    problem(StatusCode::UNPROCESSABLE_ENTITY, why)
}

/// Gives the payment back with `valid`, so that a pipeline can hand it on.
async fn validate(body: Bytes) -> Result<Response, Problem> {
    let mut payment = object(&body)?;
    amount_of(&payment)?;
    require_text(&payment, "card_token")?;
    payment.insert("valid".into(), true.into());
    Ok(Json(payment).into_response())
}

/// Gives what it was asked about back with `risk`; refuses what is suspicious.
async fn check_fraud(body: Bytes) -> Result<Response, Problem> {
    let mut question = object(&body)?;
    let amount = amount_of(&question)?;
    require_text(&question, "card_hash")?;
    if amount > SUSPICIOUS {
        let why = format!("an amount of {amount} is suspicious: the limit is {SUSPICIOUS}");
        return Err(problem(StatusCode::FORBIDDEN, why));
    }
    question.insert("risk".into(), "low".into());
    Ok(Json(question).into_response())
}

async fn charge(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let payment = object(&body)?;
    amount_of(&payment)?;
    let key = headers.get("idempotency-key");
    let key = key.map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
    match world.payments.charge(key, &body, &payment["amount"]) {
        Charged::New(charge) => Ok((StatusCode::CREATED, Json(charge)).into_response()),
        Charged::Again(charge) => {
            let again = [("idempotency-replayed", "true")];
            Ok((StatusCode::CREATED, again, Json(charge)).into_response())
        }
        Charged::Lost => Err(problem(StatusCode::SERVICE_UNAVAILABLE, "the answer got lost")),
        Charged::KeyOfAnother => {
            Err(unprocessable("this `Idempotency-Key` came before, with another body"))
        }
    }
}

async fn notify(body: Bytes) -> Result<Response, Problem> {
    let charge = object(&body)?;
    require_text(&charge, "charge_id")?;
    let told = json!({ "notified": true, "charge_id": charge["charge_id"] });
    Ok((StatusCode::ACCEPTED, Json(told)).into_response())
}
