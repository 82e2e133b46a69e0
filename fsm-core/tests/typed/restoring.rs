//! What a run that is taken up again does about the time in which nobody drove it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fsm_core::{
    Event, Handle, Input, Machine, Observer, Recorder, RetryPolicy, Snapshot, Trace, TypedMachine,
};
use serde::{Deserialize, Serialize};

const SECOND: Duration = Duration::from_secs(1);

/// Three timers run side by side, and a piece of work with a timeout.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Night {
    Watch,
    Lamp,
    Lit,
    Burnt,
    Kettle,
    Heating,
    Cold,
    Radio,
    Calling,
    Silent,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Knock {
    Knock,
}

impl Event for Knock {}

type Log = Vec<String>;
/// Attempts and visits of the calls that were made.
type Calls = Arc<Mutex<Vec<(u32, u64)>>>;

fn watch(calls: &Calls, timeout: Duration) -> TypedMachine<Night, Log, Knock> {
    let calls = calls.clone();
    Machine::<Log, Knock>::builder("night watch")
        .parallel(Night::Watch, [Night::Lamp, Night::Kettle, Night::Radio])
        .composite(Night::Lamp, [Night::Lit, Night::Burnt])
        .after(Night::Lit, 30 * SECOND)
        .then("burn out", |log, _| log.push("lamp".into()))
        .to(Night::Burnt)
        .composite(Night::Kettle, [Night::Heating, Night::Cold])
        .after(Night::Heating, 20 * SECOND)
        .then("cool down", |log, _| log.push("kettle".into()))
        .to(Night::Cold)
        .composite(Night::Radio, [Night::Calling, Night::Silent])
        .activity(Night::Calling, move |_, visit| {
            calls.lock().expect("no test panics here").push((visit.attempt, visit.number));
            async { tokio::time::sleep(5 * SECOND).await }
        })
        .timeout(Night::Calling, timeout)
        .retry(Night::Calling, RetryPolicy::new(1).delay(SECOND))
        .done(Night::Calling)
        .then("hear", |log, _| log.push("radio".into()))
        .to(Night::Silent)
        .failed(Night::Calling)
        .to(Night::Silent)
        .on(Night::Watch, Knock::Knock)
        .then("open", |log, _| log.push("knock".into()))
        .stay()
        .build(Night::Watch)
        .expect("a sound machine")
}

fn through_serde(run: &Snapshot<Log>) -> Snapshot<Log> {
    let text = serde_json::to_string(run).expect("a snapshot is data");
    serde_json::from_str(&text).expect("what was written is read")
}

/// Cause: a restored run started its work before it looked at its timers.
#[tokio::test(start_paused = true)]
async fn an_attempt_whose_timeout_passed_meanwhile_is_not_made_again_but_the_next_one_is() {
    let calls = Calls::default();
    let machine = watch(&calls, 10 * SECOND);
    // Begun in 1970: by now everything is due.
    let run = through_serde(&machine.begin(Vec::new()));
    let ended = machine.resume(run).expect("its own snapshot").drive().await;
    let made = calls.lock().expect("no panic").clone();
    assert_eq!(made.iter().map(|(attempt, _)| *attempt).collect::<Vec<_>>(), [2]);
    assert_eq!(ended.snapshot.context()[..], ["kettle", "lamp", "radio"]);
}

/// Cause: a restored run heard its inbox before it looked at its timers.
/// Another, found by the long timeout: a timer of more than thirty years kept the driver spinning.
#[tokio::test(start_paused = true)]
async fn overdue_timers_come_in_order_before_what_knocks_and_work_goes_on_last() {
    let calls = Calls::default();
    let machine = watch(&calls, 4_000_000_000 * SECOND);
    let run = through_serde(&machine.begin(Vec::new()));
    let (hand, inbox) = Handle::pair();
    let knock = tokio::spawn(async move { hand.send(Knock::Knock).await });
    tokio::task::yield_now().await;
    let resumed = machine.resume(run).expect("its own snapshot");
    let ended = resumed.inbox(inbox).observer(Recorder::default()).drive().await;
    knock.await.expect("no panic").expect("it is accepted anywhere");
    assert_eq!(ended.snapshot.context()[..], ["kettle", "lamp", "knock", "radio"]);
    let kinds: Vec<&str> = ended
        .observer
        .inputs
        .iter()
        .map(|(_, input)| match input {
            Input::Timer(_) => "timer",
            Input::Event(_) => "event",
            Input::Outcome { .. } => "outcome",
            Input::Start | Input::Cancel => "else",
        })
        .collect();
    assert_eq!(kinds[..4], ["timer", "timer", "event", "outcome"]);
}

