//! Rate limits count what goes out, as a server's clock sees it.

use std::{
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use fsm_http::{
    ErrorKind, ReqwestSettings, ReqwestTransport,
    caller::Caller,
    limit::{Bucket, Rate},
};
use http::Method;
use tokio::{io::AsyncWriteExt, task::JoinSet};

use crate::{
    server::{Server, call},
    tls_server::{Authority, start_slow},
};

const WINDOW: Duration = Duration::from_millis(600);

/// A caller that may send three requests in a window to a server whose handshake takes 300 ms.
async fn limited() -> (Caller, String, crate::tls_server::Arrivals) {
    let authority = Authority::new();
    let pause = Duration::from_millis(300);
    let (port, arrivals) = start_slow(authority.server("127.0.0.1"), pause).await;
    let settings =
        ReqwestSettings { root_certificates: vec![authority.pem()], ..ReqwestSettings::default() };
    let transport = ReqwestTransport::with(&settings).expect("a client");
    let three = NonZeroU32::new(3).expect("not zero");
    let caller =
        Caller::new("test", Arc::new(transport)).bucket(Bucket::new([Rate::new(three, WINDOW)]));
    (caller, format!("https://127.0.0.1:{port}/"), arrivals)
}

#[tokio::test]
async fn a_slow_handshake_does_not_let_two_windows_arrive_together() {
    // Counted at the grant, three came after 0.3 s and three more 0.3 s later.
    let (caller, url, arrivals) = limited().await;
    let mut calls = JoinSet::new();
    for number in 0..9 {
        let (caller, url) = (caller.clone(), url.clone());
        let method = if number % 2 == 0 { Method::GET } else { Method::POST };
        calls.spawn(async move { caller.call(&call(method, &url)).await.expect("an answer") });
    }
    calls.join_all().await;
    let arrivals: Vec<Instant> = arrivals.lock().expect("no panic").clone();
    assert_eq!(arrivals.len(), 9);
    for window in arrivals.windows(4) {
        // A request may be looked at a little later than it came.
        let length = window[3] - window[0];
        assert!(length >= WINDOW - Duration::from_millis(15), "four within {length:?}");
    }
}

#[tokio::test]
async fn a_request_that_times_out_in_the_handshake_uses_nothing_up() {
    let (caller, url, arrivals) = limited().await;
    for method in [Method::GET, Method::POST, Method::GET, Method::POST] {
        let mut call = call(method, &url);
        call.timeout = Duration::from_millis(30);
        let error = caller.call(&call).await.expect_err("no time");
        assert_eq!((error.kind, error.retry.is_allowed()), (ErrorKind::Timeout, true), "{error}");
        assert_eq!(caller.rate_limits()[0].remaining, Some(3));
    }
    caller.call(&call(Method::GET, &url)).await.expect("an answer");
    assert_eq!(caller.rate_limits()[0].remaining, Some(2));
    assert_eq!(arrivals.lock().expect("no panic").len(), 1);
}

#[tokio::test]
async fn what_is_counted_looks_on_the_wire_as_what_is_not() {
    let server = Server::start(|mut stream, _| async move {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.expect("a client");
    })
    .await;
    let transport = Arc::new(ReqwestTransport::new().expect("a client"));
    let free = Caller::new("test", transport);
    let counted = free.clone().bucket(Bucket::new([Rate::new(NonZeroU32::MAX, WINDOW)]));
    let url = server.url("/a");
    for method in [Method::GET, Method::HEAD, Method::DELETE, Method::PUT] {
        for caller in [&free, &counted] {
            caller.call(&call(method.clone(), &url)).await.expect("an answer");
        }
    }
    for pair in server.requests().chunks(2) {
        assert_eq!(pair[0], pair[1]);
    }
    assert_eq!(server.requests().len(), 8);
}
