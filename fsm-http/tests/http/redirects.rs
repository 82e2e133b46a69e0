//! What is sent along on a redirect, as seen by the servers.

use fsm_http::{ErrorKind, MemoryTransport, Payload, Reply, Retry, TransportError};
use http::{HeaderValue, Method, header::AUTHORIZATION};

use crate::server::{Server, answer, call, perform};

fn redirect(status: u16, location: &str) -> Reply {
    Reply::status(status).header("location", location)
}

#[tokio::test]
async fn secrets_do_not_follow_to_another_origin() {
    let target = Server::writing(answer("200 OK\r\ncontent-type: text/plain", "here")).await;
    let head = format!("302 Found\r\nlocation: {}", target.url("/new"));
    let source = Server::writing(answer(&head, "")).await;

    let mut get = call(Method::GET, &source.url("/old?key=hunter2").replace("//", "//me:hunter2@"));
    get.headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer hunter2"));
    get.headers.insert("x-api-key", HeaderValue::from_static("hunter2"));
    get.headers.insert("cookie", HeaderValue::from_static("session=hunter2"));
    get.headers.insert("x-custom", HeaderValue::from_static("hunter2"));
    get.headers.insert("accept-language", HeaderValue::from_static("de"));
    let answer = perform(&get).await.expect("the target's answer");

    assert_eq!(*answer.value, "here");
    assert_eq!(answer.url.as_str(), target.url("/new"));
    assert!(source.requests()[0].contains("Bearer hunter2"), "the origin is served as declared");
    let request = &target.requests()[0];
    assert!(!request.contains("hunter2"), "{request}");
    assert!(!request.to_lowercase().contains("referer"), "{request}");
    assert!(request.contains("accept-language: de"), "{request}");
}

#[tokio::test]
async fn a_307_repeats_method_body_and_key() {
    let target = Server::writing(answer("201 Created", "")).await;
    let head = format!("307 Temporary Redirect\r\nlocation: {}", target.url("/new"));
    let source = Server::writing(answer(&head, "")).await;
    let mut post = call(Method::POST, &source.url("/old"));
    post.body = Payload::text("charge");
    post.idempotency_key = Some(HeaderValue::from_static("k-1"));
    perform(&post).await.expect("created");

    let request = &target.requests()[0];
    assert!(request.starts_with("POST /new HTTP/1.1"), "{request}");
    assert!(request.ends_with("\r\n\r\ncharge"), "{request}");
    assert!(request.contains("content-type: text/plain"), "{request}");
    assert!(request.contains("idempotency-key: k-1"), "{request}");
}

#[tokio::test]
async fn a_303_asks_for_the_result_without_a_body_and_keeps_the_credentials_of_its_origin() {
    let server = MemoryTransport::sequence([redirect(303, "/result"), Reply::text("done")]);
    let mut post = call(Method::POST, "http://me:pw@a.test/job");
    post.body = Payload::text("work");
    assert_eq!(*post.perform(&server).await.expect("the result").value, "done");

    let requests = server.requests();
    let [first, second] = &requests[..] else { panic!("two requests") };
    assert_eq!(first.headers()[AUTHORIZATION], "Basic bWU6cHc=");
    assert_eq!(second.headers()[AUTHORIZATION], "Basic bWU6cHc=");
    assert_eq!((second.method(), second.uri().path()), (&Method::GET, "/result"));
    assert!(second.body().is_empty());
    assert!(!second.headers().contains_key("content-type"));
}

#[tokio::test]
async fn a_redirect_that_is_not_followed_names_its_reason() {
    let table: [(Reply, u32, u16, &str); 6] = [
        (
            redirect(302, "/a"),
            10,
            302,
            "302 Found from GET https://a.test/a leads back to https://a.test/a: a loop",
        ),
        (
            redirect(302, "/b"),
            0,
            302,
            "302 Found from GET https://a.test/a is one more than max_redirects (0) allows",
        ),
        (
            redirect(301, "http://a.test/b?x=1"),
            10,
            301,
            "301 Moved Permanently from GET https://a.test/a leads from https to http://a.test/b, where anybody could listen",
        ),
        (
            redirect(308, "ftp://a.test/"),
            10,
            308,
            "308 Permanent Redirect from GET https://a.test/a leads to ftp, and only http and https are followed",
        ),
        (Reply::status(302), 10, 302, "302 Found from GET https://a.test/a has no Location"),
        (
            redirect(304, "/b"),
            10,
            304,
            "304 Not Modified from GET https://a.test/a is no redirect that can be followed",
        ),
    ];
    for (reply, max_redirects, status, message) in table {
        let server = MemoryTransport::sequence([reply]);
        let mut get = call(Method::GET, "https://a.test/a");
        get.max_redirects = max_redirects;
        let error = get.perform(&server).await.expect_err("not followed");
        assert_eq!((error.kind, error.retry), (ErrorKind::Redirect, Retry::Never));
        assert_eq!(error.http_status, Some(status));
        assert_eq!(error.message, message);
        assert_eq!(error.answer.expect("the answer").status, status);
    }
}

#[tokio::test]
async fn a_circle_of_redirects_ends_after_one_round() {
    let server = MemoryTransport::replying(|request| match request.uri().path() {
        "/a" => redirect(302, "/b"),
        _ => redirect(302, "/a"),
    });
    let error = call(Method::GET, "http://a.test/a").perform(&server).await.expect_err("a circle");
    assert_eq!(error.kind, ErrorKind::Redirect, "{error}");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn exactly_max_redirects_are_followed() {
    let server = MemoryTransport::replying(|request| {
        let hop: u32 = request.uri().path()[1..].parse().expect("a number");
        if hop == 3 { Reply::text("end") } else { redirect(302, &format!("/{}", hop + 1)) }
    });
    let mut get = call(Method::GET, "http://a.test/0");
    get.max_redirects = 3;
    assert_eq!(*get.perform(&server).await.expect("the end").value, "end");
    get.max_redirects = 2;
    assert_eq!(get.perform(&server).await.expect_err("one too few").kind, ErrorKind::Redirect);
}

#[tokio::test]
async fn a_post_that_was_redirected_once_has_left_even_if_the_next_hop_was_not_reached() {
    let refused = Reply::failing(TransportError::unsent(ErrorKind::Connect, "refused"));
    let server = MemoryTransport::sequence([redirect(303, "/result"), refused]);
    let error =
        call(Method::POST, "http://a.test/job").perform(&server).await.expect_err("refused");
    assert_eq!((error.kind, error.retry), (ErrorKind::UnknownOutcome, Retry::Never), "{error}");
}
