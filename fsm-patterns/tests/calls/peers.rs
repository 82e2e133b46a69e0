//! What well-known clients get wrong, measured on loopback: each test is one such thing, done right.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fsm_http::auth::{Auth, KeyPlace, Login, Session, TokenPlace};
use fsm_http::breaker::BreakerState;
use fsm_http::caller::Caller;
use fsm_http::limit::{Bucket, Rate};
use fsm_http::resource::Resource;
use fsm_http::secret::{Secret, SecretSource};
use fsm_http::{Call, ErrorKind, Reply};
use fsm_patterns::{Endpoint, Orchestration, Services, StepStatus};
use http::{HeaderName, Method};
use serde_json::json;
use tokio::time::Instant;

use crate::server::{Request, Server, Wire, answer, json as json_answer, raw, redirect};
use crate::world::{Api, count, endpoints, flow, flow_over, late, message, run, step, told};

/// The first answer of every path is what the path says, each later one is a success.
async fn once() -> Server {
    let seen: std::sync::Mutex<std::collections::HashSet<String>> = std::sync::Mutex::default();
    Server::start(move |request: &Request| {
        let path = request.path().to_owned();
        let is_first = seen.lock().expect("no panic").insert(path.clone());
        match path.trim_start_matches('/') {
            _ if !is_first => json_answer("1"),
            "cut" => {
                raw("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nhal")
            }
            "chunked" => raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"),
            "gone" => raw(""),
            status => answer(&format!("{status} Status"), "text/plain", "no"),
        }
    })
    .await
}

/// One client retries 402, 409, 410, 412, 418, 422, and 501; another 501; a third does not see that
/// a body was cut short.
#[tokio::test]
async fn only_what_may_pass_is_tried_again() {
    let server = once().await;
    let lasting = ["402", "409", "410", "412", "418", "422", "501", "505", "404", "400"];
    let passing = ["408", "425", "429", "500", "502", "503", "504", "cut", "chunked", "gone"];
    for (paths, attempts) in [(lasting, 1), (passing, 2)] {
        let lines: Vec<String> = paths
            .iter()
            .map(|path| {
                let url = server.url(&format!("/{path}"));
                format!("  - {{ name: s{path}, url: '{url}', retry_delay: 0 }}\n")
            })
            .collect();
        let flow = flow(Services::new(), &format!("mode: fanout\nendpoints:\n{}", lines.concat()));
        let report = run(&flow).await;
        for path in paths {
            let step = step(&report, &format!("s{path}"));
            assert_eq!(step.attempts, attempts, "{path}: {step:?}");
            assert_eq!(server.to(&format!("/{path}")).len(), attempts as usize, "{path}");
            let status = if attempts == 1 { StepStatus::Failed } else { StepStatus::Ok };
            assert_eq!(step.status, status, "{path}: {step:?}");
        }
    }
}

/// One client clamps Retry-After to 300 s and so comes early, a second ignores dates, a third waits
/// 56 ms for "3", and a fourth 2.6 s for "7".
#[tokio::test(start_paused = true)]
async fn retry_after_is_waited_for_in_every_spelling_and_at_any_length() {
    let date =
        |seconds: u64| httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds));
    // What the server says, and the least and most milliseconds until the second request.
    let table = [
        ("3".to_owned(), 3_000, 3_001),
        (" 7 ".to_owned(), 7_000, 7_001),
        ("400".to_owned(), 400_000, 400_001),
        ("86400".to_owned(), 86_400_000, 86_400_001),
        ("0".to_owned(), 0, 1),
        // A date has whole seconds, and some time goes by on the real clock.
        (date(30), 27_000, 30_001),
        (format!(" {} ", date(500)), 497_000, 500_001),
        // One that has passed asks for nothing.
        ("Sun, 06 Nov 1994 08:49:37 GMT".to_owned(), 0, 1),
    ];
    for status in [429, 503] {
        for (said, least, most) in &table {
            let said = said.clone();
            let api = Api::new(move |_, count| match count {
                0 => Reply::status(status).header("retry-after", said.as_str()),
                _ => late(0, 1),
            });
            let text = "mode: sequential\nendpoints:\n  - { name: a, url: 'http://api.test/a', retry_delay: 0, retry_max_delay: 1s }\n";
            let report = run(&flow_over(&api, text)).await;
            assert_eq!(told(&report), "completed: a ok");
            let wait = api.times()[1];
            assert!((*least..=*most).contains(&wait), "{wait} ms, where {least} to {most} are due");
        }
    }
}

