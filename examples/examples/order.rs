//! An order: it is paid for by a bank that is slow and at times busy, the process dies in the
//! middle, and a customer who changes her mind gets her money back.
//!
//! The run's snapshot is written after every step. What is read from it later goes on where the
//! first process stopped: the payment that was under way is started again, as the same attempt of
//! the same visit. That visit's number is the key by which the bank knows it, so nothing is charged
//! twice.
//!
//! ```sh
//! cargo run -p fsm-examples --example order
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fsm_core::{
    BuildError, Effect, Event, Handle, Machine, Observer, RetryPolicy, Snapshot, Trace,
    TypedMachine,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Order {
    /// Holds what can still be called off.
    Open,
    Charging,
    Picking,
    Refunding,
    Shipped,
    Refunded,
    Declined,
    /// The bank does not give the money back: somebody has to call.
    Owed,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News {
    Charged { receipt: String },
    Refused { reason: String },
    PaidBack { cents: u32 },
    Picked,
    CalledOff,
}

impl Event for News {}

/// What is known of an order; it is saved with the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Purchase {
    pub(crate) cents: u32,
    /// By what the bank knows the payment.
    pub(crate) payment: u64,
    pub(crate) receipt: Option<String>,
    pub(crate) paid_back: u32,
    pub(crate) reason: Option<String>,
}

pub(crate) fn order(bank: &Bank) -> Result<TypedMachine<Order, Purchase, News>, BuildError> {
    let (charges, refunds) = (bank.clone(), bank.clone());
    Machine::<Purchase, News>::builder("order")
        .composite(Order::Open, [Order::Charging, Order::Picking])
        // Whatever is going on, the customer may change her mind.
        .on(Order::Open, News::CalledOff)
        .to(Order::Refunding)
        .activity(Order::Charging, move |order, visit| charges.charge(visit.number, order.cents))
        .retry(Order::Charging, RetryPolicy::new(2).delay(Duration::from_millis(50)))
        .timeout(Order::Charging, Duration::from_secs(5))
        .entry(Order::Charging, "note payment", |order, scene| order.payment = scene.visit)
        .done(Order::Charging)
        .then("keep receipt", |order, scene| {
            if let Some(News::Charged { receipt }) = scene.event {
                order.receipt = Some(receipt.clone());
            }
        })
        .to(Order::Picking)
        .failed(Order::Charging)
        .then("keep reason", |order, scene| {
            if let Some(News::Refused { reason }) = scene.event {
                order.reason = Some(reason.clone());
            }
        })
        .to(Order::Declined)
        // Nobody knows what became of the payment: it is called back.
        .timed_out(Order::Charging)
        .to(Order::Refunding)
        .on(Order::Picking, News::Picked)
        .to(Order::Shipped)
        .after(Order::Picking, Duration::from_secs(48 * 3600))
        .to(Order::Refunding)
        .activity(Order::Refunding, move |order, _| refunds.pay_back(order.payment))
        .retry(Order::Refunding, RetryPolicy::new(5))
        .done(Order::Refunding)
        .then("note refund", |order, scene| {
            if let Some(News::PaidBack { cents }) = scene.event {
                order.paid_back = *cents;
            }
        })
        .to(Order::Refunded)
        .failed(Order::Refunding)
        .to(Order::Owed)
        .final_state(Order::Shipped)
        .final_state(Order::Refunded)
        .final_state(Order::Declined)
        .final_state(Order::Owed)
        .build(Order::Open)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", order(&Bank::default())?.graph().to_dot());
    let (shipped, bank) = shipped().await?;
    println!("{shipped:?}: {} at the bank after {} tries", bank.charged(), bank.tries());
    let (refunded, bank) = called_off_after_a_crash().await?;
    println!("{refunded:?}: {} at the bank after {} tries", bank.charged(), bank.tries());
    Ok(())
}

/// The bank is busy once; then it takes the money, and the order is shipped.
pub(crate) async fn shipped() -> Result<(Purchase, Bank), Box<dyn Error>> {
    let bank = Bank::default();
    bank.ledger(|ledger| ledger.busy = 1);
    let machine = order(&bank)?;
    let (news, inbox) = Handle::pair();
    let run = machine.run(Purchase { cents: 4_200, ..Purchase::default() }).inbox(inbox);
    let picker = async {
        while news.send(News::Picked).await.is_err() {
            tokio::time::sleep(LATENCY).await;
        }
    };
    let (ended, ()) = tokio::join!(run.drive(), picker);
    assert_eq!(machine.state(&ended.snapshot), Order::Shipped);
    Ok((ended.snapshot.into_context(), bank))
}

/// The process dies while the bank takes the money. The next one reads what was saved, charges
/// with the same key, and is told that the customer does not want it any more.
pub(crate) async fn called_off_after_a_crash() -> Result<(Purchase, Bank), Box<dyn Error>> {
    let bank = Bank::default();
    let machine = order(&bank)?;
    let disk = Disk::default();
    let run = machine.run(Purchase { cents: 4_200, ..Purchase::default() });
    let crash = tokio::time::timeout(LATENCY / 2, run.observer(disk.clone()).drive()).await;
    assert!(crash.is_err() && bank.charged() == 4_200, "the answer was lost");

    let saved: Snapshot<Purchase> = serde_json::from_str(&disk.read())?;
    assert_eq!(machine.state(&saved), Order::Charging);
    let (news, inbox) = Handle::pair();
    let run = machine.resume(saved)?.inbox(inbox).observer(disk.clone());
    let customer = async {
        tokio::time::sleep(LATENCY * 2).await;
        news.send(News::CalledOff).await
    };
    let (ended, called_off) = tokio::join!(run.drive(), customer);
    called_off?;
    assert_eq!(machine.state(&ended.snapshot), Order::Refunded);
    assert_eq!(serde_json::from_str::<Snapshot<Purchase>>(&disk.read())?, ended.snapshot);
    Ok((ended.snapshot.into_context(), bank))
}

/// Where a run is saved after every step. In life, a file or a row.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<String>>);

impl Disk {
    fn read(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Trace for Disk {}

impl Observer<Purchase, News> for Disk {
    /// What is saved here is saved before the effects of the step are performed.
    fn after(&mut self, run: &Snapshot<Purchase>, _: &[Effect]) {
        let text = serde_json::to_string(run).expect("a snapshot is data");
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }
}

/// How long the bank takes.
const LATENCY: Duration = Duration::from_millis(40);

/// A bank that knows a payment by its key, however often it is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bank(Arc<Mutex<Ledger>>);

#[derive(Debug, Default)]
struct Ledger {
    payments: BTreeMap<u64, u32>,
    tries: u32,
    /// So many requests still find the line busy.
    busy: u32,
}

impl Bank {
    /// Takes the money at once, and says so later.
    fn charge(
        &self,
        key: u64,
        cents: u32,
    ) -> impl Future<Output = Result<News, News>> + Send + use<> {
        let bank = self.clone();
        async move {
            let busy = bank.ledger(|ledger| {
                ledger.tries += 1;
                let busy = ledger.busy > 0;
                match busy {
                    true => ledger.busy -= 1,
                    false => drop(ledger.payments.insert(key, cents)),
                }
                busy
            });
            tokio::time::sleep(LATENCY).await;
            match busy {
                true => Err(News::Refused { reason: "the line is busy".into() }),
                false => Ok(News::Charged { receipt: format!("receipt {key}") }),
            }
        }
    }

    fn pay_back(&self, key: u64) -> impl Future<Output = Result<News, News>> + Send + use<> {
        let bank = self.clone();
        async move {
            tokio::time::sleep(LATENCY).await;
            let cents = bank.ledger(|ledger| ledger.payments.remove(&key).unwrap_or(0));
            Ok(News::PaidBack { cents })
        }
    }

    /// What it holds of all payments.
    pub(crate) fn charged(&self) -> u32 {
        self.ledger(|ledger| ledger.payments.values().sum())
    }

    /// How often it was asked to charge.
    pub(crate) fn tries(&self) -> u32 {
        self.ledger(|ledger| ledger.tries)
    }

    fn ledger<T>(&self, look: impl FnOnce(&mut Ledger) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
