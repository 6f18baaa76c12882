//! How the bot proves who it is, as the environment says.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config;
use crate::auth::{
    Assertion, Certificate, Cloud, EntraApp, Federated, ManagedIdentity, Secret, TokenCache,
    TokenSource, WorkloadIdentity,
};
use crate::{Clock, Error, ErrorKind, SystemClock};

const SECRET: [&str; 3] = ["APP_SECRET", "CLIENT_SECRET", "AZURE_CLIENT_SECRET"];
const CERTIFICATE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
const SEND_CHAIN: &str = "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN";
const PASSWORD: &str = "AZURE_CLIENT_CERTIFICATE_PASSWORD";
const IDENTITY: &str = "MANAGED_IDENTITY_CLIENT_ID";
const PROJECTED: &str = "AZURE_FEDERATED_TOKEN_FILE";
const ENDPOINT: &str = "IDENTITY_ENDPOINT";
const HEADER: &str = "IDENTITY_HEADER";
const METADATA_HOST: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/// The largest certificate file with its chain that is worth reading.
const MAX_PEM: u64 = 256 * 1024;

/// One of the ways in which an app registration is proven.
#[derive(Clone, Debug)]
pub(super) enum Credential {
    Secret(Secret),
    /// A PEM file with the certificate, its chain, and its key.
    Certificate {
        file: PathBuf,
        send_chain: bool,
    },
    /// The bot *is* this identity.
    Identity(Platform),
    /// The app registration trusts this identity; without an id it is the resource's own.
    Federated(Platform, Option<String>),
    Projected(PathBuf),
}

/// Where the platform gives out identities.
#[derive(Clone, Debug)]
pub(super) enum Platform {
    AppService {
        endpoint: String,
        header: Secret,
    },
    /// A virtual machine; another host than Azure's is a proxy of it on this computer.
    Machine(Option<String>),
}

impl Credential {
    /// What the environment names, if anything. What the platform injects by itself counts only
    /// where nobody chose.
    pub(super) fn read(
        given: &impl Fn(&str) -> Option<String>,
        app_id: Option<&str>,
    ) -> Result<Option<Self>, Error> {
        let secret = SECRET.iter().find_map(|&name| Some((name, given(name)?)));
        let certificate = given(CERTIFICATE);
        let identity = given(IDENTITY);
        let chosen: Vec<&str> = [
            secret.as_ref().map(|(name, _)| *name),
            certificate.as_ref().map(|_| CERTIFICATE),
            identity.as_ref().map(|_| IDENTITY),
        ]
        .into_iter()
        .flatten()
        .collect();
        if let [one, other, ..] = chosen.as_slice() {
            return Err(config(format!(
                "{one} and {other} are both set; leave the one that proves the bot"
            )));
        }
        if let Some((_, secret)) = secret {
            return Ok(Some(Self::Secret(Secret::new(secret))));
        }
        if let Some(file) = certificate {
            return Self::certificate(file.into(), given).map(Some);
        }
        if let Some(id) = identity {
            let platform = Platform::read(given)?;
            let is_own = app_id.is_some_and(|app_id| app_id.eq_ignore_ascii_case(&id));
            let is_system = id.eq_ignore_ascii_case("system");
            if is_own {
                return Ok(Some(Self::Identity(platform)));
            }
            return Ok(Some(Self::Federated(platform, Some(id).filter(|_| !is_system))));
        }
        if let Some(file) = given(PROJECTED) {
            return Ok(Some(Self::Projected(file.into())));
        }
        // App Service says so by itself when the resource has an identity; a virtual machine never
        // does, and its endpoint would keep everybody waiting who is elsewhere.
        match Platform::read(given)? {
            platform @ Platform::AppService { .. } => Ok(Some(Self::Identity(platform))),
            Platform::Machine(_) => Ok(None),
        }
    }

