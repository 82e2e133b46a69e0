//! A flow as something to prove.
//!
//! What a run does depends on two things: on how its calls end, and on the data that they bring. A
//! proof looks at all that could happen, so it takes both as unknown. How a call may end is told
//! by [`Flow::endings`]. What only data could tell (does the condition hold? can the handler make
//! a value?) an [`Oracle`] is asked; whoever proves lets it give one answer after the other. All
//! else is decided by the very rules that run the flow, on the very graph that is drawn.
//!
//! Limits of what is looked at: a call that a rate limit postpones is the same call later, so it is
//! no ending of its own; how long something takes is left to whoever drives the machine.
//!
//! ```
//! use std::sync::Arc;
//! use fsm_core::Status;
//! use fsm_patterns::{Endpoint, Oracle, Orchestration};
//!
//! /// No condition holds, and nothing can be made.
//! struct Pessimist;
//!
//! impl Oracle for Pessimist {
//!     fn choose(&self, _question: &str, answers: &[&'static str]) -> usize {
//!         answers.len() - 1
//!     }
//! }
//!
//! let flow = Orchestration::sequential("shop")
//!     .endpoint(Endpoint::get("cart", "http://shop.test/cart"))
//!     .endpoint(Endpoint::get("gift", "http://shop.test/gift").condition("$inputs.total > 100"))
//!     .build()?;
//! let machine = flow.machine_with(Arc::new(Pessimist));
//! let mut run = machine.begin(flow.unknown_context());
//! let cart = flow.graph().state("cart").expect("the endpoint is a state");
//! let (name, ok) = flow.endings(cart).swap_remove(0);
//! assert_eq!(name, "ok");
//! machine.answer(&mut run, cart, ok)?;
//!
//! // The condition can't be told, so that step failed, and with it the run.
//! assert_eq!(run.status(), Status::Finished(flow.graph().state("run failed").unwrap()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::future::pending;
use std::sync::Arc;

use fsm_core::{
    Bindings, Graph, GuardId, Kind, Machine, Outcome, Retry, StateId, TransitionId, Trigger,
};
use fsm_http::ErrorKind;
use serde_json::Value;

use crate::call::interrupted;
use crate::compile::work;
use crate::context::FlowContext;
use crate::event::{Answered, FlowEvent, Refusal, Signal};
use crate::flow::Flow;
use crate::memory::Memory;
use crate::plan::{Errand, Unit};
use crate::request;
use crate::rules::proof::{Proof, statuses_of};
use crate::rules::{Rules, guard, undo};
use crate::spec::When;
use crate::step::StepError;
use crate::usage::Receipt;

