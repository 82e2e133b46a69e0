//! Keys that are there and do nothing: without what they belong to, they are a slip.

use std::path::Path;

use http::Method;

use super::outline::Outline;
use super::top;
use crate::expr::Template;
use crate::fault::{Fault, Place};
use crate::spec::{EndpointSpec, FlowSpec, Parser};

pub(super) fn check(flow: &FlowSpec, outline: &Outline<'_>, faults: &mut Vec<Fault>) {
    let mut without_cache = |place: Place, key: &str| {
        let fault = Fault::new(place, format!("`{key}` has no effect without `cache_ttl`"));
        faults.push(fault.hint("say how long answers are kept: `cache_ttl: 5m`"));
    };
    if flow.cache_ttl.is_none() {
        if flow.cache_key.is_some() {
            without_cache(top("cache_key"), "cache_key");
        }
        for resource in flow.resources.iter().filter(|resource| resource.revalidate) {
            let place = top("resources").key(resource.name.as_str());
            without_cache(place.key("revalidate"), "revalidate");
        }
        for (at, endpoint) in outline.endpoints() {
            // Beside `poll` it has no effect with `cache_ttl` either, and is reported as such.
            if endpoint.cache_key.is_some() && endpoint.poll.is_none() {
                without_cache(outline.place(at).key("cache_key"), "cache_key");
            }
        }
    }
    for (at, endpoint) in outline.endpoints() {
        let Some(path) = &endpoint.save_to else { continue };
        saved(&outline.place(at).key("save_to"), endpoint, path, faults);
        match &endpoint.response_parser {
            Parser::Json | Parser::Text | Parser::Bytes | Parser::GraphQl => {
                let place = outline.place(at).key("response_parser");
                let message = "`response_parser` has no effect where `save_to` takes the body";
                let fault = Fault::new(place, message);
                faults.push(fault.hint("leave it out: the output says where the file is"));
            }
            Parser::Auto | Parser::Template(_) | Parser::Code(_) => {}
        }
    }
}

/// A file that nothing could be written to, whatever comes.
fn saved(place: &Place, endpoint: &EndpointSpec, path: &Template, faults: &mut Vec<Fault>) {
    let fault = |message: &str, hint: &str| Fault::new(place.clone(), message).hint(hint);
    if endpoint.method == Method::HEAD {
        let message = "an answer to HEAD has no body that `save_to` could write";
        faults.push(fault(message, "use GET, or leave `save_to` out"));
    }
    if path.as_literal().is_some_and(|path| !path.as_str().is_some_and(is_file)) {
        let message = "`save_to` must be the path of a file";
        faults.push(fault(message, "for example `save_to: report.csv`"));
    }
}

/// Whether a file can have this path.
fn is_file(path: &str) -> bool {
    !path.contains('\0') && !path.ends_with('/') && Path::new(path).file_name().is_some()
}
