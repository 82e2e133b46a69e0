//! One attempt, from the cache to the classified answer.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use tokio::time::Instant;
use tracing::Instrument;

use super::ongoing::UnderWay;
use super::{Caller, End, Ongoing, Origin};
use crate::auth::Credentials;
use crate::breaker::Permit;
use crate::cache::{self, Bounds, CacheKey, FlightEnd, Lead, Lookup};
use crate::call::{Answer, Call};
use crate::error::{CallError, ErrorKind, Retry};
use crate::in_words::InWords;
use crate::limit::{Bucket, Turn};
use crate::metrics::Recorder;
use crate::observe::AttemptSpan;
use crate::quota;
use crate::redact::ShownUrl;
use crate::retry_after::retry_after;
use crate::transport::Departure;

/// What an attempt has when it may be sent.
struct Cleared {
    credentials: Option<Credentials>,
    permit: Option<Permit>,
    /// Kept until the request has left, or is given up: then its units are free again.
    turn: Option<Turn>,
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

    async fn send(
        &self,
        call: &mut Call,
        cleared: Cleared,
        lead: Option<Lead>,
        ongoing: &mut Ongoing,
        number: u32,
    ) -> End {
        let Cleared { credentials, permit, turn } = cleared;
        let departure = match turn.as_ref().and_then(Turn::departure) {
            Some(departure) => Some(departure.clone()),
            None => call.is_unsafe().then(Departure::default),
        };
        // Files are read for an attempt that is sent, and for no other.
        let read = match call.body.is_at_hand() {
            true => Ok(()),
            false => Box::pin(call.read_files()).await,
        };
        // Where the call declares its own, there is nothing of ours to renew or to take out.
        let credentials = credentials.filter(|credentials| credentials.apply(call));
        if let Some(stale) = lead.as_ref().and_then(Lead::stale) {
            for (name, value) in &cache::validators(stale) {
                call.headers.entry(name).or_insert(value.clone());
            }
        }
        let resends = (number - 1) + u32::from(ongoing.renewed);
        if let Some(recorder) = self.recorder.as_ref().filter(|_| resends > 0) {
            recorder.retried();
        }
        if let Some(log) = &self.log {
            log.request(call, resends + 1, &self.secrets);
        }

        let span = AttemptSpan::start(call, resends);
        let mut unanswered =
            Unanswered { recorder: self.recorder.as_ref(), departure: departure.as_ref() };
        let result = if let Err(error) = read {
            Err((error, Duration::ZERO))
        } else {
            ongoing.under_way = Some(UnderWay(departure.clone()));
            let performed = call.perform_timed(&*self.transport, departure.as_ref());
            if span.is_recorded() {
                // Boxed, so that a call which nobody watches does not carry the room for both.
                Box::pin(performed.instrument(span.span().clone())).await
            } else {
                performed.await
            }
        };
        ongoing.under_way = None;
        unanswered.recorder = None;
        match result {
            Ok(mut answer) => {
                if let (Some(credentials), Some(answer)) = (&credentials, Arc::get_mut(&mut answer))
                {
                    credentials.withdraw(&mut answer.url);
                }
                span.answered(&answer);
                self.note(ongoing, call, answer.received);
                self.answered(call, answer, permit, lead)
            }
            Err((mut error, latency)) => {
                error.message = self.secrets.scrub(&error.message).into_owned();
                if let (Some(credentials), Some(answer)) = (&credentials, &mut error.answer) {
                    credentials.withdraw(&mut answer.url);
                }
                span.failed(&error);
                if was_sent(&error) {
                    let received = error.answer.as_ref().map_or(0, |answer| answer.received);
                    self.note(ongoing, call, received);
                    ongoing.failed_after = Some(latency);
                }
                let sent = Sent { call, credentials, latency };
                // Failures are rare and have more to do, so they bring their own room.
                Box::pin(self.failed(error, &sent, permit, lead, ongoing)).await
            }
        }
    }

    fn note(&self, ongoing: &mut Ongoing, call: &Call, received: u64) {
        let traffic = &mut ongoing.traffic;
        traffic.requests += 1;
        traffic.bytes_sent += call.body.as_bytes().len() as u64;
        traffic.bytes_received += received;
    }

    fn answered(
        &self,
        call: &Call,
        answer: Arc<Answer>,
        permit: Option<Permit>,
        lead: Option<Lead>,
    ) -> End {
        if let Some(permit) = permit {
            permit.succeed();
        }
        if let Some(log) = &self.log {
            log.response(call, Ok(&answer), &self.secrets);
        }
        if let Some(recorder) = &self.recorder {
            recorder.answered(answer.latency);
        }
        self.heed(&answer, None);
        match lead {
            Some(lead) if cache::is_storable(&answer) => lead.store(answer.clone()),
            Some(lead) => lead.withhold(),
            None => {}
        }
        End::Answered(answer, Origin::Server)
    }

