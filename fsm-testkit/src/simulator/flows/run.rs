//! What came of one simulated run of a flow.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use fsm_patterns::RunReport;

use super::log::Disturbance;
use crate::simulator::run::Violation;
use crate::simulator::shrink::Story;
use crate::simulator::timeline::words;

/// One run of a flow. `Display` tells all that happened, a line each; the same seed gives the same
/// lines and the same report.
#[derive(Debug)]
pub struct SimulatedFlowRun {
    pub(super) seed: u64,
    /// `None`: it did not end in time.
    pub(super) report: Option<RunReport>,
    pub(super) violation: Option<Violation>,
    pub(super) lines: Vec<(Duration, String)>,
    pub(super) disturbances: BTreeSet<Disturbance>,
    pub(super) took: Duration,
}

impl SimulatedFlowRun {
    /// The seed that gives this run again.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What the flow returned.
    ///
    /// # Panics
    /// If the run did not end in time, or something panicked; no check is asked about such a run.
    pub fn report(&self) -> &RunReport {
        self.report.as_ref().expect("the run came to its end")
    }

    /// What did not hold, if anything.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// What happened, and when.
    pub fn log(&self) -> impl ExactSizeIterator<Item = (Duration, &str)> {
        self.lines.iter().map(|(at, line)| (*at, line.as_str()))
    }

    /// How long it took, in virtual time.
    pub fn took(&self) -> Duration {
        self.took
    }
}

impl Story for SimulatedFlowRun {
    type Disturbance = Disturbance;

    fn disturbances(&self) -> &BTreeSet<Disturbance> {
        &self.disturbances
    }

    fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }
}

impl fmt::Display for SimulatedFlowRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.report.as_ref().map(|report| (self.took, told(report)));
        let lines: Vec<(String, &str)> =
            self.lines.iter().chain(&end).map(|(at, line)| (words(*at), line.as_str())).collect();
        let width = lines.iter().map(|(at, _)| at.len()).max().unwrap_or(0);
        lines.iter().try_for_each(|(at, line)| writeln!(f, "{at:>width$}  {line}"))
    }
}

/// `failed: a ok, b failed (status)`: what a run came to.
fn told(report: &RunReport) -> String {
    let steps = report.steps.iter().map(|(name, step)| {
        let status = step.status.as_str();
        match &step.error {
            Some(error) => format!("{name} {status} ({})", error.kind.as_str()),
            None => format!("{name} {status}"),
        }
    });
    let steps: Vec<String> = steps.collect();
    format!("{}: {}", report.outcome.as_str(), steps.join(", "))
}
