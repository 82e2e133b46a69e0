//! The process that is killed: it opens the journal, goes on with what is there, begins what it is
//! told to, and says what is over.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead, Write};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fsm_core::journal::{JournalError, RunFilter};
use fsm_journal::{Disk, Options, SqliteJournal};
use fsm_patterns::{Engine, EngineError, EngineOptions, Flow, FlowJournal, Services, StartOptions};
use tokio::runtime::Builder;
use tokio::sync::mpsc;

use crate::chance::mix;
use crate::hasty::Hasty;
use crate::stories::{self, LIFE};

/// What a child is told by its environment.
pub(crate) struct Orders<'a> {
    pub(crate) dir: &'a str,
    pub(crate) port: u16,
    pub(crate) seed: u64,
    pub(crate) life: u32,
    /// So long each commit takes longer than it has to.
    pub(crate) slow: u64,
    pub(crate) hasty: bool,
}

const NAMES: [&str; 5] =
    ["FSM_CRASH_DIR", "FSM_CRASH_PORT", "FSM_CRASH_ROUND", "FSM_CRASH_SLOW", "FSM_CRASH_HASTY"];

impl Orders<'_> {
    /// This binary, as the child.
    pub(crate) fn command(&self) -> Command {
        let myself = std::env::current_exe().expect("a test has a binary");
        let mut command = Command::new(myself);
        command.args(["--exact", "child", "--ignored", "--nocapture"]);
        let numbers = [u64::from(self.port), self.seed, self.slow, u64::from(self.hasty)];
        command.env(NAMES[0], self.dir).env(LIFE, format!("life-{}", self.life));
        for (name, number) in NAMES[1..].iter().zip(numbers) {
            command.env(name, number.to_string());
        }
        command
    }
}

/// A disk that takes its time, so that more is under way when the end comes.
#[derive(Debug)]
struct Slow(Duration);

impl Disk for Slow {
    fn write(&mut self) -> io::Result<()> {
        thread::sleep(self.0);
        Ok(())
    }
}

/// Says something to the parent.
fn say(what: &str) {
    let mut out = io::stdout().lock();
    // Nobody listens any more: the end is near.
    let _ = writeln!(out, "@{what}").and_then(|()| out.flush());
}

pub(crate) fn live() {
    let text = |name: &str| std::env::var(name).expect("the parent says it; run the other tests");
    let number = |name: &str| text(name).parse::<u64>().expect("the parent writes numbers");
    let dir = text(NAMES[0]);
    let [port, seed, slow, hasty] = [1, 2, 3, 4].map(|at| number(NAMES[at]));
    let life = text(LIFE).trim_start_matches("life-").parse::<u64>().expect("lives are numbered");
    let runtime = match life % 2 {
        0 => Builder::new_current_thread().enable_all().build(),
        _ => Builder::new_multi_thread().worker_threads(2).enable_all().build(),
    };
    runtime.expect("a runtime can be built").block_on(async {
        let options = Options::new().disk(Slow(Duration::from_millis(slow)));
        let store = SqliteJournal::open_with(&dir, options).expect("the journal can be opened");
        let journal: FlowJournal = match hasty {
            0 => Arc::new(store),
            _ => Arc::new(Hasty(store)),
        };
        let port = u16::try_from(port).expect("a port");
        let patience = Duration::from_millis(20);
        let engine = Engine::with_options(journal, EngineOptions::new().patience(patience));
        Child { engine, seed, port, heard: Mutex::default(), flows: Mutex::default() }.work().await;
    });
}

struct Child {
    engine: Engine,
    seed: u64,
    port: u16,
    /// The runs whose end is awaited.
    heard: Mutex<HashSet<String>>,
    flows: Mutex<HashMap<usize, Flow>>,
}

impl Child {
    async fn work(&self) {
        self.look();
        say("up");
        let (tell, mut told) = mpsc::unbounded_channel();
        thread::spawn(move || {
            for line in io::stdin().lock().lines().map_while(Result::ok) {
                // The others are gone already.
                let _ = tell.send(line);
            }
        });
        while let Some(line) = told.recv().await {
            match line.strip_prefix("start ").map(str::parse::<u64>) {
                Some(run) => self.start(run.expect("runs are numbered")),
                None => self.look(),
            }
        }
        self.engine.shutdown().await.expect("leases can be given back");
    }

    /// Goes on with whatever nobody drives.
    fn look(&self) {
        match self.engine.resume_all(&RunFilter::all()) {
            Ok(ids) => ids.into_iter().for_each(|id| self.listen(id)),
            Err(error) => say(&format!("stopped journal {error}")),
        }
    }

    fn start(&self, run: u64) {
        let id = format!("run-{run}");
        let flow = self.flow(stories::of(self.seed, run));
        let options = StartOptions::new().id(&*id).seed(run);
        let has_key = mix(self.seed, &[run, 3]).is_multiple_of(2);
        let options = if has_key { options.key(format!("key-{run}")) } else { options };
        match self.engine.start_with(&flow, stories::input(self.seed, run), options) {
            // A run with a key is durable when it has it, others when they have called.
            Ok(_) if has_key => say(&format!("begun {run}")),
            Ok(_) => {}
            Err(EngineError::Journal(JournalError::Exists { .. })) => {
                say(&format!("begun {run}"));
            }
            Err(error) => return say(&format!("stopped {id} {error}")),
        }
        self.listen(id);
    }

    /// The flow of a story, made when it is first asked for: time is short.
    fn flow(&self, story: usize) -> Flow {
        let mut flows = self.flows.lock().expect("nobody panics with it");
        let flow = flows.entry(story).or_insert_with(|| {
            let story = &stories::all()[story];
            let made = Flow::from_text("flow.json", &story.text(self.port), Services::new());
            made.unwrap_or_else(|fault| panic!("{}: {fault}", story.name))
        });
        flow.clone()
    }

    /// Says how a run ends.
    fn listen(&self, id: String) {
        let mut heard = self.heard.lock().expect("nobody panics with it");
        if !heard.insert(id.clone()) {
            return;
        }
        let engine = self.engine.clone();
        tokio::spawn(async move {
            match engine.outcome(&id).await {
                Ok(report) => say(&format!("over {id} {}", report.outcome.as_str())),
                Err(EngineError::ShutDown) => {}
                Err(error) => say(&format!("stopped {id} {error}")),
            }
        });
    }
}
