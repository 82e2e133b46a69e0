//! What a call gets that the breaker refuses.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::in_words::InWords;

/// The circuit is open: nothing was sent.
///
/// ```
/// use std::time::Duration;
/// use fsm_http::breaker::CircuitOpen;
///
/// let refused = CircuitOpen {
///     failures: 5,
///     probes_in: Some(Duration::from_secs(12)),
///     last_error: Some("503 Service Unavailable from GET http://example.com/".into()),
/// };
/// assert_eq!(
///     refused.to_string(),
///     "the circuit is open after 5 failures in a row; it is tried again in 12 s; \
///      the last one: 503 Service Unavailable from GET http://example.com/"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct CircuitOpen {
    /// How many calls failed in a row, failed probes included.
    pub failures: u32,
    /// How long it is until a call may try whether the service is back; `None` while one does.
    pub probes_in: Option<Duration>,
    /// The message of the last call that failed.
    pub last_error: Option<Arc<str>>,
}

impl fmt::Display for CircuitOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.failures == 1 { "failure" } else { "failures in a row" };
        write!(f, "the circuit is open after {} {plural}; ", self.failures)?;
        match self.probes_in {
            Some(wait) => write!(f, "it is tried again in {}", InWords(wait))?,
            None => f.write_str("a call is just trying whether the service is back")?,
        }
        match &self.last_error {
            Some(error) => write!(f, "; the last one: {error}"),
            None => Ok(()),
        }
    }
}

/// A call through [`CircuitBreaker::call`](super::CircuitBreaker::call) that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BreakerError<E> {
    /// The breaker refused the call: the work was not begun.
    #[error(transparent)]
    Open(#[from] CircuitOpen),
    /// The work was done and failed.
    #[error(transparent)]
    Failed(E),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_it_knows_and_no_more() {
        let refused = CircuitOpen { failures: 1, probes_in: None, last_error: None };
        assert_eq!(
            refused.to_string(),
            "the circuit is open after 1 failure; a call is just trying whether the service is back"
        );
    }

    #[test]
    fn the_errors_of_the_work_are_shown_as_they_are() {
        let error: BreakerError<std::io::Error> =
            BreakerError::Failed(std::io::Error::other("a cable was cut"));
        assert_eq!(error.to_string(), "a cable was cut");
    }
}
