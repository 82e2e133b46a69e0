//! What grows with the graph: a million states authored, checked, frozen, and drawn; a parallel
//! flow of 10,000 endpoints built and run. Time and memory a piece must stay what they are.
//!
//! Each size runs in a process of its own, so that the peak of memory is its own.

use std::error::Error;
use std::io;
use std::sync::Arc;

use cpu_time::ProcessTime;
use fsm_benches::child::{self, Helper};
use fsm_benches::flows::runtime;
use fsm_benches::race::{Rounds, Times, is_measured};
use fsm_benches::table::{Limit, Table};
use fsm_core::{Bindings, Graph, Machine};
use fsm_http::{Body, BoxFuture, Transport, TransportError};
use fsm_patterns::{Endpoint, Flow, Orchestration, RunOutcome};
use serde_json::json;

/// A size may cost so many times as much a piece as one of a tenth. A quadratic term would make it
/// ten; linear work makes it up to two, because a tenth still fits into the caches.
const LINEAR: f64 = 3.0;

/// A million states must be there within so many seconds each way.
const SECONDS: f64 = 5.0;

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(role) = child::role() {
        return play(&role);
    }
    let (states, endpoints) = match is_measured() {
        true => (1_000_000, 10_000),
        false => (10_000, 1_000),
    };
    let small = measure("graph", states / 10)?;
    let large = measure("graph", states)?;
    let mut table = Table::new("a graph: a chain with a second edge a state", "ns a state");
    compare(&mut table, &small, &large, states);
    table.print();
    let seconds = large.iter().filter(|(what, _)| *what != PEAK).map(|(_, each)| each.median());
    let mut table = Table::new("the whole graph", "s");
    let total = seconds.sum::<f64>() * states as f64 / 1e9;
    table.alone(format!("{states} states, all steps"), total, Limit::AtMost(SECONDS));
    table.print();

    let small = measure("flow", endpoints / 10)?;
    let large = measure("flow", endpoints)?;
    let mut table = Table::new("a parallel flow over a transport in memory", "ns an endpoint");
    compare(&mut table, &small, &large, endpoints);
    table.print();
    Ok(())
}

const PEAK: &str = "peak memory [bytes]";

type Measured = Vec<(&'static str, Times)>;

fn compare(table: &mut Table, small: &Measured, large: &Measured, size: usize) {
    for ((what, small), (_, large)) in small.iter().zip(large) {
        table.compare(format!("{what}, {size}"), large, small, Limit::Times(LINEAR));
    }
}

/// Runs a role at a size, three times, each in a new process.
fn measure(role: &'static str, size: usize) -> io::Result<Measured> {
    let names: &[&'static str] = match role {
        "graph" => &["author and check", "bind", "draw as DOT", "free", PEAK],
        _ => &["build", "run", "run again", PEAK],
    };
    let mut rounds = vec![Vec::new(); names.len()];
    for _ in 0..Rounds::measured(3).count() {
        let mut child = Helper::start(&format!("{role} {size}"))?;
        for numbers in &mut rounds {
            let each: f64 = child.line()?.parse().map_err(io::Error::other)?;
            numbers.push(each);
        }
    }
    let times = rounds.into_iter().map(|numbers| Times::of("a tenth", numbers));
    Ok(names.iter().copied().zip(times).collect())
}

/// As a child: does the work and prints what each part of it cost a piece.
fn play(role: &str) -> Result<(), Box<dyn Error>> {
    let (what, size) = role.split_once(' ').ok_or("a role is a word and a size")?;
    let size: usize = size.parse()?;
    let mut costs = match what {
        "graph" => graph(size)?,
        "flow" => flow(size)?,
        other => return Err(format!("`{other}` is no role").into()),
    };
    let peak = child::peak_memory().ok_or("this system does not tell a process its peak")?;
    costs.push(peak as f64 / size as f64);
    for cost in costs {
        // The parent reads the numbers from here.
        #[allow(clippy::print_stdout)]
        {
            println!("{cost}");
        }
    }
    Ok(())
}

/// What `work` made, and the CPU nanoseconds that each of `pieces` took.
fn timed<T>(pieces: usize, work: impl FnOnce() -> T) -> (T, f64) {
    let start = ProcessTime::now();
    let made = work();
    (made, start.elapsed().as_secs_f64() * 1e9 / pieces as f64)
}

fn graph(states: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    let (graph, author) = timed(states, || {
        let mut graph = Graph::builder("long");
        let names: Vec<String> = (0..=states).map(|index| format!("state {index}")).collect();
        for name in &names[..states] {
            graph.simple(name);
        }
        graph.final_state(&names[states]);
        for index in 0..states {
            graph.transition(&names[index], &names[index + 1]).on("next");
            graph.transition(&names[index], &names[(index + 2).min(states)]).on("skip");
        }
        graph.initial(&names[0]).build()
    });
    let graph = graph?;
    let (machine, bind) = timed(states, || Machine::<(), ()>::bind(graph, Bindings::new()));
    let machine = machine?;
    let (dot, draw) = timed(states, || machine.graph().to_dot());
    if dot.lines().count() < 3 * states {
        return Err("the drawing has fewer lines than the graph has states and transitions".into());
    }
    let ((), free) = timed(states, || drop((dot, machine)));
    Ok(vec![author, bind, draw, free])
}

fn flow(endpoints: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    let (flow, build) = timed(endpoints, || {
        let flow = Orchestration::parallel("wide");
        let flow = (0..endpoints).fold(flow, |flow, index| {
            let url = format!("http://api.test/items/{index}");
            let endpoint = Endpoint::get(format!("item{index}"), url);
            // Pairs, so that dependencies grow with the flow.
            flow.endpoint(match index % 2 {
                0 => endpoint,
                _ => endpoint.depends_on([format!("item{}", index - 1)]),
            })
        });
        flow.max_concurrent(64).build_with(Arc::new(Prompt))
    });
    let flow = flow?;
    let runtime = runtime();
    let run = |flow: &Flow| -> Result<(), Box<dyn Error>> {
        let report = runtime.block_on(flow.execute(json!({})))?;
        match report.outcome {
            RunOutcome::Completed => Ok(()),
            other => Err(format!("the run ended as {other:?}").into()),
        }
    };
    let (ran, first) = timed(endpoints, || run(&flow));
    ran?;
    let (ran, second) = timed(endpoints, || run(&flow));
    ran?;
    Ok(vec![build, first, second])
}

/// A transport that answers at once and keeps nothing.
struct Prompt;

impl Transport for Prompt {
    fn send(
        &self,
        _: fsm_http::Outgoing,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async {
            let mut answer = http::Response::new(Body::from(bytes::Bytes::from_static(b"{}")));
            let json = http::HeaderValue::from_static("application/json");
            answer.headers_mut().insert(http::header::CONTENT_TYPE, json);
            Ok(answer)
        })
    }
}
