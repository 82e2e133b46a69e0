//! Progress on the terminal, while a run is under way. It is gone before the result is printed.

use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fsm_patterns::Flow;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::board::Board;
use crate::watch::{Happening, Listener};

/// How often the terminal is drawn anew.
const TICK: Duration = Duration::from_millis(100);

/// A board that is kept up to date on stderr.
#[derive(Debug)]
pub(crate) struct Progress {
    /// Written by the run, read by the thread that draws; either holds it for the time of one
    /// happening or one drawing.
    board: Arc<Mutex<Board>>,
    bar: ProgressBar,
}

impl Progress {
    /// Whether there is anybody who could see it.
    pub(crate) fn is_seen() -> bool {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        io::stderr().is_terminal() && !dumb
    }

    /// Shows the endpoints of a flow whose run begins now.
    pub(crate) fn new(flow: &Flow) -> Self {
        let graph = flow.graph();
        let endpoints = flow.endpoints().map(|name| {
            let retry = graph.state(name).and_then(|state| graph.retry(state));
            (name.to_owned(), 1 + retry.map_or(0, |policy| policy.count))
        });
        let board = Arc::new(Mutex::new(Board::new(Instant::now(), endpoints)));
        let drawn = board.clone();
        let draw = move |_: &ProgressState, out: &mut dyn fmt::Write| {
            let (height, width) = console::Term::stderr().size();
            let text = lock(&drawn).text(Instant::now(), width.into(), height.into());
            // It is written to a string in memory.
            let _ = out.write_str(&text);
        };
        let style = ProgressStyle::with_template("{board}").expect("the template is well formed");
        let bar = ProgressBar::new_spinner().with_style(style.with_key("board", draw));
        bar.enable_steady_tick(TICK);
        Self { board, bar }
    }

    /// Takes it off the terminal.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Listener for Progress {
    fn happens(&mut self, endpoint: usize, happening: &Happening) {
        lock(&self.board).happens(Instant::now(), endpoint, happening);
    }
}

/// Every change of the board is whole, so one whose writer panicked is as good as any.
fn lock(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}
