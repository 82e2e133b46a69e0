//! Speaking to a run from outside: events, and the wish that it end.

use tokio::sync::{mpsc, oneshot};

use crate::kernel::StepError;

/// Speaks to one run. Clones speak to the same.
#[derive(Debug)]
pub struct Handle<E> {
    sender: mpsc::UnboundedSender<Command<E>>,
}

/// The other end of a [`Handle`]: what a run listens to.
#[derive(Debug)]
pub struct Inbox<E> {
    pub(super) receiver: mpsc::UnboundedReceiver<Command<E>>,
}

#[derive(Debug)]
pub(super) enum Command<E> {
    Event(E, oneshot::Sender<Result<(), StepError>>),
    Cancel,
}

impl<E> Clone for Handle<E> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone() }
    }
}

impl<E> Handle<E> {
    /// A handle for a run that is still to be made, and the end that it takes
    /// ([`Run::inbox`](crate::Run::inbox)).
    pub fn pair() -> (Self, Inbox<E>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender }, Inbox { receiver })
    }

    /// Sends an event and waits until the run has taken it.
    ///
    /// # Errors
    /// [`StepError::Rejected`] if no state accepts it now, [`StepError::Over`] if the run is over.
    ///
    /// # Cancel safety
    /// Once polled, the event is on its way; dropping the future drops only the answer.
    pub async fn send(&self, event: E) -> Result<(), StepError> {
        let (answer, taken) = oneshot::channel();
        let sent = self.sender.send(Command::Event(event, answer));
        sent.map_err(|_| StepError::Over)?;
        taken.await.unwrap_or(Err(StepError::Over))
    }

    /// Asks the run to end as cancelled; no effect on one that is over.
    pub fn cancel(&self) {
        // A run that is over has nothing left to cancel.
        let _ = self.sender.send(Command::Cancel);
    }
}
