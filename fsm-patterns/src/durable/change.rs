//! A run that goes on along a changed flow.

use fsm_core::journal::{Epoch, JournalError, RunPhase, TakenUp};

use super::{DurableRun, FlowJournal, ResumeError};
use crate::change::Migration;
use crate::context::FlowContext;
use crate::event::FlowEvent;
use crate::flow::Flow;
use crate::services::Services;

impl Flow {
    /// As [`resume`](Self::resume), for a run that began under another version of this flow: it goes on
    /// along this one from now on ([`Flow::carry_over`]), and the journal keeps this one's text.
    ///
    /// # Errors
    /// [`ResumeError`]; the run stays as it is, along the flow that it followed.
    pub fn resume_changed(
        &self,
        journal: FlowJournal,
        run: &str,
        migration: &Migration,
    ) -> Result<DurableRun, ResumeError> {
        let mut taken_up = journal.take_up(run)?;
        let carried = self.take_over(&mut taken_up, migration);
        let resumed = carried.and_then(|()| self.go_on(journal.clone(), taken_up));
        if resumed.is_err() {
            journal.release(run)?;
        }
        resumed
    }

    /// Carries a run that was taken up over to this flow, unless it follows it already.
    fn take_over(
        &self,
        taken_up: &mut TakenUp<FlowContext, FlowEvent>,
        migration: &Migration,
    ) -> Result<(), ResumeError> {
        let TakenUp { history, book } = taken_up;
        let id = history.info.id.clone();
        if let RunPhase::Over { outcome, .. } = &history.info.phase {
            return Err(JournalError::Over { run: id, outcome: outcome.clone() }.into());
        }
        let (epoch, print) = (history.last(), self.graph().fingerprint());
        let (definition, is_same) =
            (self.definition().unwrap_or_default(), epoch.fingerprint == print);
        if is_same && *epoch.definition == *definition && *migration == Migration::new() {
            return Ok(());
        }
        let was = match Flow::from_definition(&epoch.definition, Services::new()) {
            Some(was) => was,
            // Of the same graph, this flow can stand in for a text that is not there.
            None => self.check_graph(&id, epoch).map(|()| self.clone())?,
        };
        let run = was.snapshot_of(history)?;
        let run = match is_same && *migration == Migration::new() {
            true => run,
            false => self.carry_over(run, &was, migration).map_err(|source| {
                ResumeError::CarryOver { run: id, flow: self.name().to_owned(), source }
            })?,
        };
        // What needs the world (secrets, a target) is looked at before the journal is told.
        self.open().map_err(crate::flow::RunError::from)?;
        book.carry_over(print, definition, &run);
        history.epochs.push(Epoch {
            fingerprint: print,
            definition: definition.into(),
            first: run,
            records: Vec::new(),
        });
        Ok(())
    }
}
