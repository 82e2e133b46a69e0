//! What each call of the builder makes, told as stories.

use std::time::Duration;

use fsm_core::{
    BuildError, BuildFault, Effects, Event, JoinRule, Machine, MachineBuilder, Outcome, Retry,
    RetryPolicy, Snapshot, Status, Timestamp, TypedMachine,
};

const SECOND: Duration = Duration::from_secs(1);

/// A player: off, or on with two regions, what it plays and how loud.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Player {
    Off,
    On,
    Deck,
    Stopped,
    Playing,
    Speaker,
    Loud,
    Mute,
}

#[derive(Clone, Debug, PartialEq)]
enum Key {
    Power,
    Play(u32),
    Next,
    Hush,
}

impl Event for Key {}

#[derive(Clone, Debug, Default, PartialEq)]
struct Shelf {
    track: u32,
    log: Vec<String>,
}

fn say(shelf: &mut Shelf, word: &str) {
    shelf.log.push(word.to_owned());
}

fn on_the_disc(_: &Shelf, key: &Key) -> bool {
    matches!(key, Key::Play(track) if *track < 20)
}

fn choose(shelf: &mut Shelf, key: &Key) {
    if let Key::Play(track) = key {
        shelf.track = *track;
    }
}

fn player() -> TypedMachine<Player, Shelf, Key> {
    Machine::<Shelf, Key>::builder("player")
        .parallel(Player::On, [Player::Deck, Player::Speaker])
        .composite(Player::Deck, [Player::Stopped, Player::Playing])
        .composite(Player::Speaker, [Player::Loud, Player::Mute])
        .on(Player::Off, Key::Power)
        .to(Player::On)
        .on(Player::On, Key::Power)
        .to(Player::Off)
        .on(Player::Stopped, Key::Play(0))
        .when("on the disc", on_the_disc)
        .then("choose", choose)
        .to(Player::Playing)
        .on(Player::Playing, Key::Play(0))
        .when("on the disc", on_the_disc)
        .then("choose", choose)
        .then("tell", |shelf, _| say(shelf, "another"))
        .to(Player::Playing)
        .on(Player::Deck, Key::Next)
        .then("skip", |shelf, _| shelf.track += 1)
        .stay()
        .on(Player::Loud, Key::Hush)
        .to(Player::Mute)
        .on(Player::Mute, Key::Hush)
        .to(Player::Loud)
        .entry(Player::Playing, "spin", |shelf, _| say(shelf, "spin"))
        .exit(Player::Playing, "brake", |shelf, _| say(shelf, "brake"))
        .exit(Player::On, "dim", |shelf, _| say(shelf, "dim"))
        .build(Player::Off)
        .expect("a sound machine")
}

fn log(run: &Snapshot<Shelf>) -> Vec<&str> {
    run.context().log.iter().map(String::as_str).collect()
}

#[test]
fn a_superstates_transitions_apply_to_its_children_and_regions_stand_side_by_side() {
    let machine = player();
    let mut run = machine.begin(Shelf::default());
    assert_eq!(machine.state(&run), Player::Off);

    machine.send(&mut run, Key::Power).expect("it is off");
    assert_eq!(machine.state(&run), Player::On);
    assert_eq!(machine.states(&run), [Player::Stopped, Player::Loud]);

    machine.send(&mut run, Key::Play(3)).expect("stopped");
    machine.send(&mut run, Key::Hush).expect("the speaker hears it");
    assert_eq!(machine.states(&run), [Player::Playing, Player::Mute]);
    assert!(machine.is_in(&run, Player::Deck) && machine.is_in(&run, Player::On));
    assert!(!machine.is_in(&run, Player::Stopped));

    machine.send(&mut run, Key::Power).expect("it is on");
    assert_eq!(machine.states(&run), [Player::Off]);
    assert_eq!(log(&run), ["spin", "brake", "dim"]);
}

#[test]
fn an_internal_transition_acts_and_a_transition_to_the_same_state_leaves_it_and_enters_it_again() {
    let machine = player();
    let mut run = machine.begin(Shelf::default());
    machine.send(&mut run, Key::Power).expect("it is off");
    machine.send(&mut run, Key::Play(3)).expect("stopped");

    machine.send(&mut run, Key::Next).expect("declared on the deck");
    assert_eq!((run.context().track, log(&run)), (4, vec!["spin"]));

    machine.send(&mut run, Key::Play(9)).expect("playing");
    assert_eq!(run.context().track, 9);
    assert_eq!(log(&run), ["spin", "brake", "another", "spin"]);
}

