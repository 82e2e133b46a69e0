//! The drawing that needs no other program: it is XML whatever names there are, nothing in it lies
//! on anything else, and lines end at what they touch.

use std::collections::{BTreeMap, HashSet};

use fsm_core::{Graph, Mark, Marks, SvgFault};
use fsm_testkit::strategies::{Size, any_graph};
use proptest::prelude::*;
use roxmltree::{Document, Node};

use crate::{dot_reader, gallery, marks, outside};

#[test]
fn each_kind_of_state_has_its_look() {
    for (name, graph) in gallery::all() {
        insta::assert_snapshot!(format!("{name}.svg"), svg(&graph));
    }
    let (player, marks) = marks::marked_player();
    let drawing = player.drawing().marked(&marks).to_svg().expect("it is small");
    insta::assert_snapshot!("player_marked.svg", drawing);
}

#[test]
fn the_gallery_is_laid_out_without_overlaps() {
    for (name, graph) in gallery::all() {
        for (drawing, dot) in drawings(&graph) {
            Picture::read(&drawing).check(&dot).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        }
    }
}

#[test]
fn nasty_names_are_text_and_nothing_else() {
    for graph in outside::graphs() {
        let drawing = graph.drawing().expanded().to_svg().expect("it is small");
        let document = Document::parse(&drawing).unwrap_or_else(|fault| panic!("{fault}"));
        let allowed =
            ["svg", "title", "g", "rect", "ellipse", "polygon", "polyline", "path", "text"];
        for element in document.descendants().filter(Node::is_element) {
            let name = element.tag_name().name();
            assert!(allowed.contains(&name), "an element <{name}>");
            let event = element.attributes().find(|attribute| attribute.name().starts_with("on"));
            assert!(event.is_none(), "{event:?}");
        }
    }
}

#[test]
fn marks_stand_out_by_their_lines_and_words() {
    let door = gallery::door();
    let closed = door.state("closed").expect("the door has this state");
    let mut looks = HashSet::new();
    for mark in [Mark::Active, Mark::Path, Mark::Added, Mark::Removed, Mark::Altered] {
        let marks = Marks::new().state(closed, mark);
        let drawing = door.drawing().marked(&marks).to_svg().expect("it is small");
        let document = Document::parse(&drawing).expect("it is XML");
        let state = |node: &Node| node.attribute("data-id") == Some("s_closed");
        let state = document.descendants().find(state).expect("the state is drawn");
        let shape = state.children().find(|node| node.has_tag_name("ellipse"));
        let width = shape.and_then(|shape| shape.attribute("stroke-width"));
        assert_eq!(width, Some("3"), "{mark:?}");
        looks.insert(texts(state));
    }
    assert_eq!(looks.len(), 5, "{looks:?}");
}

#[test]
fn a_label_that_was_cut_has_the_whole_text_in_its_title() {
    let drawing = svg(&gallery::choices());
    let document = Document::parse(&drawing).expect("it is XML");
    let cut = document
        .descendants()
        .filter(|node| node.attribute("class") == Some("label"))
        .find(|label| texts(*label).iter().any(|line| line.ends_with('…')))
        .expect("one guard is too long");
    let title = cut.children().find(|node| node.has_tag_name("title"));
    let title = title.and_then(|title| title.text()).expect("the label has a title");
    assert!(title.contains("$data.amount > 1 && ".repeat(20).trim()), "{title}");
}

#[test]
fn a_graph_that_nobody_can_look_at_is_refused() {
    let mut chain = Graph::builder("chain");
    for number in 0..1_001 {
        chain.simple(&number.to_string());
        chain.transition(&number.to_string(), &((number + 1) % 1_001).to_string()).on("next");
    }
    let chain = chain.initial("0").build().expect("the chain is sound");
    let fault = chain.to_svg().expect_err("it is too large");
    assert_eq!(
        fault.to_string(),
        "the drawing has 1001 states, and SVG is for graphs that a person can look at: at most \
         1000; draw it as DOT"
    );
    assert_eq!(fault, SvgFault::TooLarge { what: "states", size: 1_001, most: 1_000 });
}

