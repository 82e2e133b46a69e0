//! What is declared of an API: plain data, without a secret in it.

use std::{fmt, path::PathBuf, time::Duration};

use http::HeaderName;
use url::Url;

use super::hook::Hook;
use crate::{auth::Auth, limit::Rate, redact::ShownUrl, secret::SecretSource};

/// An API: where it is, who we are there, and what we may do.
///
/// Nothing is read, and nothing is connected to, before it is [opened](Resource::open).
#[derive(Clone)]
pub struct Resource {
    /// The name that endpoints use.
    pub name: String,
    /// What the urls of its endpoints are put behind; they must share its origin.
    pub base_url: Option<Url>,
    /// Sent with every request, unless the endpoint declares a header of that name.
    pub headers: Vec<(HeaderName, HeaderSource)>,
    /// The time for one attempt where the endpoint sets none of its own; by default there is none
    /// here, either, and that of a [`Call`](crate::Call) holds. One that is shorter than 30 s holds
    /// for fetching a token and for logging in, too.
    pub timeout: Option<Duration>,
    /// What all calls of the resource together may do: every rate must allow. None by default.
    pub rates: Vec<Rate>,
    /// How requests are authorised.
    pub auth: Option<Auth>,
    /// The proxy for all requests.
    pub proxy: Option<Proxy>,
    /// Files of root certificates in PEM, besides those of the system.
    pub root_certificates: Vec<PathBuf>,
    /// Certificate chain and private key in PEM, for servers that ask who we are.
    pub client_certificate: Option<SecretSource>,
    /// Numbers that are picked from every answer, by the name of the sum they are added to. A place
    /// in the body is looked for wherever the body is JSON, be it decoded as text or bytes or not;
    /// of an answer that is [saved](crate::Call::save_to) to a file only the headers are there.
    pub usage: Vec<(String, Pick)>,
    /// Whether cached answers are revalidated with `ETag` and `Last-Modified` once they are stale.
    pub revalidate: bool,
    /// The `User-Agent` of calls that declare none.
    pub user_agent: Option<String>,
    /// Runs before the first call of a run.
    pub set_up: Option<Hook>,
    /// Runs after the last call of a run.
    pub tear_down: Option<Hook>,
}

/// Where the value of a header comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderSource {
    /// It is no secret.
    Plain(String),
    /// It is one.
    Secret(SecretSource),
}

impl From<&str> for HeaderSource {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

impl From<SecretSource> for HeaderSource {
    fn from(source: SecretSource) -> Self {
        Self::Secret(source)
    }
}

/// A proxy, `http` or `https`, and who we are there.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its url, without user info.
    pub url: Url,
    /// The user name of basic authorization.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<SecretSource>,
}

/// A place in an answer where a number stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// In the decoded body: a JSON Pointer (RFC 6901).
    Body(String),
    /// In a header.
    Header(HeaderName),
}

impl Resource {
    /// A resource about which nothing but its name is known.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            base_url: None,
            headers: Vec::new(),
            timeout: None,
            rates: Vec::new(),
            auth: None,
            proxy: None,
            root_certificates: Vec::new(),
            client_certificate: None,
            usage: Vec::new(),
            revalidate: false,
            user_agent: None,
            set_up: None,
            tear_down: None,
        }
    }

    /// Gives it another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Puts the urls of its endpoints behind this one.
    #[must_use]
    pub fn base_url(mut self, url: Url) -> Self {
        self.base_url = Some(url);
        self
    }

    /// Adds a header to every request; a [`SecretSource`] makes it a secret one.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<HeaderSource>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the time for one attempt.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Adds a rate that all its calls together keep, besides those that were added before.
    #[must_use]
    pub fn rate(mut self, rate: Rate) -> Self {
        self.rates.push(rate);
        self
    }

    /// Sets how requests are authorised.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = Some(auth);
        self
    }

    /// Sends all requests through a proxy.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Trusts the root certificates in this file (PEM), besides those of the system.
    #[must_use]
    pub fn root_certificate(mut self, file: impl Into<PathBuf>) -> Self {
        self.root_certificates.push(file.into());
        self
    }

    /// Shows servers that ask for it this certificate: its chain and its private key, in PEM.
    #[must_use]
    pub fn client_certificate(mut self, pem: SecretSource) -> Self {
        self.client_certificate = Some(pem);
        self
    }

    /// Adds a number that is picked from every answer.
    #[must_use]
    pub fn usage(mut self, name: impl Into<String>, pick: Pick) -> Self {
        self.usage.push((name.into(), pick));
        self
    }

    /// Lets cached answers be revalidated once they are stale.
    #[must_use]
    pub fn revalidated(mut self) -> Self {
        self.revalidate = true;
        self
    }

    /// Sets the `User-Agent` of calls that declare none.
    #[must_use]
    pub fn user_agent(mut self, text: impl Into<String>) -> Self {
        self.user_agent = Some(text.into());
        self
    }

    /// Sets what runs before the first call of a run.
    #[must_use]
    pub fn set_up(mut self, hook: Hook) -> Self {
        self.set_up = Some(hook);
        self
    }

    /// Sets what runs after the last call of a run.
    #[must_use]
    pub fn tear_down(mut self, hook: Hook) -> Self {
        self.tear_down = Some(hook);
        self
    }
}

impl fmt::Debug for Resource {
    /// Shows where secrets are found and none of them, also not one in the user info of a url. What
    /// a plain header holds is left out: it may be a secret that was written down.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Resource")
            .field("name", &self.name)
            .field("base_url", &self.base_url.as_ref().map(|url| ShownUrl(url).to_string()))
            .field("headers", &headers)
            .field("timeout", &self.timeout)
            .field("rates", &self.rates)
            .field("auth", &self.auth)
            .field("proxy", &self.proxy)
            .field("root_certificates", &self.root_certificates)
            .field("client_certificate", &self.client_certificate)
            .field("usage", &self.usage)
            .field("revalidate", &self.revalidate)
            .field("user_agent", &self.user_agent)
            .field("set_up", &self.set_up)
            .field("tear_down", &self.tear_down)
            .finish()
    }
}

impl fmt::Debug for Proxy {
    /// Shows no user info of the url.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("url", &format_args!("{}", ShownUrl(&self.url)))
            .field("username", &self.username)
            .field("password", &self.password)
            .finish()
    }
}
