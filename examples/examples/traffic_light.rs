//! A traffic light: a machine of timers that never ends, with a superstate for its working day.
//!
//! First it is driven by hand, where a night takes no time; then on tokio, two hundred times as
//! fast.
//!
//! ```sh
//! cargo run -p fsm-examples --example traffic_light
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::time::Duration;

use fsm_core::{BuildError, Event, Handle, Machine, Move, Observer, Trace, TypedMachine};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Light {
    /// Holds the lights of the day.
    Working,
    Red,
    Green,
    Yellow,
    /// Yellow, blinking: something is wrong.
    BlinkOn,
    BlinkOff,
    Blinking,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Hand {
    /// Somebody waits at the crossing.
    Button,
    /// The cabinet reports a fault, or that it was repaired.
    Fault,
    Repaired,
}

impl Event for Hand {}

/// What it counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) rounds: u32,
    pub(crate) waiting: u32,
    pub(crate) served: u32,
}

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// The light, where a second is as long as `second`. No state is final: it goes round for ever.
pub(crate) fn light(second: Duration) -> Result<TypedMachine<Light, Counts, Hand>, BuildError> {
    Machine::<Counts, Hand>::builder("traffic light")
        // It begins with the first of them, and whatever it shows, a fault makes it blink.
        .composite(Light::Working, [Light::Red, Light::Green, Light::Yellow])
        .after(Light::Red, 30 * second)
        .to(Light::Green)
        .after(Light::Green, 20 * second)
        .to(Light::Yellow)
        .after(Light::Yellow, 3 * second)
        .then("count round", |counts, _| counts.rounds += 1)
        .to(Light::Red)
        // Staying leaves the timer of the state as it is: to press often does not help.
        .on(Light::Working, Hand::Button)
        .then("note who waits", |counts, _| counts.waiting += 1)
        .stay()
        .entry(Light::Red, "let them cross", |counts, _| {
            counts.served += std::mem::take(&mut counts.waiting);
        })
        .on(Light::Working, Hand::Fault)
        .to(Light::Blinking)
        .composite(Light::Blinking, [Light::BlinkOn, Light::BlinkOff])
        .after(Light::BlinkOn, second)
        .to(Light::BlinkOff)
        .after(Light::BlinkOff, second)
        .to(Light::BlinkOn)
        .on(Light::Blinking, Hand::Repaired)
        .to(Light::Working)
        .build(Light::Working)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", light(SECOND)?.graph().to_dot());
    for line in by_hand()? {
        println!("{line}");
    }
    println!("on tokio: {:?}", on_tokio(Duration::from_millis(5)).await?);
    Ok(())
}

/// A day and a night, without waiting for them.
pub(crate) fn by_hand() -> Result<Vec<String>, Box<dyn Error>> {
    let machine = light(SECOND)?;
    let mut run = machine.begin(Counts::default());
    let mut story = Vec::new();
    let mut tell = |what: &str, light, counts: &Counts| {
        story.push(format!("{what}: {light:?}, {} served", counts.served));
    };

    machine.pass(&mut run, 31 * SECOND)?;
    tell("after 31 s", machine.state(&run), run.context());
    machine.send(&mut run, Hand::Button)?;
    machine.send(&mut run, Hand::Button)?;
    machine.pass(&mut run, 22 * SECOND)?;
    tell("both wait", machine.state(&run), run.context());
    machine.send(&mut run, Hand::Fault)?;
    machine.pass(&mut run, 8 * 3600 * SECOND)?;
    tell("a night later", machine.state(&run), run.context());
    assert!(machine.is_in(&run, Light::Blinking));
    machine.send(&mut run, Hand::Repaired)?;
    tell("repaired", machine.state(&run), run.context());
    Ok(story)
}

/// The lights that were shown, in order, until a round was made.
pub(crate) async fn on_tokio(second: Duration) -> Result<Vec<Light>, BuildError> {
    let machine = light(second)?;
    let shown = Shown { machine: machine.clone(), lights: vec![Light::Red] };
    let (hand, inbox) = Handle::pair();
    let run = machine.run(Counts::default()).inbox(inbox).observer(shown).drive();
    let hands = async {
        // A round takes 53 s, and the next light comes 30 s later.
        tokio::time::sleep(65 * second).await;
        hand.cancel();
    };
    let (ended, ()) = tokio::join!(run, hands);
    assert_eq!(ended.snapshot.context().rounds, 1);
    Ok(ended.observer.lights)
}

/// Writes down where every transition leads.
struct Shown {
    machine: TypedMachine<Light, Counts, Hand>,
    lights: Vec<Light>,
}

impl Trace for Shown {
    fn moved(&mut self, step: Move) {
        self.lights.extend(self.machine.value(step.to));
    }
}

impl Observer<Counts, Hand> for Shown {}
