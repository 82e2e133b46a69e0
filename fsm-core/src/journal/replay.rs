//! Travelling through what a run did: forwards, backwards, to a state.

use super::step::Teller;
use super::{Epoch, History, Record, ReplayFault, Standpoint, Step, Trail};
use crate::event::Event;
use crate::graph::StateId;
use crate::kernel::{Effect, Effects, Passages, Snapshot, Trace};
use crate::machine::Machine;
use crate::nearest::nearest;

/// A run that is repeated record by record, and stands after any one of them. Nothing is performed.
///
/// ```
/// use fsm_core::journal::{Journal, MemoryJournal, NewRun};
/// use fsm_core::{Bindings, Graph, Machine, Outcome};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut graph = Graph::builder("errand");
/// graph.activity("fetch");
/// graph.activity("carry");
/// graph.final_state("home");
/// graph.transition("fetch", "carry").done().action("count");
/// graph.transition("carry", "home").done();
/// let machine = Machine::<u32, ()>::bind(
///     graph.initial("fetch").build()?,
///     Bindings::new()
///         .activity("fetch", |_, _| async { Outcome::done() })
///         .activity("carry", |_, _| async { Outcome::done() })
///         .action("count", |fetched, _| *fetched += 1),
/// )?;
///
/// let journal = MemoryJournal::new();
/// let first = machine.snapshot(0, 0);
/// let book = journal.begin(NewRun::new("errand-1", machine.graph()), &first)?;
/// machine.resume(first)?.journal(book).await;
///
/// let history = journal.read("errand-1")?;
/// let mut replay = history.replay(&machine)?;
/// let told: Vec<String> = history.steps(&machine)?.iter().map(|step| step.heard.to_string()).collect();
/// assert_eq!(told, ["the run begins", "`fetch` is done", "`carry` is done"]);
///
/// replay.to_entered("carry")?;
/// assert_eq!((replay.number(), replay.snapshot().context()), (2, &1));
/// replay.back()?;
/// assert_eq!(replay.snapshot().context(), &0);
/// # Ok(())
/// # }
/// ```
pub struct Replay<'a, C, E> {
    machine: &'a Machine<C, E>,
    epoch: &'a Epoch<C, E>,
    /// How many records were taken.
    taken: usize,
    snapshot: Snapshot<C>,
    effects: Effects,
    passages: Passages,
    teller: Teller,
}

impl<C: Clone, E: Event> History<C, E> {
    /// Stands at the beginning of the epoch that the run is in.
    ///
    /// # Errors
    /// [`ReplayFault`]: the run follows another graph, or its snapshot is none of the machine.
    pub fn replay<'a>(
        &'a self,
        machine: &'a Machine<C, E>,
    ) -> Result<Replay<'a, C, E>, ReplayFault> {
        Replay::of(self.last(), machine)
    }

    /// What happened in the epoch that the run is in, record by record.
    ///
    /// # Errors
    /// [`ReplayFault`]: the records do not belong to this machine.
    pub fn steps(&self, machine: &Machine<C, E>) -> Result<Vec<Step>, ReplayFault> {
        let mut replay = self.replay(machine)?;
        let mut steps = Vec::with_capacity(self.last().records.len());
        while let Some(step) = replay.step()? {
            steps.push(step);
        }
        Ok(steps)
    }
}

impl<'a, C: Clone, E: Event> Replay<'a, C, E> {
    /// Stands at the beginning of an epoch.
    ///
    /// # Errors
    /// [`ReplayFault`]: the run follows another graph, or its snapshot is none of the machine.
    pub fn of(epoch: &'a Epoch<C, E>, machine: &'a Machine<C, E>) -> Result<Self, ReplayFault> {
        let expected = machine.graph().fingerprint();
        let found = epoch.first.fingerprint();
        if found != expected {
            return Err(ReplayFault::OtherGraph { expected, found });
        }
        let mut effects = Effects::new();
        machine.restore(&epoch.first, &mut effects)?;
        let snapshot = epoch.first.clone();
        let teller = Teller::since(epoch.records.first().map(|record| record.at));
        let passages = Passages::default();
        Ok(Self { machine, epoch, taken: 0, snapshot, effects, passages, teller })
    }

