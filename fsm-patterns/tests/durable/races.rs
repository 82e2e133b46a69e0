//! Things that happen at the same time, and things that are left behind.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fsm_core::journal::{
    History, Journal, JournalError, Logbook, MemoryJournal, NewRun, RunFilter, RunInfo, TakenUp,
};
use fsm_core::{Input, Snapshot};
use fsm_patterns::{
    Endpoint, Engine, EngineError, EngineOptions, Flow, FlowContext, FlowEvent, Orchestration,
    RunOutcome, Services, StartOptions,
};
use serde_json::json;
use tokio::sync::watch;

use crate::world::{Api, flow, late, ms, told};

type Memory = MemoryJournal<FlowContext, FlowEvent>;
type Meanwhile = Box<dyn FnOnce() + Send>;

/// Where something happens meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// After the letters were read.
    Letters,
    /// After a run was begun.
    Begin,
}

/// A journal in memory in whose pauses something else happens, once.
struct Slow {
    memory: Memory,
    meanwhile: Mutex<Option<(Place, std::thread::ThreadId, Meanwhile)>>,
}

impl Slow {
    fn new(memory: &Memory) -> Arc<Self> {
        Arc::new(Self { memory: memory.clone(), meanwhile: Mutex::default() })
    }

    /// Where this thread comes to `place` next, `work` is done before it goes on.
    fn meanwhile(&self, place: Place, work: impl FnOnce() + Send + 'static) {
        let here = std::thread::current().id();
        *self.meanwhile.lock().unwrap() = Some((place, here, Box::new(work)));
    }

    fn pause(&self, at: Place) {
        let mut meanwhile = self.meanwhile.lock().unwrap();
        let here = std::thread::current().id();
        let is_now = |(place, thread, _): &mut (Place, _, _)| *place == at && *thread == here;
        let work = meanwhile.take_if(is_now);
        drop(meanwhile);
        if let Some((_, _, work)) = work {
            work();
        }
    }
}

impl Journal<FlowContext, FlowEvent> for Slow {
    fn begin(
        &self,
        run: NewRun<'_>,
        first: &Snapshot<FlowContext>,
    ) -> Result<Box<dyn Logbook<FlowContext, FlowEvent>>, JournalError> {
        let begun = self.memory.begin(run, first);
        self.pause(Place::Begin);
        begun
    }

    fn take_up(&self, run: &str) -> Result<TakenUp<FlowContext, FlowEvent>, JournalError> {
        self.memory.take_up(run)
    }

    fn read(&self, run: &str) -> Result<History<FlowContext, FlowEvent>, JournalError> {
        self.memory.read(run)
    }

    fn info(&self, run: &str) -> Result<RunInfo, JournalError> {
        self.memory.info(run)
    }

    fn list(&self, filter: &RunFilter) -> Result<Vec<RunInfo>, JournalError> {
        self.memory.list(filter)
    }

    fn adopt(&self, filter: &RunFilter) -> Result<Vec<RunInfo>, JournalError> {
        self.memory.adopt(filter)
    }

    fn release(&self, run: &str) -> Result<(), JournalError> {
        self.memory.release(run)
    }

    fn post(&self, run: &str, message: &Input<FlowEvent>) -> Result<u64, JournalError> {
        self.memory.post(run, message)
    }

    fn posted_after(&self, number: u64) -> Result<Vec<(u64, String)>, JournalError> {
        let posted = self.memory.posted_after(number);
        self.pause(Place::Letters);
        posted
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.memory.changes()
    }
}

const APPROVED: &str = "mode: pipeline\nendpoints:\n\
                        - { name: approval, signal: approved }\n\
                        - { name: pay, url: 'http://api.test/pay', method: POST }\n";

const SLOW: &str = "mode: pipeline\nendpoints: [{ name: slow, url: 'http://api.test/slow' }]\n";

fn api() -> Arc<Api> {
    Api::new(&[("/pay", &[late(1, "paid")]), ("/slow", &[late(600_000, 1)])])
}

