//! Flows that undo what was completed: what holds of each of them, how long a proof takes, and what
//! becomes of a run that dies on the way back.
//!
//! Calls side by side, each with an undo and three retries of both, in a debug build:
//!
//! | calls | settings | states | seconds |
//! |---|---|---|---|
//! | 10 | none | 12,269 | 12 |
//! | 6 | `total_timeout: 30s` | 1,521 | 3 |
//! | 7 | `total_timeout: 30s` | 4,379 | 14 |
//!
//! With a deadline the number of states grows with each call threefold: it may cut the calls at any
//! moment, and what was completed by then is undone.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fsm_core::{
    Effect, Effects, Input, Machine, Outcome, Snapshot, StateId, Status, Ticket, Timestamp,
};
use fsm_patterns::{Flow, FlowContext, FlowEvent, Oracle};
use fsm_testkit::flows::UNDOES;
use fsm_testkit::model::{Checker, Model, Property, Report};
use fsm_testkit::prove::{Finding, Proof, Prover};

use super::flow;

fn undone(name: &str, rest: &str) -> String {
    format!(
        "name: {name}, url: 'http://shop.test/{name}', \
         undo: {{ url: 'http://shop.test/{name}/undo' }}{rest}"
    )
}

fn with_undos(settings: &str, count: usize) -> Flow {
    let calls: Vec<String> = (0..count).map(|n| undone(&format!("call{n}"), "")).collect();
    flow(settings, &calls.iter().map(String::as_str).collect::<Vec<_>>())
}

fn assert_proven(flow: &Flow) -> Proof {
    let began = Instant::now();
    let proof = Prover::of_flow(flow).prove();
    proof.assert_proven();
    assert_eq!(proof.claim(UNDOES), Some(&Finding::Proven));
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}: {proof}", began.elapsed());
    proof
}

#[test]
fn what_was_completed_is_undone_in_every_mode() {
    for mode in ["sequential", "pipeline", "conditional", "fanout", "parallel"] {
        assert_proven(&with_undos(&format!("mode: {mode}"), 4));
        assert_proven(&with_undos(&format!("mode: {mode}\ntotal_timeout: 30s"), 4));
    }
}

#[test]
fn what_ends_a_run_early_leaves_nothing_undone() {
    for settings in ["fail_fast: true", "error_threshold: 0.3"] {
        assert_proven(&with_undos(&format!("mode: parallel\n{settings}"), 4));
        let late = format!("mode: parallel\n{settings}\ntotal_timeout: 30s");
        assert_proven(&with_undos(&late, 4));
    }
}

#[test]
fn steps_of_groups_are_undone_too() {
    let group = format!(
        "name: look, mode: pipeline, endpoints: [{{ {} }}, {{ {} }}]",
        undone("cart", ""),
        undone("stock", ", condition: $inputs.sure")
    );
    let pay = undone("pay", ", depends_on: [look], error_handler: { paid: false }");
    let mail = "name: mail, url: 'http://shop.test/mail', depends_on: [pay]";
    let flow = flow("mode: hybrid", &[&group, &pay, mail]);
    assert_proven(&flow);
    Prover::of_flow(&flow)
        .sometimes("the stock is given back after it was paid", |run| run.is_at("stock.undo"))
        .always("nothing goes forward any more", |run| {
            let goes_back = ["cart.undo", "stock.undo", "pay.undo"].iter().any(|at| run.is_at(at));
            !goes_back || run.configuration().len() == 1
        })
        .prove()
        .assert_proven();
}

#[test]
fn ten_calls_side_by_side_that_can_be_undone_are_proven_in_seconds() {
    assert_proven(&with_undos("mode: parallel", 10));
    assert_proven(&with_undos("mode: parallel\ntotal_timeout: 30s", 6));
}

/// The last one that was completed is the first that is asked for.
struct First;

