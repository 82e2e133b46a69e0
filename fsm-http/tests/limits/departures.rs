//! What counts is when requests leave: late, out of order, never, or not told at all.

use std::sync::{Arc, Mutex};

use fsm_http::caller::Caller;
use fsm_http::limit::Turn;
use fsm_http::{Call, Departure, MemoryTransport, Reply};
use proptest::prelude::*;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{advance, sleep, sleep_until};

use super::*;

/// A turn at one bucket for a request that leaves later, and its departure.
fn turn(bucket: &Bucket, weight: u32) -> (Turn, Departure) {
    let (buckets, departure): (Arc<[Bucket]>, _) =
        (Arc::new([bucket.clone()]), Departure::default());
    let turn = Turn::new(&buckets, count(weight)).expect("it fits").departing(departure.clone());
    departure.hold();
    (turn, departure)
}

/// A turn that is taken now.
fn taken(bucket: &Bucket) -> (Turn, Departure) {
    let (mut turn, departure) = turn(bucket, 1);
    turn.take().expect("room");
    (turn, departure)
}

/// How long a newcomer is told to wait.
fn next(bucket: &Bucket) -> u128 {
    bucket.status().next.as_millis()
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[tokio::test(start_paused = true)]
async fn a_request_that_has_not_left_takes_its_place_until_a_window_after_it_has() {
    let bucket = bucket(2, 1_000);
    let (_first, departure) = taken(&bucket);
    advance(ms(600)).await;
    bucket.try_acquire(count(1)).expect("room for two");
    assert_eq!(next(&bucket), 1_000, "the first may leave now, and the second did");
    advance(ms(700)).await;
    assert_eq!(next(&bucket), 300, "when the second has left the window");
    departure.depart();
    advance(ms(300)).await;
    bucket.try_acquire(count(1)).expect("only the first is in the window");
    assert_eq!(next(&bucket), 700, "when the first has left it");
    advance(ms(700)).await;
    bucket.try_acquire(count(1)).expect("the first has left it");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_hangs_takes_one_place_and_not_the_turn_of_others() {
    let bucket = bucket(5, 1_000);
    let (_hangs, _departure) = taken(&bucket);
    let start = Instant::now();
    for number in 0..40 {
        bucket.acquire(count(1)).await.expect("it fits");
        assert_eq!(start.elapsed(), Duration::from_secs(number / 4));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_called_off_was_never_there_and_who_sleeps_is_served_at_once() {
    let bucket = bucket(1, 60_000);
    let (turn, departure) = taken(&bucket);
    let start = Instant::now();
    let waits = tokio::spawn({
        let bucket = bucket.clone();
        async move { bucket.acquire(count(1)).await.map(|()| start.elapsed()) }
    });
    sleep(ms(5)).await;
    assert!(!waits.is_finished());
    drop(turn);
    assert_eq!(waits.await.expect("no panic"), Ok(ms(5)));
    assert!(!departure.may_have_left());
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_dropped_after_the_departure_gives_nothing_back() {
    let bucket = bucket(1, 1_000);
    let (turn, departure) = taken(&bucket);
    departure.depart();
    drop(turn);
    assert_eq!(next(&bucket), 1_000);
}

#[tokio::test(start_paused = true)]
async fn a_status_counts_what_may_still_leave() {
    let bucket = bucket(3, 1_000);
    let (first, departure) = taken(&bucket);
    let (second, _) = taken(&bucket);
    advance(ms(5_000)).await;
    let status = bucket.status();
    assert_eq!((status.remaining, status.reset), (Some(1), ms(1_000)));
    departure.depart();
    drop((first, second));
    advance(ms(400)).await;
    let status = bucket.status();
    assert_eq!((status.remaining, status.reset), (Some(2), ms(600)));
}

/// What a server sees of calls that are made at once, in milliseconds: `delay` says how long the
/// connection for the n-th of them takes.
async fn seen(
    calls: u64,
    rate: Rate,
    delay: impl Fn(u64) -> u64 + Send + Sync + 'static,
) -> Vec<u64> {
    let (start, seen) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
    let server = MemoryTransport::replying({
        let seen = seen.clone();
        move |_| {
            let mut seen = seen.lock().expect("no panic");
            let delay = ms(delay(seen.len() as u64));
            seen.push(u64::try_from((start.elapsed() + delay).as_millis()).expect("small"));
            Reply::text("hello").connecting_for(delay).after(ms(10))
        }
    });
    let caller = Caller::new("test", Arc::new(server)).bucket(Bucket::new([rate]));
    let mut all = JoinSet::new();
    for _ in 0..calls {
        let caller = caller.clone();
        all.spawn(async move {
            let call = Call::new(http::Method::GET, "http://a.test/".parse().expect("a url"));
            caller.call(&call).await.expect("an answer");
        });
        yield_now().await;
    }
    all.join_all().await;
    let mut seen = seen.lock().expect("no panic").clone();
    seen.sort_unstable();
    seen
}

#[tokio::test(start_paused = true)]
async fn connections_that_take_half_a_window_do_not_let_two_windows_arrive_at_once() {
    // Counted at the grant, the server got ten within half a second.
    let seen = seen(15, rate(5, 1_000), |number| if number < 5 { 500 } else { 0 }).await;
    assert_eq!(seen, [[500; 5], [1_500; 5], [2_500; 5]].concat());
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_requests_leave_at_once_loses_none_of_its_rate() {
    let seen = seen(100, rate(10, 1_000), |_| 0).await;
    let expected: Vec<u64> = (0..100).map(|number| number / 10 * 1_000).collect();
    assert_eq!(seen, expected);
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Departs,
    /// The turn is dropped while the request is here.
    CalledOff,
    /// It has no departure, and leaves as it is granted.
    AtOnce,
}

fn requests() -> impl Strategy<Value = Vec<(u64, u32, u64, Fate, bool)>> {
    let after = prop_oneof![3 => Just(0), 2 => 0_u64..50, 1 => 0_u64..1_000];
    let delay = prop_oneof![2 => Just(0), 2 => 0_u64..20, 1 => 0_u64..3_000];
    let fate =
        prop_oneof![4 => Just(Fate::Departs), 1 => Just(Fate::CalledOff), 1 => Just(Fate::AtOnce)];
    prop::collection::vec((after, 1_u32..5, delay, fate, any::<bool>()), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_window_ever_sees_more_leave_than_its_limit(
        rates in prop::collection::vec((1_u32..12, 1_u64..2_000), 1..4),
        requests in requests(),
    ) {
        let rates: Vec<Rate> = rates.into_iter().map(|(limit, window)| rate(limit, window)).collect();
        let heaviest = rates.iter().map(|rate| rate.heaviest().get()).min().expect("a rate");
        let bucket = Bucket::new(rates.clone());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let (mut left, expected) = runtime.block_on(async {
            let (mut all, mut expected) = (JoinSet::new(), 0);
            for (after, weight, delay, fate, sleeps) in requests {
                sleep(ms(after)).await;
                expected += usize::from(!matches!(fate, Fate::CalledOff));
                let weight = weight.min(heaviest);
                let buckets: Arc<[Bucket]> = Arc::new([bucket.clone()]);
                all.spawn(async move {
                    let mut turn = Turn::new(&buckets, count(weight)).expect("it fits");
                    let departure = Departure::default();
                    if !matches!(fate, Fate::AtOnce) {
                        turn = turn.departing(departure.clone());
                    }
                    if sleeps {
                        turn.wait().await;
                    } else {
                        while let Err(not_yet) = turn.take() {
                            assert!(not_yet.at > Instant::now());
                            sleep_until(not_yet.at).await;
                        }
                    }
                    match fate {
                        Fate::AtOnce => Some((Instant::now(), weight)),
                        Fate::CalledOff => {
                            sleep(ms(delay)).await;
                            None
                        }
                        Fate::Departs => {
                            departure.hold();
                            sleep(ms(delay)).await;
                            departure.depart();
                            Some((Instant::now(), weight))
                        }
                    }
                });
                yield_now().await;
            }
            let left: Vec<Grant> = all.join_all().await.into_iter().flatten().collect();
            (left, expected)
        });
        prop_assert_eq!(left.len(), expected, "everybody is served");
        left.sort_unstable();
        for rate in &rates {
            let fullest = fullest(&left, rate.window());
            prop_assert!(fullest <= u64::from(rate.limit().get()), "{fullest} in {rate:?}: {left:?}");
        }
        prop_assert_eq!(bucket.status().waiting, 0);
    }
}
