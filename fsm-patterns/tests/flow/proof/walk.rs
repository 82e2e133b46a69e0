//! A walk through a flow of which nothing is known: calls end in any way and order, and an oracle
//! says whatever chance says.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use fsm_core::{
    Effects, Graph, Input, Machine, Move, Outcome, Snapshot, StateId, Status, Timer, Timestamp,
    Trace, Wait,
};
use fsm_patterns::{Flow, FlowContext, FlowEvent, Oracle, RunReport};
use proptest::prelude::*;

/// No walk is longer.
const LONGEST: usize = 2_000;

/// Chance, written down: one number a choice, and the first of all there is once they are used up,
/// so that a walk that fails shrinks to a dull one.
#[derive(Clone, Debug)]
pub(crate) struct Chance(Arc<Mutex<VecDeque<u8>>>);

impl Chance {
    fn below(&self, count: usize) -> usize {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        usize::from(numbers.pop_front().unwrap_or(0)) % count
    }
}

impl Oracle for Chance {
    fn choose(&self, question: &str, answers: &[&'static str]) -> usize {
        assert!(answers.len() > 1, "{question} has one answer");
        self.below(answers.len())
    }
}

/// The numbers of a walk.
pub(crate) fn any_chance() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..120)
}

/// What happens next.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// A call ends.
    Ends(Input<FlowEvent>),
    /// Time passes.
    Passes(Timer),
    /// Somebody sends a signal that is awaited.
    Hears(Input<FlowEvent>),
}

/// A walk under way.
pub(crate) struct Walk {
    pub(crate) flow: Flow,
    pub(crate) machine: Machine<FlowContext, FlowEvent>,
    pub(crate) run: Snapshot<FlowContext>,
    /// What the last step did.
    pub(crate) moves: Moves,
    pub(crate) effects: Effects,
    chance: Chance,
}

/// A run after its deadline.
pub(crate) struct Late {
    pub(crate) status: Status,
    /// It does nothing more but undo.
    pub(crate) undoes: bool,
}

/// Whether the run of a walk does nothing more but undo.
pub(crate) fn goes_back(walk: &Walk) -> bool {
    walk.run.tokens().all(|(state, _)| walk.flow.is_undo(state))
}

/// The moves of one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Moves(pub(crate) Vec<Move>);

impl Trace for Moves {
    fn moved(&mut self, step: Move) {
        self.0.push(step);
    }
}

impl Walk {
    pub(crate) fn begin(flow: &Flow, chance: &[u8]) -> Self {
        let chance = Chance(Arc::new(Mutex::new(chance.iter().copied().collect())));
        let machine = flow.machine_with(Arc::new(chance.clone()));
        let run = machine.snapshot(flow.unknown_context(), 0);
        let (moves, effects) = (Moves::default(), Effects::new());
        let mut walk = Self { flow: flow.clone(), machine, run, moves, effects, chance };
        walk.step(Timestamp::ZERO, &Input::Start);
        walk
    }

    /// Looks at every place where the walk comes by, the first and the last too.
    pub(crate) fn visit(mut self, mut look: impl FnMut(&Self)) -> Self {
        look(&self);
        for _ in 0..LONGEST {
            let Some(turn) = self.turn() else { return self };
            self.take(&turn);
            look(&self);
        }
        panic!("the walk has no end: {:?}", self.run);
    }

    /// Chooses among all calls under way, the timer that is due first, and a signal that is awaited; nothing once the run is
    /// over, or waits for nothing.
    pub(crate) fn turn(&self) -> Option<Turn> {
        let calls = self.machine.under_way(&self.run);
        let timer = self.machine.timers(&self.run).first().copied();
        let signals = self.flow.awaited(&self.run);
        let signal = signals.first().map(|awaited| awaited.signal);
        let count = calls.len() + usize::from(timer.is_some()) + usize::from(signal.is_some());
        if count == 0 {
            return None;
        }
        let choice = self.chance.below(count);
        let Some(call) = calls.get(choice) else {
            return match signal.filter(|_| choice + 1 == count) {
                Some(signal) => {
                    let event = self.flow.signal(signal, serde_json::Value::Null);
                    Some(Turn::Hears(Input::Event(event.expect("it is one of the flow's"))))
                }
                None => timer.map(Turn::Passes),
            };
        };
        let mut endings = self.flow.endings(call.state);
        let (_, outcome) = endings.swap_remove(self.chance.below(endings.len()));
        Some(Turn::Ends(Input::Outcome { ticket: call.ticket, outcome }))
    }

