//! The planted faults are what they are said to be: every static check lets them pass, and a plain
//! search, which knows nothing of proofs and looks five inputs far, finds what is wrong with a graph
//! after as many inputs.

mod corpus;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use corpus::{Broken, Source, faulty, sound};
use fsm_core::{
    Bindings, Effects, Graph, Input, Kind, Machine, Outcome, Retry, Snapshot, Status, Timestamp,
    Trigger,
};
use fsm_testkit::tally::Word;

/// Says of each guard in turn what it was told to say, then that it holds, and counts.
#[derive(Clone, Default)]
struct Answers(Arc<Mutex<(Vec<bool>, usize)>>);

impl Answers {
    fn next(&self) -> bool {
        let (lines, asked) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *asked += 1;
        lines.get(*asked - 1).copied().unwrap_or(true)
    }

    fn learn(&self, lines: &[bool]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (lines.to_vec(), 0);
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

struct Search {
    machine: Machine<(), Word>,
    answers: Answers,
}

impl Search {
    fn of(graph: &Graph) -> Self {
        let answers = Answers::default();
        let mut bindings = Bindings::new();
        bindings = bindings.action("note", |(), _| {});
        for (_, edge) in graph.transitions() {
            if let Some(guard) = edge.guard() {
                let answers = answers.clone();
                bindings = bindings.guard(graph.guard_name(guard), move |(), _| answers.next());
            }
        }
        for state in graph.states() {
            if let Kind::Activity(activity) = graph.kind(state) {
                let done = |_: &(), _: &fsm_core::Visit<'_>| async { Outcome::done() };
                bindings = bindings.activity(graph.activity_name(activity), done);
            }
        }
        let machine = Machine::bind(graph.clone(), bindings).expect("every name is bound");
        Self { machine, answers }
    }

    /// What could happen next.
    fn inputs(&self, run: &Snapshot<()>) -> Vec<(Timestamp, Input<Word>)> {
        let graph = self.machine.graph();
        if run.status() == Status::New {
            return vec![(run.now(), Input::Start)];
        }
        let mut inputs = Vec::new();
        for call in self.machine.under_way(run) {
            let failed = Outcome::Failed { event: None, retry: Retry::Allowed(None) };
            for outcome in [Outcome::done(), failed] {
                inputs.push((run.now(), Input::Outcome { ticket: call.ticket, outcome }));
            }
        }
        let timer = self.machine.timers(run).first().copied();
        inputs.extend(timer.map(|timer| (timer.at, Input::Timer(timer.ticket))));
        for (_, edge) in graph.transitions() {
            if let Trigger::Event(event) = edge.trigger() {
                let event = Word(graph.event_name(event).to_owned());
                inputs.push((run.now(), Input::Event(event)));
            }
        }
        inputs
    }

    /// Every run that one input can lead to.
    fn after(&self, run: &Snapshot<()>, now: Timestamp, input: &Input<Word>) -> Vec<Snapshot<()>> {
        let mut after = Vec::new();
        let mut lines = Vec::new();
        loop {
            let mut next = run.clone();
            self.answers.learn(&lines);
            let stepped = self.machine.step(&mut next, now, input, &mut Effects::new(), &mut ());
            after.extend(stepped.ok().map(|()| next));
            lines.resize(self.answers.asked(), true);
            while lines.last() == Some(&false) {
                lines.pop();
            }
            let Some(last) = lines.last_mut() else { return after };
            *last = false;
        }
    }

    /// The runs that so many inputs lead to, by their number, from one on.
    fn levels(&self, run: Snapshot<()>, depth: usize) -> Vec<Vec<Snapshot<()>>> {
        let mut seen = HashSet::new();
        let mut levels = vec![vec![run]];
        for _ in 0..depth {
            let mut next = Vec::new();
            for run in levels.last().into_iter().flatten() {
                for (now, input) in self.inputs(run) {
                    next.extend(self.after(run, now, &input));
                }
            }
            next.retain(|run| seen.insert(format!("{run:?}")));
            levels.push(next);
        }
        levels.split_off(1)
    }

    fn all(&self) -> Vec<Vec<Snapshot<()>>> {
        self.levels(self.machine.snapshot((), 0), 5)
    }

    /// The first run of a kind: itself, and after how many inputs.
    fn first(&self, is_it: impl Fn(&Snapshot<()>) -> bool) -> Option<(Snapshot<()>, usize)> {
        let levels = self.all().into_iter().zip(1..);
        let mut found = levels
            .filter_map(|(level, inputs)| level.into_iter().find(&is_it).map(|run| (run, inputs)));
        found.next()
    }

    fn stuck(&self) -> Option<(String, usize)> {
        let (run, inputs) = self.first(|run| matches!(run.status(), Status::Stuck(_)))?;
        let Status::Stuck(state) = run.status() else { return None };
        Some((self.machine.graph().name_of(state).to_owned(), inputs))
    }

    /// After how many inputs a run stands where five more never end it.
    fn without_end(&self) -> Option<usize> {
        let ends = |run: &Snapshot<()>| {
            let levels = self.levels(run.clone(), 5);
            levels.iter().flatten().any(|run| run.status().is_over())
        };
        let (_, inputs) = self.first(|run| run.status() == Status::Running && !ends(run))?;
        Some(inputs)
    }

    /// The final states where no run ends.
    fn never_ended_at(&self) -> Vec<String> {
        let graph = self.machine.graph();
        let levels = self.all();
        let ended: Vec<Status> = levels.iter().flatten().map(Snapshot::status).collect();
        let finals = graph
            .states()
            .filter(|state| graph.kind(*state) == Kind::Final && graph.parent(*state).is_none());
        let missed = finals.filter(|state| !ended.contains(&Status::Finished(*state)));
        missed.map(|state| graph.name_of(state).to_owned()).collect()
    }
}

#[test]
fn there_are_twenty_faults_and_twenty_that_look_alike() {
    let (faulty, sound) = (faulty(), sound());
    let names = faulty.iter().map(|fault| fault.name).chain(sound.iter().map(|(name, _)| *name));
    let names: HashSet<_> = names.collect();
    assert_eq!(names.len(), faulty.len() + sound.len());
    assert!(faulty.len() >= 20 && sound.len() >= 20);
    assert!(faulty.iter().all(|fault| !fault.wrong.is_empty()));
}

#[test]
fn a_state_that_is_spoken_of_exists() {
    for fault in faulty() {
        let (Source::Graph(graph), Broken::Stuck(state, _) | Broken::Unreachable(state)) =
            (&fault.source, fault.broken)
        else {
            continue;
        };
        assert!(graph.state(state).is_some(), "{}: {state}", fault.name);
    }
}

#[test]
fn each_fault_is_where_it_is_said_to_be_and_there_is_no_other() {
    for fault in faulty() {
        let Source::Graph(graph) = &fault.source else { continue };
        let search = Search::of(graph);
        let (mut stuck, mut without_end) = (None, None);
        match fault.broken {
            Broken::Stuck(state, inputs) => stuck = Some((state.to_owned(), inputs)),
            Broken::NoEnd(inputs) => without_end = Some(inputs),
            Broken::Unreachable(state) => {
                assert_eq!(search.never_ended_at(), [state], "{}", fault.name);
            }
            Broken::Round(_) => {
                assert_eq!(search.never_ended_at(), [""; 0], "{}", fault.name);
            }
        }
        assert_eq!(search.stuck(), stuck, "{}", fault.name);
        assert_eq!(search.without_end(), without_end, "{}", fault.name);
    }
}

#[test]
fn what_is_sound_gets_nowhere_stuck_and_may_end_everywhere() {
    for (name, source) in sound() {
        let Source::Graph(graph) = &source else { continue };
        let search = Search::of(graph);
        assert_eq!(search.stuck(), None, "{name}");
        assert_eq!(search.without_end(), None, "{name}");
        assert_eq!(search.never_ended_at(), [""; 0], "{name}");
    }
}

#[test]
fn every_file_is_a_machine() {
    let planted = faulty().into_iter().map(|fault| (fault.name, fault.source));
    for (name, source) in planted.chain(sound()) {
        let Source::File(text) = source else { continue };
        if let Err(report) = fsm_patterns::machine::load(name, text) {
            panic!("{name}: {report:?}");
        }
    }
}
