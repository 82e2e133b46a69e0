//! What becomes of the tokens between a fork and its join: which join or split comes next for
//! each.
//!
//! Between a fork and its join tokens are only made by splits and only taken away by joins. From
//! any place within, a token comes to some of these next, whatever choices and calls lie on the
//! way. Where that is the same in two graphs, for every place where a token can stand, and splits
//! and joins are the same, joins fill in the one as they do in the other: who counts tokens sees
//! no difference.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::graph::{Graph, JoinRule, Kind, StateId, Trigger};

/// A state as it is entered, or the ways that are open to a token that stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Node {
    Entered(StateId),
    Ways(StateId),
}

impl Node {
    fn state(self) -> StateId {
        match self {
            Node::Entered(state) | Node::Ways(state) => state,
        }
    }
}

/// The ways between the states of a graph, backwards.
pub(super) struct Ways<'a> {
    graph: &'a Graph,
    backward: HashMap<Node, Vec<Node>>,
    /// By fork: the splits and counting joins right within its scope, in declared order.
    counting: HashMap<StateId, Vec<StateId>>,
    /// Where choices, forks, splits, and joins go on to.
    onward: HashMap<StateId, Vec<StateId>>,
}

/// What a token meets next, by name.
pub(super) type Next<'a> = BTreeSet<&'a str>;

/// One of the tokens that a fork or a split makes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Branch<'a> {
    /// Where it stands first: there are several where a choice decides.
    pub(super) heads: BTreeSet<&'a str>,
    /// What counts it next.
    pub(super) next: Next<'a>,
}

/// A split or a join between a fork and its join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Counting<'a> {
    Split(Vec<Branch<'a>>),
    Join { needs: u32, next: Next<'a> },
}

/// The tokens between a fork and its join.
pub(super) struct Network<'a> {
    pub(super) branches: Vec<Branch<'a>>,
    pub(super) counting: BTreeMap<&'a str, Counting<'a>>,
    next: HashMap<Node, Next<'a>>,
    /// Where tokens are counted, the join at the end among them.
    stops: HashSet<StateId>,
    fork: StateId,
    ends: &'a str,
}

impl<'a> Ways<'a> {
    /// # Complexity
    /// O((states + transitions) * nesting).
    pub(super) fn of(graph: &'a Graph) -> Self {
        let closing: HashSet<StateId> = graph
            .states()
            .filter_map(|state| match graph.kind(state) {
                Kind::Fork(join) => join,
                _ => None,
            })
            .collect();
        let mut ways = Self {
            graph,
            backward: HashMap::new(),
            counting: HashMap::new(),
            onward: HashMap::new(),
        };
        for state in graph.states() {
            ways.state(state);
            let counts = match graph.kind(state) {
                Kind::Fork(None) => true,
                Kind::Join(_) => !closing.contains(&state),
                _ => false,
            };
            if let Some(fork) = graph.scope_of(state).filter(|_| counts) {
                ways.counting.entry(fork).or_default().push(state);
            }
        }
        for (id, edge) in graph.transitions().filter(|(_, edge)| !edge.is_internal()) {
            let from = match graph.kind(edge.from()) {
                Kind::Fork(Some(_)) if edge.trigger() == Trigger::Always => {
                    Node::Entered(edge.from())
                }
                _ => Node::Ways(edge.from()),
            };
            if edge.trigger() == Trigger::Always {
                ways.onward.entry(edge.from()).or_default().push(edge.to());
            }
            let targets: Vec<StateId> = graph.targets(id).collect();
            let domain = graph.domain(id);
            for to in &targets {
                ways.add(from, Node::Entered(*to));
                // Regions that are entered on the way and not named begin by themselves.
                let entered = graph.ancestors(*to).take_while(|outer| Some(*outer) != domain);
                for parallel in entered.filter(|outer| graph.kind(*outer) == Kind::Parallel) {
                    ways.add(from, Node::Ways(parallel));
                    for region in graph.regions(parallel) {
                        let is_in = |to: &StateId| to == region || graph.contains(*region, *to);
                        if !targets.iter().any(is_in) {
                            ways.add(from, Node::Entered(*region));
                        }
                    }
                }
            }
        }
        ways
    }

    fn add(&mut self, from: Node, to: Node) {
        self.backward.entry(to).or_default().push(from);
    }

