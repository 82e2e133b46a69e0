//! The example of a run that survives, over real HTTP.

use std::time::Duration;

use fsm_patterns::RunOutcome;
use fsm_testkit::server::MockApi;

#[path = "../examples/survive.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod survive;

#[tokio::test]
async fn a_charge_that_was_under_way_when_the_process_died_is_sent_again_with_its_key() {
    let latency = Duration::from_millis(100);
    let api = MockApi::builder().latency(latency).start().await.expect("a free port");
    let report = survive::survive(&api).await.expect("it survives");
    assert_eq!(report.outcome, RunOutcome::Completed);
    assert_eq!(report.steps["shipped"].output["parcel"], "00340");
    assert_eq!(report.steps["charge"].attempts, 2);
    let requests = api.requests();
    let charges: Vec<_> = requests.iter().filter(|request| request.path == "/charge").collect();
    assert_eq!(charges.len(), 2);
    assert!(charges[0].idempotency_key.is_some());
    assert_eq!(charges[0].idempotency_key, charges[1].idempotency_key);
    assert_eq!(api.charge_count(), 1);
}
