//! What is strange about the guards of a machine file: gaps, overlaps, and guards that decide
//! nothing.
//!
//! For every state and trigger the guards are taken together, in the order in which they are
//! tried ([`lists`]); each finding has values that prove it, or says what can't be whatever the
//! values are.
//!
//! # Gaps ([`gaps`])
//! No guard holds. Where a state then has no way on (`always`, and `done`, `failed`, and
//! `timed_out` of work), that is a warning. An event is rejected, which is what guards are for: a
//! warning is a number that is rejected while less and more are taken (`< 100` and `> 100`); that
//! several guards leave something out is a note. Transitions of the states around count as well.
//!
//! # Overlaps ([`overlaps`])
//! Two guards can both hold, and the first wins. Not told where it is plainly meant: the later
//! transition has no guard; the first guard is a special case of the later one (`>= 10`, then
//! `>= 5`); what both let pass is taken by one before them; both do the same. It is a warning where
//! both guards read the same paths, as those look as if they told cases apart; else a note.
//!
//! # Guards that decide nothing ([`overlaps`])
//! A guard can never hold, or always holds, or whatever it lets pass is taken before. That is a
//! warning, and told only where it is certain, whatever the context and the event are.
//!
//! # Which values count
//! Gaps and overlaps are told for values that a person who reads the guards would think of: a
//! path has the kinds of values that it is compared with and that the file's `context` has there;
//! what comes with an event may be missing, and so may what `context` does not declare; where all
//! numbers are whole, fractions don't count. Actions are taken to be carried out. Where only Rust
//! code could say that no guard holds, a gap is a note.

mod gaps;
mod inquiry;
mod lists;
mod overlaps;

use std::fmt;

use fsm_core::{StateId, TransitionId, Trigger};

use super::MachineFile;
use crate::analysis::Witness;
use crate::fault::{Fault, Place};
use crate::file::report::Located;
use crate::file::{Report, Severity};
use inquiry::Inquiry;
use lists::{Lists, MOST_COMPARED};

/// What is strange about some guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GuardProblem {
    /// No guard holds.
    Gap,
    /// Two can hold, and the first wins.
    Overlap,
    /// One never holds, or only where the transition is not reached.
    Never,
    /// One always holds.
    Always,
    /// There is too much to look at all of it.
    Unfinished,
}

/// Something strange about the guards of one state and trigger.
#[derive(Clone, Debug)]
pub struct GuardFinding {
    /// What it is.
    pub problem: GuardProblem,
    /// How much it matters: a warning or a note.
    pub severity: Severity,
    /// The state, and what its guards are asked at; none if all of the file is meant.
    pub at: Option<(StateId, Trigger)>,
    /// The transitions that are meant.
    pub transitions: Vec<TransitionId>,
    /// Values that prove it; none if it is so whatever the values are.
    pub witness: Option<Witness>,
    /// Where, what, and what to do about it.
    pub fault: Fault,
    /// A second place, that of the transition that wins.
    winner: Option<Place>,
}

impl fmt::Display for GuardFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fault.message)
    }
}

impl MachineFile {
    /// What is strange about the guards: gaps, overlaps, and guards that decide nothing.
    ///
    /// * A gap: no guard holds. Where the machine is then stuck, and where an event is rejected for a
    ///   number while it is taken for less and for more, that is a warning.
    /// * An overlap: two guards can hold, and the first wins; not where the later one is an `else`, or
    ///   the first a special case of it. A warning if both read the same paths.
    /// * A guard that never holds, or always, or only where others before it do: a warning.
    ///
    /// Gaps and overlaps are told for the kinds of values that the guards and the declared context
    /// speak of, where nothing but fractions, strings among numbers, and the like would prove them.
    ///
    /// ```
    /// # use fsm_patterns::machine;
    /// let file = machine::load("order.yaml", "
    /// fsm: 1
    /// name: order
    /// initial: open
    /// states:
    ///   open:
    ///     on:
    ///       pay:
    ///         - { to: paid, guard: $event.amount < 100 }
    ///         - { to: checked, guard: $event.amount > 100 }
    ///   paid: { final: true }
    ///   checked: { final: true }
    /// ")?;
    /// let findings = file.guard_findings();
    /// assert_eq!(findings[0].witness.as_ref().unwrap().to_string(), "$event.amount = 100");
    /// assert_eq!(
    ///     file.warnings().to_string(),
    ///     "order.yaml:8:7: warning: `pay` in `open` is rejected where $event.amount = 100, and \
    ///      taken for less and for more (let one of the guards hold there, as with `<=` or `>=`)"
    /// );
    /// # Ok::<(), fsm_patterns::file::Report>(())
    /// ```
    ///
    /// # Complexity
    /// Of each state and trigger at most 64 guarded transitions are compared, in pairs; the search
    /// ends after two million evaluations of guards, and then says so.
    pub fn guard_findings(&self) -> Vec<GuardFinding> {
        let lists = Lists::of(self);
        let mut inquiry = Inquiry::of(self);
        let mut findings = Vec::new();
        for list in &lists.all {
            if list.guarded().nth(MOST_COMPARED).is_some() {
                inquiry.leave_out();
            }
            overlaps::find(&lists, list, &mut inquiry, &mut findings);
            gaps::find(&lists, list, &mut inquiry, &mut findings);
        }
        gaps::find_in_work(&lists, &mut inquiry, &mut findings);
        // A machine that is unfolded twice has each of its findings but once.
        let mut told = std::collections::HashSet::new();
        findings.retain(|finding| {
            let pair = (finding.fault.place.clone(), finding.winner.clone());
            told.insert((finding.problem, pair))
        });
        if inquiry.is_partial() {
            findings.push(unfinished());
        }
        findings
    }

    /// What is worth a second look: the [findings on guards](Self::guard_findings) at their places
    /// in the file, as warnings and notes.
    pub fn warnings(&self) -> Report {
        let source = &self.inner.source;
        let located = self.guard_findings().into_iter().map(|finding| {
            let GuardFinding { fault, winner, severity, .. } = finding;
            let find = |fault| Located::find(&source.text, &source.tree, fault);
            let located = find(fault).severity(severity);
            match winner {
                Some(place) => located.note(find(Fault::new(place, "")).span, "the one that wins"),
                None => located,
            }
        });
        Report::new(&source.name, &source.text, located.collect())
    }
}

fn unfinished() -> GuardFinding {
    let fault = Fault::new(Place::root().key("states"), "not all guards were looked at");
    GuardFinding {
        problem: GuardProblem::Unfinished,
        severity: Severity::Note,
        at: None,
        transitions: Vec::new(),
        witness: None,
        fault: fault.hint("there are too many to compare; what was found holds"),
        winner: None,
    }
}
