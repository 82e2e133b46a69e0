//! A server on loopback that hands each request to a closure and writes what it says, byte by byte:
//! so it can say what no decent server would.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) target: String,
    /// By names in lower case; several lines of one name are joined by `|`, so that a test sees them.
    headers: HashMap<String, String>,
    pub(crate) body: String,
    /// Everything, as it came.
    pub(crate) raw: String,
}

impl Request {
    /// The value of a header; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The target without its query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Wire {
    /// These bytes, and then the end of the connection.
    Bytes(Vec<u8>),
    /// Nothing, ever.
    Silence,
}

/// An answer with a body and its length.
pub(crate) fn answer(status: &str, media_type: &str, body: &str) -> Wire {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    Wire::Bytes((head + body).into_bytes())
}

/// An answer 200 with JSON.
pub(crate) fn json(body: &str) -> Wire {
    answer("200 OK", "application/json", body)
}

/// Whatever this text says.
pub(crate) fn raw(text: impl Into<String>) -> Wire {
    Wire::Bytes(text.into().into_bytes())
}

/// A redirect.
pub(crate) fn redirect(location: &str) -> Wire {
    raw(format!(
        "HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    ))
}

pub(crate) struct Server {
    address: String,
    /// Locked only to push and to copy.
    requests: Arc<Mutex<Vec<Request>>>,
    open: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

/// Counts a connection for as long as it is open.
struct Presence(Arc<AtomicUsize>);

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Server {
    /// Answers each request with what the closure makes of it.
    pub(crate) async fn start(serve: impl Fn(&Request) -> Wire + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address").to_string();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let open: Arc<AtomicUsize> = Arc::default();
        let (log, count, serve) = (requests.clone(), open.clone(), Arc::new(serve));
        let accepting = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (log, serve) = (log.clone(), serve.clone());
                count.fetch_add(1, Ordering::SeqCst);
                let presence = Presence(count.clone());
                tokio::spawn(async move {
                    let _presence = presence;
                    let Some(request) = read(&mut stream).await else { return };
                    let wire = serve(&request);
                    log.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                    match wire {
                        Wire::Bytes(bytes) => {
                            // The client may have hung up: some tests are about that.
                            let _ = stream.write_all(&bytes).await;
                            let _ = stream.shutdown().await;
                        }
                        // Until the client hangs up.
                        Wire::Silence => {
                            let _ = stream.read(&mut [0; 16]).await;
                        }
                    }
                });
            }
        });
        Self { address, requests, open, accepting }
    }

    /// `http://127.0.0.1:1234` and then the path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What came so far, in the order in which it was answered.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The requests for a path.
    pub(crate) fn to(&self, path: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.path() == path).collect()
    }

    /// Waits until so many requests came for a path.
    pub(crate) async fn heard(&self, path: &str, count: usize) {
        for _ in 0..2_000 {
            if self.to(path).len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{} of {count} requests for {path} came", self.to(path).len());
    }

    /// Waits until no client is connected any more.
    pub(crate) async fn deserted(&self) {
        for _ in 0..1_000 {
            if self.open.load(Ordering::SeqCst) == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{} connections are still open", self.open.load(Ordering::SeqCst));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Reads one request with its body; `None` if the client hangs up before its end.
pub(crate) async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let request = parse(head, body, &text);
            let length: usize = request.header("content-length").parse().unwrap_or(0);
            if body.len() >= length {
                return Some(request);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn parse(head: &str, body: &str, raw: &str) -> Request {
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let target = words.nth(1).unwrap_or_default().to_owned();
    let mut headers: HashMap<String, String> = HashMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let name = name.to_lowercase();
        let before = headers.remove(&name).map_or(String::new(), |value| value + "|");
        headers.insert(name, before + value);
    }
    Request { target, headers, body: body.to_owned(), raw: raw.to_owned() }
}
