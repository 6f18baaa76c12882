//! The card templates in use: where they come from, and what becomes of a change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::auth::{Cloud, Secret};
use argus_cards::lint::Linter;
use argus_cards::source::sharepoint::{Location, Push, SharePoint, Subscriber};
use argus_cards::source::{Folder, TemplateSource};
use argus_cards::{Builder, Diagnostic, Error, Host, Level, Library, Options, Watch};
use argus_soc::ledger::fact::What;
use aws_lc_rs::hmac;
use tokio::sync::{Notify, watch};

use crate::adapters::sharepoint::ToGraph;
use crate::buttons::Act;
use crate::chain::chain;
use crate::config::{Config, ConfigError};
use crate::flows::Soc;
use crate::flows::templates::active;
use crate::hex::hex;
use crate::identity::Identity;

/// The templates without which the bot cannot speak.
const NEEDED: [&str; 3] = ["alert", "approval", "query-list"];
/// How soon a source is asked again that could not be read and did not say when.
const AGAIN: Duration = Duration::from_secs(30);

/// The card templates, and what keeps them up to date.
#[derive(Debug)]
pub struct Templates {
    library: Arc<Library>,
    push: Option<Arc<Push>>,
    poll: Duration,
    found: Vec<Diagnostic>,
}

/// Where templates come from.
enum Source {
    Folder(Folder),
    SharePoint(SharePoint),
}

impl Templates {
    /// Reads the templates that the settings name. If that is not possible, those that were in use
    /// last are used.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the settings are wrong, or there is no usable template of a kind that the
    /// bot needs.
    pub async fn open(
        config: &Config,
        cloud: Cloud,
        identity: &Identity,
    ) -> Result<Self, ConfigError> {
        let settings = &config.templates;
        let hosts = settings.allowed_hosts.iter();
        let linter = Linter::new(Host::TEAMS).verbs(Act::VERBS);
        let options = hosts.fold(Options::default().lint(linter), Options::allow_host);
        let (builder, push) = match source(config, cloud, identity)? {
            Source::Folder(folder) => (Library::builder(folder), None),
            Source::SharePoint(library) => {
                let push =
                    push(settings.notification_url.as_ref(), &library, identity.button_key())?;
                (Library::builder(library), push)
            }
        };
        let builder = NEEDED.into_iter().fold(builder.options(options), Builder::require);
        let opened = builder.state(state(config)).open().await;
        let (library, found) =
            opened.map_err(|error| ConfigError::value("templates.state", chain(&error)))?;
        report(&found);
        let names = library.names();
        if let Some(missing) = NEEDED.into_iter().find(|it| !names.iter().any(|name| name == it)) {
            let because = found.iter().find(|it| it.level == Level::Refused);
            let because = because.map(|it| format!("; {it}")).unwrap_or_default();
            let why = format!("no usable template `{missing}` in {}{because}", settings.source);
            return Err(ConfigError::value("templates.source", why));
        }
        let poll = Duration::from_secs(u64::from(settings.poll_secs.max(1)));
        Ok(Self { library: Arc::new(library), push, poll, found })
    }

    /// The templates.
    pub fn library(&self) -> Arc<Library> {
        Arc::clone(&self.library)
    }

    /// Where notifications of changes come in, if they do.
    pub fn push(&self) -> Option<Arc<Push>> {
        self.push.clone()
    }

    /// What is in use, for the audit trail.
    pub fn active(&self) -> What {
        active(&self.library, &self.found)
    }

    /// Follows the source until the bot halts: when it says that something has changed, and from
    /// time to time in any case. A source that says how long to wait is left alone for so long.
    pub async fn follow(self, soc: Arc<Soc>, mut halted: watch::Receiver<bool>) {
        let bell = Arc::new(Notify::new());
        let _watch = self.watch(&bell);
        let mut source = Told::of("the source of the templates");
        let mut push = Told::of("the subscription to changes of the templates");
        // What has changed between the start and the watch is seen at once.
        let mut pause = Pause { length: Duration::ZERO, is_asked_for: false };
        while !*halted.borrow() {
            let rung = async {
                // What rings while the source wants to be left alone is not lost: it rings later.
                if pause.is_asked_for {
                    std::future::pending::<()>().await;
                }
                bell.notified().await;
            };
            tokio::select! {
                () = rung => {}
                () = tokio::time::sleep(pause.length) => {}
                _ = halted.changed() => return,
            }
            let looked = source.hear(self.look(&soc).await);
            let kept = push.hear(self.keep(&soc).await);
            pause = Pause::after(looked.as_ref().or(kept.as_ref()), self.poll);
        }
    }

    fn watch(&self, bell: &Arc<Notify>) -> Option<Watch> {
        let bell = Arc::clone(bell);
        let watch = self.library.notify(move || bell.notify_one());
        if let Err(error) = &watch {
            let poll = self.poll.as_secs();
            tracing::warn!(
                why = chain(error),
                "templates are not watched, but read every {poll} s"
            );
        }
        watch.ok()
    }

