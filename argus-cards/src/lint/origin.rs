//! From a place in a rendered card back to the place in its template.
//!
//! Every object of the template is given a member that says where it stands, under a key that no
//! card has, and the template is rendered like any other. What comes out of an object carries its
//! place with it, whatever repeated, moved or copied it.

use super::card::inner;
use super::lines::Lines;
use super::{Card, Found, Linter, Reading, Report, rules};
use crate::error::{Error, ErrorKind};
use crate::json::{self, Kind, Node};
use crate::options::Options;
use crate::template::Template;
use serde_json::Value;

/// The key of the member that says where an object stands.
const KEY: &str = "\u{1}at";
const KEY_ESCAPED: &str = "\\u0001at";

impl Linter {
    /// Checks the card that a template gives for some data. The findings point into the template:
    /// at the value if it is written there, else at the element that it comes from.
    ///
    /// ```
    /// use argus_cards::lint::Linter;
    /// use argus_cards::{Host, Options};
    /// use serde_json::json;
    ///
    /// let source = r#"{ "type": "AdaptiveCard", "version": "1.5", "body": [
    ///   { "$data": "${bars}", "type": "ProgressBar", "value": "${done}" }
    /// ] }"#;
    /// let data = json!({"bars": [{"done": 50}, {"done": 500}]});
    /// let linter = Linter::new(Host::TEAMS);
    /// let report = linter.check_rendered("x.card.json", source, &data, &Options::default())?;
    /// let wrong = report.findings.iter().find(|f| f.rule.id == "progress.range").unwrap();
    /// assert_eq!(wrong.at.to_string(), "2:57");
    /// # Ok::<(), argus_cards::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Template::parse`] and [`Template::render`].
    pub fn check_rendered(
        &self,
        file: &str,
        source: &str,
        data: &Value,
        options: &Options,
    ) -> Result<Report, Error> {
        // Errors are about the template as it was written.
        Template::parse(file, source, options)?.render(data, None, options)?;
        let broken = |_| Error::new(ErrorKind::TemplateInvalid, "the template gives no JSON");
        let template = json::parse(source).map_err(|fault| broken(fault.message))?;
        let marked = Template::parse(file, &marked(source, &template), options)?;
        // The marks count for nothing, but they are bytes.
        let mut roomy = options.clone();
        roomy.limits.output_bytes = roomy.limits.output_bytes.saturating_mul(4);
        let card = marked.render(data, None, &roomy)?;
        let card = String::from_utf8(card).map_err(|error| broken(error.to_string()))?;
        let mut root = json::parse(&card).map_err(|fault| broken(fault.message))?;
        let mut places = Vec::new();
        unmark(&mut root, &mut places);
        places.sort_unstable();

        let linter = Self { reading: Reading::Card, ..self.clone() };
        let mut found = Found::default();
        rules::run(&Card::new(file, &card, &root, &linter), &mut found);
        let back = |offset| origin(&root, &places, &template, offset);
        Ok(found.moved(back).report(file, &Lines::of(source), Some(&template)))
    }
}

/// A template whose objects say where they stand. What is under `$data` is data and stays as it is.
fn marked(source: &str, root: &Node<'_>) -> String {
    let mut places = Vec::new();
    objects(root, &mut places);
    places.sort_unstable();
    let mut marked = String::with_capacity(source.len() + places.len() * 24);
    let mut done = 0;
    for (at, is_empty) in places {
        marked.push_str(source.get(done..=at).unwrap_or_default());
        let comma = if is_empty { "" } else { "," };
        marked.extend(["\"", KEY_ESCAPED, "\":", &at.to_string(), comma]);
        done = at + 1;
    }
    marked.push_str(source.get(done..).unwrap_or_default());
    marked
}

/// Where all objects of a template begin, and whether they are empty.
fn objects(node: &Node<'_>, places: &mut Vec<(usize, bool)>) {
    match &node.kind {
        Kind::Array(items) => items.iter().for_each(|item| objects(item, places)),
        Kind::Object(members) => {
            places.push((node.at, members.is_empty()));
            for member in members.iter().filter(|member| member.key != "$data") {
                objects(&member.value, places);
            }
        }
        _ => {}
    }
}

/// Takes the marks out of a card again, and notes for each object where it came from.
fn unmark(node: &mut Node<'_>, places: &mut Vec<(usize, usize)>) {
    let place = inner(node, KEY).and_then(|mark| match &mark.kind {
        Kind::Number(at) => at.as_u64().and_then(|at| usize::try_from(at).ok()),
        _ => None,
    });
    if let Some(place) = place {
        places.push((node.at, place));
    }
    match &mut node.kind {
        Kind::Array(items) => items.iter_mut().for_each(|item| unmark(item, places)),
        Kind::Object(members) => {
            members.retain(|member| member.key != KEY);
            for member in members {
                unmark(&mut member.value, places);
            }
        }
        _ => {}
    }
}

/// The byte of the template from which comes what stands at a byte of the card.
fn origin(card: &Node<'_>, places: &[(usize, usize)], template: &Node<'_>, offset: usize) -> usize {
    let mut node = card;
    // The last object on the way that knows its place, and the way on from there.
    let mut from = template;
    let mut lost = true;
    loop {
        if let Ok(index) = places.binary_search_by_key(&node.at, |(at, _)| *at) {
            let place = places.get(index).map_or(0, |(_, place)| *place);
            from = at(template, place).unwrap_or(template);
            lost = false;
        }
        match &node.kind {
            Kind::Object(members) => {
                let inside = members.iter().filter(|member| member.key_at <= offset);
                let Some(member) = inside.max_by_key(|member| member.key_at) else {
                    return from.at;
                };
                let written = match &from.kind {
                    Kind::Object(written) if !lost => {
                        written.iter().find(|other| other.key == member.key)
                    }
                    _ => None,
                };
                if member.key_at == offset {
                    return written.map_or(from.at, |written| written.key_at);
                }
                // What the template does not have came out of the data, with all that is in it.
                lost = written.is_none();
                from = written.map_or(from, |written| &written.value);
                node = &member.value;
            }
            Kind::Array(items) => {
                let inside = items.iter().filter(|item| item.at <= offset);
                let Some(item) = inside.max_by_key(|item| item.at) else { return from.at };
                node = item;
            }
            _ => return from.at,
        }
        if node.at == offset && places.binary_search_by_key(&offset, |(at, _)| *at).is_err() {
            return from.at;
        }
    }
}

/// The node that begins at a byte.
fn at<'n>(node: &'n Node<'n>, offset: usize) -> Option<&'n Node<'n>> {
    if node.at == offset {
        return Some(node);
    }
    let inside = match &node.kind {
        Kind::Array(items) => items.iter().filter(|item| item.at <= offset).max_by_key(|i| i.at),
        Kind::Object(members) => members
            .iter()
            .map(|member| &member.value)
            .filter(|value| value.at <= offset)
            .max_by_key(|value| value.at),
        _ => None,
    };
    at(inside?, offset)
}
