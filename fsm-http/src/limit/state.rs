//! All that changes in a bucket, behind its lock.

use std::num::NonZeroU32;
use std::task::Waker;
use std::time::Duration;

use super::epoch::{Epoch, nanos};
use super::history::History;
use super::line::Line;
use super::pace::Pace;
use super::rate::Rate;
use super::sleepers::{Sleepers, Woken};
use super::status::LimitStatus;
use super::wish::Wish;
use crate::transport::Departure;

/// What was granted, what the server wishes, and who waits.
#[cfg_attr(test, derive(Clone))]
pub(super) struct State {
    pub(super) epoch: Epoch,
    /// Units and nanoseconds of each window.
    limits: Box<[(u64, u64)]>,
    paces: Box<[Pace]>,
    history: History,
    wish: Wish,
    line: Line,
    sleepers: Sleepers,
}

/// When somebody may take what it asks for.
pub(super) struct Opening {
    /// Not before this point in time, and now if that is past.
    pub(super) at: u64,
    /// It would be earlier if only our own rates counted.
    pub(super) by_server: bool,
    /// Now.
    pub(super) is_open: bool,
}

/// Who asks.
#[derive(Clone, Copy)]
pub(super) struct Asking {
    /// Its place in the line, if it has one already.
    pub(super) place: Option<u64>,
    pub(super) weight: u32,
    /// It can be woken, so it lets those go first who sleep before it. Who can't be woken does not:
    /// it would have to ask again and again until they got up.
    pub(super) sleeps: bool,
}

impl State {
    pub(super) fn new(rates: &[Rate]) -> Self {
        let limit = |rate: &Rate| (u64::from(rate.limit().get()), nanos(rate.window()));
        let pace = |rate: &Rate| {
            let burst = rate.at_once()?;
            Some(Pace::new(limit(rate), u64::from(burst.get())))
        };
        let limits: Box<[_]> = rates.iter().map(limit).collect();
        let keep = limits.iter().map(|(limit, _)| *limit).max().unwrap_or(0);
        let epoch = Epoch::begin();
        let longest = limits.iter().map(|(_, window)| *window).max().unwrap_or(0);
        State {
            epoch,
            limits,
            paces: rates.iter().filter_map(pace).collect(),
            history: History::new(epoch, keep, longest),
            wish: Wish::default(),
            line: Line::default(),
            sleepers: Sleepers::default(),
        }
    }

    /// When there is room for all that waits before the one who asks, and for itself.
    ///
    /// If that is not now, the point in time is the earliest possible one: it is exact if all
    /// before it take their units as soon as they can, unless units of several rates or weights
    /// get in each other's way; then asking again at that point gives a later one.
    pub(super) fn opening(&mut self, asking: Asking, now: u64) -> Opening {
        let before = match asking.place {
            _ if self.line.is_empty() => 0,
            Some(place) => self.line.before(place),
            None => self.line.units(),
        };
        let units = before + u64::from(asking.weight);
        let history = &mut self.history;
        let rates = self.limits.iter().map(|limit| history.earliest(*limit, units, now));
        let has_waited = asking.place.is_some();
        let paces = self.paces.iter().map(|pace| pace.earliest(units, now, has_waited));
        let ours = rates.chain(paces).max().unwrap_or(0).max(now);
        let server = self.wish.earliest(units, now);
        let at = ours.max(server);
        let must_let_go_first = asking.sleeps && self.sleepers.is_anyone_before(asking.place);
        Opening { at, by_server: server > ours, is_open: at <= now && !must_let_go_first }
    }

    /// Records what is taken now, and gives up the place that waited for it. It counts from its
    /// departure, if it has one.
    pub(super) fn grant(
        &mut self,
        asking: Asking,
        departure: Option<&Departure>,
        now: u64,
        woken: &mut Woken,
    ) {
        if let Some(place) = asking.place {
            self.line.leave(place);
            self.sleepers.get_up(place, woken);
        }
        self.history.grant(asking.weight, departure, now);
        let units = u64::from(asking.weight);
        for pace in &mut self.paces {
            pace.grant(units, now, asking.place.is_some());
        }
        self.wish.grant(units, now);
    }

    /// Gets in line at its end.
    pub(super) fn enter(&mut self, weight: u32) -> u64 {
        self.line.enter(weight)
    }

