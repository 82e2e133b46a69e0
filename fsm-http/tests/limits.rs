//! Rate limits as their users see them: no window over its limit, served in order, nobody starved,
//! nothing lost. Waiting is under paused time, but for two short tests that look at a real clock.

#[path = "limits/departures.rs"]
mod departures;
#[path = "limits/order.rs"]
mod order;
#[path = "limits/properties.rs"]
mod properties;
#[path = "limits/real.rs"]
mod real;
#[path = "limits/turns.rs"]
mod turns;
#[path = "limits/windows.rs"]
mod windows;

use std::num::NonZeroU32;
use std::time::Duration;

use fsm_http::limit::{Bucket, Rate};
use tokio::time::Instant;

/// A grant: when, and how many units.
type Grant = (Instant, u32);

fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("not zero")
}

fn rate(limit: u32, window_in_milliseconds: u64) -> Rate {
    Rate::new(count(limit), Duration::from_millis(window_in_milliseconds))
}

fn bucket(limit: u32, window_in_milliseconds: u64) -> Bucket {
    Bucket::new([rate(limit, window_in_milliseconds)])
}

/// The most units that any half-open window of this length holds. It begins with a grant: if it
/// did not, it could begin later and hold no less.
fn fullest(grants: &[Grant], window: Duration) -> u64 {
    let (mut held, mut fullest, mut end) = (0, 0, 0);
    for (begin, units) in grants {
        while let Some((at, units)) = grants.get(end).filter(|(at, _)| *at < *begin + window) {
            assert!(at >= begin, "grants are in order");
            held += u64::from(*units);
            end += 1;
        }
        fullest = fullest.max(held);
        held -= u64::from(*units);
    }
    fullest
}
