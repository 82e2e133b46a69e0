//! What a random flow is, as a tree, and how it is laid out.

use std::time::Duration;

use fsm_patterns::spec::Mode;
use fsm_patterns::{AwaitSignal, Delay, Endpoint, Flow, Group, Orchestration, Poll, Undo};
use serde_json::{Value, json};

/// A flow. `L` is what a test gives to each call.
#[derive(Clone, Debug)]
pub struct FlowPlan<L = ()> {
    /// The flow's own entries.
    pub team: Team<L>,
    /// How many calls may be under way at once.
    pub max_concurrent: u32,
    /// What may end a run early.
    pub limits: Limits,
}

/// What may end a run before every endpoint had its turn.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// The first failure does.
    pub fail_fast: bool,
    /// A share of failures does.
    pub error_threshold: Option<f64>,
    /// Time does.
    pub total_timeout: Option<Duration>,
}

/// The flow itself, or a group: parts in an order in which each depends on earlier ones only.
#[derive(Clone, Debug)]
pub struct Team<L = ()> {
    /// How the parts are put in order. Hybrid, if one of them is a team.
    pub mode: Mode,
    /// The parts; one at least.
    pub parts: Vec<Part<L>>,
    /// Declared in the opposite order, where the mode leaves the order to the dependencies.
    pub reversed: bool,
}

/// An endpoint or a group.
#[derive(Clone, Debug)]
pub struct Part<L = ()> {
    /// Given by [`FlowPlan::of`].
    pub name: String,
    /// Earlier parts of the same team, by index.
    pub after: Vec<usize>,
    /// Whether it takes place at all.
    pub condition: Option<Says>,
    /// What it is.
    pub role: Role<L>,
}

/// What a part is.
#[derive(Clone, Debug)]
pub enum Role<L = ()> {
    /// An endpoint.
    Call(Call<L>),
    /// A step that waits.
    Wait(Pause),
    /// A group.
    Team(Team<L>),
}

/// One endpoint.
#[derive(Clone, Debug)]
pub struct Call<L = ()> {
    /// POST; else PUT.
    pub is_post: bool,
    /// Further attempts. With one, a POST has a key and may be repeated.
    pub retries: u32,
    /// Whether there is a handler, and whether it works.
    pub handler: Option<bool>,
    /// Whether it can be undone, and with how many further attempts: by a POST where it is one
    /// itself, else by a DELETE, at its own url and `/undo`.
    pub undo: Option<u32>,
    /// Whether it is made again until its answer says that something is done, what else the answer
    /// may say, and whether there is an end of it.
    pub poll: Option<Rounds>,
    /// What the test gave to it.
    pub lot: L,
}

/// How a call is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounds {
    /// The answer may say that it failed.
    pub may_fail: bool,
    /// For so long; without, for as long as it takes.
    pub timeout: Option<Duration>,
}

/// What a step waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Some time.
    Delay(Duration),
    /// A signal.
    Signal {
        /// What it is called: several steps may wait for one.
        name: &'static str,
        /// For so long; without, for as long as it takes.
        timeout: Option<Duration>,
        /// Whether there is a handler, and whether it works.
        handler: Option<bool>,
    },
}

/// What a condition says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// It can't be told.
    Neither,
    /// It holds where something flows in.
    WhetherThereIsData,
    /// It holds where an earlier step of the team succeeded, if there is one that it may look at.
    WhetherAnotherIsOk,
}

/// How long one attempt of a call may take.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The first wait between two attempts.
const RETRY_DELAY: Duration = Duration::from_millis(100);
/// The wait between two calls of one that is made again.
const EVERY: Duration = Duration::from_millis(300);

/// The input with which conditions say what a plan wants of them.
pub fn input() -> Value {
    json!({"yes": true, "word": "perhaps"})
}

impl<L> FlowPlan<L> {
    /// A plan whose names and dependencies are settled: a part is called by its place, and what
    /// can't be waited for is not.
    pub fn of(mut team: Team<L>, max_concurrent: u32, limits: Limits) -> Self {
        team.settle("p");
        Self { team, max_concurrent, limits }
    }

