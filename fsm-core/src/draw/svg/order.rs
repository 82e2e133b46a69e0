//! What comes before what: the edges of a scene between boxes and the ports of frames, turned so
//! that none leads back to where a run came from.
//!
//! The layout knows no edges that end at frames. A frame has two invisible ports: an entrance above
//! all that it holds, and an exit below. An edge into a frame ends at its entrance; one out of it
//! starts at its exit or, if it turns back, at its entrance.

use std::collections::{BTreeMap, BTreeSet};

use super::scene::Scene;

/// A box, or a port of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Vertex {
    Box(usize),
    Entrance(usize),
    Exit(usize),
}

/// An edge, from what is higher up to what is lower down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) upper: Vertex,
    pub(super) lower: Vertex,
    /// The line of the scene, if this is more than a rule about what stands above what.
    pub(super) line: Option<usize>,
}

/// What the layout is given.
#[derive(Debug)]
pub(super) struct Order {
    /// In the order in which a walk from the start finds them.
    pub(super) vertices: Vec<Vertex>,
    pub(super) links: Vec<Link>,
    /// By line of the scene: whether its head is the upper end.
    pub(super) turned: Vec<bool>,
}

impl Order {
    /// # Complexity
    /// O((boxes + lines) * depth of the frames).
    pub(super) fn of(scene: &Scene) -> Self {
        let walk = Walk::over(scene);
        let above = |upper, lower| walk.position(scene, upper) < walk.position(scene, lower);
        let mut links = Vec::with_capacity(scene.lines.len());
        let mut turned = Vec::with_capacity(scene.lines.len());
        let mut ports = BTreeSet::new();
        for (number, line) in scene.lines.iter().enumerate() {
            let head = line.head.clip.map_or(Vertex::Box(line.head.node), Vertex::Entrance);
            let tail = match line.tail.clip {
                Some(frame) if above(Vertex::Exit(frame), head) => Vertex::Exit(frame),
                Some(frame) => Vertex::Entrance(frame),
                None => Vertex::Box(line.tail.node),
            };
            ports.extend([tail, head].into_iter().filter(|end| !matches!(end, Vertex::Box(_))));
            let turn = above(head, tail);
            let (upper, lower) = if turn { (head, tail) } else { (tail, head) };
            links.push(Link { upper, lower, line: Some(number) });
            turned.push(turn);
        }
        hold_ports_apart(scene, &ports, &mut links, above);
        let vertices = walk.found.iter().copied();
        let drawn = |vertex: &Vertex| matches!(vertex, Vertex::Box(_)) || ports.contains(vertex);
        Self { vertices: vertices.filter(drawn).collect(), links, turned }
    }
}

impl Order {
    /// How many layers all links pass through together: what a layout costs grows with its square.
    ///
    /// # Complexity
    /// O((vertices + links) * log(vertices)).
    pub(super) fn length(&self) -> usize {
        let mut below: BTreeMap<Vertex, Vec<Vertex>> = BTreeMap::new();
        let mut waits: BTreeMap<Vertex, usize> = BTreeMap::new();
        let links = || self.links.iter().filter(|link| link.upper != link.lower);
        for link in links() {
            below.entry(link.upper).or_default().push(link.lower);
            *waits.entry(link.lower).or_default() += 1;
        }
        let mut layers: BTreeMap<Vertex, usize> = BTreeMap::new();
        let mut ready: Vec<Vertex> =
            self.vertices.iter().filter(|vertex| !waits.contains_key(vertex)).copied().collect();
        while let Some(upper) = ready.pop() {
            let next = layers.get(&upper).map_or(1, |layer| layer + 1);
            for &lower in below.get(&upper).into_iter().flatten() {
                let layer = layers.entry(lower).or_default();
                *layer = next.max(*layer);
                if let Some(left) = waits.get_mut(&lower) {
                    *left -= 1;
                    if *left == 0 {
                        ready.push(lower);
                    }
                }
            }
        }
        let layer = |vertex| layers.get(&vertex).copied().unwrap_or(0);
        links().map(|link| layer(link.lower).saturating_sub(layer(link.upper))).sum()
    }
}

