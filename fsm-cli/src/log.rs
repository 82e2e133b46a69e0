//! Logs on stderr, where they are asked for: by the user, or by a flow.
//!
//! `--log` tells what happens to a run and its endpoints. An event names the run, the state, and
//! the attempt, and says how long things took and how they ended. It never holds an input, an
//! output, a url, or the text of an error, because those are the user's data.
//!
//! `log_requests` and `log_responses` of a flow file ask for a line on each request and each
//! answer. These lines come from the library, which redacts them, and are shown without `--log`,
//! too; above the progress, if there is any.

use std::io::{self, Write};

use fsm_http::ErrorKind;
use fsm_http::observe::LOG_TARGET;
use fsm_patterns::RunReport;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use crate::args::WatchArgs;
use crate::progress;
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

/// Lets events be written to stderr: those that pass the filter of the arguments and, unless they
/// are to be quiet, the lines that flows ask for.
///
/// # Errors
/// If the filter can't be read.
pub(crate) fn start(args: &WatchArgs) -> Result<(), FilterError> {
    let Some(directives) = directives(args.log(), args.quiet)? else { return Ok(()) };
    let refused = |why: String| {
        let filter = args.log().unwrap_or(&directives).to_owned();
        FilterError::Directive { filter, why }
    };
    let filter =
        EnvFilter::builder().parse(&directives).map_err(|error| refused(error.to_string()))?;
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Lines)
        .with_ansi(console::colors_enabled_stderr())
        .log_internal_errors(false)
        .try_init();
    started.map_err(|error| refused(error.to_string()))
}

/// The filter for all that is to be written, if anything is.
///
/// The lines that a flow asks for come first, so that a directive of the user that names them wins.
fn directives(filter: Option<&str>, quiet: bool) -> Result<Option<String>, FilterError> {
    let asked_by_flows = (!quiet).then(|| format!("{LOG_TARGET}=info"));
    let asked_by_user = filter.map(of_the_user).transpose()?;
    let all: Vec<String> = asked_by_flows.into_iter().chain(asked_by_user).collect();
    Ok((!all.is_empty()).then(|| all.join(",")))
}

/// The user's filter with its bare levels made those of our own events.
///
/// A bare level would let through what the HTTP client says of its connections, too. And a
/// misspelt level would be taken for a target, and say nothing.
fn of_the_user(filter: &str) -> Result<String, FilterError> {
    // Within the brackets of a directive on spans a comma separates nothing.
    if filter.contains('[') {
        return Ok(filter.to_owned());
    }
    let words = filter.split(',').map(str::trim).filter(|word| !word.is_empty());
    let directives = words.map(|word| match (word.parse::<LevelFilter>(), word.split_once('=')) {
        (Ok(LevelFilter::OFF), _) => Ok(format!("fsm=off,{LOG_TARGET}=off")),
        (Ok(level), _) => Ok(format!("fsm={level}")),
        // The filter itself would take a target or a level that is missing for all there are.
        (Err(_), Some((target, level))) if !target.is_empty() && !level.is_empty() => {
            Ok(word.to_owned())
        }
        (Err(_), _) => Err(FilterError::Word { word: word.to_owned() }),
    });
    Ok(directives.collect::<Result<Vec<_>, _>>()?.join(","))
}

/// Writes lines to stderr, above the progress.
struct Lines;

impl Write for Lines {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        progress::write_above(lines)?;
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Logs what happens in one run.
#[derive(Debug)]
pub(crate) struct Log {
    run: String,
    /// The name of each endpoint, then of the undo of each, and its last attempt that was sent or is
    /// under way.
    endpoints: Vec<(String, u32)>,
}

impl Log {
    /// For the run `id` of a flow that has these endpoints.
    pub(crate) fn new<'a>(id: &str, endpoints: impl Iterator<Item = &'a str>) -> Self {
        let mut endpoints: Vec<_> = endpoints.map(|name| (name.to_owned(), 0)).collect();
        let undos: Vec<_> = endpoints.iter().map(|(name, _)| (format!("{name}.undo"), 0)).collect();
        endpoints.extend(undos);
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
            Happening::Postponed { wait } => {
                // It was no attempt.
                *last = last.saturating_sub(1);
                let wait_ms = wait.as_secs_f64() * 1_000.0;
                tracing::info!(run, state, wait_ms, "waits for its turn");
            }
            Happening::Answered { http_status, latency: None, requests } => {
                *last = *requests;
                tracing::debug!(run, state, http_status, "answered from the cache");
            }
            Happening::Answered { http_status, latency, requests } => {
                *last = *requests;
                let latency_ms = latency.map(|latency| latency.as_secs_f64() * 1_000.0);
                tracing::debug!(run, state, attempt = *last, http_status, latency_ms, "answered");
            }
            Happening::Refused { kind: ErrorKind::CircuitOpen, requests, .. } => {
                *last = *requests;
                tracing::warn!(run, state, "not sent, the circuit is open");
            }
            Happening::Refused { kind, http_status, requests } => {
                *last = *requests;
                let kind = kind.as_str();
                tracing::warn!(run, state, attempt = *last, kind, http_status, "attempt failed");
            }
            Happening::Retrying { wait } => {
                let wait_ms = wait.as_secs_f64() * 1_000.0;
                tracing::info!(run, state, attempt = *last, wait_ms, "retrying after a wait");
            }
            Happening::Sleeps { wait } => {
                let wait_ms = wait.as_secs_f64() * 1_000.0;
                tracing::info!(run, state, wait_ms, "waits");
            }
            Happening::AsksAgain { wait } => {
                let wait_ms = wait.as_secs_f64() * 1_000.0;
                tracing::info!(run, state, wait_ms, "not done yet, asks again after a wait");
            }
            Happening::Awaits { signal, limit } => {
                let limit_ms = limit.map(|limit| limit.as_secs_f64() * 1_000.0);
                tracing::info!(run, state, signal, limit_ms, "waits for a signal");
            }
            Happening::Ended(ending) => match ending {
                Ending::Ok | Ending::Cached | Ending::Recovered | Ending::Skipped => {
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
        let user = |filter| of_the_user(filter).unwrap();
        assert_eq!(user("debug"), "fsm=debug");
        assert_eq!(user("WARN, hyper_util=trace"), "fsm=warn,hyper_util=trace");
        assert_eq!(user("off"), "fsm=off,fsm_http::log=off");
    }

    #[test]
    fn what_flows_ask_for_is_shown_unless_the_user_wants_quiet() {
        let all = |filter, quiet| directives(filter, quiet).unwrap();
        assert_eq!(all(None, false).as_deref(), Some("fsm_http::log=info"));
        assert_eq!(all(Some("warn"), false).as_deref(), Some("fsm_http::log=info,fsm=warn"));
        assert_eq!(all(Some("warn"), true).as_deref(), Some("fsm=warn"));
        assert_eq!(all(None, true), None);
    }

    #[test]
    fn a_misspelt_filter_is_refused_instead_of_saying_nothing() {
        for word in ["debgu", "bogus=", "=debug", "fsm_http=trace,="] {
            let shown = word.rsplit(',').next().unwrap();
            let error = of_the_user(word).unwrap_err().to_string();
            assert_eq!(error, format!("`{shown}` is no filter of the log (from --log or FSM_LOG)"));
        }
    }
}
