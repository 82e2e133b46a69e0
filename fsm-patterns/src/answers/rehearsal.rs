//! A run by hand: every call is given the answer that was recorded for it, at the point in time at
//! which it would come, and time jumps from one thing that happens to the next.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use fsm_core::{Effect, Effects, Heard, Input, Outcome, Snapshot, Start, Ticket, Timestamp};
use fsm_http::ErrorKind;
use serde::Serialize;
use serde_json::Value;

use super::{Answer, Answers, Came, Firing};
use crate::call;
use crate::context::FlowContext;
use crate::event::FlowEvent;
use crate::flow::{Flow, InputError};
use crate::report::RunReport;
use crate::step::StepError;

/// What a rehearsal came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Rehearsal {
    /// What the run would have returned. Latencies are those that were recorded.
    pub report: RunReport,
    /// How the run stands at its end.
    pub snapshot: Snapshot<FlowContext>,
    /// Calls that were made, and for which no answer is recorded: they failed with the kind
    /// `contract`.
    pub missing: Vec<CallAt>,
    /// Answers that no call asked for.
    pub unused: Vec<CallAt>,
    /// Signals that nothing heard, by name.
    pub unheard: Vec<String>,
    /// How long the run would have taken.
    pub took: Duration,
}

/// One start of a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CallAt {
    /// The state, which for the call of an endpoint is called like the endpoint.
    pub state: String,
    /// Which visit of the state, from 1.
    pub visit: usize,
    /// Which start within the visit, from 1; one that a rate limit put off is counted, too.
    pub attempt: usize,
}

impl fmt::Display for CallAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {} of `{}`", self.attempt, self.state)?;
        match self.visit {
            0 | 1 => Ok(()),
            visit => write!(f, " (visit {visit})"),
        }
    }
}

impl Flow {
    /// Runs the flow offline, with the answers of an earlier run: nothing is sent, nothing is waited
    /// for. The flow may be another one than that which was run. The n-th visit of a call gets the
    /// answers of the n-th visit then, attempt by attempt, each as long after its start as it came
    /// then; signals come when they came, and again until something hears them. A request that can't
    /// be put together fails as it would in a run; what a request holds is not compared.
    ///
    /// The same flow with the same input comes to the same statuses and outputs. (Where a call was cut
    /// off, a report of a run knows how much of it had been sent; a rehearsal does not.)
    ///
    /// # Errors
    /// [`InputError`] where the flow declares `inputs` that `input` does not satisfy.
    ///
    /// # Complexity
    /// As the run, without its waits; O(log(calls under way)) for each input.
    pub fn rehearse(&self, input: Value, answers: &Answers) -> Result<Rehearsal, InputError> {
        self.check_input(&input)?;
        let context = FlowContext::new(&self.rules.plan, answers.run.clone(), input);
        let mut stage = Stage::new(self, answers, context);
        stage.play();
        Ok(stage.close())
    }
}

/// When something comes: by point in time, then by its record, then in the order in which it was put
/// here.
type Place = (Timestamp, u64, u64);

/// What was not recorded comes after what was.
const UNRECORDED: u64 = u64::MAX;

struct Stage<'a> {
    flow: &'a Flow,
    answers: &'a Answers,
    /// What no call has asked for yet, by state and visit.
    left: HashMap<&'a str, Vec<VecDeque<&'a Answer>>>,
    timers: HashMap<(&'a str, u64), Firing>,
    run: Snapshot<FlowContext>,
    effects: Effects,
    now: Timestamp,
    coming: BTreeMap<Place, Input<FlowEvent>>,
    /// Where the outcome of a call is.
    places: HashMap<Ticket, Place>,
    /// Calls that stay under way.
    silent: Vec<(Ticket, CallAt)>,
    /// By the kernel's number of the visit: which visit of its state, and how many starts it had.
    visits: HashMap<u64, (usize, usize)>,
    /// By state.
    visited: HashMap<String, usize>,
    /// What nothing has heard yet.
    letters: Vec<Input<FlowEvent>>,
    put: u64,
    missing: Vec<CallAt>,
}

