//! Machines within machines: a state that runs another one to its end.

use std::sync::Arc;

use crate::event::Event;
use crate::kernel::{Outcome, Snapshot};
use crate::machine::{Bindings, Machine, Visit, Work};

impl<C, E> Bindings<C, E> {
    /// Gives the machine state called `name` the machine that it runs, with a context and events
    /// of its own: `enter` makes that context from this one, `leave` makes an outcome of where
    /// the inner run ended.
    #[must_use]
    pub fn machine<D, F>(
        mut self,
        name: impl Into<String>,
        machine: Machine<D, F>,
        enter: impl Fn(&C) -> D + Send + Sync + 'static,
        leave: impl Fn(Snapshot<D>) -> Outcome<E> + Send + Sync + 'static,
    ) -> Self
    where
        D: Send + 'static,
        F: Event + Send + Sync + 'static,
    {
        let name = name.into();
        self.machines.insert(name.clone(), machine.graph().fingerprint());
        let leave = Arc::new(leave);
        let start = move |context: &C, visit: &Visit<'_>| -> Work<E> {
            let run = machine.run(enter(context)).seed(visit.seed ^ visit.number);
            let leave = leave.clone();
            Box::pin(async move { leave(run.drive().await.snapshot) })
        };
        self.activities.insert(name, Arc::new(start));
        self
    }
}
