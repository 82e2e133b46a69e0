//! One round: lives are begun and ended until enough of them were, and a last one brings every run to
//! its end.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::ops::AddAssign;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use fsm_core::Input;
use fsm_core::journal::{Journal, JournalError, RunPhase};
use fsm_journal::SqliteJournal;
use fsm_patterns::{FlowContext, FlowEvent, Signal};
use serde_json::json;

use crate::chance::{Chance, mix};
use crate::child::Orders;
use crate::promises::{Broken, Evidence};
use crate::server::Server;
use crate::stories::{self, Story, Work};

/// So many runs are open at once, and so many a life may begin.
const OPEN: usize = 12;
const NEW: usize = 6;

/// The last life has so long for what is left.
const LONG: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) seed: u64,
    pub(crate) kills: u32,
    /// So many processes.
    pub(crate) at_once: usize,
    /// Over a journal that says "durable" too soon.
    pub(crate) hasty: bool,
}

/// What was played, and what came of it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) kills: u32,
    pub(crate) runs: usize,
    pub(crate) records: u64,
    pub(crate) requests: usize,
    /// Requests that were made again, by another process.
    pub(crate) again: usize,
    /// Runs that more than one process drove.
    pub(crate) taken_over: usize,
    pub(crate) unknown: usize,
    pub(crate) undone: usize,
    pub(crate) outcomes: BTreeMap<String, usize>,
}

/// What the parent knows of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    /// The life that was told to begin it.
    offered: Option<u32>,
    /// Somebody said so, or it has called.
    is_begun: bool,
    is_told: bool,
    /// What a life said of its end.
    pub(crate) over: Option<String>,
}

struct Life {
    number: u32,
    process: Child,
    input: Option<ChildStdin>,
    is_up: bool,
    ends: Option<Instant>,
    /// It ends after so many calls, if that comes first.
    calls: Option<usize>,
}

enum Told {
    Line(u32, String),
    Silence(u32),
}

struct Reaper {
    round: Round,
    stories: Vec<Story>,
    server: Server,
    dir: tempfile::TempDir,
    journal: SqliteJournal<FlowContext, FlowEvent>,
    lives: Vec<Life>,
    born: u32,
    deaths: HashMap<u32, Duration>,
    runs: Vec<Run>,
    faults: Vec<String>,
    chance: Chance,
    tell: Sender<Told>,
    told: Receiver<Told>,
}

impl Round {
    /// Plays the round.
    pub(crate) fn play(self) -> Result<Tally, Box<Broken>> {
        let dir = tempfile::tempdir().expect("there is room for a journal");
        let (tell, told) = channel();
        let mut reaper = Reaper {
            round: self,
            stories: stories::all(),
            server: Server::start(self.seed),
            journal: SqliteJournal::open(dir.path()).expect("a journal can be made"),
            dir,
            lives: Vec::new(),
            born: 0,
            deaths: HashMap::new(),
            runs: Vec::new(),
            faults: Vec::new(),
            chance: Chance::new(mix(self.seed, &[4])),
            tell,
            told,
        };
        while (reaper.deaths.len() as u32) < self.kills && reaper.faults.is_empty() {
            while reaper.lives.len() < self.at_once {
                reaper.bear(true);
            }
            reaper.go_on(Duration::from_millis(4));
            reaper.reap();
        }
        reaper.finish();
        let Reaper { server, journal, deaths, runs, faults, .. } = reaper;
        Evidence {
            round: self,
            requests: server.requests(),
            effects: server.effects(),
            deaths,
            runs,
        }
        .hold(&journal, faults, server.port)
    }
}