#[test]
fn an_event_that_nothing_accepts_says_where_and_which_guards_refused() {
    let machine = player();
    let mut run = machine.begin(Shelf::default());
    let refused = machine.send(&mut run, Key::Next).expect_err("it is off");
    assert_eq!(refused.to_string(), "event `Next` is not accepted in state Off");

    machine.send(&mut run, Key::Power).expect("it is off");
    let before = run.clone();
    let refused = machine.send(&mut run, Key::Play(99)).expect_err("no such track");
    assert_eq!(
        refused.to_string(),
        "event `Play` is not accepted in state On, Stopped, Loud: guard `on the disc` does not hold"
    );
    assert_eq!(run, before);
}

/// An order that is paid for, picked, and packed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    Paying,
    Preparing,
    Picking,
    Packing,
    Packed,
    Ready,
    Sent,
    Given,
}

#[derive(Clone, Debug, PartialEq)]
enum Word {
    Paid(u32),
    Refused(&'static str),
    Fetched,
}

impl Event for Word {}

fn order() -> TypedMachine<Order, Vec<String>, Word> {
    Machine::<Vec<String>, Word>::builder("order")
        .activity(Order::Paying, |_, _| async { Ok::<_, Word>(Word::Paid(7)) })
        .retry(Order::Paying, RetryPolicy::new(1).delay(SECOND))
        .timeout(Order::Paying, 5 * SECOND)
        .done(Order::Paying)
        .when("receipt given", |_, scene| matches!(scene.event, Some(Word::Paid(_))))
        .then("keep receipt", |log, scene| log.push(format!("{:?}", scene.event)))
        .to(Order::Preparing)
        .failed(Order::Paying)
        .then("note", |log, scene| log.push(format!("{:?}", scene.event)))
        .to(Order::Given)
        .timed_out(Order::Paying)
        .then("note delay", |log, _| log.push("too slow".into()))
        .to(Order::Given)
        .fork(Order::Preparing, Order::Ready, JoinRule::All, [Order::Picking, Order::Packing])
        .within(Order::Preparing, [Order::Packed])
        .signal(Order::Picking)
        .on(Order::Picking, Word::Fetched)
        .to(Order::Ready)
        .delay(Order::Packing, 10 * SECOND)
        .done(Order::Packing)
        .to(Order::Packed)
        .final_state(Order::Packed)
        .always(Order::Ready)
        .to(Order::Sent)
        .final_state(Order::Sent)
        .final_state(Order::Given)
        .build(Order::Paying)
        .expect("a sound machine")
}

#[test]
fn a_run_driven_by_hand_is_told_how_work_ended_and_that_time_passes() {
    let machine = order();
    let mut run = machine.begin(Vec::new());
    machine.answer(&mut run, Order::Paying, Ok(Word::Paid(42))).expect("it is under way");
    assert_eq!(run.context()[..], ["Some(Paid(42))"]);
    assert_eq!(machine.state(&run), Order::Preparing);
    assert_eq!(machine.states(&run), [Order::Picking, Order::Packing]);

    machine.pass(&mut run, 9 * SECOND).expect("nothing is due");
    assert!(machine.is_in(&run, Order::Packing));
    machine.pass(&mut run, SECOND).expect("the delay is over");
    assert_eq!(machine.states(&run), [Order::Picking]);
    machine.send(&mut run, Word::Fetched).expect("it is awaited");
    assert_eq!(machine.state(&run), Order::Sent);
    assert!(matches!(run.status(), Status::Finished(_)));
}

#[test]
fn work_that_fails_is_started_again_and_its_last_failure_is_what_the_transition_sees() {
    let machine = order();
    let mut run = machine.begin(Vec::new());
    let refused = || Err(Word::Refused("no funds"));
    machine.answer(&mut run, Order::Paying, refused()).expect("the first attempt");
    let idle = machine.answer(&mut run, Order::Paying, refused()).expect_err("it waits");
    assert_eq!(idle.to_string(), "no activity of state `Paying` is under way");
    machine.pass(&mut run, SECOND).expect("the wait is over");
    machine.answer(&mut run, Order::Paying, refused()).expect("the second attempt");
    assert_eq!(run.context()[..], ["Some(Refused(\"no funds\"))"]);
    assert_eq!(machine.state(&run), Order::Given);
}

#[test]
fn work_that_takes_too_long_times_out_and_a_failure_for_good_is_not_repeated() {
    let machine = order();
    let mut run = machine.begin(Vec::new());
    machine.pass(&mut run, 60 * SECOND).expect("two timeouts, and the wait between");
    assert_eq!(run.context()[..], ["too slow"]);

    let mut run = machine.begin(Vec::new());
    let refused = Some(Word::Refused("stolen"));
    let for_good = Outcome::Failed { event: refused, retry: Retry::Never };
    machine.answer(&mut run, Order::Paying, for_good).expect("it is under way");
    assert_eq!(machine.state(&run), Order::Given);
    machine.pass(&mut run, SECOND).expect("time passes after the end, too");
    assert_eq!(run.now(), Timestamp::ZERO + SECOND);
}

#[test]
fn a_run_that_begins_elsewhere_in_time_is_driven_by_hand_from_there() {
    let machine = order();
    let mut run = machine.snapshot(Vec::new(), 1);
    let noon = Timestamp::from_micros(1_000_000);
    let start = fsm_core::Input::Start;
    machine.step(&mut run, noon, &start, &mut Effects::new(), &mut ()).expect("it is new");
    machine.answer(&mut run, Order::Paying, Ok(Word::Paid(1))).expect("it is under way");
    machine.pass(&mut run, 10 * SECOND).expect("the delay is over");
    assert_eq!(run.now(), noon + 10 * SECOND);
    assert_eq!(machine.states(&run), [Order::Picking]);
}

/// A machine within a machine, with a context of its own.
#[tokio::test]
async fn a_submachine_gets_its_context_from_the_outer_one_and_gives_its_result_back() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Till {
        Counting,
        Counted,
    }
    let till = Machine::<u32, ()>::builder("till")
        .activity(Till::Counting, |_, _| async {})
        .done(Till::Counting)
        .then("add tax", |cents, _| *cents += *cents / 5)
        .to(Till::Counted)
        .final_state(Till::Counted)
        .build(Till::Counting)
        .expect("a sound machine");

