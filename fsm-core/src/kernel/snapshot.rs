//! The whole state of a run as data: it can be saved at any step and restored.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::input::Ticket;
use crate::graph::{Fingerprint, StateId};
use crate::machine::NONE;
use crate::time::Timestamp;

/// Where a run stands: its tokens, its queue, its timers, and its context.
///
/// What it holds is private, because not every value makes sense; serde carries it as a whole,
/// and [`Machine::restore`](crate::Machine::restore) checks all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot<C> {
    pub(super) fingerprint: Fingerprint,
    pub(super) seed: u64,
    pub(super) status: Status,
    /// Set while a step is under way: an action that panics leaves it set.
    pub(super) stepping: bool,
    pub(super) now: Timestamp,
    /// The last number given to an effect or a visit.
    pub(super) sequence: u64,
    pub(super) main: Token,
    pub(super) others: Vec<Token>,
    pub(super) free: Vec<u32>,
    pub(super) scopes: Vec<Scope>,
    pub(super) free_scopes: Vec<u32>,
    pub(super) ready: VecDeque<Ticket>,
    pub(super) running: u32,
    #[serde(with = "pairs")]
    pub(super) alarms: BTreeMap<(u32, u32), Alarm>,
    pub(super) context: C,
}

/// Whether a run goes on, and if not, how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Status {
    /// It has not begun.
    New,
    /// It goes on.
    Running,
    /// It reached this final state.
    Finished(StateId),
    /// It was cancelled from outside.
    Cancelled,
    /// At this state none of the ways on is open: nothing accepts what happened.
    Stuck(StateId),
}

impl Status {
    /// Whether nothing more will happen.
    pub fn is_over(self) -> bool {
        match self {
            Status::New | Status::Running => false,
            Status::Finished(_) | Status::Cancelled | Status::Stuck(_) => true,
        }
    }
}

/// What a token does at its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Waits for an event.
    Resting,
    /// Its activity waits for a slot of `max_concurrent`.
    Queued,
    /// Its activity is under way.
    Running,
    /// Its activity failed and waits to be started again, or was postponed.
    Waiting,
    /// Waits in a delay.
    Delaying,
    /// Owns the scope of a fork.
    Owning,
    /// Is between two states within a step.
    Moving,
    /// Is no token: a free place.
    Free,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) state: StateId,
    pub(super) phase: Phase,
    /// The scope that it lives in; `NONE` for the first token.
    pub(super) scope: u32,
    /// The scope that it owns.
    pub(super) owns: u32,
    pub(super) attempt: u32,
    pub(super) next: u32,
    pub(super) previous: u32,
    pub(crate) visit: u64,
    /// The number of the effect whose answer is awaited, or of the entry.
    pub(super) number: u64,
    /// When the awaited timer is due.
    pub(super) due: Timestamp,
}

impl Token {
    pub(super) const FREE: Token = Token {
        state: StateId(0),
        phase: Phase::Free,
        scope: NONE,
        owns: NONE,
        attempt: 0,
        next: NONE,
        previous: NONE,
        visit: 0,
        number: 0,
        due: Timestamp::ZERO,
    };
}

/// The tokens between a fork and its join.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Scope {
    /// The token that stays at the fork; `NONE`: a free place.
    pub(super) owner: u32,
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) live: u32,
    pub(super) arrived: u32,
    /// Arrivals at the joins inside.
    pub(super) counters: Vec<u32>,
}

impl Scope {
    pub(super) const FREE: Scope =
        Scope { owner: NONE, first: NONE, last: NONE, live: 0, arrived: 0, counters: Vec::new() };
}

/// A timer of a state that was entered; keyed by token and frozen transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Alarm {
    pub(super) number: u64,
    pub(super) due: Timestamp,
}

impl<C> Snapshot<C> {
    pub(super) fn new(fingerprint: Fingerprint, initial: StateId, context: C, seed: u64) -> Self {
        Self {
            fingerprint,
            seed,
            status: Status::New,
            stepping: false,
            now: Timestamp::ZERO,
            sequence: 0,
            main: Token { state: initial, phase: Phase::Moving, ..Token::FREE },
            others: Vec::new(),
            free: Vec::new(),
            scopes: Vec::new(),
            free_scopes: Vec::new(),
            ready: VecDeque::new(),
            running: 0,
            alarms: BTreeMap::new(),
            context,
        }
    }

    /// The run's own data.
    pub fn context(&self) -> &C {
        &self.context
    }

    /// Gives the run's own data away.
    pub fn into_context(self) -> C {
        self.context
    }

