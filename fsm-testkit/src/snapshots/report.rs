//! The report of a flow as text, without what differs from run to run.

use fsm_patterns::RunReport;
use serde_json::Value;

/// The members that hold what differs from run to run.
const VOLATILE: [&str; 4] = ["run", "latency_ms", "elapsed_ms", "avg_latency_ms"];

/// The report of a flow's run as JSON, with the run's id and all latencies as their names in
/// brackets, and the port of a server on loopback as `[port]`. A latency that is null, because
/// nothing was sent, stays so. Outputs stay as they are, but for such ports.
pub fn report_snapshot(report: &RunReport) -> String {
    let mut value = match serde_json::to_value(report) {
        Ok(value) => value,
        Err(fault) => return format!("the report can't be written: {fault}\n"),
    };
    replace(&mut value);
    let text = serde_json::to_string_pretty(&value).unwrap_or_default();
    format!("{}\n", without_ports(&text))
}

/// Puts brackets where a report, a step, or the metrics hold something volatile.
fn replace(report: &mut Value) {
    let hide = |value: &mut Value| {
        let Some(members) = value.as_object_mut() else { return };
        for (name, member) in members.iter_mut() {
            if VOLATILE.contains(&name.as_str()) && !member.is_null() {
                *member = Value::String(format!("[{name}]"));
            }
        }
    };
    hide(report);
    report.get_mut("metrics").into_iter().for_each(hide);
    // Their names are the user's own.
    let steps = report.get_mut("steps").and_then(Value::as_object_mut);
    steps.into_iter().flat_map(|steps| steps.iter_mut()).for_each(|(_, step)| hide(step));
}

fn without_ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|digit: char| digit.is_ascii_digit());
        clean.push_str("127.0.0.1:[port]");
        clean.push_str(rest);
    }
    clean
}
