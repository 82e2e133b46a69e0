//! Reads a url template, and says what is wrong with a url that cannot be called.

use std::ops::Range;

use url::Url;

use super::error::ExprError;
use super::root::Dialect;
use super::root_parser;
use super::text::{self, Part, Scanned};
use super::url_template::{Base, Form, UrlSegment, UrlTemplate};

/// Reads a url that stands for itself.
pub(super) fn parse(source: &str) -> Result<UrlTemplate, ExprError> {
    let form = form(source, None)?;
    Ok(UrlTemplate { source: source.to_owned(), form })
}

/// Reads a url that is appended to the text of `base`.
pub(super) fn parse_under(base: &str, source: &str) -> Result<UrlTemplate, ExprError> {
    let origin = match scan(base)? {
        Scanned::Plain(text) => check(&text)?.origin(),
        Scanned::Whole(_) | Scanned::Mixed(_) => {
            return Err(ExprError::new(0..base.len(), "a base url holds no expressions")
                .hint("put the expression into the `url` of the endpoint"));
        }
    };
    let base = Base { text: base.to_owned(), origin };
    let form = form(source, Some(base))?;
    Ok(UrlTemplate { source: source.to_owned(), form })
}

fn scan(source: &str) -> Result<Scanned, ExprError> {
    // A url is one string, and its first fault is enough to look at.
    text::scan(Dialect::Flow, source).map_err(|errors| {
        errors
            .into_iter()
            .next()
            .unwrap_or_else(|| ExprError::new(0..source.len(), "the url cannot be read"))
    })
}

fn form(source: &str, base: Option<Base>) -> Result<Form, ExprError> {
    let parts = match scan(source)? {
        Scanned::Whole(expression) => return Ok(Form::Whole { expression, at: 0, base }),
        Scanned::Plain(text) => vec![Part::Text(text)],
        Scanned::Mixed(parts) => match <[Part; 1]>::try_from(parts) {
            // `{$data.next}` can only be meant as the whole url.
            Ok([Part::Embedded { expression, at }]) => {
                return Ok(Form::Whole { expression, at, base });
            }
            Ok([text @ Part::Text(_)]) => vec![text],
            Err(parts) => parts,
        },
    };
    refuse_placeholders(source)?;
    match base {
        None => fixed(source, parts, None),
        Some(base) if is_absolute(source) => fixed(source, parts, Some(&base)),
        Some(base) => {
            let mut joined = vec![Part::Text(before(&base.text, source)?.to_owned())];
            joined.extend(parts);
            fixed(source, joined, Some(&base))
        }
    }
}

/// What of the text `base` stands before the relative url `url`, so that there is one `/` between
/// them. A url that would be glued to the last segment of the base, or to its host, is refused.
pub(super) fn before<'b>(base: &'b str, url: &str) -> Result<&'b str, ExprError> {
    match base.strip_suffix('/') {
        Some(without) if url.starts_with('/') => Ok(without),
        Some(_) => Ok(base),
        None if url.is_empty() || url.starts_with(['/', '?', '#']) => Ok(base),
        None => {
            let message = format!("the url would be glued to the end of `{base}`");
            Err(ExprError::new(0..url.len(), message).hint("begin it with `/`"))
        }
    }
}

/// Checks everything that does not depend on values, and cuts the path at each `/`.
fn fixed(source: &str, parts: Vec<Part>, base: Option<&Base>) -> Result<Form, ExprError> {
    // Values go where neither scheme nor host can change, so any stand-in serves for the check.
    let mut sample = String::new();
    for part in &parts {
        match part {
            Part::Text(text) => sample.push_str(text),
            Part::Embedded { .. } => sample.push('x'),
        }
    }
    let split = split(&parts)?;
    let whole = 0..source.len();
    let url = check(&sample).map_err(|error| ExprError { span: whole.clone(), ..error })?;
    if let Some(base) = base.filter(|base| base.origin != url.origin()) {
        let message = format!(
            "the url leaves the origin of its resource, {}",
            base.origin.ascii_serialization()
        );
        return Err(ExprError::new(whole, message)
            .hint("begin it with `/`, or name the resource that it belongs to"));
    }
    if parts.iter().all(|part| matches!(part, Part::Text(_))) {
        return Ok(Form::Literal(url));
    }
    Ok(split)
}

/// Where in a url the next character stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Scheme and authority; how many `/` were seen tells where they end.
    Prefix {
        slashes: u8,
    },
    Path,
    Tail,
}

fn split(parts: &[Part]) -> Result<Form, ExprError> {
    let mut prefix = String::new();
    let mut segments: Vec<UrlSegment> = Vec::new();
    let mut tail = Vec::new();
    let mut place = Place::Prefix { slashes: 0 };
    for part in parts {
        match part {
            Part::Text(text) => {
                for character in text.chars() {
                    place = match (place, character) {
                        (Place::Prefix { slashes: 2 }, '/') | (Place::Path, '/') => {
                            segments.push(UrlSegment { source: String::new(), parts: Vec::new() });
                            Place::Path
                        }
                        (Place::Prefix { slashes: 2 } | Place::Path, '?' | '#') => {
                            push(&mut tail, character);
                            Place::Tail
                        }
                        (Place::Prefix { slashes }, _) => {
                            prefix.push(character);
                            Place::Prefix { slashes: slashes + u8::from(character == '/') }
                        }
                        (Place::Path, _) => {
                            if let Some(segment) = segments.last_mut() {
                                segment.source.push(character);
                                push(&mut segment.parts, character);
                            }
                            Place::Path
                        }
                        (Place::Tail, _) => {
                            push(&mut tail, character);
                            Place::Tail
                        }
                    };
                }
            }
            Part::Embedded { expression, at } => match place {
                Place::Prefix { .. } => {
                    let span = at.saturating_sub(1)..at + expression.source().len() + 1;
                    return Err(in_authority(expression.source(), span));
                }
                Place::Path => {
                    if let Some(segment) = segments.last_mut() {
                        segment.source.push_str(&format!("{{{expression}}}"));
                        segment.parts.push(part.clone());
                    }
                }
                Place::Tail => tail.push(part.clone()),
            },
        }
    }
    Ok(Form::Parts { prefix, segments, tail })
}

