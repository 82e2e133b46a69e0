//! Values with which no guard holds.

use fsm_core::{Kind, StateId, TransitionId, Trigger};

use super::inquiry::Inquiry;
use super::lists::{Asked, List, Lists, MOST_COMPARED};
use super::{GuardFinding, GuardProblem};
use crate::analysis::{Answer, Breadth, Claim, Witness};
use crate::fault::{Fault, Place, Step};
use crate::file::Severity;

/// What a gap comes to.
struct Gap<'w> {
    state: StateId,
    trigger: Trigger,
    transitions: Vec<TransitionId>,
    severity: Severity,
    witness: &'w Witness,
    message: String,
    hint: Option<&'static str>,
}

const STUCK: &str = "no guard holds, and the machine is stuck: let a last transition have no guard";

/// Looks at one list by itself; that of work which has failed is
/// [looked at](find_in_work) from where the work is.
pub(super) fn find(
    lists: &Lists<'_>,
    list: &List,
    inquiry: &mut Inquiry,
    findings: &mut Vec<GuardFinding>,
) {
    let found = match list.trigger {
        Trigger::Event(_) => event(lists, list, inquiry),
        Trigger::Always | Trigger::Done => way_on(lists, list, inquiry),
        Trigger::After(_) => timer(lists, list, inquiry),
        Trigger::Failed | Trigger::TimedOut => None,
    };
    findings.extend(found);
}

/// Looks at what becomes of work that fails, and of work that times out.
pub(super) fn find_in_work(
    lists: &Lists<'_>,
    inquiry: &mut Inquiry,
    findings: &mut Vec<GuardFinding>,
) {
    for state in lists.graph().states() {
        if !matches!(lists.graph().kind(state), Kind::Activity(_)) {
            continue;
        }
        let levels: Vec<StateId> = std::iter::once(state).chain(lists.composites(state)).collect();
        let of = |level: &StateId, trigger| lists.get(*level, trigger);
        let failed: Vec<&List> =
            levels.iter().filter_map(|level| of(level, Trigger::Failed)).collect();
        findings.extend(given_up(lists, state, Trigger::Failed, &failed, inquiry));
        if lists.graph().timeout(state).is_none() {
            continue;
        }
        let both = [Trigger::TimedOut, Trigger::Failed];
        let timed_out = levels.iter().flat_map(|level| both.map(|trigger| of(level, trigger)));
        let timed_out: Vec<&List> = timed_out.flatten().collect();
        if timed_out.iter().any(|list| list.trigger == Trigger::TimedOut) {
            findings.extend(given_up(lists, state, Trigger::TimedOut, &timed_out, inquiry));
        }
    }
}

fn given_up(
    lists: &Lists<'_>,
    state: StateId,
    trigger: Trigger,
    tried: &[&List],
    inquiry: &mut Inquiry,
) -> Option<GuardFinding> {
    let witness = gap(trigger, tried, inquiry)?;
    let name = lists.name(state);
    let when = if trigger == Trigger::Failed { "failed" } else { "timed out" };
    let gap = Gap {
        state,
        trigger,
        transitions: ids(tried),
        severity: severity(&witness, Severity::Warning),
        message: format!("`{name}` has no way on when it has {when}, where {witness}"),
        hint: Some(STUCK),
        witness: &witness,
    };
    Some(gap.finding(lists))
}

/// A choice, work that is done, and what has come to its end.
fn way_on(lists: &Lists<'_>, list: &List, inquiry: &mut Inquiry) -> Option<GuardFinding> {
    let witness = gap(list.trigger, &[list], inquiry)?;
    let name = lists.name(list.state);
    let rests = matches!(lists.graph().kind(list.state), Kind::Composite(_) | Kind::Parallel);
    let (least, message, hint) = match list.trigger {
        Trigger::Done if rests => {
            let message = format!("`{name}` stays at its end, where {witness}: no guard holds");
            let is_only = lists.is_only_way(list);
            let least = if is_only { Severity::Warning } else { Severity::Note };
            (least, message, "let a last transition have no guard")
        }
        Trigger::Done => {
            let message = format!("`{name}` has no way on when it is done, where {witness}");
            (Severity::Warning, message, STUCK)
        }
        _ => (Severity::Warning, format!("`{name}` has no way on, where {witness}"), STUCK),
    };
    let gap = Gap {
        state: list.state,
        trigger: list.trigger,
        transitions: ids(&[list]),
        severity: severity(&witness, least),
        message,
        hint: Some(hint),
        witness: &witness,
    };
    Some(gap.finding(lists))
}

