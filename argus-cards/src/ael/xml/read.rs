//! XML to a tree. Whatever is not well-formed is read as far as it makes sense, as browsers and
//! npm's engine do, and noted; there are no document types and no entities but the usual five.

/// How deep elements may nest.
const MAX_DEPTH: usize = 128;

/// A document. Nodes are numbered in the order of the document; node 0 is the document itself.
#[derive(Debug)]
pub(in crate::ael) struct Document {
    pub(in crate::ael) nodes: Vec<Node>,
    pub(in crate::ael) well_formed: bool,
}

#[derive(Debug)]
pub(in crate::ael) struct Node {
    pub(in crate::ael) kind: Kind,
    pub(in crate::ael) parent: usize,
    pub(in crate::ael) children: Vec<usize>,
}

#[derive(Debug, PartialEq)]
pub(in crate::ael) enum Kind {
    Root,
    Element {
        name: String,
        attributes: Vec<(String, String)>,
        /// Whether it is in a namespace, so that a bare name does not mean it.
        namespaced: bool,
    },
    Text(String),
    Raw(String),
    Comment(String),
    Instruction(String),
}

/// Reads a document; `None` if there is nothing to read or no sense in it.
pub(in crate::ael) fn document(text: &str) -> Option<Document> {
    if text.is_empty() {
        return None;
    }
    let root = Node { kind: Kind::Root, parent: 0, children: Vec::new() };
    let document = Document { nodes: vec![root], well_formed: true };
    let mut reader = Reader { rest: text, document, open: vec![(0, false)] };
    while !reader.rest.is_empty() {
        reader.next()?;
    }
    let closed = reader.open.len() == 1;
    let rooted = reader.document.root_element().is_some();
    reader.document.well_formed &= closed && rooted;
    Some(reader.document)
}

