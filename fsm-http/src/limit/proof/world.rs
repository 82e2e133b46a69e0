//! Callers before buckets, as a model.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::time::Duration;

use fsm_testkit::model::{Model, Property};
use tokio::time::Instant;

use super::caller::Caller;

use crate::limit::Rate;
use crate::limit::claim::{Places, Sleeping};
use crate::limit::sleepers::Woken;
use crate::limit::state::{Asking, State};
use crate::transport::Departure;

/// So many units in any window of so many seconds, and so many at once, if that is less.
pub(super) type Promise = (u32, u64, Option<u32>);

/// The world.
pub(super) struct World {
    start: Instant,
    /// Nobody has come yet.
    fresh: Vec<State>,
    /// By bucket.
    promises: Vec<Vec<Promise>>,
    callers: Vec<Caller>,
    flags: Vec<Arc<Flag>>,
    /// Nobody is more than a second late, and no request hangs for longer than a second.
    pub(super) is_punctual: bool,
    /// Where it begins, if not with nobody.
    pub(super) begins: Vec<Standing>,
    /// What is asked of it, if not whether the limits hold; the checker takes it.
    pub(super) asked: RefCell<Option<Property<World>>>,
}

/// Whether somebody was woken, until it is looked at.
#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[derive(Clone)]
pub(super) enum Phase {
    /// It does not want anything. Once a second it may.
    Away { came: bool },
    Waits {
        places: Places,
        /// When it comes back by itself, in seconds.
        due: Option<u64>,
        woken: bool,
    },
    /// It was granted, and its request has not left.
    Here { departure: Departure, since: u64 },
}

#[derive(Clone)]
pub(super) struct Standing {
    buckets: Vec<State>,
    now: u64,
    pub(super) callers: Vec<Phase>,
    /// By bucket: when units left, in the longest window.
    left: Vec<Vec<(u64, u32)>>,
    /// By bucket: what was granted in this second.
    at_once: Vec<u32>,
    pub(super) fault: Option<&'static str>,
    /// All of that, told from now on.
    key: Vec<u64>,
}

impl PartialEq for Standing {
    fn eq(&self, other: &Self) -> bool {
        (self.fault, &self.key) == (other.fault, &other.key)
    }
}

impl Eq for Standing {}

impl Hash for Standing {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.fault, &self.key).hash(hasher);
    }
}

/// What happens; callers by number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    Comes(usize),
    GivesUp(usize),
    Leaves(usize),
    IsCalledOff(usize),
    Second,
}

impl World {
    /// Buckets that promise, and callers.
    pub(super) fn new(promises: &[&[Promise]], callers: Vec<Caller>) -> Self {
        Self::cheating(promises, promises, callers)
    }

    /// Buckets that were made for other rates than those that are promised.
    pub(super) fn cheating(
        promises: &[&[Promise]],
        rates: &[&[Promise]],
        callers: Vec<Caller>,
    ) -> Self {
        let count = |number: u32| NonZeroU32::new(number).expect("not zero");
        let rate = |&(limit, window, burst): &Promise| {
            let rate = Rate::new(count(limit), Duration::from_secs(window));
            burst.map_or(rate, |burst| rate.burst(count(burst)))
        };
        let bucket = |rates: &&[Promise]| State::new(&rates.iter().map(rate).collect::<Vec<_>>());
        World {
            start: Instant::now(),
            fresh: rates.iter().map(bucket).collect(),
            promises: promises.iter().map(|promise| promise.to_vec()).collect(),
            flags: callers.iter().map(|_| Arc::default()).collect(),
            callers,
            is_punctual: false,
            begins: Vec::new(),
            asked: RefCell::default(),
        }
    }

    fn instant(&self, now: u64) -> Instant {
        self.start + Duration::from_secs(now)
    }

