//! Many sequences are tried; the first that fails is made short.

use std::fmt::Debug;
use std::hash::{BuildHasher, RandomState};

use fsm_core::Event;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::failure::{Broken, Failure};
use super::{SequenceTree, Sequences};
use crate::deed::Deed;
use crate::simulation::Simulation;
use crate::verdict::{Verdict, failure_of};
use crate::walks::{Step, Walk};

/// What went wrong, after how many steps.
struct Wrong {
    after: usize,
    broken: Broken,
    said: String,
    context: String,
}

impl<C, E> Sequences<C, E>
where
    C: Clone + Debug + 'static,
    E: Event + Clone + Debug + 'static,
{
    /// Tries sequences, and stops a test with the short form of the first that breaks what
    /// [`always`](Self::always) is to hold.
    ///
    /// # Panics
    /// If something does not hold, with the failure as text.
    #[track_caller]
    pub fn check(&self) {
        if let Some(failure) = self.find_failure() {
            panic!("{failure}");
        }
    }

    /// As [`check`](Self::check), for what gives the failure to others.
    ///
    /// # Panics
    /// If a strategy rejects too much to give a sequence at all.
    pub fn find_failure(&self) -> Option<Failure<E>> {
        self.search(|walk| self.first_wrong::<(), ()>(walk, None))
    }

    /// Does the same steps to another system, of which the machine is the model: `begin` gives a
    /// new one for each sequence, and `step` does one step to it and says whether it did as the
    /// machine does. That is told by the step: what is done, where the machine stands afterwards,
    /// and whether it refused.
    ///
    /// # Panics
    /// If the system differs, or something else does not hold, with the failure as text.
    ///
    /// # Examples
    /// ```
    /// # use fsm_core::{Event, Machine};
    /// # use fsm_testkit::sequences::Sequences;
    /// # use proptest::prelude::*;
    /// # #[derive(Clone, Debug)]
    /// # enum Lamp { Off, On }
    /// # #[derive(Clone, Debug)]
    /// # struct Press;
    /// # impl Event for Press {}
    /// # let machine = Machine::<(), Press>::builder("lamp")
    /// #     .on(Lamp::Off, Press).to(Lamp::On)
    /// #     .on(Lamp::On, Press).to(Lamp::Off)
    /// #     .build(Lamp::Off)?;
    /// let presses = Sequences::of(&machine, ()).event(1, "press", Just(Press));
    /// presses.check_against(|| false, |is_on, step| {
    ///     *is_on = !*is_on;
    ///     *is_on == (step.configuration() == ["On"])
    /// });
    /// # Ok::<(), fsm_core::BuildError>(())
    /// ```
    #[track_caller]
    pub fn check_against<S, V: Verdict>(
        &self,
        begin: impl Fn() -> S,
        step: impl Fn(&mut S, &Step<Deed<E>>) -> V,
    ) {
        if let Some(failure) = self.find_difference(begin, step) {
            panic!("{failure}");
        }
    }

    /// As [`check_against`](Self::check_against), for what gives the failure to others.
    ///
    /// # Panics
    /// If a strategy rejects too much to give a sequence at all.
    pub fn find_difference<S, V: Verdict>(
        &self,
        begin: impl Fn() -> S,
        step: impl Fn(&mut S, &Step<Deed<E>>) -> V,
    ) -> Option<Failure<E>> {
        self.search(|walk| self.first_wrong(walk, Some((&begin, &step))))
    }

    fn search(&self, wrong: impl Fn(&Walk<Deed<E>>) -> Option<Wrong>) -> Option<Failure<E>> {
        let seed = self.seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let config = Config { failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, rng);
        for held in 0..self.cases {
            let mut tree = match self.new_tree(&mut runner) {
                Ok(tree) => tree,
                Err(reason) => panic!("no sequence can be made: {reason}"),
            };
            if let Some(first) = wrong(&tree.current()) {
                let (walk, last) = shrink(&mut tree, first, &wrong);
                let Wrong { broken, said, context, .. } = last;
                return Some(Failure { walk, broken, said, context, seed, held });
            }
        }
        None
    }

    /// The first thing that goes wrong along a walk.
    #[allow(clippy::type_complexity, reason = "two closures that are used in one place")]
    fn first_wrong<S, V: Verdict>(
        &self,
        walk: &Walk<Deed<E>>,
        system: Option<(&dyn Fn() -> S, &dyn Fn(&mut S, &Step<Deed<E>>) -> V)>,
    ) -> Option<Wrong> {
        let mut simulation = Simulation::new(self.plan.machine.clone(), self.plan.context.clone());
        let mut beside = system.map(|(begin, step)| (begin(), step));
        if let Some(wrong) = self.broken(&simulation, 0) {
            return Some(wrong);
        }
        for (index, step) in walk.steps().iter().enumerate() {
            let after = index + 1;
            // Whether it is refused is known.
            let perform = || drop(step.deed().perform(&mut simulation));
            if let Some(said) = failure_of(perform) {
                let context = format!("{:?}", simulation.snapshot().context());
                return Some(Wrong { after, broken: Broken::Machine, said, context });
            }
            simulation.forget();
            if let Some((system, act)) = &mut beside
                && let Some(said) = failure_of(|| act(system, step))
            {
                let context = format!("{:?}", simulation.snapshot().context());
                return Some(Wrong { after, broken: Broken::System, said, context });
            }
            if let Some(wrong) = self.broken(&simulation, after) {
                return Some(wrong);
            }
        }
        None
    }

    /// The first promise that does not hold.
    fn broken(&self, simulation: &Simulation<C, E>, after: usize) -> Option<Wrong> {
        self.promises.iter().find_map(|(name, holds)| {
            let said = holds(simulation)?;
            let context = format!("{:?}", simulation.snapshot().context());
            Some(Wrong { after, broken: Broken::Invariant(name.clone()), said, context })
        })
    }
}

/// Makes a sequence that fails short.
fn shrink<C, E>(
    tree: &mut SequenceTree<C, E>,
    first: Wrong,
    wrong: &impl Fn(&Walk<Deed<E>>) -> Option<Wrong>,
) -> (Walk<Deed<E>>, Wrong)
where
    C: Clone + Debug + 'static,
    E: Event + Clone + Debug + 'static,
{
    let cut = |mut walk: Walk<Deed<E>>, wrong: &Wrong| {
        walk.steps.truncate(wrong.after);
        walk
    };
    tree.truncate(first.after);
    let mut best = (cut(tree.current(), &first), first);
    let mut is_changed = tree.simplify();
    while is_changed {
        let walk = tree.current();
        is_changed = match wrong(&walk) {
            Some(found) => {
                best = (cut(walk, &found), found);
                tree.simplify()
            }
            // What was cut is needed: it is as it was, which need not be tried again.
            None if tree.restore() => tree.simplify(),
            None => tree.complicate() || tree.simplify(),
        };
    }
    best
}
