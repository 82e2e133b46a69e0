//! Single states and transitions: what each kind may have, and where it may lie.

use std::collections::HashMap;

use crate::graph::{Graph, GraphFault, JoinRule, Kind, StateId, Transition, Trigger};

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
pub(super) fn misplaced(
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
