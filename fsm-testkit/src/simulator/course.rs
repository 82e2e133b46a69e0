//! The course of one run: the next thing that happens, and what comes of it, until nothing does.

use std::collections::BTreeSet;
use std::time::Duration;

use fsm_core::{
    Effect, Effects, Event, Graph, Input, Machine, Move, Outcome, Snapshot, Start, StateId, Status,
    StepError, Ticket, Timer, Timestamp, Trace, TransitionId, Trigger, Wait,
};

use super::behaviour::{Attempt, Drawn};
use super::chance::{Chance, kind_of};
use super::figures::Figures;
use super::run::{Ending, Violation};
use super::setup::Simulator;
use super::timeline::{Entry, Happening};
use super::world::Said;
use crate::simulation::{Station, standing};

/// Something that chance did to a run, and that a calmer run can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Disturbance {
    /// This start of the state's activity did not end well.
    Ill(StateId, u32),
    /// It took longer than it might.
    Slow(StateId, u32),
    /// This event of this kind of arrivals came.
    Arrival(usize, u64),
    /// The process died after this many steps.
    Crash(u64),
}

/// What is written down of a run.
pub(super) struct Log<E> {
    pub(super) entries: Vec<Entry>,
    pub(super) journal: Vec<(Timestamp, Input<E>)>,
    pub(super) path: Vec<Station>,
    /// By state.
    pub(super) figures: Vec<Figures>,
    pub(super) disturbances: BTreeSet<Disturbance>,
}

/// A run under way, and what its world has in store for it.
pub(super) struct Course<'s, C, E> {
    simulator: &'s Simulator<C, E>,
    seed: u64,
    /// What chance would do, and does not.
    calm: &'s BTreeSet<Disturbance>,
    pub(super) run: Snapshot<C>,
    now: Timestamp,
    works: Vec<Work<E>>,
    /// By state, how often its activity was started.
    starts: Vec<u32>,
    /// By behaviour, how many of its answers were given.
    given: Vec<usize>,
    /// How much of what was to be said was said.
    said: usize,
    streams: Vec<Stream>,
    effects: Effects,
    pub(super) log: Log<E>,
}

/// An activity under way.
struct Work<E> {
    ticket: Ticket,
    state: StateId,
    attempt: u32,
    /// When it ends, and how; `None`: never.
    end: Option<(Timestamp, Outcome<E>)>,
}

/// Arrivals of one kind: the next of them.
struct Stream {
    at: Timestamp,
    number: u64,
}

#[derive(Clone, Copy)]
enum Next {
    Work(usize),
    Timer(Timer),
    Said,
    Arrival(usize),
}

type Held = Result<(), Violation>;

impl<'s, C: Clone, E: Event + Clone> Course<'s, C, E> {
    pub(super) fn new(
        simulator: &'s Simulator<C, E>,
        seed: u64,
        calm: &'s BTreeSet<Disturbance>,
    ) -> Self {
        let states = simulator.machine.graph().states().len();
        let mut course = Self {
            simulator,
            seed,
            calm,
            run: simulator.machine.snapshot(simulator.context.clone(), seed),
            now: Timestamp::ZERO,
            works: Vec::new(),
            starts: vec![0; states],
            given: vec![0; simulator.casting.behaviours.len()],
            said: 0,
            streams: Vec::new(),
            effects: Effects::new(),
            log: Log {
                entries: Vec::new(),
                journal: Vec::new(),
                path: Vec::new(),
                figures: vec![Figures::default(); states],
                disturbances: BTreeSet::new(),
            },
        };
        for index in 0..simulator.world.arrivals.len() {
            course.streams.push(Stream { at: Timestamp::ZERO, number: 0 });
            course.await_arrival(index, 0);
        }
        course
    }

