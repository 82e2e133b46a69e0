//! Chance from a seed and the names of what is drawn.

/// One number for a seed and what it is drawn for (SplitMix64, by words).
pub(crate) fn mix(seed: u64, what: &[u64]) -> u64 {
    what.iter().fold(scramble(seed), |sum, word| scramble(sum ^ scramble(*word)))
}

/// As [`mix`], for something that has a name.
pub(crate) fn named(seed: u64, name: &str, what: &[u64]) -> u64 {
    mix(name.bytes().fold(seed, |sum, byte| mix(sum, &[u64::from(byte)])), what)
}

fn scramble(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Draws one after the other.
pub(crate) struct Chance {
    seed: u64,
    drawn: u64,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.drawn += 1;
        mix(self.seed, &[self.drawn]) % end
    }

    pub(crate) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}
