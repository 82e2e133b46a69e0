//! The API that the flows call. It counts, fails, answers slowly, and hangs up; and it keeps the rule
//! of idempotency keys: what has one takes effect once.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::chance::named;
use crate::stories::{self, Story, Work};

pub(crate) struct Server {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    seed: u64,
    stories: Vec<Story>,
    began: Instant,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    requests: Vec<Request>,
    /// How often a step of a run was called.
    counts: HashMap<(u64, String), u64>,
    /// How often a key took effect.
    effects: HashMap<String, u32>,
    callers: Vec<u64>,
    calls: HashMap<u32, usize>,
}

/// A request that came in.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Its number, from 0 in the order in which they were read.
    pub(crate) serial: usize,
    pub(crate) run: u64,
    /// The step's name; `seat.undo` for what undoes it.
    pub(crate) step: String,
    pub(crate) life: u32,
    pub(crate) key: Option<String>,
    pub(crate) at: Duration,
    pub(crate) reply: Reply,
    /// The answer was handed to the system; whether anybody read it, nobody knows.
    pub(crate) is_answered: bool,
}

/// What a request is met with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Done,
    /// The job goes on; ask again.
    Pending,
    /// 503, without effect.
    Busy,
    /// 422.
    Refused,
    /// The connection is closed after the effect.
    HungUp,
    /// The connection is closed before it.
    Dropped,
}

impl Reply {
    pub(crate) fn status(self) -> Option<u16> {
        match self {
            Reply::Done | Reply::Pending => Some(200),
            Reply::Busy => Some(503),
            Reply::Refused => Some(422),
            Reply::HungUp | Reply::Dropped => None,
        }
    }

    fn has_effect(self) -> bool {
        matches!(self, Reply::Done | Reply::HungUp)
    }
}

impl Server {
    pub(crate) fn start(seed: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(Shared {
            seed,
            stories: stories::all(),
            began: Instant::now(),
            log: Mutex::default(),
        });
        let serving = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = serving.clone();
                // A client that was killed leaves a connection that breaks.
                thread::spawn(move || drop(shared.serve(&stream)));
            }
        });
        Self { port, shared }
    }

    /// The time on its clock.
    pub(crate) fn now(&self) -> Duration {
        self.shared.began.elapsed()
    }

    /// Every request so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.log().requests.clone()
    }

    /// The runs that have called since this was asked for the last time.
    pub(crate) fn new_callers(&self) -> Vec<u64> {
        std::mem::take(&mut self.shared.log().callers)
    }

    /// How often each life has called.
    pub(crate) fn calls(&self) -> HashMap<u32, usize> {
        self.shared.log().calls.clone()
    }

    /// How often a key took effect.
    pub(crate) fn effects(&self) -> HashMap<String, u32> {
        self.shared.log().effects.clone()
    }
}

impl Shared {
    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        while let Some(head) = read_head(&mut reader)? {
            let (serial, reply, pause) = self.receive(head);
            thread::sleep(pause);
            let Some(status) = reply.status() else { return Ok(()) };
            let state = if reply == Reply::Pending { "running" } else { "done" };
            let body = format!(r#"{{"serial":{serial},"state":"{state}"}}"#);
            let answer = format!(
                "HTTP/1.1 {status} Answer\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            (&mut &*stream).write_all(answer.as_bytes())?;
            self.log().requests[serial].is_answered = true;
        }
        Ok(())
    }

    /// Notes a request; its serial number, what it is met with, and after how long.
    fn receive(&self, head: Head) -> (usize, Reply, Duration) {
        let Head { run, step, life, key } = head;
        let mut log = self.log();
        let count = log.counts.entry((run, step.clone())).or_default();
        *count += 1;
        let count = *count;
        log.callers.push(run);
        *log.calls.entry(life).or_default() += 1;
        let (reply, pause) = self.decide(run, &step, count);
        if reply.has_effect()
            && let Some(key) = &key
        {
            // The second time it is only answered.
            log.effects.entry(key.clone()).or_insert(1);
        }
        let (serial, at) = (log.requests.len(), self.began.elapsed());
        log.requests.push(Request { serial, run, step, life, key, at, reply, is_answered: false });
        (serial, reply, pause)
    }

    /// Trouble passes: whoever asks a third time is served. What must not be sent twice has less of it.
    fn decide(&self, run: u64, step: &str, count: u64) -> (Reply, Duration) {
        let story = &self.stories[stories::of(self.seed, run)];
        let known = story.step(step);
        let chance = named(self.seed, step, &[run, count]);
        let pause = match chance % 10 {
            0 => 80,
            1..4 => 25,
            _ => 2,
        };
        let pause = Duration::from_millis(pause);
        if story.doom(self.seed, run) == Some(step) {
            return (Reply::Refused, pause);
        }
        let trouble = if known.is_some_and(|step| step.work == Work::Bare) { 200 } else { 40 };
        let reply = match (chance >> 8) % trouble {
            0..4 if count <= 2 => Reply::Busy,
            4..7 if count <= 2 => Reply::HungUp,
            7..9 if count <= 2 => Reply::Dropped,
            _ if known.is_some_and(|step| step.work == Work::Poll) && count <= 3 => Reply::Pending,
            _ => Reply::Done,
        };
        (reply, pause)
    }
}

struct Head {
    run: u64,
    step: String,
    life: u32,
    key: Option<String>,
}

/// The next request on a connection; `None` at its end.
fn read_head(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Head>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let broken = |what: &str| std::io::Error::other(format!("no request of ours: {what}"));
    let path = line.split(' ').nth(1).ok_or_else(|| broken(&line))?;
    let (run, step) = path[1..].split_once('/').ok_or_else(|| broken(path))?;
    let run = run.parse().map_err(|_| broken(path))?;
    let step = step.to_owned();
    let (mut life, mut key, mut length) = (None, None, 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "x-life" => life = value.trim_start_matches("life-").parse().ok(),
            "idempotency-key" => key = Some(value.to_owned()),
            "content-length" => length = value.parse().map_err(|_| broken(value))?,
            _ => {}
        }
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    let life = life.ok_or_else(|| broken("a call of nobody"))?;
    Ok(Some(Head { run, step, life, key }))
}
