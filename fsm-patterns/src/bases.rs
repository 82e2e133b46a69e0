//! Where the relative urls of a flow begin: the base urls of its resources, by name.
//!
//! An endpoint's url can be read only once the base of its resource is known, whatever was written
//! first; file and builder both come here when they have seen all resources.

use std::collections::HashMap;

use fsm_http::resource::Resource;
use url::Url;

use crate::expr::{ExprError, UrlTemplate};

/// The base urls of the resources of a flow.
pub(crate) struct Bases<'r>(HashMap<&'r str, Base<'r>>);

enum Base<'r> {
    Url(&'r Url),
    None,
    /// Reported already, so that nobody complains about the urls under it.
    Unread,
}

/// Stands where a base could not be read; never called, because such a flow is never run.
const UNREAD: &str = "http://unread.invalid/";

impl<'r> Bases<'r> {
    /// The bases of `resources`; of two with one name, that of the first.
    pub(crate) fn of(resources: &'r [Resource]) -> Self {
        let mut bases = HashMap::new();
        for resource in resources {
            let base = resource.base_url.as_ref().map_or(Base::None, Base::Url);
            bases.entry(resource.name.as_str()).or_insert(base);
        }
        Self(bases)
    }

    /// Notes that the base of a resource is there and could not be read.
    pub(crate) fn unread(&mut self, name: &'r str) {
        self.0.insert(name, Base::Unread);
    }

    /// Reads the url of an endpoint that names `resource`, or none.
    pub(crate) fn parse(
        &self,
        resource: Option<&str>,
        url: &str,
    ) -> Result<UrlTemplate, ExprError> {
        let Some(resource) = resource else { return UrlTemplate::parse(url) };
        match self.0.get(resource) {
            Some(Base::Url(base)) => UrlTemplate::parse_under(base.as_str(), url),
            Some(Base::None) => UrlTemplate::parse(url).map_err(|mut error| {
                if url.is_empty() || url.starts_with('/') && !url.starts_with("//") {
                    error.hint = Some(format!(
                        "write the host, or give the resource `{resource}` a `base_url`"
                    ));
                }
                error
            }),
            // The unknown name, or the base, is the fault. An absolute url stays one.
            Some(Base::Unread) | None => UrlTemplate::parse(url)
                .ok()
                .filter(|url| url.origin().is_some())
                .map_or_else(|| UrlTemplate::parse_under(UNREAD, url), Ok),
        }
    }
}
