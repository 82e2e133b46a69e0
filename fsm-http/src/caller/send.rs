//! Sending an attempt that was cleared, and telling everybody what came of it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use tokio::time::Instant;
use tracing::Instrument;

use super::attempt::{Cleared, in_time};
use super::ongoing::UnderWay;
use super::{Caller, End, Ongoing, Origin};
use crate::auth::Credentials;
use crate::breaker::Permit;
use crate::cache::{self, Lead};
use crate::call::{Answer, Call};
use crate::error::{CallError, ErrorKind, Retry};
use crate::limit::Turn;
use crate::metrics::Recorder;
use crate::observe::AttemptSpan;
use crate::quota;
use crate::retry_after::retry_after;
use crate::transport::Departure;

impl Caller {
    /// Sends the request that everybody has let through.
    pub(super) async fn send(
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

/// A request that cannot be put together is not sent; one that was answered was, even where the
/// answer could not be kept.
fn was_sent(error: &CallError) -> bool {
    error.kind != ErrorKind::Transform || error.http_status.is_some()
}

fn is_not_modified(error: &CallError) -> bool {
    error.http_status == Some(StatusCode::NOT_MODIFIED.as_u16())
}
