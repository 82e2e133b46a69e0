//! Reading the keys of a map one by one, and keeping every fault on the way.
//!
//! A value is read by a plain function from a node to a [`Read`]; [`Fields`] knows under which key
//! and at which place it stands, and so makes whole sentences of what the function found wrong.
//! Nothing stops at a fault: what could not be read is noted as unread, and the checks that come
//! later ([`crate::check`]) stay silent about it.

use std::collections::HashSet;
use std::ops::Range;

use super::keys::Keys;
use super::report::Located;
use super::tree::{Kind, Member, Node};
use crate::check::spelling;
use crate::expr::ExprError;
use crate::fault::{Fault, Place, Step};

/// A value, or everything that is wrong with it.
pub(crate) type Read<T> = Result<T, Vec<Wrong>>;

/// One thing that is wrong with a value.
pub(crate) struct Wrong {
    says: Says,
    hint: Option<String>,
    /// Where inside the value, if not the value itself.
    inside: Vec<Step>,
    /// Whether the key is meant and not what stands under it.
    is_key: bool,
    /// Which bytes of the string are meant.
    part: Option<Range<usize>>,
    /// Whether the value may be a secret, so that no report shows it.
    is_secret: bool,
}

enum Says {
    /// A sentence that still lacks its subject: "must be a list".
    Of(String),
    /// A whole sentence.
    Whole(String),
    /// Nothing: it was reported already.
    Nothing,
}

impl Wrong {
    /// A sentence that lacks its subject: "must be a list, not 5".
    pub(crate) fn of(predicate: impl Into<String>) -> Self {
        Self::saying(Says::Of(predicate.into()))
    }

    /// A whole sentence.
    pub(crate) fn whole(sentence: impl Into<String>) -> Self {
        Self::saying(Says::Whole(sentence.into()))
    }

    /// "must be `expected`, not …"
    pub(crate) fn expected(expected: &str, node: &Node) -> Self {
        match node.kind {
            Kind::Broken => Self::saying(Says::Nothing),
            Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::Text(_)
            | Kind::List(_)
            | Kind::Map(_) => Self::of(format!("must be {expected}, not {}", node.words())),
        }
    }

    /// What an expression parser found in the value `node`.
    pub(crate) fn expression(error: ExprError) -> Self {
        let inside = error.pointer.split('/').skip(1).map(step).collect();
        let mut wrong = Self::whole(error.message);
        wrong.hint = error.hint;
        wrong.inside = inside;
        wrong.part = Some(error.span);
        wrong
    }

    fn saying(says: Says) -> Self {
        Self { says, hint: None, inside: Vec::new(), is_key: false, part: None, is_secret: false }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says which bytes of the string are meant.
    pub(crate) fn part(mut self, part: Range<usize>) -> Self {
        self.part = Some(part);
        self
    }

    /// The same, found in the member `key` of the value.
    pub(crate) fn under(mut self, key: &str) -> Self {
        self.inside.insert(0, Step::Key(key.to_owned()));
        self
    }

    /// The same, found in the item `index` of the value.
    pub(crate) fn at_item(mut self, index: usize) -> Self {
        self.inside.insert(0, Step::Item(index));
        self
    }

    /// Says that the key is meant.
    pub(crate) fn key(mut self) -> Self {
        self.is_key = true;
        self
    }

    /// Lets no report show the value: it may be a secret.
    pub(crate) fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }
}

impl From<Wrong> for Vec<Wrong> {
    fn from(wrong: Wrong) -> Self {
        vec![wrong]
    }
}

/// A token of a JSON Pointer (RFC 6901) as a step.
pub(super) fn step(token: &str) -> Step {
    match token.parse() {
        Ok(index) => Step::Item(index),
        Err(_) => Step::Key(token.replace("~1", "/").replace("~0", "~")),
    }
}

/// Where the faults of a file gather.
pub(crate) struct Reader<'t> {
    text: &'t str,
    tree: &'t Node,
    pub(crate) faults: Vec<Located>,
    /// The places whose values could not be read.
    unread: HashSet<Place>,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str, tree: &'t Node, faults: Vec<Located>) -> Self {
        Self { text, tree, faults, unread: HashSet::new() }
    }

    /// Whether the value at `place`, or one that it lies in, could not be read.
    pub(crate) fn is_unread(&self, place: &Place) -> bool {
        let mut so_far = Place::root();
        if self.unread.contains(&so_far) {
            return true;
        }
        for step in place.steps() {
            so_far = match step {
                Step::Key(key) => so_far.key(key),
                Step::Item(index) => so_far.item(*index),
            };
            if self.unread.contains(&so_far) {
                return true;
            }
        }
        false
    }

    /// Keeps a fault, at its place in the file.
    pub(crate) fn fault(&mut self, fault: Fault) {
        self.faults.push(Located::find(self.text, self.tree, fault));
    }

    pub(crate) fn wrong(&mut self, subject: &str, place: &Place, wrong: Wrong) {
        self.unread.insert(place.clone());
        let Wrong { says, hint, inside, is_key, part, is_secret } = wrong;
        let inner = inside.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(format!("`{key}`")),
            Step::Item(_) => None,
        });
        let message = match says {
            Says::Of(predicate) => format!("{} {predicate}", inner.as_deref().unwrap_or(subject)),
            Says::Whole(sentence) => sentence,
            Says::Nothing => return,
        };
        let place = inside.into_iter().fold(place.clone(), |place, step| match step {
            Step::Key(key) => place.key(key),
            Step::Item(index) => place.item(index),
        });
        let fault = Fault { place, message, hint, part };
        let nearest = self.tree.nearest(&fault.place);
        let hidden = is_secret.then(|| nearest.node.span.clone());
        let located = match nearest.key {
            Some(key) if is_key => Located::at(key, fault),
            Some(_) | None => Located::find(self.text, self.tree, fault),
        };
        self.faults.push(Located { hidden, ..located });
    }
}

