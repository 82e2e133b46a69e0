//! The world of a machine as a model for the checker, and its ways in words.

use fsm_core::{Graph, Outcome, Retry, Trigger, Wait};

use super::route::{End, Occurrence, Route, Stop, standing};
use super::script::Asked;
use super::subject::{Ending, Subject};
use super::world::{Deed, Ear, Mood, SituationOf, Steps, What, World};
use crate::model::{Model, Path, Property};

impl<S: Subject> Model for World<'_, S> {
    type State = SituationOf<S>;
    type Action = Deed;

    fn initial(&self) -> Vec<Self::State> {
        match self.begins.is_empty() {
            true => vec![self.first()],
            false => self.begins.clone(),
        }
    }

    fn steps(&self, state: &Self::State, steps: &mut Steps<S>) {
        self.all(state, steps);
    }

    fn few_steps(&self, state: &Self::State, steps: &mut Steps<S>) -> bool {
        self.few(state, steps)
    }

    /// What the prover wants to know.
    fn properties(&self) -> Vec<Property<Self>> {
        self.wanted.take()
    }

    fn say_step(&self, _: &Self::State, deed: &Deed) -> String {
        self.occurrence(deed).to_string()
    }

    fn say_state(&self, state: &Self::State) -> String {
        let graph = self.subject.machine().graph();
        names(graph, &standing(&state.run)).join(", ")
    }
}

impl<S: Subject> World<'_, S> {
    /// A path of the model as a route through the graph.
    pub(super) fn route(&self, path: &Path<Self>) -> Route {
        let graph = self.subject.machine().graph();
        let mut from = path.start();
        let mut stops = Vec::with_capacity(path.len());
        for (deed, to) in path.steps() {
            if let Some(script) = self.subject.script() {
                let given: Vec<u8> = deed.asked.iter().map(|asked| asked.answer).collect();
                script.open(&given);
            }
            let mut ear = Ear::default();
            // It was taken before.
            let _ = self.step(from, deed.what, &mut ear);
            let at = standing(&to.run);
            stops.push(Stop {
                what: self.occurrence(deed),
                answers: self.answers(&deed.asked),
                taken: ear.taken,
                names: names(graph, &at),
                at,
            });
            from = to;
        }
        let cycle = path.cycle().map(|after| after.saturating_sub(1));
        Route::new(graph, stops, cycle)
    }

    fn occurrence(&self, deed: &Deed) -> Occurrence {
        let graph = self.subject.machine().graph();
        let name = |state| graph.name_of(state).to_owned();
        match deed.what {
            What::Start => Occurrence::Start,
            What::Event(index) => Occurrence::Event(self.subject.events()[index].0.clone()),
            What::End { state, ending, .. } => {
                let Ending { words, outcome } = &self.subject.endings(state)[ending];
                let ending = match outcome {
                    Outcome::Done(_) => End::Done,
                    Outcome::Failed { retry: Retry::Allowed(_), .. } => End::FailedForNow,
                    Outcome::Failed { retry: Retry::Never, .. } => End::FailedForGood,
                    Outcome::Postponed(_) => End::Postponed,
                };
                Occurrence::Ends { state: name(state), how: words.clone(), ending }
            }
            What::TimeOut { state, last, .. } => {
                Occurrence::TimesOut { state: name(state), for_good: last }
            }
            What::Fire { state, wait, .. } => match wait {
                Wait::Retry => Occurrence::Retries(name(state)),
                Wait::Delay | Wait::Timeout => Occurrence::DelayEnds(name(state)),
                Wait::After(transition) => match graph.transition(transition).trigger() {
                    Trigger::After(wait) => Occurrence::Passes { state: name(state), wait },
                    Trigger::Event(_)
                    | Trigger::Done
                    | Trigger::Failed
                    | Trigger::TimedOut
                    | Trigger::Always => Occurrence::DelayEnds(name(state)),
                },
            },
            What::Turn(Mood::Free | Mood::Failing) => Occurrence::EverythingFails,
            What::Turn(Mood::Answering) => Occurrence::EverythingAnswers,
            What::Turn(Mood::Still) => Occurrence::TimeStops,
        }
    }

    /// What was asked, each once and in order.
    fn answers(&self, asked: &[Asked]) -> Vec<String> {
        let Some(script) = self.subject.script() else { return Vec::new() };
        let mut said: Vec<String> = Vec::new();
        for asked in asked {
            let words = script.say(*asked);
            if said.last() != Some(&words) {
                said.push(words);
            }
        }
        said
    }
}

fn names(graph: &Graph, states: &[fsm_core::StateId]) -> Vec<String> {
    states.iter().map(|state| graph.name_of(*state).to_owned()).collect()
}
