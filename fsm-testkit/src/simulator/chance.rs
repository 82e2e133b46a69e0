//! Random numbers that a seed gives again, on every machine and in every version.

/// Where random numbers come from: SplitMix64 (Steele, Lea, Flood 2014), which is a few lines long
/// and will never give other numbers.
///
/// Everything is computed with integers, or with operations of floating point that IEEE 754 settles
/// to the last bit, so the numbers do not depend on the platform.
///
/// ```
/// use fsm_testkit::simulator::Chance;
///
/// let mut chance = Chance::new(7);
/// let first = chance.below(6);
/// assert_eq!(Chance::new(7).below(6), first);
/// ```
#[derive(Clone, Debug)]
pub struct Chance(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mix(mut number: u64) -> u64 {
    number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

impl Chance {
    /// The numbers of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The numbers of the `count`th thing of its kind. Each has numbers of its own, so that what
    /// happens to one does not change the luck of another.
    pub(super) fn of(seed: u64, kind: u64, count: u64) -> Self {
        let kind = mix(seed.wrapping_add(GOLDEN)) ^ kind;
        Self(mix(kind.wrapping_add(GOLDEN)) ^ mix(count.wrapping_mul(GOLDEN).wrapping_add(1)))
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number below `limit`; 0 if `limit` is.
    pub fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(self.number()) * u128::from(limit);
        (wide >> 64) as u64
    }

    /// A number from 0 up to, but not including, 1.
    pub fn unit(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with this probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of them; `None` if there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// A number of the exponential distribution with mean 1: the time until something happens that
    /// happens once a unit of time on average.
    ///
    /// By von Neumann's method (1951), which compares uniform numbers and takes no logarithm: those
    /// differ from platform to platform in their last bit.
    pub fn exponential(&mut self) -> f64 {
        let mut whole = 0.0;
        loop {
            let first = self.unit();
            let (mut last, mut length) = (first, 1u32);
            loop {
                let next = self.unit();
                length += 1;
                if next > last {
                    break;
                }
                last = next;
            }
            if length.is_multiple_of(2) {
                return whole + first;
            }
            whole += 1.0;
        }
    }
}

/// A number that stands for a name (FNV-1a), the same in every run of every program.
pub(super) fn kind_of(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_seed_never_change() {
        let mut chance = Chance::new(1_234_567);
        // The reference values of SplitMix64.
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([chance.number(), chance.number()], expected);
        assert_eq!(Chance::new(7).exponential().to_bits(), Chance::new(7).exponential().to_bits());
    }

    #[test]
    fn exponential_numbers_have_mean_one_and_the_right_median() {
        let mut chance = Chance::new(3);
        let mut numbers: Vec<f64> = (0..20_000).map(|_| chance.exponential()).collect();
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        numbers.sort_by(f64::total_cmp);
        let median = numbers[numbers.len() / 2];
        assert!((mean - 1.0).abs() < 0.03, "{mean}");
        assert!((median - std::f64::consts::LN_2).abs() < 0.03, "{median}");
    }

    #[test]
    fn nothing_happens_with_probability_zero_and_everything_with_one() {
        let mut chance = Chance::new(5);
        assert!((0..1_000).all(|_| !chance.happens(0.0) && chance.happens(1.0)));
        assert_eq!((chance.below(0), chance.below(1)), (0, 0));
        assert_eq!(chance.pick::<u8>(&[]), None);
    }
}