fn named(id: &str) -> StartOptions {
    StartOptions::new().id(id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_that_comes_while_its_run_is_being_resumed_wakes_it() {
    let (api, memory) = (api(), Memory::new());
    let flow = flow(&api, APPROVED);
    let first = Engine::new(Arc::new(memory.clone()));
    first.start_with(&flow, json!({}), named("r")).unwrap();
    first.until_idle().await;
    first.shutdown().await.unwrap();

    let journal = Slow::new(&memory);
    let second = Engine::new(journal.clone());
    second.start_with(&flow, json!({}), named("another")).unwrap();
    second.until_idle().await;
    let others = Engine::new(Arc::new(memory.clone()));
    others.register(&flow);
    journal.meanwhile(Place::Letters, move || {
        others.signal("r", "approved", json!(1)).unwrap();
        // So that the engine that has not parked the run yet hears of it first.
        std::thread::sleep(ms(200));
    });
    second.resume_all(&RunFilter::all()).unwrap();
    let end = tokio::time::timeout(Duration::from_secs(5), second.outcome("r")).await;
    assert_eq!(told(&end.expect("it was woken").unwrap()), "completed: approval ok, pay ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_begun_while_the_engine_shuts_down_is_left_to_others() {
    let (api, memory) = (api(), Memory::new());
    let flow = flow(&api, APPROVED);
    let journal = Slow::new(&memory);
    let engine = Engine::new(journal.clone());
    let closing = engine.clone();
    let runtime = tokio::runtime::Handle::current();
    journal.meanwhile(Place::Begin, move || {
        runtime.spawn(async move { closing.shutdown().await.unwrap() });
        std::thread::sleep(ms(200));
    });
    let error = engine.start_with(&flow, json!({}), named("r")).unwrap_err();
    assert!(matches!(error, EngineError::ShutDown), "{error}");
    assert_eq!(memory.info("r").unwrap().driver, None);
}

#[test]
fn a_runtime_may_end_however_many_runs_wait_for_their_turn() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (api, memory) = (api(), Memory::new());
    let options = EngineOptions::new().max_driven(NonZeroUsize::MIN);
    let engine = Engine::with_options(Arc::new(memory.clone()), options);
    let flow = flow(&api, SLOW);
    runtime.block_on(async {
        for _ in 0..20_000 {
            engine.start(&flow, json!({})).unwrap();
        }
        tokio::time::sleep(ms(10)).await;
    });
    drop(runtime);
    assert!(memory.list(&RunFilter::all()).unwrap().iter().all(|run| !run.phase.is_over()));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_before_its_turn_calls_nothing() {
    let (api, memory) = (api(), Memory::new());
    let options = EngineOptions::new().max_driven(NonZeroUsize::MIN);
    let engine = Engine::with_options(Arc::new(memory), options);
    let pay = Orchestration::sequential("pay")
        .endpoint(Endpoint::post("pay", "http://api.test/pay"))
        .build_with(api.clone())
        .unwrap();
    engine.start_with(&flow(&api, SLOW), json!({}), named("first")).unwrap();
    engine.start_with(&pay, json!({}), named("second")).unwrap();
    tokio::time::sleep(ms(5)).await;
    engine.cancel("second").unwrap();
    engine.cancel("first").unwrap();
    assert_eq!(engine.outcome("second").await.unwrap().outcome, RunOutcome::Cancelled);
    assert_eq!(api.sent("/pay"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_can_be_cancelled_where_its_secrets_are_missing() {
    let (api, memory, folder) = (api(), Memory::new(), tempfile::tempdir().unwrap());
    let secret = folder.path().join("token");
    std::fs::write(&secret, "abc").unwrap();
    let text = format!(
        "fsm: 1\nname: test\nmode: pipeline\nresources:\n  shop:\n    base_url: http://api.test\n    \
         auth: {{ bearer: {{ token: {{ file: '{}' }} }} }}\nendpoints:\n\
         - {{ name: approval, signal: approved }}\n- {{ name: pay, resource: shop, url: /pay }}\n",
        secret.display()
    );
    let services = Services::new().with_transport(api.clone());
    let flow = Flow::from_text("flow.yaml", &text, services.clone()).unwrap();
    let first = Engine::new(Arc::new(memory.clone()));
    for id in ["new", "waits"] {
        first.start_with(&flow, json!({}), named(id)).unwrap();
    }
    first.until_idle().await;
    first.shutdown().await.unwrap();

    std::fs::remove_file(&secret).unwrap();
    let options = EngineOptions::new().services(services);
    let second = Engine::with_options(Arc::new(memory.clone()), options);
    assert!(matches!(second.resume("waits"), Err(EngineError::Resume(_))));
    assert_eq!(memory.info("waits").unwrap().driver, None);
    second.cancel("waits").unwrap();
    assert_eq!(second.outcome("waits").await.unwrap().outcome, RunOutcome::Cancelled);
    // One that cannot go on keeps none of the others.
    assert_eq!(second.resume_all(&RunFilter::all()).unwrap(), ["new"]);
}

#[tokio::test(start_paused = true)]
async fn the_name_of_a_target_may_be_as_long_as_names_can_be() {
    let (api, folder) = (api(), tempfile::tempdir().unwrap());
    let flow = Orchestration::sequential("pay")
        .endpoint(Endpoint::post("pay", "http://api.test/pay"))
        .target(format!("{}/{{$inputs.name}}", folder.path().display()))
        .build_with(api.clone())
        .unwrap();
    let name = "n".repeat(255);
    let report = flow.execute(json!({ "name": name })).await.unwrap();
    assert_eq!(report.outcome, RunOutcome::Completed, "{:?}", report.error);
    assert!(folder.path().join(name).is_file());
}

#[tokio::test(start_paused = true)]
async fn a_result_may_be_nested_as_deep_as_an_answer_can_be() {
    let deepest = format!("{}{}", "[".repeat(127), "]".repeat(127));
    let deepest: serde_json::Value = serde_json::from_str(&deepest).unwrap();
    let (api, memory) = (Api::new(&[("/deep", &[late(1, deepest.clone())])]), Memory::new());
    let flow =
        flow(&api, "mode: pipeline\nendpoints: [{ name: deep, url: 'http://api.test/deep' }]\n");
    let engine = Engine::new(Arc::new(memory));
    let report = engine.start_with(&flow, json!({}), named("r")).unwrap().await.unwrap();
    assert_eq!(report.steps["deep"].output, deepest);
    assert_eq!(engine.outcome("r").await.unwrap(), report);
}
