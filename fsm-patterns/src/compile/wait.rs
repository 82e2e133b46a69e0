//! Steps that wait, as states: a delay, a signal, and the round of a call that asks again.
//!
//! ```text
//! cool_down        delay
//! approval         signal: goes on with the event of that name
//! approval.look    choice: could the output be made?
//! job              activity, as ever
//! job.look         choice: is it done, did it fail, is it too late?
//! job.wait         delay, and back to `job`
//! ```

use super::{Compiler, Scope, within};
use crate::plan::Unit;
use crate::rules::{action, guard, wait};
use crate::spec::{PollSpec, SignalSpec, Wait, WaitSpec, When};

/// Where a step leads to.
#[derive(Clone, Copy)]
pub(super) struct Ways<'a> {
    /// When it is done.
    pub(super) next: &'a str,
    /// When it failed, and what is done on that way.
    pub(super) lost: &'a str,
    pub(super) on_loss: &'a str,
}

impl Compiler<'_> {
    /// The states of a step that calls nothing.
    pub(super) fn wait(&mut self, index: usize, spec: &WaitSpec, scope: Scope, ways: Ways<'_>) {
        let unit = Unit::Endpoint(index);
        let name = spec.name.as_str();
        let is_checked = self.plan.is_checked(unit);
        let mut state = match &spec.wait {
            Wait::Delay(length) => self.graph.delay(name, *length),
            Wait::Signal(_) => self.graph.signal(name),
        };
        state = state.exit(action::LEAVE);
        if !is_checked {
            state = state.entry(action::RECEIVE);
        }
        let id = within(state, scope);
        self.belongs(id, unit);
        match &spec.wait {
            Wait::Delay(_) => {
                self.graph.transition(name, ways.next).done().action(wait::KEEP_DATA);
            }
            Wait::Signal(signal) => self.signal(index, name, signal, scope, ways),
        }
    }

    fn signal(
        &mut self,
        index: usize,
        name: &str,
        signal: &SignalSpec,
        scope: Scope,
        ways: Ways<'_>,
    ) {
        let look = format!("{name}.look");
        let heard = match signal.transform_output {
            Some(_) => look.as_str(),
            None => ways.next,
        };
        self.graph.transition(name, heard).on(&signal.name).action(wait::TAKE_SIGNAL);
        if let Some(limit) = signal.timeout {
            self.graph.transition(name, ways.lost).after(limit).action(ways.on_loss);
        }
        if signal.transform_output.is_some() {
            let id = within(self.graph.choice(&look), scope);
            self.belongs(id, Unit::Endpoint(index));
            let faulty = self.graph.transition(&look, ways.lost).guard(guard::LOOK_FAULTY);
            faulty.action(ways.on_loss);
            self.graph.transition(&look, ways.next);
        }
    }

    /// What a good answer leads to where it may not be the last one.
    pub(super) fn poll(
        &mut self,
        index: usize,
        name: &str,
        poll: &PollSpec,
        scope: Scope,
        ways: Ways<'_>,
    ) {
        let (look, again) = (format!("{name}.look"), format!("{name}.wait"));
        self.graph.transition(name, &look).done().action(wait::LOOK);
        let id = within(self.graph.choice(&look), scope);
        self.belongs(id, Unit::Endpoint(index));
        self.graph.transition(&look, ways.next).guard(&guard::until(&poll.until));
        let mut losses: Vec<String> = poll.fail_if.iter().map(guard::fail_if).collect();
        let mut conditions = std::iter::once(&poll.until).chain(&poll.fail_if);
        if conditions.any(|condition| matches!(condition, When::Expression(_))) {
            losses.push(guard::LOOK_FAULTY.to_owned());
        }
        losses.extend(poll.timeout.map(guard::too_late));
        for loss in losses {
            let lost = self.graph.transition(&look, ways.lost).guard(&loss);
            lost.action(ways.on_loss);
        }
        self.graph.transition(&look, &again);
        let id = within(self.graph.delay(&again, poll.every).exit(action::LEAVE), scope);
        self.belongs(id, Unit::Endpoint(index));
        self.graph.transition(&again, name).done();
    }
}
