//! A flow as something to prove: the rules that run, on data that nobody knows.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use fsm_core::{Graph, GuardId, Kind, Machine, Phase, Snapshot, StateId, Status, TransitionId};
use fsm_patterns::{Flow, FlowContext, FlowEvent, Oracle};

use crate::prove::{Asked, Ending, Promise, Prover, Script, Subject};

/// The first failure that nothing handles ends the run in the step in which it comes.
pub const FAILS_FAST: &str = "fail_fast ends the run at once";

/// A run that does not complete has undone every step that was completed and can be undone, or has
/// tried to; asked where there is one.
pub const UNDOES: &str = "what was completed is undone before the run fails";

/// In a flow of more states than these, nothing is forgotten: it would take too long to tell what
/// can be.
const MOST_STATES: usize = 4_000;

/// A flow whose calls may end in any way, whose conditions may hold or not, and whose signals may
/// come at any time, or never.
pub struct FlowSubject {
    flow: Flow,
    machine: Machine<FlowContext, FlowEvent>,
    script: Arc<Script>,
    endings: Vec<Vec<Ending<FlowEvent>>>,
    signals: Vec<(String, FlowEvent)>,
    shared: Vec<GuardId>,
    promised: Vec<TransitionId>,
    /// By state, where a token may come from there; told when it is first asked.
    ahead: RefCell<HashMap<StateId, Vec<bool>>>,
}

struct Told(Arc<Script>);

impl Oracle for Told {
    fn choose(&self, question: &str, answers: &[&'static str]) -> usize {
        self.0.choose(question, answers)
    }
}

impl FlowSubject {
    /// A flow to be proven.
    pub fn new(flow: &Flow) -> Self {
        let script = Arc::new(Script::new());
        let machine = flow.machine_with(Arc::new(Told(script.clone())));
        let endings = flow.graph().states().map(|state| {
            let endings = flow.endings(state).into_iter();
            endings.map(|(name, outcome)| Ending::new(in_words(name), outcome)).collect()
        });
        Self {
            endings: endings.collect(),
            signals: flow.unknown_signals(),
            shared: flow.shared_guards(),
            promised: flow.promises(),
            flow: flow.clone(),
            machine,
            script,
            ahead: RefCell::default(),
        }
    }

    /// Whether a run does nothing more but undo.
    fn goes_back(&self, run: &Snapshot<FlowContext>) -> bool {
        run.tokens().all(|(state, _)| self.flow.is_undo(state))
    }

    /// Whether a token at `from` may come to `to`, or stands there.
    fn leads(&self, from: StateId, to: StateId) -> bool {
        let graph = self.machine.graph();
        let mut ahead = self.ahead.borrow_mut();
        ahead.entry(from).or_insert_with(|| reach(graph, from))[to.index()]
    }
}

/// How an ending reads behind the name of its call.
fn in_words(ending: &'static str) -> &'static str {
    match ending {
        "ok" => "ends well",
        "ok, from the cache" => "is answered from the cache",
        "outcome unknown" => "ends, and nobody knows how",
        other => other,
    }
}

/// Everywhere that a token at `from` may come, itself included.
fn reach(graph: &Graph, from: StateId) -> Vec<bool> {
    let mut out: HashMap<StateId, Vec<StateId>> = HashMap::new();
    for (id, edge) in graph.transitions() {
        let to = std::iter::once(edge.to()).chain(graph.also(id).iter().copied());
        out.entry(edge.from()).or_default().extend(to);
    }
    let mut seen = vec![false; graph.states().len()];
    let mut open = vec![from];
    while let Some(state) = open.pop() {
        if std::mem::replace(&mut seen[state.index()], true) {
            continue;
        }
        if let Kind::Composite(initial) = graph.kind(state) {
            open.push(initial);
        }
        // What leads out of a state around leads out of this one; a fork's branches do not.
        let around =
            graph.ancestors(state).filter(|state| !matches!(graph.kind(*state), Kind::Fork(_)));
        for level in std::iter::once(state).chain(around) {
            open.extend(out.get(&level).into_iter().flatten());
        }
    }
    seen
}

impl Subject for FlowSubject {
    type Context = FlowContext;
    type Event = FlowEvent;
    type Key = Vec<u8>;

    fn machine(&self) -> &Machine<FlowContext, FlowEvent> {
        &self.machine
    }

    fn context(&self) -> FlowContext {
        self.flow.unknown_context()
    }

    fn key(&self, run: &Snapshot<FlowContext>) -> Vec<u8> {
        run.context().key()
    }

    fn forget(&self, mut run: Snapshot<FlowContext>) -> Snapshot<FlowContext> {
        self.machine.generalize(&mut run);
        let is_small = self.machine.graph().states().len() <= MOST_STATES;
        let standing = run.tokens().filter(|(_, phase)| *phase != Phase::Owning);
        let standing: Vec<StateId> = standing.map(|(state, _)| state).collect();
        run.map_context(|mut context| {
            let live = |state| !is_small || standing.iter().any(|from| self.leads(*from, state));
            self.flow.forget(&mut context, live);
            context
        })
    }

    fn endings(&self, state: StateId) -> &[Ending<FlowEvent>] {
        &self.endings[state.index()]
    }

    fn events(&self) -> &[(String, FlowEvent)] {
        &self.signals
    }

    fn script(&self) -> Option<&Script> {
        Some(&self.script)
    }

    fn is_abstract(&self) -> bool {
        true
    }

    fn is_possible(&self, _: &[Asked]) -> bool {
        true
    }

    fn is_shared(&self, guard: GuardId) -> bool {
        self.shared.contains(&guard)
    }

    fn may_be_idle(&self, transition: TransitionId) -> bool {
        !self.promised.contains(&transition)
    }

    fn promises(&self) -> Vec<Promise<'_, FlowContext>> {
        let mut promises = Vec::new();
        if self.flow.fails_fast() {
            let holds = |run: &Snapshot<FlowContext>| {
                run.context().failures() == 0 || run.status().is_over() || self.goes_back(run)
            };
            promises.push(Promise { name: FAILS_FAST.to_owned(), holds: Box::new(holds) });
        }
        if self.flow.undoes() {
            let holds = |run: &Snapshot<FlowContext>| match run.status() {
                Status::Finished(end) if self.machine.graph().name_of(end) != "run completed" => {
                    !self.flow.leaves_undone(run.context())
                }
                Status::Finished(_)
                | Status::New
                | Status::Running
                | Status::Cancelled
                | Status::Stuck(_) => true,
            };
            promises.push(Promise { name: UNDOES.to_owned(), holds: Box::new(holds) });
        }
        promises
    }
}

impl Prover<FlowSubject> {
    /// Proves a flow: its calls may end in any way, its conditions may hold, not hold, or fail, and
    /// its handlers may recover or not.
    pub fn of_flow(flow: &Flow) -> Self {
        Self::new(FlowSubject::new(flow))
    }
}
