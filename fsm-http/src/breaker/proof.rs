//! The breaker, proven: calls go out, succeed, fail, are given up, and come late, in every order
//! that is possible, and the model keeps an account of its own of what they said.
//!
//! The machine is the real one, and so is the [`Summary`] by which a call that goes well passes it
//! by. Time is counted in seconds, and lives are told from the present one, so that a breaker that
//! lives for ever has few states.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

use fsm_testkit::model::{Checker, Model, Property, Report};
use tokio::time::Instant;

use super::machine::{Command, Event, Machine, State};
use super::summary::Summary;

/// Seconds.
const TIMEOUT: u64 = 2;
/// So many calls may be under way at once.
const CALLS: usize = 3;

/// A service, its callers, and the breaker between them.
struct World {
    start: Instant,
    threshold: u32,
    /// What the breaker was made for; another one is a planted fault.
    built_for: u32,
    /// The service is back: what is sent from now on succeeds, and nobody gives up.
    is_well: bool,
    begins: Vec<Standing>,
    /// What is asked of it, if not all that must hold; the checker takes it.
    asked: RefCell<Option<Property<World>>>,
}

#[derive(Clone)]
struct Standing {
    machine: Machine,
    now: u64,
    calls: Vec<Sent>,
    /// By our own account, how many failed in a row since the breaker closed.
    row: u32,
    fault: Option<&'static str>,
    /// All that the future depends on, told from now on.
    key: Vec<u64>,
}

impl PartialEq for Standing {
    fn eq(&self, other: &Self) -> bool {
        (self.fault, &self.key) == (other.fault, &other.key)
    }
}

impl Eq for Standing {}

impl Hash for Standing {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.fault, &self.key).hash(hasher);
    }
}

/// A call that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sent {
    /// The permit that it was given.
    life: u64,
    is_probe: bool,
    /// By our own account, the breaker has changed since.
    is_late: bool,
}

/// What happens; calls by their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Asks,
    Succeeds(usize),
    Fails(usize),
    GivesUp(usize),
    Reset,
    Second,
}

/// In words, without data.
fn kind(state: State) -> &'static str {
    match state {
        State::Closed => "closed",
        State::Open { .. } => "open",
        State::HalfOpen { .. } => "half-open",
    }
}

impl World {
    fn new(threshold: u32) -> Self {
        Self {
            start: Instant::now(),
            threshold,
            built_for: threshold,
            is_well: false,
            begins: Vec::new(),
            asked: RefCell::default(),
        }
    }

    fn instant(&self, at: &Standing) -> Instant {
        self.start + Duration::from_secs(at.now)
    }

    /// For how many seconds an open breaker stays so.
    fn wait(&self, at: &Standing) -> u64 {
        match at.machine.state() {
            State::Open { probes_at } => {
                probes_at.saturating_duration_since(self.instant(at)).as_secs()
            }
            State::Closed | State::HalfOpen { .. } => 0,
        }
    }

    /// Tells the machine, and keeps our own account of what came of it.
    fn tell(&self, to: &mut Standing, event: Event) -> Command {
        let before = to.machine.state();
        let command = to.machine.handle(event);
        let after = to.machine.state();
        let changed = kind(before) != kind(after);
        if changed || event == Event::Reset {
            to.calls.iter_mut().for_each(|call| call.is_late = true);
        }
        match (before, after) {
            (State::Closed, State::Open { .. }) if to.row != self.threshold => {
                to.fault = Some("opened, though not as many failed as the threshold says");
            }
            (State::Closed, State::Closed) if to.row >= self.threshold => {
                to.fault = Some("is closed, though as many failed as the threshold says");
            }
            (State::Closed, State::HalfOpen { .. }) => to.fault = Some("tries while it is closed"),
            _ => {}
        }
        if after == State::Closed && (changed || event == Event::Reset) {
            to.row = 0;
        }
        command
    }