#[test]
fn a_graph_that_is_too_tangled_is_refused_at_once() {
    let count = 60;
    let mut tangle = Graph::builder("tangle");
    for from in 0..count {
        tangle.simple(&from.to_string());
        for to in (0..count).filter(|to| (from + to) % 2 == 1) {
            tangle.transition(&from.to_string(), &to.to_string()).on(&to.to_string());
        }
    }
    let tangle = tangle.initial("0").build().expect("the tangle is sound");
    let fault = tangle.to_svg().expect_err("nobody can follow its lines");
    assert!(fault.to_string().contains("layers that transitions pass through"), "{fault}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(64)
    })]

    #[test]
    fn random_graphs_are_laid_out_without_overlaps(graph in any_graph(Size::SMALL)) {
        for (drawing, dot) in drawings(&graph) {
            let checked = Picture::read(&drawing).check(&dot);
            prop_assert!(checked.is_ok(), "{}\n{}", checked.unwrap_err(), dot);
        }
    }

    #[test]
    fn any_names_give_xml(names in outside::names()) {
        let graph = gallery::everything(&names);
        for (drawing, dot) in drawings(&graph) {
            let checked = Picture::read(&drawing).check(&dot);
            prop_assert!(checked.is_ok(), "{}\n{}", checked.unwrap_err(), dot);
        }
    }
}

fn svg(graph: &Graph) -> String {
    graph.to_svg().expect("the graph is small")
}

/// A graph in both directions, with and without what is inside of its machines, each beside the
/// drawing for Graphviz, which says what lies where.
fn drawings(graph: &Graph) -> Vec<(String, String)> {
    let plain = graph.drawing();
    [plain, plain.expanded(), plain.left_to_right()]
        .into_iter()
        .map(|drawing| (drawing.to_svg().expect("the graph is small"), drawing.to_dot()))
        .collect()
}

fn texts(node: Node) -> Vec<String> {
    let texts = node.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|text| text.text()).map(str::to_owned).collect()
}

#[derive(Clone, Copy, Debug)]
struct Rect {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Rect {
    /// How far numbers that are rounded to tenths may be off.
    const SLACK: f64 = 0.2;

    fn overlaps(&self, other: &Rect) -> bool {
        self.left < other.right - Self::SLACK
            && other.left < self.right - Self::SLACK
            && self.top < other.bottom - Self::SLACK
            && other.top < self.bottom - Self::SLACK
    }

    fn holds(&self, other: &Rect) -> bool {
        self.left <= other.left + Self::SLACK
            && self.top <= other.top + Self::SLACK
            && self.right >= other.right - Self::SLACK
            && self.bottom >= other.bottom - Self::SLACK
    }
}

/// The outline of a state or a frame.
#[derive(Clone, Debug)]
enum Outline {
    Ellipse(Rect),
    Polygon(Vec<(f64, f64)>),
}

impl Outline {
    fn of(rect: Rect) -> Self {
        let Rect { left, top, right, bottom } = rect;
        Outline::Polygon(vec![(left, top), (right, top), (right, bottom), (left, bottom)])
    }

    fn bounds(&self) -> Rect {
        match self {
            Outline::Ellipse(rect) => *rect,
            Outline::Polygon(corners) => {
                let (x, y) = corners[0];
                let first = Rect { left: x, top: y, right: x, bottom: y };
                corners.iter().fold(first, |all, (x, y)| Rect {
                    left: all.left.min(*x),
                    top: all.top.min(*y),
                    right: all.right.max(*x),
                    bottom: all.bottom.max(*y),
                })
            }
        }
    }

