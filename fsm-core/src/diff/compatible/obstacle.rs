//! What stands in the way of runs, in words.

use crate::diff::parts::{self, quoted};

/// What keeps a run from going on along a changed graph. `Display` says it in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// The graph has another name: it is another machine.
    #[error("the machine is called {} instead of {}", quoted(new), quoted(old))]
    Name {
        /// The old name.
        old: String,
        /// The new one.
        new: String,
    },
    /// A state where a token can stand, or stands, is not there any more.
    #[error("{} is gone{}", quoted(state), perhaps(renamed.as_deref()))]
    Gone {
        /// The state.
        state: String,
        /// What it is perhaps called now.
        renamed: Option<String>,
    },
    /// A state is of another kind.
    #[error("{} is {new} instead of {old}", quoted(state))]
    Kind {
        /// The state.
        state: String,
        /// What it was, in words.
        old: String,
        /// What it is, in words.
        new: String,
    },
    /// A state lies elsewhere: in the scope of another fork, or in another region.
    #[error("{} lies {} instead of {}", quoted(state), place(new.as_deref()), place(old.as_deref()))]
    Elsewhere {
        /// The state.
        state: String,
        /// What it lay in; `None`: nothing.
        old: Option<String>,
        /// What it lies in.
        new: Option<String>,
    },
    /// A state lies within other states that act when they are entered or left.
    #[error(
        "{} lies within {} instead of {}, which act when they are entered or left",
        quoted(state),
        listed(new),
        listed(old)
    )]
    Around {
        /// The state.
        state: String,
        /// Those around it that act, innermost first.
        old: Vec<String>,
        /// Those that do now.
        new: Vec<String>,
    },
    /// A state goes on when it is done as it did not before: a token that came to its end already
    /// would not be asked again.
    #[error(
        "{} goes on when it is done, as it did not before: a run that has ended it would stay there",
        quoted(state)
    )]
    Ended {
        /// The composite or parallel state.
        state: String,
    },
    /// A parallel state has other regions.
    #[error(
        "{} has the regions {} instead of {}",
        quoted(state),
        parts::names(new),
        parts::names(old)
    )]
    Regions {
        /// The parallel state.
        state: String,
        /// Its regions.
        old: Vec<String>,
        /// Those that it has now.
        new: Vec<String>,
    },
    /// A fork is closed by another join, or by one that waits for another number.
    #[error("the fork {} is joined by {new} instead of {old}", quoted(fork))]
    Join {
        /// The fork.
        fork: String,
        /// Its join, in words.
        old: String,
        /// The one that it has now.
        new: String,
    },
    /// A fork or a split makes other tokens.
    #[error("{} has other branches: {}", quoted(state), branches(old, new))]
    Branches {
        /// The fork or the split.
        state: String,
        /// The branches that it has lost, each by the states where it begins.
        old: Vec<String>,
        /// Those that it has got.
        new: Vec<String>,
    },
    /// Within a fork tokens are counted, or made, where they were not, or no more where they were.
    #[error("within the fork {}, {}", quoted(fork), counted(state, old.as_deref(), new.as_deref()))]
    Counted {
        /// The fork.
        fork: String,
        /// The split or the join.
        state: String,
        /// What it was, in words; `None`: nothing that counts.
        old: Option<String>,
        /// What it is.
        new: Option<String>,
    },
    /// Within a fork a token comes to other joins or splits.
    #[error(
        "within the fork {}, {} leads to {} instead of {}",
        quoted(fork),
        quoted(state),
        listed(new),
        listed(old)
    )]
    Leads {
        /// The fork.
        fork: String,
        /// Where the token stands, or what sends it.
        state: String,
        /// The joins or splits that could come next.
        old: Vec<String>,
        /// Those that can now.
        new: Vec<String>,
    },
}

fn perhaps(renamed: Option<&str>) -> String {
    renamed.map_or(String::new(), |name| format!(" (perhaps renamed to {})", quoted(name)))
}

fn place(around: Option<&str>) -> String {
    around.map_or("outside".to_owned(), |name| format!("within {}", quoted(name)))
}

fn listed(names: &[String]) -> String {
    parts::list(names).unwrap_or_else(|| "none".to_owned())
}

fn branches(old: &[String], new: &[String]) -> String {
    let lost = parts::list(old).map(|names| format!("{names} no more"));
    let got = parts::list(new).map(|names| format!("{names} besides"));
    lost.into_iter().chain(got).collect::<Vec<String>>().join(", ")
}

fn counted(state: &str, old: Option<&str>, new: Option<&str>) -> String {
    let state = quoted(state);
    match (old, new) {
        (Some(old), Some(new)) => format!("{state} is {new} instead of {old}"),
        (None, Some(new)) => format!("{state} is new, {new}"),
        (Some(old), None) => format!("{state} is gone, {old}"),
        (None, None) => format!("{state} differs"),
    }
}
