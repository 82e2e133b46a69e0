//! Setting up the resources of a run, and tearing down what was set up, whatever happens.

use futures_util::FutureExt;
use tokio::runtime::Handle;

use super::{client::Client, hook::HookError};

/// The resources of a run that are set up, in declared order.
///
/// They are torn down in reverse order by [`tear_down`](Self::tear_down). A lifecycle that is
/// dropped instead, because its run was, starts the same on a task of its own on the tokio runtime
/// that it is dropped in, and logs what fails. Outside of a runtime there is nothing to run it on:
/// the log says so. A runtime that shuts down ends such a task wherever it is.
#[derive(Debug)]
#[must_use = "dropping it tears down at once"]
pub struct Lifecycle {
    /// What is left to tear down: the last first.
    open: Vec<Client>,
}

/// A resource that could not be set up. Those before it have been torn down.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct SetUpError {
    /// What happened to which resource.
    pub error: HookError,
    /// What went wrong when those before it were torn down.
    pub tear_down: Vec<HookError>,
}

impl Lifecycle {
    /// Sets the resources up, one after the other. If one fails, those before it are torn down, in
    /// reverse order; the one that failed is not, for it was never up.
    ///
    /// # Errors
    ///
    /// A [`SetUpError`], which names the resource.
    ///
    /// # Cancel safety
    ///
    /// What was set up is torn down, as when a lifecycle is dropped. The hook that was under way is
    /// dropped wherever it is.
    pub async fn set_up(clients: Vec<Client>) -> Result<Self, SetUpError> {
        let mut lifecycle = Self { open: Vec::with_capacity(clients.len()) };
        for client in clients {
            match client.set_up().await {
                Ok(()) => lifecycle.open.push(client),
                Err(error) => {
                    let tear_down = lifecycle.tear_down().await;
                    return Err(SetUpError { error, tear_down });
                }
            }
        }
        Ok(lifecycle)
    }

    /// Tears the resources down, the last one first, and all of them, whichever fail. Returns what
    /// failed, in that order.
    ///
    /// # Cancel safety
    ///
    /// Once it was polled, the work goes on to its end on a task of its own.
    pub async fn tear_down(mut self) -> Vec<HookError> {
        let open = std::mem::take(&mut self.open);
        if !open.iter().any(Client::tears_down) {
            return Vec::new();
        }
        // A hook's panic ends in its error, so only a runtime that shuts down ends the task, and then
        // there is nobody to read this.
        tokio::spawn(tear_down(open)).await.unwrap_or_default()
    }
}

async fn tear_down(open: Vec<Client>) -> Vec<HookError> {
    let mut errors = Vec::new();
    for client in open.into_iter().rev() {
        if let Err(error) = client.tear_down().await {
            errors.push(error);
        }
    }
    errors
}

impl Drop for Lifecycle {
    fn drop(&mut self) {
        let open = std::mem::take(&mut self.open);
        if !open.iter().any(Client::tears_down) {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(tear_down(open).map(|errors| {
                    for error in errors {
                        tracing::warn!("{error}");
                    }
                }));
            }
            Err(_outside) => {
                for client in open.iter().rev().filter(|client| client.tears_down()) {
                    let resource = client.name();
                    tracing::warn!(
                        "the resource `{resource}` is not torn down: there is no runtime left"
                    );
                }
            }
        }
    }
}
