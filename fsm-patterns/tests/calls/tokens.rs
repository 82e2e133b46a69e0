//! What happens to credentials on the way of a call: renewed once, never shown as a result.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fsm_http::auth::{Auth, KeyPlace, OAuth2};
use fsm_http::resource::Resource;
use fsm_http::secret::Secret;
use fsm_http::{MemoryTransport, Reply};
use fsm_patterns::{Endpoint, Flow, Orchestration, Services};
use serde_json::json;

use crate::world::{count, message, run, step, told};

/// A flow of GETs over a server in memory that gives out `t-1`, `t-2`, …, and says which it likes.
fn flow(
    is_good: impl Fn(usize) -> bool + Send + Sync + 'static,
    endpoints: usize,
) -> (Flow, Arc<MemoryTransport>) {
    let given = AtomicUsize::new(0);
    let server = Arc::new(MemoryTransport::replying(move |request| {
        if request.uri().path() == "/token" {
            let number = given.fetch_add(1, Ordering::SeqCst) + 1;
            let token = json!({"access_token": format!("t-{number}"), "expires_in": 3_600});
            return Reply::json(&token).after(Duration::from_millis(100));
        }
        let said = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let number = said.and_then(|said| said.strip_prefix("Bearer t-")?.parse().ok());
        match number {
            Some(number) if is_good(number) => Reply::json(&json!(number)),
            Some(_) | None => Reply::status(401).header("content-type", "text/plain").body("who?"),
        }
    }));
    let url = "http://api.test/token".parse().expect("a url");
    let auth = Auth::OAuth2(OAuth2::new(url, "me", Secret::new("hush-hush").into()));
    let resource = Resource::new("api").base_url("http://api.test".parse().expect("a url"));
    let flow = (0..endpoints)
        .fold(Orchestration::fanout("test").resource(resource.auth(auth)), |flow, n| {
            flow.endpoint(Endpoint::get(format!("e{n}"), "/x").resource("api"))
        });
    (flow.build_with(server.clone()).expect("a flow"), server)
}

fn sent(server: &MemoryTransport, path: &str) -> usize {
    server.requests().iter().filter(|request| request.uri().path() == path).count()
}

#[tokio::test(start_paused = true)]
async fn a_401_renews_the_token_once_for_all_and_each_call_is_sent_again() {
    let (flow, server) = flow(|number| number >= 2, 5);
    let report = run(&flow).await;
    assert_eq!(count(&report, "ok"), 5, "{}", told(&report));
    assert_eq!((sent(&server, "/token"), sent(&server, "/x")), (2, 10));
    let a = step(&report, "e0");
    assert_eq!(a.attempts, 2, "both requests count");
    assert_eq!(a.output, json!(2));
    assert_eq!(report.metrics.expect("on").total_requests, 10);
    run(&flow).await;
    assert_eq!((sent(&server, "/token"), sent(&server, "/x")), (2, 15));
}

