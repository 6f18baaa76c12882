//! Who the bot is: its credential as a source of tokens, and whom it believes.

use std::sync::Arc;

use argus_bot_sdk::auth::{
    Certificate, Cloud, Credential, EntraApp, Federated, InboundConfig, ManagedIdentity, Secret,
    TokenCache, TokenSource, WorkloadIdentity,
};
use argus_bot_sdk::{Clock, Error};

use crate::config::credential::{self, Algorithm, app_service};
use crate::config::{Bot, ConfigError, SecretRef};

/// The bot's credential, ready to get tokens.
#[derive(Debug)]
pub struct Identity {
    /// At the bot's own tenant.
    own: Arc<dyn Credential>,
    /// For the Connector; another one for bots of the old multi-tenant kind.
    bot: Arc<dyn Credential>,
    cloud: Cloud,
    clock: Arc<dyn Clock>,
    button_key: Secret,
}

impl Identity {
    /// Reads what the settings name; nobody is asked for a token yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the setting that cannot be used.
    pub fn of(bot: &Bot, cloud: Cloud, clock: &Arc<dyn Clock>) -> Result<Self, ConfigError> {
        let own_url = bot.token_url.clone().unwrap_or_else(|| cloud.token_url(&bot.tenant_id));
        let bot_url = bot_url(bot, cloud)?;
        let make = |url: &str| made(bot, cloud, clock, url);
        let own = make(&own_url)?;
        let same = bot_url == own_url;
        let for_bot = if same { Arc::clone(&own) } else { make(&bot_url)? };
        let button_key = button_key(bot)?;
        Ok(Self { own, bot: for_bot, cloud, clock: Arc::clone(clock), button_key })
    }

    /// Tokens for something that has to be opened before the rest of the settings can be read.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the setting that cannot be used.
    pub fn own_tokens(
        bot: &Bot,
        cloud: Cloud,
        clock: &Arc<dyn Clock>,
        scope: &str,
    ) -> Result<Arc<dyn TokenSource>, ConfigError> {
        let url = bot.token_url.clone().unwrap_or_else(|| cloud.token_url(&bot.tenant_id));
        let own = made(bot, cloud, clock, &url)?;
        Ok(Arc::new(TokenCache::new(own, scope, Arc::clone(clock))))
    }

    /// Tokens for the Bot Framework.
    pub fn bot_tokens(&self) -> Arc<dyn TokenSource> {
        let scope = self.cloud.constants().bot_scope;
        Arc::new(TokenCache::new(Arc::clone(&self.bot), scope, Arc::clone(&self.clock)))
    }

    /// Tokens for something else, at the bot's own tenant.
    pub fn tokens(&self, scope: &str) -> Arc<dyn TokenSource> {
        Arc::new(TokenCache::new(Arc::clone(&self.own), scope, Arc::clone(&self.clock)))
    }

    /// The secret from which the buttons' key is derived; the same in every replica.
    pub fn button_key(&self) -> &Secret {
        &self.button_key
    }
}

/// Whom the bot believes, by its settings.
pub fn inbound(bot: &Bot, cloud: Cloud) -> InboundConfig {
    let urls = bot.allowed_service_urls.iter().chain(&bot.default_service_url);
    let mut inbound = InboundConfig::new(&bot.app_id, cloud)
        .tenant(&bot.tenant_id)
        .allowed_service_urls(urls.cloned());
    if let Some(url) = &bot.openid_metadata_url {
        inbound = inbound.openid_metadata_url(url);
    }
    if bot.emulator {
        inbound = inbound.emulator(&bot.tenant_id);
    }
    for caller in &bot.entra_callers {
        inbound = inbound.entra_caller(&caller.tenant_id, &caller.app_id);
    }
    inbound
}

/// The cloud that the settings name.
///
/// # Errors
///
/// [`ConfigError`] if there is no such cloud.
pub fn cloud(bot: &Bot) -> Result<Cloud, ConfigError> {
    bot.cloud.parse().map_err(|error: Error| ConfigError::value("bot.cloud", error.to_string()))
}

