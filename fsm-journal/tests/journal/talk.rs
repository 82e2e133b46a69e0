//! A machine that fetches, then talks until it is told to go.

use std::path::Path;
use std::time::Duration;

use fsm_core::journal::{Journal, JournalError, Logbook, NewRun, TakenUp};
use fsm_core::{Bindings, Ended, Event, EventKey, Graph, Input, Machine, Outcome, Snapshot, Visit};
use fsm_journal::SqliteJournal;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Word {
    Said(String),
    Bye,
}

impl Event for Word {
    fn key(&self) -> EventKey<'_> {
        EventKey::Name(match self {
            Word::Said(_) => "said",
            Word::Bye => "bye",
        })
    }
}

/// What a run knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Talk {
    pub(crate) heard: Vec<String>,
    pub(crate) thoughts: f64,
}

pub(crate) type TalkJournal = SqliteJournal<Talk, Word>;
pub(crate) type Book = Box<dyn Logbook<Talk, Word>>;
pub(crate) type TestResult = Result<(), Box<dyn std::error::Error>>;

/// `fetch` → `listening` ⇄ `thinking`; `bye` ends it.
pub(crate) fn machine() -> Machine<Talk, Word> {
    named("talk")
}

pub(crate) fn named(name: &str) -> Machine<Talk, Word> {
    bound(name, |_, _| async { Outcome::Done(Some(Word::Said("a page".to_owned()))) })
}

/// A machine whose `fetch` never comes back.
pub(crate) fn stalled() -> Machine<Talk, Word> {
    bound("talk", |_, _| std::future::pending())
}

fn bound<F: Future<Output = Outcome<Word>> + Send + 'static>(
    name: &str,
    fetch: fn(&Talk, &Visit<'_>) -> F,
) -> Machine<Talk, Word> {
    let mut graph = Graph::builder(name);
    graph.activity("fetch");
    graph.simple("listening");
    graph.activity("thinking");
    graph.final_state("completed");
    graph.transition("fetch", "listening").done().action("note");
    graph.transition("listening", "thinking").on("said").action("note");
    graph.transition("thinking", "listening").done().action("think");
    graph.transition("listening", "completed").on("bye");
    let bindings = Bindings::new()
        .activity("fetch", fetch)
        .activity("thinking", |_, _| async { Outcome::done() })
        .action("note", |talk: &mut Talk, scene| {
            if let Some(Word::Said(what)) = scene.event {
                talk.heard.push(what.clone());
            }
        })
        // A number that does not come back unless every bit of it is written.
        .action("think", |talk, _| talk.thoughts += 0.1);
    let graph = graph.initial("fetch").build().expect("a graph");
    Machine::bind(graph, bindings).expect("bound")
}

pub(crate) fn open(dir: &Path) -> Result<TalkJournal, JournalError> {
    TalkJournal::open(dir)
}

/// Begins a run and drives it until it listens.
pub(crate) async fn begin(journal: &TalkJournal, id: &str) -> Result<Ended<Talk>, JournalError> {
    begin_keyed(journal, id, None).await
}

pub(crate) async fn begin_keyed(
    journal: &TalkJournal,
    id: &str,
    key: Option<&str>,
) -> Result<Ended<Talk>, JournalError> {
    let machine = machine();
    let first = machine.snapshot(Talk::default(), 7);
    let run = NewRun::new(id, machine.graph()).definition("talk: yes").key(key);
    let book = journal.begin(run, &first)?;
    Ok(drive(&machine, first, book).await)
}

/// Drives a run until it listens, or to its end.
pub(crate) async fn drive(
    machine: &Machine<Talk, Word>,
    run: Snapshot<Talk>,
    book: Book,
) -> Ended<Talk> {
    let run = machine.resume(run).expect("a run of this machine");
    let ended = run.journal(book).until_waiting(Duration::ZERO).await;
    if let Some(fault) = &ended.fault {
        assert!(!fault.to_string().is_empty());
    }
    ended
}

/// Takes a run up and drives it on.
pub(crate) async fn go_on(journal: &TalkJournal, id: &str) -> Result<Ended<Talk>, JournalError> {
    let machine = machine();
    let TakenUp { history, book } = journal.take_up(id)?;
    let run = history.last().replay(&machine).expect("it is repeated");
    Ok(drive(&machine, run, book).await)
}

pub(crate) fn said(what: &str) -> Input<Word> {
    Input::Event(Word::Said(what.to_owned()))
}

pub(crate) fn bye() -> Input<Word> {
    Input::Event(Word::Bye)
}

/// Copies a folder as it is.
pub(crate) fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to)?,
            false => {
                std::fs::copy(entry.path(), to)?;
            }
        }
    }
    Ok(())
}
