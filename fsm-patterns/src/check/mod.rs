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
//! | `limits` | can every call pass its limits, and does every limit limit something? |
//! | `waits` | is every wait one, and does every key beside it do something? |
//! | `effects` | does every other key have an effect? |
//! | `resources` | is every resource well made, and known where it is named? |
//! | `credentials` | can the credentials of every resource be sent? |
//! | `dependencies` | does `depends_on` name entries that can come before? |
//! | `references` | does every expression read what is there when it is evaluated? |
//! | `completion` | do `run_key` and `target` say something? |
//! | `inputs` | is `inputs` a JSON Schema? |
//! | `conditions` | does every condition decide something? ([`idle_conditions`]: no fault) |
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
//! assert_eq!(faults[0].message, "`cart` depends on the unknown name `login`");
//! ```

mod ancestry;
mod completion;
mod conditions;
pub(crate) mod credentials;
mod dependencies;
mod effects;
mod inputs;
mod limits;
mod names;
mod outline;
mod references;
mod resources;
pub(crate) mod spelling;
mod values;
mod waits;

pub use conditions::idle_conditions;
pub use inputs::{InputCheck, InputFault};

use crate::fault::{Fault, Place};
use crate::spec::FlowSpec;
use outline::Outline;
pub(crate) use values::STATUSES;

/// Everything that is wrong with a flow; empty if it can run.
///
/// # Complexity
/// O(n log n) in the size of the flow; where expressions read many different steps of a flow with
/// dependencies, another O(n · s / 64) for `s` such steps.
pub fn check(flow: &FlowSpec) -> Vec<Fault> {
    let outline = Outline::of(flow);
    let mut faults = unordered(flow, &outline);
    let order = dependencies::check(&outline, &mut faults);
    references::check(flow, &outline, Some(&order), &mut faults);
    faults
}

/// As [`check`], but steps may be read in any order: for a file whose modes could not all be read.
pub(crate) fn check_without_order(flow: &FlowSpec) -> Vec<Fault> {
    let outline = Outline::of(flow);
    let mut faults = unordered(flow, &outline);
    dependencies::check(&outline, &mut faults);
    references::check(flow, &outline, None, &mut faults);
    faults
}

/// What does not depend on which entry comes first.
fn unordered(flow: &FlowSpec, outline: &Outline<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    names::check(flow, outline, &mut faults);
    values::check(flow, outline, &mut faults);
    limits::check(flow, outline, &mut faults);
    waits::check(outline, &mut faults);
    effects::check(flow, outline, &mut faults);
    resources::check(flow, outline, &mut faults);
    completion::check(flow, &mut faults);
    if let Some(Err(found)) = flow.inputs.as_ref().map(InputCheck::new) {
        faults.extend(found);
    }
    faults
}

