//! What must hold before a graph is run. [`structure`] looks at each state and transition by
//! itself, [`behaviour`] at the paths. Nothing here recurses: a chain of a million states is
//! checked like one of three.

use std::collections::{HashMap, HashSet};

use petgraph::algo::kosaraju_scc;

use super::nesting::outer_first;
use super::{Graph, GraphFault, JoinRule, Kind, StateId, Transition, Trigger};

/// Faults of single states and transitions; every chain of parents must end.
pub(super) fn structure(graph: &Graph, faults: &mut Vec<GraphFault>) {
    initials(graph, faults);
    policies(graph, faults);
    let fork_of = forks(graph, faults);
    for (_, edge) in graph.transitions() {
        if let Some(why) = misplaced(graph, edge, |join| fork_of.get(&join).copied()) {
            faults.push(GraphFault::BadTransition {
                from: graph.name_of(edge.from).into(),
                to: graph.name_of(edge.to).into(),
                trigger: graph.trigger_label(edge.trigger),
                why,
            });
        }
    }
}

/// Faults of paths; the structure must be sound.
///
/// # Complexity
/// O(states + transitions).
pub(super) fn behaviour(graph: &Graph, faults: &mut Vec<GraphFault>) {
    shadowed(graph, faults);
    unreachable(graph, faults);
    let backward = backward(graph);
    ways_out(graph, &backward, faults);
    silent_ends(graph, faults);
    joins(graph, &backward, faults);
    eventless_cycles(graph, faults);
}

/// Faults of what lies within what.
pub(super) fn parents(graph: &Graph, faults: &mut Vec<GraphFault>) {
    // By state, the start of the chain of parents that came through it first.
    let mut seen: Vec<Option<StateId>> = vec![None; graph.nodes.len()];
    for state in graph.states() {
        let bad = |parent: StateId, why| GraphFault::BadParent {
            state: graph.name_of(state).into(),
            parent: graph.name_of(parent).into(),
            why,
        };
        if let Some(parent) = graph.parent(state)
            && !matches!(graph.kind(parent), Kind::Composite(_) | Kind::Fork(Some(_)))
        {
            faults
                .push(bad(parent, "holds no states; use a composite state or a fork with a join"));
        }
        let mut current = Some(state);
        while let Some(here) = current.filter(|here| seen[here.index()].is_none()) {
            seen[here.index()] = Some(state);
            current = graph.parent(here);
        }
        // The chain came back to a state of its own: that one lies in a ring.
        if let Some(ring) = current.filter(|here| seen[here.index()] == Some(state)) {
            faults.push(GraphFault::BadParent {
                state: graph.name_of(ring).into(),
                parent: graph.name_of(graph.parent(ring).unwrap_or(ring)).into(),
                why: "lies within it in turn: states can't hold one another in a ring",
            });
        }
    }
}

/// Nothing is accepted and ignored: only what does work is started again or timed.
fn policies(graph: &Graph, faults: &mut Vec<GraphFault>) {
    for (state, extras) in &graph.extras {
        if matches!(graph.kind(*state), Kind::Activity(_) | Kind::Machine(_)) {
            continue;
        }
        let what = match (extras.retry, extras.timeout) {
            (None, None) => continue,
            (Some(_), _) => "retry policy",
            (None, Some(_)) => "timeout",
        };
        let state = graph.name_of(*state).into();
        faults.push(GraphFault::IdlePolicy { state, what });
    }
}

fn initials(graph: &Graph, faults: &mut Vec<GraphFault>) {
    if graph.scope_of(graph.initial).is_some() {
        faults.push(GraphFault::BadFork {
            state: graph.name_of(graph.initial).into(),
            why: "a run can't start inside the scope of a fork".into(),
        });
    }
    for state in graph.states() {
        if let Kind::Composite(initial) = graph.kind(state)
            && graph.parent(initial) != Some(state)
        {
            faults.push(GraphFault::BadInitial {
                state: graph.name_of(state).into(),
                initial: graph.name_of(initial).into(),
            });
        }
    }
}

