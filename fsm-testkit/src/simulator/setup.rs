//! What is simulated, how often, and what must hold of it.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use fsm_core::{Event, Machine, Snapshot};

use super::behaviour::Behaviour;
use super::chance::kind_of;
use super::course::{Course, Disturbance};
use super::failed::{FailedRun, RunsError};
use super::run::{Ending, SimulatedRun, Violation};
use super::shrink::shrink;
use super::summary::Summary;
use super::world::{Casting, World, WorldFaults};

/// The variable of the environment that holds the one seed to run.
pub const SEED: &str = "FSM_SIMULATION_SEED";

type Invariant<C> = Arc<dyn Fn(&Snapshot<C>) -> Result<(), String> + Send + Sync>;
type Check<C, E> = Arc<dyn Fn(&SimulatedRun<C, E>) -> Result<(), String> + Send + Sync>;
type Store<C> = Arc<dyn Fn(&Snapshot<C>) -> Result<Snapshot<C>, String> + Send + Sync>;

/// Runs a machine in a [`World`], under virtual time, as chance has it. See the
/// [module](super) for an example.
pub struct Simulator<C, E> {
    pub(super) machine: Machine<C, E>,
    pub(super) context: C,
    pub(super) world: World<C, E>,
    pub(super) casting: Casting<C, E>,
    /// By state, what its chance is derived from.
    pub(super) kinds: Vec<u64>,
    seed: u64,
    pub(super) until: Duration,
    pub(super) max_steps: usize,
    pub(super) invariants: Vec<(String, Invariant<C>)>,
    checks: Vec<(String, Check<C, E>)>,
    pub(super) store: Option<Store<C>>,
}

impl<C: Clone, E: Event + Clone> Simulator<C, E> {
    /// Runs of `machine` that begin with `context`, in a calm world, from seed 0 on. A run is left
    /// after a day of virtual time, or 10,000 steps.
    ///
    /// A machine that runs within a state is work like an activity: the world says what comes of it.
    pub fn new(machine: impl Into<Machine<C, E>>, context: C) -> Self {
        let machine = machine.into();
        let graph = machine.graph();
        let kinds: Vec<u64> = graph.states().map(|state| kind_of(graph.name_of(state))).collect();
        Self {
            context,
            world: World::new(),
            casting: Casting { by_state: vec![0; kinds.len()], behaviours: vec![Behaviour::new()] },
            kinds,
            seed: 0,
            until: Duration::from_secs(86_400),
            max_steps: 10_000,
            invariants: Vec::new(),
            checks: Vec::new(),
            store: None,
            machine,
        }
    }

    /// Puts the machine into a world.
    ///
    /// # Errors
    /// The world speaks of states or activities that the machine does not have, or its probabilities
    /// are none; everything at once.
    pub fn world(mut self, world: World<C, E>) -> Result<Self, WorldFaults> {
        self.casting = world.resolve(self.machine.graph())?;
        self.world = world;
        // What is said at one point in time is said in the order in which it was written.
        self.world.said.sort_by_key(|(at, _)| *at);
        Ok(self)
    }

    /// The seed of the first run; those of further runs follow it.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How long a run may take, in virtual time. One that takes longer is left where it stands.
    #[must_use]
    pub fn until(mut self, until: Duration) -> Self {
        self.until = until;
        self
    }

    /// How many inputs a run may take. One that takes more is left where it stands.
    #[must_use]
    pub fn max_steps(mut self, steps: usize) -> Self {
        self.max_steps = steps;
        self
    }

    /// Something that must hold after every step.
    #[must_use]
    pub fn invariant(
        mut self,
        name: impl Into<String>,
        holds: impl Fn(&Snapshot<C>) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.invariants.push((name.into(), Arc::new(holds)));
        self
    }

    /// Something that must hold of every run as a whole. A check may also panic, as assertions do.
    #[must_use]
    pub fn check(
        mut self,
        name: impl Into<String>,
        holds: impl Fn(&SimulatedRun<C, E>) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.checks.push((name.into(), Arc::new(holds)));
        self
    }

