//! Work with dependencies inside the scope of one fork: splits where several wait for one, joins
//! where one waits for several.

use fsm_core::JoinRule;

use super::layout::{Layout, Place};
use super::plan::{Plan, Rule};

/// A graph of dependencies.
#[derive(Clone, Debug, PartialEq)]
pub struct Dag {
    /// When the join at the end goes on.
    pub rule: Rule,
    /// The nodes; none: one that does nothing.
    pub nodes: Vec<Node>,
}

/// A node of a graph of dependencies.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it does.
    pub plan: Plan,
    /// Bit `n` set: waits for node `n`, if that one comes earlier.
    pub needs: u32,
}

impl Dag {
    fn needs(&self, node: usize) -> Vec<usize> {
        let earlier = 0..node.min(32);
        earlier.filter(|index| self.nodes[node].needs >> index & 1 == 1).collect()
    }
}

/// Lays nodes out from the last to the first: what a node leads to is there before it.
pub(super) fn lay_out(layout: &mut Layout<'_>, dag: &Dag, place: &Place) -> String {
    let skip = Dag { rule: dag.rule, nodes: vec![Node { plan: Plan::Skip, needs: 0 }] };
    let dag = if dag.nodes.is_empty() { &skip } else { dag };
    let needs: Vec<Vec<usize>> = (0..dag.nodes.len()).map(|node| dag.needs(node)).collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); dag.nodes.len()];
    for (node, needed) in needs.iter().enumerate() {
        needed.iter().for_each(|earlier| followers[*earlier].push(node));
    }
    let sinks = followers.iter().filter(|list| list.is_empty()).count();
    let (fork, join) = layout.fork(place, dag.rule, sinks);

    let inside = place.within(&fork).after(&place.next);
    let mut entrances = vec![String::new(); dag.nodes.len()];
    for node in (0..dag.nodes.len()).rev() {
        let next = match followers[node].as_slice() {
            [] => join.clone(),
            [one] => entrances[*one].clone(),
            several => {
                let split = layout.name("split");
                layout.hook(&inside, |graph| graph.split(&split));
                for follower in several {
                    layout.graph.transition(&split, &entrances[*follower]);
                }
                split
            }
        };
        let entry = layout.plan(&dag.nodes[node].plan, &inside.leading_to(&next));
        entrances[node] = match u32::try_from(needs[node].len()) {
            Ok(count @ 2..) => {
                let gather = layout.name("gather");
                let rule = JoinRule::AtLeast(super::layout::count(count));
                layout.hook(&inside, |graph| graph.join(&gather, rule));
                layout.graph.transition(&gather, &entry);
                gather
            }
            _ => entry,
        };
    }
    for (node, needed) in needs.iter().enumerate() {
        if needed.is_empty() {
            layout.graph.transition(&fork, &entrances[node]);
        }
    }
    fork
}