impl<'a> Stage<'a> {
    fn new(flow: &'a Flow, answers: &'a Answers, context: FlowContext) -> Self {
        let left = answers.calls.iter().map(|(state, visits)| {
            let visits = visits.iter().map(|visit| visit.iter().collect()).collect();
            (state.as_str(), visits)
        });
        let timers = answers.timers.iter().flat_map(|(state, firings)| {
            firings.iter().map(|firing| ((state.as_str(), firing.due_us), *firing))
        });
        let mut stage = Self {
            flow,
            answers,
            left: left.collect(),
            timers: timers.collect(),
            run: flow.machine.snapshot(context, answers.seed),
            effects: Effects::new(),
            now: answers.began,
            coming: BTreeMap::new(),
            places: HashMap::new(),
            silent: Vec::new(),
            visits: HashMap::new(),
            visited: HashMap::new(),
            letters: Vec::new(),
            put: 0,
            missing: Vec::new(),
        };
        for told in &answers.told {
            let at = answers.began + Duration::from_micros(told.at_us);
            stage.put(at, told.record, told.input.clone());
        }
        stage
    }

    fn play(&mut self) {
        self.take(Input::Start);
        while !self.run.status().is_over() {
            if let Some(((at, ..), input)) = self.coming.pop_first() {
                self.now = self.now.max(at);
                if let Input::Outcome { ticket, .. } = &input {
                    self.places.remove(ticket);
                }
                self.take(input);
            } else if let Some((ticket, call)) = self.next_silent() {
                // Nothing else can happen: the run would wait for it.
                let outcome = self.unanswered(call);
                self.take(Input::Outcome { ticket, outcome });
            } else {
                return;
            }
        }
    }

    /// A call that stays under way, and is wanted still.
    fn next_silent(&mut self) -> Option<(Ticket, CallAt)> {
        let machine = &self.flow.machine;
        let under_way = machine.under_way(&self.run);
        let is_wanted = |ticket: Ticket| under_way.iter().any(|start| start.ticket == ticket);
        self.silent.retain(|(ticket, _)| is_wanted(*ticket));
        (!self.silent.is_empty()).then(|| self.silent.remove(0))
    }

    fn take(&mut self, input: Input<FlowEvent>) {
        if !self.step(&input) {
            if let Input::Event(_) = input {
                self.letters.push(input);
            }
            return;
        }
        // What nobody heard may be heard now.
        let mut letters = std::mem::take(&mut self.letters);
        letters.retain(|letter| !self.step(letter));
        self.letters.append(&mut letters);
    }

    /// Whether the run took it.
    fn step(&mut self, input: &Input<FlowEvent>) -> bool {
        let (run, effects) = (&mut self.run, &mut self.effects);
        if self.flow.machine.step(run, self.now, input, effects, &mut ()).is_err() {
            return false;
        }
        for index in 0..self.effects.as_slice().len() {
            match self.effects.as_slice()[index] {
                Effect::Start(start) => self.start(start),
                Effect::Timer { ticket, at } => self.set(ticket, at),
                Effect::Cancel(ticket) => {
                    if let Some(place) = self.places.remove(&ticket) {
                        self.coming.remove(&place);
                    }
                }
                Effect::Finish => {}
            }
        }
        true
    }

    fn put(&mut self, at: Timestamp, record: u64, input: Input<FlowEvent>) -> Place {
        self.put += 1;
        let place = (at, record, self.put);
        self.coming.insert(place, input);
        place
    }

    fn set(&mut self, ticket: Ticket, at: Timestamp) {
        let input = Input::Timer(ticket);
        let recorded = match self.flow.machine.heard(&self.run, &input) {
            Heard::Fired { state, due, .. } => {
                let due_us = crate::rules::micros(due.since(self.answers.began));
                self.timers.get(&(state.as_str(), due_us)).copied()
            }
            Heard::Start | Heard::Event(_) | Heard::Ended { .. } | Heard::Cancel | Heard::Late => {
                None
            }
        };
        match recorded {
            Some(firing) => {
                self.put(at + Duration::from_micros(firing.late_us), firing.record, input)
            }
            None => self.put(at, UNRECORDED, input),
        };
    }

