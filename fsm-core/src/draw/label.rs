//! What a state or a transition says in a drawing: plain text, not yet quoted for a language.
//!
//! A label has lines of at most some forty columns, and few of them; what does not fit ends in an
//! ellipsis, and the whole text goes to the tooltip.

use std::fmt::{self, Write};
use std::num::NonZeroU32;

use super::marks::Mark;
use super::plan::{Place, Plan};
use super::text::{COLUMNS, visible, wrap};
use crate::graph::{
    Graph, JoinRule, Kind, RetryPolicy, Sequence, StateId, Transition, TransitionId, Trigger,
};

/// A label: lines for the picture, and the whole text where they leave something out.
///
/// It is written again for each state and transition, so that a large graph takes no allocation
/// for each of them.
#[derive(Default)]
pub(super) struct Label {
    /// The lines, parted by `\n`.
    pub(super) lines: String,
    whole: String,
    part: String,
    cut: bool,
    without_actions: bool,
}

impl Label {
    /// A label for drawings that leave actions out.
    pub(super) fn without_actions() -> Self {
        Self { without_actions: true, ..Self::default() }
    }

    /// The whole text, if the lines leave something out.
    pub(super) fn tooltip(&self) -> Option<&str> {
        self.cut.then_some(self.whole.as_str())
    }

    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.whole.clear();
        self.part.clear();
        self.cut = false;
    }

    /// Ends the part that was written and lays it out as lines of its own.
    fn end_part(&mut self) {
        if self.part.is_empty() {
            return;
        }
        for text in [&mut self.lines, &mut self.whole] {
            if !text.is_empty() {
                text.push('\n');
            }
        }
        self.whole.push_str(&self.part);
        self.cut |= wrap(&mut self.lines, &self.part);
        self.part.clear();
    }

    /// A state's name, and what it does on its own.
    pub(super) fn state(&mut self, graph: &Graph, state: StateId) {
        self.clear();
        visible(&mut self.part, graph.name_of(state));
        self.end_part();
        match graph.kind(state) {
            Kind::Activity(activity) if graph.activity_name(activity) != graph.name_of(state) => {
                visible(&mut self.part, graph.activity_name(activity));
                self.end_part();
            }
            Kind::Delay(wait) => {
                write_part(&mut self.part, format_args!("wait {wait:?}"));
                self.end_part();
            }
            Kind::Parallel => {
                self.part.push_str("parallel");
                self.end_part();
            }
            Kind::Join(rule) => {
                write_part(&mut self.part, format_args!("{}", Rule(rule)));
                self.end_part();
            }
            Kind::Machine(_) => {
                if let Some(inner) = graph.inner(state) {
                    self.part.push_str("machine ");
                    visible(&mut self.part, inner.name());
                    self.end_part();
                }
            }
            Kind::Simple
            | Kind::Activity(_)
            | Kind::Choice
            | Kind::Fork(_)
            | Kind::Signal
            | Kind::Composite(_)
            | Kind::Final => {}
        }
        let extras = graph.extras_of(state);
        if let Some(limit) = extras.timeout {
            write_part(&mut self.part, format_args!("timeout {limit:?}"));
            self.end_part();
        }
        self.actions(graph, "entry / ", extras.entry);
        self.end_part();
        self.actions(graph, "exit / ", extras.exit);
        self.end_part();
    }

    /// A transition: its trigger, `[guard]`, and `/ actions`, on one line where they fit. One that
    /// leads to several states is drawn as several lines, and says so on each.
    pub(super) fn transition(&mut self, graph: &Graph, id: TransitionId, turn: Turn) {
        self.clear();
        let edge = graph.transition(id);
        if let Turn::Numbered(number) = turn {
            write_part(&mut self.part, format_args!("{number}. "));
        }
        match edge.trigger {
            Trigger::Event(event) => visible(&mut self.part, graph.event_name(event)),
            Trigger::Done => self.part.push_str("done"),
            Trigger::Failed => self.part.push_str("failed"),
            Trigger::TimedOut => self.part.push_str("timed out"),
            Trigger::After(wait) => write_part(&mut self.part, format_args!("after {wait:?}")),
            Trigger::Always if matches!(turn, Turn::Else) => self.part.push_str("[else]"),
            // What goes on at once is known by its shape.
            Trigger::Always => {}
        }
        if edge.internal {
            self.part.push_str(" (internal)");
        }
        match graph.also(id).len() {
            0 => {}
            1 => self.part.push_str(" (to both)"),
            more => write_part(&mut self.part, format_args!(" (to all {})", more + 1)),
        }
        // A number goes with the guard where there is nothing else before it.
        let trigger = match edge.trigger {
            Trigger::Always => 0,
            Trigger::Event(_)
            | Trigger::Done
            | Trigger::Failed
            | Trigger::TimedOut
            | Trigger::After(_) => self.part.len(),
        };
        if let Some(guard) = edge.guard {
            self.space();
            self.part.push('[');
            visible(&mut self.part, graph.guard_name(guard));
            self.part.push(']');
        }
        let guard = self.part.len();
        if edge.actions != Sequence::EMPTY && !self.without_actions {
            self.space();
            self.actions(graph, "/ ", edge.actions);
        }
        if self.part.chars().count() <= COLUMNS {
            self.end_part();
            return;
        }
        let text = std::mem::take(&mut self.part);
        for part in [&text[..trigger], &text[trigger..guard], &text[guard..]] {
            self.part.push_str(part.trim());
            self.end_part();
        }
    }

    /// What a mark adds, as a line of its own.
    pub(super) fn mark(&mut self, mark: Option<Mark>) {
        if let Some(mark) = mark {
            self.part.push_str(mark.word());
            self.end_part();
        }
    }

    /// As [`mark`](Self::mark), where a way that was taken is told by its lines.
    pub(super) fn mark_in_words(&mut self, mark: Option<Mark>) {
        self.mark(mark.filter(|mark| *mark != Mark::Path));
    }

    /// What there is to say besides, as lines of their own.
    pub(super) fn notes<'n>(&mut self, notes: impl IntoIterator<Item = &'n str>) {
        for note in notes {
            self.part.push_str(note);
            self.end_part();
        }
    }

    /// The name of the graph and how much of it runs at once.
    pub(super) fn graph(&mut self, graph: &Graph) {
        self.clear();
        visible(&mut self.part, graph.name());
        self.end_part();
        self.at_once(graph.max_concurrent());
    }

    /// A retry policy: how often; how long apart stands in the tooltip.
    pub(super) fn retry(&mut self, policy: &RetryPolicy) {
        self.clear();
        write_part(&mut self.part, format_args!("retry <= {}", policy.count));
        self.end_part();
        let RetryPolicy { delay, max_delay, max_wait, .. } = policy;
        write_part(
            &mut self.whole,
            format_args!("\nwaits {delay:?} at first, doubling up to {max_delay:?}"),
        );
        if let Some(longest) = max_wait {
            write_part(
                &mut self.whole,
                format_args!("\ngives up where asked to wait over {longest:?}"),
            );
        }
        self.cut = true;
    }

    /// The name of the fork, or composite state, or machine that a frame stands for.
    pub(super) fn anywhere(&mut self, graph: &Graph, state: StateId) {
        self.clear();
        self.part.push_str("anywhere in ");
        visible(&mut self.part, graph.name_of(state));
        self.end_part();
    }

    /// What an expanded machine says beside its name.
    pub(super) fn at_once(&mut self, limit: Option<NonZeroU32>) {
        if let Some(limit) = limit {
            write_part(&mut self.part, format_args!("at most {limit} at once"));
            self.end_part();
        }
    }

    fn space(&mut self) {
        if !self.part.is_empty() && !self.part.ends_with(' ') {
            self.part.push(' ');
        }
    }

    fn actions(&mut self, graph: &Graph, before: &str, actions: Sequence) {
        if self.without_actions {
            return;
        }
        let mut before = before;
        for action in graph.sequence(actions) {
            self.part.push_str(before);
            visible(&mut self.part, graph.action_name(*action));
            before = ", ";
        }
    }
}

