//! Which files are templates, and what belongs to them.

use std::path::Path;

use super::Snapshot;

const ENDING: &str = ".card.json";
/// A whole file of minijinja.
const JINJA_ENDING: &str = ".card.json.j2";

/// The files of one template.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TemplateFiles<'a> {
    /// The template's name.
    pub name: &'a str,
    /// The template itself.
    pub path: &'a str,
    /// Data to try it with, in order; only a template with a folder of its own has any.
    pub samples: Vec<&'a str>,
    /// The cards that come out of samples of the same name, in order.
    pub expected: Vec<&'a str>,
}

impl Snapshot {
    /// The templates: `NAME/NAME.card.json`, and `NAME.card.json` for those without a folder; a file
    /// of minijinja ends in `.j2` beside that.
    ///
    /// ```
    /// use argus_cards::source::{File, Snapshot};
    ///
    /// let mut snapshot = Snapshot::default();
    /// for path in ["alert/alert.card.json", "alert/samples/one.json", "alert/expected/one.json"] {
    ///     snapshot.insert(path, File::new("{}"));
    /// }
    /// let templates = snapshot.templates();
    /// assert_eq!((templates[0].name, templates[0].path), ("alert", "alert/alert.card.json"));
    /// assert_eq!(templates[0].samples, ["alert/samples/one.json"]);
    /// assert_eq!(templates[0].expected, ["alert/expected/one.json"]);
    /// ```
    pub fn templates(&self) -> Vec<TemplateFiles<'_>> {
        let mut found: Vec<TemplateFiles<'_>> = self
            .paths()
            .filter_map(|path| {
                let name = template_name(path)?;
                let beside = |part| self.beside(path, part);
                let (samples, expected) = (beside("samples"), beside("expected"));
                Some(TemplateFiles { name, path, samples, expected })
            })
            .collect();
        // Of two with one name, the one with a folder of its own is first.
        found.sort_by_key(|it| (it.name, !it.path.contains('/')));
        found
    }

    /// The JSON files in a folder beside a template.
    fn beside(&self, path: &str, part: &str) -> Vec<&str> {
        let Some((folder, _)) = path.rsplit_once('/') else { return Vec::new() };
        let folder = format!("{folder}/{part}/");
        let is_in = |path: &&str| {
            let name = path.strip_prefix(&folder);
            name.is_some_and(|name| !name.contains('/') && is_json(name))
        };
        self.paths().filter(is_in).collect()
    }
}

/// The template that a file is, if it is one.
pub(crate) fn template_name(path: &str) -> Option<&str> {
    let stem = path.strip_suffix(ENDING).or_else(|| path.strip_suffix(JINJA_ENDING))?;
    match stem.split_once('/') {
        None => Some(stem),
        Some((folder, name)) => (folder == name).then_some(name),
    }
}

/// Where the template of that name should be.
pub(crate) fn template_path(name: &str) -> String {
    format!("{name}/{name}{ENDING}")
}

fn is_json(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "json")
}