/// The place of the key `key` of a flow.
fn top(key: &str) -> Place {
    Place::root().key(key)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::expr::{Template, UrlTemplate};
    use crate::spec::{EndpointSpec, Entry, GroupSpec, Mode, Output};

    fn endpoint(name: &str, depends_on: &[&str]) -> EndpointSpec {
        let url = UrlTemplate::parse("http://localhost/").unwrap();
        let mut endpoint = EndpointSpec::new(name, url);
        endpoint.depends_on = depends_on.iter().map(|name| (*name).to_owned()).collect();
        endpoint
    }

    fn flow(mode: Mode, endpoints: Vec<EndpointSpec>) -> FlowSpec {
        let mut flow = FlowSpec::new("flow", mode);
        flow.entries = endpoints.into_iter().map(|e| Entry::Endpoint(Box::new(e))).collect();
        flow
    }

    fn said(flow: &FlowSpec) -> Vec<String> {
        check(flow).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_flow_with_the_defaults_has_no_faults() {
        for mode in Mode::ALL {
            assert_eq!(said(&flow(mode, vec![endpoint("a", &[]), endpoint("b", &[])])), [""; 0]);
        }
    }

    #[test]
    fn numbers_that_rust_can_say_are_held_to_their_ranges_too() {
        let mut call = endpoint("a", &[]);
        call.timeout = Some(Duration::ZERO);
        call.retry_max_delay = Duration::MAX;
        call.max_body = 0;
        call.retry_on = Some(vec![503, 600]);
        let mut flow = flow(Mode::Sequential, vec![call]);
        flow.max_concurrent = 0;
        flow.error_threshold = Some(f64::NAN);
        let places: Vec<String> = check(&flow).iter().map(|f| f.place.to_string()).collect();
        let expected = [
            "max_concurrent",
            "error_threshold",
            "endpoints[0].timeout",
            "endpoints[0].retry_max_delay",
            "endpoints[0].max_body",
            "endpoints[0].retry_on[1]",
        ];
        assert_eq!(places, expected);
    }

    #[test]
    fn no_wait_and_no_retry_are_in_range() {
        let mut call = endpoint("a", &[]);
        call.retry_count = Some(0);
        call.retry_delay = Duration::ZERO;
        call.retry_max_wait = Some(Duration::ZERO);
        assert_eq!(said(&flow(Mode::Sequential, vec![call])), [""; 0]);
    }

    #[test]
    fn a_step_inside_a_group_has_run_once_the_group_has() {
        let mut after = endpoint("after", &["group"]);
        after.body = Some(Template::parse(&"$steps.inside.output".into()).unwrap());
        let group = GroupSpec {
            name: "group".to_owned(),
            mode: Mode::Parallel,
            entries: vec![Entry::Endpoint(Box::new(endpoint("inside", &[])))],
            depends_on: Vec::new(),
            condition: None,
        };
        let mut flow = flow(Mode::Hybrid, vec![after]);
        flow.entries.push(Entry::Group(Box::new(group)));
        assert_eq!(said(&flow), [""; 0]);

        let Entry::Endpoint(after) = &mut flow.entries[0] else { panic!("an endpoint") };
        after.depends_on.clear();
        let faults = check(&flow);
        assert_eq!(faults.len(), 1);
        let hint = faults[0].hint.as_deref();
        assert_eq!(hint, Some("let `after` depend on it: `depends_on: [group]`"));
    }

    #[test]
    fn a_misspelt_dependency_is_one_fault_and_not_two() {
        let mut second = endpoint("second", &["frist"]);
        second.body = Some(Template::parse(&"$steps.first.output".into()).unwrap());
        let flow = flow(Mode::Parallel, vec![endpoint("first", &[]), second]);
        let expected = "endpoints[1].depends_on[0]: `second` depends on the unknown name `frist` \
                        (did you mean `first`?)";
        assert_eq!(said(&flow), [expected]);
    }

    #[test]
    fn the_output_may_read_every_step() {
        let mut flow = flow(Mode::Fanout, vec![endpoint("a", &[]), endpoint("b", &[])]);
        let output = Template::parse(&"{$steps.a.status} {$steps.b.output.x} {$inputs}".into());
        flow.output = Some(Output::Template(output.unwrap()));
        assert_eq!(said(&flow), [""; 0]);
    }

    #[test]
    fn a_cycle_is_told_once_and_by_its_shortest_way() {
        let endpoints =
            vec![endpoint("a", &["b", "c"]), endpoint("b", &["c"]), endpoint("c", &["a"])];
        let faults = check(&flow(Mode::Parallel, endpoints));
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].message, "`depends_on` makes a cycle: a -> c -> a");
        assert_eq!(faults[0].place.to_string(), "endpoints[0].depends_on[1]");
    }

    #[test]
    fn a_hundred_thousand_endpoints_in_a_cycle_neither_recurse_nor_take_long() {
        let last = 99_999;
        let endpoints = (0..=last).map(|index: usize| {
            let before = index.checked_sub(1).unwrap_or(last);
            endpoint(&format!("e{index}"), &[&format!("e{before}")])
        });
        let flow = flow(Mode::Parallel, endpoints.collect());
        let start = Instant::now();
        let faults = check(&flow);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].message.contains("e0 -> e99999 -> "), "{}", faults[0]);
        assert!(faults[0].message.ends_with("-> … -> e1 -> e0"), "{}", faults[0]);
        // Generous for a debug build on a busy machine.
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }
}
