//! What is asked of a model: a condition on states, and when it has to hold.

use std::fmt;

use super::Model;

/// When a condition has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// In every state.
    Always,
    /// In some state.
    Sometimes,
    /// In every state without a step.
    NeverStuck,
    /// Sooner or later on every path.
    Eventually,
    /// In some state that can be reached, from every state.
    AlwaysPossible,
}

impl Kind {
    /// Whether it takes the graph of all steps to tell.
    pub(super) fn is_about_paths(self) -> bool {
        match self {
            Self::Eventually | Self::AlwaysPossible => true,
            Self::Always | Self::Sometimes | Self::NeverStuck => false,
        }
    }
}

type Condition<M> = Box<dyn Fn(&M, &<M as Model>::State) -> bool>;

/// A condition on states, when it has to hold, and a name for both.
pub struct Property<M: Model> {
    name: String,
    kind: Kind,
    condition: Condition<M>,
}

impl<M: Model> Property<M> {
    fn new(
        name: impl Into<String>,
        kind: Kind,
        condition: impl Fn(&M, &M::State) -> bool + 'static,
    ) -> Self {
        Self { name: name.into(), kind, condition: Box::new(condition) }
    }

    /// `condition` holds in every state that can be reached (CTL's `AG`).
    pub fn always(
        name: impl Into<String>,
        condition: impl Fn(&M, &M::State) -> bool + 'static,
    ) -> Self {
        Self::new(name, Kind::Always, condition)
    }

    /// `condition` holds in some state that can be reached (`EF`).
    pub fn sometimes(
        name: impl Into<String>,
        condition: impl Fn(&M, &M::State) -> bool + 'static,
    ) -> Self {
        Self::new(name, Kind::Sometimes, condition)
    }

    /// `may_rest` holds in every state that can be reached and from which no step leads on: there
    /// is no deadlock.
    pub fn never_stuck(
        name: impl Into<String>,
        may_rest: impl Fn(&M, &M::State) -> bool + 'static,
    ) -> Self {
        Self::new(name, Kind::NeverStuck, may_rest)
    }

    /// Every path comes to a state where `condition` holds (`AF`). A path goes on for ever or ends
    /// in a state without a step.
    pub fn eventually(
        name: impl Into<String>,
        condition: impl Fn(&M, &M::State) -> bool + 'static,
    ) -> Self {
        Self::new(name, Kind::Eventually, condition)
    }

    /// From every state that can be reached, some path leads to one where `condition` holds
    /// (`AG EF`): there is no deadlock or livelock on the way to it.
    pub fn always_possible(
        name: impl Into<String>,
        condition: impl Fn(&M, &M::State) -> bool + 'static,
    ) -> Self {
        Self::new(name, Kind::AlwaysPossible, condition)
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When the condition has to hold.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the condition holds in `state`.
    pub fn holds_in(&self, model: &M, state: &M::State) -> bool {
        (self.condition)(model, state)
    }
}

impl<M: Model> fmt::Debug for Property<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Property")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
