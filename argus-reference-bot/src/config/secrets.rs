//! Every reference to a secret in the settings, with the key that holds it.

use super::credential::Credential;
use super::enrichment::{Auth, Enrichment, Source};
use super::{Config, SecretRef, Secrets, SourceAuth};

impl Config {
    /// Every reference to a secret, by its key, in the order of the settings.
    pub fn secrets(&self) -> Vec<(String, &SecretRef)> {
        let mut all = List::default();
        all.add("server.admin_key", self.server.admin_key.as_ref());
        if let Some(tls) = &self.server.tls {
            all.add("server.tls.cert", Some(&tls.cert));
            all.add("server.tls.key", Some(&tls.key));
            all.add("server.tls.client_ca", tls.client_ca.as_ref());
        }
        all.add("store.password", self.store.password.as_ref());
        all.0.extend(self.credential_secrets());
        all.add("bot.button_key", self.bot.button_key.as_ref());
        for (name, source) in &self.ingest.sources {
            all.source(&format!("ingest.sources.{name}"), &source.auth);
        }
        if let Some(anchor) = &self.audit.anchor {
            all.add("audit.anchor.key", anchor.key.as_ref());
        }
        for (name, it) in &self.itsm {
            all.add(&format!("itsm.{name}.password"), it.password.as_ref());
        }
        for (name, it) in &self.connectors {
            all.add(&format!("connectors.{name}.token"), it.token.as_ref());
            all.add(&format!("connectors.{name}.secret"), it.secret.as_ref());
        }
        all.enrichment(&self.enrichment);
        all.0
    }

    /// Those that prove Argus to Entra, and so are needed before any vault opens.
    pub(crate) fn credential_secrets(&self) -> Vec<(String, &SecretRef)> {
        let key = |last: &str| format!("bot.credential.{last}");
        match &self.bot.credential {
            Credential::Secret(it) => vec![(key("secret"), it)],
            Credential::Certificate(it) => {
                let own = it.key.iter().map(|it| (key("certificate.key"), it));
                std::iter::once((key("certificate.pem"), &it.pem)).chain(own).collect()
            }
            Credential::ManagedIdentity(_) | Credential::WorkloadIdentity(_) => Vec::new(),
        }
    }
}

#[derive(Default)]
struct List<'a>(Vec<(String, &'a SecretRef)>);

impl<'a> List<'a> {
    fn add(&mut self, key: &str, reference: Option<&'a SecretRef>) {
        self.0.extend(reference.map(|it| (key.to_owned(), it)));
    }

    fn source(&mut self, key: &str, auth: &'a SourceAuth) {
        let (last, secrets) = match auth {
            SourceAuth::ApiKey(it) => ("api_key", it),
            SourceAuth::Hmac(it) => ("hmac", it),
            SourceAuth::HmacTimestamp(it) => ("hmac_timestamp", it),
            SourceAuth::ApiKeySha256(_) | SourceAuth::Entra(_) | SourceAuth::Mtls(_) => return,
        };
        let key = format!("{key}.auth.{last}");
        match secrets {
            Secrets::One(one) => self.add(&key, Some(one)),
            Secrets::Two(two) => two.iter().for_each(|it| self.add(&key, Some(it))),
        }
    }

    fn enrichment(&mut self, it: &'a Enrichment) {
        self.add("enrichment.cache.redis_login", it.cache.redis_login.as_ref());
        for (name, source) in &it.sources {
            let key = format!("enrichment.sources.{name}");
            let auth = match source {
                Source::ServicenowCmdb(it) => {
                    self.add(&format!("{key}.password"), Some(&it.password));
                    continue;
                }
                Source::Taxii(it) => it.auth.as_ref(),
                Source::IntelHttp(it) | Source::AssetsHttp(it) => it.auth.as_ref(),
                Source::AssetsFile(_)
                | Source::IntelFile(_)
                | Source::DefenderTi(_)
                | Source::GraphDevices(_) => None,
            };
            self.add(&format!("{key}.auth"), auth.map(Auth::secret));
        }
    }
}

impl Auth {
    fn secret(&self) -> &SecretRef {
        match self {
            Self::Basic { password, .. } => password,
            Self::Bearer(token) => token,
            Self::Header { key, .. } => key,
        }
    }
}
