//! How a sequence shrinks.
//!
//! First steps are left out: half of them, a quarter, and so on, then every few in a row, until
//! none can be left out any more. Then what the steps carry is made simpler, one after another.
//! After a step was left out those behind it may do something else, or be impossible; what is
//! impossible, such as the end of an activity that is not under way, is left out with it.

use std::fmt::{self, Debug};

use fsm_core::{Event, Machine};
use proptest::strategy::ValueTree;

use super::plan::{Attempt, Tree, attempt};
use crate::deed::{Deed, Standing};
use crate::walks::{Step, Walk, names, waiting};

/// The most steps in a row that are left out together at the end.
const FEW: usize = 6;

/// A step that can be made simpler.
pub(super) enum Element<E> {
    /// An event comes.
    Event { name: String, event: Tree<E> },
    /// An activity ends.
    End { state: String, name: String, outcome: Tree<fsm_core::Outcome<E>> },
    /// An activity takes too long.
    TimeOut { state: String },
    /// Time passes until the next timer fires.
    Time,
}

impl<E: Event + Clone + Debug> Element<E> {
    /// What it does where a run stands, and what that is called; `None`: it can't be done there.
    pub(super) fn deed<C: Clone>(
        &self,
        standing: &Standing<C>,
        machine: &Machine<C, E>,
    ) -> Option<(String, Deed<E>)> {
        let under_way = machine.under_way(&standing.run);
        let label = |state: &str, text: &str| match under_way.len() {
            0 | 1 => text.to_owned(),
            _ => format!("{state} {text}"),
        };
        Some(match self {
            Element::Event { name, event } => (name.clone(), Deed::Event(event.current())),
            Element::End { state, name, outcome } => {
                let deed = Deed::End { state: state.clone(), outcome: outcome.current() };
                (label(state, name), deed)
            }
            Element::TimeOut { state } => {
                (label(state, "timed out"), Deed::TimeOut { state: state.clone() })
            }
            Element::Time => waiting(standing.next_timer(machine)?),
        })
    }

    fn simplify(&mut self) -> bool {
        match self {
            Element::Event { event, .. } => event.simplify(),
            Element::End { outcome, .. } => outcome.simplify(),
            Element::TimeOut { .. } | Element::Time => false,
        }
    }

    fn complicate(&mut self) -> bool {
        match self {
            Element::Event { event, .. } => event.complicate(),
            Element::End { outcome, .. } => outcome.complicate(),
            Element::TimeOut { .. } | Element::Time => false,
        }
    }
}

/// A sequence that can be made shorter and simpler.
pub struct SequenceTree<C, E> {
    machine: Machine<C, E>,
    context: C,
    elements: Vec<Element<E>>,
    /// Which of them are still there.
    kept: Vec<usize>,
    /// What was kept before the last cut.
    before: Option<Vec<usize>>,
    shrink: Shrink,
}

/// What is tried next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shrink {
    /// Leaving out so many at this place, one block beside the other.
    Blocks { size: usize, at: usize },
    /// Leaving out so many from this place on; whether something was left out in this round.
    Few { size: usize, at: usize, has_cut: bool },
    /// Making simpler what this one carries.
    Carried { at: usize },
}

impl<C, E> SequenceTree<C, E> {
    pub(super) fn new(machine: Machine<C, E>, context: C, elements: Vec<Element<E>>) -> Self {
        let kept: Vec<usize> = (0..elements.len()).collect();
        let shrink = Shrink::Blocks { size: kept.len(), at: 0 };
        Self { machine, context, elements, kept, before: None, shrink }
    }

    /// Forgets all steps but the first so many: those behind are of no account.
    pub(super) fn truncate(&mut self, steps: usize) {
        self.kept.truncate(steps);
        self.before = None;
        self.shrink = Shrink::Blocks { size: self.kept.len(), at: 0 };
    }

