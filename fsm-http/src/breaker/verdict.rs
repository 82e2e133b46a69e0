//! What the end of an attempt says about the service.

use crate::error::{CallError, ErrorKind};

/// What the end of an attempt says about the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It answered and meant what it said.
    Alive,
    /// It did not answer, or not as a service does that is well.
    Failing,
    /// Nothing: the attempt ended before the service was asked.
    Unknown,
}

impl Verdict {
    /// The verdict for an attempt that ended with `error`.
    ///
    /// Permanent errors of the client, 4xx but 408, 425, and 429, show that the service is alive, and
    /// so do pages that it gave and that make no sense. Any other status is a failure, as are lost
    /// and refused connections, timeouts, bodies cut short or too large, answers that can't be
    /// understood, and redirects that lead nowhere. What failed on this side, be it the search for
    /// credentials, says nothing.
    pub fn of(error: &CallError) -> Self {
        match error.kind {
            ErrorKind::Status | ErrorKind::RateLimited => match error.http_status {
                Some(408 | 425 | 429) => Self::Failing,
                Some(400..=499) => Self::Alive,
                Some(_) => Self::Failing,
                // The rate limit on this side.
                None => Self::Unknown,
            },
            // Any other status is that of the server that gives the credentials out.
            ErrorKind::Auth => match error.http_status {
                Some(401 | 403) => Self::Alive,
                Some(_) | None => Self::Unknown,
            },
            ErrorKind::Timeout
            | ErrorKind::Connect
            | ErrorKind::Reset
            | ErrorKind::Tls
            | ErrorKind::Dns
            | ErrorKind::Decode
            | ErrorKind::TooLarge
            | ErrorKind::Redirect
            | ErrorKind::UnknownOutcome => Self::Failing,
            ErrorKind::PaginationLoop | ErrorKind::Contract => Self::Alive,
            ErrorKind::CircuitOpen
            | ErrorKind::Transform
            | ErrorKind::Condition
            | ErrorKind::Cancelled => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Retry;

    fn verdict(kind: ErrorKind, http_status: Option<u16>) -> Verdict {
        let message = String::new();
        Verdict::of(&CallError { kind, message, http_status, retry: Retry::Never, answer: None })
    }

    #[test]
    fn permanent_client_errors_show_a_living_service_and_no_other_error_status_does() {
        for status in 400..600 {
            let passing = matches!(status, 408 | 425 | 429) || status >= 500;
            let expected = if passing { Verdict::Failing } else { Verdict::Alive };
            for kind in [ErrorKind::Status, ErrorKind::RateLimited] {
                assert_eq!(verdict(kind, Some(status)), expected, "{kind} {status}");
            }
        }
    }

    #[test]
    fn refused_credentials_show_a_living_service_and_missing_ones_nothing() {
        assert_eq!(verdict(ErrorKind::Auth, Some(401)), Verdict::Alive);
        assert_eq!(verdict(ErrorKind::Auth, Some(503)), Verdict::Unknown);
        assert_eq!(verdict(ErrorKind::Auth, None), Verdict::Unknown);
    }

    #[test]
    fn a_service_that_gives_no_whole_answer_is_failing() {
        let kinds = "timeout connect reset tls dns decode too_large redirect unknown_outcome";
        for kind in ErrorKind::ALL {
            let expected = kinds.split(' ').any(|failing| failing == kind.as_str());
            assert_eq!(verdict(kind, None) == Verdict::Failing, expected, "{kind}");
        }
    }

    #[test]
    fn what_failed_before_the_service_was_asked_says_nothing() {
        let kinds = "status rate_limited circuit_open auth transform condition cancelled";
        for kind in ErrorKind::ALL {
            let expected = kinds.split(' ').any(|unknown| unknown == kind.as_str());
            assert_eq!(verdict(kind, None) == Verdict::Unknown, expected, "{kind}");
        }
    }
}
