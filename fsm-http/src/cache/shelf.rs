//! The answers that are kept: a map under a bound, emptied where it was least recently used.
//!
//! A shelf is plain data and is told the time, so every rule of the cache can be read here. An
//! answer is good for a reader as long as it is younger than the *reader's* time to live, and as
//! long as nobody cleared the reader's name since the request for it began.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::name::CacheName;
use super::weight::weight;
use super::{CacheKey, Terms};
use crate::call::Answer;

/// How many entries each new one examines for being out of date. Two for one lets the shelf shrink
/// faster than it grows.
const SWEPT: usize = 2;

/// Answers under their keys, at most so many bytes of them.
#[derive(Debug)]
pub(super) struct Shelf {
    max_bytes: u64,
    bytes: u64,
    entries: HashMap<CacheKey, Entry>,
    /// The key of every entry under its last use, so that the first is the one used longest ago.
    order: BTreeMap<u64, CacheKey>,
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    answer: Arc<Answer>,
    stored: Instant,
    /// When it is of no use any more to whoever stored it; `None` for never.
    over: Option<Instant>,
    /// How many clearings there had been when the request for it began.
    begun: u64,
    /// Who stored it, and whether anybody else has used it.
    owner: CacheName,
    is_shared: bool,
    weight: u64,
    last_use: u64,
}

/// What a reader finds.
#[derive(Debug)]
pub(super) enum Found {
    Fresh(Arc<Answer>),
    /// Too old to be used, and good enough to be asked about.
    Stale(Arc<Answer>),
    Nothing,
}

impl Shelf {
    pub(super) fn new(max_bytes: u64) -> Self {
        Self { max_bytes, bytes: 0, entries: HashMap::new(), order: BTreeMap::new(), uses: 0 }
    }

    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Looks for what `key` stands for, on the reader's terms.
    pub(super) fn find(
        &mut self,
        key: CacheKey,
        name: &CacheName,
        terms: Terms,
        now: Instant,
    ) -> Found {
        let Some(entry) = self.entries.get_mut(&key) else { return Found::Nothing };
        if entry.begun < name.cleared() {
            return Found::Nothing;
        }
        let is_fresh = now.saturating_duration_since(entry.stored) < terms.ttl;
        if !is_fresh && !terms.keep_stale {
            if entry.is_over(now) {
                self.remove(key);
            }
            return Found::Nothing;
        }
        entry.is_shared |= entry.owner != *name;
        self.order.remove(&entry.last_use);
        self.uses += 1;
        entry.last_use = self.uses;
        self.order.insert(self.uses, key);
        let answer = entry.answer.clone();
        if is_fresh { Found::Fresh(answer) } else { Found::Stale(answer) }
    }

    /// Puts an answer in the place of what was under its key, unless that was asked for later. One
    /// that is larger than the whole shelf is not kept.
    pub(super) fn put(
        &mut self,
        key: CacheKey,
        answer: Arc<Answer>,
        owner: &CacheName,
        terms: Terms,
        begun: u64,
        now: Instant,
    ) {
        if self.entries.get(&key).is_some_and(|entry| entry.begun > begun) {
            return;
        }
        self.remove(key);
        self.sweep(now);
        let weight = weight(&answer);
        if weight > self.max_bytes {
            return;
        }
        while self.bytes + weight > self.max_bytes {
            let Some((_, oldest)) = self.order.first_key_value() else { break };
            self.remove(*oldest);
        }
        let over = if terms.keep_stale { None } else { expiry(now, terms.ttl) };
        self.uses += 1;
        let entry = Entry {
            answer,
            stored: now,
            over,
            begun,
            owner: owner.clone(),
            is_shared: false,
            weight,
            last_use: self.uses,
        };
        self.bytes += weight;
        self.order.insert(entry.last_use, key);
        self.entries.insert(key, entry);
    }

    pub(super) fn remove(&mut self, key: CacheKey) {
        if let Some(entry) = self.entries.remove(&key) {
            self.order.remove(&entry.last_use);
            self.bytes -= entry.weight;
        }
    }

    /// Removes what only `name` has any use for.
    pub(super) fn remove_those_of(&mut self, name: &CacheName) {
        let is_own = |entry: &Entry| entry.owner == *name && !entry.is_shared;
        let own: Vec<_> =
            self.entries.iter().filter(|(_, entry)| is_own(entry)).map(|(key, _)| *key).collect();
        own.into_iter().for_each(|key| self.remove(key));
    }

    /// Drops those used longest ago that nobody will use again, a few at a time.
    fn sweep(&mut self, now: Instant) {
        for _ in 0..SWEPT {
            let Some((_, &key)) = self.order.first_key_value() else { return };
            if !self.entries.get(&key).is_some_and(|entry| entry.is_over(now)) {
                return;
            }
            self.remove(key);
        }
    }
}

