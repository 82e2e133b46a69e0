//! Proofs: a machine is explored in a world where everything may go wrong, and what holds of every
//! run is told, with a counterexample for what does not.
//!
//! The kernel is pure, so what runs is what is explored: the [`Prover`] walks through every
//! configuration that the machine can come to, breadth first, and asks in each what may happen
//! next. An activity may end well, fail for now or for good, or take too long; a timer may fire; an
//! event may come; the process may die, or somebody may cancel.
//!
//! ```
//! use fsm_core::{Graph, RetryPolicy};
//! use fsm_testkit::prove::{Prover, standard};
//!
//! let mut parcel = Graph::builder("parcel");
//! parcel.activity("pack").retry(RetryPolicy::new(3));
//! parcel.choice("weigh");
//! parcel.activity("repack");
//! parcel.final_state("sent");
//! parcel.transition("pack", "weigh").done();
//! parcel.transition("pack", "repack").failed();
//! parcel.transition("repack", "weigh").done();
//! parcel.transition("repack", "repack").failed();
//! parcel.transition("weigh", "sent").guard("light");
//! parcel.transition("weigh", "pack");
//! let parcel = parcel.initial("pack").build()?;
//!
//! let proof = Prover::of(&parcel).prove();
//! let refuted: Vec<&str> = proof.refuted().map(|claim| claim.name.as_str()).collect();
//! assert_eq!(refuted, [standard::ENDS_IN_FAILURE]);
//! let route = proof.refuted().find_map(|claim| claim.finding.route()).expect("a way to it");
//! assert_eq!(route.to_string(), "\
//! 1. the run begins -> pack
//! 2. from here on everything fails -> pack
//! 3. `pack` fails for good -> repack
//! 4. `repack` fails for good -> repack
//!    and so on, again and again from 4
//! ");
//! # Ok::<(), fsm_core::GraphFaults>(())
//! ```
//!
//! # What is proven of every machine
//! | property | means |
//! |---|---|
//! | [`NEVER_STUCK`](standard::NEVER_STUCK) | no token comes to where none of its ways on is open; every join fills |
//! | [`CAN_END`](standard::CAN_END) | from every state a run can come to its end; nothing is a trap |
//! | [`GOES_ON`](standard::GOES_ON) | instead of that, for machines without a final state: something may always happen |
//! | [`LEAVES_NOTHING`](standard::LEAVES_NOTHING) | at the end no token is left, and no work is under way |
//! | [`SURVIVES`](standard::SURVIVES) | in every state the snapshot is whole and knows all that is under way, so that a process may die there |
//! | [`CAN_CANCEL`](standard::CAN_CANCEL) | in every state a run can be cancelled |
//! | [`ENDS_IN_FAILURE`](standard::ENDS_IN_FAILURE) | where everything fails from some point on, a run still can end, or comes to wait for an event |
//! | [`ENDS_IF_ANSWERED`](standard::ENDS_IF_ANSWERED) | where every activity answers in time from some point on, likewise |
//! | [`DEADLINE_ENDS`](standard::DEADLINE_ENDS) | where a timer around everything leads to an end, it does so from every state in one step |
//! | [`TIME_GOES_ON`](standard::TIME_GOES_ON) | no timers of no length set each other for ever |
//! | [`EVERY_STATE`](standard::EVERY_STATE), [`EVERY_TRANSITION`](standard::EVERY_TRANSITION) | nothing in the graph is there in vain |
//!
//! Properties of one's own: [`always`](Prover::always), [`sometimes`](Prover::sometimes),
//! [`eventually`](Prover::eventually), [`always_possible`](Prover::always_possible).
//!
//! # What is explored
//! Flows and machine files have subjects of their own behind the feature `flows`
//! (`Prover::of_flow`, `Prover::of_file`): the rules that run, on data that nobody knows. This is
//! what `fsm check --deep` does.
//!
//! [`Prover::of`] takes a graph without its code. Its guards may answer either way, each time that
//! they are asked: a context that code may write is unknown. Within a step the guards see one
//! context, and a guard asked twice answers alike until an action has run. Where guards are data, a
//! [`Logic`] leaves out answers that contradict each other. [`Prover::of_machine`] takes a machine
//! with its code, whose contexts are compared, and whose events and outcomes a test names.
//!
//! Some things are simpler than in a run, on the side of more runs:
//!
//! - **Time** is abstract. An activity takes as long as it likes, and timers of different states
//!   fire in any order; those of one state fire in the order of their lengths, and none comes before
//!   a shorter one of a state around.
//! - **Attempts** of a graph without its code are not counted: a failure may be the last, or not.
//! - **`max_concurrent`** is left out: an activity that would wait for its turn takes longer
//!   instead. What is proven holds for every limit.
//! - **A machine within a state** is work that may end in any way. What it does is for a proof of
//!   its own.
//! - **What is not known** is not known each time: a part of the context that nothing writes may be
//!   found this way in one step and that way in the next. Guards that look at
//!   [`Scene::state`](fsm_core::Scene::state), [`attempts`](fsm_core::Scene::attempts), or
//!   [`visit`](fsm_core::Scene::visit) are the exception, and on the side of fewer runs: asked for
//!   several tokens in one step, they answer alike. And in a machine with its own code no retry
//!   comes too late for a deadline.
//!
//! So a counterexample may be one that no clock gives; [`Route::replay`] tells whether the machine
//! goes that way. And for the same reason what "can be reached" may need luck with time.
//!
//! # Fewer orders
//! Tokens between a fork and its join mostly do not care about each other: ten calls side by side
//! have millions of configurations, and one order of their steps tells as much as all. Where the
//! graph shows that a token's steps disturb nobody, only those are taken first (persistent sets), and
//! a fan of ten calls with retries is proven in less than two hundred states. The verdicts are the
//! same; where something does not hold, the shortest way to it is looked for in all orders. Properties
//! of one's own may tell orders apart, so with them all are looked at, unless
//! [`Prover::reduced`] says otherwise.

mod concrete;
mod cycles;
mod lanes;
mod model;
mod pending;
mod proof;
mod prover;
mod reach;
mod route;
mod script;
mod sketch;
pub mod standard;
mod subject;
mod timers;
mod world;

pub use concrete::Concrete;
pub use proof::{Claim, Finding, Proof};
pub use prover::{Prover, View};
pub use route::{Astray, End, Occurrence, Route, Stop};
pub use script::{Asked, Script};
pub use sketch::{Cue, Logic, Sketch};
pub use subject::{Ending, Holds, Promise, Subject};
