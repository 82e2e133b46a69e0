//! Answers, gathered from what a journal holds of a run.

use std::collections::HashMap;

use fsm_core::journal::{Epoch, Replay};
use fsm_core::{Effect, Heard, Input, Status, Ticket, Timestamp};
use indexmap::IndexMap;

use super::{Answer, Answers, AnswersError, Came, FORMAT, Firing, Told};
use crate::context::FlowContext;
use crate::event::FlowEvent;
use crate::flow::Flow;
use crate::rules::micros;

/// A call that was started and is not answered.
struct Asked {
    state: String,
    visit: usize,
    attempt: usize,
    at: Timestamp,
}

impl Answers {
    /// What the calls of a run were answered, as a journal
    /// ([`History::last`](fsm_core::journal::History::last)) or an observer ([`Flow::epoch_of`]) has
    /// it.
    ///
    /// # Errors
    /// [`AnswersError::Replay`], [`AnswersError::NotFromTheBeginning`].
    pub fn of(flow: &Flow, epoch: &Epoch<FlowContext, FlowEvent>) -> Result<Self, AnswersError> {
        if epoch.first.status() != Status::New {
            return Err(AnswersError::NotFromTheBeginning);
        }
        let mut replay = Replay::of(epoch, &flow.machine)?;
        let context = epoch.first.context();
        let mut answers = Self {
            answers: FORMAT,
            flow: flow.name().to_owned(),
            run: context.run.clone(),
            input: context.input.clone(),
            seed: epoch.first.seed(),
            began: epoch.records.first().map_or(Timestamp::ZERO, |record| record.at),
            calls: IndexMap::new(),
            timers: IndexMap::new(),
            told: Vec::new(),
        };
        let mut asked: HashMap<Ticket, Asked> = HashMap::new();
        // By the kernel's number of the visit.
        let mut visits: HashMap<u64, usize> = HashMap::new();
        while let Some(record) = replay.next_record() {
            let since = |at: Timestamp| micros(at.since(answers.began));
            match &record.input {
                Input::Start => {}
                Input::Outcome { ticket, outcome } => {
                    if let Some(call) = asked.remove(ticket) {
                        let after_us = micros(record.at.since(call.at));
                        let came = Came::of(outcome, record.at);
                        let answer = Answer { record: record.number, after_us, came };
                        answers.calls[&call.state][call.visit][call.attempt] = answer;
                    }
                }
                Input::Timer(_) => {
                    let heard = flow.machine.heard(replay.snapshot(), &record.input);
                    if let Heard::Fired { state, due, .. } = heard {
                        let (due_us, late_us) = (since(due), micros(record.at.since(due)));
                        let firing = Firing { record: record.number, due_us, late_us };
                        answers.timers.entry(state).or_default().push(firing);
                    }
                }
                Input::Event(_) | Input::Cancel => {
                    let (at_us, input) = (since(record.at), record.input.clone());
                    answers.told.push(Told { record: record.number, at_us, input });
                }
            }
            replay.step_traced(&mut ())?;
            for effect in replay.effects() {
                let Effect::Start(start) = effect else { continue };
                let state = flow.graph().name_of(start.state).to_owned();
                let calls = answers.calls.entry(state.clone()).or_default();
                let visit = *visits.entry(start.visit).or_insert_with(|| {
                    calls.push(Vec::new());
                    calls.len() - 1
                });
                let attempt = calls[visit].len();
                calls[visit].push(Answer { record: 0, after_us: 0, came: Came::Nothing });
                asked.insert(start.ticket, Asked { state, visit, attempt, at: record.at });
            }
        }
        Ok(answers)
    }
}
