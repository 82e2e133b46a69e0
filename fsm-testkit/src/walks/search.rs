//! The search over a machine: from where it begins, everything that the exemplars make it do.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt::Debug;
use std::rc::Rc;
use std::time::Duration;

use fsm_core::{Event, Graph, Machine, Outcome, StateId, StepError, Trigger};

use super::Walks;
use super::map::{Arc, Go, Leg, Map, Place, Reasons, Retrace};
use super::walk::Step;
use crate::deed::{Deed, Passage, Refusal, Standing};

type Key<C> = Box<dyn Fn(&C) -> String>;

/// How a machine is searched. Made by [`Walks::of`], used by [`find`](Self::find).
pub struct Search<C, E> {
    machine: Machine<C, E>,
    context: C,
    events: Vec<(String, E)>,
    outcomes: Vec<Exemplar<E>>,
    key: Key<C>,
    at_most: usize,
}

/// How the activity of a state may end.
struct Exemplar<E> {
    state: String,
    label: String,
    outcome: Outcome<E>,
}

impl<C: Clone + 'static, E: Event + Clone + 'static> Search<C, E> {
    pub(super) fn new(machine: Machine<C, E>, context: C) -> Self {
        Self {
            machine,
            context,
            events: Vec::new(),
            outcomes: Vec::new(),
            key: Box::new(|_| String::new()),
            at_most: 10_000,
        }
    }

    /// An exemplar of an event, called `name` in the names of walks. Give several of one event
    /// where what it carries makes a difference.
    #[must_use]
    pub fn event(mut self, name: impl Into<String>, event: E) -> Self {
        self.events.push((name.into(), event));
        self
    }

    /// A way in which the activity of `state` may end, called `name` in the names of walks. Of a
    /// state without any, the activity may be done and may fail, with nothing to tell.
    ///
    /// That it takes too long is tried wherever it has a timeout.
    #[must_use]
    pub fn outcome(
        mut self,
        state: impl Into<String>,
        name: impl Into<String>,
        outcome: Outcome<E>,
    ) -> Self {
        self.outcomes.push(Exemplar { state: state.into(), label: name.into(), outcome });
        self
    }

    /// What matters of the context. Two runs whose tokens stand alike, whose timers come in one
    /// order, and whose guards hold alike are one configuration, unless `Debug` prints their keys
    /// differently: of them the first that is found is gone on from. Every walk is a real one
    /// nevertheless: it was gone by a run of its own.
    ///
    /// Give one where a guard only holds after something happened several times, such as a count;
    /// and leave out, or bound, what only ever grows.
    #[must_use]
    pub fn key<K: Debug>(mut self, key: impl Fn(&C) -> K + 'static) -> Self {
        self.key = Box::new(move |context| format!("{:?}", key(context)));
        self
    }

    /// Looks at no more configurations than this. Default: 10,000. What is missed then says so.
    #[must_use]
    pub fn at_most(mut self, configurations: usize) -> Self {
        self.at_most = configurations;
        self
    }

    /// Searches, breadth first.
    ///
    /// # Panics
    /// Only if a guard or an action does.
    ///
    /// # Complexity
    /// O(configurations * exemplars) steps of the machine.
    pub fn find(self) -> Walks<Deed<E>> {
        let graph = self.machine.graph();
        let (first, passage) = Standing::begin(&self.machine, self.context.clone());
        let begin = leg(&self, &passage);
        let mut reasons = Reasons { heard: Some(BTreeSet::new()), ..Reasons::default() };
        let mut places = vec![self.place(&first)];
        let mut known = HashMap::from([(self.key_of(&first, &mut reasons), 0)]);
        let mut open = VecDeque::from([(0, first)]);
        while let Some((at, standing)) = open.pop_front() {
            for (label, deed) in self.deeds(&standing) {
                let (next, passage) = match standing.after(&self.machine, &deed) {
                    Ok(next) => next,
                    Err(refusal) => {
                        note_refusal(&refusal, &mut reasons);
                        continue;
                    }
                };
                reasons.open.extend(&passage.takes);
                for id in &passage.takes {
                    if let Trigger::Event(event) = graph.transition(*id).trigger() {
                        note_event(graph.event_name(event), &mut reasons);
                    }
                }
                let key = self.key_of(&next, &mut reasons);
                let to = match known.get(&key) {
                    Some(to) => *to,
                    None if places.len() >= self.at_most => {
                        reasons.bound = Some(self.at_most);
                        continue;
                    }
                    None => {
                        let to = places.len();
                        known.insert(key, to);
                        places.push(self.place(&next));
                        open.push_back((to, next));
                        to
                    }
                };
                let leg = leg(&self, &passage);
                places[at].arcs.push(Arc { to, label, does: deed, leg });
            }
        }
        let retrace = Retrace(Some(self.go()));
        Walks::on(Map { graph: self.machine.graph().clone(), begin, places, reasons, retrace })
    }

