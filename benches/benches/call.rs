//! A call through a flow at concurrency 64, beside the same call in a plain reqwest loop that also
//! times out and parses JSON.
//!
//! The server is another process, and the runtimes are of this thread alone: its CPU time is the
//! clients'. Both use reqwest with the same settings over connections that stay open, and both
//! allocate with mimalloc, as the command `fsm` does.

use std::error::Error;
use std::io;
use std::time::Duration;

use fsm_benches::child::{self, Helper};
use fsm_benches::flows::runtime;
use fsm_benches::race::{Contestant, Rounds, nanos_each, race};
use fsm_benches::table::{Limit, Table};
use fsm_patterns::{Endpoint, Orchestration, RunOutcome};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONCURRENCY: usize = 64;
const TIMEOUT: Duration = Duration::from_secs(30);

/// How many times a plain loop's CPU time a flow may take.
const LIMIT: f64 = 1.10;

fn main() -> Result<(), Box<dyn Error>> {
    if child::role().is_some() {
        return Ok(serve()?);
    }
    let mut server = Helper::start("server")?;
    let origin = format!("http://{}", server.line()?);
    let runtime = runtime();
    let mut table = Table::new("a call at concurrency 64", "ns");
    for calls in [CONCURRENCY, 4 * CONCURRENCY] {
        let urls: Vec<String> = (0..calls).map(|id| format!("{origin}/users/{id}")).collect();
        let flow = urls
            .iter()
            .enumerate()
            .fold(Orchestration::fanout("fan"), |flow, (id, url)| {
                flow.endpoint(Endpoint::get(format!("user{id}"), url).timeout(TIMEOUT))
            })
            .max_concurrent(CONCURRENCY as u32)
            .build()?;
        let client = client()?;
        let times = 2_048 / calls;
        let ours = Contestant::new("ours", || {
            nanos_each(calls * times, || {
                runtime.block_on(async {
                    for _ in 0..times {
                        let report = flow.execute(json!({})).await.expect("no input is declared");
                        assert_eq!(report.outcome, RunOutcome::Completed, "{report:?}");
                    }
                });
            })
        });
        let plain = Contestant::new("reqwest", || {
            nanos_each(calls * times, || {
                runtime.block_on(async {
                    for _ in 0..times {
                        let answers = plain_loop(&client, &urls).await;
                        assert_eq!(answers.expect("every call is answered").len(), calls);
                    }
                });
            })
        });
        let [ours, plain] = race(Rounds::measured(25), [ours, plain]);
        table.compare(format!("{calls} calls a run"), &ours, &plain, Limit::Times(LIMIT));
    }
    table.print();
    Ok(())
}

/// What an engineer writes who wants nothing but the answers.
async fn plain_loop(
    client: &reqwest::Client,
    urls: &[String],
) -> Result<Vec<Value>, reqwest::Error> {
    let calls = stream::iter(urls).map(|url| async move {
        let answer = client.get(url).timeout(TIMEOUT).send().await?.error_for_status()?;
        answer.json::<Value>().await
    });
    let answers: Vec<Result<Value, reqwest::Error>> =
        calls.buffer_unordered(CONCURRENCY).collect().await;
    answers.into_iter().collect()
}

/// The settings of the flow's own client, as far as they cost anything.
fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .pool_idle_timeout(Duration::from_secs(4))
        .tcp_nodelay(true)
        .user_agent("plain/1")
        .build()
}

/// Answers every request with the same small JSON, until the parent is gone.
fn serve() -> io::Result<()> {
    runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        // The parent reads the address from here.
        #[allow(clippy::print_stdout)]
        {
            println!("{}", listener.local_addr()?);
        }
        std::thread::spawn(|| {
            // The parent never writes; this returns when it is gone.
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            std::process::exit(0);
        });
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(answer(stream));
        }
    })
}

async fn answer(mut stream: TcpStream) -> io::Result<()> {
    const BODY: &str = r#"{"id":7,"name":"Ada Lovelace","email":"ada@example.com","active":true}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    stream.set_nodelay(true)?;
    let mut received = Vec::new();
    loop {
        if stream.read_buf(&mut received).await? == 0 {
            return Ok(());
        }
        // A GET ends with its head, and a client waits for the answer before the next.
        if received.ends_with(b"\r\n\r\n") {
            received.clear();
            stream.write_all(answer.as_bytes()).await?;
        }
    }
}
