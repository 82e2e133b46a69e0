//! A machine with its own code and context, as something to prove: all that may happen to it is
//! what a test names.

use std::collections::HashMap;
use std::hash::Hash;

use fsm_core::{Event, GuardId, Kind, Machine, Outcome, Retry, Snapshot, StateId};

use super::script::{Asked, Script};
use super::subject::{Ending, Subject};

/// A machine whose guards and actions run as they are, on contexts that are compared.
pub struct Concrete<C, E> {
    machine: Machine<C, E>,
    context: C,
    events: Vec<(String, E)>,
    usual: [Vec<Ending<E>>; 2],
    named: HashMap<StateId, Vec<Ending<E>>>,
}

impl<C, E: Event + Clone> Concrete<C, E> {
    pub(super) fn new(machine: Machine<C, E>, context: C) -> Self {
        let well = || Ending::new("ends well", Outcome::done());
        let for_good = || Ending::new("fails for good", Outcome::failed());
        let for_now = Outcome::Failed { event: None, retry: Retry::Allowed(None) };
        let for_now = Ending::new("fails for now", for_now);
        let usual = [vec![well(), for_now, for_good()], vec![well(), for_good()]];
        Self { machine, context, events: Vec::new(), usual, named: HashMap::new() }
    }

    pub(super) fn add_event(&mut self, name: String, event: E) {
        self.events.push((name, event));
    }

    pub(super) fn add_ending(&mut self, state: StateId, ending: Ending<E>) {
        self.named.entry(state).or_default().push(ending);
    }
}

impl<C: Clone + Eq + Hash + 'static, E: Event + Clone> Subject for Concrete<C, E> {
    type Context = C;
    type Event = E;
    type Key = C;

    fn machine(&self) -> &Machine<C, E> {
        &self.machine
    }

    fn context(&self) -> C {
        self.context.clone()
    }

    fn key(&self, run: &Snapshot<C>) -> C {
        run.context().clone()
    }

    fn forget(&self, mut run: Snapshot<C>) -> Snapshot<C> {
        self.machine.canonicalize(&mut run);
        run
    }

    fn endings(&self, state: StateId) -> &[Ending<E>] {
        let graph = self.machine.graph();
        if let Some(endings) = self.named.get(&state) {
            return endings;
        }
        let retries = graph.retry(state).map_or(0, |policy| policy.count);
        match graph.kind(state) {
            Kind::Activity(_) | Kind::Machine(_) if retries > 0 => &self.usual[0],
            _ => &self.usual[1],
        }
    }

    fn events(&self) -> &[(String, E)] {
        &self.events
    }

    fn script(&self) -> Option<&Script> {
        None
    }

    fn is_abstract(&self) -> bool {
        false
    }

    fn is_possible(&self, _: &[Asked]) -> bool {
        true
    }

    fn is_shared(&self, _: GuardId) -> bool {
        true
    }
}
