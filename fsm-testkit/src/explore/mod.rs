//! Exploring a machine that is code: what it does becomes a [`Graph`], so that it can be drawn and
//! tested.
//!
//! A machine that was written as a `match` has no picture of its own. An [`Explorer`] makes one: it
//! starts from a first configuration, sends every sample event to a clone of every configuration
//! that it comes to, breadth first, and notes what happened. A *configuration* is the name of a
//! state together with a *key*, what matters of the data beside it. An [`Exploration`] holds
//!
//! - the [graph](Exploration::graph): states by name, transitions by event, superstates as
//!   composite states. Where a state answers an event now so and now so, every way has a guard
//!   that says what differed,
//! - what was [ignored](Exploration::ignored): events that a state drops without a word,
//! - the shortest [path](Exploration::path_to) of events to each state,
//! - [findings](Exploration::findings): ends, dead corners, events that nobody hears.
//!
//! The graph is what was *seen*, with the samples that were given: an event of which no sample was
//! sent is not in it, nor is data that the key leaves out.
//!
//! ```
//! use fsm_testkit::explore::{Explorer, Seen};
//!
//! #[derive(Clone)]
//! struct Turnstile { open: bool, coins: u32 }
//! enum Event { Coin, Push }
//!
//! let explored = Explorer::new("turnstile", |turnstile: &mut Turnstile, event: &Event| {
//!     match (turnstile.open, event) {
//!         (_, Event::Coin) => {
//!             turnstile.coins += 1;
//!             turnstile.open = true;
//!             Seen::Moved
//!         }
//!         (true, Event::Push) => {
//!             turnstile.open = false;
//!             Seen::Moved
//!         }
//!         (false, Event::Push) => Seen::Ignored,
//!     }
//! }, |turnstile| if turnstile.open { "open" } else { "locked" }.into())
//! .explore(Turnstile { open: false, coins: 0 }, &[("coin", Event::Coin), ("push", Event::Push)])?;
//!
//! assert!(explored.graph().to_dot().contains(r#"s_locked -> s_open [label=" coin "]"#));
//! assert_eq!(explored.ignored()[0].to_string(), "locked ignores `push`");
//! assert_eq!(explored.path_to("open"), Some(vec!["coin"]));
//! # Ok::<(), fsm_core::GraphFaults>(())
//! ```
//!
//! Machines of the crate [statig](https://docs.rs/statig) have a layer of their own (feature
//! `statig`): `explore::statig::explorer`.
//!
//! | file | what it holds |
//! |---|---|
//! | `search` | the walk over configurations |
//! | `guard` | what differed where one event has several ways |
//! | `sketch` | from what was seen to a graph |
//! | `finding` | what is worth a look |
//! | `statig` | machines of the crate statig |

mod finding;
mod guard;
mod search;
mod sketch;
#[cfg(feature = "statig")]
pub mod statig;

use std::collections::HashMap;
use std::fmt::{self, Debug};

use fsm_core::{Graph, GraphFaults};
use indexmap::IndexSet;

pub use finding::{Finding, Ignored};
use search::{Search, Ways};

/// What a system did with an event.
///
/// Only the difference between a drop and a silent answer, and between staying and leaving to come
/// back, can't be seen from outside. The rest is: a step that says `Ignored` or `Handled` and leads
/// to another state is noted as a move, one that says `Ignored` and changes the key as handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing: the event vanished.
    Ignored,
    /// It was taken into account; no state was left.
    Handled,
    /// A state was left and one entered, maybe the same one.
    Moved,
    /// As [`Handled`](Self::Handled), by the superstate of this name.
    HandledBy(String),
    /// As [`Moved`](Self::Moved), by a transition of the superstate of this name.
    MovedBy(String),
}

type Step<'a, S, E> = Box<dyn Fn(&mut S, &E) -> Seen + 'a>;
type Begin<'a, S> = Box<dyn Fn(&mut S) + 'a>;
type Text<'a, S> = Box<dyn Fn(&S) -> String + 'a>;
type Names<'a, S> = Box<dyn Fn(&S) -> Vec<String> + 'a>;
type Observation<'a, S, E> = Box<dyn Fn(&S, &E) -> String + 'a>;

/// How a system is explored. Made by [`new`](Self::new), used by [`explore`](Self::explore).
pub struct Explorer<'a, S, E> {
    name: String,
    begin: Begin<'a, S>,
    step: Step<'a, S, E>,
    state: Text<'a, S>,
    key: Text<'a, S>,
    around: Names<'a, S>,
    observe: Observation<'a, S, E>,
    at_most: usize,
}

impl<'a, S: Clone, E> Explorer<'a, S, E> {
    /// An explorer that will call its graph `name`, send events with `step`, and name the present
    /// state with `state`. A system is cloned before each step, so a clone must share nothing with
    /// what it was cloned from.
    pub fn new(
        name: impl Into<String>,
        step: impl Fn(&mut S, &E) -> Seen + 'a,
        state: impl Fn(&S) -> String + 'a,
    ) -> Self {
        Self {
            name: name.into(),
            begin: Box::new(|_| {}),
            step: Box::new(step),
            state: Box::new(state),
            key: Box::new(|_| String::new()),
            around: Box::new(|_| Vec::new()),
            observe: Box::new(|_, _| String::new()),
            at_most: 10_000,
        }
    }

