//! Forks and joins. The token that enters a fork stays there as the owner of a scope; one token
//! for each branch lives in it; the join moves the owner on and cancels what is left.

use super::scene::Cause;
use super::snapshot::{Phase, Scope, Snapshot, Status, Token};
use super::step::{Next, Stepper};
use super::trace::Trace;
use crate::event::Event;
use crate::graph::{JoinRule, Kind, StateId, TransitionId};
use crate::machine::{Key, NONE};

impl<C> Snapshot<C> {
    /// The tokens that own no scope, in the order of their scopes.
    ///
    /// # Complexity
    /// O(tokens).
    pub(super) fn leaves(&self) -> Vec<u32> {
        let mut leaves = Vec::new();
        let mut open = vec![0];
        while let Some(slot) = open.pop() {
            let owns = self.token(slot).owns;
            if owns == NONE {
                leaves.push(slot);
                continue;
            }
            let mut inside = self.scopes[owns as usize].last;
            while inside != NONE {
                open.push(inside);
                inside = self.token(inside).previous;
            }
        }
        leaves
    }

    #[inline]
    fn append(&mut self, scope: u32, slot: u32) {
        let last = std::mem::replace(&mut self.scopes[scope as usize].last, slot);
        match last {
            NONE => self.scopes[scope as usize].first = slot,
            last => self.token_mut(last).next = slot,
        }
        let token = self.token_mut(slot);
        token.scope = scope;
        token.previous = last;
        token.next = NONE;
        self.scopes[scope as usize].live += 1;
    }

    /// Takes a token out of its scope and frees its place.
    #[inline]
    fn remove(&mut self, slot: u32) {
        let Token { scope, previous, next, .. } = *self.token(slot);
        match previous {
            NONE => self.scopes[scope as usize].first = next,
            previous => self.token_mut(previous).next = next,
        }
        match next {
            NONE => self.scopes[scope as usize].last = previous,
            next => self.token_mut(next).previous = previous,
        }
        self.scopes[scope as usize].live -= 1;
        *self.token_mut(slot) = Token::FREE;
        self.free.push(slot);
    }
}

