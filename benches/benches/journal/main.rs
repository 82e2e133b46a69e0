//! The journal on disk, beside a plain loop over SQLite that writes the same rows in groups of the same
//! size; the journal in memory, beside no journal; flows with a journal and without; and many runs that
//! wait, in the journal and in an engine.

mod flows;

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fsm_core::journal::{Journal, Logbook, MemoryJournal, NewRun, RunFilter, Standing};
use fsm_core::{Bindings, Graph, Machine, Outcome};
use fsm_journal::{Disk, Options, SqliteJournal};
use tokio::runtime::{Builder, Runtime};

type Any<T> = Result<T, Box<dyn Error>>;

/// Steps of a run that is written together with others.
const STEPS: u32 = 100;

fn main() -> Any<()> {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let (rounds, waiting) = if is_measured { (5, 100_000) } else { (1, 1_000) };
    let mut out = std::io::stdout();
    for runs in [1, 16, 64, 256] {
        let mut ratios = Vec::new();
        let (mut ours, mut raw, mut size) = (0.0, 0.0, 0.0);
        for _ in 0..rounds {
            let (here, peer, group) = race(runs)?;
            ratios.push(here / peer);
            (ours, raw, size) = (here, peer, group);
        }
        ratios.sort_by(f64::total_cmp);
        let middle = ratios[ratios.len() / 2];
        writeln!(
            out,
            "{runs} runs at once, {size:.0} records a commit: {ours:.0} steps/s, raw {raw:.0}/s, \
             ratio {middle:.2} (at least 0.80)"
        )?;
    }
    writeln!(out, "in memory: {:.0} ns a step (at most 100)", memory(is_measured)?)?;
    writeln!(out, "ten steps one after the other: {:.2?} (below 10 ms)", ten()?)?;
    let (adopt, took_up) = adopt(waiting)?;
    writeln!(out, "{waiting} waiting runs adopted in {adopt:.2?}; one taken up in {took_up:.2?}")?;
    let calls = flows::ten_calls(if is_measured { 50 } else { 2 })?;
    writeln!(
        out,
        "a flow of ten calls: {:.2?} without a journal, {:.2?} with one on disk, {:.2?} more \
         (below 10 ms); {} commits of plain SQLite take {:.2?}",
        calls.alone,
        calls.journaled,
        calls.more,
        flows::COMMITS,
        calls.raw
    )?;
    let held = flows::waiting(waiting as usize)?;
    writeln!(
        out,
        "{waiting} waiting runs in an engine: begun in {:.2?} each; all resumed in {:.2?}; from a \
         signal to the end of its run {:.2?}",
        held.begun, held.resumed, held.woken
    )?;
    let bytes = flows::bytes(waiting as usize)?;
    writeln!(out, "{bytes:.0} bytes a waiting run (at most 1024)")?;
    Ok(())
}

/// `steps` activities that do nothing, one after the other.
fn count(steps: u32) -> Any<Machine<u32, ()>> {
    let mut graph = Graph::builder("count");
    graph.activity("count");
    graph.final_state("completed");
    graph.transition("count", "completed").done().guard("enough").action("one more");
    graph.transition("count", "count").done().action("one more");
    let bindings = Bindings::new()
        .guard("enough", move |count: &u32, _| *count + 1 >= steps)
        .action("one more", |count: &mut u32, _| *count += 1)
        .activity("count", |_, _| async { Outcome::done() });
    Ok(Machine::bind(graph.initial("count").build()?, bindings)?)
}