fn forks(graph: &Graph, faults: &mut Vec<GraphFault>) -> HashMap<StateId, StateId> {
    let mut fork_of: HashMap<StateId, StateId> = HashMap::new();
    for state in graph.states() {
        let mut bad = |why: String| {
            faults.push(GraphFault::BadFork { state: graph.name_of(state).into(), why });
        };
        match graph.kind(state) {
            Kind::Fork(Some(join)) => {
                let name = graph.name_of(join);
                if !matches!(graph.kind(join), Kind::Join(_)) {
                    bad(format!("`{name}` closes this fork but is not a join"));
                } else if graph.parent(join) != graph.parent(state) {
                    bad(format!("its join `{name}` must lie beside it, not within or without"));
                } else if let Some(other) = fork_of.insert(join, state) {
                    bad(format!("its join `{name}` closes `{}` already", graph.name_of(other)));
                }
            }
            Kind::Fork(None) => match graph.parent(state).map(|outer| graph.kind(outer)) {
                Some(Kind::Fork(_)) => {}
                // Its tokens would share one visit of the composite state, and leave it twice.
                Some(_) if graph.scope_of(state).is_some() => {
                    bad("a split must lie in the scope of a fork itself, not in a composite \
                         state within it; use a fork with a join there"
                        .into());
                }
                _ => bad("a split needs the scope of a fork around it".into()),
            },
            _ => {}
        }
    }
    for state in graph.states() {
        if let Kind::Join(rule) = graph.kind(state)
            && !fork_of.contains_key(&state)
        {
            let why = match rule {
                JoinRule::AtLeast(_) if graph.scope_of(state).is_some() => continue,
                JoinRule::AtLeast(_) => "a join that closes no fork must lie in the scope of one",
                JoinRule::All | JoinRule::Any => {
                    "a join that closes no fork needs a number of arrivals (`AtLeast`)"
                }
            };
            let state = graph.name_of(state).into();
            faults.push(GraphFault::BadFork { state, why: why.into() });
        }
    }
    fork_of
}

/// Why a transition can't be, if so.
fn misplaced(
    graph: &Graph,
    edge: &Transition,
    closed_by: impl Fn(StateId) -> Option<StateId>,
) -> Option<&'static str> {
    if let Some(why) = wrong_trigger(graph.kind(edge.from), edge.trigger) {
        return Some(why);
    }
    let is_fork = matches!(graph.kind(edge.from), Kind::Fork(_));
    if is_fork && edge.trigger == Trigger::Always && edge.guard.is_some() {
        return Some("a fork takes all of its branches; put the guard on a choice behind it");
    }
    if is_fork
        && edge.trigger == Trigger::Always
        && matches!(graph.kind(edge.from), Kind::Fork(Some(_)))
        && !graph.contains(edge.from, edge.to)
    {
        return Some("a branch must lead to a state within the fork");
    }
    if let Some(fork) = closed_by(edge.to)
        && !graph.contains(fork, edge.from)
    {
        return Some("it leads to the join of a fork from outside; lead it to the fork");
    }
    let scope = graph.scope_of(edge.to)?;
    let inside = if edge.from == scope {
        edge.trigger == Trigger::Always
    } else {
        graph.contains(scope, edge.from)
    };
    (!inside).then_some("it jumps into the scope of a fork; lead it to the fork itself")
}

fn wrong_trigger(kind: Kind, trigger: Trigger) -> Option<&'static str> {
    let eventless = matches!(kind, Kind::Choice | Kind::Join(_) | Kind::Fork(None));
    match (kind, trigger) {
        (Kind::Final, _) => Some("a final state has no way on"),
        (_, Trigger::Always) if eventless || matches!(kind, Kind::Fork(_)) => None,
        (_, Trigger::Always) => Some(
            "only choices, forks, and joins go on at once; say what it waits for \
             (`on`, `done`, `failed`, `after`)",
        ),
        _ if eventless => Some("choices, splits, and joins go on at once; they wait for nothing"),
        (
            Kind::Activity(_) | Kind::Machine(_) | Kind::Delay(_) | Kind::Composite(_),
            Trigger::Done,
        ) => None,
        (_, Trigger::Done) => Some("only activities, delays, machines, and composite states end"),
        (
            Kind::Simple | Kind::Signal | Kind::Delay(_) | Kind::Fork(_),
            Trigger::Failed | Trigger::TimedOut,
        ) => Some("only activities and machines fail"),
        (_, Trigger::Event(_) | Trigger::After(_) | Trigger::Failed | Trigger::TimedOut) => None,
    }
}

