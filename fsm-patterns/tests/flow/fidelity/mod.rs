//! The picture is the program: random flows, in which calls fail, stall, and are slow at random,
//! do what their drawing says, again when they are replayed, as a second interpreter expects, and
//! nothing that a proof would not look at.

mod hindsight;
mod oracle;
mod picture;
mod rehearsal;
mod story;
mod undoing;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fsm_core::{
    Effect, Input, Move, Observer, Recorder, Snapshot, StateId, Status, Timestamp, Trace,
};
use fsm_http::Reply;
use fsm_patterns::{Flow, FlowContext, FlowEvent, RunOutcome, RunReport, StepStatus};
use fsm_testkit::flows::{Role, Team, input};
use proptest::prelude::*;
use serde_json::Value;
use tokio::time::Instant;

use crate::proof::walk::Moves;
use crate::world::Api;
use picture::{Picture, Way};
use story::{Fates, Story, any_limited_story, any_whole_story, fate};

/// 1,000 cases of each property, unless the environment asks for another number.
fn config() -> ProptestConfig {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let cases = if asked { ProptestConfig::default().cases } else { 1000 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Hears everything.
#[derive(Debug, Default)]
struct Witness {
    way: Way,
    /// What each input led to.
    steps: Vec<Moves>,
    recorder: Recorder<FlowEvent>,
}

impl Trace for Witness {
    fn moved(&mut self, step: Move) {
        self.way.moved(step);
        self.steps.last_mut().expect("an input comes before its moves").moved(step);
    }

    fn retrying(&mut self, state: StateId, attempts: u32, wait: std::time::Duration) {
        self.way.retrying(state, attempts, wait);
    }
}

impl Observer<FlowContext, FlowEvent> for Witness {
    fn before(&mut self, now: Timestamp, input: &Input<FlowEvent>, run: &Snapshot<FlowContext>) {
        self.recorder.before(now, input, run);
        self.steps.push(Moves::default());
    }

    fn after(&mut self, _run: &Snapshot<FlowContext>, _effects: &[Effect]) {}
}

/// A story that was played to its end.
struct Played {
    api: Arc<Api>,
    flow: Flow,
    report: RunReport,
    witness: Witness,
    snapshot: Snapshot<FlowContext>,
    elapsed: std::time::Duration,
}

/// An API where every call has its fate.
fn api(story: &Story) -> Arc<Api> {
    let calls = story.plan.team.calls().into_iter();
    let calls: HashMap<_, _> =
        calls.map(|(part, call)| (part.name.clone(), call.clone())).collect();
    // How many attempts each endpoint had; one lock a request.
    let attempts: Mutex<HashMap<String, usize>> = Mutex::default();
    Api::answering(move |request| {
        let name = request.uri().path()[1..].to_owned();
        let step = name.strip_suffix("/undo").unwrap_or(&name);
        let Some(call) = calls.get(step) else { return Reply::status(418) };
        let mut attempts = attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let number = attempts.entry(name.clone()).or_default();
        *number += 1;
        match name == step {
            true => fate(call, *number - 1).reply(&name),
            false => undoing::fate(call, *number - 1).reply(&name),
        }
    })
}

fn play(story: &Story) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let api = api(story);
        let flow = story.plan.orchestration().build_with(api.clone());
        let flow = flow.unwrap_or_else(|error| panic!("{error}"));
        let begun = Instant::now();
        let run = flow.run(input()).expect("no schema").id("run").seed(story.seed);
        let (report, witness, snapshot) = run.observer(Witness::default()).drive_observed().await;
        Played { api, flow, report, witness, snapshot, elapsed: begun.elapsed() }
    })
}

/// What holds of every run, however it ended.
fn check(story: &Story, played: &Played) {
    let Played { api, flow, report, witness, snapshot, elapsed } = played;
    let Status::Finished(end) = snapshot.status() else {
        panic!("the run did not come to its end: {:?}", snapshot.status());
    };
    witness.way.check(flow.graph(), &Picture::read(&flow.graph().to_dot()), end);

    let inputs = &witness.recorder.inputs;
    let again = flow.replay("run", input(), story.seed, inputs).expect("its own inputs");
    let bytes = |snapshot| serde_json::to_vec(snapshot).expect("a snapshot is JSON");
    assert!(bytes(&again) == bytes(snapshot), "the replay went another way");

    assert!(api.most() <= story.plan.max_concurrent as usize, "{} calls at once", api.most());
    assert_eq!(api.under_way(), 0, "calls were left behind");
    let forward = undoing::forward(played).unwrap_or(*elapsed);
    if let Some(limit) = story.plan.limits.total_timeout {
        let elapsed = &forward;
        assert!(*elapsed <= limit, "{elapsed:?} for {limit:?}");
        assert!(report.outcome != RunOutcome::TimedOut || *elapsed == limit, "{elapsed:?}");
    }
    check_steps(story, api, report);
    hindsight::check(played);
    rehearsal::check(story, played);
    undoing::check(story, played);
}