/// Two clients repeat a POST after a 500 without a key, and so charge twice.
#[tokio::test]
async fn a_post_is_sent_again_after_a_500_only_with_a_key_and_then_with_the_same() {
    let server = once().await;
    let url = server.url("/500");
    let flow_with = |lines: &str| {
        let text = format!(
            "mode: sequential\nendpoints:\n  - {{ name: a, url: '{url}', method: POST, body: {{}}, retry_delay: 0, {lines} }}\n"
        );
        flow(Services::new(), &text)
    };
    let report = run(&flow_with("timeout: 9s")).await;
    assert_eq!(told(&report), "failed: a failed (status)");
    let requests = server.to("/500");
    assert_eq!((requests.len(), requests[0].header("idempotency-key")), (1, ""));

    let server = once().await;
    let url = server.url("/500");
    let text = format!(
        "mode: sequential\nendpoints:\n  - {{ name: a, url: '{url}', method: POST, body: {{}}, retry_delay: 0, idempotency: true, retry_count: 2 }}\n"
    );
    let report = run(&flow(Services::new(), &text)).await;
    assert_eq!(told(&report), "completed: a ok");
    let keys: Vec<String> =
        server.to("/500").iter().map(|request| request.header("idempotency-key").into()).collect();
    assert_eq!(keys.len(), 2);
    assert!(!keys[0].is_empty() && keys[0] == keys[1], "{keys:?}");
}

/// One library keeps a "global" bucket an endpoint: 2 per second let 3 endpoints through in 10 ms.
#[tokio::test(start_paused = true)]
async fn the_global_limit_is_one_bucket_for_all_endpoints() {
    let api = Api::new(|_, _| late(0, 1));
    let lines = endpoints("e", 5, "url: 'http://api.test/{n}'");
    let text =
        format!("mode: fanout\nglobal_rate_limit: 2\nrate_limit_window: 1s\nendpoints:\n{lines}");
    let flow = flow_over(&api, &text);
    let report = run(&flow).await;
    assert_eq!(count(&report, "ok"), 5, "{}", told(&report));
    assert_eq!(api.times(), [0, 0, 1_000, 1_000, 2_000]);
    // Of all runs, too.
    run(&flow).await;
    assert_eq!(api.times()[5..], [2_000, 3_000, 3_000, 4_000, 4_000]);
}

/// One library lets a call of weight 9 starve behind calls of weight 1.
#[tokio::test(start_paused = true)]
async fn a_heavy_call_is_served_in_its_turn_and_one_too_heavy_is_refused_at_once() {
    let api = Api::new(|_, _| late(0, 1));
    let ten = NonZeroU32::new(10).expect("not zero");
    let bucket = Bucket::new([Rate::new(ten, Duration::from_secs(1))]);
    let caller = |weight: u32| {
        let weight = NonZeroU32::new(weight).expect("not zero");
        Caller::new("a", api.clone() as Arc<_>).bucket(bucket.clone()).weight(weight)
    };
    let call = Call::new(Method::GET, "http://api.test/light".parse().expect("a url"));
    let (light, until) = (caller(1), Instant::now() + Duration::from_secs(5));
    let crowd: Vec<_> = (0..4)
        .map(|_| {
            let (light, call) = (light.clone(), call.clone());
            tokio::spawn(async move {
                while Instant::now() < until {
                    light.call(&call).await.expect("an answer");
                }
            })
        })
        .collect();
    let heavy_call = Call::new(Method::GET, "http://api.test/heavy".parse().expect("a url"));
    let heavy = caller(9);
    let mut served = 0;
    while Instant::now() < until {
        heavy.call(&heavy_call).await.expect("an answer");
        served += 1;
    }
    for one in crowd {
        one.await.expect("no panic");
    }
    assert!(served >= 3, "{served} heavy calls in 5 s among four light ones");
    let error = caller(11).call(&heavy_call).await.expect_err("more than the limit");
    assert_eq!(error.kind, ErrorKind::RateLimited);
    assert!(!error.retry.is_allowed());
    assert_eq!(light.rate_limits()[0].waiting, 0);
}

