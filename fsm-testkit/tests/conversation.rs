//! Conversations over real sockets, seen from both ends: what the client gets, and what the report
//! says.

use std::time::{Duration, Instant};

use fsm_testkit::conversation::{
    Answer, Conversation, ConversationError, Request, any, containing, same, starting_with,
    such_that,
};
use reqwest::{Client, Response};
use serde_json::{Value, json};

/// A client that keeps no connection, so that each request is met by the wire alone.
fn client() -> Client {
    Client::builder().pool_max_idle_per_host(0).build().expect("a client")
}

async fn get(url: String) -> Result<Response, reqwest::Error> {
    client().get(url).send().await
}

async fn post(url: String, body: Value) -> u16 {
    client().post(url).json(&body).send().await.expect("an answer").status().as_u16()
}

/// What went wrong on the way, to the deepest cause.
fn causes(error: &reqwest::Error) -> String {
    let mut causes = error.to_string();
    let mut deeper = std::error::Error::source(error);
    while let Some(cause) = deeper {
        causes = format!("{causes}: {cause}");
        deeper = cause.source();
    }
    causes
}

/// The status of one request to a script that expects this one.
async fn fits(
    expected: Request,
    send: impl FnOnce(Client, String) -> reqwest::RequestBuilder,
) -> bool {
    let script = Conversation::new().expect(expected).answer(Answer::status(204));
    let api = script.start().await.expect("a port");
    let answer = send(client(), api.url()).send().await.expect("an answer");
    let finished = api.finish().await;
    let fits = answer.status() == 204;
    assert_eq!(fits, finished.is_ok(), "the answer and the verdict agree: {finished:?}");
    assert!(fits || answer.status().as_u16() == 599);
    fits
}

#[tokio::test]
async fn a_conversation_goes_as_its_script_says() {
    let api = Conversation::new()
        .expect(Request::post("/orders").json(json!({ "sku": 7 })).header("idempotency-key", any()))
        .answer(Answer::json(201, json!({ "id": 1 })))
        .expect(Request::get("/orders/1"))
        .answer(Answer::status(503).header("retry-after", "1"))
        .expect(Request::get("/orders/{id}"))
        .answer_with(|request| Answer::json(200, json!({ "id": request.segment("id") })))
        .start()
        .await
        .expect("a port");
    let order = client().post(format!("{}/orders", api.url())).header("Idempotency-Key", "k");
    let order = order.json(&json!({ "sku": 7 })).send().await.expect("an answer");
    assert_eq!(order.status(), 201);
    assert_eq!(order.json::<Value>().await.expect("JSON"), json!({ "id": 1 }));
    let busy = get(format!("{}/orders/1", api.url())).await.expect("an answer");
    assert_eq!(
        (busy.status().as_u16(), &busy.headers()["retry-after"]),
        (503, &"1".parse().unwrap())
    );
    let found = get(format!("{}/orders/1", api.url())).await.expect("an answer");
    assert_eq!(found.json::<Value>().await.expect("JSON"), json!({ "id": "1" }));
    let lines: Vec<String> = api.requests().iter().map(|request| request.line()).collect();
    assert_eq!(lines, ["POST /orders", "GET /orders/1", "GET /orders/1"]);
    api.finish().await.expect("it went well");
}

