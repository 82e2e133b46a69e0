//! No secret is shown: one is planted in every place where one can be given, everything is provoked
//! that can be said of calls, and all of it is searched, for parts and for encodings of it, too.

mod echo;
mod listener;
mod needles;
mod planting;
mod shown;

use std::path::PathBuf;
use std::time::Duration;

use fsm_core::Recorder;
use fsm_http::auth::{Auth, Jwt, JwtAlgorithm, KeyPlace};
use fsm_http::resource::{Hook, Proxy, Resource};
use fsm_http::secret::SecretSource;
use fsm_http::{Call, ErrorKind};
use fsm_patterns::{Endpoint, Orchestration, Services};
use http::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tracing::Instrument;

use self::echo::{Given, MODES};
use self::listener::Listener;
use self::needles::Needles;
use self::planting::{header, refusing, schemes, source};
use self::shown::Shown;
use crate::server::Server;
use crate::world::{message, ms, step};

/// A flow that calls every resource in every way, and over again as POST where that differs.
fn everything_goes_wrong(
    resources: &[Resource],
    server: &Server,
    services: Services,
) -> Orchestration {
    let mut flow = Orchestration::fanout("secrets")
        .max_concurrent(8)
        .circuit_breaker(1, Duration::from_secs(60))
        .cache_ttl(Duration::from_secs(60))
        .log_requests()
        .log_responses()
        .services(services);
    for resource in resources {
        flow = flow.resource(resource.clone());
        let name = &resource.name;
        for mode in MODES {
            let endpoint = |name: String, method| {
                let path = format!("/{mode}/x?page=1");
                let path = if resource.base_url.is_some() { path } else { server.url(&path) };
                Endpoint::new(name, method, path)
                    .resource(resource.name.clone())
                    .timeout(if mode == "silent" { ms(100) } else { ms(4_000) })
                    .retry_count(u32::from(matches!(mode, "reason" | "later")))
                    .retry_delay(ms(1))
                    .retry_max_wait(ms(10))
                    .max_body(if mode == "large" { 100 } else { 1 << 20 })
                    .max_redirects(5)
            };
            flow = flow.endpoint(endpoint(format!("{name}-{mode}"), Method::GET));
            if matches!(mode, "cut" | "plain" | "silent") {
                let post = endpoint(format!("{name}-{mode}-post"), Method::POST);
                flow = flow.endpoint(post.retry_count(0).body(json!({"a": 1})));
            }
            if mode == "status" {
                let odd = endpoint(format!("{name}-transform"), Method::GET);
                let odd = odd.transform_output_with("quote", |value| {
                    Err(format!("no number: {}", value.to_string().len()))
                });
                flow = flow.endpoint(odd);
            }
        }
    }
    flow
}

