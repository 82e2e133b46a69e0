//! Flows of activities that do nothing: what is left is what the machine costs.

use std::future::{Future, ready};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll};

use fsm_core::{Bindings, Graph, GraphBuilder, GraphFaults, JoinRule, Machine, Outcome, Status};

/// A machine without context and events.
pub type Flow = Machine<(), ()>;

/// How the activities end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// When they are polled first.
    Ready,
    /// When they are polled for the second time; they wake themselves.
    PendingOnce,
}

/// A future that is pending once and wakes itself.
#[derive(Debug, Default)]
pub struct PendingOnce {
    was_polled: bool,
}

impl Future for PendingOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.was_polled, true) {
            return Poll::Ready(());
        }
        task.waker().wake_by_ref();
        Poll::Pending
    }
}

/// `length` activities, one after the other.
///
/// # Errors
/// The faults of the graph; none as the tests show.
pub fn chain(length: usize, work: Work) -> Result<Flow, GraphFaults> {
    let mut graph = Graph::builder("chain");
    for index in 0..length {
        graph.activity_running(&format!("s{index}"), NOTHING);
        graph.transition(&format!("s{index}"), &format!("s{}", index + 1)).done();
    }
    graph.final_state(&format!("s{length}"));
    graph.initial("s0");
    bind(graph, work)
}

/// `width` activities between a fork and its join.
///
/// # Errors
/// As [`chain`].
pub fn fan(width: usize, work: Work) -> Result<Flow, GraphFaults> {
    let mut graph = Graph::builder("fan");
    let fork = graph.fork("fork", "join").id();
    graph.join("join", JoinRule::All);
    for index in 0..width {
        let name = format!("s{index}");
        graph.activity_running(&name, NOTHING).within(fork);
        graph.transition("fork", &name);
        graph.transition(&name, "join").done();
    }
    graph.final_state("end");
    graph.transition("join", "end");
    graph.initial("fork");
    bind(graph, work)
}

/// So many activities has a diamond: its head, and two after it that the next one waits for.
pub const DIAMOND: usize = 3;

/// `count` diamonds within one scope, each after the one before: as `depends_on` spells graphs
/// that no nesting of forks could.
///
/// # Errors
/// As [`chain`].
pub fn diamonds(count: usize, work: Work) -> Result<Flow, GraphFaults> {
    let mut graph = Graph::builder("diamonds");
    let fork = graph.fork("fork", "join").id();
    graph.join("join", JoinRule::All);
    graph.transition("fork", "head0");
    for index in 0..count {
        let [head, split, left, right, waits] =
            ["head", "split", "left", "right", "waits"].map(|part| format!("{part}{index}"));
        for activity in [&head, &left, &right] {
            graph.activity_running(activity, NOTHING).within(fork);
        }
        graph.split(&split).within(fork);
        graph.join(&waits, JoinRule::AtLeast(TWO)).within(fork);
        graph.transition(&head, &split).done();
        graph.transition(&split, &left);
        graph.transition(&split, &right);
        graph.transition(&left, &waits).done();
        graph.transition(&right, &waits).done();
        match index + 1 == count {
            true => drop(graph.transition(&waits, "join")),
            false => drop(graph.transition(&waits, &format!("head{}", index + 1))),
        }
    }
    graph.final_state("end");
    graph.transition("join", "end");
    graph.initial("fork");
    bind(graph, work)
}

/// Runs a flow `times` times on this thread's runtime.
///
/// # Panics
/// If a run does not come to its final state: then it was not the flow that was measured.
pub fn run(runtime: &tokio::runtime::Runtime, flow: &Flow, times: usize) {
    runtime.block_on(async {
        for _ in 0..times {
            let ended = flow.run(()).drive().await;
            assert!(matches!(ended.snapshot.status(), Status::Finished(_)), "the run got stuck");
        }
    });
}

/// A runtime of this thread alone, so that its CPU time is all there is.
///
/// # Panics
/// If the system has no resources for one.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

const NOTHING: &str = "nothing";
const TWO: NonZeroU32 = NonZeroU32::new(2).expect("two is not zero");

fn bind(mut graph: GraphBuilder, work: Work) -> Result<Flow, GraphFaults> {
    let graph = graph.build()?;
    let bindings = match work {
        Work::Ready => Bindings::new().activity(NOTHING, |_, _| ready(Outcome::done())),
        Work::PendingOnce => Bindings::new().activity(NOTHING, |_, _| async {
            PendingOnce::default().await;
            Outcome::done()
        }),
    };
    Ok(Machine::bind(graph, bindings).expect("the only activity is bound"))
}

#[cfg(test)]
mod tests {
    use fsm_core::{Effect, Move, Observer, Snapshot, StateId, Trace};

    use super::{DIAMOND, Flow, Work, chain, diamonds, fan, run, runtime};

    /// Counts what was started.
    #[derive(Default)]
    struct Starts(Vec<StateId>);

    impl Trace for Starts {
        fn moved(&mut self, _: Move) {}
    }

    impl Observer<(), ()> for Starts {
        fn after(&mut self, _: &Snapshot<()>, effects: &[Effect]) {
            self.0.extend(effects.iter().filter_map(|effect| match effect {
                Effect::Start(start) => Some(start.state),
                Effect::Timer { .. } | Effect::Cancel(_) | Effect::Finish => None,
            }));
        }
    }

    #[test]
    fn every_flow_starts_each_of_its_activities_once_and_ends() {
        for work in [Work::Ready, Work::PendingOnce] {
            let flows: [(Flow, usize); 3] = [
                (chain(7, work).expect("sound"), 7),
                (fan(9, work).expect("sound"), 9),
                (diamonds(4, work).expect("sound"), 4 * DIAMOND),
            ];
            for (flow, activities) in flows {
                let runtime = runtime();
                run(&runtime, &flow, 2);
                let driving = flow.run(()).observer(Starts::default()).drive();
                let mut starts = runtime.block_on(driving).observer.0;
                assert_eq!(starts.len(), activities);
                starts.sort_unstable();
                starts.dedup();
                assert_eq!(starts.len(), activities);
            }
        }
    }
}
