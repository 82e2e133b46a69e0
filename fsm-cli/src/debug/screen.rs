//! How a debugged run stands, as text.

use fsm_core::journal::{Standpoint, Step};
use fsm_core::{Pause, Status};
use fsm_patterns::{Flow, FlowContext, StepReport};

use super::FlowDebugger;
use crate::nearest::did_you_mean;
use crate::simulate::view::plain;

pub(super) const HELP: &str = "\
  step, s, Enter   take one more input, and pause
  continue, c      go on to the next breakpoint, or to the end
  where, w         where the run stands, and why it pauses
  steps            what each step has come to
  show STEP        all that is known of a step
  history          what happened so far
  break STATE, b   pause where a step, or any state of the graph, begins
  break on failure pause where an attempt of a call fails
  breaks           the breakpoints
  delete NUMBER    take a breakpoint away
  cancel, q        end the run as cancelled; nothing more is sent
";

/// Where the run stands, and why it pauses.
pub(super) fn paused(flow: &Flow, debugger: &FlowDebugger, pause: &Pause<FlowContext>) -> String {
    let mut text = format!("paused: {}\n", plain(&pause.to_string()));
    if let Some(last) = debugger.history().last() {
        text += &format!("  last: {}\n", plain(&last.to_string()));
    }
    let stands = Standpoint::of(flow.graph(), &pause.snapshot);
    text += &match pause.snapshot.status() {
        Status::New => "  the run has not begun\n".to_owned(),
        Status::Running => format!("  at: {}\n", plain(&stands.to_string())),
        Status::Finished(_) | Status::Cancelled | Status::Stuck(_) => {
            format!("  over, at: {}\n", plain(&stands.to_string()))
        }
    };
    text
}

/// One line a step.
pub(super) fn steps(flow: &Flow, pause: &Pause<FlowContext>) -> String {
    if pause.snapshot.status() == Status::New {
        return flow.endpoints().map(|name| format!("  {} pending\n", plain(name))).collect();
    }
    let report = flow.report(&pause.snapshot);
    report.steps.iter().map(|(name, step)| line(name, step)).collect()
}

fn line(name: &str, step: &StepReport) -> String {
    let mut text = format!("  {} {}", plain(name), step.status.as_str());
    if step.attempts > 1 {
        text += &format!(", {} attempts", step.attempts);
    }
    if let Some(status) = step.http_status {
        text += &format!(", {status}");
    }
    let why = step.error.as_ref().map(|error| &error.message).or(step.reason.as_ref());
    if let Some(why) = why {
        text += &format!(": {}", plain(why));
    }
    text + "\n"
}

/// All that is known of a step.
pub(super) fn step(flow: &Flow, pause: &Pause<FlowContext>, name: &str) -> String {
    let report = flow.report(&pause.snapshot);
    let Some(step) = report.steps.get(name) else {
        let hint = did_you_mean(name, flow.endpoints());
        return format!("there is no step `{}`{}\n", plain(name), plain(&hint));
    };
    // A report is JSON.
    let text = serde_json::to_string_pretty(step).unwrap_or_default();
    text.lines().map(|line| plain(line) + "\n").collect()
}

pub(super) fn history(steps: &[Step]) -> String {
    match steps {
        [] => "nothing has happened yet\n".to_owned(),
        steps => steps.iter().map(|step| format!("  {}\n", plain(&step.to_string()))).collect(),
    }
}

pub(super) fn breaks(breakpoints: &[(u64, String)]) -> String {
    let line = |(number, words): &(u64, String)| format!("  {number} {}\n", plain(words));
    match breakpoints {
        [] => "there are no breakpoints\n".to_owned(),
        breakpoints => breakpoints.iter().map(line).collect(),
    }
}
