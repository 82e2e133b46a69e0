//! The API as it stands on the wire, asked over plain sockets.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::index::ROUTES;
use super::{CLIENT_ID, CLIENT_SECRET, Health, MockApi, SERVICES, TOKEN};

/// One request on a connection of its own: the status, the head in lower case, the body as JSON.
async fn ask(api: &MockApi, request: &str, key: Option<&str>, body: &str) -> (u16, String, Value) {
    let key = key.map_or(String::new(), |key| format!("Idempotency-Key: {key}"));
    ask_with(api, request, &key, body).await
}

/// The same with a header, which may be empty.
async fn ask_with(api: &MockApi, request: &str, header: &str, body: &str) -> (u16, String, Value) {
    let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
    let length = body.len();
    let text = format!(
        "{request} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n{header}\
         Content-Length: {length}\r\n\r\n{body}"
    );
    let port = api.port();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        stream.write_all(text.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    });
    let answer = answer.await.expect("no panic");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, head.to_lowercase(), serde_json::from_str(body).unwrap_or(Value::Null))
}

async fn fast() -> MockApi {
    MockApi::builder().latency(Duration::ZERO).start().await.expect("a free port")
}

#[tokio::test]
async fn users_posts_and_analytics_are_made_from_the_id() {
    let api = fast().await;
    let (status, _, user) = ask(&api, "GET /users/123", None, "").await;
    assert_eq!((status, &user["id"], &user["name"]), (200, &json!(123), &json!("Edsger Dijkstra")));
    let (_, _, again) = ask(&api, "GET /users/123", None, "").await;
    assert_eq!(user, again);
    let (_, _, posts) = ask(&api, "GET /users/123/posts", None, "").await;
    assert_eq!(posts["posts"].as_array().map(Vec::len), Some(3));
    let (_, _, analytics) = ask(&api, "GET /analytics/users/123", None, "").await;
    assert_eq!(analytics["user_id"], 123);
    for id in ["0", "1001", "-1", "bob", "99999999999999999999"] {
        let (status, _, body) = ask(&api, &format!("GET /users/{id}"), None, "").await;
        let why = format!("there is no user `{id}`: ids are numbers from 1 to 1000");
        assert_eq!((status, body), (404, json!({ "error": why })));
    }
}

