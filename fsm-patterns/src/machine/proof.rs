//! A machine file as something to prove.
//!
//! What a run does depends on its context, on what comes with its events, and on Rust code. A proof
//! looks at all that could happen, so it begins with none of these known. What the file itself
//! writes is known from then on, and whatever hangs on nothing else is decided by the very code
//! that runs the machine. Of the rest an [`Oracle`] is asked.
//!
//! | what | in a proof |
//! |---|---|
//! | `$context` at the start | the declared members are there, with values that nobody knows |
//! | `$event` | [`unknown`], where something comes with it; null on the way of timers |
//! | a guard, a validator | decided, where what it reads decides it; else asked for |
//! | `set`, `transform`, `in`, `out` | done; what is made of something unknown is unknown |
//! | a guard in Rust | asked for |
//! | an action in Rust | makes the context of its machine unknown, save what is reserved |
//! | an activity | never ends by itself |
//!
//! Whether actions can be carried out may hang on something unknown, too: `$event.value + 1` needs
//! a number. That they can is assumed where a refusal would leave a token without a way on; where
//! an event would only be rejected, or another transition waits behind, both are looked at.

use std::collections::{HashMap, HashSet};
use std::future::pending;
use std::sync::Arc;

use fsm_core::{Bindings, Cause, Graph, Kind, Machine, Outcome, Scene, StateId, Trigger};
use serde_json::Value;

use super::MachineFile;
use super::bind::data;
use super::deed::{Bound, Deed, Doubts, note_anything};
use super::event::MachineEvent;
use super::file::Content;
use crate::expr;
use crate::oracle::Oracle;

const HOLDS: [&str; 2] = ["holds", "does not hold"];
const IS_DONE: [&str; 2] = ["can be done", "can't be done"];

/// A value that nobody knows, as the contexts of [proofs](MachineFile::machine_with) and their
/// events have it: the object `{"$unknown": null}`. With other members beside that name it is an
/// object of which only those are known.
pub fn unknown() -> Value {
    expr::unknown()
}

impl MachineFile {
    /// The machine of this file on data that may be unknown; see [`unknown`]. `oracle` is asked what
    /// only the data could tell, with the name of the graph's guard as the question. Rust code need
    /// not be there: its guards are asked for, its actions may have done anything, and its activities
    /// never end by themselves.
    ///
    /// Whatever the declared members of a context are, whatever comes with events, and whatever code
    /// does: how a run moves, this machine moves for some answers, save where actions that can't be
    /// carried out leave no way on.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use fsm_patterns::Oracle;
    /// use fsm_patterns::machine::{self, MachineEvent};
    ///
    /// /// Says yes to all that nobody knows.
    /// struct Optimist;
    ///
    /// impl Oracle for Optimist {
    ///     fn choose(&self, _question: &str, _answers: &[&'static str]) -> usize {
    ///         0
    ///     }
    /// }
    ///
    /// let file = machine::load("safe.yaml", "
    /// fsm: 1
    /// name: safe
    /// initial: locked
    /// states:
    ///   locked: { on: { code: { to: open, guard: $event.code == $context.code } } }
    ///   open: { entry: { set: { tries: 0 } }, on: { push: { to: locked, guard: $context.tries > 0 } } }
    /// ")?;
    /// let machine = file.machine_with(Arc::new(Optimist));
    /// let mut run = machine.begin(file.unknown_context());
    /// machine.send(&mut run, MachineEvent::with("code", machine::unknown()))?;
    ///
    /// // The code may be the right one. What `tries` is is known by now.
    /// assert!(machine.send(&mut run, MachineEvent::new("push")).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn machine_with(&self, oracle: Arc<dyn Oracle>) -> Machine<Value, MachineEvent> {
        let inner = &self.inner;
        let mut bindings = Bindings::new();
        let may_refuse = may_refuse(&inner.graph);
        for (label, plan) in &inner.plans {
            let asks = Question::of(inner, label, *plan, &may_refuse);
            let (inner, oracle, plan) = (inner.clone(), oracle.clone(), *plan);
            bindings = bindings.guard(label, move |context, scene| {
                let doubts = Doubts::default();
                let (plan, leaf) = (&inner.all_plans[plan], scene.state.index());
                let bound = Bound::Doubt(&doubts);
                plan.check(&inner.stations, leaf, context, data(scene), bound).is_ok()
                    && (!doubts.tests.get() || asks.holds(&*oracle, &inner, leaf))
                    && (!doubts.deeds.get().is_any() || asks.can_be_done(&*oracle))
            });
        }
        let guarded = Guarded::of(inner);
        for (label, deed) in &inner.deeds {
            let is_left_behind = guarded.left_behind.contains(&deed.label());
            let (deed, oracle, guarded) = (deed.clone(), oracle.clone(), guarded.clone());
            let question = format!("{label} at once");
            bindings = bindings.action(label, move |context, scene| {
                // Guards that were asked before may have seen another context.
                oracle.changed();
                let (doubts, before) = (Doubts::default(), context.clone());
                deed.perform_or_note(context, data(scene), Bound::Doubt(&doubts));
                let doubt = doubts.deeds.get();
                let is_asked = match guarded.how(scene) {
                    By::Guard => false,
                    By::EarlierGuard if is_left_behind => doubt.is_any(),
                    By::EarlierGuard => doubt.context,
                    By::Nothing => doubt.is_any(),
                };
                if is_asked && oracle.choose(&question, &IS_DONE) != 0 {
                    *context = before;
                    note_anything(context);
                }
            });
        }
        for (label, _) in &inner.works {
            bindings = bindings.activity(label, |_, _| pending::<Outcome<MachineEvent>>());
        }
        Machine::bind(inner.graph.clone(), bindings).expect("the names of this graph were bound")
    }

    /// What a run begins with whose context nobody knows: the members that the file declares are
    /// there, whatever they are, and there may be others.
    pub fn unknown_context(&self) -> Value {
        let mut context = unknown();
        if let (Value::Object(members), Value::Object(declared)) =
            (&mut context, &self.inner.context)
        {
            members.extend(declared.keys().map(|name| (name.clone(), unknown())));
        }
        context
    }

    /// Whether actions write to the context, by themselves or in Rust: then it matters which of two
    /// regions is first.
    pub fn acts(&self) -> bool {
        !self.inner.deeds.is_empty()
    }
}