fn runtime() -> Any<Runtime> {
    // As a service has it that drives many runs.
    Ok(Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// Counts commits.
#[derive(Clone, Debug, Default)]
struct Commits(Arc<AtomicU64>);

impl Disk for Commits {
    fn sync(&mut self) -> std::io::Result<()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Records a second of ours and of the plain loop, and how many there were in a group.
fn race(runs: usize) -> Any<(f64, f64, f64)> {
    let (ours, peer) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let commits = Commits::default();
    let options = Options::new().disk(commits.clone());
    let journal = SqliteJournal::<u32, ()>::open_with(ours.path(), options)?;
    let (machine, runtime) = (count(STEPS)?, runtime()?);
    let start = Instant::now();
    runtime.block_on(async {
        let mut all = Vec::new();
        for run in 0..runs {
            let first = machine.snapshot(0, 0);
            let book =
                journal.begin(NewRun::new(&format!("run-{run}"), machine.graph()), &first)?;
            all.push(tokio::spawn(machine.resume(first)?.journal(book).drive()));
        }
        for run in all {
            if let Some(fault) = run.await?.fault {
                return Err(fault.into());
            }
        }
        Any::Ok(())
    })?;
    let took = start.elapsed().as_secs_f64();
    drop(journal);
    let commits = commits.0.load(Ordering::Relaxed);
    let (records, raw) = plain(ours.path(), peer.path(), commits)?;
    Ok((records / took, records / raw, records / commits as f64))
}

/// Writes the records of a journal anew, in as many commits, each with the row that says how much was
/// written, and gives how many they were and the seconds that it took. The lines of runs and their
/// snapshots, some for each run, are left out.
fn plain(from: &Path, to: &Path, commits: u64) -> Any<(f64, f64)> {
    let source = rusqlite::Connection::open(from.join("journal.db"))?;
    let mut schema = source.prepare(
        "SELECT sql FROM sqlite_schema WHERE tbl_name IN ('records', 'journal') AND sql IS NOT NULL",
    )?;
    let schema: Vec<String> = schema.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    type Row = (i64, i64, i64, i64, i64, String, i64);
    let mut rows = source.prepare("SELECT * FROM records ORDER BY id")?;
    let rows: Vec<Row> = rows.query_map([], |row| row.try_into())?.collect::<Result<_, _>>()?;

    let peer = rusqlite::Connection::open(to.join("peer.db"))?;
    peer.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    peer.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    peer.pragma_update(None, "synchronous", "FULL")?;
    peer.execute_batch(&schema.join(";"))?;
    peer.execute("INSERT INTO journal VALUES (1, 'peer', 0, 0, 0, 0)", [])?;
    let mut count = peer.prepare("UPDATE journal SET written = ?1, records = ?1, seal = ?2")?;
    let mut insert = peer.prepare("INSERT INTO records VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    let group = rows.len().div_ceil(usize::try_from(commits)?);
    let start = Instant::now();
    for group in rows.chunks(group.max(1)) {
        peer.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for (id, run, number, at, trail, input, chain) in group {
            insert.execute((id, run, number, at, trail, input, chain))?;
        }
        let Some((last, .., chain)) = group.last() else { continue };
        count.execute((last, chain))?;
        peer.prepare_cached("COMMIT")?.execute([])?;
    }
    Ok((rows.len() as f64, start.elapsed().as_secs_f64()))
}

/// Nanoseconds that the journal in memory adds to a step.
fn memory(is_measured: bool) -> Any<f64> {
    let steps = if is_measured { 200_000 } else { 1_000 };
    let (machine, runtime) = (count(steps)?, Builder::new_current_thread().enable_all().build()?);
    let mut added = Vec::new();
    for _ in 0..7 {
        let start = Instant::now();
        runtime.block_on(machine.run(0).drive());
        let alone = start.elapsed();
        let journal = MemoryJournal::new();
        let first = machine.snapshot(0, 0);
        let book = journal.begin(NewRun::new("run", machine.graph()), &first)?;
        let start = Instant::now();
        runtime.block_on(machine.resume(first)?.journal(book).drive());
        let written = start.elapsed();
        added.push(written.saturating_sub(alone).as_nanos() as f64 / f64::from(steps));
    }
    added.sort_by(f64::total_cmp);
    Ok(added[added.len() / 2])
}

/// A run of ten steps alone: each has to be durable before the next begins.
fn ten() -> Any<Duration> {
    let folder = tempfile::tempdir()?;
    let journal = SqliteJournal::<u32, ()>::open(folder.path())?;
    let (machine, runtime) = (count(10)?, runtime()?);
    let mut took = Vec::new();
    for run in 0..20 {
        let start = Instant::now();
        let first = machine.snapshot(0, 0);
        let book = journal.begin(NewRun::new(&format!("run-{run}"), machine.graph()), &first)?;
        let ended = runtime.block_on(machine.resume(first)?.journal(book).drive());
        assert!(ended.fault.is_none(), "{:?}", ended.fault);
        took.push(start.elapsed());
    }
    took.sort();
    Ok(took[took.len() / 2])
}

/// How long it takes to adopt runs that wait, all at once, and to take one of them up.
fn adopt(waiting: u32) -> Any<(Duration, Duration)> {
    let folder = tempfile::tempdir()?;
    let journal = SqliteJournal::<u32, ()>::open(folder.path())?;
    let (machine, runtime) = (count(10)?, runtime()?);
    let mut last: Option<Box<dyn Logbook<u32, ()>>> = None;
    for run in 0..waiting {
        let first = machine.snapshot(0, 0);
        let mut book =
            journal.begin(NewRun::new(&format!("run-{run}"), machine.graph()), &first)?;
        book.stand(Standing::Waiting { until: None, awaits: &["approved"] }, &first);
        last = Some(book);
    }
    if let Some(mut book) = last {
        runtime.block_on(std::future::poll_fn(|task| book.poll_durable(task)))?;
    }
    drop(journal);

    let journal = SqliteJournal::<u32, ()>::open(folder.path())?;
    let start = Instant::now();
    let adopted = journal.adopt(&RunFilter::all())?;
    let adoption = start.elapsed();
    assert_eq!(adopted.len(), waiting as usize);
    let start = Instant::now();
    journal.take_up("run-500")?;
    Ok((adoption, start.elapsed()))
}
