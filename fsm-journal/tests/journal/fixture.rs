//! Journals that older versions wrote. Each format has a folder under `tests/fixtures/`, written once by
//! the version that made it up, and never again: what is in it must be read and resumed for ever.

use std::path::{Path, PathBuf};

use fsm_core::Status;
use fsm_core::journal::{Journal, NewRun, RunFilter, RunPhase};
use fsm_journal::Options;

use crate::talk::*;

/// Writes a journal with a run of each sort into a folder; the waiting one has heard `words`.
pub(crate) async fn write(dir: &Path, words: usize) -> TestResult {
    let journal = open(dir)?;
    begin_keyed(&journal, "completed", Some("november")).await?;
    journal.post("completed", &bye())?;
    go_on(&journal, "completed").await?;

    begin(&journal, "waits").await?;
    for word in 0..words {
        journal.post("waits", &said(&format!("word {word}")))?;
    }
    go_on(&journal, "waits").await?;
    journal.post("waits", &said("a letter that nobody has read"))?;

    let stalled = stalled();
    let first = stalled.snapshot(Talk::default(), 3);
    let run = NewRun::new("interrupted", stalled.graph()).definition("talk: yes");
    let book = journal.begin(run, &first)?;
    let run = tokio::spawn(stalled.resume(first)?.journal(book).drive());
    while !matches!(journal.info("interrupted").map(|run| run.records), Ok(1..)) {
        tokio::task::yield_now().await;
    }
    run.abort();
    let _ = run.await;

    begin(&journal, "carried over").await?;
    let other = named("another talk");
    let mut book = journal.take_up("carried over")?.book;
    let moved = other.snapshot(Talk::default(), 0);
    book.carry_over(other.graph().fingerprint(), "talk: other", &moved);
    drive(&other, moved, book).await;
    Ok(())
}

fn folder(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/format-{format}"))
}

/// For whoever makes up the next format: `cargo test -p fsm-journal --test journal -- --ignored`.
#[tokio::test]
#[ignore = "writes the fixture of a new format, and refuses where there is one"]
async fn the_fixture_of_this_format_is_written_once() -> TestResult {
    let folder = folder(1);
    if folder.exists() {
        return Err(format!("{} is there; it must stay as it is", folder.display()).into());
    }
    write(&folder, 2).await?;
    std::fs::remove_dir(folder.join("drivers"))?;
    Ok(())
}

#[tokio::test]
async fn a_journal_in_format_1_is_read_and_resumed() -> TestResult {
    let dir = tempfile::tempdir()?;
    copy(&folder(1), dir.path())?;
    let journal = TalkJournal::open_existing(dir.path(), Options::new())?;
    assert_eq!(journal.check()?.runs, 4);
    let ids: Vec<_> = journal.list(&RunFilter::all())?.into_iter().map(|run| run.id).collect();
    assert_eq!(ids, ["carried over", "interrupted", "waits", "completed"]);

    let completed = journal.read("completed")?;
    assert!(
        matches!(&completed.info.phase, RunPhase::Over { outcome, .. } if outcome == "completed")
    );
    assert_eq!(completed.info.key.as_deref(), Some("november"));
    assert!(matches!(completed.last().replay(&machine())?.status(), Status::Finished(_)));

    let waits = go_on(&journal, "waits").await?;
    let heard = ["a page", "word 0", "word 1", "a letter that nobody has read"];
    assert_eq!(waits.snapshot.context().heard, heard);

    assert_eq!(journal.info("interrupted")?.phase, RunPhase::Running);
    let interrupted = go_on(&journal, "interrupted").await?;
    assert_eq!(interrupted.snapshot.context().heard, ["a page"]);

    let carried = journal.read("carried over")?;
    assert_eq!(carried.epochs.len(), 2);
    carried.epochs[0].replay(&machine())?;
    let other = named("another talk");
    let taken = journal.take_up("carried over")?;
    journal.post("carried over", &bye())?;
    let ended = drive(&other, taken.history.last().replay(&other)?, taken.book).await;
    assert!(matches!(ended.snapshot.status(), Status::Finished(_)));
    journal.check()?;
    Ok(())
}
