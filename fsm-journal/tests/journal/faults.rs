//! Disks that fail. After that nothing is written, everybody hears of it, and what was acknowledged is
//! there when the journal is opened anew.

use std::io;

use fsm_core::journal::{Journal, JournalError, NewRun, RunFilter};
use fsm_journal::{Disk, Options};

use crate::talk::*;

/// Fails once, at one commit.
#[derive(Debug)]
struct Failing {
    /// How many commits go well before.
    good: u32,
    when: When,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// The disk is full: nothing is written.
    Writing,
    /// The sync fails: what was written may be there.
    Syncing,
}

impl Failing {
    /// Counts a commit; fails at one, and only there: whoever tried again would get away with it.
    fn fail(&mut self, when: When, fault: io::ErrorKind) -> io::Result<()> {
        if self.when != when {
            return Ok(());
        }
        let is_now = self.good == 0;
        self.good = self.good.wrapping_sub(1);
        if is_now { Err(fault.into()) } else { Ok(()) }
    }
}

impl Disk for Failing {
    fn write(&mut self) -> io::Result<()> {
        self.fail(When::Writing, io::ErrorKind::StorageFull)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.fail(When::Syncing, io::ErrorKind::Other)
    }
}

#[tokio::test]
async fn whichever_commit_fails_what_was_acknowledged_is_there_and_the_run_goes_on() -> TestResult {
    for when in [When::Writing, When::Syncing] {
        for good in 0..12 {
            let dir = tempfile::tempdir()?;
            let disk = Failing { good, when };
            let journal = TalkJournal::open_with(dir.path(), Options::new().disk(disk))?;
            let mut acknowledged = 0;
            let fault = loop {
                let ended = match acknowledged {
                    0 => begin(&journal, "run").await,
                    _ => match journal.post("run", &said("more")) {
                        Ok(_) => go_on(&journal, "run").await,
                        Err(fault) => Err(fault),
                    },
                };
                match ended.map(|ended| ended.fault) {
                    Ok(None) => acknowledged = journal.info("run")?.records,
                    Ok(Some(fault)) | Err(fault) => break fault,
                }
            };
            let told = fault.to_string();
            assert!(told.starts_with("the journal can't write `"), "{when:?} {good}: {told}");
            let later = journal.post("run", &said("again")).err();
            assert!(matches!(later, Some(JournalError::Stopped { .. })), "{later:?}");
            drop(journal);

            let journal = open(dir.path())?;
            journal.check()?;
            let found = journal.list(&RunFilter::all())?;
            assert!(found.len() <= 1, "nothing was written after the failure");
            match journal.info("run") {
                Ok(run) => {
                    assert!(run.records >= acknowledged, "{when:?} {good}");
                    assert!(go_on(&journal, "run").await?.fault.is_none());
                }
                Err(fault) => assert_eq!(acknowledged, 0, "{fault}"),
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn all_runs_hear_of_a_failure_and_nothing_follows_from_what_was_not_written() -> TestResult {
    let dir = tempfile::tempdir()?;
    let disk = Failing { good: 0, when: When::Writing };
    let journal = TalkJournal::open_with(dir.path(), Options::new().disk(disk))?;
    let machine = machine();
    let mut runs = Vec::new();
    for id in 0..20 {
        let first = machine.snapshot(Talk::default(), id);
        let book = journal.begin(NewRun::new(&format!("run {id}"), machine.graph()), &first)?;
        runs.push(tokio::spawn(machine.resume(first)?.journal(book).drive()));
    }
    for run in runs {
        let ended = run.await?;
        assert!(ended.fault.is_some());
        assert_eq!(ended.snapshot.context().heard, [] as [String; 0], "nothing was fetched");
    }
    let (after, first) =
        (NewRun::new("after", machine.graph()), machine.snapshot(Talk::default(), 0));
    let refused = journal.begin(after.key(Some("key")), &first).map(|_| ());
    let Err(JournalError::Stopped { first }) = refused else { return Err("it stopped".into()) };
    assert!(first.contains("journal.db"), "{first}");
    assert_eq!(journal.list(&RunFilter::all())?, [], "it can still be read");
    Ok(())
}

#[tokio::test]
async fn a_database_that_is_really_full_stops_and_can_be_gone_on_with() -> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = TalkJournal::open_with(dir.path(), Options::new().max_size(300_000))?;
    let mut begun = 0;
    let fault = loop {
        match begin(&journal, &format!("run {begun}")).await?.fault {
            None => begun += 1,
            Some(fault) => break fault,
        }
    };
    let told = fault.to_string();
    assert!(told.contains("database or disk is full; make room"), "{told}");
    assert!(begun > 10, "{begun}");
    drop(journal);

    let journal = open(dir.path())?;
    assert!(journal.check()?.runs >= begun);
    for run in 0..begun {
        assert_eq!(
            go_on(&journal, &format!("run {run}")).await?.snapshot.context().heard,
            ["a page"]
        );
    }
    Ok(())
}

#[tokio::test]
async fn while_another_program_holds_the_lock_runs_wait_and_lose_nothing() -> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = open(dir.path())?;
    begin(&journal, "run").await?;
    let other = rusqlite::Connection::open(dir.path().join("journal.db"))?;
    other.execute_batch("BEGIN IMMEDIATE")?;
    let release = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        other.execute_batch("ROLLBACK")
    });
    journal.post("run", &said("patience"))?;
    release.join().map_err(|_| "it panicked")??;
    assert_eq!(go_on(&journal, "run").await?.snapshot.context().heard, ["a page", "patience"]);
    Ok(())
}