fn push(parts: &mut Vec<Part>, character: char) {
    match parts.last_mut() {
        Some(Part::Text(text)) => text.push(character),
        Some(Part::Embedded { .. }) | None => parts.push(Part::Text(character.to_string())),
    }
}

fn in_authority(expression: &str, span: Range<usize>) -> ExprError {
    let message = format!("`{{{expression}}}` stands in the scheme or host of the url");
    ExprError::new(span, message).hint(format!(
        "data must not choose who is called: write the host out, or let the whole url be `{expression}`"
    ))
}

/// Refuses `{id}`, which other formats fill in and this one would send as it is, and `{$foo}`.
fn refuse_placeholders(source: &str) -> Result<(), ExprError> {
    for (open, _) in source.match_indices('{') {
        let rest = &source[open + 1..];
        let Some(length) = rest.find('}') else { continue };
        let name = &rest[..length];
        let is_name = |character: char| character.is_alphanumeric() || "_-.".contains(character);
        let bare = name.strip_prefix('$').unwrap_or(name);
        let is_known = Dialect::Flow.begins(name);
        if bare.is_empty() || is_known || !bare.chars().all(is_name) {
            continue;
        }
        let error = if bare == name {
            let hint = match Dialect::Flow.begins(&format!("${name}")) {
                true => format!("did you mean `{{${name}}}`?"),
                false => format!("did you mean `{{$inputs.{name}}}` or `{{$data.{name}}}`?"),
            };
            ExprError::new(0..length + 2, format!("`{{{name}}}` is no expression"))
                .hint(format!("{hint} literal braces are written `%7B` and `%7D`"))
        } else {
            let root = root_parser::root_name(bare);
            root_parser::unknown(Dialect::Flow, root, 1 + root.len()).shifted(1)
        };
        return Err(error.shifted(open));
    }
    Ok(())
}

/// Whether a text begins with a scheme, so that it is not appended to a base.
pub(super) fn is_absolute(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once("://") else { return false };
    let allowed = |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.chars().all(allowed)
}

/// The url, if it can be called: http or https, with a host, without a password.
pub(super) fn check(text: &str) -> Result<Url, ExprError> {
    let whole = 0..text.len();
    let problem = |message: &str| ExprError::new(whole.clone(), message);
    if text.is_empty() {
        return Err(problem("the url is empty").hint("for example `https://api.example.com/users`"));
    }
    // A url parser drops tabs and line breaks without a word, and takes `\` for `/`.
    if text.contains(|character: char| character.is_control()) || text.trim() != text {
        return Err(problem("the url holds a line break, a tab, or space around it")
            .hint("write it on one line without space around it"));
    }
    let end_of_path = text.find(['?', '#']).unwrap_or(text.len());
    if text[..end_of_path].contains('\\') {
        return Err(problem("the url holds a backslash").hint("write `/`, or `%5C` for itself"));
    }
    if !is_absolute(text) {
        return Err(not_absolute(text, problem("the url is not absolute")));
    }
    let (scheme, rest) = text.split_once("://").unwrap_or((text, ""));
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        let near = strsim::damerau_levenshtein(&scheme.to_ascii_lowercase(), "https") <= 2;
        let hint = if near { "did you mean `https`?" } else { "only http and https can be called" };
        return Err(problem("the url is neither http nor https").hint(hint));
    }
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    if authority.is_empty() {
        return Err(problem("the url has no host").hint("for example `https://api.example.com/`"));
    }
    if authority.contains('@') {
        return Err(problem("the url holds a user or password before `@`")
            .hint("use the `auth` of a resource, so that the secret stays out of the file"));
    }
    Url::parse(text).map_err(|error| {
        problem(&format!("not a url: {error}")).hint("for example `https://api.example.com/users`")
    })
}

fn not_absolute(text: &str, error: ExprError) -> ExprError {
    if text.starts_with("//") {
        return error.hint("write the scheme, as in `https://…`");
    }
    if text.starts_with('/') {
        return error
            .hint("write the host, or name a `resource` whose `base_url` it is appended to");
    }
    if let Some((scheme, _)) =
        text.split_once(":/").filter(|(scheme, _)| scheme.starts_with("http"))
    {
        return error.hint(format!("did you mean `{scheme}://`?"));
    }
    let host = &text[..text.find(['/', '?', '#']).unwrap_or(text.len())];
    let is_host = |character: char| character.is_ascii_alphanumeric() || ".-:".contains(character);
    if (host.contains('.') || host.starts_with("localhost")) && host.chars().all(is_host) {
        return error.hint(format!("did you mean `https://{host}`?"));
    }
    error.hint("a url begins with `https://` or `http://`, or names a `resource` with a `base_url`")
}
