//! In-memory flows of activities that do nothing, beside cano: what a state costs.
//!
//! cano runs each shape as its documents show it: a chain of tasks, a split and its join, and
//! splits one after the other for the diamonds. Its tasks are told not to retry, which is the
//! cheapest that it has.
//!
//! The unit is a state of our graph, for both: activities, forks, splits, joins, and the final
//! one. The row says how many of them are activities.
//!
//! All of them allocate with mimalloc, as the command `fsm` does.

use fsm_benches::flows::{self, DIAMOND, Flow, Work};
use fsm_benches::race::{Contestant, Rounds, Times, nanos_each, race};
use fsm_benches::table::{Limit, Table};
use fsm_core::GraphFaults;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CHAIN: usize = 1_000;
const FAN: usize = 100;
const DIAMONDS: usize = 100;

/// The most nanoseconds a state, where its activity is ready at once and where it is pending once.
fn limit(work: Work) -> Limit {
    match work {
        Work::Ready => Limit::AtMost(70.0),
        Work::PendingOnce => Limit::AtMost(160.0),
    }
}

fn main() -> Result<(), GraphFaults> {
    let mut table = Table::new("a state of a no-op flow", "ns");
    for (how, work) in [("ready", Work::Ready), ("pending once", Work::PendingOnce)] {
        let chain = (flows::chain(CHAIN, work)?, peer::chain(CHAIN, work));
        let fan = (flows::fan(FAN, work)?, peer::fan(FAN, work));
        let dag = (flows::diamonds(DIAMONDS, work)?, peer::diamonds(DIAMONDS, work));
        let rows = [
            ("chain", CHAIN, chain, 20),
            ("fan", FAN, fan, 100),
            ("diamonds", DIAMONDS * DIAMOND, dag, 20),
        ];
        for (name, activities, (ours, peer), times) in rows {
            let states = ours.graph().states().len();
            let [ours, cano] = measure(&ours, &peer, states, times);
            let row = format!("{name}, {activities} of {states}, {how}");
            table.compare(row, &ours, &cano, limit(work));
        }
    }
    table.print();
    Ok(())
}

fn measure(ours: &Flow, cano: &peer::Flow, states: usize, times: usize) -> [Times; 2] {
    let runtime = flows::runtime();
    let ours = Contestant::new("ours", || {
        nanos_each(states * times, || flows::run(&runtime, ours, times))
    });
    let cano = Contestant::new("cano 0.15.2", || {
        nanos_each(states * times, || peer::run(&runtime, cano, times))
    });
    race(Rounds::measured(31), [ours, cano])
}

/// The same flows in cano.
mod peer {
    use cano::prelude::*;
    use fsm_benches::flows::{PendingOnce, Work};

    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub(super) struct Place(usize);

    pub(super) struct Flow {
        workflow: Workflow<Place>,
        last: Place,
    }

    #[derive(Clone)]
    struct Ready(Place);

    #[task(state = Place)]
    impl Ready {
        fn config(&self) -> TaskConfig {
            TaskConfig::minimal()
        }

        async fn run_bare(&self) -> Result<TaskResult<Place>, CanoError> {
            Ok(TaskResult::Single(self.0))
        }
    }

    #[derive(Clone)]
    struct Pending(Place);

    #[task(state = Place)]
    impl Pending {
        fn config(&self) -> TaskConfig {
            TaskConfig::minimal()
        }

        async fn run_bare(&self) -> Result<TaskResult<Place>, CanoError> {
            PendingOnce::default().await;
            Ok(TaskResult::Single(self.0))
        }
    }

    fn single(workflow: Workflow<Place>, at: usize, work: Work) -> Workflow<Place> {
        let next = Place(at + 1);
        match work {
            Work::Ready => workflow.register(Place(at), Ready(next)),
            Work::PendingOnce => workflow.register(Place(at), Pending(next)),
        }
    }

    fn split(workflow: Workflow<Place>, at: usize, width: usize, work: Work) -> Workflow<Place> {
        let next = Place(at + 1);
        let join = JoinConfig::new(JoinStrategy::All, next);
        match work {
            Work::Ready => workflow.register_split(Place(at), vec![Ready(next); width], join),
            Work::PendingOnce => {
                workflow.register_split(Place(at), vec![Pending(next); width], join)
            }
        }
    }

    fn ending(workflow: Workflow<Place>, last: usize) -> Flow {
        let last = Place(last);
        Flow { workflow: workflow.add_exit_state(last), last }
    }

    pub(super) fn chain(length: usize, work: Work) -> Flow {
        let workflow = (0..length).fold(Workflow::bare(), |flow, at| single(flow, at, work));
        ending(workflow, length)
    }

    pub(super) fn fan(width: usize, work: Work) -> Flow {
        ending(split(Workflow::bare(), 0, width, work), 1)
    }

    pub(super) fn diamonds(count: usize, work: Work) -> Flow {
        let workflow = (0..count).fold(Workflow::bare(), |flow, index| {
            split(single(flow, 2 * index, work), 2 * index + 1, 2, work)
        });
        ending(workflow, 2 * count)
    }

    pub(super) fn run(runtime: &tokio::runtime::Runtime, flow: &Flow, times: usize) {
        runtime.block_on(async {
            for _ in 0..times {
                let ended =
                    flow.workflow.orchestrate(Place(0), CancellationToken::disabled()).await;
                assert_eq!(ended.expect("no task fails"), flow.last);
            }
        });
    }
}