    /// The same run with other data of its own.
    pub fn map_context<D>(self, change: impl FnOnce(C) -> D) -> Snapshot<D> {
        let Snapshot { fingerprint, seed, status, stepping, now, sequence, main, .. } = self;
        let Snapshot { others, free, scopes, free_scopes, ready, running, alarms, .. } = self;
        let context = change(self.context);
        Snapshot {
            fingerprint,
            seed,
            status,
            stepping,
            now,
            sequence,
            main,
            others,
            free,
            scopes,
            free_scopes,
            ready,
            running,
            alarms,
            context,
        }
    }

    /// Whether the run goes on.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The point in time of the last input.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What jitter is derived from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Nothing happens in the run before `at`.
    pub(crate) fn advance(&mut self, at: Timestamp) {
        self.now = self.now.max(at);
    }

    pub(crate) fn set_seed(&mut self, seed: u64) {
        self.seed = seed;
    }

    /// The fingerprint of the graph that it belongs to.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// How many activities are under way.
    pub fn running(&self) -> u32 {
        self.running
    }

    /// Where the tokens are, and what they do there: the owner of a scope before those in it, and
    /// regions in declared order.
    ///
    /// A snapshot that [`Machine::restore`](crate::Machine::restore) would refuse may tell of fewer.
    pub fn tokens(&self) -> impl Iterator<Item = (StateId, Phase)> + '_ {
        // A damaged snapshot may lead round and round.
        std::iter::successors(Some(0), |slot| self.after(*slot))
            .take(self.slots() as usize)
            .map(|slot| self.token(slot))
            .filter(|token| token.phase != Phase::Free)
            .map(|token| (token.state, token.phase))
    }

    /// The token after the one in `slot`: the first in its scope, or else the next one beside it, or
    /// beside an owner around it.
    fn after(&self, slot: u32) -> Option<u32> {
        let get = |slot: u32| (slot < self.slots()).then(|| self.token(slot));
        let scope = |index: u32| self.scopes.get(index as usize);
        let mut token = get(slot)?;
        if let Some(inside) = scope(token.owns).filter(|inside| inside.first != NONE) {
            return get(inside.first).map(|_| inside.first);
        }
        for _ in 0..self.slots() {
            if token.next != NONE {
                return get(token.next).map(|_| token.next);
            }
            token = get(scope(token.scope)?.owner)?;
        }
        None
    }

    /// How often the activity at `state` was started in the visit of the token that stands there; 0
    /// where none does.
    pub fn attempts_at(&self, state: StateId) -> u32 {
        let tokens = (0..self.slots()).map(|slot| self.token(slot));
        let mut there = tokens.filter(|token| token.state == state && token.phase != Phase::Free);
        there.next().map_or(0, |token| token.attempt)
    }

    /// Whether a token stands at `state`.
    pub fn is_at(&self, state: StateId) -> bool {
        self.tokens().any(|(at, _)| at == state)
    }

    pub(super) fn token(&self, slot: u32) -> &Token {
        match slot.checked_sub(1) {
            None => &self.main,
            Some(index) => &self.others[index as usize],
        }
    }

    pub(super) fn token_mut(&mut self, slot: u32) -> &mut Token {
        match slot.checked_sub(1) {
            None => &mut self.main,
            Some(index) => &mut self.others[index as usize],
        }
    }

    pub(super) fn slots(&self) -> u32 {
        self.others.len() as u32 + 1
    }

    pub(super) fn fresh(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Puts an activity at the end of the queue. Tickets of those that were cancelled while they
    /// waited are thrown out before they outnumber the tokens, so that the queue stays small
    /// also where nothing ever starts.
    pub(super) fn enqueue(&mut self, ticket: Ticket) {
        if self.ready.len() > 2 * self.slots() as usize {
            let ready = std::mem::take(&mut self.ready);
            self.ready = ready.into_iter().filter(|ticket| self.is_queued(*ticket)).collect();
        }
        self.ready.push_back(ticket);
    }

    /// Whether the activity of this ticket still waits for a slot.
    pub(super) fn is_queued(&self, ticket: Ticket) -> bool {
        self.awaiting(ticket).is_some_and(|token| token.phase == Phase::Queued)
    }

    /// Whether the activity of this ticket is under way.
    pub(crate) fn is_running(&self, ticket: Ticket) -> bool {
        self.awaiting(ticket).is_some_and(|token| token.phase == Phase::Running)
    }

    /// The token that a ticket speaks of, if it still awaits the answer.
    pub(super) fn awaiting(&self, ticket: Ticket) -> Option<&Token> {
        (ticket.slot < self.slots())
            .then(|| self.token(ticket.slot))
            .filter(|token| token.number == ticket.number && token.phase != Phase::Free)
    }
}

/// Maps with keys that are not strings, as lists of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}
