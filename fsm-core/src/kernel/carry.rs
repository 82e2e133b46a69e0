//! Carrying a run over to a changed graph: everything in its snapshot that is a number of the old
//! graph becomes the number of what has the same name in the new one.
//!
//! Points in time stay what they were. What the new graph has and the old one had not begins when
//! the run last heard something: timers and limits count from then.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::effect::Effects;
use super::error::{CarryOverFault, SnapshotFault};
use super::input::Ticket;
use super::migration::Migration;
use super::snapshot::{Alarm, Phase, Snapshot, Status};
use super::validate::Check;
use crate::diff::Matching;
use crate::diff::compatible::{self, Held};
use crate::event::Event;
use crate::graph::{Graph, JoinRule, Kind, StateId, TransitionId, Trigger};
use crate::machine::{Key, Machine, NONE, Table};

impl<C, E: Event> Machine<C, E> {
    /// Lets a run that began under the graph `from` go on along this machine's graph.
    ///
    /// Where [`GraphDiff::compatibility`](crate::GraphDiff::compatibility) says that the graphs are
    /// compatible, every run can. Else it depends on where this one stands: what holds its tokens,
    /// and the forks whose branches are under way, must be in both graphs, under the names that
    /// `migration` gives. What the run does not stand on may have been removed or altered.
    ///
    /// Nothing is entered or left, so no action runs. Points in time stay as they were set; a timer
    /// or a timeout that the old graph had not counts from the run's last input. Where fewer
    /// retries are left than were used, the attempt under way is the last. Where fewer activities
    /// may be under way at once, those that were started last wait again.
    ///
    /// # Errors
    /// The run is over, its snapshot is not of `from`, or it stands where it can't go on: then each
    /// thing is named that stands in the way.
    ///
    /// # Complexity
    /// O(graph * nesting + tokens * log(tokens)).
    ///
    /// # Examples
    /// ```
    /// use fsm_core::{Bindings, Graph, Machine, Migration, Snapshot};
    ///
    /// let lamp = |on: &str| {
    ///     let mut lamp = Graph::builder("lamp");
    ///     lamp.simple("off");
    ///     lamp.simple(on);
    ///     lamp.transition("off", on).on("press");
    ///     lamp.transition(on, "off").on("press");
    ///     let graph = lamp.initial(on).build().expect("two states are sound");
    ///     Machine::<(), ()>::bind(graph, Bindings::new())
    /// };
    /// let (old, new) = (lamp("on")?, lamp("bright")?);
    /// let run = old.begin(());
    ///
    /// let refused = new.carry_over(run.clone(), old.graph(), &Migration::new()).unwrap_err();
    /// assert_eq!(
    ///     refused.to_string(),
    ///     "the run can't go on along the changed graph:\n  - `on` is gone (perhaps renamed to `bright`)"
    /// );
    /// let renamed = Migration::new().rename("on", "bright");
    /// let run = new.carry_over(run, old.graph(), &renamed)?;
    /// assert!(run.is_at(new.graph().state("bright").unwrap()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn carry_over(
        &self,
        snapshot: Snapshot<C>,
        from: &Graph,
        migration: &Migration,
    ) -> Result<Snapshot<C>, CarryOverFault> {
        let mut run = snapshot;
        if run.fingerprint != from.fingerprint() {
            let (expected, found) = (from.fingerprint(), run.fingerprint);
            return Err(CarryOverFault::Foreign { expected, found });
        }
        let before = Table::freeze(from, HashMap::new());
        Check { graph: from, table: &before, run: &run }.all()?;
        if run.status.is_over() {
            return Err(CarryOverFault::Over);
        }
        let old = migration.apply(from, self.graph())?;
        let new = self.graph();
        if run.status == Status::New {
            run.main.state = new.initial();
        } else {
            let held: HashSet<StateId> = run.tokens().map(|(state, _)| state).collect();
            let obstacles = compatible::between(&old, new, &Held::Run(&held));
            if !obstacles.is_empty() {
                return Err(CarryOverFault::Obstacles(obstacles));
            }
            let (before, after) = (Side::new(&old, &before), Side::new(new, &self.frozen.table));
            Removal { old: before, new: after, run: &mut run }.perform()?;
        }
        run.fingerprint = new.fingerprint();
        self.restore(&run, &mut Effects::new())?;
        Ok(run)
    }
}

/// A graph and its frozen form.
#[derive(Clone, Copy)]
struct Side<'a> {
    graph: &'a Graph,
    table: &'a Table,
}

