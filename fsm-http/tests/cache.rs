//! The response cache, as those see it who ask: paused time, and answers made by hand.

#[path = "cache/callers.rs"]
mod callers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use fsm_http::cache::{
    Bounds, CacheKey, CacheName, Flight, FlightEnd, Lead, Lookup, ResponseCache,
};
use fsm_http::{Answer, Call, CallError, ErrorKind, MemoryTransport, Reply, Retry};
use http::Method;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep};

const MINUTE: Duration = Duration::from_secs(60);

fn key(text: &str) -> CacheKey {
    CacheKey::of_text("test", text, None)
}

fn call() -> Call {
    Call::new(Method::GET, "http://a.test/".parse().expect("a url"))
}

/// Those of a call that declares none.
fn bounds() -> Bounds {
    Bounds::of(&call())
}

/// An answer as a transport gives it.
async fn answer(body: impl Into<Bytes>) -> Arc<Answer> {
    let body = String::from_utf8(body.into().to_vec()).expect("the tests answer text");
    let server = MemoryTransport::sequence([Reply::text(body)]);
    Arc::new(call().perform(&server).await.expect("an answer"))
}

fn begin(cache: &ResponseCache, name: &CacheName) -> Lookup {
    cache.begin(key("it"), bounds(), name, MINUTE, false)
}

#[track_caller]
fn lead(lookup: Lookup) -> Lead {
    match lookup {
        Lookup::Lead(lead) => lead,
        Lookup::Hit(_) | Lookup::Join(_) => panic!("{lookup:?}"),
    }
}

#[track_caller]
fn join(lookup: Lookup) -> Flight {
    match lookup {
        Lookup::Join(flight) => flight,
        Lookup::Hit(_) | Lookup::Lead(_) => panic!("{lookup:?}"),
    }
}

#[track_caller]
fn hit(lookup: Lookup) -> Arc<Answer> {
    match lookup {
        Lookup::Hit(answer) => answer,
        Lookup::Join(_) | Lookup::Lead(_) => panic!("{lookup:?}"),
    }
}

