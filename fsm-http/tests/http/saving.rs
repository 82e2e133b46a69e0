//! Answers that go to a file: whole, or not at all.

use std::{path::PathBuf, time::Duration};

use fsm_http::{Call, CallError, ErrorKind, MemoryTransport, Reply, ReqwestTransport, Retry};
use http::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::{
    folder::Folder,
    server::{Server, answer, call, perform},
};

const MIB: usize = 1024 * 1024;

fn download(url: &str, target: PathBuf) -> Call {
    let mut call = call(Method::GET, url);
    call.save_to = Some(target);
    call
}

fn from_memory(folder: &Folder) -> Call {
    download("http://a.test/x", folder.join("a.bin"))
}

async fn failure(call: &Call, reply: Reply) -> CallError {
    call.perform(&MemoryTransport::sequence([reply])).await.expect_err("no success")
}

#[tokio::test]
async fn a_body_is_saved_and_the_value_says_where() {
    let head = "200 OK\r\ncontent-type: application/json; charset=utf-8";
    let server = Server::writing(answer(head, "{not even json")).await;
    let folder = Folder::new();
    let target = folder.join("a.json");
    let answer = perform(&download(&server.url("/a"), target.clone())).await.expect("an answer");
    assert_eq!(
        *answer.value,
        json!({"file": target, "bytes": 14, "media_type": "application/json; charset=utf-8"})
    );
    assert_eq!((answer.body.len(), answer.received), (0, 14));
    assert_eq!(std::fs::read(&target).expect("the file"), b"{not even json");
    assert_eq!(folder.names(), ["a.json"]);
}

#[tokio::test(start_paused = true)]
async fn chunks_small_and_large_arrive_in_order_and_unchanged() {
    let chunks: Vec<Vec<u8>> = [1, 0, 300_000, 7, 256 * 1024, 5, 5, MIB]
        .into_iter()
        .enumerate()
        .map(|(number, length)| vec![number as u8; length])
        .collect();
    let reply = chunks.iter().fold(Reply::status(200), |reply, chunk| {
        reply.chunk(Duration::from_millis(1), chunk.clone())
    });
    let folder = Folder::new();
    let call = from_memory(&folder);
    let answer = call.perform(&MemoryTransport::sequence([reply])).await.expect("an answer");
    assert_eq!(answer.received as usize, chunks.concat().len());
    assert!(std::fs::read(folder.join("a.bin")).expect("the file") == chunks.concat());
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_is_an_empty_file() {
    let folder = Folder::new();
    let server = MemoryTransport::sequence([Reply::status(204)]);
    let answer = from_memory(&folder).perform(&server).await.expect("no content");
    assert_eq!(answer.value["bytes"], 0);
    assert_eq!(answer.value["media_type"], json!(null));
    assert_eq!(std::fs::read(folder.join("a.bin")).expect("the file"), b"");
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_leaves_the_old_file_and_no_other() {
    let folder = Folder::new();
    let mut call = from_memory(&folder);
    call.max_body = 2 * MIB as u64;
    std::fs::write(folder.join("a.bin"), "old").expect("a writable folder");
    let begun = || Reply::status(200).body(vec![0; MIB]);
    let table = [
        (Reply::status(404), ErrorKind::Status),
        (Reply::status(304), ErrorKind::Redirect),
        (Reply::refused(), ErrorKind::Connect),
        (begun().cut_short(), ErrorKind::Reset),
        (begun().then_stalled(), ErrorKind::Timeout),
        (begun().chunk(Duration::ZERO, vec![0; MIB + 1]), ErrorKind::TooLarge),
        (begun().header("content-length", "99999999"), ErrorKind::TooLarge),
    ];
    for (reply, kind) in table {
        let error = failure(&call, reply).await;
        assert_eq!(error.kind, kind, "{error}");
        folder.comes_to_hold(&["a.bin"]).await;
        assert_eq!(std::fs::read(folder.join("a.bin")).expect("the file"), b"old");
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_out_says_how_much_was_there() {
    let folder = Folder::new();
    let reply = Reply::status(200).body(vec![0; MIB]).then_stalled();
    let error = failure(&from_memory(&folder), reply).await;
    assert!(error.message.contains("only 1048576 bytes of the body were there"), "{error}");
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_nothing_behind() {
    let server = Server::start(|mut stream, _| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n";
        stream.write_all(head.as_bytes()).await.expect("a client");
        stream.write_all(&vec![0; MIB]).await.expect("a client");
        std::future::pending().await
    })
    .await;
    let folder = Folder::new();
    let transport = ReqwestTransport::new().expect("a client");
    // Given up before the request, in the middle of a write, and while waiting for more.
    for patience in [0, 1, 2, 5, 100] {
        let call = download(&server.url("/"), folder.join("a.bin"));
        let attempt = call.perform(&transport);
        let _ = tokio::time::timeout(Duration::from_millis(patience), attempt).await;
        folder.comes_to_hold(&[]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_that_cannot_be_written_to_stops_the_call_before_it_is_sent() {
    let folder = Folder::new();
    std::fs::create_dir(folder.join("taken")).expect("a writable folder");
    let table = [
        (folder.join("missing").join("a.bin"), "a temporary file beside it cannot be made"),
        (folder.join("taken"), "it names no file"),
        (PathBuf::from("/"), "it names no file"),
    ];
    for (target, why) in table {
        let server = MemoryTransport::sequence([Reply::text("never")]);
        let mut post = download("http://a.test/x?key=hunter2", target.clone());
        post.method = Method::POST;
        let error = post.perform(&server).await.expect_err("no place");
        assert_eq!((error.kind, error.retry), (ErrorKind::Transform, Retry::Never), "{error}");
        let begins = format!("POST http://a.test/x is not sent: `{}` cannot", target.display());
        assert!(error.message.starts_with(&begins), "{error}");
        assert!(error.message.contains(why), "{error}");
        assert!(server.requests().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_body_is_not_saved() {
    let folder = Folder::new();
    let mut head = from_memory(&folder);
    head.method = Method::HEAD;
    let error = failure(&head, Reply::status(200)).await;
    assert_eq!((error.kind, error.retry), (ErrorKind::Transform, Retry::Never));
    assert!(error.message.contains("an answer to HEAD has no body"), "{error}");
    assert_eq!(folder.names(), [] as [&str; 0]);
}

/// `/dev/full` is a disk without room; a link to it cannot be used, since the temporary file lies
/// beside the target. What can be provoked is a folder that goes away during the download.
#[tokio::test]
async fn a_file_that_cannot_get_its_name_is_an_error_that_names_it() {
    let folder = Folder::new();
    std::fs::create_dir(folder.join("inner")).expect("a writable folder");
    let inner = folder.join("inner");
    let server = Server::start(move |mut stream, _| {
        let inner = inner.clone();
        async move {
            std::fs::remove_dir_all(&inner).expect("the folder");
            stream.write_all(answer("200 OK", "x").as_bytes()).await.expect("a client");
        }
    })
    .await;
    let target = folder.join("inner").join("a.bin");
    let error = perform(&download(&server.url("/"), target.clone())).await.expect_err("no folder");
    assert_eq!((error.kind, error.retry), (ErrorKind::Transform, Retry::Never), "{error}");
    assert_eq!(error.http_status, Some(200));
    let named = format!("the answer cannot be saved to `{}`: ", target.display());
    assert!(error.message.contains(&named), "{error}");
}
