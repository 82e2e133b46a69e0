//! Waiting, breaking, and repeating, in memory and under paused time.

use std::time::{Duration, SystemTime};

use fsm_http::{Call, ErrorKind, MemoryTransport, Payload, Reply, Retry, TransportError};
use http::{HeaderValue, Method};
use serde_json::json;
use tokio::time::Instant;

use crate::server::call;

const AGAIN: Retry = Retry::Allowed { after: None };
const URL: &str = "http://a.test/x?key=hunter2";

fn keyed() -> Call {
    let mut call = call(Method::POST, URL);
    call.idempotency_key = Some(HeaderValue::from_static("k"));
    call
}

async fn fail(call: &Call, reply: Reply) -> (ErrorKind, Retry) {
    let error = call.perform(&MemoryTransport::sequence([reply])).await.expect_err("no success");
    assert!(!error.message.contains("hunter2"), "{error}");
    (error.kind, error.retry)
}

#[tokio::test(start_paused = true)]
async fn the_timeout_covers_connecting_answering_and_the_last_byte() {
    let second = Duration::from_secs(1);
    let slow = Reply::status(200)
        .header("content-type", "text/plain")
        .connecting_for(second)
        .after(second)
        .chunk(second, "a")
        .chunk(second, "b");
    let mut get = call(Method::GET, URL);

    get.timeout = Duration::from_millis(4001);
    let answer = get.perform(&MemoryTransport::sequence([slow.clone()])).await.expect("in time");
    assert_eq!(*answer.value, "ab");
    assert_eq!(answer.latency, 4 * second);

    get.timeout = Duration::from_millis(3999);
    let start = Instant::now();
    let error = get.perform(&MemoryTransport::sequence([slow])).await.expect_err("too late");
    assert_eq!(start.elapsed(), get.timeout);
    assert_eq!(
        (error.kind, error.retry, error.http_status),
        (ErrorKind::Timeout, AGAIN, Some(200))
    );
    assert_eq!(
        error.message,
        "GET http://a.test/x: after 3.999 s only 1 bytes of the body were there"
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_drip_does_not_outlive_the_timeout() {
    let drip =
        (0..1000).fold(Reply::status(200), |reply, _| reply.chunk(Duration::from_secs(1), "x"));
    assert_eq!(fail(&call(Method::GET, URL), drip).await, (ErrorKind::Timeout, AGAIN));
}

#[tokio::test(start_paused = true)]
async fn redirects_share_one_timeout() {
    let hop = |to: &str| Reply::status(302).header("location", to).after(Duration::from_secs(20));
    let server = MemoryTransport::sequence([hop("/1"), hop("/2")]);
    let start = Instant::now();
    let error = call(Method::GET, URL).perform(&server).await.expect_err("40 s of 30 s");
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    assert_eq!(start.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_post_is_repeated_only_where_it_surely_never_left_or_carries_a_key() {
    let long = Duration::from_secs(60);
    let table = [
        (Reply::refused(), (ErrorKind::Connect, AGAIN), (ErrorKind::Connect, AGAIN)),
        (Reply::reset_before_sending(), (ErrorKind::Reset, AGAIN), (ErrorKind::Reset, AGAIN)),
        (
            Reply::text("late").connecting_for(long),
            (ErrorKind::Timeout, AGAIN),
            (ErrorKind::Timeout, AGAIN),
        ),
        (
            Reply::reset_after_sending(),
            (ErrorKind::UnknownOutcome, Retry::Never),
            (ErrorKind::Reset, AGAIN),
        ),
        (Reply::stalled(), (ErrorKind::UnknownOutcome, Retry::Never), (ErrorKind::Timeout, AGAIN)),
        (
            Reply::text("half").cut_short(),
            (ErrorKind::UnknownOutcome, Retry::Never),
            (ErrorKind::Reset, AGAIN),
        ),
        (
            Reply::text("half").then_stalled(),
            (ErrorKind::UnknownOutcome, Retry::Never),
            (ErrorKind::Timeout, AGAIN),
        ),
        (Reply::status(500), (ErrorKind::Status, Retry::Never), (ErrorKind::Status, AGAIN)),
        (Reply::status(429), (ErrorKind::Status, Retry::Never), (ErrorKind::Status, AGAIN)),
        (Reply::status(409), (ErrorKind::Status, Retry::Never), (ErrorKind::Status, AGAIN)),
        (Reply::status(422), (ErrorKind::Status, Retry::Never), (ErrorKind::Status, Retry::Never)),
    ];
    for (reply, plain, with_key) in table {
        assert_eq!(fail(&call(Method::POST, URL), reply.clone()).await, plain, "{reply:?}");
        assert_eq!(fail(&keyed(), reply.clone()).await, with_key, "{reply:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_says_what_happened_and_why_it_is_not_repeated() {
    let server = MemoryTransport::sequence([Reply::stalled()]);
    let error = call(Method::POST, URL).perform(&server).await.expect_err("silence");
    assert_eq!(
        error.message,
        "POST http://a.test/x may or may not have taken effect: no answer within 30 s. \
         It is not sent again, since it carries no Idempotency-Key"
    );
}

#[tokio::test(start_paused = true)]
async fn a_bad_status_stands_even_if_its_page_stalls_or_breaks() {
    let page =
        || Reply::status(503).header("content-type", "text/plain").header("retry-after", "9");
    let again = Retry::Allowed { after: Some(Duration::from_secs(9)) };
    for reply in [
        page().body("down").then_stalled(),
        page().body("down").cut_short(),
        page().chunk(Duration::from_secs(99), "down"),
    ] {
        assert_eq!(fail(&call(Method::GET, URL), reply).await, (ErrorKind::Status, again));
    }
}

#[tokio::test(start_paused = true)]
async fn a_huge_error_page_is_read_to_a_limit_and_kept() {
    let page = (0..100)
        .fold(Reply::status(500), |reply, _| reply.chunk(Duration::ZERO, vec![b'x'; 10_000]));
    let server = MemoryTransport::sequence([page]);
    let error = call(Method::GET, URL).perform(&server).await.expect_err("500");
    assert_eq!(error.kind, ErrorKind::Status);
    assert_eq!(error.answer.expect("its page").body.len(), 256 * 1024);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_read_as_seconds_and_as_a_date_and_never_shortened() {
    let after = |value: String| async move {
        let reply = Reply::status(429).header("retry-after", value);
        match fail(&call(Method::GET, URL), reply).await {
            (ErrorKind::Status, Retry::Allowed { after }) => after,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(after("0".into()).await, Some(Duration::ZERO));
    assert_eq!(after("100000000".into()).await, Some(Duration::from_secs(100_000_000)));
    assert_eq!(after("tomorrow".into()).await, None);
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3600));
    let wait = after(date).await.expect("an hour");
    assert!((3590..=3600).contains(&wait.as_secs()), "{wait:?}");
}

#[tokio::test(start_paused = true)]
async fn retry_on_replaces_the_statuses() {
    let mut get = call(Method::GET, URL);
    get.rules.statuses = Some(vec![404]);
    assert_eq!(fail(&get, Reply::status(404)).await, (ErrorKind::Status, AGAIN));
    assert_eq!(fail(&get, Reply::status(503)).await, (ErrorKind::Status, Retry::Never));
    assert_eq!(fail(&get, Reply::refused()).await, (ErrorKind::Connect, AGAIN));
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_keeps_no_departure_is_taken_to_have_sent() {
    struct Mute;
    impl fsm_http::Transport for Mute {
        fn send(
            &self,
            _: fsm_http::Outgoing,
        ) -> fsm_http::BoxFuture<'_, Result<http::Response<fsm_http::Body>, TransportError>>
        {
            Box::pin(std::future::pending())
        }
    }
    let error = call(Method::POST, URL).perform(&Mute).await.expect_err("silence");
    assert_eq!(error.kind, ErrorKind::UnknownOutcome);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_no_http_is_refused_before_it_is_sent() {
    let server = MemoryTransport::sequence([]);
    let error = call(Method::GET, "ftp://a.test/x").perform(&server).await.expect_err("no http");
    assert_eq!((error.kind, error.retry), (ErrorKind::Transform, Retry::Never));
    assert_eq!(
        error.message,
        "GET ftp://a.test/x cannot be sent: only http and https urls can be called"
    );
    assert!(server.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_call_can_be_performed_again_with_the_same_key_and_body() {
    let server = MemoryTransport::sequence([Reply::stalled(), Reply::json(&json!({"ok": true}))]);
    let mut call = keyed();
    call.body = Payload::form([("amount", "5")]);
    call.perform(&server).await.expect_err("the first attempt");
    assert_eq!(*call.perform(&server).await.expect("the second").value, json!({"ok": true}));
    let requests = server.requests();
    let [first, second] = &requests[..] else { panic!("two requests") };
    assert_eq!(first.headers(), second.headers());
    assert_eq!(first.body(), second.body());
    assert_eq!(first.headers()["idempotency-key"], "k");

    let error = call.perform(&server).await.expect_err("the script is over");
    assert_eq!(error.kind, ErrorKind::Contract, "{error}");
}
