//! May a failed call be sent again?
//!
//! This module only classifies. Counting attempts and waiting between them is the business of the
//! machine that drives the call, so that a retry survives a crash and no two layers multiply.
//!
//! Two questions decide. *Is the failure one that may pass?* By default these are: no connection,
//! a broken one, a timeout, a body cut short, and the statuses 408, 425, 429, 500, 502, 503, 504.
//! *May the request be carried out twice?* Methods that are idempotent by RFC 9110 may, and a
//! request that carries an `Idempotency-Key` is carried out once however often it arrives. Any
//! other request, such as a plain POST, is sent again only where it surely never left; where
//! nobody can tell, the call ends with the kind `unknown_outcome`.

use std::time::Duration;

use http::{Method, StatusCode};

use crate::error::{ErrorKind, Retry};

/// The statuses after which a call may be repeated, unless the call lists its own.
const PASSING: [u16; 7] = [408, 425, 429, 500, 502, 503, 504];

/// Which failures of a call may be answered by sending it again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RetryRules {
    /// The statuses after which the call may be repeated, in place of the default list: 408, 425,
    /// 429, 500, 502, 503, 504. An empty list means that no status is. Success (2xx) and redirects
    /// (3xx) are never repeated, whatever the list says.
    pub statuses: Option<Vec<u16>>,
}

/// What becomes of the world if a request arrives twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeatability {
    /// The method is idempotent: twice is as good as once.
    Idempotent,
    /// The request carries an `Idempotency-Key`: the server carries it out once.
    Keyed,
    /// Twice is twice.
    Unsafe,
}

impl Repeatability {
    pub(crate) fn of(method: &Method, keyed: bool) -> Self {
        if keyed {
            Self::Keyed
        } else if method.is_idempotent() {
            Self::Idempotent
        } else {
            Self::Unsafe
        }
    }
}

impl RetryRules {
    /// Judges an answer whose status is neither success nor redirect. `after` is the server's wish.
    pub(crate) fn on_status(
        &self,
        status: StatusCode,
        repeatability: Repeatability,
        after: Option<Duration>,
    ) -> Retry {
        let passing = match repeatability {
            Repeatability::Unsafe => false,
            Repeatability::Idempotent => self.lists(status),
            // A 409 on a key says that the first request is still being carried out; a 422 that
            // the key was used for other content, which no repetition mends.
            Repeatability::Keyed => {
                status == StatusCode::CONFLICT
                    || (status != StatusCode::UNPROCESSABLE_ENTITY && self.lists(status))
            }
        };
        if passing { Retry::Allowed { after } } else { Retry::Never }
    }

    fn lists(&self, status: StatusCode) -> bool {
        match &self.statuses {
            Some(statuses) => statuses.contains(&status.as_u16()),
            None => PASSING.contains(&status.as_u16()),
        }
    }
}

/// Judges a request that ended without a complete answer, as the transport or the clock said.
/// `departed` is false only where the request surely never left.
pub(crate) fn on_interruption(
    kind: ErrorKind,
    repeatability: Repeatability,
    departed: bool,
) -> (ErrorKind, Retry) {
    match repeatability {
        Repeatability::Unsafe if departed => (ErrorKind::UnknownOutcome, Retry::Never),
        Repeatability::Unsafe | Repeatability::Idempotent | Repeatability::Keyed => {
            (kind, after_interruption(kind))
        }
    }
}

