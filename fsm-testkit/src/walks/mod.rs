//! Walks: the ways through a machine that a test should go.
//!
//! A machine says what may happen; walks say what to try. [`Walks::of`] searches a machine with
//! exemplars of its events, and finds the shortest path to each state, and few walks that together
//! take every transition, or every two transitions in a row. Each walk has a readable name, says at
//! each step what to do and what to expect, and can be gone again: by a [`Simulation`], or by the
//! system that the machine is a model of.
//!
//! ```
//! use fsm_core::{Event, Machine};
//! use fsm_testkit::walks::Walks;
//!
//! #[derive(Clone, Debug)]
//! enum Gate { Locked, Open }
//! #[derive(Clone, Debug)]
//! enum Hand { Coin(u32), Push }
//! impl Event for Hand {}
//!
//! let machine = Machine::<u32, Hand>::builder("turnstile")
//!     .on(Gate::Locked, Hand::Coin(0))
//!         .when("enough", |_, hand| matches!(hand, Hand::Coin(cents) if *cents >= 50))
//!         .to(Gate::Open)
//!     .on(Gate::Open, Hand::Push).to(Gate::Locked)
//!     .on(Gate::Open, Hand::Coin(0)).then("keep", |kept, _| *kept += 1).stay()
//!     .build(Gate::Locked)?;
//!
//! let walks = Walks::of(&machine, 0)
//!     .event("coin", Hand::Coin(50))
//!     .event("push", Hand::Push)
//!     .find();
//! assert_eq!(walks.shortest_to("Open").unwrap().name(), "Locked -coin-> Open");
//!
//! let cover = walks.every_edge();
//! cover.assert_complete();
//! assert_eq!(
//!     cover.walks()[0].name(),
//!     "Locked -coin-> Open -coin-> Open -push-> Locked",
//! );
//! # Ok::<(), fsm_core::BuildError>(())
//! ```
//!
//! [`Walks::of_graph`] looks at the structure alone, as if every guard could hold.
//!
//! What is found, and in which order, follows from the machine and the exemplars alone. What is
//! not covered is listed with the reason: [`Cover::missed`].
//!
//! A search takes runs for one configuration whose tokens stand alike, whose timers come in one
//! order, and whose guards hold alike, whatever else their contexts hold and however long the timers
//! still have to go. So it may miss what depends on these ([`Search::key`] tells more apart), but it
//! never tells of a walk that a run can't go: each was gone by a run of its own.
//!
//! | file | what it holds |
//! |---|---|
//! | `search` | the search over a machine |
//! | `structure` | the structure of a graph, as one token sees it |
//! | `map` | what both give: places and the ways between them |
//! | `cover` | few walks that cover everything |
//! | `missed` | what they don't cover, and why |
//! | `walk` | a walk, and how it is gone again |
//!
//! [`Simulation`]: crate::simulation::Simulation

mod cover;
mod map;
mod missed;
mod search;
mod structure;
mod walk;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fsm_core::{Event, Graph, Machine, StateId, TransitionId};

use crate::deed::Deed;
use cover::{Edges, Pairs, States, Target};
use map::{ArcId, Map};
use missed::Inquest;

pub use cover::Cover;
pub(crate) use missed::edge_text;
pub use missed::{Missed, Missing, Reason};
pub use search::Search;
pub(crate) use search::{names, waiting};
pub use walk::{Astray, Step, Walk};

/// The walks of a machine or a graph. Deeds `D` are what its steps do.
#[derive(Clone, Debug)]
pub struct Walks<D> {
    map: Map<D>,
    longest: usize,
}

impl<E: Event + Clone + 'static> Walks<Deed<E>> {
    /// Walks of a machine that begins with `context`; say which events there are, then
    /// [`find`](Search::find) them.
    pub fn of<C: Clone + 'static>(machine: &Machine<C, E>, context: C) -> Search<C, E> {
        Search::new(machine.clone(), context)
    }
}

impl Walks<Option<TransitionId>> {
    /// Walks by the structure of a graph alone. Each follows one token: through a fork by one of
    /// its branches, into a parallel state by one of its regions. A guard may hold or not. The deed
    /// of a step is its transition, or none where a run begins in several regions. What comes to a
    /// final state right within a fork arrives at the fork's join at once.
    ///
    /// # Complexity
    /// O(states * transitions * nesting).
    pub fn of_graph(graph: &Graph) -> Self {
        Self::on(structure::map(graph))
    }
}

impl<D: Clone> Walks<D> {
    fn on(map: Map<D>) -> Self {
        Self { map, longest: usize::MAX }
    }

    /// Lets a covering walk end after so many steps, rather than go on to the next thing that is
    /// not covered: more walks, and shorter ones. A walk that needs more to come to anything new
    /// is as long as it has to be. Default: no limit.
    #[must_use]
    pub fn longest(mut self, steps: usize) -> Self {
        self.longest = steps;
        self
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.map.graph
    }

    /// How many configurations there are; of a graph, its states.
    pub fn configurations(&self) -> usize {
        self.map.places.len()
    }

    /// How many configurations the search looked at, if it ended because there were more.
    pub fn bound(&self) -> Option<usize> {
        self.map.reasons.bound
    }