#[tokio::test]
async fn no_secret_is_shown_whatever_goes_wrong() {
    let mut needles = Needles::default();
    let given = Given {
        token: needles.plant("the fetched token"),
        refresh: needles.plant("the fetched refresh token"),
        session: needles.plant("the token of the session"),
        cookie: needles.plant("the cookie of the session"),
    };
    let server = echo::start(given).await;
    let base = server.url("").parse::<url::Url>().expect("a url");
    let mut resources = Vec::new();
    for (name, auth) in schemes(&server, &mut needles) {
        let own = source(&needles.plant(&format!("a header beside {name}")));
        let resource = Resource::new(name).base_url(base.clone()).auth(auth);
        resources.push(resource.header(header("x-own"), own).user_agent("shop/1"));
    }
    let password = source(&needles.plant("the password of the proxy"));
    let proxy = Proxy { url: base.clone(), username: Some("me".into()), password: Some(password) };
    let behind = Resource::new("behind").base_url("http://api.test/".parse().expect("a url"));
    resources.push(behind.proxy(proxy));
    // Its answer has everything in plain, and the hook hands it on as its error.
    let log_out = Hook::new("log out", |client| async move {
        let call = client.call(Method::GET, "/plain/hook").map_err(|error| error.to_string())?;
        let error = client.caller("hook").call(&call).await.expect_err("it is a 401");
        Err(error.answer.map_or(error.message, |answer| answer.value.to_string()))
    });
    resources[0] = resources[0].clone().tear_down(log_out);

    let mut shown = Shown::default();
    let listener = Listener::default();
    let guard = tracing::subscriber::set_default(listener.clone());
    // Of one subscriber alone `tracing` believes that every thread has it, and so would let the
    // other tests of this process decide what it hears.
    let _second = tracing::Dispatch::new(listener.clone());
    let services = Services::new();
    let mut failing = Vec::new();
    for (name, auth) in refusing(&server, &mut needles) {
        failing.push(Resource::new(name).base_url(base.clone()).auth(auth));
    }
    let mut all = resources.clone();
    all.extend(failing.clone());
    let mut orchestration = everything_goes_wrong(&resources, &server, services.clone());
    for resource in &failing {
        orchestration = orchestration.resource(resource.clone());
        let endpoint = Endpoint::get(format!("{}-a", resource.name), "/plain/a");
        orchestration = orchestration.endpoint(endpoint.resource(&resource.name).retry_count(0));
    }
    for (name, url) in [
        ("tls", no_tls().await),
        ("connect", "http://127.0.0.1:1/".to_owned()),
        ("dns", "http://no-such-host.invalid/".to_owned()),
    ] {
        let mut resource = resources[3].clone().named(name);
        resource.base_url = Some(url.parse().expect("a url"));
        orchestration = orchestration
            .resource(resource)
            .endpoint(Endpoint::get(format!("{name}-a"), "/x").resource(name).retry_count(0));
    }
    shown.debug("Orchestration", &orchestration);
    let flow = orchestration.build().expect("a flow");
    let dry = flow.dry_run(&json!({})).expect("a dry run");
    shown.debug("DryRun", &dry);

    let mut kinds = std::collections::BTreeSet::new();
    for round in ["first", "second"] {
        let run = flow.run(json!({})).expect("a run");
        shown.debug("FlowRun", &run);
        let (report, inputs, snapshot) = run.observer(Recorder::default()).drive_observed().await;
        kinds.extend(
            report.steps.values().filter_map(|step| Some(step.error.as_ref()?.kind.as_str())),
        );
        shown.json(
            format!("report of the {round} run"),
            serde_json::to_value(&report).expect("data"),
        );
        let heard = serde_json::to_value(&inputs.inputs).expect("data");
        shown.json(format!("inputs of the {round} run"), heard);
        shown.json("snapshot", serde_json::to_value(&snapshot).expect("data"));
        for (name, step) in &report.steps {
            let Some(error) = &step.error else { continue };
            shown.debug(name, error);
        }
        if round == "first" {
            assert!(message(&report, "bearer-plain").contains("[redacted]"), "it is echoed");
            assert_eq!(step(&report, "bearer-later").http_status, Some(429));
        }
    }
    let provoked = [
        "status",
        "redirect",
        "reset",
        "decode",
        "timeout",
        "too_large",
        "rate_limited",
        "auth",
        "circuit_open",
        "unknown_outcome",
        "transform",
        "tls",
        "connect",
    ];
    for kind in provoked {
        assert!(kinds.contains(kind), "{kind} is not among {kinds:?}");
    }

    shown.debug("Flow", &flow);
    shown.debug("Services", &flow.services());
    shown.debug("Breakers", flow.services().breakers());
    shown.debug("ResponseCache", flow.services().cache());
    let metrics = flow.get_metrics();
    shown.add("Prometheus", flow.services().metrics().to_prometheus());
    shown.add("metrics", serde_json::to_string(&metrics).expect("data"));
    for text in [flow.graph().to_dot(), flow.graph().to_mermaid(), flow.drawing().to_dot()] {
        shown.add("drawing", text);
    }
    for resource in all.iter().chain(&failing) {
        shown.debug("Resource", resource);
        alone(resource, &server, &mut shown).await;
    }
    drop(guard);

    let heard = listener.heard();
    assert!(heard.contains("request") && heard.contains("response") && heard.contains("url.full"));
    assert!(heard.contains("[redacted]"), "there was something to hide");
    shown.add("log", heard);

    // What was sent is what is looked for, so the search is not in vain.
    let wire: String = server.requests().into_iter().map(|request| request.raw).collect();
    let sent = needles.names_in(&wire);
    assert!(sent.len() >= 30, "{} secrets went over the wire: {sent:?}", sent.len());
    for token in signed(&server) {
        needles.add("a signed JWT", &token);
    }
    shown.hold_nothing_of(&needles);
}

/// The url of a server that should speak TLS and does not.
async fn no_tls() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://{}/", listener.local_addr().expect("its address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // The client may have hung up already.
            let _ = stream.write_all(b"HTTP/1.1 400 Speak up\r\n\r\n").await;
        }
    });
    url
}

/// The signatures of the JWTs that the server was sent.
fn signed(server: &Server) -> Vec<String> {
    let requests = server.requests();
    let tokens = requests.iter().filter_map(|request| {
        let token = request.header("authorization").strip_prefix("Bearer eyJ")?;
        Some(token.rsplit('.').next()?.to_owned())
    });
    let tokens: Vec<String> = tokens.collect();
    assert!(!tokens.is_empty());
    tokens
}

