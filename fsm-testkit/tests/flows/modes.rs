//! The six modes, each with conditions, handlers, and retries: what holds of every flow, and what
//! the mode promises.

use fsm_patterns::FlowContext;
use fsm_testkit::flows::FlowSubject;
use fsm_testkit::prove::{Prover, View};

use super::flow;

type Seen<'a> = View<'a, FlowContext>;

const CART: &str = "name: cart, url: 'http://shop.test/cart', retry_count: 2";
const STOCK: &str = "name: stock, url: 'http://shop.test/stock', error_handler: { left: 0 }";
const GIFT: &str = "name: gift, url: 'http://shop.test/gift', condition: '$inputs.total > 100'";
const PAY: &str = "name: pay, url: 'http://shop.test/pay', method: POST";
const CALLS: [&str; 4] = ["cart", "stock", "gift", "pay"];

fn prover(settings: &str, endpoints: &[&str]) -> Prover<FlowSubject> {
    Prover::of_flow(&flow(settings, endpoints))
}

/// With retries.
fn all(mode: &str) -> Prover<FlowSubject> {
    prover(&format!("mode: {mode}"), &[CART, STOCK, GIFT, PAY])
}

/// Each call once: a proof of a flow does not count attempts, and a call that is tried again and again
/// keeps all that comes after it waiting.
fn without_retries(mode: &str) -> Prover<FlowSubject> {
    let cart = CART.replace("retry_count: 2", "retry_count: 0");
    let (stock, gift) = (format!("{STOCK}, retry_count: 0"), format!("{GIFT}, retry_count: 0"));
    prover(&format!("mode: {mode}"), &[&cart, &stock, &gift, PAY])
}

/// How many calls are under way, or wait for their next attempt.
fn under_way(run: &Seen<'_>) -> usize {
    CALLS.iter().filter(|call| run.is_at(call)).count()
}

/// `later` is under way, and so is one of `earlier`.
fn overlaps(run: &Seen<'_>, later: &str, earlier: &[&str]) -> bool {
    run.is_at(later) && earlier.iter().any(|call| run.is_at(call))
}

#[test]
fn in_sequence_one_call_is_made_at_a_time_and_none_is_left_out() {
    all("sequential")
        .always("one at a time", |run| under_way(run) <= 1)
        .sometimes("it is paid after a failure", |run| {
            run.is_at("pay") && run.context().failures() > 0
        })
        .prove()
        .assert_proven();
}

#[test]
fn in_a_chain_that_is_no_pipeline_the_last_call_is_made_whatever_failed_before() {
    for mode in ["sequential", "conditional"] {
        without_retries(mode)
            .eventually("it is paid", |run| run.is_at("pay"))
            .prove()
            .assert_proven();
    }
}

#[test]
fn in_a_pipeline_nothing_starts_after_a_failure() {
    all("pipeline")
        .always("one at a time", |run| under_way(run) <= 1)
        .always("nothing after a failure", |run| {
            run.context().failures() == 0 || under_way(run) == 0
        })
        .sometimes("all goes well", |run| run.is_at("run completed"))
        .prove()
        .assert_proven();
}

#[test]
fn in_a_conditional_flow_a_failure_is_passed_over() {
    all("conditional")
        .always("one at a time", |run| under_way(run) <= 1)
        .sometimes("it is paid after a failure", |run| {
            run.is_at("pay") && run.context().failures() > 0
        })
        .prove()
        .assert_proven();
}

#[test]
fn side_by_side_every_call_is_made_whatever_becomes_of_the_others() {
    for mode in ["fanout", "parallel"] {
        let mut prover = all(mode).sometimes("all at once", |run| under_way(run) == CALLS.len());
        for call in ["cart", "stock", "pay"] {
            prover = prover.eventually(call, move |run| run.is_at(call));
        }
        prover.prove().assert_proven();
    }
}

#[test]
fn what_comes_after_a_group_waits_for_all_that_is_in_it() {
    let group = "name: look, mode: fanout, endpoints: [{ name: cart, url: 'http://shop.test/cart' }, \
                 { name: stock, url: 'http://shop.test/stock', retry_count: 1 }]";
    let pay = format!("{PAY}, depends_on: [look]");
    prover("mode: hybrid", &[group, &pay])
        .reduced(false)
        .always("the join waits for all", |run| !overlaps(run, "pay", &["cart", "stock"]))
        .sometimes("both are asked at once", |run| run.is_at("cart") && run.is_at("stock"))
        .sometimes("it is paid", |run| run.is_at("pay"))
        .prove()
        .assert_proven();
}

#[test]
fn in_a_hybrid_flow_nothing_starts_before_what_it_depends_on_has_settled() {
    let gift = format!("{GIFT}, depends_on: [cart]");
    let pay = format!("{PAY}, depends_on: [cart, stock, gift]");
    prover("mode: hybrid", &[CART, STOCK, &gift, &pay])
        .reduced(false)
        .always("the gift waits for the cart", |run| !overlaps(run, "gift", &["cart"]))
        .always("payment waits for all", |run| !overlaps(run, "pay", &["cart", "stock", "gift"]))
        .always("nothing is paid for that failed", |run| {
            !run.is_at("pay") || run.context().failures() == 0
        })
        .sometimes("the gift does not wait for the stock", |run| overlaps(run, "gift", &["stock"]))
        .sometimes("it is paid", |run| run.is_at("pay"))
        .prove()
        .assert_proven();
}
