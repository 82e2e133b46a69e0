//! How often a request is expected.

use std::fmt;

/// How often a request is expected, at least and at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) least: u32,
    pub(super) most: Option<u32>,
}

impl Times {
    pub(super) const ONCE: Self = Self { least: 1, most: Some(1) };
    pub(super) const ANY: Self = Self { least: 0, most: None };

    /// Is there room for one more after so many?
    pub(super) fn leaves_room(self, came: u32) -> bool {
        self.most.is_none_or(|most| came < most)
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (least, Some(most)) if least == most => write!(f, "expected {}", count(most)),
            (0, Some(most)) => write!(f, "expected {} at most", count(most)),
            (least, Some(most)) => write!(f, "expected {least} to {most} times"),
            (0, None) => f.write_str("expected any number of times"),
            (least, None) => write!(f, "expected {} at least", count(least)),
        }
    }
}

fn count(times: u32) -> String {
    match times {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    }
}