    fn certificate(file: PathBuf, given: &impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        if given(PASSWORD).is_some() {
            return Err(config(format!(
                "{PASSWORD} is set, but encrypted keys are not read: write the key unencrypted \
                 (openssl pkcs12 -nodes) and protect the file"
            )));
        }
        let send_chain = match given(SEND_CHAIN).as_deref() {
            None | Some("0") => false,
            Some("1") => true,
            Some(word) if word.eq_ignore_ascii_case("true") => true,
            Some(word) if word.eq_ignore_ascii_case("false") => false,
            Some(word) => {
                return Err(config(format!("{SEND_CHAIN} is neither true nor false: {word}")));
            }
        };
        Ok(Self::Certificate { file, send_chain })
    }

    /// The tokens of the app `app_id` at `token_url` for the cloud's Connector.
    pub(super) fn tokens(
        &self,
        app_id: &str,
        token_url: &str,
        cloud: Cloud,
    ) -> Result<Arc<dyn TokenSource>, Error> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let assertion: Arc<dyn Assertion> = match self {
            Self::Secret(secret) => {
                let app = EntraApp::with_secret(token_url, app_id, secret.clone())?;
                return Ok(cached(app, cloud, clock));
            }
            Self::Identity(platform) => {
                let identity = platform.identity(&clock)?.client_id(app_id);
                return Ok(cached(identity, cloud, clock));
            }
            Self::Certificate { file, send_chain } => {
                let pem = pem(file)?;
                let certificate = Certificate::from_pem(pem.expose(), &pem, Arc::clone(&clock))?;
                Arc::new(if *send_chain { certificate.send_chain() } else { certificate })
            }
            Self::Federated(platform, client_id) => {
                let identity = platform.identity(&clock)?;
                let identity = match client_id {
                    Some(id) => identity.client_id(id),
                    None => identity,
                };
                Arc::new(Federated::new(Arc::new(identity), cloud, Arc::clone(&clock)))
            }
            Self::Projected(file) => Arc::new(WorkloadIdentity::new(file)),
        };
        Ok(cached(EntraApp::with_assertion(token_url, app_id, assertion)?, cloud, clock))
    }
}

impl Platform {
    fn read(given: &impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        match (given(ENDPOINT), given(HEADER)) {
            (Some(endpoint), Some(header)) => {
                Ok(Self::AppService { endpoint, header: Secret::new(header) })
            }
            (None, None) => Ok(Self::Machine(given(METADATA_HOST))),
            (Some(_), None) => Err(config(format!("{ENDPOINT} is set, but {HEADER} is not"))),
            (None, Some(_)) => Err(config(format!("{HEADER} is set, but {ENDPOINT} is not"))),
        }
    }

    fn identity(&self, clock: &Arc<dyn Clock>) -> Result<ManagedIdentity, Error> {
        let clock = Arc::clone(clock);
        match self {
            Self::AppService { endpoint, header } => {
                ManagedIdentity::app_service(endpoint, header.clone(), clock)
            }
            Self::Machine(None) => ManagedIdentity::imds(clock),
            Self::Machine(Some(host)) => {
                let host = host.trim_end_matches('/');
                let endpoint = format!("{host}/metadata/identity/oauth2/token");
                ManagedIdentity::imds(clock)?.endpoint(&endpoint)
            }
        }
    }
}

/// What may be said without asking anybody for help: every way there is.
pub(super) fn missing() -> Error {
    config(format!(
        "APP_ID is set, but nothing proves that the bot is that app: set APP_SECRET, {CERTIFICATE}, \
         {IDENTITY} or {PROJECTED}"
    ))
}

fn cached(
    credential: impl crate::auth::Credential + 'static,
    cloud: Cloud,
    clock: Arc<dyn Clock>,
) -> Arc<dyn TokenSource> {
    Arc::new(TokenCache::new(Arc::new(credential), cloud.constants().bot_scope, clock))
}

/// The file is a secret as a whole, because the key is in it.
fn pem(file: &Path) -> Result<Secret, Error> {
    use std::io::Read as _;
    let mut text = String::new();
    let read = fs::File::open(file).and_then(|it| it.take(MAX_PEM).read_to_string(&mut text));
    read.map(|_| Secret::new(text)).map_err(|source| {
        let why = format!("{CERTIFICATE} names {}, which cannot be read", file.display());
        Error::new(ErrorKind::Config, why).with_source(source)
    })
}
