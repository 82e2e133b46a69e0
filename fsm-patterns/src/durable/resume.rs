//! A run that is taken up: from the journal's records to a run that goes on.

use fsm_core::journal::{Epoch, History, JournalError, RunPhase, TakenUp};
use fsm_core::{GraphDiff, Snapshot, Timestamp};

use super::{DurableRun, FlowJournal, ResumeError, Stage};
use crate::context::FlowContext;
use crate::event::FlowEvent;
use crate::flow::{Flow, RunError};
use crate::services::Services;
use crate::session::Session;

impl Flow {
    /// Goes on with a run that another process began, or this one before. What was completed is not
    /// done again; timers and deadlines are points in time and have gone on meanwhile. A call that was
    /// under way is made again, with the same idempotency key if it has one; one that must not be made
    /// twice ends with the kind `unknown_outcome`.
    ///
    /// # Errors
    /// [`ResumeError`]; the run stays as it is.
    pub fn resume(&self, journal: FlowJournal, run: &str) -> Result<DurableRun, ResumeError> {
        let taken_up = journal.take_up(run)?;
        let resumed = self.go_on(journal.clone(), taken_up);
        if resumed.is_err() {
            journal.release(run)?;
        }
        resumed
    }

    /// Where a run stands by what a journal holds of it, whoever drives it; [`Flow::report`] tells it in
    /// words.
    ///
    /// # Errors
    /// [`ResumeError::Changed`], [`ResumeError::Replay`].
    pub fn snapshot_of(
        &self,
        history: &History<FlowContext, FlowEvent>,
    ) -> Result<Snapshot<FlowContext>, ResumeError> {
        let (run, epoch) = (history.info.id.as_str(), history.last());
        self.check_graph(run, epoch)?;
        let replayed = epoch.replay(&self.machine);
        replayed.map_err(|source| ResumeError::Replay { run: run.to_owned(), source })
    }

    /// As [`resume`](Self::resume), of a run that was taken up. If it fails, the lease is still held.
    pub(crate) fn go_on(
        &self,
        journal: FlowJournal,
        taken_up: TakenUp<FlowContext, FlowEvent>,
    ) -> Result<DurableRun, ResumeError> {
        let TakenUp { history, book } = taken_up;
        let id = history.info.id.clone();
        if let RunPhase::Over { outcome, .. } = &history.info.phase {
            let outcome = outcome.clone();
            return Err(JournalError::Over { run: id, outcome }.into());
        }
        let run = self.snapshot_of(&history)?;
        let open = self.open().map_err(RunError::from)?.clone();
        Ok(DurableRun {
            flow: self.clone(),
            open,
            journal,
            id,
            stage: Stage::Begun { run: Box::new(self.anew(run)), book },
            observer: (),
            ears: None,
            patience: None,
            not_before: Timestamp::ZERO,
            with_hooks: true,
        })
    }

    /// Refuses a run that follows another graph.
    pub(crate) fn check_graph(
        &self,
        run: &str,
        epoch: &Epoch<FlowContext, FlowEvent>,
    ) -> Result<(), ResumeError> {
        if epoch.fingerprint == self.graph().fingerprint() {
            return Ok(());
        }
        let was = Flow::from_definition(&epoch.definition, Services::new());
        let difference = match was {
            Some(was) => GraphDiff::between(was.graph(), self.graph()).to_string(),
            None => format!(
                "the journal does not say how it was; its graph was {}, and is {}\n",
                epoch.fingerprint,
                self.graph().fingerprint()
            ),
        };
        let difference = difference.trim_end().to_owned();
        Err(ResumeError::Changed { run: run.to_owned(), flow: self.name().to_owned(), difference })
    }

    /// The flow that a journal's text describes; `None` where there is none, or where it is no flow.
    pub(crate) fn from_definition(text: &str, services: Services) -> Option<Flow> {
        if text.is_empty() {
            return None;
        }
        let name = if text.trim_start().starts_with('{') { "flow.json" } else { "flow.yaml" };
        Flow::from_text(name, text, services).ok()
    }

    /// The run with nothing in hand, and with what is known of the calls that were begun before.
    fn anew(&self, run: Snapshot<FlowContext>) -> Snapshot<FlowContext> {
        let run = run.map_context(|context| FlowContext { session: Session::default(), ..context });
        let session = run.context().session.clone();
        for start in self.machine.begun(&run) {
            session.note_begun(&start, self.machine.is_under_way(&run, &start));
        }
        run
    }
}
