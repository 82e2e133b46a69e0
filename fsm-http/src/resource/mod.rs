//! An API client that is declared once and named where it is needed.
//!
//! A [`Resource`] is the declaration: where the API is, who we are there, how fast we may call it,
//! through which proxy and with which certificates, and which numbers of its answers are counted.
//! It is plain data and holds no secret, only where each is found. [`Resource::open`] reads them
//! all, tells everything that is wrong at once, and gives the [`Client`]: one pool of connections,
//! one token, and one bucket for all endpoints that name the resource.
//!
//! A [`Lifecycle`] runs the [hooks](Hook) of a run's clients: it sets them up in declared order and
//! tears them down in reverse, also when setting up another failed, and also when the run was
//! dropped.
//!
//! Usage is counted by whoever makes a call, from that call's answer ([`Client::pick_usage`]); the
//! client itself counts nothing, so runs that share it do not count each other's calls.
//!
//! [`Resource::openai_chat`] and [`Resource::graphql`] are ready-made, and patterns for more.
//!
//! # Examples
//!
//! ```
//! use std::{num::NonZeroU32, sync::Arc, time::Duration};
//! use fsm_http::{MemoryTransport, Reply, auth::Auth, limit::Rate, secret::Secret};
//! use fsm_http::resource::{Pick, Resource};
//! use http::Method;
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Arc::new(MemoryTransport::replying(|request| {
//!     assert_eq!(request.headers()["authorization"], "Bearer sesame");
//!     assert_eq!(request.uri().path(), "/v1/orders");
//!     Reply::json(&json!({"orders": [], "cost": 3}))
//! }));
//! let five = NonZeroU32::new(5).expect("not zero");
//! let shop = Resource::new("shop")
//!     .base_url("http://shop.example.com/v1".parse()?)
//!     .auth(Auth::Bearer { token: Secret::new("sesame").into() })
//!     .rate(Rate::new(five, Duration::from_secs(1)))
//!     .usage("cost", Pick::Body("/cost".into()));
//!
//! let client = shop.open(Some(server))?;
//! let call = client.call(Method::GET, "/orders")?;
//! let answer = client.caller("orders").call(&call).await?;
//! assert_eq!(client.pick_usage(&answer), [("cost".into(), 3.into())]);
//! # Ok(())
//! # }
//! ```

mod client;
mod declaration;
mod error;
mod hook;
mod lifecycle;
mod open;
mod ready;

pub use client::{BadUrl, Client};
pub use declaration::{HeaderSource, Pick, Proxy, Resource};
pub use error::{ResourceError, ResourceFault};
pub use hook::{Hook, HookCause, HookError, HookPhase};
pub use lifecycle::{Lifecycle, SetUpError};
pub use ready::graphql_data;
