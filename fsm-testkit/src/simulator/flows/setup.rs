//! Which flow is simulated, over which API, and what must hold of its runs.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fsm_http::{MemoryTransport, Reply, Transport};
use fsm_patterns::spec::FlowSpec;
use fsm_patterns::{Flow, FlowError, RunError, RunReport};
use serde_json::{Value, json};

use super::api::{Api, ApiFaults};
use super::failed::{FailedFlowRun, FlowRunsError, FlowSummary};
use super::log::{Disturbance, Log};
use super::run::SimulatedFlowRun;
use super::scene::{Scene, Watch};
use crate::simulator::chance::{Chance, kind_of};
use crate::simulator::run::Violation;
use crate::simulator::setup::{caught, seeds};
use crate::simulator::shrink::shrink;

type Build = Arc<dyn Fn(Arc<dyn Transport>) -> Result<Flow, FlowError> + Send + Sync>;
type Check = Arc<dyn Fn(&SimulatedFlowRun) -> Result<(), String> + Send + Sync>;
type Input = Arc<dyn Fn(&mut Chance) -> Value + Send + Sync>;

/// Runs a flow over an [`Api`] in memory, as chance has it. See the [module](super) for an example.
pub struct FlowSimulator {
    build: Build,
    api: Arc<Api>,
    input: Input,
    seed: u64,
    until: Duration,
    checks: Vec<(String, Check)>,
}

/// Why a simulated run could not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The flow can't be built.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The run can't begin: its input does not fit, or a resource lacks a secret.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The runtime can't be set up on this machine.
    #[error("tokio's runtime can't be set up: {0}")]
    Runtime(#[from] std::io::Error),
}

impl FlowSimulator {
    /// Runs of the flow that `build` gives over a transport, which is asked anew for each run. They
    /// begin with the input `{}`, from seed 0 on, over a calm API, and are left after a day of virtual
    /// time.
    ///
    /// # Errors
    /// The flow has faults.
    pub fn new(
        build: impl Fn(Arc<dyn Transport>) -> Result<Flow, FlowError> + Send + Sync + 'static,
    ) -> Result<Self, FlowError> {
        build(Arc::new(MemoryTransport::replying(|_| Reply::status(200))))?;
        Ok(Self {
            build: Arc::new(build),
            api: Arc::new(Api::new()),
            input: Arc::new(|_| json!({})),
            seed: 0,
            until: Duration::from_secs(86_400),
            checks: Vec::new(),
        })
    }

    /// Runs of a flow as it is read from a file.
    ///
    /// # Errors
    /// The flow has faults.
    pub fn of(spec: FlowSpec) -> Result<Self, FlowError> {
        Self::new(move |transport| Flow::with_transport(spec.clone(), transport))
    }

    /// The API that the flow calls.
    ///
    /// # Errors
    /// A route's path, a status, or a probability is none; everything at once.
    pub fn api(mut self, api: Api) -> Result<Self, ApiFaults> {
        api.check()?;
        self.api = Arc::new(api);
        Ok(self)
    }

    /// The input of every run.
    #[must_use]
    pub fn input(self, input: Value) -> Self {
        self.inputs(move |_| input.clone())
    }

    /// The input of each run, as chance has it.
    #[must_use]
    pub fn inputs(mut self, input: impl Fn(&mut Chance) -> Value + Send + Sync + 'static) -> Self {
        self.input = Arc::new(input);
        self
    }

    /// The seed of the first run; those of further runs follow it.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How long a run may take, in virtual time. One that takes longer is a failure.
    #[must_use]
    pub fn until(mut self, until: Duration) -> Self {
        self.until = until;
        self
    }

    /// Something that must hold of every run. A check may also panic, as assertions do.
    #[must_use]
    pub fn check(
        mut self,
        name: impl Into<String>,
        holds: impl Fn(&SimulatedFlowRun) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.checks.push((name.into(), Arc::new(holds)));
        self
    }

    /// One run, with the first seed. What does not hold is in the run.
    pub fn run(&self) -> SimulatedFlowRun {
        self.run_with(self.seed)
    }

    /// One run, with this seed.
    pub fn run_with(&self, seed: u64) -> SimulatedFlowRun {
        self.simulate(seed, &BTreeSet::new())
    }

    /// Runs with `count` seeds, and what came of them; or the first run in which something does not
    /// hold, made shorter. Besides what was asked for, every run must begin and end in time, and no
    /// code may panic.
    ///
    /// Where the variable [`FSM_SIMULATION_SEED`](crate::simulator::SEED) is set, only that seed is
    /// run.
    ///
    /// # Errors
    /// [`FlowRunsError::Failed`] with the first run that failed; [`FlowRunsError::Seed`] if the
    /// variable is no number.
    pub fn runs(&self, count: u64) -> Result<FlowSummary, FlowRunsError> {
        let seeds = seeds(self.seed, count).map_err(|found| FlowRunsError::Seed { found })?;
        let mut summary = FlowSummary::default();
        for seed in seeds {
            let run = self.run_with(seed);
            if run.violation.is_some() {
                let (run, original) = shrink(run, |calm| self.simulate(seed, calm));
                let held = summary.runs();
                return Err(FlowRunsError::Failed(Box::new(FailedFlowRun { run, original, held })));
            }
            summary.add(&run);
        }
        Ok(summary)
    }

    fn simulate(&self, seed: u64, calm: &BTreeSet<Disturbance>) -> SimulatedFlowRun {
        let mut run = SimulatedFlowRun {
            seed,
            report: None,
            violation: None,
            lines: Vec::new(),
            disturbances: BTreeSet::new(),
            took: Duration::ZERO,
        };
        let ended = caught(|| {
            // One for each run, so that its clock begins at zero.
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build();
            let began = |why: StartError| Violation::new("every run begins", why.to_string());
            let runtime = runtime.map_err(|why| began(why.into()))?;
            runtime.block_on(self.drive(seed, calm, &mut run)).map_err(began)
        });
        match ended {
            Err(violation) => run.violation = Some(violation),
            Ok(None) => {
                let why = format!("it still goes on after {:?}", self.until);
                run.violation = Some(Violation::new("every run ends in time", why));
            }
            Ok(Some(report)) => {
                run.report = Some(report);
                run.violation = self.checks.iter().find_map(|(name, check)| {
                    let held = || check(&run).map_err(|why| Violation::new(name.clone(), why));
                    caught(held).err()
                });
            }
        }
        run
    }

    async fn drive(
        &self,
        seed: u64,
        calm: &BTreeSet<Disturbance>,
        run: &mut SimulatedFlowRun,
    ) -> Result<Option<RunReport>, StartError> {
        let log = Log::new(self.api.routes());
        let scene = Scene::new(self.api.clone(), seed, calm.clone(), log.clone());
        let flow = (self.build)(Arc::new(scene))?;
        let watch = Watch { graph: flow.graph().clone(), log: log.clone() };
        let input = (self.input)(&mut Chance::of(seed, kind_of("the input"), 0));
        let drive = flow.run(input)?.id(format!("{seed:016x}")).seed(seed).observer(watch).drive();
        let report = tokio::time::timeout(self.until, drive).await.ok();
        run.took = log.elapsed();
        let mut kept = log.lock();
        run.lines = std::mem::take(&mut kept.lines);
        run.disturbances = std::mem::take(&mut kept.disturbances);
        Ok(report)
    }
}

impl fmt::Debug for FlowSimulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowSimulator")
            .field("api", &self.api)
            .field("seed", &self.seed)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}
