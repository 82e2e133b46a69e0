//! Dense numbers for the parts of a graph, each in declared order.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! dense_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// The position in declared order, from 0.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id at `index`; no graph has more than `u32::MAX` parts of a kind.
            pub(crate) fn at(index: usize) -> Self {
                Self(u32::try_from(index).expect("a graph has at most u32::MAX parts of a kind"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

dense_id! {
    /// A state of a graph.
    StateId
}
dense_id! {
    /// A transition of a graph.
    TransitionId
}
dense_id! {
    /// The name of an event.
    EventId
}
dense_id! {
    /// The name of a guard.
    GuardId
}
dense_id! {
    /// The name of an action.
    ActionId
}
dense_id! {
    /// The name of an activity.
    ActivityId
}
