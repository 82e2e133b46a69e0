//! Runs of flows: ten calls, one after the other, with and without a journal on disk; and many that wait
//! in an engine.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fsm_core::journal::{MemoryJournal, RunFilter};
use fsm_journal::SqliteJournal;
use fsm_patterns::{
    AwaitSignal, Endpoint, Engine, EngineOptions, Flow, FlowJournal, Orchestration, RunOutcome,
};
use serde_json::json;
use tokio::runtime::Runtime;

use super::{Any, runtime};

/// A run of ten calls, in the middle of `rounds`.
pub(crate) struct TenCalls {
    pub(crate) alone: Duration,
    pub(crate) journaled: Duration,
    /// In the middle of the differences.
    pub(crate) more: Duration,
    /// What the disk takes for as many commits.
    pub(crate) raw: Duration,
}

/// The commits of such a run: its beginning, ten answers, and its result.
pub(crate) const COMMITS: u32 = 12;

/// Runs a pipeline of ten GETs against a server on loopback, in turn with and without a journal.
pub(crate) fn ten_calls(rounds: usize) -> Any<TenCalls> {
    let port = serve()?;
    let mut flow = Orchestration::pipeline("ten");
    for call in 0..10 {
        let url = format!("http://127.0.0.1:{port}/{call}");
        flow = flow.endpoint(Endpoint::get(format!("call-{call}"), url));
    }
    let (flow, runtime, folder) = (flow.build()?, runtime(2)?, tempfile::tempdir()?);
    let journal: FlowJournal = Arc::new(SqliteJournal::open(folder.path())?);
    let peer = rusqlite::Connection::open(folder.path().join("peer.db"))?;
    peer.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    peer.pragma_update(None, "synchronous", "FULL")?;
    peer.execute_batch("CREATE TABLE records (id INTEGER PRIMARY KEY, input TEXT)")?;
    let (mut alone, mut journaled, mut more) = (Vec::new(), Vec::new(), Vec::new());
    let mut raw = Vec::new();
    // The first round opens connections, and is not counted.
    for round in 0..=rounds {
        let without = timed(&runtime, &flow, None)?;
        let with = timed(&runtime, &flow, Some(&journal))?;
        let start = Instant::now();
        for _ in 0..COMMITS {
            peer.prepare_cached("INSERT INTO records VALUES (NULL, ?1)")?.execute(["an answer"])?;
        }
        let bare = start.elapsed();
        if round > 0 {
            raw.push(bare);
            alone.push(without);
            journaled.push(with);
            more.push(with.saturating_sub(without));
        }
    }
    let [alone, journaled, more, raw] = [alone, journaled, more, raw].map(middle);
    Ok(TenCalls { alone, journaled, more, raw })
}

fn timed(runtime: &Runtime, flow: &Flow, journal: Option<&FlowJournal>) -> Any<Duration> {
    let run = flow.run(json!({}))?;
    let start = Instant::now();
    let report = match journal {
        None => runtime.block_on(run.drive()),
        Some(journal) => runtime.block_on(run.journal(journal.clone()).drive())?,
    };
    let took = start.elapsed();
    assert_eq!(report.outcome, RunOutcome::Completed, "{:?}", report.error);
    Ok(took)
}

pub(crate) fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Answers every request with a number; on threads of its own.
fn serve() -> Any<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away breaks its connection.
            std::thread::spawn(move || drop(answer(&stream)));
        }
    });
    Ok(port)
}

fn answer(mut stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        if line == "\r\n" {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1";
            stream.write_all(format!("{head}\r\n\r\n7").as_bytes())?;
        }
        line.clear();
    }
    Ok(())
}

/// Runs that wait for a signal.
pub(crate) struct Waiting {
    /// To begin one of them, until it waits and that is durable.
    pub(crate) begun: Duration,
    /// To open the journal, and to be ready to wake all of them.
    pub(crate) resumed: Duration,
    /// From a signal to the end of the run that it was for.
    pub(crate) woken: Duration,
}

/// Begins `count` runs that wait, leaves them, and takes all of them up.
pub(crate) fn waiting(count: usize) -> Any<Waiting> {
    let flow =
        Orchestration::pipeline("refund").await_signal(AwaitSignal::new("approval", "approved"));
    let (flow, runtime, folder) = (flow.build()?, runtime(2)?, tempfile::tempdir()?);
    let engine = |journal| {
        let options = EngineOptions::new().patience(Duration::ZERO);
        let engine = Engine::with_options(Arc::new(journal), options);
        engine.register(&flow);
        engine
    };
    let start = Instant::now();
    let first = engine(SqliteJournal::open(folder.path())?);
    let ids = runtime.block_on(async {
        let begun: Result<Vec<String>, _> = (0..count)
            .map(|order| first.start(&flow, json!({ "order": order })).map(|run| run.id().into()))
            .collect();
        first.until_idle().await;
        begun
    })?;
    let begun = start.elapsed() / u32::try_from(count)?;
    assert_eq!(first.waiting(), count);
    runtime.block_on(first.shutdown())?;
    drop(first);

    runtime.block_on(async {
        let start = Instant::now();
        let second = engine(SqliteJournal::open(folder.path())?);
        let resumed = second.resume_all(&RunFilter::all())?.len();
        let took = start.elapsed();
        assert_eq!((resumed, second.waiting()), (count, count));

        let mut woken = Vec::new();
        for id in ids.iter().take(20) {
            let start = Instant::now();
            second.signal(id, "approved", json!({ "by": "Ada" }))?;
            let report = second.outcome(id).await?;
            assert_eq!(report.outcome, RunOutcome::Completed, "{:?}", report.error);
            woken.push(start.elapsed());
        }
        Any::Ok(Waiting { begun, resumed: took, woken: middle(woken) })
    })
}

/// The bytes that an engine, and a journal in memory for its lease, hold of a run that waits. Allocations
/// are counted by thread, and a journal on disk has some.
pub(crate) fn bytes(count: usize) -> Any<f64> {
    let flow =
        Orchestration::pipeline("refund").await_signal(AwaitSignal::new("approval", "approved"));
    let flow = flow.build()?;
    let journal: FlowJournal = Arc::new(MemoryJournal::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let options = EngineOptions::new().patience(Duration::ZERO);
        let first = Engine::with_options(journal.clone(), options.clone());
        for order in 0..count {
            first.start(&flow, json!({ "order": order }))?;
        }
        first.until_idle().await;
        first.shutdown().await?;
        drop(first);
        let second = Engine::with_options(journal, options);
        second.register(&flow);
        let mut resumed = Ok(0);
        let held = allocation_counter::measure(|| {
            resumed = second.resume_all(&RunFilter::all()).map(|ids| ids.len());
        });
        assert_eq!((resumed?, second.waiting()), (count, count));
        Any::Ok(held.bytes_current as f64 / count as f64)
    })
}
