//! From the declaration to the live client: everything is read, and everything that is wrong told.

use std::{fs, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, header::USER_AGENT};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use super::{
    client::{Client, Inner},
    declaration::{HeaderSource, Pick, Proxy, Resource},
    error::{ResourceError, ResourceFault},
};
use crate::{
    auth::{Authority, identity::Identity},
    limit::Bucket,
    memory::MemoryTransport,
    reqwest_transport::{ReqwestSettings, ReqwestTransport},
    secret::{Secret, SecretSource, Secrets},
    transport::{Transport, TransportError},
};

impl Resource {
    /// Reads every secret and every file, and makes the client. Nothing is connected to yet.
    ///
    /// Its connections are its own, unless a transport is given, for a test or to share them: then
    /// proxy and certificates are still read, and it is that transport's affair what it uses. The
    /// files are small and are read at once, on the calling thread.
    ///
    /// # Errors
    ///
    /// A [`ResourceError`] with everything that is wrong: the field, and the variable or the file.
    pub fn open(&self, transport: Option<Arc<dyn Transport>>) -> Result<Client, ResourceError> {
        let mut reading = Reading { faults: Vec::new(), secrets: Secrets::default() };
        let shares = transport.is_some();
        let headers = reading.headers(self, shares);
        let settings = reading.settings(self);
        if let Some(base) = &self.base_url {
            reading.user_info(base);
        }
        for (name, pick) in &self.usage {
            reading.pick(name, pick);
        }
        if self.timeout.is_some_and(|timeout| timeout.is_zero()) {
            reading.faults.push(ResourceFault::Timeout);
        }
        let identity_of = Identities { headers: &headers, settings: &settings };
        let transport = transport.or_else(|| reading.transport(self, &settings));
        let authority = reading.authority(self, transport.as_ref());
        let (Some(transport), true) = (transport, reading.faults.is_empty()) else {
            return Err(ResourceError { resource: self.name.clone(), faults: reading.faults });
        };
        let identity = identity_of.with(authority.as_ref());
        Ok(Client::new(Inner {
            name: self.name.as_str().into(),
            base_url: self.base_url.clone(),
            timeout: self.timeout,
            identity,
            transport,
            authority,
            bucket: (!self.rates.is_empty()).then(|| Bucket::new(self.rates.iter().copied())),
            headers,
            secrets: reading.secrets,
            usage: self.usage.iter().map(|(name, it)| (name.as_str().into(), it.clone())).collect(),
            set_up: self.set_up.clone(),
            tear_down: self.tear_down.clone(),
        }))
    }
}

/// What tells one user of an API from another, besides the authority.
struct Identities<'a> {
    headers: &'a HeaderMap,
    settings: &'a ReqwestSettings,
}

impl Identities<'_> {
    fn with(&self, authority: Option<&Authority>) -> Option<[u8; 32]> {
        let authority = authority.map(Authority::identity);
        let certificate = self.settings.client_identity.as_ref();
        let secret = || self.headers.iter().filter(|(_, value)| value.is_sensitive());
        if authority.is_none() && certificate.is_none() && secret().next().is_none() {
            return None;
        }
        let identity = Identity::of("resource")
            .with(authority.as_ref().map_or(&[][..], |identity| identity))
            .with(certificate.map_or("", Secret::expose))
            .with_all(
                secret().flat_map(|(name, value)| [name.as_str().as_bytes(), value.as_bytes()]),
            );
        Some(identity.done())
    }
}

/// What was read so far, and what is wrong.
struct Reading {
    faults: Vec<ResourceFault>,
    secrets: Secrets,
}

impl Reading {
    /// Reads a secret, and remembers it for scrubbing.
    fn secret(&mut self, field: impl Into<String>, source: &SecretSource) -> Option<Secret> {
        match source.read() {
            Ok(secret) => {
                self.secrets.insert(secret.clone());
                Some(secret)
            }
            Err(source) => {
                self.faults.push(ResourceFault::Secret { field: field.into(), source });
                None
            }
        }
    }

    fn header(&mut self, field: impl Into<String>, text: &str) -> Option<HeaderValue> {
        let value = HeaderValue::from_str(text);
        if value.is_err() {
            self.faults.push(ResourceFault::Header { field: field.into() });
        }
        value.ok()
    }

