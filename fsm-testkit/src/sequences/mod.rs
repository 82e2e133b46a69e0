//! Random sequences of what may happen to a machine, and the shortest one that breaks a promise.
//!
//! [`Sequences::of`] takes a machine, strategies for its events with their weights, and what is
//! always to hold. A sequence is made step by step: of what the machine accepts where it stands,
//! and now and then of what it refuses. One that fails shrinks: steps are left out as long as it
//! still fails, then what the events carry is made simpler. What is left is printed as a path.
//!
//! ```
//! use fsm_core::{Event, Machine};
//! use fsm_testkit::sequences::Sequences;
//! use proptest::prelude::*;
//!
//! #[derive(Clone, Debug)]
//! enum Gate { Locked, Open }
//! #[derive(Clone, Debug)]
//! enum Hand { Coin(u32), Push }
//! impl Event for Hand {}
//!
//! // The third push goes through for one coin too few.
//! let machine = Machine::<i64, Hand>::builder("turnstile")
//!     .on(Gate::Locked, Hand::Coin(0)).then("paid", |paid, _| *paid += 1).to(Gate::Open)
//!     .on(Gate::Open, Hand::Coin(0)).then("paid", |paid, _| *paid += 1).stay()
//!     .on(Gate::Open, Hand::Push).then("pass", |paid, _| *paid -= 2).to(Gate::Locked)
//!     .build(Gate::Locked);
//! # let machine = Machine::<i64, Hand>::builder("turnstile")
//! #     .on(Gate::Locked, Hand::Coin(0)).then("pay", |paid, _| *paid += 1).to(Gate::Open)
//! #     .on(Gate::Open, Hand::Coin(0)).then("keep", |paid, _| *paid += 1).stay()
//! #     .on(Gate::Open, Hand::Push).then("pass", |paid, _| *paid -= 2).to(Gate::Locked)
//! #     .build(Gate::Locked);
//! let machine = machine?;
//!
//! let failure = Sequences::of(&machine, 0)
//!     .event(3, "coin", (1u32..100).prop_map(Hand::Coin))
//!     .event(1, "push", Just(Hand::Push))
//!     .always("nobody passes unpaid", |gate| *gate.snapshot().context() >= 0)
//!     .find_failure()
//!     .expect("two are let in for one coin");
//! assert_eq!(
//!     failure.to_string().lines().next().unwrap(),
//!     r#"Locked -coin-> Open -push-> Locked (!) invariant "nobody passes unpaid""#,
//! );
//! # Ok::<(), fsm_core::BuildError>(())
//! ```
