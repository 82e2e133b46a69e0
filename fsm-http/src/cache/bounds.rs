//! How far a fetch may go.

use std::time::Duration;

use crate::call::Call;

/// What a call allows its fetch, and what a failure may come from though the request is the same:
/// [`timeout`](Call::timeout), [`max_body`](Call::max_body), and
/// [`max_redirects`](Call::max_redirects). A fetch is shared by those who allow it the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bounds {
    timeout: Duration,
    max_body: u64,
    max_redirects: u32,
}

impl Bounds {
    /// The bounds of this call.
    pub fn of(call: &Call) -> Self {
        Self { timeout: call.timeout, max_body: call.max_body, max_redirects: call.max_redirects }
    }
}
