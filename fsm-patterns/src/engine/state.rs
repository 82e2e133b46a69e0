//! What an engine remembers: of a run that is driven its task, of one that waits its id and when it
//! is due, and of one that is over nothing.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use fsm_core::Timestamp;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::EngineError;
use super::flows::Flows;
use crate::durable::DurableRun;
use crate::report::RunReport;

pub(super) type Id = Arc<str>;
pub(super) type Ended = Result<RunReport, EngineError>;

/// So many entries of runs that went on meanwhile are not worth clearing away.
const FEW: usize = 64;

/// The runs of an engine. Each is in one place: driven (or queued for it), or parked.
#[derive(Default)]
pub(super) struct State {
    pub(super) flows: Flows,
    pub(super) driven: HashMap<Id, Driving>,
    pub(super) queue: VecDeque<(Id, Job)>,
    /// How many have a task.
    pub(super) tasks: usize,
    /// Runs that wait, and when they go on by themselves.
    pub(super) parked: HashMap<Id, Option<Timestamp>>,
    /// Those that are parked until a point in time. What was parked anew has an old entry as well,
    /// which is passed over.
    due: BinaryHeap<Reverse<(Timestamp, Id)>>,
    /// Who waits for the end of a run.
    pub(super) waiting: HashMap<Id, Vec<oneshot::Sender<Ended>>>,
    /// Runs that stopped before their end, until they are resumed.
    pub(super) failed: HashMap<Id, EngineError>,
    /// Runs that are to end: the letter that says so is durable.
    pub(super) cancelled: HashSet<Id>,
    /// The last letter that was looked at.
    pub(super) letter: u64,
    pub(super) has_warden: bool,
    pub(super) is_closed: bool,
}

/// A run that is driven, or that will be as soon as there is room.
#[derive(Default)]
pub(super) struct Driving {
    pub(super) task: Option<AbortHandle>,
    /// The first letter that came for it meanwhile.
    pub(super) letter: Option<u64>,
}

/// What is to be driven.
pub(super) enum Job {
    /// A run that has its journal in hand.
    Ready(Box<DurableRun>),
    /// A run that was parked: it has to be taken up first.
    Parked,
}

impl State {
    pub(super) fn holds(&self, id: &str) -> bool {
        self.driven.contains_key(id) || self.parked.contains_key(id)
    }

    /// Keeps a run that waits.
    pub(super) fn park(&mut self, id: Id, until: Option<Timestamp>) {
        if let Some(at) = until {
            self.due.push(Reverse((at, id.clone())));
        }
        self.parked.insert(id, until);
        if self.due.len() > 2 * self.parked.len() + FEW {
            let due = self.parked.iter().filter_map(|(id, at)| Some(Reverse(((*at)?, id.clone()))));
            self.due = due.collect();
        }
    }

    /// Waits for the end of a run.
    pub(super) fn listen(&mut self, id: &str) -> oneshot::Receiver<Ended> {
        let (tell, told) = oneshot::channel();
        let waiting = self.waiting.entry(id.into()).or_default();
        // Whoever asks now and then leaves one behind each time.
        waiting.retain(|asked| !asked.is_closed());
        waiting.push(tell);
        told
    }

    pub(super) fn enqueue(&mut self, id: Id, job: Job) {
        self.failed.remove(&id);
        self.driven.insert(id.clone(), Driving::default());
        self.queue.push_back((id, job));
    }

    /// Lets a parked run be driven again; whether it was parked.
    pub(super) fn wake(&mut self, id: &str) -> bool {
        let Some((id, _)) = self.parked.remove_entry(id) else { return false };
        self.enqueue(id, Job::Parked);
        true
    }

    /// Wakes the runs that are due; when the next one is.
    pub(super) fn wake_due(&mut self, now: Timestamp) -> Option<Timestamp> {
        while let Some(Reverse((at, id))) = self.due.peek() {
            let (at, is_parked) = (*at, self.parked.get(id) == Some(&Some(*at)));
            if at > now && is_parked {
                return Some(at);
            }
            let Some(Reverse((_, id))) = self.due.pop() else { break };
            if is_parked {
                self.wake(&id);
            }
        }
        None
    }

    /// When the next run is due, as far as is known.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }

    /// Tells those who wait for the end of a run.
    pub(super) fn tell(&mut self, id: &str, ended: &Ended) {
        for waiting in self.waiting.remove(id).unwrap_or_default() {
            // Whoever asked may have stopped listening.
            let _ = waiting.send(ended.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_went_on_before_they_were_due_leave_nothing_behind() {
        let mut state = State::default();
        let at = |second: u64| Timestamp::from_micros(second * 1_000_000);
        for number in 0..10_000 {
            let id = format!("run {number}");
            state.park(id.as_str().into(), Some(at(1_000 + number)));
            if number >= 10 {
                state.wake(&id);
            }
        }
        assert!(state.due.len() <= 2 * state.parked.len() + FEW, "{}", state.due.len());
        assert_eq!(state.wake_due(at(0)), Some(at(1_000)));
        assert_eq!(state.wake_due(at(1_004)), Some(at(1_005)));
        assert_eq!(state.parked.len(), 5);
    }

    #[test]
    fn who_stops_listening_is_forgotten() {
        let mut state = State::default();
        for _ in 0..100 {
            drop(state.listen("run"));
        }
        let _told = state.listen("run");
        assert_eq!(state.waiting["run"].len(), 1);
    }
}
