//! The flows, in all six modes, as data: what is run and what is expected come from the same lines.

use serde_json::{Map, Value, json};

use crate::chance::mix;

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Calls that may be repeated.
    Get,
    Put,
    /// A POST with an idempotency key.
    Keyed,
    /// A POST without: it must never be sent twice.
    Bare,
    /// Asks until the answer says that the job is done.
    Poll,
    Delay,
    /// Waits for a signal, `approved`.
    Signal,
    /// Waits for a signal that never comes.
    Nobody,
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) work: Work,
    /// In modes that follow dependencies.
    pub(crate) after: &'static [&'static str],
    pub(crate) has_undo: bool,
    /// Only in runs with an even number.
    pub(crate) even: bool,
}

/// A flow.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) name: &'static str,
    mode: &'static str,
    options: Value,
    pub(crate) steps: Vec<Step>,
    /// Entries that are groups of chained steps: name, first, last.
    group: Option<(&'static str, usize, usize)>,
    /// The step that fails for good in some of the runs.
    doomed: Option<&'static str>,
    pub(crate) is_cancelled: bool,
}

impl Work {
    pub(crate) fn is_call(self) -> bool {
        matches!(self, Work::Get | Work::Put | Work::Keyed | Work::Bare | Work::Poll)
    }
}

impl Step {
    pub(crate) fn undo(&self) -> String {
        format!("{}.undo", self.name)
    }

    fn written(&self, follows: bool) -> Value {
        let mut map = Map::new();
        map.insert("name".into(), json!(self.name));
        if follows && !self.after.is_empty() {
            map.insert("depends_on".into(), json!(self.after));
        }
        if self.even {
            map.insert("condition".into(), json!("$inputs.even"));
        }
        let own = match self.work {
            Work::Delay => json!({ "delay": "30ms" }),
            Work::Signal => json!({ "signal": "approved" }),
            Work::Nobody => json!({ "signal": "never" }),
            Work::Get => self.called("GET", json!({})),
            Work::Put => self.called("PUT", json!({ "body": { "of": self.name } })),
            Work::Poll => {
                let poll = json!({ "until": "$data.state == 'done'", "every": "20ms" });
                self.called("GET", json!({ "poll": poll }))
            }
            Work::Keyed => {
                self.called("POST", json!({ "idempotency": true, "body": { "of": self.name } }))
            }
            Work::Bare => {
                let once = json!({ "retry_count": 0, "body": { "of": self.name } });
                self.called("POST", once)
            }
        };
        join(&mut map, own);
        Value::Object(map)
    }

    fn called(&self, method: &str, more: Value) -> Value {
        let url = |name: &str| format!("/{{$inputs.run}}/{name}");
        let mut map = Map::new();
        let retries = json!({ "retry_count": 6, "retry_delay": "10ms", "retry_max_delay": "40ms" });
        join(&mut map, json!({ "resource": "api", "url": url(self.name), "method": method }));
        join(&mut map, retries.clone());
        join(&mut map, more);
        if self.has_undo {
            // Both ways to undo: a DELETE, and a POST with a key.
            let method = if self.work == Work::Keyed { "POST" } else { "DELETE" };
            let mut undo = Map::new();
            join(&mut undo, json!({ "url": url(&self.undo()), "method": method }));
            join(&mut undo, retries);
            map.insert("undo".into(), Value::Object(undo));
        }
        Value::Object(map)
    }
}

fn join(map: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        map.extend(more);
    }
}

impl Story {
    /// The text of the flow, whose calls go to `port` and say which life they come from.
    pub(crate) fn text(&self, port: u16) -> String {
        let follows = matches!(self.mode, "parallel" | "hybrid");
        let mut entries: Vec<Value> = self.steps.iter().map(|step| step.written(follows)).collect();
        if let Some((name, first, last)) = self.group {
            let depends = self.steps[first].after;
            let mut inner: Vec<Value> = entries.drain(first..=last).collect();
            for step in inner.iter_mut().filter_map(Value::as_object_mut) {
                step.remove("depends_on");
            }
            entries.insert(
                first,
                json!({ "name": name, "mode": "pipeline", "endpoints": inner, "depends_on": depends }),
            );
        }
        let mut map = Map::new();
        join(&mut map, json!({ "fsm": 1, "name": self.name, "mode": self.mode }));
        join(&mut map, self.options.clone());
        let life = json!({ "X-Life": { "env": LIFE } });
        let api = json!({ "base_url": format!("http://127.0.0.1:{port}"), "headers": life });
        join(&mut map, json!({ "resources": { "api": api }, "endpoints": entries }));
        Value::Object(map).to_string()
    }

