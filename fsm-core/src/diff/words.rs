//! Changes as lines of text: a mark, what it is about, and what has changed.

use std::fmt;

use super::changes::{Changed, Changes};
use super::parts;
use super::states::AlteredState;
use super::transitions::{AddedTransition, Place, Reordered};
use crate::graph::{KindDocument, RetryPolicy, StateDocument, TransitionDocument, TriggerDocument};

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("no difference\n");
        }
        self.lines("", &mut |line| writeln!(f, "{line}"))
    }
}

impl Changes {
    /// Gives every line, each after `indent`.
    fn lines(&self, indent: &str, write: &mut dyn FnMut(&str) -> fmt::Result) -> fmt::Result {
        for line in self.of_graph() {
            write(&format!("{indent}~ graph: {line}"))?;
        }
        self.states(indent, write)?;
        let mut lines = self.transitions();
        // Within one rank they stay in declared order.
        lines.sort_by_key(|line| (line.from, line.trigger, line.rank));
        for Line { text, .. } in lines {
            write(&format!("{indent}{text}"))?;
        }
        Ok(())
    }

    /// What differs beside states and transitions.
    pub(super) fn of_graph(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(Changed { old, new }) = &self.name {
            lines.push(format!("name {} instead of {}", parts::quoted(new), parts::quoted(old)));
        }
        if let Some(Changed { old, new }) = &self.initial {
            let (old, new) = (parts::quoted(old), parts::quoted(new));
            lines.push(format!("begins at {new} instead of {old}"));
        }
        if let Some(Changed { old, new }) = self.max_concurrent {
            let limit = |count: Option<_>| match count {
                Some(count) => format!("at most {count}"),
                None => "any number".to_owned(),
            };
            let (old, new) = (limit(old), limit(new));
            lines.push(format!("{new} of activities at once instead of {old}"));
        }
        if !self.states.moved.is_empty() {
            let moved = parts::names(&self.states.moved);
            lines.push(format!("states are declared in another order: moved {moved}"));
        }
        if self.transitions.moved {
            let text = "transitions of different states or triggers are declared in another order";
            lines.push(text.to_owned());
        }
        lines
    }

