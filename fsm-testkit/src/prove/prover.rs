//! Asking for a proof.

use std::cell::Cell;
use std::hash::Hash;
use std::rc::Rc;
use std::time::{Duration, Instant};

use fsm_core::{
    Event, Graph, Machine, Outcome, Phase, Snapshot, StateId, Status, TransitionId, Trigger,
};

use super::concrete::Concrete;
use super::cycles::can_go_round;
use super::proof::{Claim, Finding, Proof};
use super::route::Route;
use super::sketch::{Logic, Sketch};
use super::standard;
use super::subject::{Ending, Subject};
use super::world::{Mood, Situation, SituationOf, World};
use crate::model::{Bound, Checker, Property, Verdict};

/// Explores a machine and says what holds of it.
///
/// See [the module](super) for what is explored and what is asked of every machine.
#[must_use]
pub struct Prover<S: Subject> {
    subject: S,
    max_states: usize,
    time_limit: Option<Duration>,
    /// When the proof under way began.
    began: Cell<Instant>,
    /// `None`: as the wishes allow.
    is_reduced: Option<bool>,
    wishes: Vec<Wish<S::Context>>,
}

/// How many states are explored where nothing else is said: of a flow of ten calls they may take half
/// a gigabyte while they wait.
const MOST_STATES: usize = 250_000;

/// How many states are explored to find a shorter way to what is known not to hold.
const MOST_FOR_SHORTEST: usize = 200_000;

/// A property that the user asks for.
struct Wish<C> {
    name: String,
    when: When,
    holds: Condition<C>,
}

type Condition<C> = Rc<dyn Fn(&View<'_, C>) -> bool>;

#[derive(Clone, Copy)]
enum When {
    Always,
    Sometimes,
    Eventually,
    AlwaysPossible,
}

/// A state of a run, as properties see it.
pub struct View<'a, C> {
    graph: &'a Graph,
    run: &'a Snapshot<C>,
}

impl<C> View<'_, C> {
    /// Whether a token stands at the state called `name`, or within it.
    ///
    /// # Panics
    /// If there is no such state: a property about it would be true of anything.
    pub fn is_at(&self, name: &str) -> bool {
        let Some(state) = self.graph.state(name) else {
            panic!("`{}` has no state `{name}`", self.graph.name());
        };
        self.run.tokens().any(|(at, _)| at == state || self.graph.contains(state, at))
    }

    /// Whether the run has come to a final state.
    pub fn is_finished(&self) -> bool {
        matches!(self.run.status(), Status::Finished(_))
    }

    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        self.run.status().is_over()
    }

    /// The names of the states where tokens stand, forks and parallel states left out.
    pub fn configuration(&self) -> Vec<&str> {
        let standing = self.run.tokens().filter(|(_, phase)| *phase != Phase::Owning);
        standing.map(|(state, _)| self.graph.name_of(state)).collect()
    }

    /// The run's own data.
    pub fn context(&self) -> &C {
        self.run.context()
    }

    /// The whole run. Its numbers and points in time are not those of any one run.
    pub fn snapshot(&self) -> &Snapshot<C> {
        self.run
    }
}

impl Prover<Sketch<()>> {
    /// Proves a graph, whatever its code does: guards may answer either way at each step, actions
    /// may do anything to the context, activities may end in any way, and the graph's events may
    /// come at any time.
    pub fn of(graph: &Graph) -> Self {
        Self::with_logic(graph, ())
    }
}

impl<L: Logic> Prover<Sketch<L>> {
    /// As [`of`](Prover::of), for guards that are data: answers that contradict each other are
    /// left out.
    pub fn with_logic(graph: &Graph, logic: L) -> Self {
        Self::new(Sketch::new(graph, logic))
    }
}

impl<C: Clone + Eq + Hash + 'static, E: Event + Clone> Prover<Concrete<C, E>> {
    /// Proves a machine with its own guards and actions. What may happen to it is what
    /// [`event`](Self::event) and [`ending`](Self::ending) name.
    pub fn of_machine(machine: impl Into<Machine<C, E>>, context: C) -> Self {
        Self::new(Concrete::new(machine.into(), context))
    }

    /// An event that may come at any time, and what it is called in counterexamples. Events with
    /// different payloads are different events here.
    pub fn event(mut self, name: impl Into<String>, event: E) -> Self {
        self.subject.add_event(name.into(), event);
        self
    }

    /// A way in which the activity of the state called `state` may end, in words: `is declined`.
    /// Without any it may end well, or fail, for now or for good, with nothing to tell.
    ///
    /// # Panics
    /// If there is no such state.
    pub fn ending(mut self, state: &str, words: impl Into<String>, outcome: Outcome<E>) -> Self {
        let graph = self.subject.machine().graph();
        let Some(state) = graph.state(state) else {
            panic!("`{}` has no state `{state}`", graph.name());
        };
        self.subject.add_ending(state, Ending::new(words, outcome));
        self
    }
}