#[tokio::test]
async fn every_matcher_takes_what_it_should_and_nothing_else() {
    let get = |target: &'static str| {
        move |client: Client, url: String| client.get(format!("{url}{target}"))
    };
    assert!(fits(Request::get("/a b/{id}"), get("/a%20b/7")).await);
    assert!(!fits(Request::get("/a/{id}"), get("/a/7/8")).await);
    assert!(!fits(Request::post("/a"), get("/a")).await);
    assert!(fits(Request::get("/a?x=1&y=2"), get("/a?y=2&x=1")).await);
    assert!(!fits(Request::get("/a?x=1"), get("/a?x=1&y=2")).await);
    assert!(fits(Request::get("/a"), get("/a?x=1")).await);
    assert!(fits(Request::get("/a").parameter("x", "1 2"), get("/a?y=0&x=1+2")).await);
    assert!(!fits(Request::get("/a").parameter("x", "1"), get("/a?x=2")).await);
    let twice = Request::get("/a").parameter("x", "1").parameter("x", "2");
    assert!(fits(twice.clone(), get("/a?x=1&x=2")).await);
    assert!(!fits(twice, get("/a?x=1")).await);
    assert!(!fits(Request::get("/a").such_that("has no path", |_| false), get("/a")).await);

    let send = |name: &'static str, value: &'static str| {
        move |client: Client, url: String| client.get(format!("{url}/a")).header(name, value)
    };
    let wants = |text: fsm_testkit::conversation::Text| Request::get("/a").header("X-Kind", text);
    assert!(fits(wants(any()), send("x-kind", "blue")).await);
    assert!(fits(wants("blue".into()), send("x-kind", "blue")).await);
    assert!(fits(wants(starting_with("bl")), send("x-kind", "blue")).await);
    assert!(fits(wants(containing("lu")), send("x-kind", "blue")).await);
    assert!(
        fits(wants(such_that("is short", |text| text.len() < 5)), send("x-kind", "blue")).await
    );
    for other in [
        wants("red".into()),
        wants(starting_with("lu")),
        wants(containing("x")),
        wants(such_that("is long", |text| text.len() > 5)),
        Request::get("/a").without_header("x-kind"),
        Request::get("/a").header("x-other", any()),
    ] {
        assert!(!fits(other.clone(), send("x-kind", "blue")).await, "{other:?}");
    }

    let post = |body: Value| {
        move |client: Client, url: String| client.post(format!("{url}/a")).json(&body)
    };
    let body = json!({ "a": 1, "b": [1, 2] });
    let a = || Request::post("/a");
    assert!(fits(a().json(json!({ "b": [1, 2.0], "a": 1 })), post(body.clone())).await);
    assert!(!fits(a().json(json!({ "a": 1 })), post(body.clone())).await);
    assert!(fits(a().json_including(json!({ "a": 1 })), post(body.clone())).await);
    assert!(!fits(a().json_including(json!({ "c": 1 })), post(body.clone())).await);
    let even = |body: &Value| body["b"].as_array().is_some_and(|items| items.len() % 2 == 0);
    assert!(fits(a().json_such_that("has an even number", even), post(body.clone())).await);
    assert!(!fits(a().json_such_that("has an even number", even), post(json!({}))).await);
    assert!(!fits(a().no_body(), post(body.clone())).await);
    assert!(fits(a().text(starting_with("{\"a\"")), post(body.clone())).await);
    assert!(fits(a().bytes(&br#"{"a":1,"b":[1,2]}"#[..]), post(body.clone())).await);
    assert!(!fits(a().bytes(&b"{}"[..]), post(body)).await);

    let form = |client: Client, url: String| {
        client.post(format!("{url}/a")).form(&[("grant", "code"), ("note", "a&b c")])
    };
    assert!(fits(a().field("note", "a&b c").field("grant", any()), form).await);
    assert!(!fits(a().field("note", "a"), form).await);
    assert!(!fits(a().json(json!({})), form).await);
}

#[tokio::test]
async fn a_retry_carries_the_key_of_the_first_attempt() {
    let charge = || Request::post("/charge").header("idempotency-key", same("the key"));
    for (second, good) in [("k-1", true), ("k-2", false)] {
        let api = Conversation::new()
            .expect(charge())
            .answer(Answer::status(503))
            .expect(charge())
            .answer(Answer::status(201))
            .start()
            .await
            .expect("a port");
        for key in ["k-1", second] {
            let charge = client().post(format!("{}/charge", api.url()));
            charge.header("idempotency-key", key).send().await.expect("an answer");
        }
        assert_eq!(api.finish().await.is_ok(), good);
    }
}

#[tokio::test]
async fn faults_happen_on_the_wire() {
    let body = Answer::text(200, "0123456789");
    let api = Conversation::new()
        .expect(Request::get("/reset"))
        .reset()
        .expect(Request::get("/close"))
        .close()
        .expect(Request::get("/garbage"))
        .garbage("SSH-2.0-OpenSSH_9.6\r\n")
        .expect(Request::get("/stall"))
        .stall()
        .expect(Request::get("/cut"))
        .answer(body.clone().cut_body(4))
        .expect(Request::get("/reset-body"))
        .answer(body.clone().reset_body(4))
        .expect(Request::get("/stall-body"))
        .answer(body.clone().stall_body(4))
        .expect(Request::get("/drip"))
        .answer(body.clone().drip(3, Duration::from_millis(20)))
        .expect(Request::get("/late"))
        .answer(body.after(Duration::from_millis(50)))
        .start()
        .await
        .expect("a port");
    let at = |path: &str| format!("{}{path}", api.url());
    let failed = |error: reqwest::Error| causes(&error);

    let reset = get(at("/reset")).await.map_err(failed).expect_err("reset");
    assert!(reset.to_lowercase().contains("connection reset"), "{reset}");
    let closed = get(at("/close")).await.map_err(failed).expect_err("closed");
    assert!(closed.contains("connection closed before message completed"), "{closed}");
    let garbage = get(at("/garbage")).await.map_err(failed).expect_err("garbage");
    assert!(garbage.contains("invalid HTTP version parsed"), "{garbage}");
    let patience = Duration::from_millis(100);
    let stalled = client().get(at("/stall")).timeout(patience).send().await.expect_err("stalled");
    assert!(stalled.is_timeout(), "{stalled:?}");

    let mut cut = get(at("/cut")).await.expect("a head");
    assert_eq!(cut.content_length(), Some(10));
    assert_eq!(cut.chunk().await.expect("the beginning").expect("some"), "0123");
    let end = cut.chunk().await.map_err(failed).expect_err("cut short");
    assert!(end.contains("end of file before message length reached"), "{end}");
    let mut reset = get(at("/reset-body")).await.expect("a head");
    let mut read = Vec::new();
    let end = loop {
        match reset.chunk().await {
            Ok(chunk) => read.extend(chunk.expect("it does not end well")),
            Err(error) => break causes(&error),
        }
    };
    assert!(end.to_lowercase().contains("connection reset") && read.len() <= 4, "{end}");
    let mut stalled =
        client().get(at("/stall-body")).timeout(patience).send().await.expect("a head");
    assert_eq!(stalled.chunk().await.expect("the beginning").expect("some"), "0123");
    assert!(stalled.chunk().await.expect_err("stalled").is_timeout());

    let begin = Instant::now();
    assert_eq!(get(at("/drip")).await.expect("a head").text().await.expect("all"), "0123456789");
    assert!(begin.elapsed() >= Duration::from_millis(60), "three pauses: {:?}", begin.elapsed());
    let begin = Instant::now();
    assert_eq!(get(at("/late")).await.expect("an answer").text().await.expect("all"), "0123456789");
    assert!(begin.elapsed() >= Duration::from_millis(50));
    api.finish().await.expect("all of it was expected");
}

#[tokio::test]
async fn order_is_kept_but_where_it_is_loosened() {
    let script = || {
        let get = |path: &str| Request::get(path);
        Conversation::new()
            .whenever(Request::post("/token"))
            .answer(Answer::status(200))
            .expect(get("/first"))
            .answer(Answer::status(200))
            .in_any_order(|group| {
                group.expect(get("/a")).answer(Answer::status(200)).in_order(|pages| {
                    pages
                        .expect(get("/b1"))
                        .answer(Answer::status(200))
                        .expect(get("/b2"))
                        .answer(Answer::status(200))
                })
            })
            .expect(get("/poll"))
            .at_least(2)
            .answer(Answer::status(200))
            .expect(get("/maybe"))
            .at_most(1)
            .answer(Answer::status(200))
            .expect(get("/last"))
            .times(2)
            .answer(Answer::status(200))
    };
    let good = [
        "/first /a /b1 /b2 /poll /poll /last /last",
        "/first /b1 TOKEN /a /b2 /poll /poll /poll /maybe TOKEN /last /last TOKEN",
    ];
    let bad = [
        "/a /first",
        "/first /b2",
        "/first /a /b1 /poll",
        "/first /a /b1 /b2 /poll /last",
        "/first /a /b1 /b2 /poll /poll /maybe /maybe",
        "/first /a /b1 /b2 /poll /poll /last",
        "/first /a /b1 /b2 /poll /poll /last /last /last",
        "/first /first",
    ];
    for (said, expected) in
        good.map(|said| (said, true)).into_iter().chain(bad.map(|said| (said, false)))
    {
        let api = script().start().await.expect("a port");
        for path in said.split(' ') {
            match path {
                "TOKEN" => drop(post(format!("{}/token", api.url()), json!({})).await),
                path => drop(get(format!("{}{path}", api.url())).await.expect("an answer")),
            }
        }
        assert_eq!(api.finish().await.is_ok(), expected, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_at_once_are_each_answered_with_their_own() {
    let script = Conversation::new().in_any_order(|group| {
        (0..100).fold(group, |group, number| {
            let answer = Answer::json(200, number).after(Duration::from_millis(5));
            group.expect(Request::get(format!("/items/{number}"))).answer(answer)
        })
    });
    let api = script.start().await.expect("a port");
    let shared = Client::new();
    let calls: Vec<_> = (0..100)
        .rev()
        .map(|number| {
            let call = shared.get(format!("{}/items/{number}", api.url()));
            tokio::spawn(async move {
                let answer = call.send().await.expect("an answer");
                (number, answer.json::<Value>().await.expect("JSON"))
            })
        })
        .collect();
    for call in calls {
        let (number, answer) = call.await.expect("no panic");
        assert_eq!(answer, json!(number));
    }
    api.finish().await.expect("each came once");
}

#[tokio::test]
async fn a_connection_is_kept_and_bodies_may_come_in_chunks() {
    let api = Conversation::new()
        .expect(Request::put("/upload").text("0123456789").header("transfer-encoding", "chunked"))
        .answer(Answer::status(204))
        .expect(Request::head("/upload"))
        .answer(Answer::text(200, "0123456789"))
        .expect(Request::get("/upload"))
        .answer(Answer::text(200, "0123456789"))
        .start()
        .await
        .expect("a port");
    use std::io::{Read, Write};
    let address = api.url().replace("http://", "");
    let said = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).expect("it listens");
        let text = "PUT /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                    4;a=b\r\n0123\r\n6\r\n456789\r\n0\r\nTrailer: x\r\n\r\n\
                    HEAD /upload HTTP/1.1\r\nHost: a\r\n\r\n\
                    GET http://proxied/upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        for piece in text.as_bytes().chunks(7) {
            stream.write_all(piece).expect("it reads");
        }
        let mut said = String::new();
        stream.read_to_string(&mut said).expect("it answers and closes");
        said
    });
    let said = said.await.expect("no panic");
    api.finish().await.expect("it went well");
    insta::assert_snapshot!(said.replace('\r', ""));
}

#[tokio::test]
async fn what_is_no_request_is_told() {
    for (text, why) in [
        ("\u{16}\u{3}\u{1}", "a TLS handshake"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "the preface of HTTP/2"),
        ("HELLO\r\n\r\n", "in its head"),
        ("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "a Content-Length that is no number"),
    ] {
        use std::io::{Read, Write};
        let api = Conversation::new().start().await.expect("a port");
        let address = api.url().replace("http://", "");
        let spoken = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(address).expect("it listens");
            stream.write_all(text.as_bytes()).expect("it reads");
            stream.read_to_end(&mut Vec::new()).expect("it closes")
        });
        assert!(spoken.await.expect("no panic") > 0);
        let report = api.finish().await.expect_err("no request").to_string();
        assert!(report.contains(why), "{report}");
    }
}

