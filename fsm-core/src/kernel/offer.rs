//! An event that many tokens hear. Which transitions it sets off is settled before any of them is
//! taken, as in SCXML (W3C Recommendation 2015, "selectTransitions"): every token that stands in no
//! fork offers it inwards out, to its own state, the states around it, and the owners of the scopes
//! around it; where two of the transitions found would move the same token, the one further inside
//! wins, and of two side by side the one declared first. Internal transitions move no token, so
//! they are in nobody's way.
//!
//! Unlike in SCXML, each of the transitions is then taken as a whole: what one region leaves and
//! enters is not mixed with what the next one does.

use std::collections::HashSet;

use super::input::Ticket;
use super::step::Stepper;
use super::trace::Trace;
use crate::event::Event;
use crate::graph::EventId;
use crate::machine::{Edge, Key, NONE};

/// A transition that an event sets off.
pub(super) struct Candidate<'a> {
    pub(super) ticket: Ticket,
    pub(super) edge: &'a Edge,
    /// The token that it moves, with all that lives in the scopes of that one; an internal
    /// transition moves none.
    mover: Option<u32>,
}

impl<'a, C, E: Event, T: Trace> Stepper<'a, C, E, T> {
    /// What each token would take, in the order of their scopes.
    ///
    /// # Complexity
    /// O(tokens * nesting).
    pub(super) fn candidates(&self, event: EventId) -> Vec<Candidate<'a>> {
        let mut found = Vec::new();
        // Owners that were asked already: the first token within them asks for all.
        let mut asked = HashSet::new();
        for slot in self.run.leaves() {
            let mut level = slot;
            loop {
                let token = self.run.token(level);
                if token.owns != NONE && !asked.insert(level) {
                    break;
                }
                if let Some(edge) = self.find(level, token.state, &[Key::event(event)]) {
                    let mover = (!edge.internal).then(|| self.mover(level, edge));
                    let ticket = Ticket { slot: level, number: token.number };
                    found.push(Candidate { ticket, edge, mover });
                    break;
                }
                if token.scope == NONE {
                    break;
                }
                level = self.run.scopes[token.scope as usize].owner;
            }
        }
        found
    }

    /// Leaves out what a transition further inside, or one before it, would disturb.
    pub(super) fn compatible(&self, found: Vec<Candidate<'a>>) -> Vec<Candidate<'a>> {
        let graph = &self.frozen.graph;
        let mut kept: Vec<Candidate<'a>> = Vec::with_capacity(found.len());
        // Most tokens move by themselves and disturb nobody: only the others are compared.
        let mut reaching: Vec<usize> = Vec::new();
        for candidate in found {
            let Some(mover) = candidate.mover else {
                // It acts before what it belongs to is left.
                let leaves = |at: &usize| {
                    kept[*at].mover.is_some_and(|mover| self.lives_in(candidate.ticket.slot, mover))
                };
                let at = reaching.iter().copied().find(leaves).unwrap_or(kept.len());
                reaching.iter_mut().filter(|reaching| **reaching >= at).for_each(|r| *r += 1);
                kept.insert(at, candidate);
                continue;
            };
            let reaches = mover != candidate.ticket.slot || self.run.token(mover).owns != NONE;
            let rivals: Vec<usize> = match reaches {
                true => (0..kept.len()).collect(),
                false => reaching.clone(),
            };
            let disturbed: Vec<usize> = rivals
                .into_iter()
                .filter(|at| kept[*at].mover.is_some_and(|other| self.touch(mover, other)))
                .collect();
            let is_inside = |at: &usize| graph.contains(kept[*at].edge.from, candidate.edge.from);
            if !disturbed.iter().all(is_inside) {
                continue;
            }
            for at in disturbed.into_iter().rev() {
                kept.remove(at);
                reaching.retain(|reaching| *reaching != at);
                reaching.iter_mut().filter(|reaching| **reaching > at).for_each(|r| *r -= 1);
            }
            if reaches {
                reaching.push(kept.len());
            }
            kept.push(candidate);
        }
        kept
    }

    /// Whether one of two tokens lives in a scope of the other, or is it.
    fn touch(&self, left: u32, right: u32) -> bool {
        self.lives_in(left, right) || self.lives_in(right, left)
    }

    fn lives_in(&self, inner: u32, outer: u32) -> bool {
        let mut slot = inner;
        loop {
            if slot == outer {
                return true;
            }
            match self.run.token(slot).scope {
                NONE => return false,
                scope => slot = self.run.scopes[scope as usize].owner,
            }
        }
    }
}
