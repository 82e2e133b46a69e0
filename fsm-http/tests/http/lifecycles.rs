//! Resources are set up in order and torn down in reverse, whatever happens in between.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use fsm_http::{
    MemoryTransport, Reply,
    resource::{Client, Hook, HookCause, HookPhase, Lifecycle, Resource},
    secret::{Secret, SecretSource},
};
use http::HeaderName;
use tokio::time::Instant;

/// What happened, in order.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn note(&self, text: impl Into<String>) {
        self.0.lock().expect("no panic").push(text.into());
    }

    fn notes(&self) -> Vec<String> {
        self.0.lock().expect("no panic").clone()
    }

    /// The notes once there are as many as expected; other tasks write them.
    async fn comes_to(&self, expected: &[&str]) {
        for _ in 0..100 {
            if self.notes().len() >= expected.len() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(self.notes(), expected);
    }

    /// A hook that notes its work, and takes a while for it.
    fn hook(&self, text: &'static str) -> Hook {
        let diary = self.clone();
        Hook::new(text, move |client| {
            let diary = diary.clone();
            async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
                diary.note(format!("{text} {}", client.name()));
                Ok(())
            }
        })
    }

    fn resource(&self, name: &str) -> Resource {
        Resource::new(name).set_up(self.hook("up")).tear_down(self.hook("down"))
    }
}

fn open(resource: &Resource) -> Client {
    let server = MemoryTransport::replying(|_| Reply::text("ok"));
    resource.open(Some(Arc::new(server))).expect("a whole resource")
}

fn failing(why: &'static str) -> Hook {
    Hook::new("break", move |_| async move { Err(why.to_owned()) })
}

#[tokio::test(start_paused = true)]
async fn resources_are_set_up_in_order_and_torn_down_in_reverse() {
    let diary = Diary::default();
    let clients = ["a", "b", "c"].map(|name| open(&diary.resource(name))).to_vec();
    let lifecycle = Lifecycle::set_up(clients).await.expect("all go up");
    assert_eq!(diary.notes(), ["up a", "up b", "up c"]);
    assert_eq!(lifecycle.tear_down().await, []);
    assert_eq!(diary.notes()[3..], ["down c", "down b", "down a"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_those_before_are_torn_down_and_the_error_names_the_resource() {
    let diary = Diary::default();
    let clients = vec![
        open(&diary.resource("a")),
        open(&diary.resource("b").tear_down(failing("stuck"))),
        open(&diary.resource("c").set_up(failing("no licence"))),
        open(&diary.resource("d")),
    ];
    let error = Lifecycle::set_up(clients).await.expect_err("c does not go up");
    assert_eq!(
        error.to_string(),
        "the resource `c` cannot be set up: its hook `break` failed: no licence"
    );
    assert_eq!(error.error.phase, HookPhase::SetUp);
    let [stuck] = &error.tear_down[..] else { panic!("{error:?}") };
    assert_eq!(
        stuck.to_string(),
        "the resource `b` cannot be torn down: its hook `break` failed: stuck"
    );
    assert_eq!(diary.notes(), ["up a", "up b", "down a"]);
}

#[tokio::test(start_paused = true)]
async fn a_tear_down_that_fails_panics_or_hangs_keeps_none_of_the_others() {
    let diary = Diary::default();
    let panicking = Hook::new("panic", |_| async { panic!("out of cheese") });
    let hanging = Hook::new("hang", |_| std::future::pending());
    let clients = vec![
        open(&diary.resource("a")),
        open(&diary.resource("b").tear_down(failing("stuck"))),
        open(&diary.resource("c").tear_down(panicking)),
        open(&diary.resource("d").tear_down(hanging)),
    ];
    let lifecycle = Lifecycle::set_up(clients).await.expect("all go up");
    let began = Instant::now();
    let causes: Vec<_> = lifecycle.tear_down().await.into_iter().map(|error| error.cause).collect();
    let limit = Duration::from_secs(30);
    assert_eq!(
        causes,
        [
            HookCause::TimedOut(limit),
            HookCause::Panicked("out of cheese".into()),
            HookCause::Failed("stuck".into()),
        ]
    );
    assert!(began.elapsed() < limit + Duration::from_secs(1));
    assert_eq!(diary.notes().last().map(String::as_str), Some("down a"));
}

#[tokio::test(start_paused = true)]
async fn a_lifecycle_that_is_dropped_is_torn_down_all_the_same() {
    let diary = Diary::default();
    let clients = ["a", "b"].map(|name| open(&diary.resource(name))).to_vec();
    drop(Lifecycle::set_up(clients).await.expect("all go up"));
    diary.comes_to(&["up a", "up b", "down b", "down a"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_set_up_that_is_given_up_tears_down_what_was_up() {
    let diary = Diary::default();
    let hanging = Hook::new("hang", |_| std::future::pending());
    let clients = vec![open(&diary.resource("a")), open(&diary.resource("b").set_up(hanging))];
    let set_up = Lifecycle::set_up(clients);
    tokio::time::timeout(Duration::from_secs(1), set_up).await.expect_err("it hangs");
    diary.comes_to(&["up a", "down a"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_tear_down_that_is_given_up_goes_on() {
    let diary = Diary::default();
    let clients = ["a", "b"].map(|name| open(&diary.resource(name))).to_vec();
    let lifecycle = Lifecycle::set_up(clients).await.expect("all go up");
    let tear_down = lifecycle.tear_down();
    tokio::time::timeout(Duration::from_micros(1), tear_down).await.expect_err("it takes longer");
    diary.comes_to(&["up a", "up b", "down b", "down a"]).await;
}

#[test]
fn a_lifecycle_that_outlives_its_runtime_is_dropped_without_a_panic() {
    let diary = Diary::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let clients = vec![open(&diary.resource("a"))];
    let lifecycle = runtime.block_on(Lifecycle::set_up(clients)).expect("it goes up");
    drop(runtime);
    drop(lifecycle);
    assert_eq!(diary.notes(), ["up a"]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_hangs_is_given_up_and_a_secret_in_its_error_is_not_shown() {
    let secret = SecretSource::Value(Secret::new("hunter2"));
    let resource = Resource::new("a").header(HeaderName::from_static("x-key"), secret);
    let hanging = Hook::new("hang", |_| std::future::pending());
    let error = open(&resource.clone().set_up(hanging)).set_up().await.expect_err("it hangs");
    assert_eq!(
        error.to_string(),
        "the resource `a` cannot be set up: its hook `hang` was not done after 30 s"
    );
    let telling = resource.set_up(failing("hunter2 was refused"));
    let error = open(&telling).set_up().await.expect_err("refused");
    assert_eq!(error.cause, HookCause::Failed("[redacted] was refused".into()));
}

#[tokio::test(start_paused = true)]
async fn without_hooks_there_is_nothing_to_do() {
    let clients = vec![open(&Resource::new("a")), open(&Resource::new("b"))];
    let lifecycle = Lifecycle::set_up(clients).await.expect("nothing can fail");
    assert_eq!(lifecycle.tear_down().await, []);
}
