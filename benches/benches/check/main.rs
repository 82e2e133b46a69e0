//! The model checker beside stateright, on the models of the testkit's own tests: dining
//! philosophers who never starve, and a two-phase commit that is consistent. One thread each.
//!
//! Before anything is measured, both have to find the same states and the same verdicts, on these
//! models and on variants with one mistake. Our paths are never longer: stateright tells the last
//! example that it came by, not the first. Where its `eventually` misses something, it is shown
//! that ours does not. Memory is the peak of a process that does one check and nothing else.
//!
//! stateright's depth-first search is there to be read: of a two-phase commit it keeps few states at
//! a time, but its paths are any, not the shortest. Philosophers can go on for ever, and it keeps
//! all the steps to every state that waits: with ten of them it was killed on a machine of 23 GB.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;
use std::io;

use cpu_time::ProcessTime;
use fsm_benches::child::{self, Helper};
use fsm_benches::race::{Contestant, Rounds, Times, is_measured, race};
use fsm_benches::table::{Limit, Table};
use fsm_testkit::model as ours;

mod beside;
mod missed;
#[path = "../../../fsm-testkit/tests/model/models/philosophers.rs"]
mod philosophers;
#[path = "../../../fsm-testkit/tests/model/models/two_phase.rs"]
mod two_phase;

use philosophers::{Manners, Philosophers};
use two_phase::TwoPhase;

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(role) = child::role() {
        return play(&role);
    }
    missed::show();
    let mut times = Table::new("model checking, one thread", "ns a state");
    let mut memory = Table::new("model checking, peak memory", "bytes a state");
    for task in Task::all() {
        let right = task.agreed(true);
        let wrong = task.agreed(false);
        assert_ne!(right.found, wrong.found, "{task:?}: the mistake is seen");

        let row = format!("{}, {} states", task.name(), right.states);
        for peer in task.peers() {
            let contestant = |who: Who| {
                Contestant::new(who.name(), move || task.run(who, true).nanos / right.states as f64)
            };
            let pair = [Who::Ours, *peer];
            let [we, they] = race(Rounds::measured(5), pair.map(contestant));
            let limit = match peer {
                Who::Deep => Limit::Free,
                Who::Ours | Who::Wide => Limit::Times(1.0),
            };
            times.compare(&row, &we, &they, limit);
            let [we, they] = pair.map(|who| peak(task, who, right.states));
            memory.compare(&row, &we?, &they?, limit);
        }
    }
    times.print();
    memory.print();
    Ok(())
}

/// Who checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Ours,
    /// stateright, breadth first.
    Wide,
    /// stateright, depth first.
    Deep,
}

impl Who {
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Wide => "stateright 0.31.0, BFS",
            Self::Deep => "stateright 0.31.0, DFS",
        }
    }
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    NinePhilosophers,
    FivePhilosophers,
    SevenManagers,
    FourManagers,
}

/// What a check found.
#[derive(Debug)]
struct Outcome {
    nanos: f64,
    states: usize,
    /// By property, how many steps lead to an example or a violation.
    found: BTreeMap<String, usize>,
}

impl Task {
    fn all() -> [Self; 2] {
        match is_measured() {
            true => [Self::NinePhilosophers, Self::SevenManagers],
            false => [Self::FivePhilosophers, Self::FourManagers],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::NinePhilosophers => "9 philosophers",
            Self::FivePhilosophers => "5 philosophers",
            Self::SevenManagers => "7 resource managers",
            Self::FourManagers => "4 resource managers",
        }
    }

    fn run(self, who: Who, is_right: bool) -> Outcome {
        let manners = if is_right { Manners::LowerFirst } else { Manners::LeftFirst };
        let may_desert = !is_right;
        match self {
            Self::NinePhilosophers => check(Philosophers::<9> { manners }, who),
            Self::FivePhilosophers => check(Philosophers::<5> { manners }, who),
            Self::SevenManagers => check(TwoPhase { managers: 7, may_desert }, who),
            Self::FourManagers => check(TwoPhase { managers: 4, may_desert }, who),
        }
    }

