//! Files that are sent: when they are read, on which thread, and what is said where they can't be.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fsm_http::{ErrorKind, MemoryTransport, Reply};
use fsm_patterns::{Endpoint, Flow, Orchestration, RunOutcome, RunReport};
use serde_json::json;

/// A file of one test, gone with it.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("uploads {} {name}", std::process::id())))
    }

    fn write(&self, content: &str) {
        std::fs::write(&self.0, content).expect("a writable folder");
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // It may never have been written.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// An endpoint that sends the file.
fn upload(name: &str, path: &Path) -> Endpoint {
    Endpoint::post(name, format!("http://files.test/{name}"))
        .header("Content-Type", "multipart/form-data")
        .body(json!({ "file": { "file": path, "media_type": "text/csv" } }))
}

/// What the server got, in order, and what it answers to the request of a number.
fn server(status: fn(usize) -> u16) -> (Arc<MemoryTransport>, Arc<Mutex<Vec<String>>>) {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = bodies.clone();
    let transport = MemoryTransport::replying(move |request| {
        let mut seen = seen.lock().expect("no panic while it is held");
        seen.push(String::from_utf8_lossy(request.body()).into_owned());
        Reply::status(status(seen.len() - 1))
    });
    (Arc::new(transport), bodies)
}

async fn run(flow: &Flow) -> RunReport {
    flow.execute(json!({})).await.expect("the run begins")
}

/// The file comes to be while the call waits for its turn: had it been read before, the call would
/// have failed.
#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_its_turn_reads_nothing() {
    let file = File::new("late.csv");
    let (server, bodies) = server(|_| 204);
    let flow = Orchestration::parallel("uploads")
        .global_rate_limit(1)
        .rate_limit_window(Duration::from_secs(60))
        .endpoint(Endpoint::get("first", "http://files.test/first"))
        .endpoint(upload("second", &file.0))
        .build_with(server)
        .expect("a flow");
    let written = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        file.write("written while it waited");
    };
    let (report, ()) = tokio::join!(run(&flow), written);
    assert_eq!(report.outcome, RunOutcome::Completed, "{report:?}");
    assert_eq!(report.steps["second"].attempts, 1);
    let bodies = bodies.lock().expect("no panic while it is held");
    assert!(bodies[1].contains("written while it waited"), "{bodies:?}");
}

#[tokio::test(start_paused = true)]
async fn every_attempt_sends_what_the_file_holds_then() {
    let file = File::new("changing.csv");
    file.write("as it was");
    let (server, bodies) = server(|count| if count == 0 { 503 } else { 204 });
    let flow = Orchestration::sequential("uploads")
        .endpoint(
            upload("a", &file.0).idempotency().retry_count(1).retry_delay(Duration::from_secs(60)),
        )
        .build_with(server)
        .expect("a flow");
    let changed = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        file.write("as it is now");
    };
    let (report, ()) = tokio::join!(run(&flow), changed);
    assert_eq!(report.steps["a"].attempts, 2, "{report:?}");
    let bodies = bodies.lock().expect("no panic while it is held");
    assert!(bodies[0].contains("as it was") && bodies[1].contains("as it is now"), "{bodies:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_out_of_the_cache_reads_nothing() {
    let file = File::new("cached.csv");
    file.write("content");
    let (server, bodies) = server(|_| 200);
    let flow = Orchestration::sequential("uploads")
        .cache_ttl(Duration::from_secs(3_600))
        .endpoint(upload("a", &file.0).cache_key("one"))
        .build_with(server)
        .expect("a flow");
    assert_eq!(run(&flow).await.outcome, RunOutcome::Completed);
    std::fs::remove_file(&file.0).expect("it was there");
    let report = run(&flow).await;
    assert_eq!(report.outcome, RunOutcome::Completed, "{report:?}");
    assert_eq!(bodies.lock().expect("no panic while it is held").len(), 1);
}

/// The one thread for blocking work is busy. So the file is not read, while the run goes on.
#[test]
fn files_are_read_off_the_thread_of_the_run() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .expect("a runtime");
    let file = File::new("off.csv");
    file.write("content");
    let (server, bodies) = server(|_| 204);
    let flow = Orchestration::fanout("uploads")
        .endpoint(upload("upload", &file.0))
        .endpoint(Endpoint::get("other", "http://files.test/other"))
        .build_with(server)
        .expect("a flow");
    runtime.block_on(async {
        let (release, released) = mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || released.recv());
        let run = tokio::spawn(async move { run(&flow).await });
        let count = || bodies.lock().expect("no panic while it is held").len();
        let arrived = async {
            while count() == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), arrived).await.expect("the other call");
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(count(), 1, "the upload waits for the disk, the other call does not");
        release.send(()).expect("somebody waits for it");
        busy.await.expect("no panic").expect("it was released");
        assert_eq!(run.await.expect("no panic").outcome, RunOutcome::Completed);
        assert_eq!(count(), 2);
    });
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_read_fails_the_call_before_anything_is_sent() {
    let (server, bodies) = server(|_| 204);
    let missing = File::new("missing.csv");
    let folder = std::env::temp_dir();
    let flow = Orchestration::sequential("uploads")
        .endpoint(upload("missing", &missing.0).idempotency().retry_count(3))
        .endpoint(upload("folder", &folder))
        .build_with(server)
        .expect("a flow");
    let report = run(&flow).await;
    for (name, words) in
        [("missing", "missing.csv` cannot be read: "), ("folder", "no regular file")]
    {
        let step = &report.steps[name];
        let error = step.error.as_ref().expect("it failed");
        assert_eq!((error.kind, step.attempts), (ErrorKind::Transform, 0), "{step:?}");
        let beginning = format!("POST http://files.test/{name} is not sent: the part `file` ");
        assert!(error.message.starts_with(&beginning), "{}", error.message);
        assert!(error.message.contains(words), "{}", error.message);
    }
    assert!(bodies.lock().expect("no panic while it is held").is_empty());
}

#[test]
fn a_dry_run_reads_no_file() {
    let (server, _) = server(|_| 204);
    let flow = Orchestration::sequential("uploads")
        .endpoint(upload("a", Path::new("/no/such/file.csv")))
        .build_with(server)
        .expect("a flow");
    let dry = flow.dry_run(&json!({})).expect("a dry run");
    let request = &dry.requests["a"];
    assert_eq!(request.unknown, None);
    assert_eq!(request.body, Some(json!("a multipart form with the file `/no/such/file.csv`")));
}
