//! RSA keys made at run time, shared by all fakes of a process because making one is slow.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256,
};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

static POOL: Mutex<BTreeMap<usize, Arc<SigningKey>>> = Mutex::new(BTreeMap::new());

/// The key with this number; the same one for every caller in the process.
pub(in crate::testing) fn key(number: usize) -> Arc<SigningKey> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(pool.entry(number).or_insert_with(|| Arc::new(SigningKey::generate())))
}

/// How a token is signed with an RSA key. Teams uses `Rs256` only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Alg {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
}

impl Alg {
    pub(in crate::testing) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
        }
    }
}

/// One RSA key of 2048 bits with the id that it is published under.
pub(in crate::testing) struct SigningKey {
    pair: KeyPair,
    kid: String,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

impl SigningKey {
    fn generate() -> Self {
        // Both fail only while the system has no randomness to give, so waiting is right.
        loop {
            let Ok(pair) = KeyPair::generate(KeySize::Rsa2048) else { continue };
            let Some((modulus, exponent)) = numbers(pair.public_key().as_ref()) else { continue };
            let hash = digest::digest(&digest::SHA256, &modulus);
            // A thumbprint of 20 bytes, as long as Microsoft's.
            let kid =
                URL_SAFE_NO_PAD.encode(hash.as_ref().iter().copied().take(20).collect::<Vec<_>>());
            return Self { pair, kid, modulus, exponent };
        }
    }

    pub(in crate::testing) fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half as an entry of a JWKS.
    pub(in crate::testing) fn jwk(&self) -> Value {
        json!({
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "x5t": self.kid,
            "n": URL_SAFE_NO_PAD.encode(&self.modulus),
            "e": URL_SAFE_NO_PAD.encode(&self.exponent),
        })
    }

    pub(in crate::testing) fn sign(&self, alg: Alg, message: &[u8]) -> Vec<u8> {
        let encoding: &'static dyn aws_lc_rs::signature::RsaEncoding = match alg {
            Alg::Rs256 => &RSA_PKCS1_SHA256,
            Alg::Rs384 => &RSA_PKCS1_SHA384,
            Alg::Rs512 => &RSA_PKCS1_SHA512,
            Alg::Ps256 => &RSA_PSS_SHA256,
        };
        let mut signature = vec![0; self.pair.public_modulus_len()];
        // If signing fails, the zeros stay: no verifier takes them, so a test fails and says so.
        match self.pair.sign(encoding, &SystemRandom::new(), message, &mut signature) {
            Ok(()) => signature,
            Err(_) => Vec::new(),
        }
    }

    /// HS256 with the public key as the secret: what a verifier accepts that lets the token choose
    /// its algorithm.
    pub(in crate::testing) fn sign_with_public_half(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.spki()), message).as_ref().to_vec()
    }

    /// The public half as a certificate has it. Writing it fails only without memory; what is
    /// empty then verifies nothing.
    pub(super) fn spki(&self) -> Vec<u8> {
        let der: Result<PublicKeyX509Der<'_>, _> = self.pair.public_key().as_der();
        der.map(|der| der.as_ref().to_vec()).unwrap_or_default()
    }

    /// The key itself.
    pub(super) fn pkcs8(&self) -> Vec<u8> {
        let der: Result<Pkcs8V1Der<'_>, _> = self.pair.as_der();
        der.map(|der| der.as_ref().to_vec()).unwrap_or_default()
    }

    pub(in crate::testing) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifies_as(Alg::Rs256, message, signature)
    }

    pub(super) fn verifies_as(&self, alg: Alg, message: &[u8], signature: &[u8]) -> bool {
        let algorithm = match alg {
            Alg::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Alg::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Alg::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
            Alg::Ps256 => &RSA_PSS_2048_8192_SHA256,
        };
        let public = self.pair.public_key().as_ref();
        aws_lc_rs::signature::UnparsedPublicKey::new(algorithm, public)
            .verify(message, signature)
            .is_ok()
    }
}

/// Modulus and exponent out of a DER `RSAPublicKey` (RFC 8017, A.1.1), without sign octets.
fn numbers(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (0x30, sequence, []) = element(der)? else { return None };
    let (0x02, modulus, rest) = element(sequence)? else { return None };
    let (0x02, exponent, []) = element(rest)? else { return None };
    let unsigned = |number: &[u8]| number.iter().copied().skip_while(|byte| *byte == 0).collect();
    Some((unsigned(modulus), unsigned(exponent)))
}

/// The tag and content of the first DER element, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, length], rest) = der.split_first_chunk()?;
    let (length, rest) = if length < 0x80 {
        (usize::from(length), rest)
    } else {
        let (octets, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
        (
            octets.iter().try_fold(0_usize, |sum, octet| {
                sum.checked_mul(256)?.checked_add((*octet).into())
            })?,
            rest,
        )
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_shared_and_differ_by_number() {
        assert_eq!(key(0).kid(), key(0).kid());
        assert_ne!(key(0).kid(), key(1).kid());
        let jwk = key(0).jwk();
        assert_eq!(jwk["e"], "AQAB");
        assert_eq!(URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap().len(), 256);
    }

    #[test]
    fn only_the_same_key_and_message_verify() {
        let signature = key(0).sign(Alg::Rs256, b"tea");
        assert!(key(0).verifies(b"tea", &signature));
        assert!(!key(0).verifies(b"coffee", &signature));
        assert!(!key(1).verifies(b"tea", &signature));
        assert!(!key(0).verifies(b"tea", &key(0).sign(Alg::Ps256, b"tea")));
    }

    #[test]
    fn der_that_is_cut_or_not_a_key_gives_nothing() {
        let der = key(0).pair.public_key().as_ref().to_vec();
        assert!(numbers(&der).is_some());
        for end in 0..der.len() {
            assert!(numbers(&der[..end]).is_none(), "{end}");
        }
        assert!(numbers(&[0x30, 0xff]).is_none());
    }
}
