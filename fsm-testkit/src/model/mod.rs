//! A model checker: every state that can be reached, and what holds in them.
//!
//! A [`Model`] says where it begins and which steps are possible in a state. A [`Checker`] walks
//! through all states, breadth first and each once, and answers for every [`Property`] with a
//! [`Verdict`]. Where one is violated, the verdict holds a [`Path`] that shows it.
//!
//! ```
//! use fsm_testkit::model::{Checker, Model, Property};
//!
//! /// Two jugs, one of three litres and one of five.
//! struct Jugs;
//!
//! impl Model for Jugs {
//!     type State = (u8, u8);
//!     type Action = &'static str;
//!
//!     fn initial(&self) -> Vec<(u8, u8)> {
//!         vec![(0, 0)]
//!     }
//!
//!     fn steps(&self, &(small, large): &(u8, u8), steps: &mut Vec<(&'static str, (u8, u8))>) {
//!         let (over, back) = (small.min(5 - large), large.min(3 - small));
//!         steps.push(("fill the small one", (3, large)));
//!         steps.push(("fill the large one", (small, 5)));
//!         steps.push(("empty the small one", (0, large)));
//!         steps.push(("empty the large one", (small, 0)));
//!         steps.push(("pour it into the large one", (small - over, large + over)));
//!         steps.push(("pour it into the small one", (small + back, large - back)));
//!     }
//!
//!     fn properties(&self) -> Vec<Property<Self>> {
//!         vec![
//!             Property::always("no jug runs over", |_, (small, large)| *small <= 3 && *large <= 5),
//!             Property::always("four litres can't be measured", |_, (_, large)| *large != 4),
//!             Property::always_possible("all can be poured away", |_, jugs| *jugs == (0, 0)),
//!             Property::eventually("something is poured away", |_, jugs| *jugs == (0, 0)),
//!         ]
//!     }
//!
//!     fn say_step(&self, _: &(u8, u8), action: &&'static str) -> String {
//!         (*action).to_owned()
//!     }
//!
//!     fn say_state(&self, (small, large): &(u8, u8)) -> String {
//!         format!("{small} and {large} litres")
//!     }
//! }
//!
//! let report = Checker::new(&Jugs).check();
//! assert!(report.is_complete());
//! assert!(report.verdict("no jug runs over").is_some_and(|verdict| verdict.is_good()));
//!
//! // Shortest, as every counterexample of a safety property.
//! let (name, path) = report.violations().next().expect("it is the riddle of a film");
//! assert_eq!(name, "four litres can't be measured");
//! assert_eq!(path.words(&Jugs), "\
//! starts: 0 and 0 litres
//! 1. fill the large one: 0 and 5 litres
//! 2. pour it into the small one: 3 and 2 litres
//! 3. empty the small one: 0 and 2 litres
//! 4. pour it into the small one: 2 and 0 litres
//! 5. fill the large one: 2 and 5 litres
//! 6. pour it into the small one: 3 and 4 litres
//! ");
//! ```
//!
//! # What can be asked
//! | property | is violated by |
//! |---|---|
//! | [`always`](Property::always) | a state where the condition does not hold |
//! | [`sometimes`](Property::sometimes) | nothing; it is *unseen* where no state was found |
//! | [`never_stuck`](Property::never_stuck) | a state without a step where the condition does not hold |
//! | [`eventually`](Property::eventually) | a path that never meets the condition: it ends, or goes round for ever |
//! | [`always_possible`](Property::always_possible) | a state from which no path leads to the condition |
//!
//! A path is a path of the model, whatever is likely: no fairness is assumed. A model that may
//! retry for ever violates an `eventually`; whether it *can* always come to an end is what
//! `always_possible` asks.
//!
//! # How exact it is
//! Both are exact on cycles and where paths join: they are decided on the graph of all steps, once
//! it is known. What a bound leaves unexplored counts as unknown: nothing is said to hold then.
//!
//! A visited state is remembered by a fingerprint of 64 bits. Two states that share one are taken
//! for one, and what lies behind the second is missed. By the birthday bound, n states hold such a
//! pair with a chance of about n² / 2⁶⁵: one in 370,000 for ten million states. The fingerprint is
//! that of [`Hash`], so a state must hash whatever tells it from others.
//!
//! # Cost
//! Time linear in the steps; one hash of a state a step. A visited state takes 18 to 24 bytes, and
//! itself only for as long as it waits to be explored. Properties of paths (`eventually`,
//! `always_possible`) keep the graph: 8 bytes more a state and 4 a step, and while they are decided
//! up to three times that. Nothing recurses.
//!
//! # Fewer states
//! Where parts of a model run side by side, most orders of their steps make no difference.
//! [`Model::few_steps`] may name some steps that stand for all of them; see there what it owes.
//! States that differ in nothing but the names of equal parts are best made one by the model itself:
//! let [`Model::steps`] give each successor in a form that is the same for all of them.

mod bits;
mod checker;
mod fate;
mod graph;
mod ledger;
mod path;
mod property;
mod report;
mod search;

use std::hash::Hash;

pub use checker::Checker;
pub use path::{Ending, Path};
pub use property::{Kind, Property};
pub use report::{Bound, Report, Verdict};

/// Something that moves from state to state.
///
/// It has to be a function: asked twice about one state, it gives the same steps in the same order.
pub trait Model {
    /// Where it can be. Its hash has to tell apart what equality does.
    type State: Clone + Eq + Hash;
    /// What makes it move.
    type Action: Clone;

    /// Where it can begin.
    fn initial(&self) -> Vec<Self::State>;

    /// Adds every step that is possible in `state`, and where it leads; `steps` comes empty. A
    /// state to which nothing is added is terminal.
    fn steps(&self, state: &Self::State, steps: &mut Vec<(Self::Action, Self::State)>);

    /// Adds some of the [steps](Self::steps) that stand for all of them, and says so with `true`;
    /// `false`: no fewer are known here. It is asked where [`Checker::reduced`] wants it.
    ///
    /// What an implementation owes, where it answers `true`:
    ///
    /// - The few are a part of `steps`, and not empty unless that is.
    /// - They are independent of the rest: whatever the others do, and for as long as none of the
    ///   few is taken, the few remain possible, and each leads to the same state before and after
    ///   any of the others.
    /// - None of them changes whether the condition of a property holds (that of a
    ///   [`never_stuck`](Property::never_stuck) may change: it is asked only where nothing moves).
    ///
    /// Whether a step would be put off for ever is the checker's concern: it takes all steps where
    /// one of the few leads to a state that was explored before (D. Bošnački, G. J. Holzmann,
    /// "Improving Spin's Partial-Order Reduction for Breadth-First Search", 2005).
    fn few_steps(&self, state: &Self::State, steps: &mut Vec<(Self::Action, Self::State)>) -> bool {
        let _ = (state, steps);
        false
    }

    /// What is asked of it.
    fn properties(&self) -> Vec<Property<Self>>
    where
        Self: Sized;

    /// Whether to explore `state`. One beyond is counted and its condition is asked; its steps are
    /// not taken, and the report says that it was cut.
    fn is_within(&self, state: &Self::State) -> bool {
        let _ = state;
        true
    }

    /// How a step reads in a counterexample.
    fn say_step(&self, from: &Self::State, action: &Self::Action) -> String;

    /// How a state reads in a counterexample.
    fn say_state(&self, state: &Self::State) -> String;
}
