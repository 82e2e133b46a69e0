//! Room for the names of frames, of which the layout knows nothing.
//!
//! A cut through the whole drawing is pulled apart: whatever lies beyond it moves away. Boxes keep
//! their size and move with their middle, so what stood apart stays apart, and what lay within a
//! frame stays within it.

use super::scene::{Frame, Scene};
use super::shape::{Point, Rect};

/// The gap between a frame's border and its name.
pub(super) const PADDING: f64 = 8.0;

/// What the layout leaves free anyway, below the upper border of a frame.
const GAP: f64 = 12.0;

/// Makes room for the names of all frames.
pub(super) fn make_room(scene: &mut Scene) {
    let above = cuts(&scene.frames, |frame| {
        (!frame.text.is_empty()).then_some((frame.bounds.top, frame.text.size.height - GAP))
    });
    let beside = cuts(&scene.frames, |frame| {
        let due = frame.text.size.width + 2.0 * PADDING;
        let missing = due - (frame.bounds.right - frame.bounds.left);
        // The cut goes through the frame, not along its border, so that the border moves.
        (missing > 0.0).then_some((frame.bounds.right - 0.5, missing))
    });
    let moved = |point: Point| Point {
        x: point.x + shift(&beside, point.x),
        y: point.y + shift(&above, point.y),
    };
    for boxed in &mut scene.boxes {
        boxed.center = moved(boxed.center);
    }
    for Frame { bounds, .. } in &mut scene.frames {
        let (corner, other) = (
            moved(Point { x: bounds.left, y: bounds.top }),
            moved(Point { x: bounds.right, y: bounds.bottom }),
        );
        *bounds = Rect { left: corner.x, top: corner.y, right: other.x, bottom: other.y };
    }
    for line in &mut scene.lines {
        line.at = moved(line.at);
        for point in &mut line.points {
            *point = moved(*point);
        }
    }
}

/// Where to cut, in order, and how far to pull apart: cuts at one place are one.
fn cuts(frames: &[Frame], cut: impl Fn(&Frame) -> Option<(f64, f64)>) -> Vec<(f64, f64)> {
    let mut all: Vec<(f64, f64)> = frames.iter().filter_map(cut).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut cuts: Vec<(f64, f64)> = Vec::new();
    for (at, width) in all {
        match cuts.last_mut() {
            Some((last, widest)) if at - *last < 0.01 => *widest = widest.max(width),
            _ => cuts.push((at, width)),
        }
    }
    cuts
}

/// How far what lies at `at` moves.
fn shift(cuts: &[(f64, f64)], at: f64) -> f64 {
    cuts.iter().take_while(|(cut, _)| *cut + 0.01 < at).map(|(_, width)| width).sum()
}
