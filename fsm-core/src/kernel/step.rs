//! One input, one step.

use indexmap::IndexSet;

use super::effect::{Effect, Effects};
use super::error::StepError;
use super::input::{Input, Outcome, Ticket};
use super::offer::Candidate;
use super::scene::{Cause, Scene};
use super::snapshot::{Phase, Snapshot, Status, Token};
use super::trace::{Move, Trace};
use crate::event::{Event, EventKey};
use crate::graph::{EventId, GuardId, Kind, StateId};
use crate::machine::{Edge, Frozen, Key, Machine, NONE};
use crate::time::Timestamp;

/// A token that still has to move within this step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Agenda {
    pub(super) ticket: Ticket,
    pub(super) next: Next,
    /// What the guards and actions of that move see.
    pub(super) cause: Cause,
}

/// How it moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A branch of a fork begins: by the frozen transition of this index.
    Branch(u32),
    /// A choice or a filled join goes on.
    Choose,
    /// A region of a parallel state begins; `toward` is the transition that led there.
    Region { region: StateId, toward: u32 },
    /// A composite state whose token came to a final state, or a parallel state whose regions have
    /// all ended, is done.
    Done,
}

/// A step under way: everything that it may touch.
pub(super) struct Stepper<'a, C, E, T> {
    pub(super) frozen: &'a Frozen<C, E>,
    pub(super) run: &'a mut Snapshot<C>,
    pub(super) out: &'a mut Effects,
    pub(super) trace: &'a mut T,
    pub(super) event: Option<&'a E>,
    pub(super) cause: Cause,
    /// The token whose transition leaves scopes: it goes on and is not cancelled. `NONE`: none.
    pub(super) acting: u32,
    /// The transition whose targets the parallel state that is entered looks at; `NONE`: none.
    pub(super) toward: u32,
    /// The run's last number before the step: what bears a later one began within it.
    pub(super) before: u64,
    /// Whether work that was started within the step was dropped within it.
    pub(super) undone: bool,
}

impl<C, E: Event> Machine<C, E> {
    /// A run that has not begun. `seed` is what the jitter of retries is derived from.
    pub fn snapshot(&self, context: C, seed: u64) -> Snapshot<C> {
        let graph = self.graph();
        Snapshot::new(graph.fingerprint(), graph.initial(), context, seed)
    }

    /// Takes one input and says what is to be done.
    ///
    /// `now` is the input's point in time; should it lie before an earlier input's, that one's is
    /// used. `effects` is emptied first.
    ///
    /// # Errors
    /// [`StepError`]: the input was refused and the snapshot is as it was. An answer to an effect
    /// that is no longer awaited is no error: it changes nothing but the time.
    ///
    /// # Panics
    /// Only if a guard or an action does; the snapshot then refuses every further step.
    pub fn step<T: Trace>(
        &self,
        run: &mut Snapshot<C>,
        now: Timestamp,
        input: &Input<E>,
        effects: &mut Effects,
        trace: &mut T,
    ) -> Result<(), StepError> {
        effects.list.clear();
        effects.agenda.clear();
        self.admit(run, input)?;
        let before = run.now;
        run.now = now.max(before);
        let event = match input {
            Input::Event(event) => Some(event),
            Input::Outcome { outcome: Outcome::Done(event), .. }
            | Input::Outcome { outcome: Outcome::Failed { event, .. }, .. } => event.as_ref(),
            _ => None,
        };
        run.stepping = true;
        let numbers = run.sequence;
        let mut stepper = Stepper {
            frozen: &self.frozen,
            run,
            out: effects,
            trace,
            event,
            cause: Cause::Always,
            acting: NONE,
            toward: NONE,
            before: numbers,
            undone: false,
        };
        let done = stepper.perform(input);
        if done.is_err() {
            stepper.run.now = before;
        } else {
            stepper.settle();
        }
        stepper.run.stepping = false;
        done
    }

    /// Takes one event from outside: [`Machine::step`] for machines that only need to be told
    /// what happens. A machine without forks takes a short way.
    ///
    /// # Errors
    /// As [`Machine::step`].
    #[inline(always)]
    pub fn dispatch<T: Trace>(
        &self,
        run: &mut Snapshot<C>,
        now: Timestamp,
        event: E,
        effects: &mut Effects,
        trace: &mut T,
    ) -> Result<(), StepError> {
        let later = now.max(run.now);
        if self.dispatch_plain(run, later, &event, trace) {
            run.now = later;
            effects.list.clear();
            return Ok(());
        }
        self.step(run, now, &Input::Event(event), effects, trace)
    }

