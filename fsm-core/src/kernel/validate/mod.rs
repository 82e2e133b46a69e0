//! Restoring a snapshot: every number in it is checked against the machine before it is trusted.
//! What passes can be stepped with any input; a number that was given twice, a timer that is
//! missing, or a count that can't be is found here and not in the middle of a run.

mod scopes;

use std::collections::HashSet;

use super::effect::{Effect, Effects};
use super::error::SnapshotFault;
use super::input::Ticket;
use super::pending::Timer;
use super::snapshot::{Phase, Snapshot, Status, Token};
use crate::event::Event;
use crate::graph::{Graph, Kind, StateId};
use crate::machine::{Key, Machine, NONE, Table};

impl<C, E: Event> Machine<C, E> {
    /// Checks a snapshot that comes from outside, and says what its run waits for: activities to
    /// be started again, with their old tickets, and timers.
    ///
    /// # Errors
    /// The snapshot is of another graph, or was damaged or tampered with. The context is the
    /// caller's own and is not looked at.
    pub fn restore(&self, run: &Snapshot<C>, effects: &mut Effects) -> Result<(), SnapshotFault> {
        let graph = self.graph();
        if run.fingerprint != graph.fingerprint() {
            return Err(SnapshotFault(format!(
                "it is of graph {}, the machine runs graph {} (`{}`)",
                run.fingerprint,
                graph.fingerprint(),
                graph.name()
            )));
        }
        Check { graph, table: &self.frozen.table, run }.all()?;
        effects.list.clear();
        effects.agenda.clear();
        effects.list.extend(self.under_way(run).into_iter().map(Effect::Start));
        let timers = self.timers(run).into_iter();
        effects.list.extend(timers.map(|Timer { ticket, at, .. }| Effect::Timer { ticket, at }));
        Ok(())
    }
}

/// A snapshot held against a graph and its frozen form.
pub(super) struct Check<'a, C> {
    pub(super) graph: &'a Graph,
    pub(super) table: &'a Table,
    pub(super) run: &'a Snapshot<C>,
}

/// Far more than any run gives, and far from where counting on would overflow.
const LAST_NUMBER: u64 = u64::MAX / 2;

type Checked = Result<(), SnapshotFault>;

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(SnapshotFault(otherwise())) }
}

