//! Resources, limits, and caches as data: what a file or the builder makes of them, and that no
//! secret is read or shown on the way.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fsm_http::auth::{Auth, ClientAuth, JwtAlgorithm, KeyPlace, LoginBody, LoginValue, TokenPlace};
use fsm_http::limit::Rate;
use fsm_http::resource::{HeaderSource, Pick, Resource};
use fsm_http::secret::SecretSource;
use fsm_http::{MemoryTransport, Reply};
use fsm_patterns::file::{self, Loaded};
use fsm_patterns::spec::{CacheKey, EndpointSpec, Entry, Mode, RateSpec};
use fsm_patterns::{Endpoint, Flow, FlowError, Group, Orchestration};
use miette::Diagnostic;
use serde_json::json;

fn fixture() -> Loaded {
    let path = format!("{}/tests/fixtures/flows/resources.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("a fixture");
    file::load("resources.yaml", &text).unwrap_or_else(|report| panic!("{report}"))
}

fn resource<'s>(loaded: &'s Loaded, name: &str) -> &'s Resource {
    loaded.spec.resources.iter().find(|resource| resource.name == name).expect(name)
}

fn endpoint<'s>(loaded: &'s Loaded, name: &str) -> &'s EndpointSpec {
    let named = |entry: &'s Entry| match entry {
        Entry::Endpoint(endpoint) if endpoint.name == name => Some(&**endpoint),
        Entry::Endpoint(_) | Entry::Wait(_) | Entry::Group(_) => None,
    };
    loaded.spec.entries.iter().find_map(named).expect(name)
}

fn env(name: &str) -> SecretSource {
    SecretSource::Env(name.to_owned())
}

fn count(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).expect("above zero")
}

/// A transport for flows that are never run.
fn nowhere() -> Arc<MemoryTransport> {
    Arc::new(MemoryTransport::replying(|_| Reply::json(&json!(null))))
}

#[test]
fn every_key_of_a_flow_and_of_an_endpoint_is_read() {
    let loaded = fixture();
    let spec = &loaded.spec;
    let second = Some(Duration::from_secs(1));
    let rates = [RateSpec { limit: 50, window: second }, RateSpec { limit: 1000, window: None }];
    assert_eq!(spec.global_rate_limit, rates);
    assert_eq!(spec.rate_limit_window, Duration::from_secs(10));
    assert_eq!(spec.circuit_breaker_threshold, Some(5));
    assert_eq!(spec.circuit_breaker_timeout, Duration::from_secs(30));
    assert_eq!(spec.cache_ttl, Some(Duration::from_secs(300)));
    assert!(matches!(&spec.cache_key, Some(CacheKey::Template(_))), "{:?}", spec.cache_key);
    assert!(spec.log_requests && spec.log_responses);

    let item = endpoint(&loaded, "item");
    assert_eq!(item.resource.as_deref(), Some("shop"));
    assert_eq!(item.rate_limit[1], RateSpec { limit: 5, window: Some(Duration::from_secs(10)) });
    assert_eq!((item.burst_limit, item.weight, item.timeout), (Some(2), 2, None));
    assert!(item.cache_key.is_some());
    let plain = [RateSpec { limit: 20, window: None }];
    assert_eq!(endpoint(&loaded, "token").rate_limit, plain);
    let report = endpoint(&loaded, "report");
    assert_eq!(
        report.save_to.as_ref().map(|path| path.source()).as_deref(),
        Some("report-{$inputs.day}.csv")
    );
    assert_eq!(report.timeout, Some(Duration::from_secs(600)));
}

