//! Parallel states: regions side by side, some of which come to an end and some of which do not.

use super::layout::{Layout, Place};
use super::plan::{Alarm, Plan, Wait, Way};
use crate::tally::{HEADS, TOSS};

/// A parallel state.
#[derive(Clone, Debug, PartialEq)]
pub struct Parallel {
    /// What stands side by side; none: one region that does nothing.
    pub regions: Vec<Region>,
    /// An event that leaves it, or is acted on in it, by its number.
    pub event: Option<(u8, Way)>,
    /// A timer of it.
    pub after: Option<Alarm>,
    /// How a transition enters it that names states within: two bits a region, 1 for the state
    /// that the region begins with, 2 for its end. 0: no such transition.
    pub named: u32,
}

/// A region of a parallel state.
#[derive(Clone, Debug, PartialEq)]
pub enum Region {
    /// A composite state that comes to its end.
    Plan(Plan),
    /// Regions within.
    Parallel(Parallel),
    /// A state that waits; what it waits for leaves the parallel state.
    Wait(Wait),
}

/// Where a region can be entered by name.
struct Doors {
    entry: String,
    end: Option<String>,
}

/// Lays a parallel state out; it is done when its regions are, or, where one of them does not end,
/// left by an event.
pub(super) fn lay_out(layout: &mut Layout<'_>, parallel: &Parallel, place: &Place) -> String {
    let (name, doors) = declare(layout, parallel, place);
    if ends(parallel) {
        layout.graph.transition(&name, &place.next).done().action(TOSS);
    }
    let named = doors.iter().take(16).enumerate().filter_map(|(index, doors)| {
        match parallel.named >> (2 * index) & 3 {
            1 => Some(doors.entry.clone()),
            2 => doors.end.clone(),
            _ => None,
        }
    });
    let targets: Vec<String> = named.collect();
    let Some((first, others)) = targets.split_first() else { return name };
    let choice = layout.name("enter");
    layout.hook(place, |graph| graph.choice(&choice));
    let into = layout.graph.transition(&choice, first);
    others.iter().fold(into, |edge, other| edge.also(other)).guard(HEADS).action(TOSS);
    layout.graph.transition(&choice, &name).action(TOSS);
    choice
}

fn ends(parallel: &Parallel) -> bool {
    parallel.regions.iter().all(|region| match region {
        Region::Plan(_) => true,
        Region::Parallel(inner) => ends(inner),
        Region::Wait(_) => false,
    })
}

fn declare(layout: &mut Layout<'_>, parallel: &Parallel, place: &Place) -> (String, Vec<Doors>) {
    let name = layout.name("parallel");
    layout.hook(place, |graph| graph.parallel(&name));
    let inside = place.within(&name).after(&place.next);
    let nothing = [Region::Plan(Plan::Skip)];
    let regions = match parallel.regions.as_slice() {
        [] => nothing.as_slice(),
        regions => regions,
    };
    let doors = regions.iter().map(|region| lay_region(layout, region, &inside)).collect();
    // Where a region does not end, an event is sure to lead out.
    let event = match (parallel.event, ends(parallel)) {
        (None | Some((_, Way::Stay)), false) => Some((0, Way::Next)),
        (event, _) => event,
    };
    layout.event(&name, event, place);
    layout.alarm(&name, parallel.after, place);
    (name, doors)
}

fn lay_region(layout: &mut Layout<'_>, region: &Region, inside: &Place) -> Doors {
    match region {
        Region::Plan(plan) => {
            let (name, end) = (layout.name("region"), layout.name("region end"));
            let within = inside.within(&name).leading_to(&end);
            layout.hook(&within, |graph| graph.final_state(&end));
            let entry = layout.plan(plan, &within);
            layout.hook(inside, |graph| graph.composite(&name, &entry));
            Doors { entry, end: Some(end) }
        }
        Region::Parallel(inner) => {
            let (entry, doors) = declare(layout, inner, inside);
            let end = doors.into_iter().next().and_then(|doors| doors.end);
            Doors { entry, end }
        }
        Region::Wait(wait) => Doors { entry: layout.wait(wait, inside), end: None },
    }
}
