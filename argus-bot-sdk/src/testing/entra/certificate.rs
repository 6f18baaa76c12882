//! A certificate for tests, signed by itself, in the few bytes of DER that it takes.

use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::keys::{self, Alg, SigningKey};

/// Keys of certificates, in the pool far behind those of the issuers.
const FIRST: usize = 1_000;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const UTF8: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const VERSION: u8 = 0xa0;

/// `sha256WithRSAEncryption` with its empty parameters (RFC 4055, section 5).
const SHA256_WITH_RSA: [u8; 15] =
    [SEQUENCE, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0];
/// `commonName` (RFC 5280, appendix A).
const COMMON_NAME: [u8; 5] = [0x06, 3, 0x55, 0x04, 0x03];

/// A certificate and its key, for a bot that proves itself with one. Worth nothing anywhere else:
/// [`AppRegistration::certificate`](super::AppRegistration::certificate) makes a fake Entra trust
/// it.
///
/// ```
/// use argus_bot_sdk::testing::TestCertificate;
///
/// let certificate = TestCertificate::new();
/// assert!(certificate.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// assert_ne!(certificate.thumbprint(), TestCertificate::numbered(1).thumbprint());
/// ```
#[derive(Clone, Debug)]
pub struct TestCertificate {
    key: Arc<SigningKey>,
    der: Vec<u8>,
    certificate_pem: String,
    key_pem: String,
}

impl TestCertificate {
    /// The first one; in one process it is always the same.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a key is made, which takes a while")]
    pub fn new() -> Self {
        Self::numbered(0)
    }

    /// One of another key.
    #[must_use]
    pub fn numbered(number: usize) -> Self {
        let key = keys::key(FIRST.saturating_add(number));
        let der = signed(&key);
        let certificate_pem = pem("CERTIFICATE", &der);
        let key_pem = pem("PRIVATE KEY", &key.pkcs8());
        Self { key, der, certificate_pem, key_pem }
    }

    /// The certificate.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Its key, as PKCS#8.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The certificate's SHA-256 in base64url, as `x5t#S256` has it.
    pub fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &self.der))
    }

    /// The certificate as `x5c` has it.
    pub(super) fn x5c(&self) -> String {
        STANDARD.encode(&self.der)
    }

    pub(super) fn verifies(&self, alg: Alg, message: &[u8], signature: &[u8]) -> bool {
        self.key.verifies_as(alg, message, signature)
    }
}

/// RFC 5280, section 4.1, version 3 without extensions.
fn signed(key: &SigningKey) -> Vec<u8> {
    let common = der(SEQUENCE, &[&COMMON_NAME, &der(UTF8, &[b"argus test"])]);
    let name = der(SEQUENCE, &[&der(SET, &[&common])]);
    let from = der(UTC_TIME, &[b"250101000000Z"]);
    let until = der(UTC_TIME, &[b"490101000000Z"]);
    let to_be_signed = der(
        SEQUENCE,
        &[
            &der(VERSION, &[&[INTEGER, 1, 2]]),
            &[INTEGER, 1, 1],
            &SHA256_WITH_RSA,
            &name,
            &der(SEQUENCE, &[&from, &until]),
            &name,
            &key.spki(),
        ],
    );
    let signature = key.sign(Alg::Rs256, &to_be_signed);
    der(SEQUENCE, &[&to_be_signed, &SHA256_WITH_RSA, &der(BIT_STRING, &[&[0], &signature])])
}

/// One element of DER with these contents.
fn der(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let octets: Vec<u8> =
        contents.len().to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
    let mut element = vec![tag];
    match (contents.len(), u8::try_from(octets.len())) {
        (0..0x80, _) => element.push(octets.first().copied().unwrap_or(0)),
        (_, count) => {
            element.push(0x80 | count.unwrap_or(0));
            element.extend(octets);
        }
    }
    element.extend(contents);
    element
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_in_the_shortest_way() {
        assert_eq!(der(UTF8, &[]), [UTF8, 0]);
        assert_eq!(der(UTF8, &[&[7; 127]])[..3], [UTF8, 127, 7]);
        assert_eq!(der(UTF8, &[&[7; 128]])[..4], [UTF8, 0x81, 128, 7]);
        assert_eq!(der(UTF8, &[&[7; 256]])[..5], [UTF8, 0x82, 1, 0, 7]);
    }

    #[test]
    fn a_certificate_is_signed_by_its_own_key() {
        let made = TestCertificate::new();
        let signature = &made.der[made.der.len() - 256..];
        // SEQUENCE with two octets of length, and so is what is signed.
        let length = usize::from(made.der[6]) * 256 + usize::from(made.der[7]) + 4;
        assert!(made.verifies(Alg::Rs256, &made.der[4..4 + length], signature));
    }
}
