//! Debugging a run: it pauses at breakpoints and at will, takes single steps, and goes on.
//!
//! A pause lies between an input and what follows from it: the run stands where the input took it,
//! and nothing of what that asks for was begun. While it is paused
//!
//! - nothing is started and no input is taken: events and letters wait,
//! - work under way goes on, and its outcomes wait,
//! - the run's time stands still: a timer fires as long after the run went on as it would have after
//!   the pause began. (What the run looks at outside, such as the timeout of a call that is under way,
//!   knows nothing of that.)
//!
//! ```
//! use fsm_core::{Bindings, Breakpoint, Graph, Machine, Outcome, Status};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut graph = Graph::builder("errand");
//! graph.activity("fetch");
//! graph.activity("carry");
//! graph.final_state("home");
//! graph.transition("fetch", "carry").done().action("count");
//! graph.transition("carry", "home").done();
//! let machine = Machine::<u32, ()>::bind(
//!     graph.initial("fetch").build()?,
//!     Bindings::new()
//!         .activity("fetch", |_, _| async { Outcome::done() })
//!         .activity("carry", |_, _| async { Outcome::done() })
//!         .action("count", |fetched, _| *fetched += 1),
//! )?;
//!
//! let (debugger, debugged) = machine.debugger();
//! debugger.add(Breakpoint::entered("carry"))?;
//! let run = tokio::spawn(machine.run(0).debugger(debugged).into_future());
//!
//! let pause = debugger.paused().await.expect("the run comes to `carry`");
//! assert_eq!(pause.to_string(), "`carry` is entered");
//! assert_eq!(*pause.snapshot.context(), 1);
//! assert_eq!(debugger.history()[1].to_string(), "2 0.000s `fetch` is done: fetch -> carry");
//! debugger.go_on();
//! assert!(debugger.paused().await.is_none(), "a breakpoint is passed");
//! assert!(matches!(run.await?.snapshot.status(), Status::Finished(_)));
//! # Ok(())
//! # }
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::watch;

use super::breakpoint::{Breakpoint, BreakpointFault, Trap};
use crate::event::Event;
use crate::graph::Graph;
use crate::journal::{Step, Teller};
use crate::kernel::{Heard, Input, Passages, Snapshot};
use crate::machine::Machine;
use crate::time::Timestamp;

/// So many steps are kept unless somebody asks for another number.
const KEPT: usize = 100;

/// Steers one run that is debugged. Clones steer the same; when the last one is gone, the run goes on
/// and does not pause any more.
pub struct Debugger<C, E> {
    machine: Machine<C, E>,
    hold: Arc<Hold<C>>,
}

/// The other end of a [`Debugger`]: what a run takes ([`Run::debugger`](crate::Run::debugger)).
pub struct Debugged<C, E> {
    pub(super) machine: Machine<C, E>,
    shared: Arc<Shared<C>>,
    copy: fn(&Snapshot<C>) -> Snapshot<C>,
    teller: Teller,
    pub(super) passages: Passages,
    /// Inputs taken.
    taken: u64,
    /// What the last input hit.
    hits: Vec<PauseReason>,
}

/// A run that stands still.
#[derive(Clone, Debug, PartialEq)]
pub struct Pause<C> {
    /// Why; at least one reason.
    pub why: Vec<PauseReason>,
    /// How many inputs the run took since its drive began.
    pub taken: u64,
    /// How the run stands. What it waits for tell
    /// [`Machine::under_way`](crate::Machine::under_way), with what was not started yet, and
    /// [`Machine::timers`](crate::Machine::timers).
    pub snapshot: Snapshot<C>,
}

/// Why a run pauses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PauseReason {
    /// [`Debugger::pause`] was called.
    Asked,
    /// It took the one step that [`Debugger::step`] allowed.
    Stepped,
    /// It hit a breakpoint.
    Hit {
        /// The breakpoint's number.
        breakpoint: u64,
        /// What happened.
        words: String,
    },
}

/// What whoever steers wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    GoOn,
    Step,
    Pause,
    Cancel,
    /// Nobody steers any more.
    BeFree,
}

struct Shared<C> {
    // The run holds it for the time of one step's book-keeping, whoever steers for that of one call.
    state: Mutex<State<C>>,
    /// Changes when the run pauses, and when it is gone.
    changes: watch::Sender<u64>,
}

struct State<C> {
    wish: Wish,
    traps: Vec<Trap<C>>,
    /// The last number that was given to a breakpoint.
    numbered: u64,
    history: VecDeque<Step>,
    kept: usize,
    pause: Option<Pause<C>>,
    is_gone: bool,
    /// Of the run.
    waker: Option<Waker>,
}

