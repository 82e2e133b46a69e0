//! `fsm simulate`: a machine from a file, driven by a list of events or by hand.

use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use fsm_patterns::file::{self, FileKind};
use fsm_patterns::machine::MachineFile;
use serde_json::Value;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::input::{InputSource, Purpose};
use crate::nearest::did_you_mean;
use crate::simulate::assume::{Assumptions, assumption};
use crate::simulate::item::{self, Item};
use crate::simulate::session::{NoSession, Refused, Session};
use crate::simulate::view::{self, Paint, ViewError};
use crate::source::{self, Source};
use crate::{diagnostics, output};

/// What is simulated, and how.
#[derive(Debug, Args)]
#[command(after_help = ITEMS)]
pub(crate) struct SimulateArgs {
    /// The machine file, in YAML or JSON; `-` reads it from stdin.
    file: PathBuf,

    /// What happens, separated by commas; prints one JSON object. Without it, a terminal shows an
    /// interactive view, and anything else is read for items, line by line.
    #[arg(short, long, value_name = "ITEMS", allow_hyphen_values = true)]
    events: Vec<String>,

    /// Members of the context to begin with, in place of those in the file: JSON, `@FILE`, or `-`
    /// for stdin.
    #[arg(short, long, value_name = "JSON")]
    context: Option<String>,

    /// Whether a guard holds that is Rust code, which the file does not have.
    #[arg(short, long, value_name = "NAME=BOOL")]
    assume: Vec<String>,
}

const ITEMS: &str = "\
Items:
  coin           an event
  coin=5         an event with data: any JSON
  +5s            time passes, and timers that are due fire (500ms, 30s, 5m, 2h)
  done:STATE     the activity at STATE ends well; done:STATE=JSON says with what
  failed:STATE   it ends badly, for good; failed:STATE=JSON says with what
  timeout:STATE  it takes too long, as often as it is started
A name that holds a comma or `=` is written as a JSON string: '\"a, b\"=5'.

