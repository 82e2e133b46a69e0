//! Every example runs against the mock API over real HTTP, and every flow file does what its twin
//! in Rust does.

use std::fs;
use std::path::Path;
use std::time::Duration;

use fsm_core::Kind;
use fsm_patterns::{Flow, RunOutcome, RunReport, StepStatus, file};
use fsm_testkit::server::demo::{self, Demo};
use fsm_testkit::server::{Health, MockApi, SERVICES};
use serde_json::{Value, json};

#[path = "../examples/health_check.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod health_check;
#[path = "../examples/payment_pipeline.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod payment_pipeline;
#[path = "../examples/user_enrichment.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod user_enrichment;
#[path = "../examples/watch.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod watch;

async fn fast() -> MockApi {
    MockApi::builder().latency(Duration::from_millis(1)).start().await.expect("a free port")
}

/// A demo's flow file, for the API at `url`.
fn from_file(demo: Demo, url: &str) -> Flow {
    let loaded = file::load(demo.file, &demo.text_for(url)).expect("a flow without faults");
    Flow::new(loaded.spec).expect("a sound flow")
}

fn input_of(demo: Demo) -> Value {
    serde_json::from_str(demo.input).expect("JSON")
}

/// The payment flow from its file and from Rust, for the API at `url`.
fn payments(url: &str) -> [Flow; 2] {
    let rust = payment_pipeline::payment_pipeline(url).expect("a sound flow");
    [from_file(demo::PAYMENT, url), rust]
}

fn enrichments(url: &str) -> [Flow; 2] {
    let rust = user_enrichment::user_enrichment(url).expect("a sound flow");
    [from_file(demo::USER_ENRICHMENT, url), rust]
}

fn health_checks(url: &str) -> [Flow; 2] {
    let rust = health_check::health_check(url).expect("a sound flow");
    [from_file(demo::HEALTH_CHECK, url), rust]
}

/// The method and path of everything that was received, in order.
fn lines(api: &MockApi) -> Vec<String> {
    api.requests().iter().map(|request| request.line()).collect()
}

fn statuses(report: &RunReport) -> Vec<(&str, &str)> {
    report.steps.iter().map(|(name, step)| (name.as_str(), step.status.as_str())).collect()
}

#[test]
fn the_flow_files_are_those_that_the_testkit_carries() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("flows");
    for demo in demo::ALL {
        let text = fs::read_to_string(folder.join(demo.file)).expect("a file for every demo");
        assert!(
            text == demo.text,
            "examples/flows/{0} and fsm-testkit/flows/{0} differ",
            demo.file
        );
    }
    let files = fs::read_dir(&folder).expect("a folder");
    let names = files.map(|file| file.expect("an entry").file_name().into_string().expect("UTF-8"));
    let mut others: Vec<String> = names.collect();
    others.retain(|name| demo::ALL.iter().all(|demo| demo.file != name));
    others.sort();
    // These need secrets of the environment, write files, wait, or fail; the tests of the command run
    // them. The coffee machine is no flow: the tests of fsm-patterns walk it.
    let known =
        ["chat.yaml", "coffee.yaml", "files.yaml", "orders.yaml", "refund.yaml", "trip.yaml"];
    assert_eq!(others, known, "or no test runs them");
}

#[test]
fn a_flow_file_and_its_twin_in_rust_have_the_same_endpoint_states() {
    let url = demo::BASE_URL;
    for [file, rust] in [enrichments(url), payments(url), health_checks(url)] {
        assert_eq!(file.name(), rust.name());
        let endpoints = |flow: &Flow| {
            let graph = flow.graph();
            let activities =
                graph.states().filter(|state| matches!(graph.kind(*state), Kind::Activity(_)));
            activities.map(|state| graph.name_of(state).to_owned()).collect::<Vec<_>>()
        };
        assert!(!endpoints(&file).is_empty());
        assert_eq!(endpoints(&file), endpoints(&rust), "{}", file.name());
        assert_eq!(file.graph().states().len(), rust.graph().states().len(), "{}", file.name());
    }
}

#[tokio::test]
async fn a_user_is_enriched_by_three_requests() {
    let api = fast().await;
    for flow in enrichments(&api.url()) {
        let seen = api.request_count();
        let report = flow.execute(input_of(demo::USER_ENRICHMENT)).await.expect("a fitting input");
        assert_eq!(report.outcome, RunOutcome::Completed);
        assert_eq!(statuses(&report), [("user", "ok"), ("posts", "ok"), ("analytics", "ok")]);
        assert_eq!(
            report.output,
            json!({
                "user": {
                    "id": 123, "name": "Edsger Dijkstra", "email": "edsger.dijkstra@example.com"
                },
                "posts": [
                    { "id": 1231, "title": "Notes from the night shift" },
                    { "id": 1232, "title": "On states and events" },
                    { "id": 1233, "title": "What a join waits for" },
                ],
                "analytics": { "user_id": 123, "visits": 62, "last_page": "/pricing" },
            })
        );
        assert_eq!(api.request_count() - seen, 3);
    }
    let mut paths = lines(&api);
    paths.sort();
    paths.dedup();
    assert_eq!(paths, ["GET /analytics/users/123", "GET /users/123", "GET /users/123/posts"]);
    api.stop().await;
}

