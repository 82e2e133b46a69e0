//! What a change does: two graphs compared, told in words, and drawn as one.
//!
//! States are the same where they have the same name. Transitions have no names: those of one
//! state are matched by what they share, so that a new guard, a new list of actions, or another
//! target reads as an altered transition. Whatever a [`Fingerprint`](crate::Fingerprint) sees is
//! compared: graphs with different fingerprints differ here, and the other way round.
//!
//! | file | what it holds |
//! |---|---|
//! | `changes` | one graph against another: the outermost, or a machine within |
//! | `states` | added, removed, altered, and moved states |
//! | `transitions` | which transition of the old graph is which of the new one |
//! | `renames` | removed and added states that may be the same |
//! | `order` | what has moved within a list |
//! | `compatible/` | whether runs that are under way can go on |
//! | `words`, `parts` | the changes as text |
//! | `union` | both graphs in one, for drawing |
//!
//! ```
//! use fsm_core::{Graph, GraphDiff};
//!
//! let door = |guard| {
//!     let mut door = Graph::builder("door");
//!     door.simple("closed");
//!     door.simple("open");
//!     door.transition("closed", "open").on("push").guard(guard);
//!     door.transition("open", "closed").on("pull");
//!     door.initial("closed").build()
//! };
//! let diff = GraphDiff::between(&door("unlocked")?, &door("key held")?);
//! assert_eq!(
//!     diff.to_string(),
//!     "~ transition `closed` -> `open` on `push`: guard `key held` instead of `unlocked`\n"
//! );
//! # Ok::<(), fsm_core::GraphFaults>(())
//! ```

mod changes;
pub(crate) mod compatible;
mod order;
mod parts;
mod renames;
mod states;
mod transitions;
mod union;
mod words;

use std::fmt;

use serde::{Serialize, Serializer};

use crate::draw::{Drawing, Marks};
use crate::graph::Graph;
use changes::Changes;
pub use compatible::{Compatibility, Obstacle};
pub(crate) use transitions::Matching;

/// What differs between an old graph and a new one.
///
/// [`Display`](fmt::Display) gives one line a change: `+` for what was added, `-` for what was
/// removed, `~` for what was altered, first the graph, then its states by name, then its
/// transitions by the name of their source. Serialised, it is the same as data: states and
/// transitions as a [`GraphDocument`](crate::GraphDocument) writes them, what was altered with its
/// `old` and its `new` form.
#[derive(Clone, Debug)]
pub struct GraphDiff {
    changes: Changes,
    compatibility: Compatibility,
    union: Graph,
    marks: Marks,
}

impl GraphDiff {
    /// Compares two graphs; where they have machines within them, compares those as well.
    ///
    /// # Complexity
    /// O(n * log(n)) for n states and transitions, and quadratic in the number of transitions that
    /// one state has.
    pub fn between(old: &Graph, new: &Graph) -> Self {
        let matching = Matching::between(old, new);
        let changes = Changes::of(old, new, &matching);
        let (union, marks) = union::of(old, new, &matching, &changes);
        let compatibility = Compatibility::between(old, new);
        Self { changes, compatibility, union, marks }
    }

    /// Whether runs that are under way on the old graph can go on along the new one
    /// ([`Machine::carry_over`](crate::Machine::carry_over)), wherever they stand, and if not, all
    /// that stands in the way. Names are taken as they are: a state that was renamed is gone.
    ///
    /// What guards, actions, and work of the same name do in the new program is not seen.
    ///
    /// ```
    /// # use fsm_core::{Graph, GraphDiff};
    /// let errand = |names: &[&str]| {
    ///     let mut errand = Graph::builder("errand");
    ///     for pair in names.windows(2) {
    ///         errand.activity(pair[0]);
    ///         errand.transition(pair[0], pair[1]).done();
    ///         errand.transition(pair[0], "home").failed();
    ///     }
    ///     errand.final_state("home");
    ///     errand.initial(names[0]).build()
    /// };
    /// let old = errand(&["shop", "post", "home"])?;
    /// let longer = errand(&["shop", "bank", "post", "home"])?;
    /// assert!(GraphDiff::between(&old, &longer).compatibility().is_compatible());
    ///
    /// let shorter = errand(&["shop", "home"])?;
    /// let diff = GraphDiff::between(&old, &shorter);
    /// assert_eq!(diff.compatibility().obstacles()[0].to_string(), "`post` is gone");
    /// # Ok::<(), fsm_core::GraphFaults>(())
    /// ```
    pub fn compatibility(&self) -> &Compatibility {
        &self.compatibility
    }

    /// A drawing of both graphs in one: what was added, removed, and altered stands out, and says
    /// what it was. The numbers of transitions are those of the new graph. What differs in a
    /// machine within is told in words only.
    ///
    /// ```
    /// # use fsm_core::{Graph, GraphDiff};
    /// # let lamp = |event| {
    /// #     let mut lamp = Graph::builder("lamp");
    /// #     lamp.simple("off");
    /// #     lamp.transition("off", "off").on(event);
    /// #     lamp.initial("off").build()
    /// # };
    /// let diff = GraphDiff::between(&lamp("press")?, &lamp("touch")?);
    /// assert!(diff.drawing().to_dot().contains(r"altered \n was on `press`"));
    /// # Ok::<(), fsm_core::GraphFaults>(())
    /// ```
    pub fn drawing(&self) -> Drawing<'_> {
        self.union.drawing().marked(&self.marks)
    }

    /// Whether nothing differs: then the fingerprints are the same.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The names of the states that only the new graph has, sorted.
    pub fn added_states(&self) -> impl ExactSizeIterator<Item = &str> {
        self.changes.states.added.iter().map(|state| state.name.as_str())
    }

    /// The names of the states that only the old graph has, sorted.
    pub fn removed_states(&self) -> impl ExactSizeIterator<Item = &str> {
        self.changes.states.removed.iter().map(|state| state.name.as_str())
    }

    /// The names of the states that both graphs have and that are not the same in both, sorted.
    /// What leads from them to others is no part of it.
    pub fn altered_states(&self) -> impl ExactSizeIterator<Item = &str> {
        self.changes.states.altered.iter().map(|state| state.name.as_str())
    }

    /// States that were perhaps renamed: each was removed, and one of the same kind with the same
    /// neighbours was added. The old name, and the new one.
    pub fn perhaps_renamed(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        let renamed = &self.changes.states.perhaps_renamed;
        renamed.iter().map(|name| (name.old.as_str(), name.new.as_str()))
    }
}

impl fmt::Display for GraphDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.changes.fmt(f)
    }
}

impl Serialize for GraphDiff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.changes.serialize(serializer)
    }
}