    /// Every run must come to its end, or be cancelled.
    #[must_use]
    pub fn always_ends(self) -> Self {
        self.check("every run ends", |run| match run.ending() {
            Ending::Finished(_) | Ending::Cancelled => Ok(()),
            Ending::Waiting => {
                Err(format!("it waits for ever at {}", run.configuration().join(", ")))
            }
            Ending::OutOfTime | Ending::OutOfSteps => {
                Err(format!("it still goes on, at {}", run.configuration().join(", ")))
            }
            Ending::Stuck(_) | Ending::Violated => Err("it broke off".into()),
        })
    }

    /// What is left of a run after a crash: `store` saves the snapshot and reads it again, as the
    /// program does, for instance through JSON. Without it the snapshot itself is carried on.
    #[must_use]
    pub fn stored(
        mut self,
        store: impl Fn(&Snapshot<C>) -> Result<Snapshot<C>, String> + Send + Sync + 'static,
    ) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// One run, with the first seed. What does not hold is in the run.
    pub fn run(&self) -> SimulatedRun<C, E> {
        self.run_with(self.seed)
    }

    /// One run, with this seed.
    pub fn run_with(&self, seed: u64) -> SimulatedRun<C, E> {
        self.simulate(seed, &BTreeSet::new())
    }

    /// Runs with `count` seeds, and what came of them; or the first run in which something does not
    /// hold, made shorter.
    ///
    /// Besides what was asked for, no run may get stuck, no code may panic (each panic is printed, as
    /// always), a run must be restored after a crash, and the world may send no event that the machine
    /// does not know.
    ///
    /// Where the variable [`FSM_SIMULATION_SEED`](SEED) is set, only that seed is run.
    ///
    /// # Errors
    /// [`RunsError::Failed`] with the first run that failed; [`RunsError::Seed`] if the variable
    /// is no number.
    pub fn runs(&self, count: u64) -> Result<Summary, RunsError<C, E>> {
        let seeds = seeds(self.seed, count).map_err(|found| RunsError::Seed { found })?;
        let mut summary = Summary::new(self.machine.graph());
        for seed in seeds {
            let run = self.run_with(seed);
            if run.violation.is_some() {
                let (run, original) = shrink(run, |calm| self.simulate(seed, calm));
                let held = summary.runs();
                return Err(RunsError::Failed(Box::new(FailedRun { run, original, held })));
            }
            summary.add(self.machine.graph(), &run);
        }
        Ok(summary.sorted())
    }

    /// The run of a seed, without what is in `calm`.
    pub(super) fn simulate(&self, seed: u64, calm: &BTreeSet<Disturbance>) -> SimulatedRun<C, E> {
        let mut course = Course::new(self, seed, calm);
        let ended = caught(|| course.go());
        let Course { run: snapshot, log, .. } = course;
        let (ending, violation) = match ended {
            Ok(ending) => (ending, None),
            Err(violation) => (Ending::Violated, Some(violation)),
        };
        let machine = self.machine.clone();
        let mut run = SimulatedRun { machine, seed, snapshot, ending, violation, log };
        if run.violation.is_none() {
            run.violation = self.checks.iter().find_map(|(name, check)| {
                caught(|| check(&run).map_err(|why| Violation::new(name.clone(), why))).err()
            });
        }
        run
    }
}

/// `count` seeds from `first` on, or the one in the environment; what stands there, if that is no
/// number.
pub(super) fn seeds(first: u64, count: u64) -> Result<Range<u64>, String> {
    match std::env::var(SEED) {
        Err(_) => Ok(first..first.saturating_add(count)),
        Ok(text) => match text.parse::<u64>() {
            Ok(seed) => Ok(seed..seed.saturating_add(1)),
            Err(_) => Err(text),
        },
    }
}

/// A panic is something that does not hold, like any other.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T, Violation>) -> Result<T, Violation> {
    // What was being changed is not looked at again, but for what was written down before.
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Violation::new("no code panics", message(&*panic))))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it panicked with a value that is no text".to_owned())
}

impl<C: fmt::Debug, E> fmt::Debug for Simulator<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("machine", &self.machine)
            .field("context", &self.context)
            .field("world", &self.world)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
