//! From the plan to the graph: the six modes as states and transitions.
//!
//! An endpoint `pay` becomes up to three states:
//!
//! ```text
//! pay.check    choice: did a dependency fail? does the condition hold?
//! pay          activity: the call, with its retries
//! pay.failed   choice: what the failure leads to (handler, fail_fast, error_threshold)
//! ```
//!
//! and one more where it can be undone (`undo`). Steps that wait have states of their own (`wait`).
//!
//! Chains lead from one to the next. The other modes open the scope of a fork: entries that wait
//! for several others stand behind a join, those that several wait for stand before a split. What
//! stops a run early is a transition out of the scope, so the kernel cancels the rest, and the
//! picture shows it. Names of states that are not an endpoint's hold a space or a dot, which no
//! endpoint's name can hold.

mod undo;
mod wait;

use std::collections::HashMap;
use std::num::NonZeroU32;

use fsm_core::{Graph, GraphBuilder, GraphFaults, JoinRule, RetryPolicy, StateId};

use crate::plan::{Plan, Unit, Work};
use crate::request;
use crate::rules::{action, guard};
use crate::spec::{EndpointSpec, Mode, When};
use wait::Ways;

/// A graph, and which unit each of its states belongs to.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) graph: Graph,
    pub(crate) units: Vec<Option<Unit>>,
    /// The states that undo, each with its number among the plan's undos.
    pub(crate) undos: HashMap<StateId, usize>,
}

/// # Complexity
/// O(endpoints + dependencies).
pub(crate) fn compile(plan: &Plan) -> Result<Compiled, GraphFaults> {
    let mut compiler = Compiler {
        plan,
        graph: Graph::builder(plan.flow.name.as_str()),
        units: Vec::new(),
        undos: HashMap::new(),
        top: None,
        settles: "run settles".to_owned(),
    };
    compiler.flow();
    let Compiler { mut graph, mut units, undos, .. } = compiler;
    let graph = graph.build()?;
    units.resize(graph.states().len(), None);
    Ok(Compiled { graph, units, undos })
}

struct Compiler<'a> {
    plan: &'a Plan,
    graph: GraphBuilder,
    units: Vec<Option<Unit>>,
    undos: HashMap<StateId, usize>,
    /// The composite state around everything, where the run has a deadline.
    top: Option<StateId>,
    settles: String,
}

/// What lies around a unit: the scope of a fork, or the whole run.
type Scope = Option<StateId>;

