//! The window ring: when the last units left.
//!
//! What a server sees is when requests leave, and a grant comes before that: a connection may have
//! to be set up in between. So the promise "no window of the length W holds more than N units" is
//! about the instants of *departure*. A grant without a [`Departure`] leaves as it is granted.
//!
//! A unit is granted if those that are *still here*, those that *left* less than W ago, and itself
//! are N at most. That holds the promise, in whatever order they leave: look at any window, and at
//! that one of its units which was granted last. Whatever else is in the window had been granted by
//! then, so it was still here, or it had left after the window began and hence less than W before:
//! it was counted, so all of them are N at most. And nothing less would do, since what is still here
//! may leave at any moment. A request that hangs while it connects takes one of N places and no more.
//! One that is called off was never there.
//!
//! Units that left are numbered in that order. With `h` units still here, there is room for k more
//! as soon as unit (left + h + k - N) left W ago. So the instants of the last N units are all that
//! has to be remembered. Several rates share one ring, which remembers as many units as the largest
//! of them needs.
//!
//! Departures and not units are stored, each with the number of its last unit: a heavy one takes no
//! more room than a light one, departures of the same instant are one, and a unit is found by
//! bisection. The ring grows as it is filled; what has left the longest window is forgotten. Nobody
//! tells the ring of a departure: it looks for those of the oldest two at every grant, and for all
//! where it matters, which is where there is no room.

use std::collections::VecDeque;

use super::epoch::Epoch;
use crate::transport::{Departure, Whereabouts};

/// What is looked after and what is forgotten at a grant at most, so that none of them pays for all
/// that came before. As each adds one, both lists still shrink.
const AT_ONCE: usize = 2;

/// The instants of the last units.
#[cfg_attr(test, derive(Clone))]
pub(super) struct History {
    epoch: Epoch,
    /// What was granted and, as far as is known, has not left.
    here: VecDeque<Here>,
    /// The units in it.
    units_here: u64,
    /// In the order of the instants.
    departures: VecDeque<Departed>,
    /// The number of the last unit that left; the first one has the number 1.
    left: u64,
    /// The number of the last unit that is no longer remembered.
    forgotten: u64,
    /// So many units are remembered: the largest limit.
    keep: u64,
    /// For so many nanoseconds: the longest window.
    longest: u64,
}

#[cfg_attr(test, derive(Clone))]
struct Here {
    departure: Departure,
    granted: u64,
    units: u32,
}

#[cfg_attr(test, derive(Clone))]
struct Departed {
    at: u64,
    last_unit: u64,
}

impl History {
    pub(super) fn new(epoch: Epoch, keep: u64, longest: u64) -> Self {
        History {
            epoch,
            here: VecDeque::new(),
            units_here: 0,
            departures: VecDeque::new(),
            left: 0,
            forgotten: 0,
            keep,
            longest,
        }
    }

    /// When a window of `limit` units in `window` nanoseconds has room for `units` more, all at
    /// once. What is at or before `now` is now.
    ///
    /// What is still here leaves now at the earliest. So the answer is never too late, unless
    /// something is called off: that makes room at once.
    ///
    /// More units than the limit never fit at once. For them the answer is when the last of them
    /// comes if all come as early as they may, starting now: it is never later than that.
    ///
    /// # Complexity
    ///
    /// O(1) where there is room; else O(log n + h) in the number of departures remembered and of
    /// grants that have not left.
    pub(super) fn earliest(&mut self, (limit, window): (u64, u64), units: u64, now: u64) -> u64 {
        if self.units_here + (self.left - self.forgotten) + units <= limit {
            return 0;
        }
        self.look_after(self.here.len());
        let units = self.units_here + units;
        let (windows, units) = match units <= limit {
            true => (0, units),
            false => ((units - 1) / limit, (units - 1) % limit + 1),
        };
        let unit = (self.left + units).saturating_sub(limit);
        let room = self.instant_of(unit).map_or(0, |at| at.saturating_add(window));
        match windows {
            0 => room,
            _ => room.max(now).saturating_add(windows.saturating_mul(window)),
        }
    }

