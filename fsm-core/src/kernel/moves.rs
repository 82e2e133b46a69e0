//! A token takes a transition: states are left innermost first, actions run, states are entered
//! outermost first.

use super::effect::Effect;
use super::input::Ticket;
use super::scene::Scene;
use super::snapshot::{Alarm, Phase, Status, Token};
use super::step::{Next, Stepper};
use super::trace::{Move, Trace};
use crate::event::Event;
use crate::graph::{Kind, StateId, TransitionId};
use crate::machine::{Edge, Key, NONE, Reach};

impl<'a, C, E: Event, T: Trace> Stepper<'a, C, E, T> {
    /// The first token enters the initial state.
    pub(super) fn begin(&mut self) {
        let initial = self.frozen.graph.initial;
        let leaf = self.enter(0, None, initial);
        self.trace.began(0, leaf);
        self.arrive_at(0, leaf);
    }

    /// Moves a token along `edge`. Where that leads out of the scope of a fork, the scope is
    /// emptied and its owner goes on; where it leads to the fork's join, the token arrives there.
    pub(super) fn take(&mut self, slot: u32, edge: &Edge) {
        match edge.reach {
            _ if edge.internal => self.stay(slot, edge),
            Reach::Neighbour => self.take_to_neighbour(slot, edge),
            Reach::Join => self.take_to_join(slot, edge),
            Reach::Far => self.take_far(slot, edge),
        }
    }

    /// Acts, and leaves and enters nothing. A token that rests gets a new number, as after any
    /// step that it takes.
    fn stay(&mut self, slot: u32, edge: &Edge) {
        let scene = self.scene(slot, None);
        self.act(edge.actions, &scene);
        let from = self.run.token(slot).state;
        if self.run.token(slot).phase == Phase::Resting {
            let number = self.run.fresh();
            let token = self.run.token_mut(slot);
            (token.visit, token.number) = (number, number);
        }
        self.trace_move(slot, from, from, edge);
    }

    fn take_far(&mut self, slot: u32, edge: &Edge) {
        let scene = self.scene(slot, None);
        let from = self.run.token(slot).state;
        let domain = self.domain(edge);
        let mut mover = slot;
        while let Some(fork) = self.fork_around(mover) {
            if self.stays_within(fork, domain) {
                break;
            }
            let scope = self.run.token(mover).scope;
            if self.frozen.graph.kind(fork) == Kind::Parallel {
                // All of its regions are left by its owner, this one in its turn.
                mover = self.run.scopes[scope as usize].owner;
                continue;
            }
            self.leave_for(slot, mover, Some(fork));
            if self.frozen.table.row(edge.to).pair == fork.0 {
                self.act(edge.actions, &scene);
                self.trace_move(mover, from, edge.to, edge);
                self.arrive(mover, scope);
                return;
            }
            mover = self.abandon(mover, scope);
        }
        self.leave_for(slot, mover, domain);
        self.act(edge.actions, &scene);
        let leaf = self.enter(mover, domain, edge.to);
        self.trace_move(mover, from, leaf, edge);
        self.toward = edge.transition;
        self.arrive_at(mover, leaf);
        self.toward = NONE;
    }

    /// Whether a transition within `domain` leaves the scope of `fork` as it is.
    fn stays_within(&self, fork: StateId, domain: Option<StateId>) -> bool {
        let graph = &self.frozen.graph;
        domain.is_some_and(|domain| domain == fork || graph.contains(fork, domain))
    }

    /// The token that moves when the one in `slot` takes `edge`: itself, or, where that leads out
    /// of scopes, the owner of the outermost of them.
    pub(super) fn mover(&self, slot: u32, edge: &Edge) -> u32 {
        if edge.reach == Reach::Join || edge.reach == Reach::Neighbour {
            return slot;
        }
        let domain = self.domain(edge);
        let mut mover = slot;
        while let Some(fork) = self.fork_around(mover) {
            let joins = self.frozen.table.row(edge.to).pair == fork.0;
            if joins || self.stays_within(fork, domain) {
                break;
            }
            mover = self.run.scopes[self.run.token(mover).scope as usize].owner;
        }
        mover
    }

