//! Steps that wait for the world, and calls that ask it again and again.

use std::time::Duration;

use super::{Handler, Transform, When};

/// A step that waits and calls nothing.
#[derive(Clone, Debug)]
pub struct WaitSpec {
    /// `[A-Za-z0-9_-]+`, unique in the flow.
    pub name: String,
    /// What it waits for.
    pub wait: Wait,
    /// Whether it waits at all.
    pub condition: Option<When>,
    /// Entries that must be settled first.
    pub depends_on: Vec<String>,
}

impl WaitSpec {
    /// A step that lets some time pass.
    pub fn delay(name: impl Into<String>, length: Duration) -> Self {
        Self::new(name, Wait::Delay(length))
    }

    /// A step that waits for the signal called `signal`, however long it takes.
    pub fn signal(name: impl Into<String>, signal: impl Into<String>) -> Self {
        Self::new(name, Wait::Signal(Box::new(SignalSpec::new(signal))))
    }

    fn new(name: impl Into<String>, wait: Wait) -> Self {
        Self { name: name.into(), wait, condition: None, depends_on: Vec::new() }
    }

    /// Whether there is any way in which it may fail: a condition that can't be told, a signal that
    /// does not come in time, or one whose output can't be made.
    pub fn can_fail(&self) -> bool {
        let is_told = !matches!(self.condition, Some(When::Expression(_)));
        match &self.wait {
            Wait::Signal(signal) if signal.timeout.is_some() => true,
            Wait::Signal(signal) if signal.transform_output.is_some() => true,
            Wait::Delay(_) | Wait::Signal(_) => !is_told,
        }
    }

    /// What stands in for a wait that failed.
    pub fn error_handler(&self) -> Option<&Handler> {
        match &self.wait {
            Wait::Delay(_) => None,
            Wait::Signal(signal) => signal.error_handler.as_ref(),
        }
    }
}

/// What a step waits for.
#[derive(Clone, Debug)]
pub enum Wait {
    /// Some time; the output is what flowed in.
    Delay(Duration),
    /// Somebody outside; the output is what they tell.
    Signal(Box<SignalSpec>),
}

/// A signal that a step waits for.
#[derive(Clone, Debug)]
pub struct SignalSpec {
    /// `[A-Za-z0-9_-]+`; several steps may wait for one signal.
    pub name: String,
    /// After how long the step fails with kind `timeout`; `None`: never.
    pub timeout: Option<Duration>,
    /// Makes the output; `$data` is the signal's payload in it.
    pub transform_output: Option<Transform>,
    /// What the step gives instead when it failed.
    pub error_handler: Option<Handler>,
}

impl SignalSpec {
    /// A signal that is waited for however long it takes, and whose payload is the output.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), timeout: None, transform_output: None, error_handler: None }
    }
}

/// How a call is made again and again until its answer says that something is done.
#[derive(Clone, Debug)]
pub struct PollSpec {
    /// Whether it is; `$data` is the output that the step would have.
    pub until: When,
    /// How long to wait between an answer and the next call; default 5 s.
    pub every: Duration,
    /// From when on no other wait is begun, counted from the beginning of the step; `None`: never.
    pub timeout: Option<Duration>,
    /// Whether it never will be: then the step fails with kind `contract`.
    pub fail_if: Option<When>,
}

impl PollSpec {
    /// How long to wait between an answer and the next call, where nothing is said.
    pub const EVERY: Duration = Duration::from_secs(5);

    /// Asks every 5 seconds, for as long as it takes.
    pub fn new(until: When) -> Self {
        Self { until, every: Self::EVERY, timeout: None, fail_if: None }
    }
}
