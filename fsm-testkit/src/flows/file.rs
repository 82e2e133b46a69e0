//! A machine file as something to prove: what the file itself writes is known, everything else is
//! not.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use fsm_core::{GuardId, Kind, Machine, Outcome, Retry, Snapshot, StateId};
use fsm_patterns::Oracle;
use fsm_patterns::analysis::Guards;
use fsm_patterns::machine::{self, MachineEvent, MachineFile};
use serde_json::Value;

use super::horizon::{Horizon, canonical};
use crate::prove::{Asked, Ending, Prover, Script, Subject};

/// A machine file whose context nobody knows before the file writes it, whose events bring anything,
/// and whose Rust code may do anything.
///
/// Answers of guards that contradict each other are left out: "`$event.count > 5` holds" and
/// "`$event.count < 3` holds" are no case.
///
/// A machine that counts has no end of contexts. So that its proof has one, it looks no farther
/// than a horizon: where one member of the context has had 32 different values, it is unknown
/// from then on, and so is what is longer than 64 items, characters, or members, or lies more than
/// 8 deep. Where there are more than 4,096 different contexts, the horizon is at two values. A
/// member that is unknown stands for all of its values, so nothing that a run may do is missed;
/// but a fault may be reported that only the values beyond the horizon would exclude. Each
/// exploration begins with a new horizon, and goes the same way.
pub struct FileSubject {
    machine: Machine<Value, MachineEvent>,
    context: Value,
    script: Arc<Script>,
    events: Vec<(String, MachineEvent)>,
    /// For states whose failures may go away, and for those whose do not.
    endings: [Vec<Ending<MachineEvent>>; 2],
    guards: Guards,
    /// What was asked of the guards before.
    known: RefCell<HashMap<Vec<(GuardId, bool)>, bool>>,
    horizon: RefCell<Horizon>,
    has_lanes: bool,
}

struct Told(Arc<Script>);

impl Oracle for Told {
    fn choose(&self, question: &str, answers: &[&'static str]) -> usize {
        self.0.choose(question, answers)
    }

    fn changed(&self) {
        self.0.turn();
    }
}

impl FileSubject {
    /// A machine file to be proven.
    pub fn new(file: &MachineFile) -> Self {
        let script = Arc::new(Script::new());
        let machine = file.machine_with(Arc::new(Told(script.clone())));
        let event = |name: &str| {
            let event = MachineEvent::with(name, machine::unknown());
            (name.to_owned(), event)
        };
        let well = || Ending::new("ends well", MachineEvent::done(machine::unknown()));
        let failed = |retry| {
            let event = Some(MachineEvent::with("failed", machine::unknown()));
            Outcome::Failed { event, retry }
        };
        let for_good = || Ending::new("fails for good", failed(Retry::Never));
        let for_now = Ending::new("fails for now", failed(Retry::Allowed(None)));
        Self {
            context: file.unknown_context(),
            script,
            events: file.events().map(event).collect(),
            endings: [vec![well(), for_now, for_good()], vec![well(), for_good()]],
            guards: file.guards(),
            known: RefCell::default(),
            horizon: RefCell::default(),
            has_lanes: !file.acts(),
            machine,
        }
    }

    /// Whether guards can answer so, all asked of one context and one event.
    fn agree(&self, asked: &[Asked]) -> bool {
        let graph = self.machine.graph();
        let answers: Vec<(GuardId, bool)> = asked
            .iter()
            .filter_map(|asked| {
                let name = self.script.question(asked.question)?;
                Some((graph.guard(&name)?, asked.answer == 0))
            })
            .collect();
        if let Some(known) = self.known.borrow().get(&answers) {
            return *known;
        }
        let is_possible = !self.guards.is_possible(&answers).is_impossible();
        self.known.borrow_mut().insert(answers, is_possible);
        is_possible
    }
}

impl Subject for FileSubject {
    type Context = Value;
    type Event = MachineEvent;
    type Key = String;

    fn machine(&self) -> &Machine<Value, MachineEvent> {
        &self.machine
    }

    fn begin(&self) {
        self.horizon.take();
    }

    fn context(&self) -> Value {
        self.context.clone()
    }

    fn key(&self, run: &Snapshot<Value>) -> String {
        canonical(run.context())
    }

    fn forget(&self, mut run: Snapshot<Value>) -> Snapshot<Value> {
        // The order of tokens decides which of several takes an event.
        match self.events.is_empty() {
            true => self.machine.generalize(&mut run),
            false => self.machine.generalize_in_order(&mut run),
        }
        run.map_context(|context| self.horizon.borrow_mut().look(context))
    }

    fn endings(&self, state: StateId) -> &[Ending<MachineEvent>] {
        let graph = self.machine.graph();
        let retries = graph.retry(state).map_or(0, |policy| policy.count);
        match graph.kind(state) {
            Kind::Activity(_) | Kind::Machine(_) if retries > 0 => &self.endings[0],
            _ => &self.endings[1],
        }
    }

    fn events(&self) -> &[(String, MachineEvent)] {
        &self.events
    }

    fn script(&self) -> Option<&Script> {
        Some(&self.script)
    }

    fn is_abstract(&self) -> bool {
        true
    }

    fn has_lanes(&self) -> bool {
        self.has_lanes
    }

    fn is_possible(&self, asked: &[Asked]) -> bool {
        asked.chunk_by(|left, right| left.era == right.era).all(|era| self.agree(era))
    }

    fn is_shared(&self, _: GuardId) -> bool {
        false
    }
}

impl Prover<FileSubject> {
    /// Proves a machine file: its context may be anything where the file itself has not written
    /// it, events may bring anything, its Rust code may do and answer anything, and what conditions
    /// say of one context and one event holds together.
    pub fn of_file(file: &MachineFile) -> Self {
        Self::new(FileSubject::new(file))
    }
}
