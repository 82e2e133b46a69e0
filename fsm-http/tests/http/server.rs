//! A server that writes exactly the bytes it is told to, and keeps what it was sent.

use std::{
    future::Future,
    sync::{Arc, Mutex},
};

use fsm_http::{Answer, Call, CallError, ReqwestTransport};
use http::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A listener on a loopback port; dropped with its runtime at the end of the test.
pub(crate) struct Server {
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Lets `serve` handle each connection after its first request was read.
    pub(crate) async fn start<F, R>(serve: F) -> Self
    where
        F: Fn(TcpStream, String) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        let serve = Arc::new(serve);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (log, serve) = (log.clone(), serve.clone());
                tokio::spawn(async move {
                    let request = read_request(&mut stream).await;
                    log.lock().expect("no panic").push(request.clone());
                    serve(stream, request).await;
                });
            }
        });
        Self { address, requests }
    }

    /// Answers each connection's request with these bytes and closes.
    pub(crate) async fn writing(answer: impl Into<Vec<u8>>) -> Self {
        let answer = Arc::new(answer.into());
        Self::start(move |mut stream, _| {
            let answer = answer.clone();
            async move {
                // The client may hang up before it has read everything: some tests are about that.
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }
}

/// The first byte of a TLS handshake.
const TLS: u8 = 0x16;

/// Reads one request: its head, and as much body as its length says. Of TLS, one read is enough.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    while bytes.first() != Some(&TLS) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return text;
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return text,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
    "TLS".to_owned()
}

/// A call with defaults.
pub(crate) fn call(method: Method, url: &str) -> Call {
    Call::new(method, url.parse().expect("a url"))
}

/// Performs a call over a new pool of connections.
pub(crate) async fn perform(call: &Call) -> Result<Answer, CallError> {
    call.perform(&ReqwestTransport::new().expect("a client")).await
}

/// Performs a GET that must fail.
pub(crate) async fn failure(url: &str) -> CallError {
    perform(&call(Method::GET, url)).await.expect_err("no success")
}

/// An answer with a length.
pub(crate) fn answer(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