    /// What matters of the data beside the state. Two systems in one state with keys that `Debug`
    /// prints alike are one configuration: of them the first that is found is explored. Without a
    /// key the state's name is all that counts.
    ///
    /// Leave out what only ever grows, such as counters and points in time, or bound it: otherwise
    /// there is no end of configurations.
    #[must_use]
    pub fn key<K: Debug>(mut self, key: impl Fn(&S) -> K + 'a) -> Self {
        self.key = Box::new(move |system| format!("{:?}", key(system)));
        self
    }

    /// The names of the superstates around the present state, innermost first. A state's first
    /// answer counts.
    #[must_use]
    pub fn within(mut self, around: impl Fn(&S) -> Vec<String> + 'a) -> Self {
        self.around = Box::new(around);
        self
    }

    /// What a guard would say of `event` before it is sent: `"code fits"`. It becomes the guard's
    /// name where an event has several ways and this tells them apart; otherwise the key, the
    /// number of the sample, and the state below the superstate are tried.
    #[must_use]
    pub fn observe(mut self, observe: impl Fn(&S, &E) -> String + 'a) -> Self {
        self.observe = Box::new(observe);
        self
    }

    /// Stops at so many configurations, the first one in any case; 10,000 unless this says
    /// otherwise. An exploration that was stopped says so in its
    /// [findings](Exploration::findings).
    #[must_use]
    pub fn at_most(mut self, configurations: usize) -> Self {
        self.at_most = configurations;
        self
    }

    /// Sends each of `events` in every configuration that can be reached. Several samples of one
    /// event, with other payloads, have the same name.
    ///
    /// # Errors
    /// If what was seen is no graph: an empty name, one name for a state and a superstate, a
    /// transition of a superstate that [`within`](Self::within) did not name. What is merely odd is
    /// a [`Finding`].
    ///
    /// # Complexity
    /// One clone and one step for each configuration and sample; the memory is linear in their
    /// number, and in that of the configurations, each of which keeps its system.
    pub fn explore(&self, first: S, events: &[(&str, E)]) -> Result<Exploration, GraphFaults> {
        let mut search = Search::new(self, first);
        while let Some(at) = search.next() {
            for (name, event) in events {
                search.send(at, name, event);
            }
        }
        sketch::draw(search.finish())
    }

    /// As [`explore`](Self::explore), with events that depend on the configuration: points in time,
    /// numbers that the system gave out.
    ///
    /// # Errors
    /// Those of [`explore`](Self::explore).
    pub fn explore_with(
        &self,
        first: S,
        events: impl Fn(&S) -> Vec<(&'static str, E)>,
    ) -> Result<Exploration, GraphFaults> {
        let mut search = Search::new(self, first);
        while let Some(at) = search.next() {
            for (name, event) in events(search.system(at)) {
                search.send(at, name, &event);
            }
        }
        sketch::draw(search.finish())
    }
}

impl<S, E> Debug for Explorer<'_, S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explorer")
            .field("name", &self.name)
            .field("at_most", &self.at_most)
            .finish_non_exhaustive()
    }
}

/// What was seen of a system.
#[derive(Clone, Debug)]
pub struct Exploration {
    graph: Graph,
    ignored: Vec<Ignored>,
    findings: Vec<Finding>,
    /// By state and superstate, the number of the state that was found first of it.
    places: HashMap<String, usize>,
    ways: Ways,
    /// By number.
    events: IndexSet<String>,
    configurations: usize,
}

impl Exploration {
    /// The graph of what was seen. Events that were handled without a move are internal
    /// transitions, and states from which nothing leads on are final states.
    ///
    /// Where some states lead to an end and others never do, everything lies in one more composite
    /// state that has the name of the whole: a [`Graph`] with a final state right within it has to
    /// reach it from everywhere. The findings name the others.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Which states drop which events, by state in the order in which they were found, then by
    /// event.
    pub fn ignored(&self) -> &[Ignored] {
        &self.ignored
    }

    /// What is worth a look. Nothing here keeps the graph from being drawn.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The events of a shortest way to `state`, which may be a superstate; none for the first one.
    /// `None`: it was not seen.
    ///
    /// # Complexity
    /// Linear in the length of the path.
    pub fn path_to(&self, state: &str) -> Option<Vec<&str>> {
        let events = self.ways.to_state(*self.places.get(state)?);
        Some(events.into_iter().map(|event| self.events[event].as_str()).collect())
    }

    /// How many configurations were told apart.
    pub fn configurations(&self) -> usize {
        self.configurations
    }

    /// Whether every configuration was explored, and [`at_most`](Explorer::at_most) was enough.
    pub fn is_complete(&self) -> bool {
        !self.findings.iter().any(|finding| matches!(finding, Finding::Unfinished { .. }))
    }
}
