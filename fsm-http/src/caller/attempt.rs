//! One attempt, from the cache to the classified answer.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use tokio::time::Instant;
use tracing::Instrument;

use super::{Caller, End, Ongoing, Origin};
use crate::auth::Credentials;
use crate::breaker::Permit;
use crate::cache::{self, CacheKey, FlightEnd, Lead, Lookup};
use crate::call::{Answer, Call};
use crate::error::{CallError, ErrorKind, Retry};
use crate::limit::Turn;
use crate::metrics::Recorder;
use crate::observe::AttemptSpan;
use crate::quota;
use crate::retry_after::retry_after;

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
        let lead = match self.look_up(key, call).await {
            Ok(lead) => lead,
            Err(end) => {
                // What was waited for is not needed any more.
                ongoing.turn = None;
                return end;
            }
        };
        match self.prepare(ongoing).await {
            Ok((credentials, permit)) => {
                self.send(call, credentials, permit, lead, ongoing, number).await
            }
            Err(Refused::Failed(error)) => {
                if let Some(lead) = lead {
                    lead.fail(&error);
                }
                if let Some(recorder) = &self.recorder {
                    recorder.failed(error.kind, None);
                }
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

    /// The answer, if there is one; else the lead of those who want it.
    async fn look_up(&self, key: Option<CacheKey>, call: &Call) -> Result<Option<Lead>, End> {
        let (Some(caching), Some(key)) = (&self.caching, key) else { return Ok(None) };
        loop {
            let lookup = caching.cache.begin(key, &caching.name, caching.ttl, caching.revalidate);
            let answer = match lookup {
                Lookup::Hit(answer) => answer,
                Lookup::Lead(lead) => {
                    if let Some(recorder) = &self.recorder {
                        recorder.cache_miss();
                    }
                    return Ok(Some(lead));
                }
                Lookup::Join(flight) => match flight.end().await {
                    FlightEnd::Answered(answer) => answer,
                    FlightEnd::Failed(error) => return Err(End::Failed(judged_anew(error, call))),
                    FlightEnd::Postponed(at) => return Err(End::Postponed(at)),
                    FlightEnd::GivenUp => continue,
                },
            };
            if let Some(recorder) = &self.recorder {
                recorder.cache_hit();
            }
            return Err(End::Answered(answer, Origin::Cache));
        }
    }

    /// Everything that must be had before a request may leave: a closed circuit, credentials, and
    /// our turn at every rate limit.
    async fn prepare(
        &self,
        ongoing: &mut Ongoing,
    ) -> Result<(Option<Credentials>, Option<Permit>), Refused> {
        let credentials = match &self.authority {
            None => None,
            Some(authority) => match authority.ready() {
                Some(credentials) => Some(credentials),
                None => {
                    // Nobody fetches a token for a call that will not be sent.
                    if let Some(breaker) = &self.breaker {
                        breaker.check().map_err(circuit_open)?;
                    }
                    Some(authority.credentials().await.map_err(Refused::Failed)?)
                }
            },
        };
        let permit = match &self.breaker {
            None => None,
            Some(breaker) => Some(breaker.permit().map_err(circuit_open)?),
        };
        self.take_turn(ongoing)?;
        Ok((credentials, permit))
    }

    fn take_turn(&self, ongoing: &mut Ongoing) -> Result<(), Refused> {
        if self.buckets.is_empty() {
            return Ok(());
        }
        let turn = match &mut ongoing.turn {
            Some(turn) => turn,
            none => {
                let turn = Turn::new(&self.buckets, self.weight).map_err(|error| {
                    Refused::Failed(rate_limited(format!("the call can never be sent: {error}")))
                })?;
                none.insert(turn)
            }
        };
        match turn.take() {
            Ok(()) => {
                ongoing.turn = None;
                if let Some(since) = ongoing.waits_since.take()
                    && let Some(recorder) = &self.recorder
                {
                    recorder.limiter_waited(since.elapsed());
                }
                Ok(())
            }
            Err(not_yet) => {
                let now = Instant::now();
                let wait = not_yet.at.saturating_duration_since(now);
                if let Some(longest) =
                    self.max_wait.filter(|longest| not_yet.by_server && wait > *longest)
                {
                    ongoing.turn = None;
                    let message = format!(
                        "the server allows the next request only in {wait:.1?}, and no wait longer \
                         than {longest:?} is put up with"
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
        credentials: Option<Credentials>,
        permit: Option<Permit>,
        lead: Option<Lead>,
        ongoing: &mut Ongoing,
        number: u32,
    ) -> End {
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
        let mut unanswered = Unanswered(self.recorder.as_ref());
        let result = if let Err(error) = read {
            Err((error, Duration::ZERO))
        } else if span.is_recorded() {
            // Boxed, so that a call which nobody watches does not carry the room for both.
            let performed = call.perform_timed(&*self.transport);
            Box::pin(performed.instrument(span.span().clone())).await
        } else {
            call.perform_timed(&*self.transport).await
        };
        unanswered.0 = None;
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
                if error.kind != ErrorKind::Transform {
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
            Some(lead) => lead.share(answer.clone()),
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
                if let Some(log) = &self.log {
                    log.response(sent.call, Err(&error), &self.secrets);
                }
                if let Some(recorder) = &self.recorder {
                    recorder.answered(sent.latency);
                }
                return End::Answered(lead.refresh(), Origin::Revalidated);
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
            let was_sent = error.kind != ErrorKind::Transform;
            recorder.failed(error.kind, was_sent.then_some(sent.latency));
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
            return match authority.renew(refused).await {
                Ok(_) => {
                    let now = Instant::now();
                    if let Some(lead) = lead {
                        lead.postpone(now);
                    }
                    End::Postponed(now)
                }
                Err(error) => {
                    if let Some(lead) = lead {
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
            if let Some(until) = after.and_then(|after| now.checked_add(after)) {
                bucket.hold(until);
            }
            if let Some((remaining, renewal)) = left
                && let Some(until) = now.checked_add(renewal)
            {
                bucket.believe(remaining, until);
            }
        }
    }
}

/// A request that is under way: should it be dropped there, it is counted all the same.
struct Unanswered<'a>(Option<&'a Recorder>);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(recorder) = self.0 {
            recorder.cut();
        }
    }
}

/// What was sent, and how long it took.
struct Sent<'a> {
    call: &'a Call,
    credentials: Option<Credentials>,
    latency: Duration,
}

/// The failure of a call that others waited for, judged by the rules of one of them.
fn judged_anew(mut error: CallError, call: &Call) -> CallError {
    if let (ErrorKind::Status, Some(answer)) = (error.kind, &error.answer) {
        let after = retry_after(&answer.headers, SystemTime::now());
        error.retry = call.rules.on_status(answer.status, call.repeatability(), after);
    }
    error
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
