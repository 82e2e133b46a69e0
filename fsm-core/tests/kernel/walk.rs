//! A random walk over the pure kernel, and what must hold after every step of it.
//!
//! The walk plays the world: it keeps what the kernel asked for, answers it well, badly, late,
//! twice, or not at all, and checks everything that the kernel says against the graph.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fsm_core::{
    CarryOverFault, Effect, Effects, Graph, Input, JoinRule, Kind, Machine, Migration, Move,
    Outcome, Phase, Retry, Snapshot, Start, StateId, Status, StepError, Ticket, Timestamp, Trace,
    TransitionId, Trigger,
};
use fsm_testkit::strategies::Blueprint;
use fsm_testkit::tally::{self, EVENTS, Tally, Word};

pub(crate) type Machines = Machine<Tally, Word>;

/// A run, the world around it, and all that happened.
pub(crate) struct Walk {
    pub(crate) machine: Machines,
    pub(crate) run: Snapshot<Tally>,
    pub(crate) journal: Vec<(Timestamp, Input<Word>)>,
    counted: bool,
    now: Timestamp,
    under_way: Vec<Start>,
    timers: Vec<(Ticket, Timestamp)>,
    spent: Vec<Ticket>,
    places: BTreeMap<u32, StateId>,
    last_start: u64,
}

impl Walk {
    /// A run of `blueprint` that has begun.
    pub(crate) fn begin(blueprint: &Blueprint, seed: u64) -> Self {
        let machine = tally::machine(blueprint.graph());
        let run = machine.snapshot(Tally::new(seed, 3), seed);
        let mut walk = Self {
            counted: blueprint.counted,
            machine,
            run,
            journal: Vec::new(),
            now: Timestamp::from_micros(1_000_000),
            under_way: Vec::new(),
            timers: Vec::new(),
            spent: Vec::new(),
            places: BTreeMap::new(),
            last_start: 0,
        };
        walk.take(Input::Start).expect("`Start` comes first");
        walk
    }

    /// The run of `self`, carried over to another machine, where `counts` says whether all states
    /// of that one count their entries and exits, too.
    pub(crate) fn carried(
        mut self,
        machine: Machines,
        migration: &Migration,
        counts: bool,
    ) -> Result<Self, CarryOverFault> {
        let (old, new) = (self.machine.graph().clone(), machine.graph().clone());
        let there = |state: StateId| new.state(old.name_of(state));
        let mut run = machine.carry_over(self.run, &old, migration)?;
        let numbered = |counts: BTreeMap<usize, u32>| {
            let states: Vec<StateId> = old.states().collect();
            let named =
                counts.into_iter().filter_map(|(at, count)| Some((there(states[at])?, count)));
            named.map(|(state, count)| (state.index(), count)).collect()
        };
        run = run.map_context(|tally| Tally {
            entered: numbered(tally.entered),
            left: numbered(tally.left),
            ..tally
        });
        self.places = self
            .places
            .into_iter()
            .filter_map(|(token, state)| Some((token, there(state)?)))
            .collect();
        self.under_way = machine.under_way(&run);
        self.timers =
            machine.timers(&run).into_iter().map(|timer| (timer.ticket, timer.at)).collect();
        (self.journal, self.last_start) = (Vec::new(), 0);
        self.counted &= counts;
        (self.machine, self.run) = (machine, run);
        if self.run.status() == Status::Running {
            self.holds_together();
        }
        Ok(self)
    }

    /// The context that its run began with.
    pub(crate) fn context(&self, seed: u64) -> Tally {
        Tally::new(seed, 3)
    }

    /// Takes one input that `roll` picks.
    pub(crate) fn roll(&mut self, roll: u64) {
        if self.run.status().is_over() {
            return self.refuses_all();
        }
        let (kind, pick) = (roll % 32, (roll >> 8) as usize);
        match kind {
            0..=9 => self.end_an_activity(kind, pick),
            10..=14 => self.fire_a_timer(pick, true),
            15 => self.fire_a_timer(pick, false),
            16..=21 => drop(self.take(Input::Event(Word(EVENTS[pick % EVENTS.len()].into())))),
            22..=24 => self.repeat_something_spent(pick),
            25..=26 => self.make_something_up(pick),
            27 => {
                let unknown = self.take(Input::Event(Word("nobody knows me".into())));
                assert!(matches!(unknown, Err(StepError::UnknownEvent { .. } | StepError::Over)));
            }
            28 if pick.is_multiple_of(16) => drop(self.take(Input::Cancel)),
            _ => self.now = self.now + Duration::from_millis(pick as u64 % 64),
        }
    }