fn bot_url(bot: &Bot, cloud: Cloud) -> Result<String, ConfigError> {
    match (&bot.token_url, bot.multi_tenant) {
        (Some(url), _) => Ok(url.clone()),
        (None, false) => Ok(cloud.token_url(&bot.tenant_id)),
        (None, true) => cloud.multi_tenant_token_url().ok_or_else(|| {
            let why = "there are no multi-tenant bots in this cloud; make one of your own tenant";
            ConfigError::value("bot.multi_tenant", why)
        }),
    }
}

fn made(
    bot: &Bot,
    cloud: Cloud,
    clock: &Arc<dyn Clock>,
    token_url: &str,
) -> Result<Arc<dyn Credential>, ConfigError> {
    let wrong = |key: &str| {
        let key = key.to_owned();
        move |error: Error| ConfigError::value(key, error.to_string())
    };
    let app_id = bot.app_id.as_str();
    let asserted = |assertion| EntraApp::with_assertion(token_url, app_id, assertion);
    let app = match &bot.credential {
        credential::Credential::Secret(secret) => {
            let secret = resolve("bot.credential.secret", secret)?;
            EntraApp::with_secret(token_url, app_id, secret)
        }
        credential::Credential::Certificate(it) => {
            let key = "bot.credential.certificate";
            let certificate = resolve(&format!("{key}.pem"), &it.pem)?;
            let secret = resolve(&format!("{key}.key"), it.key.as_ref().unwrap_or(&it.pem))?;
            let read = Certificate::from_pem(certificate.expose(), &secret, Arc::clone(clock));
            let mut read = read.map_err(wrong(key))?;
            if it.algorithm == Algorithm::Rs256 {
                read = read.rs256();
            }
            asserted(Arc::new(if it.send_chain { read.send_chain() } else { read }))
        }
        credential::Credential::ManagedIdentity(it) => {
            let identity = managed(it, app_id, clock);
            let identity = identity.map_err(wrong("bot.credential.managed_identity"))?;
            if !it.federated {
                return Ok(Arc::new(identity));
            }
            asserted(Arc::new(Federated::new(Arc::new(identity), cloud, Arc::clone(clock))))
        }
        credential::Credential::WorkloadIdentity(it) => {
            let file = it.file().ok_or_else(|| {
                let why =
                    "the platform names no file in AZURE_FEDERATED_TOKEN_FILE; set token_file";
                ConfigError::value("bot.credential.workload_identity", why)
            })?;
            asserted(Arc::new(WorkloadIdentity::new(file)))
        }
    };
    Ok(Arc::new(app.map_err(wrong("bot.token_url"))?))
}

fn managed(
    settings: &credential::ManagedIdentity,
    app_id: &str,
    clock: &Arc<dyn Clock>,
) -> Result<ManagedIdentity, Error> {
    let clock = Arc::clone(clock);
    let identity = match (&settings.endpoint, app_service()) {
        (Some(endpoint), _) => ManagedIdentity::imds(clock)?.endpoint(endpoint)?,
        (None, Some((endpoint, header))) => ManagedIdentity::app_service(&endpoint, header, clock)?,
        (None, None) => ManagedIdentity::imds(clock)?,
    };
    Ok(match (&settings.client_id, settings.federated) {
        (Some(id), _) => identity.client_id(id),
        (None, false) => identity.client_id(app_id),
        (None, true) => identity,
    })
}

fn button_key(bot: &Bot) -> Result<Secret, ConfigError> {
    if let Some(key) = &bot.button_key {
        return resolve("bot.button_key", key);
    }
    match &bot.credential {
        credential::Credential::Secret(secret) => resolve("bot.credential.secret", secret),
        credential::Credential::Certificate(it) => {
            resolve("bot.credential.certificate.key", it.key.as_ref().unwrap_or(&it.pem))
        }
        _ => Err(ConfigError::value(
            "bot.button_key",
            "buttons need a secret to be signed with, and this credential has none; set it to a \
             long random secret that all replicas share, for example `file:button.key`",
        )),
    }
}

fn resolve(key: &str, reference: &SecretRef) -> Result<Secret, ConfigError> {
    reference.resolve().map_err(|error| ConfigError::value(key, error.to_string()))
}

