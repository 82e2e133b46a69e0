//! One graph against another: the outermost one, or a machine within it.

use std::num::NonZeroU32;

use serde::Serialize;

use super::states::States;
use super::transitions::{Matching, Transitions};
use crate::graph::Graph;

/// Everything that differs between two graphs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Changes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Changed<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) initial: Option<Changed<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_concurrent: Option<Changed<Option<NonZeroU32>>>,
    pub(super) states: States,
    pub(super) transitions: Transitions,
}

/// Something that is one way in the old graph and another in the new one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Changed<T> {
    pub(super) old: T,
    pub(super) new: T,
}

impl<T: PartialEq> Changed<T> {
    /// `None` where both are the same.
    pub(super) fn of(old: T, new: T) -> Option<Self> {
        (old != new).then_some(Self { old, new })
    }
}

impl<T> Changed<T> {
    pub(super) fn map<U>(self, mut map: impl FnMut(T) -> U) -> Changed<U> {
        Changed { old: map(self.old), new: map(self.new) }
    }
}

impl<T: Clone> Changed<&T> {
    pub(super) fn cloned(self) -> Changed<T> {
        self.map(T::clone)
    }
}

impl Changes {
    pub(super) fn between(old: &Graph, new: &Graph) -> Self {
        Self::of(old, new, &Matching::between(old, new))
    }

    pub(super) fn of(old: &Graph, new: &Graph, matching: &Matching) -> Self {
        let initial = |graph: &Graph| graph.name_of(graph.initial()).to_owned();
        Self {
            name: Changed::of(old.name().to_owned(), new.name().to_owned()),
            initial: Changed::of(initial(old), initial(new)),
            max_concurrent: Changed::of(old.max_concurrent(), new.max_concurrent()),
            states: States::between(old, new),
            transitions: Transitions::of(matching),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        let Self { name, initial, max_concurrent, states, transitions } = self;
        name.is_none()
            && initial.is_none()
            && max_concurrent.is_none()
            && states.is_empty()
            && transitions.is_empty()
    }
}
