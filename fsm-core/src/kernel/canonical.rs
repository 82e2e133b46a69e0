//! Snapshots as a model checker compares them: two runs that have come to the same place by
//! different ways are one state, whatever numbers, places in memory, and points in time their
//! histories left in them.
//!
//! Time is abstract here. A canonical snapshot stands at time zero and all its timers are due in
//! the far future; [`Snapshot::hasten`] makes one of them due, as if its time had come.

use std::hash::{Hash, Hasher};

use super::input::Ticket;
use super::snapshot::{Alarm, Phase, Scope, Snapshot, Status, Token};
use crate::graph::{JoinRule, Kind};
use crate::machine::{Machine, NONE};
use crate::time::Timestamp;

/// 142 years: later than any wait that a machine would want, and far from where sums overflow.
const FAR: Timestamp = Timestamp::from_micros(1 << 52);

/// What is kept of a snapshot besides its tokens.
#[derive(Clone, Copy)]
struct Keep {
    attempts: bool,
    order: bool,
}

impl<C, E> Machine<C, E> {
    /// Renames what the history of a run has left in `run`: tokens and numbers are counted anew,
    /// and time is zero. Both runs accept the same inputs (with tickets of their own) and move
    /// alike, save where a guard or an action looks at the time or at [`Scene::visit`].
    ///
    /// [`Scene::visit`]: crate::Scene::visit
    ///
    /// # Panics
    /// Only on a snapshot that [`restore`](Self::restore) refuses.
    ///
    /// # Complexity
    /// O(tokens + timers * log(timers)).
    pub fn canonicalize(&self, run: &mut Snapshot<C>) {
        self.rename(run, Keep { attempts: true, order: true });
    }

    /// As [`canonicalize`](Self::canonicalize), and forgets besides how many attempts an activity
    /// has had and in which order the tokens between a fork and its join came to be there. For
    /// runs whose guards and actions look at neither: then the moves of the run are among those of
    /// the generalized one, where an activity under way has its first attempt, or its last one
    /// ([`Snapshot::exhaust`]).
    ///
    /// # Panics
    /// Only on a snapshot that [`restore`](Self::restore) refuses.
    ///
    /// # Complexity
    /// O(tokens * log(tokens) + timers * log(timers)).
    pub fn generalize(&self, run: &mut Snapshot<C>) {
        self.rename(run, Keep { attempts: false, order: false });
    }

    /// As [`generalize`](Self::generalize), but keeps the order of tokens: of several that want the
    /// same event, it decides which one gets it.
    ///
    /// # Panics
    /// Only on a snapshot that [`restore`](Self::restore) refuses.
    ///
    /// # Complexity
    /// O(tokens + timers * log(timers)).
    pub fn generalize_in_order(&self, run: &mut Snapshot<C>) {
        self.rename(run, Keep { attempts: false, order: true });
    }

    fn rename(&self, run: &mut Snapshot<C>, keep: Keep) {
        run.now = Timestamp::ZERO;
        if run.status == Status::New {
            return;
        }
        let order = self.order(run, keep);
        let mut renamed = Renamed::new(run, &order);
        for old in &order {
            renamed.token(run, *old, keep);
        }
        for (old, scope) in order.iter().filter_map(|old| Some((*old, run.scope_owned(*old)?))) {
            let kind = self.graph().kind(run.token(old).state);
            let waits_for_all = matches!(kind, Kind::Fork(Some(join))
                if self.graph().kind(join) == Kind::Join(JoinRule::All));
            let arrived = if waits_for_all && !keep.attempts { 0 } else { scope.arrived };
            renamed.scopes.push(Scope {
                owner: renamed.slot(old),
                first: renamed.slot(scope.first),
                last: renamed.slot(scope.last),
                live: scope.live,
                arrived,
                counters: scope.counters.clone(),
            });
        }
        renamed.link();
        renamed.finish(run);
    }

    /// The places of the tokens, owners before what they own.
    fn order(&self, run: &Snapshot<C>, keep: Keep) -> Vec<u32> {
        let mut order = Vec::with_capacity(run.slots() as usize);
        let mut open = vec![0];
        while let Some(slot) = open.pop() {
            order.push(slot);
            let Some(scope) = run.scope_owned(slot) else { continue };
            let from = open.len();
            let mut inside = scope.first;
            while inside != NONE {
                open.push(inside);
                inside = run.token(inside).next;
            }
            let splits = matches!(self.graph().kind(run.token(slot).state), Kind::Fork(_));
            if splits && !keep.order {
                open[from..].sort_by_key(|slot| {
                    let token = run.token(*slot);
                    (token.state, token.phase as u8)
                });
            }
            open[from..].reverse();
        }
        order
    }
}

/// A snapshot's tokens under new names.
struct Renamed {
    /// By old place, the new one.
    slots: Vec<u32>,
    /// By old scope, the new one.
    scope_names: Vec<u32>,
    tokens: Vec<Token>,
    scopes: Vec<Scope>,
    sequence: u64,
}

