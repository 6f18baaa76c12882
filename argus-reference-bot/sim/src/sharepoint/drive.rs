//! The library: folders, files and their versions, and the hands of people on them.

use std::collections::BTreeMap;

use super::push::Subscription;

/// The id of the library's own folder.
pub(super) const ROOT: &str = "root";

/// A SharePoint library. Its methods are what designers do in the browser.
#[derive(Clone, Debug)]
pub struct SharePoint {
    items: BTreeMap<String, Item>,
    /// Counts changes; a token is one of its values.
    clock: u64,
    oldest_token: u64,
    /// Content that waits at the other address, by its ticket.
    tickets: BTreeMap<String, Vec<u8>>,
    given: u64,
    content_url: String,
    pub(super) subscriptions: Vec<Subscription>,
}

/// A folder or a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    pub(super) parent: String,
    pub(super) name: String,
    pub(super) is_folder: bool,
    pub(super) deleted: bool,
    pub(super) versions: Vec<Version>,
    /// When it changed last, on the library's clock.
    pub(super) changed: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) bytes: Vec<u8>,
    pub(super) is_published: bool,
}

impl Item {
    pub(super) fn is_draft(&self) -> bool {
        self.versions.last().is_some_and(|version| !version.is_published)
    }

    pub(super) fn published(&self) -> Option<&Version> {
        self.versions.iter().rev().find(|version| version.is_published)
    }

    /// The tag of the content.
    pub(super) fn c_tag(&self, id: &str) -> String {
        format!("\"c:{{{id}}},{}\"", self.versions.len())
    }

    /// The tag of all that can be said of the item.
    pub(super) fn e_tag(&self, id: &str) -> String {
        format!("\"{{{id}}},{}\"", self.changed)
    }
}

impl Default for SharePoint {
    fn default() -> Self {
        let mut library = Self {
            items: BTreeMap::new(),
            clock: 0,
            oldest_token: 0,
            tickets: BTreeMap::new(),
            given: 0,
            content_url: String::new(),
            subscriptions: Vec::new(),
        };
        let root = Item { name: "root".into(), is_folder: true, ..Item::default() };
        library.change(ROOT.to_owned(), root);
        library
    }
}

impl SharePoint {
    /// Writes a file and publishes it; folders are made as needed.
    pub fn put(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.write(path, bytes.into(), true);
    }

    /// Checks a file out and writes it; nobody else sees that until it is published.
    pub fn draft(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.write(path, bytes.into(), false);
    }

    /// Publishes a draft.
    pub fn publish(&mut self, path: &str) {
        let Some((id, mut item)) = self.find(path) else { return };
        if let Some(version) = item.versions.last_mut() {
            version.is_published = true;
        }
        self.change(id, item);
    }

    /// Makes a folder, and those above it.
    pub fn make_folder(&mut self, path: &str) {
        self.folder(path.split('/'));
    }

    /// Removes a file or a folder. Of what is in a folder, nothing is said.
    pub fn remove(&mut self, path: &str) {
        let Some((id, item)) = self.find(path) else { return };
        self.change(id, Item { deleted: true, ..item });
    }

    /// Renames or moves a file or a folder. Of what is in a folder, nothing is said.
    pub fn rename(&mut self, from: &str, to: &str) {
        let Some((id, item)) = self.find(from) else { return };
        let (above, name) = to.rsplit_once('/').unwrap_or(("", to));
        let parent = self.folder(above.split('/').filter(|it| !it.is_empty()));
        self.change(id, Item { parent, name: name.to_owned(), ..item });
    }

    /// Forgets all tokens that were given out: the next question gets 410.
    pub fn forget_tokens(&mut self) {
        self.clock += 1;
        self.oldest_token = self.clock;
    }

    /// The address that subscriptions tell of changes.
    pub fn subscribers(&self) -> Vec<String> {
        self.subscriptions.iter().map(|it| it.url.clone()).collect()
    }

    /// Content is at this address from now on.
    pub(crate) fn content_at(&mut self, url: String) {
        self.content_url = url;
    }

    /// Takes content with a ticket, which is good for once.
    pub(crate) fn redeem(&mut self, ticket: &str) -> Option<Vec<u8>> {
        self.tickets.remove(ticket)
    }

    pub(super) fn ticket(&mut self, bytes: Vec<u8>) -> String {
        self.given += 1;
        let ticket = format!("t{}", self.given);
        let url = format!("{}/dl/{ticket}?tempauth=v1.{ticket}", self.content_url);
        self.tickets.insert(ticket, bytes);
        url
    }

    pub(super) fn items(&self) -> impl Iterator<Item = (&String, &Item)> {
        self.items.iter()
    }

    pub(super) fn item(&self, id: &str) -> Option<&Item> {
        self.items.get(id).filter(|item| !item.deleted)
    }

    pub(super) fn clock(&self) -> u64 {
        self.clock
    }

    pub(super) fn oldest_token(&self) -> u64 {
        self.oldest_token
    }

    fn write(&mut self, path: &str, bytes: Vec<u8>, is_published: bool) {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = self.folder(above.split('/').filter(|it| !it.is_empty()));
        let (id, mut item) = self.find(path).unwrap_or_else(|| {
            let item = Item { parent, name: name.to_owned(), ..Item::default() };
            (self.new_id(), item)
        });
        if item.is_draft() {
            item.versions.pop();
        }
        item.versions.push(Version { bytes, is_published });
        self.change(id, item);
    }

    /// The id of a folder, which is made if it is not there.
    fn folder<'a>(&mut self, path: impl Iterator<Item = &'a str>) -> String {
        let mut at = ROOT.to_owned();
        for name in path {
            at = self.child(&at, name).unwrap_or_else(|| {
                let id = self.new_id();
                let folder = Item {
                    parent: at.clone(),
                    name: name.to_owned(),
                    is_folder: true,
                    ..Item::default()
                };
                self.change(id.clone(), folder);
                id
            });
        }
        at
    }

    fn child(&self, parent: &str, name: &str) -> Option<String> {
        let is_it = |(_, item): &(&String, &Item)| {
            !item.deleted && item.parent == parent && item.name.eq_ignore_ascii_case(name)
        };
        self.items.iter().find(is_it).map(|(id, _)| id.clone())
    }

    fn find(&self, path: &str) -> Option<(String, Item)> {
        let id = path.split('/').try_fold(ROOT.to_owned(), |at, name| self.child(&at, name))?;
        let item = self.items.get(&id)?.clone();
        Some((id, item))
    }

    fn new_id(&self) -> String {
        format!("01SIM{:04}", self.items.len())
    }

    fn change(&mut self, id: String, item: Item) {
        self.clock += 1;
        self.items.insert(id, Item { changed: self.clock, ..item });
    }
}
