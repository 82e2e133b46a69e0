//! What a check may answer: nothing, whether it holds, or why it does not.

use std::any::Any;
use std::fmt::Display;
use std::panic::{self, AssertUnwindSafe};

/// The answer of a check: `bool`, a `Result` whose error says what is wrong, or nothing. A panic, as of
/// `assert!`, is a failure in any case.
pub trait Verdict {
    /// Why it failed, if it did; the text may be empty.
    fn failure(self) -> Option<String>;
}

impl Verdict for () {
    fn failure(self) -> Option<String> {
        None
    }
}

impl Verdict for bool {
    fn failure(self) -> Option<String> {
        (!self).then(String::new)
    }
}

impl<M: Display> Verdict for Result<(), M> {
    fn failure(self) -> Option<String> {
        self.err().map(|why| why.to_string())
    }
}

/// The failure of a check, which may also panic.
pub(crate) fn failure_of<V: Verdict>(check: impl FnOnce() -> V) -> Option<String> {
    match panic::catch_unwind(AssertUnwindSafe(check)) {
        Ok(verdict) => verdict.failure(),
        Err(panic) => Some(panic_text(&*panic)),
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
    said.unwrap_or("it panicked").to_owned()
}
