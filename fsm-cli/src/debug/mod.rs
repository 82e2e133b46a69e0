//! A run that is debugged from a terminal or a pipe: it says where it pauses, reads a line, and does
//! what it says. The conversation is on stderr and stdin; stdout is for the result.
//!
//! | module | what it holds |
//! |---|---|
//! | `line` | what was typed |
//! | `screen` | how the run stands, as text |

mod line;
mod screen;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Write};
use std::thread;

use clap::Args;
use fsm_core::{Breakpoint, BreakpointFault, Debugger, Pause};
use fsm_patterns::{Flow, FlowContext, FlowEvent};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::sync::watch;

use self::line::Line;
use crate::simulate::view::plain;

type FlowDebugger = Debugger<FlowContext, FlowEvent>;

/// Whether a run is debugged, and where it pauses.
#[derive(Debug, Args)]
pub(crate) struct DebugArgs {
    /// Pause before the run begins, and read commands from stdin; `help` lists them.
    #[arg(long, conflicts_with = "dry_run")]
    debug: bool,

    /// Pause where this step begins, and read commands from stdin; may be given more than once.
    #[arg(long = "break", value_name = "STEP", conflicts_with = "dry_run")]
    breaks: Vec<String>,
}

impl DebugArgs {
    /// Whether anything is asked for.
    pub(crate) fn is_on(&self) -> bool {
        self.debug || !self.breaks.is_empty()
    }

    /// Tells the debugger of a run that is about to begin.
    pub(crate) fn prepare(&self, debugger: &FlowDebugger) -> Result<(), BreakpointFault> {
        for (index, name) in self.breaks.iter().enumerate() {
            if !self.breaks[..index].contains(name) {
                debugger.add(Breakpoint::entered(name))?;
            }
        }
        if self.debug {
            debugger.pause();
        }
        Ok(())
    }
}

/// The lines of stdin, read on a thread of its own: calls that are under way go on meanwhile.
pub(crate) fn stdin() -> io::Result<UnboundedReceiver<String>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let read = move || {
        let mut stdin = io::stdin().lock();
        let mut line = Vec::new();
        // What is no UTF-8 is no reason to lose the session.
        while stdin.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if sender.send(String::from_utf8_lossy(&line).trim().to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    };
    thread::Builder::new().name("stdin".to_owned()).spawn(read)?;
    Ok(receiver)
}

/// A conversation about one run.
pub(crate) struct Dialog<'a> {
    pub(crate) flow: &'a Flow,
    pub(crate) debugger: FlowDebugger,
    pub(crate) lines: UnboundedReceiver<String>,
    pub(crate) interrupt: watch::Receiver<bool>,
    pub(crate) out: &'a mut (dyn Write + Send),
}

/// What came while a line was waited for.
enum Typed {
    /// `None`: nobody is there any more.
    Line(Option<String>),
    Interrupt,
}

/// Whether the run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// It stays where it is.
    Stay,
    Go,
}

impl Dialog<'_> {
    /// Talks until the run is over. When nobody is there to talk to, the run goes on without a pause.
    pub(crate) async fn hold(mut self) {
        let Some(mut pause) = self.debugger.paused().await else { return };
        loop {
            if self.talk(&pause).await.is_err() {
                self.let_go();
            }
            match self.debugger.paused().await {
                Some(next) => pause = next,
                None => return,
            }
        }
    }

    /// Talks until the run goes on.
    async fn talk(&mut self, pause: &Pause<FlowContext>) -> io::Result<()> {
        let text = screen::paused(self.flow, &self.debugger, pause);
        self.say(&text)?;
        loop {
            self.say("(debug) ")?;
            let typed = tokio::select! {
                typed = self.lines.recv() => Typed::Line(typed),
                _ = self.interrupt.wait_for(|asked| *asked) => Typed::Interrupt,
            };
            let typed = match typed {
                Typed::Line(typed) => typed,
                Typed::Interrupt => {
                    self.debugger.cancel();
                    return self.say("\n");
                }
            };
            let Some(typed) = typed else {
                self.let_go();
                return self.say("\n");
            };
            if self.follow(&typed, pause)? == Then::Go {
                return Ok(());
            }
        }
    }

    fn follow(&mut self, typed: &str, pause: &Pause<FlowContext>) -> io::Result<Then> {
        match Line::read(typed) {
            Line::Step => {
                self.debugger.step();
                return Ok(Then::Go);
            }
            Line::Continue => {
                self.debugger.go_on();
                return Ok(Then::Go);
            }
            Line::Cancel => {
                self.debugger.cancel();
                return Ok(Then::Go);
            }
            Line::Where => {
                let text = screen::paused(self.flow, &self.debugger, pause);
                self.say(&text)?;
            }
            Line::Steps => self.say(&screen::steps(self.flow, pause))?,
            Line::Show(step) => self.say(&screen::step(self.flow, pause, &step))?,
            Line::History => self.say(&screen::history(&self.debugger.history()))?,
            Line::Breaks => self.say(&screen::breaks(&self.debugger.breakpoints()))?,
            Line::Break(breakpoint) => {
                let words = breakpoint.to_string();
                let answer = match self.debugger.add(breakpoint) {
                    Ok(number) => format!("breakpoint {number}: {}\n", plain(&words)),
                    Err(fault) => format!("{}\n", plain(&fault.to_string())),
                };
                self.say(&answer)?;
            }
            Line::Delete(number) => {
                let answer = match self.debugger.remove(number) {
                    true => format!("breakpoint {number} is gone\n"),
                    false => format!("there is no breakpoint {number}\n"),
                };
                self.say(&answer)?;
            }
            Line::Help => self.say(screen::HELP)?,
            Line::Unfinished { command, needs } => {
                self.say(&format!("`{command}` needs {needs}\n"))?;
            }
            Line::Unknown(word) => {
                self.say(&format!("`{}` is no command; `help` lists them\n", plain(&word)))?;
            }
        }
        Ok(Then::Stay)
    }

    /// Lets the run go on without a pause.
    fn let_go(&self) {
        for (number, _) in self.debugger.breakpoints() {
            self.debugger.remove(number);
        }
        self.debugger.go_on();
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}