/// Keeps the last snapshot.
#[derive(Clone, Default)]
struct Keeper(Arc<Mutex<Option<Snapshot<Log>>>>);

impl Trace for Keeper {}

impl Observer<Log, Knock> for Keeper {
    fn after(&mut self, run: &Snapshot<Log>, _: &[fsm_core::Effect]) {
        *self.0.lock().expect("no test panics here") = Some(through_serde(run));
    }
}

#[tokio::test(start_paused = true)]
async fn work_under_way_is_started_again_as_the_same_attempt_of_the_same_visit() {
    let calls = Calls::default();
    let machine = watch(&calls, 10 * SECOND);
    let keeper = Keeper::default();
    let run = machine.run(Vec::new()).observer(keeper.clone());
    assert!(tokio::time::timeout(SECOND, run.drive()).await.is_err(), "dropped while it calls");
    let saved = keeper.0.lock().expect("no panic").take().expect("it was saved");
    assert_eq!(machine.states(&saved), [Night::Lit, Night::Heating, Night::Calling]);

    let ended = machine.resume(saved).expect("its own snapshot").drive().await;
    let made = calls.lock().expect("no panic").clone();
    assert_eq!(made.len(), 2);
    assert_eq!(made[0], made[1]);
    assert_eq!(made[0].0, 1);
    assert_eq!(ended.snapshot.context()[..], ["radio", "kettle", "lamp"]);
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Spin {
    Left,
    Right,
}

fn spin() -> TypedMachine<Spin, (), Knock> {
    Machine::<(), Knock>::builder("spin")
        .after(Spin::Left, Duration::ZERO)
        .to(Spin::Right)
        .after(Spin::Right, Duration::ZERO)
        .to(Spin::Left)
        .build(Spin::Left)
        .expect("a sound machine")
}

/// Cause: timers without length that set each other never let anybody else run.
#[tokio::test(start_paused = true)]
async fn timers_of_no_length_that_set_each_other_leave_others_their_turn() {
    let (hand, inbox) = Handle::<Knock>::pair();
    let run = spin().run(()).inbox(inbox).drive();
    let other = async {
        tokio::task::yield_now().await;
        hand.cancel();
    };
    let (ended, ()) = tokio::join!(run, other);
    assert_eq!(ended.snapshot.status(), fsm_core::Status::Cancelled);
}

/// Cause: a restored run fired everything that was due before it heard its inbox, and each timer
/// that fired set another that was due.
#[tokio::test(start_paused = true)]
async fn a_restored_run_with_such_timers_can_be_cancelled_as_well() {
    let machine = spin();
    let (hand, inbox) = Handle::<Knock>::pair();
    let resumed = machine.resume(machine.begin(())).expect("its own snapshot");
    let run = resumed.inbox(inbox).observer(Patience(10_000)).drive();
    let other = async {
        tokio::task::yield_now().await;
        hand.cancel();
    };
    let (ended, ()) = tokio::join!(run, other);
    assert_eq!(ended.snapshot.status(), fsm_core::Status::Cancelled);
}

/// Sees so many steps and no more.
struct Patience(u32);

impl Trace for Patience {}

impl Observer<(), Knock> for Patience {
    fn after(&mut self, _: &Snapshot<()>, _: &[fsm_core::Effect]) {
        self.0 = self.0.checked_sub(1).expect("the run goes round and hears nobody");
    }
}
