//! A call's turn at all its buckets.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use tokio::time::Instant;

use super::bucket::Bucket;
use super::claim::Claim;
use super::error::LimitError;
use crate::transport::Departure;

/// A call's places in the queues of all its buckets.
///
/// The buckets are asked in order, so the call's own one should come first and the one that all
/// share last: the wait for the first blocks nobody at the last. Who has a turn asks with
/// [`take`](Turn::take) and comes back at the point in time that it is told; meanwhile it holds
/// nothing but its places. Dropping the turn gives them back.
///
/// The room of a place that is due is reserved until it is taken. So a turn must not be kept without
/// being asked, and buckets must have one order in all turns: two turns that go through the same
/// buckets in opposite directions may reserve for themselves what the other one waits for.
///
/// # Examples
///
/// ```
/// use std::num::NonZeroU32;
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use fsm_http::limit::{Bucket, Rate, Turn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let own = Bucket::new([Rate::new(NonZeroU32::MIN, Duration::from_secs(1))]);
/// let all = Bucket::new([Rate::new(NonZeroU32::MIN, Duration::from_secs(5))]);
/// let buckets: Arc<[Bucket]> = [own, all].into();
///
/// let mut first = Turn::new(&buckets, NonZeroU32::MIN)?;
/// assert!(first.take().is_ok());
///
/// let mut second = Turn::new(&buckets, NonZeroU32::MIN)?;
/// let not_yet = second.take().expect_err("one a second");
/// tokio::time::sleep_until(not_yet.at).await;
/// let not_yet = second.take().expect_err("one in five seconds");
/// tokio::time::sleep_until(not_yet.at).await;
/// assert!(second.take().is_ok());
/// # Ok(())
/// # }
/// ```
pub struct Turn {
    claim: Claim<Arc<[Bucket]>>,
    departure: Option<Departure>,
}

/// It is not yet the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotYet {
    /// Asking before this point in time is of no use. It is the earliest possible one: who comes
    /// then may be told another.
    pub at: Instant,
    /// The wait is what a server asked for; our own rates would ask for less.
    pub by_server: bool,
}

impl Turn {
    /// A turn at `buckets`, which are asked in this order. A bucket that is there twice counts once.
    ///
    /// It has no place yet: it gets in line when it is first asked.
    ///
    /// # Errors
    ///
    /// [`LimitError::TooHeavy`] if a bucket's limit or burst is less than `weight`.
    pub fn new(buckets: &Arc<[Bucket]>, weight: NonZeroU32) -> Result<Self, LimitError> {
        buckets.iter().try_for_each(|bucket| bucket.check(weight))?;
        Ok(Turn { claim: Claim::new(Arc::clone(buckets), weight.get()), departure: None })
    }

    /// Lets what is taken count from its departure, which may come after it: while the request is
    /// here, its units are used up; when it has left, they are for the length of a window from then
    /// on. A turn that is dropped while its request is still here calls it off, and the units are
    /// free again.
    ///
    /// A pace after a burst, and the figures that a server told, count from the grant all the same.
    #[must_use]
    pub fn departing(mut self, departure: Departure) -> Self {
        self.departure = Some(departure);
        self
    }

    /// The departure that it was given.
    pub fn departure(&self) -> Option<&Departure> {
        self.departure.as_ref()
    }

    /// If this is the time in all buckets, records this very instant in all of them (or the
    /// [departure](Turn::departing), when it comes) and is done; after that it is `Ok` for ever. Else it keeps its places and says when to ask again.
    ///
    /// # Errors
    ///
    /// [`NotYet`], with a point in time that is still to come.
    pub fn take(&mut self) -> Result<(), NotYet> {
        let taken = self.claim.take(self.departure.as_ref());
        taken.map_err(|later| NotYet { at: later.at, by_server: later.by_server })
    }

    /// Waits until it is taken.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future keeps the turn's places; dropping the turn gives them back.
    ///
    /// # Panics
    ///
    /// If it has to wait outside of a tokio runtime whose timers are enabled.
    pub async fn wait(&mut self) {
        // Without a deadline it is never too late.
        let _never_too_late = self.claim.wait(self.departure.as_ref(), None).await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(departure) = &self.departure else { return };
        if self.claim.is_taken() && departure.call_off() {
            self.claim.buckets().iter().for_each(Bucket::look_again);
        }
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Turn").finish_non_exhaustive()
    }
}
