//! TAXII 2.1: a copy of a server's indicators, brought up to date from time to time.
//!
//! Source: OASIS, "TAXII Version 2.1": 3.4 (paging), 4 (discovery, API root), 5 (collections,
//! objects). Looking something up touches only the copy, which survives an outage and a restart, and
//! says how old it is. A copy that is too old still knows what is bad, and no longer what is not.

mod envelope;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argus_bot_sdk::Clock;
use argus_soc::enrich::stix::Feed;
use argus_soc::enrich::{Intel, age};
use argus_soc::event::Entity;
use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use url::Url;

use self::envelope::{Collections, Envelope, Root};
use super::files::about;
use super::kept;
use super::web::{Back, Credential, Far};
use crate::ports::knowledge::{Copied, Finding, Reach, Silent, Source};

/// The media type of the protocol.
const MEDIA: &str = "application/taxii+json;version=2.1";
/// Largest answer, in bytes.
const LARGEST: usize = 32 << 20;
/// Objects that are asked for at once.
const PAGE: &str = "1000";
/// Pages of one collection that are read at one look; the next look goes on.
const PAGES: usize = 500;

/// How a server is followed.
#[derive(Clone, Debug)]
pub struct Follow {
    /// Ids of collections; none for all that can be read.
    pub collections: Vec<String>,
    /// How often it is asked what is new.
    pub every: Duration,
    /// When a copy is too old to say that something is not known.
    pub max_age: Duration,
    /// Confidence of indicators that say none.
    pub unsaid: u8,
}

/// A copy of a server's indicators.
#[derive(Debug)]
pub struct Taxii {
    name: String,
    far: Far,
    follow: Follow,
    file: PathBuf,
    clock: Arc<dyn Clock>,
    copy: Mutex<Option<Arc<Copy>>>,
}

/// What the server has said so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Copy {
    /// When it was last read to its end; the beginning of time if it never was.
    read_at: Timestamp,
    /// Where the copy is from: another server's is none of ours.
    from: String,
    /// Up to when each collection was read.
    read_to: BTreeMap<String, String>,
    feed: Feed,
}

impl Taxii {
    /// The server at `url`, with its copy in `folder`. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// Why the address cannot be used.
    pub fn new(
        name: &str,
        far: (&str, Credential, Private),
        follow: Follow,
        folder: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let (url, credential, private) = far;
        let far = match private {
            Private::Allowed => Far::new(url, credential)?,
            Private::Refused => Far::public(url, credential)?,
        };
        let file = kept::file(folder, name);
        let copy = kept::load::<Copy>(&file).filter(|it| it.from == far.base().as_str());
        Ok(Self {
            name: name.into(),
            far,
            follow,
            file,
            clock,
            copy: Mutex::new(copy.map(Arc::new)),
        })
    }

