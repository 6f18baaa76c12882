//! A certificate as the app's credential.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

use crate::auth::{Assertion, Secret, SecretToken};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};

/// Entra takes assertions of at most ten minutes.
const LASTS: Duration = Duration::from_mins(10);

/// Clocks differ: what is made now must be good where it is a little earlier.
const EARLIER: Duration = Duration::from_mins(5);

/// Signs assertions with the key of a certificate that the app registration has.
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::SystemClock;
/// use argus_bot_sdk::auth::{Certificate, Cloud, EntraApp, Secret};
/// # use argus_bot_sdk::testing::TestCertificate;
/// # let made = TestCertificate::new();
/// # let (certificate, key) = (made.certificate_pem(), made.key_pem());
///
/// let certificate = Certificate::from_pem(certificate, &Secret::new(key), Arc::new(SystemClock))?;
/// let url = Cloud::Public.token_url("11111111-2222-4333-8444-555555555555");
/// let app = EntraApp::with_assertion(
///     &url,
///     "0f0e0d0c-1111-4222-8333-444455556666",
///     Arc::new(certificate),
/// )?;
/// # drop(app);
/// # Ok::<(), argus_bot_sdk::Error>(())
/// ```
pub struct Certificate {
    pair: KeyPair,
    chain: Vec<CertificateDer<'static>>,
    thumbprint: String,
    alg: &'static str,
    encoding: &'static dyn RsaEncoding,
    send_chain: bool,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("thumbprint", &self.thumbprint)
            .field("alg", &self.alg)
            .field("chain", &self.send_chain)
            .finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads a certificate, with those that signed it behind it if you like, and its RSA key
    /// (PKCS#8 or PKCS#1, not encrypted).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if either is not what it should be, or if the certificate is not of
    /// this key.
    pub fn from_pem(certificate: &str, key: &Secret, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let wrong = |why: &str| Error::new(ErrorKind::Config, why);
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
        let chain = chain.map_err(|_| wrong("the certificate is not PEM"))?;
        let own = chain.first().ok_or_else(|| wrong("the file has no certificate"))?;
        // What is wrong with a key is not said in detail: it would quote the key.
        let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
            .map_err(|_| wrong("the certificate's key is not PEM, or it is encrypted"))?;
        let pair = match &key {
            PrivateKeyDer::Pkcs8(key) => KeyPair::from_pkcs8(key.secret_pkcs8_der()).ok(),
            PrivateKeyDer::Pkcs1(key) => KeyPair::from_der(key.secret_pkcs1_der()).ok(),
            _ => None,
        };
        let pair = pair.ok_or_else(|| wrong("the certificate's key is not an RSA key"))?;
        // A certificate carries its public key as it is (RFC 5280, 4.1.2.7).
        let public = pair.public_key().as_ref();
        if !own.windows(public.len()).any(|part| part == public) {
            return Err(wrong("the certificate is not of this key"));
        }
        let hash = digest::digest(&digest::SHA256, own);
        let thumbprint = URL_SAFE_NO_PAD.encode(hash);
        let encoding = &RSA_PSS_SHA256;
        Ok(Self { pair, chain, thumbprint, alg: "PS256", encoding, send_chain: false, clock })
    }

    /// Signs with RS256 instead of PS256, for whoever does not know the latter.
    #[must_use]
    pub fn rs256(self) -> Self {
        Self { alg: "RS256", encoding: &RSA_PKCS1_SHA256, ..self }
    }

    /// Sends the certificate and its chain along (`x5c`), for app registrations that trust a
    /// subject name and an issuer instead of one certificate.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use argus_bot_sdk::SystemClock;
    /// use argus_bot_sdk::auth::{Certificate, Secret};
    /// # use argus_bot_sdk::testing::TestCertificate;
    /// # let made = TestCertificate::new();
    /// # let (certificate, key) = (made.certificate_pem(), made.key_pem());
    ///
    /// let certificate = Certificate::from_pem(certificate, &Secret::new(key), Arc::new(SystemClock))?;
    /// let certificate = certificate.rs256().send_chain();
    /// assert!(format!("{certificate:?}").contains("RS256"));
    /// # Ok::<(), argus_bot_sdk::Error>(())
    /// ```
    #[must_use]
    pub fn send_chain(self) -> Self {
        Self { send_chain: true, ..self }
    }

    /// The certificate's SHA-256 as the app registration knows it, in base64url.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    fn sign(&self, client_id: &str, audience: &str) -> Result<SecretToken, Error> {
        let now = self.clock.now();
        let at = |shifted: Result<jiff::Timestamp, jiff::Error>| shifted.unwrap_or(now).as_second();
        let mut header = json!({ "alg": self.alg, "typ": "JWT", "x5t#S256": self.thumbprint });
        if self.send_chain
            && let Some(members) = header.as_object_mut()
        {
            let chain: Vec<_> = self.chain.iter().map(|der| STANDARD.encode(der)).collect();
            members.insert("x5c".to_owned(), json!(chain));
        }
        let claims = json!({
            "aud": audience, "iss": client_id, "sub": client_id,
            "jti": uuid::Uuid::new_v4().to_string(),
            "iat": now.as_second(),
            "nbf": at(now.checked_sub(EARLIER)),
            "exp": at(now.checked_add(LASTS)),
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(self.encoding, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .map_err(|_| {
                Error::new(ErrorKind::Credentials, "the certificate's key does not sign")
            })?;
        Ok(SecretToken::new(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

#[async_trait]
impl Assertion for Certificate {
    async fn assertion(&self, client_id: &str, audience: &str) -> Result<SecretToken, Error> {
        self.sign(client_id, audience)
    }
}
