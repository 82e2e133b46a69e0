//! What the server said about the limit.
//!
//! Servers know best what they want to serve. A `Retry-After` holds everything back; the figure of
//! a quota is believed if it is lower than what is known here, since others may use the same quota.
//! A higher one is not: the limit that the user set is a promise.

/// A server's wishes that are in force.
#[derive(Default)]
#[cfg_attr(test, derive(Clone))]
pub(super) struct Wish {
    /// Nothing before this point in time.
    hold: u64,
    /// What remains of a quota, and until when that is so.
    quota: Option<Quota>,
}

#[derive(Clone, Copy)]
struct Quota {
    remaining: u64,
    until: u64,
}

impl Wish {
    /// Until when nothing is to be granted. It only ever extends.
    pub(super) fn hold(&mut self, until: u64) {
        self.hold = self.hold.max(until);
    }

    /// What remains of a quota. `ours` is what this side would let through.
    pub(super) fn believe(&mut self, told: u64, until: u64, ours: Option<u64>, now: u64) {
        let known = self.remaining(now).or(ours);
        if until > now && known.is_none_or(|known| told < known) {
            self.quota = Some(Quota { remaining: told, until });
        }
    }

    /// When the server is ready for `units` more. What is at or before `now` is now.
    pub(super) fn earliest(&self, units: u64, now: u64) -> u64 {
        let quota = self.quota.filter(|quota| quota.until > now && quota.remaining < units);
        quota.map_or(self.hold, |quota| self.hold.max(quota.until))
    }

    pub(super) fn grant(&mut self, units: u64, now: u64) {
        self.quota = self.quota.filter(|quota| quota.until > now);
        if let Some(quota) = &mut self.quota {
            quota.remaining = quota.remaining.saturating_sub(units);
        }
    }

    /// What remains of the quota, if one is believed.
    pub(super) fn remaining(&self, now: u64) -> Option<u64> {
        self.quota.filter(|quota| quota.until > now).map(|quota| quota.remaining)
    }

    pub(super) fn is_held(&self, now: u64) -> bool {
        self.hold > now
    }

    /// When nothing that the server said is in force any more.
    pub(super) fn over(&self) -> u64 {
        self.quota.map_or(self.hold, |quota| self.hold.max(quota.until))
    }
}

#[cfg(test)]
impl Wish {
    /// Adds to `key` what the future depends on.
    pub(super) fn standing(&self, now: u64, key: &mut Vec<u64>) {
        let quota = self.quota.filter(|quota| quota.until > now);
        let quota = quota.map_or((0, 0), |quota| (quota.until - now, quota.remaining));
        key.extend([self.hold.saturating_sub(now), quota.0, quota.1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_only_ever_extends() {
        let mut wish = Wish::default();
        wish.hold(10);
        wish.hold(5);
        assert_eq!(wish.earliest(1, 0), 10);
        assert!(wish.is_held(9) && !wish.is_held(10));
    }

    #[test]
    fn a_lower_figure_is_believed_until_its_end_and_a_higher_one_is_not() {
        let mut wish = Wish::default();
        wish.believe(7, 10, Some(5), 0);
        assert_eq!(wish.remaining(0), None);
        wish.believe(3, 10, Some(5), 0);
        wish.believe(4, 20, Some(5), 0);
        assert_eq!(wish.remaining(0), Some(3));
        wish.grant(2, 1);
        assert_eq!((wish.earliest(1, 1), wish.earliest(2, 1)), (0, 10));
        wish.believe(0, 8, Some(5), 1);
        assert_eq!(wish.earliest(1, 1), 8);
        assert_eq!((wish.earliest(1, 8), wish.remaining(8)), (0, None));
    }

    #[test]
    fn without_a_limit_of_our_own_every_figure_is_believed() {
        let mut wish = Wish::default();
        wish.believe(1_000, 10, None, 0);
        assert_eq!(wish.remaining(0), Some(1_000));
        wish.believe(0, 5, None, 6);
        assert_eq!(wish.remaining(6), Some(1_000));
    }
}