    /// Lets the world do all that it is asked for, now well and now badly, until the run is over.
    pub(crate) fn finish(&mut self) {
        let mut rounds = 0;
        while !self.run.status().is_over() {
            rounds += 1;
            assert!(rounds < 20_000, "the run does not end");
            if let Some(start) = self.under_way.first() {
                let outcome = if rounds % 3 == 0 { Outcome::failed() } else { Outcome::done() };
                self.take(Input::Outcome { ticket: start.ticket, outcome }).expect("it is awaited");
            } else if self.anyone_waits_for_time() && !self.timers.is_empty() {
                self.fire_a_timer(0, true);
            } else {
                let accepted = EVENTS
                    .iter()
                    .any(|event| self.take(Input::Event(Word((*event).into()))).is_ok());
                assert!(accepted, "no event is accepted at {:?}", self.whereabouts());
            }
        }
        self.is_whole_at_the_end();
    }

    fn anyone_waits_for_time(&self) -> bool {
        self.run.tokens().any(|(_, phase)| matches!(phase, Phase::Waiting | Phase::Delaying))
    }

    fn end_an_activity(&mut self, kind: u64, pick: usize) {
        if self.under_way.is_empty() {
            return;
        }
        let ticket = self.under_way[pick % self.under_way.len()].ticket;
        let failed = |retry| Outcome::Failed { event: None, retry };
        let wait = Duration::from_millis(pick as u64 % 150);
        let outcome = match kind {
            0..=3 => Outcome::Done(Some(Word("done".into()))),
            4 => failed(Retry::Never),
            5..=6 => failed(Retry::Allowed(None)),
            7..=8 => failed(Retry::Allowed(Some(wait))),
            _ => Outcome::Postponed(self.now + wait),
        };
        self.take(Input::Outcome { ticket, outcome }).expect("it is awaited");
    }

    /// Fires a timer, on time or early; timers that nobody awaits any more fire as well.
    fn fire_a_timer(&mut self, pick: usize, on_time: bool) {
        if self.timers.is_empty() {
            return;
        }
        self.timers.sort_by_key(|(ticket, at)| (*at, *ticket));
        let (ticket, at) = self.timers[pick % self.timers.len().min(3)];
        if on_time || at <= self.now {
            self.now = self.now.max(at);
            self.timers.retain(|timer| timer.0 != ticket);
            self.spent.push(ticket);
            self.take(Input::Timer(ticket)).expect("it is due");
        } else {
            // Early: refused if it is awaited, and else as if nothing had been said.
            let early = self.take(Input::Timer(ticket));
            assert!(matches!(early, Ok(()) | Err(StepError::TimerEarly)), "{early:?}");
        }
    }

    fn repeat_something_spent(&mut self, pick: usize) {
        if !self.spent.is_empty() {
            let ticket = self.spent[pick % self.spent.len()];
            self.changes_nothing(ticket, pick);
        }
    }

    fn make_something_up(&mut self, pick: usize) {
        let slot = pick as u32 % 7;
        let number = 1_000_000 + pick as u64;
        let ticket = serde_json::from_value(serde_json::json!({ "slot": slot, "number": number }))
            .expect("a ticket is two numbers");
        self.changes_nothing(ticket, pick);
    }

    /// An answer that nobody awaits moves nothing but the time.
    fn changes_nothing(&mut self, ticket: Ticket, pick: usize) {
        let before = self.state_without_time();
        let input = match pick % 3 {
            0 => Input::Timer(ticket),
            1 => Input::Outcome { ticket, outcome: Outcome::done() },
            _ => Input::Outcome { ticket, outcome: Outcome::failed() },
        };
        self.take(input).expect("what is stale is no error");
        assert_eq!(before, self.state_without_time());
    }

    fn state_without_time(&self) -> serde_json::Value {
        let mut state = serde_json::to_value(&self.run).expect("a snapshot is data");
        state["now"] = 0.into();
        state
    }

    /// A run that is over takes nothing more.
    fn refuses_all(&self) {
        let inputs = [Input::Start, Input::Cancel, Input::Event(Word(EVENTS[0].into()))];
        for input in inputs {
            let mut run = self.run.clone();
            let refused =
                self.machine.step(&mut run, self.now, &input, &mut Effects::new(), &mut ());
            assert_eq!(refused, Err(StepError::Over));
            assert_eq!(run, self.run);
        }
    }

