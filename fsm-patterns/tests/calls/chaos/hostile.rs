//! A server that misbehaves, each time in another way, as a seed says. It lives on a thread and a
//! runtime of its own, so that what is left on the runtime of the test is the clients' alone.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use super::bomb;
use super::dice::Dice;
use crate::server::{Request, read};

static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| bomb::zeros(20 * 1024 * 1024));

/// What the connections of the server share.
struct Shared {
    seed: u64,
    requests: AtomicU64,
    open: AtomicUsize,
    /// No more mischief.
    calm: AtomicBool,
    addresses: [String; 2],
}

pub(crate) struct Hostile {
    shared: Arc<Shared>,
    /// Dropped with the server, and everything on it.
    runtime: Option<Runtime>,
}

impl Hostile {
    pub(crate) fn start(seed: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listen = || {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
            listener.set_nonblocking(true).expect("a socket that can wait");
            let _inside = runtime.enter();
            TcpListener::from_std(listener).expect("a socket")
        };
        let listeners = [listen(), listen()];
        let address = |it: &TcpListener| it.local_addr().expect("its address").to_string();
        let shared = Arc::new(Shared {
            seed,
            requests: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            calm: AtomicBool::new(false),
            addresses: [address(&listeners[0]), address(&listeners[1])],
        });
        for listener in listeners {
            let shared = shared.clone();
            runtime.spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, shared.clone()));
                }
            });
        }
        Self { shared, runtime: Some(runtime) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.shared.addresses[0])
    }

    /// How many requests came.
    pub(crate) fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// How many clients are connected.
    pub(crate) fn connections(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// From now on every answer is a good one.
    pub(crate) fn calm_down(&self) {
        self.shared.calm.store(true, Ordering::SeqCst);
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Counts a connection for as long as it is open.
struct Presence(Arc<Shared>);

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What becomes of the connection after an answer.
enum Next {
    Keep,
    Close,
    Reset,
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    shared.open.fetch_add(1, Ordering::SeqCst);
    let _presence = Presence(shared.clone());
    while let Some(request) = read(&mut stream).await {
        let number = shared.requests.fetch_add(1, Ordering::SeqCst);
        let mut dice = Dice(shared.seed ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        // The client may have hung up: that is what all of this is about.
        match answer(&mut stream, &request, &mut dice, &shared).await.unwrap_or(Next::Close) {
            Next::Keep => {}
            Next::Close => {
                let _ = stream.shutdown().await;
                return;
            }
            Next::Reset => {
                // Without a farewell, since what the client sent is never read to its end.
                let _ = stream.set_zero_linger();
                return;
            }
        }
    }
}

fn good(request: &Request, dice: &mut Dice) -> String {
    let body = match request.path() {
        "/token" => format!(
            r#"{{"access_token": "t-{}", "token_type": "bearer", "expires_in": {}}}"#,
            dice.throw(),
            dice.one_of(&["0", "1", "3600", "-5", "\"60\"", "null"])
        ),
        "/login" => format!(r#"{{"token": "s-{}"}}"#, dice.throw()),
        _ => format!(r#"{{"n": {}, "usage": {{"tokens": 3}}}}"#, dice.below(100)),
    };
    let more = dice.one_of(&["", "", "etag: \"a\"\r\n", "cache-control: no-store\r\n"]);
    let body = if request.raw.starts_with("HEAD") { String::new() } else { body };
    let length = body.len();
    format!(
        "200 OK\r\ncontent-type: application/json\r\n{more}content-length: {length}\r\n\r\n{body}"
    )
}

/// The waits that servers ask for, few of which make sense.
const WAITS: [&str; 14] = [
    "0",
    "0",
    " 0 ",
    "1",
    "-1",
    "0.5",
    "1e9",
    "soon",
    "",
    "99999999999999999999",
    "120",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "\t0\t",
];

async fn answer(
    stream: &mut TcpStream,
    request: &Request,
    dice: &mut Dice,
    shared: &Shared,
) -> std::io::Result<Next> {
    let mut say = async |text: &str| stream.write_all(format!("HTTP/1.1 {text}").as_bytes()).await;
    if shared.calm.load(Ordering::SeqCst) {
        say(&good(request, dice)).await?;
        return Ok(Next::Keep);
    }
    tokio::time::sleep(Duration::from_millis(dice.below(12))).await;
    // Whoever waits for a token waits longer than for anything else, so that is kept short.
    let patience = if matches!(request.path(), "/token" | "/login") { 150 } else { 5_000 };
    let patience = Duration::from_millis(patience);
    match dice.below(100) {
        0..40 => say(&good(request, dice)).await?,
        40..46 => {
            let status = dice.one_of(&["400", "401", "403", "404", "409", "410", "418", "422"]);
            say(&format!("{status} No\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nno"))
                .await?;
        }
        46..54 => {
            let status = dice.one_of(&["500", "501", "502", "503", "504"]);
            say(&format!("{status} Oops\r\ncontent-length: 0\r\n\r\n")).await?;
        }
        54..60 => {
            let (status, wait) = (dice.one_of(&["429", "503"]), dice.one_of(&WAITS));
            let quota = dice.one_of(&[
                "",
                "",
                "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 0\r\n",
                "ratelimit: \"a\";r=0;t=0\r\n",
                "ratelimit: \u{1}\r\n",
                "x-ratelimit-remaining: -3\r\nx-ratelimit-reset: soon\r\n",
            ]);
            say(&format!(
                "{status} Later\r\nretry-after: {wait}\r\n{quota}content-length: 0\r\n\r\n"
            ))
            .await?;
        }
        60..63 => return Ok(Next::Reset),
        63..66 => {
            say("200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{\"half")
                .await?;
            return Ok(if dice.below(2) == 0 { Next::Reset } else { Next::Close });
        }
        66..69 => {
            let noise: Vec<u8> = (0..dice.below(400)).map(|_| dice.throw() as u8).collect();
            stream.write_all(&noise).await?;
            return Ok(Next::Close);
        }
        69..71 => {
            let length = BOMB.len();
            say(&format!("200 OK\r\ncontent-encoding: gzip\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\n\r\n")).await?;
            stream.write_all(&BOMB).await?;
        }
        71..72 => say("200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello").await?,
        72..74 => {
            say("200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
            let endless = async {
                while stream.write_all(chunk.as_bytes()).await.is_ok() {
                    tokio::task::yield_now().await;
                }
            };
            let _ = tokio::time::timeout(patience, endless).await;
            return Ok(Next::Close);
        }
        74..76 => {
            say("200 OK\r\ncontent-type: text/plain\r\ncontent-length: 100000\r\n\r\n").await?;
            let drip = async {
                while stream.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(15)).await;
                }
            };
            let _ = tokio::time::timeout(patience, drip).await;
            return Ok(Next::Close);
        }
        76..82 => {
            let there = &shared.addresses[dice.below(2) as usize];
            let away = format!("http://{there}/elsewhere?n={}", dice.below(9));
            let location = dice.one_of(&[
                "/round",
                "/round",
                "",
                "http://[",
                "ftp://a.test/",
                "//",
                "http://127.0.0.1:1/",
                "\u{ff}",
                &away,
                &away,
            ]);
            let status = dice.one_of(&["301", "302", "303", "307", "308", "300", "304"]);
            say(&format!("{status} Go\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"))
                .await?;
        }
        82..87 => {
            let odd = dice.one_of(&[
                "200 OK\r\ncontent-length: 3\r\n\r\n{\"a\": 1, \"more\": true}",
                "200 OK\r\ncontent-length: -1\r\n\r\n{}",
                "200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
                "200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                "200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n",
                "200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
                "204 No\r\ncontent-length: 2\r\n\r\n{}", "205 Reset\r\n\r\n", "304 Same\r\n\r\n",
                "200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n{\"a\":",
                "200 OK\r\ncontent-type: text/plain; charset=utf-16\r\ncontent-length: 2\r\n\r\nab",
                "200 OK\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n\u{1}",
                "99 Low\r\n\r\n", "1000 High\r\n\r\n", "200", "\r\n\r\n", "600 Odd\r\ncontent-length: 0\r\n\r\n",
            ]);
            say(odd).await?;
            return Ok(Next::Close);
        }
        87..91 => {
            for _ in 0..dice.below(5) {
                say(dice.one_of(&[
                    "100 Continue\r\n\r\n",
                    "102 Processing\r\n\r\n",
                    "103 Hints\r\nlink: </a>\r\n\r\n",
                ]))
                .await?;
            }
            say(&good(request, dice)).await?;
        }
        91..92 => {
            say(&format!("200 OK\r\nx-large: {}\r\ncontent-length: 0\r\n\r\n", "x".repeat(600_000)))
                .await?
        }
        92..96 => {
            let text = good(request, dice).replacen("\r\n", "\r\nconnection: close\r\n", 1);
            say(&text).await?;
            return Ok(Next::Close);
        }
        96..97 => {
            stream.write_all(format!("HTTP/1.0 {}", good(request, dice)).as_bytes()).await?;
            return Ok(Next::Close);
        }
        97..98 => return Ok(Next::Close),
        // Not a word.
        _ => {
            let _ = tokio::time::timeout(patience, stream.read(&mut [0; 64])).await;
            return Ok(Next::Close);
        }
    }
    Ok(Next::Keep)
}