    pub(super) fn go(&mut self) -> Result<Ending, Violation> {
        self.take(Input::Start, Happening::Began)?;
        let end = Timestamp::ZERO + self.simulator.until;
        loop {
            self.crash()?;
            match self.run.status() {
                Status::New | Status::Running => {}
                Status::Finished(state) => return Ok(Ending::Finished(state)),
                Status::Cancelled => return Ok(Ending::Cancelled),
                Status::Stuck(state) => return Ok(Ending::Stuck(state)),
            }
            let Some((at, next)) = self.next() else { return Ok(Ending::Waiting) };
            if at > end {
                self.advance(end);
                return Ok(Ending::OutOfTime);
            }
            if self.log.journal.len() >= self.simulator.max_steps {
                return Ok(Ending::OutOfSteps);
            }
            self.advance(at);
            self.happen(next)?;
        }
    }

    fn machine(&self) -> &'s Machine<C, E> {
        &self.simulator.machine
    }

    fn graph(&self) -> &'s Graph {
        self.simulator.machine.graph()
    }

    fn steps(&self) -> u64 {
        self.log.journal.len() as u64
    }

    /// What happens next, and when. Of several things at one point in time chance takes one; timers
    /// keep their order.
    fn next(&self) -> Option<(Timestamp, Next)> {
        let works = self.works.iter().enumerate();
        let works =
            works.filter_map(|(index, work)| Some((work.end.as_ref()?.0, Next::Work(index))));
        let timer = self.machine().timers(&self.run).first().copied();
        let timer = timer.map(|timer| (timer.at, Next::Timer(timer)));
        let said = self.simulator.world.said.get(self.said);
        let said = said.map(|(at, _)| (Timestamp::ZERO + *at, Next::Said));
        let streams = self.streams.iter().enumerate();
        let streams = streams.map(|(index, stream)| (stream.at, Next::Arrival(index)));
        let all = works.chain(timer).chain(said).chain(streams);
        // What came while the process was down is heard late.
        let all = all.map(|(at, next)| (at.max(self.now), next));
        let earliest = all.clone().map(|(at, _)| at).min()?;
        let mut tied = all.filter(|(at, _)| *at == earliest);
        match tied.clone().count() {
            1 => tied.next(),
            count => {
                let mut chance = Chance::of(self.seed, kind_of("order of ties"), self.steps());
                tied.nth(chance.below(count as u64) as usize)
            }
        }
    }

    /// Lets time pass.
    fn advance(&mut self, to: Timestamp) {
        let passed = to.since(self.now);
        if !passed.is_zero() {
            for (state, _) in self.run.tokens() {
                let spent = &mut self.log.figures[state.index()].spent;
                *spent = spent.saturating_add(passed);
            }
        }
        self.now = self.now.max(to);
    }

    fn happen(&mut self, next: Next) -> Held {
        match next {
            Next::Work(index) => self.end(index),
            Next::Timer(timer) => self.fire(timer),
            Next::Said => {
                let (_, said) = &self.simulator.world.said[self.said];
                self.said += 1;
                match said {
                    Said::Event(event) => self.hear(event),
                    Said::Cancel => self.take(Input::Cancel, Happening::Cancelled),
                }
            }
            Next::Arrival(index) => {
                let number = self.streams[index].number;
                let event = self.arriving(index, number);
                self.log.disturbances.insert(Disturbance::Arrival(index, number));
                self.await_arrival(index, number + 1);
                self.hear(event)
            }
        }
    }

    fn end(&mut self, index: usize) -> Held {
        let Work { ticket, state, attempt, end } = self.works.remove(index);
        // Only what ends comes here.
        let Some((_, outcome)) = end else { return Ok(()) };
        let what = match &outcome {
            Outcome::Done(_) => Happening::Done(state, attempt),
            Outcome::Failed { .. } => {
                self.log.figures[state.index()].failures += 1;
                Happening::Failed(state, attempt)
            }
            Outcome::Postponed(at) => Happening::Postponed(state, attempt, at.since(self.now)),
        };
        self.take(Input::Outcome { ticket, outcome }, what)
    }

    fn fire(&mut self, timer: Timer) -> Held {
        let mut attempt = 0;
        if timer.wait == Wait::Timeout {
            self.log.figures[timer.state.index()].failures += 1;
            // After a crash it may not have been started again.
            let under_way = self.machine().under_way(&self.run);
            let start = under_way.iter().find(|start| start.ticket == timer.ticket);
            attempt = start.map_or(0, |start| start.attempt);
        }
        let what = Happening::Timer(timer.state, timer.wait, attempt);
        self.take(Input::Timer(timer.ticket), what)
    }

    fn hear(&mut self, event: &E) -> Held {
        // The name comes with the transition that is taken.
        self.take(Input::Event(event.clone()), Happening::Event(String::new()))
    }

    /// The event of an arrival.
    fn arriving(&self, index: usize, number: u64) -> &'s E {
        let arrivals = &self.simulator.world.arrivals[index];
        let mut chance =
            Chance::of(self.seed, kind_of("events that arrive") + index as u64, number);
        let mut point = chance.below(arrivals.weight());
        let mut events = arrivals.events.iter().filter(|(weight, _)| *weight > 0);
        let chosen = events.find(|(weight, _)| {
            let is_hit = point < u64::from(*weight);
            point = point.saturating_sub(u64::from(*weight));
            is_hit
        });
        // The point lies below the sum of all weights.
        &chosen.unwrap_or(&arrivals.events[0]).1
    }

    /// Sets the next arrival that takes place.
    fn await_arrival(&mut self, index: usize, number: u64) {
        let every = self.simulator.world.arrivals[index].every;
        let stream = &mut self.streams[index];
        stream.number = number;
        loop {
            let kind = kind_of("times of arrival") + index as u64;
            let mut chance = Chance::of(self.seed, kind, stream.number);
            let gap = chance.exponential() * every.as_micros() as f64;
            stream.at = stream.at + Duration::from_micros(gap as u64);
            if !self.calm.contains(&Disturbance::Arrival(index, stream.number)) {
                return;
            }
            stream.number += 1;
        }
    }

    /// Hands an input to the machine, writes down what came of it, and begins what it asks for.
    fn take(&mut self, input: Input<E>, what: Happening) -> Held {
        let mut ear = Ear::new(self.graph(), &mut self.log.figures);
        let machine = &self.simulator.machine;
        let taken = machine.step(&mut self.run, self.now, &input, &mut self.effects, &mut ear);
        let Ear { by, to, waits, has_moved, .. } = ear;
        let what = match (&taken, what) {
            (Ok(()), Happening::Event(_)) => Happening::Event(self.heard(&by)),
            (Ok(()), what) => what,
            (Err(refused), _) => Happening::Refused(refused.to_string()),
        };
        self.log.journal.push((self.now, input));
        self.log.entries.push(Entry { at: self.now, what, to, waits });
        if has_moved || self.log.path.is_empty() {
            let at = standing(&self.run);
            self.log.path.push(Station { at, by, when: self.now });
        }
        match taken {
            // What the world says is meant for this machine.
            Err(unknown @ StepError::UnknownEvent { .. }) => {
                return Err(Violation::new("every event is known", unknown.to_string()));
            }
            Err(_) => return Ok(()),
            Ok(()) => {}
        }
        self.holds()?;
        for index in 0..self.effects.as_slice().len() {
            match self.effects.as_slice()[index] {
                Effect::Start(start) => self.begin(start),
                Effect::Cancel(ticket) => self.works.retain(|work| work.ticket != ticket),
                Effect::Timer { .. } | Effect::Finish => {}
            }
        }
        Ok(())
    }

    fn heard(&self, by: &[TransitionId]) -> String {
        let graph = self.graph();
        let mut triggers = by.iter().map(|transition| graph.transition(*transition).trigger());
        let event = triggers.find(|trigger| matches!(trigger, Trigger::Event(_)));
        event.map_or_else(String::new, |event| graph.trigger_label(event))
    }

    fn holds(&self) -> Held {
        if let Status::Stuck(state) = self.run.status() {
            let why = format!("at {} no way on is open", self.graph().name_of(state));
            return Err(Violation::new("no run gets stuck", why));
        }
        for (name, invariant) in &self.simulator.invariants {
            invariant(&self.run).map_err(|why| Violation::new(name.clone(), why))?;
        }
        Ok(())
    }

    fn begin(&mut self, start: Start) {
        let Start { ticket, state, attempt, visit, .. } = start;
        let simulator = self.simulator;
        let count = self.starts[state.index()];
        self.starts[state.index()] += 1;
        self.log.figures[state.index()].attempts += 1;
        let behaviour = simulator.casting.by_state[state.index()];
        let answer = self.given[behaviour];
        self.given[behaviour] += 1;

        let kind = simulator.kinds[state.index()];
        let mut chance = Chance::of(self.seed, kind, u64::from(count));
        let asking = Attempt {
            state: simulator.machine.graph().name_of(state),
            context: self.run.context(),
            visit,
            number: attempt,
            now: self.now,
        };
        let (ill, slow) = (Disturbance::Ill(state, count), Disturbance::Slow(state, count));
        let calm = (self.calm.contains(&ill), self.calm.contains(&slow));
        let drawn =
            simulator.casting.behaviours[behaviour].answer(&asking, answer, &mut chance, calm);
        let Drawn { end, ill: is_ill, slow: is_slow } = drawn;
        self.log.disturbances.extend(is_ill.then_some(ill));
        self.log.disturbances.extend(is_slow.then_some(slow));
        self.works.push(Work { ticket, state, attempt, end });
    }

    /// Lets the process die, if chance wants it to, and come up again.
    fn crash(&mut self) -> Held {
        let crashes = &self.simulator.world.crashes;
        let crash = Disturbance::Crash(self.steps());
        let mut chance = Chance::of(self.seed, kind_of("crashes"), self.steps());
        let is_over = self.run.status().is_over();
        if is_over || !chance.happens(crashes.probability) || self.calm.contains(&crash) {
            return Ok(());
        }
        self.log.disturbances.insert(crash);
        self.note(Happening::Crashed);
        self.works.clear();
        let broken = |why| Violation::new("a run that was saved goes on", why);
        if let Some(store) = &self.simulator.store {
            self.run = store(&self.run).map_err(broken)?;
        }
        let restored = self.simulator.machine.restore(&self.run, &mut self.effects);
        restored.map_err(|fault| broken(fault.to_string()))?;
        self.advance(self.now + crashes.down.draw(&mut chance));
        self.go_on()
    }

    /// Takes a restored run up, as the driver does.
    fn go_on(&mut self) -> Held {
        let due: Vec<Timer> =
            self.machine().timers(&self.run).into_iter().filter(|it| it.at <= self.now).collect();
        for timer in due {
            if self.machine().timers(&self.run).contains(&timer) {
                self.fire(timer)?;
            }
        }
        let mut left = self.machine().under_way(&self.run);
        left.retain(|start| self.works.iter().all(|work| work.ticket != start.ticket));
        self.note(Happening::Restored(left.iter().map(|start| start.state).collect()));
        left.into_iter().for_each(|start| self.begin(start));
        Ok(())
    }

    fn note(&mut self, what: Happening) {
        self.log.entries.push(Entry { at: self.now, what, to: Vec::new(), waits: None });
    }
}

/// Hears what a step does.
struct Ear<'a> {
    graph: &'a Graph,
    figures: &'a mut [Figures],
    by: Vec<TransitionId>,
    to: Vec<StateId>,
    has_moved: bool,
    waits: Option<Duration>,
}

impl<'a> Ear<'a> {
    fn new(graph: &'a Graph, figures: &'a mut [Figures]) -> Self {
        Self { graph, figures, by: Vec::new(), to: Vec::new(), has_moved: false, waits: None }
    }

    fn stands_at(&mut self, state: StateId) {
        self.figures[state.index()].visits += 1;
        self.to.push(state);
    }
}

impl Trace for Ear<'_> {
    fn began(&mut self, _token: u32, state: StateId) {
        self.stands_at(state);
    }

    fn moved(&mut self, step: Move) {
        self.by.push(step.transition);
        if !self.graph.transition(step.transition).is_internal() {
            self.has_moved = true;
            self.stands_at(step.to);
        }
    }

    fn retrying(&mut self, _state: StateId, _attempts: u32, wait: Duration) {
        self.waits = Some(wait);
    }
}
