//! Marks: what a drawing makes stand out.

use std::collections::BTreeMap;

use crate::graph::{Graph, Kind, StateId, TransitionId};
use crate::kernel::{Phase, Snapshot};
use crate::nearest::nearest;

/// Why a state or a transition stands out in a drawing.
///
/// No two marks differ by colour alone: the lines of all are thicker, and all but [`Mark::Path`]
/// add their word to what is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    /// A token is there.
    Active,
    /// On a way that was taken.
    Path,
    /// Its work failed.
    Failed,
    /// In the new graph only.
    Added,
    /// In the old graph only.
    Removed,
    /// In both graphs, but not alike.
    Altered,
}

impl Mark {
    /// The word for it in a drawing.
    pub(super) fn word(self) -> &'static str {
        match self {
            Mark::Active => "active",
            Mark::Path => "path",
            Mark::Failed => "failed",
            Mark::Added => "added",
            Mark::Removed => "removed",
            Mark::Altered => "altered",
        }
    }
}

/// What stands out in a drawing of a graph: for [`Drawing::marked`](super::Drawing::marked).
///
/// Marks are for the states and transitions of the graph itself, not of machines within it. What
/// is marked twice bears the later mark.
///
/// ```
/// use fsm_core::{Graph, Mark, Marks};
///
/// let mut door = Graph::builder("door");
/// door.simple("closed");
/// door.simple("open");
/// door.transition("closed", "open").on("push");
/// door.transition("open", "closed").on("pull");
/// let door = door.initial("closed").build()?;
///
/// let marks = Marks::path(&door, &["closed", "open"])?;
/// let open = door.state("open").expect("the door has this state");
/// let marks = marks.state(open, Mark::Active);
/// assert!(door.drawing().marked(&marks).to_dot().contains(r#"label="open\nactive""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    states: BTreeMap<StateId, Mark>,
    transitions: BTreeMap<TransitionId, Mark>,
    notes: Notes,
}

/// What marks say besides their word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Notes {
    caption: Vec<String>,
    states: BTreeMap<StateId, String>,
    transitions: BTreeMap<TransitionId, String>,
}

impl Marks {
    /// No marks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Marks where the tokens of `snapshot` are. A state that only holds those in which they are,
    /// such as a fork or a parallel state that was entered, bears no mark of its own.
    ///
    /// # Panics
    /// If `snapshot` belongs to another graph.
    pub fn of<C>(graph: &Graph, snapshot: &Snapshot<C>) -> Self {
        assert_eq!(
            snapshot.fingerprint(),
            graph.fingerprint(),
            "the snapshot belongs to another graph than `{}`",
            graph.name(),
        );
        let standing = snapshot.tokens().filter(|(_, phase)| *phase != Phase::Owning);
        standing.fold(Self::new(), |marks, (state, _)| marks.state(state, Mark::Active))
    }

    /// Marks the states called `names` and the transitions between successive ones.
    ///
    /// Of several transitions that fit, the first declared one of the state itself is marked, else
    /// of the state right around it, and so on. A transition fits that leads to the next state, or
    /// to one that is entered by it. Where the next state is entered with the one before, as the
    /// initial one of a composite state is, no transition is needed.
    ///
    /// # Errors
    /// If a name is not one of a state, or nothing leads from one to the next.
    ///
    /// # Complexity
    /// O(names * transitions * depth of the nesting).
    pub fn path(graph: &Graph, names: &[&str]) -> Result<Self, PathFault> {
        let mut marks = Self::new();
        let mut before = None;
        for name in names {
            let state = state_called(graph, name)?;
            if let Some(before) = before
                && !enters(graph, before, state)
            {
                let found = way(graph, before, state).ok_or_else(|| PathFault::NoTransition {
                    from: graph.name_of(before).to_owned(),
                    to: (*name).to_owned(),
                })?;
                marks = marks.transition(found, Mark::Path);
            }
            marks = marks.state(state, Mark::Path);
            before = Some(state);
        }
        Ok(marks)
    }

    /// Marks the state called `name` as one where a token is.
    ///
    /// # Errors
    /// If no state has this name.
    pub fn at(self, graph: &Graph, name: &str) -> Result<Self, PathFault> {
        Ok(self.state(state_called(graph, name)?, Mark::Active))
    }