    /// Records `units` that are granted now and count from their departure, if they have one. Their
    /// rates have been asked before.
    pub(super) fn grant(&mut self, units: u32, departure: Option<&Departure>, now: u64) {
        if self.keep == 0 {
            return;
        }
        match departure {
            None => self.depart(units, now),
            Some(departure) => {
                self.units_here += u64::from(units);
                let departure = departure.clone();
                self.here.push_back(Here { departure, granted: now, units });
            }
        }
        self.look_after(AT_ONCE);
        for _ in 0..AT_ONCE {
            let Some(first) = self.departures.front() else { return };
            let is_surplus = first.last_unit + self.keep <= self.left;
            let is_over = first.at.saturating_add(self.longest) <= now;
            if !is_surplus && !is_over {
                return;
            }
            self.forgotten = first.last_unit;
            self.departures.pop_front();
        }
    }

    /// How many units the window that ends now holds, those that may still leave included.
    pub(super) fn used(&mut self, window: u64, now: u64) -> u64 {
        self.look_after(self.here.len());
        let over = self.departures.partition_point(|it| it.at.saturating_add(window) <= now);
        let last_over = over.checked_sub(1).and_then(|index| self.departures.get(index));
        self.units_here + self.left - last_over.map_or(self.forgotten, |it| it.last_unit)
    }

    /// When the last unit leaves: now at the earliest, if it is still here.
    pub(super) fn last(&mut self, now: u64) -> Option<u64> {
        self.look_after(self.here.len());
        let last = self.departures.back().map(|it| it.at);
        if self.here.is_empty() { last } else { last.max(Some(now)) }
    }

    /// Looks what became of the first `count` of those that were here. Those that still are get in
    /// line anew, so that all have their turn.
    fn look_after(&mut self, count: usize) {
        for _ in 0..count {
            let Some(first) = self.here.pop_front() else { return };
            self.units_here -= u64::from(first.units);
            match first.departure.whereabouts() {
                Whereabouts::Here => {
                    self.units_here += u64::from(first.units);
                    self.here.push_back(first);
                }
                Whereabouts::Untold => self.depart(first.units, first.granted),
                Whereabouts::Departed(at) => self.depart(first.units, self.epoch.nanos(at)),
                Whereabouts::CalledOff => {}
            }
        }
    }

    /// Puts a departure in its place: mostly the last one.
    fn depart(&mut self, units: u32, at: u64) {
        let units = u64::from(units);
        self.left += units;
        let mut place = self.departures.len();
        while let Some(later) =
            self.departures.get_mut(place.wrapping_sub(1)).filter(|it| it.at > at)
        {
            later.last_unit += units;
            place -= 1;
        }
        match self.departures.get_mut(place.wrapping_sub(1)) {
            Some(same) if same.at == at => same.last_unit += units,
            Some(before) => {
                let last_unit = before.last_unit + units;
                self.departures.insert(place, Departed { at, last_unit });
            }
            // What is forgotten left before all that is remembered, or is of no use any more.
            None => {
                let last_unit = self.forgotten + units;
                self.departures.insert(place, Departed { at, last_unit });
            }
        }
    }

    fn instant_of(&self, unit: u64) -> Option<u64> {
        if unit <= self.forgotten {
            return None;
        }
        let first = self.departures.front()?;
        if unit <= first.last_unit {
            return Some(first.at);
        }
        let index = self.departures.partition_point(|it| it.last_unit < unit);
        self.departures.get(index).map(|it| it.at)
    }
}

#[cfg(test)]
impl History {
    /// Puts one departure in the place of another: a proof changes copies, and no shared one.
    pub(super) fn replace(&mut self, old: &Departure, new: &Departure) {
        for here in self.here.iter_mut().filter(|here| here.departure.is_same(old)) {
            here.departure = new.clone();
        }
    }