/// Lets the run go when nobody steers it any more.
struct Hold<C>(Arc<Shared<C>>);

impl<C: Clone, E: Event> Machine<C, E> {
    /// A debugger for one run of this machine, and the end that the run takes. The run pauses only
    /// where it is told to: [`Debugger::pause`] before it begins holds it at once.
    pub fn debugger(&self) -> (Debugger<C, E>, Debugged<C, E>) {
        let state = State {
            wish: Wish::GoOn,
            traps: Vec::new(),
            numbered: 0,
            history: VecDeque::new(),
            kept: KEPT,
            pause: None,
            is_gone: false,
            waker: None,
        };
        let (state, changes) = (Mutex::new(state), watch::Sender::new(0));
        let shared = Arc::new(Shared { state, changes });
        let debugged = Debugged {
            machine: self.clone(),
            shared: shared.clone(),
            copy: Snapshot::clone,
            teller: Teller::default(),
            passages: Passages::default(),
            taken: 0,
            hits: Vec::new(),
        };
        (Debugger { machine: self.clone(), hold: Arc::new(Hold(shared)) }, debugged)
    }
}

impl<C: Clone, E> Debugger<C, E> {
    /// Waits until the run pauses; at once if it does. `None`: it is over, or was dropped.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn paused(&self) -> Option<Pause<C>> {
        let mut changes = self.shared().changes.subscribe();
        loop {
            {
                let state = self.shared().lock();
                if state.pause.is_some() {
                    return state.pause.clone();
                }
                if state.is_gone {
                    return None;
                }
            }
            // The sender lives as long as this.
            let _ = changes.changed().await;
        }
    }
}

impl<C, E> Debugger<C, E> {
    /// Adds a breakpoint; it counts from the next input on. Returns its number.
    ///
    /// # Errors
    /// If the graph does not have what the breakpoint names.
    pub fn add(&self, breakpoint: Breakpoint<C>) -> Result<u64, BreakpointFault> {
        let mut state = self.shared().lock();
        let trap = Trap::new(self.graph(), state.numbered + 1, breakpoint)?;
        state.numbered += 1;
        state.traps.push(trap);
        Ok(state.numbered)
    }

    /// Takes a breakpoint away; whether there was one of this number.
    pub fn remove(&self, number: u64) -> bool {
        let mut state = self.shared().lock();
        let before = state.traps.len();
        state.traps.retain(|trap| trap.id != number);
        state.traps.len() < before
    }

    /// The breakpoints with their numbers, in the order in which they were added.
    pub fn breakpoints(&self) -> Vec<(u64, String)> {
        let state = self.shared().lock();
        state.traps.iter().map(|trap| (trap.id, trap.words.clone())).collect()
    }

    /// Asks the run to pause: after the input that it takes at the moment, or at once where it waits.
    pub fn pause(&self) {
        self.wish(Wish::Pause);
    }

    /// Lets the run take one more input, and pause again. (One on its way pauses after its next.)
    pub fn step(&self) {
        self.wish(Wish::Step);
    }

    /// Lets the run go on until it hits a breakpoint. It has passed those that it was paused at.
    pub fn go_on(&self) {
        self.wish(Wish::GoOn);
    }

    /// Ends the run as cancelled; of what the last input asked for, nothing is started any more.
    pub fn cancel(&self) {
        self.wish(Wish::Cancel);
    }

    /// The last steps of the run, the oldest first; a hundred at most, or as many as
    /// [`keep`](Self::keep) says.
    pub fn history(&self) -> Vec<Step> {
        self.shared().lock().history.iter().cloned().collect()
    }

    /// How many steps are kept.
    pub fn keep(&self, steps: usize) {
        let mut state = self.shared().lock();
        state.kept = steps;
        while state.history.len() > steps {
            state.history.pop_front();
        }
    }

    /// The graph that the run follows.
    pub fn graph(&self) -> &Graph {
        self.machine.graph()
    }

    fn shared(&self) -> &Shared<C> {
        &self.hold.0
    }

    fn wish(&self, wish: Wish) {
        self.shared().wish(wish);
    }
}