#[test]
fn every_key_of_a_resource_is_read() {
    let loaded = fixture();
    let shop = resource(&loaded, "shop");
    assert_eq!(shop.base_url.as_ref().map(|url| url.as_str()), Some("https://api.example.com/v1/"));
    let plain = |text: &str| HeaderSource::Plain(text.to_owned());
    let headers: Vec<(&str, HeaderSource)> =
        shop.headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let expected = [
        ("x-tenant", plain("7")),
        ("x-beta", plain("true")),
        ("x-price", plain("$5")),
        ("x-api-secret", HeaderSource::Secret(env("SHOP_SECRET"))),
    ];
    assert_eq!(headers, expected);
    assert_eq!(shop.timeout, Some(Duration::from_secs(5)));
    assert_eq!(shop.rates, [Rate::new(count(10), Duration::from_secs(1)).burst(count(5))]);
    let proxy = shop.proxy.as_ref().expect("a proxy");
    assert_eq!(
        (proxy.url.as_str(), proxy.username.as_deref()),
        ("http://proxy.example.com:3128/", Some("me"))
    );
    let file = |path: &str| SecretSource::File(PathBuf::from(path));
    assert_eq!(proxy.password, Some(file("/run/secrets/proxy")));
    assert_eq!(shop.root_certificates, [PathBuf::from("ca.pem")]);
    assert_eq!(shop.client_certificate, Some(file("client.pem")));
    let usage = [
        ("tokens".to_owned(), Pick::Body("/usage/total_tokens".to_owned())),
        ("rows".to_owned(), Pick::Body("/meta/row count/0".to_owned())),
        ("left".to_owned(), Pick::Header("x-rate-limit-remaining".parse().expect("a name"))),
    ];
    assert_eq!(shop.usage, usage);
    assert!(shop.revalidate);
    assert_eq!(shop.user_agent.as_deref(), Some("shop-client/1"));

    // A rate without a window takes the resource's, else the flow's.
    let oauth = resource(&loaded, "oauth");
    let rates = [
        Rate::new(count(3), Duration::from_secs(1)),
        Rate::new(count(100), Duration::from_secs(10)),
    ];
    assert_eq!(oauth.rates, rates);
    assert_eq!(format!("{:?}", resource(&loaded, "open")), format!("{:?}", Resource::new("open")));
}

#[test]
fn every_way_to_be_authorised_is_read() {
    let loaded = fixture();
    let auth = |name: &str| resource(&loaded, name).auth.clone().expect(name);
    assert_eq!(auth("shop"), Auth::Bearer { token: env("SHOP_TOKEN") });
    let (username, password) = ("me".to_owned(), env("PASSWORD"));
    assert_eq!(auth("basic"), Auth::Basic { username, password });
    let key = Auth::ApiKey { place: KeyPlace::Query, name: "key".to_owned(), value: env("KEY") };
    assert_eq!(auth("key"), key);

    let Auth::OAuth2(oauth) = auth("oauth") else { panic!("OAuth 2.0") };
    assert_eq!(oauth.token_url.as_str(), "https://login.example.com/token");
    assert_eq!((oauth.client_id.as_str(), &oauth.client_secret), ("shop", &env("CLIENT_SECRET")));
    assert_eq!(
        (oauth.style, oauth.scope),
        (ClientAuth::Body, vec!["read".to_owned(), "write".to_owned()])
    );
    assert_eq!(oauth.refresh_token, Some(SecretSource::File("refresh.txt".into())));
    assert_eq!(oauth.params, [("audience".to_owned(), "https://api.example.com".to_owned())]);

    let Auth::Jwt(jwt) = auth("signed") else { panic!("a JWT") };
    assert_eq!(
        (jwt.algorithm, jwt.key),
        (JwtAlgorithm::Es256, SecretSource::File("key.pem".into()))
    );
    let names = [jwt.key_id, jwt.issuer, jwt.subject, jwt.audience].map(Option::unwrap_or_default);
    assert_eq!(names, ["one", "shop", "shop", "https://signed.example.com"]);
    assert_eq!(serde_json::Value::Object(jwt.claims), json!({"admin": false, "level": 3}));
    assert_eq!((jwt.lifetime, jwt.scope), (Duration::from_secs(60), vec!["read".to_owned()]));
    assert_eq!(jwt.token_url.as_ref().map(|url| url.path()), Some("/token"));

    let Auth::Session(session) = auth("session") else { panic!("a session") };
    assert_eq!(session.login.url.as_str(), "https://session.example.com/login");
    assert_eq!(session.login.headers.len(), 1);
    let body = vec![
        ("user".to_owned(), LoginValue::Plain(json!("me"))),
        ("password".to_owned(), LoginValue::Secret(env("PASSWORD"))),
        ("remember".to_owned(), LoginValue::Plain(json!(true))),
    ];
    assert_eq!(session.login.body, LoginBody::Json(body.clone()));
    assert_eq!(session.token, TokenPlace::Body("/token".to_owned()));
    assert_eq!((session.header.as_str(), session.prefix.as_str()), ("x-session", ""));
    assert_eq!(session.lifetime, Some(Duration::from_secs(3600)));

    let Auth::Session(cookies) = auth("cookies") else { panic!("a session") };
    assert_eq!(cookies.login.body, LoginBody::Form(body[..2].to_vec()));
    assert_eq!(cookies.token, TokenPlace::Cookie(None));
    let Auth::Session(cookie) = auth("cookie") else { panic!("a session") };
    assert_eq!(cookie.token, TokenPlace::Cookie(Some("sid".to_owned())));
    assert_eq!((cookie.login.method.as_str(), cookie.login.body), ("PUT", LoginBody::Empty));
}