/// Keeps the ports that are used, and the bars of forks and joins, above and below what their
/// frames hold: above what nothing within the frame leads to, below what leads to nothing in it.
fn hold_ports_apart(
    scene: &Scene,
    ports: &BTreeSet<Vertex>,
    links: &mut Vec<Link>,
    above: impl Fn(Vertex, Vertex) -> bool,
) {
    let mut led_to = BTreeSet::new();
    let mut leading = BTreeSet::new();
    let mut known = BTreeSet::new();
    for link in links.iter().filter(|link| link.upper != link.lower) {
        known.insert((link.upper, link.lower));
        let (Vertex::Box(upper), Vertex::Box(lower)) = (link.upper, link.lower) else { continue };
        for frame in around(scene, scene.boxes[upper].frame) {
            if around(scene, scene.boxes[lower].frame).any(|other| other == frame) {
                led_to.insert((frame, lower));
                leading.insert((frame, upper));
            }
        }
    }
    let mut hold = |upper, lower| {
        if above(upper, lower) && known.insert((upper, lower)) {
            links.push(Link { upper, lower, line: None });
        }
    };
    // Where one line leaves a frame at its exit, the others lead below the frame, too.
    for line in &scene.lines {
        for frame in around(scene, scene.boxes[line.tail.node].frame) {
            let head = scene.boxes[line.head.node].frame;
            let leaves = around(scene, head).all(|other| other != frame);
            if leaves && line.head.clip.is_none() && ports.contains(&Vertex::Exit(frame)) {
                hold(Vertex::Exit(frame), Vertex::Box(line.head.node));
            }
        }
    }
    for (number, boxed) in scene.boxes.iter().enumerate() {
        let inner = Vertex::Box(number);
        for frame in around(scene, boxed.frame) {
            let port = |port: Vertex| Some(port).filter(|port| ports.contains(port));
            if !led_to.contains(&(frame, number)) {
                let bar = scene.frames[frame].fork.map(Vertex::Box);
                bar.into_iter().chain(port(Vertex::Entrance(frame))).for_each(|at| hold(at, inner));
            }
            if !leading.contains(&(frame, number)) {
                let bar = scene.frames[frame].join.map(Vertex::Box);
                bar.into_iter().chain(port(Vertex::Exit(frame))).for_each(|at| hold(inner, at));
            }
        }
    }
}

/// A frame and those around it, innermost first.
fn around(scene: &Scene, frame: Option<usize>) -> impl Iterator<Item = usize> {
    std::iter::successors(frame, |frame| scene.frames[*frame].around)
}

/// A walk into the depth, from the dot where all begins.
struct Walk {
    found: Vec<Vertex>,
    /// By number of the vertex: its place in an order that all edges follow but those that lead
    /// back.
    positions: Vec<usize>,
}

impl Walk {
    fn over(scene: &Scene) -> Self {
        let count = scene.boxes.len() + 2 * scene.frames.len();
        let out = ways(scene);
        let mut found = Vec::with_capacity(count);
        let mut positions = vec![0; count];
        let mut met = vec![false; count];
        let mut done = 0;
        let roots = (0..count).map(|number| vertex(scene, number));
        for root in roots {
            let mut open = vec![(root, 0)];
            if std::mem::replace(&mut met[index(scene, root)], true) {
                continue;
            }
            found.push(root);
            while let Some((at, next)) = open.last_mut() {
                let number = index(scene, *at);
                let Some(&head) = out[number].get(*next) else {
                    done += 1;
                    positions[number] = count - done;
                    open.pop();
                    continue;
                };
                *next += 1;
                if !std::mem::replace(&mut met[index(scene, head)], true) {
                    found.push(head);
                    open.push((head, 0));
                }
            }
        }
        Self { found, positions }
    }

    fn position(&self, scene: &Scene, vertex: Vertex) -> usize {
        self.positions[index(scene, vertex)]
    }
}

/// Where one can go from each vertex. A frame is entered at its entrance and left at its exit only,
/// so that the walk finds all that a frame holds at a stretch; the exit comes first, so that what
/// lies behind it is done before, and comes after, what lies within.
fn ways(scene: &Scene) -> Vec<Vec<Vertex>> {
    let mut out = vec![Vec::new(); scene.boxes.len() + 2 * scene.frames.len()];
    let mut lead = |from, to| out[index(scene, from)].push(to);
    for frame in 0..scene.frames.len() {
        lead(Vertex::Entrance(frame), Vertex::Exit(frame));
    }
    for line in &scene.lines {
        let (tail, head) = (line.tail, line.head);
        let tails: Vec<usize> = around(scene, scene.boxes[tail.node].frame).collect();
        let heads: Vec<usize> = around(scene, scene.boxes[head.node].frame).collect();
        let left = tails.iter().rfind(|frame| !heads.contains(frame)).copied();
        let entered = heads.iter().rfind(|frame| !tails.contains(frame)).copied();
        lead(
            left.map_or(Vertex::Box(tail.node), Vertex::Exit),
            entered.map_or(Vertex::Box(head.node), Vertex::Entrance),
        );
    }
    for (number, frame) in scene.frames.iter().enumerate() {
        if let Some(fork) = frame.fork {
            lead(Vertex::Box(fork), Vertex::Entrance(number));
        }
        if let Some(join) = frame.join {
            lead(Vertex::Exit(number), Vertex::Box(join));
        }
    }
    for (number, boxed) in scene.boxes.iter().enumerate() {
        if let Some(frame) = boxed.frame {
            lead(Vertex::Entrance(frame), Vertex::Box(number));
        }
    }
    for (number, frame) in scene.frames.iter().enumerate() {
        if let Some(outer) = frame.around {
            lead(Vertex::Entrance(outer), Vertex::Entrance(number));
        }
    }
    out
}

fn index(scene: &Scene, vertex: Vertex) -> usize {
    match vertex {
        Vertex::Box(number) => number,
        Vertex::Entrance(frame) => scene.boxes.len() + 2 * frame,
        Vertex::Exit(frame) => scene.boxes.len() + 2 * frame + 1,
    }
}

fn vertex(scene: &Scene, index: usize) -> Vertex {
    match index.checked_sub(scene.boxes.len()) {
        None => Vertex::Box(index),
        Some(port) if port % 2 == 0 => Vertex::Entrance(port / 2),
        Some(port) => Vertex::Exit(port / 2),
    }
}