/// Answers what only data could tell, where there is none.
pub trait Oracle: Send + Sync {
    /// Which of `answers` it is, by index; there are two at least, and a number past the last
    /// counts as the last. The question and its answer read as a sentence: "the condition of
    /// `pay`", "does not hold".
    fn choose(&self, question: &str, answers: &[&'static str]) -> usize;

    /// From here on the same question may have another answer: an action of a machine file changes
    /// what it is about. The questions of a flow are of data that does not change within a step.
    fn changed(&self) {}
}

impl Flow {
    /// The machine of this flow, with its rules and its graph, where `oracle` tells what only data
    /// could: whether conditions hold, handlers recover, and the output can be made. Its calls
    /// send nothing and never end by themselves; [`endings`](Self::endings) says how they may.
    /// `max_concurrent` is [left out](fsm_core::Graph::without_limit): what holds without a limit
    /// holds with any.
    pub fn machine_with(&self, oracle: Arc<dyn Oracle>) -> Machine<FlowContext, FlowEvent> {
        self.bound_to(self.graph().without_limit(), oracle)
    }

    /// As [`machine_with`](Self::machine_with), and no more calls are under way at once than
    /// `max_concurrent` says.
    pub fn limited_machine_with(&self, oracle: Arc<dyn Oracle>) -> Machine<FlowContext, FlowEvent> {
        self.bound_to(self.graph().clone(), oracle)
    }

    fn bound_to(&self, graph: Graph, oracle: Arc<dyn Oracle>) -> Machine<FlowContext, FlowEvent> {
        let Rules { plan, units, undos, .. } = &*self.rules;
        let proof = Some(Proof::new(plan, oracle));
        let (units, undos) = (units.clone(), undos.clone());
        let rules = Arc::new(Rules { plan: plan.clone(), units, undos, proof });
        let calls = plan.calls().map(work);
        let bindings = calls.fold(Bindings::new(), |bindings, call| {
            let rules = rules.clone();
            bindings
                .activity(call.clone(), |_, _| pending::<Outcome<FlowEvent>>())
                .interrupted(call, move |_, visit| interrupted(&rules, visit))
        });
        Machine::bind(graph, rules.bind(bindings))
            .expect("the names of this graph were bound before")
    }

    /// What a run begins with whose input nobody knows.
    pub fn unknown_context(&self) -> FlowContext {
        let mut context = FlowContext::new(&self.rules.plan, String::new(), Value::Null);
        context.usage = Vec::new();
        context
    }

    /// How one attempt of the call at `state` may end, each with a name: "ok"; "ok, from the
    /// cache" where that may make a difference; "fails for now" where another attempt may follow;
    /// "fails for good"; "outcome unknown" where the call can't be repeated. Nothing for a state
    /// that is no call.
    pub fn endings(&self, state: StateId) -> Vec<(&'static str, Outcome<FlowEvent>)> {
        let Some(errand) = self.rules.errand(state) else { return Vec::new() };
        if !matches!(self.graph().kind(state), Kind::Activity(_)) {
            return Vec::new();
        }
        let Some(spec) = self.rules.plan.endpoint(errand).call() else { return Vec::new() };
        let is_cache_seen = match errand {
            Errand::Step(index) => {
                self.rules.plan.flow.cache_ttl.is_some() && self.memory().is_status_read(index)
            }
            Errand::Undo(_) => false,
        };
        let mut endings = vec![("ok", answered(false))];
        if is_cache_seen {
            endings.push(("ok, from the cache", answered(true)));
        }
        if spec.retries() > 0 {
            endings.push(("fails for now", refused(ErrorKind::Status, Retry::Allowed(None))));
        }
        endings.push(("fails for good", refused(ErrorKind::Status, Retry::Never)));
        if request::is_unrepeatable(spec) {
            endings.push(("outcome unknown", refused(ErrorKind::UnknownOutcome, Retry::Never)));
        }
        endings
    }

    /// Takes from the context of a proof what no guard can look at any more, so that runs with the
    /// same future compare equal: data, outputs, errors, times, and what became of steps that
    /// nobody will ask about. The context must be of a run that stands still; `live` says whether a
    /// token stands at a state, or may still come there.
    ///
    /// What is forgotten is in no report.
    ///
    /// # Complexity
    /// O(endpoints + dependencies), and as many questions to `live`.
    pub fn forget(&self, context: &mut FlowContext, live: impl Fn(StateId) -> bool) {
        self.memory().forget(context, live);
    }

    /// The guards that see what other branches have come to meanwhile, so that it matters which
    /// branch is first: those of `error_threshold`. All others look at what was settled before
    /// their own branch came there.
    pub fn shared_guards(&self) -> Vec<GuardId> {
        let flow = &self.rules.plan.flow;
        let Some(share) = flow.error_threshold.filter(|_| !flow.fail_fast) else {
            return Vec::new();
        };
        let (graph, name) = (self.graph(), guard::beyond(share));
        let guards = graph.transitions().filter_map(|(_, transition)| transition.guard());
        let mut shared: Vec<GuardId> =
            guards.filter(|guard| graph.guard_name(*guard) == name).collect();
        shared.sort_unstable();
        shared.dedup();
        shared
    }

    /// The transitions that must be possible, or something that was written can never come to pass:
    /// each call may end well and badly, each delay ends, each signal may come, each condition on data may hold or not, each handler may recover,
    /// and the run may be completed, or late. The others are drawn for whatever may happen, also
    /// where it can't.
    pub fn promises(&self) -> Vec<TransitionId> {
        let graph = self.graph();
        let is_promised = |from: StateId, trigger: Trigger, guard: Option<&str>| {
            let unit = self.rules.units.get(from.index()).copied().flatten();
            match (trigger, unit, guard) {
                // What comes after a step may be such that nothing in it can fail.
                _ if self.rules.undos.contains_key(&from) => false,
                (Trigger::After(_) | Trigger::Done | Trigger::Failed, _, _) => true,
                (Trigger::Always, Some(unit), asked) if self.looks(from, unit) => {
                    asked != Some(guard::LOOK_FAULTY)
                }
                // What statuses alone decide may be decided once and for all: then nothing is lost
                // where it always holds.
                (Trigger::Always, Some(unit), None) if self.is_decided(unit) => false,
                (Trigger::Always, Some(unit), Some(name)) => {
                    let condition = self.rules.plan.condition(unit).map(guard::condition);
                    name == guard::RECOVERED || condition.is_some_and(|condition| condition == name)
                }
                (Trigger::Always, Some(unit), None) => {
                    let check = format!("{}.check", self.rules.plan.name(unit));
                    graph.name_of(from) == check
                }
                (Trigger::Always, None, guard) => {
                    guard.is_some() && graph.name_of(from) == "run settles"
                }
                // Somebody may send the signal.
                (Trigger::Event(_), _, _) => true,
                (Trigger::TimedOut, _, _) => false,
            }
        };
        let promised = graph.transitions().filter(|(_, transition)| {
            let guard = transition.guard().map(|guard| graph.guard_name(guard));
            is_promised(transition.from(), transition.trigger(), guard)
        });
        promised.map(|(id, _)| id).collect()
    }

    /// Whether it is told at `state` what an answer or a signal means to its step.
    fn looks(&self, state: StateId, unit: Unit) -> bool {
        self.graph().name_of(state) == format!("{}.look", self.rules.plan.name(unit))
    }

    /// The signals that a run may hear, each with what it is called.
    pub fn unknown_signals(&self) -> Vec<(String, FlowEvent)> {
        let event = |name: &str| {
            let name = name.to_owned();
            FlowEvent::Signal(Signal { name, payload: Arc::default() })
        };
        self.signals().into_iter().map(|name| (name.to_owned(), event(name))).collect()
    }

    /// Whether a unit's condition needs no data.
    fn is_decided(&self, unit: Unit) -> bool {
        match self.rules.plan.condition(unit) {
            Some(When::Expression(condition)) => statuses_of(condition).is_some(),
            Some(When::Code(_)) | None => false,
        }
    }

    /// Whether the first failure that nothing handles ends a run.
    pub fn fails_fast(&self) -> bool {
        self.rules.plan.flow.fail_fast
    }

    /// Whether a run of a proof that ends now leaves steps undone that were completed, though nobody
    /// failed to undo them. `context` is that of the run.
    pub fn leaves_undone(&self, context: &FlowContext) -> bool {
        let undoing = &context.undoing;
        let is_guessed = undoing.is_late && undo::is_guessed(&self.rules.plan);
        !undoing.completed.is_empty() && !is_guessed
    }

    /// Whether a state makes the call that undoes a step.
    pub fn is_undo(&self, state: StateId) -> bool {
        self.rules.undos.contains_key(&state)
    }

    /// Whether any step can be undone.
    pub fn undoes(&self) -> bool {
        !self.rules.plan.undos.is_empty()
    }

    fn memory(&self) -> &Memory {
        self.memory.get_or_init(|| Memory::new(&self.rules, self.graph()))
    }
}

impl FlowContext {
    /// How many steps have failed for good, with no handler that stood in for them.
    pub fn failures(&self) -> u32 {
        self.failed
    }

    /// What is left after [`Flow::forget`], as bytes: runs of one flow that stand at the same states
    /// and have the same key have the same future.
    pub fn key(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(4 + self.steps.len() + self.containers.len());
        key.extend(self.failed.to_le_bytes());
        key.extend(self.steps.iter().map(|step| {
            let status = step.status.map_or(0, |status| status as u8 + 1);
            status << 1 | u8::from(step.broken)
        }));
        key.extend(self.containers.iter().map(|container| u8::from(container.broken)));
        if !self.undoing.is_empty() {
            key.push(u8::from(self.undoing.is_late));
            key.extend(self.undoing.completed.iter().flat_map(|step| step.to_le_bytes()));
        }
        key
    }
}

fn answered(cached: bool) -> Outcome<FlowEvent> {
    let answered = Answered {
        output: Arc::default(),
        http_status: 200,
        latency_us: None,
        cached,
        receipt: Receipt::default(),
    };
    Outcome::Done(Some(FlowEvent::Answered(answered)))
}

fn refused(kind: ErrorKind, retry: Retry) -> Outcome<FlowEvent> {
    let error = StepError::new(kind, String::new());
    let receipt = Receipt::default();
    let refusal = Refusal { error, receipt, retry_after: None, latency_us: None };
    Outcome::Failed { event: Some(FlowEvent::Refused(refusal)), retry }
}