/// One library lets 10 of 10 calls through once the timeout of an open breaker is over.
#[tokio::test(start_paused = true)]
async fn one_call_of_ten_probes() {
    let api = Api::new(|_, count| match count {
        0..2 => Reply::status(500),
        _ => late(100, 1),
    });
    let text = "
mode: sequential
circuit_breaker_threshold: 2
circuit_breaker_timeout: 30s
endpoints:
  - { name: a, url: 'http://api.test/a', retry_count: 1, retry_delay: 0 }
";
    let flow = flow_over(&api, text);
    assert_eq!(told(&run(&flow).await), "failed: a failed (status)");
    let breaker = flow.circuit_breaker("a").expect("the flow has run");
    assert!(matches!(breaker.state(), BreakerState::Open { .. }), "{breaker:?}");
    tokio::time::advance(Duration::from_secs(30)).await;
    let runs: Vec<_> = (0..10)
        .map(|_| {
            let flow = flow.clone();
            tokio::spawn(async move { told(&run(&flow).await) })
        })
        .collect();
    let mut ends = Vec::new();
    for one in runs {
        ends.push(one.await.expect("no panic"));
    }
    assert_eq!(api.times().len(), 3, "two that failed, and the probe");
    let open = ends.iter().filter(|end| *end == "failed: a failed (circuit_open)").count();
    assert_eq!((open, ends.contains(&"completed: a ok".to_owned())), (9, true), "{ends:?}");
    assert_eq!(breaker.state(), BreakerState::Closed { failures: 0 });
}