impl Compiler<'_> {
    fn flow(&mut self) {
        let flow = &self.plan.flow;
        if let Some(limit) = flow.total_timeout {
            let first = self.entry_of_container(0);
            self.top = Some(self.graph.composite("the run", &first).id());
            self.graph.initial("the run");
            self.graph.final_state("run timed out");
            let end = self.end_in("run timed out");
            let late = self.graph.transition("the run", end);
            late.after(limit).action(action::TIME_OUT);
        } else {
            let first = self.entry_of_container(0);
            self.graph.initial(&first);
        }
        // In a chain there is never more than one call under way.
        let is_chain = self.plan.containers.iter().all(|container| container.mode.is_chain());
        if let Some(count) = NonZeroU32::new(flow.max_concurrent).filter(|_| !is_chain) {
            self.graph.max_concurrent(count);
        }
        let settles = self.settles.clone();
        self.container(0, self.top, &settles);

        let scope = self.top;
        let state = self.graph.choice(&settles).entry(action::CONCLUDE);
        within(state, scope);
        self.graph.final_state("run completed");
        self.graph.final_state("run failed");
        let well = match flow.error_threshold.filter(|_| !flow.fail_fast) {
            Some(share) => guard::tolerable(share),
            None => guard::NOTHING_FAILED.to_owned(),
        };
        self.graph.transition(&settles, "run completed").guard(&well);
        let end = self.end_in("run failed");
        self.graph.transition(&settles, end);
        self.undoing();
    }

    /// The first state of what is in a container.
    fn entry_of_container(&self, container: usize) -> String {
        match self.plan.containers[container].mode.is_chain() {
            true => self.entry(self.plan.containers[container].units[0]),
            false => self.forks(container),
        }
    }

    fn forks(&self, container: usize) -> String {
        match container {
            0 => "run forks".to_owned(),
            _ => format!("{} forks", self.plan.containers[container].name),
        }
    }

    fn joins(&self, container: usize) -> String {
        match container {
            0 => "run joins".to_owned(),
            _ => format!("{} joins", self.plan.containers[container].name),
        }
    }

    /// The first state of a unit.
    fn entry(&self, unit: Unit) -> String {
        if self.plan.is_checked(unit) {
            return format!("{}.check", self.plan.name(unit));
        }
        match unit {
            Unit::Endpoint(index) => self.plan.endpoints[index].name.to_string(),
            // The data of a group has to be taken before its entries ask for it.
            Unit::Group(_) => format!("{}.begin", self.plan.name(unit)),
        }
    }

    fn container(&mut self, container: usize, scope: Scope, next: &str) {
        if self.plan.containers[container].mode.is_chain() {
            self.chain(container, scope, next);
        } else {
            self.network(container, scope, next);
        }
    }

    fn chain(&mut self, container: usize, scope: Scope, next: &str) {
        let units = &self.plan.containers[container].units;
        for (position, unit) in units.iter().enumerate() {
            let after = units.get(position + 1).map_or(next.to_owned(), |unit| self.entry(*unit));
            let on_failure = match self.plan.containers[container].mode {
                Mode::Pipeline if position + 1 < units.len() => OnFailure::SkipTheRest(next),
                _ => OnFailure::GoOn,
            };
            self.unit(*unit, scope, &after, on_failure);
        }
    }

    /// The scope of a fork, in which each entry waits for those that it depends on.
    fn network(&mut self, container: usize, scope: Scope, next: &str) {
        let (forks, joins) = (self.forks(container), self.joins(container));
        let fork = self.graph.fork(&forks, &joins);
        let fork = within(fork, scope);
        within(self.graph.join(&joins, JoinRule::All), scope);
        self.graph.transition(&joins, next);

        let plan = self.plan;
        let units = &plan.containers[container].units;
        let mut dependents: std::collections::HashMap<Unit, Vec<Unit>> =
            std::collections::HashMap::new();
        for unit in units {
            for before in plan.depends_on(*unit) {
                dependents.entry(*before).or_default().push(*unit);
            }
        }
        for unit in units {
            let arrival = self.arrival(*unit);
            let waits_for = u32::try_from(plan.depends_on(*unit).len()).unwrap_or(u32::MAX);
            match NonZeroU32::new(waits_for) {
                None => drop(self.graph.transition(&forks, &arrival)),
                Some(NonZeroU32::MIN) => {}
                Some(count) => {
                    let join = self.graph.join(&arrival, JoinRule::AtLeast(count));
                    join.within(fork);
                    let entry = self.entry(*unit);
                    self.graph.transition(&arrival, &entry);
                }
            }
            let after = match dependents.get(unit).map(Vec::as_slice) {
                None | Some([]) => joins.clone(),
                Some([one]) => self.arrival(*one),
                Some(several) => {
                    let split = format!("{} splits", plan.name(*unit));
                    self.graph.split(&split).within(fork);
                    for dependent in several {
                        let arrival = self.arrival(*dependent);
                        self.graph.transition(&split, &arrival);
                    }
                    split
                }
            };
            self.unit(*unit, Some(fork), &after, OnFailure::GoOn);
        }
    }

    /// Where a dependency leads to: the unit itself, or the join before it.
    fn arrival(&self, unit: Unit) -> String {
        match self.plan.depends_on(unit).len() {
            0 | 1 => self.entry(unit),
            _ => format!("{} waits", self.plan.name(unit)),
        }
    }

    fn unit(&mut self, unit: Unit, scope: Scope, next: &str, on_failure: OnFailure<'_>) {
        match unit {
            Unit::Endpoint(index) => self.endpoint(index, scope, next, on_failure),
            Unit::Group(index) => self.group(index, scope, next),
        }
    }

    fn group(&mut self, index: usize, scope: Scope, next: &str) {
        let unit = Unit::Group(index);
        let inside = self.entry_of_container(index);
        if self.plan.is_checked(unit) {
            let lost = self.lost_group(index, scope, next);
            self.check(unit, scope, &inside, next, (&lost, action::FAIL_GROUP));
        } else {
            let begin = self.entry(unit);
            let state = self.graph.choice(&begin).entry(action::RECEIVE);
            let id = within(state, scope);
            self.belongs(id, unit);
            self.graph.transition(&begin, &inside);
        }
        self.container(index, scope, next);
    }

    /// Where a group leads whose condition can't be told: it fails with every endpoint in it, and
    /// that may end the run like any other failure.
    fn lost_group(&mut self, index: usize, scope: Scope, next: &str) -> String {
        let unit = Unit::Group(index);
        if self.plan.flow.fail_fast {
            return self.settles.clone();
        }
        let Some(share) = self.plan.flow.error_threshold else { return next.to_owned() };
        if !matches!(self.plan.condition(unit), Some(When::Expression(_))) {
            return next.to_owned();
        }
        let failed = format!("{}.failed", self.plan.name(unit));
        within(self.graph.choice(&failed), scope);
        let settles = self.settles.clone();
        self.graph.transition(&failed, &settles).guard(&guard::beyond(share));
        self.graph.transition(&failed, next);
        failed
    }

    fn endpoint(&mut self, index: usize, scope: Scope, next: &str, on_failure: OnFailure<'_>) {
        let unit = Unit::Endpoint(index);
        let plan = self.plan;
        let name = &*plan.endpoints[index].name;

        // Where a failure leads: through a choice, if there is something to decide.
        let flow = &plan.flow;
        let stops = flow.fail_fast;
        let share = flow.error_threshold.filter(|_| !stops);
        let can_fail = plan.endpoints[index].can_fail();
        let decides = can_fail && (plan.handler(index).is_some() || share.is_some());
        let failed = format!("{name}.failed");
        let settles = self.settles.clone();
        let (failure, after_failure) = match on_failure {
            OnFailure::GoOn => (action::KEEP_ERROR, next),
            OnFailure::SkipTheRest(end) => (action::KEEP_ERROR_AND_SKIP, end),
        };
        let lost = match (decides, stops) {
            (true, _) => failed.as_str(),
            (false, true) => settles.as_str(),
            (false, false) => after_failure,
        };
        let direct = if decides || stops { action::KEEP_ERROR } else { failure };

        if plan.is_checked(unit) {
            self.check(unit, scope, name, next, (lost, direct));
        }
        let ways = Ways { next, lost, on_loss: direct };
        match &plan.endpoints[index].work {
            Work::Call(spec) => self.call(index, spec, scope, ways),
            Work::Wait(spec) => self.wait(index, spec, scope, ways),
        }

        if decides {
            let state = self.graph.choice(&failed).entry(action::HANDLE);
            let id = within(state, scope);
            self.belongs(id, unit);
            if plan.handler(index).is_some() {
                self.graph.transition(&failed, next).guard(guard::RECOVERED);
            }
            if stops {
                self.graph.transition(&failed, &settles);
            } else {
                if let Some(share) = share {
                    let beyond = guard::beyond(share);
                    self.graph.transition(&failed, &settles).guard(&beyond);
                }
                let edge = self.graph.transition(&failed, after_failure);
                if matches!(on_failure, OnFailure::SkipTheRest(_)) {
                    edge.action(action::SKIP_THE_REST);
                }
            }
        }
    }

    /// The state of a call; its work and its retries are its own.
    fn call(&mut self, index: usize, spec: &EndpointSpec, scope: Scope, ways: Ways<'_>) {
        let (unit, name) = (Unit::Endpoint(index), spec.name.as_str());
        let is_checked = self.plan.is_checked(unit);
        let policy = policy_of(spec);
        let mut state = self.graph.activity_running(name, &work(spec)).exit(action::LEAVE);
        if policy.count > 0 {
            state = state.retry(policy);
        }
        if !is_checked {
            state = state.entry(action::RECEIVE);
        }
        let id = within(state, scope);
        self.belongs(id, unit);
        match &spec.poll {
            None => drop(self.graph.transition(name, ways.next).done().action(action::KEEP_OUTPUT)),
            Some(poll) => self.poll(index, name, poll, scope, ways),
        }
        if request::is_unrepeatable(spec) {
            let unknown = self.graph.transition(name, ways.lost).failed();
            unknown.guard(guard::UNKNOWN_OUTCOME).action(ways.on_loss);
        }
        self.graph.transition(name, ways.lost).failed().action(ways.on_loss);
    }

    /// The choice before a unit. `fault` is where a condition that can't be evaluated leads to, and
    /// what is done on that way.
    fn check(&mut self, unit: Unit, scope: Scope, inside: &str, next: &str, fault: (&str, &str)) {
        let check = self.entry(unit);
        let state = self.graph.choice(&check).entry(action::CHECK);
        let id = within(state, scope);
        self.belongs(id, unit);
        if self.plan.can_be_blocked(unit) {
            let blocked = self.graph.transition(&check, next).guard(guard::DEPENDENCY_FAILED);
            blocked.action(action::SKIP);
        }
        let Some(condition) = self.plan.condition(unit) else {
            self.graph.transition(&check, inside);
            return;
        };
        let holds = guard::condition(condition);
        self.graph.transition(&check, inside).guard(&holds);
        if matches!(condition, When::Expression(_)) {
            let (to, action) = fault;
            self.graph.transition(&check, to).guard(guard::CONDITION_FAULTY).action(action);
        }
        self.graph.transition(&check, next).action(action::SKIP);
    }

    fn belongs(&mut self, state: StateId, unit: Unit) {
        if self.units.len() <= state.index() {
            self.units.resize(state.index() + 1, None);
        }
        self.units[state.index()] = Some(unit);
    }
}

