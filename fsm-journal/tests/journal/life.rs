//! A run begins, is taken up by another journal, and ends.

use std::time::Duration;

use fsm_core::journal::{Journal, JournalError, NewRun, RunFilter, RunPhase};
use fsm_core::{Bindings, Graph, Input, Machine, Outcome, Status};
use fsm_journal::{Disk, Options, SqliteJournal};

use crate::talk::*;

#[tokio::test]
async fn a_run_goes_on_where_another_process_left_it() -> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = open(dir.path())?;
    let listening = begin(&journal, "run-1").await?;
    assert_eq!(listening.snapshot.context().heard, ["a page"]);
    journal.post("run-1", &said("hello"))?;
    drop(journal);

    let journal = open(dir.path())?;
    let listening = go_on(&journal, "run-1").await?;
    assert_eq!(listening.snapshot.context().heard, ["a page", "hello"]);
    journal.post("run-1", &bye())?;
    let ended = go_on(&journal, "run-1").await?;
    assert!(matches!(ended.snapshot.status(), Status::Finished(_)));
    drop(journal);

    let journal = open(dir.path())?;
    let history = journal.read("run-1")?;
    assert_eq!(history.last().replay(&machine())?, ended.snapshot);
    assert_eq!(&*history.last().definition, "talk: yes");
    let inputs: Vec<u64> = history.last().records.iter().map(|record| record.number).collect();
    assert_eq!(inputs, (1..=history.info.records).collect::<Vec<_>>());
    let over = RunPhase::Over { outcome: "completed".to_owned(), result: String::new() };
    assert_eq!(history.info.phase, over);
    assert_eq!(history.info.driver, None);
    assert_eq!(journal.check()?.runs, 1);
    Ok(())
}

#[tokio::test]
async fn numbers_come_back_to_the_last_bit() -> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = open(dir.path())?;
    begin(&journal, "run").await?;
    let mut last = None;
    for _ in 0..40 {
        journal.post("run", &said("think"))?;
        last = Some(go_on(&journal, "run").await?.snapshot);
    }
    let last = last.ok_or("forty of them")?;
    assert_eq!(journal.read("run")?.last().replay(&machine())?, last);
    let again = journal.take_up("run")?.history;
    assert_eq!(again.last().replay(&machine())?, last);
    assert!(again.last().records.is_empty(), "the last snapshot is where it stands");
    Ok(())
}

#[tokio::test]
async fn a_long_run_is_taken_up_from_a_snapshot_on_the_way() -> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = SqliteJournal::<u32, ()>::open(dir.path())?;
    let mut graph = Graph::builder("count");
    graph.activity("count");
    graph.transition("count", "count").done().action("one more");
    let bindings = Bindings::new().action("one more", |count: &mut u32, _| *count += 1).activity(
        "count",
        |count, _| {
            let count = *count;
            async move {
                match count {
                    // Here its driver dies.
                    300 => std::future::pending().await,
                    _ => Outcome::done(),
                }
            }
        },
    );
    let machine = Machine::bind(graph.initial("count").build()?, bindings)?;
    let first = machine.snapshot(0, 0);
    let book = journal.begin(NewRun::new("run", machine.graph()), &first)?;
    let run = tokio::spawn(machine.resume(first)?.journal(book).drive());
    while journal.info("run")?.records < 301 {
        tokio::task::yield_now().await;
    }
    run.abort();
    assert!(run.await.is_err());

    let (whole, rest) = (journal.read("run")?, journal.take_up("run")?.history);
    assert_eq!(whole.last().records.len(), 301);
    assert!(rest.last().records.len() < 100, "{}", rest.last().records.len());
    assert_eq!(rest.last().replay(&machine)?, whole.last().replay(&machine)?);
    assert_eq!(*rest.last().replay(&machine)?.context(), 300);
    assert_eq!(rest.info.phase, RunPhase::Running);
    Ok(())
}

#[tokio::test]
async fn a_run_that_is_carried_over_has_an_epoch_for_each_graph() -> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = open(dir.path())?;
    begin(&journal, "run").await?;
    let taken = journal.take_up("run")?;
    let (mut book, other) = (taken.book, named("another talk"));
    let before = taken.history.info.records;
    // What a migration would do, in the smallest way: the new graph from its beginning.
    let moved = other.snapshot(Talk::default(), 0);
    book.carry_over(other.graph().fingerprint(), "talk: other", &moved);
    let listening = drive(&other, moved, book).await;

    let history = journal.read("run")?;
    assert_eq!(history.epochs.len(), 2);
    assert_eq!(&*history.epochs[0].definition, "talk: yes");
    assert_eq!(&*history.epochs[1].definition, "talk: other");
    assert_eq!(history.epochs[0].records.len() as u64, before);
    assert_eq!(history.epochs[1].records[0].number, before + 1);
    assert_eq!(history.info.fingerprint, other.graph().fingerprint());
    history.epochs[0].replay(&machine())?;
    assert_eq!(history.last().replay(&other)?, listening.snapshot);
    assert_eq!(journal.take_up("run")?.history.last().replay(&other)?, listening.snapshot);
    journal.check()?;
    Ok(())
}

