//! One token for all: fetches that many wait for, that are given up, that come early, and that fail.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use fsm_http::{
    ErrorKind, MemoryTransport, Reply, Retry,
    auth::{Auth, Authority, Credentials, OAuth2},
    secret::Secret,
};
use serde_json::json;
use tokio::time::{Instant, advance, sleep, timeout};

use crate::server::{Server, json, open};

const SECOND: Duration = Duration::from_secs(1);

fn declared(token_url: url::Url) -> Auth {
    Auth::OAuth2(OAuth2::new(token_url, "shop", Secret::new("hunter2").into()))
}

fn in_memory(transport: &Arc<MemoryTransport>) -> Authority {
    let url = "http://a.test/token".parse().expect("a url");
    Authority::open(&declared(url), transport.clone()).expect("a sound declaration")
}

/// A reply with the token `abc-NUMBER`.
fn token(number: usize, expires_in: Option<u64>) -> Reply {
    let mut answer = json!({"access_token": format!("abc-{number}")});
    if let Some(seconds) = expires_in {
        answer["expires_in"] = seconds.into();
    }
    Reply::json(&answer)
}

/// What a call with these credentials sends.
fn sent(credentials: &Credentials) -> String {
    let mut call = fsm_http::Call::new(http::Method::GET, "http://a.test/".parse().expect("a url"));
    assert!(credentials.apply(&mut call));
    call.headers["authorization"].to_str().expect("a text").to_owned()
}

