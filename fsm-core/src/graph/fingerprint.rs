//! A number that tells graphs apart: FNV-1a in words of 128 bits, over names and structure in declared
//! order. It guards against mistakes (resuming under another graph), not against malice.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Graph, JoinRule, Kind, Trigger};

/// A number that changes with anything that changes what a run of the graph may do.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// Events, guards, actions, and activities count by name, so that the order in which they
    /// were first mentioned does not matter; states and transitions count in declared order.
    ///
    /// # Complexity
    /// O(length of all names + states + transitions).
    pub(super) fn of(graph: &Graph) -> Self {
        let events = hashes(&graph.events);
        let guards = hashes(&graph.guards);
        let actions = hashes(&graph.actions);
        let activities = hashes(&graph.activities);
        let sequences: Vec<u128> = graph
            .sequences
            .iter()
            .map(|list| {
                let mut hash = Fnv::new();
                list.iter().for_each(|action| hash.word(actions[action.index()]));
                hash.0
            })
            .collect();

        let mut hash = Fnv::new();
        hash.text(&graph.name);
        hash.word(u128::from(graph.initial.0));
        hash.word(graph.max_concurrent.map_or(0, |count| u128::from(count.get())));
        for (name, node) in graph.names.iter().zip(&graph.nodes) {
            hash.text(name);
            hash.word(node.parent.map_or(0, |parent| u128::from(parent.0) + 1));
            hash.kind(node.kind, &activities);
        }
        for edge in &graph.transitions {
            hash.word(u128::from(edge.from.0) << 32 | u128::from(edge.to.0));
            hash.word(edge.guard.map_or(0, |guard| guards[guard.index()]));
            hash.word(sequences[edge.actions.0 as usize]);
            hash.trigger(edge.trigger, &events);
            if edge.internal {
                hash.word(INTERNAL);
            }
        }
        for (id, states) in &graph.also {
            hash.word(u128::from(id.0) << 32 | states.len() as u128);
            states.iter().for_each(|state| hash.word(u128::from(state.0)));
        }
        for regions in graph.regions.values() {
            regions.iter().for_each(|state| hash.word(u128::from(state.0)));
        }
        for (state, extras) in &graph.extras {
            hash.word(u128::from(state.0));
            hash.word(sequences[extras.entry.0 as usize]);
            hash.word(sequences[extras.exit.0 as usize]);
            hash.word(extras.timeout.map_or(u128::MAX, |limit| limit.as_nanos()));
            if let Some(retry) = extras.retry {
                hash.word(u128::from(retry.count) + 1);
                hash.word(retry.delay.as_nanos());
                hash.word(retry.max_delay.as_nanos());
                hash.word(retry.max_wait.map_or(u128::MAX, |wait| wait.as_nanos()));
            }
        }
        for (state, inner) in &graph.inner {
            hash.word(u128::from(state.0));
            hash.word(inner.fingerprint.0);
        }
        Self(hash.0)
    }
}

fn hashes(names: &indexmap::IndexSet<Box<str>>) -> Vec<u128> {
    names
        .iter()
        .map(|name| {
            let mut hash = Fnv::new();
            hash.text(name);
            hash.0
        })
        .collect()
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let number = u128::from_str_radix(&text, 16).map_err(serde::de::Error::custom)?;
        Ok(Self(number))
    }
}

/// No trigger's tag.
const INTERNAL: u128 = 64;

/// FNV-1a over words of 128 bits: the structure is hashed a word, not a byte, at a time. The
/// rotation lets the high half reach the low one.
struct Fnv(u128);

impl Fnv {
    fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    fn word(&mut self, word: u128) {
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        self.0 = (self.0 ^ word).wrapping_mul(PRIME).rotate_left(59);
    }

    fn text(&mut self, text: &str) {
        self.word(text.len() as u128);
        for chunk in text.as_bytes().chunks(16) {
            let mut word = [0; 16];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u128::from_le_bytes(word));
        }
    }

    fn kind(&mut self, kind: Kind, activities: &[u128]) {
        let (tag, value) = match kind {
            Kind::Simple => (0, 0),
            Kind::Activity(activity) => (1, activities[activity.index()]),
            Kind::Choice => (2, 0),
            Kind::Fork(join) => (3, join.map_or(0, |join| u128::from(join.0) + 1)),
            Kind::Join(JoinRule::All) => (4, 0),
            Kind::Join(JoinRule::Any) => (4, 1),
            Kind::Join(JoinRule::AtLeast(count)) => (4, 1 + u128::from(count.get())),
            Kind::Delay(wait) => (5, wait.as_nanos()),
            Kind::Signal => (6, 0),
            Kind::Composite(initial) => (7, u128::from(initial.0)),
            Kind::Machine(activity) => (8, activities[activity.index()]),
            Kind::Final => (9, 0),
            Kind::Parallel => (10, 0),
        };
        self.word(tag);
        self.word(value);
    }

    fn trigger(&mut self, trigger: Trigger, events: &[u128]) {
        let (tag, value) = match trigger {
            Trigger::Event(event) => (0, events[event.index()]),
            Trigger::Done => (1, 0),
            Trigger::Failed => (2, 0),
            Trigger::TimedOut => (3, 0),
            Trigger::After(wait) => (4, wait.as_nanos()),
            Trigger::Always => (5, 0),
        };
        self.word(tag);
        self.word(value);
    }
}