/// Asks until there is an answer, as a call does; the fetch takes a second.
async fn get(cache: ResponseCache, fetches: Arc<AtomicU32>) -> Arc<Answer> {
    let name = cache.name("it");
    loop {
        match begin(&cache, &name) {
            Lookup::Hit(answer) => return answer,
            Lookup::Join(flight) => match flight.end().await {
                FlightEnd::Answered(answer) => return answer,
                FlightEnd::Failed(_) | FlightEnd::Withheld | FlightEnd::GivenUp => {}
                FlightEnd::Postponed(at) => tokio::time::sleep_until(at).await,
            },
            Lookup::Lead(lead) => {
                fetches.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_secs(1)).await;
                let answer = answer("fetched").await;
                lead.store(answer.clone());
                return answer;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn however_many_ask_at_once_one_of_them_fetches() {
    for waiters in [50, 10_000] {
        let (cache, fetches) = (ResponseCache::default(), Arc::new(AtomicU32::new(0)));
        let began = Instant::now();
        let mut all = JoinSet::new();
        for _ in 0..waiters {
            all.spawn(get(cache.clone(), fetches.clone()));
        }
        let answers = all.join_all().await;
        assert_eq!(answers.len(), waiters);
        assert!(answers.iter().all(|answer| *answer.value == "fetched"));
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
        assert_eq!(began.elapsed(), Duration::from_secs(1));
        assert_eq!(cache.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_that_race_for_an_answer_fetch_it_once() {
    for _ in 0..200 {
        let (cache, fetches) = (ResponseCache::default(), Arc::new(AtomicU32::new(0)));
        let ready = answer("fetched").await;
        let mut all = JoinSet::new();
        for _ in 0..16 {
            let (cache, fetches, ready) = (cache.clone(), fetches.clone(), ready.clone());
            all.spawn(async move {
                let name = cache.name("it");
                match begin(&cache, &name) {
                    Lookup::Hit(answer) => answer,
                    Lookup::Join(flight) => match flight.end().await {
                        FlightEnd::Answered(answer) => answer,
                        end => panic!("{end:?}"),
                    },
                    Lookup::Lead(lead) => {
                        fetches.fetch_add(1, Ordering::Relaxed);
                        tokio::task::yield_now().await;
                        lead.store(ready.clone());
                        ready
                    }
                }
            });
        }
        assert_eq!(all.join_all().await.len(), 16);
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn if_the_leader_is_dropped_the_next_who_asks_leads() {
    let (cache, fetches) = (ResponseCache::default(), Arc::new(AtomicU32::new(0)));
    let leader = tokio::spawn(get(cache.clone(), fetches.clone()));
    sleep(Duration::from_millis(500)).await;
    let mut others = JoinSet::new();
    for _ in 0..1_000 {
        others.spawn(get(cache.clone(), fetches.clone()));
    }
    sleep(Duration::from_millis(100)).await;
    leader.abort();
    let answers = others.join_all().await;
    assert_eq!(answers.len(), 1_000);
    assert_eq!(fetches.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn one_who_leaves_a_flight_takes_nothing_from_the_others() {
    let cache = ResponseCache::default();
    let name = cache.name("it");
    let lead = lead(begin(&cache, &name));
    let (stays, leaves) = (join(begin(&cache, &name)), join(begin(&cache, &name)));
    assert!(tokio::time::timeout(MINUTE, leaves.end()).await.is_err());
    lead.store(answer("x").await);
    assert!(matches!(stays.end().await, FlightEnd::Answered(_)));
}

#[tokio::test(start_paused = true)]
async fn those_who_joined_hear_of_failures_and_waits_and_nothing_is_kept() {
    let cache = ResponseCache::default();
    let name = cache.name("it");
    let error = CallError {
        kind: ErrorKind::Connect,
        message: "refused".to_owned(),
        http_status: None,
        retry: Retry::Allowed { after: None },
        answer: None,
    };
    let failing = lead(begin(&cache, &name));
    let flights = [join(begin(&cache, &name)), join(begin(&cache, &name))];
    failing.fail(&error);
    for flight in flights {
        match flight.end().await {
            FlightEnd::Failed(heard) => assert_eq!(heard, error),
            end => panic!("{end:?}"),
        }
    }

    let waiting = lead(begin(&cache, &name));
    let flight = join(begin(&cache, &name));
    let at = Instant::now() + MINUTE;
    waiting.postpone(at);
    assert!(matches!(flight.end().await, FlightEnd::Postponed(until) if until == at));
    assert!(cache.is_empty());
    drop(lead(begin(&cache, &name)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_good_until_its_time_to_live_is_over_and_not_longer() {
    let cache = ResponseCache::default();
    let name = cache.name("it");
    lead(begin(&cache, &name)).store(answer("x").await);
    advance(MINUTE - Duration::from_nanos(1)).await;
    assert_eq!(*hit(begin(&cache, &name)).value, "x");
    advance(Duration::from_nanos(1)).await;
    let late = lead(begin(&cache, &name));
    assert!(late.stale().is_none());
    drop(late);
    assert!(cache.is_empty(), "nobody asked to keep what is out of date");
    assert_eq!(cache.bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_time_to_live_longer_than_the_clock_never_ends() {
    let cache = ResponseCache::default();
    let name = cache.name("it");
    lead(cache.begin(key("it"), bounds(), &name, Duration::MAX, false)).store(answer("x").await);
    advance(Duration::from_secs(1_000_000_000)).await;
    hit(cache.begin(key("it"), bounds(), &name, Duration::MAX, false));
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_is_fresh_again_once_the_server_says_so() {
    let cache = ResponseCache::default();
    let name = cache.name("it");
    let ask = || cache.begin(key("it"), bounds(), &name, MINUTE, true);
    lead(ask()).store(answer("x").await);
    advance(MINUTE).await;
    let asking = lead(ask());
    assert_eq!(*asking.stale().expect("it is kept").value, "x");
    let joined = join(ask());
    assert_eq!(*asking.refresh().value, "x");
    assert!(matches!(joined.end().await, FlightEnd::Answered(_)));
    advance(MINUTE - Duration::from_nanos(1)).await;
    hit(ask());
    advance(MINUTE).await;
    // A failure leaves it for the next attempt; one that must not be kept takes its place.
    drop(lead(ask()));
    let asking = lead(ask());
    assert!(asking.stale().is_some());
    asking.withhold();
    assert!(lead(ask()).stale().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_must_not_be_kept_is_given_to_nobody_who_joined() {
    let cache = ResponseCache::default();
    let name = cache.name("it");
    let leading = lead(begin(&cache, &name));
    let joined = join(begin(&cache, &name));
    leading.withhold();
    assert!(matches!(joined.end().await, FlightEnd::Withheld));
    assert!(cache.is_empty());
    drop(lead(begin(&cache, &name)));
}

#[tokio::test(start_paused = true)]
async fn only_those_who_allow_a_fetch_the_same_share_it_and_all_share_what_is_kept() {
    let cache = ResponseCache::default();
    let name = cache.name("it");
    let changed = |change: fn(&mut Call)| {
        let mut call = call();
        change(&mut call);
        Bounds::of(&call)
    };
    let begin = |bounds| cache.begin(key("it"), bounds, &name, MINUTE, false);
    let usual = lead(begin(bounds()));
    for other in [
        changed(|call| call.timeout = Duration::from_millis(100)),
        changed(|call| call.max_body = 10),
        changed(|call| call.max_redirects = 0),
    ] {
        let alone = lead(begin(other));
        let joined = join(begin(other));
        drop(alone);
        assert!(matches!(joined.end().await, FlightEnd::GivenUp), "its own leader left it");
    }
    let joined = join(begin(bounds()));
    usual.store(answer("x").await);
    assert!(matches!(joined.end().await, FlightEnd::Answered(_)));
    assert_eq!(*hit(begin(changed(|call| call.max_body = 10))).value, "x");
}

#[tokio::test(start_paused = true)]
async fn two_endpoints_share_an_answer_until_one_of_them_is_cleared() {
    let cache = ResponseCache::default();
    let (one, two) = (cache.name("one"), cache.name("two"));
    lead(begin(&cache, &one)).store(answer("x").await);
    hit(begin(&cache, &two));

    cache.clear("one");
    hit(begin(&cache, &two));
    let again = lead(begin(&cache, &one));
    again.store(answer("y").await);
    for name in [&one, &two] {
        assert_eq!(*hit(begin(&cache, name)).value, "y");
    }
    cache.clear("nobody");
    hit(begin(&cache, &one));
}

#[tokio::test(start_paused = true)]
async fn what_only_one_endpoint_used_takes_no_memory_once_that_is_cleared() {
    let cache = ResponseCache::default();
    let name = cache.name("it");
    lead(begin(&cache, &name)).store(answer("x").await);
    assert!(cache.bytes() > 0);
    cache.clear("it");
    assert_eq!((cache.len(), cache.bytes()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_before_a_clearing_is_not_kept_after_it() {
    let cache = ResponseCache::default();
    let (one, two) = (cache.name("one"), cache.name("two"));
    let old = lead(begin(&cache, &one));
    cache.clear("one");

    // The other endpoint was not cleared and may join; this one must not.
    let joined = join(begin(&cache, &two));
    let new = lead(begin(&cache, &one));
    old.store(answer("old").await);
    assert!(matches!(joined.end().await, FlightEnd::Answered(it) if *it.value == "old"));
    assert!(cache.is_empty());
    let joined = join(begin(&cache, &one));
    new.store(answer("new").await);
    assert!(matches!(joined.end().await, FlightEnd::Answered(it) if *it.value == "new"));
    assert_eq!(*hit(begin(&cache, &one)).value, "new");
}

#[tokio::test(start_paused = true)]
async fn an_old_flight_that_lands_late_does_not_replace_what_a_later_one_brought() {
    let cache = ResponseCache::default();
    let (one, two) = (cache.name("one"), cache.name("two"));
    let old = lead(begin(&cache, &two));
    cache.clear("one");
    lead(begin(&cache, &one)).store(answer("new").await);
    old.store(answer("old").await);
    for name in [&one, &two] {
        assert_eq!(*hit(begin(&cache, name)).value, "new");
    }
}

#[tokio::test(start_paused = true)]
async fn clearing_everything_empties_the_cache_and_what_is_on_its_way() {
    let cache = ResponseCache::default();
    let one = cache.name("one");
    lead(cache.begin(key("kept"), bounds(), &one, MINUTE, true)).store(answer("x").await);
    let on_its_way = lead(begin(&cache, &one));
    cache.clear_all();
    assert_eq!((cache.len(), cache.bytes()), (0, 0));
    // A name that is new after the clearing must not join what began before it, either.
    let new = cache.name("new");
    let later = lead(begin(&cache, &new));
    on_its_way.store(answer("old").await);
    assert!(cache.is_empty());
    assert!(lead(cache.begin(key("kept"), bounds(), &one, MINUTE, true)).stale().is_none());
    later.store(answer("new").await);
    assert_eq!(*hit(begin(&cache, &one)).value, "new");
}

#[tokio::test(start_paused = true)]
async fn a_cache_stays_within_its_bound_also_with_stale_answers() {
    let cache = ResponseCache::new(100_000);
    let name = cache.name("it");
    for number in 0..1_000 {
        let key = key(&number.to_string());
        lead(cache.begin(key, bounds(), &name, MINUTE, true))
            .store(answer(vec![b'x'; 1_000]).await);
        assert!(cache.bytes() <= 100_000, "{}", cache.bytes());
        advance(Duration::from_secs(1)).await;
    }
    assert!(cache.len() > 10, "{}", cache.len());
    hit(cache.begin(key("999"), bounds(), &name, MINUTE, true));
    drop(lead(cache.begin(key("0"), bounds(), &name, MINUTE, true)));
}
