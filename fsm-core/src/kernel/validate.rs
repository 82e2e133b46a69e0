//! Restoring a snapshot: every number in it is checked against the machine before it is trusted.

use std::collections::HashSet;

use super::effect::{Effect, Effects, Start};
use super::error::SnapshotFault;
use super::input::Ticket;
use super::snapshot::{Phase, Snapshot, Status, Token};
use crate::event::Event;
use crate::graph::{Kind, StateId};
use crate::machine::{Key, Machine, NONE};

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
        Check { machine: self, run }.all()?;
        effects.list.clear();
        effects.agenda.clear();
        if run.status != Status::Running {
            return Ok(());
        }
        for slot in 0..run.slots() {
            let token = run.token(slot);
            let ticket = Ticket { slot, number: token.number };
            match (token.phase, graph.kind(token.state)) {
                (Phase::Running, Kind::Activity(activity) | Kind::Machine(activity)) => {
                    let Token { state, attempt, visit, .. } = *token;
                    let start = Start { ticket, state, activity, attempt, visit };
                    effects.list.push(Effect::Start(start));
                    if graph.timeout(state).is_some() {
                        effects.list.push(Effect::Timer { ticket, at: token.due });
                    }
                }
                (Phase::Waiting | Phase::Delaying, _) => {
                    effects.list.push(Effect::Timer { ticket, at: token.due });
                }
                _ => {}
            }
        }
        for ((slot, _), alarm) in &run.alarms {
            let ticket = Ticket { slot: *slot, number: alarm.number };
            effects.list.push(Effect::Timer { ticket, at: alarm.due });
        }
        Ok(())
    }
}

struct Check<'a, C, E> {
    machine: &'a Machine<C, E>,
    run: &'a Snapshot<C>,
}

type Checked = Result<(), SnapshotFault>;

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(SnapshotFault(otherwise())) }
}

