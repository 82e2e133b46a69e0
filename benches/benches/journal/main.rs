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
use rusqlite::Connection;
use tokio::runtime::{Builder, Runtime};

/// After so many records of a run the journal keeps a snapshot.
const KEPT: i64 = 64;

type Any<T> = Result<T, Box<dyn Error>>;

/// Races runs that are written together against the plain loop, several times, and prints a line.
fn races(out: &mut impl Write, threads: usize, runs: usize, is_measured: bool) -> Any<()> {
    let rounds = if is_measured { 15 } else { 1 };
    let steps = steps(runs, is_measured)?;
    let raced = (0..rounds).map(|_| race(threads, runs, steps)).collect::<Any<Vec<Race>>>()?;
    let middle = |of: &dyn Fn(&Race) -> f64| {
        let mut all: Vec<f64> = raced.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    // What the disk and others do besides makes a round slower, and never faster.
    let fastest = |of: fn(&Race) -> f64| raced.iter().map(of).fold(0.0, f64::max);
    let (ours, raw) = (fastest(|race| race.ours), fastest(|race| race.raw));
    writeln!(
        out,
        "{runs} at once, threads: {threads}, {:.0} records a commit: {:.0} steps/s, raw {:.0}/s, \
         ratio {:.2}; fastest {ours:.0} and {raw:.0}, {:.2}",
        middle(&|race| race.group),
        middle(&|race| race.ours),
        middle(&|race| race.raw),
        middle(&|race| race.ours / race.raw),
        ours / raw,
    )?;
    Ok(())
}

/// How many steps each of so many runs takes: a round lasts some tenths of a second.
fn steps(runs: usize, is_measured: bool) -> Any<u32> {
    let (least, all) = if is_measured { (400, 16_000) } else { (10, 160) };
    Ok((all / u32::try_from(runs)?).clamp(least, 1_000))
}

fn main() -> Any<()> {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let waiting = if is_measured { 100_000 } else { 1_000 };
    let mut out = std::io::stdout();
    for runs in [16, 64, 256] {
        for threads in [1, 2] {
            races(&mut out, threads, runs, is_measured)?;
        }
    }
    races(&mut out, 2, 1, is_measured)?;
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

/// One thread is what the command drives its runs with, two what a service has on two cores.
fn runtime(threads: usize) -> Any<Runtime> {
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    Ok(builder.worker_threads(threads).enable_all().build()?)
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
#[derive(Debug)]
struct Race {
    ours: f64,
    raw: f64,
    group: f64,
}

fn race(threads: usize, runs: usize, steps: u32) -> Any<Race> {
    let (ours, peer) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let commits = Commits::default();
    let options = Options::new().disk(commits.clone());
    let journal = SqliteJournal::<u32, ()>::open_with(ours.path(), options)?;
    let (machine, runtime) = (count(steps)?, runtime(threads)?);
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
    Ok(Race { ours: records / took, raw: records / raw, group: records / commits as f64 })
}

/// Writes the records of a journal anew, in as many commits, each with the row that says how much was
/// written, and a snapshot of each run where the journal keeps one; gives how many records they were
/// and the seconds that it took. What is written once a run, its line and its lease, is left out.
fn plain(from: &Path, to: &Path, commits: u64) -> Any<(f64, f64)> {
    let source = Connection::open(from.join("journal.db"))?;
    let mut schema = source.prepare(
        "SELECT sql FROM sqlite_schema \
         WHERE tbl_name IN ('records', 'journal', 'snapshots') AND sql IS NOT NULL",
    )?;
    let schema: Vec<String> = schema.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    type Row = (i64, i64, i64, i64, i64, String, i64);
    let mut rows = source.prepare("SELECT * FROM records ORDER BY id")?;
    let rows: Vec<Row> = rows.query_map([], |row| row.try_into())?.collect::<Result<_, _>>()?;
    let sql = "SELECT fingerprint, definition, snapshot FROM snapshots LIMIT 1";
    let (fingerprint, definition, snapshot): (String, String, String) =
        source.query_row(sql, [], |row| row.try_into())?;

    let peer = Connection::open(to.join("peer.db"))?;
    peer.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    peer.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    peer.pragma_update(None, "synchronous", "FULL")?;
    peer.pragma_update(None, "cell_size_check", true)?;
    peer.execute_batch(&schema.join(";"))?;
    peer.execute("INSERT INTO journal VALUES (1, 'peer', 0, 0, 0, 0)", [])?;
    let mut count = peer.prepare("UPDATE journal SET written = ?1, records = ?1, seal = ?2")?;
    let mut insert = peer.prepare("INSERT INTO records VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    let mut keep = peer.prepare(
        "INSERT INTO snapshots VALUES (NULL, ?1, 0, 'last', ?2, ?3, ?4, ?5, ?6, ?3) \
         ON CONFLICT (run, epoch, kind) DO UPDATE SET records = excluded.records, \
         chain = excluded.chain, snapshot = excluded.snapshot, seal = excluded.seal",
    )?;
    let group = rows.len().div_ceil(usize::try_from(commits)?);
    let start = Instant::now();
    for group in rows.chunks(group.max(1)) {
        peer.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for (id, run, number, at, trail, input, chain) in group {
            insert.execute((id, run, number, at, trail, input, chain))?;
            if number % KEPT == 0 {
                keep.execute((run, number, chain, &fingerprint, &definition, &snapshot))?;
            }
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
    let (machine, runtime) = (count(10)?, runtime(2)?);
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
    let (machine, runtime) = (count(10)?, runtime(2)?);
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