    fn take(&mut self, input: Input<Word>) -> Result<(), StepError> {
        let before = self.run.clone();
        let mut effects = Effects::new();
        let mut heard = Ear { moves: Vec::new() };
        let taken = self.machine.step(&mut self.run, self.now, &input, &mut effects, &mut heard);
        self.is_the_same_dispatched(&before, &input, &taken, &heard.moves);
        self.was_foretold(&before, &input, &taken, &heard.moves);
        match &taken {
            Err(_) => {
                assert_eq!(self.run, before, "a refused input changed something");
                assert!(heard.moves.is_empty() && effects.as_slice().is_empty());
            }
            Ok(()) => {
                if let Input::Outcome { ticket, .. } = &input {
                    self.end(*ticket);
                }
                if let Input::Timer(ticket) = &input {
                    self.spent.push(*ticket);
                }
                self.journal.push((self.now, input));
                self.follow(&heard.moves);
                self.collect(&effects);
                self.holds_together();
            }
        }
        taken
    }

    /// `dispatch` is `step`, also where it takes the short way.
    fn is_the_same_dispatched(
        &self,
        before: &Snapshot<Tally>,
        input: &Input<Word>,
        taken: &Result<(), StepError>,
        moves: &[Heard],
    ) {
        let Input::Event(event) = input else { return };
        let mut run = before.clone();
        let mut effects = Effects::new();
        let mut heard = Ear { moves: Vec::new() };
        let other =
            self.machine.dispatch(&mut run, self.now, event.clone(), &mut effects, &mut heard);
        assert_eq!(&other, taken);
        assert_eq!(run, self.run);
        assert_eq!(&heard.moves, moves);
    }

    /// An event is accepted if and only if a way for it was open, and no other is taken for it.
    fn was_foretold(
        &self,
        before: &Snapshot<Tally>,
        input: &Input<Word>,
        taken: &Result<(), StepError>,
        moves: &[Heard],
    ) {
        let Input::Event(event) = input else { return };
        let ways = self.machine.ways(before, Some(event), self.now);
        let open: Vec<TransitionId> =
            ways.iter().filter(|way| way.is_open).map(|way| way.transition).collect();
        assert_eq!(taken.is_ok(), !open.is_empty(), "{event:?} at {:?}", self.whereabouts());
        let graph = self.machine.graph();
        let taken = moves.iter().filter_map(|heard| match heard {
            Heard::Moved(step) => Some(step.transition),
            Heard::Gone(_) | Heard::Began(..) => None,
        });
        for transition in taken {
            let is_for_it = matches!(graph.transition(transition).trigger(), Trigger::Event(_));
            assert!(!is_for_it || open.contains(&transition), "it took a way that was not open");
        }
    }

    fn end(&mut self, ticket: Ticket) {
        self.under_way.retain(|start| start.ticket != ticket);
        self.spent.push(ticket);
    }

    fn collect(&mut self, effects: &Effects) {
        for effect in effects.as_slice() {
            match effect {
                Effect::Start(start) => {
                    assert!(start.ticket.number() > self.last_start, "a number was given twice");
                    self.last_start = start.ticket.number();
                    let slot = start.ticket.slot();
                    let shares = |other: &Start| other.ticket.slot() == slot;
                    assert!(!self.under_way.iter().any(shares), "two activities in slot {slot}");
                    self.under_way.push(*start);
                }
                Effect::Timer { ticket, at } => self.timers.push((*ticket, *at)),
                Effect::Cancel(ticket) => {
                    let known = self.under_way.iter().any(|start| start.ticket == *ticket);
                    assert!(known, "{ticket:?} was cancelled, but is not under way");
                    self.end(*ticket);
                }
                Effect::Finish => assert!(self.run.status().is_over()),
            }
        }
    }

    /// Follows every token along the transitions of the graph.
    fn follow(&mut self, moves: &[Heard]) {
        for heard in moves {
            match heard {
                Heard::Gone(token) => drop(self.places.remove(token)),
                Heard::Began(token, state) => drop(self.places.insert(*token, *state)),
                Heard::Moved(step) => self.follow_one(*step),
            }
        }
        // What reached a join or a branch's end is no token any more, unless it went on.
        let graph = self.machine.graph();
        self.places.retain(|_, state| !merges(graph, *state));
    }

