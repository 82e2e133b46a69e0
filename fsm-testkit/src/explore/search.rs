//! The walk: breadth first over configurations, each found once.

use std::collections::{BTreeMap, HashSet};

use indexmap::{IndexMap, IndexSet};

use super::{Explorer, Seen};

/// A walk under way.
pub(super) struct Search<'e, 'a, S, E> {
    explorer: &'e Explorer<'a, S, E>,
    configurations: Vec<Configuration<S>>,
    /// State and key of each configuration.
    known: HashSet<(usize, String)>,
    explored: usize,
    record: Record,
}

struct Configuration<S> {
    state: usize,
    key: String,
    system: S,
    /// How often each event was sent here.
    samples: BTreeMap<usize, usize>,
}

/// What was seen, in the order in which it was.
pub(super) struct Record {
    pub(super) name: String,
    /// The states by name, each with the superstates around it, innermost first.
    pub(super) states: IndexMap<String, Vec<String>>,
    /// The shortest ways to the states.
    pub(super) ways: Ways,
    /// By state, whether a configuration of it was explored.
    pub(super) explored: Vec<bool>,
    pub(super) events: IndexSet<String>,
    pub(super) trials: Vec<Trial>,
    pub(super) configurations: usize,
    /// The bound, if it was reached.
    pub(super) stopped_at: Option<usize>,
}

/// The last step of a way: the configuration that it starts from, and the number of the event.
/// `None`: there is nowhere to go.
type Step = Option<(usize, usize)>;

/// Shortest ways, each by its last step: what leads to where that starts is a way, too.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways {
    to_configurations: Vec<Step>,
    to_states: Vec<Step>,
}

impl Ways {
    /// The numbers of the events that lead to a state.
    pub(super) fn to_state(&self, state: usize) -> Vec<usize> {
        let last = self.to_states.get(state).copied().flatten();
        let steps = std::iter::successors(last, |(from, _)| self.to_configurations[*from]);
        let mut events: Vec<usize> = steps.map(|(_, event)| event).collect();
        events.reverse();
        events
    }
}

/// One event sent in one configuration.
pub(super) struct Trial {
    pub(super) state: usize,
    pub(super) event: usize,
    pub(super) seen: Seen,
    pub(super) to: usize,
    pub(super) case: Case,
}

/// What may tell trials of one event apart.
pub(super) struct Case {
    pub(super) observed: String,
    pub(super) key: String,
    /// Which sample of the event this was in its configuration, from 1.
    pub(super) sample: usize,
}

impl<'e, 'a, S: Clone, E> Search<'e, 'a, S, E> {
    pub(super) fn new(explorer: &'e Explorer<'a, S, E>, mut first: S) -> Self {
        (explorer.begin)(&mut first);
        let record = Record {
            name: explorer.name.clone(),
            states: IndexMap::new(),
            ways: Ways::default(),
            explored: Vec::new(),
            events: IndexSet::new(),
            trials: Vec::new(),
            configurations: 0,
            stopped_at: None,
        };
        let mut search = Self {
            explorer,
            configurations: Vec::new(),
            known: HashSet::new(),
            explored: 0,
            record,
        };
        let (state, key) = (search.state_of(&first, None), (explorer.key)(&first));
        search.admit(state, key, first, None);
        search
    }

    /// The next configuration to send events to.
    pub(super) fn next(&mut self) -> Option<usize> {
        let at = self.explored;
        let state = self.configurations.get(at)?.state;
        self.explored += 1;
        self.record.explored[state] = true;
        Some(at)
    }

    pub(super) fn system(&self, at: usize) -> &S {
        &self.configurations[at].system
    }

    pub(super) fn send(&mut self, at: usize, name: &str, event: &E) {
        let number = self.record.events.insert_full(name.to_owned()).0;
        let from = &mut self.configurations[at];
        let sample = from.samples.entry(number).or_default();
        *sample += 1;
        let case = Case {
            observed: (self.explorer.observe)(&from.system, event),
            key: from.key.clone(),
            sample: *sample,
        };
        let (state, before) = (from.state, from.key.clone());
        let mut system = from.system.clone();
        let said = (self.explorer.step)(&mut system, event);
        let way = Some((at, number));
        let (to, key) = (self.state_of(&system, way), (self.explorer.key)(&system));
        let seen = match said {
            Seen::Ignored | Seen::Handled if to != state => Seen::Moved,
            Seen::HandledBy(superstate) if to != state => Seen::MovedBy(superstate),
            Seen::Ignored if key != before => Seen::Handled,
            as_said => as_said,
        };
        self.record.trials.push(Trial { state, event: number, seen, to, case });
        self.admit(to, key, system, way);
    }

    pub(super) fn finish(mut self) -> Record {
        self.record.configurations = self.configurations.len();
        self.record
    }

    /// The number of the system's state, which may be a new one.
    fn state_of(&mut self, system: &S, way: Step) -> usize {
        let name = (self.explorer.state)(system);
        if let Some(known) = self.record.states.get_index_of(&name) {
            return known;
        }
        self.record.ways.to_states.push(way);
        self.record.explored.push(false);
        self.record.states.insert_full(name, (self.explorer.around)(system)).0
    }

    fn admit(&mut self, state: usize, key: String, system: S, way: Step) {
        let name = (state, key.clone());
        if self.known.contains(&name) {
            return;
        }
        if self.configurations.len() >= self.explorer.at_most.max(1) {
            self.record.stopped_at = Some(self.configurations.len());
            return;
        }
        self.known.insert(name);
        self.record.ways.to_configurations.push(way);
        let samples = BTreeMap::new();
        self.configurations.push(Configuration { state, key, system, samples });
    }
}
