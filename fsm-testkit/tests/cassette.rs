//! Cassettes: recorded from an API on loopback, read in the file, and played without it.

use std::fs;
use std::path::{Path, PathBuf};

use fsm_testkit::cassette::{Cassette, CassetteError, Deck, Mode};
use fsm_testkit::conversation::{Answer, Conversation, Request, ScriptedApi, any};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What must not be in any file.
const SECRETS: [&str; 9] = [
    "hunter-password",
    "hunter-basic",
    "hunter-token",
    "hunter-key",
    "hunter-session",
    "hunter-form",
    "hunter-iban",
    "hunter-refresh",
    "98765432109",
];

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cassettes/orders.json");
    (folder, path)
}

async fn start(script: Conversation) -> ScriptedApi {
    script.start().await.expect("a port")
}

async fn record(path: &Path, upstream: &str) -> Deck {
    Cassette::record(path, upstream).secret("iban").start().await.expect("a deck")
}

async fn play(path: &Path) -> ScriptedApi {
    start(Conversation::from_cassette(path).expect("a cassette")).await
}

async fn get(url: String) -> Response {
    Client::new().get(url).send().await.expect("an answer")
}

/// A client that logs in and does some business. Gives what it was told.
async fn business(url: &str) -> Vec<Value> {
    let client = Client::new();
    let mut told = Vec::new();
    let login = client.post(format!("{url}/login?api_key=hunter-key"));
    let login = login.basic_auth("ada", Some("hunter-basic"));
    let body = json!({ "user": "ada", "password": "hunter-password", "pin": { "secret": 98_765_432_109_u64 } });
    let answer = login.json(&body).send().await.expect("an answer");
    let token = answer.json::<Value>().await.expect("JSON")["access_token"].clone();
    let token = token.as_str().expect("a token").to_owned();
    told.push(json!(token.len() > 3));

    let order = client.post(format!("{url}/orders")).bearer_auth(&token);
    let order = order.header("idempotency-key", format!("{:?}", std::time::Instant::now()));
    let order =
        order.json(&json!({ "sku": 7, "iban": "hunter-iban", "callback": format!("{url}/done") }));
    let answer = order.send().await.expect("an answer");
    told.push(json!(answer.status().as_u16()));
    let place = answer.headers()["location"].to_str().expect("a url").to_owned();
    assert!(place.starts_with(url), "{place} leads here");
    let answer = client.get(place).bearer_auth(&token).header("cookie", "sid=hunter-session");
    told.push(answer.send().await.expect("an answer").json().await.expect("JSON"));

    let form =
        client.post(format!("{url}/form")).form(&[("a", "1"), ("client_secret", "hunter-form")]);
    told.push(form.send().await.expect("an answer").text().await.expect("text").into());
    let bytes = client.get(format!("{url}/bytes")).send().await.expect("an answer");
    told.push(json!(bytes.bytes().await.expect("bytes").to_vec()));
    told
}

/// What is done above, on the other side.
fn shop() -> Conversation {
    Conversation::new()
        .expect(
            Request::post("/v2/login?api_key=hunter-key")
                .header("authorization", "Basic YWRhOmh1bnRlci1iYXNpYw==")
                .json_including(json!({ "password": "hunter-password" })),
        )
        .answer(
            Answer::json(200, json!({ "access_token": "hunter-token", "expires_in": 60, "token_type": "bearer",
                "more": { "refresh_token": ["hunter-refresh"] } }))
                .header("set-cookie", "sid=hunter-session; Path=/; HttpOnly"),
        )
        .expect(
            Request::post("/v2/orders")
                .header("authorization", "Bearer hunter-token")
                .header("idempotency-key", any())
                .json_such_that("has a callback to itself", |body| {
                    let text = body["callback"].as_str().unwrap_or_default();
                    text.starts_with("http://") && text.ends_with("/v2/done")
                }),
        )
        .answer_with(|request| {
            let host = request.header("host").unwrap_or_default();
            Answer::status(201).header("location", format!("http://{host}/v2/orders/1"))
        })
        .expect(Request::get("/v2/orders/1").header("authorization", "Bearer hunter-token"))
        .answer_with(|request| {
            let host = request.header("host").unwrap_or_default();
            Answer::json(
                200,
                json!({ "id": 1, "self": format!("http://{host}/v2/orders/1"),
                    "note": "paid by hunter-iban with 98765432109, told to YWRhOmh1bnRlci1iYXNpYw==" }),
            )
        })
        .expect(Request::post("/v2/form").field("client_secret", "hunter-form"))
        .answer(Answer::text(200, "thank you"))
        .expect(Request::get("/v2/bytes"))
        .answer(Answer::status(200).body(&[0_u8, 255, 254][..]))
}

