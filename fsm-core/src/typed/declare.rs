//! What the states of a machine are: their kinds, what lies within what, what runs on entry and
//! exit.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::outcome::IntoOutcome;
use super::{BuildFault, MachineBuilder};
use crate::event::Event;
use crate::graph::{JoinRule, RetryPolicy};
use crate::kernel::{Scene, Snapshot};
use crate::machine::{Machine, Visit};

impl<S: Debug, C: 'static, E: Event + 'static> MachineBuilder<S, C, E> {
    /// Declares a final state.
    #[must_use]
    pub fn final_state(mut self, state: S) -> Self {
        let name = self.name(state);
        self.graph.final_state(&name);
        self
    }

    /// Declares a state that goes on at once; its ways on are written with
    /// [`always`](Self::always).
    #[must_use]
    pub fn choice(mut self, state: S) -> Self {
        let name = self.name(state);
        self.graph.choice(&name);
        self
    }

    /// Declares a state that waits for a signal from the world: as any that waits for events, and
    /// drawn apart.
    #[must_use]
    pub fn signal(mut self, state: S) -> Self {
        let name = self.name(state);
        self.graph.signal(&name);
        self
    }

    /// Declares a state that goes on, as done, after `wait`.
    #[must_use]
    pub fn delay(mut self, state: S, wait: Duration) -> Self {
        let name = self.name(state);
        self.graph.delay(&name, wait);
        self
    }

    /// Declares a state that does work. `start` reads the context and returns a future that owns
    /// what it needs; the future ends in a `Result` of events, in an
    /// [`Outcome`](crate::Outcome), or in `()` ([`IntoOutcome`]). What it gives is the event that
    /// the transitions [`done`](Self::done) and [`failed`](Self::failed) see.
    #[must_use]
    pub fn activity<F>(
        mut self,
        state: S,
        start: impl Fn(&C, &Visit<'_>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future + Send + 'static,
        F::Output: IntoOutcome<E>,
    {
        let name = self.name(state);
        self.graph.activity(&name);
        self.bindings = self.bindings.activity(name, move |context, visit| {
            let work = start(context, visit);
            async move { work.await.into_outcome() }
        });
        self
    }

    /// Starts the work of `state` again when it failed.
    #[must_use]
    pub fn retry(mut self, state: S, policy: RetryPolicy) -> Self {
        let name = self.name(state);
        self.graph.state_at(&name).retry(policy);
        self
    }

    /// Ends one attempt of the work of `state` after `limit`.
    #[must_use]
    pub fn timeout(mut self, state: S, limit: Duration) -> Self {
        let name = self.name(state);
        self.graph.state_at(&name).timeout(limit);
        self
    }

    /// Declares a state that runs another machine to its end: `enter` makes that one's context of
    /// this one's, `leave` makes an outcome of where it ended.
    ///
    /// The inner run is work like any other: it is not part of the outer run's snapshot. One that
    /// is under way when a run is restored starts anew, from what `enter` makes of the context, and
    /// with the same seed and [visit](Visit::number).
    #[must_use]
    pub fn submachine<D, F, O>(
        mut self,
        state: S,
        machine: &Machine<D, F>,
        enter: impl Fn(&C) -> D + Send + Sync + 'static,
        leave: impl Fn(Snapshot<D>) -> O + Send + Sync + 'static,
    ) -> Self
    where
        D: Send + 'static,
        F: Event + Send + Sync + 'static,
        O: IntoOutcome<E>,
    {
        let name = self.name(state);
        self.graph.machine(&name, Arc::new(machine.graph().clone()));
        let leave = move |run| leave(run).into_outcome();
        self.bindings = self.bindings.machine(name, machine.clone(), enter, leave);
        self
    }

    /// Declares a state that holds others; with it the first of them is entered. Its transitions
    /// apply to all of them, where they have none of their own that is taken.
    ///
    /// It is [`done`](Self::done) when a final state right within it is reached.
    #[must_use]
    pub fn composite(mut self, state: S, children: impl IntoIterator<Item = S>) -> Self {
        let name = self.name(state);
        let children = self.lay(&name, children);
        if let Some(first) = children.first() {
            self.graph.composite(&name, first);
        }
        self
    }

    /// Declares a state whose regions are all active while it is; they are entered in this order.
    ///
    /// It is [`done`](Self::done) when each of them is: when a composite state has reached a
    /// final state right within it.
    #[must_use]
    pub fn parallel(mut self, state: S, regions: impl IntoIterator<Item = S>) -> Self {
        let name = self.name(state);
        self.lay(&name, regions);
        self.graph.parallel(&name);
        self
    }

    /// Declares a fork and the join that closes it: all of `branches` are entered at once. What
    /// comes after the first state of a branch lies [`within`](Self::within) the fork, too.
    #[must_use]
    pub fn fork(
        mut self,
        fork: S,
        join: S,
        rule: JoinRule,
        branches: impl IntoIterator<Item = S>,
    ) -> Self {
        let (fork, join) = (self.name(fork), self.name(join));
        self.graph.fork(&fork, &join);
        self.graph.join(&join, rule);
        for branch in self.lay(&fork, branches) {
            self.graph.transition(&fork, &branch);
        }
        self
    }

    /// Lays further states into a composite state or into the scope of a fork.
    #[must_use]
    pub fn within(mut self, outer: S, states: impl IntoIterator<Item = S>) -> Self {
        let outer = self.name(outer);
        self.lay(&outer, states);
        self
    }

    /// Acts when `state` is entered, after what it does then already; `name` is what is drawn.
    #[must_use]
    pub fn entry<F>(mut self, state: S, name: &str, act: F) -> Self
    where
        F: Fn(&mut C, &Scene<'_, E>) + Send + Sync + 'static,
    {
        let state = self.name(state);
        self.bind_action::<F>(name, act);
        self.graph.state_at(&state).entry(name);
        self
    }

    /// Acts when `state` is left, also when it is left because of what lies around it, or because
    /// the run is cancelled; `name` is what is drawn.
    #[must_use]
    pub fn exit<F>(mut self, state: S, name: &str, act: F) -> Self
    where
        F: Fn(&mut C, &Scene<'_, E>) + Send + Sync + 'static,
    {
        let state = self.name(state);
        self.bind_action::<F>(name, act);
        self.graph.state_at(&state).exit(name);
        self
    }

    fn lay(&mut self, outer: &str, states: impl IntoIterator<Item = S>) -> Vec<String> {
        let states = self.at_least_one(outer, states);
        let names: Vec<String> = states.into_iter().map(|state| self.name(state)).collect();
        let outer_id = self.graph.reference(outer);
        for name in &names {
            match self.graph.state_at(name).parent().filter(|first| *first != outer_id) {
                None => drop(self.graph.state_at(name).within(outer_id)),
                Some(first) => self.faults.push(BuildFault::TwoParents {
                    state: name.clone(),
                    first: self.graph.name_of(first).to_owned(),
                    second: outer.to_owned(),
                }),
            }
        }
        names
    }
}