    /// How far a point is from the border.
    fn distance(&self, (x, y): (f64, f64)) -> f64 {
        match self {
            Outline::Ellipse(Rect { left, top, right, bottom }) => {
                let (across, along) = ((right - left) / 2.0, (bottom - top) / 2.0);
                let reach = ((x - left - across) / across).hypot((y - top - along) / along);
                (reach - 1.0).abs() * across.min(along)
            }
            Outline::Polygon(corners) => {
                let next = corners.iter().cycle().skip(1);
                let sides = corners.iter().zip(next);
                sides.map(|(from, to)| to_segment((x, y), *from, *to)).fold(f64::MAX, f64::min)
            }
        }
    }
}

fn to_segment((x, y): (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let square = (dx * dx + dy * dy).max(f64::MIN_POSITIVE);
    let part = (((x - from.0) * dx + (y - from.1) * dy) / square).clamp(0.0, 1.0);
    (x - from.0 - part * dx).hypot(y - from.1 - part * dy)
}

/// What a drawing shows, read from its text.
struct Picture {
    page: Rect,
    states: BTreeMap<String, Outline>,
    /// Words without a border.
    words: HashSet<String>,
    frames: BTreeMap<String, Outline>,
    lines: Vec<Line>,
    labels: Vec<Rect>,
}

struct Line {
    from: String,
    to: String,
    start: (f64, f64),
    tip: (f64, f64),
}

impl Picture {
    fn read(text: &str) -> Self {
        let document = Document::parse(text).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
        let root = document.root_element();
        let view = numbers(root.attribute("viewBox").expect("the drawing has a size"));
        let [left, top, width, height] = view[..] else { panic!("{view:?}") };
        let mut picture = Picture {
            page: Rect { left, top, right: left + width, bottom: top + height },
            states: BTreeMap::new(),
            words: HashSet::new(),
            frames: BTreeMap::new(),
            lines: Vec::new(),
            labels: Vec::new(),
        };
        for group in document.descendants().filter(|node| node.has_tag_name("g")) {
            let id = group.attribute("data-id").map(str::to_owned);
            let shape = group.children().find_map(outline);
            match (group.attribute("class"), id, shape) {
                (Some("state"), Some(id), Some(shape)) => {
                    picture.states.insert(id, shape);
                }
                (Some("state"), Some(id), None) => {
                    picture.words.insert(id);
                }
                (Some("frame"), Some(id), Some(shape)) => {
                    picture.frames.insert(id, shape);
                }
                (Some("label"), _, Some(shape)) => picture.labels.push(shape.bounds()),
                (Some("transition"), _, _) => picture.lines.push(line(group)),
                (class, ..) => assert_eq!(class, None, "an unknown group"),
            }
        }
        picture
    }

    /// Checks the places against the drawing for Graphviz, which says what lies in which frame.
    fn check(&self, dot: &str) -> Result<(), String> {
        let due = dot_reader::read(dot);
        let drawn: HashSet<&String> = self.states.keys().chain(&self.words).collect();
        same(&drawn, &due.nodes.keys().collect())?;
        let frame_of = |id: &String| id.trim_start_matches("cluster_").to_owned();
        let frames: HashSet<String> = due.frames.keys().map(frame_of).collect();
        same(&self.frames.keys().cloned().collect(), &frames)?;
        if self.lines.len() != due.edges.len() {
            return Err(format!("{} lines instead of {}", self.lines.len(), due.edges.len()));
        }

        let boxes: Vec<(&String, Rect)> =
            self.states.iter().map(|(id, outline)| (id, outline.bounds())).collect();
        for (at, (id, rect)) in boxes.iter().enumerate() {
            for (other, place) in &boxes[at + 1..] {
                if rect.overlaps(place) {
                    return Err(format!("{id} lies on {other}: {rect:?} {place:?}"));
                }
            }
            if !self.page.holds(rect) {
                return Err(format!("{id} lies outside of the page"));
            }
        }
        for (cluster, inside) in &due.inside {
            let frame = self.frames[&frame_of(cluster)].bounds();
            if !self.page.holds(&frame) {
                return Err(format!("{cluster} lies outside of the page"));
            }
            for (id, rect) in &boxes {
                let lies_inside = frame.holds(rect);
                if lies_inside != inside.contains(id) || (!lies_inside && frame.overlaps(rect)) {
                    return Err(format!("{id} and {cluster}: {rect:?} {frame:?}"));
                }
            }
        }
        let frames: Vec<(&String, Rect)> =
            self.frames.iter().map(|(id, outline)| (id, outline.bounds())).collect();
        for (at, (id, rect)) in frames.iter().enumerate() {
            for (other, place) in &frames[at + 1..] {
                if rect.overlaps(place) && !rect.holds(place) && !place.holds(rect) {
                    return Err(format!("the frames {id} and {other} cross: {rect:?} {place:?}"));
                }
            }
        }
        for line in &self.lines {
            self.check_end(&line.from, line.start)?;
            self.check_end(&line.to, line.tip)?;
        }
        for (at, label) in self.labels.iter().enumerate() {
            if let Some((id, rect)) = boxes.iter().find(|(_, rect)| label.overlaps(rect)) {
                return Err(format!("a label lies on {id}: {label:?} {rect:?}"));
            }
            if let Some(other) = self.labels[at + 1..].iter().find(|other| label.overlaps(other)) {
                return Err(format!("labels lie on each other: {label:?} {other:?}"));
            }
            if !self.page.holds(label) {
                return Err(format!("a label lies outside of the page: {label:?}"));
            }
        }
        Ok(())
    }

    fn check_end(&self, id: &str, point: (f64, f64)) -> Result<(), String> {
        let outline = match id.strip_prefix("frame ") {
            Some(frame) => &self.frames[frame],
            None if self.words.contains(id) => return Ok(()),
            None => &self.states[id],
        };
        let distance = outline.distance(point);
        match distance < 0.5 {
            true => Ok(()),
            false => Err(format!("a line ends {distance} away from {id}: {point:?} {outline:?}")),
        }
    }
}

fn same<T: Eq + std::hash::Hash + std::fmt::Debug>(
    found: &HashSet<T>,
    due: &HashSet<T>,
) -> Result<(), String> {
    match found == due {
        true => Ok(()),
        false => Err(format!("{found:?} instead of {due:?}")),
    }
}

fn outline(node: Node) -> Option<Outline> {
    let number = |name: &str| -> f64 {
        node.attribute(name).and_then(|text| text.parse().ok()).unwrap_or_default()
    };
    match node.tag_name().name() {
        "rect" => Some(Outline::of(Rect {
            left: number("x"),
            top: number("y"),
            right: number("x") + number("width"),
            bottom: number("y") + number("height"),
        })),
        "ellipse" => Some(Outline::Ellipse(Rect {
            left: number("cx") - number("rx"),
            top: number("cy") - number("ry"),
            right: number("cx") + number("rx"),
            bottom: number("cy") + number("ry"),
        })),
        "polygon" => {
            let points = numbers(node.attribute("points")?);
            Some(Outline::Polygon(points.chunks(2).map(|pair| (pair[0], pair[1])).collect()))
        }
        _ => None,
    }
}

fn line(group: Node) -> Line {
    let child = |name: &str| group.children().find(|node| node.has_tag_name(name));
    let path = child("path").and_then(|path| path.attribute("d")).expect("a line has a way");
    let way = numbers(path);
    let arrow = child("polygon").or_else(|| child("polyline")).expect("a line has an arrow");
    let arrow = numbers(arrow.attribute("points").expect("an arrow has corners"));
    let end = |name: &str| group.attribute(name).expect("a line has ends").to_owned();
    Line {
        from: end("data-from"),
        to: end("data-to"),
        start: (way[0], way[1]),
        tip: (arrow[2], arrow[3]),
    }
}

fn numbers(text: &str) -> Vec<f64> {
    let parts = text.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'));
    parts.filter(|part| !part.is_empty()).map(|part| part.parse().expect("a number")).collect()
}
