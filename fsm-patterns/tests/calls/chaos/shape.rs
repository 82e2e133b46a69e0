//! What every result of a run looks like, whatever happened in it.

use fsm_http::ErrorKind;
use fsm_patterns::RunReport;
use serde_json::Value;

/// Fails unless the report is as the contract of flows has it.
pub(crate) fn hold(report: &RunReport) {
    let value = serde_json::to_value(report).expect("plain data");
    if let Err(why) = check(&value) {
        panic!("{why} in {value:#}");
    }
}

fn check(report: &Value) -> Result<(), String> {
    let keys = ["run", "name", "outcome", "output", "error", "steps"];
    has_keys(report, &keys, &["usage", "metrics"])?;
    let outcome = report["outcome"].as_str().unwrap_or_default();
    match outcome {
        "completed" if !report["error"].is_null() => {
            return Err("a completed run has an error".into());
        }
        "completed" => {}
        "failed" | "timed_out" => error(&report["error"])?,
        other => return Err(format!("the outcome {other}, though nobody cancelled")),
    }
    let steps = report["steps"].as_object().ok_or("no steps")?;
    let mut requests = 0;
    for (name, it) in steps {
        step(it, outcome).map_err(|why| format!("{why}, step {name}"))?;
        requests += it["attempts"].as_u64().unwrap_or(0);
    }
    metrics(&report["metrics"], requests)
}

fn has_keys(value: &Value, due: &[&str], may: &[&str]) -> Result<(), String> {
    let members = value.as_object().ok_or("it is no object")?;
    if let Some(missing) = due.iter().find(|key| !members.contains_key(**key)) {
        return Err(format!("no `{missing}`"));
    }
    let known = |key: &String| due.contains(&key.as_str()) || may.contains(&key.as_str());
    match members.keys().find(|key| !known(key)) {
        Some(unknown) => Err(format!("an unknown `{unknown}`")),
        None => Ok(()),
    }
}

fn error(error: &Value) -> Result<(), String> {
    has_keys(error, &["kind", "message"], &["http_status"])?;
    let kind = error["kind"].as_str().unwrap_or_default();
    if !ErrorKind::ALL.iter().any(|known| known.as_str() == kind) {
        return Err(format!("the kind `{kind}`"));
    }
    let message = error["message"].as_str().unwrap_or_default();
    if message.is_empty() || message.len() > 4_000 || message.chars().any(char::is_control) {
        return Err(format!("the message {message:?}"));
    }
    status_code(&error["http_status"])
}

fn status_code(value: &Value) -> Result<(), String> {
    match value.as_u64() {
        None if value.is_null() => Ok(()),
        Some(100..1_000) => Ok(()),
        Some(_) | None => Err(format!("the status {value}")),
    }
}

fn step(step: &Value, outcome: &str) -> Result<(), String> {
    let keys = ["status", "attempts", "latency_ms", "elapsed_ms", "http_status", "output"];
    has_keys(step, &keys, &["reason", "error"])?;
    let attempts = step["attempts"].as_u64().ok_or("no number of attempts")?;
    if attempts > 10 {
        return Err(format!("{attempts} attempts"));
    }
    for time in ["latency_ms", "elapsed_ms"] {
        if step[time].as_f64().is_some_and(|time| !(0.0..60_000.0).contains(&time)) {
            return Err(format!("{time} is {}", step[time]));
        }
    }
    status_code(&step["http_status"])?;
    let has_error = step.get("error").is_some();
    if has_error {
        error(&step["error"])?;
    }
    let status = step["status"].as_str().unwrap_or_default();
    let is_success = matches!(step["http_status"].as_u64(), Some(200..300));
    let fits = match status {
        "ok" => !has_error && attempts > 0 && is_success && step["latency_ms"].is_number(),
        "cached" => !has_error && is_success,
        "recovered" => has_error,
        "failed" => has_error && step["output"].is_null(),
        "skipped" => !has_error && attempts == 0 && step["reason"].is_string(),
        "timed_out" => outcome == "timed_out" && step["output"].is_null(),
        "cancelled" => outcome == "failed" && step["output"].is_null(),
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("an odd step that is {status}: {step}")) }
}

fn metrics(metrics: &Value, requests: u64) -> Result<(), String> {
    has_keys(metrics, &["total_requests", "success_rate", "error_rate", "avg_latency_ms"], &[])?;
    if metrics["total_requests"].as_u64() != Some(requests) {
        return Err(format!("{} requests, and {requests} attempts", metrics["total_requests"]));
    }
    let (success, error) = (metrics["success_rate"].as_f64(), metrics["error_rate"].as_f64());
    match (requests, success, error) {
        (0, None, None) => Ok(()),
        (1.., Some(success), Some(error))
            if (0.0..=100.0).contains(&success) && (success / 100.0 + error - 1.0).abs() < 1e-9 =>
        {
            Ok(())
        }
        _ => Err(format!("rates of {success:?} and {error:?} for {requests} requests")),
    }
}
