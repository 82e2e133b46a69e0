//! The token that all calls share, and the one fetch that brings the next.
//!
//! A fetch is a future that lives in the shared state, and whoever waits for it polls it. So there is
//! one fetch, with one timer, however many wait; it needs no task of its own, and it goes on as long
//! as anybody waits. If all of them are dropped it rests, and the next to come carries it on: what a
//! server has already given out, such as a rotated refresh token, is not lost. The future holds no
//! reference to the state, so the state can be dropped with it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::Shared};
use tokio::time::Instant;

use super::{credentials::Credentials, grant::Grant};
use crate::{
    error::{CallError, Retry},
    secret::{Secret, Secrets},
    transport::BoxFuture,
};

/// The longest time by which a token is renewed before it expires.
const MOST_EARLY: Duration = Duration::from_secs(60);

/// The shortest pause between two early renewals of which the first failed.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// A token that is fetched and renewed, for any number of calls at once.
pub(super) struct Tokens {
    grant: Arc<Grant>,
    secrets: Secrets,
    /// The time that a fetch has.
    timeout: Duration,
    state: Mutex<State>,
}

/// The lock is held to look and to change, never while something is awaited. There is at most one
/// flight, and its number is `begun`.
struct State {
    token: Option<Token>,
    /// The refresh token for the next flight.
    refresh: Option<Secret>,
    flight: Option<Flight>,
    /// How many flights have begun.
    begun: u64,
}

#[derive(Clone)]
struct Token {
    credentials: Credentials,
    /// From here on the next one is fetched before this one is used.
    renew_at: Option<Instant>,
    /// From here on the server refuses it.
    expires_at: Option<Instant>,
}

/// A fetch under way.
#[derive(Clone)]
struct Flight {
    number: u64,
    began: Instant,
    landing: Shared<BoxFuture<'static, Result<Landed, CallError>>>,
}

/// What a flight brought.
#[derive(Clone)]
struct Landed {
    token: Token,
    refresh: Option<Secret>,
}

impl Tokens {
    pub(super) fn new(
        grant: Grant,
        refresh: Option<Secret>,
        secrets: Secrets,
        timeout: Duration,
    ) -> Self {
        let state = State { token: None, refresh, flight: None, begun: 0 };
        Self { grant: Arc::new(grant), secrets, timeout, state: Mutex::new(state) }
    }

    /// The token, if it is good for now.
    pub(super) fn ready(&self) -> Option<Credentials> {
        self.lock().ready()
    }

    /// The token, after a fetch where that is needed.
    pub(super) async fn get(&self) -> Result<Credentials, CallError> {
        loop {
            let (flight, has_rested) = {
                let mut state = self.lock();
                if let Some(credentials) = state.ready() {
                    return Ok(credentials);
                }
                let has_rested = state.flight.as_ref().is_some_and(Flight::is_resting);
                (self.join(&mut state), has_rested)
            };
            // A flight that nobody cared for may be past its time, or bring what a server said long
            // ago. If it brings nothing, that says nothing about now, and there is one more.
            let is_old = has_rested || flight.began.elapsed() >= self.timeout;
            let landed = flight.landing.await;
            let is_useless = match &landed {
                Ok(landed) => landed.token.renew_at.is_some_and(|at| at <= Instant::now()),
                Err(_) => true,
            };
            let settled = self.settle(flight.number, landed);
            if !(is_old && is_useless) {
                return settled;
            }
        }
    }

    /// The token after `refused` was refused: another one, if there is one by now, else a new one.
    pub(super) async fn renew(&self, refused: &Credentials) -> Result<Credentials, CallError> {
        {
            let mut state = self.lock();
            let is_same = |token: &mut Token| token.credentials == *refused;
            // What was refused is not used again, not even if no other can be had.
            drop(state.token.take_if(is_same));
        }
        self.get().await
    }

    /// The flight under way, or a new one.
    fn join(&self, state: &mut State) -> Flight {
        if let Some(flight) = &state.flight {
            return flight.clone();
        }
        state.begun += 1;
        let (number, began) = (state.begun, Instant::now());
        let (grant, secrets) = (self.grant.clone(), self.secrets.clone());
        let refresh = state.refresh.clone();
        let landing: BoxFuture<'static, _> = Box::pin(async move {
            if let Some(refresh) = &refresh {
                // It is in use for as long as the server gives no other.
                secrets.remember(refresh.clone());
            }
            let fetched = grant.fetch(refresh.as_ref()).await?;
            for secret in fetched.secrets {
                secrets.remember(secret);
            }
            let credentials = Credentials::new(fetched.carrier);
            let token = Token::new(credentials, began, fetched.lifetime);
            Ok(Landed { token, refresh: fetched.refresh })
        });
        let flight = Flight { number, began, landing: landing.shared() };
        state.flight = Some(flight.clone());
        flight
    }

    /// Takes note of how a flight ended; the first of those who waited for it does that for all.
    fn settle(
        &self,
        number: u64,
        landed: Result<Landed, CallError>,
    ) -> Result<Credentials, CallError> {
        let mut state = self.lock();
        let is_first = state.flight.as_ref().is_some_and(|flight| flight.number == number);
        if is_first {
            state.flight = None;
        }
        match landed {
            Ok(Landed { token, refresh }) => {
                let credentials = token.credentials.clone();
                if is_first {
                    state.token = Some(token);
                    if refresh.is_some() {
                        state.refresh = refresh;
                    }
                }
                Ok(credentials)
            }
            Err(error) => {
                // It was early: what we have is still good.
                let now = Instant::now();
                let Some(token) = state.token.as_mut().filter(|token| token.is_valid(now)) else {
                    return Err(error);
                };
                if is_first {
                    token.pause(now, error.retry);
                }
                Ok(token.credentials.clone())
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Does nobody wait for it? Then only the state holds it.
    fn is_resting(&self) -> bool {
        self.landing.strong_count() == Some(1)
    }
}

impl State {
    fn ready(&self) -> Option<Credentials> {
        let token = self.token.as_ref()?;
        // The clock is read only where it matters.
        match token.renew_at {
            Some(at) if at <= Instant::now() => None,
            Some(_) | None => Some(token.credentials.clone()),
        }
    }
}

impl Token {
    /// The lifetime counts from the beginning of the fetch, which is the safe side. One that is too
    /// long to be told counts as endless.
    fn new(credentials: Credentials, began: Instant, lifetime: Option<Duration>) -> Self {
        let expires_at = lifetime.and_then(|lifetime| began.checked_add(lifetime));
        let renew_at = lifetime
            .and_then(|lifetime| began.checked_add(lifetime - MOST_EARLY.min(lifetime / 10)));
        Self { credentials, renew_at, expires_at }
    }

    fn is_valid(&self, now: Instant) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }

    /// Puts the next early renewal off: for as long as the server asks, else for a quarter of the
    /// time that is left.
    fn pause(&mut self, now: Instant, retry: Retry) {
        let Some(expires_at) = self.expires_at else { return };
        let own = ((expires_at - now) / 4).max(SHORTEST_PAUSE);
        let pause = match retry {
            Retry::Allowed { after: Some(asked) } => own.max(asked),
            Retry::Allowed { after: None } | Retry::Never => own,
        };
        self.renew_at = Some(now.checked_add(pause).map_or(expires_at, |at| at.min(expires_at)));
    }
}