#[tokio::test]
async fn the_three_requests_of_an_enrichment_are_under_way_at_once() {
    let latency = Duration::from_secs(30);
    let api = MockApi::builder().latency(latency).start().await.expect("a free port");
    for flow in enrichments(&api.url()) {
        let seen = api.request_count();
        let run = flow.execute(json!({ "user_id": 1 }));
        // Requests are written down before the latency: all three come while none is answered.
        let all_arrived = async {
            while api.request_count() < seen + 3 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            biased;
            () = all_arrived => {}
            _ = run => panic!("the run ended before the last request had arrived"),
            () = tokio::time::sleep(latency / 10) => panic!("a request waits for another's answer"),
        }
    }
    api.stop().await;
}

#[tokio::test]
async fn a_user_that_is_unknown_fails_the_run_and_leaves_nulls() {
    let api = fast().await;
    let [file, rust] = enrichments(&api.url());
    for flow in [file, rust] {
        let report = flow.execute(json!({ "user_id": 5000 })).await.expect("a fitting input");
        assert_eq!(report.outcome, RunOutcome::Failed);
        let nothing = json!({ "user": null, "posts": null, "analytics": null });
        assert_eq!(report.output, nothing);
        let error = report.steps["user"].error.as_ref().expect("it failed");
        assert_eq!(error.http_status, Some(404));
    }
    // A 404 is not repeated.
    assert_eq!(api.request_count(), 6);
    api.stop().await;
}

#[tokio::test]
async fn an_input_that_does_not_fit_sends_nothing() {
    let api = fast().await;
    let cases = [
        (enrichments(&api.url()), json!({})),
        (enrichments(&api.url()), json!({ "user_id": "bob" })),
        (payments(&api.url()), json!({ "amount": 0, "card_token": "t" })),
        (health_checks(&api.url()), json!([])),
    ];
    for (flows, input) in cases {
        for flow in flows {
            assert!(flow.run(input.clone()).is_err(), "{} with {input}", flow.name());
        }
    }
    assert_eq!(api.request_count(), 0);
    api.stop().await;
}

#[tokio::test]
async fn a_large_payment_takes_all_four_steps_in_order() {
    for index in 0..2 {
        let api = fast().await;
        let flow = &payments(&api.url())[index];
        let report = flow.execute(input_of(demo::PAYMENT)).await.expect("a fitting input");
        assert_eq!(report.outcome, RunOutcome::Completed);
        assert_eq!(
            statuses(&report),
            [("validate", "ok"), ("fraud_check", "ok"), ("process", "ok"), ("notify", "ok")]
        );
        assert_eq!(
            lines(&api),
            ["POST /validate", "POST /fraud/check", "POST /charge", "POST /notify"]
        );
        let requests = api.requests();
        let question = json!({ "amount": 250, "card_hash": "tok_visa_4242" });
        assert_eq!(requests[1].json(), Some(question));
        let cleared = json!({ "amount": 250, "card_hash": "tok_visa_4242", "risk": "low" });
        assert_eq!(requests[2].json(), Some(cleared));
        assert!(requests[2].idempotency_key.is_some(), "the charge may be repeated");
        assert!(requests[0].idempotency_key.is_none(), "the validation is sent once");
        assert_eq!(
            report.steps["notify"].output,
            json!({ "notified": true, "charge_id": "ch_0001" })
        );
        assert_eq!(api.charge_count(), 1);
        api.stop().await;
    }
}

#[tokio::test]
async fn a_payment_of_up_to_100_passes_by_the_check_for_fraud() {
    for (amount, checked) in [(json!(100), false), (json!(100.01), true)] {
        for index in 0..2 {
            let api = fast().await;
            let flow = &payments(&api.url())[index];
            let payment = json!({ "amount": amount, "card_token": "tok_1" });
            let report = flow.execute(payment).await.expect("a fitting input");
            assert_eq!(report.outcome, RunOutcome::Completed, "{amount}");
            let check = &report.steps["fraud_check"];
            let asked = lines(&api).contains(&"POST /fraud/check".to_owned());
            assert_eq!((check.status == StepStatus::Ok, asked), (checked, checked), "{amount}");
            if !checked {
                assert_eq!((check.status, check.attempts), (StepStatus::Skipped, 0));
                assert_eq!(lines(&api), ["POST /validate", "POST /charge", "POST /notify"]);
                let validated = json!({ "amount": 100, "card_token": "tok_1", "valid": true });
                assert_eq!(api.requests()[1].json(), Some(validated));
            }
            api.stop().await;
        }
    }
}