fn write_part(part: &mut String, text: fmt::Arguments<'_>) {
    part.write_fmt(text).expect("writing to a String succeeds");
}

struct Rule(JoinRule);

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            JoinRule::All => f.write_str("all"),
            JoinRule::Any => f.write_str("any"),
            JoinRule::AtLeast(count) => write!(f, "at least {count}"),
        }
    }
}

/// When a transition has its turn among those of its state with the same trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// No other one asks for its place.
    Only,
    /// Several guards may hold: they are tried in this order, from 1.
    Numbered(usize),
    /// Taken where no guard before it holds.
    Else,
}

/// The turns of a state's transitions, in declared order.
///
/// # Complexity
/// O(n * log(n)) for n transitions.
pub(super) fn turns(plan: &Plan<'_>, place: Place, turns: &mut Vec<Turn>) {
    let edges: Vec<(TransitionId, &Transition)> = plan.edges_of(place).collect();
    turns.clear();
    turns.resize(edges.len(), Turn::Only);
    if edges.iter().all(|(_, edge)| edge.guard.is_none()) {
        return;
    }
    // Nobody tries what was removed.
    let is_there = |at: &usize| plan.mark_of_edge(place, edges[*at].0) != Some(Mark::Removed);
    let mut by_trigger: Vec<usize> = (0..edges.len()).filter(is_there).collect();
    by_trigger.sort_by_key(|at| edges[*at].1.trigger);
    for run in by_trigger.chunk_by(|a, b| edges[*a].1.trigger == edges[*b].1.trigger) {
        let guarded = run.iter().filter(|at| edges[**at].1.guard.is_some()).count();
        for (number, at) in run.iter().enumerate() {
            turns[*at] = match edges[*at].1.guard {
                Some(_) if guarded > 1 => Turn::Numbered(number + 1),
                None if guarded > 0 => Turn::Else,
                Some(_) | None => Turn::Only,
            };
        }
    }
}
