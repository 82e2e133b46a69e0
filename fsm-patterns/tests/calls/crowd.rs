//! Ten thousand who wait for the same thing: one fetch, one queue, seconds of real time.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fsm_http::auth::{Auth, Authority, OAuth2};
use fsm_http::caller::Caller;
use fsm_http::limit::{Bucket, Rate};
use fsm_http::secret::Secret;
use fsm_http::{Call, MemoryTransport, Reply, Transport};
use http::Method;
use serde_json::json;

use crate::world::{Api, count, endpoints, flow_over, late, run, waiting};

const CROWD: usize = 10_000;
/// Beyond this, in a debug build, something costs more than it should by an order.
const PATIENCE: Duration = Duration::from_secs(30);

fn call(path: &str) -> Call {
    Call::new(Method::GET, format!("http://api.test{path}").parse().expect("a url"))
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_calls_wait_for_one_token() {
    let server: Arc<MemoryTransport> = Arc::new(MemoryTransport::replying(|request| {
        if request.uri().path() == "/token" {
            let token = json!({"access_token": "t-1", "expires_in": 3_600});
            return Reply::json(&token).after(Duration::from_secs(2));
        }
        Reply::json(&json!(request.headers()["authorization"] == "Bearer t-1"))
    }));
    let url = "http://api.test/token".parse().expect("a url");
    let auth = Auth::OAuth2(OAuth2::new(url, "me", Secret::new("hush").into()));
    let transport: Arc<dyn Transport> = server.clone();
    let authority = Authority::open(&auth, transport.clone()).expect("sound");
    let caller = Caller::new("a", transport).authority(authority);
    let began = Instant::now();
    let crowd: Vec<_> = (0..CROWD)
        .map(|_| {
            let caller = caller.clone();
            tokio::spawn(async move { caller.call(&call("/x")).await.expect("an answer") })
        })
        .collect();
    for one in crowd {
        assert_eq!(*one.await.expect("no panic").value, true);
    }
    let requests = server.requests();
    let fetches = requests.iter().filter(|request| request.uri().path() == "/token").count();
    assert_eq!((fetches, requests.len()), (1, CROWD + 1));
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_calls_wait_in_one_queue_and_are_served_in_order() {
    let api = Api::new(|_, _| late(0, 1));
    let hundred = NonZeroU32::new(100).expect("not zero");
    let bucket = Bucket::new([Rate::new(hundred, Duration::from_secs(1))]);
    let caller = Caller::new("a", api.clone() as Arc<_>).bucket(bucket.clone());
    let began = Instant::now();
    let crowd: Vec<_> = (0..CROWD)
        .map(|number| {
            let caller = caller.clone();
            tokio::spawn(async move { caller.call(&call(&format!("/{number}"))).await })
        })
        .collect();
    for one in crowd {
        one.await.expect("no panic").expect("an answer");
    }
    let log = api.log();
    for (number, (at, path)) in log.iter().enumerate() {
        assert_eq!((*at, path), ((number / 100 * 1_000) as u128, &format!("/{number}")));
    }
    assert_eq!((log.len(), bucket.status().waiting), (CROWD, 0));
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_endpoints_of_a_flow_wait_in_one_queue() {
    let api = Api::new(|_, _| late(0, 1));
    let lines = endpoints("e", CROWD, "url: 'http://api.test/{n}'");
    let text = format!(
        "mode: fanout\nmax_concurrent: 100\nrate_limit_window: 1s\nglobal_rate_limit: 500\nendpoints:\n{lines}"
    );
    let flow = flow_over(&api, &text);
    let began = Instant::now();
    let report = run(&flow).await;
    assert_eq!(count(&report, "ok"), CROWD);
    let times = api.times();
    assert_eq!((times.len(), times[CROWD - 1]), (CROWD, 19_000));
    assert_eq!(waiting(&flow, "e0"), 0);
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_who_want_the_same_answer_send_one_request() {
    let api = Api::new(|_, _| late(1_000, 1));
    let cache = fsm_http::cache::ResponseCache::default();
    let caller =
        Caller::new("a", api.clone() as Arc<_>).cache(&cache, Duration::from_secs(60), false);
    let began = Instant::now();
    let crowd: Vec<_> = (0..CROWD)
        .map(|_| {
            let caller = caller.clone();
            tokio::spawn(async move { caller.call(&call("/same")).await.expect("an answer") })
        })
        .collect();
    for one in crowd {
        assert_eq!(*one.await.expect("no panic").value, 1);
    }
    assert_eq!(api.times(), [0]);
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}
