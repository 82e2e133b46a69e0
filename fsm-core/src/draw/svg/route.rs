//! Lines end where they meet what they touch: at the border of a shape, or of a frame.

use super::scene::{Boxed, Line, Scene};
use super::shape::{Point, Rect};

/// Cuts off what lies within the boxes and frames that lines touch.
pub(super) fn trim(scene: &mut Scene) {
    let Scene { boxes, frames, lines, .. } = scene;
    for line in lines {
        let mut points = std::mem::take(&mut line.points);
        if line.tail.node == line.head.node {
            narrow(&mut points, line, &boxes[line.tail.node]);
        }
        points = match line.head.clip {
            Some(frame) => cut(points, frames[frame].bounds),
            None => meet(points, &boxes[line.head.node]),
        };
        points.reverse();
        points = match line.tail.clip {
            Some(frame) => cut(points, frames[frame].bounds),
            None => meet(points, &boxes[line.tail.node]),
        };
        points.reverse();
        line.points = points;
        keep_label_close(line);
    }
}

/// Lets a loop pass beside its label instead of behind it.
fn narrow(points: &mut [Point], line: &Line, boxed: &Boxed) {
    let (half_width, half_height) = (boxed.size.width / 2.0, boxed.size.height / 2.0);
    let (right, below) = (boxed.center.x + half_width, boxed.center.y + half_height);
    let inner = points.len().saturating_sub(1);
    let beside = line.at.x > right;
    for point in points.get_mut(1..inner).unwrap_or_default() {
        if beside {
            let most = line.at.x - right;
            let part = (most - line.text.size.width / 2.0 - 3.0).max(8.0) / most;
            point.x = right + (point.x - right) * part.min(1.0);
        } else {
            let most = (line.at.y - below).max(1.0);
            let part = (most - line.text.size.height / 2.0 - 3.0).max(8.0) / most;
            point.y = below + (point.y - below) * part.min(1.0);
        }
    }
}

/// Ends a line where it enters the frame for the first time.
fn cut(mut points: Vec<Point>, frame: Rect) -> Vec<Point> {
    let Some(inside) = points.iter().position(|point| frame.holds(*point)) else { return points };
    if inside == 0 {
        return points;
    }
    let border = crossing(points[inside], points[inside - 1], frame);
    points.truncate(inside);
    points.push(border);
    points
}

/// Where the way from a point inside of a box to one outside of it crosses its border.
fn crossing(inside: Point, outside: Point, frame: Rect) -> Point {
    let part = |from: f64, to: f64, low: f64, high: f64| {
        let way = to - from;
        if way > 0.0 {
            (high - from) / way
        } else if way < 0.0 {
            (low - from) / way
        } else {
            1.0
        }
    };
    let across = part(inside.x, outside.x, frame.left, frame.right);
    let along = part(inside.y, outside.y, frame.top, frame.bottom);
    let reach = across.min(along).clamp(0.0, 1.0);
    Point {
        x: inside.x + (outside.x - inside.x) * reach,
        y: inside.y + (outside.y - inside.y) * reach,
    }
}

/// Ends a line, which leads to the middle of a box, at the border of its shape.
fn meet(mut points: Vec<Point>, boxed: &Boxed) -> Vec<Point> {
    if let [.., aim, end] = points.as_mut_slice() {
        *end = boxed.shape.border(boxed.center, boxed.size, *aim);
    }
    points
}

/// Moves a label to the middle of its line, should it stand where the line was cut off.
fn keep_label_close(line: &mut Line) {
    let near = |pair: &[Point]| distance(line.at, pair[0], pair[1]) < 4.0;
    let is_loop = line.tail.node == line.head.node;
    if line.text.is_empty() || is_loop || line.points.windows(2).any(near) {
        return;
    }
    let length = |pair: &&[Point]| pair[0].distance(pair[1]);
    let longest = line.points.windows(2).max_by(|a, b| length(a).total_cmp(&length(b)));
    if let Some(pair) = longest {
        line.at = pair[0].middle(pair[1]);
    }
}

/// From a point to the nearest point of the way between two others.
fn distance(point: Point, from: Point, to: Point) -> f64 {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let square = dx * dx + dy * dy;
    if square == 0.0 {
        return point.distance(from);
    }
    let part = ((point.x - from.x) * dx + (point.y - from.y) * dy) / square;
    let part = part.clamp(0.0, 1.0);
    point.distance(Point { x: from.x + dx * part, y: from.y + dy * part })
}