The result: {\"path\": [...], \"state\": \"...\", \"context\": {...}, \"rejected\": [{\"event\", \"state\", \"why\"}]}";

/// Simulates a machine.
pub(crate) fn perform(args: &SimulateArgs) -> Result<Exit, CommandError> {
    let source = Source::from(args.file.as_path());
    let context = args.context.as_deref().map(InputSource::from);
    let listens = args.events.is_empty();
    let from_stdin = [source == Source::Stdin, context == Some(InputSource::Stdin), listens];
    if from_stdin.into_iter().filter(|reads| *reads).count() > 1 {
        let (what, option) = match listens {
            true => ("the events and something else", "--events ITEMS"),
            false => ("the machine and its context", "--context @FILE"),
        };
        return Err(CommandError::StdinTwice { what, option });
    }
    let file = machine(&source)?;
    let context = begin_with(&file, context.as_ref())?;
    let assumptions = assume(&source, &file, &args.assume)?;
    if listens && io::stdin().is_terminal() && io::stdout().is_terminal() {
        return hold(file, &context, &assumptions);
    }
    let is_event = |name: &str| file.graph().event(name).is_some();
    let mut items = Vec::new();
    for list in &args.events {
        items.extend(item::list(list, is_event)?);
    }
    if listens {
        for line in io::stdin().lock().lines() {
            let line = line
                .map_err(|source| CommandError::Unreadable { what: "stdin".to_owned(), source })?;
            items.extend(item::list(&line, is_event)?);
        }
    }
    list(file, context, assumptions, &items)
}

/// Lets one item after the other happen, and prints what came of it.
fn list(
    file: MachineFile,
    context: Value,
    assumptions: Assumptions,
    items: &[Item],
) -> Result<Exit, CommandError> {
    let unassumed = |guards| unassumed(&file, &assumptions, guards);
    let session = Session::begin(file.clone(), context, assumptions.clone());
    let mut session = session.map_err(|error| match error {
        NoSession::Unbound(report) => CommandError::Faults(report),
        NoSession::Unassumed(guards) => unassumed(guards),
    })?;
    if let Some(why) = session.stuck_at_once() {
        diagnostics::note(&format!("note: {why}"));
    }
    let mut rejected = Vec::new();
    for item in items {
        match session.take(item) {
            Ok(()) => {}
            Err(Refused::Rejected(rejection)) => rejected.push(rejection),
            Err(Refused::Unassumed(guards)) => return Err(unassumed(guards)),
        }
        session.forget();
    }
    let actions = file.unbound().actions;
    if !actions.is_empty() {
        let names: Vec<String> = actions.iter().map(|name| format!("`{name}`")).collect();
        diagnostics::note(&format!(
            "note: Rust code that the file does not have, and that did nothing: {}",
            names.join(", ")
        ));
    }
    output::print_json(&session.outline(rejected))?;
    Ok(Exit::Completed)
}

/// Shows the interactive view.
fn hold(
    file: MachineFile,
    context: &Value,
    assumptions: &Assumptions,
) -> Result<Exit, CommandError> {
    let paint = Paint::new(console::colors_enabled());
    let (mut stdin, mut stdout) = (io::stdin().lock(), io::stdout().lock());
    match view::hold(file, context, assumptions, &mut stdin, &mut stdout, paint) {
        Ok(()) => Ok(Exit::Completed),
        Err(ViewError::Unbound(report)) => Err(CommandError::Faults(report)),
        // Whoever looked has gone away.
        Err(ViewError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(Exit::Completed)
        }
        Err(ViewError::Io(error)) => Err(CommandError::Stdout(error)),
    }
}

fn machine(source: &Source) -> Result<MachineFile, CommandError> {
    let (what, text) = (source.to_string(), source.text()?);
    match file::kind_of(&text) {
        FileKind::Machine => source::machine(&what, &text),
        FileKind::Flow => match source::flow(&what, &text) {
            Ok(_) => Err(CommandError::Flow { what }),
            Err(error) => Err(error),
        },
    }
}

/// The context of the file, with some of its members overridden.
fn begin_with(file: &MachineFile, given: Option<&InputSource>) -> Result<Value, CommandError> {
    let mut context = file.context().clone();
    let Some(given) = given else { return Ok(context) };
    let given = match given.read(Purpose::Context)? {
        Value::Object(members) => members,
        Value::Null => return Err(CommandError::ContextShape { found: "null" }),
        Value::Bool(_) => return Err(CommandError::ContextShape { found: "a boolean" }),
        Value::Number(_) => return Err(CommandError::ContextShape { found: "a number" }),
        Value::String(_) => return Err(CommandError::ContextShape { found: "a text" }),
        Value::Array(_) => return Err(CommandError::ContextShape { found: "a list" }),
    };
    let reserved: Vec<String> =
        given.keys().filter(|name| name.starts_with('$')).cloned().collect();
    if !reserved.is_empty() {
        return Err(CommandError::ContextReserved { names: reserved });
    }
    if let Value::Object(members) = &mut context {
        for (name, value) in given {
            if !members.contains_key(&name) {
                let hint = did_you_mean(&name, members.keys().map(String::as_str));
                if !hint.is_empty() {
                    diagnostics::note(&format!(
                        "note: the file declares no context `{name}`{hint}"
                    ));
                }
            }
            members.insert(name, value);
        }
    }
    Ok(context)
}

fn assume(
    source: &Source,
    file: &MachineFile,
    given: &[String],
) -> Result<Assumptions, CommandError> {
    let guards = file.unbound().guards;
    let assumptions = Assumptions::default();
    for text in given {
        let Some((name, holds)) = assumption(text) else {
            return Err(CommandError::Assumption { text: text.clone() });
        };
        if !guards.contains(&name) {
            let hint = did_you_mean(&name, guards.iter().map(String::as_str));
            return Err(CommandError::UnknownGuard { what: source.to_string(), name, hint });
        }
        assumptions.assume(&name, holds);
    }
    Ok(assumptions)
}

fn unassumed(file: &MachineFile, assumptions: &Assumptions, guards: Vec<String>) -> CommandError {
    let open = file.unbound().guards.into_iter();
    let open = open.filter(|guard| assumptions.answer(guard).is_none()).collect();
    CommandError::Unassumed { guards, open }
}