impl<C, E: Event> Check<'_, C, E> {
    fn all(&self) -> Checked {
        let run = self.run;
        ensure(!run.stepping, || "an action panicked in its last step".into())?;
        self.status()?;
        let states = self.machine.graph().nodes.len();
        for slot in 0..run.slots() {
            let token = run.token(slot);
            ensure(token.state.index() < states, || format!("token {slot} is at no state"))?;
            ensure(token.number <= run.sequence && token.visit <= run.sequence, || {
                format!("token {slot} carries a number that was never given")
            })?;
        }
        self.scopes()?;
        for slot in 0..run.slots() {
            self.token(slot)?;
        }
        self.free_places()?;
        self.queue()?;
        self.alarms()
    }

    fn status(&self) -> Checked {
        let states = self.machine.graph().nodes.len();
        match self.run.status {
            Status::Finished(state) => {
                let is_final =
                    state.index() < states && self.machine.graph().kind(state) == Kind::Final;
                ensure(is_final, || "it ended at a state that is not final".into())
            }
            Status::Stuck(state) => {
                ensure(state.index() < states, || "it is stuck at no state".into())
            }
            Status::New | Status::Running | Status::Cancelled => Ok(()),
        }
    }

    fn token(&self, slot: u32) -> Checked {
        let (run, graph) = (self.run, self.machine.graph());
        let token = run.token(slot);
        let kind = graph.kind(token.state);
        let fits = match token.phase {
            Phase::Free => slot != 0,
            // A run that has not begun, or is over, has tokens that rest nowhere.
            Phase::Moving => run.status != Status::Running,
            Phase::Resting => {
                let ended = kind == Kind::Final && graph.parent(token.state).is_some();
                matches!(kind, Kind::Simple | Kind::Signal) || ended
            }
            Phase::Queued | Phase::Running | Phase::Waiting => {
                let first = token.phase != Phase::Running;
                matches!(kind, Kind::Activity(_) | Kind::Machine(_)) && (first || token.attempt > 0)
            }
            Phase::Delaying => matches!(kind, Kind::Delay(_)),
            Phase::Owning => matches!(kind, Kind::Fork(Some(_))),
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
        ensure(graph.scope_of(token.state) == fork, || {
            format!("token {slot} is at a state outside its scope")
        })
    }

    /// Every scope has an owner that knows it, and a list of tokens that know it.
    fn scopes(&self) -> Checked {
        let run = self.run;
        let mut listed = HashSet::new();
        let mut tokens_in_scopes = 0;
        for (index, scope) in run.scopes.iter().enumerate() {
            if scope.owner == NONE {
                continue;
            }
            let bad = || format!("scope {index} is not whole");
            ensure(scope.owner < run.slots(), bad)?;
            let owner = run.token(scope.owner);
            ensure(owner.owns as usize == index && owner.phase == Phase::Owning, bad)?;
            let Kind::Fork(Some(_)) = self.machine.graph().kind(owner.state) else {
                return Err(SnapshotFault(bad()));
            };
            let counters = self.machine.frozen.table.row(owner.state).counters as usize;
            ensure(scope.counters.len() == counters, bad)?;
            let mut previous = NONE;
            let mut slot = scope.first;
            let mut live = 0;
            while slot != NONE {
                ensure(slot != 0 && slot < run.slots() && listed.insert(slot), bad)?;
                let token = run.token(slot);
                let linked = token.scope as usize == index && token.previous == previous;
                ensure(linked && token.phase != Phase::Free, bad)?;
                (previous, slot) = (slot, token.next);
                live += 1;
            }
            ensure(scope.last == previous && scope.live == live, bad)?;
            // A scope without tokens would have been closed.
            ensure(live > 0 || run.status.is_over(), bad)?;
            tokens_in_scopes += live as usize;
        }
        for slot in 0..run.slots() {
            let Token { scope, owns, phase, .. } = *run.token(slot);
            if phase == Phase::Free {
                continue;
            }
            let known = |index: u32| {
                index == NONE
                    || run.scopes.get(index as usize).is_some_and(|scope| scope.owner != NONE)
            };
            ensure(known(scope) && known(owns), || format!("token {slot} is in no scope"))?;
            ensure(owns == NONE || run.scopes[owns as usize].owner == slot, || {
                format!("token {slot} owns the scope of another")
            })?;
        }
        self.nesting()?;
        let live = (1..run.slots()).filter(|slot| run.token(*slot).phase != Phase::Free).count();
        ensure(live == tokens_in_scopes, || "a token lives in no list".into())
    }

    /// Every chain of scopes ends at the first token.
    fn nesting(&self) -> Checked {
        let run = self.run;
        // By scope, the start of the chain that came through it.
        let mut seen = vec![usize::MAX; run.scopes.len()];
        for start in 0..run.scopes.len() {
            let mut index = start;
            while run.scopes[index].owner != NONE && seen[index] == usize::MAX {
                seen[index] = start;
                match run.token(run.scopes[index].owner).scope {
                    NONE => break,
                    outer => index = outer as usize,
                }
                ensure(seen[index] != start, || "scopes lie within one another in a ring".into())?;
            }
        }
        Ok(())
    }

    fn free_places(&self) -> Checked {
        let run = self.run;
        let unique: HashSet<u32> = run.free.iter().copied().collect();
        let free = |slot: u32| slot < run.slots() && run.token(slot).phase == Phase::Free;
        let count = (0..run.slots()).filter(|slot| free(*slot)).count();
        let whole = unique.len() == run.free.len()
            && run.free.iter().all(|slot| free(*slot))
            && count == run.free.len();
        ensure(whole, || "the list of free places is not whole".into())?;
        let unique: HashSet<u32> = run.free_scopes.iter().copied().collect();
        let free = |scope: &u32| run.scopes.get(*scope as usize).is_some_and(|s| s.owner == NONE);
        let count = run.scopes.iter().filter(|scope| scope.owner == NONE).count();
        let whole = unique.len() == run.free_scopes.len()
            && run.free_scopes.iter().all(free)
            && count == run.free_scopes.len();
        ensure(whole, || "the list of free scopes is not whole".into())
    }

    fn queue(&self) -> Checked {
        let run = self.run;
        let count = |phase| (0..run.slots()).filter(|slot| run.token(*slot).phase == phase).count();
        ensure(count(Phase::Running) == run.running as usize, || {
            "the count of activities under way is wrong".into()
        })?;
        let limit = self.machine.graph().max_concurrent();
        ensure(limit.is_none_or(|limit| run.running <= limit.get()), || {
            "more activities are under way than may be".into()
        })?;
        let queued: HashSet<Ticket> = run
            .ready
            .iter()
            .copied()
            .filter(|ticket| run.awaiting(*ticket).is_some_and(|t| t.phase == Phase::Queued))
            .collect();
        ensure(run.status.is_over() || queued.len() == count(Phase::Queued), || {
            "an activity waits for a slot outside the queue".into()
        })
    }

    fn alarms(&self) -> Checked {
        let (run, graph) = (self.run, self.machine.graph());
        let table = &self.machine.frozen.table;
        for ((slot, index), alarm) in &run.alarms {
            let bad = || format!("a timer of token {slot} belongs to no state that it is in");
            let edge = table.edges.get(*index as usize).filter(|edge| edge.key == Key::AFTER);
            let Some(edge) = edge else { return Err(SnapshotFault(bad())) };
            ensure(*slot < run.slots() && alarm.number <= run.sequence, bad)?;
            let token = run.token(*slot);
            let inside =
                |outer: StateId| token.state == outer || graph.contains(outer, token.state);
            ensure(token.phase != Phase::Free && inside(edge.from), bad)?;
        }
        Ok(())
    }
}