    /// Marks a state.
    #[must_use]
    pub fn state(mut self, state: StateId, mark: Mark) -> Self {
        self.states.insert(state, mark);
        self
    }

    /// Marks a transition.
    #[must_use]
    pub fn transition(mut self, transition: TransitionId, mark: Mark) -> Self {
        self.transitions.insert(transition, mark);
        self
    }

    /// Says something below the mark of a state. Notes and captions are drawn as they are: names
    /// in them must be visible ones.
    pub(crate) fn note_state(&mut self, state: StateId, note: String) {
        self.notes.states.insert(state, note);
    }

    /// Says something below the mark of a transition.
    pub(crate) fn note_transition(&mut self, transition: TransitionId, note: String) {
        self.notes.transitions.insert(transition, note);
    }

    /// Says something below the name of the graph.
    pub(crate) fn caption(&mut self, lines: Vec<String>) {
        self.notes.caption = lines;
    }

    /// Whether something bears this mark.
    pub(super) fn has(&self, mark: Mark) -> bool {
        self.states.values().chain(self.transitions.values()).any(|found| *found == mark)
    }

    pub(super) fn lines_of_caption(&self) -> &[String] {
        &self.notes.caption
    }

    pub(super) fn note_of_state(&self, state: StateId) -> Option<&str> {
        self.notes.states.get(&state).map(String::as_str)
    }

    pub(super) fn note_of_transition(&self, transition: TransitionId) -> Option<&str> {
        self.notes.transitions.get(&transition).map(String::as_str)
    }

    /// The mark of a state.
    pub fn of_state(&self, state: StateId) -> Option<Mark> {
        self.states.get(&state).copied()
    }

    /// The mark of a transition.
    pub fn of_transition(&self, transition: TransitionId) -> Option<Mark> {
        self.transitions.get(&transition).copied()
    }

    /// Whether nothing is marked.
    pub fn is_empty(&self) -> bool {
        let Self { states, transitions, notes } = self;
        states.is_empty() && transitions.is_empty() && notes.caption.is_empty()
    }
}

/// Why a path can't be marked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathFault {
    /// No state has this name.
    #[error("the graph has no state `{name}`{}", hint(nearest))]
    NoState {
        /// The name.
        name: String,
        /// The name of a state that comes nearest.
        nearest: Option<String>,
    },
    /// Nothing leads from one state to the other.
    #[error("no transition leads from `{from}` to `{to}`")]
    NoTransition {
        /// Where it would start.
        from: String,
        /// Where it would lead.
        to: String,
    },
}

fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn state_called(graph: &Graph, name: &str) -> Result<StateId, PathFault> {
    graph.state(name).ok_or_else(|| PathFault::NoState {
        name: name.to_owned(),
        nearest: nearest(name, graph.states().map(|state| graph.name_of(state))),
    })
}

/// The transition by which a token goes from `from` to `to`.
fn way(graph: &Graph, from: StateId, to: StateId) -> Option<TransitionId> {
    std::iter::once(from).chain(graph.ancestors(from)).find_map(|source| {
        graph.transitions().find_map(|(id, edge)| {
            let mut heads = std::iter::once(edge.to()).chain(graph.also(id).iter().copied());
            let leads = heads.any(|head| head == to || enters(graph, head, to));
            (edge.from() == source && leads).then_some(id)
        })
    })
}

/// Whether `inner` lies within `outer` and is entered with it.
fn enters(graph: &Graph, outer: StateId, inner: StateId) -> bool {
    let mut within = inner;
    while within != outer {
        let Some(around) = graph.parent(within) else { return false };
        match graph.kind(around) {
            Kind::Composite(initial) if initial == within => within = around,
            Kind::Parallel => within = around,
            Kind::Composite(_)
            | Kind::Simple
            | Kind::Activity(_)
            | Kind::Choice
            | Kind::Fork(_)
            | Kind::Join(_)
            | Kind::Delay(_)
            | Kind::Signal
            | Kind::Machine(_)
            | Kind::Final => return false,
        }
    }
    inner != outer
}
