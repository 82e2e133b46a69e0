//! Waits: long enough to be one, for a signal that can be named, with keys that do something.

use std::time::Duration;

use super::names::{instead, is_well_made};
use super::outline::Outline;
use crate::duration::{self, LONGEST};
use crate::fault::{Fault, Place};
use crate::spec::{EndpointSpec, PollSpec, SignalSpec, Wait};

pub(super) fn check(outline: &Outline<'_>, faults: &mut Vec<Fault>) {
    for (at, wait) in outline.waits() {
        let place = outline.place(at);
        match &wait.wait {
            Wait::Delay(length) => {
                let hint = "a step that does not wait can be left out";
                some_time(place.key("delay"), "delay", *length, hint, faults);
            }
            Wait::Signal(spec) => {
                signal(&place, spec, faults);
                if spec.error_handler.is_some() && !wait.can_fail() {
                    let message = "`error_handler` has no effect: nothing can fail here";
                    let fault = Fault::new(place.key("error_handler"), message);
                    faults.push(fault.hint("say how long to wait: `timeout: 24h`"));
                }
            }
        }
    }
    for (at, endpoint) in outline.endpoints() {
        if let Some(spec) = &endpoint.poll {
            let place = outline.place(at);
            poll(&place.key("poll"), spec, faults);
            beside_poll(&place, endpoint, faults);
        }
    }
}

fn signal(place: &Place, signal: &SignalSpec, faults: &mut Vec<Fault>) {
    let name = &signal.name;
    if name.is_empty() {
        let fault = Fault::new(place.key("signal"), "the signal has no name");
        faults.push(fault.hint("name what is waited for, for example `approved`"));
    } else if !is_well_made(name) {
        let message = format!("`{}` is not a valid name of a signal", name.escape_debug());
        faults.push(Fault::new(place.key("signal"), message).hint(instead(name)));
    }
    if let Some(limit) = signal.timeout {
        let hint = "leave the key out to wait for as long as it takes";
        some_time(place.key("timeout"), "timeout", limit, hint, faults);
    }
}

fn poll(place: &Place, poll: &PollSpec, faults: &mut Vec<Fault>) {
    let hint = "leave the key out for its default, 5s";
    some_time(place.key("every"), "every", poll.every, hint, faults);
    let Some(limit) = poll.timeout else { return };
    let hint = "leave the key out to ask for as long as it takes";
    some_time(place.key("timeout"), "timeout", limit, hint, faults);
    if !limit.is_zero() && limit < poll.every {
        let (limit, every) = (duration::format(limit), duration::format(poll.every));
        let message = format!("no second call fits: `timeout` is {limit}, and `every` {every}");
        let fault = Fault::new(place.key("timeout"), message);
        faults.push(fault.hint("the wait before the next call has to fit into `timeout`"));
    }
}

/// Keys that do nothing, or too much, where a call is made again and again.
fn beside_poll(place: &Place, endpoint: &EndpointSpec, faults: &mut Vec<Fault>) {
    if endpoint.cache_key.is_some() {
        let message = "`cache_key` has no effect beside `poll`";
        let fault = Fault::new(place.key("cache_key"), message);
        faults.push(fault.hint("what is asked for again is not kept: leave it out"));
    }
    if endpoint.save_to.is_some() {
        let message = "`save_to` beside `poll` would write every answer, also \"not yet\"";
        let fault = Fault::new(place.key("save_to"), message);
        faults.push(fault.hint("fetch the file in a step of its own, after this one"));
    }
}

fn some_time(place: Place, key: &str, length: Duration, if_zero: &str, faults: &mut Vec<Fault>) {
    if length.is_zero() {
        faults.push(Fault::new(place, format!("`{key}` must be more than 0")).hint(if_zero));
    } else if length > LONGEST {
        let fault = Fault::new(place, format!("`{key}` is too long"));
        faults.push(fault.hint("the longest duration is 100 years"));
    }
}
