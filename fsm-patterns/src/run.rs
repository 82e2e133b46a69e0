//! One run of a flow.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use fsm_core::{Debugged, Debugger, Ended, Handle, Inbox, Observer, Snapshot, Status};
use fsm_http::ErrorKind;
use fsm_http::resource::Lifecycle;
use serde_json::Value;

use crate::conclude::unfinished;
use crate::context::FlowContext;
use crate::durable::{DurableRun, FlowJournal, target};
use crate::event::FlowEvent;
use crate::flow::Flow;
use crate::open::Open;
use crate::plan::Errand;
use crate::report::{RunOutcome, RunReport, report};
use crate::session::GivenUp;
use crate::signal::SignalHandle;
use crate::spec::Output;
use crate::step::{StepError, StepStatus};
use crate::undo::UndoStatus;
use crate::usage::{Receipt, Usage};

/// A run that is about to begin: await it.
///
/// # Cancel safety
/// Dropping the future drops the calls that are under way.
pub struct FlowRun<O = ()> {
    pub(crate) flow: Flow,
    pub(crate) open: Arc<Open>,
    pub(crate) id: String,
    pub(crate) input: Value,
    pub(crate) seed: Option<u64>,
    pub(crate) observer: O,
    pub(crate) ears: Option<Ears>,
    /// Its run key, as the flow tells it.
    pub(crate) key: Option<String>,
    pub(crate) target: Option<PathBuf>,
    /// What its target holds: nothing is left to do.
    pub(crate) found: Option<Box<RunReport>>,
    pub(crate) debugged: Option<Debugged<FlowContext, FlowEvent>>,
}

/// Both ends of what a run listens to, until it begins.
pub(crate) struct Ears {
    handle: Handle<FlowEvent>,
    pub(crate) inbox: Inbox<FlowEvent>,
}

impl Ears {
    /// A handle to what the run listens to; it does so from now on.
    pub(crate) fn handle(ears: &mut Option<Ears>) -> Handle<FlowEvent> {
        let ears = ears.get_or_insert_with(|| {
            let (handle, inbox) = Handle::pair();
            Ears { handle, inbox }
        });
        ears.handle.clone()
    }
}

/// Ends a run from outside.
#[derive(Clone, Debug)]
pub struct CancelHandle(pub(crate) Handle<FlowEvent>);

impl CancelHandle {
    /// Cancels the calls under way and ends the run as cancelled; no effect on one that is over.
    /// While the hooks of resources set up or tear down, it takes effect only after them; each has
    /// 30 seconds, which `total_timeout` does not cut short either.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

impl FlowRun {
    pub(crate) fn new(
        flow: Flow,
        open: Arc<Open>,
        input: Value,
        key: Option<String>,
        target: Option<PathBuf>,
    ) -> Self {
        let (id, seed, observer, ears) = (fresh_id(), None, (), None);
        let (found, debugged) = (None, None);
        Self { flow, open, id, input, seed, observer, ears, key, target, found, debugged }
    }
}

impl<O> FlowRun<O> {
    /// Names the run; idempotency keys are derived from its id. Default: a random id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// The run's id.
    pub fn run_id(&self) -> &str {
        &self.id
    }

    /// Sets what the jitter of retries is derived from. Default: random.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Lets `observer` watch every input, effect, and move of the run.
    #[must_use]
    pub fn observer<P: Observer<FlowContext, FlowEvent>>(self, observer: P) -> FlowRun<P> {
        let FlowRun { flow, open, id, input, seed, ears, key, target, found, debugged, .. } = self;
        FlowRun { flow, open, id, input, seed, observer, ears, key, target, found, debugged }
    }

    /// The result that the run's target holds, where it was there: nothing will be called.
    pub fn found(&self) -> Option<&RunReport> {
        self.found.as_deref()
    }

    /// A way to end the run from outside. As long as one exists, a run that waits for a signal goes
    /// on waiting.
    pub fn cancel_handle(&mut self) -> CancelHandle {
        CancelHandle(self.handle())
    }

    /// Keeps the run in `journal`, so that another process can go on with it.
    pub fn journal(self, journal: FlowJournal) -> DurableRun<O> {
        DurableRun::new(self, journal)
    }

    /// A way to send signals to the run. As long as one exists, a run that waits for a signal goes
    /// on waiting; without any, it ends as [`RunOutcome::Waiting`].
    pub fn signal_handle(&mut self) -> SignalHandle {
        SignalHandle { flow: self.flow.clone(), handle: self.handle() }
    }

