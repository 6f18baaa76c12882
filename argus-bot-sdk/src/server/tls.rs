//! TLS in the process itself, for whoever has no proxy in front or wants to see client certificates.

use std::fmt;
use std::sync::Arc;

use http::Extensions;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::auth::Secret;
use crate::error::{Error, ErrorKind};

/// A server's certificate, and whose client certificates it looks at.
///
/// ```
/// use argus_bot_sdk::auth::Secret;
/// use argus_bot_sdk::server::Tls;
/// # use argus_bot_sdk::testing::TestCertificate;
/// # let made = TestCertificate::new();
/// # let (chain, key) = (made.certificate_pem(), made.key_pem());
///
/// let tls = Tls::from_pem(chain, &Secret::new(key), None)?;
/// # drop(tls);
/// # Ok::<(), argus_bot_sdk::Error>(())
/// ```
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(..)")
    }
}

impl Tls {
    /// A server that shows the certificates of `chain`. With `client_ca`, clients may show one that
    /// it signed, and each request tells so ([`PeerCertificate::of`]); whoever shows another one is
    /// not let in, and whoever shows none is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if there is no certificate, no key, or one does not belong to the other.
    pub fn from_pem(
        chain: impl AsRef<[u8]>,
        key: &Secret,
        client_ca: Option<&[u8]>,
    ) -> Result<Self, Error> {
        let chain = certificates(chain.as_ref(), "the TLS certificate is not a PEM certificate")?;
        let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
            .map_err(wrong("the TLS key is not a PEM private key"))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(wrong("TLS cannot be set up"))?;
        let builder = match client_ca {
            None => builder.with_no_client_auth(),
            Some(authorities) => {
                let why = "the authority of client certificates is not a PEM certificate";
                let mut roots = RootCertStore::empty();
                for authority in certificates(authorities, why)? {
                    roots.add(authority).map_err(wrong(why))?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .allow_unauthenticated()
                        .build()
                        .map_err(wrong("client certificates cannot be checked"))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(wrong("the TLS certificate and its key do not belong together"))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) fn acceptor(&self) -> &TlsAcceptor {
        &self.0
    }
}

fn certificates(pem: &[u8], why: &'static str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let read = read.map_err(wrong(why))?;
    if read.is_empty() { Err(Error::new(ErrorKind::Config, why)) } else { Ok(read) }
}

fn wrong<E: std::error::Error + Send + Sync + 'static>(why: &'static str) -> impl Fn(E) -> Error {
    move |source| Error::new(ErrorKind::Config, why).with_source(source)
}

/// The certificate that a client showed. The authority of [`Tls::from_pem`] signed it, and the client
/// has its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate(CertificateDer<'static>);

impl PeerCertificate {
    /// The certificate of the client that made a request, if it showed one to this very server. What
    /// a proxy says in a header is never one.
    ///
    /// ```
    /// use argus_bot_sdk::server::PeerCertificate;
    ///
    /// assert!(PeerCertificate::of(&http::Extensions::new()).is_none());
    /// ```
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    pub(super) fn shown(certificates: Option<&[CertificateDer<'static>]>) -> Option<Self> {
        certificates?.first().cloned().map(Self)
    }

    /// The certificate's bytes (DER).
    ///
    /// ```
    /// use argus_bot_sdk::server::PeerCertificate;
    ///
    /// /// For a list of those that may come in.
    /// fn is_listed(shown: &PeerCertificate, listed: &[Vec<u8>]) -> bool {
    ///     listed.iter().any(|der| shown.der() == der)
    /// }
    /// ```
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// Whether a certificate can have such a name at all: a DNS name without `*`, or an address.
    ///
    /// ```
    /// use argus_bot_sdk::server::PeerCertificate;
    ///
    /// assert!(PeerCertificate::is_name("siem.contoso.example"));
    /// assert!(!PeerCertificate::is_name("CN=siem, O=Contoso"));
    /// ```
    pub fn is_name(name: &str) -> bool {
        ServerName::try_from(name).is_ok()
    }

    /// Whether the certificate has this DNS name or address among its subject alternative names.
    ///
    /// ```
    /// use argus_bot_sdk::server::PeerCertificate;
    ///
    /// fn may_send(shown: &PeerCertificate) -> bool {
    ///     shown.is_for("siem.contoso.example")
    /// }
    /// ```
    pub fn is_for(&self, name: &str) -> bool {
        let Ok(name) = ServerName::try_from(name) else { return false };
        ParsedCertificate::try_from(&self.0)
            .is_ok_and(|parsed| rustls::client::verify_server_name(&parsed, &name).is_ok())
    }
}
