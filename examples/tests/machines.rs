//! The examples of machines of one's own tell the stories that they say they tell.

#[path = "../examples/door.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod door;
#[path = "../examples/order.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod order;
#[path = "../examples/traffic_light.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod traffic_light;
#[path = "../examples/vending_machine.rs"]
#[allow(dead_code, reason = "the example's `main` is for people")]
mod vending_machine;

use std::time::Duration;

use traffic_light::{Hand, Light, SECOND};

fn lines_between(text: &str, begin: &str, end: &str) -> usize {
    let inside = text.split(begin).nth(1).and_then(|rest| rest.split(end).next());
    let lines = inside.expect("both marks are there").lines();
    lines.filter(|line| !line.trim_start_matches("//!").trim().is_empty()).count()
}

#[test]
fn the_door_opens_to_its_code_only_and_says_why_it_stays_shut() {
    assert_eq!(
        door::story().expect("a sound machine"),
        [
            "Turn(0): event `Turn` is not accepted in state Closed: guard `code given` does not hold",
            "Turn(42): Locked",
            "Turn(7): Locked",
            "Push: event `Push` is not accepted in state Locked",
            "Kick(9): Broken",
        ]
    );
}

#[test]
fn the_door_asks_for_no_more_lines_than_statig_does() {
    let text = include_str!("../examples/door.rs");
    let ours = lines_between(text, "// The machine begins here.\n", "// The machine ends here.");
    let theirs = lines_between(text, "//! ```text\n", "//! ```\n");
    assert!(ours <= theirs, "{ours} lines beside {theirs}");
    assert!(text.contains(&format!("below are {ours} lines")), "{ours}, says the count");
    assert!(text.contains(&format!("same door takes {theirs}\n")), "{theirs}, says the count");
}

#[test]
fn a_light_goes_round_serves_whoever_waits_and_blinks_through_the_night() {
    assert_eq!(
        traffic_light::by_hand().expect("a sound machine"),
        [
            "after 31 s: Green, 0 served",
            "both wait: Red, 2 served",
            "a night later: BlinkOn, 2 served",
            "repaired: Red, 2 served",
        ]
    );
}

#[test]
fn to_press_the_button_does_not_change_when_the_light_does() {
    let machine = traffic_light::light(SECOND).expect("a sound machine");
    let mut run = machine.begin(Default::default());
    for second in 0..30 {
        assert_eq!(machine.state(&run), Light::Red, "after {second} s");
        machine.send(&mut run, Hand::Button).expect("any time");
        machine.pass(&mut run, SECOND).expect("time passes");
    }
    assert_eq!(machine.state(&run), Light::Green);
}

#[tokio::test(start_paused = true)]
async fn on_tokio_the_light_shows_the_same_round() {
    let lights = traffic_light::on_tokio(SECOND).await.expect("a sound machine");
    assert_eq!(lights, [Light::Red, Light::Green, Light::Yellow, Light::Red]);
}

#[test]
fn the_vending_machine_sells_gives_change_and_keeps_no_cent_too_many() {
    assert_eq!(
        vending_machine::story().expect("a sound machine"),
        [
            "Coin(3): event `Coin` is not accepted in state Idle: guard `coin is known` does not hold",
            "Coin(100): Selling",
            "Key('T'): event `Key` is not accepted in state Selling: guard `paid and in stock` does \
             not hold",
            "Coin(50): Selling",
            "Key('T'): Dispensing",
            "Taken: SoldOut",
            "Coin(200): event `Coin` is not accepted in state SoldOut",
            "Filled('W', 4): Idle",
            "Coin(200): Selling",
            "a minute later: Idle",
            "120 earned, 230 in the tray, 0 owed",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_order_is_charged_again_while_the_line_is_busy_and_then_shipped() {
    let (order, bank) = order::shipped().await.expect("a sound machine");
    assert_eq!((bank.tries(), bank.charged()), (2, 4_200));
    assert_eq!(order.receipt, Some(format!("receipt {}", order.payment)));
    assert_eq!((order.reason, order.paid_back), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn an_order_that_a_crash_cut_is_charged_once_and_paid_back_when_it_is_called_off() {
    let (order, bank) = order::called_off_after_a_crash().await.expect("a sound machine");
    assert_eq!((bank.tries(), bank.charged()), (2, 0), "asked twice, charged once, paid back");
    assert_eq!(order.paid_back, 4_200);
    assert!(order.receipt.is_some(), "the second process got the receipt");
}

#[test]
fn an_order_whose_payment_gets_no_answer_is_called_back() {
    let machine = order::order(&order::Bank::default()).expect("a sound machine");
    let mut run = machine.begin(order::Purchase { cents: 100, ..Default::default() });
    machine.pass(&mut run, Duration::from_secs(60)).expect("three attempts time out");
    assert_eq!(machine.state(&run), order::Order::Refunding);
    let paid_back = Ok(order::News::PaidBack { cents: 0 });
    machine.answer(&mut run, order::Order::Refunding, paid_back).expect("it is under way");
    assert_eq!(machine.state(&run), order::Order::Refunded);
}

#[test]
fn an_order_that_nobody_picks_is_paid_back_after_two_days() {
    let machine = order::order(&order::Bank::default()).expect("a sound machine");
    let mut run = machine.begin(order::Purchase { cents: 100, ..Default::default() });
    let charged = order::News::Charged { receipt: "r".into() };
    machine.answer(&mut run, order::Order::Charging, Ok(charged)).expect("it is under way");
    machine.pass(&mut run, Duration::from_secs(47 * 3600)).expect("time passes");
    assert!(machine.is_in(&run, order::Order::Open));
    machine.pass(&mut run, Duration::from_secs(3600)).expect("time passes");
    assert_eq!(machine.state(&run), order::Order::Refunding);
}