#[tokio::test]
async fn the_report_on_another_body_shows_the_lines_that_differ() {
    let body = |sku: u32, city: &str| {
        json!({
            "customer": { "name": "Ada", "city": city, "country": "UK", "vip": true },
            "lines": [{ "sku": sku, "count": 1 }],
            "currency": "EUR", "note": null, "gift": false
        })
    };
    let api = Conversation::new()
        .expect(Request::get("/stock/7"))
        .answer(Answer::json(200, json!({ "left": 3 })))
        .expect(Request::post("/orders").json(body(7, "London")).header("idempotency-key", any()))
        .answer(Answer::json(201, json!({ "id": 1 })))
        .expect(Request::get("/orders/1"))
        .times(2)
        .answer(Answer::status(200).cut_body(0).body("12"))
        .start()
        .await
        .expect("a port");
    get(format!("{}/stock/7", api.url())).await.expect("an answer");
    let answer =
        client().post(format!("{}/orders", api.url())).json(&body(8, "London")).send().await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status().as_u16(), 599);
    let told = answer.text().await.expect("a report");
    get(format!("{}/orders/1", api.url())).await.expect("an answer");
    let report = api.finish().await.expect_err("another body").to_string();
    assert!(report.contains(told.trim_end()), "the client is told the same:\n{told}\n{report}");
    insta::assert_snapshot!(report);
}