impl Oracle for First {
    fn choose(&self, _: &str, _: &[&'static str]) -> usize {
        0
    }
}

/// How the snapshot of a run comes back from where it was kept.
#[derive(Clone, Copy, PartialEq)]
enum Kept {
    Whole,
    /// What was completed is forgotten: the planted fault.
    WithoutCompleted,
}

/// A run whose process may die once, at any moment. What was done in the world is counted by what
/// calls came to, and not by what the run knows of it.
struct World {
    flow: Flow,
    machine: Machine<FlowContext, FlowEvent>,
    kept: Kept,
}

#[derive(Clone, Debug)]
struct Standing {
    run: Snapshot<FlowContext>,
    under_way: BTreeMap<Ticket, StateId>,
    /// The steps whose effect stands, by name, and whether somebody tried to undo them.
    stands: BTreeMap<String, bool>,
    has_died: bool,
}

type Compared<'a> = (Vec<u8>, &'a BTreeMap<Ticket, StateId>, &'a BTreeMap<String, bool>, bool);

impl Standing {
    fn rest(&self) -> Compared<'_> {
        (self.run.context().key(), &self.under_way, &self.stands, self.has_died)
    }
}

impl PartialEq for Standing {
    fn eq(&self, other: &Self) -> bool {
        self.run.stands_like(&other.run) && self.rest() == other.rest()
    }
}

impl Eq for Standing {}

impl Hash for Standing {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.run.hash_standing(hasher);
        self.rest().hash(hasher);
    }
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Starts,
    /// By the number of the ending.
    Ends(StateId, usize),
    Dies,
}

const LEFT: &str = "when a run has failed, somebody tried to undo whatever was completed";
const ENDS: &str = "every run ends";

impl World {
    fn new(settings: &str, calls: &[&str], kept: Kept) -> Self {
        let flow = flow(settings, calls);
        Self { machine: flow.machine_with(Arc::new(First)), flow, kept }
    }

    fn step(&self, from: &Standing, input: &Input<FlowEvent>) -> Standing {
        let mut to = from.clone();
        let mut effects = Effects::new();
        let stepped = self.machine.step(&mut to.run, Timestamp::ZERO, input, &mut effects, &mut ());
        stepped.expect("what is awaited is accepted");
        drive(&mut to, &effects);
        to.run = to.run.map_context(|mut context| {
            self.flow.forget(&mut context, |_| true);
            context
        });
        to
    }

    fn end(&self, from: &Standing, ticket: Ticket, outcome: Outcome<FlowEvent>) -> Standing {
        let mut heard = from.clone();
        let state = heard.under_way.remove(&ticket).expect("it is under way");
        let name = self.flow.graph().name_of(state);
        match (name.strip_suffix(".undo"), matches!(outcome, Outcome::Done(_))) {
            (Some(step), true) => drop(heard.stands.remove(step)),
            (Some(step), false) => drop(heard.stands.insert(step.to_owned(), true)),
            (None, true) => drop(heard.stands.insert(name.to_owned(), false)),
            (None, false) => {}
        }
        self.step(&heard, &Input::Outcome { ticket, outcome })
    }

    /// The process dies, and the run is taken up from what was kept of it.
    fn die(&self, from: &Standing) -> Standing {
        let mut saved = serde_json::to_value(&from.run).expect("a snapshot is data");
        if self.kept == Kept::WithoutCompleted {
            let context = saved["context"].as_object_mut().expect("a context is an object");
            context.remove("undoing");
        }
        let run: Snapshot<FlowContext> = serde_json::from_value(saved).expect("it is read again");
        let mut effects = Effects::new();
        self.machine.restore(&run, &mut effects).expect("its own snapshot");
        let mut to = Standing { run, under_way: BTreeMap::new(), has_died: true, ..from.clone() };
        drive(&mut to, &effects);
        to
    }
}

fn drive(to: &mut Standing, effects: &Effects) {
    for effect in effects.as_slice() {
        match effect {
            Effect::Start(start) => drop(to.under_way.insert(start.ticket, start.state)),
            Effect::Cancel(ticket) => drop(to.under_way.remove(ticket)),
            Effect::Timer { .. } | Effect::Finish => {}
        }
    }
}

impl Model for World {
    type State = Standing;
    type Action = Deed;

