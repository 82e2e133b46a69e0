//! Breakers from outside: under paused time, from many tasks and threads, and against a model.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use proptest::prelude::*;
use tokio::time::{Instant, advance, sleep, timeout};

use super::{BreakerError, BreakerState, Breakers, CircuitBreaker, Verdict};

const TIMEOUT: Duration = Duration::from_secs(30);

fn breaker(threshold: u32) -> CircuitBreaker {
    CircuitBreaker::new(count(threshold), TIMEOUT)
}

fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("tests count from one")
}

/// Lets as many calls fail as it takes.
fn open(breaker: &CircuitBreaker) {
    while !breaker.permit().expect("the breaker is closed").fail("503") {}
}

#[tokio::test(start_paused = true)]
async fn it_opens_after_as_many_failures_in_a_row_as_the_threshold_says() {
    let breaker = breaker(3);
    let fail = |why: &str| breaker.permit().expect("closed").fail(why);
    assert!(!fail("first"));
    assert!(!fail("second"));
    assert_eq!(breaker.state(), BreakerState::Closed { failures: 2 });
    breaker.permit().expect("closed").succeed();
    assert_eq!(breaker.state(), BreakerState::Closed { failures: 0 });
    assert!(!fail("first again"));
    assert!(!fail("second again"));
    assert!(fail("third"));
    assert_eq!(breaker.state(), BreakerState::Open { probes_at: Instant::now() + TIMEOUT });
    assert_eq!(breaker.openings(), 1);

    sleep(Duration::from_secs(18)).await;
    let refused = breaker.check().expect_err("open");
    assert_eq!(refused, breaker.permit().expect_err("open"));
    assert_eq!(
        refused.to_string(),
        "the circuit is open after 3 failures in a row; it is tried again in 12 s; \
         the last one: third"
    );
}

