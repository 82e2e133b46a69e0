//! Over random arrivals, weights, rates, bursts, cancellations, and servers' wishes.

use std::sync::{Arc, Mutex};

use fsm_http::limit::Turn;
use proptest::prelude::*;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

use super::*;

#[derive(Clone, Debug)]
struct Call {
    /// Milliseconds after the call before it.
    after: u64,
    weight: u32,
    /// Milliseconds until it gives up.
    patience: Option<u64>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Sleeps,
    SleepsWithin,
    /// Comes back at the points in time that it is told, and so many milliseconds late.
    Asks {
        late: u64,
    },
    Tries,
    /// It is a server's answer: nothing for so many milliseconds.
    Holds,
    /// It is a server's answer: so many units for so many milliseconds.
    Tells {
        remaining: u64,
    },
}

/// What became of a call.
#[derive(Clone, Copy, Debug)]
struct Served {
    arrival: usize,
    at: Instant,
    weight: u32,
    kind: Kind,
}

fn rates() -> impl Strategy<Value = Vec<Rate>> {
    let one = (1_u32..12, 1_u64..400, prop::option::weighted(0.4, 1_u32..6));
    prop::collection::vec(one, 1..4).prop_map(|rates| {
        let rate = |(limit, window, burst): (u32, u64, Option<u32>)| {
            let rate = rate(limit, window * 5);
            burst.map_or(rate, |burst| rate.burst(count(burst)))
        };
        rates.into_iter().map(rate).collect()
    })
}

fn calls(kind: impl Strategy<Value = Kind>) -> impl Strategy<Value = Vec<Call>> {
    let after = prop_oneof![3 => Just(0), 2 => 0_u64..50, 1 => 0_u64..3_000];
    let patience = prop::option::weighted(0.3, 0_u64..3_000);
    let call = (after, 1_u32..8, patience, kind);
    let call =
        call.prop_map(|(after, weight, patience, kind)| Call { after, weight, patience, kind });
    prop::collection::vec(call, 1..60)
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        4 => Just(Kind::Sleeps),
        2 => Just(Kind::SleepsWithin),
        3 => (0_u64..30).prop_map(|late| Kind::Asks { late }),
        1 => Just(Kind::Tries),
        1 => Just(Kind::Holds),
        1 => (0_u64..4).prop_map(|remaining| Kind::Tells { remaining }),
    ]
}

/// Lets the calls come, waits for the last, and says who was served when, in this order.
async fn play(buckets: &Arc<[Bucket]>, calls: Vec<Call>) -> (Vec<Served>, usize) {
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    let mut arrived = 0;
    for (arrival, call) in calls.into_iter().enumerate() {
        sleep(Duration::from_millis(call.after)).await;
        let (buckets, served) = (Arc::clone(buckets), Arc::clone(&served));
        tasks.spawn(async move {
            let weight = call.weight;
            let taken = match call.patience {
                None => perform(&buckets, &call).await,
                Some(patience) => {
                    let patience = Duration::from_millis(patience);
                    let attempt = perform(&buckets, &call);
                    tokio::time::timeout(patience, attempt).await.unwrap_or(None)
                }
            };
            if let Some(at) = taken {
                let kind = call.kind;
                served.lock().expect("no panic").push(Served { arrival, at, weight, kind });
            }
            taken.is_some() || call.patience.is_some() || call.kind != Kind::Sleeps
        });
        // It is polled before the next one comes, so that it arrives before it.
        tokio::task::yield_now().await;
        arrived += 1;
    }
    while let Some(task) = tasks.join_next().await {
        assert!(task.expect("no panic"), "who is patient is served");
    }
    let served = Arc::into_inner(served).expect("all have ended");
    (served.into_inner().expect("no panic"), arrived)
}

/// Says when it was granted.
async fn perform(buckets: &Arc<[Bucket]>, call: &Call) -> Option<Instant> {
    let weight = count(call.weight);
    let span = Duration::from_millis(u64::from(call.weight) * 300);
    match call.kind {
        Kind::Sleeps => Turn::new(buckets, weight).ok()?.wait().await,
        Kind::SleepsWithin => buckets[0].acquire_within(weight, span).await.ok()?,
        Kind::Asks { late } => {
            let mut turn = Turn::new(buckets, weight).ok()?;
            while let Err(not_yet) = turn.take() {
                assert!(not_yet.at > Instant::now());
                sleep_until(not_yet.at + Duration::from_millis(late)).await;
            }
        }
        Kind::Tries => buckets[0].try_acquire(weight).ok()?,
        Kind::Holds => {
            buckets[0].hold(Instant::now() + span);
            return None;
        }
        Kind::Tells { remaining } => {
            buckets[0].believe(remaining, Instant::now() + span);
            return None;
        }
    }
    Some(Instant::now())
}

fn paused<R>(work: impl Future<Output = R>) -> R {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(work)
}

