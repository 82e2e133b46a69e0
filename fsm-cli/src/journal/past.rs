//! What a run did, with the flows that it followed.

use fsm_core::journal::{Epoch, History, Journal, RunInfo, RunPhase};
use fsm_patterns::{Flow, FlowContext, FlowEvent, FlowStep, RunReport, Services};

use super::{Store, Trouble};
use crate::error::CommandError;

/// What a run did.
pub(crate) struct Past {
    pub(crate) history: History<FlowContext, FlowEvent>,
    /// The flow of each epoch.
    pub(crate) flows: Vec<Flow>,
}

impl Past {
    /// Reads all that the journal holds of a run.
    pub(crate) fn read(store: &Store, run: &str) -> Result<Self, CommandError> {
        let history = store.disk.read(run).map_err(|error| store.refused(error))?;
        let flows = history.epochs.iter().map(|epoch| flow_of(&history.info, epoch));
        let flows = flows.collect::<Result<_, _>>()?;
        Ok(Self { history, flows })
    }

    /// What happened along each flow, with the flow.
    pub(crate) fn epochs(
        &self,
    ) -> impl DoubleEndedIterator<Item = (&Flow, &Epoch<FlowContext, FlowEvent>)> {
        self.flows.iter().zip(&self.history.epochs)
    }

    /// The flow that the run follows, and what happened along it.
    pub(crate) fn last(&self) -> (&Flow, &Epoch<FlowContext, FlowEvent>) {
        self.epochs().next_back().expect("a history has an epoch")
    }

    /// Everything that happened, record by record.
    pub(crate) fn steps(&self) -> Result<Vec<FlowStep>, CommandError> {
        let mut steps = Vec::new();
        for (flow, epoch) in self.epochs() {
            steps.extend(flow.steps(epoch).map_err(|source| self.unrepeatable(source))?);
        }
        Ok(steps.into_iter().map(|step| self.counted(step)).collect())
    }

    /// With its time since the beginning of the run, also where it goes on along a changed flow.
    pub(crate) fn counted(&self, mut step: FlowStep) -> FlowStep {
        step.step.since = step.step.at.since(self.history.info.began);
        step
    }

    /// How the run stands: its result, where it is over.
    pub(crate) fn report(&self, store: &Store) -> Result<RunReport, CommandError> {
        match result(&self.history.info)? {
            Some(report) => Ok(report),
            None => {
                let flow = self.last().0;
                let snapshot = flow.snapshot_of(&self.history);
                let snapshot =
                    snapshot.map_err(|error| store.not_resumed(&self.history.info.id, error))?;
                Ok(flow.report(&snapshot))
            }
        }
    }

    /// Its records are not what its flow makes of them.
    pub(crate) fn unrepeatable(&self, source: fsm_core::journal::ReplayFault) -> CommandError {
        Trouble::Replay { run: self.history.info.id.clone(), source }.into()
    }
}

/// The flow that a run follows, made from the text in the journal.
pub(crate) fn flow_of(
    info: &RunInfo,
    epoch: &Epoch<FlowContext, FlowEvent>,
) -> Result<Flow, CommandError> {
    let (run, flow, text) = (info.id.clone(), info.machine.clone(), &*epoch.definition);
    if text.is_empty() {
        return Err(Trouble::NoText { run, flow }.into());
    }
    let name = if text.trim_start().starts_with('{') { "flow.json" } else { "flow.yaml" };
    Flow::from_text(name, text, Services::new())
        .map_err(|error| Trouble::BadText { run, flow, why: error.to_string() }.into())
}

/// The result of a run that is over; `None` of one that is not.
pub(crate) fn result(info: &RunInfo) -> Result<Option<RunReport>, CommandError> {
    let RunPhase::Over { result, .. } = &info.phase else { return Ok(None) };
    let report = serde_json::from_str(result)
        .map_err(|why| Trouble::NoResult { run: info.id.clone(), why: why.to_string() })?;
    Ok(Some(report))
}
