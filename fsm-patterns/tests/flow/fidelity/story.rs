//! Random flows with the fate of every call written down: what each attempt comes to, and when.

use std::time::Duration;

use fsm_http::Reply;
use fsm_patterns::spec::Mode;
use fsm_patterns::{Endpoint, Group, Orchestration};
use http::Method;
use proptest::prelude::*;
use serde_json::json;

use crate::world::ms;

/// How long one attempt may take.
pub(crate) const TIMEOUT: Duration = ms(2_000);

/// A flow, and what becomes of its calls.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) team: Team,
    pub(crate) max_concurrent: u32,
    pub(crate) seed: u64,
    pub(crate) limits: Limits,
}

/// What may end a run before every endpoint had its turn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) fail_fast: bool,
    pub(crate) error_threshold: Option<f64>,
    pub(crate) total_timeout: Option<Duration>,
}

/// The flow itself, or a group: parts in an order in which each depends on earlier ones only.
#[derive(Clone, Debug)]
pub(crate) struct Team {
    pub(crate) mode: Mode,
    pub(crate) parts: Vec<Part>,
    /// Declared in the opposite order, where the mode leaves the order to the dependencies.
    pub(crate) reversed: bool,
}

/// An endpoint or a group.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Given by `Team::settle`.
    pub(crate) name: String,
    /// Earlier parts of the same team.
    pub(crate) after: Vec<usize>,
    pub(crate) condition: Option<Says>,
    pub(crate) role: Role,
}

/// What a part is.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    Call(Call),
    Team(Team),
}

/// One endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// POST; else PUT.
    pub(crate) is_post: bool,
    pub(crate) retries: u32,
    /// Whether there is a handler, and whether it works.
    pub(crate) handler: Option<bool>,
    /// What the attempts come to; the last one again and again.
    pub(crate) fates: Vec<Fate>,
}

/// What a condition says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    Yes,
    No,
    Neither,
    WhetherThereIsData,
}

/// What one attempt comes to, after so many milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    Answer(u64),
    Status(u16, u64),
    /// 429 with Retry-After in seconds.
    Limited(u8, u64),
    Reset(u64),
    Refused(u64),
    Stall,
}

impl Fate {
    /// The reply to an endpoint called `name`; its answer is its name.
    pub(crate) fn reply(self, name: &str) -> Reply {
        match self {
            Fate::Answer(wait) => Reply::json(&json!(name)).after(ms(wait)),
            Fate::Status(status, wait) => Reply::status(status).after(ms(wait)),
            Fate::Limited(seconds, wait) => Reply::status(429)
                .header("retry-after", seconds.to_string().as_str())
                .after(ms(wait)),
            Fate::Reset(wait) => Reply::reset_after_sending().after(ms(wait)),
            Fate::Refused(wait) => Reply::refused().after(ms(wait)),
            Fate::Stall => Reply::stalled(),
        }
    }
}

impl Call {
    /// What attempt `number` (from 0) comes to.
    pub(crate) fn fate(&self, number: usize) -> Fate {
        self.fates[number.min(self.fates.len() - 1)]
    }

    fn endpoint(&self, part: &Part, after: Vec<String>) -> Endpoint {
        let method = if self.is_post { Method::POST } else { Method::PUT };
        let name = part.name.as_str();
        let mut endpoint = Endpoint::new(name, method, format!("http://api.test/{name}"))
            .timeout(TIMEOUT)
            .retry_count(self.retries)
            .retry_delay(ms(100))
            .depends_on(after);
        if let Some(says) = part.condition {
            endpoint = endpoint.condition(says.expression());
        }
        match self.handler {
            Some(true) => endpoint.error_handler(json!({"instead of": name})),
            Some(false) => endpoint.error_handler("$inputs.nowhere"),
            None => endpoint,
        }
    }
}

impl Says {
    fn expression(self) -> &'static str {
        match self {
            Says::Yes => "$inputs.yes",
            Says::No => "$inputs.yes != true",
            Says::Neither => "$inputs.word",
            Says::WhetherThereIsData => "$data != null",
        }
    }
}

impl Team {
    /// Whether the parts may name others that they depend on.
    fn has_dependencies(&self) -> bool {
        self.mode != Mode::Fanout
    }

    /// The parts in declared order, each with the names of those that it depends on.
    pub(crate) fn declared(&self) -> Vec<(&Part, Vec<String>)> {
        let names = |part: &Part| {
            part.after.iter().map(|index| self.parts[*index].name.clone()).collect::<Vec<_>>()
        };
        let mut parts: Vec<_> = self.parts.iter().map(|part| (part, names(part))).collect();
        if self.reversed && !self.mode.is_chain() {
            parts.reverse();
        }
        parts
    }

