//! A server on loopback that hands each request to a closure and sends what it says.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use fsm_http::{
    Call, CallError, ReqwestTransport,
    auth::{Auth, Authority},
};
use http::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    /// By names in lower case; several lines of one name are joined by `|`, so that a test sees them.
    headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The fields of a form in the body.
    pub(crate) fn form(&self) -> HashMap<String, String> {
        assert_eq!(self.header("content-type"), "application/x-www-form-urlencoded");
        url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }
}

pub(crate) struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers each request with the text that the closure makes of it.
    pub(crate) async fn start(serve: impl Fn(&Request) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, serve) = (requests.clone(), Arc::new(serve));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (log, serve) = (log.clone(), serve.clone());
                tokio::spawn(async move {
                    let Some(request) = read(&mut stream).await else { return };
                    let answer = serve(&request);
                    log.lock().expect("no panic").push(request);
                    // The client may have hung up: some tests are about that.
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self, path: &str) -> url::Url {
        format!("http://{}{path}", self.address).parse().expect("a url")
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic").clone()
    }

    /// How many requests came for this path.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.requests().iter().filter(|request| request.target == path).count()
    }

    pub(crate) fn call(&self, path: &str) -> Call {
        Call::new(Method::GET, self.url(path))
    }
}

/// An answer with these lines of a head, the first of which is the status.
pub(crate) fn answer(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

pub(crate) fn json(body: &serde_json::Value) -> String {
    answer("200 OK\r\ncontent-type: application/json", &body.to_string())
}

/// Opens a declaration over a real connection pool.
pub(crate) fn open(auth: &Auth) -> Authority {
    let transport = ReqwestTransport::new().expect("a client");
    Authority::open(auth, Arc::new(transport)).expect("a sound declaration")
}

/// Performs a call with the credentials of an authority and gives the text of the answer.
pub(crate) async fn perform(authority: &Authority, mut call: Call) -> Result<String, CallError> {
    authority.credentials().await?.apply(&mut call);
    let answer = call.perform(&ReqwestTransport::new().expect("a client")).await?;
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let request = parse(head, body);
            let length = request.header("content-length").parse().unwrap_or(0);
            if body.len() >= length {
                return Some(request);
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

fn parse(head: &str, body: &str) -> Request {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let mut headers: HashMap<String, String> = HashMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let all = headers.entry(name.to_lowercase()).or_default();
        if !all.is_empty() {
            all.push('|');
        }
        all.push_str(value);
    }
    Request { method, target, headers, body: body.to_owned() }
}