    /// A shared transport does not know the user agent, so it becomes a header.
    fn headers(&mut self, resource: &Resource, shares: bool) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, source) in &resource.headers {
            let field = format!("headers.{name}");
            let value = match source {
                HeaderSource::Plain(text) => self.header(field, text),
                HeaderSource::Secret(source) => {
                    let secret = self.secret(field.as_str(), source);
                    secret.and_then(|secret| self.header(field, secret.expose())).map(
                        |mut value| {
                            value.set_sensitive(true);
                            value
                        },
                    )
                }
            };
            if let Some(value) = value {
                headers.append(name, value);
            }
        }
        if let Some(text) = &resource.user_agent
            && let Some(value) = self.header("user_agent", text)
            && shares
        {
            headers.entry(USER_AGENT).or_insert(value);
        }
        headers
    }

    fn settings(&mut self, resource: &Resource) -> ReqwestSettings {
        let mut root_certificates = Vec::with_capacity(resource.root_certificates.len());
        for path in &resource.root_certificates {
            match fs::read(path) {
                Ok(pem) => root_certificates.push(pem),
                Err(source) => {
                    self.faults.push(ResourceFault::File { path: path.clone(), source });
                }
            }
        }
        let plain = ReqwestSettings::default();
        let certificate = resource.client_certificate.as_ref();
        ReqwestSettings {
            proxy: resource.proxy.as_ref().and_then(|proxy| self.proxy(proxy)),
            root_certificates,
            client_identity: certificate
                .and_then(|source| self.secret("client_certificate", source)),
            user_agent: resource.user_agent.clone().unwrap_or(plain.user_agent),
            ..plain
        }
    }

    /// The url of a proxy with its credentials as user info, percent-encoded throughout, so that a
    /// password may hold `%`, `@`, and `/`.
    fn proxy(&mut self, proxy: &Proxy) -> Option<Url> {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut url = proxy.url.clone();
        self.user_info(&url);
        let password = match &proxy.password {
            None => None,
            Some(source) => Some(self.secret("proxy.password", source)?),
        };
        // The setters fail for urls without a host alone, and those are no proxies: making the
        // transport says so.
        match (&proxy.username, password) {
            (None, None) => {}
            (None, Some(_)) => {
                let why = "is missing: a password is that of a user";
                self.faults.push(ResourceFault::ProxyUser(why));
            }
            (Some(username), _) if username.contains(':') => {
                let why = "holds a colon, which basic authorization takes for its end";
                self.faults.push(ResourceFault::ProxyUser(why));
            }
            (Some(username), password) => {
                let password = password.map(|password| encode(password.expose()));
                let _ = url.set_username(&encode(username));
                let _ = url.set_password(password.as_deref());
            }
        }
        Some(url)
    }

    /// Remembers the password that stands in a url.
    fn user_info(&mut self, url: &Url) {
        if let Some(password) = url.password() {
            let password = percent_decode_str(password).decode_utf8_lossy();
            self.secrets.insert(Secret::new(password));
        }
    }

    fn pick(&mut self, name: &str, pick: &Pick) {
        match pick {
            Pick::Body(pointer) if !pointer.is_empty() && !pointer.starts_with('/') => {
                let (name, pointer) = (name.to_owned(), pointer.clone());
                self.faults.push(ResourceFault::Pointer { name, pointer });
            }
            Pick::Body(_) | Pick::Header(_) => {}
        }
    }

    /// A transport of its own, unless there is a fault already: then it would not be used.
    fn transport(
        &mut self,
        resource: &Resource,
        settings: &ReqwestSettings,
    ) -> Option<Arc<dyn Transport>> {
        if !self.faults.is_empty() {
            return None;
        }
        match ReqwestTransport::with(settings) {
            Ok(transport) => Some(Arc::new(transport)),
            Err(error) => {
                self.faults.push(culprit(resource, settings, error));
                None
            }
        }
    }

    /// Without a transport it is opened all the same, for the sake of what is wrong with it.
    fn authority(
        &mut self,
        resource: &Resource,
        transport: Option<&Arc<dyn Transport>>,
    ) -> Option<Authority> {
        let auth = resource.auth.as_ref()?;
        let transport = match transport {
            Some(transport) => transport.clone(),
            None => Arc::new(MemoryTransport::sequence([])),
        };
        let longest = resource.timeout.unwrap_or(Duration::MAX);
        match Authority::open_within(auth, transport, longest) {
            Ok(authority) => {
                self.secrets.merge(&authority.secrets());
                Some(authority)
            }
            Err(error) => {
                self.faults.push(ResourceFault::Auth(error));
                None
            }
        }
    }
}

/// Names the file, if one of the root certificates keeps the transport from being made.
fn culprit(
    resource: &Resource,
    settings: &ReqwestSettings,
    error: TransportError,
) -> ResourceFault {
    for (path, pem) in resource.root_certificates.iter().zip(&settings.root_certificates) {
        let alone =
            ReqwestSettings { root_certificates: vec![pem.clone()], ..ReqwestSettings::default() };
        if let Err(source) = ReqwestTransport::with(&alone) {
            return ResourceFault::Certificate { path: path.clone(), source };
        }
    }
    ResourceFault::Transport(error)
}