#[tokio::test]
async fn what_is_recorded_is_played_without_the_api_and_without_its_secrets() {
    let (_folder, path) = folder();
    let api = start(shop()).await;
    let deck = record(&path, &format!("{}/v2/", api.url())).await;
    assert!(deck.is_recording());
    let told = business(&deck.url()).await;
    assert!(!path.exists(), "nothing is written before the end");
    deck.finish().await.expect("it was recorded");
    api.finish().await.expect("the API saw what it should");

    let text = fs::read_to_string(&path).expect("a file");
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
    assert!(!text.contains("YWRhOmh1bnRlci1iYXNpYw"), "nor in base64:\n{text}");
    insta::assert_snapshot!(text);
    let beside = fs::read_dir(path.parent().expect("a folder")).expect("a folder").count();
    assert_eq!(beside, 1, "no half-written file is left");

    let api = play(&path).await;
    let mut again = business(&api.url()).await;
    api.finish().await.expect("the same conversation");
    // What the played API tells of a secret is not the secret.
    assert!(again[2]["note"].as_str().is_some_and(|note| note.contains("[redacted]")));
    assert!(again[2]["self"].as_str().is_some_and(|url| url.ends_with("/orders/1")));
    again[2] = told[2].clone();
    assert_eq!(again, told);
}

