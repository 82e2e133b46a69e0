//! What came of many runs.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use fsm_core::{Graph, StateId};

use super::figures::Figures;
use super::run::{Ending, SimulatedRun};
use super::timeline::words;

/// What came of runs in which everything held. `Display` is a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    runs: u64,
    steps: u64,
    endings: BTreeMap<String, u64>,
    /// How long each took; in order once all were added.
    times: Vec<Duration>,
    names: Vec<String>,
    figures: Vec<Figures>,
}

impl Summary {
    pub(super) fn new(graph: &Graph) -> Self {
        let names: Vec<String> =
            graph.states().map(|state| graph.name_of(state).to_owned()).collect();
        Self {
            runs: 0,
            steps: 0,
            endings: BTreeMap::new(),
            times: Vec::new(),
            figures: vec![Figures::default(); names.len()],
            names,
        }
    }

    pub(super) fn add<C, E>(&mut self, graph: &Graph, run: &SimulatedRun<C, E>) {
        self.runs += 1;
        self.steps += run.inputs().len() as u64;
        let name = |state: StateId| graph.name_of(state);
        let ending = match run.ending() {
            Ending::Finished(state) => format!("ended at {}", name(state)),
            Ending::Stuck(state) => format!("stuck at {}", name(state)),
            Ending::Cancelled => "cancelled".to_owned(),
            Ending::Waiting => format!("waiting at {}", run.configuration().join(", ")),
            Ending::OutOfTime => "out of time".to_owned(),
            Ending::OutOfSteps => "out of steps".to_owned(),
            Ending::Violated => "violated".to_owned(),
        };
        *self.endings.entry(ending).or_default() += 1;
        self.times.push(run.took());
        for (sum, figures) in self.figures.iter_mut().zip(&run.log.figures) {
            sum.add(figures);
        }
    }

    pub(super) fn sorted(mut self) -> Self {
        self.times.sort();
        self
    }

    /// How many runs there were.
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// How many inputs the machine took in all of them.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How the runs ended, in words, and how many of them did: `ended at paid`, `waiting at
    /// open`, `cancelled`, `out of time`, `out of steps`.
    pub fn endings(&self) -> impl Iterator<Item = (&str, u64)> {
        self.endings.iter().map(|(ending, count)| (ending.as_str(), *count))
    }

    /// How many runs ended at the final state called `name`.
    pub fn ended_at(&self, name: &str) -> u64 {
        self.endings.get(&format!("ended at {name}")).copied().unwrap_or(0)
    }

    /// The time within which this share of the runs, from 0 to 1, was over or left.
    pub fn within(&self, share: f64) -> Duration {
        let last = self.times.len().saturating_sub(1);
        let index = (self.times.len() as f64 * share).ceil() as usize;
        self.times.get(index.saturating_sub(1).min(last)).copied().unwrap_or_default()
    }

    /// What was counted of the state called `name`, in all runs; `None` where there is none.
    pub fn figures(&self, name: &str) -> Option<&Figures> {
        let index = self.names.iter().position(|known| known == name)?;
        self.figures.get(index)
    }

    /// The states where no run ever came.
    pub fn never_visited(&self) -> Vec<&str> {
        let states = self.names.iter().zip(&self.figures);
        states.filter(|(_, it)| it.visits == 0).map(|(name, _)| name.as_str()).collect()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (half, most) = (words(self.within(0.5)), words(self.within(0.99)));
        writeln!(f, "{} runs; half took up to {half}, 99 % up to {most}", self.runs)?;
        for (ending, count) in &self.endings {
            writeln!(f, "{count:>10}  {ending}")?;
        }
        let width = self.names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(5);
        writeln!(
            f,
            "{:width$}  {:>10}  {:>10}  {:>10}  mean stay",
            "state", "visits", "attempts", "failures"
        )?;
        for (name, it) in self.names.iter().zip(&self.figures) {
            let Figures { visits, attempts, failures, spent } = it;
            let visited = u32::try_from(*visits).unwrap_or(u32::MAX).max(1);
            let stay = words(*spent / visited);
            writeln!(f, "{name:width$}  {visits:>10}  {attempts:>10}  {failures:>10}  {stay}")?;
        }
        Ok(())
    }
}
