//! A machine under test, and the words of the tests.

use std::time::Duration;

use fsm_core::{
    Effect, Effects, Input, Machine, Outcome, Snapshot, Status, StepError, Ticket, Timestamp,
};
use fsm_patterns::machine::{self, MachineEvent, MachineFile, Registry};
use serde_json::Value;

/// A file with `body` below the head `fsm: 1`, `name: n`.
pub(crate) fn file(body: &str) -> MachineFile {
    let text = format!("fsm: 1\nname: n\n{body}");
    machine::load("n.yaml", &text).unwrap_or_else(|report| panic!("{report}\n{text}"))
}

/// What is wrong with such a file.
pub(crate) fn faults(body: &str) -> String {
    let text = format!("fsm: 1\nname: n\n{body}");
    match machine::load("n.yaml", &text) {
        Ok(_) => panic!("it loads:\n{text}"),
        Err(report) => report.to_string(),
    }
}

/// A run of a machine, with the timers that it asked for.
pub(crate) struct World {
    pub(crate) file: MachineFile,
    pub(crate) machine: Machine<Value, MachineEvent>,
    pub(crate) run: Snapshot<Value>,
    pub(crate) now: Timestamp,
    timers: Vec<(Timestamp, Ticket)>,
    pub(crate) started: Vec<Ticket>,
}

impl World {
    /// Begins a run of a file that needs no Rust.
    pub(crate) fn of(body: &str) -> Self {
        Self::with(file(body), Registry::new())
    }

    pub(crate) fn with(file: MachineFile, registry: Registry) -> Self {
        let machine = file.bind(registry).unwrap_or_else(|report| panic!("{report}"));
        let run = machine.snapshot(file.context().clone(), 7);
        let now = run.now();
        let (timers, started) = (Vec::new(), Vec::new());
        let mut world = Self { file, machine, run, now, timers, started };
        world.input(Input::Start).expect("a new run starts");
        world
    }

    /// Goes on with a run that was saved.
    pub(crate) fn restored(
        file: MachineFile,
        registry: Registry,
        run: Snapshot<Value>,
        now: Timestamp,
    ) -> Self {
        let machine = file.bind(registry).unwrap_or_else(|report| panic!("{report}"));
        let mut effects = Effects::new();
        machine.restore(&run, &mut effects).expect("it is a snapshot of this file");
        let (timers, started) = (Vec::new(), Vec::new());
        let mut world = Self { file, machine, run, now, timers, started };
        world.note(&effects);
        world
    }

    fn note(&mut self, effects: &Effects) {
        for effect in effects.as_slice() {
            match effect {
                Effect::Timer { ticket, at } => self.timers.push((*at, *ticket)),
                Effect::Start(start) => self.started.push(start.ticket),
                Effect::Cancel(_) | Effect::Finish => {}
            }
        }
    }

    pub(crate) fn input(&mut self, input: Input<MachineEvent>) -> Result<(), StepError> {
        let mut effects = Effects::new();
        self.machine.step(&mut self.run, self.now, &input, &mut effects, &mut ())?;
        self.note(&effects);
        Ok(())
    }

    /// An event with what comes with it.
    pub(crate) fn send(&mut self, name: &str, data: Value) -> Result<(), StepError> {
        self.input(Input::Event(MachineEvent::with(name, data)))
    }

    /// An event that must be accepted.
    #[track_caller]
    pub(crate) fn on(&mut self, name: &str) -> &mut Self {
        self.on_with(name, Value::Null)
    }

    #[track_caller]
    pub(crate) fn on_with(&mut self, name: &str, data: Value) -> &mut Self {
        if let Err(error) = self.send(name, data) {
            panic!("{error}; context {}", self.run.context());
        }
        self
    }

    /// An event that must be refused, and leave everything as it was.
    #[track_caller]
    pub(crate) fn refuses(&mut self, name: &str, data: Value) -> &mut Self {
        let before = self.run.clone();
        assert!(self.send(name, data).is_err(), "`{name}` was accepted");
        assert_eq!(self.run, before);
        self
    }

    /// Why the only transition for `event` from the state where the machine stands is refused.
    pub(crate) fn why(&self, event: &str, data: Value) -> Option<String> {
        let graph = self.file.graph();
        let here = self.run.tokens().next().expect("a token").0;
        let event = MachineEvent::with(event, data);
        let (id, _) = graph
            .transitions()
            .find(|(_, edge)| {
                edge.from() == here && graph.trigger_label(edge.trigger()) == event.name
            })
            .expect("a transition");
        self.file.why(id, self.run.context(), Some(&event))
    }

    /// Lets time pass; timers fire as they fall due.
    pub(crate) fn pass(&mut self, time: Duration) -> &mut Self {
        let end = self.now + time;
        loop {
            self.timers.sort();
            let Some((at, ticket)) = self.timers.first().copied().filter(|(at, _)| *at <= end)
            else {
                break;
            };
            self.timers.remove(0);
            self.now = at.max(self.now);
            self.input(Input::Timer(ticket)).expect("timers are due");
        }
        self.now = end;
        self
    }

    /// The work that was started last ends.
    pub(crate) fn ends(&mut self, outcome: Outcome<MachineEvent>) -> &mut Self {
        let ticket = self.started.pop().expect("work under way");
        self.input(Input::Outcome { ticket, outcome }).expect("an outcome is no fault");
        self
    }

    /// Where the tokens are.
    pub(crate) fn states(&self) -> String {
        let names: Vec<&str> =
            self.run.tokens().map(|(state, _)| self.machine.graph().name_of(state)).collect();
        names.join(" ")
    }

    /// All that tells what may follow.
    pub(crate) fn stands(&self) -> (String, Value, Status) {
        (self.states(), self.run.context().clone(), self.run.status())
    }

    #[track_caller]
    pub(crate) fn is_at(&mut self, states: &str) -> &mut Self {
        assert_eq!(self.states(), states, "context {}", self.run.context());
        self
    }

    #[track_caller]
    pub(crate) fn has(&mut self, context: Value) -> &mut Self {
        assert_eq!(self.run.context(), &context);
        self
    }
}

/// The transitions of a file as lines: `a -> b: event [guard] / actions`.
pub(crate) fn lines(file: &MachineFile) -> Vec<String> {
    let graph = file.graph();
    graph
        .transitions()
        .map(|(id, edge)| {
            let mut line = match edge.is_internal() {
                true => graph.name_of(edge.from()).to_owned(),
                false => format!("{} -> {}", graph.name_of(edge.from()), graph.name_of(edge.to())),
            };
            for also in graph.also(id) {
                line.push_str(&format!(" + {}", graph.name_of(*also)));
            }
            line.push_str(&format!(": {}", graph.trigger_label(edge.trigger())));
            if let Some(guard) = edge.guard() {
                line.push_str(&format!(" [{}]", graph.guard_name(guard)));
            }
            let actions: Vec<&str> = graph.actions_of(edge).collect();
            if !actions.is_empty() {
                line.push_str(&format!(" / {}", actions.join("; ")));
            }
            line
        })
        .collect()
}
