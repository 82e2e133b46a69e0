//! One bit for each state.

/// A set of the numbers of states.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    /// No state of so many.
    pub(super) fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// Adds one more state, which is in the set or not.
    pub(super) fn push(&mut self, is_in: bool) {
        if self.len.is_multiple_of(64) {
            self.words.push(0);
        }
        self.len += 1;
        if is_in {
            self.insert((self.len - 1) as u32);
        }
    }

    pub(super) fn has(&self, state: u32) -> bool {
        self.words[state as usize / 64] >> (state % 64) & 1 == 1
    }

    /// Whether the state was not in the set before.
    pub(super) fn insert(&mut self, state: u32) -> bool {
        let (word, bit) = (&mut self.words[state as usize / 64], 1 << (state % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}
