//! A graph as text: state by state, a transition a line, so that a change shows where it is.

use std::fmt::Write as _;

use fsm_core::{Graph, JoinRule, Kind, RetryPolicy, StateId, TransitionId};

/// A graph as text: every state in declared order, with its kind and all that it does, and its
/// transitions in the order in which they are tried.
///
/// It has everything that the graph says, but for machines within it, of which it tells the
/// fingerprint.
///
/// # Complexity
/// O(states + transitions), and the text's length.
pub fn graph_snapshot(graph: &Graph) -> String {
    let mut text = format!("graph {}, begins at {}", graph.name(), graph.name_of(graph.initial()));
    if let Some(count) = graph.max_concurrent() {
        let _ = write!(text, ", at most {count} activities at once");
    }
    text.push_str("\n\n");
    let mut by_state: Vec<Vec<TransitionId>> = vec![Vec::new(); graph.states().len()];
    for (id, edge) in graph.transitions() {
        by_state[edge.from().index()].push(id);
    }
    for state in graph.states() {
        let _ = writeln!(text, "{}: {}", graph.name_of(state), kind(graph, state));
        for (name, actions) in [
            ("entry", graph.entry_actions(state).collect::<Vec<_>>()),
            ("exit", graph.exit_actions(state).collect()),
        ] {
            if !actions.is_empty() {
                let _ = writeln!(text, "  {name} / {}", actions.join(", "));
            }
        }
        for id in &by_state[state.index()] {
            let _ = writeln!(text, "  {}", transition(graph, *id));
        }
    }
    text
}

fn kind(graph: &Graph, state: StateId) -> String {
    let name = |state| graph.name_of(state);
    let mut text = match graph.kind(state) {
        Kind::Simple => "simple".to_owned(),
        Kind::Activity(activity) => format!("activity {}", graph.activity_name(activity)),
        Kind::Choice => "choice".to_owned(),
        Kind::Fork(Some(join)) => format!("fork, joined at {}", name(join)),
        Kind::Fork(None) => "split".to_owned(),
        Kind::Join(JoinRule::All) => "join of all".to_owned(),
        Kind::Join(JoinRule::Any) => "join of any".to_owned(),
        Kind::Join(JoinRule::AtLeast(count)) => format!("join of {count}"),
        Kind::Delay(wait) => format!("delay of {wait:?}"),
        Kind::Signal => "signal".to_owned(),
        Kind::Composite(initial) => format!("composite, begins at {}", name(initial)),
        Kind::Parallel => "parallel".to_owned(),
        Kind::Machine(activity) => format!("machine {}", graph.activity_name(activity)),
        Kind::Final => "final".to_owned(),
    };
    if let Some(inner) = graph.inner(state) {
        let _ = write!(text, ", graph {}", inner.fingerprint());
    }
    if let Some(limit) = graph.timeout(state) {
        let _ = write!(text, ", timeout {limit:?}");
    }
    if let Some(policy) = graph.retry(state) {
        let _ = write!(text, ", {}", retry(policy));
    }
    if let Some(outer) = graph.parent(state) {
        let _ = write!(text, ", within {}", name(outer));
    }
    text
}

fn retry(policy: RetryPolicy) -> String {
    let RetryPolicy { count, delay, max_delay, max_wait } = policy;
    let mut text = format!("retry {count}");
    let usual = RetryPolicy::new(count);
    if delay != usual.delay {
        let _ = write!(text, " after {delay:?}");
    }
    if max_delay != usual.max_delay {
        let _ = write!(text, " up to {max_delay:?}");
    }
    if let Some(longest) = max_wait {
        let _ = write!(text, " unless it is to wait more than {longest:?}");
    }
    text
}

fn transition(graph: &Graph, id: TransitionId) -> String {
    let edge = graph.transition(id);
    let mut text = graph.trigger_label(edge.trigger());
    if let Some(guard) = edge.guard() {
        let _ = write!(text, " [{}]", graph.guard_name(guard));
    }
    match edge.is_internal() {
        true => text.push_str(" stays"),
        false => {
            let others = graph.also(id).iter().copied();
            let to: Vec<&str> =
                std::iter::once(edge.to()).chain(others).map(|to| graph.name_of(to)).collect();
            let _ = write!(text, " -> {}", to.join(", "));
        }
    }
    let actions: Vec<&str> = graph.actions_of(edge).collect();
    if !actions.is_empty() {
        let _ = write!(text, " / {}", actions.join(", "));
    }
    text
}