    fn copy(&self) -> Option<Arc<Copy>> {
        self.copy.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn get(&self, url: Url) -> Result<Back, Silent> {
        let back = self.far.get(url, MEDIA, LARGEST).await?;
        if back.status == StatusCode::OK { Ok(back) } else { Err(back.silent()) }
    }

    /// The API roots: those that discovery names, or the address itself if it is one.
    async fn roots(&self) -> Result<Vec<Url>, Silent> {
        let base = folder(self.far.base().clone());
        let root: Root = envelope::read(self.get(base.clone()).await?)?;
        let Some(named) = root.api_roots else { return Ok(vec![base]) };
        let mut roots = Vec::new();
        for root in named.iter().chain(&root.default) {
            let url = base
                .join(root)
                .map_err(|_| Silent::because("it names an API root that is none"))?;
            // Our key is for this server only.
            if url.origin() != base.origin() {
                tracing::warn!(source = self.name, root = %url, "an API root on another server is left out");
                continue;
            }
            let url = folder(url);
            if !roots.contains(&url) {
                roots.push(url);
            }
        }
        Ok(roots)
    }

    /// The addresses of the collections' objects.
    async fn collections(&self) -> Result<BTreeMap<String, Url>, Silent> {
        let mut found = BTreeMap::new();
        for root in self.roots().await? {
            let list = root.join("collections/").map_err(|it| Silent::because(it.to_string()))?;
            let list: Collections = envelope::read(self.get(list).await?)?;
            for collection in list.collections {
                let wanted = &self.follow.collections;
                if collection.can_read && (wanted.is_empty() || wanted.contains(&collection.id)) {
                    let mut url = root.clone();
                    if let Ok(mut path) = url.path_segments_mut() {
                        path.pop_if_empty().extend(["collections", &collection.id, "objects", ""]);
                    }
                    found.insert(collection.id, url);
                }
            }
        }
        let missing = self.follow.collections.iter().find(|it| !found.contains_key(*it));
        match missing {
            Some(id) => Err(Silent::because(format!("it has no readable collection {id}"))),
            None => Ok(found),
        }
    }

    /// Takes what is new in a collection into a copy, page by page.
    async fn read_on(&self, objects: &Url, id: &str, copy: &mut Copy) -> Result<News, Silent> {
        let (mut read_to, mut next) = (copy.read_to.get(id).cloned(), None::<String>);
        let (mut fresh, mut met, mut whole) = (false, None, None);
        for _ in 0..PAGES {
            let mut url = objects.clone();
            url.query_pairs_mut()
                .append_pair("limit", PAGE)
                .append_pair("match[type]", "indicator");
            // The `next` of a server goes with the question that it answers.
            if let Some(after) = &read_to {
                url.query_pairs_mut().append_pair("added_after", after);
            }
            if let Some(next) = &next {
                url.query_pairs_mut().append_pair("next", next);
            }
            let back = self.get(url).await?;
            let last = back.headers.get("x-taxii-date-added-last");
            let last = last.and_then(|it| it.to_str().ok()).map(str::to_owned);
            let page: Envelope = envelope::read(back)?;
            let empty = page.objects.is_empty();
            fresh |= !empty;
            for object in &page.objects {
                copy.feed.take(object);
            }
            if !page.more {
                copy.read_to.extend(last.or(read_to).map(|it| (id.to_owned(), it)));
                return Ok(News { fresh, all: true });
            }
            // Others of the newest date may be on the next page; those of the one before are here.
            if last.is_some() && last != met {
                whole = std::mem::replace(&mut met, last.clone());
            }
            match (page.next, last) {
                (Some(token), _) if next.as_ref() != Some(&token) => next = Some(token),
                // Without a token the date of the last object leads on, if it leads anywhere.
                (None, Some(last)) if !empty && read_to.as_ref() != Some(&last) => {
                    read_to = Some(last);
                    next = None;
                }
                _ => return Err(Silent::because("its pages do not end")),
            }
        }
        copy.read_to.extend(whole.map(|it| (id.to_owned(), it)));
        Ok(News { fresh, all: false })
    }

    async fn look(&self) -> Result<Option<String>, Silent> {
        let from = self.far.base().as_str().to_owned();
        let before = self.copy();
        let mut copy = before.as_deref().cloned().unwrap_or_default();
        copy.from = from;
        let (mut fresh, mut goes_on) = (before.is_none(), None);
        for (id, objects) in self.collections().await? {
            let news = self.read_on(&objects, &id, &mut copy).await?;
            fresh |= news.fresh;
            if !news.all {
                goes_on = Some(id);
            }
        }
        // Of what was not read to its end nobody can say that something is not in it.
        if goes_on.is_none() {
            copy.read_at = self.clock.now();
        }
        let copy = Arc::new(copy);
        *self.copy.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&copy));
        let (file, kept) = (self.file.clone(), Arc::clone(&copy));
        let saved = tokio::task::spawn_blocking(move || kept::save(&file, &*kept)).await;
        if let Ok(Err(error)) = saved {
            tracing::warn!(source = self.name, %error, "the copy is in use and could not be kept on disk");
        }
        match goes_on {
            Some(id) => Err(Silent::because(format!(
                "collection {id} has more than {PAGES} pages that are new; the next look goes on"
            ))),
            None => Ok(fresh.then(|| about(&copy.feed))),
        }
    }
}

/// What a look found in a collection.
#[derive(Clone, Copy, Debug)]
struct News {
    /// Whether anything is new.
    fresh: bool,
    /// Whether it was read to its end.
    all: bool,
}

/// Whether a server may stand in a private network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Private {
    /// It may.
    Allowed,
    /// It may not.
    Refused,
}

/// The address with a slash at its end, so that others can be joined to it.
fn folder(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url
}

#[async_trait]
impl Source<Intel> for Taxii {
    fn name(&self) -> &str {
        &self.name
    }

    fn reach(&self) -> Reach {
        Reach::Here
    }

    fn covers(&self, _: &Entity) -> bool {
        true
    }

    async fn ask(&self, entity: &Entity) -> Result<Finding<Intel>, Silent> {
        let copy = self.copy().ok_or_else(|| Silent::because("there is no copy of it yet"))?;
        let now = self.clock.now();
        let found = copy.feed.look_up(entity, now, self.follow.unsaid);
        let read_at = Some(copy.read_at).filter(|it| *it != Timestamp::default());
        let is_old = |at| now.duration_since(at).unsigned_abs() > self.follow.max_age;
        if read_at.is_none_or(is_old) && !found.as_ref().is_some_and(|it| it.intel.malicious) {
            let not_yet = || "its copy is not complete yet".to_owned();
            let why = read_at.map_or_else(not_yet, |at| format!("its copy is {}", age(at, now)));
            return Err(Silent::because(why));
        }
        let (known, note) = found.map_or((None, None), |it| (Some(it.intel), Some(it.note)));
        Ok(Finding { known, as_of: read_at, note })
    }
}

#[async_trait]
impl Copied for Taxii {
    fn name(&self) -> &str {
        &self.name
    }

    fn every(&self) -> Duration {
        self.follow.every
    }

    async fn refresh(&self) -> Result<Option<String>, Silent> {
        self.look().await
    }
}
