//! Fan-out of 100 activities that do nothing, beside tokio's `JoinSet` and a bare
//! `FuturesUnordered`: what the whole run costs, its fork and its join included.
//!
//! All of them allocate with mimalloc, as the command `fsm` does.

use fsm_benches::flows::{self, PendingOnce, Work};
use fsm_benches::race::{Contestant, Rounds, nanos_each, race};
use fsm_benches::table::{Limit, Table};
use fsm_core::GraphFaults;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WIDTH: usize = 100;
const TIMES: usize = 100;

fn main() -> Result<(), GraphFaults> {
    let runtime = flows::runtime();
    let mut table = Table::new("a fan of 100, the whole run", "ns");
    for (how, work) in [("ready", Work::Ready), ("pending once", Work::PendingOnce)] {
        let flow = flows::fan(WIDTH, work)?;
        let ours =
            Contestant::new("ours", || nanos_each(TIMES, || flows::run(&runtime, &flow, TIMES)));
        let set = Contestant::new("JoinSet", || {
            nanos_each(TIMES, || {
                runtime.block_on(async {
                    for _ in 0..TIMES {
                        join_set(work).await;
                    }
                });
            })
        });
        let unordered = Contestant::new("FuturesUnordered", || {
            nanos_each(TIMES, || {
                runtime.block_on(async {
                    for _ in 0..TIMES {
                        futures_unordered(work).await;
                    }
                });
            })
        });
        let [ours, set, unordered] = race(Rounds::measured(31), [ours, set, unordered]);
        table.compare(how, &ours, &set, Limit::Times(1.0));
        table.compare(how, &ours, &unordered, Limit::Free);
    }
    table.print();
    Ok(())
}

async fn nothing(work: Work) {
    match work {
        Work::Ready => {}
        Work::PendingOnce => PendingOnce::default().await,
    }
}

async fn join_set(work: Work) {
    let mut set = JoinSet::new();
    for _ in 0..WIDTH {
        set.spawn(nothing(work));
    }
    let mut done = 0;
    while let Some(ended) = set.join_next().await {
        ended.expect("no task panics");
        done += 1;
    }
    assert_eq!(done, WIDTH);
}

async fn futures_unordered(work: Work) {
    let works: FuturesUnordered<_> = (0..WIDTH).map(|_| nothing(work)).collect();
    assert_eq!(works.count().await, WIDTH);
}