    /// Adds to `key` what the future depends on. `name` tells departures apart that are still here.
    pub(super) fn standing(
        &self,
        now: u64,
        name: &impl Fn(&Departure) -> usize,
        key: &mut Vec<u64>,
    ) {
        // What left before the longest window is all the same.
        let age = |at: u64| now.saturating_sub(at).min(self.longest);
        key.push(self.departures.len() as u64);
        let mut before = self.forgotten;
        for Departed { at, last_unit } in &self.departures {
            key.extend([age(*at), last_unit - before]);
            before = *last_unit;
        }
        key.push(self.here.len() as u64);
        for Here { departure, units, .. } in &self.here {
            let (kind, detail) = match departure.whereabouts() {
                Whereabouts::Here | Whereabouts::Untold => (0, name(departure) as u64),
                Whereabouts::Departed(at) => (1, age(self.epoch.nanos(at))),
                Whereabouts::CalledOff => (2, 0),
            };
            key.extend([kind, detail, u64::from(*units)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_k_comes_a_window_after_unit_k_minus_n() {
        let mut history = History::new(Epoch::begin(), 3, 10);
        for at in [0, 4, 5] {
            assert!(history.earliest((3, 10), 1, at) <= at);
            history.grant(1, None, at);
        }
        assert_eq!(history.earliest((3, 10), 1, 6), 10);
        assert_eq!(history.earliest((3, 10), 2, 6), 14);
        assert_eq!(history.earliest((3, 10), 3, 6), 15);
        // One more than ever fits at once: a window after the first of them.
        assert_eq!(history.earliest((3, 10), 4, 6), 20);
        assert_eq!(history.earliest((3, 10), 9, 6), 35);
        assert_eq!(history.used(10, 6), 3);
        assert_eq!(history.used(10, 10), 2);
    }

    #[test]
    fn a_limit_of_a_million_costs_what_is_in_its_window() {
        let mut history = History::new(Epoch::begin(), 1_000_000, 60);
        assert_eq!(history.departures.capacity(), 0);
        for at in 0..10_000 {
            history.grant(1, None, at);
        }
        assert!(history.departures.len() <= 61, "{} grants", history.departures.len());
        assert_eq!(history.used(60, 9_999), 60);
    }

    #[test]
    fn a_ring_holds_no_more_units_than_the_limit() {
        let mut history = History::new(Epoch::begin(), 8, 1_000_000);
        for at in 0..1_000 {
            history.grant(1 + u32::try_from(at % 3).expect("small"), None, at);
        }
        assert!(history.departures.len() <= 9, "{} grants", history.departures.len());
    }

    #[test]
    fn departures_of_one_instant_are_one() {
        let mut history = History::new(Epoch::begin(), 1_000, 10);
        for _ in 0..500 {
            history.grant(2, None, 7);
        }
        assert_eq!(history.departures.len(), 1);
        assert_eq!(history.earliest((1_000, 10), 1, 7), 17);
    }

    #[tokio::test(start_paused = true)]
    async fn a_departure_takes_its_place_among_those_that_left_before_it_was_looked_at() {
        let mut history = History::new(Epoch::begin(), 4, 100);
        let (early, hangs) = (Departure::default(), Departure::default());
        history.grant(2, Some(&early), 0);
        history.grant(1, Some(&hangs), 10);
        history.grant(1, None, 50);
        assert_eq!((history.departures.len(), history.units_here), (1, 3));
        early.depart();
        assert_eq!(history.used(100, 60), 4);
        let departures = history.departures.iter().map(|it| (it.at, it.last_unit));
        assert_eq!(departures.collect::<Vec<_>>(), [(0, 2), (50, 3)]);
        assert_eq!(history.earliest((4, 100), 2, 60), 100);
        assert_eq!(history.earliest((4, 100), 3, 60), 150);
        assert_eq!(history.earliest((4, 100), 4, 60), 160, "one has not left");
        assert!(hangs.call_off());
        assert_eq!(history.earliest((4, 100), 4, 60), 150);
        assert_eq!((history.here.len(), history.units_here), (0, 0));
    }

    #[test]
    fn what_left_is_forgotten_though_nobody_is_told() {
        let mut history = History::new(Epoch::begin(), 8, 1_000_000);
        for at in 0..1_000 {
            let departure = Departure::default();
            history.grant(1, Some(&departure), at);
            // What a silent transport has counts as gone.
            departure.handed_over();
        }
        assert!(history.here.len() <= 2, "{} are here", history.here.len());
        assert!(history.departures.len() <= 10, "{} departures", history.departures.len());
    }
}
