//! The pure kernel as a model: what may happen next to a run, and where that leads.
//!
//! An activity under way may end in any of its ways or take too long, a timer may fire, an event
//! may come: one step each, taken once for every way in which the oracle may answer. Time is
//! abstract: an activity takes as long as it likes, so timers of different states fire in any
//! order. Those of one state were set at once, and fire in the order of their lengths.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};

use fsm_core::{
    Effects, Input, Move, Outcome, Phase, Retry, Snapshot, Start, StateId, Status, Ticket, Timer,
    Timestamp, Trace, TransitionId, Wait,
};

use super::lanes::{Chosen, Lanes};
use super::pending::{Fault, Pending};
use super::reach::Reach;
use super::script::{self, Asked};
use super::subject::{Ending, Promise, Subject};
use crate::model::Property;

/// What the world does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Mood {
    /// Whatever it likes.
    Free,
    /// From here on nothing succeeds, and nobody calls.
    Failing,
    /// From here on every activity answers before its time is out, and nobody calls.
    Answering,
    /// From here on only timers without a length fire.
    Still,
}

/// A state of the model.
#[derive(Clone, Debug)]
pub(super) struct Situation<C, K> {
    pub(super) run: Snapshot<C>,
    pub(super) key: K,
    pub(super) mood: Mood,
    pub(super) fault: Option<Fault>,
}

impl<C, K: PartialEq> PartialEq for Situation<C, K> {
    fn eq(&self, other: &Self) -> bool {
        (self.mood, self.fault, &self.key) == (other.mood, other.fault, &other.key)
            && self.run.stands_like(&other.run)
    }
}

impl<C, K: Eq> Eq for Situation<C, K> {}

impl<C, K: Hash> Hash for Situation<C, K> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.run.hash_standing(hasher);
        (self.mood, self.fault).hash(hasher);
        self.key.hash(hasher);
    }
}

/// What happens in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) what: What,
    pub(super) asked: Vec<Asked>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Start,
    /// By index into the subject's events.
    Event(usize),
    /// By index into the endings of the state.
    End {
        ticket: Ticket,
        state: StateId,
        ending: usize,
    },
    /// An attempt takes too long; or, where attempts are forgotten, perhaps the last one.
    TimeOut {
        ticket: Ticket,
        state: StateId,
        last: bool,
    },
    Fire {
        ticket: Ticket,
        state: StateId,
        wait: Wait,
    },
    Turn(Mood),
}

/// A machine in a world that may do anything.
pub(super) struct World<'s, S: Subject> {
    pub(super) subject: &'s S,
    /// Whether it looks at tokens that go their own way in one order only.
    pub(super) is_reduced: bool,
    /// What the world may turn to.
    pub(super) turns: Option<Mood>,
    pub(super) lanes: Lanes,
    pub(super) promises: Vec<Promise<'s, S::Context>>,
    /// Where it begins, if that is not where a run does.
    pub(super) begins: Vec<SituationOf<S>>,
    /// The state that a way is looked for to.
    pub(super) target: Option<SituationOf<S>>,
    pub(super) reach: RefCell<Reach>,
    /// The states in which a timer without a length is set, where they are wanted.
    pub(super) still: RefCell<Option<Vec<SituationOf<S>>>>,
    /// What is asked; the checker takes it.
    pub(super) wanted: RefCell<Vec<Property<World<'s, S>>>>,
}

pub(super) type SituationOf<S> = Situation<<S as Subject>::Context, <S as Subject>::Key>;
pub(super) type Steps<S> = Vec<(Deed, SituationOf<S>)>;

impl<'s, S: Subject> World<'s, S> {
    pub(super) fn new(subject: &'s S, is_reduced: bool, turns: Option<Mood>) -> Self {
        subject.begin();
        let graph = subject.machine().graph();
        let lanes = Lanes::of(graph, |guard| subject.is_shared(guard), turns);
        let reach = RefCell::new(Reach::of(graph));
        let promises = subject.promises();
        let (still, wanted) = (RefCell::default(), RefCell::default());
        let begins = Vec::new();
        Self {
            subject,
            is_reduced,
            turns,
            lanes,
            promises,
            begins,
            target: None,
            reach,
            still,
            wanted,
        }
    }

    pub(super) fn first(&self) -> SituationOf<S> {
        let run = self.subject.machine().snapshot(self.subject.context(), 0);
        let key = self.subject.key(&run);
        Situation { run, key, mood: Mood::Free, fault: None }
    }

    /// Everything that may happen. Where a token waits to be started again, that comes first in a
    /// reduced world: it only goes back to where it was.
    pub(super) fn all(&self, from: &SituationOf<S>, steps: &mut Steps<S>) {
        match self.chosen(from) {
            Some(Chosen { slot, goes_back: true }) => self.own(from, slot, steps),
            Some(_) | None => {
                for what in self.possible(from) {
                    self.take(from, what, steps);
                }
            }
        }
    }