/// One client fetches eight tokens for eight threads.
#[tokio::test]
async fn eight_calls_at_once_fetch_one_token() {
    let server = Server::start(|request| match request.path() {
        "/token" => {
            json_answer(r#"{"access_token": "t-1", "token_type": "bearer", "expires_in": 600}"#)
        }
        _ if request.header("authorization") == "Bearer t-1" => json_answer("1"),
        _ => answer("401 Unauthorized", "text/plain", "who?"),
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("client");
    std::fs::write(&secret, "hush").expect("a file");
    let base = server.url("");
    let text = format!(
        "mode: fanout
resources:
  api:
    base_url: '{base}'
    auth: {{ oauth2: {{ token_url: '{base}/token', client_id: me, client_secret: {{ file: '{}' }} }} }}
endpoints:
{}",
        secret.display(),
        endpoints("e", 8, "resource: api, url: '/{n}'")
    );
    let report = run(&flow(Services::new(), &text)).await;
    assert_eq!(count(&report, "ok"), 8, "{}", told(&report));
    assert_eq!(server.to("/token").len(), 1);
    assert_eq!(report.usage["api"].calls, 8, "the token is no call of the run");
}

/// Two clients send `Bearer SECRET` along when a server leads them to another host.
#[tokio::test]
async fn credentials_never_follow_a_redirect_to_another_origin() {
    let stranger = Server::start(|_| json_answer("1")).await;
    let elsewhere = stranger.url("/taken?page=2");
    let server = Server::start(move |request| match request.path() {
        "/login" => json_answer(r#"{"token": "hush-session"}"#),
        _ => redirect(&elsewhere),
    })
    .await;
    let secret = |text: &str| SecretSource::from(Secret::new(text));
    let key = |place, name: &str| Auth::ApiKey {
        place,
        name: name.to_owned(),
        value: secret("hush-key"),
    };
    let login = Login::post(server.url("/login").parse().expect("a url"));
    let schemes = [
        Auth::Bearer { token: secret("hush-bearer") },
        Auth::Basic { username: "me".into(), password: secret("hush-password") },
        key(KeyPlace::Header, "x-api-key"),
        key(KeyPlace::Header, "x-shop-door"),
        key(KeyPlace::Query, "key"),
        key(KeyPlace::Cookie, "sid"),
        Auth::Session(Session::new(login, TokenPlace::Body("/token".into()))),
    ];
    for (number, auth) in schemes.into_iter().enumerate() {
        let own: HeaderName = "x-own".parse().expect("a name");
        let resource = Resource::new("api")
            .base_url(server.url("").parse().expect("a url"))
            .header(own, secret("hush-header"))
            .auth(auth.clone());
        let endpoint = |name: &str, method: Method| {
            Endpoint::new(name, method, format!("/from/{number}"))
                .resource("api")
                .header("Authorization-Of-Mine", "hush-declared")
        };
        let flow = Orchestration::sequential("test")
            .resource(resource)
            .endpoint(endpoint("a", Method::GET))
            .endpoint(endpoint("b", Method::HEAD))
            .build()
            .expect("a flow");
        let report = run(&flow).await;
        assert_eq!(told(&report), "completed: a ok, b ok", "{auth:?}");
        let sent = server.to(&format!("/from/{number}"));
        assert_eq!(sent.len(), 2, "{auth:?}");
        for request in sent {
            let is_there =
                request.raw.contains("hush-") || !request.header("authorization").is_empty();
            assert!(is_there, "{auth:?}: {}", request.raw);
            assert!(request.raw.contains("hush-header"), "{}", request.raw);
        }
    }
    let taken = stranger.to("/taken");
    assert_eq!(taken.len(), 14);
    for request in taken {
        let raw = request.raw.to_lowercase();
        assert!(!raw.contains("hush"), "{raw}");
        assert_eq!((request.header("authorization"), request.header("cookie")), ("", ""));
        assert!(request.header("referer").is_empty(), "{raw}");
    }
}

/// One client calls `/p/a/b?c=1` for the id `a/b?c=1#x`.
#[tokio::test]
async fn a_value_in_a_path_stays_in_its_segment() {
    let server = Server::start(|_| json_answer("1")).await;
    let url = server.url("/p/{$inputs.id}");
    let flow = Orchestration::sequential("test").endpoint(Endpoint::get("a", url)).build();
    let flow = flow.expect("a flow");
    let input = json!({"id": "a/b?c=1#x"});
    let report = flow.execute(input).await.expect("an input that fits");
    assert_eq!(told(&report), "completed: a ok");
    assert_eq!(server.requests()[0].target, "/p/a%2Fb%3Fc=1%23x".replace('=', "%3D"));
}

/// An answer that is endless or that claims to be short: the time of an attempt ends it.
#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let server = Server::start(|_| Wire::Silence).await;
    let url = server.url("/a");
    let text = format!(
        "mode: sequential\nendpoints:\n  - {{ name: a, url: '{url}', timeout: 100ms, retry_count: 1, retry_delay: 0 }}\n"
    );
    let report = run(&flow(Services::new(), &text)).await;
    assert_eq!(told(&report), "failed: a failed (timeout)");
    assert_eq!(step(&report, "a").attempts, 2);
    assert!(message(&report, "a").contains("100 ms"), "{}", message(&report, "a"));
    server.deserted().await;
}
