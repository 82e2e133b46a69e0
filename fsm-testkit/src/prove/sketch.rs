//! A graph without its code, as something to prove: its guards may answer either way, its actions
//! may do anything, its activities may end in any way, and its events may come at any time.

use std::sync::Arc;

use fsm_core::{
    Bindings, Event, EventKey, Graph, GuardId, Kind, Machine, Outcome, Retry, Snapshot, StateId,
};

use super::script::{Asked, Script};
use super::subject::{Ending, Subject};

/// Which answers of guards can come together: what a proof knows of guards that are data.
///
/// Without it each guard may answer either way, whatever the others do.
pub trait Logic {
    /// Whether guards may answer so, all asked of one context and one event.
    fn is_possible(&self, answers: &[(GuardId, bool)]) -> bool;

    /// Whether a guard is taken to hold: one that only says that actions can be carried out.
    fn is_assumed(&self, guard: GuardId) -> bool {
        let _ = guard;
        false
    }
}

/// Knows nothing of guards.
impl Logic for () {
    fn is_possible(&self, _: &[(GuardId, bool)]) -> bool {
        true
    }
}

/// An event that is nothing but its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue(Arc<str>);

impl Event for Cue {
    fn key(&self) -> EventKey<'_> {
        EventKey::Name(&self.0)
    }
}

const ANSWERS: [&str; 2] = ["holds", "does not hold"];

/// A graph whose code is unknown.
pub struct Sketch<L> {
    machine: Machine<(), Cue>,
    script: Arc<Script>,
    events: Vec<(String, Cue)>,
    /// For states whose failures may go away, and for those whose do not.
    endings: [Vec<Ending<Cue>>; 2],
    logic: L,
}

impl<L: Logic> Sketch<L> {
    pub(super) fn new(graph: &Graph, logic: L) -> Self {
        let graph = graph.without_limit();
        let script = Arc::new(Script::new());
        let names = Names::of(&graph);
        let mut bindings = Bindings::<(), Cue>::new();
        for (name, guard) in names.guards {
            let script = script.clone();
            let is_assumed = logic.is_assumed(guard);
            let question = name.clone();
            bindings = bindings
                .guard(name, move |(), _| is_assumed || script.choose(&question, &ANSWERS) == 0);
        }
        for name in names.actions {
            let script = script.clone();
            bindings = bindings.action(name, move |(), _| script.turn());
        }
        for name in names.activities {
            bindings = bindings.activity(name, |(), _| async { Outcome::done() });
        }
        let cue = |name: &String| (name.clone(), Cue(name.as_str().into()));
        let events = names.events.iter().map(cue).collect();
        let machine = match Machine::bind(graph, bindings) {
            Ok(machine) => machine,
            Err(faults) => unreachable!("every name of the graph was bound: {faults}"),
        };
        let well = || Ending::new("ends well", Outcome::done());
        let for_good = || Ending::new("fails for good", Outcome::failed());
        let for_now = Outcome::Failed { event: None, retry: Retry::Allowed(None) };
        let for_now = Ending::new("fails for now", for_now);
        let endings = [vec![well(), for_now, for_good()], vec![well(), for_good()]];
        Self { machine, script, events, endings, logic }
    }
}

/// The names in a graph.
struct Names {
    guards: Vec<(String, GuardId)>,
    actions: Vec<String>,
    activities: Vec<String>,
    events: Vec<String>,
}

impl Names {
    fn of(graph: &Graph) -> Self {
        let guards = graph.guards().map(|(id, name)| (name.to_owned(), id)).collect();
        let actions = graph.actions().map(|(_, name)| name.to_owned()).collect();
        let activities = graph.activities().map(|(_, name)| name.to_owned()).collect();
        let events = graph.events().map(|(_, name)| name.to_owned()).collect();
        Self { guards, actions, activities, events }
    }
}

impl<L: Logic> Subject for Sketch<L> {
    type Context = ();
    type Event = Cue;
    type Key = ();

    fn machine(&self) -> &Machine<(), Cue> {
        &self.machine
    }

    fn context(&self) {}

    fn key(&self, _: &Snapshot<()>) {}

    fn forget(&self, mut run: Snapshot<()>) -> Snapshot<()> {
        // The order of tokens decides which of several takes an event.
        match self.events.is_empty() {
            true => self.machine.generalize(&mut run),
            false => self.machine.generalize_in_order(&mut run),
        }
        run
    }

    fn endings(&self, state: StateId) -> &[Ending<Cue>] {
        let graph = self.machine.graph();
        let retries = graph.retry(state).map_or(0, |policy| policy.count);
        match graph.kind(state) {
            Kind::Activity(_) | Kind::Machine(_) if retries > 0 => &self.endings[0],
            _ => &self.endings[1],
        }
    }

    fn events(&self) -> &[(String, Cue)] {
        &self.events
    }

    fn script(&self) -> Option<&Script> {
        Some(&self.script)
    }

    fn is_abstract(&self) -> bool {
        true
    }

    fn is_possible(&self, asked: &[Asked]) -> bool {
        asked.chunk_by(|left, right| left.era == right.era).all(|era| self.agree(era))
    }

    fn is_shared(&self, _: GuardId) -> bool {
        false
    }
}

impl<L: Logic> Sketch<L> {
    fn agree(&self, asked: &[Asked]) -> bool {
        let graph = self.machine.graph();
        let answers: Vec<(GuardId, bool)> = asked
            .iter()
            .filter_map(|asked| {
                let name = self.script.question(asked.question)?;
                Some((graph.guard(&name)?, asked.answer == 0))
            })
            .collect();
        self.logic.is_possible(&answers)
    }
}