    /// The short way: one resting token, and a transition between plain states. A first token
    /// that rests means that the run goes on; while code of the user runs it is seen to move, so
    /// that a panic leaves its mark. The run's time is left to the caller.
    #[inline(always)]
    pub(super) fn dispatch_plain<T: Trace>(
        &self,
        run: &mut Snapshot<C>,
        now: Timestamp,
        event: &E,
        trace: &mut T,
    ) -> bool {
        let frozen = &*self.frozen;
        if run.main.phase != Phase::Resting
            || run.stepping
            || run.fingerprint != frozen.graph.fingerprint
        {
            return false;
        }
        let from = run.main.state;
        run.main.phase = Phase::Moving;
        // The numbers that a whole step gives, so that either can replay the other.
        let number = run.sequence + 1;
        let taken =
            frozen.dense.take(&frozen.graph, &mut run.context, event, now, &run.main, number);
        run.main.phase = Phase::Resting;
        let Some((to, transition)) = taken else { return false };
        run.sequence = number;
        run.main.visit = number;
        run.main.number = number;
        run.main.state = to;
        trace.moved(Move { token: 0, from, to, transition });
        true
    }

    /// Refuses a run of another graph, and one that is not whole.
    pub(super) fn own(&self, run: &Snapshot<C>) -> Result<(), StepError> {
        let expected = self.graph().fingerprint();
        if run.fingerprint != expected {
            return Err(StepError::ForeignSnapshot { expected, found: run.fingerprint });
        }
        let in_between = run.status == Status::Running && run.main.phase == Phase::Moving;
        if run.stepping || in_between {
            return Err(StepError::Poisoned);
        }
        Ok(())
    }

    fn admit(&self, run: &Snapshot<C>, input: &Input<E>) -> Result<(), StepError> {
        self.own(run)?;
        match (run.status, input) {
            (Status::New, Input::Start) | (Status::Running, _) => {}
            (Status::New, _) => return Err(StepError::NotStarted),
            (_, _) => return Err(StepError::Over),
        }
        if run.status == Status::Running && matches!(input, Input::Start) {
            return Err(StepError::StartedTwice);
        }
        Ok(())
    }
}

impl<'a, C, E: Event, T: Trace> Stepper<'a, C, E, T> {
    fn perform(&mut self, input: &'a Input<E>) -> Result<(), StepError> {
        match input {
            Input::Start => {
                self.run.status = Status::Running;
                self.begin();
                Ok(())
            }
            Input::Event(event) => self.offer(event),
            Input::Outcome { ticket, outcome } => {
                self.outcome(*ticket, outcome);
                Ok(())
            }
            Input::Timer(ticket) => self.timer(*ticket),
            Input::Cancel => {
                self.cause = Cause::Cancel;
                self.cancel_run();
                Ok(())
            }
        }
    }

    /// Lets tokens go on until all of them wait for something.
    fn settle(&mut self) {
        while let Some(item) = self.out.agenda.pop_front() {
            if self.run.status.is_over() {
                self.out.agenda.clear();
                break;
            }
            let Agenda { ticket, next, cause } = item;
            let Some(state) = self.run.awaiting(ticket).map(|token| token.state) else { continue };
            self.cause = cause;
            match next {
                Next::Branch(edge) => {
                    self.take(ticket.slot, &self.frozen.table.edges[edge as usize]);
                }
                Next::Region { region, toward } => self.begin_region(ticket.slot, region, toward),
                Next::Choose => self.go_on(ticket.slot, state, Key::ALWAYS),
                Next::Done => self.done(ticket.slot, state),
            }
        }
        self.fill();
        if self.undone {
            let run = &*self.run;
            self.out.list.retain(|effect| match effect {
                Effect::Start(start) => run.is_running(start.ticket),
                Effect::Timer { .. } | Effect::Cancel(_) | Effect::Finish => true,
            });
        }
    }

    /// Whether a token's activity was started within this step, so that nobody has heard of it yet.
    pub(super) fn has_just_started(&self, token: &Token) -> bool {
        token.phase == Phase::Running && token.number > self.before
    }

    /// The token in `slot` moves later in this step, after those that are to move already.
    #[inline]
    pub(super) fn later(&mut self, slot: u32, next: Next) {
        let item = self.item(slot, next);
        self.out.agenda.push_back(item);
    }

    #[inline]
    pub(super) fn item(&self, slot: u32, next: Next) -> Agenda {
        let number = self.run.token(slot).number;
        Agenda { ticket: Ticket { slot, number }, next, cause: self.cause }
    }

