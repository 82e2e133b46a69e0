//! Progress on the terminal, while a run is under way. It is gone before the result is printed.

use std::fmt::Write;
use std::io::{self, IsTerminal, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::Term;
use fsm_patterns::Flow;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::board::Board;
use crate::watch::{Happening, Listener};

/// How often the terminal is drawn anew.
const TICK: Duration = Duration::from_millis(100);

/// The bar that is on the terminal, if any. Held while lines are written above it, so that it is not
/// taken off meanwhile.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// A board that is kept up to date on stderr.
#[derive(Debug)]
pub(crate) struct Progress {
    /// Written by the run, read by the bar's ticker; either holds it for the time of one
    /// happening or one text.
    board: Arc<Mutex<Board>>,
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
        let attempts = |state| 1 + graph.retry(state).map_or(0, |policy| policy.count);
        let endpoints =
            flow.endpoints().map(|name| (name.to_owned(), graph.state(name).map_or(1, attempts)));
        let undos = flow.endpoints().map(|name| graph.state(&format!("{name}.undo")).map(attempts));
        let board = Board::new(Instant::now(), endpoints).with_undos(undos);
        let board = Arc::new(Mutex::new(board));
        let shown = board.clone();
        let draw = move |_: &ProgressState, out: &mut dyn Write| {
            let (height, width) = Term::stderr().size();
            // The bar ends at the right edge, so the `^C` that a terminal echoes takes a line of
            // its own, and the first line stays behind when the bar is cleared: an empty one.
            let (height, width) = (usize::from(height), usize::from(width));
            let text = lock(&shown).text(
                Instant::now(),
                width.saturating_sub(1),
                height.saturating_sub(1),
            );
            // Writing to the bar's own text does not fail.
            let _ = write!(out, "\n{}", text.trim_end_matches('\n'));
        };
        let style = ProgressStyle::with_template("{board}")
            .expect("a template without faults")
            .with_key("board", draw);
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style);
        bar.enable_steady_tick(TICK);
        *lock(&SHOWN) = Some(bar);
        Self { board }
    }

    /// Takes it off the terminal.
    pub(crate) fn clear(self) {
        clear();
    }
}

/// Takes off the terminal what is on it, if anything is.
pub(crate) fn clear() {
    let shown = lock(&SHOWN).take();
    if let Some(bar) = shown {
        bar.finish_and_clear();
    }
}

/// Writes whole lines to stderr; where progress is shown, they come to stand above it.
pub(crate) fn write_above(lines: &[u8]) -> io::Result<()> {
    let write = || io::stderr().write_all(lines);
    match &*lock(&SHOWN) {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

impl Listener for Progress {
    fn happens(&mut self, endpoint: usize, happening: &Happening) {
        lock(&self.board).happens(Instant::now(), endpoint, happening);
    }
}

/// Every change of what is behind our locks is whole, so what a panicking writer left is as good as
/// any.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