impl<C> Check<'_, C> {
    pub(super) fn all(&self) -> Checked {
        let run = self.run;
        ensure(!run.stepping, || "an action panicked in its last step".into())?;
        ensure(run.sequence <= LAST_NUMBER, || "its sequence is longer than any run".into())?;
        let states = self.graph.nodes.len();
        for slot in 0..run.slots() {
            let token = run.token(slot);
            ensure(token.state.index() < states, || format!("token {slot} is at no state"))?;
            ensure(token.number <= run.sequence && token.visit <= run.sequence, || {
                format!("token {slot} carries a number that was never given")
            })?;
        }
        self.status()?;
        self.scopes()?;
        for slot in 0..run.slots() {
            self.token(slot)?;
        }
        self.free_places()?;
        self.queue()?;
        self.alarms()?;
        self.numbers()
    }

    fn status(&self) -> Checked {
        let (run, graph) = (self.run, self.graph);
        let states = graph.nodes.len();
        let alone = run.others.iter().all(|token| token.phase == Phase::Free)
            && run.alarms.is_empty()
            && run.main.phase == Phase::Moving;
        match run.status {
            Status::New => {
                let initial = Token { state: graph.initial(), ..Token::FREE };
                let main = Token { phase: Phase::Free, ..run.main };
                let fresh = alone && run.others.is_empty() && run.sequence == 0 && main == initial;
                ensure(fresh, || "it has not begun, yet something happened".into())
            }
            Status::Running => ensure(run.main.phase != Phase::Moving, || {
                "its first token is between two states".into()
            }),
            Status::Finished(state) => {
                let is_final = state.index() < states && graph.kind(state) == Kind::Final;
                ensure(is_final && alone && run.main.state == state, || {
                    "it ended at a state that is not final, or not with all of its tokens".into()
                })
            }
            Status::Cancelled => {
                ensure(alone, || "it was cancelled, yet a part of it goes on".into())
            }
            Status::Stuck(state) => {
                ensure(state.index() < states && run.main.phase != Phase::Resting, || {
                    "it is stuck where it can't be".into()
                })
            }
        }
    }

    fn token(&self, slot: u32) -> Checked {
        let (run, graph) = (self.run, self.graph);
        let token = run.token(slot);
        let kind = graph.kind(token.state);
        let works = |kind| matches!(kind, Kind::Activity(_) | Kind::Machine(_));
        let retries = graph.retry(token.state).map_or(0, |policy| policy.count);
        let fits = match token.phase {
            Phase::Free => slot != 0 && *token == Token::FREE,
            // A run that has not begun, or is over, has tokens that rest nowhere.
            Phase::Moving => run.status != Status::Running,
            Phase::Resting => {
                let outer = graph.parent(token.state).map(|outer| graph.kind(outer));
                let ended = kind == Kind::Final && matches!(outer, Some(Kind::Composite(_)));
                matches!(kind, Kind::Simple | Kind::Signal) || ended
            }
            Phase::Queued | Phase::Waiting => works(kind) && token.attempt <= retries,
            Phase::Running => {
                works(kind) && token.attempt > 0 && token.attempt <= retries.saturating_add(1)
            }
            Phase::Delaying => matches!(kind, Kind::Delay(_)),
            Phase::Owning => matches!(kind, Kind::Fork(Some(_)) | Kind::Parallel),
        };
        ensure(fits, || format!("token {slot} can't be {:?} at its state", token.phase))?;
        if token.phase == Phase::Free {
            return Ok(());
        }
        ensure((token.phase == Phase::Owning) == (token.owns != NONE), || {
            format!("token {slot} owns a scope without standing at a fork, or the reverse")
        })?;
        ensure((slot == 0) == (token.scope == NONE), || {
            format!("token {slot} lives in the wrong scope")
        })?;
        let fork =
            (token.scope != NONE).then(|| run.token(run.scopes[token.scope as usize].owner).state);
        // Where a run got stuck, a branch may not have left its fork yet.
        let begins = token.phase == Phase::Moving && fork == Some(token.state);
        ensure(begins || graph.scope_of(token.state) == fork, || {
            format!("token {slot} is at a state outside its scope")
        })
    }

    fn queue(&self) -> Checked {
        let run = self.run;
        let count = |phase| (0..run.slots()).filter(|slot| run.token(*slot).phase == phase).count();
        ensure(count(Phase::Running) == run.running as usize, || {
            "the count of activities under way is wrong".into()
        })?;
        let limit = self.graph.max_concurrent();
        ensure(limit.is_none_or(|limit| run.running <= limit.get()), || {
            "more activities are under way than may be".into()
        })?;
        let queued: HashSet<Ticket> = run
            .ready
            .iter()
            .copied()
            .filter(|ticket| run.awaiting(*ticket).is_some_and(|t| t.phase == Phase::Queued))
            .collect();
        if run.status.is_over() {
            return Ok(());
        }
        ensure(queued.len() == count(Phase::Queued), || {
            "an activity waits for a slot outside the queue".into()
        })?;
        ensure(queued.is_empty() || limit.is_some_and(|limit| run.running == limit.get()), || {
            "an activity waits for a slot although one is free".into()
        })
    }

    fn alarms(&self) -> Checked {
        let (run, graph) = (self.run, self.graph);
        let table = self.table;
        for ((slot, index), alarm) in &run.alarms {
            let bad = || format!("a timer of token {slot} belongs to no state that it is in");
            let edge = table
                .edges
                .get(*index as usize)
                .filter(|edge| edge.key == Key::AFTER && !edge.follows);
            let Some(edge) = edge else { return Err(SnapshotFault(bad())) };
            ensure(*slot < run.slots() && alarm.number <= run.sequence, bad)?;
            let token = run.token(*slot);
            let inside =
                |outer: StateId| token.state == outer || graph.contains(outer, token.state);
            // A state around the scope that a token lives in is another token's to time.
            let is_own = graph.scope_of(edge.from) == graph.scope_of(token.state);
            ensure(token.phase != Phase::Free && inside(edge.from) && is_own, bad)?;
        }
        let live = |slot: &u32| !matches!(run.token(*slot).phase, Phase::Free | Phase::Moving);
        for slot in (0..run.slots()).filter(live) {
            self.timers_of(slot)?;
        }
        Ok(())
    }

    /// A timer that takes a token from its state for certain is there until it does.
    fn timers_of(&self, slot: u32) -> Checked {
        let (run, graph) = (self.run, self.graph);
        let table = self.table;
        let state = run.token(slot).state;
        let fork = graph.scope_of(state);
        let around = std::iter::once(state).chain(graph.ancestors(state));
        for state in around.take_while(|state| Some(*state) != fork) {
            if !table.row(state).timed {
                continue;
            }
            for index in table.range(state, Key::AFTER) {
                let certain = !table.edges[index].follows && table.leaves_for_certain(index);
                ensure(!certain || run.alarms.contains_key(&(slot, index as u32)), || {
                    format!("token {slot} lacks a timer of the state that it is in")
                })?;
            }
        }
        Ok(())
    }

    /// Every number was given once.
    fn numbers(&self) -> Checked {
        let run = self.run;
        let mut given = HashSet::new();
        for slot in 0..run.slots() {
            let token = run.token(slot);
            if matches!(token.phase, Phase::Free | Phase::Moving) {
                continue;
            }
            let entered = matches!(token.phase, Phase::Resting | Phase::Owning);
            let ordered = match entered {
                true => token.visit == token.number,
                false => token.visit < token.number,
            };
            ensure(token.visit > 0 && ordered && given.insert(token.number), || {
                format!("token {slot} carries the number of another")
            })?;
        }
        for ((slot, _), alarm) in &run.alarms {
            ensure(alarm.number > 0 && given.insert(alarm.number), || {
                format!("a timer of token {slot} carries the number of another")
            })?;
        }
        Ok(())
    }
}
