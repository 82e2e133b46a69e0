//! Whole flows in a random world, told as stories.

use std::collections::BTreeSet;
use std::time::Duration;

use fsm_http::Reply;
use fsm_patterns::{Endpoint, FlowError, Orchestration, RunOutcome, file};
use fsm_testkit::simulator::Latency;
use fsm_testkit::simulator::flows::{Api, FlowRunsError, FlowSimulator, Route};
use insta::assert_snapshot;
use serde_json::json;

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A flow file, without its first two lines.
fn simulate(text: &str) -> FlowSimulator {
    let text = format!("fsm: 1\nname: shop\n{text}");
    let loaded = file::load("shop.yaml", &text).unwrap_or_else(|report| panic!("{report}"));
    FlowSimulator::of(loaded.spec).expect("the flow is sound")
}

const CHECKOUT: &str = "\
mode: pipeline
total_timeout: 60s
endpoints:
  - { name: cart, url: 'http://shop.test/cart' }
  - { name: charge, url: 'http://shop.test/charge', method: POST, timeout: 5s, retry_count: 2, idempotency: true }
  - { name: ship, url: 'http://shop.test/ship', method: POST }
";

/// All that may go wrong with a call, at once.
fn hostile() -> Route {
    Route::new()
        .latency(Latency::exponential(ms(300), secs(20)))
        .fails(0.1, 503)
        .fails(0.05, 404)
        .limits(0.05, secs(2))
        .refuses(0.05)
        .resets(0.05)
        .stalls(0.05)
        .cuts(0.05)
        .answers(|request, chance| json!({"path": request.uri().path(), "n": chance.below(100)}))
}

