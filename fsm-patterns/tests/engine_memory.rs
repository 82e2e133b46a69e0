//! What a run that waits takes of an engine's memory, and how long it takes to take up a hundred
//! thousand. Alone in its process, whose size is what is measured. The journal holds nothing, so that
//! only the engine is measured.
#![cfg(target_os = "linux")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use fsm_core::journal::{
    History, Journal, JournalError, Logbook, NewRun, RunFilter, RunInfo, RunPhase, TakenUp,
};
use fsm_core::{Fingerprint, Input, Snapshot, Timestamp};
use fsm_patterns::{Engine, FlowContext, FlowEvent};
use tokio::sync::watch;

const RUNS: usize = 100_000;

/// A journal that is full of runs which wait for a day, and has no more to say of them.
struct Waiting {
    began: Timestamp,
    changes: watch::Sender<u64>,
}

fn unasked<T>() -> Result<T, JournalError> {
    Err(JournalError::Damaged { what: "this test asks for nothing else".to_owned() })
}

impl Journal<FlowContext, FlowEvent> for Waiting {
    fn begin(
        &self,
        _: NewRun<'_>,
        _: &Snapshot<FlowContext>,
    ) -> Result<Box<dyn Logbook<FlowContext, FlowEvent>>, JournalError> {
        unasked()
    }

    fn take_up(&self, _: &str) -> Result<TakenUp<FlowContext, FlowEvent>, JournalError> {
        unasked()
    }

    fn read(&self, _: &str) -> Result<History<FlowContext, FlowEvent>, JournalError> {
        unasked()
    }

    fn info(&self, _: &str) -> Result<RunInfo, JournalError> {
        unasked()
    }

    fn list(&self, _: &RunFilter) -> Result<Vec<RunInfo>, JournalError> {
        unasked()
    }

    fn adopt(&self, _: &RunFilter) -> Result<Vec<RunInfo>, JournalError> {
        let info = |number: usize| RunInfo {
            id: format!("{number:016x}"),
            machine: "waiting".to_owned(),
            fingerprint: Fingerprint::default(),
            key: None,
            phase: RunPhase::Waiting {
                until: Some(self.began + Duration::from_secs(86_400 + number as u64)),
                awaits: Vec::new(),
            },
            began: self.began,
            changed: self.began,
            records: 2,
            driver: None,
        };
        Ok((0..RUNS).map(info).collect())
    }

    fn release(&self, _: &str) -> Result<(), JournalError> {
        Ok(())
    }

    fn post(&self, _: &str, _: &Input<FlowEvent>) -> Result<u64, JournalError> {
        unasked()
    }

    fn posted_after(&self, _: u64) -> Result<Vec<(u64, String)>, JournalError> {
        Ok(Vec::new())
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

/// The memory of this process, in bytes.
fn size() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the size");
    let kilobytes: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kilobytes * 1024
}

#[tokio::test]
async fn a_hundred_thousand_runs_that_wait_are_taken_up_at_once_and_take_next_to_no_memory() {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let began = Timestamp::from_micros(since_epoch.expect("after 1970").as_micros() as u64);
    let journal = Waiting { began, changes: watch::Sender::new(0) };
    // What the list itself takes is taken once before, and used again.
    drop(journal.adopt(&RunFilter::all()));
    let engine = Engine::new(Arc::new(journal));
    let (before, begun) = (size(), Instant::now());
    let ids = engine.resume_all(&RunFilter::all()).expect("they are free");
    let took = begun.elapsed();
    assert_eq!((ids.len(), engine.waiting(), engine.driven()), (RUNS, RUNS, 0));
    drop(ids);
    let each = size().saturating_sub(before) / RUNS;
    assert!(each < 1_024, "{each} bytes for each run that waits");
    assert!(took < Duration::from_secs(5), "{took:?}");
}
