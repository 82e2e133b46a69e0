//! `depends_on`: names of siblings that can come before.

use std::collections::{HashMap, HashSet, VecDeque};

use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

use super::names;
use super::outline::{At, Outline};
use super::spelling;
use crate::fault::{Fault, Place};
use crate::spec::Mode;

/// More faults than these get no "did you mean", which would cost more than it helps.
pub(super) const MOST_HINTS: usize = 20;

/// The longest cycle that is spelt out.
const LONGEST_PATH: usize = 12;

/// The dependencies of one scope, by index.
pub(super) struct Order {
    pub(super) dependencies: Vec<Vec<usize>>,
    /// Each entry after its dependencies; `None` where there is a cycle, or where a dependency
    /// could not be resolved: then nobody can say what comes after what.
    pub(super) sorted: Option<Vec<usize>>,
}

/// Checks all scopes, and gives the order of each.
pub(super) fn check(outline: &Outline<'_>, faults: &mut Vec<Fault>) -> Vec<Order> {
    names::check_groups(outline, faults);
    (0..outline.scopes.len()).map(|scope| check_scope(outline, scope, faults)).collect()
}

fn check_scope(outline: &Outline<'_>, scope: usize, faults: &mut Vec<Fault>) -> Order {
    let entries = outline.scopes[scope].entries;
    let mode = outline.scopes[scope].mode;
    let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(entries.len(), entries.len());
    for _ in entries {
        graph.add_node(());
    }
    let mut dependencies = vec![Vec::new(); entries.len()];
    // Each dependency with its place, in the order of the entries.
    let mut edges = Vec::new();
    let mut all_known = true;
    for (index, entry) in entries.iter().enumerate() {
        let at = At { scope, index };
        let list = outline.place(at).key("depends_on");
        if mode == Mode::Fanout && !entry.depends_on().is_empty() {
            let message = format!("`{}` has `depends_on` in mode fanout", entry.name());
            let fault = Fault::new(list, message);
            faults.push(fault.hint("fanout calls all at once: remove it, or use mode parallel"));
            continue;
        }
        let mut seen = HashSet::new();
        for (position, name) in entry.depends_on().iter().enumerate() {
            let place = list.item(position);
            if !seen.insert(name.as_str()) {
                let message = format!("`{}` depends on `{name}` twice", entry.name());
                faults.push(Fault::new(place, message).hint("remove one of the two"));
                continue;
            }
            match resolve(outline, at, name, &place, faults.len()) {
                Ok(dependency) => {
                    dependencies[index].push(dependency);
                    edges.push((index, dependency, place));
                    graph.add_edge(NodeIndex::new(dependency), NodeIndex::new(index), ());
                }
                Err(fault) => {
                    all_known = false;
                    faults.push(fault);
                }
            }
        }
    }
    let component = report_cycles(outline, scope, &graph, &dependencies, &edges, faults);
    if mode.is_chain() {
        for (index, dependency, place) in edges {
            let in_cycle = component[index] == component[dependency];
            if dependency > index && !in_cycle {
                let (name, later) = (entries[index].name(), entries[dependency].name());
                let message = format!("`{name}` depends on `{later}`, which comes later");
                let hint = format!("mode {mode} runs in declared order: move `{later}` up");
                faults.push(Fault::new(place, message).hint(hint));
            }
        }
    }
    let sorted = if all_known { toposort(&graph, None).ok() } else { None };
    let sorted = sorted.map(|order| order.into_iter().map(NodeIndex::index).collect());
    Order { dependencies, sorted }
}

/// The sibling called `name`.
fn resolve(
    outline: &Outline<'_>,
    at: At,
    name: &str,
    place: &Place,
    faults: usize,
) -> Result<usize, Fault> {
    let entry = outline.entry(at).name();
    let found = outline.find(name);
    let Some(found) = found else {
        let message = format!("`{entry}` depends on the unknown name `{name}`");
        let fault = Fault::new(place.clone(), message);
        let siblings = outline.scopes[at.scope].entries.iter().map(|sibling| sibling.name());
        let others = siblings.filter(|sibling| *sibling != entry);
        let close = (faults < MOST_HINTS).then(|| spelling::closest(name, others)).flatten();
        return Err(match close {
            Some(close) => fault.hint(format!("did you mean `{close}`?")),
            None => fault.hint("name another endpoint of the flow"),
        });
    };
    if found == at {
        let fault = Fault::new(place.clone(), format!("`{entry}` depends on itself"));
        return Err(fault.hint("remove it"));
    }
    if found.scope == at.scope {
        return Ok(found.index);
    }
    let inside = outline.scopes[found.scope].group.map(|group| group.name.as_str());
    let around = outline.scopes[at.scope].group.map(|group| group.name.as_str());
    let (message, hint) = match (inside, around) {
        (Some(group), _) => (
            format!("`{entry}` depends on `{name}`, which lies in the group `{group}`"),
            format!("depend on `{group}`"),
        ),
        (None, Some(group)) => (
            format!("`{entry}` depends on `{name}`, which lies outside of the group `{group}`"),
            format!("let `{group}` depend on `{name}`"),
        ),
        (None, None) => (format!("`{entry}` cannot depend on `{name}`"), "remove it".to_owned()),
    };
    Err(Fault::new(place.clone(), message).hint(hint))
}

/// Reports one cycle of each knot, and gives the knot of each entry.
fn report_cycles(
    outline: &Outline<'_>,
    scope: usize,
    graph: &DiGraph<(), ()>,
    dependencies: &[Vec<usize>],
    edges: &[(usize, usize, Place)],
    faults: &mut Vec<Fault>,
) -> Vec<usize> {
    let entries = outline.scopes[scope].entries;
    let mut component = vec![0; entries.len()];
    let mut knots = Vec::new();
    for (number, nodes) in kosaraju_scc(graph).into_iter().enumerate() {
        for node in &nodes {
            component[node.index()] = number;
        }
        if nodes.len() > 1 {
            knots.extend(nodes.iter().map(|node| node.index()).min());
        }
    }
    knots.sort_unstable();
    for start in knots {
        let path = cycle(start, dependencies, &component);
        let second = path.get(1).copied().unwrap_or(start);
        let first = edges.partition_point(|(from, _, _)| *from < start);
        let edge = edges[first..].iter().find(|(_, to, _)| *to == second);
        let place = match edge {
            Some((_, _, place)) => place.clone(),
            None => outline.place(At { scope, index: start }),
        };
        let mut names: Vec<&str> = path.iter().map(|entry| entries[*entry].name()).collect();
        if names.len() > LONGEST_PATH {
            names.splice(LONGEST_PATH - 2..names.len() - 2, ["…"]);
        }
        let message = format!("`depends_on` makes a cycle: {}", names.join(" -> "));
        faults.push(Fault::new(place, message).hint("remove one of these dependencies"));
    }
    component
}

/// The shortest way from `start` along dependencies back to itself.
fn cycle(start: usize, dependencies: &[Vec<usize>], component: &[usize]) -> Vec<usize> {
    // Only the knot is kept in memory, so that many small knots stay cheap.
    let mut came_from: HashMap<usize, usize> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(entry) = queue.pop_front() {
        for dependency in dependencies[entry].iter().copied() {
            if dependency == start {
                let back = std::iter::successors(Some(entry), |last| came_from.get(last).copied());
                let mut path: Vec<usize> = std::iter::once(start).chain(back).collect();
                path.reverse();
                return path;
            }
            if component[dependency] == component[start] && !came_from.contains_key(&dependency) {
                came_from.insert(dependency, entry);
                queue.push_back(dependency);
            }
        }
    }
    vec![start]
}
