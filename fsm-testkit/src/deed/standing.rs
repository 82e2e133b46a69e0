//! Where a run stands, and what a deed makes of it: the simulation's way, with an ear for every
//! transition that is taken, also for those that move no token.

use std::time::Duration;

use fsm_core::{
    Effects, Event, Graph, Input, Machine, Move, Outcome, Phase, Snapshot, Start, StateId, Status,
    Timer, Timestamp, Trace, TransitionId, Wait,
};

use super::{Deed, Refusal};
use crate::simulation::{MOST_TIMERS, SimulationError};

/// A run between two deeds.
#[derive(Clone, Debug)]
pub(crate) struct Standing<C> {
    pub(crate) run: Snapshot<C>,
    pub(crate) now: Timestamp,
}

/// What a deed set off.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passage {
    /// The transitions taken, in order.
    pub(crate) takes: Vec<TransitionId>,
    /// The states that tokens came to without a transition of their own.
    began: Vec<StateId>,
    /// The states that tokens came to.
    reached: Vec<StateId>,
}

impl Trace for Passage {
    fn began(&mut self, _token: u32, state: StateId) {
        self.began.push(state);
    }

    fn moved(&mut self, step: Move) {
        self.takes.push(step.transition);
        self.reached.push(step.to);
    }
}

impl Passage {
    /// Every state that was active on the way, with those around it, in declared order.
    pub(crate) fn visits(&self, graph: &Graph) -> Vec<StateId> {
        let mut visits = self.began.clone();
        visits.extend(&self.reached);
        for id in &self.takes {
            let edge = graph.transition(*id);
            visits.extend([edge.from(), edge.to()]);
            visits.extend(graph.also(*id));
        }
        let around: Vec<StateId> =
            visits.iter().flat_map(|state| graph.ancestors(*state)).collect();
        visits.extend(around);
        visits.sort();
        visits.dedup();
        visits
    }
}

impl<C: Clone> Standing<C> {
    /// A run that has begun, at time zero.
    pub(crate) fn begin<E: Event>(machine: &Machine<C, E>, context: C) -> (Self, Passage) {
        let mut standing = Self { run: machine.snapshot(context, 0), now: Timestamp::ZERO };
        let mut passage = Passage::default();
        // A new run of the machine's own takes its first input.
        let _ = standing.step(machine, &Input::Start, &mut passage);
        (standing, passage)
    }

    /// Where the run stands after `deed`; this one stays as it is.
    pub(crate) fn after<E: Event + Clone>(
        &self,
        machine: &Machine<C, E>,
        deed: &Deed<E>,
    ) -> Result<(Self, Passage), Refusal> {
        let mut next = self.clone();
        let mut passage = Passage::default();
        match deed {
            Deed::Event(event) => next.step(machine, &Input::Event(event.clone()), &mut passage)?,
            Deed::End { state, outcome } => next.end(machine, state, outcome, &mut passage)?,
            Deed::TimeOut { state } => next.time_out(machine, state, &mut passage)?,
            Deed::Pass(wait) => next.pass_until(machine, next.now + *wait, &mut passage)?,
        }
        Ok((next, passage))
    }

    /// The states where tokens stand that own no scope, in declared order.
    pub(crate) fn at(&self) -> Vec<StateId> {
        let leaves = self.run.tokens().filter(|(_, phase)| *phase != Phase::Owning);
        let mut at: Vec<StateId> = leaves.map(|(state, _)| state).collect();
        at.sort();
        match self.run.status() {
            Status::Stuck(state) if at.is_empty() => vec![state],
            Status::New
            | Status::Running
            | Status::Finished(_)
            | Status::Cancelled
            | Status::Stuck(_) => at,
        }
    }

    /// How long until the next timer fires.
    pub(crate) fn next_timer<E: Event>(&self, machine: &Machine<C, E>) -> Option<Duration> {
        machine.timers(&self.run).first().map(|timer| timer.at.since(self.now))
    }

    pub(crate) fn step<E: Event>(
        &mut self,
        machine: &Machine<C, E>,
        input: &Input<E>,
        passage: &mut Passage,
    ) -> Result<(), Refusal> {
        Ok(machine.step(&mut self.run, self.now, input, &mut Effects::new(), passage)?)
    }

    fn end<E: Event + Clone>(
        &mut self,
        machine: &Machine<C, E>,
        state: &str,
        outcome: &Outcome<E>,
        passage: &mut Passage,
    ) -> Result<(), Refusal> {
        let Start { ticket, .. } = self.start_of(machine, state)?;
        self.step(machine, &Input::Outcome { ticket, outcome: outcome.clone() }, passage)
    }

    /// As [`Simulation::time_out`](crate::simulation::Simulation::time_out), but refused where the
    /// visit ends by another timer.
    fn time_out<E: Event>(
        &mut self,
        machine: &Machine<C, E>,
        state: &str,
        passage: &mut Passage,
    ) -> Result<(), Refusal> {
        let Start { ticket, visit, state: id, .. } = self.start_of(machine, state)?;
        if machine.graph().timeout(id).is_none() {
            return Err(SimulationError::NoTimeout { state: state.into() }.into());
        }
        let is_own = |timer: &Timer| {
            timer.ticket.slot() == ticket.slot()
                && timer.state == id
                && matches!(timer.wait, Wait::Timeout | Wait::Retry)
        };
        for _ in 0..MOST_TIMERS {
            // It is under way, or waits to be started again, so one of its own is among them.
            let Some(timer) = machine.timers(&self.run).first().copied() else { break };
            self.now = self.now.max(timer.at);
            self.step(machine, &Input::Timer(timer.ticket), passage)?;
            let other_visit =
                |start: &Start| start.ticket.slot() == ticket.slot() && start.visit != visit;
            let is_over = machine.under_way(&self.run).iter().any(other_visit)
                || !machine.timers(&self.run).iter().any(is_own);
            match (is_over, is_own(&timer)) {
                (false, _) => {}
                // What is due at the same point in time fires, too.
                (true, true) => return self.pass_until(machine, self.now, passage),
                (true, false) => return Err(Refusal::NotInTime { state: state.into() }),
            }
        }
        Err(SimulationError::Endless { limit: MOST_TIMERS }.into())
    }

    fn pass_until<E: Event>(
        &mut self,
        machine: &Machine<C, E>,
        end: Timestamp,
        passage: &mut Passage,
    ) -> Result<(), Refusal> {
        let mut fired = 0;
        while let Some(timer) = machine.timers(&self.run).first().filter(|timer| timer.at <= end) {
            if fired == MOST_TIMERS {
                return Err(SimulationError::Endless { limit: MOST_TIMERS }.into());
            }
            self.now = self.now.max(timer.at);
            self.step(machine, &Input::Timer(timer.ticket), passage)?;
            fired += 1;
        }
        self.now = self.now.max(end);
        Ok(())
    }

    fn start_of<E: Event>(
        &self,
        machine: &Machine<C, E>,
        state: &str,
    ) -> Result<Start, SimulationError> {
        let graph = machine.graph();
        let started = machine.under_way(&self.run);
        let id = graph.state(state);
        let found = started.iter().find(|start| Some(start.state) == id).copied();
        found.ok_or_else(|| SimulationError::NotUnderWay {
            state: state.into(),
            under_way: started.iter().map(|start| graph.name_of(start.state).to_owned()).collect(),
        })
    }
}