    /// The flow in Rust, to be built with a transport or without. The endpoint `p0` is
    /// `http://api.test/p0`.
    pub fn orchestration(&self) -> Orchestration {
        let mut flow =
            Orchestration::new("story", self.team.mode).max_concurrent(self.max_concurrent);
        if self.limits.fail_fast {
            flow = flow.fail_fast();
        }
        if let Some(share) = self.limits.error_threshold {
            flow = flow.error_threshold(share);
        }
        if let Some(limit) = self.limits.total_timeout {
            flow = flow.total_timeout(limit);
        }
        for (part, after) in self.team.declared() {
            flow = match &part.role {
                Role::Call(call) => flow.endpoint(self.team.endpoint(part, call, after)),
                Role::Wait(Pause::Delay(length)) => {
                    flow.delay(self.team.delay(part, *length, after))
                }
                Role::Wait(Pause::Signal { name, timeout, handler }) => {
                    flow.await_signal(self.team.signal(part, name, *timeout, *handler, after))
                }
                Role::Team(team) => flow.group(team.group(part, after, &self.team)),
            };
        }
        flow
    }

    /// The flow.
    ///
    /// # Panics
    /// On a plan that was written by hand and does not hold together: a dependency on a later part,
    /// a team without parts.
    pub fn flow(&self) -> Flow {
        self.orchestration().build().unwrap_or_else(|error| panic!("{error}"))
    }
}

impl<L> Team<L> {
    /// The parts in declared order, each with the names of those that it depends on.
    pub fn declared(&self) -> Vec<(&Part<L>, Vec<String>)> {
        let names = |part: &Part<L>| {
            part.after.iter().map(|index| self.parts[*index].name.clone()).collect::<Vec<_>>()
        };
        let mut parts: Vec<_> = self.parts.iter().map(|part| (part, names(part))).collect();
        if self.reversed && !self.mode.is_chain() {
            parts.reverse();
        }
        parts
    }

    /// Every step within: calls, and steps that wait.
    pub fn steps(&self) -> Vec<&Part<L>> {
        let mut steps = Vec::new();
        for part in &self.parts {
            match &part.role {
                Role::Call(_) | Role::Wait(_) => steps.push(part),
                Role::Team(team) => steps.extend(team.steps()),
            }
        }
        steps
    }

    /// Every call within.
    pub fn calls(&self) -> Vec<(&Part<L>, &Call<L>)> {
        let mut calls = Vec::new();
        for part in &self.parts {
            match &part.role {
                Role::Call(call) => calls.push((part, call)),
                Role::Wait(_) => {}
                Role::Team(team) => calls.extend(team.calls()),
            }
        }
        calls
    }

    /// The earlier step that [`Says::WhetherAnotherIsOk`] looks at: in a chain the last one before,
    /// elsewhere the first that the part waits for.
    pub fn looked_at(&self, part: &Part<L>) -> Option<&Part<L>> {
        let own = self.parts.iter().position(|other| other.name == part.name)?;
        let is_step = |index: &usize| !matches!(self.parts[*index].role, Role::Team(_));
        let found = match self.mode.is_chain() {
            true => (0..own).rev().find(is_step),
            false => part.after.iter().copied().find(is_step),
        };
        found.map(|index| &self.parts[index])
    }

    fn endpoint(&self, part: &Part<L>, call: &Call<L>, after: Vec<String>) -> Endpoint {
        let name = part.name.as_str();
        let url = format!("http://api.test/{name}");
        let endpoint =
            if call.is_post { Endpoint::post(name, url) } else { Endpoint::put(name, url) };
        let mut endpoint = endpoint
            .timeout(TIMEOUT)
            .retry_count(call.retries)
            .retry_delay(RETRY_DELAY)
            .depends_on(after);
        if let Some(says) = part.condition {
            endpoint = endpoint.condition(self.expression(part, says));
        }
        if let Some(retries) = call.undo {
            endpoint = endpoint.undo(undo(call.is_post, name, retries));
        }
        if let Some(rounds) = call.poll {
            let mut poll = Poll::until("$data.state == 'done'").every(EVERY);
            if rounds.may_fail {
                poll = poll.fail_if("$data.state == 'lost'");
            }
            if let Some(limit) = rounds.timeout {
                poll = poll.timeout(limit.max(EVERY));
            }
            endpoint = endpoint.poll(poll);
        }
        match call.handler {
            Some(true) => endpoint.error_handler(json!({"instead of": name})),
            Some(false) => endpoint.error_handler("$inputs.nowhere"),
            None => endpoint,
        }
    }