/// The same without a flow: what a resource, its client, its calls, and their errors show.
async fn alone(resource: &Resource, server: &Server, shown: &mut Shown) {
    let client = resource.open(None).expect("it was opened before");
    shown.debug("Client", &client);
    shown.debug("Secrets", &client.secrets());
    shown.debug("headers", client.headers());
    let caller = client.caller("alone").log(true, true);
    shown.debug("Caller", &caller);
    if let Some(authority) = client.authority() {
        shown.debug("Authority", authority);
        match authority.credentials().await {
            Ok(credentials) => {
                let url = server.url("/plain/alone").parse().expect("a url");
                let mut call = Call::new(Method::POST, url);
                credentials.apply(&mut call);
                shown.debug("Credentials", &credentials);
                shown.debug("Call", &call);
            }
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::Auth);
                shown.error("CallError of auth", &error);
                return;
            }
        }
    }
    for mode in MODES {
        let mut call = client.call(Method::GET, &format!("/{mode}/alone?page=1")).expect("a url");
        call.timeout = if mode == "silent" { ms(50) } else { ms(4_000) };
        call.max_redirects = 3;
        call.max_body = if mode == "large" { 100 } else { 1 << 20 };
        let span = tracing::info_span!(target: "fsm_test", "alone");
        match caller.call(&call).instrument(span).await {
            Ok(_) => assert_eq!(mode, "status"),
            Err(error) => shown.error(&format!("CallError of {mode}"), &error),
        }
    }
}

#[test]
fn what_cannot_be_opened_says_why_and_shows_nothing() {
    let mut needles = Needles::default();
    let mut shown = Shown::default();
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let file = |name: &str, content: &[u8]| -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, content).expect("a file");
        path
    };
    let mut pem = |name: &str, label: &str| {
        let secret = needles.plant(name).replace(['/', '+', '~'], "");
        needles.add(name, &secret);
        format!("-----BEGIN {label}-----\n{secret}{secret}\n-----END {label}-----\n")
    };
    let (key, certificate) =
        (pem("a broken key", "PRIVATE KEY"), pem("a broken certificate", "CERTIFICATE"));
    let root = pem("a broken root", "CERTIFICATE");
    let mut wrong = |name: &str, sign: &str| format!("{}{sign}", needles.plant(name));
    let (broken, biscuit) =
        (wrong("a header in two lines", "\nx"), wrong("a bad cookie", ";x=y z"));
    let binary = [wrong("no text", "").as_bytes(), b"\xff\xfe"].concat();
    let token = wrong("a token in two lines", "\r\nx: y");
    let pair = wrong("a password with a bell", "\u{7}");

    let bearer = |value: SecretSource| Auth::Bearer { token: value };
    let jwt = |algorithm, text: &str| Auth::Jwt(Jwt::new(algorithm, source(text)));
    let resources = [
        Resource::new("a").header(header("x-own"), source(&broken)),
        Resource::new("b").auth(bearer(source(&token))),
        Resource::new("c").auth(bearer(SecretSource::File(file("binary", &binary)))),
        Resource::new("d").auth(bearer(SecretSource::File(folder.join("missing")))),
        Resource::new("e").auth(bearer(SecretSource::Env("FSM_SECRETS_NO_SUCH_VARIABLE".into()))),
        Resource::new("f").auth(jwt(JwtAlgorithm::Rs256, &key)),
        Resource::new("g").auth(jwt(JwtAlgorithm::Es256, &certificate)),
        Resource::new("h").auth(jwt(JwtAlgorithm::EdDsa, &key)),
        Resource::new("i").client_certificate(source(&format!("{certificate}{key}"))),
        Resource::new("j").client_certificate(source(&key)),
        Resource::new("k").root_certificate(file("root.pem", root.as_bytes())),
        Resource::new("l").root_certificate(folder.join("missing.pem")),
        Resource::new("m").auth(Auth::ApiKey {
            place: KeyPlace::Cookie,
            name: "sid".into(),
            value: source(&biscuit),
        }),
        Resource::new("n").auth(Auth::Basic { username: "me".into(), password: source(&pair) }),
    ];
    for resource in &resources {
        shown.debug("Resource", resource);
        let error = resource.open(None).expect_err(&resource.name);
        assert!(error.to_string().contains(&format!("`{}`", resource.name)), "{error}");
        shown.error("ResourceError", &error);
        let flow = Orchestration::sequential("test")
            .resource(resource.clone())
            .endpoint(Endpoint::get("a", "http://127.0.0.1:1/").resource(&resource.name))
            .build()
            .expect("a flow is built without secrets");
        let error = flow.run(json!({})).expect_err("it can't begin");
        shown.error("RunError", &error);
    }
    shown.hold_nothing_of(&needles);
}
