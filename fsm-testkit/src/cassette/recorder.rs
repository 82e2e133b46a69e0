//! A cassette in the deck: recorded or played, as its mode says.

use std::path::PathBuf;
use std::sync::Arc;

use fsm_http::ReqwestTransport;
use url::Url;

use super::error::CassetteError;
use super::mode::Mode;
use super::proxy::Proxy;
use super::redaction::Redaction;
use super::{replay, store};
use crate::conversation::ScriptedApi;
use crate::conversation::secrets::SecretNames;
use crate::conversation::wire::Server;

/// A cassette that is about to be recorded or played.
#[derive(Clone, Debug)]
#[must_use = "a cassette does nothing until it is started"]
pub struct Cassette {
    path: PathBuf,
    upstream: String,
    mode: Option<Mode>,
    secrets: SecretNames,
    headers: Vec<String>,
}

impl Cassette {
    /// The cassette at `path`, of conversations with the API at `upstream`, a url without query.
    /// Whether it is recorded or played is asked of the [environment](Mode::from_env).
    pub fn open(path: impl Into<PathBuf>, upstream: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            upstream: upstream.into(),
            mode: None,
            secrets: SecretNames::default(),
            headers: Vec::new(),
        }
    }

    /// The same, and it is recorded in any case.
    pub fn record(path: impl Into<PathBuf>, upstream: impl Into<String>) -> Self {
        Self::open(path, upstream).mode(Mode::Record)
    }

    /// Recorded or played like this, whatever the environment says.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Headers, parameters, fields, and members in JSON of this name are secret, too. Case, `-`, and
    /// `_` make no difference.
    pub fn secret(mut self, name: &str) -> Self {
        self.secrets.insert(name);
        self
    }

    /// This header of requests is recorded, and so has to come again with the same value. By default
    /// `Content-Type` is, and of `Idempotency-Key` and secret ones that they were there.
    pub fn header(mut self, name: impl Into<String>) -> Self {
        self.headers.push(name.into().to_ascii_lowercase());
        self
    }

    /// Puts it into the deck, on the tokio runtime of the caller.
    ///
    /// # Errors
    /// A [`CassetteError`] where it can neither be recorded nor played.
    pub async fn start(self) -> Result<Deck, CassetteError> {
        let mode = match self.mode {
            Some(mode) => mode,
            None => Mode::from_env()?,
        };
        let plays = match mode {
            Mode::Replay => true,
            Mode::Once => self.path.exists(),
            Mode::Record => false,
        };
        let Self { path, upstream, secrets, headers, .. } = self;
        if plays {
            let script = replay::script(replay::read(&path)?).hiding(secrets);
            return Ok(Deck { path, state: State::Playing(script.start().await?) });
        }
        let known = Url::parse(&upstream).ok().filter(|url| {
            let bare = url.username().is_empty() && url.password().is_none();
            matches!(url.scheme(), "http" | "https")
                && bare
                && url.query().is_none()
                && url.fragment().is_none()
        });
        let Some(url) = known else { return Err(CassetteError::Upstream { url: upstream }) };
        let client = ReqwestTransport::new()
            .map_err(|error| CassetteError::Client { why: error.to_string() })?;
        let proxy = Arc::new(Proxy::new(url.as_str().trim_end_matches('/'), client));
        let server = Server::bind(proxy.clone()).await?;
        let redaction = Redaction::new(secrets, headers);
        Ok(Deck { path, state: State::Recording(Box::new(Recording { server, proxy, redaction })) })
    }
}

/// A cassette that is being recorded or played. Calls go to its [`url`](Self::url).
///
/// Dropping one that is recorded writes nothing: a test that fails leaves no cassette. Dropping one
/// that is played panics where the conversation went wrong, as a [`ScriptedApi`] does.
#[derive(Debug)]
#[must_use = "a cassette is written, and what was played is judged, by `finish`"]
pub struct Deck {
    path: PathBuf,
    state: State,
}

#[derive(Debug)]
enum State {
    Recording(Box<Recording>),
    Playing(ScriptedApi),
}

#[derive(Debug)]
struct Recording {
    server: Server,
    proxy: Arc<Proxy>,
    redaction: Redaction,
}

impl Deck {
    /// Where to call: `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        match &self.state {
            State::Recording(recording) => recording.server.url(),
            State::Playing(api) => api.url(),
        }
    }

    /// True if it is being recorded, false if it is being played.
    pub fn is_recording(&self) -> bool {
        matches!(self.state, State::Recording(_))
    }

    /// Ends the conversation. What was recorded is written, and what was played is judged.
    ///
    /// # Errors
    /// [`CassetteError::WentWrong`] with the report, where it was played. Where it was recorded,
    /// [`CassetteError::Exchange`] if the real API could not be reached, an answer is still under
    /// way, or a body can't be searched for secrets, and [`CassetteError::Write`]; then the file that
    /// was there before still is.
    pub async fn finish(self) -> Result<(), CassetteError> {
        let Self { path, state } = self;
        match state {
            State::Playing(api) => {
                api.finish().await.map_err(|source| CassetteError::WentWrong { path, source })
            }
            State::Recording(recording) => {
                let Recording { mut server, proxy, redaction } = *recording;
                let url = server.url();
                server.stop().await;
                let document = redaction.document(proxy.taken()?, &[proxy.upstream(), &url])?;
                store::write(&path, &document)
            }
        }
    }
}
