//! One attempt, from the cache to the moment when it may be sent.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::Instant;

use super::{Caller, End, Ongoing, Origin};
use crate::auth::Credentials;
use crate::breaker::Permit;
use crate::cache::{Bounds, CacheKey, FlightEnd, Lead, Lookup};
use crate::call::{Answer, Call};
use crate::error::{CallError, ErrorKind, Retry};
use crate::in_words::InWords;
use crate::limit::{Bucket, Turn};
use crate::redact::ShownUrl;
use crate::retry_after::retry_after;
use crate::transport::Departure;

/// What an attempt has when it may be sent.
pub(super) struct Cleared {
    pub(super) credentials: Option<Credentials>,
    pub(super) permit: Option<Permit>,
    /// Kept until the request has left, or is given up: then its units are free again.
    pub(super) turn: Option<Turn>,
}

/// What keeps an attempt from being sent.
enum Refused {
    Failed(CallError),
    Postponed(Instant),
}

impl Caller {
    /// Makes one attempt; `key` is where its answer is kept, `number` counts attempts from 1. What
    /// was put on `call` for it, such as credentials, stays there: every attempt begins with the
    /// call as it was declared.
    ///
    /// # Cancel safety
    /// Dropping the future gives the probe of a circuit breaker back, and what is under way up. The
    /// place in the queue stays with `ongoing`.
    pub async fn attempt(
        &self,
        call: &mut Call,
        key: Option<CacheKey>,
        ongoing: &mut Ongoing,
        number: u32,
    ) -> End {
        let asks_the_cache = self.caching.is_some() && key.is_some();
        let lead = match self.look_up(key, call, ongoing).await {
            Ok(lead) => lead,
            Err(end) => {
                // What was waited for is not needed any more.
                ongoing.turn = None;
                return end;
            }
        };
        match self.prepare(call, ongoing).await {
            Ok(cleared) => {
                // A call misses once, however often it has to ask before it is sent.
                if asks_the_cache
                    && !std::mem::replace(&mut ongoing.missed, true)
                    && let Some(recorder) = &self.recorder
                {
                    recorder.cache_miss();
                }
                self.send(call, cleared, lead, ongoing, number).await
            }
            Err(Refused::Failed(error)) => {
                // Credentials belong to the key, and the time for them to the flight, and so to all
                // who joined. But the circuit and the patience are our own: the others ask theirs.
                let is_shared = matches!(error.kind, ErrorKind::Auth | ErrorKind::Timeout);
                if let Some(lead) = lead.filter(|_| is_shared) {
                    lead.fail(&error);
                }
                if let Some(recorder) = &self.recorder {
                    recorder.failed(error.kind, None);
                }
                // Whatever comes next takes longer than a place in a queue may be kept.
                ongoing.turn = None;
                End::Failed(error)
            }
            Err(Refused::Postponed(at)) => {
                if let Some(lead) = lead {
                    lead.postpone(at);
                }
                End::Postponed(at)
            }
        }
    }

    /// The answer, if there is one; else the lead of those who want it, or none where each has to
    /// fetch its own.
    async fn look_up(
        &self,
        key: Option<CacheKey>,
        call: &Call,
        ongoing: &mut Ongoing,
    ) -> Result<Option<Lead>, End> {
        let (Some(caching), Some(key)) = (&self.caching, key) else { return Ok(None) };
        loop {
            let (ttl, revalidate) = (caching.ttl, caching.revalidate);
            let lookup = caching.cache.begin(key, Bounds::of(call), &caching.name, ttl, revalidate);
            let flight = match lookup {
                Lookup::Hit(answer) => return Err(self.hit(answer)),
                Lookup::Lead(lead) => return Ok(Some(lead)),
                Lookup::Join(_) if ongoing.alone => return Ok(None),
                Lookup::Join(flight) => flight,
            };
            // Whoever waits for another call's answer keeps no room from others meanwhile.
            ongoing.turn = None;
            match flight.end().await {
                FlightEnd::Answered(answer) => return Err(self.hit(answer)),
                FlightEnd::Withheld => ongoing.alone = true,
                FlightEnd::Failed(error) => return Err(End::Failed(judged_anew(error, call))),
                FlightEnd::Postponed(at) => return Err(End::Postponed(at)),
                FlightEnd::GivenUp => {}
            }
        }
    }

