//! A flow that is ready to run: checked, compiled to a graph, bound to a transport.

use std::fmt;
use std::sync::{Arc, OnceLock};

use fsm_core::{Bindings, Drawing, Graph, Input, Machine, Snapshot, StepError, Timestamp};
use fsm_http::breaker::CircuitBreaker;
use fsm_http::limit::LimitStatus;
use fsm_http::metrics::MetricsSnapshot;
use fsm_http::resource::ResourceError;
use fsm_http::{Transport, TransportError};
use serde_json::Value;

use crate::call;
use crate::check::{self, InputCheck, InputFault};
use crate::compile::{Compiled, compile, work};
use crate::context::FlowContext;
use crate::durable::{TargetFault, target};
use crate::event::FlowEvent;
use crate::fault::Fault;
use crate::file::{self, Report};
use crate::memory::Memory;
use crate::open::{Open, OpenError};
use crate::plan::Plan;
use crate::report::RunReport;
use crate::rules::Rules;
use crate::run::FlowRun;
use crate::services::Services;
use crate::spec::FlowSpec;

/// A flow whose graph is drawn, checked, and run. Cheap to clone; its clones and all their runs share
/// connections, tokens, rate limits, circuit breakers, cache, and metrics.
#[derive(Clone)]
pub struct Flow {
    pub(crate) rules: Arc<Rules>,
    pub(crate) machine: Machine<FlowContext, FlowEvent>,
    inputs: Option<InputCheck>,
    services: Services,
    /// What a proof has to remember of a run; made by the first that asks.
    pub(crate) memory: Arc<OnceLock<Memory>>,
    /// The text that it was made from.
    definition: Option<Arc<str>>,
    /// Set by the first run.
    open: Arc<OnceLock<Arc<Open>>>,
}

/// Why a flow can't be built. `Debug` reads like `Display`, because that is what a `main` that
/// returns the error prints.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// What was declared has faults: all of them.
    #[error("the flow has faults:{}", list(.0))]
    Faults(Vec<Fault>),
    /// The compiled graph does not hold together: an error of this crate.
    #[error("the compiled graph is not sound (please report this): {0}")]
    Unsound(String),
}

impl fmt::Debug for FlowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn list(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("\n  - {fault}")).collect()
}

/// Why a text is no flow.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It has faults: all of them, with their places.
    #[error("{0}")]
    Report(Report),
    /// What it describes can't be built.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

/// An input that the flow's `inputs` do not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the input does not fit `inputs`: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct InputError(Vec<InputFault>);

/// Why a run can't begin; nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The input does not fit.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Resources can't be used: a secret is missing, a certificate can't be read. All of them.
    #[error("{}", crate::open::list(.0))]
    Resources(Vec<ResourceError>),
    /// The run's key or its target is no good.
    #[error(transparent)]
    Target(#[from] TargetFault),
    /// The HTTP client can't be set up on this machine.
    #[error("the HTTP client can't be set up: {0}")]
    Transport(#[from] TransportError),
}

impl From<OpenError> for RunError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Resources(errors) => RunError::Resources(errors),
            OpenError::Transport(error) => RunError::Transport(error),
        }
    }
}

impl InputError {
    /// Everything that does not fit.
    pub fn faults(&self) -> &[InputFault] {
        &self.0
    }
}

impl Flow {
    /// Checks and compiles a flow, with an HTTP client of its own. Reads no secret: the first run
    /// does.
    ///
    /// # Errors
    /// [`FlowError::Faults`] with everything that is wrong with it.
    ///
    /// # Complexity
    /// O(endpoints + dependencies).
    pub fn new(spec: FlowSpec) -> Result<Self, FlowError> {
        Self::with_services(spec, Services::new())
    }

    /// As [`Flow::new`], with a transport of the caller's choice: one that several flows share,
    /// or the one in memory for tests.
    ///
    /// # Errors
    /// As [`Flow::new`].
    pub fn with_transport(
        spec: FlowSpec,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, FlowError> {
        Self::with_services(spec, Services::new().with_transport(transport))
    }

    /// As [`Flow::new`], with circuit breakers, cache, and metrics of the caller's choice, which
    /// several flows may share.
    ///
    /// # Errors
    /// As [`Flow::new`].
    pub fn with_services(spec: FlowSpec, services: Services) -> Result<Self, FlowError> {
        let faults = check::check(&spec);
        if !faults.is_empty() {
            return Err(FlowError::Faults(faults));
        }
        let inputs = spec.inputs.as_ref().map(InputCheck::new).transpose();
        let inputs = inputs.map_err(FlowError::Faults)?;
        let plan = Plan::new(spec);
        let Compiled { graph, units, undos } =
            compile(&plan).map_err(|faults| FlowError::Unsound(faults.to_string()))?;
        let (plan, units, undos) = (Arc::new(plan), units.into(), Arc::new(undos));
        let rules = Arc::new(Rules { plan, units, undos, proof: None });
        let open: Arc<OnceLock<Arc<Open>>> = Arc::default();
        let mut bindings = Bindings::new();
        for call in rules.plan.calls() {
            let (rules, open) = (rules.clone(), open.clone());
            let (name, asked) = (work(call), rules.clone());
            bindings = bindings.activity_boxed(name.clone(), move |context, visit| {
                call::start(&rules, &open, context, visit)
            });
            bindings = bindings.interrupted(name, move |_, visit| call::interrupted(&asked, visit));
        }
        let machine = Machine::bind(graph, rules.bind(bindings))
            .map_err(|faults| FlowError::Unsound(faults.to_string()))?;
        let memory = Arc::default();
        let definition = None;
        Ok(Self { rules, machine, inputs, services, memory, definition, open })
    }

    /// Reads, checks, and compiles a flow file; runs with a journal keep its text, so that they can
    /// be resumed by who does not have the file.
    ///
    /// # Errors
    /// [`FileError`] with everything that is wrong with it.
    pub fn from_text(name: &str, text: &str, services: Services) -> Result<Self, FileError> {
        let loaded = file::load(name, text).map_err(FileError::Report)?;
        Ok(Self::with_services(loaded.spec, services)?.with_definition(text))
    }

    /// Says which text of a flow file it was made from. It is kept with every run that has a journal.
    #[must_use]
    pub fn with_definition(self, text: impl Into<Arc<str>>) -> Self {
        Self { definition: Some(text.into()), ..self }
    }

    /// The text that it was made from, if it was said.
    pub fn definition(&self) -> Option<&str> {
        self.definition.as_deref()
    }

    /// The flow's name.
    pub fn name(&self) -> &str {
        &self.rules.plan.flow.name
    }

    /// The graph that runs are driven along: what is drawn is what executes.
    pub fn graph(&self) -> &Graph {
        self.machine.graph()
    }

    /// A drawing of the graph for people: without the flow's own house-keeping.
    pub fn drawing(&self) -> Drawing<'_> {
        self.graph().drawing().without_actions()
    }

