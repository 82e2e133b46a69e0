//! The part of the graph that undoes what was completed.
//!
//! ```text
//! run undoes   choice: which completed step is the last that is not undone yet?
//! pay.undo     activity: the call that undoes `pay`; it leads back, however it ends
//! ```
//!
//! Undoing lies outside of the deadline: that limits what goes forward only.

use super::{Compiler, policy_of, work};
use crate::rules::undo;

/// The choice between what is undone next.
const UNDOES: &str = "run undoes";

impl Compiler<'_> {
    /// Where a run goes that ends in `end`, which is not well.
    pub(super) fn end_in(&self, end: &'static str) -> &'static str {
        if self.plan.undos.is_empty() { end } else { UNDOES }
    }

    /// Everything behind [`end_in`](Self::end_in).
    pub(super) fn undoing(&mut self) {
        let plan = self.plan;
        if plan.undos.is_empty() {
            return;
        }
        self.graph.choice(UNDOES);
        for undo in &plan.undos {
            let next = undo::is_next(&plan.endpoints[undo.step].name);
            self.graph.transition(UNDOES, &*undo.call.name).guard(&next);
        }
        if plan.flow.total_timeout.is_some() {
            self.graph.transition(UNDOES, "run timed out").guard(undo::IS_LATE);
        }
        self.graph.transition(UNDOES, "run failed");
        for (number, undo) in plan.undos.iter().enumerate() {
            let Some(spec) = undo.call.call() else { continue };
            let name = spec.name.as_str();
            let mut state = self.graph.activity_running(name, &work(spec)).exit(undo::LEAVE);
            let policy = policy_of(spec);
            if policy.count > 0 {
                state = state.retry(policy);
            }
            self.undos.insert(state.id(), number);
            self.graph.transition(name, UNDOES).done().action(undo::KEEP_UNDONE);
            self.graph.transition(name, UNDOES).failed().action(undo::KEEP_NOT_UNDONE);
        }
    }
}
