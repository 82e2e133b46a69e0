//! The life of calls within `max_concurrent`: they wait for a place, are made, are postponed, fail,
//! wait for another attempt, are cut by the deadline or by somebody who cancels; and once the
//! process may die, at any moment, and the run is taken up from its snapshot.
//!
//! The prover leaves `max_concurrent` out, and its time is abstract. So here is a model of its own,
//! over the flow's rules and graph with the limit, and with time. It plays the driver: what is
//! under way is known to it from effects alone.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use fsm_core::{
    Effect, Effects, Input, Machine, Outcome, Phase, Snapshot, StateId, Status, StepError, Ticket,
    Timestamp, Wait,
};
use fsm_patterns::{Flow, FlowContext, FlowEvent, Oracle};
use fsm_testkit::model::{Checker, Model, Property, Report};

use super::flow;

/// The flows here ask nothing that only data could tell.
struct Nobody;

impl Oracle for Nobody {
    fn choose(&self, _: &str, _: &[&'static str]) -> usize {
        0
    }
}

/// How a call that can't be repeated is taken up, if it was under way when the process died.
#[derive(Clone, Copy, PartialEq)]
enum TakenUp {
    /// It is made again, as every activity is.
    Again,
    /// As the flow's own rules say: it ends with the kind `unknown_outcome`.
    ByItsRules,
}

struct World {
    flow: Flow,
    machine: Machine<FlowContext, FlowEvent>,
    limit: usize,
    deadline: Timestamp,
    /// The calls that can't be repeated.
    once: Vec<StateId>,
    may_die: Option<TakenUp>,
}

#[derive(Clone, Debug)]
struct Standing {
    run: Snapshot<FlowContext>,
    now: Timestamp,
    under_way: BTreeMap<Ticket, StateId>,
    /// By call that can't be repeated: how often it may have been carried out.
    carried_out: Vec<u8>,
    has_died: bool,
    fault: Option<&'static str>,
}

type Compared<'a> =
    (Vec<u8>, Timestamp, &'a BTreeMap<Ticket, StateId>, &'a [u8], bool, Option<&'static str>);

impl Standing {
    fn rest(&self) -> Compared<'_> {
        let key = self.run.context().key();
        (key, self.now, &self.under_way, &self.carried_out, self.has_died, self.fault)
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

/// What happens.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Starts,
    /// By the number of the ending.
    Ends(StateId, usize),
    IsPostponed(StateId),
    TimerRings(StateId),
    SecondPasses,
    IsCancelled,
    Dies,
}

const SECOND: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(3);

impl World {
    fn new(limit: usize, settings: &str, calls: &[&str], once: &[&str]) -> Self {
        let settings = format!(
            "mode: parallel\nmax_concurrent: {limit}\ntotal_timeout: {}s\n{settings}",
            DEADLINE.as_secs()
        );
        let flow = flow(&settings, calls);
        let state = |name: &&str| flow.graph().state(name).expect("a call is a state");
        Self {
            machine: flow.limited_machine_with(Arc::new(Nobody)),
            limit,
            deadline: Timestamp::ZERO + DEADLINE,
            once: once.iter().map(state).collect(),
            may_die: None,
            flow,
        }
    }

    fn dying(self, taken_up: TakenUp) -> Self {
        Self { may_die: Some(taken_up), ..self }
    }

    /// A request of a call may have been carried out.
    fn carry_out(&self, to: &mut Standing, call: StateId) {
        if let Some(index) = self.once.iter().position(|once| *once == call) {
            to.carried_out[index] = to.carried_out[index].saturating_add(1);
        }
    }

    /// What a driver does with the effects of a step.
    fn drive(&self, to: &mut Standing, effects: &Effects) {
        for effect in effects.as_slice() {
            match effect {
                Effect::Start(start) => {
                    if to.now >= self.deadline {
                        to.fault = Some("an attempt begins after the deadline");
                    }
                    if to.under_way.insert(start.ticket, start.state).is_some() {
                        to.fault = Some("a call is made twice at once");
                    }
                }
                Effect::Cancel(ticket) => match to.under_way.remove(ticket) {
                    Some(call) => self.carry_out(to, call),
                    None => to.fault = Some("what is not under way is cancelled"),
                },
                Effect::Timer { .. } | Effect::Finish => {}
            }
        }
    }

    fn step(&self, from: &Standing, input: &Input<FlowEvent>) -> Standing {
        let mut to = from.clone();
        let mut effects = Effects::new();
        let stepped = self.machine.step(&mut to.run, from.now, input, &mut effects, &mut ());
        self.settle(to, stepped, &effects)
    }

    fn settle(
        &self,
        mut to: Standing,
        stepped: Result<(), StepError>,
        effects: &Effects,
    ) -> Standing {
        if stepped.is_err() {
            to.fault = Some("what is awaited is refused");
        }
        self.drive(&mut to, effects);
        to.run = to.run.map_context(|mut context| {
            self.flow.forget(&mut context, |_| true);
            context
        });
        to
    }

    /// A call says how it went.
    fn end(
        &self,
        from: &Standing,
        ticket: Ticket,
        outcome: Outcome<FlowEvent>,
        may_be_carried_out: bool,
    ) -> Standing {
        let mut heard = from.clone();
        let call = heard.under_way.remove(&ticket);
        if let Some(call) = call.filter(|_| may_be_carried_out) {
            self.carry_out(&mut heard, call);
        }
        self.step(&heard, &Input::Outcome { ticket, outcome })
    }

    /// The process dies, and the run is taken up from its snapshot.
    fn die(&self, from: &Standing, taken_up: TakenUp) -> Standing {
        let mut to = Standing { has_died: true, ..from.clone() };
        for call in std::mem::take(&mut to.under_way).into_values() {
            self.carry_out(&mut to, call);
        }
        let mut effects = Effects::new();
        let restored = self.machine.restore(&to.run, &mut effects);
        if restored.is_err() {
            to.fault = Some("its snapshot can't be taken up");
        }
        self.drive(&mut to, &effects);
        if taken_up == TakenUp::ByItsRules {
            for start in self.machine.under_way(&to.run) {
                let Some(outcome) = self.machine.interrupted(&to.run, &start) else { continue };
                // It may have been cut because of one before.
                if to.under_way.contains_key(&start.ticket) {
                    to = self.end(&to, start.ticket, outcome, false);
                }
            }
        }
        to
    }
}

const NO_FAULT: &str = "nothing begins after the deadline, and what is heard is awaited";
const PLACES: &str = "places are taken by what is under way, and by nothing else";
const NOBODY_WAITS: &str = "nobody waits for a place while one is free";
const ONCE: &str = "what can't be repeated is carried out once at most";
const NOTHING_LEFT: &str = "when a run is over, nothing is under way";
const WAITS_END: &str = "no wait for another attempt ends after the deadline";
const ENDS: &str = "every run ends";

impl Model for World {
    type State = Standing;
    type Action = Deed;

    fn initial(&self) -> Vec<Standing> {
        vec![Standing {
            run: self.machine.snapshot(self.flow.unknown_context(), 0),
            now: Timestamp::ZERO,
            under_way: BTreeMap::new(),
            carried_out: vec![0; self.once.len()],
            has_died: false,
            fault: None,
        }]
    }

    fn steps(&self, from: &Standing, steps: &mut Vec<(Deed, Standing)>) {
        match from.run.status() {
            _ if from.fault.is_some() => return,
            Status::New => return steps.push((Deed::Starts, self.step(from, &Input::Start))),
            Status::Running => {}
            Status::Finished(_) | Status::Cancelled | Status::Stuck(_) => return,
        }
        // What is due comes first, as the driver has it.
        let timer = self.machine.timers(&from.run).into_iter().next();
        if let Some(timer) = timer.filter(|timer| timer.at <= from.now) {
            let to = self.step(from, &Input::Timer(timer.ticket));
            return steps.push((Deed::TimerRings(timer.state), to));
        }
        for (ticket, call) in &from.under_way {
            for (number, (_, outcome)) in self.flow.endings(*call).into_iter().enumerate() {
                steps.push((Deed::Ends(*call, number), self.end(from, *ticket, outcome, true)));
            }
            let postponed = Outcome::Postponed(from.now + SECOND);
            steps.push((Deed::IsPostponed(*call), self.end(from, *ticket, postponed, false)));
        }
        steps.push((Deed::IsCancelled, self.step(from, &Input::Cancel)));
        if let Some(taken_up) = self.may_die.filter(|_| !from.has_died) {
            steps.push((Deed::Dies, self.die(from, taken_up)));
        }
        let next = timer.map_or(from.now + SECOND, |timer| timer.at.min(from.now + SECOND));
        steps.push((Deed::SecondPasses, Standing { now: next, ..from.clone() }));
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NO_FAULT, |_: &World, at: &Standing| at.fault.is_none()),
            Property::always(PLACES, |world: &World, at: &Standing| {
                let known = world.machine.under_way(&at.run);
                let is_known = |start: &fsm_core::Start| at.under_way.contains_key(&start.ticket);
                at.under_way.len() <= world.limit
                    && known.len() == at.under_way.len()
                    && known.iter().all(is_known)
                    && at.run.running() as usize == at.under_way.len()
            }),
            Property::always(NOBODY_WAITS, |world: &World, at: &Standing| {
                let mut tokens = at.run.tokens();
                at.run.status().is_over()
                    || at.under_way.len() == world.limit
                    || tokens.all(|(_, phase)| phase != Phase::Queued)
            }),
            Property::always(NOTHING_LEFT, |_, at: &Standing| {
                !at.run.status().is_over() || at.under_way.is_empty()
            }),
            Property::always(WAITS_END, |world: &World, at: &Standing| {
                let timers = world.machine.timers(&at.run);
                timers.iter().all(|timer| timer.wait != Wait::Retry || timer.at < world.deadline)
            }),
            Property::always(ONCE, |_, at: &Standing| {
                at.carried_out.iter().all(|times| *times <= 1)
            }),
            Property::eventually(ENDS, |_, at: &Standing| at.run.status().is_over()),
        ]
    }