impl Renamed {
    fn new<C>(run: &Snapshot<C>, order: &[u32]) -> Self {
        let mut slots = vec![NONE; run.slots() as usize];
        let mut scope_names = vec![NONE; run.scopes.len()];
        let mut scopes = 0;
        for (new, old) in order.iter().enumerate() {
            slots[*old as usize] = new as u32;
            if run.scope_owned(*old).is_some() {
                scope_names[run.token(*old).owns as usize] = scopes;
                scopes += 1;
            }
        }
        let tokens = Vec::with_capacity(order.len());
        Self { slots, scope_names, tokens, scopes: Vec::new(), sequence: 0 }
    }

    fn slot(&self, old: u32) -> u32 {
        if old == NONE { NONE } else { self.slots[old as usize] }
    }

    fn scope(&self, old: u32) -> u32 {
        if old == NONE { NONE } else { self.scope_names[old as usize] }
    }

    fn token<C>(&mut self, run: &Snapshot<C>, old: u32, keep: Keep) {
        let token = run.token(old);
        let (mut visit, mut number) = (0, 0);
        if token.phase != Phase::Moving {
            visit = self.sequence + 1;
            let entered = matches!(token.phase, Phase::Resting | Phase::Owning);
            number = if entered { visit } else { visit + 1 };
            self.sequence = number;
        }
        let attempt = match keep.attempts {
            true => token.attempt,
            false => u32::from(token.phase == Phase::Running),
        };
        let waits = matches!(token.phase, Phase::Running | Phase::Waiting | Phase::Delaying);
        self.tokens.push(Token {
            state: token.state,
            phase: token.phase,
            scope: self.scope(token.scope),
            owns: self.scope(token.owns),
            attempt,
            next: NONE,
            previous: NONE,
            visit,
            number,
            due: if waits { FAR } else { Timestamp::ZERO },
        });
    }

    /// Lists the tokens of each scope in their new order.
    fn link(&mut self) {
        for scope in &mut self.scopes {
            (scope.first, scope.last) = (NONE, NONE);
        }
        for slot in 0..self.tokens.len() {
            let scope = self.tokens[slot].scope;
            if scope == NONE {
                continue;
            }
            let scope = &mut self.scopes[scope as usize];
            let last = std::mem::replace(&mut scope.last, slot as u32);
            self.tokens[slot].previous = last;
            match last {
                NONE => scope.first = slot as u32,
                last => self.tokens[last as usize].next = slot as u32,
            }
        }
    }

    fn finish<C>(mut self, run: &mut Snapshot<C>) {
        let ready = run.ready.iter().filter(|ticket| run.is_queued(**ticket));
        let ready = ready.map(|ticket| {
            let slot = self.slots[ticket.slot as usize];
            Ticket { slot, number: self.tokens[slot as usize].number }
        });
        run.ready = ready.collect();
        let mut alarms: Vec<(u32, u32, u64)> = run
            .alarms
            .iter()
            .filter(|((slot, _), _)| self.slots[*slot as usize] != NONE)
            .map(|((slot, edge), alarm)| (self.slots[*slot as usize], *edge, alarm.number))
            .collect();
        // Those of one token keep the order in which they were set.
        alarms.sort_unstable_by_key(|(slot, _, number)| (*slot, *number));
        run.alarms = alarms
            .into_iter()
            .map(|(slot, edge, _)| {
                self.sequence += 1;
                ((slot, edge), Alarm { number: self.sequence, due: FAR })
            })
            .collect();
        run.sequence = self.sequence;
        run.main = self.tokens.remove(0);
        run.others = self.tokens;
        run.scopes = self.scopes;
        run.free.clear();
        run.free_scopes.clear();
    }
}

impl<C> Snapshot<C> {
    fn scope_owned(&self, slot: u32) -> Option<&Scope> {
        let owns = self.token(slot).owns;
        (owns != NONE).then(|| &self.scopes[owns as usize])
    }

    /// Makes the timer of `ticket` due at once. What is not awaited stays as it is.
    pub fn hasten(&mut self, ticket: Ticket) {
        let now = self.now;
        if self.awaiting(ticket).is_some() {
            self.token_mut(ticket.slot).due = now;
        }
        let own = (ticket.slot, 0)..=(ticket.slot, NONE);
        let alarms = self.alarms.range_mut(own).map(|(_, alarm)| alarm);
        alarms.filter(|alarm| alarm.number == ticket.number).for_each(|alarm| alarm.due = now);
    }

    /// Lets the activity under way that `ticket` names be at its last attempt, of so many `retries`
    /// as its state allows. What is not awaited stays as it is.
    pub fn exhaust(&mut self, ticket: Ticket, retries: u32) {
        if self.is_running(ticket) {
            self.token_mut(ticket.slot).attempt = retries.saturating_add(1);
        }
    }

    /// Whether all but the contexts of two runs are equal.
    pub fn stands_like(&self, other: &Self) -> bool {
        self.standing() == other.standing()
    }

    /// Hashes all but the context: equal for runs that [stand alike](Self::stands_like).
    pub fn hash_standing(&self, hasher: &mut impl Hasher) {
        self.standing().hash(hasher);
    }

    /// Everything but the context.
    fn standing(&self) -> impl PartialEq + Hash + '_ {
        let life = (self.fingerprint, self.seed, self.status, self.stepping, self.now);
        let tokens = (self.sequence, &self.main, &self.others, &self.free);
        let scopes = (&self.scopes, &self.free_scopes);
        (life, tokens, scopes, &self.ready, self.running, &self.alarms)
    }
}
