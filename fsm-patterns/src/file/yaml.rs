//! YAML 1.2 or JSON text to a [`Node`] tree.
//!
//! The parser gives events with byte ranges; we build the tree ourselves, on a stack of our own,
//! because a tree made by serde has neither the places of keys nor both places of a key that is
//! there twice. Every JSON text is YAML; a file that calls itself `.json` is held to the stricter
//! grammar first ([`parse_json`]).
//!
//! Bounded: nesting to [`MAX_DEPTH`], and what aliases copy to [`MAX_ALIASED`] nodes, so that a
//! small file cannot become a large tree.

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span, Tag};
use serde::de::IgnoredAny;

use super::report::Located;
use super::scalar;
use super::syntax;
use super::tree::{Kind, Member, Node};
use crate::fault::{Fault, Place};

/// How deep lists and maps may lie in each other.
pub(crate) const MAX_DEPTH: usize = 100;

/// How many nodes all aliases of a file may copy.
const MAX_ALIASED: usize = 100_000;

/// Reads YAML. Faults that leave the rest readable are put into `faults`.
///
/// # Errors
/// A text that is no YAML, or that breaks a bound: nothing after it can be trusted.
pub(crate) fn parse(text: &str, faults: &mut Vec<Located>) -> Result<Node, Box<Located>> {
    // YAML has a longest key, JSON has none.
    let longest_key = match looks_like_json(text) {
        true => text.len(),
        false => Options::default().simple_key_max_lookahead,
    };
    build(text, longest_key, faults)
}

/// Whether a text that may be called anything is an object in JSON.
fn looks_like_json(text: &str) -> bool {
    let text = unmarked(text);
    text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Builds the tree; `longest_key` is how far the parser looks for the end of a key.
fn build(text: &str, longest_key: usize, faults: &mut Vec<Located>) -> Result<Node, Box<Located>> {
    let mut builder = Builder { faults, open: Vec::new(), anchors: HashMap::new(), aliased: 0 };
    let mut root = None;
    for event in Parser::new_from_str_with_options(text, options(longest_key)) {
        let (event, span) = event.map_err(|error| match is_key_too_long(text, &error) {
            true => syntax::long_key(text, &error, longest_key),
            false => syntax::yaml(text, &error),
        })?;
        let range = trimmed(text, &span);
        match event {
            Event::DocumentStart(..) if root.is_some() => {
                let fault = Fault::new(Place::root(), "a second document begins here")
                    .hint("a file holds one flow: remove what follows `---`");
                return Err(syntax::stop(range, fault));
            }
            Event::Alias(id) => builder.alias(id, range, &mut root)?,
            Event::Scalar(value, style, anchor, tag) => {
                let kind = builder.scalar(&value, style, tag.as_deref(), &range, span.is_empty());
                builder.complete(Node { span: range, kind }, anchor, &mut root);
            }
            Event::SequenceStart(_, anchor, tag) => {
                builder.begin(Shape::List(Vec::new()), range, anchor, tag.as_deref())?;
            }
            Event::MappingStart(_, anchor, tag) => {
                builder.begin(Shape::Map(Pairs::default()), range, anchor, tag.as_deref())?;
            }
            Event::SequenceEnd | Event::MappingEnd => builder.end(&range, &mut root),
            // The parser's enum is open: what is left frames the document or is a comment.
            _ => {}
        }
    }
    match root {
        Some(root) => Ok(root),
        None => Err(syntax::stop(0..0, Fault::new(Place::root(), "the file is empty"))),
    }
}

/// The text without a byte order mark, which YAML skips and JSON lets its readers skip.
pub(super) fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn options(longest_key: usize) -> Options {
    granit_parser::options! {
        emit_comments: false,
        simple_key_max_lookahead: longest_key,
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
    }
}

/// Whether the text could be read beyond `error` if keys might be longer.
fn is_key_too_long(text: &str, error: &ScanError) -> bool {
    let is_colon = matches!(
        error.kind(),
        ErrorKind::MappingValueNotAllowed
            | ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::SimpleKeyExpected
    );
    let next =
        || Parser::new_from_str_with_options(text, options(text.len())).find_map(Result::err);
    let offset = |error: &ScanError| error.marker().byte_offset();
    is_colon && next().is_none_or(|next| offset(&next) > offset(error))
}

/// Reads JSON (RFC 8259).
///
/// # Errors
/// As [`parse`], and where the text is YAML but no JSON.
pub(crate) fn parse_json(text: &str, faults: &mut Vec<Located>) -> Result<Node, Box<Located>> {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(unmarked(text)) {
        return Err(syntax::json(text, &error));
    }
    // What is left to refuse is in its texts: half a surrogate pair.
    build(text, text.len(), faults).map_err(|fault| {
        match serde_json::from_str::<serde_json::Value>(unmarked(text)) {
            Ok(_) => fault,
            Err(error) => syntax::json(text, &error),
        }
    })
}

/// A list or map that is not closed yet.
struct Open {
    shape: Shape,
    span: Range<usize>,
    anchor: usize,
    /// Whether its tag was refused.
    broken: bool,
}

enum Shape {
    List(Vec<Node>),
    Map(Pairs),
}

#[derive(Default)]
struct Pairs {
    members: Vec<Member>,
    /// The key whose value comes next; `None` inside: a key that was refused.
    key: Option<Option<(String, Range<usize>)>>,
    seen: HashMap<String, Range<usize>>,
}

struct Builder<'f> {
    faults: &'f mut Vec<Located>,
    open: Vec<Open>,
    /// Nodes with an anchor; `None`: not closed yet.
    anchors: HashMap<usize, Option<(Node, usize)>>,
    aliased: usize,
}

