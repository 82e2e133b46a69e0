//! From a plan to a graph. A plan is laid out knowing what comes after it, so everything goes
//! from the end to the beginning, and the name of the state to enter comes back.

use std::num::NonZeroU32;

use fsm_core::{Graph, GraphBuilder, JoinRule, RetryPolicy, StateBuilder};

use super::dag;
use super::parallel;
use super::plan::{Alarm, Blueprint, Composite, Fork, Plan, Rule, Step, Wait, Way, millis};
use crate::tally::{AGAIN, ENTER, EVENTS, HEADS, LEAVE, SPEND, TOSS, WORK};

/// The final state of runs that were given up.
const GIVEN_UP: &str = "given up";

/// A graph that is being laid out.
pub(super) struct Layout<'a> {
    pub(super) graph: &'a mut GraphBuilder,
    counted: bool,
    names: usize,
    gives_up: bool,
}

/// Where a plan is laid out.
#[derive(Clone, Debug)]
pub(super) struct Place {
    parent: Option<String>,
    /// What comes after it.
    pub(super) next: String,
    /// What comes after the plans around it, innermost last.
    outs: Vec<String>,
}

impl Place {
    pub(super) fn within(&self, parent: &str) -> Self {
        Self { parent: Some(parent.into()), ..self.clone() }
    }

    pub(super) fn leading_to(&self, next: &str) -> Self {
        Self { next: next.into(), ..self.clone() }
    }

    /// A way out to `next` more.
    pub(super) fn after(mut self, next: &str) -> Self {
        self.outs.push(next.into());
        self
    }
}

pub(super) fn lay_out(blueprint: &Blueprint) -> Graph {
    let mut graph = Graph::builder("random");
    let mut layout =
        Layout { graph: &mut graph, counted: blueprint.counted, names: 0, gives_up: false };
    let outside = Place { parent: None, next: "end".into(), outs: Vec::new() };
    let entry = layout.plan(&blueprint.plan, &outside);
    layout.hook(&outside, |graph| graph.final_state("end"));
    if layout.gives_up {
        layout.hook(&outside, |graph| graph.final_state(GIVEN_UP));
    }
    if let Some(count) = blueprint.max_concurrent {
        graph.max_concurrent(count);
    }
    match graph.initial(&entry).build() {
        Ok(graph) => graph,
        Err(faults) => panic!("{faults}\nof {blueprint:#?}"),
    }
}

