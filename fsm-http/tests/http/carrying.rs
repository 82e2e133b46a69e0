//! What a request carries and an answer says, byte by byte.

use fsm_http::{ErrorKind, MemoryTransport, Part, Payload, Reply, Retry};
use http::Method;

use crate::server::{Server, answer, call, perform};

#[tokio::test]
async fn a_form_with_a_file_arrives_as_a_browser_would_send_it() {
    let server = Server::writing(answer("200 OK", "")).await;
    let mut post = call(Method::POST, &server.url("/upload"));
    post.body = Payload::multipart([
        Part::text("ti\"tle", "Grüße"),
        Part::bytes("photo", "a\nb.png", "image/png", &b"PNG"[..]).expect("a media type"),
    ]);
    perform(&post).await.expect("an answer");
    perform(&post).await.expect("another");

    let [first, second] = &server.requests()[..] else { panic!("two requests") };
    assert_eq!(first, second, "a repeated request is the same, byte by byte");
    let boundary = first
        .lines()
        .find_map(|line| line.strip_prefix("content-type: multipart/form-data; boundary="))
        .expect("a boundary");
    let (head, body) = first.split_once("\r\n\r\n").expect("a body");
    assert_eq!(
        body,
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"ti%22tle\"\r\n\r\nGrüße\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a%0Ab.png\"\r\n\
             Content-Type: image/png\r\n\r\nPNG\r\n--{boundary}--\r\n"
        )
    );
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_still_good_ends_as_a_redirect_that_carries_its_tag() {
    for (name, value) in
        [("if-none-match", "\"v1\""), ("if-modified-since", "Sat, 21 Nov 2026 07:00:00 GMT")]
    {
        let reply = Reply::status(304).header("etag", "\"v1\"").header("cache-control", "no-cache");
        let server = MemoryTransport::sequence([reply]);
        let mut get = call(Method::GET, "http://a.test/x");
        get.headers.insert(name, value.parse().expect("a value"));
        let error = get.perform(&server).await.expect_err("not modified");
        assert_eq!((error.kind, error.retry), (ErrorKind::Redirect, Retry::Never), "{error}");
        assert_eq!(error.http_status, Some(304));
        let answer = error.answer.expect("its head");
        assert_eq!(answer.headers["etag"], "\"v1\"");
        assert_eq!(answer.headers["cache-control"], "no-cache");
        assert_eq!(server.requests()[0].headers()[name], value);
    }
}

#[tokio::test(start_paused = true)]
async fn the_bytes_of_an_answer_are_counted_also_of_one_that_failed() {
    let server = MemoryTransport::sequence([
        Reply::text("seven"),
        Reply::text("12").chunk(std::time::Duration::ZERO, "345678"),
        Reply::status(500).body("down"),
    ]);
    let get = call(Method::GET, "http://a.test/x");
    for expected in [5, 8] {
        assert_eq!(get.perform(&server).await.expect("an answer").received, expected);
    }
    let error = get.perform(&server).await.expect_err("500");
    assert_eq!(error.answer.expect("its page").received, 4);
}
