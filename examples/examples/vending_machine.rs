//! A vending machine: guards see what events carry, coins are taken without leaving the state, and
//! every cent comes back.
//!
//! ```sh
//! cargo run -p fsm-examples --example vending_machine
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use fsm_core::{BuildError, Event, Machine, TypedMachine};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum State {
    Idle,
    Selling,
    Dispensing,
    /// Decides after a sale whether anything is left to sell.
    Stocktaking,
    SoldOut,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Input {
    /// A coin of so many cents.
    Coin(u32),
    /// The key of an article.
    Key(char),
    Cancel,
    /// The flap was opened, and the article is gone.
    Taken,
    /// Somebody filled an article up.
    Filled(char, u32),
}

impl Event for Input {}

#[derive(Clone, Debug, Default)]
pub(crate) struct Vending {
    /// By key: price in cents, and how many there are.
    pub(crate) shelf: BTreeMap<char, (u32, u32)>,
    pub(crate) credit: u32,
    /// What lies in the tray for coins.
    pub(crate) change: u32,
    pub(crate) earned: u32,
}

impl Vending {
    fn pay_out(&mut self) {
        self.change += std::mem::take(&mut self.credit);
    }
}

pub(crate) fn vending_machine() -> Result<TypedMachine<State, Vending, Input>, BuildError> {
    let (coin, key, filled) = (Input::Coin(0), Input::Key(' '), Input::Filled(' ', 0));
    Machine::<Vending, Input>::builder("vending machine")
        .on(State::Idle, coin)
        .when("coin is known", coin_is_known)
        .then("take coin", take_coin)
        .to(State::Selling)
        // A further coin is taken without leaving the state, so the minute runs on.
        .on(State::Selling, coin)
        .when("coin is known", coin_is_known)
        .then("take coin", take_coin)
        .stay()
        .on(State::Selling, key)
        .when("paid and in stock", |vending, input| {
            let Input::Key(key) = input else { return false };
            let article = vending.shelf.get(key);
            article.is_some_and(|(price, left)| *price <= vending.credit && *left > 0)
        })
        .then("sell", |vending, input| {
            let Input::Key(key) = input else { return };
            let Some((price, left)) = vending.shelf.get_mut(key) else { return };
            *left -= 1;
            vending.credit -= *price;
            vending.earned += *price;
        })
        .then("give change", give_change)
        .to(State::Dispensing)
        .on(State::Selling, Input::Cancel)
        .then("give change", give_change)
        .to(State::Idle)
        .after(State::Selling, Duration::from_secs(60))
        .then("give money back", |vending, _| vending.pay_out())
        .to(State::Idle)
        .on(State::Dispensing, Input::Taken)
        .to(State::Stocktaking)
        .choice(State::Stocktaking)
        .always(State::Stocktaking)
        .when("all are gone", |vending, _| vending.shelf.values().all(|(_, left)| *left == 0))
        .to(State::SoldOut)
        .always(State::Stocktaking)
        .to(State::Idle)
        .on(State::SoldOut, filled)
        .then("fill", fill)
        .to(State::Idle)
        .on(State::Idle, filled)
        .then("fill", fill)
        .stay()
        .build(State::Idle)
}

fn coin_is_known(_: &Vending, input: &Input) -> bool {
    matches!(input, Input::Coin(10 | 20 | 50 | 100 | 200))
}

fn take_coin(vending: &mut Vending, input: &Input) {
    if let Input::Coin(cents) = input {
        vending.credit += cents;
    }
}

fn give_change(vending: &mut Vending, _: &Input) {
    vending.pay_out();
}

fn fill(vending: &mut Vending, input: &Input) {
    if let Input::Filled(key, count) = input
        && let Some((_, left)) = vending.shelf.get_mut(key)
    {
        *left += count;
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", vending_machine()?.graph().to_dot());
    for line in story()? {
        println!("{line}");
    }
    Ok(())
}

/// Tea costs 120, and there is one left; what happens, and where the machine then stands.
pub(crate) fn story() -> Result<Vec<String>, Box<dyn Error>> {
    let machine = vending_machine()?;
    let shelf = BTreeMap::from([('T', (120, 1)), ('W', (80, 0))]);
    let mut run = machine.begin(Vending { shelf, ..Vending::default() });
    let mut story = Vec::new();
    let inputs = [
        Input::Coin(3),
        Input::Coin(100),
        Input::Key('T'),
        Input::Coin(50),
        Input::Key('T'),
        Input::Taken,
        Input::Coin(200),
        Input::Filled('W', 4),
        Input::Coin(200),
    ];
    for input in inputs {
        story.push(match machine.send(&mut run, input) {
            Ok(()) => format!("{input:?}: {:?}", machine.state(&run)),
            Err(refused) => format!("{input:?}: {refused}"),
        });
    }
    // Nobody presses a key: after a minute the money comes back.
    machine.pass(&mut run, Duration::from_secs(60))?;
    let Vending { credit, change, earned, .. } = run.context();
    story.push(format!("a minute later: {:?}", machine.state(&run)));
    story.push(format!("{earned} earned, {change} in the tray, {credit} owed"));
    assert_eq!(earned + change, 100 + 50 + 200);
    Ok(story)
}