impl<C, E: Event, T: Trace> Stepper<'_, C, E, T> {
    pub(super) fn open_scope(&mut self, slot: u32, fork: StateId) {
        let counters = vec![0; self.frozen.table.row(fork).counters as usize];
        let scope = self.new_scope(slot, counters);
        let branches = self.frozen.table.range(fork, Key::ALWAYS);
        // Room for all of them at once: growing bit by bit costs more than a branch.
        let missing = branches.len().saturating_sub(self.run.free.len());
        self.run.others.reserve(missing);
        self.run.free.reserve(missing);
        self.out.agenda.reserve(branches.len());
        self.out.list.reserve(branches.len());
        for edge in branches {
            self.branch(scope, fork, edge as u32);
        }
    }

    /// Opens a scope that the token in `slot` owns.
    fn new_scope(&mut self, slot: u32, counters: Vec<u32>) -> u32 {
        let opened = Scope { owner: slot, first: NONE, last: NONE, live: 0, arrived: 0, counters };
        let scope = match self.run.free_scopes.pop() {
            Some(scope) => {
                self.run.scopes[scope as usize] = opened;
                scope
            }
            None => {
                self.run.scopes.push(opened);
                self.run.scopes.len() as u32 - 1
            }
        };
        let owner = self.run.token_mut(slot);
        owner.phase = Phase::Owning;
        owner.owns = scope;
        scope
    }

    /// Splits a token within its scope: it takes the first branch itself.
    pub(super) fn split(&mut self, slot: u32, fork: StateId) {
        let scope = self.run.token(slot).scope;
        let mut branches = self.frozen.table.range(fork, Key::ALWAYS);
        let Some(first) = branches.next() else { return self.stuck(fork) };
        // Left once, here, however many tokens go on from it: see `leave`.
        let row = *self.frozen.table.row(fork);
        if row.hooked {
            let scene = self.scene(slot, Some(fork));
            self.act(row.exit, &scene);
        }
        self.later(slot, Next::Branch(first as u32));
        for edge in branches {
            self.branch(scope, fork, edge as u32);
        }
    }

    /// One token for each region. Where the transition that leads here names states within, those
    /// are entered. Regions begin in declared order, each with all that it holds.
    pub(super) fn open_regions(&mut self, slot: u32, parallel: StateId) {
        let scope = self.new_scope(slot, Vec::new());
        let toward = self.toward;
        let frozen = self.frozen;
        for (at, region) in frozen.graph.regions(parallel).iter().enumerate() {
            let new = self.new_token(parallel);
            self.run.append(scope, new);
            let item = self.item(new, Next::Region { region: *region, toward });
            self.out.agenda.insert(at, item);
        }
    }

    /// A region begins: at the state within it that the transition names, or by itself.
    pub(super) fn begin_region(&mut self, slot: u32, region: StateId, toward: u32) {
        let graph = &self.frozen.graph;
        let parallel = self.run.token(slot).state;
        let mut named = None;
        if toward != NONE {
            let mut targets = graph.targets(TransitionId(toward));
            named = targets.find(|to| *to == region || graph.contains(region, *to));
        }
        let leaf = self.enter(slot, Some(parallel), named.unwrap_or(region));
        self.trace.began(slot, leaf);
        self.toward = if named.is_some() { toward } else { NONE };
        self.arrive_at(slot, leaf);
        self.toward = NONE;
    }

    fn branch(&mut self, scope: u32, fork: StateId, edge: u32) {
        let slot = self.new_token(fork);
        self.run.append(scope, slot);
        self.later(slot, Next::Branch(edge));
    }

    /// A token comes to a join that it has just entered.
    pub(super) fn at_join(&mut self, slot: u32, join: StateId) {
        let row = *self.frozen.table.row(join);
        if row.pair != NONE {
            // The owner of the scope, which was closed.
            return self.choose(slot);
        }
        let Kind::Join(JoinRule::AtLeast(needed)) = self.frozen.graph.kind(join) else {
            return self.stuck(join);
        };
        let scope = self.run.token(slot).scope;
        let counter = &mut self.run.scopes[scope as usize].counters[row.counter as usize];
        *counter += 1;
        if *counter == needed.get() {
            *counter = 0;
            return self.choose(slot);
        }
        // The token stays in the count; the one that fills the join goes on for all.
        // It leaves every state that it came in with, up to the fork's scope.
        self.leave(slot, self.fork_around(slot));
        self.run.remove(slot);
        self.check_join(scope);
    }

    /// A token comes to the join that closes its scope.
    #[inline]
    pub(super) fn arrive(&mut self, slot: u32, scope: u32) {
        self.run.remove(slot);
        let arrived = &mut self.run.scopes[scope as usize].arrived;
        *arrived = arrived.saturating_add(1);
        self.check_join(scope);
    }

    fn check_join(&mut self, scope: u32) {
        let graph = &self.frozen.graph;
        let Scope { owner, live, arrived, .. } = self.run.scopes[scope as usize];
        let fork = self.run.token(owner).state;
        let Kind::Fork(Some(join)) = graph.kind(fork) else { return };
        let Kind::Join(rule) = graph.kind(join) else { return };
        let filled = match rule {
            JoinRule::All => live == 0 && self.counts_are_even(scope),
            JoinRule::Any => arrived > 0,
            JoinRule::AtLeast(needed) => arrived >= needed.get(),
        };
        if filled {
            // `leave` empties the scope and lets it go.
            let domain = graph.parent(fork);
            self.leave(owner, domain);
            let leaf = self.enter(owner, domain, join);
            self.arrive_at(owner, leaf);
        } else if live == 0 {
            self.stuck(join);
        }
    }

    /// Whether no join inside the scope still waits for tokens that can't come any more.
    fn counts_are_even(&self, scope: u32) -> bool {
        self.run.scopes[scope as usize].counters.iter().all(|count| *count == 0)
    }

    /// A token has left its scope by a way out: all others are cancelled, and the owner goes on.
    pub(super) fn abandon(&mut self, slot: u32, scope: u32) -> u32 {
        self.run.remove(slot);
        let owner = self.run.scopes[scope as usize].owner;
        self.empty_scope(scope);
        self.release_scope(scope);
        owner
    }

    /// Cancels every token in a scope, each after those in the scope that it owns.
    pub(super) fn empty_scope(&mut self, scope: u32) {
        let mut open = vec![scope];
        while let Some(inner) = open.last().copied() {
            let Scope { owner, first, last, .. } = self.run.scopes[inner as usize];
            let fork = self.run.token(owner).state;
            // Regions are left in the reverse of the order in which they were entered.
            let slot = if self.frozen.graph.kind(fork) == Kind::Parallel { last } else { first };
            if slot == NONE {
                open.pop();
                if inner != scope {
                    self.release_scope(inner);
                }
                continue;
            }
            let Token { state, phase, owns, .. } = *self.run.token(slot);
            if owns != NONE {
                open.push(owns);
                continue;
            }
            if slot != self.acting {
                self.trace.cancelled(slot, state, phase);
            }
            self.leave(slot, Some(fork));
            self.run.remove(slot);
        }
    }

    pub(super) fn release_scope(&mut self, scope: u32) {
        let owner = self.run.scopes[scope as usize].owner;
        let token = self.run.token_mut(owner);
        token.owns = NONE;
        token.phase = Phase::Moving;
        self.run.scopes[scope as usize] = Scope::FREE;
        self.run.free_scopes.push(scope);
    }

    /// Leaves everything.
    pub(super) fn cancel_run(&mut self) {
        self.cause = Cause::Cancel;
        let Token { state, phase, .. } = self.run.main;
        self.trace.cancelled(0, state, phase);
        self.leave(0, None);
        self.run.main.phase = Phase::Moving;
        self.finish(Status::Cancelled);
    }
}
