//! What can be wrong with an expression: [`ExprError`] when it is read, [`EvalError`] when it is
//! evaluated.
//!
//! Neither ever quotes a value, only names, expressions, and kinds of values: values may be
//! secret, and messages end up in logs.

use std::fmt;
use std::ops::Range;

use serde_json::Value;

/// Why a text is no expression, condition, template, or url; with the place for a caret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ExprError {
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Which bytes of the string are meant.
    pub span: Range<usize>,
    /// Which string of a template tree is meant (RFC 6901); empty: the whole.
    pub pointer: String,
}

impl ExprError {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, span, pointer: String::new() }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error in a string that has `offset` more bytes in front.
    pub(super) fn shifted(mut self, offset: usize) -> Self {
        self.span = self.span.start + offset..self.span.end + offset;
        self
    }

    pub(super) fn at(mut self, pointer: &str) -> Self {
        self.pointer = pointer.to_owned();
        self
    }
}

impl fmt::Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.pointer.is_empty() {
            write!(f, "{}: ", self.pointer)?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// Why an expression, condition, template, or url gave no value.
///
/// The caller knows what was evaluated and so which kind of failure it is: `transform` for
/// templates and urls, `condition` for conditions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A template or url needs a value that is not there.
    #[error("`{expression}` is absent: {missing}")]
    Absent {
        /// The whole expression.
        expression: String,
        /// The first part of it that is not there.
        missing: Missing,
    },
    /// The root has no value at this place of a flow.
    #[error("`{expression}` has no value here: {when}")]
    Unavailable {
        /// The whole expression.
        expression: String,
        /// When the root has one.
        when: &'static str,
    },
    /// A condition, or an operand of `&&`, `||`, `!`, is not true or false.
    #[error("`{part}` is {found}, not true or false")]
    NotBoolean {
        /// The condition or the operand.
        part: String,
        /// What it is instead.
        found: &'static str,
    },
    /// Only two numbers or two strings have an order.
    #[error(
        "`{left} {operator} {right}` compares {left_found} with {right_found}; \
         only two numbers or two strings have an order"
    )]
    NoOrder {
        /// The left operand.
        left: String,
        /// The right operand.
        right: String,
        /// The operator between them.
        operator: &'static str,
        /// What the left operand is.
        left_found: &'static str,
        /// What the right operand is.
        right_found: &'static str,
    },
    /// An operand of `+ - * / %` is no number.
    #[error("`{part}` is {found}, not a number")]
    NotNumber {
        /// The operand.
        part: String,
        /// What it is instead.
        found: &'static str,
    },
    /// Two numbers that give no number.
    #[error("`{part}` {why}")]
    NoResult {
        /// The computation.
        part: String,
        /// Why there is no result.
        why: &'static str,
    },
    /// A value that a url cannot carry.
    #[error("`{expression}` is {found}; a url takes a string, a number, or a boolean")]
    NotUrlText {
        /// The expression in the url.
        expression: String,
        /// What it is.
        found: &'static str,
    },
    /// A url that is one expression is not a string.
    #[error("`{expression}` is {found}; a whole url must be a string")]
    NotUrlString {
        /// The expression that is the url.
        expression: String,
        /// What it is.
        found: &'static str,
    },
    /// A path segment would vanish or walk up the path, and the request would go elsewhere.
    #[error(
        "the segment `{segment}` of the url `{url}` becomes {becomes}, which would change the path"
    )]
    UrlSegment {
        /// The url as written.
        url: String,
        /// The segment as written.
        segment: String,
        /// What it becomes, in words.
        becomes: &'static str,
    },
    /// The finished text is no url that can be called.
    #[error("the url `{url}` is not usable: {reason}")]
    BadUrl {
        /// The url as written.
        url: String,
        /// What is wrong.
        reason: String,
    },
}

/// The part of an expression that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// An object without the member.
    Member {
        /// The expression up to the object.
        within: String,
        /// The member's name.
        name: String,
    },
    /// An array that is shorter.
    Item {
        /// The expression up to the array.
        within: String,
        /// The index as written.
        index: String,
        /// How many items there are.
        length: usize,
    },
    /// A value that has nothing inside, or that is reached into in the wrong way.
    Inside {
        /// The expression up to the value.
        within: String,
        /// The member or index.
        name: String,
        /// What the value is.
        found: &'static str,
    },
    /// An answer without the header.
    Header(String),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::Member { within, name } => write!(f, "`{within}` has no member `{name}`"),
            Missing::Item { within, index, length: 1 } => {
                write!(f, "`{within}` has 1 item and none at `{index}`")
            }
            Missing::Item { within, index, length } => {
                write!(f, "`{within}` has {length} items and none at `{index}`")
            }
            Missing::Inside { within, name, found } => {
                write!(f, "`{within}` is {found} and has no member `{name}`")
            }
            Missing::Header(name) => write!(f, "the answer has no header `{name}`"),
        }
    }
}

/// What a value is, with its article, for messages that must not show the value.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