#[tokio::test]
async fn secrets_in_urls_that_nobody_calls_are_taken_out_too() {
    let (_folder, path) = folder();
    let script = Conversation::new().expect(Request::get("/file")).answer(
        Answer::json(
            200,
            json!({ "get": "https://s3.test/a?X-Amz-Signature=hunter-signed&X-Amz-Date=1",
                "note": "or at <https://s3.test/b?size=1&access_token=hunter%2Dtoken>" }),
        )
        .header("location", "https://app.test/back#state=1&access_token=hunter-fragment"),
    );
    let api = start(script).await;
    let deck = record(&path, &api.url()).await;
    get(format!("{}/file", deck.url())).await;
    deck.finish().await.expect("it was recorded");
    let text = fs::read_to_string(&path).expect("a file");
    for secret in ["hunter-signed", "hunter%2Dtoken", "hunter-fragment"] {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
    assert!(text.contains("X-Amz-Date=1") && text.contains("state=1"), "all else stays:\n{text}");
}

#[tokio::test]
async fn passwords_in_urls_and_both_halves_of_a_secret_header_are_taken_out() {
    let (_folder, path) = folder();
    let script = Conversation::new().expect(Request::get("/echo")).answer(Answer::json(
        200,
        json!({ "db": "postgres://shop:hunter-password@db.test/shop", "first": "hunter-one" }),
    ));
    let api = start(script).await;
    let deck = record(&path, &api.url()).await;
    let asked = Client::new().get(format!("{}/echo", deck.url()));
    asked.header("x-api-key", "hunter-one hunter-two").send().await.expect("an answer");
    deck.finish().await.expect("it was recorded");
    let text = fs::read_to_string(&path).expect("a file");
    assert!(!text.contains("hunter"), "a secret is in\n{text}");
    assert!(text.contains("postgres://shop:"), "all else stays:\n{text}");
}

#[tokio::test]
async fn another_conversation_is_told_line_by_line() {
    let (_folder, path) = folder();
    let script = || {
        Conversation::new()
            .expect(Request::post("/orders"))
            .answer(Answer::json(201, json!({ "id": 1 })))
            .expect(Request::get("/orders/1"))
            .answer(Answer::status(200))
    };
    let order = |url: String, sku: u32| async move {
        let body = json!({ "sku": sku, "token": "hunter-token" });
        Client::new().post(format!("{url}/orders")).json(&body).send().await.expect("an answer");
    };
    let api = start(script()).await;
    let deck = record(&path, &api.url()).await;
    order(deck.url(), 7).await;
    get(format!("{}/orders/1", deck.url())).await;
    deck.finish().await.expect("it was recorded");
    api.finish().await.expect("it went well");

    let deck = Cassette::open(&path, "http://nobody.test").mode(Mode::Replay).start().await;
    let deck = deck.expect("a cassette");
    assert!(!deck.is_recording());
    order(deck.url(), 8).await;
    let error = deck.finish().await.expect_err("another order").to_string();
    insta::assert_snapshot!(error.replace(&path.display().to_string(), "orders.json"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_under_way_together_may_come_in_any_order_and_is_written_in_one() {
    use std::time::Duration;
    let mut files = Vec::new();
    for order in [["a", "b", "c"], ["c", "a", "b"]] {
        let (_folder, path) = folder();
        let api = Conversation::new()
            .expect(Request::get("/first"))
            .answer(Answer::status(200))
            .in_any_order(|group| {
                ["a", "b", "c"].into_iter().fold(group, |group, name| {
                    let answer = Answer::text(200, name).after(Duration::from_millis(200));
                    group.expect(Request::get(format!("/{name}"))).answer(answer)
                })
            });
        let api = start(api).await;
        let deck = record(&path, &api.url()).await;
        get(format!("{}/first", deck.url())).await;
        let calls = order.map(|name| tokio::spawn(get(format!("{}/{name}", deck.url()))));
        for call in calls {
            call.await.expect("no panic");
        }
        deck.finish().await.expect("it was recorded");
        api.finish().await.expect("it went well");
        files.push(fs::read_to_string(&path).expect("a file"));

        let api = play(&path).await;
        get(format!("{}/first", api.url())).await;
        for name in ["b", "c", "a"] {
            let answer = get(format!("{}/{name}", api.url())).await;
            assert_eq!(answer.text().await.expect("text"), name);
        }
        api.finish().await.expect("any order will do");
    }
    assert_eq!(files[0], files[1]);
    assert!(files[0].contains("in_any_order"), "{}", files[0]);
}

#[tokio::test]
async fn once_records_and_then_plays_and_replay_never_records() {
    let (_folder, path) = folder();
    let missing = Cassette::open(&path, "http://127.0.0.1:9").mode(Mode::Replay).start().await;
    let Err(CassetteError::Read { .. }) = missing else { panic!("there is none: {missing:?}") };
    for recording in [true, false] {
        let script =
            Conversation::new().whenever(Request::get("/a")).answer(Answer::text(200, "a"));
        let api = start(script).await;
        let deck = Cassette::open(&path, api.url()).mode(Mode::Once).start().await.expect("a deck");
        assert_eq!(deck.is_recording(), recording);
        assert_eq!(get(format!("{}/a", deck.url())).await.text().await.expect("text"), "a");
        deck.finish().await.expect("it went well");
        assert_eq!(api.requests().len(), usize::from(recording));
    }
}

#[tokio::test]
async fn a_recording_that_fails_leaves_what_was_there() {
    let (_folder, path) = folder();
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, "what was there").expect("a file");
    // Nobody listens: the port was free a moment ago.
    let nobody = start(Conversation::new()).await;
    let url = nobody.url();
    nobody.finish().await.expect("nobody called");
    let deck = record(&path, &url).await;
    assert_eq!(get(format!("{}/a?token=hunter-token", deck.url())).await.status(), 502);
    let error = deck.finish().await.expect_err("nobody listens").to_string();
    assert!(
        error.starts_with("GET /a can't be recorded: ") && !error.contains("hunter"),
        "{error}"
    );

    let script = Conversation::new()
        .expect(Request::get("/zip"))
        .answer(Answer::status(200).header("content-encoding", "br").body("abc"))
        .expect(Request::get("/binary"))
        .answer(Answer::status(200).body(&b"\xff hunter-token"[..]));
    let api = start(script).await;
    for (path_asked, why) in [("/zip", "compressed"), ("/binary", "binary, and a secret")] {
        let deck = record(&path, &api.url()).await;
        let call = Client::new().get(format!("{}{path_asked}", deck.url()));
        call.bearer_auth("hunter-token").send().await.expect("an answer");
        let error = deck.finish().await.expect_err("it can't be searched").to_string();
        assert!(error.contains(why), "{error}");
    }
    api.finish().await.expect("it went well");

    drop(record(&path, "http://127.0.0.1:9").await);
    assert_eq!(fs::read_to_string(&path).expect("a file"), "what was there");
    let beside = fs::read_dir(path.parent().expect("a folder")).expect("a folder").count();
    assert_eq!(beside, 1);
    for url in ["ftp://a.test", "http://ada:pw@a.test", "http://a.test?key=1", "a.test"] {
        let refused = Cassette::record(&path, url).start().await;
        assert!(matches!(refused, Err(CassetteError::Upstream { .. })), "{url}");
    }
}

#[test]
fn a_damaged_cassette_is_refused_with_the_line() {
    let (_folder, path) = folder();
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let exchange = |request: &str, answer: &str| {
        format!(
            "{{\n  \"cassette\": 1,\n  \"conversation\": [\n    {{\n      \"request\": {request},\n      \
             \"answer\": {answer}\n    }}\n  ]\n}}\n"
        )
    };
    let good = r#"{ "method": "GET", "path": "/" }"#;
    let table = [
        (exchange(good, r#"{ "status": 200 }"#), None),
        (exchange(good, r#"{ "status": 200 "#), Some((8, "expected `,` or `}`"))),
        (exchange(good, r#"{ "status": 20 }"#), Some((6, "20 is no status from 200 to 599"))),
        (exchange(good, r#"{ "status": 200, "jsn": 1 }"#), Some((6, "unknown field `jsn`"))),
        (
            exchange(good, r#"{ "status": 200, "json": 1, "text": "" }"#),
            Some((7, "a body is one of")),
        ),
        (
            exchange(good, r#"{ "status": 200, "base64": "?" }"#),
            Some((6, "`base64` can't be decoded")),
        ),
        (
            exchange(good, r#"{ "status": 200, "headers": { "a b": "" } }"#),
            Some((6, "there can be no header `a b`")),
        ),
        (
            exchange(good, r#"{ "status": 200, "headers": { "a": 1 } }"#),
            Some((6, "a header has a text")),
        ),
        (
            exchange(r#"{ "method": "GET", "path": "x" }"#, "{}"),
            Some((5, "does not begin with a slash")),
        ),
        (exchange(r#"{ "method": "G T", "path": "/" }"#, "{}"), Some((5, "`G T` is no method"))),
        (
            "{\n\"cassette\": 2,\n\"conversation\": [] }".to_owned(),
            Some((2, "version 2 is not known here")),
        ),
        (
            "{\n\"cassette\": 1,\n\"conversation\": [\n{}] }".to_owned(),
            Some((4, "expected `request` and")),
        ),
        (String::new(), Some((1, "EOF"))),
    ];
    for (text, expected) in table {
        fs::write(&path, &text).expect("a file");
        let read = Conversation::from_cassette(&path);
        match (expected, read) {
            (None, read) => drop(read.expect("a cassette")),
            (Some((at, part)), Err(CassetteError::Damaged { line, why, .. })) => {
                assert!(line == at && why.contains(part), "line {line}: {why}\n{text}");
            }
            (Some(_), other) => panic!("{other:?}\n{text}"),
        }
    }
}

#[tokio::test]
async fn a_cassette_can_be_edited_to_take_any_value() {
    let (_folder, path) = folder();
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let text = json!({
        "cassette": 1,
        "conversation": [{
            "request": {
                "method": "POST", "path": "/users/[any]", "query": ["at=[any]", "page=2"],
                "headers": { "x-kind": "v[any]" },
                "json": { "id": "[any]", "made": "on [any]", "sku": 7 }
            },
            "answer": { "status": 200, "headers": { "x": ["1", "2"] }, "json": null }
        }]
    });
    fs::write(&path, text.to_string()).expect("a file");
    let api = play(&path).await;
    let call =
        Client::new().post(format!("{}/users/8?page=2&at=now", api.url())).header("x-kind", "v3");
    let answer = call.json(&json!({ "sku": 7, "id": 12, "made": "on Monday" })).send().await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.headers().get_all("x").iter().count(), 2);
    assert_eq!(answer.text().await.expect("text"), "null");
    api.finish().await.expect("it fits");
}