impl Builder<'_> {
    fn report(&mut self, at: Range<usize>, message: impl Into<String>, hint: &str) {
        let fault = Fault::new(Place::root(), message).hint(hint);
        self.faults.push(Located::at(at, fault));
    }

    fn begin(
        &mut self,
        shape: Shape,
        span: Range<usize>,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<(), Box<Located>> {
        if self.open.len() == MAX_DEPTH {
            return Err(syntax::stop(span, Fault::new(Place::root(), syntax::too_deep())));
        }
        let expected = match &shape {
            Shape::List(_) => "seq",
            Shape::Map(_) => "map",
        };
        let broken = tag.is_some_and(|tag| tag.core_suffix() != Some(expected));
        if broken {
            self.refuse_tag(tag, &span);
        }
        if anchor != 0 {
            self.anchors.insert(anchor, None);
        }
        self.open.push(Open { shape, span, anchor, broken });
        Ok(())
    }

    fn end(&mut self, end: &Range<usize>, root: &mut Option<Node>) {
        let Some(Open { shape, span, anchor, broken }) = self.open.pop() else { return };
        let kind = match shape {
            _ if broken => Kind::Broken,
            Shape::List(items) => Kind::List(items),
            Shape::Map(pairs) => Kind::Map(pairs.members),
        };
        let last = match &kind {
            Kind::List(items) => items.last().map(|item| item.span.end),
            Kind::Map(members) => members.last().map(|member| member.value.span.end),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Broken => None,
        };
        // A block ends where the next line begins; what was in it says where its text ends.
        let end = if end.is_empty() { last.unwrap_or(end.end) } else { end.end };
        let span = span.start..end.max(span.start);
        self.complete(Node { span, kind }, anchor, root);
    }

    /// Puts a finished node where it belongs.
    fn complete(&mut self, node: Node, anchor: usize, root: &mut Option<Node>) {
        if anchor != 0 {
            let size = size(&node);
            self.anchors.insert(anchor, Some((node.clone(), size)));
        }
        let Some(parent) = self.open.last_mut() else {
            *root = Some(node);
            return;
        };
        match &mut parent.shape {
            Shape::List(items) => items.push(node),
            Shape::Map(pairs) => match pairs.key.take() {
                Some(Some((key, key_span))) => {
                    let mut value = node;
                    if value.span.is_empty() {
                        // Nothing was written: the key is what can be shown.
                        value.span = key_span.clone();
                    }
                    pairs.members.push(Member { key, key_span, value });
                }
                Some(None) => {}
                None => self.key(node),
            },
        }
    }

    /// Takes `node` as the key of the innermost map.
    fn key(&mut self, node: Node) {
        let key = match node.kind {
            Kind::Text(text) => Some(text),
            Kind::Bool(value) => Some(value.to_string()),
            Kind::Number(number) => Some(number.to_string()),
            Kind::Null => Some("null".to_owned()),
            Kind::List(_) | Kind::Map(_) => {
                let hint = "a text that begins with `{` or `[` needs quotes";
                self.report(node.span.clone(), "a key must be text", hint);
                None
            }
            Kind::Broken => None,
        };
        let Some(Open { shape: Shape::Map(pairs), .. }) = self.open.last_mut() else { return };
        let Some(key) = key else {
            pairs.key = Some(None);
            return;
        };
        if let Some(first) = pairs.seen.get(&key).cloned() {
            pairs.key = Some(None);
            let message = format!("the key `{key}` is here twice");
            let fault = Fault::new(Place::root(), message).hint("remove one of the two");
            self.faults.push(Located::at(node.span, fault).note(first, "the first one"));
            return;
        }
        pairs.seen.insert(key.clone(), node.span.clone());
        pairs.key = Some(Some((key, node.span)));
    }

    fn alias(
        &mut self,
        id: usize,
        span: Range<usize>,
        root: &mut Option<Node>,
    ) -> Result<(), Box<Located>> {
        let Some(Some((node, size))) = self.anchors.get(&id) else {
            let fault = Fault::new(Place::root(), "the alias stands inside its own anchor")
                .hint("a flow cannot contain itself: write the value out");
            return Err(syntax::stop(span, fault));
        };
        self.aliased += size;
        if self.aliased > MAX_ALIASED {
            let message = format!("the aliases of this file copy more than {MAX_ALIASED} values");
            return Err(syntax::stop(span, Fault::new(Place::root(), message)));
        }
        let node = node.clone();
        self.complete(node, 0, root);
        Ok(())
    }

    fn scalar(
        &mut self,
        value: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: &Range<usize>,
        nothing: bool,
    ) -> Kind {
        let plain = style == ScalarStyle::Plain;
        let resolved = match tag.map(|tag| (tag, tag.core_suffix())) {
            None if plain && nothing => Ok(Kind::Null),
            None if plain => scalar::resolve(value),
            None => Ok(Kind::Text(value.to_owned())),
            Some((tag, None)) if tag.original() == "!" => Ok(Kind::Text(value.to_owned())),
            Some((_, Some("str"))) => Ok(Kind::Text(value.to_owned())),
            Some((_, Some(name @ ("null" | "bool" | "int" | "float")))) => {
                match scalar::resolve(value) {
                    Ok(kind) if is_a(&kind, name) => Ok(kind),
                    Ok(_) | Err(scalar::NotFinite) => {
                        self.refuse_tag(tag, span);
                        return Kind::Broken;
                    }
                }
            }
            Some((_, Some(_) | None)) => {
                self.refuse_tag(tag, span);
                return Kind::Broken;
            }
        };
        match resolved {
            Ok(kind) => kind,
            Err(scalar::NotFinite) => {
                let message = format!("JSON has no number `{value}`");
                self.report(span.clone(), message, "write it in quotes if it is meant as text");
                Kind::Broken
            }
        }
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, span: &Range<usize>) {
        let tag = tag.map(Tag::original).unwrap_or_default();
        let message = format!("the tag `{tag}` has no meaning here");
        self.report(span.clone(), message, "remove it: flow files need no tags");
    }
}

fn is_a(kind: &Kind, tag: &str) -> bool {
    match kind {
        Kind::Null => tag == "null",
        Kind::Bool(_) => tag == "bool",
        Kind::Number(number) => tag == "float" || (tag == "int" && !number.is_f64()),
        Kind::Text(_) | Kind::List(_) | Kind::Map(_) | Kind::Broken => false,
    }
}

/// How many nodes a copy of this one makes.
fn size(node: &Node) -> usize {
    match &node.kind {
        Kind::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Kind::Map(members) => 1 + members.iter().map(|member| size(&member.value)).sum::<usize>(),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Broken => 1,
    }
}

/// The bytes of a span, without the white space that a plain scalar drags along.
fn trimmed(text: &str, span: &Span) -> Range<usize> {
    let range = span.byte_range().unwrap_or(0..0);
    match text.get(range.clone()) {
        Some(slice) => range.start..range.start + slice.trim_end().len(),
        None => 0..0,
    }
}
