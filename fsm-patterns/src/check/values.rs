//! Numbers in their ranges.
//!
//! Zero is refused where it would mean "never": no call in no time. `retry_count` and
//! `retry_delay` may be zero, and `retry_max_wait: 0` says that no wait is put up with.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::outline::Outline;
use super::top;
use crate::duration::LONGEST;
use crate::fault::{Fault, Place};
use crate::spec::{EndpointSpec, FlowSpec, RateSpec};

/// The statuses that HTTP can have.
pub(crate) const STATUSES: RangeInclusive<u16> = 100..=599;

pub(super) fn check(flow: &FlowSpec, outline: &Outline<'_>, faults: &mut Vec<Fault>) {
    let mut check = Check { faults };
    check.above_zero(&Place::root(), "max_concurrent", flow.max_concurrent.into());
    if let Some(timeout) = flow.total_timeout {
        check.some_time(&Place::root(), "total_timeout", timeout);
    }
    // A comparison that NaN fails too.
    if flow.error_threshold.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
        let share = flow.error_threshold.unwrap_or_default();
        let message = format!("`error_threshold` must lie between 0 and 1, and {share} does not");
        let fault = Fault::new(top("error_threshold"), message);
        check.faults.push(match share {
            percent if (2.0..=100.0).contains(&percent) => fault
                .hint(format!("it is a share: for {percent} percent write {}", percent / 100.0)),
            _ => fault.hint("it is a share: for 10 percent write 0.1"),
        });
    }
    check.rates(&Place::root(), "global_rate_limit", &flow.global_rate_limit);
    check.some_time(&Place::root(), "rate_limit_window", flow.rate_limit_window);
    if let Some(threshold) = flow.circuit_breaker_threshold {
        check.above_zero(&Place::root(), "circuit_breaker_threshold", threshold.into());
    }
    check.some_time(&Place::root(), "circuit_breaker_timeout", flow.circuit_breaker_timeout);
    if let Some(ttl) = flow.cache_ttl {
        check.some_time(&Place::root(), "cache_ttl", ttl);
    }
    for resource in &flow.resources {
        if let Some(timeout) = resource.timeout {
            let place = top("resources").key(resource.name.as_str());
            check.some_time(&place, "timeout", timeout);
        }
    }
    for (at, endpoint) in outline.endpoints() {
        let place = outline.place(at);
        check.endpoint(&place, endpoint);
        if let Some(undo) = &endpoint.undo {
            check.endpoint(&place.key("undo"), &undo.call(endpoint));
        }
    }
}

struct Check<'f> {
    faults: &'f mut Vec<Fault>,
}

impl Check<'_> {
    fn endpoint(&mut self, place: &Place, endpoint: &EndpointSpec) {
        if let Some(timeout) = endpoint.timeout {
            self.some_time(place, "timeout", timeout);
        }
        self.rates(place, "rate_limit", &endpoint.rate_limit);
        if let Some(burst) = endpoint.burst_limit {
            self.above_zero(place, "burst_limit", burst.into());
        }
        self.above_zero(place, "weight", endpoint.weight.into());
        self.not_too_long(place, "retry_delay", endpoint.retry_delay);
        self.some_time(place, "retry_max_delay", endpoint.retry_max_delay);
        if let Some(wait) = endpoint.retry_max_wait {
            self.not_too_long(place, "retry_max_wait", wait);
        }
        self.above_zero(place, "max_body", endpoint.max_body);
        self.above_zero(place, "max_redirects", endpoint.max_redirects.into());
        for (index, status) in endpoint.retry_on.iter().flatten().enumerate() {
            if !STATUSES.contains(status) {
                let place = place.key("retry_on").item(index);
                let fault = Fault::new(place, format!("{status} is not a status of HTTP"));
                self.faults.push(fault.hint("statuses lie between 100 and 599"));
            }
        }
    }

    fn rates(&mut self, place: &Place, key: &str, rates: &[RateSpec]) {
        for (index, rate) in rates.iter().enumerate() {
            // A single count stands under the key itself.
            let place = match rate.window {
                Some(_) => place.key(key).item(index),
                None => place.key(key),
            };
            if rate.limit == 0 || rate.window.is_some_and(|window| window.is_zero()) {
                let message = format!("a rate of `{key}` must be more than 0");
                let hint = "nothing would ever be sent; for no limit leave the rate out";
                self.faults.push(Fault::new(place.clone(), message).hint(hint));
            }
            if let Some(window) = rate.window {
                self.not_too_long(&place, "window", window);
            }
        }
    }

    fn above_zero(&mut self, place: &Place, key: &str, value: u64) {
        if value == 0 {
            let fault = Fault::new(place.key(key), format!("`{key}` must be more than 0"));
            self.faults.push(fault.hint("leave the key out for its default"));
        }
    }

    fn some_time(&mut self, place: &Place, key: &str, value: Duration) {
        self.above_zero(place, key, u64::from(!value.is_zero()));
        self.not_too_long(place, key, value);
    }

    fn not_too_long(&mut self, place: &Place, key: &str, value: Duration) {
        if value > LONGEST {
            let fault = Fault::new(place.key(key), format!("`{key}` is too long"));
            self.faults.push(fault.hint("the longest duration is 100 years"));
        }
    }
}
