//! The events of machines from files: a name, and whatever comes with it.

use fsm_core::{Event, EventKey, Outcome, Retry};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An event of a machine from a file.
///
/// ```
/// # use fsm_patterns::machine::MachineEvent;
/// # use serde_json::json;
/// let coin = MachineEvent::with("coin", json!({"value": 50}));
/// assert_eq!(coin.data["value"], 50);
/// assert_eq!(MachineEvent::new("push").data, json!(null));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MachineEvent {
    /// The name under `on`.
    pub name: String,
    /// What `$event` is; null if nothing came with it.
    #[serde(default)]
    pub data: Value,
}

impl MachineEvent {
    /// The event called `name`, with nothing besides.
    pub fn new(name: impl Into<String>) -> Self {
        Self::with(name, Value::Null)
    }

    /// The event called `name` with `data`.
    pub fn with(name: impl Into<String>, data: Value) -> Self {
        Self { name: name.into(), data }
    }

    /// What an activity ends with when it went well: `data` is the `$event` of `done`.
    pub fn done(data: Value) -> Outcome<Self> {
        Outcome::Done(Some(Self::with("done", data)))
    }

    /// What an activity ends with when it went badly: `data` is the `$event` of `failed`. It is
    /// started again if the file's `retry` says so; for a failure that would only come again,
    /// write the [`Outcome`] with [`Retry::Never`].
    pub fn failed(data: Value) -> Outcome<Self> {
        Outcome::Failed { event: Some(Self::with("failed", data)), retry: Retry::Allowed(None) }
    }
}

impl Event for MachineEvent {
    fn key(&self) -> EventKey<'_> {
        EventKey::Name(&self.name)
    }
}