    /// Gives a place up without having taken anything.
    pub(super) fn leave(&mut self, place: u64, woken: &mut Woken) {
        self.line.leave(place);
        self.sleepers.get_up(place, woken);
        self.sleepers.move_up(place, woken);
    }

    /// Sleeps at its place until it is woken or, if the answer is a point in time, until then.
    pub(super) fn sleep(
        &mut self,
        place: u64,
        (waker, deadline): (&Waker, Option<u64>),
        due: u64,
        now: u64,
        woken: &mut Woken,
    ) -> Option<u64> {
        self.sleepers.lie_down(place, waker, deadline, woken);
        self.sleepers.alarm(place, due, now, woken)
    }

    /// Keeps its place, and is not to be woken any more.
    pub(super) fn get_up(&mut self, place: u64, woken: &mut Woken) {
        self.sleepers.get_up(place, woken);
    }

    pub(super) fn is_anyone_waiting(&self) -> bool {
        !self.line.is_empty()
    }

    /// Something that was granted is called off: there may be room for the first who sleeps.
    pub(super) fn look_again(&mut self, woken: &mut Woken) {
        self.sleepers.wake_first(woken);
    }

    pub(super) fn hold(&mut self, until: u64) {
        self.wish.hold(until);
    }

    pub(super) fn believe(&mut self, remaining: u64, until: u64, now: u64, woken: &mut Woken) {
        let ours = self.window_room(now);
        self.wish.believe(remaining, until, ours, now);
        // A lower figure may hold for a shorter time than the one before it.
        self.sleepers.wake_first(woken);
    }

    pub(super) fn status(&mut self, now: u64) -> LimitStatus {
        let ours = self.window_room(now).into_iter();
        let paces = self.paces.iter().map(|pace| pace.room(now));
        let room = ours.chain(paces).chain(self.wish.remaining(now)).min();
        let remaining = match self.wish.is_held(now) {
            true => Some(0),
            false => room.map(|room| room.saturating_sub(self.line.units())),
        };
        let newcomer = Asking { place: None, weight: 1, sleeps: false };
        let next = self.opening(newcomer, now).at;
        let last = self.history.last(now);
        let windows =
            self.limits.iter().filter_map(|(_, window)| Some(last?.saturating_add(*window)));
        let paces = self.paces.iter().map(Pace::full);
        let reset = windows.chain(paces).chain([self.wish.over()]).max().unwrap_or(0);
        let limit = self.limits.iter().map(|(limit, _)| *limit).min();
        LimitStatus {
            limit: limit.and_then(|limit| NonZeroU32::new(u32::try_from(limit).ok()?)),
            remaining,
            next: Duration::from_nanos(next.saturating_sub(now)),
            reset: Duration::from_nanos(reset.saturating_sub(now)),
            waiting: self.line.len(),
        }
    }

    /// How many units the tightest window has room for.
    fn window_room(&mut self, now: u64) -> Option<u64> {
        let history = &mut self.history;
        let room = |(limit, window): &(u64, u64)| limit.saturating_sub(history.used(*window, now));
        self.limits.iter().map(room).min()
    }
}

/// What a proof has to know.
#[cfg(test)]
impl State {
    /// As [`History::replace`].
    pub(super) fn replace(&mut self, old: &Departure, new: &Departure) {
        self.history.replace(old, new);
    }

    /// The place of who sleeps first.
    pub(super) fn first_asleep(&self) -> Option<u64> {
        self.sleepers.asleep().next()
    }

    /// How many wait before this place.
    pub(super) fn rank(&self, place: u64) -> u64 {
        self.line.living().take_while(|(number, _)| *number < place).count() as u64
    }

    /// Adds to `key` all that the future depends on, told from now on.
    pub(super) fn standing(
        &self,
        now: tokio::time::Instant,
        name: &impl Fn(&Departure) -> usize,
        key: &mut Vec<u64>,
    ) {
        let now = self.epoch.nanos(now);
        self.history.standing(now, name, key);
        key.extend(self.paces.iter().map(|pace| pace.standing(now)));
        self.wish.standing(now, key);
        key.push(self.line.len() as u64);
        key.extend(self.line.living().map(|(_, units)| u64::from(units)));
        key.extend(self.sleepers.asleep().map(|place| 1 + self.rank(place)));
        key.push(0);
    }
}