    fn follow_one(&mut self, step: Move) {
        let graph = self.machine.graph();
        let edge = graph.transition(step.transition);
        let within = |outer: StateId, inner: StateId| {
            std::iter::successors(Some(inner), |state| graph.parent(*state)).any(|at| at == outer)
        };
        assert!(within(edge.from(), step.from), "it took a transition of a state it was not in");
        if edge.is_internal() {
            assert_eq!(step.from, step.to, "an internal transition leads nowhere");
            return assert_eq!(self.places.get(&step.token), Some(&step.from));
        }
        let leads_to = innermost(graph, edge.to());
        let opens = graph.kind(step.to) == Kind::Parallel && within(step.to, edge.to());
        assert!(leads_to == step.to || opens, "it went where the transition does not lead");

        let place = self.places.get(&step.token).copied();
        let branch_begins = matches!(graph.kind(step.from), Kind::Fork(_))
            && edge.from() == step.from
            && edge.trigger() == Trigger::Always;
        let continues = match place {
            Some(place) if place == step.from => true,
            // The owner of a scope goes on for a token in it, or at its join.
            Some(place) => match graph.kind(place) {
                Kind::Fork(join) => join == Some(step.from) || within(place, step.from),
                Kind::Parallel => within(place, step.from),
                _ => branch_begins && merges(graph, place),
            },
            None => branch_begins,
        };
        assert!(continues, "token {} jumped from {place:?} to {:?}", step.token, step.from);
        if let Some(owner) = place.filter(|place| *place != step.from && within(*place, step.from))
        {
            // The token that found the way out is gone, and the owners between the two as well.
            let forks =
                std::iter::successors(graph.parent(step.from), |state| graph.parent(*state))
                    .take_while(|outer| *outer != owner)
                    .filter(|outer| is_scope(graph, *outer));
            let gone: Vec<StateId> = std::iter::once(step.from).chain(forks).collect();
            gone.into_iter().for_each(|state| self.vanish(state, step.token));
        }
        self.places.insert(step.token, step.to);
    }

    fn vanish(&mut self, state: StateId, mover: u32) {
        let found = self.places.iter().find(|(token, at)| **token != mover && **at == state);
        if let Some(token) = found.map(|(token, _)| *token) {
            self.places.remove(&token);
        }
    }

    /// What the world was asked for follows from the snapshot.
    fn is_asked_for(&self) {
        let mut asked: Vec<Ticket> = self.under_way.iter().map(|start| start.ticket).collect();
        let mut told: Vec<Ticket> =
            self.machine.under_way(&self.run).iter().map(|start| start.ticket).collect();
        asked.sort();
        told.sort();
        assert_eq!(asked, told);
        for timer in self.machine.timers(&self.run) {
            assert!(self.timers.contains(&(timer.ticket, timer.at)), "{timer:?} was never set");
        }
    }

    fn holds_together(&mut self) {
        self.is_asked_for();
        let graph = self.machine.graph().clone();
        let status = self.run.status();
        assert!(!matches!(status, Status::Stuck(_)), "stuck: {:?}", self.whereabouts());
        if status != Status::Cancelled {
            self.stand_where_they_went();
        }
        let active = if status == Status::Cancelled {
            BTreeMap::new()
        } else {
            active_states(&graph, &self.run)
        };
        assert!(
            !self.counted || self.run.context().open_visits() == active,
            "entries and exits do not match"
        );

        regions_are_whole(&graph, &self.run);
        assert_eq!(self.run.running() as usize, self.under_way.len());
        let limit = graph.max_concurrent();
        assert!(limit.is_none_or(|limit| self.run.running() <= limit.get()));

        let text = serde_json::to_string(&self.run).expect("a snapshot is data");
        let back: Snapshot<Tally> = serde_json::from_str(&text).expect("what was written is read");
        assert_eq!(back, self.run);
        assert_eq!(serde_json::to_string(&back).expect("a snapshot is data"), text);
        let mut effects = Effects::new();
        self.machine.restore(&back, &mut effects).expect("its own snapshot is whole");
        self.resumes_what_is_under_way(&effects);
        self.run = back;
    }

    /// Restoring starts what was under way, with its old ticket, and nothing else.
    fn resumes_what_is_under_way(&self, effects: &Effects) {
        if self.run.status().is_over() {
            return assert!(effects.as_slice().is_empty());
        }
        let key = |start: Start| (start.ticket, start.state, start.attempt, start.visit);
        let resumed: BTreeSet<_> = effects.starts().map(key).collect();
        let under_way: BTreeSet<_> = self.under_way.iter().copied().map(key).collect();
        assert_eq!(resumed, under_way);
        for effect in effects.as_slice() {
            if let Effect::Timer { ticket, at } = effect {
                assert!(self.timers.contains(&(*ticket, *at)), "a timer that nobody ever set");
            }
        }
    }

