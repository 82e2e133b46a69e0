//! One expression: a root and the way from it to a value.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::error::{EvalError, ExprError, Missing};
use super::limits::{self, Quoting};
use super::path::{self, End, Segment, Written};
use super::root::{Dialect, Reference, Root, StepField};
use super::root_parser;
use super::scope::{Response, Scope};

/// A parsed expression such as `$steps.cart.output.items[0]`.
///
/// # Examples
/// ```
/// # use fsm_patterns::expr::{Expression, Scope};
/// # use serde_json::json;
/// let data = json!({"items": [{"id": 7}]});
/// let expression = Expression::parse("$data.items[0].id").unwrap();
/// let value = expression.eval(&Scope::new().data(&data)).unwrap();
/// assert_eq!(value.as_deref(), Some(&json!(7)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    source: String,
    root: Root,
    path: Vec<Segment>,
    /// Where each segment begins in `source`, for messages that show how far it went.
    marks: Vec<usize>,
}

/// What an expression leads to.
pub(super) enum Found<'a> {
    /// A value.
    Value(Cow<'a, Value>),
    /// A step without output or error, or what would lie inside: it counts as null.
    Nothing,
    /// A part of the way is not there.
    Absent(Missing),
}

static NULL: Value = Value::Null;

impl Expression {
    /// Reads an expression of a flow; the whole text must be one.
    ///
    /// # Errors
    /// Says what is wrong and where, with a hint.
    pub fn parse(text: &str) -> Result<Self, ExprError> {
        Self::parse_in(Dialect::Flow, text)
    }

    /// Reads an expression with the roots of `dialect`.
    ///
    /// # Errors
    /// Says what is wrong and where, with a hint.
    pub fn parse_in(dialect: Dialect, text: &str) -> Result<Self, ExprError> {
        limits::check(text, Quoting::Doubled)?;
        let (expression, end) = Self::parse_prefix(dialect, text, End::Text)?;
        if end == text.len() {
            return Ok(expression);
        }
        let root = &expression.source;
        let message = format!("`{}` is unexpected after `{root}`", text[end..].escape_debug());
        Err(ExprError::new(end..text.len(), message).hint(format!(
            "inside a longer text write `{{{root}}}`; for the text itself write `$${}`; \
             odd names go into brackets: `['odd key']`",
            &root[1..]
        )))
    }

    /// Reads the expression at the beginning of `text`; gives the byte after it.
    pub(super) fn parse_prefix(
        dialect: Dialect,
        text: &str,
        end: End,
    ) -> Result<(Self, usize), ExprError> {
        let Some(rest) = text.strip_prefix('$') else {
            return Err(ExprError::new(0..text.len(), "an expression begins with `$`"));
        };
        let name = root_parser::root_name(rest);
        let name_end = 1 + name.len();
        if !dialect.roots().contains(&name) {
            return Err(root_parser::unknown(dialect, name, name_end));
        }
        let (mut segments, after) = path::parse(text, name_end, end)?;
        let root = root_parser::resolve(dialect, name, name_end, &mut segments)?;
        let marks = segments.iter().map(|written| written.span.start).collect();
        let path = segments.into_iter().map(|Written { segment, .. }| segment).collect();
        limits::check_length(&text[..after])?;
        Ok((Self { source: text[..after].to_owned(), root, path, marks }, after))
    }

    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What the expression begins with.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The way from the root to the value.
    pub(crate) fn path(&self) -> &[Segment] {
        &self.path
    }