    fn start(&mut self, start: Start) {
        let Start { ticket, state, visit, .. } = start;
        let flow = self.flow;
        let name = flow.graph().name_of(state);
        let visited = &mut self.visited;
        let (number, starts) = self.visits.entry(visit).or_insert_with(|| {
            let visited = visited.entry(name.to_owned()).or_default();
            *visited += 1;
            (*visited, 0)
        });
        *starts += 1;
        let call = CallAt { state: name.to_owned(), visit: *number, attempt: *starts };
        let visits = self.left.get_mut(name);
        let answer = visits.and_then(|visits| visits.get_mut(call.visit - 1)?.pop_front());

        if let Some(outcome) = call::impossible(&flow.rules, self.run.context(), state, visit) {
            let record = answer.map_or(UNRECORDED, |answer| answer.record);
            return self.answer(ticket, self.now, record, outcome);
        }
        let Some(answer) = answer else {
            let outcome = self.unanswered(call);
            return self.answer(ticket, self.now, UNRECORDED, outcome);
        };
        let at = self.now + Duration::from_micros(answer.after_us);
        let outcome = match &answer.came {
            Came::Done { event } => Outcome::Done(event.clone()),
            Came::Failed { event, retry } => {
                Outcome::Failed { event: event.clone(), retry: *retry }
            }
            Came::Postponed { wait_us } => Outcome::Postponed(at + Duration::from_micros(*wait_us)),
            Came::Nothing => return self.silent.push((ticket, call)),
        };
        self.answer(ticket, at, answer.record, outcome);
    }

    fn answer(&mut self, ticket: Ticket, at: Timestamp, record: u64, outcome: Outcome<FlowEvent>) {
        let place = self.put(at, record, Input::Outcome { ticket, outcome });
        self.places.insert(ticket, place);
    }

    fn unanswered(&mut self, call: CallAt) -> Outcome<FlowEvent> {
        let message = format!("no answer is recorded for {call}");
        self.missing.push(call);
        call::unsent(StepError::new(ErrorKind::Contract, message))
    }

    fn close(self) -> Rehearsal {
        let mut unused = Vec::new();
        for (state, visits) in &self.answers.calls {
            let left = &self.left[state.as_str()];
            for (visit, (all, left)) in visits.iter().zip(left).enumerate() {
                let first = all.len() - left.len();
                for (attempt, answer) in all.iter().enumerate().skip(first) {
                    if answer.came != Came::Nothing {
                        let (visit, attempt) = (visit + 1, attempt + 1);
                        unused.push(CallAt { state: state.clone(), visit, attempt });
                    }
                }
            }
        }
        // What was to come after the end was not heard either.
        let rest = self.letters.iter().chain(self.coming.values());
        let unheard = rest.filter_map(|input| match input {
            Input::Event(FlowEvent::Signal(signal)) => Some(signal.name.clone()),
            Input::Event(FlowEvent::Answered(_) | FlowEvent::Refused(_))
            | Input::Start
            | Input::Outcome { .. }
            | Input::Timer(_)
            | Input::Cancel => None,
        });
        Rehearsal {
            report: self.flow.report(&self.run),
            missing: self.missing,
            unused,
            unheard: unheard.collect(),
            took: self.run.now().since(self.answers.began),
            snapshot: self.run,
        }
    }
}

impl Rehearsal {
    /// Whether every call had its answer, every answer its call, and every signal somebody who heard
    /// it: what holds of the same flow with the same input.
    pub fn is_faithful(&self) -> bool {
        self.missing.is_empty() && self.unused.is_empty() && self.unheard.is_empty()
    }
}
