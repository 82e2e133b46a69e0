//! Turns at several buckets, and turns that are asked rather than slept on.

use std::sync::{Arc, Mutex};

use fsm_http::limit::{LimitError, Turn};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{advance, sleep_until};

use super::*;

fn turn<const N: usize>(buckets: [&Bucket; N], weight: u32) -> Turn {
    let buckets: Arc<[Bucket]> = buckets.into_iter().cloned().collect();
    Turn::new(&buckets, count(weight)).expect("it fits")
}

/// Asks at the points in time that it is told, as a machine does. Says how often it asked.
async fn drive(turn: &mut Turn) -> u32 {
    let mut asked = 1;
    while let Err(not_yet) = turn.take() {
        assert!(not_yet.at > Instant::now(), "a point in time that is still to come");
        sleep_until(not_yet.at).await;
        asked += 1;
    }
    asked
}

#[tokio::test(start_paused = true)]
async fn one_bucket_for_all_names_is_one() {
    // A peer has one bucket a name: three calls pass in 10 ms where two a second are allowed.
    let global = bucket(2, 1_000);
    let own = [bucket(100, 1_000), bucket(100, 1_000), bucket(100, 1_000)];
    let start = Instant::now();
    let mut at = Vec::new();
    for own in &own {
        drive(&mut turn([own, &global], 1)).await;
        at.push(start.elapsed().as_millis());
    }
    assert_eq!(at, [0, 0, 1_000]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_the_own_bucket_blocks_nobody_at_the_global_one() {
    let global = bucket(1, 1_000);
    let (slow, fast) = (bucket(1, 60_000), bucket(100, 1_000));
    assert!(turn([&slow, &global], 1).take().is_ok());
    let mut blocked: Vec<_> = (0..50).map(|_| turn([&slow, &global], 1)).collect();
    for turn in &mut blocked {
        assert!(turn.take().is_err());
    }
    assert_eq!((slow.status().waiting, global.status().waiting), (50, 0));
    advance(Duration::from_secs(1)).await;
    assert!(turn([&fast, &global], 1).take().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_due_is_kept_while_the_next_bucket_waits() {
    let (own, global) = (bucket(1, 1_000), bucket(1, 10_000));
    global.try_acquire(count(1)).expect("room for one");
    let start = Instant::now();
    let mut first = turn([&own, &global], 1);
    let not_yet = first.take().expect_err("the global bucket is empty");
    assert_eq!(not_yet.at, start + Duration::from_secs(10));
    // The unit of its own bucket is the first one's, though it is not used up yet.
    assert!(own.try_acquire(count(1)).is_err());
    let mut second = turn([&own], 1);
    assert!(second.take().is_err());
    drop(first);
    assert_eq!((own.status().waiting, global.status().waiting), (1, 0));
    assert!(second.take().is_ok());
}

#[tokio::test(start_paused = true)]
async fn all_buckets_record_the_same_instant() {
    let (own, global) = (bucket(1, 1_000), bucket(1, 3_000));
    let start = Instant::now();
    assert!(turn([&own, &global], 1).take().is_ok());
    drive(&mut turn([&own, &global], 1)).await;
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    // Had its own bucket counted it when it was due there, at 1 s, there would be room now.
    assert_eq!(own.status().next, Duration::from_secs(1));
    assert_eq!(global.status().next, Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn who_comes_late_for_its_turn_blocks_nobody_and_loses_nothing() {
    let bucket = bucket(3, 1_000);
    assert!(turn([&bucket], 3).take().is_ok());
    let mut late = turn([&bucket], 1);
    let mut next = turn([&bucket], 1);
    assert_eq!(late.take(), next.take());
    advance(Duration::from_secs(1)).await;
    assert!(next.take().is_ok());
    let mut newcomer = turn([&bucket], 1);
    assert!(newcomer.take().is_ok());
    // The third unit is the late one's.
    assert!(turn([&bucket], 1).take().is_err());
    assert!(late.take().is_ok());
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_turns_ask_twice_each() {
    let bucket = bucket(100, 1_000);
    let start = Instant::now();
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut calls = JoinSet::new();
    for number in 0..10_000_u64 {
        let (mut turn, served) = (turn([&bucket], 1), Arc::clone(&served));
        calls.spawn(async move {
            let asked = drive(&mut turn).await;
            assert_eq!(asked, if number < 100 { 1 } else { 2 });
            served.lock().expect("no panic").push((start.elapsed(), 1));
        });
    }
    while let Some(call) = calls.join_next().await {
        call.expect("no panic");
    }
    assert_eq!(start.elapsed(), Duration::from_secs(99));
    let grants = served.lock().expect("no panic");
    let grants: Vec<_> = grants.iter().map(|(at, units)| (start + *at, *units)).collect();
    assert_eq!(fullest(&grants, Duration::from_secs(1)), 100);
}

#[tokio::test(start_paused = true)]
async fn weights_and_several_rates_make_a_turn_ask_a_few_times_more() {
    let bucket = Bucket::new([rate(10, 1_000), rate(55, 10_000), rate(20, 1_000).burst(count(6))]);
    let mut calls = JoinSet::new();
    for _ in 0..1_000 {
        let mut turn = turn([&bucket], 6);
        calls.spawn(async move { drive(&mut turn).await });
    }
    let asked = calls.join_all().await;
    let most = asked.iter().max().expect("a thousand");
    assert!(*most <= 30, "{most} times");
}

#[tokio::test(start_paused = true)]
async fn the_wait_says_whether_a_server_asked_for_it() {
    let bucket = bucket(1, 1_000);
    let start = Instant::now();
    assert!(turn([&bucket], 1).take().is_ok());
    let mut turn = turn([&bucket], 1);
    let not_yet = turn.take().expect_err("one a second");
    assert_eq!((not_yet.at, not_yet.by_server), (start + Duration::from_secs(1), false));
    bucket.hold(start + Duration::from_millis(900));
    assert!(!turn.take().expect_err("one a second").by_server);
    bucket.hold(start + Duration::from_secs(5));
    let not_yet = turn.take().expect_err("held");
    assert_eq!((not_yet.at, not_yet.by_server), (start + Duration::from_secs(5), true));
}

#[tokio::test(start_paused = true)]
async fn sleepers_and_turns_share_one_line() {
    let bucket = bucket(1, 1_000);
    bucket.try_acquire(count(1)).expect("room for one");
    let start = Instant::now();
    let sleeper = |seconds| {
        let bucket = bucket.clone();
        tokio::spawn(async move {
            bucket.acquire(count(1)).await.expect("it fits");
            assert_eq!(start.elapsed(), Duration::from_secs(seconds));
        })
    };
    let first = sleeper(1);
    yield_now().await;
    let mut asking = turn([&bucket], 1);
    assert_eq!(asking.take().expect_err("one waits").at, start + Duration::from_secs(2));
    let third = sleeper(3);
    yield_now().await;
    let gone = asking_at(&bucket);
    let fifth = sleeper(4);
    yield_now().await;
    drop(gone);
    drive(&mut asking).await;
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    for sleeper in [first, third, fifth] {
        sleeper.await.expect("no panic");
    }
}

/// A turn with a place, which is not asked again.
fn asking_at(bucket: &Bucket) -> Turn {
    let mut turn = turn([bucket], 1);
    assert!(turn.take().is_err());
    turn
}

#[tokio::test(start_paused = true)]
async fn who_keeps_the_time_moves_up_when_a_turn_before_it_goes() {
    let bucket = bucket(1, 1_000);
    bucket.try_acquire(count(1)).expect("room for one");
    let start = Instant::now();
    let gone = asking_at(&bucket);
    let sleeper = tokio::spawn({
        let bucket = bucket.clone();
        async move { bucket.acquire(count(1)).await.map(|()| start.elapsed()) }
    });
    yield_now().await;
    drop(gone);
    assert_eq!(sleeper.await.expect("no panic"), Ok(Duration::from_secs(1)));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_keeps_its_place_and_stops_nobody() {
    let (own, global) = (bucket(1, 1_000), bucket(1, 1_000));
    own.try_acquire(count(1)).expect("room for one");
    let start = Instant::now();
    let mut first = turn([&own, &global], 1);
    assert!(tokio::time::timeout(Duration::from_millis(100), first.wait()).await.is_err());
    let mut second = turn([&own, &global], 1);
    let second = tokio::spawn(async move {
        second.wait().await;
        start.elapsed()
    });
    yield_now().await;
    assert_eq!(own.status().waiting, 2);
    first.wait().await;
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    assert_eq!(second.await.expect("no panic"), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn who_sleeps_is_woken_though_a_wait_before_it_was_dropped() {
    let bucket = bucket(2, 1_000);
    bucket.try_acquire(count(2)).expect("room for two");
    let start = Instant::now();
    let mut dropped = turn([&bucket], 1);
    assert!(tokio::time::timeout(Duration::from_millis(100), dropped.wait()).await.is_err());
    bucket.acquire(count(1)).await.expect("it fits");
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    assert!(dropped.take().is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_goes_on_to_the_next_bucket_wakes_who_sleeps_behind_it() {
    let (own, global) = (bucket(2, 1_000), bucket(1, 10_000));
    own.try_acquire(count(2)).expect("room for two");
    global.try_acquire(count(1)).expect("room for one");
    let start = Instant::now();
    let mut both = turn([&own, &global], 1);
    let both = tokio::spawn(async move { both.wait().await });
    yield_now().await;
    own.acquire(count(1)).await.expect("it fits");
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    both.await.expect("no panic");
    assert_eq!(start.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn trying_takes_nothing_while_a_turn_waits_though_there_is_room_for_both() {
    let bucket = bucket(3, 1_000);
    bucket.try_acquire(count(3)).expect("room for three");
    let late = asking_at(&bucket);
    advance(Duration::from_secs(1)).await;
    assert!(bucket.try_acquire(count(1)).is_err());
    drop(late);
    assert!(bucket.try_acquire(count(1)).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_turn_sleeps_through_bucket_after_bucket() {
    // More buckets than are locked without an allocation, and one of them twice.
    let buckets: Vec<_> = (1..=6).map(|window| bucket(1, window * 1_000)).collect();
    for bucket in &buckets {
        bucket.try_acquire(count(1)).expect("room for one");
    }
    let start = Instant::now();
    let buckets: Arc<[Bucket]> = buckets.iter().chain(&buckets[..1]).cloned().collect();
    let mut calls = JoinSet::new();
    for _ in 0..3 {
        let mut turn = Turn::new(&buckets, count(1)).expect("it fits");
        calls.spawn(async move {
            turn.wait().await;
            start.elapsed().as_secs()
        });
    }
    assert_eq!(calls.join_all().await, [6, 12, 18]);
    assert!(buckets.iter().all(|bucket| bucket.status().waiting == 0));
}

#[tokio::test(start_paused = true)]
async fn a_hold_on_an_earlier_bucket_is_obeyed_by_who_waits_at_a_later_one_and_blocks_nobody_there()
{
    let (own, global) = (bucket(1, 1_000), bucket(1, 2_000));
    global.try_acquire(count(1)).expect("room for one");
    let start = Instant::now();
    let waiting = |buckets: [&Bucket; 2]| {
        let mut turn = turn(buckets, 1);
        tokio::spawn(async move {
            turn.wait().await;
            start.elapsed().as_secs()
        })
    };
    let held = waiting([&own, &global]);
    yield_now().await;
    own.hold(start + Duration::from_secs(9));
    let other = waiting([&bucket(1, 1_000), &global]);
    // Its place at the global bucket is given up, or nobody could go there for nine seconds.
    assert_eq!(held.await.expect("no panic"), 9);
    assert_eq!(other.await.expect("no panic"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_taken_stays_taken() {
    let bucket = bucket(1, 1_000);
    let mut taken = turn([&bucket], 1);
    for _ in 0..3 {
        assert!(taken.take().is_ok());
    }
    taken.wait().await;
    drop(taken);
    assert_eq!(bucket.status().remaining, Some(0));
    let none: Arc<[Bucket]> = Arc::new([]);
    assert!(Turn::new(&none, count(9)).expect("no bucket").take().is_ok());
}

#[test]
fn what_is_too_heavy_for_any_bucket_gets_no_turn() {
    let buckets: Arc<[Bucket]> = Arc::new([bucket(10, 1_000), bucket(3, 1_000)]);
    let refused = Turn::new(&buckets, count(4)).err();
    assert_eq!(refused, Some(LimitError::TooHeavy { weight: count(4), limit: count(3) }));
}
