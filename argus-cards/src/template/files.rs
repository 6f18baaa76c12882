//! The files a template is made of: its own, and the partials that `{"$ref": "…"}` names.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Position};
use crate::json::{self, Kind, Member, Node};

/// How deep files may include each other. A reader gives up at three.
const MAX_DEPTH: usize = 8;
/// How many files a template may be made of.
const MAX_FILES: usize = 64;

/// Where the other files of a template come from: the text of the file at a path, if there is one.
pub(super) type Partials<'p> = &'p dyn Fn(&str) -> Option<String>;

/// A file of a template.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) text: Arc<str>,
}

/// A byte of one of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Site {
    pub(super) file: usize,
    pub(super) byte: usize,
}

/// All files of a template, its own first.
#[derive(Debug)]
pub(super) struct Files(Vec<File>);

impl Files {
    /// A template that is one file.
    pub(super) fn one(name: &str, text: &str) -> Self {
        Self(vec![File { name: name.to_owned(), text: text.into() }])
    }

    /// Reads a template and whatever it includes.
    pub(super) fn load(name: &str, text: &str, partials: Partials<'_>) -> Result<Self, Error> {
        let mut files = Self::one(name, text);
        // Most templates are one file, and need not be read twice.
        if text.contains("\"$ref\"") {
            files.load_partials(0, &mut vec![0], partials)?;
        }
        Ok(files)
    }

    fn load_partials(
        &mut self,
        file: usize,
        open: &mut Vec<usize>,
        partials: Partials<'_>,
    ) -> Result<(), Error> {
        let text = self.text(file);
        let tree = self.tree(file, &text)?;
        let mut found = Vec::new();
        references(&tree, &mut found);
        for (path, byte) in found {
            let site = Site { file, byte };
            let refused = |message: String| self.error(site, 0, message);
            let Some(name) = resolved(self.name(file), path) else {
                return Err(refused(format!("`{path}` leads out of the folder of templates")));
            };
            let known = self.0.iter().position(|file| file.name == name);
            if let Some(again) = known.filter(|known| open.contains(known)) {
                let circle = open.iter().skip_while(|open| **open != again);
                let names: Vec<&str> = circle.map(|open| self.name(*open)).collect();
                let circle = names.join("` includes `");
                return Err(refused(format!("`{circle}` includes `{name}`: a circle")));
            }
            if open.len() > MAX_DEPTH {
                return Err(refused(format!("files include each other {MAX_DEPTH} levels deep")));
            }
            let next = match known {
                Some(known) => known,
                None if self.0.len() >= MAX_FILES => {
                    return Err(refused(format!("a template of more than {MAX_FILES} files")));
                }
                None => {
                    let Some(text) = partials(&name) else {
                        return Err(refused(format!("there is no file `{name}`")));
                    };
                    self.0.push(File { name, text: text.into() });
                    self.0.len() - 1
                }
            };
            open.push(next);
            self.load_partials(next, open, partials)?;
            open.pop();
        }
        Ok(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &File> {
        self.0.iter()
    }

    pub(super) fn name(&self, file: usize) -> &str {
        self.0.get(file).map_or("", |file| &file.name)
    }

    pub(super) fn text(&self, file: usize) -> Arc<str> {
        self.0.get(file).map_or_else(|| "".into(), |file| Arc::clone(&file.text))
    }

    fn borrowed(&self, file: usize) -> &str {
        self.0.get(file).map_or("", |file| &file.text)
    }

    /// The trees of all files.
    pub(super) fn trees(&self) -> Result<Vec<Node<'_>>, Error> {
        (0..self.0.len()).map(|file| self.tree(file, self.borrowed(file))).collect()
    }

    fn tree<'t>(&self, file: usize, text: &'t str) -> Result<Node<'t>, Error> {
        json::parse(text)
            .map_err(|fault| self.error(Site { file, byte: fault.at }, 0, fault.message))
    }

    /// The file that a path in another file means.
    pub(super) fn find(&self, from: usize, path: &str) -> Option<usize> {
        let name = resolved(self.name(from), path)?;
        self.0.iter().position(|file| file.name == name)
    }

    /// Where byte `offset` of the string at a site is; 0 is the string itself.
    pub(super) fn byte(&self, site: Site, offset: usize) -> usize {
        let text = self.borrowed(site.file);
        if offset == 0 && !text.get(site.byte..).is_some_and(|rest| rest.starts_with('"')) {
            return site.byte;
        }
        json::source_offset(text, site.byte, offset)
    }

    pub(super) fn position(&self, site: Site, offset: usize) -> Position {
        Position::of(self.borrowed(site.file), self.byte(site, offset))
    }

    /// Why the template is refused, with the place.
    pub(super) fn error(&self, site: Site, offset: usize, message: impl Into<String>) -> Error {
        let at = Position::of(
            self.borrowed(site.file),
            if offset == 0 { site.byte } else { self.byte(site, offset) },
        );
        Error::new(ErrorKind::TemplateInvalid, message).at(self.name(site.file), at)
    }
}

/// The path that an object includes: one that has `$ref` and nothing else but `$data` and `$when`.
pub(super) fn reference<'n>(members: &'n [Member<'_>]) -> Option<(&'n str, usize)> {
    let known = |member: &Member<'_>| matches!(&*member.key, "$ref" | "$data" | "$when");
    let member = members.iter().find(|member| member.key == "$ref")?;
    match &member.value.kind {
        Kind::String(path) if members.iter().all(known) => Some((path, member.value.at)),
        _ => None,
    }
}

fn references<'n>(node: &'n Node<'_>, found: &mut Vec<(&'n str, usize)>) {
    match &node.kind {
        Kind::Array(items) => items.iter().for_each(|item| references(item, found)),
        Kind::Object(members) => match reference(members) {
            Some(reference) => found.push(reference),
            None => members.iter().for_each(|member| references(&member.value, found)),
        },
        _ => {}
    }
}

/// The path from the folder of templates: `./` and `../` start from the file that names it.
fn resolved(from: &str, path: &str) -> Option<String> {
    if path.is_empty() || path.contains(['\\', ':']) || path.starts_with('/') {
        return None;
    }
    let relative = path.starts_with("./") || path.starts_with("../");
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut whole = if relative { folder.to_owned() } else { String::new() };
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." if whole.is_empty() => return None,
            ".." => whole = whole.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned(),
            part => {
                if !whole.is_empty() {
                    whole.push('/');
                }
                whole.push_str(part);
            }
        }
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::resolved;

    #[test]
    fn paths_stay_in_the_folder() {
        let check = |path, expected: Option<&str>| {
            assert_eq!(resolved("alert/alert.card.json", path).as_deref(), expected, "{path}");
        };
        check("partials/head.card.json", Some("partials/head.card.json"));
        check("./row.card.json", Some("alert/row.card.json"));
        check("../partials/head.card.json", Some("partials/head.card.json"));
        check("../../etc/passwd", None);
        check("partials/../../x", None);
        check("/etc/passwd", None);
        check("C:\\x", None);
        check("https://evil.example/x", None);
        check("", None);
    }
}
