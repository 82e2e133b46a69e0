//! SIGINT and SIGTERM: the first asks for an end, a second one ends at once. A run in a journal is left
//! where it is by SIGTERM: what stops a service must not end what another process can go on with.
//!
//! They are heard on a thread of their own, so that a second one works also while the run
//! computes or while nobody takes the result from stdout.

use std::io;
use std::process;
use std::thread;

use tokio::runtime;
use tokio::sync::watch;

use crate::diagnostics;
use crate::exit::{INTERRUPTED, TERMINATED};

/// Listens from now on. The receiver holds whether an end was asked for.
///
/// # Errors
/// If the system refuses to hand signals over.
pub(crate) fn listen() -> io::Result<watch::Receiver<bool>> {
    listen_with(|| {})
}

/// As [`listen`], for a run that is kept: SIGTERM ends the process at once, and says how to go on.
///
/// # Errors
/// As [`listen`].
pub(crate) fn listen_leaving(note: Option<String>) -> io::Result<watch::Receiver<bool>> {
    listen_with(move || {
        if let Some(note) = &note {
            diagnostics::note(note);
        }
        process::exit(TERMINATED);
    })
}

fn listen_with(mut terminate: impl FnMut() + Send + 'static) -> io::Result<watch::Receiver<bool>> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = {
        let _entered = runtime.enter();
        Signals::new()?
    };
    let (sender, receiver) = watch::channel(false);
    let hear = move || {
        runtime.block_on(async {
            if signals.next().await == Caught::Terminate {
                terminate();
            }
            sender.send_replace(true);
            if signals.next().await == Caught::Terminate {
                terminate();
            }
            process::exit(INTERRUPTED);
        });
    };
    thread::Builder::new().name("signals".to_owned()).spawn(hear)?;
    Ok(receiver)
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(windows, expect(dead_code, reason = "there is no SIGTERM"))]
enum Caught {
    Interrupt,
    Terminate,
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

    async fn next(&mut self) -> Caught {
        tokio::select! {
            _ = self.interrupt.recv() => Caught::Interrupt,
            _ = self.terminate.recv() => Caught::Terminate,
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

    async fn next(&mut self) -> Caught {
        let _ = self.0.recv().await;
        Caught::Interrupt
    }
}