#[tokio::test]
async fn the_report_on_a_request_in_a_group_names_the_nearest() {
    let api = Conversation::new()
        .in_any_order(|group| {
            group
                .expect(Request::get("/users/7?expand=posts"))
                .answer(Answer::status(200))
                .expect(Request::get("/users/{id}/posts").parameter("page", "1"))
                .reset()
        })
        .start()
        .await
        .expect("a port");
    get(format!("{}/users/7/posts?page=2", api.url())).await.expect("an answer");
    let report = api.finish().await.expect_err("another page").to_string();
    insta::assert_snapshot!(report);
}

#[tokio::test]
async fn the_report_on_a_request_that_nothing_expects_shows_all_of_it() {
    let api = Conversation::new()
        .expect(Request::get("/a"))
        .answer(Answer::status(200))
        .start()
        .await
        .expect("a port");
    get(format!("{}/a", api.url())).await.expect("an answer");
    let again = client().post(format!("{}/b?x=1&access_token=hunter2", api.url()));
    let again = again.bearer_auth("hunter2").header("x-kind", "blue");
    again.json(&json!({ "name": "Ada", "password": "hunter2" })).send().await.expect("an answer");
    let report = api.finish().await.expect_err("one too many").to_string();
    assert!(!report.contains("hunter2"));
    insta::assert_snapshot!(report);
}

