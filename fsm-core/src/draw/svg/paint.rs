//! The scene as text: plain SVG, without scripts, styles, fonts, or ids, so that several drawings
//! can stand in one page. `data-id`, `data-from`, and `data-to` tell programs what is what.

use std::fmt::{self, Write};

use super::measure::Text;
use super::scene::{Boxed, Frame, Line, Role, Scene};
use super::shape::{Point, RING, Rect, Shape, Size, TAB};
use super::stretch::PADDING;
use crate::draw::escape;
use crate::draw::look::{self, INK};

/// The empty border of the drawing.
const MARGIN: f64 = 16.0;

/// The length of an arrow.
const ARROW: f64 = 9.0;

pub(super) fn paint(scene: &Scene, out: &mut impl Write) -> fmt::Result {
    let mut bounds = bounds(scene);
    let title = &scene.title;
    let center = (bounds.left + bounds.right) / 2.0;
    let half = (title.size.width / 2.0).max((bounds.right - bounds.left) / 2.0);
    bounds.left = center - half - MARGIN;
    bounds.right = center + half + MARGIN;
    let title_at = Point { x: center, y: bounds.top - MARGIN - title.size.height / 2.0 };
    bounds.top -= title.size.height + 2.0 * MARGIN;
    bounds.bottom += MARGIN;
    let mut pen = Pen { out };
    pen.head(bounds, title)?;
    for frame in &scene.frames {
        pen.frame(frame)?;
    }
    for line in &scene.lines {
        pen.line(scene, line)?;
    }
    for boxed in &scene.boxes {
        pen.boxed(boxed)?;
    }
    for line in scene.lines.iter().filter(|line| !line.text.is_empty()) {
        pen.label(line)?;
    }
    pen.text(title, title_at, INK)?;
    pen.out.write_str("</g>\n</svg>\n")
}

/// A box around all that is drawn.
fn bounds(scene: &Scene) -> Rect {
    let boxes = scene.boxes.iter().map(|boxed| Rect::around(boxed.center, boxed.size));
    let frames = scene.frames.iter().map(|frame| frame.bounds);
    let labelled = scene.lines.iter().filter(|line| !line.text.is_empty());
    let labels = labelled.map(|line| Rect::around(line.at, line.text.size));
    let points = scene.lines.iter().flat_map(|line| &line.points);
    let points = points.map(|point| Rect::around(*point, Size { width: 4.0, height: 4.0 }));
    let mut all = boxes.chain(frames).chain(labels).chain(points);
    let mut bounds = all.next().unwrap_or_default();
    for part in all {
        bounds.include(part);
    }
    bounds
}

struct Pen<'w, W> {
    out: &'w mut W,
}

