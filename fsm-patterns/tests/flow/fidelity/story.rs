//! Random flows with the fate of every call written down: what each attempt comes to, and when.

use fsm_http::Reply;
use fsm_testkit::flows::{Call, FlowPlan, FlowSize, Limits, Waits, any_flow_with, any_limits};
use proptest::prelude::*;
use serde_json::json;

use crate::world::ms;

/// A flow, and what becomes of its calls.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) plan: FlowPlan<Fates>,
    pub(crate) seed: u64,
}

/// What the attempts of a call come to; the last one again and again.
pub(crate) type Fates = Vec<Fate>;

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

/// What attempt `number` (from 0) of a call comes to.
pub(crate) fn fate(call: &Call<Fates>, number: usize) -> Fate {
    call.lot[number.min(call.lot.len() - 1)]
}

fn any_fate() -> impl Strategy<Value = Fate> + Clone {
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

fn any_story(limits: impl Strategy<Value = Limits>) -> impl Strategy<Value = Story> {
    let fates = prop::collection::vec(any_fate(), 1..4);
    let plan = any_flow_with(FlowSize::LARGE.waiting(Waits::Timed), fates, limits);
    (plan, any::<u64>()).prop_map(|(plan, seed)| Story { plan, seed })
}

/// Flows with all that may end a run early.
pub(crate) fn any_limited_story() -> impl Strategy<Value = Story> {
    any_story(any_limits())
}

/// Flows in which every endpoint has its turn, so that time decides nothing.
pub(crate) fn any_whole_story() -> impl Strategy<Value = Story> {
    any_story(Just(Limits::default()))
}