    /// The names of the endpoints in declared order.
    pub fn endpoints(&self) -> impl ExactSizeIterator<Item = &str> {
        self.rules.plan.endpoints.iter().map(|endpoint| &*endpoint.name)
    }

    /// A run with `input`; await it. Where the flow names a `target` and its file is there, the run is
    /// complete already, and returns what the file holds. The first run of a flow reads the secrets of its resources and
    /// opens their HTTP clients; later ones share them.
    ///
    /// # Errors
    /// [`RunError`] where the flow declares `inputs` that `input` does not satisfy, or where a
    /// resource can't be used, for instance because the environment lacks a secret: nothing was
    /// sent.
    pub fn run(&self, input: Value) -> Result<FlowRun, RunError> {
        let mut run = self.run_anew(input)?;
        if let Some(path) = &run.target {
            run.found = target::read(path, self.name())?.map(Box::new);
        }
        Ok(run)
    }

    /// As [`run`](Self::run), also where the run's `target` is there: it is replaced when the run
    /// completes, whatever it is.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_anew(&self, input: Value) -> Result<FlowRun, RunError> {
        self.check_input(&input)?;
        let spec = &self.rules.plan.flow;
        let (key, target) = (target::key_of(spec, &input)?, target::path_of(spec, &input)?);
        let open = self.open()?.clone();
        Ok(FlowRun::new(self.clone(), open, input, key, target))
    }

    /// What is needed to send; made once.
    pub(crate) fn open(&self) -> Result<&Arc<Open>, OpenError> {
        if let Some(open) = self.open.get() {
            return Ok(open);
        }
        let fresh = Open::new(&self.rules.plan, &self.services)?;
        // Whoever was first counts: there must be one bucket and one token for all.
        Ok(self.open.get_or_init(|| Arc::new(fresh)))
    }

    /// What the runs of this flow share.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Counts and latencies of all runs so far, by endpoint and overall. Where several flows share
    /// their services, they are counted together.
    pub fn get_metrics(&self) -> MetricsSnapshot {
        self.services.metrics.snapshot()
    }

    /// Forgets the answers that were kept for an endpoint; where several flows share their services,
    /// for every endpoint of that name.
    pub fn clear_cache(&self, endpoint: &str) {
        self.services.cache.clear(endpoint);
    }

    /// Forgets every answer that was kept.
    pub fn clear_all_cache(&self) {
        self.services.cache.clear_all();
    }

    /// The circuit breaker of an endpoint; `None` before the first run, and without a threshold.
    pub fn circuit_breaker(&self, endpoint: &str) -> Option<CircuitBreaker> {
        self.services.breakers.get(self.name(), endpoint)
    }

    /// How an endpoint stands at its rate limits: its own, its resource's, the global one; empty
    /// before the first run.
    pub fn rate_limits(&self, endpoint: &str) -> Vec<LimitStatus> {
        let index = self.rules.plan.by_name.get(endpoint);
        let caller = self.open.get().zip(index).map(|(open, index)| open.callers[*index].as_ref());
        caller.flatten().map_or(Vec::new(), |caller| caller.rate_limits())
    }

    pub(crate) fn check_input(&self, input: &Value) -> Result<(), InputError> {
        let faults = self.inputs.as_ref().map_or(Vec::new(), |inputs| inputs.check(input));
        if faults.is_empty() { Ok(()) } else { Err(InputError(faults)) }
    }

    /// Repeats a run from its inputs, as an [`Observer`](fsm_core::Observer) heard them, without
    /// sending anything: the snapshot comes out byte for byte as it was. `id`, `input`, and `seed`
    /// are those of the run.
    ///
    /// # Errors
    /// The first input that is refused: then the inputs are not those of a run of this flow.
    pub fn replay<'a>(
        &self,
        id: impl Into<String>,
        input: Value,
        seed: u64,
        inputs: impl IntoIterator<Item = &'a (Timestamp, Input<FlowEvent>)>,
    ) -> Result<Snapshot<FlowContext>, StepError> {
        let context = FlowContext::new(&self.rules.plan, id.into(), input);
        self.machine.replay(context, seed, inputs)
    }

    /// Runs the flow to its end.
    ///
    /// # Errors
    /// As [`Flow::run`]. What goes wrong with calls is in the report.
    ///
    /// # Cancel safety
    /// Dropping the future drops the calls that are under way.
    pub async fn execute(&self, input: Value) -> Result<RunReport, RunError> {
        Ok(self.run(input)?.await)
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow").field("name", &self.name()).finish_non_exhaustive()
    }
}