    /// A call asks to go out. Nothing, if it may not, and nothing came of it.
    fn ask(&self, from: &Standing) -> Option<Standing> {
        let mut to = from.clone();
        let event = Event::Ask { now: self.instant(from) };
        let summary = Summary::of(&from.machine);
        let asked = self.tell(&mut to, event);
        let life = match asked {
            Command::Allow { life } => life,
            Command::Refuse(_) => {
                let is_probed = from.calls.iter().any(|call| call.is_probe && !call.is_late);
                if !summary.is_barred() || (self.wait(from) == 0 && !is_probed) {
                    to.fault = Some("refuses a call for no reason");
                    return Some(to);
                }
                return None;
            }
            Command::Record | Command::Close | Command::Open | Command::Ignore => {
                to.fault = Some("does not answer");
                return Some(to);
            }
        };
        if !summary.is_barred()
            && (summary.life() != life || to.machine.state() != from.machine.state())
        {
            to.fault = Some("answers otherwise than its summary");
        }
        if self.wait(from) > 0 {
            to.fault = Some("lets a call out while it is open");
        }
        let is_probe = to.machine.state() != State::Closed;
        to.calls.push(Sent { life, is_probe, is_late: false });
        Some(to)
    }

    /// A call says how it went.
    fn settle(
        &self,
        from: &Standing,
        call: usize,
        verdict: impl Fn(u64, Instant) -> Event,
    ) -> Standing {
        let mut to = from.clone();
        let Sent { life, is_late, .. } = to.calls.remove(call);
        let event = verdict(life, self.instant(from));
        if !is_late && from.machine.state() == State::Closed {
            match event {
                Event::Success { .. } => to.row = 0,
                Event::Failure { .. } => to.row += 1,
                Event::Ask { .. } | Event::Cancel { .. } | Event::Reset => {}
            }
        }
        let is_passed_by = match event {
            Event::Success { life } | Event::Cancel { life } => {
                Summary::of(&from.machine).is_flawless_in(life)
            }
            Event::Ask { .. } | Event::Failure { .. } | Event::Reset => false,
        };
        let command = self.tell(&mut to, event);
        let is_same = to.machine.state() == from.machine.state()
            && to.machine.failures() == from.machine.failures()
            && to.machine.life() == from.machine.life();
        if is_late && !(is_same && command == Command::Ignore) {
            to.fault = Some("heeds a verdict that comes too late");
        }
        if is_passed_by && !is_same {
            to.fault = Some("is passed by where something changes");
        }
        to
    }

    fn finish(&self, mut to: Standing) -> Standing {
        let (machine, life) = (&to.machine, to.machine.life());
        let (kind, detail) = match machine.state() {
            State::Closed => (0, 0),
            State::Open { .. } => (1, self.wait(&to)),
            State::HalfOpen { probing } => (2, u64::from(probing)),
        };
        // More failures than the threshold are told to people, and decide nothing.
        let failures = machine.failures().min(self.built_for);
        let mut key = vec![kind, detail, u64::from(failures), u64::from(to.row)];
        // Calls are all alike.
        to.calls.sort_by_key(|call| (call.is_late, call.is_probe, call.life == life));
        for call in &to.calls {
            let flags = [call.is_late, call.is_probe, call.life == life];
            key.extend(flags.map(u64::from));
        }
        to.key = key;
        to
    }
}

const NO_FAULT: &str = "by our own account it does what it should";
const ONE_PROBE: &str = "of a half-open breaker one call at a time goes out";

impl Model for World {
    type State = Standing;
    type Action = Deed;

    fn initial(&self) -> Vec<Standing> {
        if !self.begins.is_empty() {
            return self.begins.clone();
        }
        let threshold = NonZeroU32::new(self.built_for).expect("not zero");
        let machine = Machine::new(threshold, Duration::from_secs(TIMEOUT));
        let calls = Vec::new();
        vec![self.finish(Standing { machine, now: 0, calls, row: 0, fault: None, key: Vec::new() })]
    }

