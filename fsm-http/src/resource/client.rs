//! The live client of a resource.

use std::{cell::OnceCell, fmt, sync::Arc, time::Duration};

use http::{HeaderMap, Method};
use serde_json::{Number, Value};
use url::Url;

use super::{
    declaration::Pick,
    hook::{Hook, HookError, HookPhase},
};
use crate::{
    auth::Authority,
    call::{Answer, Call},
    caller::Caller,
    decode::parsed,
    limit::Bucket,
    redact::{ShownUrl, one_line},
    secret::Secrets,
    transport::Transport,
};

/// One pool of connections, one token, and one bucket for all endpoints of a resource. Cheap to
/// clone; the clones share everything.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(super) struct Inner {
    pub(super) name: Arc<str>,
    pub(super) base_url: Option<Url>,
    pub(super) timeout: Option<Duration>,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) authority: Option<Authority>,
    pub(super) bucket: Option<Bucket>,
    pub(super) headers: HeaderMap,
    pub(super) secrets: Secrets,
    pub(super) identity: Option<[u8; 32]>,
    pub(super) usage: Vec<(Arc<str>, Pick)>,
    pub(super) set_up: Option<Hook>,
    pub(super) tear_down: Option<Hook>,
}

/// A url that a resource cannot be called at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the resource `{resource}` cannot be called at `{url}`: {why}")]
pub struct BadUrl {
    /// The name of the resource.
    pub resource: String,
    /// The url, without query and user info.
    pub url: String,
    /// What is wrong with it.
    pub why: String,
}

impl Client {
    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The name of the resource.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What the urls of its endpoints are put behind.
    pub fn base_url(&self) -> Option<&Url> {
        self.0.base_url.as_ref()
    }

    /// Its pool of connections.
    pub fn transport(&self) -> Arc<dyn Transport> {
        self.0.transport.clone()
    }

    /// What gives credentials to its calls.
    pub fn authority(&self) -> Option<&Authority> {
        self.0.authority.as_ref()
    }

    /// The rate limit of all its calls together; `None` if it has no rates.
    pub fn bucket(&self) -> Option<&Bucket> {
        self.0.bucket.as_ref()
    }

    /// What is sent with every request, unless its call declares a header of that name. Those that
    /// are secrets are marked as sensitive.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// A hash of who we are there: credentials, secret headers, and the client certificate. Answers
    /// for one identity are not given to another. `None` if we are nobody in particular.
    pub fn identity(&self) -> Option<[u8; 32]> {
        self.0.identity
    }

    /// All secrets that its calls may carry, those that are fetched later included.
    pub fn secrets(&self) -> Secrets {
        self.0.secrets.clone()
    }

    /// A call with the resource's headers and timeout. `url` is appended to the base url as text,
    /// or is a whole url of the same origin. Its credentials are added by the
    /// [caller](Self::caller).
    ///
    /// # Errors
    ///
    /// [`BadUrl`] where this gives no http url, or one of another origin than the base url's.
    pub fn call(&self, method: Method, url: &str) -> Result<Call, BadUrl> {
        let mut call = Call::new(method, self.url(url)?);
        call.headers = self.0.headers.clone();
        if let Some(timeout) = self.0.timeout {
            call.timeout = timeout;
        }
        Ok(call)
    }

    /// A caller of this name, with the resource's connections, credentials, rates, and secrets.
    pub fn caller(&self, name: impl Into<Arc<str>>) -> Caller {
        let mut caller = Caller::new(name, self.transport()).secrets(&self.0.secrets);
        if let Some(bucket) = &self.0.bucket {
            caller = caller.bucket(bucket.clone());
        }
        if let Some(authority) = &self.0.authority {
            caller = caller.authority(authority.clone());
        }
        caller.identity(self.0.identity)
    }