impl Reaper {
    fn bear(&mut self, mortal: bool) {
        self.born += 1;
        let number = self.born;
        let slow = if self.round.hasty { 30 } else { [0, 0, 1, 8][self.chance.below(4) as usize] };
        let dir = self.dir.path().to_str().expect("it was made here").to_owned();
        let Round { seed, hasty, .. } = self.round;
        let orders = Orders { dir: &dir, port: self.server.port, seed, life: number, slow, hasty };
        let mut command = orders.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the child can be started");
        let output = process.stdout.take().expect("it is piped");
        let tell = self.tell.clone();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(line) = line.strip_prefix('@') {
                    let _ = tell.send(Told::Line(number, line.to_owned()));
                }
            }
            let _ = tell.send(Told::Silence(number));
        });
        // Some end before they have opened the journal, or while they do.
        let early = mortal && self.chance.one_in(6);
        let ends = early.then(|| Instant::now() + Duration::from_millis(self.chance.below(80)));
        let input = process.stdin.take();
        self.lives.push(Life { number, process, input, is_up: false, ends, calls: None });
    }

    /// Listens for a while, or until somebody is to be ended.
    fn go_on(&mut self, pause: Duration) {
        let until = Instant::now() + pause;
        let until = self.lives.iter().filter_map(|life| life.ends).fold(until, Instant::min);
        while let Ok(told) = self.told.recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            self.hear(told, true);
        }
        self.write_letters();
    }

    fn hear(&mut self, told: Told, is_mortal: bool) {
        let (life, line) = match told {
            Told::Line(life, line) => (life, line),
            Told::Silence(life) if self.deaths.contains_key(&life) => return,
            Told::Silence(life) => {
                self.faults.push(format!("life {life} ended by itself"));
                return;
            }
        };
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (what, whom, how) = (word(), word(), word());
        let run = || whom.trim_start_matches("run-").parse::<usize>().ok();
        match (what.as_str(), run().and_then(|run| self.runs.get_mut(run))) {
            ("up", _) => {
                // Half of them end by the clock, the others by what they have done: a busy machine
                // gives little time.
                let (calls, longest) = match self.chance.one_in(2) {
                    true => (None, 300),
                    false => (Some(self.chance.below(40) as usize), 2_000),
                };
                let ends = Instant::now() + Duration::from_millis(self.chance.below(longest));
                if let Some(at) = self.lives.iter().position(|other| other.number == life) {
                    self.lives[at].is_up = true;
                    if is_mortal && (self.deaths.len() as u32) < self.round.kills {
                        self.lives[at].ends.get_or_insert(ends);
                        self.lives[at].calls = calls;
                    }
                    self.offer(at, NEW);
                }
            }
            ("begun", Some(run)) => run.is_begun = true,
            ("over", Some(run)) => {
                run.is_begun = true;
                let before = run.over.get_or_insert_with(|| how.clone());
                if *before != how {
                    self.faults.push(format!("{whom} ended as {before}, and then as {how}"));
                }
            }
            _ => self.faults.push(format!("life {life} says: {line}")),
        }
    }

    /// Looks for runs whose end nobody lived to tell.
    fn look(&mut self) {
        for (number, run) in self.runs.iter_mut().enumerate() {
            if run.over.is_some() {
                continue;
            }
            match self.journal.info(&format!("run-{number}")).map(|info| info.phase) {
                Ok(RunPhase::Over { outcome, .. }) => run.over = Some(outcome),
                Ok(RunPhase::Running | RunPhase::Waiting { .. }) => {}
                Err(JournalError::NoSuchRun { .. }) if !run.is_begun => {}
                Err(fault) => self.faults.push(format!("run-{number}: {fault}")),
            }
        }
    }

    /// Tells a life to begin runs: those that nobody has acknowledged, and new ones.
    fn offer(&mut self, at: usize, new: usize) {
        self.look();
        let open = self.runs.iter().filter(|run| run.over.is_none()).count();
        let new = new.min(OPEN.saturating_sub(open));
        self.runs.resize(self.runs.len() + new, Run::default());
        let life = self.lives[at].number;
        let mut orders = String::new();
        for (number, run) in self.runs.iter_mut().enumerate() {
            if !run.is_begun && run.offered.is_none() {
                run.offered = Some(life);
                orders.push_str(&format!("start {number}\n"));
            }
        }
        self.order(at, &orders);
    }

    fn order(&mut self, at: usize, orders: &str) {
        if let Some(input) = &mut self.lives[at].input {
            // It may be dead.
            let _ = input.write_all(orders.as_bytes()).and_then(|()| input.flush());
        }
    }

    /// Ends those whose time has come.
    fn reap(&mut self) {
        let now = Instant::now();
        let called = self.server.calls();
        let is_due = |life: &Life| {
            let calls = called.get(&life.number).copied().unwrap_or_default();
            life.ends.is_some_and(|ends| ends <= now) || life.calls.is_some_and(|end| end < calls)
        };
        while let Some(at) = self.lives.iter().position(is_due) {
            let Life { number, mut process, .. } = self.lives.swap_remove(at);
            self.deaths.insert(number, self.server.now());
            process.kill().expect("it can be killed");
            process.wait().expect("it has ended");
            while let Ok(told) = self.told.recv() {
                let is_last = matches!(told, Told::Silence(silent) if silent == number);
                self.hear(told, true);
                if is_last {
                    break;
                }
            }
            for run in &mut self.runs {
                run.offered = run.offered.filter(|life| *life != number);
            }
            if !self.lives.is_empty() && self.chance.one_in(2) {
                self.order(0, "look\n");
            }
        }
    }

    /// Sends the signals that runs wait for, and ends those that nobody else will.
    fn write_letters(&mut self) {
        for run in self.server.new_callers() {
            if let Some(run) = self.runs.get_mut(run as usize) {
                run.is_begun = true;
            }
        }
        for number in 0..self.runs.len() {
            let run = &self.runs[number];
            if !run.is_begun || run.is_told || run.over.is_some() {
                continue;
            }
            let story = &self.stories[stories::of(self.round.seed, number as u64)];
            let hears = story.steps.iter().any(|step| step.work == Work::Signal);
            if (!hears && !story.is_cancelled) || !self.chance.one_in(10) {
                continue;
            }
            let letter = match story.is_cancelled {
                true => Input::Cancel,
                false => Input::Event(FlowEvent::Signal(Signal {
                    name: "approved".to_owned(),
                    payload: json!({ "run": number }).into(),
                })),
            };
            match self.journal.post(&format!("run-{number}"), &letter) {
                Ok(_) => self.runs[number].is_told = true,
                Err(JournalError::NoSuchRun { .. }) if self.round.hasty => {}
                Err(error) => self.faults.push(format!("run-{number} can't be told: {error}")),
            }
        }
    }

    /// Lets every run come to its end, and the last life end by itself.
    fn finish(&mut self) {
        self.lives.iter_mut().for_each(|life| (life.ends, life.calls) = (None, None));
        if self.lives.is_empty() {
            self.bear(false);
        }
        let limit = Instant::now() + if self.faults.is_empty() { LONG } else { Duration::ZERO };
        while self.runs.iter().any(|run| run.over.is_none()) {
            if Instant::now() > limit || !self.faults.is_empty() {
                break;
            }
            self.go_on(Duration::from_millis(100));
            for at in 0..self.lives.len() {
                if self.lives[at].is_up {
                    self.order(at, "look\n");
                    self.offer(at, 0);
                }
            }
        }
        for life in &mut self.lives {
            life.input = None;
        }
        for Life { number, mut process, .. } in std::mem::take(&mut self.lives) {
            let limit = Instant::now() + Duration::from_secs(20);
            let ended = loop {
                match process.try_wait().expect("a child can be waited for") {
                    Some(status) => break Some(status),
                    None if Instant::now() > limit => break None,
                    None => thread::sleep(Duration::from_millis(5)),
                }
            };
            if !ended.is_some_and(|status| status.success()) {
                self.faults.push(format!("life {number} did not end well: {ended:?}"));
                let _ = process.kill().and_then(|()| process.wait());
            }
            self.deaths.insert(number, self.server.now());
        }
        while let Ok(told) = self.told.try_recv() {
            self.hear(told, false);
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.kills += more.kills;
        self.runs += more.runs;
        self.records += more.records;
        self.requests += more.requests;
        self.again += more.again;
        self.taken_over += more.taken_over;
        self.unknown += more.unknown;
        self.undone += more.undone;
        for (outcome, count) in more.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
    }
}

impl Tally {
    /// A round in which nothing happened tells nothing.
    pub(crate) fn ensure_telling(&self) {
        if self.kills < 100 {
            return;
        }
        let kills = self.kills as usize;
        assert!(self.taken_over > kills / 10, "hardly any run was taken over: {self}");
        assert!(self.again > kills / 20, "hardly any call was under way at a kill: {self}");
        assert!(self.unknown > 0, "no call's fate was unknown: {self}");
        assert!(self.undone > 0, "nothing was undone: {self}");
        for outcome in ["completed", "failed", "timed_out", "cancelled"] {
            assert!(self.outcomes.contains_key(outcome), "no run was {outcome}: {self}");
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { kills, runs, records, requests, again, taken_over, unknown, undone, outcomes } =
            self;
        write!(f, "{kills} kills, {runs} runs (")?;
        for (index, (outcome, count)) in outcomes.iter().enumerate() {
            write!(f, "{}{count} {outcome}", if index == 0 { "" } else { ", " })?;
        }
        write!(
            f,
            "), {records} records, {requests} requests; {taken_over} runs had more than one process, \
             {again} requests were repeated by another one, {unknown} calls have an unknown outcome, \
             {undone} steps were undone"
        )
    }
}