fn shadowed(graph: &Graph, faults: &mut Vec<GraphFault>) {
    let mut unguarded = HashSet::new();
    for (_, edge) in graph.transitions() {
        let forks = matches!(graph.kind(edge.from), Kind::Fork(_));
        if forks && edge.trigger == Trigger::Always {
            continue;
        }
        // A later timer of the same state may still fire first if it is shorter.
        if unguarded.contains(&(edge.from, edge.trigger)) {
            faults.push(GraphFault::Shadowed {
                from: graph.name_of(edge.from).into(),
                to: graph.name_of(edge.to).into(),
                trigger: graph.trigger_label(edge.trigger),
            });
        } else if edge.guard.is_none() {
            unguarded.insert((edge.from, edge.trigger));
        }
    }
}

/// Transitions and parents as lists of neighbours, for walks without recursion.
struct Neighbours {
    starts: Vec<u32>,
    targets: Vec<StateId>,
}

impl Neighbours {
    fn new(count: usize, pairs: impl Iterator<Item = (StateId, StateId)> + Clone) -> Self {
        let mut starts = vec![0u32; count + 1];
        for (from, _) in pairs.clone() {
            starts[from.index() + 1] += 1;
        }
        for index in 0..count {
            starts[index + 1] += starts[index];
        }
        let mut next = starts.clone();
        let mut targets = vec![StateId(0); starts[count] as usize];
        for (from, to) in pairs {
            let at = &mut next[from.index()];
            targets[*at as usize] = to;
            *at += 1;
        }
        Self { starts, targets }
    }

    fn of(&self, state: StateId) -> &[StateId] {
        let range = self.starts[state.index()] as usize..self.starts[state.index() + 1] as usize;
        &self.targets[range]
    }
}

/// Backwards over everything that leads a token on: transitions; from a state to those within it
/// (its transitions are theirs); from an initial state to its composite state; from a composite
/// state, or the join of a fork, to the final states within that lead to it; from a join to its
/// fork.
fn backward(graph: &Graph) -> Neighbours {
    let edges = graph.transitions.iter().map(|edge| (edge.to, edge.from));
    let children = graph.states().filter_map(|state| Some((graph.parent(state)?, state)));
    let nested = graph.states().filter_map(|state| match graph.kind(state) {
        Kind::Composite(initial) => Some((initial, state)),
        Kind::Fork(Some(join)) => Some((join, state)),
        _ => None,
    });
    let branch_ends = graph.states().filter_map(|state| {
        let fork = graph.parent(state).filter(|_| graph.kind(state) == Kind::Final)?;
        match graph.kind(fork) {
            Kind::Fork(Some(join)) => Some((join, state)),
            _ => None,
        }
    });
    let pairs = edges.chain(children).chain(nested).chain(branch_ends);
    Neighbours::new(graph.nodes.len(), pairs)
}

fn unreachable(graph: &Graph, faults: &mut Vec<GraphFault>) {
    let edges = graph.transitions.iter().map(|edge| (edge.from, edge.to));
    let forward = Neighbours::new(graph.nodes.len(), edges);
    // Entering a state makes the states around it active; entering a composite state by name
    // enters its initial one too; the join of a fork is reached as soon as the fork is.
    let mut reached = vec![false; graph.nodes.len()];
    let mut entered = vec![false; graph.nodes.len()];
    let mut open = Vec::new();
    let enter = |state: StateId,
                 reached: &mut Vec<bool>,
                 entered: &mut Vec<bool>,
                 open: &mut Vec<StateId>| {
        let mut inward = Some(state);
        while let Some(here) = inward.filter(|here| !entered[here.index()]) {
            entered[here.index()] = true;
            if !std::mem::replace(&mut reached[here.index()], true) {
                open.push(here);
            }
            inward = match graph.kind(here) {
                Kind::Composite(initial) => Some(initial),
                _ => None,
            };
        }
        for outer in graph.ancestors(state) {
            if std::mem::replace(&mut reached[outer.index()], true) {
                break;
            }
            open.push(outer);
        }
    };
    enter(graph.initial, &mut reached, &mut entered, &mut open);
    while let Some(state) = open.pop() {
        let join = match graph.kind(state) {
            Kind::Fork(join) => join,
            _ => None,
        };
        for next in forward.of(state).iter().copied().chain(join) {
            enter(next, &mut reached, &mut entered, &mut open);
        }
    }
    for state in graph.states().filter(|state| !reached[state.index()]) {
        faults.push(GraphFault::Unreachable { state: graph.name_of(state).into() });
    }
}

