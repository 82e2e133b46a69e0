//! A stage for stories: one run, told what happens by name, that says where it stands.

use std::time::Duration;

use fsm_core::{
    Bindings, Cause, Effect, Effects, Graph, GraphBuilder, Input, Machine, Outcome, Phase, Retry,
    Snapshot, Start, Status, StepError, Ticket, Timestamp,
};
use fsm_testkit::tally::Word;

/// What ran, in order: `+state` entered, `-state` left, `!state` a transition's action.
pub(crate) type Log = Vec<String>;

pub(crate) struct Stage {
    pub(crate) machine: Machine<Log, Word>,
    pub(crate) run: Snapshot<Log>,
    pub(crate) effects: Effects,
    pub(crate) now: Timestamp,
    pub(crate) starts: Vec<Start>,
    pub(crate) timers: Vec<(Ticket, Timestamp)>,
    pub(crate) cancelled: Vec<Ticket>,
}

/// The code for stories: actions write to the log; the guard `seen` wants a transition's action in
/// it, `unseen` wants none, the guard `cut` a cut activity, and `never` never holds.
pub(crate) fn bindings(graph: &Graph) -> Bindings<Log, Word> {
    let names: Vec<String> = graph.states().map(|state| graph.name_of(state).to_owned()).collect();
    let write = |sign: char| {
        let names = names.clone();
        move |log: &mut Log, scene: &fsm_core::Scene<'_, Word>| {
            let cut = if scene.cut { " (cut)" } else { "" };
            log.push(format!("{sign}{}{cut}", names[scene.state.index()]));
        }
    };
    Bindings::new()
        .activity("work", |_, _| async { Outcome::done() })
        .action("enter", write('+'))
        .action("leave", write('-'))
        .action("tell", write('!'))
        .action("why", |log: &mut Log, scene| log.push(format!("{:?}", scene.cause)))
        .action("panic", |_, _| panic!("an action of the user panics"))
        .guard("seen", |log: &Log, _| log.iter().any(|line| line.starts_with('!')))
        .guard("unseen", |log: &Log, _| !log.iter().any(|line| line.starts_with('!')))
        .guard("is done", |_, scene| scene.cause == Cause::Done)
        .guard("never", |_, _| false)
        .guard("panics", |_, _| panic!("a guard of the user panics"))
}

impl Stage {
    /// Builds a machine and begins its run; `write` gives the initial state's name back.
    pub(crate) fn set(write: impl FnOnce(&mut GraphBuilder) -> &'static str) -> Self {
        let mut builder = Graph::builder("story");
        let initial = write(&mut builder);
        let graph = builder.initial(initial).build().expect("the story's graph is sound");
        let code = bindings(&graph);
        let machine = Machine::bind(graph, code).expect("the story's names are bound");
        let run = machine.snapshot(Vec::new(), 1);
        let mut stage = Self {
            machine,
            run,
            effects: Effects::new(),
            now: Timestamp::ZERO,
            starts: Vec::new(),
            timers: Vec::new(),
            cancelled: Vec::new(),
        };
        stage.take(Input::Start).expect("`Start` comes first");
        stage
    }

    pub(crate) fn take(&mut self, input: Input<Word>) -> Result<(), StepError> {
        let taken = self.machine.step(&mut self.run, self.now, &input, &mut self.effects, &mut ());
        if taken.is_ok() {
            for effect in self.effects.as_slice() {
                match effect {
                    Effect::Start(start) => self.starts.push(*start),
                    Effect::Timer { ticket, at } => self.timers.push((*ticket, *at)),
                    Effect::Cancel(ticket) => self.cancelled.push(*ticket),
                    Effect::Finish => {}
                }
            }
        }
        taken
    }

    pub(crate) fn event(&mut self, name: &str) -> Result<(), StepError> {
        self.take(Input::Event(Word(name.into())))
    }

    /// The ticket of the latest start of `state`.
    pub(crate) fn ticket(&self, state: &str) -> Ticket {
        let id = self.machine.graph().state(state).expect("the story's state");
        let start = self.starts.iter().rev().find(|start| start.state == id);
        start.unwrap_or_else(|| panic!("`{state}` was not started")).ticket
    }

    pub(crate) fn outcome(&mut self, state: &str, outcome: Outcome<Word>) {
        let ticket = self.ticket(state);
        self.take(Input::Outcome { ticket, outcome }).expect("an outcome is never refused");
    }

    pub(crate) fn done(&mut self, state: &str) {
        self.outcome(state, Outcome::done());
    }

    pub(crate) fn fail(&mut self, state: &str, retry: Retry) {
        self.outcome(state, Outcome::Failed { event: None, retry });
    }

    /// Lets time pass; timers that are due fire in order.
    pub(crate) fn pass(&mut self, wait: Duration) {
        let end = self.now + wait;
        while let Some(index) = self.next_timer(end) {
            let (ticket, at) = self.timers.remove(index);
            self.now = self.now.max(at);
            if self.run.status().is_over() {
                continue;
            }
            self.take(Input::Timer(ticket)).expect("it is due");
        }
        self.now = end;
    }

    fn next_timer(&self, end: Timestamp) -> Option<usize> {
        let due = self.timers.iter().enumerate().filter(|(_, (_, at))| *at <= end);
        due.min_by_key(|(_, (ticket, at))| (*at, *ticket)).map(|(index, _)| index)
    }

    /// Where the tokens are, in the order of their names.
    pub(crate) fn at(&self) -> String {
        let graph = self.machine.graph();
        let mut names: Vec<&str> =
            self.run.tokens().map(|(state, _)| graph.name_of(state)).collect();
        names.sort_unstable();
        names.join(" ")
    }

    /// What the tokens at `state` do.
    pub(crate) fn phases(&self, state: &str) -> Vec<Phase> {
        let id = self.machine.graph().state(state);
        self.run.tokens().filter(|(at, _)| Some(*at) == id).map(|(_, phase)| phase).collect()
    }

    /// All that ran so far.
    pub(crate) fn log(&self) -> String {
        self.run.context().join(" ")
    }

    pub(crate) fn stuck_at(&self) -> Option<&str> {
        match self.run.status() {
            Status::Stuck(state) => Some(self.machine.graph().name_of(state)),
            Status::New | Status::Running | Status::Finished(_) | Status::Cancelled => None,
        }
    }

    pub(crate) fn finished_at(&self) -> Option<&str> {
        match self.run.status() {
            Status::Finished(state) => Some(self.machine.graph().name_of(state)),
            Status::New | Status::Running | Status::Stuck(_) | Status::Cancelled => None,
        }
    }
}

pub(crate) const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A graph whose states write their entries and exits to the log.
pub(crate) trait Told {
    /// Declares activities within `parent` (or nothing, if that is empty).
    fn works(&mut self, names: &[&str], parent: &str);
    /// A fork and its join, told.
    fn forks(&mut self, fork: &str, join: &str, rule: fsm_core::JoinRule);
}

impl Told for GraphBuilder {
    fn works(&mut self, names: &[&str], parent: &str) {
        for name in names {
            let state = self.activity_running(name, "work").entry("enter").exit("leave");
            if !parent.is_empty() {
                state.within(parent);
            }
        }
    }

    fn forks(&mut self, fork: &str, join: &str, rule: fsm_core::JoinRule) {
        self.fork(fork, join).entry("enter").exit("leave");
        self.join(join, rule).entry("enter").exit("leave");
    }
}
