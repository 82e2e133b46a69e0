//! A mock API on loopback, for demos, tests, and playing with faults.
//!
//! It speaks real HTTP on `127.0.0.1` and answers the same request the same way, so what a flow
//! does against it can be asserted. What it serves:
//!
//! | part | routes |
//! |---|---|
//! | users | `GET /users/{id}`, `GET /users/{id}/posts`, `GET /analytics/users/{id}` |
//! | payments | `POST /validate`, `POST /fraud/check`, `POST /charge`, `POST /notify` |
//! | health | `GET /health/{service}` |
//! | faults | `GET /status/{code}`, `GET /flaky/{n}`, any method on `/slow/{ms}` and `/echo` |
//! | limits | `GET /limited/{n}`: n requests a second, told in `RateLimit` and `Retry-After` |
//! | credentials | `GET /private/profile`, `POST /oauth/token`, `GET /private/orders` |
//! | caching | `GET /documents/{id}`, with `ETag` and 304 |
//! | ready-made APIs | `POST /v1/chat/completions`, `POST /graphql` |
//! | jobs | `POST /jobs`, `GET /jobs/{id}` until it is done, `GET /jobs/{id}/result` |
//! | files | `POST /uploads` (multipart), `GET /downloads/{rows}` (CSV) |
//!
//! `GET /` lists them. Every other path is a 404, every other method a 405, and every error says in
//! JSON what is wrong. The flows that go with it are in [`demo`].
//!
//! ```
//! use fsm_testkit::server::{Health, MockApi};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let api = MockApi::builder().health("shipping", Health::Ok).start().await?;
//! assert!(api.url().starts_with("http://127.0.0.1:"));
//! assert!(api.requests().is_empty());
//! api.stop().await;
//! # Ok(())
//! # }
//! ```

mod answer;
mod builder;
mod chat;
pub mod demo;
mod documents;
mod faults;
mod files;
mod graphql;
mod guarded;
mod health;
mod index;
mod jobs;
mod limited;
mod log;
mod payments;
#[cfg(test)]
mod tests;
mod users;
mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use builder::MockApiBuilder;
pub use guarded::{CLIENT_ID, CLIENT_SECRET, TOKEN};
pub use health::{Health, SERVICES};
pub use log::Received;
use world::World;

/// So long [`MockApi::stop`] waits for answers under way before it cuts them off.
const PATIENCE: Duration = Duration::from_secs(1);

/// A mock API that is being served. Dropping it stops it, too, without waiting.
#[derive(Debug)]
pub struct MockApi {
    address: SocketAddr,
    world: Arc<World>,
    stop: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
}

impl MockApi {
    /// Serves on a free port, with the defaults.
    ///
    /// # Errors
    /// If no port of the loopback interface can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Serves on this port, with the defaults.
    ///
    /// # Errors
    /// If the port is taken; the message names it.
    pub async fn start_on(port: u16) -> io::Result<Self> {
        Self::builder().port(port).start().await
    }

    /// An API whose latency, faults, and port are chosen.
    pub fn builder() -> MockApiBuilder {
        MockApiBuilder::default()
    }

    async fn serve(
        port: u16,
        world: impl FnOnce(watch::Receiver<bool>) -> World,
    ) -> io::Result<Self> {
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind(wanted).await.map_err(|error| {
            io::Error::new(error.kind(), format!("can't serve on {wanted}: {error}"))
        })?;
        let address = listener.local_addr()?;
        let (stop, stopping) = watch::channel(false);
        let world = Arc::new(world(stopping.clone()));
        let router = router(&world);
        let server = tokio::spawn(async move {
            let stopped = async move { drop(stopping.clone().wait_for(|stop| *stop).await) };
            axum::serve(listener, router).with_graceful_shutdown(stopped).await
        });
        Ok(Self { address, world, stop, server })
    }

    /// Where it is served: `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port that it is served on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What was received, in the order of arrival; the last 1,000 requests.
    pub fn requests(&self) -> Vec<Received> {
        self.world.log.requests()
    }

    /// How many requests came in all, also those that [`requests`](Self::requests) forgot.
    pub fn request_count(&self) -> u64 {
        self.world.log.count()
    }

    /// How many charges were made; a repeated `Idempotency-Key` makes none.
    pub fn charge_count(&self) -> u64 {
        self.world.payments.charge_count()
    }

    /// Sets how a service is from now on; a name that is new adds a service.
    pub fn set_health(&self, service: impl Into<String>, health: Health) {
        self.world.health.set(service.into(), health);
    }

    /// Lets no token that `/oauth/token` gave out so far be good any more.
    pub fn revoke_tokens(&self) {
        self.world.tokens.revoke();
    }

    /// Ends pauses and stalls at once, finishes the answers under way, and frees the port.
    pub async fn stop(self) {
        let Self { stop, mut server, .. } = self;
        stop.send_replace(true);
        if tokio::time::timeout(PATIENCE, &mut server).await.is_err() {
            server.abort();
        }
    }
}

fn router(world: &Arc<World>) -> Router {
    Router::new()
        .merge(users::routes())
        .merge(payments::routes())
        .merge(health::routes())
        .merge(faults::routes())
        .merge(limited::routes())
        .merge(guarded::routes())
        .merge(documents::routes())
        .merge(chat::routes())
        .merge(graphql::routes())
        .merge(files::routes())
        .merge(jobs::routes())
        .merge(index::routes())
        .fallback(answer::not_found)
        .method_not_allowed_fallback(answer::method_not_allowed)
        .layer(middleware::from_fn_with_state(world.clone(), world::receive))
        .with_state(world.clone())
}