#[tokio::test]
async fn a_payment_that_is_suspicious_is_not_charged() {
    let api = fast().await;
    for flow in payments(&api.url()) {
        let payment = json!({ "amount": 20_000, "card_token": "tok_1" });
        let report = flow.execute(payment).await.expect("a fitting input");
        assert_eq!(report.outcome, RunOutcome::Failed);
        assert_eq!(report.steps["fraud_check"].http_status, Some(403));
        for later in ["process", "notify"] {
            assert_eq!(report.steps[later].attempts, 0, "{later}");
            assert_ne!(report.steps[later].status, StepStatus::Ok, "{later}");
        }
    }
    assert_eq!((api.request_count(), api.charge_count()), (4, 0));
    api.stop().await;
}

#[tokio::test]
async fn a_charge_whose_answer_is_lost_is_repeated_and_made_once() {
    let once = async |index: usize| {
        let api = MockApi::builder().latency(Duration::ZERO).lose_charge_answers(1).start().await;
        let api = api.expect("a free port");
        let flow = &payments(&api.url())[index];
        let report = flow.execute(input_of(demo::PAYMENT)).await.expect("a fitting input");
        assert_eq!(report.outcome, RunOutcome::Completed);
        assert_eq!(report.steps["process"].attempts, 2);
        let charges = api.requests();
        let charges: Vec<_> = charges.iter().filter(|request| request.path == "/charge").collect();
        assert_eq!(charges.len(), 2);
        assert!(charges[0].idempotency_key.is_some());
        assert_eq!(charges[0].idempotency_key, charges[1].idempotency_key);
        assert_eq!(api.charge_count(), 1);
        api.stop().await;
    };
    tokio::join!(once(0), once(1));
}

#[tokio::test]
async fn services_that_are_down_or_silent_are_told_from_those_that_are_well() {
    let api = fast().await;
    let [file, rust] = health_checks(&api.url());
    let (file, rust) = tokio::join!(file.execute(json!({})), rust.execute(json!({})));
    let (file, rust) = (file.expect("a fitting input"), rust.expect("a fitting input"));
    assert_eq!(file.output, rust.output);
    for report in [&file, &rust] {
        assert_eq!(report.outcome, RunOutcome::Completed);
        assert_eq!(report.steps.keys().collect::<Vec<_>>(), SERVICES.each_ref());
        for (service, step) in &report.steps {
            let (status, attempts) = (step.status, step.attempts);
            let well = !["shipping", "analytics"].contains(&service.as_str());
            let expected = if well { StepStatus::Ok } else { StepStatus::Recovered };
            assert_eq!((status, attempts), (expected, 1), "{service}");
            let word = if well { "ok" } else { "down" };
            assert_eq!(step.output["status"], word, "{service}");
        }
        let silent = report.steps["analytics"].error.as_ref().expect("kept beside the handler");
        assert_eq!(silent.kind.as_str(), "timeout");
        assert_eq!(report.steps["shipping"].http_status, Some(503));
        let summary = health_check::summary(report);
        assert_eq!((&summary["healthy"], &summary["total"]), (&json!(5), &json!(7)));
        let percentage = summary["percentage"].as_f64().expect("a number");
        assert!((percentage - 500.0 / 7.0).abs() < 1e-9, "{percentage}");
    }
    assert_eq!(api.request_count(), 14);
    api.stop().await;
}

#[tokio::test]
async fn when_all_services_are_well_the_check_says_100_percent() {
    let api = fast().await;
    for service in SERVICES {
        api.set_health(service, Health::Ok);
    }
    for flow in health_checks(&api.url()) {
        let report = flow.execute(json!({})).await.expect("a fitting input");
        assert_eq!(health_check::summary(&report)["percentage"], 100.0);
    }
    api.stop().await;
}

#[tokio::test]
async fn a_watched_run_tells_its_path() {
    let api = MockApi::builder().latency(Duration::ZERO).lose_charge_answers(1).start().await;
    let api = api.expect("a free port");
    let (report, path) = watch::watch_payment(&api.url()).await.expect("a sound flow");
    assert_eq!(report.outcome, RunOutcome::Completed);
    assert_eq!(
        path,
        [
            "validate --done--> fraud_check.check",
            "fraud_check.check --at once [$data.amount > 100]--> fraud_check",
            "fraud_check --done--> process",
            "process failed, attempt 1; trying again",
            "process --done--> notify",
            "notify --done--> run settles",
            "run settles --at once [nothing failed]--> run completed",
        ]
    );
    api.stop().await;
}
