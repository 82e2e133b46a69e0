//! What must hold of a flow before its first request, whoever wrote it.
//!
//! The Rust builder and the flow file both end in a [`FlowSpec`]; [`check`] tells everything that
//! is wrong with one, all at once, each fault with its [`Place`] and a hint. One file each:
//!
//! | file | asks |
//! |---|---|
//! | `outline` | which entries are there, what are they called, where do they stand? |
//! | `names` | is every name there, well made, and used once? |
//! | `values` | is every number in its range? |
//! | `dependencies` | does `depends_on` name entries that can come before? |
//! | `references` | does every expression read what is there when it is evaluated? |
//! | `inputs` | is `inputs` a JSON Schema? |
//!
//! Nothing in here walks the user's graph by recursion, and every pass is linear in the size of
//! the flow or nearly so: ten thousand endpoints take some milliseconds.
//!
//! ```
//! # use fsm_patterns::check::check;
//! # use fsm_patterns::expr::UrlTemplate;
//! # use fsm_patterns::spec::{EndpointSpec, Entry, FlowSpec, Mode};
//! let mut flow = FlowSpec::new("shop", Mode::Parallel);
//! let url = UrlTemplate::parse("https://api.example.com/cart").unwrap();
//! let mut cart = EndpointSpec::new("cart", url);
//! cart.depends_on = vec!["login".to_owned()];
//! flow.entries = vec![Entry::Endpoint(Box::new(cart))];
//!
//! let faults = check(&flow);
//! assert_eq!(faults.len(), 1);
//! assert_eq!(faults[0].place.to_string(), "endpoints[0].depends_on[0]");
//! assert_eq!(faults[0].message, "`cart` depends on `login`, and nothing is called so");
//! ```

mod ancestry;
mod dependencies;
mod inputs;
mod names;
mod outline;
mod references;
pub(crate) mod spelling;
mod values;

pub use inputs::{InputCheck, InputFault};

use crate::fault::{Fault, Place};
use crate::spec::FlowSpec;
use outline::Outline;

/// Everything that is wrong with a flow; empty if it can run.
///
/// # Complexity
/// O(n log n) in the size of the flow; where expressions read many different steps of a flow with
/// dependencies, another O(n · s / 64) for `s` such steps.
pub fn check(flow: &FlowSpec) -> Vec<Fault> {
    let outline = Outline::of(flow);
    let mut faults = independent(flow, &outline);
    let order = dependencies::check(&outline, &mut faults);
    references::check(flow, &outline, Some(&order), &mut faults);
    faults
}

/// As [`check`], without what depends on the modes: for a file whose modes could not all be read.
pub(crate) fn check_without_modes(flow: &FlowSpec) -> Vec<Fault> {
    let outline = Outline::of(flow);
    let mut faults = independent(flow, &outline);
    references::check(flow, &outline, None, &mut faults);
    faults
}

fn independent(flow: &FlowSpec, outline: &Outline<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    names::check(flow, outline, &mut faults);
    values::check(flow, outline, &mut faults);
    if let Some(schema) = &flow.inputs {
        if let Err(found) = InputCheck::new(schema) {
            faults.extend(found);
        }
    }
    faults
}

/// The place of the key `key` of a flow.
fn top(key: &str) -> Place {
    Place::root().key(key)
}