    let outer = Machine::<Vec<u32>, Word>::builder("shop")
        .submachine(
            Order::Paying,
            &till,
            |prices: &Vec<u32>| prices.iter().sum(),
            |counted| Ok(Word::Paid(counted.into_context())),
        )
        .done(Order::Paying)
        .then("keep total", |prices, scene| {
            if let Some(Word::Paid(total)) = scene.event {
                prices.push(*total);
            }
        })
        .to(Order::Sent)
        .final_state(Order::Sent)
        .build(Order::Paying)
        .expect("a sound machine");
    let ended = outer.run(vec![100, 50]).await;
    assert_eq!(ended.snapshot.context()[..], [100, 50, 180]);
    assert_eq!(outer.state(&ended.snapshot), Order::Sent);
}

#[test]
fn a_transition_leads_to_a_state_in_each_of_several_regions() {
    let machine = Machine::<(), Key>::builder("player")
        .parallel(Player::On, [Player::Deck, Player::Speaker])
        .composite(Player::Deck, [Player::Stopped, Player::Playing])
        .composite(Player::Speaker, [Player::Loud, Player::Mute])
        .on(Player::Off, Key::Hush)
        .to_each([Player::Playing, Player::Mute])
        .on(Player::On, Key::Power)
        .to(Player::Off)
        .build(Player::Off)
        .expect("a sound machine");
    let mut run = machine.begin(());
    machine.send(&mut run, Key::Hush).expect("it is off");
    assert_eq!(machine.states(&run), [Player::Playing, Player::Mute]);
}

fn faults(built: Result<TypedMachine<Player, Shelf, Key>, BuildError>) -> Vec<BuildFault> {
    match built {
        Err(BuildError::Written(faults)) => faults,
        other => panic!("it was to be refused: {other:?}"),
    }
}

#[test]
fn what_was_written_and_contradicts_itself_is_told_all_at_once() {
    let mut builder = Machine::<Shelf, Key>::builder("player")
        .composite(Player::Deck, [Player::Stopped])
        .composite(Player::Speaker, [Player::Stopped, Player::Loud])
        .composite(Player::On, []);
    for most in [10, 20] {
        builder = builder
            .on(Player::Off, Key::Play(0))
            .when("low", move |_, key| matches!(key, Key::Play(track) if *track < most))
            .to(Player::On);
    }
    let found: Vec<String> =
        faults(builder.build(Player::Off)).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "state `Stopped` is laid into `Deck` and into `Speaker`; it has one place",
            "the list of states given for `On` is empty; name at least one",
            "guard `low` stands for two pieces of code; give one of them another name, or name a \
             function and use it twice",
        ]
    );
}

