//! Contestants that take turns.
//!
//! In each round every contestant runs once, and the next round begins with another one, so that a
//! place in the order favours nobody. What is compared is compared within a round.

use std::time::Duration;

use cpu_time::ThreadTime;

/// How often each contestant runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounds(usize);

impl Rounds {
    /// `count` rounds where cargo asked for a measurement, one where it only wants to see the
    /// bench work.
    pub fn measured(count: usize) -> Self {
        match is_measured() {
            true => Self(count),
            false => Self(1),
        }
    }

    /// How many.
    pub fn count(self) -> usize {
        self.0
    }
}

/// Whether this program was started to measure: `cargo bench` says so.
pub fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Somebody who does some work and says how many CPU nanoseconds one unit of it took.
pub struct Contestant<'a> {
    name: &'static str,
    run: Box<dyn FnMut() -> f64 + 'a>,
}

impl<'a> Contestant<'a> {
    /// A contestant; `run` measures with [`nanos_each`], so that it can prepare unmeasured.
    pub fn new(name: &'static str, run: impl FnMut() -> f64 + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }
}

impl std::fmt::Debug for Contestant<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contestant").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The CPU nanoseconds of this thread that one of `units` took.
pub fn nanos_each(units: usize, work: impl FnOnce()) -> f64 {
    let start = ThreadTime::now();
    work();
    nanos(start.elapsed()) / units as f64
}

fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

/// What a contestant took, one number a round.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// Who took it.
    pub name: &'static str,
    rounds: Vec<f64>,
}

impl Times {
    /// Numbers from elsewhere, one a round.
    ///
    /// # Panics
    /// If there is no round.
    pub fn of(name: &'static str, rounds: Vec<f64>) -> Self {
        assert!(!rounds.is_empty(), "{name} took part in no round");
        Self { name, rounds }
    }

    /// What one unit took in the middle round.
    pub fn median(&self) -> f64 {
        median(self.rounds.clone())
    }

    /// How much more than `peer` this took, in the middle of the rounds' differences.
    pub fn above(&self, peer: &Times) -> f64 {
        median(self.rounds.iter().zip(&peer.rounds).map(|(own, other)| own - other).collect())
    }

    /// How many times as much as `peer` this took, in the middle of the rounds' ratios.
    pub fn times(&self, peer: &Times) -> f64 {
        median(self.rounds.iter().zip(&peer.rounds).map(|(own, other)| own / other).collect())
    }
}

/// Lets all contestants run once unmeasured, and then in every round.
pub fn race<const N: usize>(rounds: Rounds, mut contestants: [Contestant<'_>; N]) -> [Times; N] {
    let mut times = contestants.each_ref().map(|contestant| (contestant.name, Vec::new()));
    for contestant in &mut contestants {
        (contestant.run)();
    }
    for round in 0..rounds.0 {
        for turn in 0..N {
            let index = (round + turn) % N;
            times[index].1.push((contestants[index].run)());
        }
    }
    times.map(|(name, rounds)| Times::of(name, rounds))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() % 2 {
        0 => (numbers[middle - 1] + numbers[middle]) / 2.0,
        _ => numbers[middle],
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::{Contestant, Rounds, Times, median, nanos_each, race};

    #[test]
    fn a_median_is_the_middle_or_lies_between_the_two_middles() {
        assert_eq!(median(vec![9.0, 1.0, 5.0]), 5.0);
        assert_eq!(median(vec![9.0, 1.0, 5.0, 3.0]), 4.0);
    }

    #[test]
    fn comparisons_are_made_within_a_round_so_that_a_slow_phase_cancels_out() {
        let own = Times::of("own", vec![2.0, 20.0, 200.0]);
        let other = Times::of("other", vec![1.0, 10.0, 400.0]);
        assert_eq!(own.times(&other), 2.0);
        assert_eq!(own.above(&other), 1.0);
    }

    #[test]
    fn every_contestant_warms_up_and_then_takes_turns_at_being_first() {
        let order = RefCell::new(String::new());
        let run = |name: char| {
            let order = &order;
            move || {
                order.borrow_mut().push(name);
                1.0
            }
        };
        let [first, second] =
            race(Rounds(3), [Contestant::new("a", run('a')), Contestant::new("b", run('b'))]);
        assert_eq!(*order.borrow(), "ababbaab");
        assert_eq!((first.median(), second.median()), (1.0, 1.0));
    }

    #[test]
    fn cpu_time_passes_while_there_is_work_and_not_while_there_is_none() {
        let asleep = nanos_each(1, || std::thread::sleep(std::time::Duration::from_millis(20)));
        assert!(asleep < 10e6, "{asleep} ns of CPU time in a sleep");
        let awake = nanos_each(1, || {
            let start = cpu_time::ThreadTime::now();
            while start.elapsed().as_millis() < 3 {
                std::hint::spin_loop();
            }
        });
        assert!(awake >= 3e6, "{awake} ns");
    }
}
