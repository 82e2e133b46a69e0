//! What a journal holds of one run.

use std::sync::Arc;

use super::{ReplayFault, RunInfo, Trail};
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
        let mut player = Player::new(self, machine)?;
        while player.next().is_some_and(|record| record.number <= until) {
            player.step(trace)?;
        }
        Ok(player.into_snapshot())
    }
}

/// Repeats a run record by record.
struct Player<'a, C, E> {
    machine: &'a Machine<C, E>,
    records: std::slice::Iter<'a, Record<E>>,
    snapshot: Snapshot<C>,
    effects: Effects,
}

impl<'a, C: Clone, E: Event> Player<'a, C, E> {
    fn new(epoch: &'a Epoch<C, E>, machine: &'a Machine<C, E>) -> Result<Self, ReplayFault> {
        let expected = machine.graph().fingerprint();
        let found = epoch.first.fingerprint();
        if found != expected {
            return Err(ReplayFault::OtherGraph { expected, found });
        }
        let mut effects = Effects::new();
        machine.restore(&epoch.first, &mut effects)?;
        let (snapshot, records) = (epoch.first.clone(), epoch.records.iter());
        Ok(Self { machine, records, snapshot, effects })
    }

    fn next(&self) -> Option<&'a Record<E>> {
        self.records.as_slice().first()
    }

    /// Takes the next record.
    fn step<T: Trace>(&mut self, trace: &mut T) -> Result<(), ReplayFault> {
        let Some(record) = self.records.next() else { return Ok(()) };
        let mut trail = Trail::new(trace);
        let (run, effects) = (&mut self.snapshot, &mut self.effects);
        self.machine
            .step(run, record.at, &record.input, effects, &mut trail)
            .map_err(|why| ReplayFault::Refused { record: record.number, why })?;
        match trail.sum() == record.trail {
            true => Ok(()),
            false => Err(ReplayFault::Diverged { record: record.number }),
        }
    }

    fn into_snapshot(self) -> Snapshot<C> {
        self.snapshot
    }
}
