//! A second interpreter: what every endpoint must come to, told straight from the contract, with
//! neither graph nor clock. It holds where nothing ends a run early.

use std::collections::HashMap;

use fsm_patterns::StepStatus;
use fsm_patterns::spec::Mode;
use fsm_testkit::flows::{Pause, Says};
use serde_json::{Map, Value, json};

use super::story::{Fate, Fates, Story, fate};

type Team = fsm_testkit::flows::Team<Fates>;
type Part = fsm_testkit::flows::Part<Fates>;
type Call = fsm_testkit::flows::Call<Fates>;
type Role = fsm_testkit::flows::Role<Fates>;

/// What becomes of one endpoint.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expected {
    pub(crate) status: StepStatus,
    pub(crate) attempts: u32,
    pub(crate) output: Value,
    pub(crate) kind: Option<&'static str>,
    /// `$data` of its requests.
    pub(crate) data: Option<Value>,
}

/// What a part gives to the others.
struct Gives {
    output: Value,
    /// It failed, or was skipped because of a failure.
    broken: bool,
    /// What a chain carries on: nothing, where the part was skipped or failed.
    carries: Option<Value>,
}

/// Tells the whole story.
pub(crate) fn tell(story: &Story, input: &Value) -> HashMap<String, Expected> {
    let mut oracle = Oracle { told: HashMap::new() };
    oracle.team(&story.plan.team, input);
    oracle.told
}

struct Oracle {
    told: HashMap<String, Expected>,
}

impl Oracle {
    fn team(&mut self, team: &Team, input: &Value) -> Gives {
        let mut gave: Vec<Gives> = Vec::new();
        let mut carried = input.clone();
        for part in &team.parts {
            let data = match team.mode {
                Mode::Sequential | Mode::Fanout => input.clone(),
                Mode::Pipeline | Mode::Conditional => carried.clone(),
                Mode::Parallel | Mode::Hybrid => gathered(team, part, &gave, input),
            };
            let is_blocked = match team.mode {
                Mode::Pipeline => gave.iter().any(|before| before.broken),
                Mode::Sequential
                | Mode::Conditional
                | Mode::Parallel
                | Mode::Fanout
                | Mode::Hybrid => part.after.iter().any(|before| gave[*before].broken),
            };
            let gives = match is_blocked {
                true => self.skip(part, true),
                false => self.part(team, part, data),
            };
            if let Some(output) = &gives.carries {
                carried = output.clone();
            }
            gave.push(gives);
        }
        let output = match team.mode {
            Mode::Pipeline | Mode::Conditional => carried,
            Mode::Sequential | Mode::Parallel | Mode::Fanout | Mode::Hybrid => {
                let named = team.parts.iter().zip(&gave);
                Value::Object(named.map(|(p, g)| (p.name.clone(), g.output.clone())).collect())
            }
        };
        let broken = gave.iter().zip(&team.parts).any(|(gave, part)| {
            // One that was skipped breaks nothing by itself: the failure before it did.
            gave.broken && !self.is_skipped(part)
        });
        Gives { carries: Some(output.clone()), output, broken }
    }

    fn is_skipped(&self, part: &Part) -> bool {
        match &part.role {
            Role::Call(_) | Role::Wait(_) => self.told[&part.name].status == StepStatus::Skipped,
            Role::Team(team) => team.parts.iter().all(|part| self.is_skipped(part)),
        }
    }

    fn part(&mut self, around: &Team, part: &Part, data: Value) -> Gives {
        let held = match part.condition {
            None | Some(Says::Yes) => Some(true),
            Some(Says::No) => Some(false),
            Some(Says::Neither) => None,
            Some(Says::WhetherThereIsData) => Some(!data.is_null()),
            Some(Says::WhetherAnotherIsOk) => Some(
                around
                    .looked_at(part)
                    .is_none_or(|other| self.told[&other.name].status == StepStatus::Ok),
            ),
        };
        match (&part.role, held) {
            (_, Some(false)) => self.skip(part, false),
            (Role::Call(call), Some(true)) => self.call(part, call, data),
            (Role::Call(call), None) => {
                self.failed(part, call.handler, Expected::failed("condition", 0, None))
            }
            (Role::Wait(Pause::Delay(_)), Some(true)) => self.delayed(part, data),
            (Role::Wait(pause), held) => {
                let kind = if held.is_some() { "timeout" } else { "condition" };
                let handler = match pause {
                    Pause::Delay(_) => None,
                    Pause::Signal { handler, .. } => *handler,
                };
                self.failed(part, handler, Expected::failed(kind, 0, None))
            }
            (Role::Team(team), Some(true)) => self.team(team, &data),
            (Role::Team(team), None) => {
                for part in team.steps() {
                    self.told.insert(part.name.clone(), Expected::failed("condition", 0, None));
                }
                Gives { output: Value::Null, broken: true, carries: None }
            }
        }
    }