#[tokio::test]
async fn the_report_leaves_secrets_out_and_says_that_they_differ() {
    let api = Conversation::new()
        .secret("iban")
        .expect(
            Request::post("/pay?api_key=hunter1")
                .header("authorization", "Bearer hunter1")
                .header("cookie", containing("hunter1"))
                .json(json!({ "card": { "card_token": "hunter1" }, "IBAN": "hunter1", "sum": 5 })),
        )
        .answer(Answer::status(200))
        .start()
        .await
        .expect("a port");
    let pay = client().post(format!("{}/pay?api_key=hunter2", api.url())).bearer_auth("hunter2");
    let pay = pay.header("cookie", "sid=hunter2");
    let body = json!({ "card": { "card_token": "hunter2" }, "IBAN": "hunter2", "sum": 5 });
    pay.json(&body).send().await.expect("an answer");
    let report = api.finish().await.expect_err("other secrets").to_string();
    assert!(!report.contains("hunter"), "{report}");
    insta::assert_snapshot!(report);
}

#[tokio::test]
async fn the_report_says_what_did_not_come() {
    let api = Conversation::new()
        .whenever(Request::post("/token"))
        .at_least(1)
        .answer(Answer::status(200))
        .expect(Request::get("/a"))
        .answer_with(|_| Answer::status(200))
        .expect(Request::get("/poll"))
        .at_least(2)
        .stall()
        .expect(Request::get("/maybe"))
        .at_most(1)
        .close()
        .start()
        .await
        .expect("a port");
    get(format!("{}/a", api.url())).await.expect("an answer");
    let error = api.finish().await.expect_err("much is missing");
    assert_eq!(format!("{error:?}"), error.to_string(), "an unwrap shows the report");
    insta::assert_snapshot!(error.to_string());
}