    /// What may happen to one token, where that stands for everything.
    pub(super) fn few(&self, from: &SituationOf<S>, steps: &mut Steps<S>) -> bool {
        let Some(Chosen { slot, .. }) = self.chosen(from) else { return false };
        self.own(from, slot, steps);
        true
    }

    fn chosen(&self, from: &SituationOf<S>) -> Option<Chosen> {
        let is_free = from.mood == Mood::Free;
        let has_lanes = self.is_reduced
            && self.subject.is_abstract()
            && self.subject.has_lanes()
            && from.run.status() == Status::Running
            && self.turns != Some(Mood::Still)
            && !(is_free && self.lanes.hears(&from.run));
        let may_turn = is_free && self.turns.is_some();
        let choose = || {
            let timers = self.next_timers(&from.run);
            self.lanes.choose(self.subject.machine(), &from.run, &timers, may_turn)
        };
        has_lanes.then(choose)?
    }

    /// What may happen to the token in `slot`, and to those around it.
    fn own(&self, from: &SituationOf<S>, slot: usize, steps: &mut Steps<S>) {
        for what in self.possible(from) {
            let is_own = match what {
                What::End { ticket, .. } | What::TimeOut { ticket, .. } => ticket.slot() == slot,
                // A timer of a state around a fork ends all that goes on in it.
                What::Fire { ticket, state, .. } => {
                    ticket.slot() == slot || self.lanes.is_owner(state)
                }
                What::Turn(_) => true,
                What::Start | What::Event(_) => false,
            };
            if is_own {
                self.take(from, what, steps);
            }
        }
    }

    /// Whether the world lets an attempt end so.
    fn suits(&self, mood: Mood, outcome: &Outcome<S::Event>) -> bool {
        mood == Mood::Free
            || match outcome {
                // How often a failure is repeated has an end, which a subject may have forgotten.
                Outcome::Failed { retry: Retry::Allowed(_), .. } => !self.subject.is_abstract(),
                Outcome::Failed { retry: Retry::Never, .. } => true,
                Outcome::Done(_) => mood == Mood::Answering,
                Outcome::Postponed(_) => false,
            }
    }

    pub(super) fn possible(&self, from: &SituationOf<S>) -> Vec<What> {
        let machine = self.subject.machine();
        let (run, graph) = (&from.run, machine.graph());
        let mut possible = Vec::new();
        match run.status() {
            Status::New => return vec![What::Start],
            Status::Running => {}
            Status::Finished(_) | Status::Cancelled | Status::Stuck(_) => return possible,
        }
        let timers = self.next_timers(run);
        let is_still = timers.iter().any(|timer| self.takes_no_time(timer));
        if self.turns == Some(Mood::Still) {
            if from.mood == Mood::Still {
                let still = timers.iter().filter(|timer| self.takes_no_time(timer));
                possible.extend(still.map(fire));
            }
            return possible;
        }
        if is_still && let Some(still) = &mut *self.still.borrow_mut() {
            still.push(from.clone());
        }
        let under_way = machine.under_way(run);
        for Start { ticket, state, .. } in &under_way {
            let endings = self.subject.endings(*state);
            let suits = |ending: &Ending<S::Event>| self.suits(from.mood, &ending.outcome);
            // What can't end as the world is in the mood to let it ends as it can.
            let may_time_out = from.mood != Mood::Answering && graph.timeout(*state).is_some();
            let is_bound = may_time_out || endings.iter().any(suits);
            for (ending, kind) in endings.iter().enumerate() {
                if !is_bound || suits(kind) {
                    possible.push(What::End { ticket: *ticket, state: *state, ending });
                }
            }
        }
        for timer in &timers {
            let (ticket, state) = (timer.ticket, timer.state);
            if timer.wait != Wait::Timeout {
                possible.push(fire(timer));
                continue;
            }
            if from.mood == Mood::Answering {
                continue;
            }
            let retries = graph.retry(state).map_or(0, |policy| policy.count);
            possible.push(What::TimeOut { ticket, state, last: true });
            if self.subject.is_abstract() && retries > 0 && from.mood == Mood::Free {
                possible.push(What::TimeOut { ticket, state, last: false });
            }
        }
        if from.mood == Mood::Free {
            possible.extend((0..self.subject.events().len()).map(What::Event));
            if let Some(mood) = self.turns.filter(|_| !under_way.is_empty()) {
                possible.push(What::Turn(mood));
            }
        }
        possible
    }