async fn concurrently(
    authority: &Authority,
    callers: usize,
) -> Vec<Result<Credentials, ErrorKind>> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let authority = authority.clone();
        tasks.spawn(async move { authority.credentials().await.map_err(|error| error.kind) });
    }
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_and_ten_thousand_callers_at_once_make_one_token_call() {
    for callers in [8, 10_000] {
        let server =
            Server::start(|_| json(&json!({"access_token": "abc", "expires_in": 60}))).await;
        let authority = open(&declared(server.url("/token")));
        let all = concurrently(&authority, callers).await;
        assert_eq!(all.len(), callers);
        let first = all[0].as_ref().expect("a token");
        assert!(all.iter().all(|one| one.as_ref() == Ok(first)), "the same for all");
        assert_eq!(server.requests().len(), 1, "{callers} callers");
    }
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_share_a_failure_and_the_next_call_tries_anew() {
    let down = || Reply::status(503).header("retry-after", "9").after(SECOND);
    let transport = Arc::new(MemoryTransport::sequence([down(), down(), token(3, None)]));
    let authority = in_memory(&transport);
    let start = Instant::now();
    for fetches in [1, 2] {
        let all = concurrently(&authority, 1000).await;
        assert!(all.iter().all(|one| *one == Err(ErrorKind::Auth)));
        assert_eq!(transport.requests().len(), fetches);
    }
    assert_eq!(start.elapsed(), 2 * SECOND);
    assert_eq!(sent(&authority.credentials().await.expect("it is up again")), "Bearer abc-3");
}

#[tokio::test(start_paused = true)]
async fn a_fetch_goes_on_for_the_others_if_the_call_that_began_it_is_dropped() {
    let transport = Arc::new(MemoryTransport::sequence([token(1, None).after(5 * SECOND)]));
    let authority = in_memory(&transport);
    let start = Instant::now();
    let first = authority.clone();
    let first = tokio::spawn(async move { first.credentials().await });
    let others = authority.clone();
    let others = tokio::spawn(async move { concurrently(&others, 10).await });
    sleep(SECOND).await;
    first.abort();
    assert!(first.await.expect_err("it was given up").is_cancelled());
    let others = others.await.expect("no panic");
    assert!(others.iter().all(Result::is_ok));
    assert_eq!((transport.requests().len(), start.elapsed()), (1, 5 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_nobody_waits_for_is_carried_on_by_the_next_call() {
    let rotated = json!({"access_token": "abc-1", "expires_in": 3600, "refresh_token": "second"});
    let transport = Arc::new(MemoryTransport::sequence([
        Reply::json(&rotated).after(3 * SECOND),
        token(2, None),
    ]));
    let url = "http://a.test/token".parse().expect("a url");
    let mut oauth2 = OAuth2::new(url, "shop", Secret::new("hunter2").into());
    oauth2.refresh_token = Some(Secret::new("first").into());
    let authority = Authority::open(&Auth::OAuth2(oauth2), transport.clone()).expect("sound");

    let given_up = timeout(SECOND, authority.credentials()).await;
    assert!(given_up.is_err(), "the answer takes three seconds");
    sleep(10 * SECOND).await;
    let credentials = authority.credentials().await.expect("what came meanwhile");
    assert_eq!((sent(&credentials).as_str(), transport.requests().len()), ("Bearer abc-1", 1));

    // What the server rotated in the first fetch was not lost.
    authority.renew(&credentials).await.expect("the second");
    let body = transport.requests()[1].body().clone();
    assert_eq!(body, "grant_type=refresh_token&refresh_token=second");
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_fetch_that_is_past_its_time_is_followed_by_another() {
    let transport = Arc::new(MemoryTransport::sequence([Reply::stalled(), token(2, None)]));
    let authority = in_memory(&transport);
    assert!(timeout(SECOND, authority.credentials()).await.is_err());
    sleep(100 * SECOND).await;
    let credentials = authority.credentials().await.expect("not the error of long ago");
    assert_eq!(sent(&credentials), "Bearer abc-2");
}

#[tokio::test(start_paused = true)]
async fn a_token_endpoint_has_thirty_seconds_for_the_whole_answer() {
    let drip = (0..100).fold(Reply::status(200), |reply, _| reply.chunk(SECOND, "x"));
    let transport = Arc::new(MemoryTransport::sequence([drip]));
    let start = Instant::now();
    let error = in_memory(&transport).credentials().await.expect_err("too slow");
    assert_eq!((start.elapsed(), error.kind), (30 * SECOND, ErrorKind::Auth));
    assert_eq!(error.retry, Retry::Allowed { after: None });
    assert_eq!(
        error.message,
        "no credentials from POST http://a.test/token: no complete answer within 30 s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_early_by_a_tenth_of_its_life_and_by_a_minute_at_most() {
    for (lifetime, early) in [(3600, 60), (600, 60), (100, 10), (10, 1), (0, 0)] {
        let transport =
            Arc::new(MemoryTransport::sequence([token(1, Some(lifetime)), token(2, None)]));
        let authority = in_memory(&transport);
        let first = authority.credentials().await.expect("the first");
        let last = Duration::from_secs(lifetime - early);
        if !last.is_zero() {
            advance(last - Duration::from_millis(1)).await;
            assert!(authority.ready().expect("it is still good") == first, "{lifetime}");
            advance(Duration::from_millis(1)).await;
        }
        assert!(authority.ready().is_none(), "{lifetime}: time to renew");
        let second = authority.credentials().await.expect("the second");
        assert_eq!(sent(&second), "Bearer abc-2");
        assert_eq!(transport.requests().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lifetime_counts_from_the_beginning_of_the_fetch() {
    let slow = token(1, Some(100)).after(20 * SECOND);
    let transport = Arc::new(MemoryTransport::sequence([slow, token(2, None)]));
    let authority = in_memory(&transport);
    authority.credentials().await.expect("the first");
    advance(69 * SECOND).await;
    assert!(authority.ready().is_some(), "89 of 90 seconds");
    advance(SECOND).await;
    assert!(authority.ready().is_none(), "90 of 90 seconds");
}

#[tokio::test(start_paused = true)]
async fn a_token_without_a_lifetime_is_used_until_it_is_refused() {
    let transport = Arc::new(MemoryTransport::sequence([token(1, None), token(2, None)]));
    let authority = in_memory(&transport);
    let first = authority.credentials().await.expect("the first");
    advance(Duration::from_secs(1_000_000_000)).await;
    assert!(authority.ready().expect("still good") == first);
    let second = authority.renew(&first).await.expect("the second");
    assert_eq!(sent(&second), "Bearer abc-2");
}

#[tokio::test(start_paused = true)]
async fn an_early_renewal_that_fails_leaves_the_old_token_for_as_long_as_it_lasts() {
    let fetches = Arc::new(AtomicUsize::new(0));
    let count = fetches.clone();
    let transport =
        Arc::new(MemoryTransport::replying(move |_| match count.fetch_add(1, Ordering::SeqCst) {
            0 => token(1, Some(1000)),
            1 => Reply::status(503).header("retry-after", "20"),
            _ => Reply::status(503),
        }));
    let authority = in_memory(&transport);
    let first = authority.credentials().await.expect("the first");
    advance(940 * SECOND).await;
    for _ in 0..100 {
        assert!(authority.credentials().await.expect("the old one is good") == first);
    }
    assert_eq!(fetches.load(Ordering::SeqCst), 2, "one try, and then the wait of Retry-After");
    advance(19 * SECOND).await;
    assert!(authority.ready().is_some());
    for _ in 0..40 {
        advance(SECOND).await;
        assert!(authority.credentials().await.expect("the old one is good") == first);
    }
    let tries = fetches.load(Ordering::SeqCst);
    assert!((6..=20).contains(&tries), "a try now and then, not one a call: {tries}");
    advance(SECOND).await;
    let error = authority.credentials().await.expect_err("it has expired");
    assert_eq!(error.http_status, Some(503));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_not_used_again_even_if_no_other_can_be_had() {
    let transport = Arc::new(MemoryTransport::sequence([token(1, Some(3600)), Reply::status(503)]));
    let authority = in_memory(&transport);
    let first = authority.credentials().await.expect("the first");
    authority.renew(&first).await.expect_err("the endpoint is down");
    assert!(authority.ready().is_none());
}

#[tokio::test(start_paused = true)]
async fn many_calls_that_are_refused_with_one_token_fetch_one_other() {
    let transport =
        Arc::new(MemoryTransport::sequence([token(1, None), token(2, None).after(SECOND)]));
    let authority = in_memory(&transport);
    let refused = authority.credentials().await.expect("the first");
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..100 {
        let (authority, refused) = (authority.clone(), refused.clone());
        tasks.spawn(async move {
            // Some learn of it while the fetch is under way, and some after it.
            sleep(SECOND / 50 * number).await;
            authority.renew(&refused).await.map(|credentials| sent(&credentials))
        });
    }
    for renewed in tasks.join_all().await {
        assert_eq!(renewed.as_deref(), Ok("Bearer abc-2"));
    }
    assert_eq!(transport.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_a_server_said_to_somebody_who_is_gone_is_not_the_last_word() {
    let refusal = Reply::status(400).after(2 * SECOND);
    let transport = Arc::new(MemoryTransport::sequence([refusal, token(1, None)]));
    let authority = in_memory(&transport);
    assert!(timeout(SECOND, authority.credentials()).await.is_err());
    let credentials = authority.credentials().await.expect("another fetch");
    assert_eq!((sent(&credentials).as_str(), transport.requests().len()), ("Bearer abc-1", 2));
}

#[tokio::test(start_paused = true)]
async fn an_authority_that_is_dropped_takes_its_fetch_along() {
    let transport = Arc::new(MemoryTransport::sequence([Reply::stalled()]));
    let authority = in_memory(&transport);
    assert!(timeout(SECOND, authority.credentials()).await.is_err());
    drop(authority);
    assert_eq!(Arc::strong_count(&transport), 1, "nothing holds on to the connection");
}