    /// The short way: no level of nesting is left or entered, so none is looked for.
    #[inline(always)]
    fn take_to_neighbour(&mut self, slot: u32, edge: &Edge) {
        self.leave_plainly(slot, edge);
        self.begin_visit(slot).state = edge.to;
        self.trace_move(slot, edge.from, edge.to, edge);
        self.arrive_at(slot, edge.to);
    }

    /// The short way to the join of the fork around.
    #[inline(always)]
    fn take_to_join(&mut self, slot: u32, edge: &Edge) {
        let scope = self.run.token(slot).scope;
        self.leave_plainly(slot, edge);
        self.trace_move(slot, edge.from, edge.to, edge);
        self.arrive(slot, scope);
    }

    #[inline(always)]
    fn leave_plainly(&mut self, slot: u32, edge: &Edge) {
        if edge.actions == 0 {
            return self.drop_work(slot);
        }
        // What an action sees is the token before its work is dropped.
        let scene = self.scene(slot, None);
        self.drop_work(slot);
        self.act(edge.actions, &scene);
    }

    fn trace_move(&mut self, token: u32, from: StateId, to: StateId, edge: &Edge) {
        let transition = TransitionId(edge.transition);
        self.trace.moved(Move { token, from, to, transition });
    }

    /// The fork in whose scope a token lives.
    pub(super) fn fork_around(&self, slot: u32) -> Option<StateId> {
        let scope = self.run.token(slot).scope;
        (scope != NONE).then(|| {
            let owner = self.run.scopes[scope as usize].owner;
            self.run.token(owner).state
        })
    }

    fn domain(&self, edge: &Edge) -> Option<StateId> {
        self.frozen.graph.domain(TransitionId(edge.transition))
    }

    /// As [`leave`](Self::leave), where the token in `acting` takes the transition: if it lives in
    /// what is left, it goes on in `slot` and is not cancelled.
    fn leave_for(&mut self, acting: u32, slot: u32, domain: Option<StateId>) {
        self.acting = acting;
        self.leave(slot, domain);
        self.acting = NONE;
    }

    /// Leaves states from the token's own up to `domain`, which stays; drops the work under way.
    pub(super) fn leave(&mut self, slot: u32, domain: Option<StateId>) {
        let owns = self.run.token(slot).owns;
        if owns != NONE {
            self.empty_scope(owns);
            self.release_scope(owns);
        }
        let mut level = Some(self.run.token(slot).state).filter(|state| Some(*state) != domain);
        while let Some(state) = level {
            let row = *self.frozen.table.row(state);
            let is_split = self.frozen.graph.kind(state) == Kind::Fork(None);
            // Several tokens go on from a split, which was left when they were made.
            if row.hooked && !is_split {
                let scene = self.scene(slot, Some(state));
                self.act(row.exit, &scene);
            }
            if row.timed {
                self.forget_alarms(slot, state);
            }
            level = self.frozen.graph.parent(state).filter(|outer| Some(*outer) != domain);
        }
        self.drop_work(slot);
    }

    /// Enters states from within `domain` down to `target`, and on to initial states; returns the
    /// innermost, or the first parallel state on the way, whose regions go on from there.
    pub(super) fn enter(&mut self, slot: u32, domain: Option<StateId>, target: StateId) -> StateId {
        let graph = &self.frozen.graph;
        self.begin_visit(slot);
        if graph.parent(target) != domain {
            let mut between: Vec<StateId> =
                graph.ancestors(target).take_while(|outer| Some(*outer) != domain).collect();
            while let Some(state) = between.pop() {
                self.enter_one(slot, state);
                if graph.kind(state) == Kind::Parallel {
                    self.run.token_mut(slot).state = state;
                    return state;
                }
            }
        }
        let mut state = target;
        loop {
            self.enter_one(slot, state);
            match graph.kind(state) {
                Kind::Composite(initial) => state = initial,
                _ => break,
            }
        }
        self.run.token_mut(slot).state = state;
        state
    }

    fn begin_visit(&mut self, slot: u32) -> &mut Token {
        let number = self.run.fresh();
        let token = self.run.token_mut(slot);
        token.attempt = 0;
        token.visit = number;
        token.number = number;
        token.phase = Phase::Moving;
        token
    }

