//! What a journal holds of one run.

use std::sync::Arc;

use super::{Replay, ReplayFault, RunInfo, Trail};
use crate::event::Event;
use crate::graph::Fingerprint;
use crate::kernel::{Effects, Input, Snapshot, Trace};
use crate::machine::Machine;
use crate::time::Timestamp;

/// What a journal holds of one run.
#[derive(Clone, Debug)]
pub struct History<C, E> {
    /// The run's line in the list.
    pub info: RunInfo,
    /// What happened, in order; a new epoch begins where the run was carried over to another graph.
    /// There is at least one.
    pub epochs: Vec<Epoch<C, E>>,
}

/// What happened to a run along one graph.
#[derive(Clone, Debug)]
pub struct Epoch<C, E> {
    /// The graph's fingerprint.
    pub fingerprint: Fingerprint,
    /// What the machine was made from; may be empty.
    pub definition: Arc<str>,
    /// Where the records begin.
    pub first: Snapshot<C>,
    /// What the kernel took since then.
    pub records: Vec<Record<E>>,
}

/// One input that the kernel took.
#[derive(Clone, Debug, PartialEq)]
pub struct Record<E> {
    /// Its number in the run, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub input: Input<E>,
    /// Tells which way the run went: a sum over the moves of the step.
    pub trail: u32,
}

impl<C, E> History<C, E> {
    /// The epoch that the run is in.
    ///
    /// # Panics
    /// If there is none, which no journal gives.
    pub fn last(&self) -> &Epoch<C, E> {
        self.epochs.last().expect("a history has an epoch")
    }

    /// As [`last`](Self::last), to keep.
    ///
    /// # Panics
    /// If there is none, which no journal gives.
    pub fn into_last(mut self) -> Epoch<C, E> {
        self.epochs.pop().expect("a history has an epoch")
    }
}

impl<C: Clone, E: Event> Epoch<C, E> {
    /// Where the run stands after all records.
    ///
    /// # Errors
    /// [`ReplayFault`]: the records do not belong to this machine.
    pub fn replay(&self, machine: &Machine<C, E>) -> Result<Snapshot<C>, ReplayFault> {
        self.replay_traced(machine, u64::MAX, &mut ())
    }

    /// Where the run stood after the record with this number; `trace` hears of every step on the way.
    ///
    /// # Errors
    /// As [`replay`](Self::replay).
    pub fn replay_traced<T: Trace>(
        &self,
        machine: &Machine<C, E>,
        until: u64,
        trace: &mut T,
    ) -> Result<Snapshot<C>, ReplayFault> {
        let mut replay = Replay::of(self, machine)?;
        while replay.next_record().is_some_and(|record| record.number <= until) {
            replay.step_traced(trace)?;
        }
        Ok(replay.into_snapshot())
    }

    /// What a journal would have kept of a run along `machine` that began with `first` and took
    /// these inputs, as an [`Observer`](crate::Observer) heard them: for a look back at a run that
    /// had no journal. Events that were refused then are left out.
    ///
    /// # Errors
    /// [`ReplayFault`]: the inputs are not those of a run of this machine.
    pub fn from_inputs<'a>(
        machine: &Machine<C, E>,
        first: Snapshot<C>,
        inputs: impl IntoIterator<Item = &'a (Timestamp, Input<E>)>,
    ) -> Result<Self, ReplayFault>
    where
        E: Clone + 'a,
    {
        let mut effects = Effects::new();
        machine.restore(&first, &mut effects)?;
        let mut run = first.clone();
        let (mut records, mut number) = (Vec::new(), 0);
        for (at, input) in inputs {
            let mut nobody = ();
            let mut trail = Trail::new(&mut nobody);
            let taken = machine.step(&mut run, *at, input, &mut effects, &mut trail);
            let trail = trail.sum();
            match taken {
                Ok(()) => {
                    number += 1;
                    records.push(Record { number, at: *at, input: input.clone(), trail });
                }
                Err(_) if matches!(input, Input::Event(_)) => {}
                Err(why) => return Err(ReplayFault::Refused { record: number + 1, why }),
            }
        }
        let fingerprint = machine.graph().fingerprint();
        Ok(Self { fingerprint, definition: Arc::default(), first, records })
    }
}