    /// The shortest walk that comes by `state`; `None` if none was found, or there is no such
    /// state. A state that is only passed, such as a choice, is come by, too.
    ///
    /// # Complexity
    /// O(configurations + steps between them).
    pub fn shortest_to(&self, state: &str) -> Option<Walk<D>> {
        let state = self.map.graph.state(state)?;
        let ways = self.shortest();
        ways.get(&state).map(|way| self.map.walk(way))
    }

    /// The shortest walk to each state, in declared order; states that can't be reached are
    /// missed.
    ///
    /// # Complexity
    /// O(configurations + steps between them), and what the walks hold.
    pub fn to_each_state(&self) -> Cover<D> {
        let ways = self.shortest();
        let missed = self.map.graph.states().filter(|state| !ways.contains_key(state));
        let inquest = Inquest::new(&self.map);
        let missed = missed.map(|state| inquest.missed(Target::State(state))).collect();
        let walks = ways.values().map(|way| self.map.walk(way)).collect();
        Cover::new(walks, missed, self.map.graph.states().len())
    }

    /// Walks that come by every state.
    ///
    /// # Complexity
    /// As [`every_edge`](Self::every_edge), with states for transitions.
    pub fn every_state(&self) -> Cover<D> {
        let wanted = self.map.graph.states().map(Target::State).collect();
        cover::cover(&self.map, &States, wanted, self.longest)
    }

    /// Walks that take every transition.
    ///
    /// They are few and short, but not always the fewest: each goes the shortest way to the nearest
    /// transition that is not covered yet, until none lies ahead. So there are no more walks than
    /// transitions, and of steps no more than transitions times the longest of those ways.
    ///
    /// # Complexity
    /// O(transitions * steps on the map * steps from one place).
    pub fn every_edge(&self) -> Cover<D> {
        let wanted = self.map.graph.transitions().map(|(id, _)| Target::Edge(id)).collect();
        cover::cover(&self.map, &Edges, wanted, self.longest)
    }

    /// Walks that take every two transitions of which, by the structure of the graph, the second
    /// can follow right after the first: in one step or in successive ones.
    ///
    /// # Complexity
    /// As [`every_edge`](Self::every_edge), with pairs for transitions.
    pub fn every_pair(&self) -> Cover<D> {
        let pairs = structure::pairs(&self.map.graph);
        let wanted = pairs.iter().map(|(first, second)| Target::Pair(*first, *second)).collect();
        cover::cover(&self.map, &Pairs(&pairs), wanted, self.longest)
    }

    /// The walks that end when they come by `state` and stand nowhere twice: up to `at_most` of
    /// them, those by earlier steps first. There may be very many.
    ///
    /// # Complexity
    /// O(walks tried * their length); exponential in the worst case.
    pub fn simple_paths(&self, state: &str, at_most: usize) -> Vec<Walk<D>> {
        let Some(state) = self.map.graph.state(state) else { return Vec::new() };
        if self.map.begin.visits.contains(&state) {
            return vec![self.map.walk(&[])];
        }
        let mut found = Vec::new();
        let mut way: Vec<ArcId> = Vec::new();
        let mut stood: BTreeSet<usize> = BTreeSet::from([0]);
        // The next arc to try, of each place on the way.
        let mut tried = vec![0];
        while let Some(number) = tried.last_mut().filter(|_| found.len() < at_most) {
            let place = self.map.place_after(way.last().copied());
            let arc = (place, *number);
            *number += 1;
            let Some(on) = self.map.places[place].arcs.get(arc.1) else {
                tried.pop();
                stood.remove(&place);
                way.pop();
                continue;
            };
            if on.leg.visits.contains(&state) {
                way.push(arc);
                if self.map.holds(&way) {
                    found.push(self.map.walk(&way));
                }
                way.pop();
            } else if stood.insert(on.to) {
                way.push(arc);
                tried.push(0);
            }
        }
        found
    }

    /// The shortest way to each state that can be reached.
    fn shortest(&self) -> BTreeMap<StateId, Vec<ArcId>> {
        let mut last: Vec<Option<ArcId>> = vec![None; self.map.places.len()];
        let way_to = |last: &[Option<ArcId>], arc: Option<ArcId>| {
            let before = |arc: &ArcId| last[arc.0];
            let mut way: Vec<ArcId> = std::iter::successors(arc, before).collect();
            way.reverse();
            way
        };
        let mut ways: BTreeMap<StateId, Vec<ArcId>> =
            self.map.begin.visits.iter().map(|state| (*state, Vec::new())).collect();
        let mut open = VecDeque::from([0]);
        while let Some(place) = open.pop_front() {
            for (number, arc) in self.map.places[place].arcs.iter().enumerate() {
                let id = (place, number);
                for state in &arc.leg.visits {
                    if !ways.contains_key(state) {
                        ways.insert(*state, way_to(&last, Some(id)));
                    }
                }
                if arc.to != 0 && last[arc.to].is_none() {
                    last[arc.to] = Some(id);
                    open.push_back(arc.to);
                }
            }
        }
        ways
    }
}