    /// The ways that a state has by what it is.
    fn state(&mut self, state: StateId) {
        let graph = self.graph;
        let entered = Node::Entered(state);
        match graph.kind(state) {
            Kind::Composite(initial) => self.add(entered, Node::Entered(initial)),
            Kind::Parallel => {
                self.add(entered, Node::Ways(state));
                for region in graph.regions(state) {
                    self.add(entered, Node::Entered(*region));
                }
            }
            Kind::Fork(Some(join)) => {
                self.add(entered, Node::Ways(state));
                self.add(entered, Node::Entered(join));
            }
            Kind::Final => match graph.parent(state).map(|outer| graph.kind(outer)) {
                Some(Kind::Fork(Some(join))) => self.add(entered, Node::Entered(join)),
                _ => self.add(entered, Node::Ways(state)),
            },
            Kind::Simple
            | Kind::Activity(_)
            | Kind::Choice
            | Kind::Fork(None)
            | Kind::Join(_)
            | Kind::Delay(_)
            | Kind::Signal
            | Kind::Machine(_) => self.add(entered, Node::Ways(state)),
        }
        let goes_on = matches!(graph.kind(state), Kind::Choice | Kind::Fork(None) | Kind::Join(_));
        if let Some(outer) = graph.parent(state).filter(|_| !goes_on) {
            self.add(Node::Ways(state), Node::Ways(outer));
        }
    }

    /// # Complexity
    /// O(states and ways within the fork) where each leads to one join; else times as many.
    pub(super) fn within(&self, fork: StateId, join: StateId) -> Network<'a> {
        let graph = self.graph;
        let none = Vec::new();
        let counting = self.counting.get(&fork).unwrap_or(&none);
        let stops: HashSet<StateId> = counting.iter().copied().chain([join]).collect();
        let mut network = Network {
            branches: Vec::new(),
            counting: BTreeMap::new(),
            next: HashMap::new(),
            stops,
            fork,
            ends: graph.name_of(join),
        };
        for stop in counting.iter().copied().chain([join]) {
            let mut open = vec![Node::Entered(stop)];
            let mut seen: HashSet<Node> = open.iter().copied().collect();
            while let Some(node) = open.pop() {
                for before in self.backward.get(&node).into_iter().flatten() {
                    let is_within = graph.contains(fork, before.state());
                    if is_within && !network.stops.contains(&before.state()) && seen.insert(*before)
                    {
                        network.next.entry(*before).or_default().insert(graph.name_of(stop));
                        open.push(*before);
                    }
                }
            }
        }
        network.branches = self.branches(&network, fork);
        for state in counting {
            let counting = match graph.kind(*state) {
                Kind::Join(JoinRule::AtLeast(needs)) => {
                    let next = self.onward(*state).flat_map(|to| network.after(graph, to));
                    Counting::Join { needs: needs.get(), next: next.collect() }
                }
                _ => Counting::Split(self.branches(&network, *state)),
            };
            network.counting.insert(graph.name_of(*state), counting);
        }
        network
    }

    fn onward(&self, state: StateId) -> impl Iterator<Item = StateId> {
        self.onward.get(&state).into_iter().flatten().copied()
    }

    /// The branches of a fork or a split, sorted.
    fn branches(&self, network: &Network<'a>, from: StateId) -> Vec<Branch<'a>> {
        let branch = |to| Branch { heads: self.heads(to), next: network.after(self.graph, to) };
        let mut branches: Vec<Branch<'a>> = self.onward(from).map(branch).collect();
        branches.sort();
        branches
    }

    /// Where a token stands first that is sent to `target`.
    fn heads(&self, target: StateId) -> BTreeSet<&'a str> {
        let graph = self.graph;
        let (mut heads, mut seen) = (BTreeSet::new(), HashSet::from([target]));
        let mut open = vec![target];
        while let Some(state) = open.pop() {
            match graph.kind(state) {
                Kind::Choice => {
                    open.extend(self.onward(state).filter(|to| seen.insert(*to)));
                }
                // Here it is counted or has ended: what it does is told by what comes next.
                Kind::Join(_) | Kind::Fork(None) | Kind::Final => {}
                Kind::Simple
                | Kind::Activity(_)
                | Kind::Fork(Some(_))
                | Kind::Delay(_)
                | Kind::Signal
                | Kind::Composite(_)
                | Kind::Parallel
                | Kind::Machine(_) => drop(heads.insert(graph.name_of(state))),
            }
        }
        heads
    }
}

impl<'a> Network<'a> {
    /// Whether every token goes to the one join at the end, or out.
    pub(super) fn is_plain(&self) -> bool {
        self.counting.is_empty()
    }

    /// What a token meets next that is sent to `target`.
    fn after(&self, graph: &'a Graph, target: StateId) -> Next<'a> {
        if self.stops.contains(&target) {
            return Next::from([graph.name_of(target)]);
        }
        let is_end = graph.kind(target) == Kind::Final && graph.parent(target) == Some(self.fork);
        if is_end {
            return Next::from([self.ends]);
        }
        self.next.get(&Node::Entered(target)).cloned().unwrap_or_default()
    }

    /// What a token meets next that stands at `state`, apart from what the tokens in a scope of its
    /// own do.
    pub(super) fn from(&self, graph: &Graph, state: StateId) -> Next<'a> {
        let mut next = self.next.get(&Node::Ways(state)).cloned().unwrap_or_default();
        if let Kind::Fork(Some(join)) = graph.kind(state) {
            next.extend(self.next.get(&Node::Entered(join)).into_iter().flatten());
        }
        next
    }
}
