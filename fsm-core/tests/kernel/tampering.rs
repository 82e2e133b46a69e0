//! Snapshots that were damaged: refused, or good enough to be stepped with anything.

use std::time::Duration;

use fsm_core::{
    Effect, Effects, Input, JoinRule, Outcome, Retry, RetryPolicy, Snapshot, Ticket, Timestamp,
};
use fsm_testkit::strategies::{Size, any_blueprint};
use fsm_testkit::tally::{EVENTS, Tally, Word};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fuzz::config;
use crate::stage::{Log, Stage, ms};
use crate::walk::{Machines, Walk};

/// All places in `value`, as JSON pointers, but for the context: that one is the caller's own.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    if at == "/context" {
        return;
    }
    found.push(at.into());
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                places(member, &format!("{at}/{name}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Changes one place; numbers are pushed to where counting goes wrong.
fn damage(snapshot: &mut Value, place: u64, how: u64) {
    let mut found = Vec::new();
    places(snapshot, "", &mut found);
    let pointer = &found[place as usize % found.len()];
    let donor = snapshot.pointer(&found[how as usize / 16 % found.len()]).cloned();
    let Some(target) = snapshot.pointer_mut(pointer) else { return };
    match target {
        Value::Number(number) => {
            let old = number.as_u64().unwrap_or_default();
            let max = json!(u32::MAX);
            *target = match how % 9 {
                0 => json!(0),
                1 => json!(old.wrapping_add(1)),
                2 => json!(old.saturating_sub(1)),
                3 | 4 => max,
                5 => json!(u32::MAX - 1),
                6 => json!(u64::MAX),
                7 => json!(how / 16 % 5),
                _ => json!(old ^ 1),
            };
        }
        Value::String(text) => {
            let words = [
                "resting",
                "queued",
                "running",
                "waiting",
                "delaying",
                "owning",
                "moving",
                "free",
                "New",
                "Running",
                "Cancelled",
            ];
            *text = words[how as usize % words.len()].into();
        }
        Value::Array(items) if !items.is_empty() => {
            let (first, second) = (how as usize / 8 % items.len(), how as usize / 64 % items.len());
            match how % 4 {
                0 => drop(items.remove(first)),
                1 => items.push(items[first].clone()),
                2 => items.swap(first, second),
                _ => items.clear(),
            }
        }
        Value::Bool(flag) => *flag = !*flag,
        Value::Array(_) | Value::Object(_) | Value::Null => {
            if let Some(donor) = donor {
                *target = donor;
            }
        }
    }
}

/// Steps a restored run with inputs of every kind, awaited or not.
pub(crate) fn shake(
    machine: &Machines,
    mut run: Snapshot<Tally>,
    mut effects: Effects,
    rolls: &[u64],
) {
    let mut tickets: Vec<Ticket> = Vec::new();
    let mut now = run.now();
    for roll in rolls {
        for effect in effects.as_slice() {
            match effect {
                Effect::Start(start) => tickets.push(start.ticket),
                Effect::Timer { ticket, .. } => tickets.push(*ticket),
                Effect::Cancel(_) | Effect::Finish => {}
            }
        }
        let pick = (roll >> 8) as usize;
        let ticket = match (roll % 5, tickets.is_empty()) {
            (0, _) | (_, true) => serde_json::from_value(json!({
                "slot": pick % 9,
                "number": pick / 9 % 60,
            }))
            .expect("a ticket is two numbers"),
            _ => tickets[pick % tickets.len()],
        };
        let wait = Duration::from_millis(pick as u64 % 100);
        let outcome = match roll >> 3 & 3 {
            0 => Outcome::Failed { event: None, retry: Retry::Allowed(Some(wait)) },
            1 => Outcome::Postponed(now + wait),
            _ => Outcome::done(),
        };
        now = if roll & 64 == 0 { now + wait } else { Timestamp::from_micros(u64::MAX) };
        let input = match roll % 7 {
            0 | 1 => Input::Timer(ticket),
            2 | 3 => Input::Outcome { ticket, outcome },
            4 | 5 => Input::Event(Word(EVENTS[pick % EVENTS.len()].into())),
            _ if pick.is_multiple_of(8) => Input::Cancel,
            _ => Input::Start,
        };
        drop(machine.step(&mut run, now, &input, &mut effects, &mut ()));
    }
    drop(machine.step(&mut run, now, &Input::Cancel, &mut effects, &mut ()));
}

/// Cause: a timer was thought to be a token's own wherever its state lay within the timer's, also
/// across a fork. The join freed the token's place, and nothing forgot the timer.
#[test]
fn a_timer_of_a_state_around_the_fork_is_no_timer_of_a_branch() {
    let stage = Stage::set(|g| {
        g.composite("window", "fork");
        g.fork("fork", "join").within("window");
        g.join("join", JoinRule::All).within("window");
        g.simple("branch").within("fork");
        g.simple("rest").within("window");
        g.final_state("late");
        g.transition("window", "late").after(ms(50));
        g.transition("fork", "branch");
        g.transition("branch", "join").on("go");
        g.transition("join", "rest");
        "window"
    });
    let mut damaged = serde_json::to_value(&stage.run).expect("a snapshot is data");
    let unused = damaged["sequence"].as_u64().expect("a number") + 1;
    damaged["sequence"] = json!(unused);
    let alarms = damaged["alarms"].as_array_mut().expect("a list");
    let [alarm] = &alarms[..] else { panic!("one timer is set: {alarms:?}") };
    let mut second = alarm.clone();
    second[0][0] = json!(1);
    second[1]["number"] = json!(unused);
    alarms.push(second);
    let run: Snapshot<Log> = serde_json::from_value(damaged).expect("it reads as a snapshot");
    let fault = stage.machine.restore(&run, &mut Effects::new()).expect_err("it was damaged");
    assert_eq!(
        fault.to_string(),
        "the snapshot can't be restored: a timer of token 1 belongs to no state that it is in"
    );
}

/// Cause: a policy may ask for as many retries as can be counted, and one more attempt was counted.
#[test]
fn the_last_attempt_that_can_be_counted_is_followed_by_others_of_that_number() {
    let mut stage = Stage::set(|g| {
        let policy = RetryPolicy::new(u32::MAX).delay(ms(50));
        g.activity_running("call", "work").retry(policy);
        g.final_state("end");
        g.transition("call", "end").done();
        g.transition("call", "end").failed();
        "call"
    });
    stage.fail("call", Retry::Allowed(None));
    let mut damaged = serde_json::to_value(&stage.run).expect("a snapshot is data");
    damaged["main"]["attempt"] = json!(u32::MAX);
    stage.run = serde_json::from_value(damaged).expect("it reads as a snapshot");
    stage.machine.restore(&stage.run, &mut Effects::new()).expect("the policy allows it");
    for _ in 0..2 {
        stage.pass(Duration::from_secs(3600));
        assert_eq!(stage.starts.last().expect("it was started").attempt, u32::MAX);
        stage.fail("call", Retry::Allowed(None));
    }
    assert_eq!(stage.at(), "call");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_damaged_snapshot_is_refused_or_can_be_stepped_with_anything(
        blueprint in any_blueprint(Size::SMALL),
        before in prop::collection::vec(any::<u64>(), 0..25),
        damages in prop::collection::vec(
            prop::collection::vec((any::<u64>(), any::<u64>()), 1..4),
            8,
        ),
        after in prop::collection::vec(any::<u64>(), 30),
    ) {
        let mut walk = Walk::begin(&blueprint, 7);
        before.iter().for_each(|roll| walk.roll(*roll));
        let whole = serde_json::to_value(&walk.run).expect("a snapshot is data");
        for damage_done in &damages {
            let mut damaged = whole.clone();
            for (place, how) in damage_done {
                damage(&mut damaged, *place, *how);
            }
            let Ok(run) = serde_json::from_value::<Snapshot<Tally>>(damaged) else { continue };
            // Whoever looks before restoring sees something, and comes to an end.
            assert!(run.tokens().count() <= 1 + whole["others"].as_array().map_or(0, Vec::len) + 3);
            let mut effects = Effects::new();
            if walk.machine.restore(&run, &mut effects).is_ok() {
                shake(&walk.machine, run, effects, &after);
            }
        }
    }
}
