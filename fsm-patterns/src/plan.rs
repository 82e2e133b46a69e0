//! The plan: the endpoints and groups of a flow as numbered units, with where each one's data
//! comes from. The graph is compiled from it, and the running flow looks things up in it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::expr::Root;
use crate::spec::{
    EndpointSpec, Entry, FlowSpec, Handler, Mode, Parser, PollSpec, SignalSpec, Transform, Wait,
    WaitSpec, When,
};

/// A flow, numbered.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) flow: FlowSpec,
    /// Endpoints in declared order, also those in groups. Waits count as such.
    pub(crate) endpoints: Vec<Endpoint>,
    /// The flow itself, then its groups.
    pub(crate) containers: Vec<Container>,
    pub(crate) by_name: HashMap<String, usize>,
    /// What undoes completed steps, in declared order of these.
    pub(crate) undos: Vec<Undo>,
}

/// The call that undoes a step.
#[derive(Debug)]
pub(crate) struct Undo {
    /// By index into `endpoints`.
    pub(crate) step: usize,
    pub(crate) call: Endpoint,
}

/// What a state that calls is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// A step, by index into `endpoints`.
    Step(usize),
    /// Undoing one, by index into `undos`.
    Undo(usize),
}

/// An endpoint, or a group as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Unit {
    /// By index into `endpoints`.
    Endpoint(usize),
    /// By index into `containers`.
    Group(usize),
}

#[derive(Debug)]
pub(crate) struct Endpoint {
    /// That of the spec, shared with reports.
    pub(crate) name: Arc<str>,
    pub(crate) work: Work,
    pub(crate) container: usize,
    pub(crate) depends_on: Vec<Unit>,
    pub(crate) source: Source,
    /// The steps that its parser or output transform reads.
    pub(crate) reads: Vec<usize>,
    /// By index into the flow's `resources`.
    pub(crate) resource: Option<usize>,
    /// How long one attempt may take.
    pub(crate) timeout: Duration,
    /// By index into `undos`.
    pub(crate) undo: Option<usize>,
}

/// What an endpoint does.
#[derive(Debug)]
pub(crate) enum Work {
    Call(Box<EndpointSpec>),
    Wait(Box<WaitSpec>),
}

impl Endpoint {
    /// The call, if it is one.
    pub(crate) fn call(&self) -> Option<&EndpointSpec> {
        match &self.work {
            Work::Call(spec) => Some(spec),
            Work::Wait(_) => None,
        }
    }

    /// How its call is made again and again, if it is.
    pub(crate) fn poll(&self) -> Option<&PollSpec> {
        self.call()?.poll.as_ref()
    }

    /// The signal that it waits for, if it does.
    pub(crate) fn signal(&self) -> Option<&SignalSpec> {
        match &self.work {
            Work::Call(_) => None,
            Work::Wait(spec) => match &spec.wait {
                Wait::Signal(signal) => Some(signal),
                Wait::Delay(_) => None,
            },
        }
    }

    /// Whether there is any way in which it may fail.
    pub(crate) fn can_fail(&self) -> bool {
        match &self.work {
            Work::Call(_) => true,
            Work::Wait(spec) => spec.can_fail(),
        }
    }

    fn condition(&self) -> Option<&When> {
        match &self.work {
            Work::Call(spec) => spec.condition.as_ref(),
            Work::Wait(spec) => spec.condition.as_ref(),
        }
    }

    fn handler(&self) -> Option<&Handler> {
        match &self.work {
            Work::Call(spec) => spec.error_handler.as_ref(),
            Work::Wait(spec) => spec.error_handler(),
        }
    }
}

/// How long one attempt may take where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) mode: Mode,
    pub(crate) parent: Option<usize>,
    pub(crate) units: Vec<Unit>,
    pub(crate) depends_on: Vec<Unit>,
    pub(crate) source: Source,
    pub(crate) condition: Option<When>,
}

