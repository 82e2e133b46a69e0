//! Each way in which a server can fail a call, over real sockets.

use std::{sync::Arc, time::Duration};

use fsm_http::{Decode, ErrorKind, Payload, ReqwestSettings, ReqwestTransport, Retry};
use http::{HeaderValue, Method, header::AUTHORIZATION};
use serde_json::json;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpSocket},
    sync::Notify,
};

use crate::server::{Server, answer, call, failure, perform};

const AGAIN: Retry = Retry::Allowed { after: None };

#[tokio::test]
async fn a_json_answer_is_read_and_decoded() {
    let server =
        Server::writing(answer("200 OK\r\ncontent-type: application/json", r#"{"a":1}"#)).await;
    let answer = perform(&call(Method::GET, &server.url("/x?q=1#part"))).await.expect("an answer");
    assert_eq!(answer.status, 200);
    assert_eq!(*answer.value, json!({"a": 1}));
    assert_eq!(answer.body, r#"{"a":1}"#);
    assert_eq!(answer.url.as_str(), server.url("/x?q=1"));
    assert!(answer.latency > Duration::ZERO);
    assert!(server.requests()[0].starts_with("GET /x?q=1 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_request_says_what_it_carries() {
    let server = Server::writing(answer("200 OK", "")).await;
    let mut post = call(Method::POST, &server.url("/").replace("//", "//me:p%40w@"));
    post.body = Payload::json(&json!({"a": 1}));
    post.decode = Decode::Json;
    post.idempotency_key = Some(HeaderValue::from_static("k-1"));
    perform(&post).await.expect("an answer");
    post.body = Payload::empty();
    post.headers.insert("content-type", HeaderValue::from_static("text/own"));
    post.headers.insert("content-length", HeaderValue::from_static("7"));
    perform(&post).await.expect("an answer");

    let [first, second] = &server.requests()[..] else { panic!("two requests") };
    for line in [
        "content-type: application/json\r\n",
        "content-length: 7\r\n",
        "accept: application/json, */*;q=0.5\r\n",
        "idempotency-key: k-1\r\n",
        "authorization: Basic bWU6cEB3\r\n",
        "user-agent: fsm-http/",
    ] {
        assert!(first.to_lowercase().contains(&line.to_lowercase()), "{line} in {first}");
    }
    assert!(first.ends_with("\r\n\r\n{\"a\":1}"), "{first}");
    for line in ["content-length: 0\r\n", "content-type: text/own\r\n"] {
        assert!(second.contains(line), "{line} in {second}");
    }
}

#[tokio::test]
async fn a_refused_port_is_a_connect_error_that_even_a_post_may_repeat() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/a?token=hunter2", listener.local_addr().expect("an address"));
    drop(listener);
    for method in [Method::GET, Method::POST] {
        let error = perform(&call(method, &url)).await.expect_err("nobody listens");
        assert_eq!((error.kind, error.retry), (ErrorKind::Connect, AGAIN), "{error}");
        assert!(error.message.contains("/a: no connection: Connection refused"), "{error}");
        assert!(!error.message.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_a_dns_error() {
    // The top-level domain `invalid` never exists (RFC 6761), with or without a network.
    let error = failure("http://nonexistent.invalid/").await;
    assert_eq!((error.kind, error.retry), (ErrorKind::Dns, AGAIN), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_a_tls_error_and_final() {
    let server = Server::writing(answer("400 Bad Request", "")).await;
    let error = failure(&server.url("/").replace("http:", "https:")).await;
    assert_eq!((error.kind, error.retry), (ErrorKind::Tls, Retry::Never), "{error}");
}

#[tokio::test]
async fn a_stalled_server_is_a_timeout_and_for_a_post_an_unknown_outcome() {
    let server = Server::start(|stream, _| async move {
        let _open = stream;
        std::future::pending().await
    })
    .await;
    let bodies = [Payload::empty(), Payload::text("x")];
    for body in bodies {
        for (method, kind, retry) in [
            (Method::GET, ErrorKind::Timeout, AGAIN),
            (Method::POST, ErrorKind::UnknownOutcome, Retry::Never),
        ] {
            let mut call = call(method, &server.url("/"));
            call.timeout = Duration::from_millis(80);
            call.body = body.clone();
            let error = perform(&call).await.expect_err("silence");
            assert_eq!((error.kind, error.retry), (kind, retry), "{error}");
            assert!(error.message.contains("no answer within 80 ms"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_post_whose_connection_never_came_about_is_a_timeout_that_may_be_repeated() {
    // A listener with a full queue lets further handshakes wait: nothing of the request can leave.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let listener = socket.listen(1).expect("a short queue");
    let address = listener.local_addr().expect("its address");
    let mut queued = Vec::new();
    loop {
        let connect = tokio::net::TcpStream::connect(address);
        match tokio::time::timeout(Duration::from_millis(100), connect).await {
            Ok(stream) => queued.push(stream),
            Err(_full) => break,
        }
        assert!(queued.len() < 100, "the queue never fills on this system");
    }
    let mut post = call(Method::POST, &format!("http://{address}/"));
    post.timeout = Duration::from_millis(80);
    let error = perform(&post).await.expect_err("no connection");
    assert_eq!((error.kind, error.retry), (ErrorKind::Timeout, AGAIN), "{error}");
}

#[tokio::test]
async fn a_connection_closed_before_the_answer_is_a_reset() {
    let server = Server::writing("").await;
    let error = failure(&server.url("/")).await;
    assert_eq!((error.kind, error.retry), (ErrorKind::Reset, AGAIN), "{error}");
    let post = call(Method::POST, &server.url("/"));
    let error = perform(&post).await.expect_err("closed");
    assert_eq!((error.kind, error.retry), (ErrorKind::UnknownOutcome, Retry::Never), "{error}");

    let mut keyed = post.clone();
    keyed.idempotency_key = Some(HeaderValue::from_static("k"));
    let error = perform(&keyed).await.expect_err("closed");
    assert_eq!((error.kind, error.retry), (ErrorKind::Reset, AGAIN), "{error}");
}

#[tokio::test]
async fn a_body_that_is_cut_short_is_a_reset_with_the_status_it_began_with() {
    let by_length = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
    let by_chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    for cut in [by_length, by_chunks] {
        let server = Server::writing(cut).await;
        let error = failure(&server.url("/")).await;
        assert_eq!((error.kind, error.retry), (ErrorKind::Reset, AGAIN), "{error}");
        assert_eq!(error.http_status, Some(200));
        let post = perform(&call(Method::POST, &server.url("/"))).await.expect_err("cut");
        assert_eq!((post.kind, post.retry), (ErrorKind::UnknownOutcome, Retry::Never), "{post}");
    }
}

#[tokio::test]
async fn something_else_than_http_cannot_be_decoded() {
    let server = Server::writing("SSH-2.0-OpenSSH_9.6\r\n\r\n").await;
    let error = failure(&server.url("/")).await;
    assert_eq!((error.kind, error.retry), (ErrorKind::Decode, Retry::Never), "{error}");
    let broken = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhalf\r\n";
    let error = failure(&Server::writing(broken).await.url("/")).await;
    assert_eq!((error.kind, error.retry), (ErrorKind::Decode, Retry::Never), "{error}");
}

#[tokio::test]
async fn an_endless_head_is_too_large() {
    let many = (0..200).map(|n| format!("x-{n}: y\r\n")).collect::<String>();
    let error =
        failure(&Server::writing(format!("HTTP/1.1 200 OK\r\n{many}\r\n")).await.url("/")).await;
    assert_eq!((error.kind, error.retry), (ErrorKind::TooLarge, Retry::Never), "{error}");
    let long = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(1_000_000));
    let error = failure(&Server::writing(long).await.url("/")).await;
    assert_eq!((error.kind, error.retry), (ErrorKind::TooLarge, Retry::Never), "{error}");
}

#[tokio::test]
async fn an_endless_body_is_too_large_and_its_connection_is_closed() {
    let closed = Arc::new(Notify::new());
    let told = closed.clone();
    let server = Server::start(move |mut stream, _| {
        let told = told.clone();
        async move {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n";
            stream.write_all(head.as_bytes()).await.expect("a client");
            while stream.write_all(&[b'x'; 8192]).await.is_ok() {}
            told.notify_one();
        }
    })
    .await;
    let mut endless = call(Method::GET, &server.url("/"));
    endless.max_body = 100_000;
    let error = perform(&endless).await.expect_err("no end");
    assert_eq!((error.kind, error.retry), (ErrorKind::TooLarge, Retry::Never), "{error}");
    assert!(error.message.contains("max_body (100000 bytes)"), "{error}");
    let closed = tokio::time::timeout(Duration::from_secs(5), closed.notified());
    closed.await.expect("the client hangs up");
}

#[tokio::test]
async fn a_declared_length_beyond_the_limit_is_refused_before_it_is_read() {
    let server = Server::start(|mut stream, _| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n";
        stream.write_all(head.as_bytes()).await.expect("a client");
        std::future::pending().await
    })
    .await;
    let mut get = call(Method::GET, &server.url("/"));
    get.max_body = 100;
    assert_eq!(perform(&get).await.expect_err("too large").kind, ErrorKind::TooLarge);
}

#[tokio::test]
async fn a_small_gzip_that_unpacks_to_a_mountain_is_too_large() {
    // Twenty megabytes of zeros, packed a hundredfold and more.
    let mut bomb =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-encoding: gzip\r\n\r\n".to_vec();
    bomb.extend(gzip_of_zeros(20_000_000));
    assert!(bomb.len() < 200_000, "{}", bomb.len());
    let server = Server::writing(bomb).await;
    let mut get = call(Method::GET, &server.url("/"));
    get.max_body = 1_000_000;
    let error = perform(&get).await.expect_err("a bomb");
    assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");

    get.max_body = 20_000_000;
    assert_eq!(perform(&get).await.expect("exactly at the limit").body.len(), 20_000_000);
}

#[tokio::test]
async fn a_compression_that_ends_too_early_was_cut_short() {
    let whole = gzip_of_zeros(100_000);
    let mut cut = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n".to_vec();
    cut.extend(&whole[..whole.len() / 2]);
    let error = failure(&Server::writing(cut).await.url("/")).await;
    assert_eq!((error.kind, error.retry), (ErrorKind::Reset, AGAIN), "{error}");
}

#[tokio::test]
async fn a_compression_that_is_broken_cannot_be_decoded() {
    let server =
        Server::writing(answer("200 OK\r\ncontent-encoding: gzip", "this is not gzip at all"))
            .await;
    let error = failure(&server.url("/")).await;
    assert_eq!((error.kind, error.retry), (ErrorKind::Decode, Retry::Never), "{error}");
}

#[tokio::test]
async fn a_page_in_place_of_json_cannot_be_decoded() {
    let server = Server::writing(answer(
        "200 OK\r\ncontent-type: application/json",
        "<html>Please sign in</html>",
    ))
    .await;
    for method in [Method::GET, Method::POST] {
        let error = perform(&call(method, &server.url("/"))).await.expect_err("html");
        assert_eq!((error.kind, error.retry), (ErrorKind::Decode, Retry::Never), "{error}");
        assert_eq!(error.http_status, Some(200));
        assert!(error.message.contains("Please sign in"), "{error}");
    }
}

#[tokio::test]
async fn a_status_error_quotes_its_page_on_one_line_without_secrets() {
    let server = Server::writing(answer(
        "503 Service Unavailable\r\ncontent-type: text/plain\r\nretry-after:  7 ",
        "no\r\n\x1b[31mbackend for hunter2-token",
    ))
    .await;
    let mut get = call(Method::GET, &server.url("/users/7?key=hunter2-token"));
    get.headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer hunter2-token"));
    let error = perform(&get).await.expect_err("503");
    assert_eq!(
        error.message,
        format!(
            "503 Service Unavailable from GET {}: no [31mbackend for [redacted]",
            server.url("/users/7")
        )
    );
    assert_eq!(error.retry, Retry::Allowed { after: Some(Duration::from_secs(7)) });
    let answer = error.answer.expect("the page");
    assert_eq!(*answer.value, json!("no\r\n\u{1b}[31mbackend for hunter2-token"), "as received");
}

#[tokio::test]
async fn a_head_request_does_not_wait_for_the_length_it_is_told() {
    let server = Server::writing("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n").await;
    let answer = perform(&call(Method::HEAD, &server.url("/"))).await.expect("an answer");
    assert_eq!(*answer.value, json!(null));
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_named() {
    let settings = ReqwestSettings {
        root_certificates: vec![
            b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n".to_vec(),
        ],
        ..ReqwestSettings::default()
    };
    let error = ReqwestTransport::with(&settings).expect_err("no certificate");
    assert_eq!(error.kind, ErrorKind::Tls);
    let named =
        if cfg!(feature = "rustls") { "a root certificate cannot be read" } else { "rustls" };
    assert!(error.message.contains(named), "{error}");
}

/// Packs zeros with a hand-made deflate stream: one block of fixed codes in which a literal zero is
/// followed by copies of 258 bytes at distance one.
fn gzip_of_zeros(length: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(0b1, 1);
    bits.push(0b01, 2);
    bits.push_code(0x30, 8);
    let copies = (length - 1) / 258;
    for _ in 0..copies {
        bits.push_code(0b1100_0101, 8);
        bits.push_code(0, 5);
    }
    for _ in 0..(length - 1) % 258 {
        bits.push_code(0x30, 8);
    }
    bits.push_code(0, 7);
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    gzip.extend(bits.finish());
    gzip.extend(crc_of_zeros(length).to_le_bytes());
    gzip.extend((length as u32).to_le_bytes());
    gzip
}

fn crc_of_zeros(length: usize) -> u32 {
    let mut table = [0; 256];
    for (index, entry) in table.iter_mut().enumerate() {
        *entry = (0..8).fold(index as u32, |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 }
        });
    }
    !(0..length).fold(!0, |crc: u32, _| (crc >> 8) ^ table[(crc & 0xFF) as usize])
}

/// A writer of bits, lowest first, as deflate (RFC 1951) has them.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, bits: u32, count: u32) {
        self.pending |= bits << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// Codes are written highest bit first.
    fn push_code(&mut self, code: u32, count: u32) {
        self.push(code.reverse_bits() >> (32 - count), count);
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.pending as u8);
        }
        self.bytes
    }
}
