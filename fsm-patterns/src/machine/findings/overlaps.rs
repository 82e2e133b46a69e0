//! Guards that can both hold, and guards that decide nothing.

use fsm_core::{StateId, TransitionId};

use super::inquiry::Inquiry;
use super::lists::{Asked, List, Lists, MOST_COMPARED};
use super::{GuardFinding, GuardProblem};
use crate::analysis::{Breadth, Claim, Part, paths};
use crate::fault::Fault;
use crate::file::Severity;

pub(super) fn find(
    lists: &Lists<'_>,
    list: &List,
    inquiry: &mut Inquiry,
    findings: &mut Vec<GuardFinding>,
) {
    let mut able: Vec<&Asked> = Vec::new();
    // What is taken for certain by those before.
    let mut taken: Vec<Claim> = Vec::new();
    for asked in list.guarded().take(MOST_COMPARED) {
        if inquiry.is_over() {
            return;
        }
        if let Some(finding) = idle(lists, list, asked, &taken, inquiry) {
            let never_holds = finding.problem == GuardProblem::Never;
            findings.push(finding);
            if never_holds {
                continue;
            }
        }
        if asked.is_sure {
            taken.push(Claim::new(asked.parts.clone(), false));
        }
        able.push(asked);
    }
    for later in 1..able.len() {
        for first in 0..later {
            if inquiry.is_over() {
                return;
            }
            findings.extend(both(lists, list, &able[..=later], first, inquiry));
        }
    }
}

/// A guard that never holds, always does, or holds only where those before it do.
fn idle(
    lists: &Lists<'_>,
    list: &List,
    asked: &Asked,
    taken: &[Claim],
    inquiry: &mut Inquiry,
) -> Option<GuardFinding> {
    // Code may answer anything.
    if asked.parts.iter().all(|part| matches!(part, Part::Code(_))) && taken.is_empty() {
        return None;
    }
    let words = lists.words(asked.id);
    let place = lists.guard_place(asked.id);
    let finding = |problem, fault| GuardFinding {
        problem,
        severity: Severity::Warning,
        at: Some((list.state, list.trigger)),
        transitions: vec![asked.id],
        witness: None,
        fault,
        winner: None,
    };
    let holds = Claim::new(asked.parts.clone(), true);
    let mut ask = |claims| inquiry.ask(list.trigger, Breadth::Every, claims).is_impossible();
    if ask(vec![holds.clone()]) {
        let fault = Fault::new(place, format!("`{words}` can never hold"));
        let comes = "whatever the context and the event are, the transition is not taken";
        return Some(finding(GuardProblem::Never, fault.hint(comes)));
    }
    if !taken.is_empty() && ask(taken.iter().cloned().chain([holds]).collect()) {
        let message = format!("this transition for {} is never taken", lists.title(list));
        let fault = Fault::new(lists.place(asked.id), message);
        let comes = "those before it take whatever its guard lets pass";
        return Some(finding(GuardProblem::Never, fault.hint(comes)));
    }
    if ask(vec![Claim::new(asked.parts.clone(), false)]) {
        let fault = Fault::new(place, format!("`{words}` always holds"));
        return Some(finding(GuardProblem::Always, fault.hint("leave the guard out")));
    }
    None
}

/// Whether the transition at `first` and the last of `able` can both be the one that is meant.
fn both(
    lists: &Lists<'_>,
    list: &List,
    able: &[&Asked],
    first: usize,
    inquiry: &mut Inquiry,
) -> Option<GuardFinding> {
    let (first, before, later) = (able[first], &able[..first], able.last()?);
    if does(lists, first.id) == does(lists, later.id) {
        return None;
    }
    let (of_first, of_later) = (paths(&first.parts), paths(&later.parts));
    if of_first.is_empty() || of_later.is_empty() {
        return None;
    }
    let earlier = before.iter().map(|asked| Claim::new(asked.parts.clone(), false));
    let earlier: Vec<Claim> = earlier.collect();
    let mut ask = |first_holds: bool, later_holds: bool| {
        let two = [
            Claim::new(first.parts.clone(), first_holds),
            Claim::new(later.parts.clone(), later_holds),
        ];
        inquiry.ask(list.trigger, Breadth::Usual, earlier.iter().cloned().chain(two).collect())
    };
    let witness = ask(true, true).witness()?.clone();
    if witness.answers().next().is_some() || ask(true, false).is_impossible() {
        return None;
    }
    let severity = match of_first == of_later {
        true => Severity::Warning,
        false => Severity::Note,
    };
    let title = lists.title(list);
    let message = format!("two guards of {title} can both hold, where {witness}: the first wins");
    let fault = Fault::new(lists.guard_place(later.id), message);
    Some(GuardFinding {
        problem: GuardProblem::Overlap,
        severity,
        at: Some((list.state, list.trigger)),
        transitions: vec![first.id, later.id],
        witness: Some(witness),
        fault,
        winner: Some(lists.guard_place(first.id)),
    })
}

/// Where a transition leads, and what it does.
fn does<'l>(lists: &'l Lists<'_>, id: TransitionId) -> (Vec<StateId>, bool, Vec<&'l str>) {
    let graph = lists.graph();
    let edge = graph.transition(id);
    let ends = std::iter::once(edge.to()).chain(graph.also(id).iter().copied());
    (ends.collect(), edge.is_internal(), graph.actions_of(edge).collect())
}