/// Where `$data` of a unit comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// What flowed into the container around it.
    Container,
    /// What the chain around it carries.
    Carried,
    /// Its dependencies: the one's output, or an object of several by name.
    Dependencies,
}

impl Plan {
    /// # Complexity
    /// O(endpoints + dependencies).
    pub(crate) fn new(mut flow: FlowSpec) -> Self {
        let entries = std::mem::take(&mut flow.entries);
        let root = Container {
            name: flow.name.clone(),
            mode: flow.mode,
            parent: None,
            units: Vec::new(),
            depends_on: Vec::new(),
            source: Source::Container,
            condition: None,
        };
        let mut plan = Self {
            flow,
            endpoints: Vec::new(),
            containers: vec![root],
            by_name: HashMap::new(),
            undos: Vec::new(),
        };
        plan.add(0, entries);
        for index in 0..plan.endpoints.len() {
            let call = plan.endpoints[index].call();
            plan.endpoints[index].reads = call.map_or(Vec::new(), |spec| plan.reads(spec));
        }
        plan
    }

    /// Numbers the entries of a container in declared order, groups with all that is in them.
    fn add(&mut self, container: usize, entries: Vec<Entry>) {
        let mut siblings: HashMap<String, Unit> = HashMap::new();
        let mut waits: Vec<(Unit, Vec<String>)> = Vec::new();
        for entry in entries {
            let (name, depends_on) = (entry.name().to_owned(), entry.depends_on().to_vec());
            let unit = match entry {
                Entry::Endpoint(spec) => {
                    let index = self.endpoints.len();
                    self.by_name.insert(name.clone(), index);
                    let undo = spec.undo.as_ref().map(|undo| undo.call(&spec));
                    let endpoint = self.calling(spec, container);
                    self.endpoints.push(endpoint);
                    if let Some(call) = undo {
                        self.endpoints[index].undo = Some(self.undos.len());
                        let call = self.calling(Box::new(call), container);
                        self.undos.push(Undo { step: index, call });
                    }
                    Unit::Endpoint(index)
                }
                Entry::Wait(spec) => {
                    let index = self.endpoints.len();
                    self.by_name.insert(name.clone(), index);
                    self.endpoints.push(Endpoint {
                        name: name.as_str().into(),
                        resource: None,
                        timeout: TIMEOUT,
                        work: Work::Wait(spec),
                        container,
                        depends_on: Vec::new(),
                        source: Source::Container,
                        reads: Vec::new(),
                        undo: None,
                    });
                    Unit::Endpoint(index)
                }
                Entry::Group(group) => {
                    let index = self.containers.len();
                    self.containers.push(Container {
                        name: name.clone(),
                        mode: group.mode,
                        parent: Some(container),
                        units: Vec::new(),
                        depends_on: Vec::new(),
                        source: Source::Container,
                        condition: group.condition,
                    });
                    self.add(index, group.entries);
                    Unit::Group(index)
                }
            };
            siblings.insert(name, unit);
            waits.push((unit, depends_on));
            self.containers[container].units.push(unit);
        }
        let mode = self.containers[container].mode;
        for (unit, names) in waits {
            let depends_on: Vec<Unit> =
                names.iter().filter_map(|name| siblings.get(name).copied()).collect();
            let source = match mode {
                Mode::Pipeline | Mode::Conditional => Source::Carried,
                Mode::Sequential | Mode::Fanout => Source::Container,
                Mode::Parallel | Mode::Hybrid if depends_on.is_empty() => Source::Container,
                Mode::Parallel | Mode::Hybrid => Source::Dependencies,
            };
            match unit {
                Unit::Endpoint(index) => {
                    self.endpoints[index].depends_on = depends_on;
                    self.endpoints[index].source = source;
                }
                Unit::Group(index) => {
                    self.containers[index].depends_on = depends_on;
                    self.containers[index].source = source;
                }
            }
        }
    }