    fn steps(&self, from: &Standing, steps: &mut Vec<(Deed, Standing)>) {
        if from.fault.is_some() {
            return;
        }
        if from.calls.len() < CALLS
            && let Some(to) = self.ask(from)
        {
            steps.push((Deed::Asks, self.finish(to)));
        }
        for call in 0..from.calls.len() {
            let is_new = !from.calls[call].is_late;
            let success = self.settle(from, call, |life, _| Event::Success { life });
            steps.push((Deed::Succeeds(call), self.finish(success)));
            if self.is_well && is_new {
                continue;
            }
            let failure = self.settle(from, call, |life, now| Event::Failure { life, now });
            steps.push((Deed::Fails(call), self.finish(failure)));
            let cancel = self.settle(from, call, |life, _| Event::Cancel { life });
            steps.push((Deed::GivesUp(call), self.finish(cancel)));
        }
        if !self.is_well {
            let mut to = from.clone();
            self.tell(&mut to, Event::Reset);
            steps.push((Deed::Reset, self.finish(to)));
        }
        // Otherwise nothing depends on the time.
        if self.wait(from) > 0 {
            let to = Standing { now: from.now + 1, ..from.clone() };
            steps.push((Deed::Second, self.finish(to)));
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        if let Some(asked) = self.asked.take() {
            return vec![asked];
        }
        let mut properties = vec![
            Property::always(NO_FAULT, |_: &World, at: &Standing| at.fault.is_none()),
            Property::always(ONE_PROBE, |_, at: &Standing| {
                at.calls.iter().filter(|call| call.is_probe && !call.is_late).count() <= 1
            }),
        ];
        // No state is a trap: from each of them it can come to every other one.
        for name in ["closed", "open", "half-open"] {
            let can = format!("it can always come to be {name}");
            let is_there = move |_: &World, at: &Standing| kind(at.machine.state()) == name;
            properties.push(Property::always_possible(can, is_there));
        }
        properties
    }

    fn say_step(&self, from: &Standing, deed: &Deed) -> String {
        let call = |call: &usize| match from.calls[*call] {
            Sent { is_late: true, .. } => "a late call",
            Sent { is_probe: true, .. } => "the probe",
            Sent { .. } => "a call",
        };
        match deed {
            Deed::Asks => "a call goes out".to_owned(),
            Deed::Succeeds(which) => format!("{} succeeds", call(which)),
            Deed::Fails(which) => format!("{} fails", call(which)),
            Deed::GivesUp(which) => format!("{} is given up", call(which)),
            Deed::Reset => "somebody resets it".to_owned(),
            Deed::Second => "a second passes".to_owned(),
        }
    }

    fn say_state(&self, at: &Standing) -> String {
        let fault = at.fault.map(|fault| format!("; it {fault}")).unwrap_or_default();
        format!("{}, {} under way{fault}", kind(at.machine.state()), at.calls.len())
    }
}

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
fn it_opens_at_the_threshold_lets_one_probe_out_and_no_state_is_a_trap() {
    for threshold in 1..=4 {
        assert_proven(&World::new(threshold));
    }
}

/// Wherever the breaker stands when the service comes back, whatever calls from before still say.
#[test]
fn once_the_service_is_back_and_calls_keep_coming_it_closes() {
    let mut world = World::new(2);
    let found: Rc<RefCell<Vec<Standing>>> = Rc::default();
    let note = found.clone();
    *world.asked.borrow_mut() = Some(Property::always("look", move |_, at: &Standing| {
        note.borrow_mut().push(at.clone());
        true
    }));
    assert!(check(&world).is_complete());
    world.begins = found.take();
    world.is_well = true;
    let is_closed = |_: &World, at: &Standing| at.machine.state() == State::Closed;
    *world.asked.borrow_mut() = Some(Property::eventually("closes", is_closed));
    assert_proven(&world);
}

#[test]
fn a_breaker_that_opens_one_failure_too_late_is_found() {
    let world = World { built_for: 3, ..World::new(2) };
    let report = check(&world);
    let (name, path) = report.violations().next().expect("the fault is found");
    assert_eq!(name, NO_FAULT);
    insta::assert_snapshot!(path.words(&world), @r"
    starts: closed, 0 under way
    1. a call goes out: closed, 1 under way
    2. a call goes out: closed, 2 under way
    3. a call fails: closed, 1 under way
    4. a call fails: closed, 0 under way; it is closed, though as many failed as the threshold says
    ");
}
