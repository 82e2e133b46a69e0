//! SIGINT and SIGTERM: the first asks for an end, a second one ends at once.
//!
//! They are heard on a thread of their own, so that a second one works also while the run
//! computes or while nobody takes the result from stdout.

use std::io;
use std::process;
use std::thread;

use tokio::runtime;
use tokio::sync::watch;

use crate::exit::INTERRUPTED;

/// Listens from now on. The receiver holds whether an end was asked for.
///
/// # Errors
/// If the system refuses to hand signals over.
pub(crate) fn listen() -> io::Result<watch::Receiver<bool>> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = {
        let _entered = runtime.enter();
        Signals::new()?
    };
    let (sender, receiver) = watch::channel(false);
    let hear = move || {
        runtime.block_on(async {
            signals.next().await;
            sender.send_replace(true);
            signals.next().await;
            process::exit(INTERRUPTED);
        });
    };
    thread::Builder::new().name("signals".to_owned()).spawn(hear)?;
    Ok(receiver)
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { interrupt, terminate })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        let _ = self.0.recv().await;
    }
}
