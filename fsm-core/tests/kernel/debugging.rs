//! Runs that are debugged, watched by hooks, and travelled through.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fsm_core::journal::{Epoch, Journal, MemoryJournal, NewRun, ReplayFault};
use fsm_core::{
    Bindings, Breakpoint, BreakpointFault, Graph, Handle, Hooks, JoinRule, Machine, Outcome, Pause,
    PauseReason, Recorder, Retry, RetryPolicy, Status,
};
use fsm_testkit::tally::Word;
use tokio::time::Instant;

type Told = Arc<Mutex<Vec<String>>>;

fn tell(told: &Told, line: impl Into<String>) {
    told.lock().expect("nobody panics with it").push(line.into());
}

fn lines(told: &Told) -> Vec<String> {
    told.lock().expect("nobody panics with it").clone()
}

const SECOND: Duration = Duration::from_secs(1);

/// `fetch` fails once and is tried again; then both `pack` and `bill`, a nap of a minute, and a wait
/// for `go`. The context counts what was done.
fn machine(told: &Told) -> Machine<u32, Word> {
    let mut graph = Graph::builder("parcel");
    graph.activity("fetch").retry(RetryPolicy::new(2));
    graph.fork("both", "done");
    graph.activity("pack").within("both");
    graph.activity("bill").within("both");
    graph.join("done", JoinRule::All);
    graph.delay("nap", 60 * SECOND);
    graph.simple("ready");
    graph.final_state("sent");
    graph.final_state("lost");
    graph.transition("fetch", "both").done().action("count");
    graph.transition("fetch", "lost").failed();
    graph.transition("both", "pack");
    graph.transition("both", "bill");
    for state in ["pack", "bill"] {
        graph.transition(state, "done").done().action("count");
        graph.transition(state, "lost").failed();
    }
    graph.transition("done", "nap");
    graph.transition("nap", "ready").done();
    graph.transition("ready", "sent").on("go");
    let mut bindings = Bindings::new().action("count", |count, _| *count += 1);
    for name in ["fetch", "pack", "bill"] {
        let told = told.clone();
        bindings = bindings.activity(name, move |_, visit| {
            let (told, attempt) = (told.clone(), visit.attempt);
            async move {
                tell(&told, format!("{name} begins"));
                tokio::time::sleep(if name == "bill" { 3 * SECOND } else { 2 * SECOND }).await;
                tell(&told, format!("{name} ends"));
                match (name, attempt) {
                    ("fetch", 1) => {
                        Outcome::Failed { event: None, retry: Retry::Allowed(Some(5 * SECOND)) }
                    }
                    _ => Outcome::done(),
                }
            }
        });
    }
    Machine::bind(graph.initial("fetch").build().expect("it is sound"), bindings).expect("bound")
}

/// Waits until the run pauses, and tells why.
async fn why(pause: &fsm_core::Debugger<u32, Word>) -> String {
    pause.paused().await.map_or("over".to_owned(), |pause| pause.to_string())
}

/// Asserts that nothing more happens for an hour.
async fn nothing_happens(told: &Told) {
    let before = lines(told);
    tokio::time::sleep(3600 * SECOND).await;
    assert_eq!(lines(told), before);
}

#[tokio::test(start_paused = true)]
async fn a_run_pauses_before_what_the_input_asked_for_and_passes_the_breakpoint() {
    let told = Told::default();
    let machine = machine(&told);
    let (debugger, debugged) = machine.debugger();
    let pack = debugger.add(Breakpoint::entered("pack")).expect("there is such a state");
    let run = tokio::spawn(machine.run(0).debugger(debugged).into_future());

    let pause = debugger.paused().await.expect("it comes to `pack`");
    let hit = PauseReason::Hit { breakpoint: pack, words: "`pack` is entered".to_owned() };
    assert_eq!((pause.why, pause.taken), (vec![hit], 4));
    let waits: Vec<&str> = machine
        .under_way(&pause.snapshot)
        .iter()
        .map(|start| machine.graph().name_of(start.state))
        .collect();
    assert_eq!(waits, ["pack", "bill"]);
    assert_eq!(lines(&told), ["fetch begins", "fetch ends", "fetch begins", "fetch ends"]);
    nothing_happens(&told).await;
    assert_eq!(debugger.paused().await.map(|pause| pause.taken), Some(4), "it stands there still");

    debugger.go_on();
    drop(debugger);
    // Nobody sends `go`, so it ends where it waits.
    let ended = run.await.expect("no panic");
    assert_eq!((ended.snapshot.status(), *ended.snapshot.context()), (Status::Running, 3));
}