    /// Offers an event to every token: those in a scope before its owner, and the owner only if
    /// none of them takes it.
    fn offer(&mut self, event: &E) -> Result<(), StepError> {
        self.cause = Cause::Event;
        let graph = &self.frozen.graph;
        let Some(id) = self.frozen.table.event_of(graph, event) else {
            let event = match event.key() {
                EventKey::Variant(variant) => format!("variant {variant} of the event type"),
                EventKey::Name(name) => format!("`{name}`"),
            };
            return Err(StepError::UnknownEvent { machine: graph.name().into(), event });
        };
        if self.run.main.phase != Phase::Owning {
            return match self.find(0, self.run.main.state, &[Key::event(id)]) {
                Some(edge) => {
                    self.take(0, edge);
                    Ok(())
                }
                None => Err(self.rejected(id)),
            };
        }
        self.offer_to_scopes(id)
    }

    /// Finds what every token would take before any of them moves, as the guards see one context,
    /// and lets those go on that do not disturb one another.
    fn offer_to_scopes(&mut self, event: EventId) -> Result<(), StepError> {
        let found = self.candidates(event);
        if found.is_empty() {
            return Err(self.rejected(event));
        }
        for Candidate { ticket, edge, .. } in self.compatible(found) {
            // A join that fills on the way cancels what has not moved yet.
            if !self.run.status.is_over() && self.run.awaiting(ticket).is_some() {
                self.take(ticket.slot, edge);
            }
        }
        Ok(())
    }

    fn rejected(&self, event: EventId) -> StepError {
        let graph = &self.frozen.graph;
        StepError::Rejected {
            event: graph.event_name(event).into(),
            states: self.run.tokens().map(|(state, _)| graph.name_of(state).into()).collect(),
            guards: self.guards_against(event),
        }
    }

    /// The guards of all transitions for `event`, none of which was taken.
    fn guards_against(&self, event: EventId) -> Vec<String> {
        let Frozen { graph, table, .. } = self.frozen;
        let mut guards = IndexSet::new();
        for (state, _) in self.run.tokens() {
            let within = |outer: &StateId| matches!(graph.kind(*outer), Kind::Composite(_));
            let around = graph.ancestors(state).take_while(within);
            for level in std::iter::once(state).chain(around) {
                let edges = &table.edges[table.range(level, Key::event(event))];
                guards.extend(edges.iter().map(|edge| edge.guard).filter(|guard| *guard != NONE));
            }
        }
        guards.into_iter().map(|guard| graph.guard_name(GuardId(guard)).to_owned()).collect()
    }

    /// Takes the way on of a state that is done (`Key::DONE`) or goes on at once (`Key::ALWAYS`).
    #[inline]
    pub(super) fn go_on(&mut self, slot: u32, state: StateId, key: Key) {
        let table = &self.frozen.table;
        let edge = match table.edges.get(table.row(state).way_on as usize) {
            Some(edge) if edge.key == key => Some(edge),
            Some(_) | None => self.find(slot, state, &[key]),
        };
        match edge {
            Some(edge) => self.take(slot, edge),
            None => self.stuck(state),
        }
    }

    /// The first enabled transition of a token at `state` for one of `keys`, its own before those
    /// of the composite states around it, and of one state those for the first key before others.
    pub(super) fn find(&self, slot: u32, state: StateId, keys: &[Key]) -> Option<&'a Edge> {
        let frozen = self.frozen;
        let mut level = Some(state);
        while let Some(here) = level {
            for key in keys {
                for edge in &frozen.table.edges[frozen.table.range(here, *key)] {
                    if self.holds(slot, edge) {
                        return Some(edge);
                    }
                }
            }
            // What a choice, a join, or a delay does is its own affair.
            if matches!(keys, [Key::ALWAYS | Key::DONE]) {
                return None;
            }
            level = frozen
                .graph
                .parent(here)
                .filter(|outer| matches!(frozen.graph.kind(*outer), Kind::Composite(_)));
        }
        None
    }

    #[inline]
    pub(super) fn holds(&self, slot: u32, edge: &Edge) -> bool {
        edge.guard == NONE
            || self.frozen.guards[edge.guard as usize](&self.run.context, &self.scene(slot, None))
    }

    #[inline]
    pub(super) fn scene(&self, slot: u32, state: Option<StateId>) -> Scene<'a, E> {
        let token = self.run.token(slot);
        let unheard = self.has_just_started(token);
        Scene {
            event: self.event,
            now: self.run.now,
            state: state.unwrap_or(token.state),
            cause: self.cause,
            attempts: token.attempt.saturating_sub(u32::from(unheard)),
            visit: token.visit,
            cut: token.phase == Phase::Running && !unheard,
        }
    }

    /// Nothing silent: a token with no way on ends the run, and the state is named.
    pub(super) fn stuck(&mut self, state: StateId) {
        self.finish(Status::Stuck(state));
    }

    pub(super) fn finish(&mut self, status: Status) {
        self.run.status = status;
        self.out.agenda.clear();
        self.out.list.push(Effect::Finish);
    }
}