/// What an oracle is asked for one guard of the graph.
struct Question {
    /// What must hold.
    holds: String,
    /// What must be possible; `None`: that is assumed.
    can_be_done: Option<String>,
    /// The state where the transition starts, if it matters from where within it is left.
    from: Option<usize>,
}

impl Question {
    fn of(content: &Content, label: &str, plan: usize, may_refuse: &HashMap<&str, bool>) -> Self {
        let may_refuse = may_refuse.get(label).copied().unwrap_or(false);
        let can_be_done = may_refuse.then(|| match label.strip_prefix("can ") {
            Some(deed) => deed.to_owned(),
            None => format!("what follows {label}"),
        });
        let plan = &content.all_plans[plan];
        let from = plan.minds_where_it_leaves().then_some(plan.from);
        Self { holds: label.to_owned(), can_be_done, from }
    }

    fn holds(&self, oracle: &dyn Oracle, content: &Content, leaf: usize) -> bool {
        match self.from {
            Some(from) if from != leaf => {
                let question = format!("{} (in {})", self.holds, content.stations[leaf].name);
                oracle.choose(&question, &HOLDS) == 0
            }
            Some(_) | None => oracle.choose(&self.holds, &HOLDS) == 0,
        }
    }

    fn can_be_done(&self, oracle: &dyn Oracle) -> bool {
        self.can_be_done.as_ref().is_none_or(|question| oracle.choose(question, &IS_DONE) == 0)
    }
}

/// By guard: whether all transitions that ask it leave a way on where they are refused.
fn may_refuse(graph: &Graph) -> HashMap<&str, bool> {
    // By state and trigger, the last transition that nothing refuses.
    let mut otherwise = HashMap::new();
    for (id, edge) in graph.transitions().filter(|(_, edge)| edge.guard().is_none()) {
        otherwise.insert((edge.from(), edge.trigger()), id);
    }
    let mut may_refuse = HashMap::new();
    for (id, edge) in graph.transitions() {
        let Some(guard) = edge.guard() else { continue };
        let behind = otherwise.get(&(edge.from(), edge.trigger()));
        let gives_way = matches!(edge.trigger(), Trigger::Event(_))
            || behind.is_some_and(|behind| behind.index() > id.index());
        *may_refuse.entry(graph.guard_name(guard)).or_insert(true) &= gives_way;
    }
    may_refuse
}

/// What has made sure that an action can be carried out.
enum By {
    /// A guard, right before.
    Guard,
    /// A guard, but another region may have acted since.
    EarlierGuard,
    Nothing,
}

/// Where actions are done without a guard before them.
#[derive(Clone)]
struct Guarded {
    /// By state: whether it is entered as a run begins.
    begins: Arc<[bool]>,
    /// By state: whether it lies in a region.
    in_region: Arc<[bool]>,
    /// What regions do on exit, which no guard sees where all are left at once.
    left_behind: Arc<HashSet<String>>,
}

impl Guarded {
    fn of(content: &Content) -> Self {
        let graph = &content.graph;
        let mut begins = vec![false; graph.states().len()];
        let around = graph.ancestors(graph.initial());
        std::iter::once(graph.initial())
            .chain(around)
            .for_each(|state| begins[state.index()] = true);
        // What lies within a state comes behind it.
        for state in graph.states() {
            let Some(parent) = graph.parent(state).filter(|_| !begins[state.index()]) else {
                continue;
            };
            begins[state.index()] = match graph.kind(parent) {
                Kind::Composite(initial) => begins[parent.index()] && initial == state,
                Kind::Parallel => begins[parent.index()],
                _ => false,
            };
        }
        let is_parallel = |state: StateId| graph.kind(state) == Kind::Parallel;
        let in_region = graph.states().map(|state| graph.ancestors(state).any(is_parallel));
        let in_region: Arc<[bool]> = in_region.collect();
        let inside = content.stations.iter().zip(&*in_region).filter(|(_, inside)| **inside);
        let exits = inside.flat_map(|(station, _)| station.exit.iter().map(Deed::label));
        let left_behind = Arc::new(exits.collect());
        Self { begins: begins.into(), in_region, left_behind }
    }

    fn how(&self, scene: &Scene<'_, MachineEvent>) -> By {
        let state = scene.state.index();
        let is_start = scene.cause == Cause::Always && scene.event.is_none();
        if (is_start && self.begins[state]) || scene.cause == Cause::Cancel {
            return By::Nothing;
        }
        if self.in_region[state] { By::EarlierGuard } else { By::Guard }
    }
}
