//! A call as an activity of a machine: one attempt, its outcome in the kernel's words.
//!
//! The state's [`RetryPolicy`](fsm_core::RetryPolicy) decides how often and how long apart; the
//! call's own rules have decided whether at all.

use std::sync::Arc;

use fsm_core::Outcome;

use crate::call::{Answer, Call};
use crate::error::{CallError, Retry};
use crate::transport::Transport;

impl Call {
    /// Makes one attempt as the work of an activity state; `event` makes the event that the
    /// state's `done` and `failed` transitions see.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use fsm_core::{Bindings, Event, Graph, Machine, RetryPolicy, Status};
    /// use fsm_http::{Answer, Call, CallError, MemoryTransport, Reply, Transport};
    /// use http::Method;
    ///
    /// struct Fetched(Result<Answer, CallError>);
    /// impl Event for Fetched {}
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut graph = Graph::builder("fetch a user");
    /// graph.activity("fetch").retry(RetryPolicy::new(2));
    /// graph.final_state("fetched");
    /// graph.final_state("gave up");
    /// graph.transition("fetch", "fetched").done();
    /// graph.transition("fetch", "gave up").failed();
    ///
    /// let replies = MemoryTransport::sequence([Reply::status(503), Reply::text("Ada")]);
    /// let transport: Arc<dyn Transport> = Arc::new(replies);
    /// let machine = Machine::<(), Fetched>::bind(
    ///     graph.initial("fetch").build()?,
    ///     Bindings::new().activity("fetch", move |_, _| {
    ///         let url = "http://users.test/1".parse().expect("a url");
    ///         Call::new(Method::GET, url).into_activity(transport.clone(), Fetched)
    ///     }),
    /// )?;
    /// let ended = machine.run(()).await;
    /// let fetched = machine.graph().state("fetched").expect("a state of the graph");
    /// assert_eq!(ended.snapshot.status(), Status::Finished(fetched));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// As [`Call::perform`].
    pub async fn into_activity<E>(
        self,
        transport: Arc<dyn Transport>,
        event: impl FnOnce(Result<Answer, CallError>) -> E,
    ) -> Outcome<E> {
        match self.perform(&*transport).await {
            Ok(answer) => Outcome::Done(Some(event(Ok(answer)))),
            Err(error) => {
                let retry = error.retry.into();
                Outcome::Failed { event: Some(event(Err(error))), retry }
            }
        }
    }
}

impl From<Retry> for fsm_core::Retry {
    fn from(retry: Retry) -> Self {
        match retry {
            Retry::Never => fsm_core::Retry::Never,
            Retry::Allowed { after } => fsm_core::Retry::Allowed(after),
        }
    }
}
