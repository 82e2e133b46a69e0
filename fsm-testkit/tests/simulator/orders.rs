//! The machine of the stories: an order that is charged and shipped, and may be called off.

use std::time::Duration;

use fsm_core::{Bindings, Event, EventKey, Graph, GraphBuilder, Machine, Outcome, RetryPolicy};
use serde::{Deserialize, Serialize};

pub(crate) const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(crate) const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// What the shop hears.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shop {
    Cancel,
    Ask,
    Paid(u32),
}

impl Event for Shop {
    fn key(&self) -> EventKey<'_> {
        EventKey::Name(match self {
            Shop::Cancel => "cancel",
            Shop::Ask => "ask",
            Shop::Paid(_) => "paid",
        })
    }
}

/// What the shop knows of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) paid: u32,
    pub(crate) asked: u32,
}

pub(crate) type Shops = Machine<Order, Shop>;

/// A machine over orders: `write` gives the initial state back.
pub(crate) fn machine(write: impl FnOnce(&mut GraphBuilder) -> &'static str) -> Shops {
    let mut graph = Graph::builder("order");
    let initial = write(&mut graph);
    let graph = graph.initial(initial).build().expect("the story's graph is sound");
    let bindings = Bindings::new()
        .activity("charge", |_, _| async { Outcome::done() })
        .activity("ship", |_, _| async { Outcome::done() })
        .activity("refund", |_, _| async { Outcome::done() })
        .guard("is paid", |order: &Order, _| order.paid > 0)
        .action("note", |order: &mut Order, scene| {
            if let Some(Shop::Paid(amount)) = scene.event {
                order.paid += amount;
            }
        })
        .action("give back", |order: &mut Order, _| order.paid = 0)
        .action("count", |order: &mut Order, _| order.asked += 1)
        .action("break", |order: &mut Order, _| assert_eq!(order.asked, 0, "nobody may ask"));
    Machine::bind(graph, bindings).expect("names are bound")
}

/// `charge`, up to three times with two seconds each, then `ship`.
pub(crate) fn order(graph: &mut GraphBuilder) -> &'static str {
    graph.activity("charge").timeout(secs(2)).retry(RetryPolicy::new(2));
    graph.activity("ship");
    graph.final_state("shipped");
    graph.final_state("declined");
    graph.transition("charge", "ship").done().action("note");
    graph.transition("charge", "declined").failed();
    graph.transition("ship", "shipped").done();
    graph.transition("ship", "declined").failed();
    graph.internal("ship").on("ask").action("count");
    "charge"
}
