//! All entries of a flow with their places, flattened, and found by name.

use std::collections::HashMap;

use crate::fault::Place;
use crate::spec::{EndpointSpec, Entry, FlowSpec, GroupSpec, Mode, WaitSpec};

/// The flow as scopes: the flow itself is the first, each group another.
pub(super) struct Outline<'a> {
    pub(super) scopes: Vec<Scope<'a>>,
    /// The first entry of each name.
    names: HashMap<&'a str, At>,
}

/// Entries with one mode.
pub(super) struct Scope<'a> {
    pub(super) mode: Mode,
    pub(super) entries: &'a [Entry],
    /// The scope that each group of `entries` opens.
    pub(super) opens: HashMap<usize, usize>,
    /// Where the scope's group stands; `None`: it is the flow.
    pub(super) parent: Option<At>,
    /// The group's name; `None`: it is the flow.
    pub(super) group: Option<&'a GroupSpec>,
    place: Place,
    depth: usize,
}

/// An entry: its scope, and its index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct At {
    pub(super) scope: usize,
    pub(super) index: usize,
}

impl<'a> Outline<'a> {
    /// # Complexity
    /// Linear in the number of entries.
    pub(super) fn of(flow: &'a FlowSpec) -> Self {
        let mut outline = Self { scopes: Vec::new(), names: HashMap::new() };
        outline.scopes.push(Scope {
            mode: flow.mode,
            entries: &flow.entries,
            opens: HashMap::new(),
            parent: None,
            group: None,
            place: super::top("endpoints"),
            depth: 0,
        });
        // Groups are appended while we go: a queue instead of recursion.
        let mut scope = 0;
        while scope < outline.scopes.len() {
            outline.visit(scope);
            scope += 1;
        }
        outline
    }

    fn visit(&mut self, scope: usize) {
        let entries = self.scopes[scope].entries;
        for (index, entry) in entries.iter().enumerate() {
            let at = At { scope, index };
            self.names.entry(entry.name()).or_insert(at);
            let Entry::Group(group) = entry else { continue };
            let place = self.place(at).key("endpoints");
            let opened = self.scopes.len();
            self.scopes[scope].opens.insert(index, opened);
            self.scopes.push(Scope {
                mode: group.mode,
                entries: &group.entries,
                opens: HashMap::new(),
                parent: Some(at),
                group: Some(group),
                place,
                depth: self.scopes[scope].depth + 1,
            });
        }
    }

    /// The first entry with that name.
    pub(super) fn find(&self, name: &str) -> Option<At> {
        self.names.get(name).copied()
    }

    pub(super) fn entry(&self, at: At) -> &'a Entry {
        &self.scopes[at.scope].entries[at.index]
    }

    pub(super) fn place(&self, at: At) -> Place {
        self.scopes[at.scope].place.item(at.index)
    }

    /// Every entry, those of groups after those beside the group.
    pub(super) fn entries(&self) -> impl Iterator<Item = (At, &'a Entry)> {
        self.scopes.iter().enumerate().flat_map(|(scope, content)| {
            let with_place = move |(index, entry)| (At { scope, index }, entry);
            content.entries.iter().enumerate().map(with_place)
        })
    }

    /// Every call.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = (At, &'a EndpointSpec)> {
        self.entries().filter_map(|(at, entry)| match entry {
            Entry::Endpoint(endpoint) => Some((at, &**endpoint)),
            Entry::Wait(_) | Entry::Group(_) => None,
        })
    }

    /// Every step that waits and calls nothing.
    pub(super) fn waits(&self) -> impl Iterator<Item = (At, &'a WaitSpec)> {
        self.entries().filter_map(|(at, entry)| match entry {
            Entry::Wait(wait) => Some((at, &**wait)),
            Entry::Endpoint(_) | Entry::Group(_) => None,
        })
    }

    /// The names of all steps.
    pub(super) fn steps(&self) -> impl Iterator<Item = &'a str> {
        let entries = self.entries().map(|(_, entry)| entry);
        entries.filter(|entry| !matches!(entry, Entry::Group(_))).map(Entry::name)
    }

    /// The two entries of one scope in which `a` and `b` lie, or which they are.
    pub(super) fn in_one_scope(&self, mut a: At, mut b: At) -> Option<(At, At)> {
        while a.scope != b.scope {
            let (depth_a, depth_b) = (self.scopes[a.scope].depth, self.scopes[b.scope].depth);
            if depth_a >= depth_b {
                a = self.scopes[a.scope].parent?;
            }
            if depth_b >= depth_a {
                b = self.scopes[b.scope].parent?;
            }
        }
        Some((a, b))
    }
}
