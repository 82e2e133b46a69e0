//! Limits that let every call through, some time: a call that is heavier than a limit would never
//! be made.

use std::collections::HashMap;

use super::outline::Outline;
use crate::fault::{Fault, Place};
use crate::spec::{EndpointSpec, FlowSpec, RateSpec};

pub(super) fn check(flow: &FlowSpec, outline: &Outline<'_>, faults: &mut Vec<Fault>) {
    let mut of_resources: HashMap<&str, u32> = HashMap::new();
    for resource in &flow.resources {
        if let Some(heaviest) = resource.rates.iter().map(|rate| rate.heaviest().get()).min() {
            of_resources.insert(&resource.name, heaviest);
        }
    }
    for (at, endpoint) in outline.endpoints() {
        let place = outline.place(at);
        let of_resource = endpoint.resource.as_deref().and_then(|name| of_resources.get(name));
        burst(&place, endpoint, faults);
        let limits = [
            ("`rate_limit`", least(&endpoint.rate_limit)),
            ("`burst_limit`", endpoint.burst_limit),
            ("the limit of its resource", of_resource.copied()),
            ("`global_rate_limit`", least(&flow.global_rate_limit)),
        ];
        weight(&place, endpoint, limits, faults);
    }
}

fn burst(place: &Place, endpoint: &EndpointSpec, faults: &mut Vec<Fault>) {
    let Some(burst) = endpoint.burst_limit else { return };
    let place = place.key("burst_limit");
    match least(&endpoint.rate_limit) {
        None => {
            let fault = Fault::new(place, "`burst_limit` has no effect without `rate_limit`");
            faults.push(fault.hint("write how fast: `rate_limit: 10`"));
        }
        Some(least) if burst > least => {
            let message =
                format!("`burst_limit` is {burst}, and `rate_limit` lets only {least} through");
            let hint = "a burst is at most as large as the limit; leave it out to have no pacing";
            faults.push(Fault::new(place, message).hint(hint));
        }
        Some(_) => {}
    }
}

/// What one attempt takes, against every limit that the endpoint's calls pass.
fn weight(
    place: &Place,
    endpoint: &EndpointSpec,
    limits: [(&str, Option<u32>); 4],
    faults: &mut Vec<Fault>,
) {
    let weight = endpoint.weight;
    // A limit of 0 is a fault of its own.
    let limits = limits.into_iter().filter_map(|(what, limit)| Some((what, limit?)));
    let narrowest = limits.filter(|(_, limit)| *limit > 0).min_by_key(|(_, limit)| *limit);
    if let Some((what, limit)) = narrowest.filter(|(_, limit)| weight > *limit) {
        let name = &endpoint.name;
        let message = format!("`{name}` weighs {weight}, and {what} lets only {limit} through");
        let fault = Fault::new(place.key("weight"), message);
        faults.push(
            fault.hint("such a call would never be made: lower the weight, or raise the limit"),
        );
    }
}

fn least(rates: &[RateSpec]) -> Option<u32> {
    rates.iter().map(|rate| rate.limit).min()
}