    /// The place after this one; a cut is tried there next.
    fn skip(&mut self) {
        self.shrink = match self.shrink {
            Shrink::Blocks { size, at } => Shrink::Blocks { size, at: at + size },
            Shrink::Few { size, at, has_cut } => Shrink::Few { size, at: at + 1, has_cut },
            Shrink::Carried { at } => Shrink::Carried { at: at + 1 },
        };
    }

    /// Puts back what the last step of shrinking left out; whether that was it.
    pub(super) fn restore(&mut self) -> bool {
        let Some(before) = self.before.take() else { return false };
        self.kept = before;
        self.skip();
        true
    }

    fn cut(&mut self, at: usize, size: usize) {
        self.before = Some(self.kept.clone());
        self.kept.drain(at..at + size);
    }
}

impl<C, E> ValueTree for SequenceTree<C, E>
where
    C: Clone + Debug + 'static,
    E: Event + Clone + Debug + 'static,
{
    type Value = Walk<Deed<E>>;

    fn current(&self) -> Walk<Deed<E>> {
        let graph = self.machine.graph();
        let (mut standing, _) = Standing::begin(&self.machine, self.context.clone());
        let begins = names(graph, &standing);
        let mut steps = Vec::new();
        for index in &self.kept {
            let Some((label, does)) = self.elements[*index].deed(&standing, &self.machine) else {
                continue;
            };
            let step = |does, label, standing: &Standing<C>, by, refusal| Step {
                does,
                label,
                at: names(graph, standing),
                by,
                refusal,
            };
            match attempt(&standing, &self.machine, &does) {
                Attempt::Accepted(next) => {
                    let (next, passage) = *next;
                    steps.push(step(does, label, &next, passage.takes, None));
                    standing = next;
                }
                Attempt::Refused(refusal) if matches!(does, Deed::Event(_)) => {
                    steps.push(step(does, label, &standing, Vec::new(), Some(refusal)));
                }
                Attempt::Refused(_) => {}
                Attempt::Panicked => {
                    steps.push(step(does, label, &standing, Vec::new(), None));
                    break;
                }
            }
        }
        Walk { begins, steps }
    }

    fn simplify(&mut self) -> bool {
        // Whatever was cut before is cut for good.
        if let (Some(_), Shrink::Few { has_cut, .. }) = (self.before.take(), &mut self.shrink) {
            *has_cut = true;
        }
        loop {
            let length = self.kept.len();
            self.shrink = match self.shrink {
                Shrink::Blocks { size: 0, .. } => {
                    Shrink::Few { size: FEW.min(length), at: 0, has_cut: false }
                }
                Shrink::Blocks { size, at } if at + size <= length => {
                    self.cut(at, size);
                    return true;
                }
                Shrink::Blocks { size, .. } => Shrink::Blocks { size: size / 2, at: 0 },
                Shrink::Few { size: 0, has_cut: true, .. } => {
                    Shrink::Few { size: FEW.min(length), at: 0, has_cut: false }
                }
                Shrink::Few { size: 0, has_cut: false, .. } => Shrink::Carried { at: 0 },
                Shrink::Few { size, at, .. } if at + size <= length => {
                    self.cut(at, size);
                    return true;
                }
                Shrink::Few { size, has_cut, .. } => Shrink::Few { size: size - 1, at: 0, has_cut },
                Shrink::Carried { at } if at >= length => return false,
                Shrink::Carried { at } => {
                    if self.elements[self.kept[at]].simplify() {
                        return true;
                    }
                    Shrink::Carried { at: at + 1 }
                }
            };
        }
    }

    fn complicate(&mut self) -> bool {
        if self.restore() {
            return true;
        }
        match self.shrink {
            Shrink::Carried { at } if at < self.kept.len() => {
                let is_changed = self.elements[self.kept[at]].complicate();
                if !is_changed {
                    self.skip();
                }
                is_changed
            }
            Shrink::Carried { .. } | Shrink::Blocks { .. } | Shrink::Few { .. } => false,
        }
    }
}

impl<C, E> Debug for SequenceTree<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SequenceTree")
            .field("steps", &self.kept.len())
            .field("shrink", &self.shrink)
            .finish_non_exhaustive()
    }
}