    fn hit(&self, answer: Arc<Answer>) -> End {
        if let Some(recorder) = &self.recorder {
            recorder.cache_hit();
        }
        End::Answered(answer, Origin::Cache)
    }

    /// Everything that must be had before a request may leave: a closed circuit, credentials, and
    /// our turn at every rate limit.
    async fn prepare(&self, call: &Call, ongoing: &mut Ongoing) -> Result<Cleared, Refused> {
        let credentials = match &self.authority {
            None => None,
            Some(authority) => match authority.ready() {
                Some(credentials) => Some(credentials),
                None => {
                    // Nobody fetches a token for a call that will not be sent.
                    if let Some(breaker) = &self.breaker {
                        breaker.check().map_err(circuit_open)?;
                    }
                    // A place that is due would keep its room from others meanwhile.
                    ongoing.turn = None;
                    let credentials = in_time(call, authority.credentials()).await;
                    Some(credentials.map_err(Refused::Failed)?)
                }
            },
        };
        let permit = match &self.breaker {
            None => None,
            Some(breaker) => Some(breaker.permit().map_err(circuit_open)?),
        };
        let turn = self.take_turn(call, ongoing)?;
        Ok(Cleared { credentials, permit, turn })
    }

    fn take_turn(&self, call: &Call, ongoing: &mut Ongoing) -> Result<Option<Turn>, Refused> {
        if !self.is_limited && self.buckets.iter().all(Bucket::is_free) {
            return Ok(None);
        }
        let turn = match &mut ongoing.turn {
            Some(turn) => turn,
            none => {
                let turn = Turn::new(&self.buckets, self.weight).map_err(|error| {
                    Refused::Failed(rate_limited(format!("the call can never be sent: {error}")))
                })?;
                // Only what is counted, or must not be repeated, is worth being watched.
                let is_watched = self.is_limited || call.is_unsafe();
                none.insert(if is_watched { turn.departing(Departure::default()) } else { turn })
            }
        };
        match turn.take() {
            Ok(()) => {
                if let Some(since) = ongoing.waits_since.take()
                    && let Some(recorder) = &self.recorder
                {
                    recorder.limiter_waited(since.elapsed());
                }
                Ok(ongoing.turn.take())
            }
            Err(not_yet) => {
                let now = Instant::now();
                let wait = not_yet.at.saturating_duration_since(now);
                if let Some(longest) =
                    self.max_wait.filter(|longest| not_yet.by_server && wait > *longest)
                {
                    ongoing.turn = None;
                    let message = format!(
                        "the server asks to wait {}, and {} is the longest that is put up with",
                        InWords(wait),
                        InWords(longest),
                    );
                    return Err(Refused::Failed(rate_limited(message)));
                }
                ongoing.waits_since.get_or_insert(now);
                Err(Refused::Postponed(not_yet.at))
            }
        }
    }
}

/// Waits for credentials no longer than for an answer. Whoever else waits for them goes on waiting,
/// and the next to come carries the fetch on.
pub(super) async fn in_time(
    call: &Call,
    credentials: impl Future<Output = Result<Credentials, CallError>>,
) -> Result<Credentials, CallError> {
    match tokio::time::timeout(call.timeout, credentials).await {
        Ok(credentials) => credentials,
        Err(_elapsed) => {
            let (method, url) = (&call.method, ShownUrl(&call.url));
            let timeout = InWords(call.timeout);
            let message =
                format!("{method} {url} is not sent: no credentials came within {timeout}");
            let retry = Retry::Allowed { after: None };
            let kind = ErrorKind::Timeout;
            Err(CallError { kind, message, http_status: None, retry, answer: None })
        }
    }
}

/// The failure of a call that others waited for, judged by the rules of one of them.
fn judged_anew(mut error: CallError, call: &Call) -> CallError {
    if let (ErrorKind::Status, Some(answer)) = (error.kind, &error.answer) {
        let after = retry_after(&answer.headers, SystemTime::now());
        error.retry = call.rules.on_status(answer.status, call.repeatability(), after);
    }
    error
}

fn circuit_open(open: crate::breaker::CircuitOpen) -> Refused {
    Refused::Failed(refusal(ErrorKind::CircuitOpen, open.to_string()))
}

fn rate_limited(message: String) -> CallError {
    refusal(ErrorKind::RateLimited, message)
}

/// Why nothing was sent.
fn refusal(kind: ErrorKind, message: String) -> CallError {
    CallError { kind, message, http_status: None, retry: Retry::Never, answer: None }
}
