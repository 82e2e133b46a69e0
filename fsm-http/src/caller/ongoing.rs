//! What is remembered of a call between its attempts.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::limit::Turn;
use crate::transport::Departure;

/// A call between its first attempt and its end: its place in the queues of the rate limits, and
/// what it has sent so far. Dropping it gives the place back.
#[derive(Default)]
pub struct Ongoing {
    pub(super) turn: Option<Turn>,
    /// Since when it waits for its turn.
    pub(super) waits_since: Option<Instant>,
    /// Its credentials were renewed after a 401: that is done once.
    pub(super) renewed: bool,
    /// It waited for somebody else's answer in vain, as that was for nobody else: that is done once.
    pub(super) alone: bool,
    /// It asked the cache in vain and was sent: that is counted once.
    pub(super) missed: bool,
    /// The request that is under way, while there is one.
    pub(super) under_way: Option<UnderWay>,
    pub(super) traffic: Traffic,
    pub(super) failed_after: Option<Duration>,
}

/// A request that is under way, with its departure if that is watched.
pub(super) struct UnderWay(pub(super) Option<Departure>);

/// What a call has sent and received, all its attempts together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests that were sent; redirects are not counted.
    pub requests: u32,
    /// Bytes of the bodies of requests.
    pub bytes_sent: u64,
    /// Bytes of the bodies of answers, decompressed.
    pub bytes_received: u64,
}

impl Ongoing {
    /// A call that another process began, and of which nothing is known but that it sent so many
    /// requests.
    pub fn after(requests: u32) -> Self {
        let traffic = Traffic { requests, ..Traffic::default() };
        Self { traffic, ..Self::default() }
    }

    /// How long the last attempt took from sending to its failure; `None` if none was sent.
    pub fn failed_after(&self) -> Option<Duration> {
        self.failed_after
    }

    /// What was sent and received so far by attempts that have ended.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// Is a request under way that may have left? After an attempt that was dropped this says what
    /// is known of it. Who waits for credentials, for a rate limit, or for another call's answer has
    /// sent nothing; neither has an unsafe or a rate-limited call that still sets up its connection.
    pub fn may_have_left(&self) -> bool {
        let under_way = self.under_way.as_ref();
        under_way.is_some_and(|it| it.0.as_ref().is_none_or(Departure::may_have_left))
    }

    /// What was sent and received if the call is given up now: the request under way counts, too,
    /// if it [may have left](Self::may_have_left).
    pub fn traffic_if_given_up(&self) -> Traffic {
        let requests = self.traffic.requests + u32::from(self.may_have_left());
        Traffic { requests, ..self.traffic }
    }
}

impl fmt::Debug for Ongoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ongoing").field("traffic", &self.traffic).finish_non_exhaustive()
    }
}