/// The members of one map that is being read.
pub(crate) struct Fields<'r, 't> {
    pub(crate) reader: &'r mut Reader<'t>,
    pub(crate) place: Place,
    keys: &'static Keys,
    members: &'t [Member],
}

impl<'r, 't> Fields<'r, 't> {
    /// Opens `node`, which should be a map with `keys`, and reports the keys that it should not
    /// have. `None` if it is no map.
    pub(crate) fn open(
        reader: &'r mut Reader<'t>,
        node: &'t Node,
        place: Place,
        keys: &'static Keys,
    ) -> Option<Self> {
        let Kind::Map(members) = &node.kind else {
            let wrong = match keys.secret {
                true => Wrong::of("must be a map of keys").secret(),
                false => Wrong::expected("a map of keys", node),
            };
            let known = spelling::list(keys.known);
            let wrong =
                if keys.secret { wrong.hint(format!("the keys are {known}")) } else { wrong };
            reader.wrong(keys.of, &place, wrong);
            return None;
        };
        let mut fields = Self { reader, place, keys, members };
        for member in members {
            if !keys.known.contains(&member.key.as_str()) {
                fields.unknown(&member.key);
            }
        }
        Some(fields)
    }

    fn unknown(&mut self, key: &str) {
        let wrong = if key == "<<" {
            Wrong::whole("merge keys (`<<`) are not part of YAML 1.2")
                .hint("an alias can stand for a whole value: `headers: *common`")
        } else {
            let wrong = Wrong::whole(format!("unknown key `{key}` in {}", self.keys.of));
            let elsewhere = self.keys.elsewhere.filter(|(keys, _)| keys.contains(&key));
            match spelling::closest(key, self.keys.known.iter().copied()) {
                _ if elsewhere.is_some() => wrong.hint(elsewhere.map_or("", |(_, hint)| hint)),
                Some(close) => wrong.hint(format!("did you mean `{close}`?")),
                None => wrong.hint(format!("the keys are {}", spelling::list(self.keys.known))),
            }
        };
        let wrong = if self.keys.secret { wrong.secret() } else { wrong };
        let place = self.place.key(key);
        self.reader.wrong("", &place, wrong.key());
    }

    /// The node under `key`.
    pub(crate) fn node(&self, key: &str) -> Option<&'t Node> {
        self.members.iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// Opens the map under `key`; `None` if it is absent or no map.
    pub(crate) fn map(&mut self, key: &str, keys: &'static Keys) -> Option<Fields<'_, 't>> {
        let node = self.node(key)?;
        Fields::open(self.reader, node, self.place.key(key), keys)
    }

    /// The value under `key`, or `None` if it is absent or wrong.
    pub(crate) fn optional<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&Node) -> Read<T>,
    ) -> Option<T> {
        let node = self.node(key)?;
        match read(node) {
            Ok(value) => Some(value),
            Err(wrongs) => {
                for wrong in wrongs {
                    self.wrong(key, wrong);
                }
                None
            }
        }
    }

    /// The value under `key`, which must be there.
    pub(crate) fn required<T>(
        &mut self,
        key: &str,
        hint: &str,
        read: impl FnOnce(&Node) -> Read<T>,
    ) -> Option<T> {
        if self.node(key).is_none() {
            self.missing(key, hint);
        }
        self.optional(key, read)
    }

    /// Reports that `key` is not there, unless it is there with a slip, which is reported already.
    pub(crate) fn missing(&mut self, key: &str, hint: &str) {
        let known = || self.keys.known.iter().copied();
        let is_slip = |member: &Member| {
            known().all(|known| known != member.key)
                && spelling::closest(&member.key, known()) == Some(key)
        };
        if self.members.iter().any(is_slip) {
            return self.wrong(key, Wrong::saying(Says::Nothing));
        }
        let message = format!("{} needs the key `{key}`", self.keys.of);
        self.wrong(key, Wrong::whole(message).hint(hint));
    }

    /// Reports something that is wrong with the value under `key`.
    pub(crate) fn wrong(&mut self, key: &str, wrong: Wrong) {
        let place = self.place.key(key);
        self.reader.wrong(&format!("`{key}`"), &place, wrong);
    }
}
