//! The life of a breaker as a machine (statig), without clock, lock, or I/O.
//!
//! An event that depends on time carries its `now`, and what there is to do comes out as a
//! [`Command`]. The match over state and event has no wildcard arm, so that a new event has to be
//! answered in every state.
//!
//! Permits are told apart by the number of the breaker's *life* in which they were given. A life
//! ends whenever the state changes, and a verdict from an earlier life changes nothing: a call that
//! was sent before the breaker opened says nothing about the service after it.

use std::num::NonZeroU32;
use std::time::Duration;

use statig::Outcome;
use statig::blocking::{self, IntoStateMachine, IntoStateMachineExt, StateMachine};
use tokio::time::Instant;

/// A timeout that no clock can add up is this long.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// The machine, and the one way to give it an event.
#[derive(Clone)]
pub(super) struct Machine(StateMachine<Breaker>);

/// What is shared by all states.
#[derive(Clone)]
pub(super) struct Breaker {
    threshold: NonZeroU32,
    timeout: Duration,
    /// The number of the present life.
    life: u64,
    /// How many failed in a row, those that opened the breaker and failed probes included.
    failures: u32,
    /// How often the breaker opened, also anew after a probe.
    openings: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Closed,
    Open { probes_at: Instant },
    HalfOpen { probing: bool },
}

/// What happens to a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// A call asks to go out.
    Ask { now: Instant },
    /// A call that was allowed in this life found the service alive.
    Success { life: u64 },
    /// A call that was allowed in this life failed.
    Failure { life: u64, now: Instant },
    /// A call that was allowed in this life was given up before it had an end.
    Cancel { life: u64 },
    /// Everything is to be forgotten.
    Reset,
}

/// What an event leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// Let the call go out, with a permit of this life.
    Allow { life: u64 },
    /// Keep the call from going out.
    Refuse(Refusal),
    /// Nothing further: the event was taken into account.
    Record,
    /// Nothing further: the breaker is closed again.
    Close,
    /// Remember why: this failure opened the breaker.
    Open,
    /// Nothing at all: the event changes nothing, as a verdict from an earlier life.
    Ignore,
}

/// Why a call may not go out now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The first probe is due after this wait.
    Waiting(Duration),
    /// A probe is under way.
    Probing,
}

impl Machine {
    pub(super) fn new(threshold: NonZeroU32, timeout: Duration) -> Self {
        let breaker = Breaker { threshold, timeout, life: 0, failures: 0, openings: 0 };
        Self(breaker.state_machine())
    }

    /// Tells the machine what happened.
    pub(super) fn handle(&mut self, event: Event) -> Command {
        // statig drops an event that no state handles. Here every state handles every event and
        // says so, which leaves this value in no case.
        let mut command = Command::Ignore;
        self.0.handle_with_context(&event, &mut command);
        command
    }

    pub(super) fn state(&self) -> State {
        *self.0.state()
    }

    /// The number of the present life.
    pub(super) fn life(&self) -> u64 {
        self.0.inner().life
    }

    /// How many failed in a row.
    pub(super) fn failures(&self) -> u32 {
        self.0.inner().failures
    }

    pub(super) fn openings(&self) -> u64 {
        self.0.inner().openings
    }
}

impl State {
    /// Whether a call may not go out now, and why.
    pub(super) fn refusal(self, now: Instant) -> Option<Refusal> {
        match self {
            Self::Open { probes_at } if now < probes_at => Some(Refusal::Waiting(probes_at - now)),
            Self::HalfOpen { probing: true } => Some(Refusal::Probing),
            Self::Closed | Self::Open { .. } | Self::HalfOpen { probing: false } => None,
        }
    }
}

impl Breaker {
    fn closed(&mut self) -> (Command, Outcome<State>) {
        self.failures = 0;
        (Command::Close, self.begin(State::Closed))
    }

    fn opened(&mut self, now: Instant) -> (Command, Outcome<State>) {
        self.openings += 1;
        let probes_at = now.checked_add(self.timeout).unwrap_or_else(|| now + FAR);
        (Command::Open, self.begin(State::Open { probes_at }))
    }

    fn probing(&mut self) -> (Command, Outcome<State>) {
        let outcome = self.begin(State::HalfOpen { probing: true });
        (Command::Allow { life: self.life }, outcome)
    }

    fn begin(&mut self, state: State) -> Outcome<State> {
        self.life += 1;
        Outcome::Transition(state)
    }
}

/// Every transition of a breaker. The table in `life.rs` says the same in the words of a drawing.
impl blocking::State<Breaker> for State {
    fn call_handler(
        &mut self,
        breaker: &mut Breaker,
        event: &Event,
        command: &mut Command,
    ) -> Outcome<Self> {
        let stay = |command| (command, Outcome::Handled);
        let (answer, outcome) = match (&mut *self, *event) {
            (Self::Closed | Self::Open { .. } | Self::HalfOpen { .. }, Event::Reset) => {
                breaker.closed()
            }
            (
                Self::Closed | Self::Open { .. } | Self::HalfOpen { .. },
                Event::Success { life } | Event::Failure { life, .. } | Event::Cancel { life },
            ) if life != breaker.life => stay(Command::Ignore),

            (Self::Closed, Event::Ask { .. }) => stay(Command::Allow { life: breaker.life }),
            (Self::Closed, Event::Success { .. }) => {
                breaker.failures = 0;
                stay(Command::Record)
            }
            (Self::Closed, Event::Failure { now, .. }) => {
                breaker.failures += 1;
                if breaker.failures < breaker.threshold.get() {
                    stay(Command::Record)
                } else {
                    breaker.opened(now)
                }
            }
            (Self::Closed, Event::Cancel { .. }) => stay(Command::Ignore),

            (state @ Self::Open { .. }, Event::Ask { now }) => match state.refusal(now) {
                Some(refusal) => stay(Command::Refuse(refusal)),
                None => breaker.probing(),
            },
            // An open breaker allows no call, so no permit has the number of this life.
            (
                Self::Open { .. },
                Event::Success { .. } | Event::Failure { .. } | Event::Cancel { .. },
            ) => stay(Command::Ignore),

            (Self::HalfOpen { probing: true }, Event::Ask { .. }) => {
                stay(Command::Refuse(Refusal::Probing))
            }
            (Self::HalfOpen { probing }, Event::Ask { .. }) => {
                *probing = true;
                stay(Command::Allow { life: breaker.life })
            }
            (Self::HalfOpen { .. }, Event::Success { .. }) => breaker.closed(),
            (Self::HalfOpen { .. }, Event::Failure { now, .. }) => {
                breaker.failures = breaker.failures.saturating_add(1);
                breaker.opened(now)
            }
            (Self::HalfOpen { probing }, Event::Cancel { .. }) => {
                *probing = false;
                stay(Command::Record)
            }
        };
        *command = answer;
        outcome
    }
}

impl IntoStateMachine for Breaker {
    type Event<'evt> = Event;
    type Context<'ctx> = Command;
    type State = State;
    type Superstate<'sub> = ();

    fn initial() -> State {
        State::Closed
    }
}
