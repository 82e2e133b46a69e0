//! What is undone in a random run: which steps, in which order, with how many requests, and what is
//! left. Told from what was seen of the way forward, not from the rules.

use std::time::Duration;

use fsm_core::Trigger;
use fsm_patterns::{RunOutcome, StepStatus, UndoStatus};
use fsm_testkit::flows::Call;

use super::Played;
use super::story::{Fate, Fates, Story};

/// What attempt `number` (from 0) of undoing a call comes to: its own fates, the last one first.
pub(super) fn fate(call: &Call<Fates>, number: usize) -> Fate {
    call.lot[call.lot.len() - 1 - number.min(call.lot.len() - 1)]
}

/// How long the way forward took, where steps were undone after it.
pub(super) fn forward(played: &Played) -> Option<Duration> {
    let log = played.api.log();
    let first = log.iter().find(|(_, path)| path.ends_with("/undo"));
    first.map(|(at, _)| *at)
}

pub(super) fn check(story: &Story, played: &Played) {
    let Played { api, report, .. } = played;
    let calls = story.plan.team.calls();
    let call = |name: &str| calls.iter().find(|(part, _)| part.name == name).map(|(_, call)| *call);
    let mut due = completed(played);
    due.retain(|name| {
        let status = report.steps[name].status;
        status == StepStatus::Ok && call(name).is_some_and(|call| call.undo.is_some())
    });
    if report.outcome == RunOutcome::Completed {
        due.clear();
    }

    let paths = api.paths();
    let undos = paths.iter().filter_map(|path| Some(path.strip_suffix("/undo")?[1..].to_owned()));
    let mut order: Vec<String> = undos.collect();
    order.dedup();
    due.reverse();
    assert_eq!(order, due, "the order in which steps are undone");

    for (name, step) in &report.steps {
        assert_eq!(step.undo.is_some(), due.contains(name), "{name}: {step:?}");
        let (Some(undo), Some(call)) = (&step.undo, call(name)) else { continue };
        assert_eq!(undo.attempts as usize, api.sent(&format!("/{name}/undo")), "{name}");
        assert_eq!((undo.status, undo.attempts), foretold(call), "the undo of {name}");
        let is_left = report.left_undone.contains(name);
        assert_eq!(is_left, undo.status != UndoStatus::Ok, "{name}: {report:?}");
    }
    for name in &report.left_undone {
        assert!(call(name).is_some_and(|call| call.undo.is_some()), "{name} can't be undone");
        let message = &report.error.as_ref().expect("the run did not complete").message;
        assert!(message.contains("; left undone: ") && message.contains(name), "{message}");
        let step = &report.steps[name];
        assert!(due.contains(name) || step.attempts > 0, "nothing was done: {step:?}");
    }
}

/// The steps that ended well, in the order in which they did.
fn completed(played: &Played) -> Vec<String> {
    let graph = played.flow.graph();
    let moves = played.witness.steps.iter().flat_map(|step| &step.0);
    let done = moves.filter(|step| {
        let trigger = graph.transition(step.transition).trigger();
        trigger == Trigger::Done && !played.flow.is_undo(step.from)
    });
    done.map(|step| graph.name_of(step.from).to_owned()).collect()
}

/// What becomes of an undo, by its fates. It has a key wherever it needs one, so whatever may pass
/// is tried again.
fn foretold(call: &Call<Fates>) -> (UndoStatus, u32) {
    let retries = call.undo.expect("it can be undone");
    for number in 0..=retries {
        let may_pass = match fate(call, number as usize) {
            Fate::Answer(_) => return (UndoStatus::Ok, number + 1),
            Fate::Status(status, _) => matches!(status, 500 | 503),
            Fate::Limited(..) | Fate::Reset(_) | Fate::Refused(_) | Fate::Stall => true,
        };
        if !may_pass {
            return (UndoStatus::Failed, number + 1);
        }
    }
    (UndoStatus::Failed, retries + 1)
}
