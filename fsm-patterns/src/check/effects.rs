//! Keys that are there and do nothing: without what they belong to, they are a slip.

use super::outline::Outline;
use super::top;
use crate::fault::{Fault, Place};
use crate::spec::{FlowSpec, Parser};

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
            if endpoint.cache_key.is_some() {
                without_cache(outline.place(at).key("cache_key"), "cache_key");
            }
        }
    }
    for (at, endpoint) in outline.endpoints() {
        if endpoint.save_to.is_none() {
            continue;
        }
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