    fn group(&self, part: &Part, after: Vec<String>) -> Group {
        let mut group = Group::new(part.name.as_str(), self.mode).depends_on(after);
        if let Some(says) = part.condition {
            group = group.condition(says.expression());
        }
        for (part, after) in self.declared() {
            group = match &part.role {
                Role::Call(call) => group.endpoint(call.endpoint(part, after)),
                Role::Team(team) => group.group(team.group(part, after)),
            };
        }
        group
    }

    /// Every endpoint within.
    pub(crate) fn calls(&self) -> Vec<(&Part, &Call)> {
        let mut calls = Vec::new();
        for part in &self.parts {
            match &part.role {
                Role::Call(call) => calls.push((part, call)),
                Role::Team(team) => calls.extend(team.calls()),
            }
        }
        calls
    }

    /// Gives names, and makes dependencies point to earlier parts.
    fn settle(&mut self, path: &str) {
        let has_dependencies = self.has_dependencies();
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

impl Story {
    /// The flow in Rust.
    pub(crate) fn orchestration(&self) -> Orchestration {
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
                Role::Call(call) => flow.endpoint(call.endpoint(part, after)),
                Role::Team(team) => flow.group(team.group(part, after)),
            };
        }
        flow
    }
}

fn any_fate() -> impl Strategy<Value = Fate> {
    let wait = prop_oneof![Just(0), 0..50u64, 100..1_500u64];
    prop_oneof![
        6 => wait.clone().prop_map(Fate::Answer),
        2 => (prop::sample::select(vec![404u16, 500, 503, 501]), wait.clone())
            .prop_map(|(status, wait)| Fate::Status(status, wait)),
        1 => (0..4u8, wait.clone()).prop_map(|(after, wait)| Fate::Limited(after, wait)),
        1 => wait.clone().prop_map(Fate::Reset),
        1 => wait.prop_map(Fate::Refused),
        1 => Just(Fate::Stall),
    ]
}

fn any_call() -> impl Strategy<Value = Call> {
    let handler = prop_oneof![3 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))];
    (prop::bool::weighted(0.3), 0..3u32, handler, prop::collection::vec(any_fate(), 1..4))
        .prop_map(|(is_post, retries, handler, fates)| Call { is_post, retries, handler, fates })
}

fn any_part(role: impl Strategy<Value = Role>) -> impl Strategy<Value = Part> {
    let says = vec![Says::Yes, Says::No, Says::Neither, Says::WhetherThereIsData];
    let condition = prop_oneof![
        2 => Just(None),
        1 => prop::sample::select(says).prop_map(Some),
    ];
    (prop::collection::vec(0..5usize, 0..3), condition, role)
        .prop_map(|(after, condition, role)| Part { name: String::new(), after, condition, role })
}

/// A team whose mode is hybrid wherever it holds a group.
fn any_team(part: impl Strategy<Value = Part>) -> impl Strategy<Value = Team> {
    let mode = prop::sample::select(Mode::ALL.to_vec());
    (mode, prop::collection::vec(part, 1..6), any::<bool>()).prop_map(|(mode, parts, reversed)| {
        let has_groups = parts.iter().any(|part| matches!(part.role, Role::Team(_)));
        Team { mode: if has_groups { Mode::Hybrid } else { mode }, parts, reversed }
    })
}

fn any_limits() -> impl Strategy<Value = Limits> {
    let share = prop::option::of(prop::sample::select(vec![0.0, 0.2, 0.25, 0.5, 1.0]));
    let timeout = prop::option::of((0..6_000u64).prop_map(|wait| ms(wait + 1)));
    (prop::bool::weighted(0.3), share, timeout).prop_map(
        |(fail_fast, error_threshold, total_timeout)| Limits {
            fail_fast,
            error_threshold,
            total_timeout,
        },
    )
}

fn any_story(limits: impl Strategy<Value = Limits>) -> impl Strategy<Value = Story> {
    let call = || any_part(any_call().prop_map(Role::Call)).boxed();
    let deeper = |part: BoxedStrategy<Part>| {
        let team = any_team(part).prop_map(Role::Team);
        prop_oneof![4 => call(), 1 => any_part(team)].boxed()
    };
    let team = any_team(deeper(deeper(call())));
    (team, 1..5u32, any::<u64>(), limits).prop_map(|(mut team, max_concurrent, seed, limits)| {
        team.settle("p");
        Story { team, max_concurrent, seed, limits }
    })
}

/// Flows with all that may end a run early.
pub(crate) fn any_limited_story() -> impl Strategy<Value = Story> {
    any_story(any_limits())
}

/// Flows in which every endpoint has its turn, so that time decides nothing.
pub(crate) fn any_whole_story() -> impl Strategy<Value = Story> {
    any_story(Just(Limits::default()))
}
