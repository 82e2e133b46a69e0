//! Latencies counted in buckets that grow with what they hold.
//!
//! Each power of two is cut into 64 buckets of equal width, so that a bucket is nowhere wider than
//! 1/64 of what it holds, and its middle is within 0.8 % of every latency in it (the scheme of
//! HdrHistogram). Any [`Duration`] up to 584 years has its bucket; nothing is clamped before that.
//!
//! The buckets of one power of two are allocated when it is met first. A service whose answers take
//! 1 ms to 1 s uses ten of them, that is 5 KiB; all 59 would take 30 KiB.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Buckets in an octave, that is between a power of two and the next.
const WIDTH: usize = 64;
const WIDTH_BITS: u32 = WIDTH.trailing_zeros();
/// Octave 0 holds 0 to 63 ns, one bucket each; octave n holds 2^(n+5) to 2^(n+6) - 1 ns.
const OCTAVES: usize = (u64::BITS - WIDTH_BITS) as usize + 1;

type Octave<T> = Box<[T; WIDTH]>;

/// A histogram that many threads record into.
#[derive(Debug)]
pub(super) struct Histogram {
    octaves: [OnceLock<Octave<AtomicU64>>; OCTAVES],
    /// The sum of all latencies in ns.
    sum: AtomicU64,
}

/// What a [`Histogram`] held at one moment, or several together.
#[derive(Debug, Default)]
pub(super) struct Counts {
    octaves: BTreeMap<usize, Octave<u64>>,
    count: u64,
    sum: u128,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Self { octaves: [const { OnceLock::new() }; OCTAVES], sum: AtomicU64::new(0) }
    }

    pub(super) fn record(&self, latency: Duration) {
        let nanos = nanos(latency);
        let (octave, bucket) = place(nanos);
        let octave =
            self.octaves[octave].get_or_init(|| Box::new([const { AtomicU64::new(0) }; WIDTH]));
        octave[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(super) fn clear(&self) {
        for bucket in self.octaves.iter().filter_map(OnceLock::get).flat_map(|octave| &**octave) {
            bucket.store(0, Ordering::Relaxed);
        }
        self.sum.store(0, Ordering::Relaxed);
    }
}

impl Counts {
    /// What `histogram` holds now.
    pub(super) fn of(histogram: &Histogram) -> Self {
        let mut counts = Self::default();
        for (at, octave) in histogram.octaves.iter().enumerate() {
            let Some(octave) = octave.get() else { continue };
            let octave = octave.each_ref().map(|bucket| bucket.load(Ordering::Relaxed));
            counts.count += octave.iter().sum::<u64>();
            counts.octaves.insert(at, Box::new(octave));
        }
        counts.sum = u128::from(histogram.sum.load(Ordering::Relaxed));
        counts
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (at, octave) in &other.octaves {
            let sums = self.octaves.entry(*at).or_insert_with(|| Box::new([0; WIDTH]));
            for (sum, count) in sums.iter_mut().zip(&**octave) {
                *sum += count;
            }
        }
        self.count += other.count;
        self.sum += other.sum;
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The sum of all latencies in ns.
    pub(super) fn sum(&self) -> u128 {
        self.sum
    }

    /// The mean in ns; none of nothing.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum() as f64 / self.count() as f64)
    }

    /// The latency in ns below or at which `share` (0 to 1) of all lie, by the nearest rank, within
    /// 0.8 %; none of nothing.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let rank = ((share * self.count as f64).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0;
        self.buckets().find_map(|(middle, count)| {
            seen += count;
            (seen >= rank).then_some(middle)
        })
    }

    /// The buckets that hold anything, in rising order: the middle of each in ns, and its count.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        self.octaves
            .iter()
            .flat_map(|(octave, buckets)| {
                buckets.iter().enumerate().map(move |(bucket, count)| (*octave, bucket, *count))
            })
            .filter(|(_, _, count)| *count > 0)
            .map(|(octave, bucket, count)| (middle(octave, bucket), count))
    }
}

fn nanos(latency: Duration) -> u64 {
    u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX)
}

