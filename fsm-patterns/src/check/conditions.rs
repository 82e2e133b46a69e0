//! Conditions: does each decide something?

use super::outline::Outline;
use crate::analysis::can_be;
use crate::expr::Condition;
use crate::fault::Fault;
use crate::spec::{Entry, FlowSpec, When};

/// Conditions that read something and yet always hold, or never do, whatever that is.
///
/// That is no fault, as the flow can run; a condition without any expression (`false`) is a switch,
/// and meant so.
///
/// # Complexity
/// Linear in the number of conditions; each is searched within a bound
/// ([`analysis`](crate::analysis)).
///
/// # Examples
/// ```
/// # use fsm_patterns::check::idle_conditions;
/// # use fsm_patterns::file;
/// let file = file::load("flow.yaml", "
/// fsm: 1
/// name: orders
/// mode: conditional
/// endpoints:
///   - name: review
///     url: http://localhost/reviews
///     condition: $data.total > 500 && $data.total < 300
/// ").unwrap();
/// let found = idle_conditions(&file.spec);
/// assert_eq!(found[0].message, "the condition of `review` can never hold");
/// ```
pub fn idle_conditions(flow: &FlowSpec) -> Vec<Fault> {
    let outline = Outline::of(flow);
    let mut found = Vec::new();
    for (at, entry) in outline.entries() {
        let (name, condition) = match entry {
            Entry::Endpoint(endpoint) => (&endpoint.name, &endpoint.condition),
            Entry::Group(group) => (&group.name, &group.condition),
        };
        let Some(When::Expression(condition)) = condition else { continue };
        let Some((what, hint)) = idle(condition) else { continue };
        let place = outline.place(at).key("condition");
        found.push(Fault::new(place, format!("the condition of `{name}` {what}")).hint(hint));
    }
    found
}

fn idle(condition: &Condition) -> Option<(&'static str, &'static str)> {
    if condition.references().is_empty() {
        return None;
    }
    if can_be(&[(condition, true)]).is_impossible() {
        return Some(("can never hold", "whatever flows in, nothing is called there"));
    }
    let always = can_be(&[(condition, false)]).is_impossible();
    always.then_some(("always holds", "leave it out"))
}