/// A timer that fires but once, where nothing else leads out.
fn timer(lists: &Lists<'_>, list: &List, inquiry: &mut Inquiry) -> Option<GuardFinding> {
    if lists.graph().kind(list.state) != Kind::Simple || !lists.is_only_way(list) {
        return None;
    }
    let witness = gap(list.trigger, &[list], inquiry)?;
    let name = lists.name(list.state);
    let label = lists.graph().trigger_label(list.trigger);
    let gap = Gap {
        state: list.state,
        trigger: list.trigger,
        transitions: ids(&[list]),
        severity: severity(&witness, Severity::Warning),
        message: format!("`{name}` is never left, where {witness} {label}"),
        hint: Some("the timer fires once, and nothing else leads out"),
        witness: &witness,
    };
    Some(gap.finding(lists))
}

/// An event that no transition takes.
fn event(lists: &Lists<'_>, list: &List, inquiry: &mut Inquiry) -> Option<GuardFinding> {
    if list.has_else() || list.asked.len() < 2 {
        return None;
    }
    let around = lists.around(list.state).filter_map(|outer| lists.get(outer, list.trigger));
    let tried: Vec<&List> = std::iter::once(list).chain(around).collect();
    if tried.iter().any(|list| list.has_else()) || lists.is_heard_beside(list.state, list.trigger) {
        return None;
    }
    let title = lists.title(list);
    let hole = inquiry.hole(refused(&tried)?);
    let (witness, least, message, hint) = match hole {
        Some(witness) => {
            let message =
                format!("{title} is rejected where {witness}, and taken for less and for more");
            let hint = "let one of the guards hold there, as with `<=` or `>=`";
            (witness, Severity::Warning, message, Some(hint))
        }
        None => {
            let witness = gap(list.trigger, &tried, inquiry)?;
            let message = format!("{title} is rejected where {witness}: no guard holds");
            (witness, Severity::Note, message, None)
        }
    };
    let gap = Gap {
        state: list.state,
        trigger: list.trigger,
        transitions: ids(&tried),
        severity: severity(&witness, least),
        witness: &witness,
        message,
        hint,
    };
    Some(gap.finding(lists))
}

/// Values with which none of the guards holds, if all transitions have one.
fn gap(trigger: Trigger, tried: &[&List], inquiry: &mut Inquiry) -> Option<Witness> {
    if tried.is_empty() || tried.iter().any(|list| list.has_else()) {
        return None;
    }
    match inquiry.ask(trigger, Breadth::Usual, refused(tried)?) {
        Answer::Possible(witness) => Some(witness),
        Answer::Impossible | Answer::Unknown => None,
    }
}

/// That none of the guards holds; nothing where there are too many.
fn refused(tried: &[&List]) -> Option<Vec<Claim>> {
    let asked = tried.iter().flat_map(|list| &list.asked);
    let claims: Vec<Claim> =
        asked.map(|Asked { parts, .. }| Claim::new(parts.clone(), false)).collect();
    (claims.len() <= MOST_COMPARED).then_some(claims)
}

/// Code that would have to say no may well never do so together.
fn severity(witness: &Witness, least: Severity) -> Severity {
    if witness.answers().next().is_some() { Severity::Note } else { least }
}

fn ids(tried: &[&List]) -> Vec<TransitionId> {
    tried.iter().flat_map(|list| &list.asked).map(|asked| asked.id).collect()
}

/// Where the list is written that a transition is an item of.
fn of_list(place: &Place) -> Place {
    let Some((Step::Item(_), around)) = place.steps().split_last() else { return place.clone() };
    around.iter().fold(Place::root(), |place, step| match step {
        Step::Key(key) => place.key(key),
        Step::Item(index) => place.item(*index),
    })
}

impl Gap<'_> {
    fn finding(self, lists: &Lists<'_>) -> GuardFinding {
        let Gap { state, trigger, transitions, severity, witness, message, hint } = self;
        // Those of the state itself come first.
        let place =
            transitions.first().map(|first| of_list(&lists.place(*first))).unwrap_or_default();
        let fault = Fault::new(place, message);
        GuardFinding {
            problem: GuardProblem::Gap,
            severity,
            at: Some((state, trigger)),
            transitions,
            witness: Some(witness.clone()),
            fault: match hint {
                Some(hint) => fault.hint(hint),
                None => fault,
            },
            winner: None,
        }
    }
}
