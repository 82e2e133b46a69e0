//! What a check has found.

use std::fmt;
use std::time::Duration;

use super::{Kind, Model, Path};

/// Why a check did not explore every state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Bound {
    /// There are more states than were [allowed](super::Checker::max_states).
    States(usize),
    /// Some are more steps away than were [allowed](super::Checker::max_depth).
    Depth(usize),
    /// The [time](super::Checker::time_limit) was over.
    Time(Duration),
    /// The model says that it [ends](Model::is_within) before.
    Boundary,
    /// Every property had its verdict.
    Settled,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::States(count) => write!(f, "stopped at {count} states"),
            Self::Depth(steps) => write!(f, "not explored beyond {steps} steps"),
            Self::Time(limit) => write!(f, "stopped after {limit:?}"),
            Self::Boundary => f.write_str("not explored beyond the boundary"),
            Self::Settled => f.write_str("stopped where all was decided"),
        }
    }
}

/// What is known of a property.
pub enum Verdict<M: Model> {
    /// It holds: every state was explored.
    Holds,
    /// A shortest path to a state that [`sometimes`](super::Property::sometimes) asks for.
    Example(Path<M>),
    /// A path that violates it.
    Violated(Path<M>),
    /// Every state was explored, and none is as [`sometimes`](super::Property::sometimes) asks.
    Unseen,
    /// A bound came first.
    Undecided,
}

impl<M: Model> Verdict<M> {
    /// Whether this is what the property asked for: it holds, or there is an example.
    pub fn is_good(&self) -> bool {
        match self {
            Self::Holds | Self::Example(_) => true,
            Self::Violated(_) | Self::Unseen | Self::Undecided => false,
        }
    }

    /// The path that shows it, if it is an example or a violation.
    pub fn path(&self) -> Option<&Path<M>> {
        match self {
            Self::Example(path) | Self::Violated(path) => Some(path),
            Self::Holds | Self::Unseen | Self::Undecided => None,
        }
    }
}

impl<M: Model> Clone for Verdict<M> {
    fn clone(&self) -> Self {
        match self {
            Self::Holds => Self::Holds,
            Self::Example(path) => Self::Example(path.clone()),
            Self::Violated(path) => Self::Violated(path.clone()),
            Self::Unseen => Self::Unseen,
            Self::Undecided => Self::Undecided,
        }
    }
}

impl<M: Model> fmt::Debug for Verdict<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds => f.write_str("Holds"),
            Self::Example(path) => f.debug_tuple("Example").field(path).finish(),
            Self::Violated(path) => f.debug_tuple("Violated").field(path).finish(),
            Self::Unseen => f.write_str("Unseen"),
            Self::Undecided => f.write_str("Undecided"),
        }
    }
}

/// How far a check came.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    pub(super) states: usize,
    pub(super) steps: u64,
    pub(super) depth: usize,
    pub(super) bound: Option<Bound>,
    pub(super) is_reduced: bool,
}

/// A property and what is known of it.
pub(super) struct Finding<M: Model> {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) verdict: Verdict<M>,
    /// The path of a violation.
    pub(super) words: Option<String>,
}

/// What a [check](super::Checker::check) has found.
///
/// Its `Display` is for people: how much was explored, a line for each property, and the path of
/// each violation, in words.
pub struct Report<M: Model> {
    pub(super) extent: Extent,
    pub(super) findings: Vec<Finding<M>>,
}

impl<M: Model> Report<M> {
    /// How many states were found.
    pub fn states(&self) -> usize {
        self.extent.states
    }

    /// How many steps were taken, those included that led to a state which was known.
    pub fn steps(&self) -> u64 {
        self.extent.steps
    }

    /// How many steps the states that were found are away from an initial one, at most.
    pub fn depth(&self) -> usize {
        self.extent.depth
    }

    /// Whether every state was explored that can be reached.
    pub fn is_complete(&self) -> bool {
        self.extent.bound.is_none()
    }

    /// Why it is not complete; where there are several reasons, the one that came first.
    pub fn bound(&self) -> Option<Bound> {
        self.extent.bound
    }

    /// Whether [`few_steps`](Model::few_steps) were asked for: the model has more states than were
    /// found, then.
    pub fn is_reduced(&self) -> bool {
        self.extent.is_reduced
    }

    /// The properties by name, each with what is known of it, in the model's order.
    pub fn verdicts(&self) -> impl Iterator<Item = (&str, &Verdict<M>)> {
        self.findings.iter().map(|finding| (finding.name.as_str(), &finding.verdict))
    }

    /// What is known of the first property with this name; `None`: there is none.
    pub fn verdict(&self, name: &str) -> Option<&Verdict<M>> {
        self.verdicts().find(|(other, _)| *other == name).map(|(_, verdict)| verdict)
    }

    /// The properties that are violated, each with the path that shows it.
    pub fn violations(&self) -> impl Iterator<Item = (&str, &Path<M>)> {
        self.verdicts().filter_map(|(name, verdict)| match verdict {
            Verdict::Violated(path) => Some((name, path)),
            Verdict::Holds | Verdict::Example(_) | Verdict::Unseen | Verdict::Undecided => None,
        })
    }

    /// Whether every property is as it should be: none is violated, unseen, or undecided.
    pub fn is_good(&self) -> bool {
        self.verdicts().all(|(_, verdict)| verdict.is_good())
    }

    /// Asserts that every property [is as it should be](Self::is_good).
    ///
    /// # Panics
    /// If one is not, with the whole report: the paths of violations in words.
    #[track_caller]
    pub fn assert_holds(&self) {
        assert!(self.is_good(), "not every property holds\n{self}");
    }
}

impl<M: Model> fmt::Display for Report<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Extent { states, steps, depth, bound, is_reduced } = self.extent;
        let counted = |count: u64, noun: &str| match count {
            1 => format!("1 {noun}"),
            _ => format!("{count} {noun}s"),
        };
        let (states, steps) = (counted(states as u64, "state"), counted(steps, "step"));
        write!(f, "{states}, {steps}, {depth} deep; ")?;
        match bound {
            None => f.write_str("all explored")?,
            Some(bound) => bound.fmt(f)?,
        }
        f.write_str(if is_reduced { "; reduced\n" } else { "\n" })?;
        for Finding { name, verdict, words, .. } in &self.findings {
            match verdict {
                Verdict::Holds => writeln!(f, "holds: {name}")?,
                Verdict::Example(path) => {
                    writeln!(f, "seen after {}: {name}", counted(path.len() as u64, "step"))?;
                }
                Verdict::Violated(_) => writeln!(f, "VIOLATED: {name}")?,
                Verdict::Unseen => writeln!(f, "NEVER SEEN: {name}")?,
                Verdict::Undecided => writeln!(f, "UNDECIDED: {name}")?,
            }
            for line in words.iter().flat_map(|words| words.lines()) {
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}

impl<M: Model> fmt::Debug for Report<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdicts = self.findings.iter().map(|it| (&it.name, it.kind, &it.verdict));
        f.debug_struct("Report")
            .field("extent", &self.extent)
            .field("verdicts", &verdicts.collect::<Vec<_>>())
            .finish()
    }
}