    /// The first whole second at which `at` is past.
    fn second(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.start);
        since.as_secs() + u64::from(since.subsec_nanos() > 0)
    }

    fn longest(&self, bucket: usize) -> u64 {
        self.promises[bucket].iter().map(|(_, window, _)| *window).max().unwrap_or(0)
    }

    /// It asks, for the first time or again.
    fn come(&self, from: &Standing, who: usize) -> Standing {
        let mut to = from.clone();
        let Caller { route, weight, sleeps, hangs, .. } = &self.callers[who];
        let mut places = match &from.callers[who] {
            Phase::Waits { places, .. } => places.clone(),
            Phase::Away { .. } | Phase::Here { .. } => Places::new(*weight),
        };
        let departure = hangs.then(Departure::default);
        let waker = Waker::from(self.flags[who].clone());
        let sleeping = sleeps.then_some(Sleeping { waker: &waker, deadline: None });
        let mut woken = Woken::default();
        let buckets = to.buckets.iter_mut().enumerate();
        let mut states: Vec<Option<&mut State>> = buckets
            .filter_map(|(index, state)| route.contains(&index).then_some(Some(state)))
            .collect();
        let now = self.instant(from.now);
        let asked = places.ask(&mut states, now, departure.as_ref(), sleeping, &mut woken);
        woken.ring();
        to.callers[who] = match (asked, departure) {
            (Ok(()), departure) => {
                let overtaken = route.iter().enumerate().any(|(index, bucket)| {
                    !self.has_room_for_all_before(from, *bucket, (who, index))
                });
                to.fault = to.fault.or(overtaken.then_some("took the room of who came before"));
                for bucket in route {
                    to.at_once[*bucket] += weight;
                }
                match departure {
                    Some(departure) => Phase::Here { departure, since: from.now },
                    None => {
                        self.leave(&mut to, who);
                        Phase::Away { came: true }
                    }
                }
            }
            (Err(later), _) => {
                let at = if *sleeps { later.alarm } else { Some(later.at) };
                let due = at.map(|at| self.second(at));
                if due.is_some_and(|due| due <= from.now) {
                    to.fault = to.fault.or(Some("is told to come when it is here"));
                }
                Phase::Waits { places, due, woken: false }
            }
        };
        to
    }

    /// By the model's own account: whether all that came before `who` to this bucket, which is the
    /// one of that index on its route, could be served now, too.
    fn has_room_for_all_before(
        &self,
        at: &Standing,
        bucket: usize,
        (who, index): (usize, usize),
    ) -> bool {
        let place = match &at.callers[who] {
            Phase::Waits { places, .. } => places.numbers.get(index).copied(),
            Phase::Away { .. } | Phase::Here { .. } => None,
        };
        let units = |(other, phase): (usize, &Phase)| {
            let Caller { route, weight, .. } = &self.callers[other];
            let index = route.iter().position(|on_route| *on_route == bucket)?;
            let counts = match phase {
                Phase::Here { .. } => true,
                Phase::Waits { places, .. } => {
                    let theirs = *places.numbers.get(index)?;
                    other == who || place.is_none_or(|own| theirs < own)
                }
                Phase::Away { .. } => other == who,
            };
            counts.then_some(*weight)
        };
        let wanted: u32 = at.callers.iter().enumerate().filter_map(units).sum();
        self.promises[bucket].iter().all(|(limit, window, _)| {
            let inside = at.left[bucket].iter().filter(|(left, _)| at.now - left < *window);
            inside.map(|(_, units)| units).sum::<u32>() + wanted <= *limit
        })
    }

    /// Its units are used now.
    fn leave(&self, to: &mut Standing, who: usize) {
        let Caller { route, weight, .. } = &self.callers[who];
        for bucket in route {
            to.left[*bucket].push((to.now, *weight));
        }
    }

    fn give_up(&self, from: &Standing, who: usize) -> Standing {
        let mut to = from.clone();
        let caller = &self.callers[who];
        if let Phase::Waits { places, .. } = &from.callers[who] {
            let mut woken = Woken::default();
            for (bucket, place) in caller.route.iter().zip(&places.numbers) {
                match caller.forgets {
                    true => to.buckets[*bucket].get_up(*place, &mut woken),
                    false => to.buckets[*bucket].leave(*place, &mut woken),
                }
            }
            woken.ring();
        }
        to.callers[who] = Phase::Away { came: true };
        to
    }

    /// Its request leaves, or never will.
    fn settle(&self, from: &Standing, who: usize, leaves: bool) -> Standing {
        let mut to = from.clone();
        let Phase::Here { departure, .. } = &from.callers[who] else { return to };
        let settled = match leaves {
            true => Departure::left_at(self.instant(from.now)),
            false => Departure::default(),
        };
        let was_here = leaves || settled.call_off();
        let mut woken = Woken::default();
        for bucket in &self.callers[who].route {
            to.buckets[*bucket].replace(departure, &settled);
            if was_here && !leaves {
                to.buckets[*bucket].look_again(&mut woken);
            }
        }
        woken.ring();
        if leaves {
            self.leave(&mut to, who);
        }
        to.callers[who] = Phase::Away { came: true };
        to
    }

    fn pass(&self, from: &Standing) -> Standing {
        let mut to = from.clone();
        to.now += 1;
        for (bucket, left) in to.left.iter_mut().enumerate() {
            left.retain(|(at, _)| to.now - at < self.longest(bucket));
        }
        to.at_once.fill(0);
        for (phase, caller) in to.callers.iter_mut().zip(&self.callers) {
            if let Phase::Away { came } = phase {
                *came &= caller.forgets;
            }
        }
        to
    }

    /// Whether somebody who was told to come, or woken, has not come for so long.
    fn is_late(&self, at: &Standing, by: u64) -> bool {
        at.callers.iter().any(|phase| match phase {
            Phase::Away { .. } => false,
            Phase::Waits { due, woken, .. } => *woken || due.is_some_and(|due| due + by <= at.now),
            Phase::Here { since, .. } => since + by <= at.now,
        })
    }

    /// Notes who was woken, and how it all stands.
    fn finish(&self, mut to: Standing) -> Standing {
        for (phase, flag) in to.callers.iter_mut().zip(&self.flags) {
            let rang = flag.0.swap(false, Ordering::Relaxed);
            if let Phase::Waits { woken, .. } = phase {
                *woken |= rang;
            }
        }
        let name = |departure: &Departure| {
            let is_its = |phase: &Phase| matches!(phase, Phase::Here { departure: its, .. } if its.is_same(departure));
            to.callers.iter().position(is_its).unwrap_or(usize::MAX)
        };
        let mut key = Vec::new();
        for bucket in &to.buckets {
            bucket.standing(self.instant(to.now), &name, &mut key);
        }
        for (phase, caller) in to.callers.iter().zip(&self.callers) {
            match phase {
                Phase::Away { came } => key.push(u64::from(*came)),
                Phase::Here { since, .. } => key.extend([2, (to.now - since).min(2)]),
                Phase::Waits { places, due, woken } => {
                    let due = due.map_or(0, |due| (due + 2).saturating_sub(to.now) + 1);
                    let asleep = places.asleep.map_or(0, |index| index as u64 + 1);
                    key.extend([3, due, u64::from(*woken), asleep, places.numbers.len() as u64]);
                    let ranks = caller.route.iter().zip(&places.numbers);
                    key.extend(ranks.map(|(bucket, place)| to.buckets[*bucket].rank(*place)));
                }
            }
        }
        for left in &to.left {
            key.push(left.len() as u64);
            key.extend(left.iter().flat_map(|(at, units)| [to.now - at, u64::from(*units)]));
        }
        key.extend(to.at_once.iter().map(|units| u64::from(*units)));
        to.key = key;
        to
    }

    /// Whether who sleeps first at each bucket will wake up in time.
    fn has_an_alarm(&self, at: &Standing) -> bool {
        let now = self.instant(at.now);
        at.buckets.iter().enumerate().all(|(bucket, state)| {
            let Some(first) = state.first_asleep() else { return true };
            at.callers.iter().zip(&self.callers).all(|(phase, caller)| {
                let Phase::Waits { places, due, woken } = phase else { return true };
                let index = places.asleep.filter(|index| caller.route[*index] == bucket);
                if index.map(|index| places.numbers[index]) != Some(first) || *woken {
                    return true;
                }
                let asking = Asking { place: Some(first), weight: caller.weight, sleeps: true };
                let mut state = state.clone();
                let nanos = state.epoch.nanos(now);
                let opening = state.opening(asking, nanos);
                let opens = self.second(state.epoch.instant(opening.at)).max(at.now);
                due.is_some_and(|due| due <= opens)
            })
        })
    }

    fn holds_its_promises(&self, at: &Standing) -> bool {
        self.promises.iter().enumerate().all(|(bucket, promises)| {
            promises.iter().all(|(limit, window, burst)| {
                let inside = at.left[bucket].iter().filter(|(left, _)| at.now - left < *window);
                let units: u32 = inside.map(|(_, units)| units).sum();
                units <= *limit && burst.is_none_or(|burst| at.at_once[bucket] <= burst)
            })
        })
    }
}