impl<W: Write> Pen<'_, W> {
    fn head(&mut self, bounds: Rect, title: &Text) -> fmt::Result {
        let (left, top) = (bounds.left.floor(), bounds.top.floor());
        let (width, height) = ((bounds.right - left).ceil(), (bounds.bottom - top).ceil());
        writeln!(
            self.out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"{left} {top} {width} {height}\" role=\"img\">"
        )?;
        self.title(title)?;
        writeln!(
            self.out,
            "\n<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"white\"/>"
        )?;
        self.out.write_str(
            "<g font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\" \
             xml:space=\"preserve\" text-anchor=\"middle\" fill=\"none\">\n",
        )
    }

    /// What is shown where the pointer rests: the whole text.
    fn title(&mut self, text: &Text) -> fmt::Result {
        self.out.write_str("<title>")?;
        match &text.whole {
            Some(whole) => escape::xml(self.out, whole)?,
            None => escape::xml(self.out, &text.lines.join("\n"))?,
        }
        self.out.write_str("</title>")
    }

    fn frame(&mut self, frame: &Frame) -> fmt::Result {
        let Rect { left, top, right, bottom } = frame.bounds;
        write!(self.out, "<g class=\"frame\" data-id=\"{}\">", frame.id)?;
        if !frame.text.is_empty() {
            self.title(&frame.text)?;
        }
        write!(
            self.out,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"10\"",
            Number(left),
            Number(top),
            Number(right - left),
            Number(bottom - top)
        )?;
        self.stroke(frame.look.colour, frame.look.width)?;
        self.dashes(frame.look.line)?;
        self.out.write_str("/>")?;
        let leading = Text::leading(frame.text.font);
        for (number, line) in frame.text.lines.iter().enumerate() {
            let y = top + 4.0 + leading * number as f64 + frame.text.font;
            write!(
                self.out,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"start\" font-size=\"{}\" fill=\"{}\">",
                Number(left + PADDING),
                Number(y),
                Number(frame.text.font),
                frame.look.ink
            )?;
            escape::xml(self.out, line)?;
            self.out.write_str("</text>")?;
        }
        self.out.write_str("</g>\n")
    }

    fn boxed(&mut self, boxed: &Boxed) -> fmt::Result {
        let Boxed { shape, look, center, size, .. } = boxed;
        write!(self.out, "<g class=\"state\" data-id=\"{}\">", boxed.id)?;
        if !boxed.text.is_empty() {
            self.title(&boxed.text)?;
        }
        let mut at = *center;
        match shape {
            Shape::Words => {}
            Shape::Dot | Shape::Ellipse => self.ellipse(*center, *size, look)?,
            Shape::DoubleEllipse => {
                self.ellipse(*center, *size, look)?;
                let Size { width, height } = *size;
                let inner = Size { width: width - 2.0 * RING, height: height - 2.0 * RING };
                self.ellipse(*center, inner, look)?;
            }
            Shape::Round | Shape::Bar => {
                let radius = if *shape == Shape::Round { 9.0 } else { 4.0 };
                self.rect(Rect::around(*center, *size), radius, look)?;
            }
            Shape::Diamond | Shape::Hexagon | Shape::Flag | Shape::Folder => {
                let corners = shape.corners(*size).unwrap_or_default();
                self.polygon(
                    corners
                        .iter()
                        .map(|corner| Point { x: center.x + corner.x, y: center.y + corner.y }),
                )?;
                self.filled(look)?;
                // The text stands clear of the tip of a flag, and of the tab of a folder.
                if *shape == Shape::Flag {
                    at.x -= size.height * 0.15;
                } else if *shape == Shape::Folder {
                    at.y += TAB / 2.0;
                }
            }
        }
        self.text(&boxed.text, at, look.ink)?;
        self.out.write_str("</g>\n")
    }

    fn line(&mut self, scene: &Scene, line: &Line) -> fmt::Result {
        let id = |node: usize, clip: Option<usize>| match clip {
            Some(frame) => &scene.frames[frame].id,
            None => &scene.boxes[node].id,
        };
        let (from, to) = (id(line.tail.node, line.tail.clip), id(line.head.node, line.head.clip));
        let framed = |clip: Option<usize>| if clip.is_some() { "frame " } else { "" };
        write!(
            self.out,
            "<g class=\"transition\" data-from=\"{}{from}\" data-to=\"{}{to}\">",
            framed(line.tail.clip),
            framed(line.head.clip)
        )?;
        if !line.text.is_empty() {
            self.title(&line.text)?;
        }
        let [.., before, tip] = line.points.as_slice() else {
            return self.out.write_str("</g>\n");
        };
        let length = (ARROW + line.look.width).min(before.distance(*tip));
        let foot = tip.toward(*before, length);
        self.path(&line.points, line.at, if line.role == Role::Retry { *tip } else { foot })?;
        self.stroke(line.look.colour, line.look.width)?;
        self.dashes(line.look.line)?;
        self.out.write_str("/>")?;
        let half = length * 0.42;
        let (ux, uy) = match length > 0.0 {
            true => ((tip.x - foot.x) / length, (tip.y - foot.y) / length),
            false => (0.0, 1.0),
        };
        let left = Point { x: foot.x - uy * half, y: foot.y + ux * half };
        let right = Point { x: foot.x + uy * half, y: foot.y - ux * half };
        if line.role == Role::Retry {
            self.out.write_str("<polyline points=\"")?;
            self.points([left, *tip, right].into_iter())?;
            self.stroke(line.look.colour, line.look.width)?;
            self.out.write_str("/>")?;
        } else {
            self.polygon([left, *tip, right].into_iter())?;
            write!(self.out, " fill=\"{}\"/>", line.look.colour)?;
        }
        self.out.write_str("</g>\n")
    }

    /// A smooth way that starts and ends at the first and last point, passes by the others, and
    /// through `at`, where the label stands.
    fn path(&mut self, points: &[Point], at: Point, end: Point) -> fmt::Result {
        self.out.write_str("<path d=\"M")?;
        self.point(points[0])?;
        let last = points.len() - 1;
        for (number, pair) in points.windows(2).enumerate().skip(1) {
            let to = if number + 1 == last { end } else { pair[1] };
            if pair[0] == at {
                self.out.write_str("L")?;
                self.point(at)?;
                continue;
            }
            self.out.write_str("Q")?;
            self.point(pair[0])?;
            self.out.write_str(" ")?;
            self.point(if pair[1] == at { at } else { pair[0].middle(to) })?;
        }
        self.out.write_str("L")?;
        self.point(end)?;
        self.out.write_str("\"")
    }

    fn label(&mut self, line: &Line) -> fmt::Result {
        let Size { width, height } = line.text.size;
        let room = Rect::around(line.at, Size { width: width + 4.0, height });
        write!(
            self.out,
            "<g class=\"label\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"white\"/>",
            Number(room.left),
            Number(room.top),
            Number(width + 4.0),
            Number(height)
        )?;
        if line.text.whole.is_some() {
            self.title(&line.text)?;
        }
        self.text(&line.text, line.at, line.look.ink)?;
        self.out.write_str("</g>\n")
    }

    fn text(&mut self, text: &Text, center: Point, ink: &str) -> fmt::Result {
        let leading = Text::leading(text.font);
        let first = center.y - leading * (text.lines.len() as f64 - 1.0) / 2.0 + text.font * 0.35;
        for (number, line) in text.lines.iter().enumerate() {
            write!(
                self.out,
                "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{ink}\">",
                Number(center.x),
                Number(first + leading * number as f64),
                Number(text.font)
            )?;
            escape::xml(self.out, line)?;
            self.out.write_str("</text>")?;
        }
        Ok(())
    }

    fn ellipse(&mut self, center: Point, size: Size, look: &look::NodeLook) -> fmt::Result {
        write!(
            self.out,
            "<ellipse cx=\"{}\" cy=\"{}\" rx=\"{}\" ry=\"{}\"",
            Number(center.x),
            Number(center.y),
            Number(size.width / 2.0),
            Number(size.height / 2.0)
        )?;
        self.filled(look)
    }

    fn rect(&mut self, rect: Rect, radius: f64, look: &look::NodeLook) -> fmt::Result {
        write!(
            self.out,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"",
            Number(rect.left),
            Number(rect.top),
            Number(rect.right - rect.left),
            Number(rect.bottom - rect.top),
            Number(radius)
        )?;
        self.filled(look)
    }

    fn polygon(&mut self, points: impl Iterator<Item = Point>) -> fmt::Result {
        self.out.write_str("<polygon points=\"")?;
        self.points(points)
    }

    fn points(&mut self, points: impl Iterator<Item = Point>) -> fmt::Result {
        for (number, point) in points.enumerate() {
            if number > 0 {
                self.out.write_str(" ")?;
            }
            self.point(point)?;
        }
        self.out.write_str("\"")
    }

    fn point(&mut self, point: Point) -> fmt::Result {
        write!(self.out, "{},{}", Number(point.x), Number(point.y))
    }

    fn filled(&mut self, look: &look::NodeLook) -> fmt::Result {
        write!(self.out, " fill=\"{}\"", look.fill)?;
        self.stroke(look.border, look.width)?;
        self.out.write_str("/>")
    }

    fn stroke(&mut self, colour: &str, width: f64) -> fmt::Result {
        write!(self.out, " stroke=\"{colour}\" stroke-width=\"{}\"", Number(width))
    }

    fn dashes(&mut self, line: look::Line) -> fmt::Result {
        self.out.write_str(match line {
            look::Line::Solid => "",
            look::Line::Dashed => " stroke-dasharray=\"6 4\"",
            look::Line::Dotted => " stroke-dasharray=\"1.5 4\"",
        })
    }
}

/// A number with at most one digit behind the point: the same on every machine.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() as i64;
        let (sign, whole, rest) =
            (if tenths < 0 { "-" } else { "" }, tenths.abs() / 10, tenths.abs() % 10);
        match rest {
            0 => write!(f, "{sign}{whole}"),
            _ => write!(f, "{sign}{whole}.{rest}"),
        }
    }
}
