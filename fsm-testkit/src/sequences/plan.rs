//! Which steps a sequence may have, and how one grows: each step is drawn of those that the machine
//! accepts, or refuses, where the steps before it led.

use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::panic::{self, AssertUnwindSafe};

use fsm_core::{Event, Machine, Outcome, StateId};
use proptest::prelude::{Just, Rng};
use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Reason, TestRunner};

use super::tree::{Element, SequenceTree};
use crate::deed::{Deed, Passage, Refusal, Standing};

/// What there is to be drawn.
#[derive(Clone)]
pub(super) struct Plan<C, E> {
    pub(super) machine: Machine<C, E>,
    pub(super) context: C,
    pub(super) events: Vec<Events<E>>,
    pub(super) ends: Vec<Ends<E>>,
    pub(super) done: u32,
    pub(super) failed: u32,
    pub(super) timed_out: u32,
    pub(super) time: u32,
    /// Of a hundred.
    pub(super) refused: u32,
    pub(super) length: RangeInclusive<usize>,
}

/// An event.
#[derive(Clone)]
pub(super) struct Events<E> {
    pub(super) weight: u32,
    pub(super) name: String,
    pub(super) strategy: BoxedStrategy<E>,
}

/// How the activity of a state may end.
#[derive(Clone)]
pub(super) struct Ends<E> {
    pub(super) weight: u32,
    pub(super) state: String,
    pub(super) name: String,
    pub(super) strategy: BoxedStrategy<Outcome<E>>,
}

/// Something that could be the next step.
struct Choice<E> {
    weight: u32,
    element: Element<E>,
}

impl<C, E> Plan<C, E>
where
    C: Clone + Debug + 'static,
    E: Event + Clone + Debug + 'static,
{
    pub(super) fn new(machine: Machine<C, E>, context: C) -> Self {
        Self {
            machine,
            context,
            events: Vec::new(),
            ends: Vec::new(),
            done: 3,
            failed: 1,
            timed_out: 1,
            time: 1,
            refused: 10,
            length: 1..=30,
        }
    }

    /// Grows a sequence.
    pub(super) fn grow(&self, runner: &mut TestRunner) -> Result<SequenceTree<C, E>, Reason> {
        let (least, most) = (*self.length.start(), *self.length.end());
        let steps = least + below(runner, (most.saturating_sub(least) + 1) as u64) as usize;
        let (mut standing, _) = Standing::begin(&self.machine, self.context.clone());
        let mut elements = Vec::new();
        for _ in 0..steps {
            if standing.run.status().is_over() {
                break;
            }
            let (mut accepted, mut refused) = (Vec::new(), Vec::new());
            for choice in self.choices(&standing, runner)? {
                let Some((_, deed)) = choice.element.deed(&standing, &self.machine) else {
                    continue;
                };
                match attempt(&standing, &self.machine, &deed) {
                    Attempt::Accepted(next) => accepted.push((choice, next.0)),
                    Attempt::Refused(_) if matches!(deed, Deed::Event(_)) => refused.push(choice),
                    Attempt::Refused(_) => {}
                    // There is nothing to look for any longer.
                    Attempt::Panicked => {
                        elements.push(choice.element);
                        return Ok(self.tree(elements));
                    }
                }
            }
            if !refused.is_empty() && below(runner, 100) < u64::from(self.refused) {
                let at = draw(runner, refused.iter().map(|choice| choice.weight));
                elements.push(refused.swap_remove(at).element);
                continue;
            }
            if accepted.is_empty() {
                break;
            }
            let at = draw(runner, accepted.iter().map(|(choice, _)| choice.weight));
            let (choice, next) = accepted.swap_remove(at);
            elements.push(choice.element);
            standing = next;
        }
        Ok(self.tree(elements))
    }

    fn tree(&self, elements: Vec<Element<E>>) -> SequenceTree<C, E> {
        SequenceTree::new(self.machine.clone(), self.context.clone(), elements)
    }

    /// What could come next, whether it is accepted or not.
    fn choices(
        &self,
        standing: &Standing<C>,
        runner: &mut TestRunner,
    ) -> Result<Vec<Choice<E>>, Reason> {
        let graph = self.machine.graph();
        let mut choices = Vec::new();
        for Events { weight, name, strategy } in &self.events {
            let event = strategy.new_tree(runner)?;
            let element = Element::Event { name: name.clone(), event };
            choices.push(Choice { weight: *weight, element });
        }
        let mut states: Vec<StateId> =
            self.machine.under_way(&standing.run).iter().map(|start| start.state).collect();
        states.sort();
        states.dedup();
        for state in states {
            let name = graph.name_of(state);
            let own: Vec<&Ends<E>> = self.ends.iter().filter(|end| end.state == name).collect();
            let usual =
                [("done", self.done, Outcome::done()), ("failed", self.failed, Outcome::failed())];
            let mut ends: Vec<(u32, &str, BoxedStrategy<Outcome<E>>)> = Vec::new();
            match own.is_empty() {
                true => ends.extend(
                    usual.map(|(text, weight, outcome)| (weight, text, Just(outcome).boxed())),
                ),
                false => ends.extend(
                    own.iter().map(|end| (end.weight, end.name.as_str(), end.strategy.clone())),
                ),
            }
            for (weight, text, strategy) in ends {
                let outcome = strategy.new_tree(runner)?;
                let element =
                    Element::End { state: name.to_owned(), name: text.to_owned(), outcome };
                choices.push(Choice { weight, element });
            }
            if graph.timeout(state).is_some() {
                let element = Element::TimeOut { state: name.to_owned() };
                choices.push(Choice { weight: self.timed_out, element });
            }
        }
        choices.push(Choice { weight: self.time, element: Element::Time });
        choices.retain(|choice| choice.weight > 0);
        Ok(choices)
    }
}

/// What comes of a deed.
pub(super) enum Attempt<C> {
    Accepted(Box<(Standing<C>, Passage)>),
    Refused(Refusal),
    /// A guard or an action did.
    Panicked,
}

pub(super) fn attempt<C: Clone, E: Event + Clone>(
    standing: &Standing<C>,
    machine: &Machine<C, E>,
    deed: &Deed<E>,
) -> Attempt<C> {
    match panic::catch_unwind(AssertUnwindSafe(|| standing.after(machine, deed))) {
        Ok(Ok(next)) => Attempt::Accepted(Box::new(next)),
        Ok(Err(refusal)) => Attempt::Refused(refusal),
        Err(_) => Attempt::Panicked,
    }
}

/// A number below `limit`, which is more than 0.
fn below(runner: &mut TestRunner, limit: u64) -> u64 {
    runner.rng().next_u64() % limit
}

/// One of these, by their weights, of which there is one, and none is 0.
fn draw(runner: &mut TestRunner, weights: impl Iterator<Item = u32> + Clone) -> usize {
    let all: u64 = weights.clone().map(u64::from).sum();
    let mut left = below(runner, all);
    for (index, weight) in weights.enumerate() {
        match left.checked_sub(u64::from(weight)) {
            Some(rest) => left = rest,
            None => return index,
        }
    }
    0
}

/// The value of a boxed tree.
pub(super) type Tree<T> = Box<dyn ValueTree<Value = T>>;