#[test]
fn a_dry_run_shows_where_secrets_go_and_reads_none() {
    // None of the variables and files of this flow exists.
    let flow = Flow::with_transport(fixture().spec, nowhere()).expect("a flow");
    let dry = flow.dry_run(&json!({"id": 7, "day": "monday"})).expect("a dry run");
    insta::assert_snapshot!(dry.to_string());
}

#[test]
fn a_secret_that_was_written_out_is_shown_neither_in_words_nor_in_the_excerpt() {
    let secrets: [(&str, &[&str]); 2] =
        [("secrets.yaml", &["hunter2", "4711", "PRIVATE KEY"]), ("credentials.yaml", &["hunter2"])];
    for (name, secrets) in secrets {
        let path = format!("{}/tests/fixtures/faults/{name}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("a fixture");
        let report = file::load(name, &text).expect_err("faults");
        let mut shown = format!("{report}\n{report:?}\n");
        for fault in report.related().expect("faults") {
            miette::NarratableReportHandler::new().render_report(&mut shown, fault).expect("text");
        }
        for secret in secrets {
            assert!(text.contains(secret) && !shown.contains(secret), "{secret} in {shown}");
        }
        assert!(shown.contains("******"), "{shown}");
    }
}

fn shop() -> Resource {
    let mut shop = Resource::new("shop");
    shop.base_url = Some("https://api.example.com/v1".parse().expect("a url"));
    shop.auth = Some(Auth::Bearer { token: env("SHOP_TOKEN") });
    shop
}

fn faults(flow: Orchestration) -> Vec<String> {
    match flow.build_with(nowhere()) {
        Err(FlowError::Faults(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn urls_hang_on_resources_whatever_is_declared_first() {
    let group = Group::new("more", Mode::Parallel)
        .endpoint(Endpoint::get("b", "https://api.example.com/b").resource("shop"));
    let flow = Orchestration::hybrid("shop")
        .endpoint(Endpoint::get("a", "/items/{$inputs.id}").resource("shop"))
        .group(group)
        .resource(shop())
        .build_with(nowhere())
        .expect("a flow");
    let dry = flow.dry_run(&json!({"id": "x/y"})).expect("a dry run");
    assert_eq!(dry.requests["a"].url, "https://api.example.com/v1/items/x%2Fy");
    assert_eq!(dry.requests["a"].headers["authorization"], "Bearer [redacted]");
    assert_eq!(dry.requests["b"].url, "https://api.example.com/b");
}

#[test]
fn the_builder_says_all_that_a_file_would_be_told() {
    let minute = Duration::from_secs(60);
    let flow = Orchestration::parallel("wrong")
        .resource(shop())
        .resource(Resource::new("shop"))
        .resource(Resource::new("my shop"))
        .global_rates([(3, Duration::ZERO)])
        .rate_limit_window(Duration::ZERO)
        .circuit_breaker(0, Duration::ZERO)
        .cache_key("$steps.a.output")
        .endpoint(Endpoint::get("a", "/a").resource("shpo"))
        .endpoint(
            Endpoint::get("b", "https://b.example.com/").rate_limit(0).burst_limit(0).weight(0),
        )
        .endpoint(
            Endpoint::get("c", "https://c.example.com/")
                .rates([(5, minute), (9, minute)])
                .weight(6),
        )
        .endpoint(
            Endpoint::get("d", "https://d.example.com/")
                .cache_key("$response.body")
                .save_to("$step.a"),
        )
        .endpoint(Endpoint::get("e", "/e"))
        .endpoint(Endpoint::get("f", "https://other.example.com/").resource("shop"));
    insta::assert_snapshot!(faults(flow).join("\n"));
}

#[test]
fn the_builder_sets_what_the_file_sets() {
    let second = Duration::from_secs(1);
    let flow = Orchestration::parallel("right")
        .resource(shop())
        .global_rate_limit(100)
        .rate_limit_window(second)
        .circuit_breaker(5, second)
        .cache_ttl(second)
        .cache_key_with("by path", |call| Ok(call.url.path().to_owned()))
        .log_requests()
        .log_responses()
        .endpoint(
            Endpoint::get("a", "/a")
                .resource("shop")
                .rates([(3, second), (5, 10 * second)])
                .burst_limit(2)
                .weight(2)
                .cache_key_with("by method", |call| Ok(call.method.to_string()))
                .save_to("{$inputs.day}.csv"),
        )
        .build_with(nowhere());
    assert!(flow.is_ok(), "{flow:?}");
}

#[test]
fn data_never_chooses_who_gets_the_credentials() {
    let mut open = shop();
    open.base_url = None;
    let flow = Orchestration::parallel("open")
        .resource(open)
        .endpoint(Endpoint::get("a", "$inputs.url").resource("shop"));
    let said = faults(flow);
    assert!(said[0].contains("data would choose who gets the credentials"), "{said:?}");
    let confined = Orchestration::parallel("confined")
        .resource(shop())
        .endpoint(Endpoint::get("a", "$inputs.url").resource("shop"))
        .build_with(nowhere())
        .expect("a flow");
    let dry = |url: &str| confined.dry_run(&json!({ "url": url })).expect("a dry run");
    assert_eq!(dry("/b").requests["a"].url, "https://api.example.com/v1/b");
    let away = dry("https://evil.example.com/").requests["a"].unknown.clone();
    assert!(away.is_some_and(|why| why.contains("leaves the origin")));
}

#[tokio::test(start_paused = true)]
async fn a_multipart_body_is_sent_with_a_boundary_of_ours() {
    let path = std::env::temp_dir().join(format!("resources {}.txt", std::process::id()));
    std::fs::write(&path, "content of the file").expect("a writable folder");
    let server = nowhere();
    let flow = Orchestration::sequential("upload")
        .endpoint(
            Endpoint::post("upload", "http://files.test/upload")
                .header("Content-Type", "multipart/form-data; boundary=theirs")
                .body(json!({ "title": "{$inputs.title}", "file": { "file": "$inputs.path" } })),
        )
        .build_with(server.clone())
        .expect("a flow");
    let report = flow.execute(json!({ "title": "a report", "path": path })).await.expect("a run");
    std::fs::remove_file(&path).expect("it was there");
    assert_eq!(report.steps["upload"].attempts, 1, "{report:?}");
    let request = &server.requests()[0];
    let media = request.headers()["content-type"].to_str().expect("ASCII");
    let boundary = media.strip_prefix("multipart/form-data; boundary=").expect(media);
    let body = String::from_utf8_lossy(request.body());
    assert!(!boundary.contains("theirs"), "{media}");
    assert!(body.starts_with(&format!("--{}", boundary.trim_matches('"'))), "{media}: {body}");
    assert!(body.contains("a report") && body.contains("content of the file"), "{body}");
}