#[test]
fn over_a_calm_api_all_calls_are_answered_at_once() {
    let run = simulate(CHECKOUT).run();
    assert_eq!((run.report().outcome, run.took()), (RunOutcome::Completed, Duration::ZERO));
    assert_snapshot!(run, @"
    0s  GET /cart
    0s  GET /cart: 200
    0s  POST /charge
    0s  POST /charge: 200
    0s  POST /ship
    0s  POST /ship: 200
    0s  completed: cart ok, charge ok, ship ok
    ");
}

#[test]
fn a_script_and_then_chance_say_what_becomes_of_a_request() {
    let charge = Route::new().script([
        Reply::stalled(),
        Reply::status(429).header("retry-after", "7").after(ms(120)),
        Reply::json(&json!({"paid": 20})).after(ms(80)),
    ]);
    let api = Api::new().route("POST /charge", charge);
    let run = simulate(CHECKOUT).api(api).expect("it is sound").run();
    assert_eq!(run.report().steps["charge"].attempts, 3);
    assert_snapshot!(run, @"
         0s  GET /cart
         0s  GET /cart: 200
         0s  POST /charge
         5s  POST /charge: given up
         5s  charge waits 0.65562s
     5.656s  POST /charge
     5.776s  POST /charge: 429
     5.776s  charge waits 7s
    12.776s  POST /charge
    12.856s  POST /charge: 200
    12.856s  POST /ship
    12.856s  POST /ship: 200
    12.856s  completed: cart ok, charge ok, ship ok
    ");
}

#[test]
fn the_longest_path_is_taken_and_a_method_counts() {
    let answering = |n: u64| Route::new().answers(move |_, _| json!(n));
    let api = Api::new()
        .others(answering(1))
        .route("/c", answering(2))
        .route("/charge", answering(3))
        .route("GET /charge", answering(4));
    let run = simulate(CHECKOUT).api(api).expect("it is sound").run();
    let outputs = ["cart", "charge", "ship"].map(|name| run.report().steps[name].output.clone());
    assert_eq!(outputs.map(|output| serde_json::to_value(output).expect("data")), [2, 3, 1]);
}

#[test]
fn one_seed_gives_one_report_and_one_log_to_the_byte() {
    let flow = "\
mode: parallel
max_concurrent: 3
total_timeout: 40s
circuit_breaker_threshold: 2
cache_ttl: 5s
global_rate_limit: 4
rate_limit_window: 1s
endpoints:
  - { name: a, url: 'http://shop.test/a', timeout: 2s }
  - { name: b, url: 'http://shop.test/b', timeout: 2s, depends_on: [a] }
  - { name: c, url: 'http://shop.test/c', timeout: 2s, error_handler: $error.kind }
  - { name: d, url: 'http://shop.test/a', timeout: 2s }
  - { name: e, url: 'http://shop.test/e', timeout: 2s, method: PUT }
  - { name: f, url: 'http://shop.test/f', timeout: 2s, depends_on: [c, d] }
";
    let api = || Api::new().others(hostile());
    let tell = |seed| {
        let run = simulate(flow).api(api()).expect("it is sound").run_with(seed);
        assert!(run.violation().is_none(), "{run}");
        format!("{run}{}", serde_json::to_string_pretty(run.report()).expect("data"))
    };
    let stories: BTreeSet<String> = (0..60).map(tell).collect();
    assert!(stories.len() > 55, "{}", stories.len());
    for seed in 0..60 {
        assert!(stories.contains(&tell(seed)), "seed {seed} tells another story");
    }
}

#[test]
fn whatever_the_api_does_a_run_ends_in_time_and_its_report_fits_its_log() {
    let summary = simulate(CHECKOUT)
        .api(Api::new().others(hostile()))
        .expect("it is sound")
        .check("the deadline holds", |run| match run.took() <= secs(60) {
            true => Ok(()),
            false => Err(format!("{:?}", run.took())),
        })
        .check("every request is an attempt", |run| {
            let is_request = |line: &str| !line.contains(": ") && !line.contains(" waits ");
            let sent = run.log().filter(|(_, line)| is_request(line)).count();
            let refused = run.log().filter(|(_, line)| line.contains("refused")).count();
            let attempts: u32 = run.report().steps.values().map(|step| step.attempts).sum();
            match attempts as usize {
                attempts if attempts <= sent && attempts + refused >= sent => Ok(()),
                attempts => Err(format!("{attempts} attempts, {sent} requests")),
            }
        })
        .runs(200)
        .unwrap();
    let ended = [RunOutcome::Completed, RunOutcome::Failed, RunOutcome::TimedOut];
    assert_eq!(ended.map(|outcome| summary.ended(outcome)).iter().sum::<u64>(), 200);
    assert!(summary.ended(RunOutcome::Completed) > 50 && summary.ended(RunOutcome::Failed) > 20);
    assert!(summary.steps("ship", "skipped") > 0);
}

/// A flow that ships although nobody has paid: `sequential` goes on after a failure.
fn careless() -> FlowSimulator {
    FlowSimulator::new(|transport| -> Result<_, FlowError> {
        Orchestration::sequential("careless")
            .endpoint(Endpoint::get("cart", "http://shop.test/cart"))
            .endpoint(Endpoint::post("charge", "http://shop.test/charge").retry_count(1))
            .endpoint(Endpoint::post("ship", "http://shop.test/ship"))
            .build_with(transport)
    })
    .expect("the flow is sound")
}

#[test]
fn a_fault_is_found_and_told_without_what_it_does_not_need() {
    let shaky =
        Route::new().latency(Latency::exponential(ms(300), secs(20))).fails(0.2, 503).stalls(0.05);
    let failed = careless()
        .api(Api::new().others(shaky))
        .expect("it is sound")
        .check("nothing is shipped that is not paid", |run| {
            let is_ok = |name: &str| run.report().steps[name].status.as_str() == "ok";
            match is_ok("ship") && !is_ok("charge") {
                true => Err("it was shipped".into()),
                false => Ok(()),
            }
        })
        .runs(500)
        .unwrap_err();
    let FlowRunsError::Failed(failed) = failed else { panic!("{failed}") };
    assert!(failed.left_out() > 0);
    assert_snapshot!(failed, @"
    seed 9 fails after 9 that hold: `nothing is shipped that is not paid` does not hold: it was shipped
        0s  GET /cart
        0s  GET /cart: 200
        0s  POST /charge
        0s  POST /charge: 503
        0s  charge waits 0.715916s
    0.716s  POST /charge
    0.716s  POST /charge: 503
    0.716s  POST /ship
    0.716s  POST /ship: 200
    0.716s  failed: cart ok, charge failed (status), ship ok
    left out: 4 of 6 things that chance did
    run it alone with FSM_SIMULATION_SEED=9
    ");
}

#[test]
fn a_run_that_does_not_end_in_time_is_a_failure() {
    let api = Api::new().route("/cart", Route::new().latency(Latency::fixed(secs(20))));
    let run = simulate(CHECKOUT).api(api).expect("it is sound").until(secs(10)).run();
    let violation = run.violation().expect("it takes 20 seconds");
    assert_eq!(violation.check, "every run ends in time");
}

#[test]
fn inputs_may_be_left_to_chance_and_must_fit_the_flow() {
    let flow = format!("inputs: {{ required: [n] }}\n{CHECKOUT}");
    let run = simulate(&flow).run();
    assert_eq!(run.violation().expect("no input").check, "every run begins");
    let random = simulate(&flow).inputs(|chance| json!({"n": chance.below(1_000)}));
    assert!((0..10).all(|seed| random.run_with(seed).violation().is_none()));
}

#[test]
fn everything_that_is_wrong_with_an_api_is_said_at_once() {
    let api = Api::new()
        .others(Route::new().fails(0.6, 503).stalls(0.6))
        .route("cart", Route::new().fails(0.1, 42).cuts(-1.0));
    assert_snapshot!(careless().api(api).unwrap_err(), @"
    the probabilities of all others make 1.2 in all, which is more than 1
    the path `cart` of a route does not begin with `/`
    42, a status of cart, is none: they go from 100 to 999
    a probability of cart is -1; it lies between 0 and 1
    ");
}