    /// The tokens are where their moves led them.
    fn stand_where_they_went(&self) {
        let mut expected: Vec<StateId> = self.places.values().copied().collect();
        let mut found: Vec<StateId> = self.run.tokens().map(|(state, _)| state).collect();
        expected.sort();
        found.sort();
        assert_eq!(expected, found);
    }

    fn is_whole_at_the_end(&self) {
        assert!(self.under_way.is_empty(), "work goes on after the end");
        assert_eq!(self.run.running(), 0);
        if let Status::Finished(end) = self.run.status() {
            let tokens: Vec<_> = self.run.tokens().collect();
            assert_eq!(tokens, [(end, Phase::Moving)]);
        }
    }

    fn whereabouts(&self) -> Vec<(&str, Phase)> {
        let graph = self.machine.graph();
        self.run.tokens().map(|(state, phase)| (graph.name_of(state), phase)).collect()
    }

    /// The recorded inputs give the same run, byte for byte.
    pub(crate) fn replays(&self, seed: u64) {
        let mut run = self.machine.snapshot(Tally::new(seed, 3), seed);
        let mut effects = Effects::new();
        for (now, input) in &self.journal {
            self.machine
                .step(&mut run, *now, input, &mut effects, &mut ())
                .expect("it was accepted before");
        }
        let bytes = |run| serde_json::to_vec(run).expect("a snapshot is data");
        assert_eq!(bytes(&run), bytes(&self.run));
    }
}

/// Where a token comes to stand that enters `state`.
fn innermost(graph: &Graph, state: StateId) -> StateId {
    let mut inner = state;
    while let Kind::Composite(initial) = graph.kind(inner) {
        inner = initial;
    }
    inner
}

/// Whether a token that comes here is counted and taken away.
fn merges(graph: &Graph, state: StateId) -> bool {
    let ends_branch = graph.kind(state) == Kind::Final
        && graph.parent(state).is_some_and(|outer| matches!(graph.kind(outer), Kind::Fork(_)));
    ends_branch
        || matches!(graph.kind(state), Kind::Join(JoinRule::All | JoinRule::Any))
        || matches!(graph.kind(state), Kind::Join(JoinRule::AtLeast(_)))
}

/// Whether tokens within `state` live in a scope of its own.
fn is_scope(graph: &Graph, state: StateId) -> bool {
    matches!(graph.kind(state), Kind::Fork(_) | Kind::Parallel)
}

/// Every region of a parallel state that is active has one token, and no other has any.
fn regions_are_whole(graph: &Graph, run: &Snapshot<Tally>) {
    if run.status() != Status::Running {
        return;
    }
    let tokens: Vec<(StateId, Phase)> = run.tokens().collect();
    let around = |state: StateId| std::iter::successors(Some(state), |state| graph.parent(*state));
    for parallel in graph.states().filter(|state| graph.kind(*state) == Kind::Parallel) {
        let active = tokens.iter().filter(|(at, _)| *at == parallel).count();
        for region in graph.regions(parallel) {
            let lives_here = |(at, _): &&(StateId, Phase)| {
                let mut levels = around(*at).skip(1);
                let scope = levels.find(|outer| is_scope(graph, *outer));
                scope == Some(parallel) && around(*at).any(|level| level == *region)
            };
            let living = tokens.iter().filter(lives_here).count();
            assert_eq!(living, active, "region `{}`", graph.name_of(*region));
        }
    }
}

/// How often each state is active: a token is in its state and those around it up to its scope.
fn active_states(graph: &Graph, run: &Snapshot<Tally>) -> BTreeMap<usize, i64> {
    let mut active = BTreeMap::new();
    for (state, _) in run.tokens() {
        let mut level = Some(state);
        while let Some(here) = level {
            *active.entry(here.index()).or_default() += 1;
            level = graph.parent(here).filter(|outer| !is_scope(graph, *outer));
        }
    }
    active
}

struct Ear {
    moves: Vec<Heard>,
}

#[derive(Debug, PartialEq)]
enum Heard {
    Began(u32, StateId),
    Moved(Move),
    Gone(u32),
}

impl Trace for Ear {
    fn began(&mut self, token: u32, state: StateId) {
        self.moves.push(Heard::Began(token, state));
    }

    fn moved(&mut self, step: Move) {
        self.moves.push(Heard::Moved(step));
    }

    fn cancelled(&mut self, token: u32, _state: StateId, _phase: Phase) {
        self.moves.push(Heard::Gone(token));
    }
}
