//! The window ring: when the last units were granted.
//!
//! Units are numbered in the order in which they are granted. "No window of the length W holds more
//! than N units" is then a sentence about pairs: unit k comes at least W after unit k - N. So the
//! instants of the last N units are all that has to be remembered, and a rate is held exactly,
//! whatever the arrivals look like. Several rates share one ring, which remembers as many units as
//! the largest of them needs.
//!
//! Grants and not units are stored, each with the number of its last unit: a heavy one takes no more
//! room than a light one, grants of the same instant are one, and a unit is found by bisection. The
//! ring grows as it is filled; what has left the longest window is forgotten.

use std::collections::VecDeque;

/// What is forgotten at a grant at most, so that none of them pays for all that came before. As
/// each adds one, the ring still shrinks.
const FORGOTTEN_AT_ONCE: usize = 2;

/// The instants of the last units.
pub(super) struct History {
    grants: VecDeque<Grant>,
    /// The number of the last unit granted; the first one has the number 1.
    granted: u64,
    /// The number of the last unit that is no longer remembered.
    forgotten: u64,
    /// So many units are remembered: the largest limit.
    keep: u64,
    /// For so many nanoseconds: the longest window.
    longest: u64,
}

struct Grant {
    at: u64,
    last_unit: u64,
}

impl History {
    pub(super) fn new(keep: u64, longest: u64) -> Self {
        History { grants: VecDeque::new(), granted: 0, forgotten: 0, keep, longest }
    }

    /// When a window of `limit` units in `window` nanoseconds has room for `units` more, all at
    /// once. What is at or before `now` is now.
    ///
    /// More units than the limit never fit at once. For them the answer is when the last of them
    /// comes if all come as early as they may, starting now: it is never later than that.
    ///
    /// # Complexity
    ///
    /// O(log n) in the number of grants remembered; O(1) for a single unit.
    pub(super) fn earliest(&self, (limit, window): (u64, u64), units: u64, now: u64) -> u64 {
        let (windows, units) = match units <= limit {
            true => (0, units),
            false => ((units - 1) / limit, (units - 1) % limit + 1),
        };
        let unit = (self.granted + units).saturating_sub(limit);
        let room = self.instant_of(unit).map_or(0, |at| at.saturating_add(window));
        match windows {
            0 => room,
            _ => room.max(now).saturating_add(windows.saturating_mul(window)),
        }
    }

    /// Records `units` that are granted now. Their rates have been asked before.
    pub(super) fn grant(&mut self, units: u64, now: u64) {
        self.granted += units;
        if self.keep == 0 {
            return;
        }
        match self.grants.back_mut() {
            Some(last) if last.at >= now => last.last_unit = self.granted,
            Some(_) | None => self.grants.push_back(Grant { at: now, last_unit: self.granted }),
        }
        for _ in 0..FORGOTTEN_AT_ONCE {
            let Some(first) = self.grants.front() else { return };
            let is_surplus = first.last_unit + self.keep <= self.granted;
            let is_over = first.at.saturating_add(self.longest) <= now;
            if !is_surplus && !is_over {
                return;
            }
            self.forgotten = first.last_unit;
            self.grants.pop_front();
        }
    }

    /// How many units the window that ends now holds.
    pub(super) fn used(&self, window: u64, now: u64) -> u64 {
        let over = self.grants.partition_point(|grant| grant.at.saturating_add(window) <= now);
        let last_over = over.checked_sub(1).and_then(|index| self.grants.get(index));
        self.granted - last_over.map_or(self.forgotten, |grant| grant.last_unit)
    }

    /// When the last unit was granted.
    pub(super) fn last(&self) -> Option<u64> {
        self.grants.back().map(|grant| grant.at)
    }

    fn instant_of(&self, unit: u64) -> Option<u64> {
        if unit <= self.forgotten {
            return None;
        }
        let first = self.grants.front()?;
        if unit <= first.last_unit {
            return Some(first.at);
        }
        let index = self.grants.partition_point(|grant| grant.last_unit < unit);
        self.grants.get(index).map(|grant| grant.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_k_comes_a_window_after_unit_k_minus_n() {
        let mut history = History::new(3, 10);
        for at in [0, 4, 5] {
            assert!(history.earliest((3, 10), 1, at) <= at);
            history.grant(1, at);
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
        let mut history = History::new(1_000_000, 60);
        assert_eq!(history.grants.capacity(), 0);
        for at in 0..10_000 {
            history.grant(1, at);
        }
        assert!(history.grants.len() <= 61, "{} grants", history.grants.len());
        assert_eq!(history.used(60, 9_999), 60);
    }

    #[test]
    fn a_ring_holds_no_more_units_than_the_limit() {
        let mut history = History::new(8, 1_000_000);
        for at in 0..1_000 {
            history.grant(1 + at % 3, at);
        }
        assert!(history.grants.len() <= 9, "{} grants", history.grants.len());
    }

    #[test]
    fn grants_of_one_instant_are_one() {
        let mut history = History::new(1_000, 10);
        for _ in 0..500 {
            history.grant(2, 7);
        }
        assert_eq!(history.grants.len(), 1);
        assert_eq!(history.earliest((1_000, 10), 1, 7), 17);
    }
}