    fn calling(&self, spec: Box<EndpointSpec>, container: usize) -> Endpoint {
        let resources = &self.flow.resources;
        let resource = spec
            .resource
            .as_ref()
            .and_then(|name| resources.iter().position(|resource| resource.name == *name));
        let theirs = resource.and_then(|index| resources[index].timeout);
        Endpoint {
            name: spec.name.as_str().into(),
            resource,
            timeout: spec.timeout.or(theirs).unwrap_or(TIMEOUT),
            work: Work::Call(spec),
            container,
            depends_on: Vec::new(),
            source: Source::Container,
            reads: Vec::new(),
            undo: None,
        }
    }

    /// The endpoint of an errand, or what stands for one.
    pub(crate) fn endpoint(&self, errand: Errand) -> &Endpoint {
        match errand {
            Errand::Step(index) => &self.endpoints[index],
            Errand::Undo(number) => &self.undos[number].call,
        }
    }

    /// Every call of the flow: those of its steps, and those that undo them.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &EndpointSpec> {
        let undos = self.undos.iter().map(|undo| &undo.call);
        self.endpoints.iter().chain(undos).filter_map(Endpoint::call)
    }

    fn reads(&self, spec: &EndpointSpec) -> Vec<usize> {
        let mut references = Vec::new();
        if let Parser::Template(template) = &spec.response_parser {
            references.extend(template.references());
        }
        if let Some(Transform::Template(template)) = &spec.transform_output {
            references.extend(template.references());
        }
        let mut reads: Vec<usize> = references
            .iter()
            .filter(|reference| matches!(reference.root, Root::Step { .. }))
            .filter_map(|reference| self.by_name.get(reference.step()?).copied())
            .collect();
        reads.sort_unstable();
        reads.dedup();
        reads
    }

    pub(crate) fn name(&self, unit: Unit) -> &str {
        match unit {
            Unit::Endpoint(index) => &self.endpoints[index].name,
            Unit::Group(index) => &self.containers[index].name,
        }
    }

    pub(crate) fn depends_on(&self, unit: Unit) -> &[Unit] {
        match unit {
            Unit::Endpoint(index) => &self.endpoints[index].depends_on,
            Unit::Group(index) => &self.containers[index].depends_on,
        }
    }

    pub(crate) fn condition(&self, unit: Unit) -> Option<&When> {
        match unit {
            Unit::Endpoint(index) => self.endpoints[index].condition(),
            Unit::Group(index) => self.containers[index].condition.as_ref(),
        }
    }

    pub(crate) fn source(&self, unit: Unit) -> Source {
        match unit {
            Unit::Endpoint(index) => self.endpoints[index].source,
            Unit::Group(index) => self.containers[index].source,
        }
    }

    /// The container around a unit.
    pub(crate) fn around(&self, unit: Unit) -> usize {
        match unit {
            Unit::Endpoint(index) => self.endpoints[index].container,
            Unit::Group(index) => self.containers[index].parent.unwrap_or(0),
        }
    }

    /// Whether anything is decided before the unit begins.
    pub(crate) fn is_checked(&self, unit: Unit) -> bool {
        self.condition(unit).is_some() || self.can_be_blocked(unit)
    }

    /// Whether a unit may find that what it depends on failed. In a pipeline it can't: the
    /// failure has skipped it already.
    pub(crate) fn can_be_blocked(&self, unit: Unit) -> bool {
        let mode = self.containers[self.around(unit)].mode;
        mode != Mode::Pipeline && !self.depends_on(unit).is_empty()
    }

    /// What stands in for an endpoint that failed for good.
    pub(crate) fn handler(&self, endpoint: usize) -> Option<&Handler> {
        self.endpoints[endpoint].handler()
    }

    /// Every endpoint within a unit.
    pub(crate) fn endpoints_in(&self, unit: Unit) -> Vec<usize> {
        let mut found = Vec::new();
        let mut open = vec![unit];
        while let Some(unit) = open.pop() {
            match unit {
                Unit::Endpoint(index) => found.push(index),
                Unit::Group(index) => open.extend(&self.containers[index].units),
            }
        }
        found
    }
}
