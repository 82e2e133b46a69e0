//! Whether a graph can go round in a world of some mood at all: only then is it worth exploring.

use std::time::Duration;

use fsm_core::{Graph, Kind, StateId, Trigger};

use super::world::Mood;

/// Whether some cycle of transitions can be taken in a world of this mood.
///
/// # Complexity
/// O(states + transitions).
pub(super) fn can_go_round(graph: &Graph, mood: Mood) -> bool {
    let states = graph.states().len();
    // By state, where it is entered; behind them, where it is left.
    let mut to: Vec<Vec<usize>> = vec![Vec::new(); 2 * states];
    for state in graph.states() {
        let (enter, leave) = (state.index(), state.index() + states);
        match graph.kind(state) {
            Kind::Composite(initial) => to[enter].push(initial.index()),
            Kind::Simple
            | Kind::Activity(_)
            | Kind::Choice
            | Kind::Fork(_)
            | Kind::Join(_)
            | Kind::Delay(_)
            | Kind::Signal
            | Kind::Parallel
            | Kind::Machine(_)
            | Kind::Final => to[enter].push(leave),
        }
        if let Some(outer) = graph.parent(state) {
            to[leave].push(outer.index() + states);
            if graph.kind(outer) == Kind::Parallel {
                to[outer.index()].push(enter);
            }
        }
    }
    for (id, edge) in graph.transitions() {
        if !edge.is_internal() && may_be_taken(graph, mood, edge.from(), edge.trigger()) {
            let leave = edge.from().index() + states;
            to[leave].push(edge.to().index());
            to[leave].extend(graph.also(id).iter().map(|state| state.index()));
        }
    }
    has_cycle(&to)
}

fn may_be_taken(graph: &Graph, mood: Mood, from: StateId, trigger: Trigger) -> bool {
    let works = matches!(graph.kind(from), Kind::Activity(_) | Kind::Machine(_));
    match (mood, trigger) {
        (Mood::Free, _) | (_, Trigger::Always) => true,
        (_, Trigger::Event(_)) => false,
        (Mood::Failing, Trigger::Done) => !works,
        (Mood::Failing, Trigger::Failed | Trigger::TimedOut | Trigger::After(_)) => true,
        (Mood::Answering, Trigger::TimedOut) => false,
        (Mood::Answering, Trigger::Done | Trigger::Failed | Trigger::After(_)) => true,
        (Mood::Still, Trigger::After(wait)) => wait == Duration::ZERO,
        (Mood::Still, Trigger::Failed | Trigger::TimedOut) => false,
        (Mood::Still, Trigger::Done) => match graph.kind(from) {
            Kind::Delay(wait) => wait == Duration::ZERO,
            _ => !works,
        },
    }
}

/// Takes away what nothing leads to, over and over; what is left goes round.
fn has_cycle(to: &[Vec<usize>]) -> bool {
    let mut before = vec![0usize; to.len()];
    to.iter().flatten().for_each(|next| before[*next] += 1);
    let mut open: Vec<usize> = (0..to.len()).filter(|node| before[*node] == 0).collect();
    let mut gone = 0;
    while let Some(node) = open.pop() {
        gone += 1;
        for next in &to[node] {
            before[*next] -= 1;
            if before[*next] == 0 {
                open.push(*next);
            }
        }
    }
    gone < to.len()
}