    #[inline]
    fn enter_one(&mut self, slot: u32, state: StateId) {
        let row = *self.frozen.table.row(state);
        if row.hooked {
            let scene = self.scene(slot, Some(state));
            self.act(row.entry, &scene);
        }
        if row.timed {
            self.set_alarms(slot, state);
        }
    }

    #[inline]
    pub(super) fn act(&mut self, actions: u32, scene: &Scene<'_, E>) {
        if actions != 0 {
            self.act_all(actions, scene);
        }
    }

    fn act_all(&mut self, actions: u32, scene: &Scene<'_, E>) {
        let frozen = self.frozen;
        for action in &frozen.graph.sequences[actions as usize] {
            frozen.actions[action.index()](&mut self.run.context, scene);
        }
    }

    /// What a token does at the state that it has just entered.
    pub(super) fn arrive_at(&mut self, slot: u32, state: StateId) {
        match self.frozen.graph.kind(state) {
            Kind::Simple | Kind::Signal => self.run.token_mut(slot).phase = Phase::Resting,
            Kind::Activity(_) | Kind::Machine(_) => self.request_start(slot),
            Kind::Delay(wait) => {
                let at = self.run.now + wait;
                self.await_timer(slot, Phase::Delaying, at);
            }
            Kind::Choice => self.choose(slot),
            Kind::Join(_) => self.at_join(slot, state),
            Kind::Fork(Some(_)) => self.open_scope(slot, state),
            Kind::Fork(None) => self.split(slot, state),
            Kind::Parallel => self.open_regions(slot, state),
            Kind::Final => self.at_final(slot, state),
            Kind::Composite(_) => unreachable!("`enter` goes on to the initial state"),
        }
    }

    pub(super) fn choose(&mut self, slot: u32) {
        self.later(slot, Next::Choose);
    }

    fn at_final(&mut self, slot: u32, state: StateId) {
        let graph = &self.frozen.graph;
        match graph.parent(state) {
            None => self.finish(Status::Finished(state)),
            Some(outer) if matches!(graph.kind(outer), Kind::Fork(_)) => {
                let scope = self.run.token(slot).scope;
                self.leave(slot, Some(outer));
                self.arrive(slot, scope);
            }
            // Other tokens may act before this one's turn to be asked comes.
            Some(outer) if self.has_way(outer, Key::DONE) => self.later_done(slot),
            Some(outer) => self.rest_at_final(slot, outer),
        }
    }

    /// Lets a token wait for a timer.
    pub(super) fn await_timer(&mut self, slot: u32, phase: Phase, at: crate::time::Timestamp) {
        let number = self.run.fresh();
        let token = self.run.token_mut(slot);
        token.phase = phase;
        token.number = number;
        token.due = at;
        self.out.list.push(Effect::Timer { ticket: Ticket { slot, number }, at });
    }

    fn set_alarms(&mut self, slot: u32, state: StateId) {
        for index in self.frozen.table.range(state, Key::AFTER) {
            let edge = &self.frozen.table.edges[index];
            if edge.follows {
                continue;
            }
            let transition = TransitionId(edge.transition);
            let crate::graph::Trigger::After(wait) =
                self.frozen.graph.transition(transition).trigger()
            else {
                continue;
            };
            let (number, due) = (self.run.fresh(), self.run.now + wait);
            self.run.alarms.insert((slot, index as u32), Alarm { number, due });
            self.out.list.push(Effect::Timer { ticket: Ticket { slot, number }, at: due });
        }
    }

    fn forget_alarms(&mut self, slot: u32, state: StateId) {
        for index in self.frozen.table.range(state, Key::AFTER) {
            self.run.alarms.remove(&(slot, index as u32));
        }
    }

    /// Gives a free place to a new token.
    pub(super) fn new_token(&mut self, state: StateId) -> u32 {
        let number = self.run.fresh();
        let token = Token { state, phase: Phase::Moving, number, ..Token::FREE };
        match self.run.free.pop() {
            Some(slot) => {
                *self.run.token_mut(slot) = token;
                slot
            }
            None => {
                self.run.others.push(token);
                self.run.others.len() as u32
            }
        }
    }
}
