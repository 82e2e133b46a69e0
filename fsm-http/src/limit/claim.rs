//! Asking several buckets for one grant.
//!
//! A claim asks its buckets in order and gets in line where it is not its time, and in no line
//! behind that one; so a wait for the first bucket blocks nobody at the second. The places that are
//! due in the meantime are kept, which reserves their room. When it is time everywhere, the same
//! instant is recorded in all buckets, under all their locks: no other claim comes between.
//!
//! Locks are taken in the order of the buckets' addresses, whatever the order of the claims, so
//! that two claims never wait for each other.

use std::future::Future;
use std::ops::DerefMut;
use std::pin::Pin;
use std::sync::MutexGuard;
use std::task::{Context, Poll, Waker, ready};

use tokio::time::{Instant, Sleep, sleep_until};

use super::bucket::Bucket;
use super::sleepers::Woken;
use super::state::{Asking, State};
use crate::transport::Departure;

/// So many buckets of a claim are locked without an allocation.
const FEW: usize = 4;

/// One grant, from asking to having it. Dropping it gives its places back.
pub(super) struct Claim<B: AsRef<[Bucket]>> {
    buckets: B,
    places: Places,
    is_taken: bool,
}

/// Where a claim stands in the lines of its buckets. Pure: it is told the time, and given the
/// buckets' states.
#[cfg_attr(test, derive(Clone))]
pub(super) struct Places {
    pub(super) weight: u32,
    /// The places in the lines of the first buckets; 0 stands for a bucket that is there twice.
    pub(super) numbers: Vec<u64>,
    /// In which bucket's line a task sleeps.
    pub(super) asleep: Option<usize>,
}

/// Not now.
pub(super) struct Later {
    /// Not before this point in time.
    pub(super) at: Instant,
    pub(super) by_server: bool,
    /// Who sleeps is to wake up by itself at this point in time; if `None`, it is woken.
    pub(super) alarm: Option<Instant>,
    /// It would be after the deadline.
    is_too_late: bool,
}

/// A task that can be woken.
#[derive(Clone, Copy)]
pub(super) struct Sleeping<'a> {
    pub(super) waker: &'a Waker,
    pub(super) deadline: Option<Instant>,
}

impl<B: AsRef<[Bucket]>> Claim<B> {
    /// No bucket's heaviest weight is less than this one; see [`Bucket::check`].
    pub(super) fn new(buckets: B, weight: u32) -> Self {
        Claim { buckets, places: Places::new(weight), is_taken: false }
    }

    /// Takes the grant if this is the time in all buckets, else says when to ask again. It counts
    /// from the departure, if there is one.
    pub(super) fn take(&mut self, departure: Option<&Departure>) -> Result<(), Later> {
        self.ask(departure, None)
    }

    pub(super) fn is_taken(&self) -> bool {
        self.is_taken
    }

    pub(super) fn buckets(&self) -> &[Bucket] {
        self.buckets.as_ref()
    }

    /// Sleeps until the grant is taken, or until it is clear that it comes after the deadline.
    ///
    /// # Errors
    ///
    /// When it comes at the earliest, if that is after the deadline.
    pub(super) async fn wait(
        &mut self,
        departure: Option<&Departure>,
        deadline: Option<Instant>,
    ) -> Result<(), Instant> {
        Waiting { claim: self, departure, deadline, timer: None }.await
    }

    fn ask(
        &mut self,
        departure: Option<&Departure>,
        sleeping: Option<Sleeping<'_>>,
    ) -> Result<(), Later> {
        let Claim { buckets, places, is_taken } = self;
        let buckets = buckets.as_ref();
        if *is_taken || buckets.is_empty() {
            return Ok(());
        }
        let mut woken = Woken::default();
        let answer = locked(buckets, |states| {
            places.ask(states, Instant::now(), departure, sleeping, &mut woken)
        });
        woken.ring();
        *is_taken = answer.is_ok();
        answer
    }

    /// Keeps the places, but is not to be woken any more.
    fn get_up(&mut self) {
        let Some(index) = self.places.asleep.take() else { return };
        let mut woken = Woken::default();
        if let Some(bucket) = self.buckets.as_ref().get(index) {
            bucket.lock().get_up(self.places.numbers[index], &mut woken);
        }
        woken.ring();
    }
}

impl Places {
    pub(super) fn new(weight: u32) -> Self {
        Places { weight, numbers: Vec::new(), asleep: None }
    }

