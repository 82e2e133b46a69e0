//! Logs on stderr, where they are asked for: what happens to a run and its endpoints.
//!
//! An event names the run, the state, and the attempt, and says how long things took and how they
//! ended. It never holds an input, an output, a url, or the text of an error, because those are
//! the user's data.

use std::io;

use fsm_patterns::RunReport;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use crate::watch::{Ending, Happening, Listener};

/// A filter that can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilterError {
    /// A word that is no level and no directive.
    #[error("`{word}` is no filter of the log (from --log or FSM_LOG)")]
    Word { word: String },
    /// A directive that is wrong in itself.
    #[error("`{filter}` is no filter of the log (from --log or FSM_LOG): {why}")]
    Directive { filter: String, why: String },
}

impl FilterError {
    /// What to write instead.
    pub(crate) fn hint(&self) -> &'static str {
        "a level is one of off, error, warn, info, debug, trace; a directive is TARGET=LEVEL, \
         as in `fsm_http=trace`; several are separated by commas"
    }
}

/// Lets events that pass `filter` be written to stderr. Without a filter there are no logs.
///
/// # Errors
/// If the filter can't be read.
pub(crate) fn start(filter: Option<&str>) -> Result<(), FilterError> {
    let Some(filter) = filter else { return Ok(()) };
    let directives = directives(filter)?;
    let refused = |why: String| FilterError::Directive { filter: filter.to_owned(), why };
    let directives =
        EnvFilter::builder().parse(directives).map_err(|error| refused(error.to_string()))?;
    let started = tracing_subscriber::fmt()
        .with_env_filter(directives)
        .with_writer(io::stderr)
        .with_ansi(console::colors_enabled_stderr())
        .log_internal_errors(false)
        .try_init();
    started.map_err(|error| refused(error.to_string()))
}

/// The filter with its bare levels made those of our own events.
///
/// A bare level would let through what the HTTP client says of its connections, too. And a
/// misspelt level would be taken for a target, and say nothing.
fn directives(filter: &str) -> Result<String, FilterError> {
    // Within the brackets of a directive on spans a comma separates nothing.
    if filter.contains('[') {
        return Ok(filter.to_owned());
    }
    let words = filter.split(',').map(str::trim).filter(|word| !word.is_empty());
    let directives = words.map(|word| match word.parse::<LevelFilter>() {
        Ok(level) => Ok(format!("fsm={level}")),
        Err(_) if word.contains('=') => Ok(word.to_owned()),
        Err(_) => Err(FilterError::Word { word: word.to_owned() }),
    });
    Ok(directives.collect::<Result<Vec<_>, _>>()?.join(","))
}

/// Logs what happens in one run.
#[derive(Debug)]
pub(crate) struct Log {
    run: String,
    /// The name of each endpoint, and its last attempt.
    endpoints: Vec<(String, u32)>,
}

impl Log {
    /// For the run `id` of a flow that has these endpoints.
    pub(crate) fn new<'a>(id: &str, endpoints: impl Iterator<Item = &'a str>) -> Self {
        let endpoints = endpoints.map(|name| (name.to_owned(), 0)).collect();
        Self { run: id.to_owned(), endpoints }
    }

    /// The run begins.
    pub(crate) fn begins(&self, flow: &str) {
        tracing::info!(run = self.run, flow, "run begins");
    }

    /// The run is over.
    pub(crate) fn ended(&self, report: &RunReport) {
        let outcome = report.outcome.as_str();
        match &report.error {
            None => tracing::info!(run = self.run, outcome, "run ended"),
            Some(error) => {
                let kind = error.kind.as_str();
                tracing::warn!(run = self.run, outcome, kind, "run ended");
            }
        }
    }
}

impl Listener for Log {
    fn happens(&mut self, endpoint: usize, happening: &Happening) {
        let Some((name, last)) = self.endpoints.get_mut(endpoint) else { return };
        let (run, state) = (self.run.as_str(), name.as_str());
        match happening {
            Happening::Entered => tracing::debug!(run, state, "ready"),
            Happening::Started { attempt } => {
                *last = *attempt;
                tracing::debug!(run, state, attempt, "attempt begins");
            }
            Happening::Answered { http_status, latency } => {
                let latency_ms = latency.as_secs_f64() * 1_000.0;
                tracing::debug!(run, state, attempt = *last, http_status, latency_ms, "answered");
            }
            Happening::Refused { kind, http_status } => {
                let kind = kind.as_str();
                tracing::warn!(run, state, attempt = *last, kind, http_status, "attempt failed");
            }
            Happening::Retrying { wait } => {
                let wait_ms = wait.as_secs_f64() * 1_000.0;
                tracing::info!(run, state, attempt = *last, wait_ms, "retrying after a wait");
            }
            Happening::Ended(ending) => match ending {
                Ending::Ok | Ending::Recovered | Ending::Skipped => {
                    tracing::info!(run, state, attempt = *last, status = ending.name(), "ended");
                }
                Ending::Failed | Ending::TimedOut | Ending::Cancelled => {
                    tracing::warn!(run, state, attempt = *last, status = ending.name(), "ended");
                }
            },
        }
    }

    fn moves(&mut self, from: &str, to: &str) {
        tracing::debug!(run = self.run, state = from, to, "moved");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_level_speaks_of_our_own_events_only() {
        assert_eq!(directives("debug").unwrap(), "fsm=debug");
        assert_eq!(directives("WARN, hyper_util=trace").unwrap(), "fsm=warn,hyper_util=trace");
    }

    #[test]
    fn a_misspelt_level_is_refused_instead_of_saying_nothing() {
        let error = directives("debgu").unwrap_err();
        assert_eq!(error.to_string(), "`debgu` is no filter of the log (from --log or FSM_LOG)");
        assert!(start(Some("fsm=loud")).is_err());
    }
}
