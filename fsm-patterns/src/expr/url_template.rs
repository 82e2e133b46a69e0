//! A url with expressions in its path, query, and fragment; or a url that is one expression.
//!
//! What a value becomes in a url is decided so that it can change nothing but its own place: in
//! the path it is percent-encoded as one segment (`a/b` is `a%2Fb`), a segment that becomes empty,
//! `.`, or `..` is refused because it would move the request elsewhere, and in the query `&` and
//! `=` are encoded too. Scheme, host, and port are literal, so that no data chooses who is called,
//! except where the whole url is one expression, such as a link to the next page.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use url::{Origin, Url};

use super::error::{EvalError, ExprError, kind};
use super::expression::Expression;
use super::root::Reference;
use super::scope::Scope;
use super::text::{self, Part};
use super::url_parser;

/// Everything but the unreserved characters of RFC 3986, section 2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A parsed url template.
///
/// # Examples
/// ```
/// # use fsm_patterns::expr::{Scope, UrlTemplate};
/// # use serde_json::json;
/// let url = UrlTemplate::parse("https://api.example.com/users/{$data.id}?q={$data.q}").unwrap();
/// let data = json!({"id": "a/b", "q": "x & y"});
/// let url = url.render(&Scope::new().data(&data)).unwrap();
/// assert_eq!(url.as_str(), "https://api.example.com/users/a%2Fb?q=x%20%26%20y");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct UrlTemplate {
    pub(super) source: String,
    pub(super) form: Form,
}

/// What a url is made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    /// No expression in it.
    Literal(Url),
    /// The whole url is one expression.
    Whole {
        /// The expression.
        expression: Expression,
        /// Where its `$` stands: 1 behind a brace, else 0.
        at: usize,
        /// What a relative url is appended to, and whose origin an absolute one must have.
        base: Option<Base>,
    },
    /// Expressions in path, query, or fragment.
    Parts {
        /// Scheme and authority, literally.
        prefix: String,
        /// The path, cut at each `/`.
        segments: Vec<UrlSegment>,
        /// From `?` or `#` on.
        tail: Vec<Part>,
    },
}

/// The literal url that others are appended to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Base {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// What stands between two `/` of a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct UrlSegment {
    pub(super) source: String,
    pub(super) parts: Vec<Part>,
}

impl UrlTemplate {
    /// Reads an absolute url, or an expression that will be one.
    ///
    /// # Errors
    /// Says what is wrong and where, with a hint: also for a url without any expression, so that
    /// a bad url is found before the first request.
    pub fn parse(text: &str) -> Result<Self, ExprError> {
        url_parser::parse(text)
    }

    /// Reads a url that is appended to `base`, as text with one `/` between them. An absolute one
    /// must share its origin.
    ///
    /// # Errors
    /// As [`UrlTemplate::parse`]; also if `base` is no literal url, or if the url leaves its
    /// origin.
    pub fn parse_under(base: &str, text: &str) -> Result<Self, ExprError> {
        url_parser::parse_under(base, text)
    }

    /// The url as it was written, without the base.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The url, if there is no expression in it.
    pub fn as_literal(&self) -> Option<&Url> {
        match &self.form {
            Form::Literal(url) => Some(url),
            Form::Whole { .. } | Form::Parts { .. } => None,
        }
    }

    /// The url as it is written, with `base` in front where it is appended to it.
    pub(crate) fn source_under(&self, base: &str) -> String {
        let is_whole = matches!(self.form, Form::Whole { .. });
        match url_parser::before(base, &self.source) {
            Ok(before) if !is_whole && !url_parser::is_absolute(&self.source) => {
                format!("{before}{}", self.source)
            }
            Ok(_) | Err(_) => self.source.clone(),
        }
    }

    /// Who is called, as far as that is known before a run; `None`: data decides.
    pub(crate) fn origin(&self) -> Option<Origin> {
        match &self.form {
            Form::Literal(url) => Some(url.origin()),
            Form::Whole { base, .. } => base.as_ref().map(|base| base.origin.clone()),
            Form::Parts { prefix, .. } => Url::parse(prefix).ok().map(|url| url.origin()),
        }
    }

