//! HTTP/1.1 on the wire, byte by byte: a server library would mend the faults that are asked for.

mod read;
mod write;

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::answer::{Answer, Sent};
use super::error::ConversationError;
use super::incoming::Incoming;
use read::{Reader, Unreadable};

/// Who says what becomes of requests.
pub(crate) trait Host: Send + Sync + 'static {
    /// What is sent for this request.
    fn reply(&self, request: Incoming) -> impl Future<Output = Sent> + Send;

    /// The answer was sent, or there is none. Called once for each request.
    fn answered(&self);

    /// Something came that is no request.
    fn unreadable(&self, why: String);
}

/// A server that runs until it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens on a free port of the loopback interface.
    pub(crate) async fn bind(host: Arc<impl Host>) -> Result<Self, ConversationError> {
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let refused = |source| ConversationError::Bind { address: wanted, source };
        let listener = TcpListener::bind(wanted).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { address, task: tokio::spawn(accept(listener, host)) })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cuts all connections and frees the port.
    pub(crate) async fn stop(&mut self) {
        self.task.abort();
        // It was told to end, so how it ended is no news.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The connections are tasks of this one's, and end with it.
async fn accept(listener: TcpListener, host: Arc<impl Host>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(converse(stream, host.clone()))),
                // A client that is gone before it was let in; or no more files: wait for some.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, host: Arc<impl Host>) {
    let _ = stream.set_nodelay(true);
    let mut reader = Reader::new(stream);
    loop {
        match reader.next().await {
            Ok((request, persistent)) => {
                let head = request.method == Method::HEAD;
                let sent = host.reply(request).await;
                let stalls = matches!(sent, Sent::Stall);
                if stalls {
                    host.answered();
                }
                let goes_on = send(reader.stream(), sent, head, persistent).await;
                if !stalls {
                    host.answered();
                }
                // What becomes of an answer that nobody takes is the client's business.
                if !goes_on.unwrap_or(false) {
                    return;
                }
            }
            Err(Unreadable::Gone) => return,
            Err(Unreadable::NotHttp(why)) => {
                host.unreadable(why.clone());
                let answer = Answer::text(400, why);
                let _ = write::answer(reader.stream(), &answer, false, false).await;
                return;
            }
        }
    }
}

/// Says whether the connection goes on.
async fn send(
    stream: &mut TcpStream,
    sent: Sent,
    head: bool,
    persistent: bool,
) -> io::Result<bool> {
    match sent {
        Sent::Answer(answer) => write::answer(stream, &answer, head, persistent).await,
        Sent::Reset => {
            stream.set_zero_linger()?;
            Ok(false)
        }
        Sent::Close => Ok(false),
        Sent::Stall => {
            until_gone(stream).await;
            Ok(false)
        }
        Sent::Garbage(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await?;
            Ok(false)
        }
    }
}

/// Waits until the client closes the connection.
async fn until_gone(stream: &mut TcpStream) {
    let mut ignored = [0; 1024];
    while let Ok(1..) = stream.read(&mut ignored).await {}
}
