//! Runs of flows: ten calls, one after the other, with and without a journal on disk; and many that wait
//! in an engine.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fsm_core::journal::RunFilter;
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
}

/// Runs a pipeline of ten GETs against a server on loopback, in turn with and without a journal.
pub(crate) fn ten_calls(rounds: usize) -> Any<TenCalls> {
    let port = serve()?;
    let mut flow = Orchestration::pipeline("ten");
    for call in 0..10 {
        let url = format!("http://127.0.0.1:{port}/{call}");
        flow = flow.endpoint(Endpoint::get(format!("call-{call}"), url));
    }
    let (flow, runtime, folder) = (flow.build()?, runtime()?, tempfile::tempdir()?);
    let journal: FlowJournal = Arc::new(SqliteJournal::open(folder.path())?);
    let (mut alone, mut journaled, mut more) = (Vec::new(), Vec::new(), Vec::new());
    // The first round opens connections, and is not counted.
    for round in 0..=rounds {
        let without = timed(&runtime, &flow, None)?;
        let with = timed(&runtime, &flow, Some(&journal))?;
        if round > 0 {
            alone.push(without);
            journaled.push(with);
            more.push(with.saturating_sub(without));
        }
    }
    Ok(TenCalls { alone: middle(alone), journaled: middle(journaled), more: middle(more) })
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
    /// What an engine holds of one.
    pub(crate) bytes: f64,
    /// From a signal to the end of the run that it was for.
    pub(crate) woken: Duration,
}

/// Begins `count` runs that wait, leaves them, and takes all of them up.
pub(crate) fn waiting(count: usize) -> Any<Waiting> {
    let flow =
        Orchestration::pipeline("refund").await_signal(AwaitSignal::new("approval", "approved"));
    let (flow, runtime, folder) = (flow.build()?, runtime()?, tempfile::tempdir()?);
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
        let mut resumed = Ok(0);
        let held = allocation_counter::measure(|| {
            resumed = second.resume_all(&RunFilter::all()).map(|ids| ids.len());
        });
        let took = start.elapsed();
        assert_eq!((resumed?, second.waiting()), (count, count));

        let mut woken = Vec::new();
        for id in ids.iter().take(20) {
            let start = Instant::now();
            second.signal(id, "approved", json!({ "by": "Ada" }))?;
            let report = second.outcome(id).await?;
            assert_eq!(report.outcome, RunOutcome::Completed, "{:?}", report.error);
            woken.push(start.elapsed());
        }
        let bytes = held.bytes_current as f64 / count as f64;
        Any::Ok(Waiting { begun, resumed: took, bytes, woken: middle(woken) })
    })
}
