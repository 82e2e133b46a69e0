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

/// Names in backticks, parted by commas.
pub(super) fn names(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// As [`names`], where there are any.
pub(super) fn list(list: &[String]) -> Option<String> {
    (!list.is_empty()).then(|| names(list))
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

pub(super) fn of_join(rule: JoinDocument) -> String {
    match rule {
        JoinDocument::All => "all".to_owned(),
        JoinDocument::Any => "any".to_owned(),
        JoinDocument::AtLeast(count) => format!("at least {count}"),
    }
}

/// A state that was added or removed.
pub(super) fn state(state: &StateDocument) -> String {
    let mut text = format!("{}, {}", quoted(&state.name), own_kind(state));
    if let Some(parent) = &state.within {
        push(&mut text, format_args!(" within {}", quoted(parent)));
    }
    if let Some(actions) = list(&state.entry) {
        push(&mut text, format_args!(", entry / {actions}"));
    }
    if let Some(actions) = list(&state.exit) {
        push(&mut text, format_args!(", exit / {actions}"));
    }
    if let Some(policy) = state.retry {
        push(&mut text, format_args!(", retry {}", retry(policy)));
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

/// `<= 3 from 1s up to 60s`, behind the word "retry".
pub(super) fn retry(policy: RetryPolicy) -> String {
    let RetryPolicy { count, delay, max_delay, max_wait } = policy;
    let mut text = format!("<= {count} from {delay:?} up to {max_delay:?}");
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
        return "itself (internal)".to_owned();
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
    if let Some(actions) = list(&edge.actions) {
        push(&mut text, format_args!(" / {actions}"));
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

pub(super) fn time(time: Duration) -> String {
    format!("{time:?}")
}

pub(super) fn push(text: &mut String, part: fmt::Arguments<'_>) {
    text.write_fmt(part).expect("writing to a String succeeds");
}
