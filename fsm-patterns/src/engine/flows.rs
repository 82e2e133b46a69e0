//! Which flow a run follows: one that was registered, or one made from the journal's text.

use std::collections::HashMap;
use std::sync::Arc;

use fsm_core::Fingerprint;
use fsm_core::journal::{Epoch, RunInfo};

use super::EngineError;
use crate::context::FlowContext;
use crate::event::FlowEvent;
use crate::flow::Flow;
use crate::services::Services;

/// The flows that an engine knows.
#[derive(Default)]
pub(super) struct Flows {
    registered: HashMap<String, Vec<Flow>>,
    /// Those that were made from texts, by these.
    made: HashMap<Arc<str>, Flow>,
}

impl Flows {
    /// Adds a flow; one of the same name, graph, and text stands for it already.
    pub(super) fn register(&mut self, flow: &Flow) {
        let flows = self.registered.entry(flow.name().to_owned()).or_default();
        let print = flow.graph().fingerprint();
        let same = flows.iter().position(|known| {
            known.graph().fingerprint() == print && known.definition() == flow.definition()
        });
        match same {
            // The last one counts: it may have another transport.
            Some(at) => flows[at] = flow.clone(),
            None => flows.push(flow.clone()),
        }
    }

    /// The registered flow of a run, if it is certain without its text.
    pub(super) fn registered(&self, name: &str, print: Fingerprint) -> Option<&Flow> {
        let flows = self.registered.get(name)?;
        flows.iter().rev().find(|flow| flow.graph().fingerprint() == print)
    }

    /// The flow that a run follows: the registered one with its graph and its text; else with its
    /// graph; else the one that its text describes.
    ///
    /// # Errors
    /// [`ResumeError::Changed`](crate::ResumeError::Changed) where there is only one of another graph, [`EngineError::UnknownFlow`]
    /// where there is none.
    pub(super) fn of_run(
        &mut self,
        info: &RunInfo,
        epoch: &Epoch<FlowContext, FlowEvent>,
        services: &Services,
    ) -> Result<Flow, EngineError> {
        let (name, print, text) = (&info.machine, epoch.fingerprint, &epoch.definition);
        let mut registered = self.registered.get(name).into_iter().flatten();
        let exact = registered.find(|flow| {
            flow.graph().fingerprint() == print && flow.definition().unwrap_or_default() == &**text
        });
        if let Some(flow) = exact.or_else(|| self.registered(name, print)) {
            return Ok(flow.clone());
        }
        if let Some(flow) = self.made.get(text) {
            return Ok(flow.clone());
        }
        if let Some(flow) = Flow::from_definition(text, services.clone()) {
            flow.check_graph(&info.id, epoch)?;
            self.made.insert(text.clone(), flow.clone());
            return Ok(flow);
        }
        let (run, flow) = (info.id.clone(), name.clone());
        match self.registered.get(name).and_then(|flows| flows.last()) {
            Some(known) => {
                let changed = known.check_graph(&run, epoch);
                Err(changed.err().map_or(EngineError::UnknownFlow { run, flow }, Into::into))
            }
            None => Err(EngineError::UnknownFlow { run, flow }),
        }
    }
}