    fn skip(&mut self, part: &Part, broken: bool) -> Gives {
        let calls = match &part.role {
            Role::Call(_) | Role::Wait(_) => vec![part],
            Role::Team(team) => team.steps(),
        };
        for part in calls {
            self.told.insert(part.name.clone(), Expected::skipped());
        }
        Gives { output: Value::Null, broken, carries: None }
    }

    /// What flowed in flows on.
    fn delayed(&mut self, part: &Part, data: Value) -> Gives {
        let (status, output) = (StepStatus::Ok, data.clone());
        let told = Expected { status, attempts: 0, output, kind: None, data: None };
        self.told.insert(part.name.clone(), told);
        Gives { output: data.clone(), broken: false, carries: Some(data) }
    }

    fn call(&mut self, part: &Part, call: &Call, data: Value) -> Gives {
        // A retry count above 0 gives a POST a key, so that it may be repeated.
        let is_repeatable = !call.is_post || call.retries > 0;
        for number in 0.. {
            let attempts = number + 1;
            let (kind, may_pass) = match fate(call, number as usize) {
                Fate::Answer(_) => {
                    let output = json!(part.name);
                    let told = Expected {
                        status: StepStatus::Ok,
                        attempts,
                        output: output.clone(),
                        kind: None,
                        data: Some(data),
                    };
                    self.told.insert(part.name.clone(), told);
                    return Gives { output: output.clone(), broken: false, carries: Some(output) };
                }
                Fate::Status(status, _) => ("status", matches!(status, 500 | 503)),
                Fate::Limited(..) => ("status", true),
                Fate::Refused(_) => ("connect", true),
                Fate::Reset(_) if is_repeatable => ("reset", true),
                Fate::Stall if is_repeatable => ("timeout", true),
                Fate::Reset(_) | Fate::Stall => ("unknown_outcome", false),
            };
            if !may_pass || !is_repeatable || number == call.retries {
                return self.failed(
                    part,
                    call.handler,
                    Expected::failed(kind, attempts, Some(data)),
                );
            }
        }
        unreachable!("the retries come to an end")
    }

    fn failed(&mut self, part: &Part, handler: Option<bool>, mut told: Expected) -> Gives {
        let gives = match handler {
            Some(true) => {
                let output = json!({"instead of": part.name});
                told.status = StepStatus::Recovered;
                told.output = output.clone();
                Gives { output: output.clone(), broken: false, carries: Some(output) }
            }
            Some(false) => {
                told.kind = Some("transform");
                Gives { output: Value::Null, broken: true, carries: None }
            }
            None => Gives { output: Value::Null, broken: true, carries: None },
        };
        self.told.insert(part.name.clone(), told);
        gives
    }
}

impl Expected {
    fn skipped() -> Self {
        let (status, output) = (StepStatus::Skipped, Value::Null);
        Self { status, attempts: 0, output, kind: None, data: None }
    }

    fn failed(kind: &'static str, attempts: u32, data: Option<Value>) -> Self {
        let (status, output) = (StepStatus::Failed, Value::Null);
        Self { status, attempts, output, kind: Some(kind), data }
    }
}

/// `$data` by the dependencies: none, one, or several.
fn gathered(team: &Team, part: &Part, gave: &[Gives], input: &Value) -> Value {
    match part.after.as_slice() {
        [] => input.clone(),
        [one] => gave[*one].output.clone(),
        several => {
            let named = several
                .iter()
                .map(|index| (team.parts[*index].name.clone(), gave[*index].output.clone()));
            Value::Object(named.collect::<Map<_, _>>())
        }
    }
}
