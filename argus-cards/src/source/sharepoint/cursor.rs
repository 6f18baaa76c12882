//! What is known of a library between two questions: its folders and files by id.
//!
//! Graph names things by id, and says nothing of the files in a folder that was renamed or removed.
//! So the whole tree is kept, and paths are worked out from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::source::MAX_DEPTH;

/// SharePoint's paths have at most 400 characters; a longer chain of folders is a circle.
const MOST_FOLDERS: usize = 400;

/// Where Graph goes on, and the tree up to there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// The library's id.
    pub(super) drive: String,
    /// Where to ask for what changes next.
    pub(super) link: String,
    /// The id of the library's own folder.
    pub(super) root: String,
    /// Folders, and files that templates can be made of.
    pub(super) items: BTreeMap<String, Item>,
}

/// A folder or a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) parent: String,
    pub(super) name: String,
    pub(super) is_folder: bool,
    /// What Graph calls this content.
    #[serde(default)]
    pub(super) tag: String,
    #[serde(default)]
    pub(super) size: u64,
    #[serde(default)]
    pub(super) level: Level,
    #[serde(default)]
    pub(super) author: Option<String>,
}

/// Whether the newest version of a file is for everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Level {
    /// It is.
    Published,
    /// Somebody is working on it.
    CheckedOut,
    /// Graph says something else.
    Other(String),
    /// Graph says nothing.
    #[default]
    Unknown,
}

impl Level {
    pub(super) fn of(said: Option<&str>) -> Self {
        match said {
            Some("published") => Self::Published,
            Some("checkout") => Self::CheckedOut,
            Some(other) => Self::Other(other.to_owned()),
            None => Self::Unknown,
        }
    }

    /// Why a file is not used.
    pub(super) fn why(&self) -> String {
        match self {
            Self::Published => "it is".to_owned(),
            Self::CheckedOut => {
                "somebody has it checked out and no version is published".to_owned()
            }
            Self::Other(level) => format!("its publication level is `{level}`, not `published`"),
            Self::Unknown => "Graph does not say whether it is published".to_owned(),
        }
    }
}

impl Cursor {
    pub(super) fn of_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn to_text(&self) -> Result<String, Error> {
        serde_json::to_string(self)
            .map_err(|error| Error::unavailable("the tree cannot be written down").because(error))
    }

    /// The files of a folder with their paths below it and their ids, or nothing if there is no such
    /// folder.
    pub(super) fn files(&self, folder: &[String]) -> Option<Vec<(String, &str, &Item)>> {
        let root = self.folder(folder)?;
        let inside = |(id, item): (&String, &Item)| {
            let path = self.path_below(root, item)?;
            Some((path, id.clone()))
        };
        let mut files: Vec<(String, String)> =
            self.items.iter().filter(|(_, item)| !item.is_folder).filter_map(inside).collect();
        files.sort();
        let known = files.into_iter().filter_map(|(path, id)| {
            self.items.get_key_value(&id).map(|(id, item)| (path, id.as_str(), item))
        });
        Some(known.collect())
    }

    /// The paths of a folder's files, by id.
    pub(super) fn paths(&self, folder: &[String]) -> BTreeMap<&str, String> {
        let files = self.files(folder).unwrap_or_default();
        files.into_iter().map(|(path, id, _)| (id, path)).collect()
    }

    /// Forgets what lies in folders that are gone: Graph does not say it of each file.
    pub(super) fn prune(&mut self) {
        let lost = |item: &Item| {
            let mut parent = item.parent.as_str();
            let mut steps = 0;
            while parent != self.root {
                steps += 1;
                match self.items.get(parent) {
                    Some(folder) if steps < MOST_FOLDERS => parent = &folder.parent,
                    _ => return true,
                }
            }
            false
        };
        let lost: Vec<String> =
            self.items.iter().filter(|(_, item)| lost(item)).map(|(id, _)| id.clone()).collect();
        for id in lost {
            self.items.remove(&id);
        }
    }

    fn folder(&self, path: &[String]) -> Option<&str> {
        let mut at = self.root.as_str();
        for name in path {
            let is_it = |(_, item): &(&String, &Item)| {
                item.is_folder && item.parent == at && same_name(&item.name, name)
            };
            at = self.items.iter().find(is_it)?.0;
        }
        (!at.is_empty()).then_some(at)
    }

    /// The path of an item below a folder; nothing if it is not below it.
    fn path_below(&self, root: &str, item: &Item) -> Option<String> {
        let mut names = vec![item.name.as_str()];
        let mut parent = item.parent.as_str();
        // A little more than a snapshot takes, so that it can say that it is too deep.
        for _ in 0..MAX_DEPTH + 2 {
            if parent == root {
                names.reverse();
                return Some(names.join("/"));
            }
            let folder = self.items.get(parent)?;
            names.push(&folder.name);
            parent = &folder.parent;
        }
        None
    }
}

/// SharePoint's names differ in more than case.
fn same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