#[tokio::test]
async fn the_same_key_and_body_are_charged_once_and_another_body_is_refused() {
    let api = fast().await;
    let body = r#"{"amount": 5}"#;
    let (status, head, first) = ask(&api, "POST /charge", Some("k"), body).await;
    assert_eq!(status, 201);
    assert!(!head.contains("idempotency-replayed"));
    let (_, head, second) = ask(&api, "POST /charge", Some("k"), body).await;
    assert!(head.contains("idempotency-replayed: true"), "{head}");
    assert_eq!((&first, api.charge_count()), (&second, 1));
    let (status, _, _) = ask(&api, "POST /charge", Some("k"), r#"{"amount": 6}"#).await;
    assert_eq!((status, api.charge_count()), (422, 1));
    let (_, _, other) = ask(&api, "POST /charge", None, body).await;
    assert_ne!(first["charge_id"], other["charge_id"]);
    ask(&api, "POST /charge", None, body).await;
    assert_eq!(api.charge_count(), 3);
}

#[tokio::test]
async fn a_lost_answer_hides_a_charge_that_was_made() {
    let api = MockApi::builder().latency(Duration::ZERO).lose_charge_answers(1).start().await;
    let api = api.expect("a free port");
    let (status, _, _) = ask(&api, "POST /charge", Some("k"), r#"{"amount": 5}"#).await;
    assert_eq!((status, api.charge_count()), (503, 1));
    let (status, _, charge) = ask(&api, "POST /charge", Some("k"), r#"{"amount": 5}"#).await;
    assert_eq!((status, &charge["charge_id"]), (201, &json!("ch_0001")));
    assert_eq!(api.charge_count(), 1);
}

#[tokio::test]
async fn a_payment_that_makes_no_sense_is_refused_with_the_reason() {
    let api = fast().await;
    let no_amount = json!({ "error": "`amount` must be a number above 0" });
    let cases = [
        ("/validate", r#"{"card_token": "t"}"#, 422, no_amount.clone()),
        ("/validate", r#"{"amount": -1, "card_token": "t"}"#, 422, no_amount.clone()),
        ("/validate", r#"{"amount": 1}"#, 422, json!({ "error": "`card_token` must be a text" })),
        ("/validate", "[1]", 400, json!({ "error": "the body must be a JSON object" })),
        ("/charge", r#"{"amount": "5"}"#, 422, no_amount),
        ("/notify", "{}", 422, json!({ "error": "`charge_id` must be a text" })),
    ];
    for (path, body, status, error) in cases {
        let (found, _, answer) = ask(&api, &format!("POST {path}"), None, body).await;
        assert_eq!((found, answer), (status, error), "{path} {body}");
    }
    let (status, _, answer) = ask(&api, "POST /charge", None, "").await;
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().is_some_and(|why| why.contains("EOF")), "{answer}");
    let suspicious = r#"{"amount": 10001, "card_hash": "h"}"#;
    assert_eq!(ask(&api, "POST /fraud/check", None, suspicious).await.0, 403);
    assert_eq!(api.charge_count(), 0);
}

#[tokio::test]
async fn services_are_as_they_were_set() {
    let api = fast().await;
    for service in SERVICES.into_iter().filter(|service| *service != "analytics") {
        let (status, _, _) = ask(&api, &format!("GET /health/{service}"), None, "").await;
        assert_eq!(status, if service == "shipping" { 503 } else { 200 }, "{service}");
    }
    api.set_health("shipping", Health::Ok);
    let (_, _, body) = ask(&api, "GET /health/shipping", None, "").await;
    assert_eq!(body, json!({ "status": "ok", "service": "shipping" }));
    assert_eq!(ask(&api, "GET /health/nobody", None, "").await.0, 404);
}

#[tokio::test]
async fn a_flaky_path_fails_as_often_as_it_says_for_each_key() {
    let api = fast().await;
    for key in ["", "?key=mine"] {
        for _ in 0..2 {
            let (status, head, _) = ask(&api, &format!("GET /flaky/2{key}"), None, "").await;
            assert_eq!(status, 503);
            assert!(head.contains("retry-after: 0"), "{head}");
        }
        assert_eq!(ask(&api, &format!("GET /flaky/2{key}"), None, "").await.0, 200);
    }
    assert_eq!(ask(&api, "GET /flaky/many", None, "").await.0, 400);
}

#[tokio::test]
async fn any_final_status_can_be_had() {
    let api = fast().await;
    for code in [200, 204, 304, 404, 418, 429, 500, 599] {
        assert_eq!(ask(&api, &format!("GET /status/{code}"), None, "").await.0, code);
    }
    let (status, head, _) = ask(&api, "GET /status/307", None, "").await;
    assert_eq!(status, 307);
    assert!(head.contains("location: /echo"), "{head}");
    for code in ["100", "600", "teapot"] {
        assert_eq!(ask(&api, &format!("GET /status/{code}"), None, "").await.0, 400, "{code}");
    }
}

#[tokio::test]
async fn the_echo_shows_the_request_as_it_arrived() {
    let api = fast().await;
    let body = r#"{"a": [1]}"#;
    let (_, _, seen) = ask(&api, "PUT /echo/a%2Fb?x=1&y=2&x=3", Some("k"), body).await;
    assert_eq!(seen["method"], "PUT");
    assert_eq!(seen["path"], "/echo/a%2Fb");
    assert_eq!(seen["query"], json!({ "x": ["1", "3"], "y": "2" }));
    assert_eq!(seen["headers"]["idempotency-key"], "k");
    assert_eq!(seen["body"], json!({ "a": [1] }));
    let (_, _, seen) = ask(&api, "POST /echo", None, "no json").await;
    assert_eq!(seen["body"], "no json");
}

#[tokio::test]
async fn what_is_not_served_is_said_in_json() {
    let api = fast().await;
    let (status, _, body) = ask(&api, "GET /nowhere", None, "").await;
    assert_eq!((status, body), (404, json!({ "error": "there is nothing at /nowhere" })));
    let (status, head, body) = ask(&api, "GET /charge", None, "").await;
    assert_eq!((status, body), (405, json!({ "error": "/charge does not answer to GET" })));
    assert!(head.contains("allow: post"), "{head}");
}

#[tokio::test]
async fn a_job_gets_on_with_each_question() {
    let api = fast().await;
    let (status, _, job) = ask(&api, "POST /jobs", None, r#"{"n": 7}"#).await;
    assert_eq!((status, job), (202, json!({ "id": 1, "state": "queued" })));
    for state in ["queued", "running", "done", "done"] {
        let (early, ..) = ask(&api, "GET /jobs/1/result", None, "").await;
        let (status, _, job) = ask(&api, "GET /jobs/1", None, "").await;
        assert_eq!((status, job), (200, json!({ "id": 1, "state": state })));
        assert!(early == 409 || state == "done", "{early}");
    }
    let (status, _, result) = ask(&api, "GET /jobs/1/result", None, "").await;
    assert_eq!((status, result), (200, json!({ "of": { "n": 7 }, "rows": 42 })));
    let (status, _, body) = ask(&api, "GET /jobs/2", None, "").await;
    assert_eq!((status, body), (404, json!({ "error": "there is no job `2`" })));
}

#[tokio::test]
async fn whatever_is_listed_at_the_root_is_served() {
    let api = fast().await;
    let (status, _, index) = ask(&api, "GET /", None, "").await;
    let routes = index["routes"].as_array().expect("a list").clone();
    assert_eq!((status, routes.len()), (200, ROUTES.len()));
    for route in routes {
        let text = |name: &str| route[name].as_str().expect("a text").to_owned();
        let method = text("method").replace("ANY", "DELETE");
        let path = text("path").replace("{service}", "auth").replace("{code}", "200");
        let path = path
            .replace("{id}", "1")
            .replace("{n}", "0")
            .replace("{ms}", "0")
            .replace("/limited/0", "/limited/1");
        let path = path.replace("{rows}", "1");
        let (status, _, body) = ask(&api, &format!("{method} {path}"), None, "{}").await;
        // What makes no sense or has no credentials is refused, and yet it is served.
        let is_refused = [400, 401, 409, 415, 422].contains(&status);
        assert!(status < 300 || is_refused, "{method} {path}: {status} {body}");
    }
}

#[tokio::test]
async fn requests_are_written_down_without_the_values_of_their_headers() {
    let api = fast().await;
    ask(&api, "POST /notify?a=1", Some("k-1"), r#"{"b": 2}"#).await;
    let [request] = &api.requests()[..] else { panic!("one request") };
    assert_eq!(request.line(), "POST /notify");
    assert_eq!(request.query, "a=1");
    assert_eq!(request.idempotency_key.as_deref(), Some("k-1"));
    assert_eq!(request.json(), Some(json!({ "b": 2 })));
    assert!(request.header_names.contains(&"host".to_owned()));
    assert_eq!(api.request_count(), 1);
}

#[tokio::test]
async fn a_large_body_is_refused() {
    let api = fast().await;
    let body = format!("\"{}\"", "x".repeat(2 * 1024 * 1024));
    let (status, _, _) = ask(&api, "POST /echo", None, &body).await;
    assert_eq!((status, api.request_count()), (413, 0));
}

#[tokio::test]
async fn slowness_is_as_asked_for_and_bounded() {
    let api = fast().await;
    let began = Instant::now();
    let (_, _, body) = ask(&api, "GET /slow/60", None, "").await;
    assert!(began.elapsed() >= Duration::from_millis(60));
    assert_eq!(body["waited_ms"], 60);
    assert_eq!(ask(&api, "GET /slow/60001", None, "").await.0, 400);
}

#[tokio::test]
async fn stopping_ends_stalls_at_once_and_frees_the_port() {
    let api = fast().await;
    let (port, began) = (api.port(), Instant::now());
    let stall = async {
        let (status, _, _) = ask(&api, "GET /health/analytics", None, "").await;
        status
    };
    let stop = async {
        while api.request_count() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        api.stop.send_replace(true);
    };
    let (status, ()) = tokio::join!(stall, stop);
    assert_eq!(status, 200);
    api.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let again = MockApi::start_on(port).await.expect("the port is free");
    let taken = MockApi::start_on(port).await.expect_err("the port is taken").to_string();
    assert!(taken.starts_with(&format!("can't serve on 127.0.0.1:{port}: ")), "{taken}");
    again.stop().await;
}

#[tokio::test]
async fn only_who_has_the_token_gets_in() {
    let api = fast().await;
    let right = format!("Authorization: Bearer {TOKEN}");
    for (header, expected) in [(right.as_str(), 200), ("Authorization: Bearer other", 401)] {
        let (status, head, _) = ask_with(&api, "GET /private/profile", header, "").await;
        assert_eq!(status, expected, "{header}");
        assert_eq!(head.contains("www-authenticate: bearer"), expected == 401);
        let body = r#"{"model": "m", "messages": [{"role": "user", "content": "a b"}]}"#;
        let (status, _, _) = ask_with(&api, "POST /v1/chat/completions", header, body).await;
        assert_eq!(status, expected, "{header}");
    }
    let (status, _, _) = ask_with(&api, "POST /v1/chat/completions", &right, "{}").await;
    assert_eq!(status, 400, "a model is wanted");
}

#[tokio::test]
async fn tokens_are_given_to_the_client_alone_and_can_be_revoked() {
    let api = fast().await;
    let grant = format!("grant_type=client_credentials&client_id={CLIENT_ID}");
    let form = "Content-Type: application/x-www-form-urlencoded";
    let get = async |body: &str| ask_with(&api, "POST /oauth/token", form, body).await;
    assert_eq!(get(&format!("{grant}&client_secret=wrong")).await.0, 401);
    assert_eq!(get("grant_type=password&client_id=shop&client_secret=demo-secret").await.0, 400);
    let (status, _, body) = get(&format!("{grant}&client_secret={CLIENT_SECRET}")).await;
    let token = body["access_token"].as_str().expect("a token").to_owned();
    assert_eq!((status, &body["token_type"]), (200, &json!("Bearer")));

    let orders = async |token: &str| {
        let header = format!("Authorization: Bearer {token}");
        ask_with(&api, "GET /private/orders", &header, "").await.0
    };
    assert_eq!((orders(&token).await, orders(TOKEN).await), (200, 401));
    api.revoke_tokens();
    assert_eq!(orders(&token).await, 401);
    let (_, _, body) = get(&format!("{grant}&client_secret={CLIENT_SECRET}")).await;
    assert_ne!(body["access_token"], token.as_str());
}

#[tokio::test]
async fn a_quota_is_told_and_what_goes_beyond_it_is_refused() {
    let api = fast().await;
    let (status, head, _) = ask(&api, "GET /limited/1", None, "").await;
    assert_eq!(status, 200);
    assert!(head.contains("ratelimit: \"default\";r=0;t=1"), "{head}");
    let (status, head, _) = ask(&api, "GET /limited/1", None, "").await;
    assert_eq!(status, 429);
    assert!(head.contains("retry-after: 1"), "{head}");
    assert_eq!(ask(&api, "GET /limited/1?key=mine", None, "").await.0, 200);
}

#[tokio::test]
async fn who_has_the_present_document_is_not_sent_it_again() {
    let api = fast().await;
    let (status, head, _) = ask(&api, "GET /documents/7", None, "").await;
    assert_eq!(status, 200);
    assert!(head.contains("etag: \"7-1\""), "{head}");
    let (status, _, body) = ask_with(&api, "GET /documents/7", "If-None-Match: \"7-1\"", "").await;
    assert_eq!((status, body), (304, Value::Null));
}