struct Reader<'t> {
    rest: &'t str,
    document: Document,
    /// The open elements, and whether a default namespace holds in each.
    open: Vec<(usize, bool)>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Option<()> {
        if let Some(comment) = self.between("<!--", "-->") {
            self.add(Kind::Comment(comment.to_owned()));
        } else if let Some(raw) = self.between("<![CDATA[", "]]>") {
            self.add(Kind::Raw(raw.to_owned()));
        } else if let Some(instruction) = self.between("<?", "?>") {
            self.add(Kind::Instruction(instruction.to_owned()));
        } else if self.rest.starts_with("<!") {
            self.document.well_formed = false;
            let internal = self.rest.find("]>").map(|end| end + 2);
            let end = internal.or(self.rest.find('>').map(|end| end + 1));
            self.skip(end.unwrap_or(self.rest.len()));
        } else if let Some(name) = self.between("</", ">") {
            self.close(name.trim());
        } else if self.rest.starts_with('<') && self.rest.get(1..).is_some_and(starts_name) {
            return self.element();
        } else {
            self.text();
        }
        Some(())
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// What stands between two marks, if the text starts with the first; it may lack the second.
    fn between(&mut self, start: &str, end: &str) -> Option<&'t str> {
        let body = self.rest.strip_prefix(start)?;
        let (inside, rest) = body.split_once(end).unwrap_or_else(|| {
            self.document.well_formed = false;
            (body, "")
        });
        self.rest = rest;
        Some(inside)
    }

    fn add(&mut self, kind: Kind) -> usize {
        let parent = self.open.last().map_or(0, |(id, _)| *id);
        let id = self.document.nodes.len();
        self.document.nodes.push(Node { kind, parent, children: Vec::new() });
        if let Some(parent) = self.document.nodes.get_mut(parent) {
            parent.children.push(id);
        }
        id
    }

    fn text(&mut self) {
        let size = self.rest.char_indices().skip(1).find(|(_, c)| *c == '<');
        let size = size.map_or(self.rest.len(), |(size, _)| size);
        let text = self.rest.get(..size).unwrap_or_default();
        self.skip(size);
        if self.open.len() > 1 {
            let (text, known) = unescaped(text);
            self.document.well_formed &= known;
            self.add(Kind::Text(text));
        } else if !text.trim().is_empty() {
            self.document.well_formed = false;
        }
    }

    fn close(&mut self, name: &str) {
        let is = |(id, _): &(usize, bool)| self.document.name(*id) == Some(name);
        match self.open.iter().rposition(is) {
            Some(position) => {
                self.document.well_formed &= position + 1 == self.open.len();
                self.open.truncate(position);
            }
            None => self.document.well_formed = false,
        }
    }

    fn element(&mut self) -> Option<()> {
        self.skip(1);
        let name = self.name().to_owned();
        let (mut attributes, mut empty) = (Vec::new(), false);
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with('>') {
                self.skip(1);
                break;
            }
            if self.rest.starts_with("/>") {
                self.skip(2);
                empty = true;
                break;
            }
            if !starts_name(self.rest) {
                self.document.well_formed = false;
                let Some(c) = self.rest.chars().next() else { break };
                self.skip(c.len_utf8());
                continue;
            }
            let (key, value) = self.attribute();
            if attributes.iter().any(|(known, _)| *known == key) {
                return None;
            }
            attributes.push((key, value));
        }
        let outside = self.open.last().is_some_and(|(_, namespaced)| *namespaced);
        let declared = attributes.iter().find(|(key, _)| key == "xmlns");
        let default = declared.map_or(outside, |(_, value)| !value.is_empty());
        let namespaced = if name.contains(':') { true } else { default };
        // A second root is no part of the document.
        let second = self.open.len() == 1 && self.document.root_element().is_some();
        if second || self.open.len() > MAX_DEPTH {
            self.document.well_formed = false;
            return if second { Some(()) } else { None };
        }
        let id = self.add(Kind::Element { name, attributes, namespaced });
        if !empty {
            self.open.push((id, default));
        }
        Some(())
    }

    fn name(&mut self) -> &'t str {
        let size = self.rest.find(|c: char| c.is_whitespace() || "=/><".contains(c));
        let (name, rest) =
            self.rest.split_at_checked(size.unwrap_or(self.rest.len())).unwrap_or((self.rest, ""));
        self.rest = rest;
        name
    }

    fn attribute(&mut self) -> (String, String) {
        let key = self.name().to_owned();
        let Some(rest) = self.rest.trim_start().strip_prefix('=') else {
            self.document.well_formed = false;
            return (key.clone(), key);
        };
        self.rest = rest.trim_start();
        let quoted = ["\"", "'"].into_iter().find_map(|quote| self.between(quote, quote));
        let value = quoted.unwrap_or_else(|| {
            self.document.well_formed = false;
            self.name()
        });
        let (value, known) = unescaped(value);
        self.document.well_formed &= known;
        (key, value)
    }
}

fn starts_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == ':')
}

/// Puts characters in place of entities; also says whether all of them were known.
fn unescaped(text: &str) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut known) = (text, true);
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let entity = after.split_once(';').and_then(|(name, rest)| Some((character(name)?, rest)));
        if let Some((c, after)) = entity {
            out.push(c);
            rest = after;
        } else {
            known = false;
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    (out, known)
}