impl<'a> Side<'a> {
    fn new(graph: &'a Graph, table: &'a Table) -> Self {
        Self { graph, table }
    }

    /// The timers of a state, each by its first frozen transition.
    fn timers(self, state: StateId) -> impl Iterator<Item = usize> + use<'a> {
        let table = self.table;
        table.range(state, Key::AFTER).filter(|index| !table.edges[*index].follows)
    }

    /// The joins within the scope of a fork whose arrivals the scope counts, in the order of the
    /// counters.
    fn counting(&self, fork: StateId) -> Vec<StateId> {
        let (graph, table) = (self.graph, self.table);
        let counts = |state: &StateId| {
            matches!(graph.kind(*state), Kind::Join(JoinRule::AtLeast(_)))
                && table.row(*state).counter != NONE
                && graph.scope_of(*state) == Some(fork)
        };
        graph.states().filter(counts).collect()
    }
}

/// A run on its way from one graph to another.
struct Removal<'a, C> {
    old: Side<'a>,
    new: Side<'a>,
    run: &'a mut Snapshot<C>,
}

impl<C> Removal<'_, C> {
    fn perform(&mut self) -> Result<(), SnapshotFault> {
        let stood: Vec<StateId> =
            (0..self.run.slots()).map(|slot| self.run.token(slot).state).collect();
        for slot in self.living() {
            let state = self.renumbered(self.run.token(slot).state)?;
            self.run.token_mut(slot).state = state;
        }
        self.scopes(&stood)?;
        self.policies(&stood);
        self.alarms(&stood);
        self.queue();
        Ok(())
    }

    fn living(&self) -> Vec<u32> {
        (0..self.run.slots()).filter(|slot| self.run.token(*slot).phase != Phase::Free).collect()
    }

    fn renumbered(&self, state: StateId) -> Result<StateId, SnapshotFault> {
        let name = self.old.graph.name_of(state);
        let gone = || SnapshotFault(format!("a token stands at `{name}`, which is gone"));
        self.new.graph.state(name).ok_or_else(gone)
    }

    /// Counters go by the names of their joins, regions stand as they are declared.
    fn scopes(&mut self, stood: &[StateId]) -> Result<(), SnapshotFault> {
        for index in 0..self.run.scopes.len() {
            let owner = self.run.scopes[index].owner;
            if owner == NONE {
                continue;
            }
            let (was, is) = (stood[owner as usize], self.run.token(owner).state);
            if self.new.graph.kind(is) == Kind::Parallel {
                self.regions(index, is);
                continue;
            }
            let mut counted: HashMap<StateId, u32> = HashMap::new();
            for (join, count) in self
                .old
                .counting(was)
                .into_iter()
                .zip(std::mem::take(&mut self.run.scopes[index].counters))
            {
                counted.insert(self.renumbered(join)?, count);
            }
            let counters = self.new.counting(is).into_iter();
            self.run.scopes[index].counters =
                counters.map(|join| counted.remove(&join).unwrap_or(0)).collect();
        }
        Ok(())
    }

    fn regions(&mut self, index: usize, parallel: StateId) {
        let graph = self.new.graph;
        let place = |state: StateId| {
            let is_in = |region: &StateId| *region == state || graph.contains(*region, state);
            graph.regions(parallel).iter().position(is_in)
        };
        let mut slots = Vec::new();
        let mut slot = self.run.scopes[index].first;
        while slot != NONE {
            slots.push(slot);
            slot = self.run.token(slot).next;
        }
        slots.sort_by_key(|slot| place(self.run.token(*slot).state));
        for (at, slot) in slots.iter().enumerate() {
            let before = at.checked_sub(1).map_or(NONE, |at| slots[at]);
            let after = slots.get(at + 1).copied().unwrap_or(NONE);
            let token = self.run.token_mut(*slot);
            (token.previous, token.next) = (before, after);
        }
        let scope = &mut self.run.scopes[index];
        scope.first = slots.first().copied().unwrap_or(NONE);
        scope.last = slots.last().copied().unwrap_or(NONE);
    }

    /// Attempts fit the retries that there are now, and what is at work has the limit that is new.
    fn policies(&mut self, stood: &[StateId]) {
        for slot in self.living() {
            let token = *self.run.token(slot);
            let retries = self.new.graph.retry(token.state).map_or(0, |policy| policy.count);
            let most = match token.phase {
                Phase::Running => retries.saturating_add(1),
                Phase::Queued | Phase::Waiting => retries,
                Phase::Resting | Phase::Delaying | Phase::Owning | Phase::Moving | Phase::Free => {
                    continue;
                }
            };
            let was_limited = self.old.table.row(stood[slot as usize]).policed;
            let limit = self.new.graph.timeout(token.state).filter(|_| !was_limited);
            let now = self.run.now;
            let token = self.run.token_mut(slot);
            token.attempt = token.attempt.min(most);
            if let Some(limit) = limit.filter(|_| token.phase == Phase::Running) {
                token.due = now + limit;
            }
        }
    }

    /// A timer that both graphs have keeps its point in time, and is not set again where it fired
    /// already; one that is new is set now.
    fn alarms(&mut self, stood: &[StateId]) {
        let was = Matching::between(self.old.graph, self.new.graph).was;
        // By transition of the old graph, the timer that it waits for.
        let mut groups: HashMap<TransitionId, usize> = HashMap::new();
        for state in self.old.graph.states() {
            for first in self.old.timers(state) {
                for edge in self.old.table.timed_with(first) {
                    groups.insert(TransitionId(edge.transition), first);
                }
            }
        }
        let mut before = std::mem::take(&mut self.run.alarms);
        let mut after: BTreeMap<(u32, u32), Alarm> = BTreeMap::new();
        for slot in self.living() {
            let state = self.run.token(slot).state;
            let graph = self.new.graph;
            let scope = graph.scope_of(state);
            let around = std::iter::once(state).chain(graph.ancestors(state));
            for state in around.take_while(|state| Some(*state) != scope) {
                for first in self.new.timers(state) {
                    let edges = self.new.table.timed_with(first).iter();
                    let same = edges
                        .filter_map(|edge| was[edge.transition as usize])
                        .find_map(|at| groups.get(&TransitionId::at(at)).copied())
                        .filter(|group| self.was_in(stood[slot as usize], *group));
                    let kept = same.and_then(|group| before.remove(&(slot, group as u32)));
                    let has_fired = same.is_some() && kept.is_none();
                    if has_fired && !self.new.table.leaves_for_certain(first) {
                        continue;
                    }
                    let alarm = kept.unwrap_or_else(|| self.set(first));
                    after.insert((slot, first as u32), alarm);
                }
            }
        }
        self.run.alarms = after;
    }

    /// Whether a token was in the state that a timer of the old graph belongs to.
    fn was_in(&self, stood: StateId, first: usize) -> bool {
        let (graph, timed) = (self.old.graph, self.old.table.edges[first].from);
        let is_own = graph.scope_of(timed) == graph.scope_of(stood);
        is_own && (timed == stood || graph.contains(timed, stood))
    }

    fn set(&mut self, first: usize) -> Alarm {
        let transition = TransitionId(self.new.table.edges[first].transition);
        let due = match self.new.graph.transition(transition).trigger() {
            Trigger::After(wait) => self.run.now + wait,
            _ => self.run.now,
        };
        Alarm { number: self.run.fresh(), due }
    }

    /// As many are at work as may be now: those that were started last wait again, those that
    /// waited first start.
    fn queue(&mut self) {
        let ready = std::mem::take(&mut self.run.ready);
        self.run.ready = ready.into_iter().filter(|ticket| self.run.is_queued(*ticket)).collect();
        let limit = self.new.graph.max_concurrent();
        let is_full = |running: u32| limit.is_some_and(|limit| running >= limit.get());
        let mut at_work: Vec<Ticket> = self
            .living()
            .into_iter()
            .filter(|slot| self.run.token(*slot).phase == Phase::Running)
            .map(|slot| Ticket { slot, number: self.run.token(slot).number })
            .collect();
        at_work.sort_by_key(|ticket| ticket.number);
        while limit.is_some_and(|limit| self.run.running > limit.get()) {
            let Some(last) = at_work.pop() else { break };
            self.run.running -= 1;
            self.run.ready.push_front(last);
            let token = self.run.token_mut(last.slot);
            token.phase = Phase::Queued;
            token.attempt -= 1;
        }
        while !is_full(self.run.running) {
            let Some(first) = self.run.ready.pop_front() else { break };
            self.run.running += 1;
            let state = self.run.token(first.slot).state;
            let due = self.new.graph.timeout(state).map(|limit| self.run.now + limit);
            let token = self.run.token_mut(first.slot);
            token.phase = Phase::Running;
            token.attempt = token.attempt.saturating_add(1);
            token.due = due.unwrap_or(token.due);
        }
    }
}
