//! Names: there, well made, used once; and lists that are not empty.

use std::collections::HashSet;

use super::outline::Outline;
use super::top;
use crate::fault::Fault;
use crate::spec::{Entry, FlowSpec, Mode};

pub(super) fn check(flow: &FlowSpec, outline: &Outline<'_>, faults: &mut Vec<Fault>) {
    if flow.name.trim().is_empty() {
        faults.push(Fault::new(top("name"), "the flow has no name").hint("give it one"));
    }
    if flow.entries.is_empty() {
        let fault = Fault::new(top("endpoints"), "the list of endpoints is empty");
        faults.push(fault.hint("a flow needs at least one endpoint"));
    }
    let mut seen = HashSet::new();
    for (at, entry) in outline.entries() {
        let place = outline.place(at).key("name");
        let name = entry.name();
        if name.is_empty() {
            let message = match entry {
                Entry::Endpoint(_) => "the endpoint has no name",
                Entry::Wait(_) => "the step has no name",
                Entry::Group(_) => "the group has no name",
            };
            faults.push(Fault::new(place, message).hint("give it one, for example `users`"));
        } else if !is_well_made(name) {
            let message = format!("`{}` is not a valid name", name.escape_debug());
            faults.push(Fault::new(place, message).hint(instead(name)));
        } else if !seen.insert(name) {
            let message = format!("the name `{name}` is used twice");
            let fault = Fault::new(place, message);
            faults.push(match outline.find(name) {
                Some(first) => fault.hint(format!("the first is {}", outline.place(first))),
                None => fault,
            });
        }
        match entry {
            Entry::Group(group) if group.entries.is_empty() => {
                let message = format!("the group `{name}` is empty");
                let fault = Fault::new(outline.place(at).key("endpoints"), message);
                faults.push(fault.hint("a group needs at least one endpoint"));
            }
            Entry::Group(_) | Entry::Endpoint(_) | Entry::Wait(_) => {}
        }
    }
}

/// Groups where the mode has none. Apart from [`check`], because it depends on the mode.
pub(super) fn check_groups(outline: &Outline<'_>, faults: &mut Vec<Fault>) {
    for (at, entry) in outline.entries() {
        let mode = outline.scopes[at.scope].mode;
        match entry {
            Entry::Group(group) if mode != Mode::Hybrid => {
                let message = format!("the group `{}` stands in mode {mode}", group.name);
                let fault = Fault::new(outline.place(at), message);
                faults.push(fault.hint("only mode hybrid has groups"));
            }
            Entry::Group(_) | Entry::Endpoint(_) | Entry::Wait(_) => {}
        }
    }
}

pub(super) fn is_well_made(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

pub(super) fn instead(name: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let name: String = name.trim().chars().map(|c| if keep(c) { c } else { '_' }).collect();
    let rule = "letters, digits, `_`, and `-` are allowed";
    if name.chars().any(|c| c.is_ascii_alphanumeric()) {
        format!("{rule}: `{name}`")
    } else {
        rule.to_owned()
    }
}