impl Layout<'_> {
    pub(super) fn plan(&mut self, plan: &Plan, place: &Place) -> String {
        match plan {
            Plan::Skip => self.skip(place),
            Plan::Step(step) => self.step(step, place),
            Plan::Wait(wait) => self.wait(wait, place),
            Plan::Sequence(plans) => self.sequence(plans, place),
            Plan::Choice(options) => self.choice(options, place),
            Plan::Fork(fork) => self.branches(fork, place),
            Plan::Dag(dag) => dag::lay_out(self, dag, place),
            Plan::Composite(composite) => self.composite(composite, place),
            Plan::Parallel(parallel) => parallel::lay_out(self, parallel, place),
            Plan::Loop(body) => self.repeat(body, place),
        }
    }

    pub(super) fn name(&mut self, kind: &str) -> String {
        self.names += 1;
        format!("{kind} {}", self.names)
    }

    /// Declares a state at `place`, counted where the blueprint says so.
    pub(super) fn hook(
        &mut self,
        place: &Place,
        declare: impl FnOnce(&mut GraphBuilder) -> StateBuilder<'_>,
    ) {
        let mut state = declare(self.graph);
        if let Some(parent) = &place.parent {
            state = state.within(parent);
        }
        if self.counted {
            state.entry(ENTER).exit(LEAVE);
        }
    }

    /// The state that a way leads to.
    fn target(&mut self, way: Way, place: &Place) -> String {
        let levels = match way {
            Way::Next | Way::Stay => return place.next.clone(),
            Way::Out(levels) => levels,
        };
        match place.outs.len().checked_sub(usize::from(levels) + 1) {
            Some(index) => place.outs[index].clone(),
            None => {
                self.gives_up = true;
                GIVEN_UP.into()
            }
        }
    }

    pub(super) fn event(&mut self, state: &str, event: Option<(u8, Way)>, place: &Place) {
        let Some((number, way)) = event else { return };
        if way == Way::Stay {
            let stays = self.graph.internal(state).on(event_name(number));
            stays.guard(HEADS).action(TOSS);
            return;
        }
        let target = self.target(way, place);
        self.graph.transition(state, &target).on(event_name(number)).action(TOSS);
    }

    pub(super) fn alarm(&mut self, state: &str, alarm: Option<Alarm>, place: &Place) {
        let Some(alarm) = alarm else { return };
        let written = match alarm.way {
            Way::Stay => self.graph.internal(state),
            way => {
                let target = self.target(way, place);
                self.graph.transition(state, &target)
            }
        };
        let written = written.after(millis(alarm.millis)).action(TOSS);
        if alarm.guarded {
            written.guard(HEADS);
        }
    }

    fn skip(&mut self, place: &Place) -> String {
        let name = self.name("skip");
        self.hook(place, |graph| graph.choice(&name));
        self.graph.transition(&name, &place.next).action(TOSS);
        name
    }

    fn step(&mut self, step: &Step, place: &Place) -> String {
        let name = self.name("step");
        self.hook(place, |graph| {
            let mut state = graph.activity_running(&name, WORK);
            if let Some(count) = step.retries {
                let mut policy = RetryPolicy::new(u32::from(count)).delay(millis(10));
                policy.max_wait = step.patience.map(millis);
                state = state.retry(policy);
            }
            match step.timeout {
                Some(limit) => state.timeout(millis(limit)),
                None => state,
            }
        });
        self.graph.transition(&name, &place.next).done().action(TOSS);
        let failed = self.target(step.failed, place);
        self.graph.transition(&name, &failed).failed();
        if let Some(way) = step.timed_out {
            let target = self.target(way, place);
            self.graph.transition(&name, &target).timed_out();
        }
        self.alarm(&name, step.after, place);
        self.event(&name, step.event, place);
        name
    }

    pub(super) fn wait(&mut self, wait: &Wait, place: &Place) -> String {
        let name = self.name("wait");
        match wait {
            Wait::Event(number, way) => {
                self.hook(place, |graph| graph.simple(&name));
                if let Some(way) = way {
                    let guarded = match way {
                        Way::Stay => self.graph.internal(&name).action(TOSS),
                        way => {
                            let target = self.target(*way, place);
                            self.graph.transition(&name, &target)
                        }
                    };
                    guarded.on(event_name(*number)).guard(HEADS);
                }
                self.graph.transition(&name, &place.next).on(event_name(*number)).action(TOSS);
            }
            Wait::Signal(number) => {
                self.hook(place, |graph| graph.signal(&name));
                self.graph.transition(&name, &place.next).on(event_name(*number));
            }
            Wait::Delay(wait) => {
                self.hook(place, |graph| graph.delay(&name, millis(*wait)));
                self.graph.transition(&name, &place.next).done();
            }
        }
        name
    }

    fn sequence(&mut self, plans: &[Plan], place: &Place) -> String {
        let Some((last, before)) = plans.split_last() else { return self.skip(place) };
        let mut entry = self.plan(last, place);
        for plan in before.iter().rev() {
            entry = self.plan(plan, &place.leading_to(&entry));
        }
        entry
    }

    fn choice(&mut self, options: &[Plan], place: &Place) -> String {
        let Some((last, guarded)) = options.split_last() else { return self.skip(place) };
        let name = self.name("choice");
        self.hook(place, |graph| graph.choice(&name));
        for option in guarded {
            let entry = self.plan(option, place);
            self.graph.transition(&name, &entry).guard(HEADS).action(TOSS);
        }
        let entry = self.plan(last, place);
        self.graph.transition(&name, &entry).action(TOSS);
        name
    }

    /// Declares a fork and its join, where `arrivals` tokens come if nothing goes wrong.
    pub(super) fn fork(&mut self, place: &Place, rule: Rule, arrivals: usize) -> (String, String) {
        let (fork, join) = (self.name("fork"), self.name("join"));
        let rule = match rule {
            Rule::All => JoinRule::All,
            Rule::Any => JoinRule::Any,
            Rule::AtLeast(needed) => {
                let most = u32::try_from(arrivals).unwrap_or(u32::MAX);
                JoinRule::AtLeast(count(u32::from(needed).min(most)))
            }
        };
        self.hook(place, |graph| graph.fork(&fork, &join));
        self.hook(place, |graph| graph.join(&join, rule));
        self.graph.transition(&join, &place.next).action(TOSS);
        (fork, join)
    }

    fn branches(&mut self, fork: &Fork, place: &Place) -> String {
        let (name, join) = self.fork(place, fork.rule, fork.branches.len().max(1));
        let mut inside = place.within(&name).leading_to(&join).after(&place.next);
        if fork.finals {
            let end = self.name("branch end");
            self.hook(&inside, |graph| graph.final_state(&end));
            inside = inside.leading_to(&end);
        }
        let nothing = [Plan::Skip];
        let branches =
            if fork.branches.is_empty() { nothing.as_slice() } else { fork.branches.as_slice() };
        for branch in branches {
            let entry = self.plan(branch, &inside);
            self.graph.transition(&name, &entry).action(TOSS);
        }
        // Forks go on; they have no internal transitions.
        let leads = |way| if way == Way::Stay { Way::Next } else { way };
        self.event(&name, fork.event.map(|(event, way)| (event, leads(way))), place);
        let after = fork.after.map(|alarm| Alarm { way: leads(alarm.way), ..alarm });
        self.alarm(&name, after, place);
        name
    }

    fn composite(&mut self, composite: &Composite, place: &Place) -> String {
        let (name, end) = (self.name("composite"), self.name("inner end"));
        let inside = place.within(&name).leading_to(&end).after(&place.next);
        self.hook(&inside, |graph| graph.final_state(&end));
        let entry = self.plan(&composite.inside, &inside);
        self.hook(place, |graph| graph.composite(&name, &entry));
        self.graph.transition(&name, &place.next).done().action(TOSS);
        self.event(&name, composite.event, place);
        self.alarm(&name, composite.after, place);
        name
    }

    /// Each round begins with work, so that none goes round at once.
    fn repeat(&mut self, body: &Plan, place: &Place) -> String {
        let head = self.name("loop");
        self.hook(place, |graph| graph.choice(&head));
        let inside = place.leading_to(&head).after(&place.next);
        let entry = self.plan(body, &inside);
        let first = self.step(&Step::default(), &inside.leading_to(&entry));
        self.graph.transition(&head, &first).guard(AGAIN).action(SPEND);
        self.graph.transition(&head, &place.next);
        head
    }
}

/// `number`, but at least 1.
pub(super) fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

fn event_name(number: u8) -> &'static str {
    EVENTS[usize::from(number) % EVENTS.len()]
}
