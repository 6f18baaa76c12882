//! To the server: where it is, who we are, and what we insist on before we trust it with an alert.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::wire::Session;
use super::{failed, unavailable};
use crate::ports::ledger::LedgerError;

/// The oldest server that is supported.
const OLDEST: u32 = 150_000;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// What a session of ours has. A process that stops in the middle of a transaction would hold up
/// all others, so the server ends such a transaction. A commit is on disk when it is answered.
const SETTINGS: &str = "
SET statement_timeout = '60s';
SET lock_timeout = '5s';
SET idle_in_transaction_session_timeout = '5s';
SET client_min_messages = 'warning'";

/// Where notifications go.
pub(super) type Heard = mpsc::UnboundedSender<String>;

/// Where the store is.
#[derive(Clone)]
pub struct Target {
    config: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("store", &self.name()).finish_non_exhaustive()
    }
}

impl Target {
    /// Reads `postgres://user@host/db`. The password is never in it. Beyond this computer the
    /// connection is encrypted and the server's certificate checked, unless the URL says
    /// `sslmode=disable`; `authority` is a file with the certificates to check it against, and
    /// without one the system's are used.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words for a person.
    pub fn new(
        url: &str,
        password: Option<&str>,
        authority: Option<&std::path::Path>,
    ) -> Result<Self, String> {
        let mut config: tokio_postgres::Config = understood(url)
            .parse()
            .map_err(|error: tokio_postgres::Error| crate::chain::chain(&error))?;
        if config.get_password().is_some() {
            return Err("the URL has a password; name it in store.password instead".into());
        }
        if config.get_dbname().is_none() || config.get_user().is_none() {
            return Err("it names no user or no database: `postgres://user@host/db`".into());
        }
        if let Some(password) = password {
            config.password(password);
        }
        // With `hostaddr`, that is where it connects, and the host is only a name.
        let near = config.get_hosts().iter().all(is_near)
            && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback);
        let tls = match config.get_ssl_mode() {
            SslMode::Disable => None,
            SslMode::Require => Some(encrypted(authority)?),
            _ if near => None,
            _ => Some(encrypted(authority)?),
        };
        config
            .ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable })
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .application_name("argus")
            .connect_timeout(CONNECT)
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(3))
            .keepalives_retries(3)
            .tcp_user_timeout(Duration::from_secs(10));
        Ok(Self { config, tls })
    }

    /// The host and the database, for people.
    pub fn name(&self) -> String {
        let host = self.config.get_hosts().first().map_or_else(String::new, |host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        });
        format!("{host}/{}", self.config.get_dbname().unwrap_or_default())
    }

    /// A session that may be trusted.
    pub(super) async fn session(&self) -> Result<Session, LedgerError> {
        let session = self.open(None).await?;
        check(&session).await?;
        Ok(session)
    }

    /// A session; `heard` gets its notifications.
    pub(super) async fn open(&self, heard: Option<Heard>) -> Result<Session, LedgerError> {
        let connecting = async {
            let mut driver = JoinSet::new();
            let client: Client = if let Some(tls) = &self.tls {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                driver.spawn(driven(connection, heard));
                client
            } else {
                let (client, connection) = self.config.connect(NoTls).await?;
                driver.spawn(driven(connection, heard));
                client
            };
            client.batch_execute(SETTINGS).await?;
            Ok::<_, tokio_postgres::Error>(Session::new(client, driver))
        };
        match tokio::time::timeout(CONNECT * 2, connecting).await {
            Ok(session) => session.map_err(|error| failed(&error)),
            Err(_) => Err(unavailable(format!("{} does not answer", self.name()))),
        }
    }
}

/// Moves a connection until it ends; whoever waits on its client then hears why.
fn driven<S, T>(mut connection: Connection<S, T>, heard: Option<Heard>) -> BoxFuture<'static, ()>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    Box::pin(async move {
        while let Some(message) =
            std::future::poll_fn(|context| connection.poll_message(context)).await
        {
            match message {
                Ok(AsyncMessage::Notification(told)) => {
                    // Whoever listened may be gone.
                    drop(heard.as_ref().map(|to| to.send(told.payload().to_owned())));
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
    })
}

/// The URL in words that the driver knows: we always check the whole certificate.
fn understood(url: &str) -> String {
    let Some((place, query)) = url.split_once('?') else { return url.to_owned() };
    let words = query.split('&').map(|word| match word {
        "sslmode=verify-full" | "sslmode=verify-ca" => "sslmode=require",
        other => other,
    });
    format!("{place}?{}", words.collect::<Vec<_>>().join("&"))
}

/// Whether a host is this computer.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn encrypted(authority: Option<&std::path::Path>) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = if let Some(file) = authority {
        builder.with_root_certificates(roots(file)?)
    } else {
        use rustls_platform_verifier::BuilderVerifierExt as _;
        builder.with_platform_verifier().map_err(|error| error.to_string())?
    };
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

/// The certificates in a PEM file.
fn roots(file: &std::path::Path) -> Result<rustls::RootCertStore, String> {
    let why = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| why(&error))? {
        let certificate = certificate.map_err(|error| why(&error))?;
        roots.add(certificate).map_err(|error| why(&error))?;
    }
    if roots.is_empty() {
        return Err(why(&"there is no certificate in it"));
    }
    Ok(roots)
}

/// Refuses a server that would lose what it acknowledged.
async fn check(session: &Session) -> Result<(), LedgerError> {
    let row = session
        .client
        .query_one(
            "SELECT current_setting('server_version_num')::bigint,
                    current_setting('fsync'), current_setting('full_page_writes'),
                    current_setting('synchronous_commit')",
            &[],
        )
        .await
        .map_err(|error| failed(&error))?;
    let version: i64 = row.get(0);
    let [fsync, pages, commit]: [String; 3] = [row.get(1), row.get(2), row.get(3)];
    if version < i64::from(OLDEST) {
        return Err(unavailable(format!(
            "the server is PostgreSQL {}, the store needs 15 or newer",
            version / 10_000
        )));
    }
    for (name, value) in [("fsync", fsync), ("full_page_writes", pages)] {
        if value != "on" {
            return Err(unavailable(format!(
                "the server has {name} = {value}: after a power cut what was acknowledged may be \
                 gone; set it to on"
            )));
        }
    }
    // What the server has beyond `on` (a standby that applied it) stays.
    if matches!(commit.as_str(), "off" | "local" | "remote_write") {
        let on = session.client.batch_execute("SET synchronous_commit = on").await;
        on.map_err(|error| failed(&error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_this_computer_the_connection_is_encrypted() {
        for (at, encrypted) in [
            ("127.0.0.1/argus", false),
            ("localhost/argus?sslmode=prefer", false),
            ("localhost/argus?sslmode=require", true),
            ("127.0.0.1/argus?sslmode=verify-full", true),
            ("db/argus", true),
            ("db/argus?sslmode=disable", false),
            ("db/argus?application_name=sslmode=disable", true),
            ("db/argus?sslmode=verify-ca&application_name=sslmode=disable", true),
            ("localhost/argus?hostaddr=127.0.0.2", false),
            ("localhost/argus?hostaddr=10.0.0.7", true),
            ("/argus?hostaddr=10.0.0.7", true),
            ("localhost,db/argus", true),
        ] {
            let target = Target::new(&format!("postgres://argus@{at}"), None, None);
            let target = target.unwrap_or_else(|why| panic!("{at}: {why}"));
            assert_eq!(target.tls.is_some(), encrypted, "{at}");
        }
    }
}