/// What fits under all rates.
fn light(calls: Vec<Call>, rates: &[Rate]) -> Vec<Call> {
    let heaviest = rates.iter().map(|rate| rate.heaviest().get()).min().unwrap_or(u32::MAX);
    let lighter = |call: Call| Call { weight: call.weight.min(heaviest), ..call };
    calls.into_iter().map(lighter).collect()
}

fn grants(served: &[Served]) -> Vec<Grant> {
    served.iter().map(|served| (served.at, served.weight)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_window_ever_holds_more_than_its_limit(
        rates in rates(),
        calls in calls(any_kind()),
    ) {
        let buckets: Arc<[Bucket]> = Arc::new([Bucket::new(rates.clone())]);
        let (served, _) = paused(play(&buckets, light(calls, &rates)));
        let grants = grants(&served);
        for rate in &rates {
            let fullest = fullest(&grants, rate.window());
            prop_assert!(fullest <= u64::from(rate.limit().get()), "{fullest} in {rate:?}");
            if let Some(burst) = rate.at_once() {
                let at_once = self::fullest(&grants, Duration::from_nanos(1));
                let interval = rate.window() / rate.limit().get();
                // Only a pace that is finer than a timer makes up for its lateness at once.
                let forgiven = if interval > Duration::from_millis(2) { 0 } else { 3 };
                prop_assert!(at_once <= u64::from(burst.get()) + forgiven, "{at_once} at once");
            }
        }
        prop_assert_eq!(buckets[0].status().waiting, 0);
    }

    #[test]
    fn sleepers_are_served_in_order_and_all_of_them(
        rates in rates(),
        calls in calls(prop_oneof![3 => Just(Kind::Sleeps), 1 => Just(Kind::Tries)]),
    ) {
        let buckets: Arc<[Bucket]> = Arc::new([Bucket::new(rates.clone())]);
        let calls = light(calls, &rates);
        let patient = calls.iter().filter(|call| {
            call.kind == Kind::Sleeps && call.patience.is_none()
        });
        let patient = patient.count();
        let (served, arrived) = paused(play(&buckets, calls));
        let order: Vec<_> = served.iter().map(|served| served.arrival).collect();
        prop_assert!(order.is_sorted(), "{order:?}");
        prop_assert!((patient..=arrived).contains(&served.len()));
        prop_assert_eq!(buckets[0].status().waiting, 0);
    }

    #[test]
    fn nobody_overtakes_who_came_earlier_by_more_than_that_one_is_late(
        rates in rates(),
        calls in calls(any_kind()),
    ) {
        let buckets: Arc<[Bucket]> = Arc::new([Bucket::new(rates.clone())]);
        let (served, _) = paused(play(&buckets, light(calls, &rates)));
        for later in &served {
            for earlier in served.iter().filter(|earlier| earlier.arrival < later.arrival) {
                // Who sleeps is on time; who asks may come late, and what it was told before a
                // heavier one or a server's wish went away is late as well.
                if !matches!(earlier.kind, Kind::Asks { .. }) {
                    prop_assert!(earlier.at <= later.at, "{later:?} before {earlier:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_cancelled_uses_nothing_up(
        rates in rates(),
        weights in prop::collection::vec((1_u32..8, any::<bool>()), 1..40),
    ) {
        let bucket = Bucket::new(rates.clone());
        let heaviest = rates.iter().map(|rate| rate.heaviest().get()).min().expect("a rate");
        let buckets: Arc<[Bucket]> = Arc::new([bucket.clone()]);
        paused(async {
            let mut turns = Vec::new();
            for (weight, keeps_room) in weights {
                let mut turn = Turn::new(&buckets, count(weight.min(heaviest))).expect("it fits");
                if keeps_room {
                    let short = Duration::from_millis(1);
                    let _served_or_not = tokio::time::timeout(short, turn.wait()).await;
                } else {
                    let _taken_or_not = turn.take();
                }
                turns.push(turn);
            }
            drop(turns);
            let status = bucket.status();
            assert_eq!(status.waiting, 0);
            sleep(status.reset).await;
            // As if nobody had ever been there.
            assert_eq!(bucket.try_acquire(count(heaviest)), Ok(()));
        });
    }

    #[test]
    fn two_buckets_hold_both_and_starve_nobody(
        own in rates(),
        shared in rates(),
        calls in calls(prop_oneof![
            Just(Kind::Sleeps),
            (0_u64..30).prop_map(|late| Kind::Asks { late }),
        ]),
    ) {
        let all: Vec<Rate> = own.iter().chain(&shared).copied().collect();
        let buckets: Arc<[Bucket]> = Arc::new([Bucket::new(own), Bucket::new(shared)]);
        let (served, _) = paused(play(&buckets, light(calls, &all)));
        let grants = grants(&served);
        for rate in &all {
            let fullest = fullest(&grants, rate.window());
            prop_assert!(fullest <= u64::from(rate.limit().get()), "{fullest} in {rate:?}");
        }
        for bucket in &*buckets {
            prop_assert_eq!(bucket.status().waiting, 0);
        }
    }
}
