//! What has changed since last time.

use serde_json::Value;
use url::Url;

use super::call::{Graph, body, text};
use super::cursor::{Cursor, Item, Level};
use super::port::{Method, Request};
use crate::error::Error;
use crate::source::Snapshot;

/// Most pages of one question: a library larger than that is none of templates alone.
const MAX_PAGES: usize = 1_000;
/// Most folders and files that are kept in mind.
const MAX_ITEMS: usize = 50_000;
const MAX_PAGE_BYTES: usize = 8 << 20;
/// `publication` is not in an answer unless it is asked for.
const SELECT: &str =
    "id,name,parentReference,file,folder,root,deleted,cTag,size,publication,lastModifiedBy";

/// One page of an answer.
struct Page {
    items: Vec<Value>,
    next: Option<String>,
    delta: Option<String>,
}

/// An answer to the question what has changed.
enum Answer {
    Page(Page),
    /// Graph has forgotten where we were; everything comes again from there.
    Gone(Option<String>),
}

impl Graph {
    /// The library as it is now, or nothing if it is as it was.
    pub(super) async fn changes(
        &self,
        drive: &str,
        last: &Cursor,
    ) -> Result<Option<Cursor>, Error> {
        let is_known = last.drive == drive && !last.link.is_empty();
        if is_known {
            match self.walk(last.clone(), self.own(&last.link)?).await? {
                Ok((next, seen)) => return Ok((seen > 0).then_some(next)),
                Err(again) => return self.everything(drive, again).await.map(Some),
            }
        }
        self.everything(drive, None).await.map(Some)
    }

    /// The whole library, from an address that Graph gave or from the beginning.
    async fn everything(&self, drive: &str, from: Option<String>) -> Result<Cursor, Error> {
        let beginning = || {
            let mut url = self.url(&["v1.0", "drives", drive, "root", "delta"]);
            url.query_pairs_mut().append_pair("$select", SELECT);
            Ok(url)
        };
        let url = from.map_or_else(beginning, |from| self.own(&from))?;
        let empty = Cursor { drive: drive.to_owned(), ..Cursor::default() };
        match self.walk(empty, url).await? {
            Ok((cursor, _)) => Ok(cursor),
            Err(_) => Err(Error::unavailable("Graph: it forgets the library while it lists it")),
        }
    }

    /// Applies page after page; says how many items were seen, or from where everything comes again.
    async fn walk(
        &self,
        mut cursor: Cursor,
        mut url: Url,
    ) -> Result<Result<(Cursor, usize), Option<String>>, Error> {
        let mut seen = 0;
        for _ in 0..MAX_PAGES {
            let page = match self.page(&url).await? {
                Answer::Page(page) => page,
                Answer::Gone(from) => return Ok(Err(from)),
            };
            seen += page.items.len();
            for item in &page.items {
                self.apply(&mut cursor, item).await?;
            }
            if cursor.items.len() > MAX_ITEMS {
                let context =
                    format!("the library has more than {MAX_ITEMS} folders and JSON files");
                return Err(Error::unavailable(context));
            }
            match (page.next, page.delta) {
                (Some(next), _) => url = self.own(&next)?,
                (None, Some(link)) => {
                    self.own(&link)?;
                    cursor.link = link;
                    cursor.prune();
                    return Ok(Ok((cursor, seen)));
                }
                (None, None) => return Err(Error::unavailable("Graph: an answer has no end")),
            }
        }
        Err(Error::unavailable(format!("the library has more than {MAX_PAGES} pages")))
    }

    async fn page(&self, url: &Url) -> Result<Answer, Error> {
        let response = self.call(Request::new(Method::Get, url.as_str(), MAX_PAGE_BYTES)).await?;
        if response.status == 410 {
            return Ok(Answer::Gone(response.get("location").map(str::to_owned)));
        }
        let mut page = body(url, &Self::accepted(url, response)?)?;
        let link = |name| page.get(name).and_then(Value::as_str).map(str::to_owned);
        let (next, delta) = (link("@odata.nextLink"), link("@odata.deltaLink"));
        let Some(Value::Array(items)) = page.get_mut("value").map(Value::take) else {
            return Err(Error::unavailable("Graph: an answer has no items"));
        };
        Ok(Answer::Page(Page { items, next, delta }))
    }

    /// Applies one change; the last word about an item counts.
    async fn apply(&self, cursor: &mut Cursor, item: &Value) -> Result<(), Error> {
        let id = text(item, "id")?;
        if item.get("deleted").is_some() {
            cursor.items.remove(&id);
            return Ok(());
        }
        if item.get("root").is_some() {
            cursor.root = id;
            return Ok(());
        }
        let mut read = read(item)?;
        if !read.is_folder && !Snapshot::wants(&read.name) {
            cursor.items.remove(&id);
            return Ok(());
        }
        if !read.is_folder && read.level == Level::Unknown {
            read.level = self.level(&cursor.drive, &id).await?;
        }
        cursor.items.insert(id, read);
        Ok(())
    }

    /// Asks for the level of a file of which the list did not say it.
    async fn level(&self, drive: &str, id: &str) -> Result<Level, Error> {
        let mut url = self.url(&["v1.0", "drives", drive, "items", id]);
        url.query_pairs_mut().append_pair("$select", "id,publication");
        let item = self.json(&url).await?;
        Ok(Level::of(item.pointer("/publication/level").and_then(Value::as_str)))
    }
}

fn read(item: &Value) -> Result<Item, Error> {
    let at = |pointer: &str| item.pointer(pointer).and_then(Value::as_str);
    let author = ["/lastModifiedBy/user/displayName", "/lastModifiedBy/user/email"];
    Ok(Item {
        parent: at("/parentReference/id").unwrap_or_default().to_owned(),
        name: text(item, "name")?,
        is_folder: item.get("folder").is_some(),
        tag: at("/cTag").unwrap_or_default().to_owned(),
        size: item.get("size").and_then(Value::as_u64).unwrap_or_default(),
        level: Level::of(at("/publication/level")),
        author: author.into_iter().find_map(at).map(str::to_owned),
    })
}
