//! An https server on loopback, with certificates made for the test.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, date_time_ymd,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
        server::WebPkiClientVerifier,
    },
};

/// An authority that signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A signed certificate with its key.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    key: KeyPair,
    pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, "An authority for tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Its certificate, in PEM.
    pub(crate) fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }

    /// A server's certificate for a name or an address.
    pub(crate) fn server(&self, name: &str) -> Identity {
        self.sign(name, |_| ())
    }

    /// One that was good until the end of 2001.
    pub(crate) fn expired_server(&self, name: &str) -> Identity {
        self.sign(name, |params| {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2001, 12, 31);
        })
    }

    /// A client's certificate.
    pub(crate) fn client(&self, name: &str) -> Identity {
        self.sign(name, |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        })
    }

    fn sign(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&key, &self.0).expect("a certificate");
        Identity { certificate: signed.der().clone(), pem: signed.pem(), key }
    }
}

impl Identity {
    /// Certificate and key, in PEM.
    pub(crate) fn pem(&self) -> String {
        format!("{}{}", self.pem, self.key.serialize_pem())
    }

    /// The certificate alone.
    pub(crate) fn certificate_pem(&self) -> &str {
        &self.pem
    }
}

/// Starts a server that says `hello` over TLS, and asks clients for a certificate of `clients`
/// where one is given. Returns its port.
pub(crate) async fn start(identity: Identity, clients: Option<&Authority>) -> u16 {
    let acceptor = acceptor(identity, clients);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(say_hello(acceptor.clone(), stream));
        }
    });
    port
}

/// When requests came, in the order in which they did. Locked only to push and to copy.
pub(crate) type Arrivals = Arc<Mutex<Vec<Instant>>>;

/// Starts a server as [`start`] does, which begins with the handshake only after a `pause`, and notes
/// when requests come in.
pub(crate) async fn start_slow(identity: Identity, pause: Duration) -> (u16, Arrivals) {
    let (acceptor, arrivals) = (acceptor(identity, None), Arrivals::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let noted = arrivals.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, noted) = (acceptor.clone(), noted.clone());
            tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                let mut tls = acceptor.accept(stream).await.expect("a client that trusts us");
                while tls.read(&mut [0; 4096]).await.is_ok_and(|length| length > 0) {
                    noted.lock().expect("no panic").push(Instant::now());
                    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                    if tls.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (port, arrivals)
}

fn acceptor(identity: Identity, clients: Option<&Authority>) -> TlsAcceptor {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("known versions");
    let config = match clients {
        None => config.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.0.der().clone()).expect("a certificate");
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            config.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
    };
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key.serialize_der()));
    let config = config.with_single_cert(vec![identity.certificate], key).expect("a certificate");
    TlsAcceptor::from(Arc::new(config))
}

async fn say_hello(acceptor: TlsAcceptor, mut stream: TcpStream) {
    // A client that is refused is what some tests are about. What it sent already is read, so that
    // closing does not overtake the alert.
    let mut tls = match acceptor.accept(&mut stream).await {
        Ok(tls) => tls,
        Err(_refused) => {
            let mut rest = Vec::new();
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut rest).await;
            return;
        }
    };
    let mut request = [0; 4096];
    let _ = tls.read(&mut request).await;
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello";
    let _ = tls.write_all(answer.as_bytes()).await;
    let _ = tls.shutdown().await;
}