    pub(crate) fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }

    fn is_chain(&self) -> bool {
        matches!(self.mode, "sequential" | "pipeline" | "conditional")
    }

    pub(crate) fn has(&self, option: &str) -> bool {
        self.options.get(option).is_some()
    }

    /// The steps that have to be settled before this one begins.
    pub(crate) fn before(&self, at: usize) -> Vec<&'static str> {
        match self.is_chain() {
            true => self.steps[..at].iter().map(|step| step.name).collect(),
            false => {
                let in_group = self.group.filter(|group| group.1 < at && at <= group.2);
                let inner = in_group.map(|_| self.steps[at - 1].name);
                let group = |name: &&str| self.group.filter(|group| group.0 == *name);
                let outer = self.steps[at].after.iter().map(|name| match group(name) {
                    Some((_, _, last)) => self.steps[last].name,
                    None => name,
                });
                outer.chain(inner).collect()
            }
        }
    }

    /// Whether a step that something before it did not go well for is passed over.
    pub(crate) fn skips(&self) -> bool {
        !matches!(self.mode, "sequential" | "conditional" | "fanout")
    }

    /// The step that fails for good in this run.
    pub(crate) fn doom(&self, seed: u64, run: u64) -> Option<&'static str> {
        self.doomed.filter(|_| !mix(seed, &[run, 1]).is_multiple_of(3))
    }

    pub(crate) fn tolerates(&self, failed: usize) -> bool {
        let share = self.options.get("error_threshold").and_then(Value::as_f64).unwrap_or(0.0);
        failed as f64 <= share * self.steps.len() as f64
    }
}

/// The variable that says which life a process is.
pub(crate) const LIFE: &str = "FSM_CRASH_LIFE";

/// The story of a run.
pub(crate) fn of(seed: u64, run: u64) -> usize {
    (mix(seed, &[run, 2]) % all().len() as u64) as usize
}

pub(crate) fn input(seed: u64, run: u64) -> Value {
    let doom = all()[of(seed, run)].doom(seed, run);
    json!({ "run": run, "even": run.is_multiple_of(2), "doom": doom })
}

fn step(name: &'static str, work: Work) -> Step {
    Step { name, work, after: &[], has_undo: false, even: false }
}

fn after(name: &'static str, work: Work, after: &'static [&'static str]) -> Step {
    Step { after, ..step(name, work) }
}

fn undone(step: Step) -> Step {
    Step { has_undo: true, ..step }
}

fn even(step: Step) -> Step {
    Step { even: true, ..step }
}

fn story(name: &'static str, mode: &'static str, steps: Vec<Step>) -> Story {
    let options = json!({});
    Story { name, mode, options, steps, group: None, doomed: None, is_cancelled: false }
}

pub(crate) fn all() -> Vec<Story> {
    use Work::{Bare, Delay, Get, Keyed, Nobody, Poll, Put, Signal};
    let order = vec![
        step("stock", Get),
        step("reserve", Keyed),
        step("pause", Delay),
        step("pay", Bare),
        step("mail", Put),
    ];
    let list = vec![
        step("one", Get),
        step("two", Bare),
        step("three", Keyed),
        step("four", Put),
        step("five", Get),
    ];
    let ways = vec![step("ask", Get), even(step("vip", Keyed)), step("tell", Put)];
    let diamond = || {
        vec![
            step("top", Keyed),
            after("left", Get, &["top"]),
            after("right", Bare, &["top"]),
            after("rest", Delay, &["top"]),
            after("bottom", Keyed, &["left", "right", "rest"]),
        ]
    };
    let spread =
        vec![step("a", Get), step("b", Keyed), step("c", Bare), step("d", Put), step("e", Get)];
    let tree = vec![
        step("root", Get),
        after("branch", Keyed, &["root"]),
        after("twig", Get, &["root"]),
        after("leaf", Keyed, &["root"]),
        after("crown", Put, &["branch", "twigs"]),
    ];
    let trip = vec![
        undone(step("seat", Put)),
        undone(step("charge", Keyed)),
        step("wait", Delay),
        undone(step("room", Keyed)),
        step("ticket", Get),
    ];
    let journey = vec![
        undone(step("train", Keyed)),
        undone(step("hotel", Put)),
        undone(after("tour", Keyed, &["hotel"])),
        after("visa", Keyed, &["train", "tour"]),
    ];
    let job = vec![step("submit", Keyed), step("job", Poll), step("fetch", Get)];
    let approval = vec![step("draft", Keyed), step("approval", Signal), step("publish", Keyed)];
    vec![
        story("order", "pipeline", order),
        story("list", "sequential", list),
        story("ways", "conditional", ways),
        story("diamond", "parallel", diamond()),
        story("spread", "fanout", spread.clone()),
        Story { group: Some(("twigs", 2, 3)), ..story("tree", "hybrid", tree) },
        Story { doomed: Some("ticket"), ..story("trip", "pipeline", trip) },
        Story { doomed: Some("visa"), ..story("journey", "hybrid", journey) },
        story("job", "pipeline", job),
        story("approval", "pipeline", approval),
        Story {
            options: json!({ "fail_fast": true }),
            doomed: Some("d"),
            ..story("hasty", "fanout", spread.clone())
        },
        Story {
            options: json!({ "error_threshold": 0.5 }),
            doomed: Some("a"),
            ..story("patient", "fanout", spread)
        },
        Story {
            options: json!({ "total_timeout": "250ms" }),
            ..story("late", "parallel", diamond())
        },
        Story {
            is_cancelled: true,
            ..story("endless", "pipeline", vec![step("begin", Keyed), step("never", Nobody)])
        },
    ]
}
