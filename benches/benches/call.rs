//! A call through a flow at concurrency 64, with a rate limit (that does not limit), circuit breakers,
//! metrics, and spans (that nobody listens to): beside the same call in a plain reqwest loop that
//! also times out and parses JSON, and beside reqwest-middleware with reqwest-retry. The cache is
//! measured apart: what a hit costs, and what a miss adds. A run of 64 calls is held to its limit; one
//! of 256 is there to be read: what 256 endpoints keep of their own no longer stays in the cache of
//! a core.
//!
//! The server is another process, and the runtimes are of this thread alone: its CPU time is the
//! clients'. All use reqwest with the same settings over connections that stay open, and all
//! allocate with mimalloc, as the command `fsm` does.

use std::error::Error;
use std::io;
use std::time::Duration;

use fsm_benches::child::{self, Helper};
use fsm_benches::flows::runtime;
use fsm_benches::race::{Contestant, Rounds, nanos_each, race};
use fsm_benches::table::{Limit, Table};
use fsm_patterns::{Endpoint, Flow, Orchestration, RunOutcome};
use futures_util::{StreamExt, stream};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::{RetryTransientMiddleware, policies::ExponentialBackoff};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONCURRENCY: usize = 64;
const TIMEOUT: Duration = Duration::from_secs(30);

/// How many times a plain loop's CPU time a flow may take.
const LIMIT: f64 = 1.10;

/// More calls a second than anybody makes here.
const AMPLE: u32 = 1_000_000;

/// How many calls each contestant makes in a round.
const CALLS: usize = 2_048;

fn main() -> Result<(), Box<dyn Error>> {
    if child::role().is_some() {
        return Ok(serve()?);
    }
    let mut server = Helper::start("server")?;
    let origin = format!("http://{}", server.line()?);
    let runtime = runtime();
    let mut table = Table::new("a call at concurrency 64, all layers on", "ns");
    for calls in [CONCURRENCY, 4 * CONCURRENCY] {
        let urls: Vec<String> = (0..calls).map(|id| format!("{origin}/users/{id}")).collect();
        let flow = layered(&urls).build()?;
        let client = client()?;
        let retry = RetryTransientMiddleware::new_with_policy(
            ExponentialBackoff::builder().build_with_max_retries(3),
        );
        let middleware = ClientBuilder::new(self::client()?).with(retry).build();
        let times = CALLS / calls;
        let ours = Contestant::new("ours", || flows(&runtime, &flow, calls, times));
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
        let peer = Contestant::new("reqwest-retry", || {
            nanos_each(calls * times, || {
                runtime.block_on(async {
                    for _ in 0..times {
                        let answers = middleware_loop(&middleware, &urls).await;
                        assert_eq!(answers.expect("every call is answered").len(), calls);
                    }
                });
            })
        });
        let [ours, plain, peer] = race(Rounds::measured(25), [ours, plain, peer]);
        let limit = if calls == CONCURRENCY { Limit::Times(LIMIT) } else { Limit::Free };
        table.compare(format!("{calls} calls a run"), &ours, &plain, limit);
        table.compare(format!("{calls} calls a run"), &ours, &peer, Limit::Free);
    }
    table.print();
    cache(&runtime, &origin)?.print();
    Ok(())
}

/// A fan of calls with everything that a flow can put around them, save the cache.
fn layered(urls: &[String]) -> Orchestration {
    plain_flow(urls)
        .global_rates([(AMPLE, Duration::from_secs(1))])
        .circuit_breaker(5, Duration::from_secs(60))
}

fn plain_flow(urls: &[String]) -> Orchestration {
    let endpoints = urls
        .iter()
        .enumerate()
        .map(|(id, url)| Endpoint::get(format!("user{id}"), url).timeout(TIMEOUT));
    endpoints
        .fold(Orchestration::fanout("fan"), Orchestration::endpoint)
        .max_concurrent(CONCURRENCY as u32)
}

fn flows(runtime: &Runtime, flow: &Flow, calls: usize, times: usize) -> f64 {
    nanos_each(calls * times, || {
        runtime.block_on(async {
            for _ in 0..times {
                let report = flow.execute(json!({})).await.expect("no input is declared");
                assert_eq!(report.outcome, RunOutcome::Completed, "{report:?}");
            }
        });
    })
}

/// What an answer out of the cache costs, and what looking for one in vain and keeping it adds.
fn cache(runtime: &Runtime, origin: &str) -> Result<Table, Box<dyn Error>> {
    let urls: Vec<String> = (0..CONCURRENCY).map(|id| format!("{origin}/users/{id}")).collect();
    let times = CALLS / CONCURRENCY;
    let without = layered(&urls).build()?;
    let hits = layered(&urls).cache_ttl(Duration::from_secs(3_600)).build()?;
    let misses = layered(&urls).cache_ttl(Duration::from_secs(3_600)).build()?;
    let [hit, miss, plain] = race(
        Rounds::measured(25),
        [
            Contestant::new("hit", || flows(runtime, &hits, CONCURRENCY, times)),
            Contestant::new("miss", || {
                nanos_each(CALLS, || {
                    for _ in 0..times {
                        misses.clear_all_cache();
                        flows(runtime, &misses, CONCURRENCY, 1);
                    }
                })
            }),
            Contestant::new("no cache", || flows(runtime, &without, CONCURRENCY, times)),
        ],
    );
    let mut table = Table::new("a call with a cache", "ns");
    table.compare("a hit", &hit, &plain, Limit::Free);
    table.compare("a miss", &miss, &plain, Limit::Free);
    Ok(table)
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

/// The same with middleware that retries.
async fn middleware_loop(
    client: &ClientWithMiddleware,
    urls: &[String],
) -> Result<Vec<Value>, reqwest_middleware::Error> {
    let calls = stream::iter(urls).map(|url| async move {
        let answer = client.get(url).timeout(TIMEOUT).send().await?.error_for_status()?;
        Ok(answer.json::<Value>().await?)
    });
    let answers: Vec<Result<Value, reqwest_middleware::Error>> =
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
