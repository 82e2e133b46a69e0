//! What stateright's `eventually` misses, as its documentation says, and ours finds.

use fsm_testkit::model as ours;
use stateright::Checker as _;

/// The steps between four states; the condition is to come to the last one.
#[derive(Clone, Copy)]
struct Map(&'static [(u8, u8)]);

const NAME: &str = "it comes to 3";

/// Both must find the first; the others are in a cycle, and behind a join that was first reached
/// on a way that leads through 3.
pub(crate) fn show() {
    let straight = Map(&[(0, 1), (0, 3)]);
    let cycle = Map(&[(0, 1), (1, 0), (0, 3)]);
    let join = Map(&[(0, 3), (0, 1), (3, 2), (1, 2)]);
    for (map, is_found) in [(straight, true), (cycle, false), (join, false)] {
        let report = ours::Checker::new(&map).check();
        assert!(report.violations().next().is_some(), "{:?}: {report}", map.0);
        let theirs = stateright::Model::checker(map).spawn_bfs().join();
        assert_eq!(theirs.discovery(NAME).is_some(), is_found, "stateright on {:?}", map.0);
    }
}

impl Map {
    fn after(self, state: u8) -> impl Iterator<Item = u8> {
        self.0.iter().filter(move |(from, _)| *from == state).map(|(_, to)| *to)
    }
}

impl ours::Model for Map {
    type State = u8;
    type Action = u8;

    fn initial(&self) -> Vec<u8> {
        vec![0]
    }

    fn steps(&self, state: &u8, steps: &mut Vec<(u8, u8)>) {
        steps.extend(self.after(*state).map(|to| (to, to)));
    }

    fn properties(&self) -> Vec<ours::Property<Self>> {
        vec![ours::Property::eventually(NAME, |_, state| *state == 3)]
    }

    fn say_step(&self, _: &u8, to: &u8) -> String {
        format!("to {to}")
    }

    fn say_state(&self, state: &u8) -> String {
        state.to_string()
    }
}

impl stateright::Model for Map {
    type State = u8;
    type Action = u8;

    fn init_states(&self) -> Vec<u8> {
        vec![0]
    }

    fn actions(&self, state: &u8, actions: &mut Vec<u8>) {
        actions.extend(self.after(*state));
    }

    fn next_state(&self, _: &u8, to: u8) -> Option<u8> {
        Some(to)
    }

    fn properties(&self) -> Vec<stateright::Property<Self>> {
        vec![stateright::Property::<Self>::eventually(NAME, |_, state| *state == 3)]
    }
}
