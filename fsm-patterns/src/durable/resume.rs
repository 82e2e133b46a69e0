//! A run that is taken up: from the journal's records to a run that goes on.

use fsm_core::journal::{Epoch, History, JournalError, RunPhase, TakenUp};
use fsm_core::{GraphDiff, Snapshot, Timestamp};

use super::{DurableRun, FlowJournal, ResumeError, Stage, target};
use crate::change::Migration;
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
    /// Where the flow has changed since the run began, the run is carried over to its graph, if the
    /// change allows it and the journal holds the text that the run began with.
    ///
    /// # Errors
    /// [`ResumeError`]; the run stays as it is.
    pub fn resume(&self, journal: FlowJournal, run: &str) -> Result<DurableRun, ResumeError> {
        self.resume_with(journal, run, &Migration::new())
    }

    /// As [`resume`](Self::resume); `migration` says what became of steps that have changed.
    ///
    /// # Errors
    /// As [`resume`](Self::resume).
    pub fn resume_with(
        &self,
        journal: FlowJournal,
        run: &str,
        migration: &Migration,
    ) -> Result<DurableRun, ResumeError> {
        let taken_up = journal.take_up(run)?;
        let resumed = self.go_on(journal.clone(), taken_up, migration);
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
        migration: &Migration,
    ) -> Result<DurableRun, ResumeError> {
        let TakenUp { history, mut book } = taken_up;
        let id = history.info.id.clone();
        if let RunPhase::Over { outcome, .. } = &history.info.phase {
            let outcome = outcome.clone();
            return Err(JournalError::Over { run: id, outcome }.into());
        }
        let print = self.graph().fingerprint();
        let is_changed = history.last().fingerprint != print;
        let run = match is_changed {
            true => self.carried_over(&history, migration)?,
            false => self.snapshot_of(&history)?,
        };
        let open = self.open().map_err(RunError::from)?.clone();
        let target = target::path_of(&self.rules.plan.flow, &run.context().input);
        let target = target.map_err(RunError::from)?;
        // The journal keeps what the run follows: the text counts also where the graph does not show it.
        let definition = self.definition();
        if is_changed || definition.is_some_and(|text| *text != *history.last().definition) {
            book.carry_over(print, definition.unwrap_or_default(), &run);
        }
        Ok(DurableRun {
            flow: self.clone(),
            open,
            journal,
            id,
            stage: Stage::Begun { run: Box::new(self.anew(run)), book },
            observer: (),
            ears: None,
            debugged: None,
            patience: None,
            not_before: Timestamp::ZERO,
            target,
            found: None,
            with_hooks: true,
        })
    }

    /// A run of the flow as it was, where it stands along the graph of this one.
    fn carried_over(
        &self,
        history: &History<FlowContext, FlowEvent>,
        migration: &Migration,
    ) -> Result<Snapshot<FlowContext>, ResumeError> {
        let (id, epoch) = (&history.info.id, history.last());
        let was = Flow::from_definition(&epoch.definition, Services::new());
        let Some(was) = was.filter(|was| was.graph().fingerprint() == epoch.fingerprint) else {
            return Err(self.changed(id, epoch, None));
        };
        let run = was.snapshot_of(history)?;
        let carried = self.carry_over(run, &was, migration);
        carried.map_err(|error| self.changed(id, epoch, Some(error.to_string())))
    }

    /// Refuses a run that follows another graph.
    pub(crate) fn check_graph(
        &self,
        run: &str,
        epoch: &Epoch<FlowContext, FlowEvent>,
    ) -> Result<(), ResumeError> {
        match epoch.fingerprint == self.graph().fingerprint() {
            true => Ok(()),
            false => Err(self.changed(run, epoch, None)),
        }
    }

    /// What differs between the graph of a run and that of this flow, and why it can't be carried over.
    fn changed(
        &self,
        run: &str,
        epoch: &Epoch<FlowContext, FlowEvent>,
        why: Option<String>,
    ) -> ResumeError {
        let was = Flow::from_definition(&epoch.definition, Services::new());
        let difference = match was {
            Some(was) => GraphDiff::between(was.graph(), self.graph()).to_string(),
            None => format!(
                "the journal does not say how it was; its graph was {}, and is {}\n",
                epoch.fingerprint,
                self.graph().fingerprint()
            ),
        };
        let mut difference = difference.trim_end().to_owned();
        if let Some(why) = why {
            difference = format!("{difference}\n{why}");
        }
        ResumeError::Changed { run: run.to_owned(), flow: self.name().to_owned(), difference }
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
