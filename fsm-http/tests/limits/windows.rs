//! One bucket: windows, bursts, weights, status, what a server says.

use fsm_http::limit::LimitError;
use tokio::time::{advance, sleep};

use super::*;

fn milliseconds(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// When each of `number` calls, one after the other, gets its unit, in milliseconds.
async fn times(bucket: &Bucket, number: usize) -> Vec<u128> {
    let start = Instant::now();
    let mut times = Vec::new();
    for _ in 0..number {
        bucket.acquire(count(1)).await.expect("it fits");
        times.push(start.elapsed().as_millis());
    }
    times
}

#[tokio::test(start_paused = true)]
async fn three_a_second_and_five_in_ten_seconds_hold_both() {
    let bucket = Bucket::new([rate(3, 1_000), rate(5, 10_000)]);
    let expected = [0, 0, 0, 1_000, 1_000, 10_000, 10_000, 10_000, 11_000, 11_000, 20_000];
    assert_eq!(times(&bucket, expected.len()).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_burst_passes_at_once_then_the_pace_and_the_window_hold() {
    let bucket = Bucket::new([rate(4, 1_000).burst(count(2))]);
    // The pace alone would let the sixth through at 1,000 as well as the fifth, and a seventh
    // at 1,250: five and six in a window of four.
    let expected = [0, 0, 250, 500, 1_000, 1_000, 1_250, 1_500, 2_000];
    assert_eq!(times(&bucket, expected.len()).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_full_window_after_a_late_start_is_not_followed_by_another() {
    let bucket = bucket(10, 1_000);
    times(&bucket, 1).await;
    sleep(milliseconds(990)).await;
    // A counter that starts anew with each second would let ten more through at 1,000.
    let expected = [0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 1_000];
    assert_eq!(times(&bucket, expected.len()).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_saturated_limiter_gives_its_rate() {
    // Pairs that do not divide, and paces finer than a timer can tell.
    let rates = [
        rate(1, 1_000),
        rate(7, 1_000),
        rate(1_000, 1_000),
        rate(33_333, 1_000),
        rate(100, 3_001),
        rate(30, 1_000).burst(count(1)),
        rate(100, 1_000).burst(count(1)),
        rate(999, 1_000).burst(count(1)),
        rate(7_777, 1_000).burst(count(1)),
        rate(7_777, 1_000).burst(count(3)),
        rate(3_000, 10_000).burst(count(50)),
    ];
    for rate in rates {
        let bucket = Bucket::new([rate]);
        let limit = u64::from(rate.limit().get());
        let windows = 10;
        let start = Instant::now();
        let mut grants = Vec::new();
        loop {
            bucket.acquire(count(1)).await.expect("it fits");
            if start.elapsed() >= rate.window() * windows {
                break;
            }
            grants.push((Instant::now(), 1));
        }
        let due = limit * u64::from(windows);
        assert!(grants.len() as u64 * 100 >= due * 99, "{rate:?}: {} of {due}", grants.len());
        assert!(fullest(&grants, rate.window()) <= limit, "{rate:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_fits_is_refused_at_once() {
    let plain = bucket(5, 1_000);
    let burst = Bucket::new([rate(50, 1_000).burst(count(5)), rate(60, 1_000)]);
    for bucket in [plain, burst] {
        let refused = LimitError::TooHeavy { weight: count(6), limit: count(5) };
        assert_eq!(bucket.acquire(count(6)).await, Err(refused));
        assert_eq!(bucket.acquire_within(count(6), milliseconds(1)).await, Err(refused));
        assert_eq!(bucket.try_acquire(count(6)), Err(refused));
        assert_eq!(bucket.status().remaining, Some(5));
        assert_eq!(bucket.acquire(count(5)).await, Ok(()));
        assert!(refused.to_string().contains("a weight of 6"), "{refused}");
    }
}

#[tokio::test(start_paused = true)]
async fn trying_neither_waits_nor_overtakes() {
    let bucket = bucket(2, 1_000);
    assert_eq!(bucket.try_acquire(count(1)), Ok(()));
    let refused = Err(LimitError::NotNow { at: Instant::now() + milliseconds(1_000) });
    assert_eq!(bucket.try_acquire(count(2)), refused);

    let waiting = tokio::spawn({
        let bucket = bucket.clone();
        async move { bucket.acquire(count(2)).await }
    });
    tokio::task::yield_now().await;
    // There is room for one, but somebody waits for two.
    assert!(matches!(bucket.try_acquire(count(1)), Err(LimitError::NotNow { .. })));
    assert_eq!(bucket.status().waiting, 1);
    assert_eq!(waiting.await.expect("no panic"), Ok(()));
    assert_eq!(bucket.status().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn the_status_says_what_remains_and_when_more_comes() {
    let bucket = bucket(3, 1_000);
    let fresh = bucket.status();
    assert_eq!((fresh.limit, fresh.remaining), (Some(count(3)), Some(3)));
    assert_eq!((fresh.next, fresh.reset), (Duration::ZERO, Duration::ZERO));

    bucket.try_acquire(count(2)).expect("room for three");
    advance(milliseconds(400)).await;
    bucket.try_acquire(count(1)).expect("room for one");
    let full = bucket.status();
    assert_eq!((full.remaining, full.next), (Some(0), milliseconds(600)));
    assert_eq!(full.reset, milliseconds(1_000));

    advance(milliseconds(600)).await;
    let later = bucket.status();
    assert_eq!((later.remaining, later.next), (Some(2), Duration::ZERO));
    assert_eq!(later.reset, milliseconds(400));
}

#[tokio::test(start_paused = true)]
async fn the_status_knows_the_burst() {
    let bucket = Bucket::new([rate(10, 1_000).burst(count(2))]);
    bucket.try_acquire(count(1)).expect("room for two");
    assert_eq!(bucket.status().remaining, Some(1));
    advance(milliseconds(100)).await;
    assert_eq!(bucket.status().remaining, Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_known_to_be_too_long_fails_at_once() {
    let bucket = bucket(1, 1_000);
    bucket.try_acquire(count(1)).expect("room for one");
    let start = Instant::now();
    let timeout = milliseconds(999);
    let refused = LimitError::Timeout { timeout, at: start + milliseconds(1_000) };
    assert_eq!(bucket.acquire_within(count(1), timeout).await, Err(refused));
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(bucket.status().waiting, 0);
    assert_eq!(bucket.acquire_within(count(1), milliseconds(1_000)).await, Ok(()));
    assert_eq!(start.elapsed(), milliseconds(1_000));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_becomes_too_long_fails_at_its_end() {
    let bucket = bucket(1, 1_000);
    bucket.try_acquire(count(1)).expect("room for one");
    let start = Instant::now();
    let wait = |timeout| {
        let bucket = bucket.clone();
        tokio::spawn(async move {
            let answer = bucket.acquire_within(count(1), milliseconds(timeout)).await;
            (answer.is_ok(), start.elapsed().as_millis())
        })
    };
    let first = tokio::spawn({
        let bucket = bucket.clone();
        async move { bucket.acquire(count(1)).await }
    });
    tokio::task::yield_now().await;
    // It will sleep behind the first, who keeps the time for both.
    let second = wait(2_500);
    let third = wait(3_000);
    tokio::task::yield_now().await;
    bucket.hold(start + milliseconds(20_000));
    assert!(first.await.expect("no panic").is_ok());
    assert_eq!(start.elapsed(), milliseconds(20_000));
    assert_eq!(second.await.expect("no panic"), (false, 2_501));
    assert_eq!(third.await.expect("no panic"), (false, 3_001));
}

#[tokio::test(start_paused = true)]
async fn a_server_holds_everything_back_and_only_ever_for_longer() {
    let start = Instant::now();
    for bucket in [bucket(10, 1_000), Bucket::new([])] {
        let now = Instant::now();
        bucket.hold(now + milliseconds(3_000));
        bucket.hold(now + milliseconds(1_000));
        assert_eq!(bucket.status().remaining, Some(0));
        assert_eq!(bucket.status().next, milliseconds(3_000));
        bucket.acquire(count(1)).await.expect("it fits");
        assert_eq!(now.elapsed(), milliseconds(3_000));
    }
    assert_eq!(start.elapsed(), milliseconds(6_000));
}

#[tokio::test(start_paused = true)]
async fn who_sleeps_already_obeys_a_hold() {
    let bucket = bucket(1, 1_000);
    bucket.try_acquire(count(1)).expect("room for one");
    let start = Instant::now();
    let waiting = tokio::spawn({
        let bucket = bucket.clone();
        async move { bucket.acquire(count(1)).await.map(|()| start.elapsed()) }
    });
    sleep(milliseconds(500)).await;
    bucket.hold(start + milliseconds(7_000));
    assert_eq!(waiting.await.expect("no panic"), Ok(milliseconds(7_000)));
}

#[tokio::test(start_paused = true)]
async fn a_servers_lower_figure_is_believed_and_a_higher_one_is_not() {
    let bucket = bucket(5, 1_000);
    let minute = Instant::now() + milliseconds(60_000);
    bucket.believe(7, minute);
    assert_eq!(times(&bucket, 8).await, [0, 0, 0, 0, 0, 1_000, 1_000, 1_000]);

    sleep(milliseconds(5_000)).await;
    bucket.believe(3, Instant::now() + milliseconds(10_000));
    bucket.believe(4, minute);
    assert_eq!(bucket.status().remaining, Some(3));
    assert_eq!(times(&bucket, 4).await, [0, 0, 0, 10_000]);
    assert_eq!(bucket.status().remaining, Some(4));
}

#[tokio::test(start_paused = true)]
async fn who_sleeps_hears_of_a_figure_that_holds_for_a_shorter_time() {
    let bucket = bucket(5, 1_000);
    let start = Instant::now();
    bucket.believe(1, start + milliseconds(60_000));
    let waiting = tokio::spawn({
        let bucket = bucket.clone();
        async move { bucket.acquire(count(2)).await.map(|()| start.elapsed()) }
    });
    sleep(milliseconds(500)).await;
    bucket.believe(0, start + milliseconds(3_000));
    assert_eq!(waiting.await.expect("no panic"), Ok(milliseconds(3_000)));
}

#[tokio::test(start_paused = true)]
async fn a_bucket_without_rates_lets_everything_through() {
    let bucket = Bucket::new([]);
    assert_eq!(bucket.status().remaining, None);
    assert_eq!(bucket.status().limit, None);
    assert_eq!(bucket.acquire(NonZeroU32::MAX).await, Ok(()));
    assert_eq!(times(&bucket, 1_000).await, vec![0; 1_000]);
    bucket.believe(1, Instant::now() + milliseconds(50));
    assert_eq!(times(&bucket, 3).await, [0, 50, 50]);
}

#[tokio::test(start_paused = true)]
async fn no_number_is_too_large() {
    let endless = Bucket::new([Rate::new(count(u32::MAX), Duration::MAX).burst(count(u32::MAX))]);
    assert_eq!(endless.acquire(NonZeroU32::MAX).await, Ok(()));
    let waited = endless.acquire_within(count(u32::MAX), milliseconds(1)).await;
    assert!(matches!(waited, Err(LimitError::Timeout { .. })), "{waited:?}");
    let _status = endless.status();
    let instant = Bucket::new([Rate::new(count(1), Duration::ZERO).burst(count(1))]);
    for _ in 0..3 {
        assert_eq!(instant.acquire_within(count(1), milliseconds(1)).await, Ok(()));
    }
    let patient = bucket(1, 1_000);
    for _ in 0..2 {
        assert_eq!(patient.acquire_within(count(1), Duration::MAX).await, Ok(()));
    }
}