#[tokio::test]
async fn lists_are_filtered_and_those_that_began_last_come_first() -> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = open(dir.path())?;
    for id in ["a", "b", "c"] {
        begin(&journal, id).await?;
    }
    journal.post("b", &bye())?;
    go_on(&journal, "b").await?;
    let ids = |filter: RunFilter| -> Result<Vec<String>, JournalError> {
        Ok(journal.list(&filter)?.into_iter().map(|run| run.id).collect())
    };
    assert_eq!(ids(RunFilter::all())?, ["c", "b", "a"]);
    assert_eq!(ids(RunFilter { limit: Some(2), ..RunFilter::all() })?, ["c", "b"]);
    let status = |status: &str| RunFilter { status: vec![status.to_owned()], ..RunFilter::all() };
    assert_eq!(ids(status("waiting"))?, ["c", "a"]);
    assert_eq!(ids(status("completed"))?, ["b"]);
    assert_eq!(ids(RunFilter { machine: Some("walk".to_owned()), ..RunFilter::all() })?.len(), 0);
    let began = journal.info("b")?.began;
    assert_eq!(ids(RunFilter { since: Some(began), ..RunFilter::all() })?, ["c", "b"]);
    let waiting = journal.info("a")?;
    let awaits = vec!["bye".to_owned(), "said".to_owned()];
    assert_eq!(waiting.phase, RunPhase::Waiting { until: None, awaits });
    assert_eq!(waiting.driver, Some(format!("process {}", std::process::id())));
    Ok(())
}

#[tokio::test]
async fn an_id_is_given_once_and_a_wrong_one_is_corrected() -> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = open(dir.path())?;
    let machine = machine();
    let first = machine.snapshot(Talk::default(), 0);
    // Not durable yet, and known already.
    let _book = journal.begin(NewRun::new("invoice-1", machine.graph()), &first)?;
    let again = journal.begin(NewRun::new("invoice-1", machine.graph()), &first).err();
    assert!(matches!(again, Some(JournalError::Exists { .. })), "{again:?}");
    let wrong = journal.info("invoice-2").err().ok_or("there is none")?;
    let said = "there is no run `invoice-2` in the journal; did you mean `invoice-1`?";
    assert_eq!(wrong.to_string(), said);

    // Another journal value is another process as far as ids go.
    let other = open(dir.path())?;
    let again = other.begin(NewRun::new("invoice-1", machine.graph()), &first).err();
    assert!(matches!(again, Some(JournalError::Exists { .. })), "{again:?}");
    Ok(())
}

#[tokio::test]
async fn a_key_is_free_again_only_when_its_run_failed() -> TestResult {
    let dir = tempfile::tempdir()?;
    let (journal, other) = (open(dir.path())?, open(dir.path())?);
    begin_keyed(&journal, "monday", Some("2026-11")).await?;
    let Err(JournalError::KeyTaken { run, .. }) =
        begin_keyed(&other, "tuesday", Some("2026-11")).await
    else {
        return Err("the key is taken".into());
    };
    assert_eq!(run, "monday");

    journal.post("monday", &Input::Cancel)?;
    go_on(&journal, "monday").await?;
    assert_eq!(begin_keyed(&other, "tuesday", Some("2026-11")).await?.fault.map(|_| ()), None);
    other.post("tuesday", &bye())?;
    go_on(&other, "tuesday").await?;
    let completed = begin_keyed(&journal, "wednesday", Some("2026-11")).await.err();
    assert!(matches!(completed, Some(JournalError::KeyTaken { .. })), "{completed:?}");
    Ok(())
}

#[tokio::test]
async fn a_completed_run_loses_its_key_to_one_that_is_forced_and_one_under_way_does_not()
-> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = open(dir.path())?;
    let machine = machine();
    let first = machine.snapshot(Talk::default(), 7);
    let forced = |id: &'static str| NewRun::new(id, machine.graph()).key(Some("2026-11")).force();
    begin_keyed(&journal, "monday", Some("2026-11")).await?;
    let refused = journal.begin(forced("tuesday"), &first).err();
    assert!(matches!(refused, Some(JournalError::KeyTaken { .. })), "{refused:?}");
    journal.post("monday", &bye())?;
    go_on(&journal, "monday").await?;

    drive(&machine, first.clone(), journal.begin(forced("tuesday"), &first)?).await;
    assert_eq!(journal.info("monday")?.key, None);
    assert_eq!(journal.info("tuesday")?.key.as_deref(), Some("2026-11"));
    let again = journal.begin(forced("monday"), &first).err();
    assert!(matches!(again, Some(JournalError::Exists { .. })), "{again:?}");
    assert_eq!(journal.info("tuesday")?.key.as_deref(), Some("2026-11"));
    journal.check()?;
    Ok(())
}