/// Cause: code that was bound by name replaced that of a call for whole steps, and not for the short
/// way, so that the two decided differently.
#[test]
fn code_that_a_call_gave_is_not_replaced_by_code_for_a_name_nor_the_other_way_round() {
    let two_codes = |what, name: &str| BuildFault::TwoCodes { what, name: name.into() };
    let on = |builder: MachineBuilder<Player, Shelf, Key>| {
        builder
            .on(Player::Off, Key::Play(0))
            .when("fits", on_the_disc)
            .then("choose", choose)
            .to(Player::On)
            .on(Player::On, Key::Power)
            .to(Player::Off)
    };
    let by_name = |builder: MachineBuilder<Player, Shelf, Key>| {
        builder.bind(|names| names.guard("fits", |_, _| false).action("choose", |_, _| ()))
    };
    let found = [two_codes("guard", "fits"), two_codes("action", "choose")];
    let start = || Machine::<Shelf, Key>::builder("player");
    assert_eq!(faults(by_name(on(start())).build(Player::Off)), found);
    assert_eq!(faults(on(by_name(start())).build(Player::Off)), found);

    let others = on(start()).bind(|names| names.guard("spare", |_, _| true));
    assert!(others.build(Player::Off).is_ok());
}

#[test]
fn a_state_that_is_only_text_has_no_value_and_is_refused() {
    let builder = Machine::<Shelf, Key>::builder("player").on(Player::Off, Key::Power);
    let built = builder.to(Player::On).graph(|graph| {
        graph.simple("Standby");
        graph.transition("On", "Standby").on("Next");
        graph.transition("Standby", "On").on("Next");
    });
    let refused = faults(built.build(Player::Off));
    assert_eq!(refused, [BuildFault::WithoutValue { state: "Standby".into() }]);
}

/// A hierarchy without regions: all of it is laid down in the short way.
fn deck() -> TypedMachine<Player, Shelf, Key> {
    Machine::<Shelf, Key>::builder("deck")
        .composite(Player::On, [Player::Deck, Player::Mute])
        .composite(Player::Deck, [Player::Stopped, Player::Playing])
        .on(Player::On, Key::Power)
        .then("count", |shelf, _| shelf.track += 100)
        .to(Player::Off)
        .on(Player::Off, Key::Power)
        .to(Player::On)
        .on(Player::Deck, Key::Hush)
        .to(Player::Mute)
        .on(Player::Mute, Key::Hush)
        .to(Player::Deck)
        .on(Player::On, Key::Play(0))
        .when("on the disc", on_the_disc)
        .then("choose", choose)
        .then("count again", |shelf, _| shelf.track += 1)
        .stay()
        .on(Player::Stopped, Key::Next)
        .to(Player::Playing)
        .on(Player::Playing, Key::Next)
        .when("short", |shelf, _| shelf.track < 10)
        .to(Player::Stopped)
        .build(Player::Off)
        .expect("a sound machine")
}

#[test]
fn events_on_the_short_way_do_what_whole_steps_do_wherever_a_transition_is_declared() {
    let machine = deck();
    let (mut short, mut long) = (machine.begin(Shelf::default()), machine.begin(Shelf::default()));
    let mut seed = 7_u32;
    let mut seen = Vec::new();
    for _ in 0..2_000 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let key = match seed >> 29 {
            0 => Key::Power,
            1 | 2 => Key::Hush,
            3 | 4 => Key::Next,
            _ => Key::Play(seed >> 24 & 31),
        };
        let input = fsm_core::Input::Event(key.clone());
        let (now, effects) = (long.now(), &mut Effects::new());
        let stepped = machine.step(&mut long, now, &input, effects, &mut ());
        assert_eq!(machine.send(&mut short, key), stepped);
        assert_eq!(short, long);
        let state = machine.state(&short);
        if !seen.contains(&state) {
            seen.push(state);
        }
    }
    assert_eq!(seen.len(), 4, "every state that rests was seen: {seen:?}");
}
