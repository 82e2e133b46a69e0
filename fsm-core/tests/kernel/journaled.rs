//! Runs with a journal: written ahead, taken up where they were, told by letters, and never replayed
//! wrongly.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use fsm_core::journal::{
    Entry, Journal, JournalError, Letter, Logbook, MemoryJournal, NewRun, ReplayFault, RunFilter,
    RunPhase, Standing,
};
use fsm_core::{
    Bindings, Fingerprint, Graph, Input, Machine, Outcome, Retry, RetryPolicy, Snapshot, Status,
};
use fsm_testkit::tally::Word;

type Told = Arc<Mutex<Vec<String>>>;

fn tell(told: &Told, line: impl Into<String>) {
    told.lock().expect("nobody panics with it").push(line.into());
}

fn lines(told: &Told) -> Vec<String> {
    told.lock().expect("nobody panics with it").clone()
}

/// `a`, `b`, and `c` one after the other; `b` fails once and is tried again, then there is a pause.
fn errand() -> Graph {
    let mut graph = Graph::builder("errand");
    graph.activity("a");
    graph.activity("b").retry(RetryPolicy::new(2).delay(Duration::from_secs(5)));
    graph.delay("pause", Duration::from_secs(60));
    graph.activity("c");
    graph.final_state("end");
    graph.final_state("lost");
    graph.transition("a", "b").done();
    graph.transition("b", "pause").done();
    graph.transition("pause", "c").done();
    graph.transition("c", "end").done();
    for state in ["a", "b", "c"] {
        graph.transition(state, "lost").failed();
    }
    graph.initial("a").build().expect("the errand is sound")
}

/// The errand's work: each piece takes two seconds, says when it begins and when it is done.
fn machine(told: &Told) -> Machine<u32, Word> {
    let mut bindings = Bindings::new();
    for name in ["a", "b", "c"] {
        let told = told.clone();
        bindings = bindings.activity(name, move |_, visit| {
            let (told, attempt) = (told.clone(), visit.attempt);
            async move {
                tell(&told, format!("{name} begins ({attempt})"));
                tokio::time::sleep(Duration::from_secs(2)).await;
                if name == "b" && attempt == 1 {
                    return Outcome::Failed { event: None, retry: Retry::Allowed(None) };
                }
                tell(&told, format!("{name} done"));
                Outcome::done()
            }
        });
    }
    Machine::bind(errand(), bindings).expect("all is bound")
}

/// A book that takes three seconds to make anything durable, and fails at an entry of choice.
struct Slow {
    told: Told,
    entries: u32,
    fails_at: Option<u32>,
    sync: Option<std::pin::Pin<Box<tokio::time::Sleep>>>,
}

impl Slow {
    fn new(told: &Told) -> Box<Self> {
        Box::new(Self { told: told.clone(), entries: 0, fails_at: None, sync: None })
    }
}

impl<C> Logbook<C, Word> for Slow {
    fn append(&mut self, entry: Entry<'_, C, Word>) {
        self.entries += 1;
        let what = match entry.input {
            Input::Start => "start",
            Input::Event(_) => "event",
            Input::Outcome { .. } => "outcome",
            Input::Timer(_) => "timer",
            Input::Cancel => "cancel",
        };
        tell(&self.told, format!("written: {what}"));
        self.sync.get_or_insert_with(|| Box::pin(tokio::time::sleep(Duration::from_secs(3))));
    }

    fn poll_durable(&mut self, task: &mut Context<'_>) -> Poll<Result<(), JournalError>> {
        let Some(sync) = &mut self.sync else { return Poll::Ready(Ok(())) };
        if sync.as_mut().poll(task).is_pending() {
            return Poll::Pending;
        }
        self.sync = None;
        if self.fails_at == Some(self.entries) {
            let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
            return Poll::Ready(Err(JournalError::storage("be written", full)));
        }
        tell(&self.told, "durable");
        Poll::Ready(Ok(()))
    }

    fn poll_letter(&mut self, _: &mut Context<'_>) -> Poll<Letter<Word>> {
        Poll::Pending
    }

