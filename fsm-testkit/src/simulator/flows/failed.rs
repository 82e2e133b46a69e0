//! What came of many runs of a flow, and the one in which something does not hold.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use fsm_patterns::RunOutcome;

use super::run::SimulatedFlowRun;
use crate::simulator::SEED;
use crate::simulator::timeline::words;

/// The first run in which something does not hold. `Debug` reads like `Display`.
pub struct FailedFlowRun {
    pub(super) run: SimulatedFlowRun,
    /// How many disturbances there were before the story was made shorter.
    pub(super) original: usize,
    /// How many runs there were before.
    pub(super) held: u64,
}

impl FailedFlowRun {
    /// The seed.
    pub fn seed(&self) -> u64 {
        self.run.seed
    }

    /// The run, without what chance did and the failure does not need.
    pub fn run(&self) -> &SimulatedFlowRun {
        &self.run
    }

    /// How many things that chance did were left out: failures and slow answers.
    pub fn left_out(&self) -> usize {
        self.original - self.run.disturbances.len()
    }
}

impl fmt::Display for FailedFlowRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = &self.run;
        write!(f, "seed {} fails", run.seed)?;
        if self.held > 0 {
            let verb = if self.held == 1 { "holds" } else { "hold" };
            write!(f, " after {} that {verb}", self.held)?;
        }
        match run.violation() {
            Some(violation) => writeln!(f, ": {violation}")?,
            None => writeln!(f)?,
        }
        write!(f, "{run}")?;
        if self.left_out() > 0 {
            let (left_out, original) = (self.left_out(), self.original);
            writeln!(f, "left out: {left_out} of {original} things that chance did")?;
        }
        write!(f, "run it alone with {SEED}={}", run.seed)
    }
}

impl fmt::Debug for FailedFlowRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for FailedFlowRun {}

/// Why runs of a flow came to no good end. `Debug` reads like `Display`.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum FlowRunsError {
    /// Something does not hold in a run.
    #[error("{0}")]
    Failed(Box<FailedFlowRun>),
    /// The seed in the environment is none.
    #[error("the environment variable {SEED} is no number: {found:?}")]
    Seed {
        /// What it is.
        found: String,
    },
}

impl fmt::Debug for FlowRunsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What came of runs in which everything held. `Display` is a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlowSummary {
    runs: u64,
    outcomes: BTreeMap<&'static str, u64>,
    /// By endpoint and status.
    steps: BTreeMap<(String, &'static str), u64>,
    took: Duration,
}

impl FlowSummary {
    pub(super) fn add(&mut self, run: &SimulatedFlowRun) {
        self.runs += 1;
        self.took = self.took.max(run.took);
        let Some(report) = &run.report else { return };
        *self.outcomes.entry(report.outcome.as_str()).or_default() += 1;
        for (name, step) in &report.steps {
            *self.steps.entry((name.clone(), step.status.as_str())).or_default() += 1;
        }
    }

    /// How many runs there were.
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// How many of them ended so.
    pub fn ended(&self, outcome: RunOutcome) -> u64 {
        self.outcomes.get(outcome.as_str()).copied().unwrap_or(0)
    }

    /// How often the endpoint called `name` ended with `status`, as reports call it.
    pub fn steps(&self, name: &str, status: &str) -> u64 {
        let all = self.steps.iter();
        all.filter(|((step, it), _)| step == name && *it == status).map(|(_, count)| *count).sum()
    }

    /// The longest that a run took, in virtual time.
    pub fn longest(&self) -> Duration {
        self.took
    }
}

impl fmt::Display for FlowSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} runs; the longest took {}", self.runs, words(self.took))?;
        for (outcome, count) in &self.outcomes {
            writeln!(f, "{count:>10}  {outcome}")?;
        }
        for ((name, status), count) in &self.steps {
            writeln!(f, "{count:>10}  {name} {status}")?;
        }
        Ok(())
    }
}
