//! All mappings that there are, and which of them a message is for.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use super::embedded::FILES;
use super::{Mapping, Scope};
use crate::event::json::Json;
use crate::playbook::{Diagnostic, Diagnostics, Level};

/// The mappings in use: those of the binary, and those that people have added.
#[derive(Clone, Debug, Default)]
pub struct Mappings {
    all: Vec<Mapping>,
    /// Mappings by the first key that they ask for, in its letters and digits alone.
    by_key: HashMap<String, Vec<usize>>,
}

/// Why a set of mappings cannot be used; the ones in use before stay in use.
pub type MappingsError = Diagnostics;

static EMBEDDED: LazyLock<Mappings> = LazyLock::new(|| {
    let mut mappings = Mappings::default();
    for (file, text) in FILES {
        // A test reads every file; one that could not be read would be missing here, not wrong.
        if let Ok(mapping) = Mapping::parse(file, text) {
            mappings.add(Mapping { added: false, ..mapping });
        }
    }
    mappings
});

impl Mappings {
    /// The mappings of the binary.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// The files of the mappings in the binary, by name; to copy and to change.
    pub fn embedded_files() -> &'static [(&'static str, &'static str)] {
        FILES
    }

    /// The mappings of the binary with others in front: one with the name of ours replaces it.
    ///
    /// `files` are the names and texts of mappings.
    ///
    /// # Errors
    ///
    /// [`Diagnostics`] with what is wrong in any of the files, and nothing is used.
    pub fn with(files: &[(String, String)]) -> Result<Self, MappingsError> {
        let mut errors = Vec::new();
        let mut own: Vec<Mapping> = Vec::new();
        for (file, text) in files {
            match Mapping::parse(file, text) {
                Ok(mapping) if own.iter().any(|other| other.name == mapping.name) => {
                    errors.push(twice(file, text, &mapping.name));
                }
                Ok(mapping) => own.push(mapping),
                Err(Diagnostics(found)) => errors.extend(found),
            }
        }
        if !errors.is_empty() {
            return Err(Diagnostics(errors));
        }
        let mut mappings = Self::default();
        let names: BTreeSet<String> = own.iter().map(|mapping| mapping.name.clone()).collect();
        for mapping in own {
            mappings.add(mapping);
        }
        for mapping in &Self::embedded().all {
            if !names.contains(&mapping.name) {
                mappings.add(mapping.clone());
            }
        }
        Ok(mappings)
    }

    /// Every mapping, those of people first.
    pub fn iter(&self) -> impl Iterator<Item = &Mapping> {
        self.all.iter()
    }

    /// The mapping with this name.
    pub fn named(&self, name: &str) -> Option<&Mapping> {
        self.all.iter().find(|mapping| mapping.name == name)
    }

    fn add(&mut self, mapping: Mapping) {
        let at = self.all.len();
        for line in &mapping.when {
            // A key that must not be there leads to no message.
            let first = line.iter().find(|condition| !condition.is_absence());
            let first = first.and_then(|condition| condition.path().first_key());
            let key = first.map(letters).unwrap_or_default();
            let list = self.by_key.entry(key).or_default();
            if !list.contains(&at) {
                list.push(at);
            }
        }
        self.all.push(mapping);
    }

    /// The mapping that a message is for: of several the one that asks for most.
    pub(crate) fn recognise<'m, 'a>(
        &self,
        message: &'m Json<'a>,
    ) -> Option<(&Mapping, Scope<'m, 'a>)> {
        let Json::Object(fields) = message else { return None };
        let scope = Scope { here: message, root: message };
        let mut best: Option<(usize, usize)> = None;
        let mut buffer = String::with_capacity(32);
        let empty = std::iter::once("");
        for name in fields.iter().map(|(name, _)| name.as_ref()).chain(empty) {
            buffer.clear();
            letters_into(name, &mut buffer);
            for at in self.by_key.get(buffer.as_str()).into_iter().flatten() {
                let holds = self.all.get(*at).and_then(|mapping| mapping.conditions(scope));
                let Some(count) = holds else { continue };
                // Of equals the earlier one, so that what people add goes before ours.
                if best.is_none_or(|(known, index)| count > known || count == known && *at < index)
                {
                    best = Some((count, *at));
                }
            }
        }
        let mapping = self.all.get(best?.1)?;
        Some((mapping, mapping.scope(message)?))
    }
}

fn twice(file: &str, text: &str, name: &str) -> Diagnostic {
    Diagnostic {
        file: file.to_owned(),
        line: 1,
        column: 1,
        level: Level::Error,
        message: format!("another file has the mapper `{name}` too"),
        help: Some("give one of them another name".to_owned()),
        source_line: text.lines().next().unwrap_or_default().to_owned(),
    }
}

fn letters(name: &str) -> String {
    let mut key = String::new();
    letters_into(name, &mut key);
    key
}

fn letters_into(name: &str, key: &mut String) {
    let mut bytes = name.as_bytes();
    if let [rest @ .., b'_', b's' | b'd' | b'g' | b't' | b'b'] = bytes
        && rest.len() > 1
    {
        bytes = rest;
    }
    let letters = bytes.iter().filter(|byte| !matches!(byte, b'_' | b'-'));
    key.extend(letters.map(|byte| char::from(byte.to_ascii_lowercase())));
}
