//! What is removed, and what is not.

use std::time::Duration;

use fsm_core::Input;
use fsm_core::journal::{Journal, JournalError, RunFilter, RunPhase};
use fsm_journal::Retention;

use crate::talk::*;

/// `done` completed, `gone` was cancelled, `here` waits.
async fn three(journal: &TalkJournal) -> TestResult {
    for (id, end) in [("done", Some(bye())), ("gone", Some(Input::Cancel)), ("here", None)] {
        begin_keyed(journal, id, Some(id)).await?;
        if let Some(end) = end {
            journal.post(id, &end)?;
            go_on(journal, id).await?;
        }
    }
    Ok(())
}

fn ids(journal: &TalkJournal) -> Result<Vec<String>, JournalError> {
    Ok(journal.list(&RunFilter::all())?.into_iter().map(|run| run.id).collect())
}

#[tokio::test]
async fn runs_are_removed_when_their_time_is_over_and_those_that_wait_never() -> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = open(dir.path())?;
    three(&journal).await?;
    let hour = Duration::from_secs(3600);
    let kept = journal.prune(&Retention::new().completed_after(hour).failed_after(hour))?;
    assert_eq!(kept.runs, 0);

    let pruned = journal.prune(&Retention::new().failed_after(Duration::ZERO))?;
    assert_eq!((pruned.runs, pruned.records), (1, 3));
    assert_eq!(ids(&journal)?, ["here", "done"]);
    journal
        .prune(&Retention::new().completed_after(Duration::ZERO).failed_after(Duration::ZERO))?;
    assert_eq!(ids(&journal)?, ["here"]);
    assert_eq!(journal.check()?.runs, 1);
    go_on(&journal, "here").await?;
    Ok(())
}

#[tokio::test]
async fn a_result_can_outlive_what_led_to_it_so_that_its_key_stays_taken() -> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = open(dir.path())?;
    three(&journal).await?;
    let retention = Retention::new().completed_after(Duration::ZERO).keep_results();
    assert_eq!(journal.prune(&retention)?.runs, 1);
    assert_eq!(journal.prune(&retention)?.runs, 0, "there is nothing left to remove");

    let info = journal.info("done")?;
    assert!(matches!(&info.phase, RunPhase::Over { outcome, .. } if outcome == "completed"));
    assert_eq!(info.records, 3);
    let read = journal.read("done").err().ok_or("removed")?;
    assert!(matches!(read, JournalError::Pruned { .. }), "{read}");
    let again = begin_keyed(&journal, "again", Some("done")).await.err();
    assert!(matches!(again, Some(JournalError::KeyTaken { .. })), "{again:?}");
    journal.check()?;
    Ok(())
}

#[tokio::test]
async fn the_space_of_what_is_removed_is_given_back() -> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = open(dir.path())?;
    begin(&journal, "big").await?;
    for _ in 0..20 {
        journal.post("big", &said(&"word ".repeat(10_000)))?;
        go_on(&journal, "big").await?;
    }
    journal.post("big", &bye())?;
    go_on(&journal, "big").await?;
    let pruned = journal.prune(&Retention::new().completed_after(Duration::ZERO))?;
    assert!(pruned.bytes > 1_000_000, "{pruned:?}");
    let mut size = 0;
    for file in ["journal.db", "journal.db-wal"] {
        size += std::fs::metadata(dir.path().join(file)).map_or(0, |file| file.len());
    }
    assert!(size < 200_000, "{size}");
    drop(journal);
    open(dir.path())?.check()?;
    Ok(())
}

#[tokio::test]
async fn the_log_does_not_grow_without_end_while_others_read() -> TestResult {
    let dir = tempfile::tempdir()?;
    let (journal, other) = (open(dir.path())?, open(dir.path())?);
    begin(&journal, "run").await?;
    let mut largest = 0;
    for _ in 0..60 {
        journal.post("run", &said(&"word ".repeat(10_000)))?;
        other.list(&RunFilter::all())?;
        go_on(&journal, "run").await?;
        other.info("run")?;
        largest = largest.max(std::fs::metadata(dir.path().join("journal.db-wal"))?.len());
    }
    // Snapshots of growing size make 90 MB of it.
    assert!(largest < 16 * 1024 * 1024, "{largest}");
    Ok(())
}