    /// The machine that repeats the run.
    pub fn machine(&self) -> &'a Machine<C, E> {
        self.machine
    }

    /// The number of the record after which it stands; one less than the first, at the beginning.
    pub fn number(&self) -> u64 {
        match self.taken.checked_sub(1) {
            Some(last) => self.epoch.records[last].number,
            None => self.first().saturating_sub(1),
        }
    }

    /// The number of the first record that is there.
    pub fn first(&self) -> u64 {
        self.epoch.records.first().map_or(1, |record| record.number)
    }

    /// The number of the last record that is there; one less than the first if there is none.
    pub fn last(&self) -> u64 {
        self.epoch.records.last().map_or(0, |record| record.number)
    }

    /// How the run stood.
    pub fn snapshot(&self) -> &Snapshot<C> {
        &self.snapshot
    }

    /// How the run stood, to keep.
    pub fn into_snapshot(self) -> Snapshot<C> {
        self.snapshot
    }

    /// Where it stood.
    pub fn stands(&self) -> Standpoint {
        Standpoint::of(self.machine.graph(), &self.snapshot)
    }

    /// What followed from the last record; at the beginning, what a run that is taken up there asks for.
    /// After a step back it is what followed from the record before.
    pub fn effects(&self) -> &[Effect] {
        self.effects.as_slice()
    }

    /// The record that would be taken next.
    pub fn next_record(&self) -> Option<&'a Record<E>> {
        self.epoch.records.get(self.taken)
    }

    /// Takes the next record, and says what came of it; `None` at the end.
    ///
    /// # Errors
    /// [`ReplayFault`]: the record does not belong to this machine.
    pub fn step(&mut self) -> Result<Option<Step>, ReplayFault> {
        let Some(record) = self.next_record() else { return Ok(None) };
        self.teller.before(self.machine, record.at, &record.input, &self.snapshot);
        let mut passages = std::mem::take(&mut self.passages);
        passages.0.clear();
        let taken = self.take(record, &mut passages);
        self.passages = passages;
        taken?;
        let graph = self.machine.graph();
        Ok(Some(self.teller.after(graph, record.number, &self.passages, &self.snapshot)))
    }

    /// As [`step`](Self::step), for who would rather hear of the moves: whether there was a record.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn step_traced<T: Trace>(&mut self, trace: &mut T) -> Result<bool, ReplayFault> {
        let Some(record) = self.next_record() else { return Ok(false) };
        self.take(record, trace).map(|()| true)
    }

    fn take<T: Trace>(&mut self, record: &Record<E>, trace: &mut T) -> Result<(), ReplayFault> {
        let mut trail = Trail::new(trace);
        let (run, effects) = (&mut self.snapshot, &mut self.effects);
        self.machine
            .step(run, record.at, &record.input, effects, &mut trail)
            .map_err(|why| ReplayFault::Refused { record: record.number, why })?;
        if trail.sum() != record.trail {
            return Err(ReplayFault::Diverged { record: record.number });
        }
        self.taken += 1;
        Ok(())
    }

    /// Goes to where the run stood after record `number`, forwards or back; to 0 for the beginning.
    ///
    /// # Errors
    /// [`ReplayFault::NoSuchRecord`]; else as [`step`](Self::step).
    ///
    /// # Complexity
    /// As many steps as there are records in between; on the way back, as there are up to it.
    pub fn to(&mut self, number: u64) -> Result<(), ReplayFault> {
        let (first, last) = (self.first(), self.last());
        if number > last || number + 1 < first {
            return Err(ReplayFault::NoSuchRecord { record: number, first, last });
        }
        if number < self.number() {
            self.rewind();
        }
        while self.next_record().is_some_and(|record| record.number <= number) {
            self.step_traced(&mut ())?;
        }
        Ok(())
    }

    /// Goes back to before the last record; whether there was one.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn back(&mut self) -> Result<bool, ReplayFault> {
        let Some(target) = self.taken.checked_sub(1) else { return Ok(false) };
        self.rewind();
        while self.taken < target {
            self.step_traced(&mut ())?;
        }
        Ok(true)
    }

    /// Goes back to the beginning.
    pub fn rewind(&mut self) {
        self.snapshot = self.epoch.first.clone();
        self.taken = 0;
        // It was restored before.
        drop(self.machine.restore(&self.snapshot, &mut self.effects));
    }

    /// Goes to where the state called `name` was first entered: the step that entered it, or `None`
    /// where it never was, and the run stands where it ends.
    ///
    /// # Errors
    /// [`ReplayFault::NoSuchState`]; else as [`step`](Self::step).
    pub fn to_entered(&mut self, name: &str) -> Result<Option<Step>, ReplayFault> {
        let (machine, state) = (self.machine, self.state(name)?);
        self.rewind();
        self.find(|passages, _| {
            passages.0.iter().any(|passage| passage.enters(machine.graph(), state))
        })
    }

    /// Goes to where the state called `name` was first left; else as [`to_entered`](Self::to_entered).
    ///
    /// # Errors
    /// As [`to_entered`](Self::to_entered).
    pub fn to_left(&mut self, name: &str) -> Result<Option<Step>, ReplayFault> {
        let (machine, state) = (self.machine, self.state(name)?);
        self.rewind();
        self.find(|passages, _| {
            passages.0.iter().any(|passage| passage.leaves(machine.graph(), state))
        })
    }

    /// Goes on until, after a step, `holds` of how the run stands: that step, or `None` at the end.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn to_where(
        &mut self,
        mut holds: impl FnMut(&Snapshot<C>) -> bool,
    ) -> Result<Option<Step>, ReplayFault> {
        self.find(|_, run| holds(run))
    }

    fn find(
        &mut self,
        mut is_it: impl FnMut(&Passages, &Snapshot<C>) -> bool,
    ) -> Result<Option<Step>, ReplayFault> {
        while let Some(step) = self.step()? {
            if is_it(&self.passages, &self.snapshot) {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }

    fn state(&self, name: &str) -> Result<StateId, ReplayFault> {
        let graph = self.machine.graph();
        graph.state(name).ok_or_else(|| ReplayFault::NoSuchState {
            state: name.to_owned(),
            nearest: nearest(name, graph.states().map(|state| graph.name_of(state))),
        })
    }
}
