//! Keys that sign JWTs (RFC 7518 and RFC 8037).
//!
//! The cryptography is that of aws-lc-rs, which TLS brings along, and the PEM reader that of rustls:
//! a library for JWTs would add fifteen crates for the three lines around a signature.

use aws_lc_rs::{
    error::KeyRejected,
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
        RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
    },
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};

use super::{error::AuthError, jwt::JwtAlgorithm};
use crate::secret::Secret;

/// A key that is ready to sign.
pub(super) enum SigningKey {
    Hmac(Box<hmac::Key>),
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ecdsa(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl SigningKey {
    /// Reads a key.
    ///
    /// # Errors
    ///
    /// [`AuthError::Key`] where it is no PEM, of another kind than the algorithm asks for, or unfit.
    pub(super) fn read(algorithm: JwtAlgorithm, key: &Secret) -> Result<Self, AuthError> {
        let hmac = |sort| Ok(Self::Hmac(Box::new(hmac::Key::new(sort, key.expose().as_bytes()))));
        let rsa = |encoding: &'static dyn RsaEncoding| {
            Ok(Self::Rsa(Box::new(rsa(&pem(key)?)?), encoding))
        };
        let read = match algorithm {
            JwtAlgorithm::Hs256 => hmac(hmac::HMAC_SHA256),
            JwtAlgorithm::Hs384 => hmac(hmac::HMAC_SHA384),
            JwtAlgorithm::Hs512 => hmac(hmac::HMAC_SHA512),
            JwtAlgorithm::Rs256 => rsa(&RSA_PKCS1_SHA256),
            JwtAlgorithm::Rs384 => rsa(&RSA_PKCS1_SHA384),
            JwtAlgorithm::Rs512 => rsa(&RSA_PKCS1_SHA512),
            JwtAlgorithm::Ps256 => rsa(&RSA_PSS_SHA256),
            JwtAlgorithm::Ps384 => rsa(&RSA_PSS_SHA384),
            JwtAlgorithm::Ps512 => rsa(&RSA_PSS_SHA512),
            JwtAlgorithm::Es256 => ecdsa(key, &ECDSA_P256_SHA256_FIXED_SIGNING),
            JwtAlgorithm::Es384 => ecdsa(key, &ECDSA_P384_SHA384_FIXED_SIGNING),
            JwtAlgorithm::EdDsa => ed25519(key),
        };
        read.map_err(|why| AuthError::Key { algorithm: algorithm.as_str(), why })
    }

    /// The signature in the form that JWS asks for; `None` if the key turns out to be unable to.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Hmac(key) => Some(hmac::sign(key, message).as_ref().to_vec()),
            Self::Rsa(key, encoding) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(*encoding, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
            Self::Ecdsa(key) => {
                Some(key.sign(&SystemRandom::new(), message).ok()?.as_ref().to_vec())
            }
            Self::Ed25519(key) => Some(key.try_sign(message).ok()?.as_ref().to_vec()),
        }
    }
}

fn pem(key: &Secret) -> Result<PrivateKeyDer<'static>, String> {
    // What the reader says may quote the key, so it is left out.
    PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| {
        "it is no private key in PEM, which begins with `-----BEGIN PRIVATE KEY-----` or the like; \
         one that is locked with a passphrase can't be read"
            .to_owned()
    })
}

fn rsa(der: &PrivateKeyDer<'_>) -> Result<RsaKeyPair, String> {
    match der {
        PrivateKeyDer::Pkcs1(der) => {
            RsaKeyPair::from_der(der.secret_pkcs1_der()).map_err(|why| rejected("RSA", &why))
        }
        PrivateKeyDer::Pkcs8(der) => {
            RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|why| rejected("RSA", &why))
        }
        _ => Err("it is no RSA key".to_owned()),
    }
}

fn ecdsa(key: &Secret, algorithm: &'static EcdsaSigningAlgorithm) -> Result<SigningKey, String> {
    let pair = match pem(key)? {
        PrivateKeyDer::Sec1(der) => {
            EcdsaKeyPair::from_private_key_der(algorithm, der.secret_sec1_der())
        }
        PrivateKeyDer::Pkcs8(der) => EcdsaKeyPair::from_pkcs8(algorithm, der.secret_pkcs8_der()),
        _ => return Err("it is no key of an elliptic curve".to_owned()),
    };
    let pair = pair.map_err(|why| rejected("elliptic curve", &why))?;
    Ok(SigningKey::Ecdsa(Box::new(pair)))
}

fn ed25519(key: &Secret) -> Result<SigningKey, String> {
    let PrivateKeyDer::Pkcs8(der) = pem(key)? else {
        return Err("it is no Ed25519 key in PKCS#8".to_owned());
    };
    // Tools such as openssl write such keys without the public half.
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der())
        .map_err(|why| rejected("Ed25519", &why))?;
    Ok(SigningKey::Ed25519(Box::new(pair)))
}

/// The reasons of aws-lc-rs are single words, as `TooSmall`, and hold nothing of the key.
fn rejected(sort: &str, why: &KeyRejected) -> String {
    format!("as a key for {sort} it was rejected ({why})")
}
