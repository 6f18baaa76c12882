//! TLS in the process itself.

use argus_bot_sdk::server::Tls;
use serde::Deserialize;

use super::{ConfigError, SecretRef};

/// TLS in the process itself, in PEM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerTls {
    /// The certificate, with those that lead to its authority.
    pub cert: SecretRef,
    /// Its key.
    pub key: SecretRef,
    /// Who signs the certificates that sources may show.
    #[serde(default)]
    pub client_ca: Option<SecretRef>,
}

impl ServerTls {
    /// Reads what the settings name.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the setting that cannot be used.
    pub fn read(&self) -> Result<Tls, ConfigError> {
        let resolve = |name: &str, reference: &SecretRef| {
            let key = format!("server.tls.{name}");
            reference.resolve().map_err(|error| ConfigError::value(key, error.to_string()))
        };
        let (cert, key) = (resolve("cert", &self.cert)?, resolve("key", &self.key)?);
        let ca = self.client_ca.as_ref().map(|ca| resolve("client_ca", ca)).transpose()?;
        let ca = ca.as_ref().map(|ca| ca.expose().as_bytes());
        Tls::from_pem(cert.expose(), &key, ca)
            .map_err(|error| ConfigError::value("server.tls", error.to_string()))
    }
}
