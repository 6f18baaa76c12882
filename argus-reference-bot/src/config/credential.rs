//! How the bot proves who it is, as the settings say it.

use std::path::PathBuf;

use serde::Deserialize;

use super::SecretRef;
use super::load::environment;

/// How the bot proves who it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Credential {
    /// A client secret.
    Secret(SecretRef),
    /// A certificate of the app registration.
    Certificate(Certificate),
    /// An identity that Azure gives to the machine or the app.
    ManagedIdentity(ManagedIdentity),
    /// A token that the cluster projects into a file.
    WorkloadIdentity(WorkloadIdentity),
}

/// A certificate and its key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The certificate in PEM, with its chain behind it if there is one.
    pub pem: SecretRef,
    /// Its RSA key in PEM; in the same place as the certificate unless said.
    #[serde(default)]
    pub key: Option<SecretRef>,
    /// Send the certificate along, for apps that trust a subject name and an issuer.
    #[serde(default)]
    pub send_chain: bool,
    /// `PS256` or `RS256`.
    #[serde(default)]
    pub algorithm: Algorithm,
}

/// How an assertion is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Algorithm {
    /// RSASSA-PSS.
    #[default]
    #[serde(rename = "PS256")]
    Ps256,
    /// RSASSA-PKCS1-v1_5.
    #[serde(rename = "RS256")]
    Rs256,
}

/// An identity that Azure gives.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ManagedIdentity {
    /// The user-assigned identity; the bot's app id unless `federated`, and then the resource's own.
    pub client_id: Option<String>,
    /// The identity proves the app registration by a federated credential, instead of being the bot.
    pub federated: bool,
    /// Where the metadata service is, instead of its usual place; on this computer or its link.
    pub endpoint: Option<String>,
}

/// A token that the cluster projects.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkloadIdentity {
    /// The file; what `AZURE_FEDERATED_TOKEN_FILE` says unless set.
    pub token_file: Option<PathBuf>,
}

impl WorkloadIdentity {
    /// The file, from the settings or from the platform.
    pub fn file(&self) -> Option<PathBuf> {
        let platform = || environment("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from);
        self.token_file.clone().or_else(platform).filter(|file| !file.as_os_str().is_empty())
    }
}

/// App Service's endpoint for identities and the header that it wants, if this is App Service.
pub fn app_service() -> Option<(String, argus_bot_sdk::auth::Secret)> {
    let endpoint = environment("IDENTITY_ENDPOINT").filter(|it| !it.is_empty())?;
    let header = SecretRef::Env("IDENTITY_HEADER".into()).resolve().ok()?;
    Some((endpoint, header))
}