    pub(crate) fn take(&mut self, turn: &Turn) {
        match turn {
            Turn::Ends(input) | Turn::Hears(input) => self.step(self.run.now(), input),
            Turn::Passes(timer) => self.step(timer.at, &Input::Timer(timer.ticket)),
        }
    }

    /// The same run, where the deadline comes now: nothing if there is none.
    pub(crate) fn too_late(&self) -> Option<Late> {
        let timers = self.machine.timers(&self.run);
        let is_deadline = |timer: &&Timer| {
            let is_around = self.flow.graph().name_of(timer.state) == "the run";
            is_around && matches!(timer.wait, Wait::After(_))
        };
        let deadline = timers.iter().find(is_deadline)?;
        let mut run = self.run.clone();
        let input = Input::Timer(deadline.ticket);
        let mut effects = Effects::new();
        let fired = self.machine.step(&mut run, deadline.at, &input, &mut effects, &mut ());
        fired.expect("the timer is due");
        let undoes = run.tokens().all(|(state, _)| self.flow.is_undo(state));
        Some(Late { status: run.status(), undoes })
    }

    pub(crate) fn report(&self) -> RunReport {
        self.flow.report(&self.run)
    }

    pub(crate) fn is_at(&self, state: &str) -> bool {
        self.flow.graph().state(state).is_some_and(|state| self.run.is_at(state))
    }

    /// Forgets all that a proof would.
    pub(crate) fn forget(&mut self) {
        let reached = reached(self.flow.graph(), &self.run);
        let mut saved = serde_json::to_value(&self.run).expect("a snapshot is data");
        let mut context = self.run.context().clone();
        self.flow.forget(&mut context, |state| reached.contains(&state));
        saved["context"] = serde_json::to_value(&context).expect("a context is data");
        self.run = serde_json::from_value(saved).expect("it is read again");
    }

    fn step(&mut self, now: Timestamp, input: &Input<FlowEvent>) {
        let mut moves = Moves::default();
        let stepped = self.machine.step(&mut self.run, now, input, &mut self.effects, &mut moves);
        stepped.expect("what is awaited is accepted");
        self.moves = moves;
    }
}

/// The states where a token stands, or may still come by.
fn reached(graph: &Graph, run: &Snapshot<FlowContext>) -> HashSet<StateId> {
    let mut reached = HashSet::new();
    let mut open: Vec<StateId> = run.tokens().map(|(state, _)| state).collect();
    // The token that owns a scope goes on from its join, where those inside come to.
    if open.len() > 1 {
        open.retain(|state| !matches!(graph.kind(*state), fsm_core::Kind::Fork(_)));
    }
    while let Some(state) = open.pop() {
        if !reached.insert(state) {
            continue;
        }
        open.extend(
            graph
                .parent(state)
                .filter(|around| matches!(graph.kind(*around), fsm_core::Kind::Composite(_))),
        );
        let leaving = graph.transitions().filter(|(_, transition)| transition.from() == state);
        open.extend(leaving.map(|(_, transition)| transition.to()));
    }
    reached
}

/// An outcome as one of the endings of its call.
pub(crate) fn is_ending(flow: &Flow, state: StateId, outcome: &Outcome<FlowEvent>) -> bool {
    let repeats = flow.graph().retry(state).is_some();
    let kind = |outcome: &Outcome<FlowEvent>| match outcome {
        Outcome::Done(_) => (true, false, None),
        Outcome::Failed { event, retry } => {
            let Some(FlowEvent::Refused(refusal)) = event else { return (false, false, None) };
            let is_unknown = refusal.error.kind == fsm_http::ErrorKind::UnknownOutcome;
            (false, repeats && *retry != fsm_core::Retry::Never, Some(is_unknown))
        }
        Outcome::Postponed(_) => (true, true, None),
    };
    flow.endings(state).iter().any(|(_, ending)| kind(ending) == kind(outcome))
}
