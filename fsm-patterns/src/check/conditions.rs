//! Conditions: does each decide something?

use super::outline::Outline;
use crate::analysis::can_be;
use crate::expr::Condition;
use crate::fault::{Fault, Place};
use crate::spec::{Entry, FlowSpec, PollSpec, When};

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
            Entry::Wait(wait) => (&wait.name, &wait.condition),
            Entry::Group(group) => (&group.name, &group.condition),
        };
        let place = outline.place(at);
        if let Some(When::Expression(condition)) = condition
            && let Some((what, hint)) = idle(condition)
        {
            let message = format!("the condition of `{name}` {what}");
            found.push(Fault::new(place.key("condition"), message).hint(hint));
        }
    }
    for (at, endpoint) in outline.endpoints() {
        let Some(poll) = &endpoint.poll else { continue };
        found.extend(idle_poll(&outline.place(at).key("poll"), &endpoint.name, poll));
    }
    found
}

/// Of a call that is made again: when it never ends, and what never ends it.
fn idle_poll(place: &Place, name: &str, poll: &PollSpec) -> Vec<Fault> {
    let is_impossible = |condition: &When, value| match condition {
        When::Expression(expression) => can_be(&[(expression, value)]).is_impossible(),
        When::Code(_) => false,
    };
    let mut found = Vec::new();
    let mut add = |key: &str, what: &str, hint: &str| {
        let message = format!("`{key}` of `{name}` {what}");
        found.push(Fault::new(place.key(key), message).hint(hint));
    };
    if is_impossible(&poll.until, true) {
        let hint = "whatever is answered, the call is made again";
        add("until", "can never hold", hint);
    } else if is_impossible(&poll.until, false) {
        add("until", "always holds", "the call is made once: leave `poll` out");
    }
    match &poll.fail_if {
        Some(failed) if is_impossible(failed, true) => {
            add("fail_if", "can never hold", "leave it out");
        }
        Some(failed) if is_impossible(failed, false) => {
            add("fail_if", "always holds", "the first answer that is not the last one fails");
        }
        Some(_) | None => {}
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