    /// All that is done under the locks of the buckets: takes the grant if this is the time in all
    /// of them, and gives the places up; else gets in line, up to the bucket that is closed.
    pub(super) fn ask<S: DerefMut<Target = State>>(
        &mut self,
        states: &mut [Option<S>],
        instant: Instant,
        departure: Option<&Departure>,
        sleeping: Option<Sleeping<'_>>,
        woken: &mut Woken,
    ) -> Result<(), Later> {
        let Places { weight, numbers, asleep } = self;
        let asking = |numbers: &[u64], index: usize| Asking {
            place: numbers.get(index).copied(),
            weight: *weight,
            sleeps: sleeping.is_some(),
        };
        let closed = states.iter_mut().enumerate().find_map(|(index, state)| {
            let state = state.as_mut()?;
            let now = state.epoch.nanos(instant);
            let opening = state.opening(asking(numbers, index), now);
            (!opening.is_open).then_some((index, opening))
        });
        let Some((closed, opening)) = closed else {
            for (index, state) in states.iter_mut().enumerate() {
                let Some(state) = state else { continue };
                let now = state.epoch.nanos(instant);
                state.grant(asking(numbers, index), departure, now, woken);
            }
            *asleep = None;
            numbers.clear();
            return Ok(());
        };
        for state in states.iter_mut().take(closed + 1).skip(numbers.len()) {
            numbers.push(state.as_mut().map_or(0, |state| state.enter(*weight)));
        }
        if let Some(former) = asleep.take_if(|former| sleeping.is_none() || *former != closed)
            && let Some(state) = &mut states[former]
        {
            state.get_up(numbers[former], woken);
        }
        // What closed again, by a server's word, may stay so for long: the places behind it would
        // keep their room from everybody meanwhile.
        for (place, state) in numbers.drain(closed + 1..).zip(states.iter_mut().skip(closed + 1)) {
            if let Some(state) = state {
                state.leave(place, woken);
            }
        }
        let mut later =
            Later { at: instant, by_server: opening.by_server, alarm: None, is_too_late: false };
        // A bucket that is closed has been locked.
        if let Some(state) = &mut states[closed] {
            later.at = state.epoch.instant(opening.at).max(instant);
            if let Some(Sleeping { waker, deadline }) = sleeping {
                *asleep = Some(closed);
                let now = state.epoch.nanos(instant);
                let patience = deadline.map(|deadline| state.epoch.nanos(deadline));
                let task = (waker, patience);
                let alarm = state.sleep(numbers[closed], task, opening.at, now, woken);
                later.alarm = alarm.map(|alarm| state.epoch.instant(alarm));
                later.is_too_late = deadline.is_some_and(|deadline| later.at > deadline);
            }
        }
        Err(later)
    }
}

impl<B: AsRef<[Bucket]>> Drop for Claim<B> {
    fn drop(&mut self) {
        for (bucket, place) in self.buckets.as_ref().iter().zip(&self.places.numbers) {
            let mut woken = Woken::default();
            bucket.lock().leave(*place, &mut woken);
            woken.ring();
        }
    }
}

/// A task that waits for a claim. Dropping it keeps the claim's places.
struct Waiting<'a, B: AsRef<[Bucket]>> {
    claim: &'a mut Claim<B>,
    departure: Option<&'a Departure>,
    deadline: Option<Instant>,
    /// Only who keeps the time of its bucket has one.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<B: AsRef<[Bucket]>> Future for Waiting<'_, B> {
    type Output = Result<(), Instant>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Waiting { claim, departure, deadline, timer } = &mut *self;
        loop {
            let sleeping = Sleeping { waker: context.waker(), deadline: *deadline };
            let Err(later) = claim.ask(*departure, Some(sleeping)) else {
                return Poll::Ready(Ok(()));
            };
            if later.is_too_late {
                return Poll::Ready(Err(later.at));
            }
            let Some(alarm) = later.alarm else {
                *timer = None;
                return Poll::Pending;
            };
            let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(alarm)));
            if timer.deadline() != alarm {
                timer.as_mut().reset(alarm);
            }
            ready!(timer.as_mut().poll(context));
        }
    }
}

impl<B: AsRef<[Bucket]>> Drop for Waiting<'_, B> {
    fn drop(&mut self) {
        self.claim.get_up();
    }
}

/// Locks all buckets, does the work, and unlocks them. A bucket that is there twice is locked once;
/// the second one is `None`.
fn locked<R>(
    buckets: &[Bucket],
    work: impl FnOnce(&mut [Option<MutexGuard<'_, State>>]) -> R,
) -> R {
    // One and two are what nearly every call has.
    if let [one] = buckets {
        return work(&mut [Some(one.lock())]);
    }
    if let [one, other] = buckets
        && one.address() != other.address()
    {
        if one.address() < other.address() {
            let one = one.lock();
            return work(&mut [Some(one), Some(other.lock())]);
        }
        let other = other.lock();
        return work(&mut [Some(one.lock()), Some(other)]);
    }
    let mut few: [_; FEW] = [const { None }; FEW];
    let mut many = Vec::new();
    let states = match few.get_mut(..buckets.len()) {
        Some(few) => few,
        None => {
            many.resize_with(buckets.len(), || None);
            &mut many[..]
        }
    };
    let mut last = 0;
    while let Some((index, bucket)) = buckets
        .iter()
        .enumerate()
        .filter(|(_, bucket)| bucket.address() > last)
        .min_by_key(|(_, bucket)| bucket.address())
    {
        last = bucket.address();
        states[index] = Some(bucket.lock());
    }
    work(states)
}