    fn initial(&self) -> Vec<Standing> {
        vec![Standing {
            run: self.machine.snapshot(self.flow.unknown_context(), 0),
            under_way: BTreeMap::new(),
            stands: BTreeMap::new(),
            has_died: false,
        }]
    }

    fn steps(&self, from: &Standing, steps: &mut Vec<(Deed, Standing)>) {
        match from.run.status() {
            Status::New => return steps.push((Deed::Starts, self.step(from, &Input::Start))),
            Status::Running => {}
            Status::Finished(_) | Status::Cancelled | Status::Stuck(_) => return,
        }
        for (ticket, call) in &from.under_way {
            for (number, (_, outcome)) in self.flow.endings(*call).into_iter().enumerate() {
                steps.push((Deed::Ends(*call, number), self.end(from, *ticket, outcome)));
            }
        }
        if !from.has_died {
            steps.push((Deed::Dies, self.die(from)));
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(LEFT, |world: &World, at: &Standing| {
                let failed = world.flow.graph().state("run failed").map(Status::Finished);
                Some(at.run.status()) != failed || at.stands.values().all(|tried| *tried)
            }),
            Property::eventually(ENDS, |_, at: &Standing| at.run.status().is_over()),
        ]
    }

    fn say_step(&self, _: &Standing, deed: &Deed) -> String {
        match deed {
            Deed::Starts => "the run begins".to_owned(),
            Deed::Ends(call, ending) => {
                let words = self.flow.endings(*call)[*ending].0;
                format!("`{}` ends: {words}", self.flow.graph().name_of(*call))
            }
            Deed::Dies => "the process dies, and the run is taken up".to_owned(),
        }
    }

    fn say_state(&self, at: &Standing) -> String {
        let calls = at.under_way.values().map(|call| self.flow.graph().name_of(*call));
        let calls = calls.collect::<Vec<_>>().join(", ");
        let stands = at.stands.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let or_nothing = |text: String| if text.is_empty() { "nothing".to_owned() } else { text };
        format!("{} under way, {} stands", or_nothing(calls), or_nothing(stands))
    }
}

fn once(name: &str, depends_on: &str) -> String {
    let retries = ", retry_count: 0 }, retry_count: 0";
    undone(name, depends_on).replace(" }", retries)
}

fn saga(kept: Kept) -> World {
    let (reserve, pay) = (once("reserve", ""), once("pay", ""));
    let send = "name: send, url: 'http://shop.test/send', retry_count: 0";
    World::new("mode: pipeline", &[&reserve, &pay, send], kept)
}

fn check(world: &World) -> Report<World> {
    Checker::new(world).check()
}

fn assert_holds(world: &World) {
    let report = check(world);
    if let Some((name, path)) = report.violations().next() {
        panic!("{name}\n{}", path.words(world));
    }
    assert!(report.is_good() && report.is_complete());
}

#[test]
fn a_run_that_dies_anywhere_undoes_what_was_completed_when_it_is_taken_up() {
    assert_holds(&saga(Kept::Whole));
    let calls = [once("a", ""), once("b", ""), once("c", "")];
    let calls: Vec<&str> = calls.iter().map(String::as_str).collect();
    assert_holds(&World::new("mode: parallel", &calls, Kept::Whole));
    assert_holds(&World::new("mode: parallel\nfail_fast: true", &calls, Kept::Whole));
}

#[test]
fn a_compensation_that_is_skipped_after_a_crash_is_found_by_a_shortest_way() {
    let world = saga(Kept::WithoutCompleted);
    let report = check(&world);
    let refuted: Vec<&str> = report.violations().map(|(name, _)| name).collect();
    assert_eq!(refuted, [LEFT]);
    let path = report.verdict(LEFT).and_then(|verdict| verdict.path()).expect("the way to it");
    insta::assert_snapshot!(path.words(&world), @r"
    starts: nothing under way, nothing stands
    1. the run begins: reserve under way, nothing stands
    2. `reserve` ends: ok: pay under way, reserve stands
    3. the process dies, and the run is taken up: pay under way, reserve stands
    4. `pay` ends: fails for good: nothing under way, reserve stands
    ");
}
