//! What the work of a state may end in.

use crate::kernel::{Outcome, Retry};

/// What the future of an activity may give: an [`Outcome`], with every detail; a `Result` of
/// events, where a failure may be followed by another attempt; or nothing, which is done.
///
/// ```
/// use fsm_core::{Event, Machine};
///
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// enum Payment { Charging, Paid, Declined }
///
/// #[derive(Debug)]
/// enum Bank { Charged(u32), Refused(&'static str) }
/// impl Event for Bank {}
///
/// async fn charge(cents: u32) -> Result<u32, &'static str> {
///     if cents > 500 { Err("over the limit") } else { Ok(7) }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), fsm_core::BuildError> {
/// let machine = Machine::<u32, Bank>::builder("payment")
///     .activity(Payment::Charging, |cents, _| {
///         let charge = charge(*cents);
///         async { charge.await.map(Bank::Charged).map_err(Bank::Refused) }
///     })
///     .done(Payment::Charging).to(Payment::Paid)
///     .failed(Payment::Charging).to(Payment::Declined)
///     .final_state(Payment::Paid)
///     .final_state(Payment::Declined)
///     .build(Payment::Charging)?;
///
/// let ended = machine.run(900).await;
/// assert_eq!(machine.state(&ended.snapshot), Payment::Declined);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "an activity can't end in `{Self}`",
    label = "the work started here ends in `{Self}`",
    note = "end it in `Result<{E}, {E}>`, in `Outcome<{E}>`, or in `()`"
)]
pub trait IntoOutcome<E> {
    /// The outcome.
    fn into_outcome(self) -> Outcome<E>;
}

impl<E> IntoOutcome<E> for Outcome<E> {
    fn into_outcome(self) -> Outcome<E> {
        self
    }
}

impl<E> IntoOutcome<E> for Result<E, E> {
    fn into_outcome(self) -> Outcome<E> {
        match self {
            Ok(event) => Outcome::Done(Some(event)),
            Err(event) => Outcome::Failed { event: Some(event), retry: Retry::Allowed(None) },
        }
    }
}

impl<E> IntoOutcome<E> for () {
    fn into_outcome(self) -> Outcome<E> {
        Outcome::done()
    }
}