    fn say_step(&self, _: &Standing, deed: &Deed) -> String {
        let name = |state: &StateId| self.flow.graph().name_of(*state);
        match deed {
            Deed::Starts => "the run begins".to_owned(),
            Deed::Ends(call, ending) => {
                format!("`{}` ends: {}", name(call), self.flow.endings(*call)[*ending].0)
            }
            Deed::IsPostponed(call) => format!("`{}` is postponed", name(call)),
            Deed::TimerRings(state) => format!("the timer of `{}` rings", name(state)),
            Deed::SecondPasses => "time passes".to_owned(),
            Deed::IsCancelled => "somebody cancels".to_owned(),
            Deed::Dies => "the process dies, and the run is taken up".to_owned(),
        }
    }

    fn say_state(&self, at: &Standing) -> String {
        let calls = at.under_way.values().map(|call| self.flow.graph().name_of(*call));
        let calls: Vec<&str> = calls.collect();
        let fault = at.fault.map(|fault| format!("; {fault}")).unwrap_or_default();
        let calls = if calls.is_empty() { "nothing".to_owned() } else { calls.join(", ") };
        format!("{calls} under way{fault}")
    }
}

const PAY: &str = "name: pay, url: 'http://shop.test/pay', method: POST";
const STOCK: &str = "name: stock, url: 'http://shop.test/stock', retry_count: 1";
const MAIL: &str = "name: mail, url: 'http://shop.test/mail', retry_count: 0";

