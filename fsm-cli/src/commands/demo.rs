//! `fsm demo`: three flows against an API on this machine, over real HTTP.

use clap::Args;
use fsm_patterns::{RunReport, StepReport};
use fsm_testkit::server::MockApi;
use fsm_testkit::server::demo::{ALL, Demo, PORT};
use tokio::sync::watch::Receiver;

use super::run;
use crate::args::WatchArgs;
use crate::board;
use crate::error::CommandError;
use crate::execution::{self, View};
use crate::exit::Exit;
use crate::input::{InputSource, Purpose};
use crate::{log, output, signals, source};

/// What is shown.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Run only this flow.
    #[arg(conflicts_with_all = ["list", "serve"])]
    name: Option<String>,

    /// List the flows.
    #[arg(long, conflicts_with = "serve")]
    list: bool,

    /// Only serve the API until Ctrl-C, for flow files of your own.
    #[arg(long)]
    serve: bool,

    /// The port of the API, 0 for a free one [default: 0; with --serve 8790].
    #[arg(long)]
    port: Option<u16>,

    #[command(flatten)]
    watch: WatchArgs,
}

/// Lists, serves, or runs the demos.
pub(crate) fn perform(args: &DemoArgs) -> Result<Exit, CommandError> {
    if args.list {
        let width = ALL.iter().map(|demo| demo.name.len()).max().unwrap_or(0);
        let line = |demo: &Demo| format!("{:width$}  {}\n", demo.name, demo.title);
        output::print(&ALL.iter().map(line).collect::<String>())?;
        return Ok(Exit::Completed);
    }
    let chosen: Vec<Demo> = match &args.name {
        None => ALL.to_vec(),
        Some(name) => match ALL.iter().find(|demo| demo.name == name) {
            Some(demo) => vec![*demo],
            None => return Err(CommandError::UnknownDemo(name.clone())),
        },
    };
    log::start(&args.watch)?;
    let interrupt = signals::listen().map_err(CommandError::Setup)?;
    execution::block_on(async {
        let port = args.port.unwrap_or(if args.serve { PORT } else { 0 });
        let api = MockApi::start_on(port).await.map_err(CommandError::MockApi)?;
        let exit = match args.serve {
            true => serve(&api, interrupt).await,
            false => run_all(&chosen, &api, View::of(&args.watch), interrupt).await,
        };
        api.stop().await;
        exit
    })?
}

async fn serve(api: &MockApi, mut interrupt: Receiver<bool>) -> Result<Exit, CommandError> {
    let url = api.url();
    output::print(&format!("{url}\n"))?;
    crate::diagnostics::note(&format!(
        "The mock API is served until Ctrl-C. GET {url}/ lists what there is; \
         try {url}/users/123, {url}/flaky/2, {url}/slow/500."
    ));
    // The sender lives as long as the program.
    let _ = interrupt.wait_for(|asked| *asked).await;
    Ok(Exit::Completed)
}

async fn run_all(
    demos: &[Demo],
    api: &MockApi,
    view: View,
    interrupt: Receiver<bool>,
) -> Result<Exit, CommandError> {
    let mut exit = Exit::Completed;
    for demo in demos {
        let flow = source::flow(demo.file, &demo.text_for(&api.url()))?;
        let input = InputSource::Literal(demo.input.to_owned()).read(Purpose::Input)?;
        let run =
            flow.run(input).map_err(|error| CommandError::of_run(demo.file.to_owned(), error))?;
        let report = execution::execute(&flow, run, view, interrupt.clone()).await;
        output::print(&summary(demo, &report))?;
        if run::exit(report.outcome) != Exit::Completed {
            exit = Exit::NotCompleted;
        }
        if *interrupt.borrow() {
            break;
        }
    }
    Ok(exit)
}

/// A run for people to read: its steps as a table, then what it gave.
fn summary(demo: &Demo, report: &RunReport) -> String {
    let width = report.steps.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = format!("{}: {}\ninput: {}\n", demo.name, demo.title, demo.input);
    for (name, step) in &report.steps {
        text += format!("  {name:width$}  {}", line(step)).trim_end();
        text.push('\n');
    }
    // Any JSON value has a text.
    let output = serde_json::to_string_pretty(&report.output).unwrap_or_default();
    text + &format!("outcome: {}\noutput: {output}\n\n", report.outcome.as_str())
}

fn line(step: &StepReport) -> String {
    let status = step.status.as_str();
    let http = step.http_status.map(|status| status.to_string()).unwrap_or_default();
    let elapsed = match step.attempts {
        0 => String::new(),
        _ => board::words(std::time::Duration::from_secs_f64(step.elapsed_ms.max(0.0) / 1_000.0)),
    };
    let why = match (&step.error, &step.reason) {
        (Some(error), _) => error.message.as_str(),
        (None, Some(reason)) => reason.as_str(),
        (None, None) => "",
    };
    format!("{status:9}  {http:3}  {elapsed:7}  {why}")
}
