//! What is asked: conditions, each said to hold or not to hold.

use std::sync::Arc;

use crate::expr::Condition;

/// Something that holds or does not.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// A condition.
    Condition {
        condition: Arc<Condition>,
        /// Where its `$context` lies in the outermost one: names of states that run machines.
        home: Arc<[String]>,
    },
    /// What no expression tells; the same words stand for the same thing.
    Code(Arc<str>),
}

/// Parts that all hold, or of which at least one does not: it is false, or can't be evaluated.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) parts: Arc<[Part]>,
    pub(crate) holds: bool,
}

impl Claim {
    pub(crate) fn new(parts: impl Into<Arc<[Part]>>, holds: bool) -> Self {
        Self { parts: parts.into(), holds }
    }

    /// The claims that together say the same: a claim that all hold falls apart.
    pub(super) fn split(&self) -> Vec<Claim> {
        match self.holds {
            false => vec![self.clone()],
            true => {
                let one = |part: &Part| Claim::new(vec![part.clone()], true);
                self.parts.iter().map(one).collect()
            }
        }
    }
}

impl Part {
    pub(crate) fn condition(condition: &Condition, home: &[String]) -> Self {
        Part::Condition { condition: Arc::new(condition.clone()), home: home.into() }
    }
}