#[tokio::test(start_paused = true)]
async fn of_ten_callers_at_half_open_one_goes() {
    let breaker = breaker(1);
    open(&breaker);
    advance(TIMEOUT - Duration::from_millis(1)).await;
    assert!(breaker.permit().is_err(), "a moment too early");
    advance(Duration::from_millis(1)).await;
    assert_eq!(breaker.state(), BreakerState::HalfOpen { probing: false });
    assert!((0..10).all(|_| breaker.check().is_ok()), "checking takes nothing");

    let sent = AtomicUsize::new(0);
    let calls = (0..10).map(|_| {
        breaker.call(async {
            sent.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_secs(1)).await;
            Ok::<_, &str>(())
        })
    });
    let ends = join_all(calls).await;
    assert_eq!(sent.into_inner(), 1);
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1);
    for refused in ends.into_iter().filter_map(Result::err) {
        let BreakerError::Open(open) = refused else { panic!("{refused:?}") };
        assert_eq!(open.probes_in, None);
    }
    assert_eq!(breaker.state(), BreakerState::Closed { failures: 0 });
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_opens_anew_and_the_row_goes_on() {
    let breaker = breaker(2);
    open(&breaker);
    sleep(TIMEOUT).await;
    assert!(breaker.permit().expect("the probe").fail("still down"), "it opened");
    assert_eq!(breaker.openings(), 2);
    let refused = breaker.permit().expect_err("open anew");
    assert_eq!((refused.failures, refused.probes_in), (3, Some(TIMEOUT)));
    assert_eq!(refused.last_error.as_deref(), Some("still down"));

    sleep(TIMEOUT).await;
    breaker.permit().expect("the probe").succeed();
    assert_eq!(breaker.state(), BreakerState::Closed { failures: 0 });
    assert!(!breaker.permit().expect("closed").fail("one is not enough"));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_cancelled_gives_its_permit_back() {
    let breaker = breaker(1);
    open(&breaker);
    sleep(TIMEOUT).await;
    let endless = breaker.call(std::future::pending::<Result<(), &str>>());
    timeout(Duration::from_secs(5), endless).await.expect_err("it has no end");
    assert_eq!(breaker.state(), BreakerState::HalfOpen { probing: false });
    assert_eq!(breaker.openings(), 1, "a cancelled probe opens nothing");
    assert_eq!(breaker.call(async { Ok::<_, &str>("back") }).await, Ok("back"));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_cancelled_counts_neither_way() {
    let breaker = breaker(3);
    breaker.permit().expect("closed").fail("first");
    drop(breaker.permit().expect("closed"));
    assert_eq!(breaker.state(), BreakerState::Closed { failures: 1 });
}

#[tokio::test(start_paused = true)]
async fn what_a_call_from_an_earlier_life_says_changes_nothing() {
    let breaker = breaker(1);
    let old = || breaker.permit().expect("closed");
    let (success, failure, cancelled, late, later) = (old(), old(), old(), old(), old());
    open(&breaker);
    success.succeed();
    assert!(matches!(breaker.state(), BreakerState::Open { .. }), "an old success closes nothing");
    assert!(!failure.fail("old"));
    assert_eq!(breaker.openings(), 1);

    sleep(TIMEOUT).await;
    let probe = breaker.permit().expect("the probe");
    drop(cancelled);
    assert_eq!(breaker.state(), BreakerState::HalfOpen { probing: true }, "not its probe");
    assert!(!late.fail("old"));
    assert_eq!(breaker.check().expect_err("probing").last_error.as_deref(), Some("503"));
    probe.succeed();
    assert!(!later.fail("older still"));
    assert_eq!(breaker.state(), BreakerState::Closed { failures: 0 });
}

#[tokio::test(start_paused = true)]
async fn a_reset_forgets_everything_but_how_often_it_opened() {
    let breaker = breaker(1);
    let before = breaker.permit().expect("closed");
    open(&breaker);
    breaker.reset();
    assert_eq!(breaker.state(), BreakerState::Closed { failures: 0 });
    assert!(!before.fail("from before"), "what is under way is ignored");
    assert_eq!((breaker.check(), breaker.openings()), (Ok(()), 1));
}

#[tokio::test(start_paused = true)]
async fn an_error_that_shows_a_living_service_ends_a_row_and_closes_at_a_probe() {
    let breaker = breaker(2);
    let call = |status: u16| {
        breaker.call_judging(async move { Err::<(), _>(status) }, |status| match status {
            0 => Verdict::Unknown,
            404 => Verdict::Alive,
            _ => Verdict::Failing,
        })
    };
    assert_eq!(call(503).await, Err(BreakerError::Failed(503)));
    assert_eq!(call(0).await, Err(BreakerError::Failed(0)));
    assert_eq!(breaker.state(), BreakerState::Closed { failures: 1 });
    assert_eq!(call(404).await, Err(BreakerError::Failed(404)));
    assert_eq!(breaker.state(), BreakerState::Closed { failures: 0 });
    open(&breaker);
    sleep(TIMEOUT).await;
    assert_eq!(call(0).await, Err(BreakerError::Failed(0)));
    assert_eq!(breaker.state(), BreakerState::HalfOpen { probing: false });
    assert_eq!(call(404).await, Err(BreakerError::Failed(404)));
    assert_eq!(breaker.state(), BreakerState::Closed { failures: 0 });
}

#[tokio::test(start_paused = true)]
async fn a_timeout_beyond_all_clocks_keeps_it_open() {
    let breaker = CircuitBreaker::new(count(1), Duration::MAX);
    open(&breaker);
    sleep(Duration::from_secs(1_000_000)).await;
    assert!(breaker.check().expect_err("open").probes_in > Some(Duration::from_secs(900_000_000)));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_nothing_probes_at_once() {
    let breaker = CircuitBreaker::new(count(1), Duration::ZERO);
    open(&breaker);
    let probe = breaker.permit().expect("the probe");
    assert!(breaker.permit().is_err(), "but one at a time");
    probe.succeed();
    assert!(breaker.check().is_ok());
}

#[test]
fn a_panic_within_a_call_frees_the_probe() {
    let breaker = CircuitBreaker::new(count(1), Duration::ZERO);
    open(&breaker);
    let probe = breaker.clone();
    std::thread::spawn(move || {
        let _permit = probe.permit().expect("the probe");
        panic!("this panic is meant");
    })
    .join()
    .expect_err("it panicked");
    assert_eq!(breaker.state(), BreakerState::HalfOpen { probing: false });
}

#[test]
fn threads_that_ask_at_once_get_one_probe_between_them() {
    let breaker = CircuitBreaker::new(count(1), Duration::ZERO);
    let (probing, probes) = (AtomicUsize::new(0), AtomicUsize::new(0));
    open(&breaker);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (breaker, probing, probes) = (&breaker, &probing, &probes);
            scope.spawn(move || {
                for turn in 0..2_000 {
                    // While the breaker never closes, whoever has a permit is the probe.
                    let Ok(permit) = breaker.permit() else { continue };
                    assert_eq!(probing.fetch_add(1, Ordering::SeqCst), 0, "two probes at once");
                    probes.fetch_add(1, Ordering::SeqCst);
                    std::hint::spin_loop();
                    probing.fetch_sub(1, Ordering::SeqCst);
                    if (thread + turn) % 3 == 0 {
                        drop(permit)
                    } else {
                        assert!(permit.fail("down"))
                    }
                }
            });
        }
    });
    assert!(probes.into_inner() > 100, "hardly anybody probed");
}