#[cfg(test)]
mod tests {
    use argus_bot_sdk::SystemClock;
    use argus_bot_sdk::testing::{
        APP_ID, APP_SECRET, AppRegistration, CONNECTOR, FakeEntra, IDENTITY, TENANT,
        TestCertificate, TokenSpec,
    };

    use super::*;

    fn bot(credential: &str, token_url: &str) -> Result<Bot, toml::de::Error> {
        toml::from_str(&format!(
            "app_id = {APP_ID:?}\ntenant_id = {TENANT:?}\ntoken_url = {token_url:?}\n\
             credential = {credential}"
        ))
    }

    fn identity(bot: &Bot) -> Result<Identity, ConfigError> {
        let key = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(key.path(), "a long random secret").expect("written");
        let button_key = Some(SecretRef::File(key.path().to_owned()));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Identity::of(&Bot { button_key, ..bot.clone() }, Cloud::Public, &clock)
    }

    #[tokio::test]
    async fn each_credential_of_the_settings_gets_a_token() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("written");
            path.display().to_string()
        };
        let made = TestCertificate::new();
        let (cluster, pod) = ("https://oidc.example/1", "system:serviceaccount:soc:argus");
        let app = AppRegistration::new(APP_ID, APP_SECRET)
            .certificate(&made)
            .federated(FakeEntra::issuer(TENANT), IDENTITY)
            .federated(cluster, pod);
        let entra = FakeEntra::builder().app(app).identity(APP_ID).start().await.expect("starts");
        let both = format!("{}{}", made.certificate_pem(), made.key_pem());
        let (both, secret) = (write("both.pem", &both), write("secret", APP_SECRET));
        let (pem, key) = (write("it.pem", made.certificate_pem()), write("it.key", made.key_pem()));
        let token = write("token", &entra.mint(&TokenSpec::federated(cluster, pod)));
        let imds = entra.imds_url();
        for credential in [
            format!("{{ secret = \"file:{secret}\" }}"),
            format!("{{ certificate = {{ pem = \"file:{both}\" }} }}"),
            format!(
                "{{ certificate = {{ pem = \"file:{pem}\", key = \"file:{key}\", \
                 send_chain = true, algorithm = \"RS256\" }} }}"
            ),
            format!("{{ managed_identity = {{ endpoint = \"{imds}\" }} }}"),
            format!("{{ managed_identity = {{ endpoint = \"{imds}\", federated = true }} }}"),
            format!("{{ workload_identity = {{ token_file = \"{token}\" }} }}"),
        ] {
            let bot = bot(&credential, &entra.token_url(TENANT)).expect(&credential);
            let identity = identity(&bot).expect(&credential);
            let token = identity.bot_tokens().token().await.expect(&credential);
            let claims = entra.check(Some(token.expose()), CONNECTOR).expect(&credential);
            assert_eq!(claims.app_id, APP_ID, "{credential}");
            assert!(!format!("{identity:?}").contains(APP_SECRET));
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for credential in [
            "{}",
            "{ secret = \"hunter2\" }",
            "{ password = \"env:X\" }",
            "{ secret = \"env:X\", certificate = { pem = \"env:Y\" } }",
            "{ certificate = { } }",
            "{ certificate = { pem = \"env:X\", algorithm = \"none\" } }",
            "{ managed_identity = { secret = \"env:X\" } }",
        ] {
            assert!(bot(credential, "https://login.example/token").is_err(), "{credential}");
        }
        let far = "{ managed_identity = { endpoint = \"http://evil.example/\" } }";
        let far = bot(far, "https://login.example/token").expect("reads");
        let error = identity(&far).expect_err("refused").to_string();
        assert!(error.contains("bot.credential.managed_identity"), "{error}");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut none = far.clone();
        none.credential =
            credential::Credential::ManagedIdentity(credential::ManagedIdentity::default());
        let error = Identity::of(&none, Cloud::Public, &clock).expect_err("refused").to_string();
        assert!(error.contains("bot.button_key"), "{error}");
        none.multi_tenant = true;
        none.token_url = None;
        let error = Identity::of(&none, Cloud::China, &clock).expect_err("refused").to_string();
        assert!(error.contains("bot.multi_tenant"), "{error}");
    }
}