impl<S: Subject> Prover<S> {
    /// Proves a subject of one's own.
    pub fn new(subject: S) -> Self {
        let (wishes, began) = (Vec::new(), Cell::new(Instant::now()));
        Self { subject, max_states: MOST_STATES, time_limit: None, began, is_reduced: None, wishes }
    }

    /// Stops where there would be more states than so many; 250,000 without this.
    pub fn max_states(mut self, states: usize) -> Self {
        self.max_states = states;
        self
    }

    /// Stops after so much time.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Whether tokens that go their own way are looked at in one order only. Without this they are,
    /// unless there are properties of one's own: those may look at how far tokens beside each other
    /// have come. Where none does, or only at what a scope leads to, say `true`. An
    /// [`eventually`](Self::eventually) is told of all orders in any case.
    pub fn reduced(mut self, is_reduced: bool) -> Self {
        self.is_reduced = Some(is_reduced);
        self
    }

    /// `holds` in every state of every run.
    pub fn always(
        self,
        name: impl Into<String>,
        holds: impl Fn(&View<'_, S::Context>) -> bool + 'static,
    ) -> Self {
        self.wish(name.into(), When::Always, Rc::new(holds))
    }

    /// `holds` in some state of some run.
    pub fn sometimes(
        self,
        name: impl Into<String>,
        holds: impl Fn(&View<'_, S::Context>) -> bool + 'static,
    ) -> Self {
        self.wish(name.into(), When::Sometimes, Rc::new(holds))
    }

    /// Sooner or later `holds` in every run.
    pub fn eventually(
        self,
        name: impl Into<String>,
        holds: impl Fn(&View<'_, S::Context>) -> bool + 'static,
    ) -> Self {
        self.wish(name.into(), When::Eventually, Rc::new(holds))
    }

    /// From every state of every run it can come to one where this `holds`.
    pub fn always_possible(
        self,
        name: impl Into<String>,
        holds: impl Fn(&View<'_, S::Context>) -> bool + 'static,
    ) -> Self {
        self.wish(name.into(), When::AlwaysPossible, Rc::new(holds))
    }

    fn wish(mut self, name: String, when: When, holds: Condition<S::Context>) -> Self {
        self.wishes.push(Wish { name, when, holds });
        self
    }

    /// Explores, and tells what it found: what must hold of every machine first, then what was
    /// asked for.
    ///
    /// # Panics
    /// If code of the machine does, or a property.
    ///
    /// # Complexity
    /// Linear in the steps that are possible; see [`Proof::steps`].
    pub fn prove(&self) -> Proof {
        self.began.set(Instant::now());
        let graph = self.subject.machine().graph();
        // What comes about sooner or later is told of all orders.
        let is_eventual = |wish: &Wish<S::Context>| matches!(wish.when, When::Eventually);
        let is_reduced = self.is_reduced.unwrap_or(self.wishes.is_empty())
            && !self.wishes.iter().any(is_eventual);
        let mut proof = self.shortest(None, is_reduced);
        let mut add = |claim| proof.claims.insert(proof.claims.len() - self.wishes.len(), claim);
        let trivial = |name: &str| Claim { name: name.to_owned(), finding: Finding::Proven };
        let moods = [
            (Mood::Failing, standard::ENDS_IN_FAILURE),
            (Mood::Answering, standard::ENDS_IF_ANSWERED),
        ];
        for (mood, name) in moods.into_iter().filter(|_| standard::has_end(graph)) {
            // What can't go round comes to an end.
            match can_go_round(graph, mood) {
                true => self.shortest(Some(mood), is_reduced).claims.into_iter().for_each(&mut add),
                false => add(trivial(name)),
            }
        }
        add(match can_go_round(graph, Mood::Still) {
            true => self.still(is_reduced),
            false => trivial(standard::TIME_GOES_ON),
        });
        proof
    }

    /// Whether timers without a length go round, from any state in which one is set.
    fn still(&self, is_reduced: bool) -> Claim {
        let mut free = World::new(&self.subject, is_reduced, None);
        free.still = Some(Vec::new()).into();
        let report = self.checker(&free, self.max_states).check();
        let mut still = World::new(&self.subject, false, Some(Mood::Still));
        for mut from in free.still.take().unwrap_or_default() {
            from.mood = Mood::Still;
            still.begins.push(from);
        }
        let name = standard::TIME_GOES_ON.to_owned();
        let unless_cut = match report.is_complete() {
            true => Finding::Proven,
            false => Finding::Undecided,
        };
        if still.begins.is_empty() {
            return Claim { name, finding: unless_cut };
        }
        still.wanted = standard::in_a_mood(Mood::Still).into();
        let report = self.checker(&still, self.max_states).check();
        let finding = match report.verdict(&name) {
            Some(Verdict::Violated(path)) => {
                let target = Situation { mood: Mood::Free, ..path.start().clone() };
                let before = self.way_to(target);
                Finding::Refuted(before.and_then_still(still.route(path)))
            }
            Some(Verdict::Undecided) | None => Finding::Undecided,
            Some(Verdict::Holds | Verdict::Example(_) | Verdict::Unseen) => unless_cut,
        };
        Claim { name, finding }
    }

    /// The shortest way to a state that can be reached.
    fn way_to(&self, target: SituationOf<S>) -> Route {
        let mut world = World::new(&self.subject, false, None);
        world.target = Some(target);
        world.wanted = vec![Property::always("", |world: &World<'_, S>, at| {
            world.target.as_ref() != Some(at)
        })]
        .into();
        let report = self.checker(&world, self.max_states).check();
        let path = report.violations().next().map(|(_, path)| world.route(path));
        path.unwrap_or_else(|| Route::new(self.subject.machine().graph(), Vec::new(), None))
    }

    fn checker<'w, 's>(
        &self,
        world: &'w World<'s, S>,
        max_states: usize,
    ) -> Checker<'w, World<'s, S>> {
        let checker = Checker::new(world).max_states(max_states).reduced(world.is_reduced);
        match self.time_limit {
            Some(limit) => checker.time_limit(limit.saturating_sub(self.began.get().elapsed())),
            None => checker,
        }
    }

    /// Explores in a world of some mood. Where fewer orders were looked at, the way to what does
    /// not hold may be a detour: the shortest is looked for in all of them.
    fn shortest(&self, turns: Option<Mood>, is_reduced: bool) -> Proof {
        let mut proof =
            self.explore(World::new(&self.subject, is_reduced, turns), self.max_states, |_| true);
        let is_detour = |claim: &Claim| claim.finding.route().is_some();
        let names: Vec<String> = proof
            .claims
            .iter()
            .filter(|claim| is_detour(claim))
            .map(|claim| claim.name.clone())
            .collect();
        if !is_reduced || names.is_empty() {
            return proof;
        }
        let all = World::new(&self.subject, false, turns);
        let most = self.max_states.min(MOST_FOR_SHORTEST);
        let straight = self.explore(all, most, |name| names.iter().any(|wanted| wanted == name));
        for claim in &mut proof.claims {
            let found = straight.claims.iter().find(|other| other.name == claim.name);
            if let Some(found) = found.filter(|found| found.finding.route().is_some()) {
                claim.finding = found.finding.clone();
            }
        }
        proof
    }

    fn explore(
        &self,
        mut world: World<'_, S>,
        max_states: usize,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Proof {
        let mut wanted = match world.turns {
            Some(mood) => standard::in_a_mood(mood),
            None => standard::in_a_free_world(&world),
        };
        if world.turns.is_none() {
            wanted.extend(self.promised());
            wanted.extend(self.wished());
        }
        let is_whole = wanted.iter().all(|property| is_wanted(property.name()));
        wanted.retain(|property| is_wanted(property.name()));
        world.wanted = wanted.into();
        let world = world;
        let report = self.checker(&world, max_states).check();
        let claims = report.verdicts().map(|(name, verdict)| {
            let finding = match verdict {
                Verdict::Holds | Verdict::Example(_) => Finding::Proven,
                Verdict::Violated(path) => Finding::Refuted(world.route(path)),
                Verdict::Unseen => Finding::Missed(Vec::new()),
                Verdict::Undecided => Finding::Undecided,
            };
            Claim { name: name.to_owned(), finding }
        });
        let mut proof = Proof {
            machine: self.subject.machine().graph().name().to_owned(),
            claims: claims.collect(),
            states: report.states(),
            steps: usize::try_from(report.steps()).unwrap_or(usize::MAX),
            depth: report.depth(),
            bound: report.bound().map(|bound| self.in_words(bound)),
            max_states: self.max_states,
        };
        if world.turns.is_none() && is_whole {
            self.add_reach(&world, &mut proof);
        }
        proof
    }

    /// A bound as it was asked for: a search has what was left of the time.
    fn in_words(&self, bound: Bound) -> String {
        match (bound, self.time_limit) {
            (Bound::Time(_), Some(limit)) => Bound::Time(limit).to_string(),
            (bound, _) => bound.to_string(),
        }
    }

    /// What was never seen, once everything was.
    fn add_reach(&self, world: &World<'_, S>, proof: &mut Proof) {
        let graph = self.subject.machine().graph();
        let reach = world.reach.borrow();
        let may_be_idle = |id: &TransitionId| self.subject.may_be_idle(*id);
        let transitions = reach.missed_transitions(graph).into_iter().filter(|id| !may_be_idle(id));
        let transitions = transitions.map(|id| say_transition(graph, id));
        // A state is there for the transitions that lead to it.
        let leads_to = |state: StateId| {
            let led = graph
                .transitions()
                .filter(move |(id, edge)| edge.to() == state || graph.also(*id).contains(&state));
            led.map(|(id, _)| id)
        };
        let is_excused = |state: &StateId| {
            leads_to(*state).next().is_some() && leads_to(*state).all(|id| may_be_idle(&id))
        };
        let states = reach.missed_states(graph).into_iter().filter(|state| !is_excused(state));
        let states = states.map(|state| format!("`{}`", graph.name_of(state)));
        let at = proof.claims.len() - self.wishes.len();
        for (name, missed) in [
            (standard::EVERY_TRANSITION, transitions.collect::<Vec<String>>()),
            (standard::EVERY_STATE, states.collect()),
        ] {
            let finding = match (missed.is_empty(), &proof.bound) {
                (true, _) => Finding::Proven,
                (false, Some(_)) => Finding::Undecided,
                (false, None) => Finding::Missed(missed),
            };
            proof.claims.insert(at, Claim { name: name.to_owned(), finding });
        }
    }

    fn promised<'s>(&self) -> Vec<Property<World<'s, S>>> {
        let promises = self.subject.promises();
        let promised = promises.into_iter().enumerate().map(|(index, promise)| {
            Property::always(promise.name, move |world: &World<'s, S>, at| {
                (world.promises[index].holds)(&at.run)
            })
        });
        promised.collect()
    }

    fn wished<'s>(&self) -> Vec<Property<World<'s, S>>> {
        let wished = self.wishes.iter().map(|Wish { name, when, holds }| {
            let holds = holds.clone();
            let condition = move |world: &World<'s, S>, at: &SituationOf<S>| {
                holds(&View { graph: world.subject.machine().graph(), run: &at.run })
            };
            match when {
                When::Always => Property::always(name.clone(), condition),
                When::Sometimes => Property::sometimes(name.clone(), condition),
                When::Eventually => Property::eventually(name.clone(), condition),
                When::AlwaysPossible => Property::always_possible(name.clone(), condition),
            }
        });
        wished.collect()
    }
}

fn say_transition(graph: &Graph, id: TransitionId) -> String {
    let edge = graph.transition(id);
    let (from, to) = (graph.name_of(edge.from()), graph.name_of(edge.to()));
    let label = graph.trigger_label(edge.trigger());
    let trigger = match edge.trigger() {
        Trigger::Always | Trigger::After(_) => label,
        Trigger::Event(_) | Trigger::Done | Trigger::Failed | Trigger::TimedOut => {
            format!("on {label}")
        }
    };
    match edge.guard() {
        Some(guard) => format!("`{from}` -> `{to}` {trigger} [{}]", graph.guard_name(guard)),
        None => format!("`{from}` -> `{to}` {trigger}"),
    }
}