    /// A way to debug the run: breakpoints, single steps, history. States are called as the graph calls
    /// them; that of an endpoint's call is called like the endpoint. The last one that was asked for
    /// counts.
    pub fn debugger(&mut self) -> Debugger<FlowContext, FlowEvent> {
        let (debugger, debugged) = self.flow.machine.debugger();
        self.debugged = Some(debugged);
        debugger
    }

    fn handle(&mut self) -> Handle<FlowEvent> {
        Ears::handle(&mut self.ears)
    }

    /// Drives the run to its end, or to where it waits for a signal that nobody is left to send.
    /// A run that completes writes its target; where that fails, it is `failed`.
    pub async fn drive(mut self) -> RunReport
    where
        O: Observer<FlowContext, FlowEvent>,
    {
        if let Some(found) = self.found {
            return *found;
        }
        let target = self.target.take();
        let (flow, ended, given_up) = self.end().await;
        keep(target, flow.report_of(ended.snapshot, &given_up)).await
    }

    /// As [`FlowRun::drive`]; the observer and the last snapshot come back with the report.
    pub async fn drive_observed(mut self) -> (RunReport, O, Snapshot<FlowContext>)
    where
        O: Observer<FlowContext, FlowEvent>,
    {
        if let Some(found) = self.found {
            let context = FlowContext::new(&self.flow.rules.plan, self.id, self.input);
            let first = self.flow.machine.snapshot(context, self.seed.unwrap_or_default());
            return (*found, self.observer, first);
        }
        let target = self.target.take();
        let (flow, ended, given_up) = self.end().await;
        let report = flow.report_of(ended.snapshot.clone(), &given_up);
        (keep(target, report).await, ended.observer, ended.snapshot)
    }

    async fn end(self) -> (Flow, Ended<FlowContext, O>, Vec<GivenUp>)
    where
        O: Observer<FlowContext, FlowEvent>,
    {
        let FlowRun { flow, open, id, input, seed, observer, ears, debugged, .. } = self;
        let inbox = ears.map(|ears| ears.inbox);
        let seed = seed.unwrap_or_else(random);
        let mut context = FlowContext::new(&flow.rules.plan, id, input);
        let lifecycle = match Lifecycle::set_up(open.clients.clone()).await {
            Ok(lifecycle) => lifecycle,
            Err(error) => {
                let message = open.scrub(&error.to_string());
                context.error = Some(StepError::new(ErrorKind::Contract, message));
                let snapshot = flow.machine.snapshot(context, seed);
                return (flow, Ended { snapshot, observer, fault: None }, Vec::new());
            }
        };
        let session = context.session.clone();
        let mut run = flow.machine.run(context).seed(seed);
        if let Some(inbox) = inbox {
            run = run.inbox(inbox);
        }
        if let Some(debugged) = debugged {
            run = run.debugger(debugged);
        }
        let ended = run.observer(observer).drive().await;
        let given_up = session.close();
        for error in lifecycle.tear_down().await {
            tracing::warn!(run = ended.snapshot.context().run, "{error}");
        }
        (flow, ended, given_up)
    }
}

impl<O> IntoFuture for FlowRun<O>
where
    O: Observer<FlowContext, FlowEvent> + Send + 'static,
{
    type Output = RunReport;
    type IntoFuture = Pin<Box<dyn Future<Output = RunReport> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.drive())
    }
}

impl Flow {
    /// What a run that stands at `snapshot` returns. A snapshot does not tell how far a call had
    /// come when it was cut, so it counts as sent; [`FlowRun::drive`] knows better. Of a run that is
    /// not over the outcome is [`RunOutcome::Waiting`], and each step is told as it stands.
    pub fn report(&self, snapshot: &Snapshot<FlowContext>) -> RunReport {
        self.report_of(snapshot.clone(), &[])
    }