    /// The outcome on which all agree.
    fn agreed(self, is_right: bool) -> Outcome {
        let ours = self.run(Who::Ours, is_right);
        for peer in self.peers() {
            let peers = self.run(*peer, is_right);
            assert!(ours.found.keys().eq(peers.found.keys()), "{self:?}: {ours:?}, {peers:?}");
            for (name, steps) in &ours.found {
                assert!(*steps <= peers.found[name], "{self:?}: {name}");
            }
            // Where there is a mistake, each may stop as soon as all is decided.
            assert!(!is_right || ours.states == peers.states, "{self:?}: {ours:?}, {peers:?}");
        }
        ours
    }

    fn peers(self) -> &'static [Who] {
        match self {
            Self::NinePhilosophers | Self::FivePhilosophers => &[Who::Wide],
            Self::SevenManagers | Self::FourManagers => &[Who::Wide, Who::Deep],
        }
    }
}

fn check<M>(model: M, who: Who) -> Outcome
where
    M: ours::Model + stateright::Model<State = <M as ours::Model>::State> + Send + Sync + 'static,
    <M as ours::Model>::State: Debug + Send + Sync,
    <M as stateright::Model>::Action: Clone + Debug + PartialEq,
{
    let start = ProcessTime::now();
    match who {
        Who::Ours => {
            let report = ours::Checker::new(&model).check();
            let nanos = start.elapsed().as_secs_f64() * 1e9;
            let paths = report.verdicts().filter_map(|(name, it)| Some((name, it.path()?)));
            let found = paths.map(|(name, path)| (name.to_owned(), path.len())).collect();
            Outcome { nanos, states: report.states(), found }
        }
        Who::Wide => told(start, stateright::Model::checker(model).spawn_bfs()),
        Who::Deep => told(start, stateright::Model::checker(model).spawn_dfs()),
    }
}

fn told<M>(start: ProcessTime, checker: impl stateright::Checker<M>) -> Outcome
where
    M: stateright::Model,
    M::State: Clone + Debug + std::hash::Hash + PartialEq,
    M::Action: Clone + Debug + PartialEq,
{
    let checker = checker.join();
    let nanos = start.elapsed().as_secs_f64() * 1e9;
    let paths = checker.discoveries().into_iter();
    let found = paths.map(|(name, path)| (name.to_owned(), path.into_actions().len())).collect();
    Outcome { nanos, states: checker.unique_state_count(), found }
}

/// The peak of memory in processes of their own, a state.
fn peak(task: Task, who: Who, states: usize) -> io::Result<Times> {
    let mut rounds = Vec::new();
    for _ in 0..Rounds::measured(3).count() {
        let mut child = Helper::start(&format!("{task:?} {who:?}"))?;
        let bytes: f64 = child.line()?.parse().map_err(io::Error::other)?;
        rounds.push(bytes / states as f64);
    }
    Ok(Times::of(who.name(), rounds))
}

/// As a child: checks, and prints by how much the peak of memory grew.
fn play(role: &str) -> Result<(), Box<dyn Error>> {
    let contestants = [Who::Ours, Who::Wide, Who::Deep];
    let tasks =
        [Task::NinePhilosophers, Task::FivePhilosophers, Task::SevenManagers, Task::FourManagers];
    let tasks = tasks.into_iter().flat_map(|task| contestants.map(|who| (task, who)));
    let mut tasks = tasks.into_iter();
    let (task, who) = tasks
        .find(|(task, who)| format!("{task:?} {who:?}") == role)
        .ok_or("a role is a task and who does it")?;
    const SILENT: &str = "this system does not tell a process its peak";
    let before = child::peak_memory().ok_or(SILENT)?;
    task.run(who, true);
    let grown = child::peak_memory().ok_or(SILENT)? - before;
    // The parent reads the number from here.
    #[allow(clippy::print_stdout)]
    {
        println!("{grown}");
    }
    Ok(())
}