    /// Goes along arcs with a run of its own, each wait until the next timer of that run.
    fn go(&self) -> Go<Deed<E>> {
        let (machine, context) = (self.machine.clone(), self.context.clone());
        Rc::new(move |map, arcs| {
            let (mut standing, _) = Standing::begin(&machine, context.clone());
            let mut steps = Vec::new();
            for id in arcs {
                let Arc { to, label, does, leg } = map.arc(*id);
                let (label, does) = match (does, standing.next_timer(&machine)) {
                    (Deed::Pass(_), Some(wait)) => waiting(wait),
                    (Deed::Pass(_), None) => break,
                    (does, _) => (label.clone(), does.clone()),
                };
                let Ok((next, passage)) = standing.after(&machine, &does) else { break };
                let at = names(machine.graph(), &next);
                if at != map.places[*to].names || passage.takes != leg.takes {
                    break;
                }
                steps.push(Step { does, label, at, by: passage.takes, refusal: None });
                standing = next;
            }
            steps
        })
    }

    fn place(&self, standing: &Standing<C>) -> Place<Deed<E>> {
        Place { names: names(self.machine.graph(), standing), arcs: Vec::new() }
    }

    /// Everything that may happen now, with what it is called.
    fn deeds(&self, standing: &Standing<C>) -> Vec<(String, Deed<E>)> {
        if standing.run.status().is_over() {
            return Vec::new();
        }
        let named = |(name, event): &(String, E)| (name.clone(), Deed::Event(event.clone()));
        let mut deeds: Vec<_> = self.events.iter().map(named).collect();
        let graph = self.machine.graph();
        let mut under_way: Vec<StateId> =
            self.machine.under_way(&standing.run).iter().map(|start| start.state).collect();
        under_way.sort();
        under_way.dedup();
        for state in &under_way {
            let name = graph.name_of(*state);
            // Where several are under way, the label says which of them it is.
            let label = |text: &str| match under_way.len() {
                1 => text.to_owned(),
                _ => format!("{name} {text}"),
            };
            let end = |text: &str, outcome: Outcome<E>| {
                (label(text), Deed::End { state: name.to_owned(), outcome })
            };
            let own = self.outcomes.iter().filter(|exemplar| exemplar.state == name);
            let given = deeds.len();
            deeds.extend(own.map(|exemplar| end(&exemplar.label, exemplar.outcome.clone())));
            if deeds.len() == given {
                deeds.push(end("done", Outcome::done()));
                deeds.push(end("failed", Outcome::failed()));
            }
            if graph.timeout(*state).is_some() {
                deeds.push((label("timed out"), Deed::TimeOut { state: name.to_owned() }));
            }
        }
        if let Some(wait) = standing.next_timer(&self.machine) {
            deeds.push(waiting(wait));
        }
        deeds
    }

    /// What tells configurations apart.
    fn key_of(&self, standing: &Standing<C>, reasons: &mut Reasons) -> String {
        let Standing { run, now } = standing;
        let (machine, graph) = (&self.machine, self.machine.graph());
        let tokens: Vec<_> = run.tokens().collect();
        let timers: Vec<_> =
            machine.timers(run).iter().map(|timer| (timer.state, timer.wait)).collect();
        let attempts: Vec<_> =
            machine.under_way(run).iter().map(|start| (start.state, start.attempt)).collect();
        let mut ways = Vec::new();
        for (_, event) in &self.events {
            ways.extend(machine.ways(run, Some(event), *now));
        }
        let by_themselves = machine
            .ways(run, None, *now)
            .into_iter()
            .filter(|way| !matches!(graph.transition(way.transition).trigger(), Trigger::Event(_)));
        ways.extend(by_themselves);
        let open: Vec<bool> = ways.iter().map(|way| way.is_open).collect();
        reasons.open.extend(ways.iter().filter(|way| way.is_open).map(|way| way.transition));
        let status = run.status();
        let key = (self.key)(run.context());
        format!("{tokens:?}{timers:?}{attempts:?}{open:?}{status:?}{key}")
    }
}

/// A wait, and what it is called.
pub(crate) fn waiting<E>(wait: Duration) -> (String, Deed<E>) {
    (format!("after {wait:?}"), Deed::Pass(wait))
}

pub(crate) fn names<C: Clone>(graph: &Graph, standing: &Standing<C>) -> Vec<String> {
    standing.at().into_iter().map(|state| graph.name_of(state).to_owned()).collect()
}

fn leg<C, E>(search: &Search<C, E>, passage: &Passage) -> Leg {
    let visits = passage.visits(search.machine.graph());
    Leg { takes: passage.takes.clone(), visits }
}

fn note_refusal(refusal: &Refusal, reasons: &mut Reasons) {
    if let Refusal::Machine(StepError::Rejected { event, .. }) = refusal {
        note_event(event, reasons);
    }
}

fn note_event(event: &str, reasons: &mut Reasons) {
    reasons.heard.get_or_insert_default().insert(event.to_owned());
}