impl<C> Shared<C> {
    fn lock(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wish(&self, wish: Wish) {
        let mut state = self.lock();
        match (state.wish, wish) {
            // An end that was asked for is not taken back.
            (Wish::Cancel, _) => {}
            // It is paused already, and stays so.
            (_, Wish::Pause) if state.pause.is_some() => {}
            (_, wish) => {
                state.wish = wish;
                state.pause = None;
                if let Some(waker) = state.waker.take() {
                    waker.wake();
                }
            }
        }
    }
}

impl<C> Drop for Hold<C> {
    fn drop(&mut self) {
        self.0.wish(Wish::BeFree);
    }
}

/// What a pause ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Released {
    GoOn,
    Cancel,
}

impl<C, E: Event> Debugged<C, E> {
    /// An input is about to be taken.
    pub(super) fn before(&mut self, at: Timestamp, input: &Input<E>, run: &Snapshot<C>) {
        self.passages.0.clear();
        self.hits.clear();
        self.teller.before(&self.machine, at, input, run);
        for trap in &mut self.shared.lock().traps {
            trap.before(run.context());
        }
    }

    /// An input was taken.
    pub(super) fn after(&mut self, run: &Snapshot<C>) {
        self.taken += 1;
        let graph = self.machine.graph();
        let step = self.teller.after(graph, self.taken, &self.passages, run);
        let mut state = self.shared.lock();
        let hit = |trap: &&Trap<C>| {
            step.heard != Heard::Late
                && trap.is_hit(graph, &step.heard, &self.passages.0, run.context())
        };
        let hits = state.traps.iter().filter(hit);
        let hits = hits
            .map(|trap| PauseReason::Hit { breakpoint: trap.id, words: trap.words.clone() })
            .collect();
        self.hits = hits;
        if state.kept > 0 {
            if state.history.len() >= state.kept {
                state.history.pop_front();
            }
            state.history.push_back(step);
        }
    }

    /// Whether the run pauses now, or ends; `None`: it goes on.
    pub(super) fn begin_pause(&mut self, run: &Snapshot<C>) -> Option<Released> {
        let mut why = std::mem::take(&mut self.hits);
        let mut state = self.shared.lock();
        match state.wish {
            Wish::GoOn => {}
            Wish::Step => why.insert(0, PauseReason::Stepped),
            Wish::Pause => why.insert(0, PauseReason::Asked),
            Wish::Cancel => return Some(Released::Cancel),
            Wish::BeFree => return None,
        }
        if why.is_empty() {
            return None;
        }
        state.wish = Wish::GoOn;
        state.pause = Some(Pause { why, taken: self.taken, snapshot: (self.copy)(run) });
        drop(state);
        self.shared.changes.send_modify(|count| *count += 1);
        Some(Released::GoOn)
    }

    /// Ready when the pause is over.
    pub(super) fn poll_released(&mut self, task: &mut Context<'_>) -> Poll<Released> {
        let mut state = self.shared.lock();
        match (state.wish, &state.pause) {
            (Wish::Cancel, _) => Poll::Ready(Released::Cancel),
            (_, None) => Poll::Ready(Released::GoOn),
            (_, Some(_)) => {
                state.waker = Some(task.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Ready when a run that waits is asked to pause, or to end.
    pub(super) fn poll_asked(&mut self, task: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shared.lock();
        match state.wish {
            Wish::Pause | Wish::Cancel => Poll::Ready(()),
            Wish::GoOn | Wish::Step | Wish::BeFree => {
                state.waker = Some(task.waker().clone());
                Poll::Pending
            }
        }
    }

    /// The end was brought about.
    pub(super) fn cancelled(&mut self) {
        self.shared.lock().wish = Wish::BeFree;
        self.hits.clear();
    }
}

impl<C, E> Drop for Debugged<C, E> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        (state.is_gone, state.pause) = (true, None);
        drop(state);
        self.shared.changes.send_modify(|count| *count += 1);
    }
}

impl<C, E> Clone for Debugger<C, E> {
    fn clone(&self) -> Self {
        Self { machine: self.machine.clone(), hold: self.hold.clone() }
    }
}

impl<C, E> fmt::Debug for Debugger<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Debugger").field("machine", &self.machine).finish_non_exhaustive()
    }
}

impl<C, E> fmt::Debug for Debugged<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Debugged").field("machine", &self.machine).finish_non_exhaustive()
    }
}

impl fmt::Display for PauseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PauseReason::Asked => write!(f, "a pause was asked for"),
            PauseReason::Stepped => write!(f, "one step was taken"),
            PauseReason::Hit { words, .. } => write!(f, "{words}"),
        }
    }
}

/// Why, in one line.
impl<C> fmt::Display for Pause<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why: Vec<String> = self.why.iter().map(ToString::to_string).collect();
        write!(f, "{}", why.join("; "))
    }
}
