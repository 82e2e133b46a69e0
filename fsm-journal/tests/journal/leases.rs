//! Who drives a run. The other process is this program, started anew to run one test.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fsm_core::journal::{Journal, JournalError, RunFilter};

use crate::talk::*;

/// Says to a child which folder it is about.
const DIR: &str = "FSM_JOURNAL_TEST_DIR";

/// The part of the other process: it begins two runs, keeps one of them open, and waits to be killed.
#[tokio::test]
async fn child() -> TestResult {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return Ok(()) };
    let journal = open(&dir)?;
    let [driven, waiting] = theirs(std::process::id());
    begin(&journal, &driven).await?;
    let taken = journal.take_up(&driven)?;
    begin(&journal, &waiting).await?;
    {
        use std::io::Write;
        let mut out = std::io::stdout();
        writeln!(out, "\nready")?;
        out.flush()?;
    }
    let _book = taken.book;
    std::future::pending::<TestResult>().await
}

/// The runs of a child.
fn theirs(pid: u32) -> [String; 2] {
    [format!("driven by {pid}"), format!("waits for {pid}")]
}

/// Another process, killed at the end whatever happens.
struct Other(Child);

impl Other {
    fn start(dir: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--exact", "leases::child", "--nocapture"])
            .env(DIR, dir)
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().ok_or("piped")?;
        let other = Self(child);
        let ready = BufReader::new(out).lines().map_while(Result::ok).any(|line| line == "ready");
        if ready { Ok(other) } else { Err("the child did not start".into()) }
    }

    fn kill(&mut self) -> std::io::Result<()> {
        // SIGKILL where there are signals.
        self.0.kill()?;
        self.0.wait().map(|_| ())
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

#[tokio::test]
async fn runs_of_a_process_are_free_when_it_is_killed_and_not_before() -> TestResult {
    let dir = tempfile::tempdir()?;
    let mut other = Other::start(dir.path())?;
    let journal = open(dir.path())?;
    let name = format!("process {}", other.0.id());
    let [driven, waiting] = theirs(other.0.id());
    assert_eq!(journal.info(&driven)?.driver, Some(name.clone()));
    let Err(JournalError::Driven { by, .. }) = journal.take_up(&driven).map(|_| ()) else {
        return Err("the other one drives it".into());
    };
    assert_eq!(by, name);
    assert_eq!(journal.adopt(&RunFilter::all())?, []);

    other.kill()?;
    assert_eq!(journal.info(&driven)?.driver, None);
    let adopted: Vec<_> = journal.adopt(&RunFilter::all())?.into_iter().map(|run| run.id).collect();
    assert_eq!(adopted, [driven.clone(), waiting]);
    go_on(&journal, &driven).await?;
    journal.check()?;
    Ok(())
}

#[tokio::test]
async fn what_dead_drivers_leave_is_cleaned_up_by_the_next() -> TestResult {
    let dir = tempfile::tempdir()?;
    for _ in 0..3 {
        drop(Other::start(dir.path())?);
    }
    let locks = || std::fs::read_dir(dir.path().join("drivers")).map(Iterator::count);
    // Each removed what the one before it had left.
    assert_eq!(locks()?, 1);
    let journal = open(dir.path())?;
    assert_eq!(journal.adopt(&RunFilter::all())?.len(), 6);
    assert_eq!(locks()?, 1, "mine");
    drop(journal);
    assert_eq!(locks()?, 0);
    Ok(())
}

#[tokio::test]
async fn leases_of_many_runs_are_given_back_together() -> TestResult {
    let dir = tempfile::tempdir()?;
    let (journal, other) = (open(dir.path())?, open(dir.path())?);
    for run in ["a", "b", "c"] {
        begin(&journal, run).await?;
    }
    let missing = journal.release_all(&["a", "nobody", "b"]).err().ok_or("there is no such run")?;
    assert!(matches!(missing, JournalError::NoSuchRun { .. }), "{missing}");
    let mut free: Vec<String> =
        other.adopt(&RunFilter::all())?.into_iter().map(|run| run.id).collect();
    free.sort();
    assert_eq!(free, ["a", "b"], "and the third is still driven here");
    Ok(())
}

#[tokio::test]
async fn a_run_is_driven_once_also_within_a_process() -> TestResult {
    let dir = tempfile::tempdir()?;
    let (journal, other) = (open(dir.path())?, open(dir.path())?);
    begin(&journal, "run").await?;
    let is_driven = |taken: Result<_, JournalError>| {
        matches!(
            taken.map(|_: fsm_core::journal::TakenUp<_, _>| ()),
            Err(JournalError::Driven { .. })
        )
    };
    // The lease outlasts the book.
    assert!(is_driven(other.take_up("run")));
    let taken = journal.take_up("run")?;
    assert!(is_driven(journal.take_up("run")));
    journal.release("run")?;
    assert!(is_driven(other.take_up("run")), "a book of it is open");
    drop(taken);
    journal.release("run")?;
    let taken = other.take_up("run")?;
    assert!(is_driven(journal.take_up("run")));
    drop(taken);
    drop(other);
    go_on(&journal, "run").await?;
    Ok(())
}

#[tokio::test]
async fn a_run_that_is_over_is_driven_by_nobody_and_can_still_be_read() -> TestResult {
    let dir = tempfile::tempdir()?;
    let (journal, other) = (open(dir.path())?, open(dir.path())?);
    begin(&journal, "run").await?;
    journal.post("run", &bye())?;
    go_on(&journal, "run").await?;
    assert_eq!(other.adopt(&RunFilter::all())?, []);
    let taken = other.take_up("run")?;
    assert_eq!(taken.history.info.driver, None);
    Ok(())
}

#[tokio::test]
async fn a_run_that_can_not_be_read_here_is_left_to_others() -> TestResult {
    let dir = tempfile::tempdir()?;
    let (journal, other) = (open(dir.path())?, open(dir.path())?);
    begin(&other, "run").await?;
    other.release("run")?;
    let damage = rusqlite::Connection::open(dir.path().join("journal.db"))?;
    damage.execute("UPDATE snapshots SET seal = seal + 1", ())?;
    assert!(matches!(journal.take_up("run"), Err(JournalError::Damaged { .. })));
    damage.execute("UPDATE snapshots SET seal = seal - 1", ())?;
    assert_eq!(journal.info("run")?.driver, None);
    go_on(&other, "run").await?;
    Ok(())
}

#[tokio::test]
async fn a_lease_that_is_given_back_while_its_run_is_taken_up_is_taken_anew() -> TestResult {
    let dir = tempfile::tempdir()?;
    let (journal, other) = (open(dir.path())?, open(dir.path())?);
    begin(&journal, "run").await?;
    for _ in 0..200 {
        let releasing = journal.clone();
        let release = std::thread::spawn(move || releasing.release("run"));
        let taken = journal.take_up("run")?;
        release.join().map_err(|_| "it panicked")??;
        assert!(other.info("run")?.driver.is_some(), "driven, and nobody knows");
        drop(taken);
    }
    Ok(())
}