fn ways_out(graph: &Graph, backward: &Neighbours, faults: &mut Vec<GraphFault>) {
    let mut seen = vec![false; graph.nodes.len()];
    let mut open: Vec<StateId> = graph
        .states()
        .filter(|state| graph.kind(*state) == Kind::Final && graph.parent(*state).is_none())
        .collect();
    if open.is_empty() {
        dead_ends(graph, faults);
        return;
    }
    open.iter().for_each(|end| seen[end.index()] = true);
    while let Some(state) = open.pop() {
        for before in backward.of(state) {
            if !std::mem::replace(&mut seen[before.index()], true) {
                open.push(*before);
            }
        }
    }
    for state in graph.states().filter(|state| !seen[state.index()]) {
        faults.push(GraphFault::NoWayOut { state: graph.name_of(state).into() });
    }
}

fn dead_ends(graph: &Graph, faults: &mut Vec<GraphFault>) {
    let mut has_way = vec![false; graph.nodes.len()];
    for edge in &graph.transitions {
        has_way[edge.from.index()] = true;
    }
    // What is around a state has a way on for it.
    for state in outer_first(graph) {
        if graph.parent(state).is_some_and(|outer| has_way[outer.index()]) {
            has_way[state.index()] = true;
        }
    }
    for state in graph.states() {
        let holds = matches!(graph.kind(state), Kind::Composite(_) | Kind::Final);
        if !holds && !has_way[state.index()] {
            faults.push(GraphFault::DeadEnd { state: graph.name_of(state).into() });
        }
    }
}

/// What goes on at once needs somewhere to go, whatever lies around it.
fn silent_ends(graph: &Graph, faults: &mut Vec<GraphFault>) {
    let goes_on: HashSet<StateId> = graph
        .transitions
        .iter()
        .filter(|edge| edge.trigger == Trigger::Always)
        .map(|edge| edge.from)
        .collect();
    for state in graph.states() {
        let at_once = matches!(graph.kind(state), Kind::Choice | Kind::Join(_) | Kind::Fork(None));
        if !at_once || goes_on.contains(&state) {
            continue;
        }
        let name = graph.name_of(state);
        let said = faults.iter().any(|fault| match fault {
            GraphFault::NoWayOut { state } | GraphFault::DeadEnd { state } => state == name,
            _ => false,
        });
        if !said {
            faults.push(GraphFault::DeadEnd { state: name.into() });
        }
    }
}

fn joins(graph: &Graph, backward: &Neighbours, faults: &mut Vec<GraphFault>) {
    let forward =
        Neighbours::new(graph.nodes.len(), graph.transitions.iter().map(|e| (e.from, e.to)));
    let mut paired = vec![false; graph.nodes.len()];
    for fork in graph.states() {
        let Kind::Fork(Some(join)) = graph.kind(fork) else { continue };
        paired[join.index()] = true;
        let branches: Vec<StateId> = forward
            .of(fork)
            .iter()
            .copied()
            .filter(|branch| graph.contains(fork, *branch))
            .collect();
        let never = |why: String| GraphFault::JoinNeverFills {
            fork: graph.name_of(fork).into(),
            join: graph.name_of(join).into(),
            why,
        };
        if branches.is_empty() {
            faults.push(never("the fork has no branches".into()));
            continue;
        }
        let arriving = arriving(graph, backward, fork, join);
        let lost: Vec<&StateId> =
            branches.iter().filter(|branch| !arriving.contains(*branch)).collect();
        let filled = branches.len() - lost.len();
        match graph.kind(join) {
            Kind::Join(JoinRule::All) if !lost.is_empty() => {
                let name = graph.name_of(*lost[0]);
                faults.push(never(format!("the branch at `{name}` has no way to it")));
            }
            Kind::Join(JoinRule::Any) if filled == 0 => {
                faults.push(never("no branch has a way to it".into()));
            }
            // A split inside the scope can make more tokens than there are branches.
            Kind::Join(JoinRule::AtLeast(count))
                if filled < count.get() as usize && !has_split(graph, &arriving) =>
            {
                faults.push(never(format!("it needs {count} arrivals, {filled} can come")));
            }
            _ => {}
        }
    }
    for join in graph.states() {
        let Kind::Join(JoinRule::AtLeast(count)) = graph.kind(join) else { continue };
        if paired[join.index()] {
            continue;
        }
        let sources: HashSet<_> = backward.of(join).iter().collect();
        if sources.len() < count.get() as usize {
            let fork = graph.scope_of(join).map_or_else(String::new, |f| graph.name_of(f).into());
            faults.push(GraphFault::JoinNeverFills {
                fork,
                join: graph.name_of(join).into(),
                why: format!("it needs {count} arrivals, {} states lead to it", sources.len()),
            });
        }
    }
}

