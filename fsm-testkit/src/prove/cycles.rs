//! Whether a graph can go round in a world of some mood at all: only then is it worth exploring.

use std::time::Duration;

use fsm_core::{Graph, Kind, StateId, Trigger};

use super::world::Mood;

/// Whether some cycle of transitions can be taken in a world of this mood.
///
/// # Complexity
/// O(states + transitions).
pub(super) fn can_go_round(graph: &Graph, mood: Mood) -> bool {
    can_go_round_in(graph, mood, |_| true)
}

/// As [`can_go_round`], of cycles that stay within some of the states.
///
/// # Complexity
/// O(states + transitions).
pub(super) fn can_go_round_in(graph: &Graph, mood: Mood, is_in: impl Fn(StateId) -> bool) -> bool {
    let states = graph.states().len();
    // By state, where it is entered; behind them, where it is left.
    let mut to: Vec<Vec<usize>> = vec![Vec::new(); 2 * states];
    for state in graph.states().filter(|state| is_in(*state)) {
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
        // A final state between a fork and its join leads to that.
        if let Kind::Fork(Some(join)) = graph.kind(state)
            && is_in(join)
        {
            to[leave].push(join.index());
        }
        if let Some(outer) = graph.parent(state).filter(|outer| is_in(*outer)) {
            to[leave].push(outer.index() + states);
            if graph.kind(outer) == Kind::Parallel {
                to[outer.index()].push(enter);
            }
        }
    }
    for (id, edge) in graph.transitions().filter(|(_, edge)| is_in(edge.from())) {
        if edge.is_internal() || !may_be_taken(graph, mood, edge.from(), edge.trigger()) {
            continue;
        }
        // A fork's branches begin as it is entered; it is left by its timers, and when they end.
        let begins = matches!(graph.kind(edge.from()), Kind::Fork(Some(_)))
            && edge.trigger() == Trigger::Always;
        let node = edge.from().index() + if begins { 0 } else { states };
        let targets = std::iter::once(edge.to()).chain(graph.also(id).iter().copied());
        to[node].extend(targets.filter(|to| is_in(*to)).map(|to| to.index()));
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
