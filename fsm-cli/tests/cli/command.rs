//! The binary, flow files for it, and an API that they can call.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fsm_testkit::server::MockApi;
use serde_json::Value;
use tokio::runtime::{self, Runtime};

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }

    /// The one JSON object on stdout.
    pub(crate) fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is one JSON value: {error}\n{self:?}"));
        assert!(value.is_object(), "{self:?}");
        value
    }
}

/// The binary, without what the surroundings of the test may have set.
pub(crate) fn fsm<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fsm"));
    command
        .args(arguments)
        .env_remove("FSM_LOG")
        .env_remove("FSM_JOURNAL")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
pub(crate) fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ended {
    Ended::of(fsm(arguments).output().expect("the binary starts"))
}

/// Runs the binary to its end, with a text on stdin.
pub(crate) fn run_with_stdin(arguments: &[&str], stdin: &str) -> Ended {
    let mut command = fsm(arguments);
    let mut child = spawn(command.stdin(Stdio::piped()));
    // A command that refuses its arguments reads nothing.
    let _ = child.stdin.take().expect("stdin is piped").write_all(stdin.as_bytes());
    Ended::of(child.wait_with_output().expect("the binary ends"))
}

pub(crate) fn spawn(command: &mut Command) -> Child {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the binary starts")
}

/// A file for one test.
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("cli-{}-{count}", std::process::id()));
    fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let path = folder.join(name);
    fs::write(&path, content).expect("the folder for temporary files can be written");
    path.into_os_string().into_string().expect("the path is UTF-8")
}

/// An API on a free port, as long as it is kept.
pub(crate) struct Api {
    runtime: Runtime,
    api: MockApi,
}

impl Api {
    pub(crate) fn start() -> Self {
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let api = runtime
            .block_on(MockApi::builder().latency(Duration::ZERO).start())
            .expect("a free port");
        Self { runtime, api }
    }

    pub(crate) fn requests(&self) -> u64 {
        self.api.request_count()
    }

    pub(crate) fn url(&self) -> String {
        self.api.url().to_string()
    }

    /// Waits until so many requests have come in.
    pub(crate) fn wait_for_requests(&self, count: u64) {
        self.runtime.block_on(async {
            let arrived = async {
                while self.api.request_count() < count {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            let patience = Duration::from_secs(20);
            tokio::time::timeout(patience, arrived).await.expect("the requests arrive");
        });
    }

    /// A flow file with endpoints `a`, `b`, … that call these paths.
    pub(crate) fn flow(&self, head: &str, paths: &[&str]) -> String {
        let mut text = format!("fsm: 1\nname: test\n{head}\nendpoints:\n");
        for (name, path) in ('a'..).zip(paths) {
            let url = self.api.url();
            text += &format!("  - name: {name}\n    url: {url}{path}\n    retry_delay: 10ms\n");
        }
        file("flow.yaml", text)
    }
}