/// Is it worth trying again after an interruption of this kind, where nothing can happen twice?
pub(crate) fn after_interruption(kind: ErrorKind) -> Retry {
    match kind {
        ErrorKind::Timeout | ErrorKind::Connect | ErrorKind::Reset | ErrorKind::Dns => {
            Retry::Allowed { after: None }
        }
        // A certificate is as bad a second later, and so is an answer that is no HTTP. The others
        // are no interruptions.
        ErrorKind::Tls
        | ErrorKind::Status
        | ErrorKind::Decode
        | ErrorKind::RateLimited
        | ErrorKind::CircuitOpen
        | ErrorKind::Auth
        | ErrorKind::Transform
        | ErrorKind::Condition
        | ErrorKind::TooLarge
        | ErrorKind::Redirect
        | ErrorKind::PaginationLoop
        | ErrorKind::Contract
        | ErrorKind::UnknownOutcome
        | ErrorKind::Cancelled => Retry::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGAIN: Retry = Retry::Allowed { after: None };

    fn judge(rules: &RetryRules, status: u16, repeatability: Repeatability) -> Retry {
        rules.on_status(StatusCode::from_u16(status).expect("a status"), repeatability, None)
    }

    #[test]
    fn by_default_exactly_the_passing_statuses_are_repeated() {
        let rules = RetryRules::default();
        for status in 400..600 {
            let expected = if PASSING.contains(&status) { AGAIN } else { Retry::Never };
            assert_eq!(judge(&rules, status, Repeatability::Idempotent), expected, "{status}");
            assert_eq!(judge(&rules, status, Repeatability::Unsafe), Retry::Never, "{status}");
        }
    }

    #[test]
    fn a_list_of_statuses_replaces_the_default_one() {
        let rules = RetryRules { statuses: Some(vec![404, 501]) };
        for (status, expected) in [(404, AGAIN), (501, AGAIN), (503, Retry::Never)] {
            assert_eq!(judge(&rules, status, Repeatability::Idempotent), expected, "{status}");
            assert_eq!(judge(&rules, status, Repeatability::Keyed), expected, "{status}");
            assert_eq!(judge(&rules, status, Repeatability::Unsafe), Retry::Never, "{status}");
        }
        let none = RetryRules { statuses: Some(vec![]) };
        assert_eq!(judge(&none, 503, Repeatability::Idempotent), Retry::Never);
    }

    #[test]
    fn a_key_makes_409_repeatable_and_422_final() {
        let listed = RetryRules { statuses: Some(vec![422]) };
        for rules in [RetryRules::default(), listed] {
            assert_eq!(judge(&rules, 409, Repeatability::Keyed), AGAIN);
            assert_eq!(judge(&rules, 422, Repeatability::Keyed), Retry::Never);
            assert_eq!(judge(&rules, 409, Repeatability::Idempotent), Retry::Never);
        }
    }

    #[test]
    fn the_servers_wish_is_passed_on_unchanged() {
        let after = Some(Duration::from_secs(u64::MAX));
        let retry = RetryRules::default().on_status(
            StatusCode::SERVICE_UNAVAILABLE,
            Repeatability::Idempotent,
            after,
        );
        assert_eq!(retry, Retry::Allowed { after });
    }

    #[test]
    fn an_interruption_is_repeated_only_where_nothing_can_happen_twice() {
        use Repeatability::{Idempotent, Keyed, Unsafe};
        let table = [
            (ErrorKind::Reset, Idempotent, true, (ErrorKind::Reset, AGAIN)),
            (ErrorKind::Timeout, Keyed, true, (ErrorKind::Timeout, AGAIN)),
            (ErrorKind::Timeout, Unsafe, true, (ErrorKind::UnknownOutcome, Retry::Never)),
            (ErrorKind::Reset, Unsafe, true, (ErrorKind::UnknownOutcome, Retry::Never)),
            (ErrorKind::Decode, Unsafe, true, (ErrorKind::UnknownOutcome, Retry::Never)),
            (ErrorKind::Timeout, Unsafe, false, (ErrorKind::Timeout, AGAIN)),
            (ErrorKind::Connect, Unsafe, false, (ErrorKind::Connect, AGAIN)),
            (ErrorKind::Dns, Unsafe, false, (ErrorKind::Dns, AGAIN)),
            (ErrorKind::Tls, Unsafe, false, (ErrorKind::Tls, Retry::Never)),
            (ErrorKind::Decode, Idempotent, true, (ErrorKind::Decode, Retry::Never)),
            (ErrorKind::TooLarge, Keyed, true, (ErrorKind::TooLarge, Retry::Never)),
        ];
        for (kind, repeatability, departed, expected) in table {
            assert_eq!(
                on_interruption(kind, repeatability, departed),
                expected,
                "{kind} {repeatability:?} departed: {departed}"
            );
        }
    }

    #[test]
    fn methods_are_sorted_as_the_standard_sorts_them() {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"] {
            let method: Method = method.parse().expect("a method");
            assert_eq!(Repeatability::of(&method, false), Repeatability::Idempotent, "{method}");
        }
        for method in ["POST", "PATCH", "CONNECT", "PURGE"] {
            let method: Method = method.parse().expect("a method");
            assert_eq!(Repeatability::of(&method, false), Repeatability::Unsafe, "{method}");
            assert_eq!(Repeatability::of(&method, true), Repeatability::Keyed, "{method}");
        }
    }
}
