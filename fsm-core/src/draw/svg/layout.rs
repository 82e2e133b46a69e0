//! Where everything stands: layers from top to bottom (or from left to right), laid out by the
//! crate dagre, which knows frames.

use dagre::graph::{Graph, GraphOptions};
use dagre::layout::types::LabelPos;
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};

use super::order::{Order, Vertex};
use super::scene::{Role, Scene};
use super::shape::{Point, Rect, Size};
use crate::draw::Direction;

/// Gives every box, frame, and line of the scene its place.
pub(super) fn lay_out(scene: &mut Scene, order: &Order, direction: Direction) {
    let mut graph = graph(scene, order);
    let rankdir = match direction {
        Direction::TopToBottom => RankDir::TB,
        Direction::LeftToRight => RankDir::LR,
    };
    let options = LayoutOptions {
        rankdir,
        nodesep: 34.0,
        edgesep: 16.0,
        ranksep: 40.0,
        ..LayoutOptions::default()
    };
    dagre::layout(&mut graph, Some(options));
    read(scene, order, &graph);
}

type Dagre = Graph<NodeLabel, EdgeLabel>;

fn graph(scene: &Scene, order: &Order) -> Dagre {
    let options = GraphOptions { directed: true, multigraph: true, compound: true };
    let mut graph = Graph::with_options(options);
    for (number, frame) in scene.frames.iter().enumerate() {
        graph.set_node(frame_name(number), Some(NodeLabel::default()));
        if let Some(around) = frame.around {
            graph.set_parent(&frame_name(number), Some(&frame_name(around)));
        }
    }
    for &vertex in &order.vertices {
        let (size, frame) = match vertex {
            Vertex::Box(number) => (scene.boxes[number].size, scene.boxes[number].frame),
            Vertex::Entrance(frame) | Vertex::Exit(frame) => (PORT, Some(frame)),
        };
        let Size { width, height } = size;
        let label = NodeLabel { width, height, ..NodeLabel::default() };
        graph.set_node(name(vertex), Some(label));
        if let Some(frame) = frame {
            graph.set_parent(&name(vertex), Some(&frame_name(frame)));
        }
    }
    for (number, link) in order.links.iter().enumerate() {
        let label = match link.line {
            Some(line) => edge_label(scene, line),
            // What stands first in a frame keeps close to its entrance.
            None if matches!(link.upper, Vertex::Entrance(_)) => EdgeLabel::default(),
            None => EdgeLabel { weight: 0, ..EdgeLabel::default() },
        };
        let edge = link_name(number);
        graph.set_edge(name(link.upper), name(link.lower), Some(label), Some(&edge));
    }
    graph
}

const PORT: Size = Size { width: 1.0, height: 1.0 };

fn edge_label(scene: &Scene, line: usize) -> EdgeLabel {
    let line = &scene.lines[line];
    let (width, height) = match line.text.is_empty() {
        true => (0.0, 0.0),
        false => (line.text.size.width + 10.0, line.text.size.height + 6.0),
    };
    // What is entered stands right below its dot.
    let weight = if line.role == Role::Entry { 3 } else { 1 };
    EdgeLabel { width, height, weight, labelpos: LabelPos::Center, ..EdgeLabel::default() }
}

fn read(scene: &mut Scene, order: &Order, graph: &Dagre) {
    let place = |name: &str| {
        let label = graph.node(name).cloned().unwrap_or_default();
        let center = Point { x: label.x.unwrap_or(0.0), y: label.y.unwrap_or(0.0) };
        (center, Size { width: label.width, height: label.height })
    };
    for (number, boxed) in scene.boxes.iter_mut().enumerate() {
        boxed.center = place(&name(Vertex::Box(number))).0;
    }
    for (number, frame) in scene.frames.iter_mut().enumerate() {
        let (center, size) = place(&frame_name(number));
        frame.bounds = Rect::around(center, size);
    }
    for (number, link) in order.links.iter().enumerate() {
        let Some(line) = link.line else { continue };
        let (upper, lower) = (name(link.upper), name(link.lower));
        let label = graph.edge(&upper, &lower, Some(&link_name(number)));
        let label = label.cloned().unwrap_or_default();
        // The ends are where the line would meet boxes without shape; the router knows better.
        let inner = label.points.get(1..label.points.len().saturating_sub(1)).unwrap_or(&[]);
        let mut points = vec![place(&upper).0];
        points.extend(inner.iter().map(|point| Point { x: point.x, y: point.y }));
        points.push(place(&lower).0);
        if order.turned[line] {
            points.reverse();
        }
        let line = &mut scene.lines[line];
        line.points = points;
        line.at = Point { x: label.x.unwrap_or(0.0), y: label.y.unwrap_or(0.0) };
    }
}

fn name(vertex: Vertex) -> String {
    match vertex {
        Vertex::Box(number) => format!("b{number}"),
        Vertex::Entrance(frame) => format!("i{frame}"),
        Vertex::Exit(frame) => format!("o{frame}"),
    }
}

fn frame_name(number: usize) -> String {
    format!("f{number}")
}

fn link_name(number: usize) -> String {
    format!("l{number}")
}