    fn states(&self, indent: &str, write: &mut dyn FnMut(&str) -> fmt::Result) -> fmt::Result {
        let states = &self.states;
        let mut all: Vec<(&str, OfState<'_>)> = Vec::new();
        all.extend(states.added.iter().map(|state| (&*state.name, OfState::Added(state))));
        all.extend(states.removed.iter().map(|state| (&*state.name, OfState::Removed(state))));
        all.extend(states.altered.iter().map(|state| (&*state.name, OfState::Altered(state))));
        all.sort_by_key(|(name, _)| *name);
        for (name, change) in all {
            match change {
                OfState::Removed(state) => {
                    write(&format!("{indent}- state {}", parts::state(state)))?;
                }
                OfState::Added(state) => {
                    let renamed = states.perhaps_renamed.iter().find(|names| names.new == name);
                    let renamed = renamed.map_or(String::new(), |names| {
                        format!(" (perhaps {} renamed)", parts::quoted(&names.old))
                    });
                    write(&format!("{indent}+ state {}{renamed}", parts::state(state)))?;
                }
                OfState::Altered(state) => {
                    for line in state.words() {
                        write(&format!("{indent}~ state {}: {line}", parts::quoted(name)))?;
                    }
                    if let Some(machine) = &state.machine {
                        let name = parts::quoted(name);
                        write(&format!("{indent}~ state {name}: the machine within differs"))?;
                        machine.lines(&format!("{indent}    "), write)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Not sorted yet.
    fn transitions(&self) -> Vec<Line<'_>> {
        let transitions = &self.transitions;
        let mut lines = Vec::new();
        for edge in &transitions.removed {
            lines.push(Line::new(edge, 0, format!("- transition {}", parts::transition(edge))));
        }
        for Reordered { from, trigger, new, .. } in &transitions.reordered {
            let text = reordered(from, trigger, new);
            lines.push(Line { from, trigger, rank: 1, text });
        }
        for change in &transitions.altered {
            let changes = alterations(change).join("; ");
            let text = format!("~ transition {}: {changes}", altered(change));
            lines.push(Line::new(&change.new, 2, text));
        }
        for AddedTransition { transition, place } in &transitions.added {
            let mut text = format!("+ transition {}", parts::transition(transition));
            if let Some(Place { number, of }) = place {
                parts::push(&mut text, format_args!(" (number {number} of {of})"));
            }
            lines.push(Line::new(transition, 3, text));
        }
        lines
    }
}

enum OfState<'a> {
    Removed(&'a StateDocument),
    Added(&'a StateDocument),
    Altered(&'a AlteredState),
}

/// A line about transitions, with what it is sorted by.
struct Line<'a> {
    from: &'a str,
    trigger: &'a TriggerDocument,
    rank: u8,
    text: String,
}

impl<'a> Line<'a> {
    fn new(edge: &'a TransitionDocument, rank: u8, text: String) -> Self {
        Self { from: &edge.from, trigger: &edge.trigger, rank, text }
    }
}

impl AlteredState {
    /// Everything but what differs in a machine within.
    pub(super) fn words(&self) -> Vec<String> {
        let Self { name: _, kind, within, regions, entry, exit, retry, timeout, machine: _ } = self;
        let mut lines = Vec::new();
        if let Some(Changed { old, new }) = kind {
            lines.push(other_kind(old, new));
        }
        if let Some(Changed { old, new }) = within {
            let from = old.as_deref().map(|old| format!("out of {}", parts::quoted(old)));
            let into = new.as_deref().map(|new| format!("into {}", parts::quoted(new)));
            let ways: Vec<String> = from.into_iter().chain(into).collect();
            lines.push(format!("moved {}", ways.join(" ")));
        }
        if let Some(Changed { old, new }) = regions {
            let (old, new) = (parts::names(old), parts::names(new));
            lines.push(format!("enters its regions in the order {new} instead of {old}"));
        }
        for (what, change) in [("entry actions", entry), ("exit actions", exit)] {
            if let Some(Changed { old, new }) = change {
                lines.push(instead(what, parts::list(new), parts::list(old)));
            }
        }
        if let Some(Changed { old, new }) = retry {
            lines.push(other_retry(*old, *new));
        }
        if let Some(Changed { old, new }) = timeout {
            lines.push(instead("timeout", new.map(parts::time), old.map(parts::time)));
        }
        lines
    }
}

fn other_kind(old: &KindDocument, new: &KindDocument) -> String {
    let quoted = parts::quoted;
    match (old, new) {
        (KindDocument::Activity(old), KindDocument::Activity(new)) => {
            format!("runs {} instead of {}", quoted(new), quoted(old))
        }
        (KindDocument::Fork { join: old }, KindDocument::Fork { join: new }) => {
            format!("is joined by {} instead of {}", quoted(new), quoted(old))
        }
        (KindDocument::Delay(old), KindDocument::Delay(new)) => {
            format!("waits {new:?} instead of {old:?}")
        }
        (KindDocument::Composite { initial: old }, KindDocument::Composite { initial: new }) => {
            format!("begins at {} instead of {}", quoted(new), quoted(old))
        }
        (KindDocument::Join(old), KindDocument::Join(new)) => {
            format!("waits for {} instead of {}", parts::of_join(*new), parts::of_join(*old))
        }
        (old, new) => format!("is {} instead of {}", parts::kind(new), parts::kind(old)),
    }
}

/// `timeout 5s instead of none`, `no timeout instead of 5s`.
fn instead(what: &str, new: Option<String>, old: Option<String>) -> String {
    let old = old.unwrap_or_else(|| "none".to_owned());
    match new {
        Some(new) => format!("{what} {new} instead of {old}"),
        None => format!("no {what} instead of {old}"),
    }
}

fn other_retry(old: Option<RetryPolicy>, new: Option<RetryPolicy>) -> String {
    let (Some(old), Some(new)) = (old, new) else {
        return instead("retry", new.map(parts::retry), old.map(parts::retry));
    };
    let mut changes = Vec::new();
    if old.count != new.count {
        changes.push(format!("retry <= {} instead of {}", new.count, old.count));
    }
    if old.delay != new.delay {
        changes.push(format!("retries from {:?} instead of {:?}", new.delay, old.delay));
    }
    if old.max_delay != new.max_delay {
        changes.push(format!("retries up to {:?} instead of {:?}", new.max_delay, old.max_delay));
    }
    if old.max_wait != new.max_wait {
        let (old, new) = (old.max_wait.map(parts::time), new.max_wait.map(parts::time));
        changes.push(instead("longest wait", new, old));
    }
    changes.join(", ")
}

/// An altered transition: what it is, without what has changed.
fn altered(Changed { old, new }: &Changed<TransitionDocument>) -> String {
    let mut text = match is_led_alike(old, new) {
        true => parts::arrow(new),
        false => parts::quoted(&new.from),
    };
    if old.trigger == new.trigger {
        parts::push(&mut text, format_args!(" {}", parts::trigger(&new.trigger)));
    }
    if old.guard == new.guard {
        text.push_str(&parts::guard(new));
    }
    text
}

/// What has changed about a transition.
pub(super) fn alterations(Changed { old, new }: &Changed<TransitionDocument>) -> Vec<String> {
    let mut changes = Vec::new();
    if !is_led_alike(old, new) {
        let (was, is) = (parts::target(old), parts::target(new));
        changes.push(match (old.internal, new.internal) {
            (false, false) => format!("leads to {is} instead of {was}"),
            (true, _) => format!("leads to {is} instead of being internal"),
            (false, true) => format!("is internal instead of leading to {was}"),
        });
    }
    if old.trigger != new.trigger {
        let (old, new) = (parts::trigger(&old.trigger), parts::trigger(&new.trigger));
        changes.push(format!("{new} instead of {old}"));
    }
    if old.guard != new.guard {
        let guard = |edge: &TransitionDocument| edge.guard.as_deref().map(parts::quoted);
        changes.push(instead("guard", guard(new), guard(old)));
    }
    if old.actions != new.actions {
        changes.push(instead("actions", parts::list(&new.actions), parts::list(&old.actions)));
    }
    changes
}

/// What an altered transition was, in short, where the new one is drawn.
pub(super) fn was(Changed { old, new }: &Changed<TransitionDocument>) -> String {
    let mut was = Vec::new();
    if old.trigger != new.trigger {
        was.push(parts::trigger(&old.trigger));
    }
    if old.guard != new.guard {
        was.push(match &old.guard {
            Some(_) => parts::guard(old).trim_start().to_owned(),
            None => "without a guard".to_owned(),
        });
    }
    if old.actions != new.actions {
        was.push(match parts::list(&old.actions) {
            Some(actions) => format!("/ {actions}"),
            None => "without actions".to_owned(),
        });
    }
    if !is_led_alike(old, new) {
        was.push(match old.internal {
            true => "internal".to_owned(),
            false => format!("to {}", parts::target(old)),
        });
    }
    format!("was {}", was.join(" "))
}

fn is_led_alike(old: &TransitionDocument, new: &TransitionDocument) -> bool {
    (&old.to, &old.also, old.internal) == (&new.to, &new.also, new.internal)
}

/// The new order of the transitions that a state has for one trigger.
fn reordered(from: &str, trigger: &TriggerDocument, new: &[TransitionDocument]) -> String {
    let candidates: Vec<String> =
        new.iter().map(|edge| format!("{}{}", parts::target(edge), parts::guard(edge))).collect();
    format!(
        "~ transitions of {} {}: in the order {}",
        parts::quoted(from),
        parts::trigger(trigger),
        candidates.join(", ")
    )
}
