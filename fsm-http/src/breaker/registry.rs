//! Breakers by the names of flow and endpoint.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;

use super::CircuitBreaker;

/// The breakers of many endpoints, kept over runs. Clones share the same breakers.
///
/// A breaker that lives only as long as a run never sees the failures of the run before. Hold one
/// of these, and hand a clone of it to every run.
///
/// ```
/// use std::num::NonZeroU32;
/// use std::time::Duration;
/// use fsm_http::breaker::{BreakerState, Breakers};
///
/// let breakers = Breakers::new();
/// let threshold = NonZeroU32::new(1).expect("one is not zero");
/// let breaker = breakers.get_or_insert("orders", "pay", threshold, Duration::from_secs(30));
/// breaker.permit()?.fail("the connection was refused");
///
/// let same = breakers.get("orders", "pay").expect("it was just made");
/// assert!(matches!(same.state(), BreakerState::Open { .. }));
/// assert!(breakers.get("orders", "ship").is_none());
/// # Ok::<(), fsm_http::breaker::CircuitOpen>(())
/// ```
#[derive(Clone, Default)]
pub struct Breakers(Arc<DashMap<Box<str>, Endpoints>>);

/// The breakers of one flow by the names of its endpoints.
type Endpoints = DashMap<Box<str>, CircuitBreaker>;

impl Breakers {
    /// No breakers yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The breaker of an endpoint of a flow, made with these settings if there is none.
    ///
    /// One that exists and has the same settings is kept with its state. One with other settings is
    /// replaced by a fresh one, as the flow was changed; those who hold the old one keep it.
    pub fn get_or_insert(
        &self,
        flow: &str,
        endpoint: &str,
        threshold: NonZeroU32,
        timeout: Duration,
    ) -> CircuitBreaker {
        if let Some(breaker) = self.get(flow, endpoint)
            && breaker.is_set_to(threshold, timeout)
        {
            return breaker;
        }
        let endpoints = self.0.entry(flow.into()).or_default();
        let mut breaker = endpoints
            .entry(endpoint.into())
            .or_insert_with(|| CircuitBreaker::new(threshold, timeout));
        if !breaker.is_set_to(threshold, timeout) {
            *breaker = CircuitBreaker::new(threshold, timeout);
        }
        breaker.clone()
    }

    /// The breaker of an endpoint of a flow, if there is one.
    pub fn get(&self, flow: &str, endpoint: &str) -> Option<CircuitBreaker> {
        let endpoints = self.0.get(flow)?;
        let breaker = endpoints.get(endpoint)?;
        Some(breaker.clone())
    }
}

impl fmt::Debug for Breakers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for flow in self.0.iter() {
            for endpoint in flow.value().iter() {
                map.entry(&format_args!("{}/{}", flow.key(), endpoint.key()), endpoint.value());
            }
        }
        map.finish()
    }
}