#[tokio::test]
async fn code_of_the_script_that_fails_is_told() {
    let api = Conversation::new()
        .expect(Request::get("/a"))
        .answer_with(|request| panic!("no answer to {}", request.line()))
        .expect(Request::get("/b"))
        .answer_with(|_| Answer::status(42))
        .start()
        .await
        .expect("a port");
    for path in ["/a", "/b"] {
        let answer = get(format!("{}{path}", api.url())).await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 599);
    }
    let report = api.finish().await.expect_err("no answers").to_string();
    assert!(report.contains("code of the script panicked when it was asked about `GET /a`"));
    assert!(report.contains("then the answer that was made for `GET /b` can't be sent: 42 is no"));
}

#[tokio::test]
async fn a_script_that_cannot_be_played_is_refused_with_all_its_faults() {
    let error = Conversation::new()
        .expect(Request::get("orders").header("a b", any()))
        .answer(Answer::status(99).header("x", "a\nb"))
        .in_any_order(|group| group.expect(Request::get("/a")).times(0).reset())
        .whenever(Request::get("/b"))
        .answer(Answer::text(200, "abc").cut_body(3).drip(0, Duration::ZERO))
        .start()
        .await
        .expect_err("faults");
    let ConversationError::Script(faults) = &error else { panic!("{error}") };
    assert_eq!(faults.len(), 7, "{error}");
    insta::assert_snapshot!(error.to_string().replace("; ", "\n"));
}

#[tokio::test]
async fn who_forgets_to_finish_is_reminded() {
    let api = Conversation::new().expect(Request::get("/a")).reset().start().await.expect("a port");
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(api)));
    let message = dropped.expect_err("a panic");
    let message = message.downcast_ref::<String>().expect("a report");
    assert!(message.contains("✘  1  GET /a → reset   (did not happen)"), "{message}");
    drop(Conversation::new().start().await.expect("a port"));
}

#[tokio::test]
async fn a_call_in_the_background_is_waited_for() {
    let api = Conversation::new()
        .expect(Request::get("/a"))
        .answer(Answer::status(204).after(Duration::from_millis(50)))
        .start()
        .await
        .expect("a port");
    let url = format!("{}/a", api.url());
    let call = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        get(url).await.map(|answer| answer.status().as_u16()).ok()
    });
    let begin = Instant::now();
    api.finish_within(Duration::from_secs(10)).await.expect("it came");
    assert!(begin.elapsed() < Duration::from_secs(5), "it is not waited for longer than needed");
    assert_eq!(call.await.expect("no panic"), Some(204), "nor cut off");
    let api = Conversation::new().expect(Request::get("/a")).reset().start().await.expect("a port");
    assert!(api.finish_within(Duration::from_millis(20)).await.is_err());
}
