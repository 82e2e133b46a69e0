//! The states that were visited: a fingerprint each, and from where it was first reached.

use std::hash::{BuildHasher, Hash};

use foldhash::quality::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// 64 bits that stand for a state; the same in every run of one build.
pub(super) fn fingerprint<S: Hash>(state: &S) -> u64 {
    FixedState::with_seed(0).hash_one(state)
}

/// The parent of an initial state.
const NONE: u32 = u32::MAX;

/// What a ledger can hold.
pub(super) const MOST: usize = NONE as usize;

/// The visited states by number, in the order in which they were found, and their numbers by
/// fingerprint.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    fingerprints: Pile<u64>,
    parents: Pile<u32>,
    numbers: HashTable<u32>,
}

impl Ledger {
    pub(super) fn len(&self) -> usize {
        self.parents.len
    }

    pub(super) fn fingerprint(&self, state: u32) -> u64 {
        self.fingerprints.get(state as usize)
    }

    /// The number of the state with this fingerprint, if it was visited.
    pub(super) fn find(&self, fingerprint: u64) -> Option<u32> {
        self.numbers.find(fingerprint, |known| self.fingerprint(*known) == fingerprint).copied()
    }

    /// The number of the state with this fingerprint, and whether it is a new one.
    pub(super) fn admit(&mut self, fingerprint: u64, parent: Option<u32>) -> (u32, bool) {
        if self.numbers.len() == self.numbers.capacity() {
            self.grow();
        }
        let Self { fingerprints, parents, numbers } = self;
        let is_it = |known: &u32| fingerprints.get(*known as usize) == fingerprint;
        let again = |known: &u32| fingerprints.get(*known as usize);
        match numbers.entry(fingerprint, is_it, again) {
            Entry::Occupied(known) => (*known.get(), false),
            Entry::Vacant(vacant) => {
                // Whoever asks keeps the count below `MOST`.
                let number = parents.len as u32;
                vacant.insert(number);
                fingerprints.push(fingerprint);
                parents.push(parent.unwrap_or(NONE));
                (number, true)
            }
        }
    }

    /// The states of the way on which `state` was first reached, an initial state first.
    pub(super) fn way_to(&self, state: u32) -> Vec<u32> {
        let parent = |state: &u32| Some(self.parents.get(*state as usize)).filter(|at| *at != NONE);
        let mut way: Vec<u32> = std::iter::successors(Some(state), parent).collect();
        way.reverse();
        way
    }

    /// Makes the index anew, twice as large. The old one is freed first: all that is in it is known
    /// from the fingerprints, and the two need not exist at once.
    fn grow(&mut self) {
        let room = (2 * self.len()).max(64);
        self.numbers = HashTable::new();
        self.numbers = HashTable::with_capacity(room);
        for number in 0..self.len() as u32 {
            let fingerprints = &self.fingerprints;
            let again = |known: &u32| fingerprints.get(*known as usize);
            self.numbers.insert_unique(fingerprints.get(number as usize), number, again);
        }
    }
}

/// A vector in pieces, so that growing copies nothing and leaves no room unused.
#[derive(Debug, Default)]
struct Pile<T> {
    pieces: Vec<Vec<T>>,
    len: usize,
}

const PIECE: usize = 1 << 14;

impl<T: Copy> Pile<T> {
    fn get(&self, index: usize) -> T {
        self.pieces[index / PIECE][index % PIECE]
    }

    fn push(&mut self, item: T) {
        if self.len.is_multiple_of(PIECE) {
            // The first piece grows as a vector does: most models are small.
            self.pieces.push(match self.len {
                0 => Vec::new(),
                _ => Vec::with_capacity(PIECE),
            });
        }
        if let Some(last) = self.pieces.last_mut() {
            last.push(item);
        }
        self.len += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{Ledger, PIECE, fingerprint};

    #[test]
    fn a_ledger_knows_what_it_admitted_over_all_its_growth() {
        let mut ledger = Ledger::default();
        let count = 3 * PIECE as u32 + 7;
        for number in 0..count {
            let parent = number.checked_sub(1).map(|before| before / 2);
            assert_eq!(ledger.admit(fingerprint(&number), parent), (number, true));
        }
        for number in (0..count).step_by(101) {
            assert_eq!(ledger.admit(fingerprint(&number), None), (number, false));
            assert_eq!(ledger.find(fingerprint(&number)), Some(number));
        }
        assert_eq!(ledger.find(fingerprint(&count)), None);
        assert_eq!(ledger.len(), count as usize);
        assert_eq!(ledger.way_to(12), [0, 2, 5, 12]);
    }
}