    pub(crate) fn report_of(
        &self,
        snapshot: Snapshot<FlowContext>,
        given_up: &[GivenUp],
    ) -> RunReport {
        let status = snapshot.status();
        let has_begun = status != Status::New || snapshot.context().error.is_some();
        if status == Status::Running || !has_begun {
            return self.standing(&snapshot);
        }
        let mut context = snapshot.into_context();
        let outcome = match status {
            Status::Finished(state) => match self.graph().name_of(state) {
                "run completed" => RunOutcome::Completed,
                "run timed out" => RunOutcome::TimedOut,
                _ => RunOutcome::Failed,
            },
            // Something kept the run from beginning: a resource could not be set up.
            Status::New if context.error.is_some() => {
                let error = context.error.take();
                self.rules.conclude(&mut context, StepStatus::Cancelled);
                context.error = error;
                RunOutcome::Failed
            }
            // What runs was told of before.
            Status::New | Status::Running | Status::Cancelled => {
                self.rules.conclude(&mut context, StepStatus::Cancelled);
                RunOutcome::Cancelled
            }
            // Every call has a way on whatever comes of it, so this would be our own mistake.
            Status::Stuck(state) => {
                self.rules.conclude(&mut context, StepStatus::Cancelled);
                let state = self.graph().name_of(state);
                let message = format!("the run is stuck at `{state}` (please report this)");
                context.error = Some(StepError::new(ErrorKind::Contract, message));
                RunOutcome::Failed
            }
        };
        for call in given_up {
            self.correct(&mut context, call);
        }
        let names_errors = matches!(self.rules.plan.flow.output, Some(Output::Template(_)));
        if names_errors && !given_up.is_empty() && context.error.is_none() {
            // Every step has ended, so this makes the output anew and nothing else.
            self.rules.conclude(&mut context, StepStatus::Cancelled);
        }
        report(&self.rules.plan, context, outcome)
    }

    /// Puts right what the rules had to assume of a call that was given up: that each of its
    /// attempts sent a request, and the last one perhaps with effect.
    fn correct(&self, context: &mut FlowContext, call: &GivenUp) {
        let plan = &self.rules.plan;
        let index = match self.rules.errand(call.state) {
            Some(Errand::Step(index)) => index,
            Some(Errand::Undo(number)) => return self.correct_undo(context, number, call),
            None => return,
        };
        let (step, endpoint) = (&mut context.steps[index], &plan.endpoints[index]);
        // Others told of their end themselves.
        let Some(status @ (StepStatus::TimedOut | StepStatus::Cancelled)) = step.status else {
            return;
        };
        // The calls of this step that were answered before are known.
        let before = step.rounds.requests;
        if let Some(resource) = endpoint.resource {
            let assumed = if step.cut { step.attempts.saturating_sub(before) } else { 0 };
            recount(&mut context.usage[resource], assumed, before, call);
        }
        step.attempts = before.saturating_add(call.traffic.requests);
        step.cut = call.is_in_doubt;
        let error = unfinished(step, endpoint, status);
        step.error_value = Some(error.to_value());
        step.error = Some(error);
    }

    /// The same of a call that was to undo a step.
    fn correct_undo(&self, context: &mut FlowContext, number: usize, call: &GivenUp) {
        let undo = &self.rules.plan.undos[number];
        // Others told of their end themselves.
        let Some(record) = context.steps[undo.step].undo.as_deref_mut() else { return };
        if record.status != UndoStatus::Cancelled {
            return;
        }
        if let Some(resource) = undo.call.resource {
            let assumed = if record.cut { record.attempts } else { 0 };
            recount(&mut context.usage[resource], assumed, 0, call);
        }
        record.attempts = call.traffic.requests;
        record.cut = call.is_in_doubt;
    }
}

/// Puts what a call used in the place of the attempts that were assumed.
fn recount(usage: &mut Usage, assumed: u32, before: u32, call: &GivenUp) {
    if assumed > 0 {
        usage.calls = usage.calls.saturating_sub(u64::from(before == 0));
        usage.attempts = usage.attempts.saturating_sub(u64::from(assumed));
    }
    let receipt = Receipt::from(call.traffic);
    match before {
        0 => usage.add(&receipt),
        _ => usage.add_more(&receipt),
    }
}

/// Writes the result of a run that completed to its target.
async fn keep(target: Option<PathBuf>, report: RunReport) -> RunReport {
    let Some(path) = target.filter(|_| report.outcome == RunOutcome::Completed) else {
        return report;
    };
    match target::write(path, &report).await {
        Ok(()) => report,
        Err(fault) => {
            let error = Some(StepError::new(ErrorKind::Contract, fault.to_string()));
            RunReport { outcome: RunOutcome::Failed, error, ..report }
        }
    }
}

/// A number that nobody can guess the next of; ids need no more.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn fresh_id() -> String {
    format!("{:016x}", random())
}

impl<O> fmt::Debug for FlowRun<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowRun")
            .field("flow", &self.flow)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