impl Entry {
    fn is_over(&self, now: Instant) -> bool {
        self.over.is_some_and(|over| over <= now)
    }
}

/// A time to live beyond what the clock can hold never ends.
fn expiry(now: Instant, ttl: Duration) -> Option<Instant> {
    now.checked_add(ttl)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cache::tests::answer;

    const MINUTE: Terms = Terms { ttl: Duration::from_secs(60), keep_stale: false };

    fn key(number: u32) -> CacheKey {
        CacheKey::of_text("test", &number.to_string(), None)
    }

    fn room_for(count: u64) -> Shelf {
        Shelf::new(count * weight(&answer("body")))
    }

    fn is_fresh(shelf: &mut Shelf, number: u32, name: &CacheName, now: Instant) -> bool {
        matches!(shelf.find(key(number), name, MINUTE, now), Found::Fresh(_))
    }

    #[test]
    fn the_one_used_longest_ago_makes_room() {
        let (mut shelf, name, now) = (room_for(2), CacheName::new("a"), Instant::now());
        for number in [1, 2] {
            shelf.put(key(number), Arc::new(answer("body")), &name, MINUTE, 0, now);
        }
        assert!(is_fresh(&mut shelf, 1, &name, now));
        shelf.put(key(3), Arc::new(answer("body")), &name, MINUTE, 0, now);
        let left: Vec<_> =
            [1, 2, 3].into_iter().filter(|n| is_fresh(&mut shelf, *n, &name, now)).collect();
        assert_eq!(left, [1, 3]);
    }

    #[test]
    fn an_answer_larger_than_the_shelf_is_not_kept_and_drives_nobody_out() {
        let (mut shelf, name, now) = (room_for(2), CacheName::new("a"), Instant::now());
        shelf.put(key(1), Arc::new(answer("body")), &name, MINUTE, 0, now);
        let large = Arc::new(answer(&"x".repeat(10_000)));
        shelf.put(key(2), large, &name, MINUTE, 0, now);
        assert!(is_fresh(&mut shelf, 1, &name, now));
        assert!(!is_fresh(&mut shelf, 2, &name, now));
    }

    #[test]
    fn what_is_out_of_date_leaves_as_new_ones_come() {
        let (mut shelf, name, now) = (room_for(100), CacheName::new("a"), Instant::now());
        for number in 0..10 {
            shelf.put(key(number), Arc::new(answer("body")), &name, MINUTE, 0, now);
        }
        let later = now + Duration::from_secs(61);
        for number in 10..15 {
            shelf.put(key(number), Arc::new(answer("body")), &name, MINUTE, 0, later);
        }
        assert_eq!(shelf.len(), 5);
    }

    #[test]
    fn each_reader_judges_an_answer_by_its_own_time_to_live() {
        let (mut shelf, name, now) = (room_for(2), CacheName::new("a"), Instant::now());
        shelf.put(key(1), Arc::new(answer("body")), &name, MINUTE, 0, now);
        let later = now + Duration::from_secs(10);
        let hasty = Terms { ttl: Duration::from_secs(10), keep_stale: false };
        assert!(matches!(shelf.find(key(1), &name, hasty, later), Found::Nothing));
        let asking = Terms { keep_stale: true, ..hasty };
        assert!(matches!(shelf.find(key(1), &name, asking, later), Found::Stale(_)));
        assert!(is_fresh(&mut shelf, 1, &name, later));
    }

    proptest! {
        /// Whatever happens, the bytes are those of the entries, they keep to the bound, and the
        /// order has each entry once.
        #[test]
        fn the_books_of_a_shelf_always_balance(
            steps in proptest::collection::vec((0_u32..12, 0_usize..2_000, 0_u64..90), 1..100),
        ) {
            let mut shelf = Shelf::new(6_000);
            let (name, start) = (CacheName::new("a"), Instant::now());
            for (number, size, seconds) in steps {
                let now = start + Duration::from_secs(seconds);
                if !is_fresh(&mut shelf, number, &name, now) {
                    let kept = Arc::new(answer(&"x".repeat(size)));
                    shelf.put(key(number), kept, &name, MINUTE, 0, now);
                }
                let weights: u64 = shelf.entries.values().map(|entry| weight(&entry.answer)).sum();
                prop_assert_eq!(shelf.bytes, weights);
                prop_assert!(shelf.bytes <= 6_000);
                prop_assert_eq!(shelf.order.len(), shelf.entries.len());
                for (last_use, key) in &shelf.order {
                    prop_assert_eq!(shelf.entries[key].last_use, *last_use);
                }
            }
        }
    }
}
