//! What others send to a run.

use std::time::{Duration, Instant};

use fsm_core::journal::{Journal, JournalError, NewRun};
use fsm_core::{Input, Status};

use crate::talk::*;

#[tokio::test]
async fn a_letter_of_another_process_reaches_a_run_that_waits_within_a_tenth_of_a_second()
-> TestResult {
    let dir = tempfile::tempdir()?;
    let (journal, other) = (open(dir.path())?, open(dir.path())?);
    let machine = machine();
    let first = machine.snapshot(Talk::default(), 0);
    let book = journal.begin(NewRun::new("run", machine.graph()), &first)?;
    let mut changes = journal.changes();
    let run = tokio::spawn(machine.resume(first)?.journal(book).drive());
    while !matches!(other.info("run").map(|run| run.records), Ok(2..)) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    changes.mark_unchanged();
    other.post("run", &bye())?;
    let posted = Instant::now();
    let ended = run.await?;
    let took = posted.elapsed();
    assert!(matches!(ended.snapshot.status(), Status::Finished(_)));
    // Half of it is how often the thread looks.
    assert!(took < Duration::from_millis(500), "{took:?}");
    changes.changed().await?;
    Ok(())
}

#[tokio::test]
async fn letters_are_taken_in_the_order_in_which_they_came_and_once() -> TestResult {
    let dir = tempfile::tempdir()?;
    let (journal, other) = (open(dir.path())?, open(dir.path())?);
    begin(&journal, "run").await?;
    let mut numbers = Vec::new();
    for (index, word) in ["one", "two", "three", "four"].into_iter().enumerate() {
        let sender = if index % 2 == 0 { &journal } else { &other };
        numbers.push(sender.post("run", &said(word))?);
    }
    assert!(numbers.is_sorted());
    let waiting = journal.posted_after(numbers[1])?;
    assert_eq!(waiting, [(numbers[2], "run".to_owned()), (numbers[3], "run".to_owned())]);

    let listening = go_on(&journal, "run").await?;
    assert_eq!(listening.snapshot.context().heard, ["a page", "one", "two", "three", "four"]);
    assert_eq!(journal.posted_after(0)?, []);
    // Nor are they there for whoever comes next.
    let again = go_on(&journal, "run").await?;
    assert_eq!(again.snapshot, listening.snapshot);
    Ok(())
}

#[tokio::test]
async fn nothing_can_be_sent_to_a_run_that_is_over_or_was_never_there() -> TestResult {
    let dir = tempfile::tempdir()?;
    let journal = open(dir.path())?;
    begin(&journal, "run").await?;
    journal.post("run", &Input::Cancel)?;
    journal.post("run", &said("too late"))?;
    let ended = go_on(&journal, "run").await?;
    assert_eq!(ended.snapshot.status(), Status::Cancelled);

    let over = journal.post("run", &said("hello")).err().ok_or("it is over")?;
    assert_eq!(over.to_string(), "run `run` is over (cancelled)");
    assert!(matches!(journal.post("ran", &bye()), Err(JournalError::NoSuchRun { .. })));
    assert_eq!(journal.posted_after(0)?, [], "a run that is over reads no more");
    Ok(())
}

#[tokio::test]
async fn the_end_of_a_run_elsewhere_is_heard_here() -> TestResult {
    let dir = tempfile::tempdir()?;
    let (journal, other) = (open(dir.path())?, open(dir.path())?);
    begin(&other, "run").await?;
    let mut changes = journal.changes();
    tokio::time::sleep(Duration::from_millis(200)).await;
    changes.mark_unchanged();

    other.post("run", &bye())?;
    go_on(&other, "run").await?;
    while !journal.info("run")?.phase.is_over() {
        changes.changed().await?;
    }
    Ok(())
}
