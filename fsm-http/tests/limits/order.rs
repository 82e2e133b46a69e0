//! Who is served when: weights, cancelled waiters, many waiters.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use fsm_http::limit::RateLimiter;
use tokio::task::{JoinSet, yield_now};
use tokio::time::sleep;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_heavy_call_gets_its_share_beside_light_ones() {
    // governor grants 0 of weight 9 in this race, and 510 of weight 1.
    let bucket = bucket(100, 1_000);
    let start = Instant::now();
    let mut calls = JoinSet::new();
    for weight in [9, 1, 1, 1, 1] {
        let bucket = bucket.clone();
        calls.spawn(async move {
            let mut served = 0;
            loop {
                bucket.acquire(count(weight)).await.expect("it fits");
                if start.elapsed() >= Duration::from_secs(5) {
                    return (weight, served);
                }
                served += 1;
                yield_now().await;
            }
        });
    }
    let served = calls.join_all().await;
    let heavy = served.iter().find(|(weight, _)| *weight == 9).expect("one is heavy").1;
    for (_, light) in served.iter().filter(|(weight, _)| *weight == 1) {
        assert!(heavy * 10 >= light * 8, "{served:?}");
    }
    let units: u32 = served.iter().map(|(weight, served)| weight * served).sum();
    // A window may end with less room than the heavy one needs, which waits for the next.
    assert!(units >= 5 * (100 - 8), "{served:?}");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_waiters_are_served_in_order_and_on_time() {
    let bucket = bucket(100, 1_000);
    let served = Arc::new(Mutex::new(Vec::new()));
    let start = Instant::now();
    let mut calls = JoinSet::new();
    for number in 0..10_000_u64 {
        let (bucket, served) = (bucket.clone(), Arc::clone(&served));
        calls.spawn(async move {
            bucket.acquire(count(1)).await.expect("it fits");
            served.lock().expect("no panic").push((number, start.elapsed()));
        });
    }
    while bucket.status().waiting < 9_900 {
        yield_now().await;
    }
    assert_eq!(bucket.status().next, Duration::from_secs(100));
    while calls.join_next().await.is_some() {}
    let served = served.lock().expect("no panic");
    for (index, (number, at)) in served.iter().enumerate() {
        let index = index as u64;
        assert_eq!((*number, *at), (index, Duration::from_secs(index / 100)));
    }
}

/// A task that counts how often it is woken.
#[derive(Default)]
struct Count(AtomicU64);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_waiters_have_one_timer() {
    let bucket = bucket(1, 1_000);
    bucket.try_acquire(count(1)).expect("room for one");
    let counts: Vec<_> = (0..10_000).map(|_| Arc::new(Count::default())).collect();
    let mut waiting: Vec<_> = counts.iter().map(|_| Box::pin(bucket.acquire(count(1)))).collect();
    for (future, count) in waiting.iter_mut().zip(&counts) {
        let waker = Waker::from(Arc::clone(count));
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    let woken = || counts.iter().map(|count| count.0.load(Ordering::Relaxed)).collect::<Vec<_>>();
    assert_eq!(woken(), vec![0; 10_000]);
    // A day and a night later, as nobody polls: the timer of the first has rung, and no other is.
    sleep(Duration::from_secs(86_400)).await;
    let mut expected = vec![0; 10_000];
    expected[0] = 1;
    assert_eq!(woken(), expected);
    // The first is served and wakes the second, who is not due and sets the timer for itself.
    for index in 0..2 {
        let waker = Waker::from(Arc::clone(&counts[index]));
        let served = waiting[index].as_mut().poll(&mut Context::from_waker(&waker));
        assert_eq!(served.is_ready(), index == 0);
    }
    sleep(Duration::from_secs(86_400)).await;
    expected[1] = 2;
    assert_eq!(woken(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_cancelled_gives_its_place_back() {
    let bucket = bucket(1, 1_000);
    bucket.try_acquire(count(1)).expect("room for one");
    let start = Instant::now();
    let mut calls: Vec<_> = (0..100)
        .map(|_| {
            let bucket = bucket.clone();
            tokio::spawn(async move { bucket.acquire(count(1)).await.map(|()| start.elapsed()) })
        })
        .collect();
    yield_now().await;
    let last = calls.pop().expect("a hundred");
    // The first one, who keeps the time, is among those that go.
    calls.iter().for_each(tokio::task::JoinHandle::abort);
    assert_eq!(last.await.expect("not cancelled"), Ok(Duration::from_secs(1)));
    assert_eq!(bucket.status().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_heavy_waiter_that_goes_lets_the_light_ones_behind_it_through_at_once() {
    let bucket = bucket(10, 1_000);
    bucket.try_acquire(count(5)).expect("room for ten");
    let start = Instant::now();
    let call = |weight| {
        let bucket = bucket.clone();
        tokio::spawn(async move { bucket.acquire(count(weight)).await.map(|()| start.elapsed()) })
    };
    let heavy = call(10);
    yield_now().await;
    let light: Vec<_> = (0..5).map(|_| call(1)).collect();
    sleep(Duration::from_millis(300)).await;
    heavy.abort();
    for light in light {
        assert_eq!(light.await.expect("no panic"), Ok(Duration::from_millis(300)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_was_woken_and_goes_wakes_the_next() {
    let bucket = bucket(1, 1_000);
    bucket.try_acquire(count(1)).expect("room for one");
    let start = Instant::now();
    let mut first = Box::pin(bucket.acquire(count(1)));
    let count_of_first = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count_of_first));
    assert!(first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let second = tokio::spawn({
        let bucket = bucket.clone();
        async move { bucket.acquire(count(1)).await.map(|()| start.elapsed()) }
    });
    sleep(Duration::from_millis(1_500)).await;
    assert_eq!(count_of_first.0.load(Ordering::Relaxed), 1);
    assert!(!second.is_finished());
    drop(first);
    assert_eq!(second.await.expect("no panic"), Ok(Duration::from_millis(1_500)));
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_lets_those_go_first_who_are_waking_up() {
    let bucket = bucket(2, 1_000);
    bucket.try_acquire(count(2)).expect("room for two");
    let counts: [Arc<Count>; 2] = Default::default();
    let wakers = counts.clone().map(Waker::from);
    let mut first = pin!(bucket.acquire(count(1)));
    assert!(first.as_mut().poll(&mut Context::from_waker(&wakers[0])).is_pending());
    sleep(Duration::from_secs(2)).await;
    // There is room for both.
    let mut newcomer = pin!(bucket.acquire(count(1)));
    assert!(newcomer.as_mut().poll(&mut Context::from_waker(&wakers[1])).is_pending());
    assert!(first.as_mut().poll(&mut Context::from_waker(&wakers[0])).is_ready());
    assert_eq!(counts[1].0.load(Ordering::Relaxed), 1);
    assert!(newcomer.as_mut().poll(&mut Context::from_waker(&wakers[1])).is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_pace_forgives_who_waited_two_milliseconds_of_its_lateness() {
    let bucket = Bucket::new([rate(100, 1_000).burst(count(1))]);
    bucket.try_acquire(count(1)).expect("a burst of one");
    let waker = Waker::from(Arc::new(Count::default()));
    let mut late = pin!(bucket.acquire(count(1)));
    assert!(late.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    sleep(Duration::from_millis(500)).await;
    assert!(late.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    assert_eq!(bucket.status().next, Duration::from_millis(8));
}

#[tokio::test(start_paused = true)]
async fn a_task_may_poll_with_another_waker_each_time() {
    let bucket = bucket(1, 1_000);
    bucket.try_acquire(count(1)).expect("room for one");
    let mut keeper = pin!(bucket.acquire(count(1)));
    let mut other = pin!(bucket.acquire(count(1)));
    let counts: [Arc<Count>; 4] = Default::default();
    for (index, count) in counts.iter().enumerate() {
        let waker = Waker::from(Arc::clone(count));
        let mut context = Context::from_waker(&waker);
        let answer = match index % 2 {
            0 => keeper.as_mut().poll(&mut context),
            _ => other.as_mut().poll(&mut context),
        };
        assert!(answer.is_pending());
    }
    sleep(Duration::from_secs(1)).await;
    let idle = Waker::from(Arc::clone(&counts[2]));
    assert_eq!(keeper.as_mut().poll(&mut Context::from_waker(&idle)), Poll::Ready(Ok(())));
    let woken: Vec<_> = counts.iter().map(|count| count.0.load(Ordering::Relaxed)).collect();
    assert_eq!(woken, [0, 0, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn names_have_buckets_of_their_own() {
    let limiter =
        RateLimiter::new([rate(2, 1_000)]).category("slow", [rate(1, 10_000)]).category("free", []);
    let start = Instant::now();
    for _ in 0..3 {
        limiter.acquire("some").await.expect("it fits");
        limiter.acquire("free").await.expect("it fits");
    }
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    limiter.acquire_weighted("other", count(2)).await.expect("it fits");
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    limiter.try_acquire("slow", count(1)).expect("room for one");
    assert!(limiter.clone().try_acquire("slow", count(1)).is_err());
    let wait = limiter.acquire_within("slow", count(1), Duration::from_secs(9)).await;
    assert!(wait.is_err());
    assert_eq!(limiter.status("slow").next, Duration::from_secs(10));
    assert_eq!(limiter.bucket("slow").rates(), [rate(1, 10_000)]);
}
