//! The scopes of a snapshot: who owns them, who lives in them, and what has arrived.

use std::collections::{HashMap, HashSet};

use super::super::error::SnapshotFault;
use super::super::snapshot::{Phase, Scope, Token};
use super::{Check, Checked, ensure};
use crate::graph::{JoinRule, Kind, StateId};
use crate::machine::NONE;

impl<C> Check<'_, C> {
    /// Every scope has an owner that knows it, and a list of tokens that know it.
    pub(super) fn scopes(&self) -> Checked {
        let run = self.run;
        let needed = match run.scopes.is_empty() {
            true => HashMap::new(),
            false => self.needed(),
        };
        let mut listed = HashSet::new();
        let mut tokens_in_scopes = 0;
        for (index, scope) in run.scopes.iter().enumerate() {
            let bad = || format!("scope {index} is not whole");
            if scope.owner == NONE {
                ensure(*scope == Scope::FREE, bad)?;
                continue;
            }
            ensure(scope.owner < run.slots(), bad)?;
            let owner = run.token(scope.owner);
            ensure(owner.owns as usize == index && owner.phase == Phase::Owning, bad)?;
            match self.graph.kind(owner.state) {
                Kind::Fork(Some(join)) => self.arrivals(index, owner.state, join, &needed)?,
                Kind::Parallel => self.regions(index, owner.state)?,
                _ => return Err(SnapshotFault(bad())),
            }
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

    /// Every region has one token, in declared order.
    fn regions(&self, index: usize, parallel: StateId) -> Checked {
        let (run, graph) = (self.run, self.graph);
        let scope = &run.scopes[index];
        let bad = || format!("the regions of scope {index} are not whole");
        ensure(scope.arrived == 0 && scope.counters.is_empty(), bad)?;
        let regions = graph.regions(parallel);
        ensure(scope.live as usize == regions.len() || run.status.is_over(), bad)?;
        let mut slot = scope.first;
        for region in regions {
            if slot == NONE || slot >= run.slots() {
                return ensure(run.status.is_over(), bad);
            }
            let token = run.token(slot);
            let inside = token.state == *region || graph.contains(*region, token.state);
            ensure(inside || run.status.is_over(), bad)?;
            slot = token.next;
        }
        Ok(())
    }

    /// A join that has enough arrivals would have gone on.
    fn arrivals(
        &self,
        index: usize,
        fork: StateId,
        join: StateId,
        needed: &HashMap<StateId, Vec<u32>>,
    ) -> Checked {
        let (run, graph) = (self.run, self.graph);
        let scope = &run.scopes[index];
        let open = match graph.kind(join) {
            Kind::Join(JoinRule::All) => true,
            Kind::Join(JoinRule::Any) => scope.arrived == 0,
            Kind::Join(JoinRule::AtLeast(needed)) => scope.arrived < needed.get(),
            _ => false,
        };
        let bad = || format!("a join of scope {index} has arrivals that can't be");
        ensure(open && u64::from(scope.arrived) <= run.sequence, bad)?;
        let none = Vec::new();
        let needed = needed.get(&fork).unwrap_or(&none);
        let counted = scope.counters.len() == needed.len()
            && scope.counters.iter().zip(needed).all(|(count, needed)| count < needed);
        ensure(counted, bad)
    }

    /// By fork, how many arrivals each of the joins inside its scope needs, in the order of the
    /// counters.
    fn needed(&self) -> HashMap<StateId, Vec<u32>> {
        let graph = self.graph;
        let mut needed: HashMap<StateId, Vec<u32>> = HashMap::new();
        for state in graph.states() {
            if let Kind::Join(JoinRule::AtLeast(count)) = graph.kind(state)
                && self.table.row(state).counter != NONE
                && let Some(fork) = graph.scope_of(state)
            {
                needed.entry(fork).or_default().push(count.get());
            }
        }
        needed
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

    pub(super) fn free_places(&self) -> Checked {
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
}
