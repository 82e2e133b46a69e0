//! Single states and transitions: what each kind may have, and where it may lie.

use std::collections::HashMap;

use crate::graph::nesting::outer_first;
use crate::graph::{Graph, GraphFault, JoinRule, Kind, StateId, Transition, TransitionId, Trigger};

/// Nothing is accepted and ignored: only what does work is started again or timed.
pub(super) fn policies(graph: &Graph, faults: &mut Vec<GraphFault>) {
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

pub(super) fn initials(graph: &Graph, faults: &mut Vec<GraphFault>) {
    if forks_around(graph)[graph.initial.index()].is_some() {
        faults.push(GraphFault::BadFork {
            state: graph.name_of(graph.initial).into(),
            why: "a run can't start inside the scope of a fork".into(),
        });
    } else if let Some(parallel) = graph.scope_of(graph.initial) {
        faults.push(GraphFault::BadRegion {
            parallel: graph.name_of(parallel).into(),
            why: format!(
                "a run can't start inside a region, at `{}`; start at the parallel state, or at a \
                 choice that leads there",
                graph.name_of(graph.initial)
            ),
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

/// By state, the innermost fork around it.
pub(super) fn forks_around(graph: &Graph) -> Vec<Option<StateId>> {
    let mut around = vec![None; graph.nodes.len()];
    for state in outer_first(graph) {
        let Some(outer) = graph.parent(state) else { continue };
        around[state.index()] = match graph.kind(outer) {
            Kind::Fork(_) => Some(outer),
            _ => around[outer.index()],
        };
    }
    around
}

/// What a parallel state holds right within it must be able to stand beside the others.
pub(super) fn regions(graph: &Graph, faults: &mut Vec<GraphFault>) {
    let mut holds = vec![false; graph.nodes.len()];
    for state in graph.states() {
        let Some(outer) = graph.parent(state) else { continue };
        holds[outer.index()] = true;
        if graph.kind(outer) != Kind::Parallel {
            continue;
        }
        let what = match graph.kind(state) {
            Kind::Choice => "a choice",
            Kind::Fork(_) => "a fork",
            Kind::Join(_) => "a join",
            Kind::Final => "a final state",
            Kind::Simple
            | Kind::Activity(_)
            | Kind::Delay(_)
            | Kind::Signal
            | Kind::Composite(_)
            | Kind::Parallel
            | Kind::Machine(_) => continue,
        };
        faults.push(GraphFault::BadRegion {
            parallel: graph.name_of(outer).into(),
            why: format!(
                "`{}` is {what}, which is no region; lay it into a composite state",
                graph.name_of(state)
            ),
        });
    }
    for state in graph.states() {
        if graph.kind(state) == Kind::Parallel && !holds[state.index()] {
            faults.push(GraphFault::BadRegion {
                parallel: graph.name_of(state).into(),
                why: "it has no regions; lay states into it".into(),
            });
        }
    }
    never_done(graph, faults);
}

/// What waits for its inside to be done needs an inside that comes to an end: a composite state a
/// final state right within it, a parallel state regions that all do.
fn never_done(graph: &Graph, faults: &mut Vec<GraphFault>) {
    // By state: whether it can come to an end. Inner states are looked at before outer ones.
    let mut ends = vec![false; graph.nodes.len()];
    let mut endless: Vec<Option<StateId>> = vec![None; graph.nodes.len()];
    for state in outer_first(graph).into_iter().rev() {
        match graph.kind(state) {
            Kind::Final => ends[state.index()] = true,
            Kind::Parallel => ends[state.index()] = endless[state.index()].is_none(),
            _ => {}
        }
        let Some(outer) = graph.parent(state) else { continue };
        match graph.kind(outer) {
            Kind::Composite(_) if graph.kind(state) == Kind::Final => ends[outer.index()] = true,
            Kind::Parallel if !ends[state.index()] => endless[outer.index()] = Some(state),
            _ => {}
        }
    }
    for (_, edge) in graph.transitions().filter(|(_, edge)| edge.trigger == Trigger::Done) {
        match (graph.kind(edge.from), endless[edge.from.index()]) {
            (Kind::Parallel, Some(region)) => faults.push(GraphFault::BadRegion {
                parallel: graph.name_of(edge.from).into(),
                why: format!(
                    "it is never done, because its region `{}` has no final state right within it",
                    graph.name_of(region)
                ),
            }),
            (Kind::Composite(_), _) if !ends[edge.from.index()] => {
                faults.push(GraphFault::BadTransition {
                    from: graph.name_of(edge.from).into(),
                    to: graph.name_of(edge.to).into(),
                    trigger: graph.trigger_label(edge.trigger),
                    why: "the composite state is never done, because it has no final state right \
                          within it",
                });
            }
            _ => {}
        }
    }
}

pub(super) fn forks(graph: &Graph, faults: &mut Vec<GraphFault>) -> HashMap<StateId, StateId> {
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
                Some(_) if is_in_fork(graph, state) => {
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
                JoinRule::AtLeast(_) if is_in_fork(graph, state) => continue,
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

fn is_in_fork(graph: &Graph, state: StateId) -> bool {
    graph.scope_of(state).is_some_and(|scope| graph.kind(scope) != Kind::Parallel)
}

/// Why a transition can't be, if so.
pub(super) fn misplaced(
    graph: &Graph,
    id: TransitionId,
    edge: &Transition,
    closed_by: impl Fn(StateId) -> Option<StateId>,
    forks_around: &[Option<StateId>],
) -> Option<&'static str> {
    if let Some(why) = wrong_trigger(graph.kind(edge.from), edge.trigger) {
        return Some(why);
    }
    if let Some(why) = wrong_targets(graph, id) {
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
    let jumps = graph.targets(id).filter_map(|to| forks_around[to.index()]).any(|fork| {
        let inside = match edge.from == fork {
            true => edge.trigger == Trigger::Always,
            false => graph.contains(fork, edge.from),
        };
        !inside
    });
    jumps.then_some("it jumps into the scope of a fork; lead it to the fork itself")
}

/// Several targets, or none, make sense in some places only.
fn wrong_targets(graph: &Graph, id: TransitionId) -> Option<&'static str> {
    let edge = graph.transition(id);
    let goes_on = matches!(graph.kind(edge.from), Kind::Choice | Kind::Fork(_) | Kind::Join(_));
    if edge.internal && goes_on {
        return Some("choices, forks, and joins go on; they have no internal transitions");
    }
    if edge.internal && matches!(edge.trigger, Trigger::Done | Trigger::Failed | Trigger::TimedOut)
    {
        return Some("a state that has ended is left; an internal transition stays in it");
    }
    if edge.internal && (edge.from != edge.to || !graph.also(id).is_empty()) {
        return Some("an internal transition leads nowhere; it stays in the state it begins in");
    }
    if graph.also(id).is_empty() {
        return None;
    }
    let mut all: Vec<StateId> = graph.targets(id).collect();
    all.sort_by_key(|state| graph.number_of(*state));
    let apart = all.windows(2).all(|pair| stand_beside(graph, pair[0], pair[1]));
    (!apart).then_some("its targets must lie in different regions of a parallel state")
}

/// Whether two states lie in different regions of a parallel state. In the order of a walk it is
/// enough that neighbours do: the innermost state around any two of a list is that around two
/// neighbours between them.
fn stand_beside(graph: &Graph, left: StateId, right: StateId) -> bool {
    let mut around = std::iter::once(left).chain(graph.ancestors(left));
    let common = around.find(|outer| *outer == right || graph.contains(*outer, right));
    common
        .is_some_and(|outer| graph.kind(outer) == Kind::Parallel && outer != left && outer != right)
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
            Kind::Activity(_)
            | Kind::Machine(_)
            | Kind::Delay(_)
            | Kind::Composite(_)
            | Kind::Parallel,
            Trigger::Done,
        ) => None,
        (_, Trigger::Done) => {
            Some("only activities, delays, machines, composite and parallel states end")
        }
        (
            Kind::Simple | Kind::Signal | Kind::Delay(_) | Kind::Fork(_) | Kind::Parallel,
            Trigger::Failed | Trigger::TimedOut,
        ) => Some("only activities and machines fail"),
        (_, Trigger::Event(_) | Trigger::After(_) | Trigger::Failed | Trigger::TimedOut) => None,
    }
}
