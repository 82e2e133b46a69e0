//! Ids that are safe in DOT and in Mermaid, whatever the names are.
//!
//! A name of ASCII letters, digits, and underscores is kept behind a prefix (`s_fetch`), so that
//! a drawing can be read and compared as text; any other name gives way to the state's number
//! (`s7`). No two states share an id: behind the prefix stands an underscore or a digit, and the
//! prefixes of expanded machines (`m1s`) end where their digits do.

use std::fmt;

/// The id of a state in a drawing.
#[derive(Clone, Copy)]
pub(super) struct Id<'a> {
    /// `0` for the graph that is drawn, else the number of the expanded machine.
    pub(super) sheet: usize,
    /// The state's number in declared order.
    pub(super) index: usize,
    /// The state's name.
    pub(super) name: &'a str,
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sheet > 0 {
            write!(f, "m{}", self.sheet)?;
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if (1..=LONGEST).contains(&self.name.len()) && self.name.bytes().all(plain) {
            f.write_str("s_")?;
            f.write_str(self.name)
        } else {
            write!(f, "s{}", self.index)
        }
    }
}

/// Longer names would make drawings unreadable; Graphviz refuses ids above some 16 KiB.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::Id;

    fn id(sheet: usize, index: usize, name: &str) -> String {
        Id { sheet, index, name }.to_string()
    }

    #[test]
    fn a_plain_name_is_kept_and_any_other_becomes_a_number() {
        assert_eq!(id(0, 7, "fetch_2"), "s_fetch_2");
        for name in ["", "a b", "\"", "größe", "a-b", "end\n", &"x".repeat(65)] {
            assert_eq!(id(0, 7, name), "s7", "{name:?}");
        }
    }

    #[test]
    fn names_that_look_like_ids_do_not_collide_with_ids() {
        assert_ne!(id(0, 1, "7"), id(0, 7, "?"));
        assert_ne!(id(0, 1, "s7"), id(0, 7, "?"));
        assert_ne!(id(0, 1, "m1s_a"), id(1, 0, "a"));
        assert_ne!(id(1, 1, "?"), id(11, 1, "?"));
    }
}
