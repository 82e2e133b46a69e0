//! What can be chosen about the network: proxy, certificates, the life of idle connections.

use std::{fmt, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::{redact::ShownUrl, secret::Secret};

/// How long an idle connection is kept. Widespread servers close theirs after five seconds; a
/// request on a connection that the server is just closing is lost, and a lost POST is a riddle.
const IDLE: Duration = Duration::from_secs(4);

/// What can be chosen about a [`ReqwestTransport`](crate::ReqwestTransport).
#[derive(Clone, PartialEq, Eq)]
pub struct ReqwestSettings {
    /// The proxy for all requests, `http` or `https`; by default none, whatever the environment
    /// says. User name and password in its url, percent-encoded, are sent to the proxy as basic
    /// authorization and to nobody else.
    pub proxy: Option<Url>,
    /// More root certificates, in PEM, besides those of the system.
    pub root_certificates: Vec<Vec<u8>>,
    /// Who we are for a server that asks for a certificate: the chain, our own certificate first,
    /// and its private key (PKCS #8, PKCS #1, or SEC 1), in PEM. None by default.
    pub client_identity: Option<Secret>,
    /// How long an idle connection is kept for the next request; 4 s by default. Keep it below the
    /// time after which the server closes its side.
    pub pool_idle: Duration,
    /// The `User-Agent` of calls that declare none; by default this crate's name and version.
    pub user_agent: String,
}

impl Default for ReqwestSettings {
    fn default() -> Self {
        Self {
            proxy: None,
            root_certificates: Vec::new(),
            client_identity: None,
            pool_idle: IDLE,
            user_agent: concat!("fsm-http/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl fmt::Debug for ReqwestSettings {
    /// Shows no key, no user name, and no password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestSettings")
            .field("proxy", &self.proxy.as_ref().map(|url| ShownUrl(url).to_string()))
            .field("root_certificates", &self.root_certificates.len())
            .field("client_identity", &self.client_identity)
            .field("pool_idle", &self.pool_idle)
            .field("user_agent", &self.user_agent)
            .finish()
    }
}

/// The url of a proxy without its user info, and that as the value of `Proxy-Authorization`
/// (RFC 7617).
pub(super) fn without_credentials(proxy: &Url) -> (Url, Option<HeaderValue>) {
    let mut bare = proxy.clone();
    // Both only fail for urls that have no host, and such a url has no user info.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    if bare == *proxy {
        return (bare, None);
    }
    let mut credentials: Vec<u8> = percent_decode_str(proxy.username()).collect();
    credentials.push(b':');
    credentials.extend(percent_decode_str(proxy.password().unwrap_or("")));
    let encoded = format!("Basic {}", BASE64_STANDARD.encode(credentials));
    let mut value = HeaderValue::from_str(&encoded).expect("base64 is made of visible ASCII");
    value.set_sensitive(true);
    (bare, Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_which_settings_there_are_and_no_secret() {
        let settings = ReqwestSettings {
            proxy: Some(Url::parse("http://ada:hunter2@proxy.test:3128/").expect("a url")),
            client_identity: Some(Secret::new("hunter2")),
            root_certificates: vec![b"hunter2".to_vec()],
            ..ReqwestSettings::default()
        };
        let shown = format!("{settings:?}");
        assert!(shown.contains("proxy.test:3128") && shown.contains("[redacted]"), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("ada"), "{shown}");
    }

    #[test]
    fn the_credentials_of_a_proxy_are_decoded_and_taken_out_of_its_url() {
        let url = Url::parse("http://me:p%40w%25@proxy.test:3128/").expect("a url");
        let (bare, value) = without_credentials(&url);
        assert_eq!(bare.as_str(), "http://proxy.test:3128/");
        let value = value.expect("there are some");
        assert_eq!(value, format!("Basic {}", BASE64_STANDARD.encode("me:p@w%")));
        assert!(value.is_sensitive());
        assert_eq!(without_credentials(&bare), (bare, None));
    }
}