fn character(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

impl Document {
    pub(in crate::ael) fn kind(&self, id: usize) -> &Kind {
        self.nodes.get(id).map_or(&Kind::Root, |node| &node.kind)
    }

    pub(in crate::ael) fn name(&self, id: usize) -> Option<&str> {
        match self.kind(id) {
            Kind::Element { name, .. } => Some(name),
            Kind::Instruction(text) => text.split_whitespace().next(),
            _ => None,
        }
    }

    pub(in crate::ael) fn attributes(&self, id: usize) -> &[(String, String)] {
        match self.kind(id) {
            Kind::Element { attributes, .. } => attributes,
            _ => &[],
        }
    }

    pub(in crate::ael) fn children(&self, id: usize) -> &[usize] {
        self.nodes.get(id).map_or(&[], |node| &node.children)
    }

    fn root_element(&self) -> Option<usize> {
        let is_element = |id: &&usize| matches!(self.kind(**id), Kind::Element { .. });
        self.children(0).iter().find(is_element).copied()
    }

    /// All text in a node.
    pub(in crate::ael) fn text(&self, id: usize) -> String {
        match self.kind(id) {
            Kind::Text(text) | Kind::Raw(text) | Kind::Comment(text) => text.clone(),
            Kind::Instruction(text) => {
                text.split_once(' ').map_or("", |(_, text)| text.trim_start()).to_owned()
            }
            Kind::Root | Kind::Element { .. } => {
                let texts = |id: &&usize| !matches!(self.kind(**id), Kind::Comment(_));
                self.children(id).iter().filter(texts).map(|id| self.text(*id)).collect()
            }
        }
    }

    /// A node as XML.
    pub(in crate::ael) fn write(&self, out: &mut String, id: usize) {
        match self.kind(id) {
            Kind::Root => self.children(id).iter().for_each(|id| self.write(out, *id)),
            Kind::Text(text) => push_escaped(out, text, &['&', '<', '>']),
            Kind::Raw(text) => out.extend(["<![CDATA[", text, "]]>"]),
            Kind::Comment(text) => out.extend(["<!--", text, "-->"]),
            Kind::Instruction(text) => out.extend(["<?", text, "?>"]),
            Kind::Element { name, attributes, .. } => {
                out.extend(["<", name]);
                for (key, value) in attributes {
                    write_attribute(out, key, value);
                }
                if self.children(id).is_empty() {
                    out.push_str("/>");
                    return;
                }
                out.push('>');
                self.children(id).iter().for_each(|id| self.write(out, *id));
                out.extend(["</", name, ">"]);
            }
        }
    }
}

/// Writes an attribute with the space before it.
pub(in crate::ael) fn write_attribute(out: &mut String, key: &str, value: &str) {
    out.extend([" ", key, "=\""]);
    push_escaped(out, value, &['&', '<', '>', '"', '\t', '\n', '\r']);
    out.push('"');
}

fn push_escaped(out: &mut String, text: &str, special: &[char]) {
    for c in text.chars() {
        match c {
            c if !special.contains(&c) => out.push(c),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.extend(["&#x", &format!("{:x}", u32::from(c)), ";"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> (String, bool) {
        let document = document(text).unwrap();
        let mut out = String::new();
        document.write(&mut out, 0);
        (out, document.well_formed)
    }

    #[test]
    fn what_is_read_is_written_again() {
        let same = "<?xml version=\"1.0\"?><r a=\"1&amp;2\"><!--c-->x&lt;<b/><![CDATA[<y>]]></r>";
        assert_eq!(again(same), (same.to_owned(), true));
        assert_eq!(again("<r a='1'></r>"), ("<r a=\"1\"/>".to_owned(), true));
    }

    #[test]
    fn what_is_not_well_formed_is_noted() {
        for (text, read) in [
            ("<r>", "<r/>"),
            ("<r", "<r/>"),
            ("<a/><b/>", "<a/>"),
            ("<r>&x;</r>", "<r>&amp;x;</r>"),
            ("<r></x>", "<r/>"),
            ("<r a=1/>", "<r a=\"1\"/>"),
            ("x", ""),
            ("<!DOCTYPE r [<!ENTITY x \"y\">]><r/>", "<r/>"),
        ] {
            assert_eq!(again(text), (read.to_owned(), false), "{text}");
        }
        assert!(document("<r a='1' a='2'/>").is_none());
        assert!(document("").is_none());
        assert!(document(&"<r>".repeat(200)).is_none());
    }
}
