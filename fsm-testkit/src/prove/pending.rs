//! What a driver has in hand, and whether the kernel agrees: so it is told that a process may die
//! between any two steps and that nothing is left behind.

use fsm_core::{Effect, Effects, Input, Machine, Snapshot, Status, Ticket};

/// What the kernel must never do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fault {
    /// What it says to be under way is not what it has started.
    LostWork,
    /// It waits for a timer that it has not set.
    LostTimer,
    /// The run is over, and work was left running.
    LeftWork,
}

/// What a driver has in hand.
pub(super) struct Pending {
    work: Vec<Ticket>,
    timers: Vec<Ticket>,
}

impl Pending {
    pub(super) fn of<C, E>(machine: &Machine<C, E>, run: &Snapshot<C>) -> Self {
        let work = machine.under_way(run).iter().map(|start| start.ticket).collect();
        let timers = machine.timers(run).iter().map(|timer| timer.ticket).collect();
        Self { work, timers }
    }

    /// What does not fit together in a step that began with this in hand.
    pub(super) fn fault<C, E>(
        mut self,
        machine: &Machine<C, E>,
        run: &Snapshot<C>,
        input: &Input<E>,
        effects: &Effects,
    ) -> Option<Fault> {
        if let Input::Outcome { ticket, .. } = input {
            self.work.retain(|started| started != ticket);
        }
        if let Input::Timer(ticket) = input {
            // One that took too long is dropped by the driver as the kernel says so.
            self.timers.retain(|set| set != ticket);
        }
        for effect in effects.as_slice() {
            match effect {
                Effect::Start(start) => self.work.push(start.ticket),
                Effect::Cancel(dropped) => self.work.retain(|started| started != dropped),
                Effect::Timer { ticket, .. } => self.timers.push(*ticket),
                Effect::Finish => {}
            }
        }
        let after = Pending::of(machine, run);
        match run.status() {
            Status::Running => {
                self.work.sort_unstable();
                let mut expected = after.work;
                expected.sort_unstable();
                if self.work != expected {
                    return Some(Fault::LostWork);
                }
                let is_set = |ticket: &Ticket| self.timers.contains(ticket);
                (!after.timers.iter().all(is_set)).then_some(Fault::LostTimer)
            }
            Status::Finished(_) | Status::Cancelled => {
                (!self.work.is_empty()).then_some(Fault::LeftWork)
            }
            // A run that is stuck drops what it holds as a whole.
            Status::New | Status::Stuck(_) => None,
        }
    }
}
