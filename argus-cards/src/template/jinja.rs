//! Whole files in minijinja, `NAME.card.json.j2`, for what `$data` and `$when` cannot say: macros,
//! includes, inheritance, loops with conditions.
//!
//! What such a file gives is text, which must be JSON. Every value that is put into it is written as
//! JSON, whatever the file says, and marked; when the text is read, the marked parts of its strings
//! are values of the data, which are made safe for their place like those of `${…}`.

use minijinja::{AutoEscape, Environment, ErrorKind as JinjaKind, Output, State, Value as Jinja};
use serde_json::Value;

use super::files::{Files, Site};
use crate::ael::expr::{Const, Expr};
use crate::ael::jinja::{environment, said};
use crate::ael::text::{Piece, Text};
use crate::error::{Error, ErrorKind, Position};
use crate::options::{Limits, Options};

/// How the name of such a file ends.
pub(super) const ENDING: &str = ".j2";
/// Where a value starts and ends. Both are private characters, which mean nothing to anybody.
const START: char = '\u{f5a1}';
const END: char = '\u{f5a2}';
/// How many bytes of memory minijinja allows for one unit of its fuel.
const BYTES_PER_FUEL: u64 = 64;

/// A template in minijinja with whatever it includes.
#[derive(Debug)]
pub(super) struct JinjaFile {
    environment: Environment<'static>,
}

impl JinjaFile {
    pub(super) fn parse(files: &Files, limits: &Limits) -> Result<Self, Error> {
        let mut environment = environment();
        environment.set_auto_escape_callback(|_| AutoEscape::Json);
        environment.set_formatter(write_marked);
        environment
            .add_filter("tojson", |value: Jinja| marked(&value).map(Jinja::from_safe_string));
        let memory = u64::try_from(limits.value_bytes).unwrap_or(u64::MAX) / BYTES_PER_FUEL;
        environment.set_fuel(Some(limits.steps.min(memory)));
        for (file, part) in files.iter().enumerate() {
            if part.text.contains([START, END]) {
                let message = "the file has private characters that mark values";
                return Err(files.error(Site { file, byte: 0 }, 0, message));
            }
            environment
                .add_template_owned(part.name.clone(), part.text.to_string())
                .map_err(|error| located(files, &error, ErrorKind::TemplateInvalid))?;
        }
        Ok(Self { environment })
    }

    /// The paths that the file reads, such as `host.name`.
    pub(super) fn paths(&self, files: &Files) -> Vec<String> {
        let template = self.environment.get_template(files.name(0));
        let paths = template.map(|template| template.undeclared_variables(true));
        let mut paths: Vec<String> = paths.unwrap_or_default().into_iter().collect();
        paths.sort_unstable();
        paths
    }

    /// The text that the file gives for some data.
    pub(super) fn text(
        &self,
        files: &Files,
        root: Option<&Value>,
        host: Option<&Value>,
        options: &Options,
    ) -> Result<String, Error> {
        let failed = |error: &minijinja::Error| {
            let kind = match error.kind() {
                JinjaKind::OutOfFuel => ErrorKind::LimitExceeded,
                _ => ErrorKind::EvaluationFailed,
            };
            located(files, error, kind)
        };
        let template =
            self.environment.get_template(files.name(0)).map_err(|error| failed(&error))?;
        let mut context = match root {
            Some(Value::Object(root)) => root.clone(),
            _ => serde_json::Map::new(),
        };
        context.extend(root.map(|root| ("_root".to_owned(), root.clone())));
        context.extend(host.map(|host| ("_host".to_owned(), host.clone())));
        let text =
            template.render(minijinja::value::Serde(&context)).map_err(|error| failed(&error))?;
        let most = options.limits.output_bytes;
        if text.len() > most {
            let message = format!("a card of more than {most} bytes");
            return Err(Error::new(ErrorKind::LimitExceeded, message)
                .at(files.name(0), Position::of("", 0)));
        }
        Ok(text)
    }
}

/// The files that a text includes, imports or extends by name.
pub(super) fn included(text: &str) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("{%") {
        let body = text.get(at + 2..).and_then(|body| body.split("%}").next()).unwrap_or_default();
        let words = body.trim_start_matches(['-', '+', ' ', '\n', '\r', '\t']);
        let keyword = ["include", "import", "extends", "from"]
            .into_iter()
            .find_map(|keyword| words.strip_prefix(keyword));
        let name = keyword.map(str::trim_start).and_then(|rest| {
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            rest.get(1..)?.split(quote).next()
        });
        found.extend(name.map(|name| (name, at)));
    }
    found
}

fn located(files: &Files, error: &minijinja::Error, kind: ErrorKind) -> Error {
    let file = files.iter().position(|file| Some(file.name.as_str()) == error.name()).unwrap_or(0);
    let byte = error.range().map_or(0, |range| range.start);
    let at = Position::of(&files.text(file), byte);
    Error::new(kind, said(error)).at(files.name(file), at)
}

fn write_marked(
    out: &mut Output<'_>,
    _: &mut State<'_, '_>,
    value: &Jinja,
) -> Result<(), minijinja::Error> {
    // Only macros and captured blocks are safe, and what is in them went through here.
    let text = match value.as_str() {
        Some(text) if value.is_safe() => text.to_owned(),
        _ => marked(value)?,
    };
    out.write_str(&text).map_err(minijinja::Error::from)
}

/// A value as JSON, with marks around its texts.
fn marked(value: &Jinja) -> Result<String, minijinja::Error> {
    if value.is_undefined() {
        return Err(minijinja::Error::from(JinjaKind::UndefinedError));
    }
    let mut value = serde_json::to_value(value).map_err(|error| {
        minijinja::Error::new(JinjaKind::BadSerialization, "the value is no JSON")
            .with_source(error)
    })?;
    mark(&mut value);
    Ok(value.to_string())
}

fn mark(value: &mut Value) {
    match value {
        Value::String(text) => *text = format!("{START}{}{END}", text.replace([START, END], "")),
        Value::Array(items) => items.iter_mut().for_each(mark),
        Value::Object(fields) => fields.values_mut().for_each(mark),
        _ => {}
    }
}

/// Whether a string of the card has a value in it.
pub(super) fn has_value(text: &str) -> bool {
    text.contains(START)
}

/// A word that is nothing but a value, without its marks.
pub(super) fn unmarked(word: &str) -> &str {
    word.strip_prefix(START).and_then(|word| word.strip_suffix(END)).unwrap_or(word)
}

/// A string of the card, taken apart into what the file says and what the data says. `None` if a
/// filter has torn the marks.
pub(super) fn split(text: &str) -> Option<Text> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(START) {
        let (value, after) = after.split_once(END)?;
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        pieces.push(Piece::Expr(Expr::Const(Const::Text(value.to_owned()))));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    let torn = |piece: &Piece| match piece {
        Piece::Text(text) | Piece::Expr(Expr::Const(Const::Text(text))) => {
            text.contains([START, END])
        }
        Piece::Expr(_) => false,
    };
    if pieces.iter().any(torn) {
        return None;
    }
    Some(match (pieces.len(), pieces.pop()) {
        (1, Some(Piece::Expr(expr))) => Text::Single(expr),
        (_, last) => {
            pieces.extend(last);
            Text::Mixed(pieces)
        }
    })
}
