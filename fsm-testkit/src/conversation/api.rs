//! A conversation that is under way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::account::Mishap;
use super::answer::{Answer, Reply, Sent};
use super::error::ConversationError;
use super::incoming::Incoming;
use super::script::Script;
use super::wire::{Host, Server};

/// The status of an answer to a request that was not expected. No API gives it.
const UNEXPECTED: u16 = 599;

/// An API that is being served, and follows a script.
///
/// # Panics
/// Dropping it without [`finish`](Self::finish) panics where the conversation went wrong, so that no
/// test passes by forgetting to ask. It does not where the thread is panicking already.
#[derive(Debug)]
pub struct ScriptedApi {
    server: Server,
    stage: Arc<Stage>,
    finished: bool,
}

/// What connections share. The lock is never held across an await.
#[derive(Debug)]
struct Stage {
    script: Mutex<Script>,
    changed: Notify,
    /// How many answers are being sent.
    under_way: AtomicUsize,
}

impl ScriptedApi {
    pub(super) async fn serve(script: Script) -> Result<Self, ConversationError> {
        let stage = Stage {
            script: Mutex::new(script),
            changed: Notify::new(),
            under_way: AtomicUsize::new(0),
        };
        let stage = Arc::new(stage);
        let server = Server::bind(stage.clone()).await?;
        Ok(Self { server, stage, finished: false })
    }

    /// Where it is served: `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// What came so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Incoming> {
        self.stage.script().requests().to_vec()
    }

    /// Ends the conversation: cuts the connections that are still open, frees the port, and tells
    /// how it went.
    ///
    /// # Errors
    /// [`ConversationError::WentWrong`] with the report.
    pub async fn finish(mut self) -> Result<(), ConversationError> {
        self.finished = true;
        self.server.stop().await;
        match self.stage.script().account() {
            None => Ok(()),
            Some(account) => Err(ConversationError::WentWrong(Box::new(account))),
        }
    }

    /// The same, but waits first, so long at most, for requests that are still to come and for
    /// answers to be sent: for a client that calls in the background.
    ///
    /// # Errors
    /// [`ConversationError::WentWrong`] with the report.
    pub async fn finish_within(self, patience: Duration) -> Result<(), ConversationError> {
        let settled = async {
            loop {
                let changed = self.stage.changed.notified();
                if self.stage.is_settled() {
                    return;
                }
                changed.await;
            }
        };
        // Whether it is settled or not, `finish` tells.
        let _ = tokio::time::timeout(patience, settled).await;
        self.finish().await
    }
}

impl Drop for ScriptedApi {
    fn drop(&mut self) {
        if self.finished || std::thread::panicking() {
            return;
        }
        let account = self.stage.script().account();
        if let Some(account) = account {
            panic!("{account}");
        }
    }
}

impl Stage {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_settled(&self) -> bool {
        self.under_way.load(Ordering::SeqCst) == 0 && self.script().is_settled()
    }

    /// What the script says to this request. Runs code of the test.
    fn consult(&self, request: Incoming) -> Result<Sent, Mishap> {
        let received = self.script().receive(request);
        let (request, reply) = match received {
            Ok(received) => received,
            Err(report) => return Ok(Sent::Answer(Answer::text(UNEXPECTED, report))),
        };
        let answer = match reply {
            Reply::Fixed(Sent::Answer(answer)) => {
                let url = request.base_url().unwrap_or_default();
                return Ok(Sent::Answer(answer.under(&url)));
            }
            Reply::Fixed(sent) => return Ok(sent),
            Reply::Made(make) => make(&request),
        };
        match answer.faults().as_slice() {
            [] => Ok(Sent::Answer(answer)),
            [fault, ..] => {
                Err(Mishap::NoAnswer { request: request.line(), why: fault.to_string() })
            }
        }
    }
}

impl Host for Stage {
    async fn reply(&self, request: Incoming) -> Sent {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let line = request.line();
        let consulted = catch_unwind(AssertUnwindSafe(|| self.consult(request)));
        let sent = match consulted.unwrap_or(Err(Mishap::Panicked { request: line })) {
            Ok(sent) => sent,
            Err(mishap) => {
                let answer = Answer::text(UNEXPECTED, mishap.to_string());
                self.script().note(mishap);
                Sent::Answer(answer)
            }
        };
        self.changed.notify_waiters();
        sent
    }

    fn answered(&self) {
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    fn unreadable(&self, why: String) {
        self.script().note(Mishap::NoRequest { why });
        self.changed.notify_waiters();
    }
}