#[test]
fn failures_of_many_threads_are_all_counted() {
    let breaker = breaker(8_000);
    let opened = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..1_000 {
                    let permit = breaker.permit().expect("closed until the last one failed");
                    opened.fetch_add(usize::from(permit.fail("down")), Ordering::Relaxed);
                }
            });
        }
    });
    assert!(matches!(breaker.state(), BreakerState::Open { .. }));
    assert_eq!((opened.into_inner(), breaker.openings()), (1, 1));
}

#[test]
fn breakers_are_kept_by_flow_and_endpoint_as_long_as_their_settings_are_the_same() {
    let breakers = Breakers::new();
    let get = |flow: &str, endpoint: &str, threshold| {
        breakers.clone().get_or_insert(flow, endpoint, count(threshold), TIMEOUT)
    };
    open(&get("orders", "pay", 1));
    assert!(get("orders", "pay", 1).check().is_err(), "the same breaker");
    assert!(get("orders", "ship", 1).check().is_ok());
    assert!(get("returns", "pay", 1).check().is_ok());
    assert!(get("orders", "pay", 2).check().is_ok(), "a changed flow begins anew");
    assert!(breakers.get("orders", "pay").expect("kept").check().is_ok());
    assert!(breakers.get("orders", "refund").is_none());
}

#[test]
fn threads_that_ask_for_the_same_breaker_get_the_same() {
    let breakers = Breakers::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let breaker = breakers.get_or_insert("orders", "pay", count(8), TIMEOUT);
                breaker.permit().expect("closed").fail("down");
            });
        }
    });
    assert!(breakers.get("orders", "pay").expect("made").check().is_err());
}

/// What a caller may do at any time.
#[derive(Debug, Clone)]
enum Step {
    Ask,
    Succeed(prop::sample::Index),
    Fail(prop::sample::Index),
    Drop(prop::sample::Index),
    Sleep(u64),
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    let any = any::<prop::sample::Index>;
    prop_oneof![
        4 => Just(Step::Ask),
        1 => any().prop_map(Step::Succeed),
        4 => any().prop_map(Step::Fail),
        1 => any().prop_map(Step::Drop),
        2 => (0..40_u64).prop_map(Step::Sleep),
        1 => Just(Step::Reset),
    ]
}

proptest! {
    /// Against the promise itself: permits that were given since the breaker opened and have no
    /// verdict yet are at most one until it is closed again, and none is given before its time.
    #[test]
    fn there_are_never_two_probes_at_once(steps in prop::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let breaker = breaker(2);
            // Each permit with its number, and the number of the one that is the probe.
            let mut permits = Vec::new();
            let mut probe = None;
            let mut id = 0;
            for step in steps {
                let before = breaker.state();
                match step {
                    Step::Ask => {
                        let checked = breaker.check();
                        let permit = breaker.permit();
                        assert_eq!(checked.is_ok(), permit.is_ok(), "check and permit differ");
                        match (before, permit) {
                            (BreakerState::Closed { .. }, permit) => {
                                permits.push((id, permit.expect("closed lets all go")));
                            }
                            (BreakerState::HalfOpen { probing: false }, permit) => {
                                assert_eq!(probe, None, "two probes at once");
                                probe = Some(id);
                                permits.push((id, permit.expect("the probe is free")));
                            }
                            (BreakerState::Open { probes_at }, Err(refused)) => {
                                let wait = probes_at - Instant::now();
                                assert_eq!(refused.probes_in, Some(wait));
                            }
                            (BreakerState::HalfOpen { probing: true }, Err(refused)) => {
                                assert!(probe.is_some(), "the probe was lost");
                                assert_eq!(refused.probes_in, None);
                            }
                            (state, Ok(_)) => panic!("a permit in {state:?}"),
                        }
                        id += 1;
                    }
                    Step::Succeed(index) | Step::Fail(index) | Step::Drop(index)
                        if !permits.is_empty() =>
                    {
                        let (id, permit) = permits.swap_remove(index.index(permits.len()));
                        let is_probe = probe == Some(id);
                        if is_probe {
                            probe = None;
                        }
                        match step {
                            Step::Succeed(_) => permit.succeed(),
                            Step::Fail(_) => {
                                let opened = permit.fail("down");
                                assert!(opened || !is_probe, "a failed probe opens");
                            }
                            Step::Drop(_) => drop(permit),
                            Step::Ask | Step::Sleep(_) | Step::Reset => unreachable!("matched"),
                        }
                    }
                    Step::Succeed(_) | Step::Fail(_) | Step::Drop(_) => {}
                    Step::Sleep(seconds) => advance(Duration::from_secs(seconds)).await,
                    Step::Reset => {
                        breaker.reset();
                        probe = None;
                        assert_eq!(breaker.state(), BreakerState::Closed { failures: 0 });
                    }
                }
                let probing = breaker.state() == BreakerState::HalfOpen { probing: true };
                assert_eq!(probing, probe.is_some());
            }
        });
    }
}
