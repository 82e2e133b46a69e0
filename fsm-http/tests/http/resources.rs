//! Resources: opened whole or not at all, shared by their endpoints, and counted by call.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use fsm_http::{
    Decode, ErrorKind, MemoryTransport, Reply, Transport,
    auth::{Auth, KeyPlace, OAuth2},
    limit::Rate,
    resource::{Client, Pick, Proxy, Resource},
    secret::{Secret, SecretSource},
};
use http::{HeaderName, Method, header::AUTHORIZATION};
use serde_json::json;
use tokio::time::Instant;
use url::Url;

use crate::{
    folder::Folder,
    server::{Server, answer},
};

fn url(text: &str) -> Url {
    Url::parse(text).expect("a url")
}

fn missing(name: &str) -> SecretSource {
    SecretSource::Env(format!("FSM_HTTP_TEST_{name}"))
}

fn known(text: &str) -> SecretSource {
    SecretSource::Value(Secret::new(text))
}

fn open(resource: &Resource, server: &Arc<MemoryTransport>) -> Client {
    let transport: Arc<dyn Transport> = server.clone();
    resource.open(Some(transport)).expect("a whole resource")
}

fn ok_server() -> Arc<MemoryTransport> {
    Arc::new(MemoryTransport::replying(|_| Reply::text("ok")))
}