    /// One step for each way in which the oracle may answer.
    fn take(&self, from: &SituationOf<S>, what: What, steps: &mut Steps<S>) {
        if let What::Turn(mood) = what {
            let to = Situation { mood, ..from.clone() };
            steps.push((Deed { what, asked: Vec::new() }, to));
            return;
        }
        let script = self.subject.script();
        let mut answers = Some(Vec::new());
        while let Some(given) = answers.take() {
            if let Some(script) = script {
                script.open(&given);
            }
            let mut ear = Ear::default();
            let taken = self.step(from, what, &mut ear);
            let asked = script.map(|script| script.asked()).unwrap_or_default();
            answers = script::next(&asked);
            if let Some(to) = taken.filter(|_| self.subject.is_possible(&asked)) {
                self.reach.borrow_mut().add(self.subject.machine().graph(), &ear);
                steps.push((Deed { what, asked }, to));
            }
        }
    }

    /// Where a deed leads, if the kernel takes it.
    pub(super) fn step(
        &self,
        from: &SituationOf<S>,
        what: What,
        ear: &mut Ear,
    ) -> Option<SituationOf<S>> {
        let machine = self.subject.machine();
        let mut run = from.run.clone();
        let input = match what {
            What::Start => Input::Start,
            What::Event(index) => Input::Event(self.subject.events()[index].1.clone()),
            What::End { ticket, state, ending } => {
                let outcome = self.subject.endings(state)[ending].outcome.clone();
                Input::Outcome { ticket, outcome }
            }
            What::TimeOut { ticket, state, last } => {
                if last && self.subject.is_abstract() {
                    let retries = machine.graph().retry(state).map_or(0, |policy| policy.count);
                    run.exhaust(ticket, retries);
                }
                run.hasten(ticket);
                Input::Timer(ticket)
            }
            What::Fire { ticket, .. } => {
                run.hasten(ticket);
                Input::Timer(ticket)
            }
            What::Turn(mood) => return Some(Situation { mood, ..from.clone() }),
        };
        let before = Pending::of(machine, &run);
        let mut effects = Effects::new();
        machine.step(&mut run, Timestamp::ZERO, &input, &mut effects, ear).ok()?;
        let fault = from.fault.or_else(|| before.fault(machine, &run, &input, &effects));
        let run = self.subject.forget(run);
        let key = self.subject.key(&run);
        let has_acted = self.subject.script().is_some_and(|script| script.has_turned());
        // What acts may change what guards look at, so that it goes round no more.
        let is_still = from.mood == Mood::Still && !has_acted;
        let mood = if from.mood == Mood::Still && !is_still { Mood::Free } else { from.mood };
        Some(Situation { run, key, mood, fault })
    }

    /// Whether cancelling a run ends it and all that it has started.
    pub(super) fn can_cancel(&self, from: &SituationOf<S>) -> bool {
        let machine = self.subject.machine();
        if from.run.status() != Status::Running {
            return true;
        }
        let mut run = from.run.clone();
        let before = Pending::of(machine, &run);
        let mut effects = Effects::new();
        let done = machine.step(&mut run, Timestamp::ZERO, &Input::Cancel, &mut effects, &mut ());
        let fault = before.fault(machine, &run, &Input::Cancel, &effects);
        done.is_ok() && run.status() == Status::Cancelled && fault.is_none()
    }

    /// Whether a run that goes on waits for the timer of `deadline`, and is over once that fires.
    pub(super) fn is_ended_by(&self, from: &SituationOf<S>, deadline: TransitionId) -> bool {
        if from.run.status() != Status::Running {
            return true;
        }
        let timers = self.subject.machine().timers(&from.run);
        let timer = timers.iter().find(|timer| timer.wait == Wait::After(deadline));
        timer.is_some_and(|timer| {
            if let Some(script) = self.subject.script() {
                script.open(&[]);
            }
            let to = self.step(from, fire(timer), &mut Ear::default());
            to.is_some_and(|to| to.run.status().is_over())
        })
    }

    /// Whether some token waits for an event.
    pub(super) fn rests(&self, from: &SituationOf<S>) -> bool {
        let mut tokens = from.run.tokens();
        tokens.any(|(state, phase)| phase == Phase::Resting && self.lanes.hears_at(state))
    }
}

fn fire(timer: &Timer) -> What {
    What::Fire { ticket: timer.ticket, state: timer.state, wait: timer.wait }
}

/// Hears which transitions a step takes, and where tokens come to be.
#[derive(Debug, Default)]
pub(super) struct Ear {
    pub(super) entered: Vec<StateId>,
    pub(super) taken: Vec<TransitionId>,
}

impl Trace for Ear {
    fn began(&mut self, _: u32, state: StateId) {
        self.entered.push(state);
    }

    fn moved(&mut self, step: Move) {
        self.entered.push(step.to);
        self.taken.push(step.transition);
    }
}
