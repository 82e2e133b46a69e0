//! How an activity behaves: what becomes of each of its attempts, and how long that takes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fsm_core::{Outcome, Retry, Timestamp};

use super::chance::Chance;
use super::latency::Latency;

/// One attempt of an activity, as what answers it sees it.
#[derive(Debug)]
pub struct Attempt<'a, C> {
    /// The name of the state.
    pub state: &'a str,
    /// The run's data when the attempt was started.
    pub context: &'a C,
    /// The number of the visit; the same for all of its attempts, also after a crash.
    pub visit: u64,
    /// Which attempt, from 1. One that is started again after a crash has its old number.
    pub number: u32,
    /// When it was started.
    pub now: Timestamp,
}

type Make<C, E> = Arc<dyn Fn(&Attempt<'_, C>, &mut Chance) -> Option<E> + Send + Sync>;

/// What becomes of the attempts of an activity. As it is made, every attempt ends well, at once,
/// with nothing to tell.
///
/// What a script says comes first, one answer for each start within a run; after its end chance
/// decides. Of the probabilities each is that of an attempt, and what they leave is that of a good
/// end. A repeated attempt is as likely to fail as the first one.
///
/// ```
/// use std::time::Duration;
/// use fsm_testkit::simulator::{Answer, Behaviour, Latency};
///
/// let (ms, secs) = (Duration::from_millis, Duration::from_secs);
/// let charge: Behaviour<(), ()> = Behaviour::new()
///     .latency(Latency::exponential(ms(80), secs(5)))
///     .script([Answer::fails(), Answer::fails(), Answer::done()])
///     .fails(0.1)
///     .hangs(0.01);
/// # drop(charge);
/// ```
pub struct Behaviour<C, E> {
    pub(super) latency: Latency,
    pub(super) odds: Odds,
    pub(super) postponed_for: Latency,
    pub(super) script: Arc<[Answer<E>]>,
    pub(super) done: Option<Make<C, E>>,
    pub(super) failed: Option<Make<C, E>>,
}

/// The probabilities of what may go wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Odds {
    pub(super) fails: f64,
    pub(super) fails_for_good: f64,
    pub(super) hangs: f64,
    pub(super) postponed: f64,
}

impl Odds {
    /// What each is called, for messages.
    pub(super) fn named(&self) -> [(&'static str, f64); 4] {
        [
            ("fails", self.fails),
            ("fails_for_good", self.fails_for_good),
            ("hangs", self.hangs),
            ("postponed", self.postponed),
        ]
    }
}

impl<C, E> Behaviour<C, E> {
    /// Every attempt ends well, at once, with nothing to tell.
    pub fn new() -> Self {
        Self {
            latency: Latency::ZERO,
            odds: Odds::default(),
            postponed_for: Latency::ZERO,
            script: Arc::from([]),
            done: None,
            failed: None,
        }
    }

    /// How long an attempt takes, whatever comes of it.
    #[must_use]
    pub fn latency(mut self, latency: Latency) -> Self {
        self.latency = latency;
        self
    }

    /// With this probability an attempt fails, and it makes sense to try again.
    #[must_use]
    pub fn fails(mut self, probability: f64) -> Self {
        self.odds.fails = probability;
        self
    }

    /// With this probability an attempt fails, and trying again makes no sense.
    #[must_use]
    pub fn fails_for_good(mut self, probability: f64) -> Self {
        self.odds.fails_for_good = probability;
        self
    }

    /// With this probability an attempt never ends: only a timeout or a way out of its state does
    /// away with it.
    #[must_use]
    pub fn hangs(mut self, probability: f64) -> Self {
        self.odds.hangs = probability;
        self
    }

    /// With this probability an attempt is not made but put off for a while, as a rate limit does.
    #[must_use]
    pub fn postponed(mut self, probability: f64, by: Latency) -> Self {
        self.odds.postponed = probability;
        self.postponed_for = by;
        self
    }

    /// What becomes of the first starts in a run, one after another.
    #[must_use]
    pub fn script(mut self, answers: impl IntoIterator<Item = Answer<E>>) -> Self {
        self.script = answers.into_iter().collect();
        self
    }