    /// Lets nothing be undone.
    pub(super) fn drop_undos(&mut self) {
        for part in &mut self.parts {
            match &mut part.role {
                Role::Call(call) => call.undo = None,
                Role::Wait(_) => {}
                Role::Team(team) => team.drop_undos(),
            }
        }
    }

    fn delay(&self, part: &Part<L>, length: Duration, after: Vec<String>) -> Delay {
        let delay = Delay::new(part.name.as_str(), length).depends_on(after);
        match part.condition {
            Some(says) => delay.condition(self.expression(part, says)),
            None => delay,
        }
    }

    fn signal(
        &self,
        part: &Part<L>,
        signal: &str,
        timeout: Option<Duration>,
        handler: Option<bool>,
        after: Vec<String>,
    ) -> AwaitSignal {
        let name = part.name.as_str();
        let mut wait = AwaitSignal::new(name, signal).depends_on(after);
        if let Some(limit) = timeout {
            wait = wait.timeout(limit);
        }
        if let Some(says) = part.condition {
            wait = wait.condition(self.expression(part, says));
        }
        match handler {
            Some(true) => wait.error_handler(json!({"instead of": name})),
            Some(false) => wait.error_handler("$inputs.nowhere"),
            None => wait,
        }
    }

    fn group(&self, part: &Part<L>, after: Vec<String>, around: &Team<L>) -> Group {
        let mut group = Group::new(part.name.as_str(), self.mode).depends_on(after);
        if let Some(says) = part.condition {
            group = group.condition(around.expression(part, says));
        }
        for (part, after) in self.declared() {
            group = match &part.role {
                Role::Call(call) => group.endpoint(self.endpoint(part, call, after)),
                Role::Wait(Pause::Delay(length)) => group.delay(self.delay(part, *length, after)),
                Role::Wait(Pause::Signal { name, timeout, handler }) => {
                    group.await_signal(self.signal(part, name, *timeout, *handler, after))
                }
                Role::Team(team) => group.group(team.group(part, after, self)),
            };
        }
        group
    }

    /// The condition of one of the parts.
    fn expression(&self, part: &Part<L>, says: Says) -> String {
        match says {
            Says::Yes => "$inputs.yes".to_owned(),
            Says::No => "$inputs.yes != true".to_owned(),
            Says::Neither => "$inputs.word".to_owned(),
            Says::WhetherThereIsData => "$data != null".to_owned(),
            Says::WhetherAnotherIsOk => match self.looked_at(part) {
                Some(other) => format!("$steps.{}.status == 'ok'", other.name),
                // A constant would leave its other side drawn in vain.
                None => "$inputs.yes == true".to_owned(),
            },
        }
    }

    /// Gives names, and makes dependencies point to earlier parts.
    fn settle(&mut self, path: &str) {
        let has_groups = self.parts.iter().any(|part| matches!(part.role, Role::Team(_)));
        if has_groups {
            self.mode = Mode::Hybrid;
        }
        let has_dependencies = self.mode != Mode::Fanout;
        for (index, part) in self.parts.iter_mut().enumerate() {
            part.name = format!("{path}{index}");
            part.after.retain(|before| has_dependencies && *before < index);
            part.after.sort_unstable();
            part.after.dedup();
            if let Role::Team(team) = &mut part.role {
                team.settle(&format!("{}_", part.name));
            }
        }
    }
}

fn undo(is_post: bool, name: &str, retries: u32) -> Undo {
    let url = format!("http://api.test/{name}/undo");
    let undo = if is_post { Undo::post(url) } else { Undo::delete(url) };
    undo.timeout(TIMEOUT).retry_count(retries).retry_delay(RETRY_DELAY)
}
