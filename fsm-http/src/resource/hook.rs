//! Code of the user that runs before and after a run, with a time limit.

use std::{any::Any, fmt, future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;

use super::client::Client;
use crate::{in_words::InWords, transport::BoxFuture};

/// How long a hook may take.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Code that runs when a resource is set up or torn down, with the name that messages use. It has
/// 30 seconds; after that it is dropped, and has failed.
///
/// ```
/// use fsm_http::resource::Hook;
/// use http::Method;
///
/// let warm_up = Hook::new("warm up", |client| async move {
///     let call = client.call(Method::POST, "/sessions").map_err(|error| error.to_string())?;
///     client.caller("warm up").call(&call).await.map_err(|error| error.to_string())?;
///     Ok(())
/// });
/// assert_eq!(warm_up.name(), "warm up");
/// ```
#[derive(Clone)]
pub struct Hook {
    name: Arc<str>,
    run: Arc<Run>,
}

type Run = dyn Fn(Client) -> BoxFuture<'static, Result<(), String>> + Send + Sync;

/// A hook that did not end well. The message shows no secret that the resource knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the resource `{resource}` cannot be {phase}: its hook `{hook}` {cause}")]
pub struct HookError {
    /// The name of the resource.
    pub resource: String,
    /// The name of the hook.
    pub hook: String,
    /// What it was to do.
    pub phase: HookPhase,
    /// What happened instead.
    pub cause: HookCause,
}

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookPhase {
    /// Before the first call of a run.
    SetUp,
    /// After its last.
    TearDown,
}

impl fmt::Display for HookPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SetUp => "set up",
            Self::TearDown => "torn down",
        })
    }
}

/// How a hook failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookCause {
    /// It returned this error.
    Failed(String),
    /// It panicked with this message.
    Panicked(String),
    /// It was not done after this time.
    TimedOut(Duration),
}

impl fmt::Display for HookCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(why) => write!(f, "failed: {why}"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::TimedOut(limit) => write!(f, "was not done after {}", InWords(*limit)),
        }
    }
}

impl Hook {
    /// A hook of this name. The error of its future says why it failed.
    pub fn new<F, R>(name: impl Into<Arc<str>>, run: F) -> Self
    where
        F: Fn(Client) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self { name: name.into(), run: Arc::new(move |client| Box::pin(run(client))) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs it. A panic ends here, for there may be others to tear down.
    pub(super) async fn run(&self, client: &Client, phase: HookPhase) -> Result<(), HookError> {
        // The closure itself may panic, too, before there is a future.
        let work = AssertUnwindSafe(async { (self.run)(client.clone()).await }).catch_unwind();
        let cause = match tokio::time::timeout(LIMIT, work).await {
            Ok(Ok(Ok(()))) => return Ok(()),
            Ok(Ok(Err(why))) => HookCause::Failed(client.secrets().scrub(&why).into_owned()),
            Ok(Err(panic)) => {
                HookCause::Panicked(client.secrets().scrub(message(&*panic)).into_owned())
            }
            Err(_elapsed) => HookCause::TimedOut(LIMIT),
        };
        let (resource, hook) = (client.name().to_owned(), self.name.to_string());
        Err(HookError { resource, hook, phase, cause })
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<String>() {
        return text;
    }
    panic.downcast_ref::<&str>().copied().unwrap_or("without a message")
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hook({})", self.name)
    }
}