    /// What a good end tells, unless the script said so: what guards and actions of the `done`
    /// transitions see.
    #[must_use]
    pub fn gives(
        mut self,
        event: impl Fn(&Attempt<'_, C>, &mut Chance) -> Option<E> + Send + Sync + 'static,
    ) -> Self {
        self.done = Some(Arc::new(event));
        self
    }

    /// What a failure tells, unless the script said so.
    #[must_use]
    pub fn fails_with(
        mut self,
        event: impl Fn(&Attempt<'_, C>, &mut Chance) -> Option<E> + Send + Sync + 'static,
    ) -> Self {
        self.failed = Some(Arc::new(event));
        self
    }
}

impl<C, E: Clone> Behaviour<C, E> {
    /// What becomes of an attempt, and when; `start` is which start of the activity this is, from 0.
    /// A calm attempt that no script speaks of ends well, and a quick one in the shortest time.
    pub(super) fn answer(
        &self,
        attempt: &Attempt<'_, C>,
        start: usize,
        chance: &mut Chance,
        (calm, quick): (bool, bool),
    ) -> Drawn<E> {
        let scripted = self.script.get(start);
        let latency = self.latency.draw(chance);
        let what = self.what(chance);
        let (what, event, after) = match scripted {
            Some(answer) => (answer.what, answer.event.clone(), answer.after),
            None if calm => (What::Done, None, None),
            None => (what, None, None),
        };
        let slow = after.is_none() && latency > self.latency.shortest() && !quick;
        let latency = match after {
            Some(after) => after,
            None if quick => self.latency.shortest(),
            None => latency,
        };
        let tell = |event: Option<E>, make: &Option<Make<C, E>>, chance: &mut Chance| {
            event.or_else(|| make.as_ref().and_then(|make| make(attempt, chance)))
        };
        let at = attempt.now + latency;
        let outcome = match what {
            What::Done => Some(Outcome::Done(tell(event, &self.done, chance))),
            What::Failed(retry) => {
                Some(Outcome::Failed { event: tell(event, &self.failed, chance), retry })
            }
            What::Postponed(wait) => Some(Outcome::Postponed(at + wait)),
            What::Nothing => None,
        };
        let ill = scripted.is_none() && what != What::Done;
        Drawn { end: outcome.map(|outcome| (at, outcome)), ill, slow }
    }

    /// What chance decides. The same numbers are drawn whatever comes of it.
    fn what(&self, chance: &mut Chance) -> What {
        let mut rest = chance.unit();
        let wait = self.postponed_for.draw(chance);
        let Odds { fails, fails_for_good, hangs, postponed } = self.odds;
        for (probability, what) in [
            (fails, What::Failed(Retry::Allowed(None))),
            (fails_for_good, What::Failed(Retry::Never)),
            (hangs, What::Nothing),
            (postponed, What::Postponed(wait)),
        ] {
            if rest < probability {
                return what;
            }
            rest -= probability;
        }
        What::Done
    }
}

/// What becomes of an attempt.
pub(super) struct Drawn<E> {
    /// `None`: it never ends.
    pub(super) end: Option<(Timestamp, Outcome<E>)>,
    /// Chance made it end otherwise than well.
    pub(super) ill: bool,
    /// Chance made it take longer than it might.
    pub(super) slow: bool,
}

impl<C, E> Clone for Behaviour<C, E> {
    fn clone(&self) -> Self {
        Self {
            script: self.script.clone(),
            done: self.done.clone(),
            failed: self.failed.clone(),
            ..*self
        }
    }
}

impl<C, E> Default for Behaviour<C, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C, E> fmt::Debug for Behaviour<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Behaviour")
            .field("latency", &self.latency)
            .field("odds", &self.odds)
            .field("script", &self.script.len())
            .finish_non_exhaustive()
    }
}

/// What a script says of one attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<E> {
    what: What,
    event: Option<E>,
    after: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Done,
    Failed(Retry),
    Postponed(Duration),
    /// It never ends.
    Nothing,
}

impl<E> Answer<E> {
    const fn of(what: What) -> Self {
        Self { what, event: None, after: None }
    }

    /// It ends well.
    pub const fn done() -> Self {
        Self::of(What::Done)
    }

    /// It fails, and it makes sense to try again.
    pub const fn fails() -> Self {
        Self::of(What::Failed(Retry::Allowed(None)))
    }

    /// It fails, and may be tried again, but not before `wait` has passed (Retry-After).
    pub const fn fails_for(wait: Duration) -> Self {
        Self::of(What::Failed(Retry::Allowed(Some(wait))))
    }

    /// It fails, and trying again makes no sense.
    pub const fn fails_for_good() -> Self {
        Self::of(What::Failed(Retry::Never))
    }

    /// It never ends.
    pub const fn hangs() -> Self {
        Self::of(What::Nothing)
    }

    /// It is not made but put off, as a rate limit does.
    pub const fn postponed(by: Duration) -> Self {
        Self::of(What::Postponed(by))
    }

    /// What it tells; of no effect on one that hangs or is postponed, which tell nothing.
    #[must_use]
    pub fn with(mut self, event: E) -> Self {
        self.event = Some(event);
        self
    }

    /// How long it takes; else what the behaviour's latency says.
    #[must_use]
    pub fn after(mut self, time: Duration) -> Self {
        self.after = Some(time);
        self
    }
}