const X_KEY: HeaderName = HeaderName::from_static("x-key");

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_field_and_its_place() {
    let folder = Folder::new();
    let absent = folder.join("absent.pem");
    let resource = Resource::new("shop")
        .header(X_KEY, missing("KEY"))
        .header(HeaderName::from_static("x-line"), known("hunter2\r\nx: y"))
        .header(HeaderName::from_static("x-plain"), "a\nb")
        .auth(Auth::Bearer { token: missing("TOKEN") })
        .proxy(Proxy {
            url: url("http://proxy.test/"),
            username: Some("a".into()),
            password: Some(missing("PROXY")),
        })
        .root_certificate(&absent)
        .client_certificate(SecretSource::File(folder.join("identity.pem")))
        .usage("tokens", Pick::Body("usage/tokens".into()));
    let message = resource.open(None).expect_err("nothing is there").to_string();
    for part in [
        "the resource `shop` cannot be opened: ",
        "`headers.x-key`: the environment variable `FSM_HTTP_TEST_KEY` is not set",
        "`headers.x-line` holds a character",
        "`headers.x-plain` holds a character",
        "`proxy.password`: the environment variable `FSM_HTTP_TEST_PROXY` is not set",
        &format!("`root_certificates`: the file `{}` cannot be read", absent.display()),
        "`client_certificate`: ",
        "identity.pem",
        "`usage.tokens`: `usage/tokens` is no JSON pointer",
        "`auth`: ",
        "FSM_HTTP_TEST_TOKEN",
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert!(!message.contains("hunter2") && !message.contains('\n'), "{message}");
}

#[test]
fn a_certificate_file_that_holds_none_is_named() {
    let folder = Folder::new();
    let (empty, resource) = (folder.join("empty.pem"), Resource::new("shop"));
    std::fs::write(&empty, "no certificate").expect("a writable folder");
    let error = resource.root_certificate(&empty).open(None).expect_err("no certificate");
    if cfg!(feature = "rustls") {
        assert!(error.to_string().contains("empty.pem"), "{error}");
        assert!(error.to_string().contains("there is none in it"), "{error}");
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_told_without_its_password() {
    let proxy = |scheme: &str, username: Option<&str>| Proxy {
        url: url(&format!("{scheme}://proxy.test:3128/")),
        username: username.map(str::to_owned),
        password: Some(known("hunter2")),
    };
    for (proxy, why) in [
        (proxy("socks5", Some("ada")), "only http and https proxies are supported"),
        (proxy("http", None), "`proxy.username` is missing"),
        (proxy("http", Some("a:b")), "`proxy.username` holds a colon"),
    ] {
        let error = Resource::new("shop").proxy(proxy).open(None).expect_err("no such proxy");
        assert!(error.to_string().contains(why), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn calls_go_through_the_proxy_with_a_password_of_any_characters() {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let proxy = Server::writing(answer("200 OK", "")).await;
    let resource = Resource::new("shop").base_url(url("http://shop.test/v1")).proxy(Proxy {
        url: url(&format!("http://{}", proxy.address)),
        username: Some("ada".into()),
        password: Some(known("a%41@b/c ü")),
    });
    let client = resource.user_agent("own/1").open(None).expect("a whole resource");
    let call = client.call(Method::GET, "users").expect("a url");
    client.caller("users").call(&call).await.expect("an answer");
    let request = &proxy.requests()[0];
    assert!(request.starts_with("GET http://shop.test/v1/users HTTP/1.1\r\n"), "{request}");
    let expected = format!("Basic {}\r\n", BASE64_STANDARD.encode("ada:a%41@b/c ü"));
    assert!(request.contains(&expected), "{request}");
    assert!(request.contains("user-agent: own/1\r\n"), "{request}");
    assert_eq!(client.secrets().scrub("a%41@b/c ü"), "[redacted]");
}

#[cfg(feature = "rustls")]
#[tokio::test]
async fn certificates_are_read_from_files() {
    use crate::tls_server::{Authority, start};
    let (authority, folder) = (Authority::new(), Folder::new());
    std::fs::write(folder.join("ca.pem"), authority.pem()).expect("a writable folder");
    std::fs::write(folder.join("me.pem"), authority.client("me").pem()).expect("a folder");
    let port = start(authority.server("127.0.0.1"), Some(&authority)).await;
    let client = Resource::new("shop")
        .base_url(url(&format!("https://127.0.0.1:{port}")))
        .root_certificate(folder.join("ca.pem"))
        .client_certificate(SecretSource::File(folder.join("me.pem")))
        .open(None)
        .expect("a whole resource");
    let call = client.call(Method::GET, "/").expect("a url");
    assert_eq!(client.caller("hello").call(&call).await.expect("an answer").body, "hello");
}

#[tokio::test(start_paused = true)]
async fn a_call_carries_what_the_resource_declares() {
    let server = ok_server();
    let resource = Resource::new("shop")
        .base_url(url("http://shop.test/v1/"))
        .header(X_KEY, known("hunter2"))
        .header(HeaderName::from_static("x-plain"), "plain")
        .user_agent("own/1")
        .timeout(Duration::from_secs(7))
        .auth(Auth::ApiKey { place: KeyPlace::Query, name: "k".into(), value: known("sesame") });
    let client = open(&resource, &server);
    assert!(client.headers()["x-key"].is_sensitive());
    assert!(!client.headers()["x-plain"].is_sensitive());

    let call = client.call(Method::GET, "/users?a=1").expect("a url");
    assert_eq!(call.timeout, Duration::from_secs(7));
    client.caller("users").call(&call).await.expect("an answer");
    let request = &server.requests()[0];
    assert_eq!(request.uri(), "http://shop.test/v1/users?a=1&k=sesame");
    for (name, value) in [("x-key", "hunter2"), ("x-plain", "plain"), ("user-agent", "own/1")] {
        assert_eq!(request.headers()[name], value);
    }
    for text in [format!("{client:?}"), format!("{resource:?}"), format!("{call:?}")] {
        assert!(!text.contains("hunter2") && !text.contains("sesame"), "{text}");
    }
    assert_eq!(client.secrets().scrub("hunter2 or sesame"), "[redacted] or [redacted]");
}

#[test]
fn a_password_in_a_url_is_a_secret_in_plain_and_encoded() {
    let base = url("http://ada:p%40ss-word@shop.test/");
    let resource = Resource::new("shop").base_url(base.clone());
    let proxy = Proxy { url: base, username: None, password: None };
    let shown = format!("{:?}", resource.clone().proxy(proxy));
    assert!(shown.contains("shop.test") && !shown.contains("ss-word"), "{shown}");
    let client = open(&resource, &ok_server());
    assert_eq!(client.secrets().scrub("p@ss-word p%40ss-word"), "[redacted] [redacted]");
    assert_eq!(format!("{client:?}"), "Client(shop, http://shop.test/)");
}

#[test]
fn a_url_is_appended_as_text_and_stays_with_its_origin() {
    let based = open(&Resource::new("shop").base_url(url("http://shop.test/v1")), &ok_server());
    let free = open(&Resource::new("web"), &ok_server());
    let to = |client: &Client, text: &str| {
        client.call(Method::GET, text).map(|call| call.url.to_string())
    };
    for (path, expected) in [
        ("users", "http://shop.test/v1/users"),
        ("/users", "http://shop.test/v1/users"),
        ("", "http://shop.test/v1"),
        ("?a=http://b", "http://shop.test/v1?a=http://b"),
        ("http://shop.test/v2", "http://shop.test/v2"),
        ("//evil.test/x", "http://shop.test/v1/evil.test/x"),
    ] {
        assert_eq!(to(&based, path).expect("a url"), expected, "{path}");
    }
    assert_eq!(to(&free, "http://a.test/x").expect("a url"), "http://a.test/x");
    for (client, path, why) in [
        (&based, "https://shop.test/v1", "it leads away from http://shop.test/v1"),
        (&based, "http://evil.test/?k=hunter2", "it leads away from"),
        (&free, "/users", "relative URL without a base"),
        (&free, "ftp://a:hunter2@a.test/", "only http and https"),
        (&free, "http://a:hunter2@:x/", "empty host"),
    ] {
        let error = to(client, path).expect_err("no url").to_string();
        assert!(error.contains(why) && !error.contains("hunter2"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_endpoints_of_a_resource_share_one_token_and_one_bucket() {
    let server = Arc::new(MemoryTransport::new(|request| async move {
        match request.uri().path() {
            "/token" => Reply::json(&json!({"access_token": "t-1", "expires_in": 3600}))
                .after(Duration::from_millis(50)),
            _ => Reply::text(request.headers()[AUTHORIZATION].to_str().unwrap_or_default()),
        }
    }));
    let two = NonZeroU32::new(2).expect("not zero");
    let oauth = OAuth2::new(url("http://shop.test/token"), "me", known("hunter2"));
    let resource = Resource::new("shop")
        .base_url(url("http://shop.test"))
        .auth(Auth::OAuth2(oauth))
        .rate(Rate::new(two, Duration::from_secs(1)));
    let client = open(&resource, &server);
    let began = Instant::now();
    let calls = (0..6).map(|number| {
        let client = client.clone();
        async move {
            let call = client.call(Method::GET, &format!("/{number}")).expect("a url");
            client.caller(format!("endpoint {number}")).call(&call).await
        }
    });
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.expect("an answer").body, "Bearer t-1");
    }
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    let requests = server.requests();
    let tokens = requests.iter().filter(|request| request.uri().path() == "/token").count();
    assert_eq!((tokens, requests.len()), (1, 7));
}

#[tokio::test(start_paused = true)]
async fn usage_is_picked_from_the_answer_and_what_is_no_number_counts_nothing() {
    let body = json!({"usage": {"total": 12, "cost": 0.5, "text": "7", "null": null}});
    let reply = Reply::json(&body).header("x-cost", " 3 ").header("x-word", "three");
    let server = Arc::new(MemoryTransport::sequence([reply, Reply::text("ok")]));
    let resource = ["total", "cost", "text", "null", "absent"]
        .into_iter()
        .fold(Resource::new("shop"), |resource, field| {
            resource.usage(field, Pick::Body(format!("/usage/{field}")))
        })
        .usage("header", Pick::Header(HeaderName::from_static("x-cost")))
        .usage("word", Pick::Header(HeaderName::from_static("x-word")))
        .usage("gone", Pick::Header(HeaderName::from_static("x-gone")));
    let client = open(&resource, &server);
    let call = client.call(Method::GET, "http://shop.test/").expect("a url");
    let answer = client.caller("a").call(&call).await.expect("an answer");
    let picked: Vec<_> = client
        .pick_usage(&answer)
        .into_iter()
        .map(|(name, number)| format!("{name} {number}"))
        .collect();
    assert_eq!(picked, ["total 12", "cost 0.5", "header 3"]);
    let plain = client.caller("a").call(&call).await.expect("an answer");
    assert_eq!(client.pick_usage(&plain), []);
}

#[tokio::test(start_paused = true)]
async fn usage_is_picked_from_a_body_of_json_whatever_it_is_decoded_to() {
    let server = Arc::new(MemoryTransport::replying(|request| match request.uri().path() {
        "/plain" => Reply::text("\u{feff}{\"tokens\": 7}"),
        "/broken" => Reply::text("{\"tokens\": 7"),
        "/number" => Reply::text("7"),
        _ => Reply::json(&json!({"tokens": 7})),
    }));
    let resource = Resource::new("shop")
        .base_url(url("http://shop.test"))
        .usage("tokens", Pick::Body("/tokens".into()))
        .usage("whole", Pick::Body(String::new()));
    let client = open(&resource, &server);
    let tokens = [("tokens".into(), 7.into())];
    let whole = [("whole".into(), 7.into())];
    for (path, decode, expected) in [
        ("/json", Decode::Auto, &tokens[..]),
        ("/json", Decode::Text, &tokens),
        ("/json", Decode::Bytes, &tokens),
        ("/plain", Decode::Auto, &tokens),
        ("/broken", Decode::Auto, &[]),
        ("/number", Decode::Text, &whole),
        ("/number", Decode::Json, &whole),
    ] {
        let mut call = client.call(Method::GET, path).expect("a url");
        call.decode = decode;
        let answer = client.caller("a").call(&call).await.expect("an answer");
        assert_eq!(client.pick_usage(&answer), expected, "{path} as {decode:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_saved_to_a_file_gives_usage_from_its_headers_alone() {
    let folder = Folder::new();
    let reply = || Reply::json(&json!({"tokens": 7})).header("x-cost", "3");
    let server = Arc::new(MemoryTransport::replying(move |_| reply()));
    let resource = Resource::new("shop")
        .usage("tokens", Pick::Body("/tokens".into()))
        .usage("cost", Pick::Header(HeaderName::from_static("x-cost")));
    let client = open(&resource, &server);
    let mut call = client.call(Method::GET, "http://shop.test/").expect("a url");
    call.save_to = Some(folder.join("saved.json"));
    let answer = client.caller("a").call(&call).await.expect("an answer");
    assert_eq!(client.pick_usage(&answer), [("cost".into(), 3.into())]);
}

#[tokio::test(start_paused = true)]
async fn a_token_has_no_more_time_to_come_than_the_resource_gives_a_call() {
    for (timeout, expected) in [(None, 30), (Some(2), 2), (Some(90), 30)] {
        let server = Arc::new(MemoryTransport::replying(|_| Reply::stalled()));
        let oauth = OAuth2::new(url("http://shop.test/token"), "me", known("hunter2"));
        let mut resource = Resource::new("shop").auth(Auth::OAuth2(oauth));
        resource.timeout = timeout.map(Duration::from_secs);
        let client = open(&resource, &server);
        let authority = client.authority().expect("declared");
        let began = Instant::now();
        let error = authority.credentials().await.expect_err("nothing comes");
        assert_eq!(began.elapsed(), Duration::from_secs(expected), "{error}");
        assert!(error.message.ends_with(&format!("within {expected} s")), "{error}");

        // A fetch that nobody cared for is past its time; who comes then has the whole of it.
        let left = tokio::time::timeout(Duration::from_secs(1), authority.credentials());
        assert!(left.await.is_err());
        tokio::time::advance(Duration::from_secs(expected)).await;
        let began = Instant::now();
        authority.credentials().await.expect_err("nothing comes");
        assert_eq!(began.elapsed(), Duration::from_secs(expected), "{timeout:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_ready_made_resources_say_what_their_apis_expect() {
    let server =
        Arc::new(MemoryTransport::replying(|request| match request.headers().get(AUTHORIZATION) {
            Some(value) if value == "Bearer sk-secret" => {
                Reply::json(&json!({"usage": {"prompt_tokens": 2, "total_tokens": 5}}))
            }
            _ => Reply::status(401),
        }));
    let chat = Resource::openai_chat(url("http://llm.test/v1"), known("sk-secret"));
    let client = open(&chat, &server);
    let call = client.call(Method::POST, "/chat/completions").expect("a url");
    let answer = client.caller("chat").call(&call).await.expect("an answer");
    let picked = client.pick_usage(&answer);
    assert_eq!(picked, [("prompt_tokens".into(), 2.into()), ("total_tokens".into(), 5.into())]);

    let open_api = Resource::graphql(url("http://graph.test/api"), None).named("graph");
    let client = open(&open_api, &server);
    let call = client.call(Method::POST, "").expect("a url");
    let error = client.caller("query").call(&call).await.expect_err("401");
    assert_eq!((error.kind, error.http_status), (ErrorKind::Status, Some(401)), "{error}");
    let requests = server.requests();
    let accept = requests.last().expect("a request").headers()["accept"].clone();
    assert_eq!(accept, "application/graphql-response+json, application/json;q=0.9");
}