#[tokio::test(start_paused = true)]
async fn a_second_401_is_the_servers_last_word() {
    let (flow, server) = flow(|_| false, 1);
    let report = run(&flow).await;
    assert_eq!(told(&report), "failed: e0 failed (status)");
    let a = step(&report, "e0");
    assert_eq!((a.http_status, a.attempts), (Some(401), 2));
    assert!(message(&report, "e0").contains("who?"));
    assert_eq!((sent(&server, "/token"), sent(&server, "/x")), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_for_good_is_an_error_of_the_kind_auth_that_is_not_repeated() {
    for (status, fetches) in [(400, 1), (503, 4)] {
        let server = Arc::new(MemoryTransport::replying(move |_| {
            let text = r#"{"error": "invalid_client", "error_description": "not hush-hush"}"#;
            Reply::status(status).header("content-type", "application/json").body(text)
        }));
        let url = "http://api.test/token".parse().expect("a url");
        let auth = Auth::OAuth2(OAuth2::new(url, "me", Secret::new("hush-hush").into()));
        let base = "http://api.test".parse().expect("a url");
        let flow = Orchestration::sequential("test")
            .resource(Resource::new("api").base_url(base).auth(auth))
            .endpoint(Endpoint::get("a", "/x").resource("api"))
            .build_with(server.clone())
            .expect("a flow");
        let report = run(&flow).await;
        assert_eq!(told(&report), "failed: a failed (auth)");
        assert_eq!(step(&report, "a").attempts, 0, "no request of the run was sent");
        assert_eq!(sent(&server, "/token"), fetches, "after {status}");
        assert!(message(&report, "a").contains("invalid_client (not [redacted])"), "{report:?}");
    }
}

/// The url of an answer once came with the key that had been put on it.
#[tokio::test(start_paused = true)]
async fn a_key_in_the_query_is_not_part_of_the_url_that_a_flow_sees() {
    let server = Arc::new(MemoryTransport::replying(|_| Reply::json(&json!(1))));
    let auth = Auth::ApiKey {
        place: KeyPlace::Query,
        name: "key".into(),
        value: Secret::new("hush-hush").into(),
    };
    let base = "http://api.test".parse().expect("a url");
    let flow = Orchestration::sequential("test")
        .resource(Resource::new("api").base_url(base).auth(auth))
        .cache_ttl(Duration::from_secs(60))
        .endpoint(Endpoint::get("a", "/x?page=2").resource("api").parse(json!({"from": "$url"})))
        .services(Services::new().with_transport(server.clone()))
        .build()
        .expect("a flow");
    for status in ["ok", "cached"] {
        let report = run(&flow).await;
        assert_eq!(told(&report), format!("completed: a {status}"));
        assert_eq!(report.output, json!({"a": {"from": "http://api.test/x?page=2"}}));
    }
    assert_eq!(server.requests()[0].uri().query(), Some("page=2&key=hush-hush"));
}

#[tokio::test]
async fn a_secret_that_is_missing_stops_the_run_before_the_first_request_and_is_named() {
    let resource = Resource::new("api").auth(Auth::Bearer {
        token: fsm_http::secret::SecretSource::Env("FSM_CALLS_NO_SUCH_VARIABLE".into()),
    });
    let server = Arc::new(MemoryTransport::replying(|_| Reply::json(&json!(1))));
    let flow = Orchestration::sequential("test")
        .resource(resource)
        .endpoint(Endpoint::get("plain", "http://api.test/x"))
        .endpoint(Endpoint::get("a", "http://api.test/x").resource("api"))
        .build_with(server.clone())
        .expect("a flow is built without secrets");
    let error = flow.execute(json!({})).await.expect_err("there is no such variable");
    let said = error.to_string();
    assert!(said.contains("`api`") && said.contains("`FSM_CALLS_NO_SUCH_VARIABLE`"), "{said}");
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_one_api_gives_away_is_not_shown_when_another_is_called_with_it() {
    let api = MemoryTransport::replying(|request| match request.uri().path() {
        "/e" => Reply::json(&json!({"t": "sesame-12345"})),
        _ => Reply::status(500),
    });
    let shop = Resource::new("shop")
        .base_url("http://shop.test".parse().expect("a url"))
        .auth(Auth::Bearer { token: Secret::new("sesame-12345").into() });
    let flow = Orchestration::pipeline("test")
        .resource(shop)
        .endpoint(Endpoint::get("e", "/e").resource("shop"))
        .endpoint(Endpoint::get("f", "http://other.test/{$data.t}").retry_count(0))
        .build_with(Arc::new(api))
        .expect("a flow");
    let report = flow.execute(json!({})).await.expect("no input is declared");
    assert_eq!(report.steps["e"].output["t"], "sesame-12345", "outputs are the user's data");
    let error = report.steps["f"].error.as_ref().expect("a 500");
    assert_eq!(error.message, "500 Internal Server Error from GET http://other.test/[redacted]");
    assert!(!report.error.expect("failed").message.contains("sesame"));
}