#[tokio::test(start_paused = true)]
async fn single_steps_show_everything_that_a_run_does() {
    let told = Told::default();
    let machine = machine(&told);
    let (handle, inbox) = Handle::pair();
    let (debugger, debugged) = machine.debugger();
    debugger.pause();
    let run = tokio::spawn(machine.run(0).inbox(inbox).debugger(debugged).into_future());
    assert_eq!(why(&debugger).await, "a pause was asked for");
    let sent = tokio::spawn(async move { handle.send(Word("go".to_owned())).await });

    let mut stands = Vec::new();
    while let Some(pause) = debugger.paused().await {
        stands
            .push(fsm_core::journal::Standpoint::of(machine.graph(), &pause.snapshot).to_string());
        debugger.step();
    }
    assert_eq!(
        stands,
        ["not begun", "fetch", "fetch", "fetch", "pack, bill", "bill", "nap", "ready"]
    );
    let history: Vec<String> = debugger.history().iter().map(ToString::to_string).collect();
    assert_eq!(
        history,
        [
            "1 0.000s the run begins: fetch",
            "2 2.000s `fetch` failed",
            "3 7.000s `fetch` is started again",
            "4 9.000s `fetch` is done (attempt 2): fetch -> both -> pack, both -> bill",
            "5 11.000s `pack` is done: pack -> done",
            "6 12.000s `bill` is done: bill -> done -> nap",
            "7 72.000s the delay `nap` is over: nap -> ready",
        ]
    );
    // The event came while nothing was there to accept it.
    assert!(sent.await.expect("no panic").is_err());
    run.await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn time_stands_still_for_a_run_that_is_paused_and_work_under_way_goes_on() {
    let told = Told::default();
    let machine = machine(&told);
    let (debugger, debugged) = machine.debugger();
    debugger.add(Breakpoint::left("pack")).expect("there is such a state");
    debugger.add(Breakpoint::entered("ready")).expect("there is such a state");
    let begin = Instant::now();
    let run = tokio::spawn(machine.run(0).debugger(debugged).into_future());
    assert_eq!(why(&debugger).await, "`pack` is left");
    assert_eq!(begin.elapsed(), 11 * SECOND);
    tokio::time::sleep(100 * SECOND).await;
    assert_eq!(lines(&told).last().map(String::as_str), Some("bill ends"));
    assert_eq!(debugger.paused().await.map(|pause| pause.taken), Some(5), "the outcome waits");
    debugger.go_on();
    assert_eq!(why(&debugger).await, "`ready` is entered");
    assert_eq!(begin.elapsed(), (11 + 100 + 60) * SECOND, "the nap was not shortened");
    debugger.go_on();
    run.await.expect("no panic");
    assert_eq!(debugger.history().last().map(|step| step.since), Some(71 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_is_paused_at_once_and_can_be_ended_there() {
    let told = Told::default();
    let machine = machine(&told);
    let (debugger, debugged) = machine.debugger();
    let run = tokio::spawn(machine.run(0).debugger(debugged).into_future());
    tokio::time::sleep(20 * SECOND).await;
    debugger.pause();
    assert_eq!(why(&debugger).await, "a pause was asked for");
    nothing_happens(&told).await;
    debugger.cancel();
    let ended = run.await.expect("no panic");
    assert_eq!(ended.snapshot.status(), Status::Cancelled);
    assert_eq!(why(&debugger).await, "over");
}

#[tokio::test(start_paused = true)]
async fn what_was_to_be_started_is_not_where_the_run_is_ended_instead() {
    let told = Told::default();
    let machine = machine(&told);
    for at_once in [true, false] {
        let (debugger, debugged) = machine.debugger();
        match at_once {
            true => debugger.cancel(),
            false => drop(debugger.add(Breakpoint::entered("fetch"))),
        }
        let run = tokio::spawn(machine.run(0).debugger(debugged).into_future());
        if debugger.paused().await.is_some() {
            assert!(!at_once);
            debugger.cancel();
        }
        let ended = run.await.expect("no panic");
        assert_eq!(ended.snapshot.status(), Status::Cancelled);
        assert_eq!(lines(&told), [""; 0]);
        let last = debugger.history().iter().map(|step| step.heard.to_string()).collect::<Vec<_>>();
        let put_off = "`fetch` was put off for 0ns";
        assert_eq!(
            last,
            ["the run begins", put_off, "the run is cancelled"],
            "no attempt was made"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn breakpoints_are_also_on_failures_transitions_events_and_conditions() {
    let told = Told::default();
    let machine = machine(&told);
    let (handle, inbox) = Handle::pair();
    let (debugger, debugged) = machine.debugger();
    let add = |breakpoint| debugger.add(breakpoint).expect("the names are known");
    add(Breakpoint::failure());
    add(Breakpoint::transition("bill", "done"));
    let go = add(Breakpoint::event("go"));
    add(Breakpoint::when("two were counted", |count| *count == 2));
    let gone = add(Breakpoint::entered("nap"));
    assert!(debugger.remove(gone) && !debugger.remove(gone));
    assert_eq!(debugger.breakpoints().len(), 4);
    assert_eq!(debugger.breakpoints()[2], (go, "event `go`".to_owned()));

    let run = tokio::spawn(machine.run(0).inbox(inbox).debugger(debugged).into_future());
    let mut met = Vec::new();
    for _ in 0..3 {
        met.push(why(&debugger).await);
        debugger.go_on();
    }
    tokio::time::sleep(120 * SECOND).await;
    let sent = tokio::spawn(async move { handle.send(Word("go".to_owned())).await });
    met.push(why(&debugger).await);
    assert!(!sent.is_finished(), "who sends hears of it when the run goes on");
    debugger.go_on();
    assert_eq!(
        met,
        ["something fails", "two were counted", "`bill` goes on to `done`", "event `go`"]
    );
    sent.await.expect("no panic").expect("it was accepted");
    assert!(matches!(run.await.expect("no panic").snapshot.status(), Status::Finished(_)));
}

#[test]
fn a_breakpoint_on_what_is_not_there_is_refused() {
    let machine = machine(&Told::default());
    let (debugger, _debugged) = machine.debugger();
    let refused = |breakpoint| debugger.add(breakpoint).expect_err("there is none").to_string();
    let table = [
        (Breakpoint::entered("pakc"), "there is no state `pakc`; did you mean `pack`?"),
        (Breakpoint::left("xyz"), "there is no state `xyz`"),
        (Breakpoint::event("goo"), "there is no event `goo`; did you mean `go`?"),
        (Breakpoint::transition("pack", "sent"), "no transition leads from `pack` to `sent`"),
    ];
    for (breakpoint, why) in table {
        assert_eq!(refused(breakpoint), why);
    }
    assert_eq!(debugger.breakpoints(), []);
    let unknown = Hooks::of(&machine).on_enter("bil", |_| {}).err();
    let nearest = Some("bill".to_owned());
    assert_eq!(unknown, Some(BreakpointFault::NoSuchState { name: "bil".to_owned(), nearest }));
}

#[tokio::test(start_paused = true)]
async fn a_debugged_run_does_what_it_does_alone_and_writes_the_same_journal() {
    let told = Told::default();
    let machine = machine(&told);
    let journal = MemoryJournal::new();
    let mut histories = Vec::new();
    for id in ["alone", "debugged"] {
        let first = machine.snapshot(0, 7);
        let book = journal.begin(NewRun::new(id, machine.graph()), &first).expect("a new run");
        let run = machine.resume(first).expect("its own").journal(book);
        let run = run.until_waiting(3600 * SECOND);
        let ended = match id {
            "alone" => run.await,
            _ => {
                let (debugger, debugged) = machine.debugger();
                debugger.pause();
                let run = tokio::spawn(run.debugger(debugged).into_future());
                while debugger.paused().await.is_some() {
                    debugger.step();
                }
                run.await.expect("no panic")
            }
        };
        assert!(ended.fault.is_none());
        let history = journal.read(id).expect("it was written");
        assert_eq!(history.last().replay(&machine).expect("its own"), ended.snapshot);
        let steps = history.steps(&machine).expect("its own");
        histories.push(steps.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    assert_eq!(histories[0], histories[1]);
    assert_eq!(histories[0].len(), 7);
}

#[tokio::test(start_paused = true)]
async fn hooks_hear_of_states_transitions_and_failures() {
    let told = Told::default();
    let machine = machine(&Told::default());
    let say = |word: &'static str| {
        let told = told.clone();
        move |run: &fsm_core::Snapshot<u32>| tell(&told, format!("{word} ({})", run.context()))
    };
    let (moved, failed) = (told.clone(), told.clone());
    let hooks = Hooks::of(&machine)
        .on_enter("pack", say("in pack"))
        .and_then(|hooks| hooks.on_exit("bill", say("out of bill")))
        .expect("the states are there")
        .on_transition(move |taking, _| tell(&moved, format!("{} to {}", taking.from, taking.to)))
        .on_failure(move |failing, _| {
            tell(&failed, format!("{} failed ({})", failing.state, failing.attempt));
        });
    let ended = machine.run(0).observer((hooks, Recorder::default())).await;
    assert_eq!(
        lines(&told),
        [
            "fetch failed (1)",
            "fetch to both",
            "both to pack",
            "in pack (1)",
            "both to bill",
            "pack to done",
            "out of bill (3)",
            "bill to done",
            "done to nap",
            "nap to ready",
        ]
    );
    assert_eq!(ended.observer.1.inputs.len(), 7, "both observers heard it");
}

/// The run's inputs, as an observer heard them, as a history.
async fn epoch(machine: &Machine<u32, Word>) -> Epoch<u32, Word> {
    let run = machine.run(0).observer(Recorder::default()).await;
    Epoch::from_inputs(machine, machine.snapshot(0, 0), &run.observer.inputs).expect("its own")
}

#[tokio::test(start_paused = true)]
async fn a_history_is_travelled_through_forwards_backwards_and_to_a_state() {
    let machine = machine(&Told::default());
    let epoch = epoch(&machine).await;
    let mut replay = fsm_core::journal::Replay::of(&epoch, &machine).expect("its own");
    assert_eq!((replay.number(), replay.first(), replay.last()), (0, 1, 7));
    assert_eq!(replay.stands().to_string(), "not begun");

    let mut snapshots = vec![replay.snapshot().clone()];
    while replay.step().expect("its own").is_some() {
        snapshots.push(replay.snapshot().clone());
    }
    for number in [7, 0, 3, 4, 2, 6, 6, 1] {
        replay.to(number).expect("it is there");
        assert_eq!(replay.number(), number);
        assert_eq!(replay.snapshot(), &snapshots[number as usize]);
    }
    assert!(replay.back().expect("its own"));
    assert!(!replay.back().expect("its own"), "this is the beginning");
    let why = replay.to(8).expect_err("there is none");
    assert_eq!(why.to_string(), "there is no record 8: the run has 1 to 7");

    let entered = replay.to_entered("nap").expect("there is such a state").expect("it was there");
    assert_eq!((entered.number, replay.number()), (6, 6));
    let left = replay.to_left("both").expect("there is such a state").expect("it was there");
    assert_eq!(left.number, 5, "the first branch comes to the join");
    assert_eq!(replay.to_entered("sent").expect("there is such a state"), None);
    let why = replay.to_entered("napp").expect_err("there is none").to_string();
    assert_eq!(why, "there is no state `napp`; did you mean `nap`?");
    replay.rewind();
    let found = replay.to_where(|run| *run.context() == 2).expect("its own").expect("it was so");
    assert_eq!(found.heard.to_string(), "`pack` is done");
}

#[tokio::test(start_paused = true)]
async fn inputs_of_another_run_are_no_history() {
    let machine = machine(&Told::default());
    let mut epoch = epoch(&machine).await;
    epoch.records[3].trail ^= 1;
    let mut replay = fsm_core::journal::Replay::of(&epoch, &machine).expect("its own");
    assert_eq!(replay.to(7), Err(ReplayFault::Diverged { record: 4 }));
}

/// A pause can be told, kept, and compared.
#[test]
fn a_pause_tells_all_its_reasons_in_one_line() {
    let machine = machine(&Told::default());
    let hit = PauseReason::Hit { breakpoint: 1, words: "`a` is entered".to_owned() };
    let why = vec![PauseReason::Stepped, hit];
    let pause = Pause { why, taken: 2, snapshot: machine.snapshot(0, 0) };
    assert_eq!(pause.to_string(), "one step was taken; `a` is entered");
}