    async fn failed(
        &self,
        error: CallError,
        sent: &Sent<'_>,
        permit: Option<Permit>,
        lead: Option<Lead>,
        ongoing: &mut Ongoing,
    ) -> End {
        // The server says that the answer which we have is still good.
        let lead = match lead {
            Some(lead) if is_not_modified(&error) && lead.stale().is_some() => {
                if let Some(permit) = permit {
                    permit.succeed();
                }
                if let Some(answer) = &error.answer {
                    self.heed(answer, None);
                }
                if let Some(log) = &self.log {
                    log.response(sent.call, Err(&error), &self.secrets);
                }
                if let Some(recorder) = &self.recorder {
                    recorder.answered(sent.latency);
                }
                let may_be_kept = error.answer.as_deref().is_none_or(cache::is_storable);
                let answer = match lead.stale().cloned() {
                    Some(stale) if !may_be_kept => {
                        lead.withhold();
                        stale
                    }
                    Some(_) | None => lead.refresh(),
                };
                return End::Answered(answer, Origin::Revalidated);
            }
            lead => lead,
        };
        if permit.is_some_and(|permit| permit.settle::<()>(Err(&error))) {
            tracing::warn!(endpoint = &*self.name, kind = error.kind.as_str(), "circuit opens");
            if let Some(recorder) = &self.recorder {
                recorder.breaker_opened();
            }
        }
        if let Some(log) = &self.log {
            log.response(sent.call, Err(&error), &self.secrets);
        }
        if let Some(recorder) = &self.recorder {
            recorder.failed(error.kind, was_sent(&error).then_some(sent.latency));
        }
        if let Some(answer) = &error.answer {
            let after = match error.retry {
                Retry::Allowed { after } => after,
                // A call that must not be repeated may still be told to leave the server alone.
                Retry::Never => {
                    let asks = matches!(error.http_status, Some(429 | 503));
                    asks.then(|| retry_after(&answer.headers, SystemTime::now())).flatten()
                }
            };
            self.heed(answer, after);
        }

        if error.http_status == Some(StatusCode::UNAUTHORIZED.as_u16())
            && error.kind == ErrorKind::Status
            && !ongoing.renewed
            && let Some(authority) = self.authority.as_ref().filter(|it| it.is_renewable())
            && let Some(refused) = &sent.credentials
        {
            // Whatever the server refused was not carried out, so it is sent once more.
            ongoing.renewed = true;
            return match in_time(sent.call, authority.renew(refused)).await {
                Ok(_) => {
                    let now = Instant::now();
                    if let Some(lead) = lead {
                        lead.postpone(now);
                    }
                    End::Postponed(now)
                }
                Err(error) => {
                    if let Some(lead) = lead.filter(|_| error.kind == ErrorKind::Auth) {
                        lead.fail(&error);
                    }
                    End::Failed(error)
                }
            };
        }
        if let Some(lead) = lead {
            lead.fail(&error);
        }
        End::Failed(error)
    }

    /// Believes what the server says of its quota, in the buckets that are its own.
    fn heed(&self, answer: &Answer, after: Option<Duration>) {
        if self.driven == 0 {
            return;
        }
        let left = quota::remaining(&answer.headers, SystemTime::now);
        if after.is_none() && left.is_none() {
            return;
        }
        let now = Instant::now();
        for bucket in &self.buckets[..self.driven] {
            if let Some(after) = after {
                bucket.hold(now + after.min(FAR));
            }
            if let Some((remaining, renewal)) = left {
                bucket.believe(remaining, now + renewal.min(FAR));
            }
        }
    }
}

/// A request that is under way: should it be dropped there, it is counted all the same, unless it
/// surely has not left.
struct Unanswered<'a> {
    recorder: Option<&'a Recorder>,
    departure: Option<&'a Departure>,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(recorder) = self.recorder
            && self.departure.is_none_or(Departure::may_have_left)
        {
            recorder.cut();
        }
    }
}

/// A server that asks for a longer wait than that is left alone for so long; clocks can tell it.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// What was sent, and how long it took.
struct Sent<'a> {
    call: &'a Call,
    credentials: Option<Credentials>,
    latency: Duration,
}

/// Waits for credentials no longer than for an answer. Whoever else waits for them goes on waiting,
/// and the next to come carries the fetch on.
async fn in_time(
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

/// A request that cannot be put together is not sent; one that was answered was, even where the
/// answer could not be kept.
fn was_sent(error: &CallError) -> bool {
    error.kind != ErrorKind::Transform || error.http_status.is_some()
}

fn is_not_modified(error: &CallError) -> bool {
    error.http_status == Some(StatusCode::NOT_MODIFIED.as_u16())
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