/// How often a call is tried again, and how long apart.
pub(crate) fn policy_of(spec: &EndpointSpec) -> RetryPolicy {
    RetryPolicy {
        count: spec.retries(),
        delay: spec.retry_delay,
        max_delay: spec.retry_max_delay,
        max_wait: spec.retry_max_wait,
    }
}

/// What a call's state does, as it is drawn: method and url, without query; which resource's pool,
/// credentials, and limits it uses; and whether a server can tell that it gets the same call twice.
pub(crate) fn work(spec: &EndpointSpec) -> String {
    let url = spec.url.source();
    let url = url.find(['?', '#']).map_or(url, |end| &url[..end]);
    let resource = spec.resource.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    let keyed = spec.has_key() || request::declares_key(spec);
    let key = if keyed { " with Idempotency-Key" } else { "" };
    format!("{} {url}{resource}{key}", spec.method)
}

/// Where an unhandled failure of an endpoint leads.
#[derive(Clone, Copy)]
enum OnFailure<'a> {
    /// On, as if nothing had happened.
    GoOn,
    /// To the end of the chain; what lies between is skipped.
    SkipTheRest(&'a str),
}

fn within(state: fsm_core::StateBuilder<'_>, scope: Scope) -> StateId {
    match scope {
        Some(scope) => state.within(scope).id(),
        None => state.id(),
    }
}