    fn stand(&mut self, _: Standing<'_>, _: &Snapshot<C>) {}

    fn carry_over(&mut self, _: Fingerprint, _: &str, _: &Snapshot<C>) {}
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_before_what_led_to_it_is_durable() {
    let told = Told::default();
    let ended = machine(&told).run(0).journal(Slow::new(&told)).await;
    assert!(matches!(ended.snapshot.status(), Status::Finished(_)));
    let expected = [
        "written: start",
        "durable",
        "a begins (1)",
        "a done",
        "written: outcome",
        "durable",
        "b begins (1)",
        // Waiting begins nothing: nobody waits for the disk.
        "written: outcome",
        "written: timer",
        "durable",
        "b begins (2)",
        "b done",
        "written: outcome",
        "written: timer",
        "durable",
        "c begins (1)",
        "c done",
        "written: outcome",
        "durable",
    ];
    assert_eq!(lines(&told), expected);
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_fails_ends_the_drive_and_nothing_more_begins() {
    let told = Told::default();
    let mut book = Slow::new(&told);
    book.fails_at = Some(2);
    let ended = machine(&told).run(0).journal(book).await;
    let fault = ended.fault.expect("the journal failed");
    assert!(fault.to_string().starts_with("the journal can't be written: "), "{fault}");
    assert_eq!(lines(&told).last().map(String::as_str), Some("written: outcome"));
    assert!(!lines(&told).iter().any(|line| line.starts_with("b begins")));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_dies_at_any_second_is_taken_up_and_does_nothing_twice_that_was_done() {
    for seconds in 0..75 {
        let told = Told::default();
        let machine = machine(&told);
        let journal = MemoryJournal::new();
        let first = machine.snapshot(0, 7);
        let book = journal.begin(NewRun::new("one", machine.graph()), &first).expect("it is new");
        let run = machine.resume(first).expect("it is whole").journal(book);
        // Dies between two seconds, not with one of the pauses.
        let life = Duration::from_millis(seconds * 1_000 + 500);
        let began = tokio::time::Instant::now();
        let died = tokio::time::timeout(life, run.drive()).await.is_err();
        if died {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let taken_up = journal.take_up("one").expect("nobody drives it");
            let snapshot = taken_up.history.last().replay(&machine).expect("it is replayed");
            let run = machine.resume(snapshot).expect("it is whole").journal(taken_up.book);
            let ended = run.await;
            assert!(matches!(ended.snapshot.status(), Status::Finished(_)));
        }
        let (told, done) = (lines(&told), |line: &&String| line.ends_with("done"));
        let done: Vec<_> = told.iter().filter(done).collect();
        assert_eq!(done, ["a done", "b done", "c done"], "died after {seconds} s");
        // The pauses are points in time: dying in one of them costs nothing.
        if (5..8).contains(&seconds) || (12..69).contains(&seconds) {
            assert!(began.elapsed() < Duration::from_millis(73_100), "{:?}", began.elapsed());
        }
        let info = journal.info("one").expect("it is there");
        let ended = RunPhase::Over { outcome: "end".into(), result: String::new() };
        assert_eq!((info.phase, info.driver), (ended, None));
    }
}

#[tokio::test(start_paused = true)]
async fn work_that_must_not_be_done_twice_ends_as_it_says_before_anything_is_started_again() {
    let mut graph = Graph::builder("pay and note");
    graph.fork("fork", "join");
    graph.join("join", fsm_core::JoinRule::All);
    for state in ["pay", "note"] {
        graph.activity(state).within("fork");
        graph.transition("fork", state);
        graph.transition(state, "join").done();
    }
    graph.final_state("in doubt");
    graph.final_state("end");
    graph.transition("pay", "in doubt").failed();
    graph.transition("join", "end");
    let graph = graph.initial("fork").build().expect("it is sound");
    let begun = Arc::new(AtomicU32::new(0));
    let begins = begun.clone();
    let bindings = Bindings::<(), Word>::new()
        .activity("pay", |_, _| std::future::pending())
        .activity("note", move |_, _| {
            begins.fetch_add(1, Ordering::Relaxed);
            std::future::pending()
        })
        .interrupted("pay", |_, visit| {
            assert_eq!((visit.name, visit.attempt), ("pay", 1));
            Some(Outcome::failed())
        });
    let machine = Machine::bind(graph, bindings).expect("all is bound");
    let journal = MemoryJournal::new();
    let first = machine.snapshot((), 0);
    let book = journal.begin(NewRun::new("one", machine.graph()), &first).expect("it is new");
    let run = machine.resume(first).expect("it is whole").journal(book);
    assert!(tokio::time::timeout(Duration::from_secs(1), run.drive()).await.is_err());
    assert_eq!(begun.load(Ordering::Relaxed), 1);

    let taken_up = journal.take_up("one").expect("nobody drives it");
    let snapshot = taken_up.history.last().replay(&machine).expect("it is replayed");
    let ended = machine.resume(snapshot).expect("whole").journal(taken_up.book).await;
    let doubt = machine.graph().state("in doubt").expect("it is declared");
    assert_eq!(ended.snapshot.status(), Status::Finished(doubt));
    assert_eq!(begun.load(Ordering::Relaxed), 1, "what was left with it is not started again");
    let history = journal.read("one").expect("it is there");
    assert_eq!(history.last().replay(&machine), Ok(ended.snapshot), "the end is in the journal");
}

#[tokio::test(start_paused = true)]
async fn what_came_due_meanwhile_is_heard_before_a_retry_that_came_due_begins() {
    let mut graph = Graph::builder("late");
    graph.composite("in time", "call");
    graph
        .activity("call")
        .retry(RetryPolicy::new(9).delay(Duration::from_secs(4)))
        .within("in time");
    graph.final_state("end");
    graph.final_state("late");
    graph.transition("call", "end").done();
    graph.transition("call", "end").failed();
    graph.transition("in time", "late").after(Duration::from_secs(60));
    let graph = graph.initial("in time").build().expect("it is sound");
    let begun = Arc::new(AtomicU32::new(0));
    let begins = begun.clone();
    let bindings = Bindings::<(), Word>::new().activity("call", move |_, _| {
        begins.fetch_add(1, Ordering::Relaxed);
        async { Outcome::Failed { event: None, retry: Retry::Allowed(None) } }
    });
    let machine = Machine::bind(graph, bindings).expect("all is bound");
    let ended = machine.run(()).until_waiting(Duration::ZERO).await;
    assert_eq!((ended.snapshot.status(), begun.load(Ordering::Relaxed)), (Status::Running, 1));

    tokio::time::sleep(Duration::from_secs(100)).await;
    let ended = machine.resume(ended.snapshot).expect("it is whole").await;
    let late = machine.graph().state("late").expect("it is declared");
    assert_eq!(ended.snapshot.status(), Status::Finished(late));
    assert_eq!(begun.load(Ordering::Relaxed), 1, "the retry was due, too, and not begun");
}

/// Waits for `go`, then for `stop`.
fn listener() -> Machine<u32, Word> {
    let mut graph = Graph::builder("listener");
    graph.simple("first");
    graph.delay("nap", Duration::from_secs(5));
    graph.simple("second");
    graph.final_state("end");
    graph.transition("first", "nap").on("go");
    graph.transition("nap", "second").done();
    graph.transition("second", "end").on("stop");
    let graph = graph.initial("first").build().expect("it is sound");
    Machine::bind(graph, Bindings::new()).expect("there is nothing to bind")
}

fn word(text: &str) -> Input<Word> {
    Input::Event(Word(text.into()))
}

#[tokio::test(start_paused = true)]
async fn a_letter_waits_until_the_run_accepts_it_and_is_taken_once() {
    let machine = listener();
    let journal = MemoryJournal::new();
    let first = machine.snapshot(0, 0);
    let book = journal.begin(NewRun::new("one", machine.graph()), &first).expect("it is new");
    journal.post("one", &word("stop")).expect("it is under way");
    journal.post("one", &word("go")).expect("it is under way");
    let ended = machine.resume(first).expect("it is whole").journal(book).await;
    assert!(matches!(ended.snapshot.status(), Status::Finished(_)));
    assert_eq!(journal.posted_after(0).expect("it is read"), []);
    let refused = journal.post("one", &word("go")).expect_err("it is over");
    assert_eq!(refused.to_string(), "run `one` is over (end)");
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_came_too_early_is_the_first_to_be_taken_once_the_run_accepts_it() {
    let mut graph = Graph::builder("listener");
    for state in ["first", "second", "third"] {
        graph.simple(state);
    }
    graph.final_state("end");
    graph.transition("first", "second").on("go");
    graph.transition("second", "third").on("stop");
    graph.transition("third", "end").on("never");
    let graph = graph.initial("first").build().expect("it is sound");
    let machine = Machine::<u32, Word>::bind(graph, Bindings::new()).expect("nothing to bind");
    let third = machine.graph().state("third").expect("it is declared");
    for (posted, left) in [
        (&["stop", "go"][..], &[][..]),
        (&["stop", "go", "other"][..], &[3][..]),
        (&["stop", "go", "stop"][..], &[3][..]),
        (&["stop", "other", "stop", "go"][..], &[2, 3][..]),
    ] {
        let journal = MemoryJournal::new();
        let run = machine.snapshot(0, 0);
        let book = journal.begin(NewRun::new("one", machine.graph()), &run).expect("it is new");
        for text in posted {
            journal.post("one", &word(text)).expect("it is under way");
        }
        let run = machine.resume(run).expect("it is whole").journal(book);
        let ended = run.until_waiting(Duration::from_secs(1)).await;
        assert!(ended.snapshot.is_at(third), "{posted:?}");
        let letters = journal.posted_after(0).expect("it is read");
        let numbers: Vec<u64> = letters.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, left, "{posted:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_need_not_be_waited_for_goes_on_later_at_its_point_in_time() {
    let machine = listener();
    let journal = MemoryJournal::new();
    let first = machine.snapshot(0, 0);
    let book = journal.begin(NewRun::new("one", machine.graph()), &first).expect("it is new");
    let run = machine.resume(first).expect("it is whole").journal(book);
    let ended = run.until_waiting(Duration::from_secs(1)).await;
    assert_eq!(ended.snapshot.status(), Status::Running);
    let waiting = journal.list(&RunFilter { status: vec!["waiting".into()], ..RunFilter::all() });
    let waiting = waiting.expect("it is read");
    let phase = RunPhase::Waiting { until: None, awaits: vec!["go".into()] };
    assert_eq!(waiting[0].phase, phase);

    journal.post("one", &word("go")).expect("it waits");
    let taken_up = journal.take_up("one").expect("nobody drives it");
    let snapshot = taken_up.history.last().replay(&machine).expect("it is replayed");
    let run = machine.resume(snapshot).expect("it is whole").journal(taken_up.book);
    let ended = run.until_waiting(Duration::from_secs(1)).await;
    let until = machine.timers(&ended.snapshot)[0].at;
    let phase = RunPhase::Waiting { until: Some(until), awaits: vec![] };
    assert_eq!(journal.info("one").expect("it is there").phase, phase);
}

#[tokio::test(start_paused = true)]
async fn a_letter_can_end_a_run() {
    let machine = listener();
    let journal = MemoryJournal::new();
    let first = machine.snapshot(0, 0);
    let book = journal.begin(NewRun::new("one", machine.graph()), &first).expect("it is new");
    let run = machine.resume(first).expect("it is whole").journal(book).drive();
    let end = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        journal.post("one", &Input::Cancel).expect("it is under way");
    };
    let (ended, ()) = tokio::join!(run, end);
    assert_eq!(ended.snapshot.status(), Status::Cancelled);
}

#[test]
fn a_run_that_would_go_another_way_now_is_not_replayed() {
    let choose = |heads: bool| {
        let mut graph = Graph::builder("choice");
        graph.choice("toss");
        graph.final_state("heads");
        graph.final_state("tails");
        graph.transition("toss", "heads").guard("heads");
        graph.transition("toss", "tails");
        let graph = graph.initial("toss").build().expect("it is sound");
        let bindings = Bindings::<(), Word>::new().guard("heads", move |_, _| heads);
        Machine::bind(graph, bindings).expect("all is bound")
    };
    let (then, now) = (choose(true), choose(false));
    let journal = MemoryJournal::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("there is a runtime").block_on(async {
        let first = then.snapshot((), 0);
        let book = journal.begin(NewRun::new("one", then.graph()), &first).expect("it is new");
        then.resume(first).expect("it is whole").journal(book).await;
    });
    let history = journal.read("one").expect("it is there");
    assert!(history.last().replay(&then).is_ok());
    assert_eq!(history.last().replay(&now), Err(ReplayFault::Diverged { record: 1 }));
}

#[test]
fn a_key_stands_for_one_run_that_is_under_way_or_completed() {
    let machine = listener();
    let journal = MemoryJournal::<u32, Word>::new();
    let first = machine.snapshot(0, 0);
    let new = |id: &'static str| NewRun::new(id, machine.graph()).key(Some("order 7"));
    let mut book = journal.begin(new("one"), &first).expect("it is new");
    let taken = journal.begin(new("two"), &first).err().expect("the key is taken");
    assert_eq!(taken.to_string(), "run `one` of `listener` has the key `order 7`");
    book.stand(Standing::Over { outcome: "failed", result: "" }, &first);
    assert!(journal.begin(new("two"), &first).is_ok());
    let again = journal.begin(new("two"), &first).err().expect("the id is taken");
    assert_eq!(again.to_string(), "there is a run `two` in the journal already");
}
