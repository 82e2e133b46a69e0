//! What could happen now: the transitions that an event would be offered to, and whether their
//! guards hold. Looking changes nothing.

use super::scene::{Cause, GaveUp, Scene};
use super::snapshot::{Phase, Snapshot, Status};
use crate::event::Event;
use crate::graph::{Kind, StateId, TransitionId, Trigger};
use crate::machine::{Key, Machine, NONE};
use crate::time::Timestamp;

/// A transition that a run could take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The state of the token that it would move: the one where the transition begins, or one
    /// within that.
    pub at: StateId,
    /// The transition.
    pub transition: TransitionId,
    /// Whether its guard holds, or it has none.
    pub is_open: bool,
}

impl<C, E: Event> Machine<C, E> {
    /// The ways on from where a run stands.
    ///
    /// With an event: the transitions for it, in the order in which [`step`](Self::step) tries
    /// them. Each token offers an event to its own state, to the composite states around it, and
    /// to the owners of the scopes around it; it takes the first way that is open, and of the ways
    /// of several tokens those are taken that do not disturb one another. An event is accepted if
    /// one of its ways is open.
    ///
    /// Without: every transition of those states that waits for something, state by state in
    /// declared order. Its guard is asked as if its trigger had come just now, with no event and,
    /// where an activity would have failed, as one that makes no sense to repeat.
    ///
    /// A run that has not begun, or is over, has no ways on; nor has one of another graph.
    ///
    /// # Panics
    /// Only if a guard does.
    ///
    /// # Complexity
    /// O(tokens * nesting + transitions found).
    ///
    /// # Examples
    /// ```
    /// use fsm_core::{Event, Machine, Timestamp};
    ///
    /// #[derive(Debug)]
    /// enum Door { Closed, Open }
    /// #[derive(Debug)]
    /// enum Hand { Push, Pull }
    /// impl Event for Hand {}
    ///
    /// let machine = Machine::<u32, Hand>::builder("door")
    ///     .on(Door::Closed, Hand::Push).when("not stuck", |force, _| *force > 3).to(Door::Open)
    ///     .on(Door::Open, Hand::Pull).to(Door::Closed)
    ///     .build(Door::Closed)?;
    ///
    /// let ways = machine.ways(&machine.begin(2), Some(&Hand::Push), Timestamp::ZERO);
    /// assert_eq!(ways.len(), 1);
    /// assert!(!ways[0].is_open);
    /// # Ok::<(), fsm_core::BuildError>(())
    /// ```
    pub fn ways(&self, run: &Snapshot<C>, event: Option<&E>, now: Timestamp) -> Vec<Way> {
        let (graph, table) = (self.graph(), &self.frozen.table);
        if run.status != Status::Running || run.stepping || run.fingerprint != graph.fingerprint() {
            return Vec::new();
        }
        let key = match event {
            None => None,
            Some(event) => match table.event_of(graph, event) {
                Some(id) => Some(Key::event(id)),
                None => return Vec::new(),
            },
        };
        let mut ways = Vec::new();
        for slot in self.asked(run) {
            let at = run.token(slot).state;
            let mut level = Some(at);
            while let Some(state) = level {
                let range = match key {
                    Some(key) => table.range(state, key),
                    None => table.edges_of(state),
                };
                let mut edges: Vec<_> = table.edges[range].iter().collect();
                edges.sort_by_key(|edge| edge.transition);
                for edge in edges.into_iter().filter(|edge| edge.key != Key::ALWAYS) {
                    let transition = TransitionId(edge.transition);
                    let cause = cause_of(graph.transition(transition).trigger());
                    let is_open = edge.guard == NONE || {
                        let scene = scene(run, slot, event, now, cause);
                        self.frozen.guards[edge.guard as usize](&run.context, &scene)
                    };
                    ways.push(Way { at, transition, is_open });
                }
                level = graph
                    .parent(state)
                    .filter(|outer| matches!(graph.kind(*outer), Kind::Composite(_)));
            }
        }
        ways
    }

    /// The names of the events that a run has a transition for where it stands, whether or not a guard
    /// stands in the way; each once, sorted.
    ///
    /// # Complexity
    /// O(tokens * nesting + transitions found).
    pub fn awaited_events(&self, run: &Snapshot<C>) -> Vec<&str> {
        let graph = self.graph();
        if run.status != Status::Running || run.stepping || run.fingerprint != graph.fingerprint() {
            return Vec::new();
        }
        let mut names = std::collections::BTreeSet::new();
        for slot in self.asked(run) {
            let mut level = Some(run.token(slot).state);
            while let Some(state) = level {
                for edge in &self.frozen.table.edges[self.frozen.table.edges_of(state)] {
                    let transition = graph.transition(TransitionId(edge.transition));
                    if let Trigger::Event(event) = transition.trigger() {
                        names.insert(graph.event_name(event));
                    }
                }
                level = graph
                    .parent(state)
                    .filter(|outer| matches!(graph.kind(*outer), Kind::Composite(_)));
            }
        }
        names.into_iter().collect()
    }

    /// The tokens that an event is offered to: each that owns no scope, then the owners around it
    /// that were not asked yet.
    fn asked(&self, run: &Snapshot<C>) -> Vec<u32> {
        let mut asked = Vec::new();
        let mut known = vec![false; run.slots() as usize];
        for leaf in run.leaves() {
            let mut slot = leaf;
            while !std::mem::replace(&mut known[slot as usize], true) {
                asked.push(slot);
                match run.token(slot).scope {
                    NONE => break,
                    scope => slot = run.scopes[scope as usize].owner,
                }
            }
        }
        asked
    }
}

fn scene<'a, C, E>(
    run: &Snapshot<C>,
    slot: u32,
    event: Option<&'a E>,
    now: Timestamp,
    cause: Cause,
) -> Scene<'a, E> {
    let token = run.token(slot);
    Scene {
        event,
        now: now.max(run.now),
        state: token.state,
        cause,
        attempts: token.attempt,
        visit: token.visit,
        cut: matches!(cause, Cause::Event | Cause::After) && token.phase == Phase::Running,
    }
}

fn cause_of(trigger: Trigger) -> Cause {
    match trigger {
        Trigger::Event(_) => Cause::Event,
        Trigger::Done => Cause::Done,
        Trigger::Failed => Cause::Failed(GaveUp::NotRetryable),
        Trigger::TimedOut => Cause::TimedOut(GaveUp::Exhausted),
        Trigger::After(_) => Cause::After,
        Trigger::Always => Cause::Always,
    }
}
