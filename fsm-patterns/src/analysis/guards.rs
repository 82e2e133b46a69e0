//! What the guards of a machine file ask for, to be reasoned about without running the machine.

use std::fmt;
use std::sync::Arc;

use fsm_core::GuardId;
use serde_json::Value;

use super::{Answer, Breadth, Budget, Claim, MOST_EVALUATIONS, Part, decide};

/// The guards of a [`MachineFile`](crate::machine::MachineFile): which of them can hold together,
/// and which can't. Clones share everything.
///
/// Actions are taken to be carried out. Whether `set: { total: $context.total + $event.value }`
/// can be done is part of the graph's guard, `can set total`, and is left out here: a guard that
/// asks for nothing else [is implied](Self::is_implied). What is asked after actions have changed
/// the context, a validator `before` a state, may be either.
///
/// ```
/// # use fsm_patterns::machine;
/// let file = machine::load("lift.yaml", "
/// fsm: 1
/// name: lift
/// initial: still
/// states:
///   still:
///     on:
///       call:
///         - { to: up, guard: $event.floor > $context.floor }
///         - { to: down, guard: $event.floor < $context.floor }
///   up: { after: { 3s: still } }
///   down: { after: { 3s: still } }
/// ")?;
/// let guards = file.guards();
/// let ids: Vec<_> = file.graph().transitions().filter_map(|(_, edge)| edge.guard()).collect();
/// assert!(guards.is_possible(&[(ids[0], true), (ids[1], true)]).is_impossible());
/// let neither = guards.is_possible(&[(ids[0], false), (ids[1], false)]);
/// assert_eq!(neither.witness().unwrap().to_string(), "$event.floor = 1, $context.floor = 1");
/// # Ok::<(), fsm_patterns::file::Report>(())
/// ```
#[derive(Clone)]
pub struct Guards {
    /// By guard, what it asks for.
    parts: Arc<[Arc<[Part]>]>,
    declared: Arc<Value>,
}

impl Guards {
    pub(crate) fn new(parts: Vec<Arc<[Part]>>, declared: Value) -> Self {
        Self { parts: parts.into(), declared: Arc::new(declared) }
    }

    /// Whether these guards can answer so, all asked of one context and one event.
    ///
    /// What is Rust code may answer anything; but where a name is asked twice, the answer is the
    /// same, as [`Registry`](crate::machine::Registry) demands it. The context is whatever it may
    /// be; what the file declares only tells which kinds of values a witness shows first.
    ///
    /// # Panics
    /// If a guard is of another, larger graph.
    ///
    /// # Complexity
    /// As [`can_be`](super::can_be).
    pub fn is_possible(&self, answers: &[(GuardId, bool)]) -> Answer {
        let claims = answers
            .iter()
            .map(|(guard, holds)| Claim::new(self.parts[guard.index()].clone(), *holds));
        let mut budget = Budget::new(MOST_EVALUATIONS);
        // A guard that is implied holds: said to refuse, its claim of no parts is refuted.
        decide(claims.collect(), Some(&self.declared), Breadth::Every, &mut budget)
    }

    /// Whether a guard asks for nothing but that actions can be carried out.
    ///
    /// # Panics
    /// If the guard is of another, larger graph.
    pub fn is_implied(&self, guard: GuardId) -> bool {
        self.parts[guard.index()].is_empty()
    }

    pub(crate) fn parts(&self, guard: GuardId) -> &Arc<[Part]> {
        &self.parts[guard.index()]
    }
}

impl fmt::Debug for Guards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guards").field("count", &self.parts.len()).finish()
    }
}