    /// Every expression in it, in the order of the text.
    pub fn references(&self) -> Vec<Reference> {
        match &self.form {
            Form::Literal(_) => Vec::new(),
            Form::Whole { expression, at, .. } => vec![expression.reference(*at, "")],
            Form::Parts { segments, tail, .. } => segments
                .iter()
                .flat_map(|segment| &segment.parts)
                .chain(tail)
                .filter_map(|part| part.reference(""))
                .collect(),
        }
    }

    /// The url with its values in place.
    ///
    /// # Errors
    /// A value that is absent, or neither string, number, nor boolean; a path segment that becomes
    /// empty, `.`, or `..`; a whole url that is no http or https url or leaves its base's origin.
    pub fn render(&self, scope: &Scope<'_>) -> Result<Url, EvalError> {
        match &self.form {
            Form::Literal(url) => Ok(url.clone()),
            Form::Whole { expression, base, .. } => self.whole(expression, base.as_ref(), scope),
            Form::Parts { prefix, segments, tail } => {
                let mut rendered = prefix.clone();
                for segment in segments {
                    rendered.push('/');
                    self.segment(segment, &mut rendered, scope)?;
                }
                fill(tail, &mut rendered, scope)?;
                url_parser::check(&rendered).map_err(|problem| self.bad(problem.message))
            }
        }
    }

    fn segment(
        &self,
        segment: &UrlSegment,
        rendered: &mut String,
        scope: &Scope<'_>,
    ) -> Result<(), EvalError> {
        let start = rendered.len();
        fill(&segment.parts, rendered, scope)?;
        let has_value = segment.parts.iter().any(|part| matches!(part, Part::Embedded { .. }));
        // A url parser takes `%2e` for a dot here, so it counts as one.
        let becomes = match rendered[start..].to_ascii_lowercase().replace("%2e", ".").as_str() {
            "" => "empty",
            "." => "`.`",
            ".." => "`..`",
            _ => return Ok(()),
        };
        if !has_value {
            return Ok(());
        }
        let (url, segment) = (self.source.clone(), segment.source.clone());
        Err(EvalError::UrlSegment { url, segment, becomes })
    }

    fn whole(
        &self,
        expression: &Expression,
        base: Option<&Base>,
        scope: &Scope<'_>,
    ) -> Result<Url, EvalError> {
        let value = expression.require(scope)?;
        let Some(written) = value.as_str() else {
            let (expression, found) = (expression.source().to_owned(), kind(&value));
            return Err(EvalError::NotUrlString { expression, found });
        };
        let url = match base {
            Some(base) if !url_parser::is_absolute(written) => {
                url_parser::before(&base.text, written)
                    .and_then(|before| url_parser::check(&format!("{before}{written}")))
            }
            Some(_) | None => url_parser::check(written),
        };
        let url = url.map_err(|problem| self.bad(problem.message))?;
        match base {
            Some(base) if url.origin() != base.origin => Err(self.bad(format!(
                "it leaves the origin of its resource, {}",
                base.origin.ascii_serialization()
            ))),
            Some(_) | None => Ok(url),
        }
    }

    fn bad(&self, reason: String) -> EvalError {
        EvalError::BadUrl { url: self.source.clone(), reason }
    }
}

impl fmt::Display for UrlTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// Appends the parts, with every value percent-encoded.
fn fill(parts: &[Part], rendered: &mut String, scope: &Scope<'_>) -> Result<(), EvalError> {
    for part in parts {
        match part {
            Part::Text(text) => rendered.push_str(text),
            Part::Embedded { expression, .. } => {
                let value = expression.require(scope)?;
                let mut plain = String::new();
                match &*value {
                    Value::String(_) | Value::Number(_) | Value::Bool(_) => {
                        text::push(&mut plain, &value);
                    }
                    other @ (Value::Null | Value::Array(_) | Value::Object(_)) => {
                        let (expression, found) = (expression.source().to_owned(), kind(other));
                        return Err(EvalError::NotUrlText { expression, found });
                    }
                }
                rendered.extend(utf8_percent_encode(&plain, ENCODED));
            }
        }
    }
    Ok(())
}
