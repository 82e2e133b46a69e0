//! A path through a model: what shows that a property holds or does not.

use std::fmt::{self, Write as _};

use super::Model;
use super::ledger::{Ledger, fingerprint};

/// How a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// In the state that it is about, wherever that may lead.
    Open,
    /// In a state from which no step leads on.
    Terminal,
    /// Never: its last state is an earlier one of it again.
    Cycle {
        /// After how many steps the cycle begins.
        to: usize,
    },
}

/// Steps from an initial state, and the states between them.
pub struct Path<M: Model> {
    start: M::State,
    steps: Vec<(M::Action, M::State)>,
    ending: Ending,
    lost_at: Option<usize>,
}

impl<M: Model> Path<M> {
    /// Takes the steps of `way` again.
    ///
    /// # Panics
    /// If the model gives other steps than before.
    pub(super) fn retrace(model: &M, ledger: &Ledger, way: &[u32], ending: Ending) -> Self {
        const CHANGED: &str = "a model gives the same steps each time that it is asked";
        let is = |state: &M::State, number: u32| fingerprint(state) == ledger.fingerprint(number);
        let mut begins = model.initial().into_iter();
        let start = begins.find(|state| is(state, way[0])).expect(CHANGED);
        let (mut steps, mut possible) = (Vec::with_capacity(way.len() - 1), Vec::new());
        let mut at = start.clone();
        for number in &way[1..] {
            model.steps(&at, &mut possible);
            let step = possible.drain(..).find(|(_, next)| is(next, *number)).expect(CHANGED);
            at = step.1.clone();
            steps.push(step);
        }
        Self { start, steps, ending, lost_at: None }
    }

    /// Notes after how many steps the goal was out of reach.
    pub(super) fn lost_after(mut self, steps: usize) -> Self {
        self.lost_at = Some(steps);
        self
    }

    /// Where it begins.
    pub fn start(&self) -> &M::State {
        &self.start
    }

    /// Its steps, each with the state to which it leads.
    pub fn steps(&self) -> &[(M::Action, M::State)] {
        &self.steps
    }

    /// Its actions, in order.
    pub fn actions(&self) -> impl Iterator<Item = &M::Action> {
        self.steps.iter().map(|(action, _)| action)
    }

    /// Its states, the first one included.
    pub fn states(&self) -> impl Iterator<Item = &M::State> {
        std::iter::once(&self.start).chain(self.steps.iter().map(|(_, state)| state))
    }

    /// Where it ends. On a lasso, this is the state where the cycle begins, once more.
    pub fn last(&self) -> &M::State {
        self.steps.last().map_or(&self.start, |(_, state)| state)
    }

    /// How many steps it has.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether it is nothing but an initial state.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// How it ends.
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// Of a path that goes round: after how many steps the cycle begins. The last step leads back
    /// there.
    pub fn cycle(&self) -> Option<usize> {
        match self.ending {
            Ending::Cycle { to } => Some(to),
            Ending::Open | Ending::Terminal => None,
        }
    }

    /// Whether it ends in a state from which no step leads on.
    pub fn is_dead_end(&self) -> bool {
        self.ending == Ending::Terminal
    }

    /// Where it violates an [`always_possible`](super::Property::always_possible): after how many
    /// steps the goal is out of reach; there is no way to lose it in fewer. What follows shows how
    /// the path can go on: in a cycle (a livelock) if there is one, or else to a dead end.
    pub fn lost_at(&self) -> Option<usize> {
        self.lost_at
    }

    /// The path in words: a line for where it begins, one for each step, and how it ends.
    pub fn words(&self, model: &M) -> String {
        let mut text = format!("starts: {}\n", model.say_state(&self.start));
        let mut say = |line: fmt::Arguments<'_>| {
            // Writing to a string never fails.
            let _ = writeln!(text, "{line}");
        };
        if self.lost_at == Some(0) {
            say(format_args!("{LOST}"));
        }
        for (number, (from, (action, state))) in (1..).zip(self.states().zip(&self.steps)) {
            let step = model.say_step(from, action);
            say(format_args!("{number}. {step}: {}", model.say_state(state)));
            if self.lost_at == Some(number) {
                say(format_args!("{LOST}"));
            }
        }
        match self.ending {
            Ending::Open => {}
            Ending::Terminal => say(format_args!("no step leads on")),
            Ending::Cycle { to: 0 } => say(format_args!("the same as at the start, and so on")),
            Ending::Cycle { to } => say(format_args!("the same as after step {to}, and so on")),
        }
        text
    }
}

const LOST: &str = "from here on, nothing leads there";

impl<M: Model> Clone for Path<M> {
    fn clone(&self) -> Self {
        Self { start: self.start.clone(), steps: self.steps.clone(), ..*self }
    }
}

impl<M: Model> fmt::Debug for Path<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Path")
            .field("steps", &self.steps.len())
            .field("ending", &self.ending)
            .field("lost_at", &self.lost_at)
            .finish_non_exhaustive()
    }
}
