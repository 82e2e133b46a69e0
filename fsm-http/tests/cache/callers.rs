//! What callers share of a fetch, and what stays the affair of each.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use fsm_http::{
    Answer, Call, CallError, ErrorKind, MemoryTransport, Reply,
    auth::{Auth, Authority, OAuth2},
    cache::ResponseCache,
    caller::{Caller, End, Ongoing, Origin},
    limit::{Bucket, Rate},
    metrics::Metrics,
    secret::Secret,
};
use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::time::{Instant, advance};

use crate::{MINUTE, call};

const SECOND: Duration = Duration::from_secs(1);

fn caller(name: &str, server: &Arc<MemoryTransport>, cache: &ResponseCache) -> Caller {
    Caller::new(name, server.clone()).cache(cache, MINUTE, false)
}

fn bucket(window: Duration) -> Bucket {
    Bucket::new([Rate::new(NonZeroU32::MIN, window)])
}

async fn fail(caller: &Caller, call: &Call) -> ErrorKind {
    caller.call(call).await.expect_err("a failure").kind
}

async fn value(caller: &Caller, call: &Call) -> String {
    let answer: Result<Arc<Answer>, CallError> = caller.call(call).await;
    answer.expect("an answer").value.as_str().expect("a text").to_owned()
}

#[tokio::test(start_paused = true)]
async fn who_allows_more_does_not_fail_with_who_allows_less() {
    let slow = || Reply::text("more than ten bytes").after(SECOND);
    let server = Arc::new(MemoryTransport::replying(move |_| slow()));
    let cache = ResponseCache::default();
    let (less, more) = (caller("less", &server, &cache), caller("more", &server, &cache));
    for (expected, change) in [
        (ErrorKind::TooLarge, (|call| call.max_body = 10) as fn(&mut Call)),
        (ErrorKind::Timeout, |call| call.timeout = Duration::from_millis(100)),
    ] {
        let (mut strict, usual) = (call(), call());
        change(&mut strict);
        let began = server.requests().len();
        let (failed, (one, other)) =
            join(fail(&less, &strict), join(value(&more, &usual), value(&more, &usual))).await;
        assert_eq!(failed, expected);
        assert_eq!((&*one, &*other), ("more than ten bytes", "more than ten bytes"));
        assert_eq!(server.requests().len() - began, 2, "one for each of the two kinds");
        cache.clear_all();
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_must_not_be_kept_is_asked_for_by_each_and_all_at_once() {
    let reply = || Reply::text("mine").header("cache-control", "no-store").after(SECOND);
    let server = Arc::new(MemoryTransport::replying(move |_| reply()));
    let (cache, metrics) = (ResponseCache::default(), Metrics::default());
    let caller = caller("a", &server, &cache).recorder(metrics.endpoint("a"));
    let (call, began) = (call(), Instant::now());
    let answers = join_all((0..20).map(|_| caller.call(&call))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(server.requests().len(), 20);
    // One waits for nobody, and the others in vain, but for one answer only.
    assert_eq!(began.elapsed(), SECOND * 2);
    let snapshot = metrics.snapshot();
    let counted = &snapshot.endpoints["a"];
    assert_eq!((counted.cache_hits, counted.cache_misses), (0, 20));
}

/// Else each would lead the rest of the line, which then goes at the pace of the answers.
#[tokio::test(start_paused = true)]
async fn who_has_waited_in_vain_for_an_answer_waits_for_the_rate_limit_alone() {
    let reply = || Reply::text("mine").header("cache-control", "no-store").after(SECOND * 10);
    let server = Arc::new(MemoryTransport::replying(move |_| reply()));
    let caller = caller("a", &server, &ResponseCache::default()).bucket(bucket(SECOND));
    let (call, began) = (call(), Instant::now());
    let answers = join_all((0..5).map(|_| caller.call(&call))).await;
    assert!(answers.iter().all(Result::is_ok));
    // The first at 0 s, and from its answer on one a second: the last leaves at 13 s.
    assert_eq!(began.elapsed(), SECOND * 23);
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_is_dropped_when_the_server_confirms_it_and_forbids_to_keep_it() {
    let server = Arc::new(MemoryTransport::sequence([
        Reply::text("old").header("etag", "\"1\""),
        Reply::status(304).header("cache-control", "no-store").after(SECOND),
        Reply::text("new"),
        Reply::text("newer"),
    ]));
    let cache = ResponseCache::default();
    let caller = Caller::new("a", server.clone()).cache(&cache, MINUTE, true);
    let call = call();
    assert_eq!(value(&caller, &call).await, "old");
    advance(MINUTE).await;

    let revalidate = async {
        match caller
            .attempt(&mut call.clone(), Some(caller.key_of(&call)), &mut Ongoing::default(), 1)
            .await
        {
            End::Answered(answer, origin) => (answer.value.clone(), origin),
            end @ (End::Failed(_) | End::Postponed(_)) => panic!("{end:?}"),
        }
    };
    let ((confirmed, origin), joined) = join(revalidate, value(&caller, &call)).await;
    assert_eq!((&*confirmed, origin), (&json!("old"), Origin::Revalidated));
    assert_eq!(joined, "new", "it asked for itself, and without the validator");
    assert!(server.requests()[2].headers().get("if-none-match").is_none());
    cache.clear_all();
    assert_eq!(value(&caller, &call).await, "newer");
}

#[tokio::test(start_paused = true)]
async fn who_has_no_patience_with_its_limit_leaves_the_fetch_to_the_others() {
    let server = Arc::new(MemoryTransport::replying(|request| match request.uri().path() {
        "/token" => Reply::json(&json!({"access_token": "t", "expires_in": 10})).after(SECOND),
        "/limited" => Reply::status(429).header("retry-after", "3600"),
        _ => Reply::text("here"),
    }));
    let token_url = "http://a.test/token".parse().expect("a url");
    let declared = OAuth2::new(token_url, "me", Secret::new("hunter2").into());
    let authority = Authority::open(&Auth::OAuth2(declared), server.clone()).expect("sound");
    let cache = ResponseCache::default();
    let limited = caller("limited", &server, &cache)
        .authority(authority.clone())
        .bucket(bucket(SECOND))
        .max_wait(Some(SECOND));
    let free = caller("free", &server, &cache).authority(authority);
    let told = Call::new(http::Method::GET, "http://a.test/limited".parse().expect("a url"));
    assert_eq!(fail(&limited, &told).await, ErrorKind::Status);
    advance(SECOND * 11).await;

    // Both wait for the token, the second for the answer of the first.
    let call = call();
    let (failed, got) = join(fail(&limited, &call), value(&free, &call)).await;
    assert_eq!((failed, &*got), (ErrorKind::RateLimited, "here"));
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_credentials_together_give_up_together() {
    let server = Arc::new(MemoryTransport::replying(|_| Reply::stalled()));
    let token_url = "http://a.test/token".parse().expect("a url");
    let declared = OAuth2::new(token_url, "me", Secret::new("hunter2").into());
    let authority = Authority::open(&Auth::OAuth2(declared), server.clone()).expect("sound");
    let caller = caller("a", &server, &ResponseCache::default()).authority(authority);
    let mut call = call();
    call.timeout = SECOND;
    let began = Instant::now();
    let kinds = join_all((0..5).map(|_| fail(&caller, &call))).await;
    assert_eq!(kinds, [ErrorKind::Timeout; 5]);
    assert_eq!(began.elapsed(), SECOND, "and not one after the other");
}
