//! How long something takes.

use std::time::Duration;

use super::chance::Chance;

/// A distribution of times, in whole microseconds.
///
/// ```
/// use std::time::Duration;
/// use fsm_testkit::simulator::{Chance, Latency};
///
/// let ms = Duration::from_millis;
/// let latency = Latency::exponential(ms(80), ms(2_000));
/// let drawn = latency.draw(&mut Chance::new(1));
/// assert!(drawn <= ms(2_000));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    /// Always this long.
    Fixed(Duration),
    /// Anything between the two, all equally likely.
    Uniform {
        /// The shortest time.
        shortest: Duration,
        /// The longest time.
        longest: Duration,
    },
    /// Mostly short and now and then long, as answers over a network are.
    Exponential {
        /// The mean, before the longest ones are shortened.
        mean: Duration,
        /// What is longer takes this long.
        longest: Duration,
    },
}

impl Latency {
    /// No time at all.
    pub const ZERO: Latency = Latency::Fixed(Duration::ZERO);

    /// Always `time`.
    pub const fn fixed(time: Duration) -> Self {
        Latency::Fixed(time)
    }

    /// Anything from `shortest` to `longest`; always `shortest` if that is the longer one.
    pub const fn uniform(shortest: Duration, longest: Duration) -> Self {
        Latency::Uniform { shortest, longest }
    }

    /// `mean` on average and `longest` at most.
    pub const fn exponential(mean: Duration, longest: Duration) -> Self {
        Latency::Exponential { mean, longest }
    }

    /// A time by chance.
    pub fn draw(&self, chance: &mut Chance) -> Duration {
        match self {
            Latency::Fixed(time) => *time,
            Latency::Uniform { shortest, longest } => {
                let room = micros(longest.saturating_sub(*shortest));
                *shortest + Duration::from_micros(chance.below(room.saturating_add(1)))
            }
            Latency::Exponential { mean, longest } => {
                // Too large a product becomes the largest number there is.
                let drawn = (chance.exponential() * micros(*mean) as f64) as u64;
                Duration::from_micros(drawn).min(*longest)
            }
        }
    }

    /// The least that it may be.
    pub fn shortest(&self) -> Duration {
        match self {
            Latency::Fixed(time) => *time,
            Latency::Uniform { shortest, .. } => *shortest,
            Latency::Exponential { .. } => Duration::ZERO,
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn what_is_drawn_lies_within_its_bounds() {
        let mut chance = Chance::new(11);
        let (uniform, exponential) =
            (Latency::uniform(ms(10), ms(20)), Latency::exponential(ms(10), ms(30)));
        for _ in 0..2_000 {
            let drawn = uniform.draw(&mut chance);
            assert!(drawn >= ms(10) && drawn <= ms(20), "{drawn:?}");
            assert!(exponential.draw(&mut chance) <= ms(30));
            assert_eq!(Latency::uniform(ms(9), ms(3)).draw(&mut chance), ms(9));
        }
        let endless = Latency::exponential(Duration::MAX, Duration::MAX);
        assert!(endless.draw(&mut chance) > ms(1));
    }
}
