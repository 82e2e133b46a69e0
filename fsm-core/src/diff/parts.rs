//! The parts of graphs in words: names, kinds, triggers, transitions.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::draw::visible;
use crate::graph::{
    JoinDocument, KindDocument, RetryPolicy, StateDocument, TransitionDocument, TriggerDocument,
};

/// A name in backticks, with whatever can't be seen as an escape.
pub(super) fn quoted(name: &str) -> String {
    let mut text = String::from("`");
    visible(&mut text, name);
    text.push('`');
    text
}

/// Names in backticks with commas; none: "none".
pub(super) fn list(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "),
    }
}

/// A noun with its article, and what the kind says besides.
pub(super) fn kind(kind: &KindDocument) -> String {
    match kind {
        KindDocument::Simple => "a simple state".to_owned(),
        KindDocument::Activity(activity) => format!("an activity running {}", quoted(activity)),
        KindDocument::Choice => "a choice".to_owned(),
        KindDocument::Fork { join } => format!("a fork up to {}", quoted(join)),
        KindDocument::Split => "a split".to_owned(),
        KindDocument::Join(rule) => format!("a join of {}", of_join(*rule)),
        KindDocument::Delay(wait) => format!("a delay of {wait:?}"),
        KindDocument::Signal => "a wait for a signal".to_owned(),
        KindDocument::Composite { initial } => {
            format!("a composite state beginning at {}", quoted(initial))
        }
        KindDocument::Parallel => "a parallel state".to_owned(),
        KindDocument::Machine(_) => "a machine".to_owned(),
        KindDocument::Final => "a final state".to_owned(),
    }
}

fn of_join(rule: JoinDocument) -> String {
    match rule {
        JoinDocument::All => "all".to_owned(),
        JoinDocument::Any => "any one".to_owned(),
        JoinDocument::AtLeast(count) => format!("at least {count}"),
    }
}

/// A state that was added or removed.
pub(super) fn state(state: &StateDocument) -> String {
    let mut text = format!("{}, {}", quoted(&state.name), own_kind(state));
    if let Some(parent) = &state.within {
        push(&mut text, format_args!(" within {}", quoted(parent)));
    }
    if !state.entry.is_empty() {
        push(&mut text, format_args!(", entry / {}", list(&state.entry)));
    }
    if !state.exit.is_empty() {
        push(&mut text, format_args!(", exit / {}", list(&state.exit)));
    }
    if let Some(policy) = state.retry {
        push(&mut text, format_args!(", {}", retry(policy)));
    }
    if let Some(limit) = state.timeout {
        push(&mut text, format_args!(", timeout {limit:?}"));
    }
    text
}

/// Most activities have the name of their state.
fn own_kind(state: &StateDocument) -> String {
    match &state.kind {
        KindDocument::Activity(activity) if *activity == state.name => "an activity".to_owned(),
        other => kind(other),
    }
}

pub(super) fn retry(policy: RetryPolicy) -> String {
    let RetryPolicy { count, delay, max_delay, max_wait } = policy;
    let mut text = format!("retry <= {count} from {delay:?} up to {max_delay:?}");
    if let Some(longest) = max_wait {
        push(&mut text, format_args!(", no wait over {longest:?}"));
    }
    text
}

pub(super) fn trigger(trigger: &TriggerDocument) -> String {
    match trigger {
        TriggerDocument::Event(event) => format!("on {}", quoted(event)),
        TriggerDocument::Done => "when done".to_owned(),
        TriggerDocument::Failed => "when failed".to_owned(),
        TriggerDocument::TimedOut => "when timed out".to_owned(),
        TriggerDocument::After(wait) => format!("after {wait:?}"),
        TriggerDocument::Always => "at once".to_owned(),
    }
}

/// Where a transition leads.
pub(super) fn target(edge: &TransitionDocument) -> String {
    if edge.internal {
        return "itself, internally".to_owned();
    }
    let mut text = quoted(&edge.to);
    for state in &edge.also {
        push(&mut text, format_args!(" and {}", quoted(state)));
    }
    text
}

/// `[guard]`, or nothing.
pub(super) fn guard(edge: &TransitionDocument) -> String {
    let mut text = String::new();
    if let Some(guard) = &edge.guard {
        text.push_str(" [");
        visible(&mut text, guard);
        text.push(']');
    }
    text
}

/// A whole transition.
pub(super) fn transition(edge: &TransitionDocument) -> String {
    let mut text = format!("{} {}{}", arrow(edge), trigger(&edge.trigger), guard(edge));
    if !edge.actions.is_empty() {
        push(&mut text, format_args!(" / {}", list(&edge.actions)));
    }
    text
}

/// Source and target.
pub(super) fn arrow(edge: &TransitionDocument) -> String {
    match edge.internal {
        true => format!("within {}", quoted(&edge.from)),
        false => format!("{} -> {}", quoted(&edge.from), target(edge)),
    }
}

pub(super) fn or_none(limit: Option<Duration>) -> String {
    limit.map_or_else(|| "none".to_owned(), |limit| format!("{limit:?}"))
}

pub(super) fn push(text: &mut String, part: fmt::Arguments<'_>) {
    text.write_fmt(part).expect("writing to a String succeeds");
}
