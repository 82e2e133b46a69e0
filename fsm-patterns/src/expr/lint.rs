//! Text that was perhaps meant as an expression: `$input.id`, `{$step.a.output}`, `{inputs.id}`.
//!
//! In a template it is text, by the rules, and would be sent as it is. A check can show these as
//! warnings.

use serde_json::Value;

use super::error::ExprError;
use super::root::Dialect;
use super::root_parser;
use super::template_parser::below;

/// Strings of a flow's template that begin, or embed, nearly a known root, or embed one without its
/// `$`.
pub fn suspicious(value: &Value) -> Vec<ExprError> {
    suspicious_in(Dialect::Flow, value)
}

/// The same for templates with the roots of `dialect`; a root of the other dialect is suspicious
/// too.
pub(crate) fn suspicious_in(dialect: Dialect, value: &Value) -> Vec<ExprError> {
    let mut found = Vec::new();
    visit(dialect, value, "", &mut found);
    found
}

fn visit(dialect: Dialect, value: &Value, pointer: &str, found: &mut Vec<ExprError>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => {
            found.extend(in_text(dialect, text).into_iter().map(|error| error.at(pointer)));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(dialect, item, &below(pointer, &index.to_string()), found);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                visit(dialect, member, &below(pointer, key), found);
            }
        }
    }
}

/// The suspicious places of one string.
fn in_text(dialect: Dialect, text: &str) -> Vec<ExprError> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('$') {
        let embedded = text[..at].ends_with('{');
        let name = root_parser::root_name(&text[at + 1..]);
        let end = at + 1 + name.len();
        let goes_on = text[end..].starts_with(['.', '#', '[']);
        let ends = if embedded { text[end..].starts_with('}') } else { end == text.len() };
        let is_written_as_one = (at == 0 || embedded) && (goes_on || ends);
        if !is_written_as_one || dialect.roots().contains(&name) {
            continue;
        }
        if dialect == Dialect::Machine && Dialect::Flow.roots().contains(&name) {
            found.push(root_parser::unknown(dialect, name, 1 + name.len()).shifted(at));
        } else if let Some(meant) = root_parser::closest(dialect, name) {
            let message = format!("`${name}` is no known root and stays text");
            let error = ExprError::new(at..end, message);
            found.push(error.hint(format!("did you mean `${meant}`?")));
        }
    }
    for (open, _) in text.match_indices('{') {
        let inside = &text[open + 1..];
        let Some(length) = inside.find('}') else { continue };
        let name = root_parser::root_name(inside);
        // `{data}` is often meant; `{data.id}` never is.
        let goes_on = inside[name.len()..].starts_with(['.', '#', '[']);
        if goes_on && dialect.roots().contains(&name) {
            let written = &inside[..length];
            let message = format!("`{{{written}}}` lacks its `$` and stays text");
            let error = ExprError::new(open..open + length + 2, message);
            found.push(error.hint(format!("did you mean `{{${written}}}`?")));
        }
    }
    found
}