pub(super) const WINDOWS: &str =
    "no window holds more than its limit, and no instant more than the burst";
pub(super) const ORDER: &str = "who is served leaves room for all that came before";
pub(super) const WAKES: &str = "who sleeps is woken, or has a timer, when there is room";

impl Model for World {
    type State = Standing;
    type Action = Deed;

    fn initial(&self) -> Vec<Standing> {
        if !self.begins.is_empty() {
            return self.begins.clone();
        }
        vec![self.finish(Standing {
            buckets: self.fresh.clone(),
            now: 1,
            callers: self.callers.iter().map(|_| Phase::Away { came: false }).collect(),
            left: self.fresh.iter().map(|_| Vec::new()).collect(),
            at_once: vec![0; self.fresh.len()],
            fault: None,
            key: Vec::new(),
        })]
    }

    fn steps(&self, from: &Standing, steps: &mut Vec<(Deed, Standing)>) {
        if from.fault.is_some() {
            return;
        }
        for (who, phase) in from.callers.iter().enumerate() {
            match phase {
                Phase::Away { came: true } => {}
                Phase::Away { came: false } => {
                    steps.push((Deed::Comes(who), self.finish(self.come(from, who))));
                }
                Phase::Waits { due, woken, .. } => {
                    if *woken || due.is_some_and(|due| due <= from.now) {
                        steps.push((Deed::Comes(who), self.finish(self.come(from, who))));
                    }
                    if !self.callers[who].is_patient {
                        steps.push((Deed::GivesUp(who), self.finish(self.give_up(from, who))));
                    }
                }
                Phase::Here { .. } => {
                    for (deed, leaves) in
                        [(Deed::Leaves(who), true), (Deed::IsCalledOff(who), false)]
                    {
                        steps.push((deed, self.finish(self.settle(from, who, leaves))));
                    }
                }
            }
        }
        if !self.is_punctual || !self.is_late(from, 1) {
            steps.push((Deed::Second, self.finish(self.pass(from))));
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        if let Some(asked) = self.asked.take() {
            return vec![asked];
        }
        vec![
            Property::always(WINDOWS, |world: &World, at| world.holds_its_promises(at)),
            Property::always(ORDER, |_, at: &Standing| at.fault.is_none()),
            Property::always(WAKES, |world: &World, at| world.has_an_alarm(at)),
        ]
    }

    fn say_step(&self, _: &Standing, deed: &Deed) -> String {
        match deed {
            Deed::Comes(who) => format!("caller {who} asks"),
            Deed::GivesUp(who) => format!("caller {who} gives up"),
            Deed::Leaves(who) => format!("the request of caller {who} leaves"),
            Deed::IsCalledOff(who) => format!("the request of caller {who} is called off"),
            Deed::Second => "a second passes".to_owned(),
        }
    }

    fn say_state(&self, at: &Standing) -> String {
        let phases = at.callers.iter().map(|phase| match phase {
            Phase::Away { .. } => "away".to_owned(),
            Phase::Waits { due: Some(due), .. } => format!("waits until {due} s"),
            Phase::Waits { due: None, .. } => "sleeps".to_owned(),
            Phase::Here { .. } => "here".to_owned(),
        });
        let left: Vec<u32> =
            at.left.iter().map(|left| left.iter().map(|(_, units)| units).sum()).collect();
        let phases: Vec<String> = phases.collect();
        format!("{} s: {}; {left:?} left of late", at.now, phases.join(", "))
    }
}