fn check_steps(story: &Story, api: &Api, report: &RunReport) {
    let declared: Vec<&str> = flow_order(&story.plan.team);
    assert_eq!(report.steps.keys().map(String::as_str).collect::<Vec<_>>(), declared);
    let count = |status| report.steps.values().filter(|step| step.status == status).count();
    for (name, step) in &report.steps {
        let sent = api.sent(&format!("/{name}"));
        assert_eq!(step.attempts as usize, sent, "attempts of {name}");
        assert_eq!(step.reason.is_some(), step.status == StepStatus::Skipped, "{name}: {step:?}");
        let has_error = match step.status {
            StepStatus::Failed | StepStatus::Recovered => Some(true),
            StepStatus::Ok | StepStatus::Cached | StepStatus::Skipped => Some(false),
            // Only an unsafe call that was cut.
            StepStatus::TimedOut | StepStatus::Cancelled => None,
            StepStatus::Pending | StepStatus::Running | StepStatus::Waiting => {
                panic!("the run is over, and {name} is not: {step:?}")
            }
        };
        assert!(has_error.is_none_or(|due| due == step.error.is_some()), "{name}: {step:?}");
    }
    let stopped = count(StepStatus::Cancelled);
    let late = count(StepStatus::TimedOut);
    let share = count(StepStatus::Failed) as f64 / declared.len() as f64;
    let tolerated = match story.plan.limits.error_threshold.filter(|_| !story.plan.limits.fail_fast)
    {
        Some(threshold) => share <= threshold,
        None => share == 0.0,
    };
    match report.outcome {
        RunOutcome::Completed => assert!(tolerated && stopped + late == 0, "{report:?}"),
        RunOutcome::Failed => assert!(!tolerated && late == 0, "{report:?}"),
        RunOutcome::TimedOut => assert_eq!(stopped, 0, "{report:?}"),
        RunOutcome::Cancelled => panic!("nobody cancelled: {report:?}"),
        RunOutcome::Waiting => panic!("the run is over: {report:?}"),
    }
    let undos = report.steps.values().filter_map(|step| step.undo.as_ref());
    let requests: u32 = report.steps.values().map(|step| step.attempts).sum();
    let requests = requests + undos.map(|undo| undo.attempts).sum::<u32>();
    let metrics = report.metrics.expect("metrics are on");
    assert_eq!(metrics.total_requests, u64::from(requests));
}

/// The names of all endpoints in declared order.
fn flow_order(team: &Team<Fates>) -> Vec<&str> {
    let mut names = Vec::new();
    for (part, _) in team.declared() {
        match &part.role {
            Role::Call(_) | Role::Wait(_) => names.push(part.name.as_str()),
            Role::Team(team) => names.extend(flow_order(team)),
        }
    }
    names
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_run_is_a_walk_through_its_drawing_and_is_replayed_to_the_byte(
        story in any_limited_story()
    ) {
        check(&story, &play(&story));
    }

    #[test]
    fn every_run_comes_to_what_a_second_interpreter_expects(story in any_whole_story()) {
        let played = play(&story);
        check(&story, &played);
        let expected = oracle::tell(&story, &input());
        prop_assert_eq!(expected.len(), played.report.steps.len());
        for (name, step) in &played.report.steps {
            let expected = &expected[name];
            let kind = step.error.as_ref().map(|error| error.kind.as_str());
            prop_assert_eq!(
                (step.status, step.attempts, &*step.output, kind),
                (expected.status, expected.attempts, &expected.output, expected.kind),
                "{}", name
            );
            for request in played.api.requests(&format!("/{name}")) {
                let sent: Value = serde_json::from_slice(request.body()).expect("a JSON body");
                prop_assert_eq!(Some(sent), expected.data.clone(), "$data of {}", name);
            }
        }
    }
}
