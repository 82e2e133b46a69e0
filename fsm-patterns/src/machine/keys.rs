//! Which keys a machine file may have, and where; the JSON Schema names the same.

use crate::file::keys::Keys;

/// The top of a machine file.
pub(crate) const MACHINE: Keys =
    Keys::plain("a machine", &["fsm", "name", "initial", "context", "states", "machines"]);

/// A machine within a machine.
pub(crate) const INNER: Keys = Keys::plain("an inner machine", &["initial", "context", "states"]);

/// A state.
pub(crate) const STATE: Keys = Keys::plain(
    "a state",
    &[
        "on",
        "after",
        "always",
        "entry",
        "exit",
        "initial",
        "states",
        "parallel",
        "invoke",
        "done",
        "failed",
        "timed_out",
        "machine",
        "in",
        "out",
        "validate",
        "final",
    ],
);

/// A transition.
pub(crate) const TRANSITION: Keys =
    Keys::plain("a transition", &["to", "guard", "priority", "transform", "actions"]);

/// An action that is no name.
pub(crate) const ACTION: Keys = Keys::plain("an action", &["set"]);

/// Work that a state does.
pub(crate) const INVOKE: Keys =
    Keys::plain("`invoke`", &["activity", "timeout", "retry", "done", "failed", "timed_out"]);

/// How failed work is started again.
pub(crate) const RETRY: Keys = Keys::plain("`retry`", &["count", "delay", "max_delay", "max_wait"]);

/// What must hold before and after a state.
pub(crate) const VALIDATE: Keys = Keys::plain("`validate`", &["before", "after"]);