/// The octave and the bucket in it.
fn place(nanos: u64) -> (usize, usize) {
    let octave = (u64::BITS - nanos.leading_zeros()).saturating_sub(WIDTH_BITS);
    // In each octave but the first the highest bit is always set; the six below it tell the buckets
    // apart, and what is below those is lost.
    let lost = octave.saturating_sub(1);
    let bucket = (nanos >> lost) as usize & (WIDTH - 1);
    (octave as usize, bucket)
}

/// The middle of a bucket in ns.
fn middle(octave: usize, bucket: usize) -> f64 {
    if octave == 0 {
        return bucket as f64;
    }
    let width = 2_f64.powi(octave as i32 - 1);
    (WIDTH + bucket) as f64 * width + (width - 1.0) / 2.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(latencies: &[u64]) -> Counts {
        let histogram = Histogram::new();
        latencies.iter().for_each(|nanos| histogram.record(Duration::from_nanos(*nanos)));
        Counts::of(&histogram)
    }

    fn near(figure: f64, exact: u64) -> bool {
        (figure - exact as f64).abs() <= exact as f64 * 0.008
    }

    /// Numbers of every size, small ones as often as large ones.
    fn latency() -> impl Strategy<Value = u64> {
        (0..=63_u32, any::<u64>()).prop_map(|(shift, bits)| bits >> shift)
    }

    #[test]
    fn the_borders_of_every_octave_have_their_place() {
        for nanos in 0..64 {
            assert_eq!(place(nanos), (0, nanos as usize));
        }
        for octave in 1..OCTAVES {
            let first = 1_u64 << (octave + 5);
            assert_eq!(place(first), (octave, 0));
            assert_eq!(place(first - 1 + first), (octave, WIDTH - 1));
        }
        assert_eq!(place(u64::MAX), (OCTAVES - 1, WIDTH - 1));
    }

    #[test]
    fn nothing_has_no_figures() {
        let counts = counts(&[]);
        assert_eq!((counts.count(), counts.mean(), counts.quantile(0.5)), (0, None, None));
    }

    #[test]
    fn a_latency_longer_than_the_histogram_counts_as_its_longest() {
        let histogram = Histogram::new();
        histogram.record(Duration::MAX);
        let counts = Counts::of(&histogram);
        let longest = counts.quantile(1.0).expect("there is one");
        assert!(near(longest, u64::MAX), "{longest}");
    }

    #[test]
    fn clearing_leaves_nothing() {
        let histogram = Histogram::new();
        histogram.record(Duration::from_millis(7));
        histogram.clear();
        let counts = Counts::of(&histogram);
        assert_eq!((counts.count(), counts.sum()), (0, 0));
    }

    proptest! {
        #[test]
        fn the_middle_of_its_bucket_is_near_every_latency(nanos in latency()) {
            let (octave, bucket) = place(nanos);
            prop_assert!(near(middle(octave, bucket), nanos), "{nanos}");
        }

        #[test]
        fn quantiles_are_near_those_of_the_sorted_list(
            mut latencies in prop::collection::vec(latency(), 1..200),
            share in 0.0..=1.0,
        ) {
            let figure = counts(&latencies).quantile(share).expect("there are some");
            latencies.sort_unstable();
            let rank = (share * latencies.len() as f64).ceil() as usize;
            let exact = latencies[rank.max(1) - 1];
            prop_assert!(near(figure, exact), "{figure} for {exact}");
        }

        #[test]
        fn two_histograms_merged_are_as_one(
            some in prop::collection::vec(latency().prop_map(|nanos| nanos >> 8), 0..50),
            more in prop::collection::vec(latency().prop_map(|nanos| nanos >> 8), 0..50),
        ) {
            let mut merged = counts(&some);
            merged.add(&counts(&more));
            let together = counts(&[some, more].concat());
            prop_assert_eq!(merged.count(), together.count());
            prop_assert_eq!(merged.sum(), together.sum());
            prop_assert_eq!(merged.quantile(0.95), together.quantile(0.95));
        }
    }
}
