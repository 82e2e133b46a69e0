//! Signed JWTs, verified by a server that knows only the public half of the key.

use std::{
    sync::{Arc, LazyLock, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    encoding::AsDer,
    hmac,
    rsa::KeySize,
    signature::{
        self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair, RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use fsm_http::{
    MemoryTransport, Reply,
    auth::{Auth, Authority, Jwt, JwtAlgorithm},
    secret::Secret,
};
use serde_json::{Value, json};

use crate::server::{Server, answer, json, open, perform};

/// A private key in DER as PEM.
fn pem(label: &str, der: &[u8]) -> Secret {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    let begin = format!("-----BEGIN {label}-----");
    Secret::new(format!("{begin}\n{}\n-----END {label}-----\n", lines.join("\n")))
}

/// A key for an algorithm, its public half, and how to verify with it.
struct Key {
    algorithm: JwtAlgorithm,
    private: Secret,
    public: Vec<u8>,
    verification: &'static dyn VerificationAlgorithm,
}

/// Made once: to find the primes of a key takes a while.
static KEYS: LazyLock<Vec<Key>> = LazyLock::new(keys);

fn keys() -> Vec<Key> {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let rsa_public = rsa.public_key().as_ref().to_vec();
    let rsa_der = rsa.as_der().expect("PKCS#8").as_ref().to_vec();
    // In PKCS#8 the key in PKCS#1 is what follows the 26 bytes of the frame.
    let rsa_pkcs1 = pem("RSA PRIVATE KEY", &rsa_der[26..]);
    let rsa_pkcs8 = pem("PRIVATE KEY", &rsa_der);
    let mut keys = Vec::new();
    let sorts: [(_, &'static dyn VerificationAlgorithm); 6] = [
        (JwtAlgorithm::Rs256, &signature::RSA_PKCS1_2048_8192_SHA256),
        (JwtAlgorithm::Rs384, &signature::RSA_PKCS1_2048_8192_SHA384),
        (JwtAlgorithm::Rs512, &signature::RSA_PKCS1_2048_8192_SHA512),
        (JwtAlgorithm::Ps256, &signature::RSA_PSS_2048_8192_SHA256),
        (JwtAlgorithm::Ps384, &signature::RSA_PSS_2048_8192_SHA384),
        (JwtAlgorithm::Ps512, &signature::RSA_PSS_2048_8192_SHA512),
    ];
    for (algorithm, verification) in sorts {
        for private in [rsa_pkcs8.clone(), rsa_pkcs1.clone()] {
            keys.push(Key { algorithm, private, public: rsa_public.clone(), verification });
        }
    }
    let curves: [(_, _, &'static dyn VerificationAlgorithm); 2] = [
        (
            JwtAlgorithm::Es256,
            &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            &ECDSA_P256_SHA256_FIXED,
        ),
        (
            JwtAlgorithm::Es384,
            &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            &ECDSA_P384_SHA384_FIXED,
        ),
    ];
    for (algorithm, signing, verification) in curves {
        let pair = EcdsaKeyPair::generate(signing).expect("a key");
        let public = pair.public_key().as_ref().to_vec();
        let pkcs8 = pem("PRIVATE KEY", pair.to_pkcs8v1().expect("PKCS#8").as_ref());
        let sec1 = pair.private_key().as_der().expect("SEC1").as_ref().to_vec();
        for private in [pkcs8, pem("EC PRIVATE KEY", &sec1)] {
            keys.push(Key { algorithm, private, public: public.clone(), verification });
        }
    }
    let pair = Ed25519KeyPair::generate().expect("a key");
    let public = pair.public_key().as_ref().to_vec();
    for der in [pair.to_pkcs8().expect("version 2"), pair.to_pkcs8v1().expect("version 1")] {
        let private = pem("PRIVATE KEY", der.as_ref());
        let algorithm = JwtAlgorithm::EdDsa;
        keys.push(Key { algorithm, private, public: public.clone(), verification: &ED25519 });
    }
    keys
}

/// The parts of a JWT: what was signed, header, claims, and signature.
fn parts(token: &str) -> (&str, Value, Value, Vec<u8>) {
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64");
    let (message, signature) = token.rsplit_once('.').expect("a signature");
    let (header, claims) = message.split_once('.').expect("a header");
    let parse = |part| serde_json::from_slice(&decode(part)).expect("JSON");
    (message, parse(header), parse(claims), decode(signature))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// The JWT that calls carry.
async fn bearer(jwt: Jwt) -> String {
    let authority = open(&Auth::Jwt(jwt));
    let credentials = authority.credentials().await.expect("a JWT");
    let mut call = fsm_http::Call::new(http::Method::GET, "http://a.test/".parse().expect("a url"));
    credentials.apply(&mut call);
    let value = call.headers["authorization"].to_str().expect("a text");
    value.strip_prefix("Bearer ").expect("a bearer token").to_owned()
}

fn refusal(jwt: Jwt) -> String {
    let transport = Arc::new(MemoryTransport::sequence([]));
    Authority::open(&Auth::Jwt(jwt), transport).expect_err("not sound").to_string()
}

#[tokio::test]
async fn every_algorithm_with_a_key_pair_is_verified_with_the_public_half() {
    for key in &*KEYS {
        let token = bearer(Jwt::new(key.algorithm, key.private.clone().into())).await;
        let (message, header, _, signature) = parts(&token);
        assert_eq!(header, json!({"alg": key.algorithm.as_str(), "typ": "JWT"}));
        let verified = UnparsedPublicKey::new(key.verification, &key.public)
            .verify(message.as_bytes(), &signature);
        assert!(verified.is_ok(), "{}", key.algorithm);
    }
}

#[tokio::test]
async fn every_algorithm_with_a_shared_secret_is_verified_with_it() {
    let sorts = [
        (JwtAlgorithm::Hs256, hmac::HMAC_SHA256, 32),
        (JwtAlgorithm::Hs384, hmac::HMAC_SHA384, 48),
        (JwtAlgorithm::Hs512, hmac::HMAC_SHA512, 64),
    ];
    for (algorithm, sort, length) in sorts {
        let token = bearer(Jwt::new(algorithm, Secret::new("hunter2ü").into())).await;
        let (message, header, _, signature) = parts(&token);
        assert_eq!((header["alg"].as_str(), signature.len()), (Some(algorithm.as_str()), length));
        let key = hmac::Key::new(sort, "hunter2ü".as_bytes());
        assert!(hmac::verify(&key, message.as_bytes(), &signature).is_ok(), "{algorithm}");
    }
}

#[tokio::test]
async fn the_signature_is_that_of_the_standard() {
    // RFC 8037, appendix A: an Ed25519 signature is the same each time, so that of the example's
    // private key over any message is known; here its public half verifies ours.
    let seed = BASE64_URL_SAFE_NO_PAD
        .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
        .expect("base64");
    let frame = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let key = pem("PRIVATE KEY", &[&frame[..], &seed].concat());
    let public = BASE64_URL_SAFE_NO_PAD
        .decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
        .expect("base64");
    let token = bearer(Jwt::new(JwtAlgorithm::EdDsa, key.into())).await;
    let (message, _, _, signature) = parts(&token);
    let verified = UnparsedPublicKey::new(&ED25519, &public).verify(message.as_bytes(), &signature);
    assert!(verified.is_ok());
}

#[tokio::test]
async fn the_claims_are_those_declared_and_the_times_are_right() {
    let mut jwt = Jwt::new(JwtAlgorithm::Hs256, Secret::new("hunter2").into());
    jwt.key_id = Some("key-1".into());
    jwt.issuer = Some("shop".into());
    jwt.subject = Some("ann".into());
    jwt.audience = Some("https://api.example/".into());
    jwt.scope = vec!["read".into(), "write".into()];
    jwt.claims.insert("tenant".into(), json!({"id": 7}));
    let before = now();
    let token = bearer(jwt).await;
    let (_, header, mut claims, _) = parts(&token);
    assert_eq!(header, json!({"alg": "HS256", "typ": "JWT", "kid": "key-1"}));
    let (iat, exp) = (claims["iat"].as_u64().expect("a time"), claims["exp"].as_u64());
    assert!((before..=now()).contains(&iat), "{iat}");
    assert_eq!(exp, Some(iat + 300), "{claims}");
    for time in ["iat", "exp"] {
        claims.as_object_mut().expect("an object").remove(time);
    }
    let expected = json!({
        "iss": "shop", "sub": "ann", "aud": "https://api.example/", "scope": "read write",
        "tenant": {"id": 7},
    });
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn a_jwt_is_exchanged_for_the_token_of_a_server_that_verifies_it() {
    let key = KEYS.iter().find(|key| key.algorithm == JwtAlgorithm::Rs256).expect("a key");
    let audience = Arc::new(Mutex::new(String::new()));
    let (expected, public) = (audience.clone(), key.public.clone());
    let server = Server::start(move |request| {
        if request.target != "/token" {
            return answer("200 OK\r\ncontent-type: text/plain", request.header("authorization"));
        }
        let form = request.form();
        let (message, _, claims, signature) = parts(&form["assertion"]);
        let key = UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, &public);
        let is_right = key.verify(message.as_bytes(), &signature).is_ok()
            && form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
            && form["scope"] == "read"
            && claims["scope"] == "read"
            && claims["iss"] == "shop"
            && claims["aud"] == *expected.lock().expect("no panic")
            && claims["exp"].as_u64() > Some(now());
        if is_right { json(&json!({"access_token": "abc-1"})) } else { answer("400 No", "") }
    })
    .await;
    let token_url = server.url("/token");
    *audience.lock().expect("no panic") = token_url.to_string();
    let mut jwt = Jwt::new(JwtAlgorithm::Rs256, key.private.clone().into());
    jwt.issuer = Some("shop".into());
    jwt.scope = vec!["read".into()];
    jwt.token_url = Some(token_url);
    let authority = open(&Auth::Jwt(jwt));
    for _ in 0..2 {
        let got = perform(&authority, server.call("/api")).await;
        assert_eq!(got.as_deref(), Ok("Bearer abc-1"), "{:?}", server.requests());
    }
    let credentials = authority.credentials().await.expect("the same");
    authority.renew(&credentials).await.expect("by another JWT");
    assert_eq!(server.count("/token"), 2);
}

#[tokio::test]
async fn a_jwt_says_that_it_is_valid_for_exactly_its_lifetime_in_whole_seconds() {
    for (milliseconds, seconds) in [(1_000, 1), (120_000, 120), (1_500, 2), (1_001, 2)] {
        let mut jwt = Jwt::new(JwtAlgorithm::Hs256, Secret::new("hunter2").into());
        jwt.lifetime = Duration::from_millis(milliseconds);
        let (_, _, claims, _) = parts(&bearer(jwt).await);
        let time = |name: &str| claims[name].as_u64().expect("a time");
        assert_eq!(time("exp") - time("iat"), seconds, "{milliseconds} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_jwt_is_signed_anew_before_it_expires() {
    let mut jwt = Jwt::new(JwtAlgorithm::Hs256, Secret::new("hunter2").into());
    jwt.lifetime = Duration::from_secs(100);
    let authority = open(&Auth::Jwt(jwt));
    assert!(authority.is_renewable());
    let first = authority.credentials().await.expect("a JWT");
    // Less than 90 seconds by the part of a second that had passed when it was signed.
    tokio::time::advance(Duration::from_secs(89)).await;
    assert!(authority.ready().expect("still good") == first);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(authority.ready().is_none());
    assert!(authority.credentials().await.expect("another") != first);
}

#[tokio::test]
async fn a_server_that_quotes_the_assertion_does_not_bring_it_into_the_error() {
    let transport = Arc::new(MemoryTransport::replying(|request| {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        Reply::status(400).header("content-type", "text/plain").body(body)
    }));
    let mut jwt = Jwt::new(JwtAlgorithm::Hs256, Secret::new("hunter2").into());
    jwt.token_url = Some("http://a.test/token".parse().expect("a url"));
    let authority = Authority::open(&Auth::Jwt(jwt), transport).expect("sound");
    let error = authority.credentials().await.expect_err("400");
    assert!(error.message.ends_with("assertion=[redacted]"), "{error}");
}

#[test]
fn a_key_that_does_not_fit_is_refused_without_being_quoted() {
    let private = |algorithm: JwtAlgorithm| {
        let key = KEYS.iter().find(|key| key.algorithm == algorithm).expect("a key");
        key.private.clone()
    };
    let no_pem = "it is no private key in PEM, which begins with `-----BEGIN PRIVATE KEY-----` or the like; one that is locked with a passphrase can't be read";
    let half = {
        let text = private(JwtAlgorithm::Rs256).expose().to_owned();
        Secret::new(text.replace("END PRIVATE", "END HALF"))
    };
    let table = [
        (JwtAlgorithm::Rs256, Secret::new("hunter2"), no_pem),
        (JwtAlgorithm::Es256, Secret::new("hunter2"), no_pem),
        (JwtAlgorithm::EdDsa, Secret::new("hunter2"), no_pem),
        (JwtAlgorithm::Rs256, half, no_pem),
        (JwtAlgorithm::Rs256, pem("PUBLIC KEY", b"hunter2"), no_pem),
        (JwtAlgorithm::Rs256, pem("EC PRIVATE KEY", b"hunter2"), "it is no RSA key"),
        (
            JwtAlgorithm::Es256,
            pem("RSA PRIVATE KEY", b"hunter2"),
            "it is no key of an elliptic curve",
        ),
        (JwtAlgorithm::EdDsa, pem("RSA PRIVATE KEY", b"hunter2"), "it is no Ed25519 key in PKCS#8"),
    ];
    for (algorithm, key, why) in table {
        let shown = refusal(Jwt::new(algorithm, key.into()));
        assert_eq!(shown, format!("the key of the JWT can't sign with {algorithm}: {why}"));
    }
    for (algorithm, other) in [
        (JwtAlgorithm::Ps512, JwtAlgorithm::Es256),
        (JwtAlgorithm::Es256, JwtAlgorithm::Es384),
        (JwtAlgorithm::Es384, JwtAlgorithm::Rs256),
        (JwtAlgorithm::EdDsa, JwtAlgorithm::Es256),
    ] {
        let shown = refusal(Jwt::new(algorithm, private(other).into()));
        let begin = format!("the key of the JWT can't sign with {algorithm}: as a key for ");
        assert!(shown.starts_with(&begin) && shown.len() < begin.len() + 50, "{shown}");
    }
}

#[test]
fn a_declaration_that_can_not_work_is_refused_at_once() {
    let refusal = |change: fn(&mut Jwt)| {
        let mut jwt = Jwt::new(JwtAlgorithm::Hs256, Secret::new("hunter2").into());
        change(&mut jwt);
        refusal(jwt)
    };
    let twice = |name: &str, field: &str| {
        format!(
            "the claim `{name}` is set by the field `{field}` and can't stand in `claims` besides"
        )
    };
    assert_eq!(
        refusal(|it| it.lifetime = Duration::ZERO),
        "a lifetime of a JWT is one second at least"
    );
    assert_eq!(
        refusal(|it| {
            it.claims.insert("exp".into(), json!(1));
        }),
        twice("exp", "lifetime")
    );
    assert_eq!(
        refusal(|it| {
            it.issuer = Some("shop".into());
            it.claims.insert("iss".into(), json!("other"));
        }),
        twice("iss", "issuer")
    );
    assert_eq!(
        refusal(|it| it.token_url = Some("file:///token".parse().expect("a url"))),
        "token_url `file:…` can't be called: only http and https urls can"
    );
}

#[test]
fn algorithms_are_known_by_their_names_in_any_case() {
    for algorithm in JwtAlgorithm::ALL {
        assert_eq!(algorithm.as_str().parse::<JwtAlgorithm>().expect("its name"), algorithm);
        assert!(algorithm.as_str().to_lowercase().parse::<JwtAlgorithm>().is_ok());
    }
    let error = "none".parse::<JwtAlgorithm>().expect_err("no algorithm");
    assert!(error.to_string().starts_with("`none` is no algorithm for a JWT"), "{error}");
}
