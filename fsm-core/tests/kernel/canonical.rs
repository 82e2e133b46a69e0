//! A run under other names goes on as the run itself does.

use std::collections::BTreeMap;

use fsm_core::{Effects, Input, Machine, Outcome, Snapshot, Status, Ticket, Timestamp, Wait};
use fsm_testkit::strategies::{Size, any_blueprint};
use fsm_testkit::tally::{self, EVENTS, Tally, Word};
use proptest::prelude::*;

use crate::fuzz::config;

type Machines = Machine<Tally, Word>;

/// What may happen to a run and can be told of another run without its tickets: what happens at a
/// state where only one token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Done(usize),
    Failed(usize),
    Timer(usize, u32),
    Event(usize),
}

fn deeds(machine: &Machines, run: &Snapshot<Tally>) -> BTreeMap<Deed, Vec<(Ticket, Timestamp)>> {
    let mut deeds: BTreeMap<Deed, Vec<(Ticket, Timestamp)>> = BTreeMap::new();
    for start in machine.under_way(run) {
        for deed in [Deed::Done(start.state.index()), Deed::Failed(start.state.index())] {
            deeds.entry(deed).or_default().push((start.ticket, run.now()));
        }
    }
    for timer in machine.timers(run) {
        let kind = match timer.wait {
            Wait::Delay => 0,
            Wait::Retry => 1,
            // Whether there is time for another attempt is a matter of points in time.
            Wait::Timeout => continue,
            Wait::After(transition) => 2 + transition.index() as u32,
        };
        let deed = Deed::Timer(timer.state.index(), kind);
        deeds.entry(deed).or_default().push((timer.ticket, timer.at));
    }
    deeds.retain(|_, tickets| tickets.len() == 1);
    deeds.extend((0..EVENTS.len()).map(|event| (Deed::Event(event), Vec::new())));
    deeds
}

fn perform(
    machine: &Machines,
    run: &mut Snapshot<Tally>,
    deed: Deed,
    ticket: Option<(Ticket, Timestamp)>,
) -> bool {
    let (input, now) = match (deed, ticket) {
        (Deed::Event(event), _) => (Input::Event(Word(EVENTS[event].to_owned())), run.now()),
        (Deed::Done(_), Some((ticket, now))) => {
            (Input::Outcome { ticket, outcome: Outcome::done() }, now)
        }
        (Deed::Failed(_), Some((ticket, now))) => {
            (Input::Outcome { ticket, outcome: Outcome::failed() }, now)
        }
        (Deed::Timer(..), Some((ticket, at))) => (Input::Timer(ticket), at),
        (Deed::Done(_) | Deed::Failed(_) | Deed::Timer(..), None) => return false,
    };
    machine.step(run, now.max(run.now()), &input, &mut Effects::new(), &mut ()).is_ok()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_canonical_form_of_a_run_goes_where_the_run_goes(
        blueprint in any_blueprint(Size::SMALL),
        seed in any::<u64>(),
        rolls in prop::collection::vec(any::<u64>(), 1..40),
    ) {
        let machine = tally::machine(blueprint.graph());
        let canonical = |run: &Snapshot<Tally>| {
            let mut run = run.clone();
            machine.canonicalize(&mut run);
            run
        };
        let mut run = machine.snapshot(Tally::new(seed, 3), 0);
        let start = Input::Start;
        machine.step(&mut run, Timestamp::ZERO, &start, &mut Effects::new(), &mut ()).unwrap();
        for roll in rolls {
            let other = canonical(&run);
            prop_assert_eq!(&canonical(&other), &other, "once more changes nothing");
            prop_assert!(machine.restore(&other, &mut Effects::new()).is_ok(), "it is whole");
            if run.status() != Status::Running {
                break;
            }
            let (own, others) = (deeds(&machine, &run), deeds(&machine, &other));
            prop_assert!(own.keys().eq(others.keys()), "the same may happen to both");
            let at = roll as usize % own.len();
            let Some((deed, tickets)) = own.iter().nth(at) else { continue };
            let named = others.get(deed).and_then(|tickets| tickets.first()).copied();
            let mut other = other.clone();
            if let (Deed::Timer(..), Some((ticket, _))) = (deed, named) {
                other.hasten(ticket);
            }
            let named = named.map(|(ticket, _)| (ticket, other.now()));
            let taken = perform(&machine, &mut run, *deed, tickets.first().copied());
            prop_assert_eq!(taken, perform(&machine, &mut other, *deed, named));
            prop_assert_eq!(canonical(&run), canonical(&other));
        }
    }
}
