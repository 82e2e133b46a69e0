//! Reads the root of an expression, and says what may have been meant instead.

use std::ops::Range;

use super::error::ExprError;
use super::path::{Segment, Written};
use super::root::{Dialect, Root, StepField};

/// The name at the beginning of `rest`, which follows a `$`.
pub(super) fn root_name(rest: &str) -> &str {
    let is_part = |character: char| character.is_alphanumeric() || "_-".contains(character);
    let end = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
    &rest[..end]
}

/// Makes a root of its `name` (which ends at byte `end`) and takes the segments that belong to it.
pub(super) fn resolve(
    dialect: Dialect,
    name: &str,
    end: usize,
    segments: &mut Vec<Written>,
) -> Result<Root, ExprError> {
    if !dialect.roots().contains(&name) {
        return Err(unknown(dialect, name, end));
    }
    let root = match name {
        "inputs" => Root::Inputs,
        "data" => Root::Data,
        "steps" => step(end, segments)?,
        "response" => response(end, segments)?,
        "statusCode" => Root::StatusCode,
        "url" => Root::Url,
        "method" => Root::Method,
        "error" => Root::Error,
        "context" => Root::Context,
        "event" => Root::Event,
        other => return Err(unknown(dialect, other, end)),
    };
    match segments.first() {
        Some(first) if !root.has_members() => {
            let message = format!("`{root}` is a single value, nothing lies inside");
            Err(ExprError::new(first.span.clone(), message).hint(format!("write only `{root}`")))
        }
        Some(_) | None => Ok(root),
    }
}

/// Takes a name from the front of the segments.
fn take_name(segments: &mut Vec<Written>) -> Option<(String, Range<usize>)> {
    match segments.first()?.segment {
        Segment::Index(_) => None,
        Segment::Key(_) => match segments.remove(0) {
            Written { segment: Segment::Key(name), span } => Some((name, span)),
            Written { segment: Segment::Index(_), .. } => None,
        },
    }
}

fn step(end: usize, segments: &mut Vec<Written>) -> Result<Root, ExprError> {
    const SHAPE: &str = "write `$steps.NAME.output`, `.status`, or `.error`";
    let Some((name, span)) = take_name(segments) else {
        return Err(ExprError::new(0..end, "`$steps` needs the name of a step").hint(SHAPE));
    };
    let allowed = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    if name.is_empty() || !name.chars().all(allowed) {
        let message = format!("`{name}` is no name of a step");
        return Err(
            ExprError::new(span, message).hint("names are made of letters, digits, `_`, and `-`")
        );
    }
    let Some((field, field_span)) = take_name(segments) else {
        let message = format!("`$steps.{name}` does not say what of the step");
        return Err(ExprError::new(0..span.end, message).hint(SHAPE));
    };
    let field = match field.as_str() {
        "output" => StepField::Output,
        "status" => StepField::Status,
        "error" => StepField::Error,
        "outputs" => {
            return Err(ExprError::new(field_span, "a step has no `outputs`").hint(
                "did you mean `.output`? Arazzo names outputs one by one; here a step has one output",
            ));
        }
        other => {
            let message = format!("a step has no `{other}`");
            return Err(ExprError::new(field_span, message).hint(SHAPE));
        }
    };
    Ok(Root::Step { name, field })
}

fn response(end: usize, segments: &mut Vec<Written>) -> Result<Root, ExprError> {
    const SHAPE: &str = "write `$response.body` or `$response.header.NAME`";
    let Some((part, span)) = take_name(segments) else {
        return Err(
            ExprError::new(0..end, "`$response` does not say what of the answer").hint(SHAPE)
        );
    };
    match part.as_str() {
        "body" => Ok(Root::Body),
        "header" => {
            let Some((name, name_span)) = take_name(segments) else {
                let message = "`$response.header` needs the name of a header";
                return Err(ExprError::new(0..span.end, message).hint(SHAPE));
            };
            match http::HeaderName::from_bytes(name.as_bytes()) {
                Ok(name) => Ok(Root::Header(name.as_str().to_owned())),
                Err(_) => {
                    let message = format!("`{name}` is no name of a header");
                    Err(ExprError::new(name_span, message).hint(SHAPE))
                }
            }
        }
        "headers" => Err(ExprError::new(span, "an answer has no `headers`")
            .hint("did you mean `$response.header.NAME`?")),
        "status" | "statusCode" | "status_code" => {
            Err(ExprError::new(span, format!("an answer has no `{part}`"))
                .hint("did you mean `$statusCode`?"))
        }
        other => Err(ExprError::new(span, format!("an answer has no `{other}`")).hint(SHAPE)),
    }
}

/// The error for a root that nobody knows, with what may have been meant.
pub(super) fn unknown(dialect: Dialect, name: &str, end: usize) -> ExprError {
    let error = ExprError::new(0..end, format!("unknown root `${name}`"));
    if let Some(root) = closest(dialect, name) {
        return error.hint(format!("did you mean `${root}`?"));
    }
    let known: Vec<String> = dialect.roots().iter().map(|root| format!("`${root}`")).collect();
    let known = known.join(", ");
    match (dialect, name) {
        (_, "") => error.hint(format!("an expression begins with one of {known}")),
        (Dialect::Flow, "status") => error.hint("did you mean `$statusCode`?"),
        (Dialect::Flow, "body" | "header" | "headers") => {
            error.hint("did you mean `$response.body` or `$response.header.NAME`?")
        }
        (Dialect::Flow, "output" | "outputs") => error.hint("did you mean `$steps.NAME.output`?"),
        (Dialect::Flow, "context" | "event") => {
            error.hint(format!("`${name}` is known in machine files only; the roots are {known}"))
        }
        (Dialect::Machine, name) if Dialect::Flow.roots().contains(&name) => {
            error.hint(format!("`${name}` is known in flows only; the roots are {known}"))
        }
        (Dialect::Flow, "env" | "secrets") => error.hint(
            "secrets do not pass through expressions: write `{ env: NAME }` where one is due",
        ),
        (
            Dialect::Flow,
            "request" | "components" | "workflows" | "sourceDescriptions" | "message" | "self",
        ) => error.hint(format!("Arazzo has it, this language does not; the roots are {known}")),
        (Dialect::Flow | Dialect::Machine, _) => error.hint(format!("the roots are {known}")),
    }
}

/// The known root that is nearly spelt like `name`.
pub(super) fn closest(dialect: Dialect, name: &str) -> Option<&'static str> {
    let spelling = name.replace(['_', '-'], "").to_lowercase();
    let distance = |root: &str| strsim::damerau_levenshtein(&root.to_lowercase(), &spelling);
    let (root, distance) = dialect
        .roots()
        .iter()
        .map(|root| (*root, distance(root)))
        .min_by_key(|(_, distance)| *distance)?;
    // A third of the letters may differ, so that short words are not taken for each other.
    let is_close = distance * 3 <= root.len().max(3);
    (is_close && !spelling.is_empty()).then_some(root)
}