#[test]
fn what_is_nested_as_deep_as_json_can_be_read_comes_back() -> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = SqliteJournal::<serde_json::Value, ()>::open(dir.path())?;
    let deepest = 127;
    let text = format!("{}{}", "[".repeat(deepest), "]".repeat(deepest));
    let mut graph = Graph::builder("deep");
    graph.simple("there");
    graph.final_state("gone");
    graph.transition("there", "gone").on("go");
    let machine =
        Machine::<serde_json::Value, ()>::bind(graph.initial("there").build()?, Bindings::new())?;
    let first = machine.snapshot(serde_json::from_str(&text)?, 0);
    drop(journal.begin(NewRun::new("run", machine.graph()), &first)?);
    assert_eq!(journal.read("run")?.last().first, first);
    Ok(())
}

#[tokio::test]
async fn a_wrong_id_that_is_very_long_is_refused_at_once() -> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = open(dir.path())?;
    for number in 0..20 {
        begin(&journal, &format!("run {number} {}", "of many ".repeat(2_000))).await?;
    }
    let begun = std::time::Instant::now();
    let wrong = journal.info(&"run ".repeat(250_000)).err().ok_or("there is none")?;
    assert!(matches!(wrong, JournalError::NoSuchRun { nearest: None, .. }));
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    Ok(())
}

#[test]
fn a_journal_that_must_be_there_and_is_not_is_not_made() -> TestResult {
    let dir = tempfile::tempdir()?;
    let there = dir.path().join("nowhere");
    let missing = TalkJournal::open_existing(&there, Options::new()).err().ok_or("none")?;
    assert!(missing.to_string().contains("there is no journal in"), "{missing}");
    assert!(!there.exists());
    #[cfg(unix)]
    {
        let round = dir.path().join("round");
        std::os::unix::fs::symlink(&round, &round)?;
        let unseen = TalkJournal::open_existing(&round, Options::new()).err().ok_or("a loop")?;
        assert!(unseen.to_string().contains("can't look at"), "nobody knows: {unseen}");
    }
    std::fs::write(dir.path().join("file"), "")?;
    let file = open(&dir.path().join("file")).err().ok_or("no folder")?;
    assert!(file.to_string().contains("can't make the folder"), "{file}");
    Ok(())
}

#[test]
fn a_newer_format_and_a_foreign_database_are_refused() -> TestResult {
    let dir = tempfile::tempdir()?;
    drop(open(dir.path())?);
    let database = rusqlite::Connection::open(dir.path().join("journal.db"))?;
    database.pragma_update(None, "user_version", 99)?;
    drop(database);
    let newer = open(dir.path()).err().ok_or("newer")?;
    assert!(matches!(newer, JournalError::Format { found: 99, understood: 1 }), "{newer}");

    let dir = tempfile::tempdir()?;
    let database = rusqlite::Connection::open(dir.path().join("journal.db"))?;
    database.execute_batch("CREATE TABLE recipes (name TEXT)")?;
    drop(database);
    let foreign = open(dir.path()).err().ok_or("foreign")?;
    assert!(foreign.to_string().contains("of another program"), "{foreign}");
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn what_runs_return_is_for_their_owner_alone() -> TestResult {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir()?;
    let dir = dir.path().join("journal");
    let journal = open(&dir)?;
    begin(&journal, "run").await?;
    assert_eq!(std::fs::metadata(&dir)?.permissions().mode() & 0o777, 0o700);
    let mut files = 0;
    for folder in [dir.clone(), dir.join("drivers")] {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                files += 1;
                let mode = entry.metadata()?.permissions().mode() & 0o777;
                assert_eq!(mode, 0o600, "{:?}", entry.file_name());
            }
        }
    }
    assert_eq!(files, 5, "database, log, its index, mark, lock");
    let shown = format!("{journal:?}");
    assert!(!shown.contains("page") && shown.contains("journal"), "{shown}");
    Ok(())
}

/// A disk that takes its time.
#[derive(Debug)]
struct Slow;

impl Disk for Slow {
    fn write(&mut self) -> std::io::Result<()> {
        std::thread::sleep(Duration::from_millis(100));
        Ok(())
    }
}

#[tokio::test]
async fn a_run_with_a_key_is_durable_when_it_has_it() -> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = TalkJournal::open_with(dir.path(), Options::new().disk(Slow))?;
    let another = open(dir.path())?;
    let machine = machine();
    let first = machine.snapshot(Talk::default(), 0);
    let run = NewRun::new("keyed", machine.graph()).key(Some("november"));
    // Who has heard that it has begun may tell others, which look for it.
    let _book = journal.begin(run, &first)?;
    assert_eq!(another.info("keyed")?.key.as_deref(), Some("november"));
    Ok(())
}