fn check(world: &World) -> Report<World> {
    Checker::new(world).check()
}

fn assert_proven(world: &World) {
    let report = check(world);
    if let Some((name, path)) = report.violations().next() {
        panic!("{name}\n{}", path.words(world));
    }
    assert!(report.is_good() && report.is_complete());
}

#[test]
fn no_place_is_lost_nothing_is_late_and_nothing_is_sent_twice() {
    assert_proven(&World::new(1, "", &[PAY, STOCK], &["pay"]));
    assert_proven(&World::new(1, "fail_fast: true", &[PAY, STOCK, MAIL], &["pay"]));
    assert_proven(&World::new(2, "", &[PAY, STOCK, MAIL], &["pay"]));
}

#[test]
fn a_run_that_is_taken_up_loses_no_place_and_misses_no_deadline() {
    assert_proven(&World::new(1, "", &[STOCK, MAIL], &[]).dying(TakenUp::Again));
}

/// The kernel starts again what was under way. So whoever takes up runs of flows has to answer for
/// calls that can't be repeated, before they are made again.
#[test]
fn a_call_that_can_not_be_repeated_must_not_be_made_again_by_who_takes_a_run_up() {
    let calls = [PAY, STOCK];
    let world = World::new(1, "", &calls, &["pay"]).dying(TakenUp::Again);
    let report = check(&world);
    let refuted: Vec<&str> = report.violations().map(|(name, _)| name).collect();
    assert_eq!(refuted, [ONCE]);
    let path = report.verdict(ONCE).and_then(|verdict| verdict.path()).expect("the way to it");
    insta::assert_snapshot!(path.words(&world), @r"
    starts: nothing under way
    1. the run begins: pay under way
    2. the process dies, and the run is taken up: pay under way
    3. `pay` ends: ok: stock under way
    ");
    assert_proven(&World::new(1, "", &calls, &["pay"]).dying(TakenUp::ByItsRules));
}

#[test]
fn a_run_that_is_taken_up_makes_no_call_twice_that_must_not_be_and_ends_on_time() {
    let by_rules = |world: World| assert_proven(&world.dying(TakenUp::ByItsRules));
    by_rules(World::new(1, "fail_fast: true", &[PAY, STOCK, MAIL], &["pay"]));
    by_rules(World::new(2, "", &[PAY, MAIL], &["pay"]));
    let other = "name: other, url: 'http://shop.test/other', method: POST, error_handler: null";
    by_rules(World::new(2, "", &[PAY, other], &["pay", "other"]));
}

#[test]
fn a_place_too_many_is_found() {
    let world = World { limit: 1, ..World::new(2, "", &[STOCK, MAIL], &[]) };
    let report = check(&world);
    let found: Vec<_> = report.violations().map(|(name, path)| (name, path.len())).collect();
    assert!(found.contains(&(PLACES, 1)), "{found:?}");
}
