//! Why a condition does not hold, in words: "`$context.paid >= 3` does not hold: paid is 2".

use serde_json::Value;

use crate::expr::{Condition, Dialect, Expression, Scope};
use crate::file::tree::shortened;

/// Says that `condition` does not hold, and what is in what it reads.
pub(super) fn of(condition: &Condition, scope: &Scope<'_>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for reference in condition.references() {
        let Some(text) = condition.source().get(reference.span) else { continue };
        let Ok(expression) = Expression::parse_in(Dialect::Machine, text) else { continue };
        let name = text.strip_prefix("$context.").unwrap_or(text);
        let said = match expression.eval(scope) {
            Ok(Some(value)) => format!("{name} is {}", brief(&value)),
            Ok(None) | Err(_) => format!("{name} is absent"),
        };
        if !seen.contains(&said) {
            seen.push(said);
        }
    }
    let source = condition.source();
    match seen.is_empty() {
        true => format!("`{source}` does not hold"),
        false => format!("`{source}` does not hold: {}", seen.join(", ")),
    }
}

/// A value, shortened.
fn brief(value: &Value) -> String {
    shortened(&value.to_string())
}
