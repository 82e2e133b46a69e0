//! How a mock API is set up.

use std::io;
use std::time::Duration;

use super::MockApi;
use super::health::{Health, HealthBoard};
use super::log::Log;
use super::payments::Payments;
use super::world::World;

/// A mock API that is about to be served.
#[derive(Clone, Debug, Default)]
pub struct MockApiBuilder {
    port: u16,
    latency: Option<Duration>,
    lost_answers: u32,
    health: HealthBoard,
}

impl MockApiBuilder {
    /// The port to serve on; default 0, which stands for any that is free.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How long every answer takes. Default: 20 to 80 ms, always the same for the same path.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = Some(latency);
        self
    }

    /// How a service is. Default: `shipping` is down, `analytics` stalls, the others are well.
    #[must_use]
    pub fn health(self, service: impl Into<String>, health: Health) -> Self {
        self.health.set(service.into(), health);
        self
    }

    /// The first `count` charges are made, and yet answered with 503: as if the answer had been
    /// lost on its way. Whoever repeats them without an `Idempotency-Key` charges twice.
    #[must_use]
    pub fn lose_charge_answers(mut self, count: u32) -> Self {
        self.lost_answers = count;
        self
    }

    /// Serves it, on the tokio runtime of the caller.
    ///
    /// # Errors
    /// If the port is taken; the message names it.
    pub async fn start(self) -> io::Result<MockApi> {
        let Self { port, latency, lost_answers, health } = self;
        MockApi::serve(port, |stopping| World {
            latency,
            health,
            log: Log::default(),
            payments: Payments::new(lost_answers),
            flaky: Default::default(),
            jobs: Default::default(),
            quotas: Default::default(),
            tokens: Default::default(),
            stopping,
        })
        .await
    }
}