    /// Looks for a change.
    async fn look(&self, soc: &Soc) -> Result<(), Error> {
        let refreshed = self.library.refresh().await?;
        if refreshed.changed {
            report(&refreshed.diagnostics);
            soc.templates_changed(&refreshed.diagnostics).await;
        }
        Ok(())
    }

    /// Sees to it that the next change is told.
    async fn keep(&self, soc: &Soc) -> Result<(), Error> {
        let Some(push) = &self.push else { return Ok(()) };
        push.keep(soc.clock.now().as_millisecond()).await.map(drop)
    }
}

/// How long the source is left alone.
struct Pause {
    length: Duration,
    /// Whether it was the source that wanted it.
    is_asked_for: bool,
}

impl Pause {
    fn after(error: Option<&Error>, poll: Duration) -> Self {
        let asked = error.and_then(Error::retry_after);
        let usual = if error.is_some() { poll.min(AGAIN) } else { poll };
        Self { length: asked.unwrap_or(usual), is_asked_for: asked.is_some() }
    }
}

/// What the log was told of something, so that an outage of a day is two lines.
struct Told {
    of: &'static str,
    why: Option<String>,
}

impl Told {
    fn of(of: &'static str) -> Self {
        Self { of, why: None }
    }

    /// Logs what is new, and gives the error on.
    fn hear(&mut self, outcome: Result<(), Error>) -> Option<Error> {
        let of = self.of;
        let why = outcome.as_ref().err().map(|error| chain(error));
        match &why {
            Some(why) if self.why.as_ref() != Some(why) => {
                tracing::warn!(why, "{of} is not there; the templates in use stay");
            }
            None if self.why.is_some() => tracing::info!("{of} is there again"),
            _ => {}
        }
        self.why = why;
        outcome.err()
    }
}

/// The source that the settings name, for commands that only read it.
///
/// # Errors
///
/// [`ConfigError`] if there is no such source.
pub fn open_source(
    config: &Config,
    cloud: Cloud,
    identity: &Identity,
) -> Result<Box<dyn TemplateSource>, ConfigError> {
    Ok(match source(config, cloud, identity)? {
        Source::Folder(folder) => Box::new(folder),
        Source::SharePoint(library) => Box::new(library),
    })
}

/// Where the last good templates and their history are kept.
pub fn state(config: &Config) -> PathBuf {
    if let Some(state) = &config.templates.state {
        return PathBuf::from(state);
    }
    // Beside the store, if that is a file.
    let store = config.store.sqlite_path().ok().flatten();
    let folder = store.as_deref().and_then(Path::parent).unwrap_or(Path::new("data"));
    folder.join("templates")
}

fn source(config: &Config, cloud: Cloud, identity: &Identity) -> Result<Source, ConfigError> {
    const KEY: &str = "templates.source";
    let text = &config.templates.source;
    match text.split_once(':') {
        Some(("folder", path)) if !path.is_empty() => Ok(Source::Folder(Folder::new(path))),
        Some(("sharepoint", place)) => {
            let wrong = |error: Error| ConfigError::value(KEY, chain(&error));
            let place: Location = place.parse().map_err(wrong)?;
            let host = format!("https://{}", cloud.constants().graph_host);
            let url = config.bot.graph_url.as_deref().unwrap_or(&host);
            let tokens = identity.tokens(cloud.constants().graph_scope);
            let way = ToGraph::new(tokens).map_err(|why| ConfigError::value(KEY, why))?;
            let library = SharePoint::new(url, place, Arc::new(way)).map_err(wrong)?;
            let hosts = config.templates.content_hosts.iter();
            Ok(Source::SharePoint(hosts.fold(library, SharePoint::allow_host)))
        }
        _ => {
            let why = format!("`{text}` is neither `folder:PATH` nor `sharepoint:SITE/DRIVE/PATH`");
            Err(ConfigError::value(KEY, why))
        }
    }
}

fn push(
    url: Option<&String>,
    library: &SharePoint,
    secret: &Secret,
) -> Result<Option<Arc<Push>>, ConfigError> {
    let Some(url) = url else { return Ok(None) };
    // The same in every run and every replica, so that a subscription can be taken over.
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let client_state = hex(hmac::sign(&key, b"templates: notifications of SharePoint").as_ref());
    let subscriber = Subscriber::new(url, client_state)
        .map_err(|error| ConfigError::value("templates.notification_url", chain(&error)))?;
    Ok(Some(Arc::new(Push::new(library.clone(), subscriber))))
}

/// Tells the log what is wrong with templates; an author reads the same with `argus cards test`.
fn report(diagnostics: &[Diagnostic]) {
    for it in diagnostics {
        match it.level {
            Level::Refused => {
                tracing::error!(template = %it, "a template is refused; the last good one stays");
            }
            Level::Trouble => tracing::warn!(trouble = %it, "the templates are in use, but look"),
            _ => tracing::debug!(template = %it, "a template is in use, but odd"),
        }
    }
}