    /// The way from the root to the value as a JSON Pointer (RFC 6901); empty: the root itself.
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in &self.path {
            pointer.push('/');
            match segment {
                Segment::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                Segment::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }

    /// The expression itself, as the checks of a flow see it.
    pub fn references(&self) -> Vec<Reference> {
        vec![self.reference(0, "")]
    }

    /// The reference of an expression that stands at byte `at` of the string at `pointer`.
    pub(super) fn reference(&self, at: usize, pointer: &str) -> Reference {
        let member = match self.path.first() {
            Some(Segment::Key(key)) => Some(key.clone()),
            Some(Segment::Index(_)) | None => None,
        };
        let span = at..at + self.source.len();
        Reference { root: self.root.clone(), member, span, pointer: pointer.to_owned() }
    }

    /// The value, borrowed from the scope where it lies there; `None` if it is absent.
    ///
    /// # Errors
    /// [`EvalError::Unavailable`] if the scope does not know the root.
    pub fn eval<'a>(&'a self, scope: &Scope<'a>) -> Result<Option<Cow<'a, Value>>, EvalError> {
        match self.find(scope)? {
            Found::Value(value) => Ok(Some(value)),
            Found::Nothing => Ok(Some(Cow::Borrowed(&NULL))),
            Found::Absent(_) => Ok(None),
        }
    }

    /// The value; what is absent is an error.
    pub(super) fn require<'a>(&self, scope: &Scope<'a>) -> Result<Cow<'a, Value>, EvalError> {
        match self.find(scope)? {
            Found::Value(value) => Ok(value),
            Found::Nothing => Ok(Cow::Borrowed(&NULL)),
            Found::Absent(missing) => {
                Err(EvalError::Absent { expression: self.source.clone(), missing })
            }
        }
    }

    /// The value; what is absent is null.
    pub(super) fn or_null<'a>(&self, scope: &Scope<'a>) -> Result<Cow<'a, Value>, EvalError> {
        match self.find(scope)? {
            Found::Value(value) => Ok(value),
            Found::Nothing | Found::Absent(_) => Ok(Cow::Borrowed(&NULL)),
        }
    }

    /// Walks from the root to the value.
    pub(super) fn find<'a>(&self, scope: &Scope<'a>) -> Result<Found<'a>, EvalError> {
        match &self.root {
            Root::Inputs => Ok(self.walk(self.known(scope.inputs)?)),
            Root::Data => Ok(self.walk(self.known(scope.data)?)),
            Root::Error => Ok(self.walk(self.known(scope.error)?)),
            Root::Context => Ok(self.walk(self.known(scope.context)?)),
            Root::Event => Ok(self.walk(self.known(scope.event)?)),
            Root::Body => Ok(self.walk(self.known(scope.response)?.body)),
            Root::Step { name, field } => {
                let steps = self.known(scope.steps)?;
                let value = match field {
                    StepField::Output => steps.output(name),
                    StepField::Error => steps.error(name),
                    StepField::Status => {
                        return Ok(steps.status(name).map_or(Found::Nothing, text));
                    }
                };
                match value {
                    None => Ok(Found::Nothing),
                    Some(Value::Null) if !self.path.is_empty() => Ok(Found::Nothing),
                    Some(value) => Ok(self.walk(value)),
                }
            }
            Root::Header(name) => Ok(header(self.known(scope.response)?, name)),
            Root::StatusCode => {
                let status = self.known(scope.response)?.status;
                Ok(Found::Value(Cow::Owned(Value::from(status))))
            }
            Root::Url => Ok(text(self.known(scope.response)?.url)),
            Root::Method => Ok(text(self.known(scope.response)?.method)),
        }
    }

    fn known<T>(&self, value: Option<T>) -> Result<T, EvalError> {
        value.ok_or_else(|| EvalError::Unavailable {
            expression: self.source.clone(),
            when: self.root.available(),
        })
    }

    fn walk<'a>(&self, mut value: &'a Value) -> Found<'a> {
        for (segment, mark) in self.path.iter().zip(&self.marks) {
            match segment.get(value) {
                Some(inside) => value = inside,
                None => {
                    let within = self.source[..*mark].trim_end_matches('#');
                    return Found::Absent(segment.missing_in(value, within));
                }
            }
        }
        Found::Value(Cow::Borrowed(value))
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

fn text<'a>(text: &str) -> Found<'a> {
    Found::Value(Cow::Owned(Value::from(text)))
}

/// All lines of a header in one, as RFC 9110, section 5.3 allows; bytes beyond ASCII are read as
/// UTF-8, with replacement characters where they are not.
fn header<'a>(response: Response<'a>, name: &str) -> Found<'a> {
    let lines: Vec<_> = response
        .headers
        .get_all(name)
        .iter()
        .map(|line| String::from_utf8_lossy(line.as_bytes()))
        .collect();
    if lines.is_empty() {
        return Found::Absent(Missing::Header(name.to_owned()));
    }
    text(&lines.join(", "))
}