/// The states directly in the scope of `fork` from which its join can be reached without leaving
/// the scope. What lies in the scope of a fork within it stands for that fork: its owner is what
/// moves. So every state is looked at once, however deep forks are nested.
fn arriving(
    graph: &Graph,
    backward: &Neighbours,
    fork: StateId,
    join: StateId,
) -> HashSet<StateId> {
    let mut seen = HashSet::new();
    let mut open = vec![join];
    while let Some(state) = open.pop() {
        for before in backward.of(state) {
            if !graph.contains(fork, *before) {
                continue;
            }
            let mut mover = *before;
            while let Some(inner) = graph.scope_of(mover).filter(|inner| *inner != fork) {
                mover = inner;
            }
            if mover != state && seen.insert(mover) {
                open.push(mover);
            }
        }
    }
    seen
}

fn has_split(graph: &Graph, states: &HashSet<StateId>) -> bool {
    states.iter().any(|state| graph.kind(*state) == Kind::Fork(None))
}

fn eventless_cycles(graph: &Graph, faults: &mut Vec<GraphFault>) {
    let eventless: Vec<(StateId, StateId)> = eventless(graph).collect();
    let mut view = petgraph::graph::DiGraph::<StateId, ()>::with_capacity(0, eventless.len());
    for state in graph.states() {
        view.add_node(state);
    }
    for (from, to) in &eventless {
        view.add_edge((from.index() as u32).into(), (to.index() as u32).into(), ());
    }
    for component in kosaraju_scc(&view) {
        let first = component[0];
        if component.len() == 1 && view.find_edge(first, first).is_none() {
            continue;
        }
        let mut members: Vec<StateId> = component.iter().map(|node| view[*node]).collect();
        members.sort();
        faults.push(GraphFault::EventlessCycle { path: ring(graph, &eventless, &members) });
    }
}

/// The ways on that nothing has to happen for: those of choices, forks, and joins; into the
/// initial state of a composite state; from a final state within it to where its `done` leads; from
/// a final state in the scope of a fork to its join.
fn eventless(graph: &Graph) -> impl Iterator<Item = (StateId, StateId)> {
    let at_once = graph.transitions.iter().filter(|edge| edge.trigger == Trigger::Always);
    let at_once = at_once.map(|edge| (edge.from, edge.to));
    let inward = graph.states().filter_map(|state| match graph.kind(state) {
        Kind::Composite(initial) => Some((state, initial)),
        _ => None,
    });
    let mut done: HashMap<StateId, Vec<StateId>> = HashMap::new();
    for edge in graph.transitions.iter().filter(|edge| edge.trigger == Trigger::Done) {
        if matches!(graph.kind(edge.from), Kind::Composite(_)) {
            done.entry(edge.from).or_default().push(edge.to);
        }
    }
    let ended = graph
        .states()
        .filter(|state| graph.kind(*state) == Kind::Final)
        .filter_map(|state| Some((state, graph.parent(state)?)))
        .flat_map(move |(state, outer)| {
            let targets = done.get(&outer).cloned().unwrap_or_default();
            targets.into_iter().map(move |target| (state, target))
        });
    let arrived = graph.states().filter_map(|state| {
        let fork = graph.parent(state).filter(|_| graph.kind(state) == Kind::Final)?;
        match graph.kind(fork) {
            Kind::Fork(join) => Some((state, join?)),
            _ => None,
        }
    });
    at_once.chain(inward).chain(ended).chain(arrived)
}

/// One cycle among `members`, which are strongly connected, as names.
fn ring(graph: &Graph, eventless: &[(StateId, StateId)], members: &[StateId]) -> Vec<String> {
    let inside: HashSet<StateId> = members.iter().copied().collect();
    let mut next: HashMap<StateId, StateId> = HashMap::new();
    for (from, to) in eventless {
        if inside.contains(from) && inside.contains(to) {
            next.entry(*from).or_insert(*to);
        }
    }
    let mut path = Vec::new();
    let mut position: HashMap<StateId, usize> = HashMap::new();
    let mut here = members[0];
    while !position.contains_key(&here) {
        position.insert(here, path.len());
        path.push(here);
        here = next[&here];
    }
    let start = position[&here];
    path.push(here);
    path[start..].iter().map(|state| graph.name_of(*state).to_owned()).collect()
}
