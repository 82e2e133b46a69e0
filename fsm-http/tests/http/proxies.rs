//! Through a proxy, with and without credentials.

use base64::{Engine, prelude::BASE64_STANDARD};
use fsm_http::{Call, ErrorKind, ReqwestSettings, ReqwestTransport, Retry};
use http::Method;
use url::Url;

use crate::server::{Server, answer, call};

fn through(proxy: &str) -> ReqwestTransport {
    let settings = ReqwestSettings {
        proxy: Some(Url::parse(proxy).expect("a url")),
        ..ReqwestSettings::default()
    };
    ReqwestTransport::with(&settings).expect("a client")
}

fn get(url: &str) -> Call {
    call(Method::GET, url)
}

/// A proxy that lets in who has the right user name and password, and answers in the stead of all
/// servers.
async fn strict_proxy() -> Server {
    let expected =
        format!("proxy-authorization: Basic {}", BASE64_STANDARD.encode("ada:p@ss%wörd"));
    Server::start(move |mut stream, request| {
        let known = request.lines().any(|line| line.eq_ignore_ascii_case(&expected));
        let known = if known { "200 OK" } else { "407 Proxy Authentication Required" };
        async move {
            use tokio::io::AsyncWriteExt;
            let _ = stream.write_all(answer(known, "by proxy").as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

#[tokio::test]
async fn a_proxy_gets_its_credentials_and_the_whole_url() {
    let proxy = strict_proxy().await;
    let transport = through(&format!("http://ada:p%40ss%25w%C3%B6rd@{}", proxy.address));
    let answer = get("http://shop.test/a?b=1").perform(&transport).await.expect("let in");
    assert_eq!(answer.body, "by proxy");
    let [request] = &proxy.requests()[..] else { panic!("one request") };
    assert!(request.starts_with("GET http://shop.test/a?b=1 HTTP/1.1\r\n"), "{request}");
    assert!(!request.to_lowercase().contains("\r\nauthorization:"), "{request}");
}

#[tokio::test]
async fn a_proxy_that_does_not_know_us_is_a_status_for_http_and_an_error_for_https() {
    let proxy = strict_proxy().await;
    let transport = through(&format!("http://ada:hunter2@{}", proxy.address));
    let error = get("http://shop.test/").perform(&transport).await.expect_err("a stranger");
    assert_eq!((error.kind, error.http_status), (ErrorKind::Status, Some(407)), "{error}");

    if cfg!(feature = "rustls") {
        let error = get("https://shop.test/").perform(&transport).await.expect_err("a stranger");
        assert_eq!((error.kind, error.retry), (ErrorKind::Auth, Retry::Never), "{error}");
        assert!(error.message.contains("the proxy refuses us"), "{error}");
        assert!(!error.message.contains("hunter2"), "{error}");
        assert!(!format!("{transport:?}").contains("hunter2"), "{transport:?}");
        let encoded = BASE64_STANDARD.encode("ada:hunter2");
        assert!(!format!("{transport:?}").contains(&encoded), "{transport:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_a_connect_error() {
    let transport = through("http://ada:hunter2@127.0.0.1:1");
    let error = get("http://shop.test/").perform(&transport).await.expect_err("nobody listens");
    assert_eq!(error.kind, ErrorKind::Connect, "{error}");
    assert!(!error.message.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_proxy_of_an_unknown_kind_is_refused_by_name() {
    let settings = ReqwestSettings {
        proxy: Some(Url::parse("socks5://ada:hunter2@127.0.0.1:1080").expect("a url")),
        ..ReqwestSettings::default()
    };
    let error = ReqwestTransport::with(&settings).expect_err("no such proxy");
    assert_eq!(
        error.message,
        "the proxy socks5://127.0.0.1:1080 cannot be used: only http and https proxies are supported"
    );
}
