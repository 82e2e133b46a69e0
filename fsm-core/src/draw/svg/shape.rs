//! The shapes of states: how large they are around their text, and where a line meets them.

use crate::graph::Kind;

/// A point of the drawing; y grows downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Point {
    pub(super) fn middle(self, other: Point) -> Point {
        Point { x: (self.x + other.x) / 2.0, y: (self.y + other.y) / 2.0 }
    }

    pub(super) fn distance(self, other: Point) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// The point so far from here on the way to `other`.
    pub(super) fn toward(self, other: Point, far: f64) -> Point {
        let distance = self.distance(other);
        if distance == 0.0 {
            return self;
        }
        let part = far / distance;
        Point { x: self.x + (other.x - self.x) * part, y: self.y + (other.y - self.y) * part }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A box of the drawing, by its corners.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Rect {
    pub(super) fn around(center: Point, size: Size) -> Self {
        let (half_width, half_height) = (size.width / 2.0, size.height / 2.0);
        Self {
            left: center.x - half_width,
            top: center.y - half_height,
            right: center.x + half_width,
            bottom: center.y + half_height,
        }
    }

    pub(super) fn holds(&self, point: Point) -> bool {
        (self.left..=self.right).contains(&point.x) && (self.top..=self.bottom).contains(&point.y)
    }

    pub(super) fn include(&mut self, other: Rect) {
        self.left = self.left.min(other.left);
        self.top = self.top.min(other.top);
        self.right = self.right.max(other.right);
        self.bottom = self.bottom.max(other.bottom);
    }
}

/// What a node looks like, without its colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The dot where something is entered.
    Dot,
    /// Nothing but text.
    Words,
    Ellipse,
    DoubleEllipse,
    Round,
    Diamond,
    Bar,
    Hexagon,
    Flag,
    Folder,
}

/// The gap between the two lines of a final state.
pub(super) const RING: f64 = 4.0;

/// The height of the tab of a folder.
pub(super) const TAB: f64 = 5.0;

impl Shape {
    pub(super) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Simple => Shape::Ellipse,
            Kind::Activity(_) | Kind::Composite(_) | Kind::Parallel => Shape::Round,
            Kind::Choice => Shape::Diamond,
            Kind::Fork(_) | Kind::Join(_) => Shape::Bar,
            Kind::Delay(_) => Shape::Hexagon,
            Kind::Signal => Shape::Flag,
            Kind::Machine(_) => Shape::Folder,
            Kind::Final => Shape::DoubleEllipse,
        }
    }

    /// The size of the shape around text.
    pub(super) fn around(self, text: Size) -> Size {
        let Size { width, height } = text;
        let size = |width, height| Size { width, height };
        match self {
            Shape::Dot => size(11.0, 11.0),
            Shape::Words => size(width + 8.0, height + 4.0),
            // The text's corners lie within the ellipse: (1 / 1.7)² + (1 / 1.24)² < 1.
            Shape::Ellipse => size((width * 1.24 + 12.0).max(52.0), height * 1.7 + 4.0),
            Shape::DoubleEllipse => {
                size((width * 1.24 + 8.0).max(44.0) + 2.0 * RING, height * 1.7 + 2.0 + 2.0 * RING)
            }
            Shape::Round => size(width + 28.0, height + 18.0),
            // Likewise 1 / 2.4 + 1 / 1.72 < 1.
            Shape::Diamond => size(width * 1.72 + 8.0, height * 2.4 + 4.0),
            Shape::Bar => size((width + 24.0).max(110.0), height + 8.0),
            Shape::Hexagon => size(width + 24.0 + height * 0.5, height + 16.0),
            Shape::Flag => size(width + 28.0 + height * 0.5, height + 16.0),
            Shape::Folder => size(width + 28.0, height + 18.0 + TAB),
        }
    }

    /// The corners of a shape around its centre, for those that have any.
    pub(super) fn corners(self, size: Size) -> Option<Vec<Point>> {
        let (x, y) = (size.width / 2.0, size.height / 2.0);
        let points: Vec<(f64, f64)> = match self {
            Shape::Dot | Shape::Ellipse | Shape::DoubleEllipse => return None,
            Shape::Words | Shape::Round | Shape::Bar => vec![(-x, -y), (x, -y), (x, y), (-x, y)],
            Shape::Folder => {
                let (tab, top) = (-x * 0.3, -y + TAB);
                vec![(-x, -y), (tab, -y), (tab + TAB, top), (x, top), (x, y), (-x, y)]
            }
            Shape::Diamond => vec![(0.0, -y), (x, 0.0), (0.0, y), (-x, 0.0)],
            Shape::Hexagon => {
                let inset = x - y / 2.0;
                vec![(-inset, -y), (inset, -y), (x, 0.0), (inset, y), (-inset, y), (-x, 0.0)]
            }
            Shape::Flag => {
                let neck = x - y * 0.6;
                vec![(-x, -y), (neck, -y), (x, 0.0), (neck, y), (-x, y)]
            }
        };
        Some(points.into_iter().map(|(x, y)| Point { x, y }).collect())
    }

    /// Where a line from the centre towards `aim` leaves the shape.
    pub(super) fn border(self, center: Point, size: Size, aim: Point) -> Point {
        let (dx, dy) = (aim.x - center.x, aim.y - center.y);
        let reach = match self.corners(size) {
            _ if dx == 0.0 && dy == 0.0 => 0.0,
            None => 1.0 / (dx / (size.width / 2.0)).hypot(dy / (size.height / 2.0)),
            Some(corners) => reach(&corners, dx, dy),
        };
        Point { x: center.x + dx * reach, y: center.y + dy * reach }
    }
}

/// How far along `(dx, dy)` a line from within a shape meets its border.
fn reach(corners: &[Point], dx: f64, dy: f64) -> f64 {
    let next = corners.iter().cycle().skip(1);
    let mut reach = 0.0;
    for (from, to) in corners.iter().zip(next) {
        let (side_x, side_y) = (to.x - from.x, to.y - from.y);
        let turn = dx * side_y - dy * side_x;
        if turn == 0.0 {
            continue;
        }
        let along = (from.x * side_y - from.y * side_x) / turn;
        let across = (from.x * dy - from.y * dx) / turn;
        // A line through a corner meets one of its sides, however numbers are rounded.
        if (-1e-9..=1.0 + 1e-9).contains(&across) && along > reach {
            reach = along;
        }
    }
    reach
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_leaves_every_shape_at_its_border() {
        let size = Size { width: 80.0, height: 40.0 };
        let center = Point { x: 10.0, y: 20.0 };
        let right = Point { x: 500.0, y: 20.0 };
        let down = Point { x: 10.0, y: 500.0 };
        for shape in [Shape::Ellipse, Shape::Round, Shape::Diamond, Shape::Hexagon, Shape::Flag] {
            assert_eq!(shape.border(center, size, right), Point { x: 50.0, y: 20.0 }, "{shape:?}");
            assert_eq!(shape.border(center, size, down), Point { x: 10.0, y: 40.0 }, "{shape:?}");
        }
        let aslant = Point { x: 50.0, y: 40.0 };
        assert_eq!(Shape::Diamond.border(center, size, aslant), Point { x: 30.0, y: 30.0 });
        assert_eq!(Shape::Round.border(center, size, aslant), aslant);
    }
}