    /// The numbers that the resource counts and that stand in this answer. A place that is absent,
    /// or holds no number, counts nothing.
    ///
    /// A body that is JSON is looked into whatever its call [decodes](crate::Call::decode) it to. Of
    /// an answer that is [saved](crate::Call::save_to) to a file there are only the headers.
    ///
    /// # Complexity
    ///
    /// O(declared places), and no allocation without any. Where a place in the body is declared and
    /// the body was not decoded as JSON, it is parsed once.
    pub fn pick_usage(&self, answer: &Answer) -> Vec<(Arc<str>, Number)> {
        let body = OnceCell::new();
        let picked = self.0.usage.iter().filter_map(|(name, pick)| {
            let number = match pick {
                Pick::Body(pointer) => match structure(answer, &body)?.pointer(pointer)? {
                    Value::Number(number) => number.clone(),
                    Value::Null
                    | Value::Bool(_)
                    | Value::String(_)
                    | Value::Array(_)
                    | Value::Object(_) => return None,
                },
                Pick::Header(header) => {
                    answer.headers.get(header)?.to_str().ok()?.trim().parse().ok()?
                }
            };
            Some((name.clone(), number))
        });
        picked.collect()
    }

    /// Runs the hook that prepares the resource for a run; nothing, if there is none.
    ///
    /// # Errors
    ///
    /// A [`HookError`] where the hook fails, panics, or takes longer than 30 seconds.
    ///
    /// # Cancel safety
    ///
    /// The hook is dropped wherever it is; nothing of it is undone.
    pub async fn set_up(&self) -> Result<(), HookError> {
        match &self.0.set_up {
            None => Ok(()),
            Some(hook) => hook.run(self, HookPhase::SetUp).await,
        }
    }

    /// Runs the hook that cleans up after a run; nothing, if there is none.
    ///
    /// # Errors
    ///
    /// As [`set_up`](Self::set_up).
    ///
    /// # Cancel safety
    ///
    /// The hook is dropped wherever it is. A [`Lifecycle`](super::Lifecycle) does not let that
    /// happen.
    pub async fn tear_down(&self) -> Result<(), HookError> {
        match &self.0.tear_down {
            None => Ok(()),
            Some(hook) => hook.run(self, HookPhase::TearDown).await,
        }
    }

    pub(super) fn tears_down(&self) -> bool {
        self.0.tear_down.is_some()
    }

    fn url(&self, url: &str) -> Result<Url, BadUrl> {
        let bad = |why: &str| BadUrl {
            resource: self.name().to_owned(),
            url: shown(url),
            why: why.to_owned(),
        };
        let base = self.0.base_url.as_ref();
        let is_whole = url.contains("://") && Url::parse(url).is_ok();
        let text = match base {
            Some(base) if !is_whole => join(base.as_str(), url),
            Some(_) | None => url.to_owned(),
        };
        let whole = Url::parse(&text).map_err(|error| bad(&error.to_string()))?;
        if !matches!(whole.scheme(), "http" | "https") {
            return Err(bad("only http and https urls can be called"));
        }
        match base {
            Some(base) if base.origin() != whole.origin() => {
                Err(bad(&format!("it leads away from {}", ShownUrl(base))))
            }
            Some(_) | None => Ok(whole),
        }
    }
}

/// What the body of an answer says as JSON: its value, if that is a structure, else what is parsed
/// from the bytes; `None` where that is nothing.
fn structure<'a>(answer: &'a Answer, body: &'a OnceCell<Option<Value>>) -> Option<&'a Value> {
    match &*answer.value {
        value @ (Value::Object(_) | Value::Array(_)) => Some(value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            body.get_or_init(|| parsed(&answer.body)).as_ref()
        }
    }
}

/// Joins as text, with one slash between: `http://a/v1` and `/users` are `http://a/v1/users`.
fn join(base: &str, path: &str) -> String {
    if path.is_empty() || path.starts_with(['?', '#']) {
        return format!("{base}{path}");
    }
    format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'))
}

/// A text that may be no url, without what could be a query or user info.
fn shown(text: &str) -> String {
    if let Ok(url) = Url::parse(text) {
        return ShownUrl(&url).to_string();
    }
    let text = text.split(['?', '#']).next().unwrap_or_default();
    one_line(text.rsplit('@').next().unwrap_or_default())
}

impl fmt::Debug for Client {
    /// Shows name and base url.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.base_url {
            None => write!(f, "Client({})", self.0.name),
            Some(url) => write!(f, "Client({}, {})", self.0.name, ShownUrl(url)),
        }
    }
}
