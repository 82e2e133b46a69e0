//! When a request leaves.
//!
//! A request goes through five states. It is *made*; it is handed to a transport, which *holds* it
//! or does *not tell*; and it *departs*, or is *called off* while it is here. What departed, or may
//! have, is never called off.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU8, Ordering},
    },
};

use tokio::time::Instant;

/// The record of whether a request has left, and when; shared between a call, its transport, and
/// the rate limits that count it.
///
/// A call gives it to requests that must not be repeated blindly, or that a rate limit counts. A
/// transport that can tell says [`hold`](Self::hold) before [`Transport::send`](super::Transport::send) returns, and
/// [`depart`](Self::depart) before the first byte goes out. A transport that does neither is taken
/// to have sent the request when it was handed over.
#[derive(Clone, Default)]
pub struct Departure(Arc<Record>);

#[derive(Default)]
struct Record {
    /// How it stands. [`DEPARTED`] is set after `at`, and nothing follows it.
    state: AtomicU8,
    at: OnceLock<Instant>,
}

/// No transport has the request yet.
const MADE: u8 = 0;
/// A transport has it and says nothing.
const UNTOLD: u8 = 1;
/// A transport has it and keeps it.
const HELD: u8 = 2;
const CALLED_OFF: u8 = 3;
const DEPARTED: u8 = 4;

/// How it stands with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// It has not left, and may.
    Here,
    /// It is with a transport that does not tell.
    Untold,
    /// It left at this instant.
    Departed(Instant),
    /// It has not left, and never will.
    CalledOff,
}

impl Departure {
    /// The request is here and has not left. Has no effect once it departed.
    pub fn hold(&self) {
        let _ = self.go_on(MADE, HELD) || self.go_on(UNTOLD, HELD);
    }

    /// From now on the request may have left; the first instant counts. There is no way back.
    pub fn depart(&self) {
        if self.0.state.load(Ordering::Acquire) != DEPARTED {
            self.0.at.get_or_init(Instant::now);
            self.0.state.store(DEPARTED, Ordering::Release);
        }
    }

    /// May a byte of the request have left?
    pub fn may_have_left(&self) -> bool {
        matches!(self.0.state.load(Ordering::Acquire), UNTOLD | DEPARTED)
    }

    /// A transport has the request: what it did not tell by now, it does not tell.
    pub(crate) fn handed_over(&self) {
        self.go_on(MADE, UNTOLD);
    }

    /// The request has not left and is gone. Says whether that is news; what may have left stays.
    pub(crate) fn call_off(&self) -> bool {
        self.go_on(MADE, CALLED_OFF) || self.go_on(HELD, CALLED_OFF)
    }

    pub(crate) fn whereabouts(&self) -> Whereabouts {
        match self.0.state.load(Ordering::Acquire) {
            UNTOLD => Whereabouts::Untold,
            CALLED_OFF => Whereabouts::CalledOff,
            DEPARTED => {
                self.0.at.get().map_or(Whereabouts::Untold, |at| Whereabouts::Departed(*at))
            }
            _ => Whereabouts::Here,
        }
    }

    /// A request that left at `at`.
    #[cfg(test)]
    pub(crate) fn left_at(at: Instant) -> Self {
        let departure = Self::default();
        departure.0.at.get_or_init(|| at);
        departure.depart();
        departure
    }

    /// Whether both are handles of one record.
    #[cfg(test)]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn go_on(&self, from: u8, to: u8) -> bool {
        let moved = self.0.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
        moved.is_ok()
    }
}

impl fmt::Debug for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Departure").field(&self.whereabouts()).finish()
    }
}

#[cfg(test)]
mod tests {
    use fsm_testkit::explore::{Explorer, Seen};
    use fsm_testkit::prove::Prover;

    use super::*;

    #[test]
    fn a_request_that_was_handed_to_a_silent_transport_counts_as_left() {
        let departure = Departure::default();
        assert!(!departure.may_have_left(), "nobody has it yet");
        departure.handed_over();
        assert!(departure.may_have_left());
        assert!(!departure.call_off());
        assert_eq!(departure.whereabouts(), Whereabouts::Untold);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_instant_of_a_departure_is_the_one_that_counts() {
        let departure = Departure::default();
        departure.hold();
        departure.handed_over();
        assert_eq!(departure.whereabouts(), Whereabouts::Here);
        let first = Instant::now();
        departure.depart();
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        departure.depart();
        assert!(!departure.call_off());
        assert_eq!(departure.whereabouts(), Whereabouts::Departed(first));
    }

    #[test]
    fn what_is_here_can_be_called_off_once_and_has_not_left() {
        for is_held in [false, true] {
            let departure = Departure::default();
            if is_held {
                departure.hold();
            }
            assert!(departure.call_off() && !departure.call_off());
            departure.hold();
            departure.handed_over();
            assert_eq!(departure.whereabouts(), Whereabouts::CalledOff);
            assert!(!departure.may_have_left());
        }
    }

    type Tell = fn(&Departure);

    /// What may be told of a request.
    const TOLD: [(&str, Tell); 4] = [
        ("hold", Departure::hold),
        ("hand over", Departure::handed_over),
        ("depart", Departure::depart),
        ("call off", |departure| {
            departure.call_off();
        }),
    ];

    #[test]
    fn no_way_leads_back_from_a_departure() {
        let state = |told: &Vec<Tell>| {
            let departure = Departure::default();
            told.iter().for_each(|tell| tell(&departure));
            match departure.0.state.load(Ordering::Acquire) {
                MADE => "made",
                UNTOLD => "not told",
                HELD => "held",
                CALLED_OFF => "called off",
                _ => "departed",
            }
        };
        let tell = |told: &mut Vec<Tell>, next: &Tell| {
            let before = state(told);
            told.push(*next);
            if state(told) == before { Seen::Ignored } else { Seen::Moved }
        };
        let explored = Explorer::new("departure", tell, |told| state(told).to_owned())
            .explore(Vec::new(), &TOLD)
            .expect("a graph");
        assert!(explored.is_complete());

        let graph = explored.graph();
        let mut moves: Vec<_> = graph
            .transitions()
            .map(|(_, edge)| {
                let (from, to) = (graph.name_of(edge.from()), graph.name_of(edge.to()));
                format!("{from} -> {to} on {}", graph.trigger_label(edge.trigger()))
            })
            .collect();
        moves.sort_unstable();
        insta::assert_snapshot!(moves.join("\n"), @r"
        called off -> departed on depart
        held -> called off on call off
        held -> departed on depart
        made -> called off on call off
        made -> departed on depart
        made -> held on hold
        made -> not told on hand over
        not told -> departed on depart
        not told -> held on hold
        ");
        Prover::of(graph)
            .always_possible("it departs", |run| run.is_at("departed"))
            .prove()
            .assert_proven();
    }

    #[test]
    fn a_request_that_left_cannot_be_held_back() {
        let departure = Departure::default();
        departure.hold();
        assert!(!departure.may_have_left());
        departure.depart();
        departure.hold();
        assert!(departure.may_have_left());
    }
}
