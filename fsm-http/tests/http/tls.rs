//! Certificates, ours and theirs, over real TLS on loopback.

use fsm_http::{
    Answer, CallError, ErrorKind, ReqwestSettings, ReqwestTransport, Retry, secret::Secret,
};
use http::Method;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use url::Url;

use crate::{
    server::{Server, call},
    tls_server::{Authority, start},
};

fn trusting(authority: &Authority) -> ReqwestSettings {
    ReqwestSettings { root_certificates: vec![authority.pem()], ..ReqwestSettings::default() }
}

async fn get(settings: &ReqwestSettings, url: &str) -> Result<Answer, CallError> {
    let transport = ReqwestTransport::with(settings).expect("a client");
    call(Method::GET, url).perform(&transport).await
}

async fn refused(settings: &ReqwestSettings, url: &str) -> String {
    let error = get(settings, url).await.expect_err("no trust");
    assert_eq!((error.kind, error.retry), (ErrorKind::Tls, Retry::Never), "{error}");
    error.message
}

#[tokio::test]
async fn a_server_is_trusted_by_an_extra_root_and_not_without_it() {
    let authority = Authority::new();
    let port = start(authority.server("127.0.0.1"), None).await;
    let url = format!("https://127.0.0.1:{port}/");
    assert_eq!(get(&trusting(&authority), &url).await.expect("trust").body, "hello");

    let message = refused(&ReqwestSettings::default(), &url).await;
    assert!(message.contains("the TLS handshake failed"), "{message}");
    refused(&trusting(&Authority::new()), &url).await;
}

#[tokio::test]
async fn a_certificate_that_is_too_old_or_somebody_elses_is_refused() {
    let authority = Authority::new();
    let port = start(authority.expired_server("127.0.0.1"), None).await;
    let message = refused(&trusting(&authority), &format!("https://127.0.0.1:{port}/")).await;
    assert!(message.contains("expired"), "{message}");

    let port = start(authority.server("shop.test"), None).await;
    let message = refused(&trusting(&authority), &format!("https://127.0.0.1:{port}/")).await;
    assert!(message.contains("shop.test"), "it says whose it is: {message}");
}

#[tokio::test]
async fn a_server_that_asks_who_we_are_gets_our_certificate() {
    let authority = Authority::new();
    let port = start(authority.server("127.0.0.1"), Some(&authority)).await;
    let url = format!("https://127.0.0.1:{port}/");
    let mut settings = trusting(&authority);
    settings.client_identity = Some(Secret::new(authority.client("ada").pem()));
    assert_eq!(get(&settings, &url).await.expect("we are known").body, "hello");

    settings.client_identity = Some(Secret::new(Authority::new().client("eve").pem()));
    refused(&settings, &url).await;
}

#[tokio::test]
async fn without_our_certificate_the_request_surely_has_no_effect() {
    let authority = Authority::new();
    let port = start(authority.server("127.0.0.1"), Some(&authority)).await;
    let transport = ReqwestTransport::with(&trusting(&authority)).expect("a client");
    for method in [Method::GET, Method::POST] {
        let call = call(method, &format!("https://127.0.0.1:{port}/"));
        let error = call.perform(&transport).await.expect_err("nobody");
        assert_eq!((error.kind, error.retry), (ErrorKind::Tls, Retry::Never), "{error}");
        assert!(error.message.contains("CertificateRequired"), "{error}");
    }
}

#[tokio::test]
async fn an_identity_that_cannot_be_used_is_named_and_not_shown() {
    let authority = Authority::new();
    let (ada, eve) = (authority.client("ada"), authority.client("eve"));
    let key_of =
        |pem: String| pem.split_inclusive("-----END CERTIFICATE-----\n").last().map(str::to_owned);
    let others_key = key_of(eve.pem()).expect("a key");
    let mixed = format!("{}{others_key}", ada.certificate_pem());
    for pem in ["hunter2".to_owned(), ada.certificate_pem().to_owned(), others_key.clone(), mixed] {
        let settings = ReqwestSettings {
            client_identity: Some(Secret::new(pem)),
            ..ReqwestSettings::default()
        };
        let error = ReqwestTransport::with(&settings).expect_err("no identity");
        assert_eq!(error.kind, ErrorKind::Tls, "{error}");
        assert!(error.message.contains("the client certificate cannot be used"), "{error}");
        for line in ["hunter2", others_key.lines().nth(1).expect("a line of the key")] {
            assert!(!error.message.contains(line), "{error}");
        }
    }
}

#[tokio::test]
async fn https_goes_through_a_proxy_by_a_tunnel_that_sees_only_the_host() {
    let authority = Authority::new();
    let port = start(authority.server("127.0.0.1"), None).await;
    let proxy = Server::start(move |mut stream, _| async move {
        let mut server = TcpStream::connect(("127.0.0.1", port)).await.expect("the server");
        let open = b"HTTP/1.1 200 Connection established\r\n\r\n";
        stream.write_all(open).await.expect("a client");
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
    })
    .await;
    let url = format!("http://ada:hunter2@{}", proxy.address);
    let mut settings = trusting(&authority);
    settings.proxy = Some(Url::parse(&url).expect("a url"));

    let answer = get(&settings, &format!("https://127.0.0.1:{port}/a?b=1")).await.expect("hello");
    assert_eq!(answer.body, "hello");
    let [request] = &proxy.requests()[..] else { panic!("one tunnel") };
    assert!(request.starts_with(&format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\n")), "{request}");
    assert!(request.to_lowercase().contains("proxy-authorization: basic "), "{request}");
    assert!(!request.contains("/a"), "{request}");
}
