//! Machines written with Rust enums.
//!
//! States and events are the user's own enums, what a run remembers is the user's own struct, and
//! guards and actions are closures with names. The names are drawn: the picture speaks the code's
//! language. What is built is a [`TypedMachine`], which is a [`Machine`](crate::Machine) that knows the values of
//! its states.
//!
//! ```
//! use fsm_core::{Event, Machine};
//!
//! #[derive(Clone, Debug, PartialEq)]
//! enum Door { Closed, Open, Locked }
//!
//! #[derive(Debug)]
//! enum Hand { Push, Pull, Turn(u32) }
//! impl Event for Hand {}
//!
//! struct Lock { code: u32 }
//!
//! let machine = Machine::<Lock, Hand>::builder("door")
//!     .on(Door::Closed, Hand::Push).to(Door::Open)
//!     .on(Door::Open, Hand::Pull).to(Door::Closed)
//!     .on(Door::Closed, Hand::Turn(0))
//!         .then("keep code", |lock, hand| if let Hand::Turn(code) = hand { lock.code = *code })
//!         .to(Door::Locked)
//!     .on(Door::Locked, Hand::Turn(0))
//!         .when("code fits", |lock, hand| matches!(hand, Hand::Turn(code) if *code == lock.code))
//!         .to(Door::Closed)
//!     .build(Door::Closed)?;
//!
//! let mut door = machine.begin(Lock { code: 0 });
//! machine.send(&mut door, Hand::Turn(42))?;
//! assert_eq!(machine.state(&door), Door::Locked);
//! let refused = machine.send(&mut door, Hand::Turn(41)).unwrap_err();
//! assert_eq!(
//!     refused.to_string(),
//!     "event `Turn` is not accepted in state Locked: guard `code fits` does not hold"
//! );
//! println!("{}", machine.graph().to_dot());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Transitions of a state are tried in the order in which they are written; the first whose guard
//! holds is taken. An event that none takes is an error, and the run is as it was. No final state
//! is asked of a machine: a door has none.
//!
//! # Names
//!
//! A state is called what `Debug` prints, an event after its variant: the first word that `Debug`
//! prints, or the name that its [`key`](crate::Event::key) is. Where an enum lies in
//! another, dots tell it, as in machine files: `State::On(On::Playing)` is called `On.Playing`. A
//! state is a value: `Track(1)` and `Track(2)` are two of them. What changes while a machine runs
//! belongs into the context.
//!
//! A name of a guard or action stands for one piece of code; one that is used twice is a function
//! with a name, or [`BuildFault::TwoCodes`].
//!
//! # Entry, exit, and staying
//!
//! A transition leaves states innermost first, acts, and enters states outermost first.
//! [`to`](OnEvent::to) the state that it comes from leaves that and enters it again;
//! [`stay`](OnEvent::stay) acts and does neither.
//!
//! ```
//! # use fsm_core::{Event, Machine};
//! # #[derive(Clone, Debug, PartialEq)]
//! # enum Lamp { Off, On }
//! # #[derive(Debug)]
//! # enum Hand { Press, Dim, Reset }
//! # impl Event for Hand {}
//! let machine = Machine::<Vec<&str>, Hand>::builder("lamp")
//!     .entry(Lamp::On, "light", |log, _| log.push("light"))
//!     .exit(Lamp::On, "darken", |log, _| log.push("darken"))
//!     .on(Lamp::Off, Hand::Press).to(Lamp::On)
//!     .on(Lamp::On, Hand::Dim).then("dim", |log, _| log.push("dim")).stay()
//!     .on(Lamp::On, Hand::Reset).then("reset", |log, _| log.push("reset")).to(Lamp::On)
//!     .build(Lamp::Off)?;
//!
//! let mut lamp = machine.begin(vec![]);
//! for hand in [Hand::Press, Hand::Dim, Hand::Reset] {
//!     machine.send(&mut lamp, hand)?;
//! }
//! assert_eq!(lamp.context()[..], ["light", "dim", "darken", "reset", "light"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Hierarchy
//!
//! A [composite](MachineBuilder::composite) state is a variant of the same enum that holds others
//! and enters the first of them. Its transitions apply to all of them, after their own; they are
//! laid down when the machine is built, so that they cost no more than a state's own. One that
//! leads to a state within leaves the composite state and enters it again, as SCXML has it.
//!
//! ```
//! # use fsm_core::{Event, Machine};
//! #[derive(Clone, Debug, PartialEq)]
//! enum Player { Off, On, Stopped, Playing }
//! # #[derive(Debug)]
//! # enum Key { Power, Play, Stop }
//! # impl Event for Key {}
//!
//! let machine = Machine::<(), Key>::builder("player")
//!     .composite(Player::On, [Player::Stopped, Player::Playing])
//!     .on(Player::Off, Key::Power).to(Player::On)
//!     .on(Player::On, Key::Power).to(Player::Off)
//!     .on(Player::Stopped, Key::Play).to(Player::Playing)
//!     .on(Player::Playing, Key::Stop).to(Player::Stopped)
//!     .build(Player::Off)?;
//!
//! let mut player = machine.begin(());
//! machine.send(&mut player, Key::Power)?;
//! assert_eq!(machine.state(&player), Player::Stopped);
//! assert!(machine.is_in(&player, Player::On));
//! machine.send(&mut player, Key::Play)?;
//! machine.send(&mut player, Key::Power)?;
//! assert_eq!(machine.state(&player), Player::Off);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Regions
//!
//! The states right within a [parallel](MachineBuilder::parallel) state are active side by side.
//! It is done when each of its regions has come to a final state. [Forks](MachineBuilder::fork)
//! split a run in the same way for a while, and have a join with a rule of its own.
//!
//! ```
//! # use fsm_core::{Event, Machine};
//! #[derive(Clone, Debug, PartialEq)]
//! enum Launch { Checks, Fuel, Filling, Full, Crew, Boarding, Seated, Lift }
//! # #[derive(Debug)]
//! # enum Report { Filled, Aboard }
//! # impl Event for Report {}
//!
//! let machine = Machine::<(), Report>::builder("launch")
//!     .parallel(Launch::Checks, [Launch::Fuel, Launch::Crew])
//!     .composite(Launch::Fuel, [Launch::Filling, Launch::Full])
//!     .composite(Launch::Crew, [Launch::Boarding, Launch::Seated])
//!     .on(Launch::Filling, Report::Filled).to(Launch::Full)
//!     .on(Launch::Boarding, Report::Aboard).to(Launch::Seated)
//!     .final_state(Launch::Full)
//!     .final_state(Launch::Seated)
//!     .done(Launch::Checks).to(Launch::Lift)
//!     .final_state(Launch::Lift)
//!     .build(Launch::Checks)?;
//!
//! let mut launch = machine.begin(());
//! machine.send(&mut launch, Report::Aboard)?;
//! assert_eq!(machine.states(&launch), [Launch::Filling, Launch::Seated]);
//! machine.send(&mut launch, Report::Filled)?;
//! assert_eq!(machine.state(&launch), Launch::Lift);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Timers and activities
//!
//! [`after`](MachineBuilder::after) is a timer that starts when the state is entered and is
//! forgotten when it is left. An [activity](MachineBuilder::activity) is work that starts when the
//! state is entered and is dropped when it is left; what it gives is an event that `done` and
//! `failed` transitions see. Retries and timeouts are declared beside it, counted by the kernel,
//! and drawn.
//!
//! ```
//! # use std::time::Duration;
//! # use fsm_core::{Event, Machine, RetryPolicy};
//! #[derive(Clone, Debug, PartialEq)]
//! enum Order { Charging, Paid, Declined }
//!
//! #[derive(Debug)]
//! enum Bank { Charged { receipt: u32 }, Refused(&'static str) }
//! impl Event for Bank {}
//!
//! #[derive(Default)]
//! struct Cart { cents: u32, receipt: Option<u32> }
//!
//! async fn charge(cents: u32) -> Result<u32, &'static str> {
//!     # tokio::time::sleep(Duration::from_millis(20)).await;
//!     if cents == 0 { Err("nothing to pay") } else { Ok(7) }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let machine = Machine::<Cart, Bank>::builder("order")
//!     .activity(Order::Charging, |cart, _visit| {
//!         let charge = charge(cart.cents);
//!         async {
//!             match charge.await {
//!                 Ok(receipt) => Ok(Bank::Charged { receipt }),
//!                 Err(reason) => Err(Bank::Refused(reason)),
//!             }
//!         }
//!     })
//!     .retry(Order::Charging, RetryPolicy::new(2).delay(Duration::from_millis(100)))
//!     .timeout(Order::Charging, Duration::from_secs(5))
//!     .done(Order::Charging)
//!         .then("keep receipt", |cart, scene| if let Some(Bank::Charged { receipt }) = scene.event {
//!             cart.receipt = Some(*receipt);
//!         })
//!         .to(Order::Paid)
//!     .failed(Order::Charging).to(Order::Declined)
//!     .final_state(Order::Paid)
//!     .final_state(Order::Declined)
//!     .build(Order::Charging)?;
//!
//! let ended = machine.run(Cart { cents: 500, receipt: None }).await;
//! assert_eq!(machine.state(&ended.snapshot), Order::Paid);
//! assert_eq!(ended.snapshot.context().receipt, Some(7));
//! # Ok(())
//! # }
//! ```
//!
//! [`Machine::run`](crate::Machine::run) drives a run on tokio, with timers and activities; a [`Handle`](crate::Handle)
//! sends it events. Without a runtime a run is driven by hand, and everything is said to it: events
//! ([`send`](crate::Machine::send)), that time passes ([`pass`](crate::Machine::pass)), how work ended
//! ([`answer`](TypedMachine::answer)). Nothing else makes time pass there, and no work is started.
//! That is also how machines are tested.
//!
//! ```
//! # use std::time::Duration;
//! # use fsm_core::{Event, Machine, RetryPolicy};
//! # #[derive(Clone, Debug, PartialEq)]
//! # enum Order { Charging, Paid, Declined }
//! # #[derive(Debug)]
//! # enum Bank { Charged { receipt: u32 }, Refused(&'static str) }
//! # impl Event for Bank {}
//! # let machine = Machine::<(), Bank>::builder("order")
//! #     .activity(Order::Charging, |_, _| async { Ok(Bank::Charged { receipt: 7 }) })
//! #     .retry(Order::Charging, RetryPolicy::new(2).delay(Duration::from_millis(100)))
//! #     .done(Order::Charging).to(Order::Paid)
//! #     .failed(Order::Charging).to(Order::Declined)
//! #     .final_state(Order::Paid)
//! #     .final_state(Order::Declined)
//! #     .build(Order::Charging)?;
//! let mut order = machine.begin(Default::default());
//! machine.answer(&mut order, Order::Charging, Err(Bank::Refused("line is busy")))?;
//! machine.pass(&mut order, Duration::from_millis(100))?;
//! machine.answer(&mut order, Order::Charging, Ok(Bank::Charged { receipt: 7 }))?;
//! assert_eq!(machine.state(&order), Order::Paid);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Saving and restoring
//!
//! A [`Snapshot`](crate::Snapshot) is all of a run: where it stands, its timers, its queue, its
//! context. It is serde data, can be taken after any step, and is checked when it comes back. Runs
//! of another graph are refused.
//!
//! ```
//! # use std::time::Duration;
//! # use fsm_core::{Event, Machine, Snapshot};
//! # #[derive(Clone, Debug, PartialEq)]
//! # enum Light { Red, Green, Yellow }
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let machine = Machine::<u32, ()>::builder("light")
//!     .after(Light::Red, Duration::from_secs(30)).to(Light::Green)
//!     .after(Light::Green, Duration::from_secs(30)).to(Light::Yellow)
//!     .after(Light::Yellow, Duration::from_secs(3)).then("count", |rounds, _| *rounds += 1)
//!         .to(Light::Red)
//!     .build(Light::Red)?;
//!
//! let mut light = machine.begin(0);
//! machine.pass(&mut light, Duration::from_secs(40))?;
//! let saved = serde_json::to_string(&light)?;
//!
//! let mut light: Snapshot<u32> = serde_json::from_str(&saved)?;
//! machine.restore(&light, &mut fsm_core::Effects::new())?;
//! machine.pass(&mut light, Duration::from_secs(20))?;
//! assert_eq!(machine.state(&light), Light::Yellow);
//! # Ok(())
//! # }
//! ```
//!
//! [`Machine::resume`](crate::Machine::resume) carries a saved run on under tokio. Its timers are points in time: those
//! that came due while nobody drove the run fire at once, in the order in which they were due, and
//! timers that are set then count from then. Work that was under way is started again, as the same
//! attempt of the same [visit](crate::Visit::number), which makes that number a good idempotency
//! key; an attempt whose timeout passed meanwhile has timed out. An
//! [`Observer`](crate::Observer) sees the snapshot after every step of a run and can save it there.
//!
//! # What it costs
//!
//! A transition between plain states is one indirect call, guard and actions joined, wherever in
//! the hierarchy it is declared, and one for each entry or exit action on the way. Timers,
//! activities, and regions take the whole kernel step. Nothing of a transition between plain states
//! allocates.

mod builder;
mod declare;
mod fault;
mod machine;
mod name;
mod outcome;
mod transition;

pub use builder::MachineBuilder;
pub use fault::{BuildError, BuildFault};
pub use machine::TypedMachine;
pub use outcome::IntoOutcome;
pub use transition::{ActionCode, Always, GuardCode, If, OnEvent, OnOutcome, Then};
