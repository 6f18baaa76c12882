//! Values of the data on their way into the card, each made safe for its place.

use std::borrow::Cow;

use serde_json::Value;

use super::{Renderer, Stop};
use crate::ael::expr::Expr;
use crate::ael::functions::percent_encode;
use crate::ael::text::Piece;
use crate::ael::value::Val;
use crate::template::files::Site;
use crate::template::program::Leaf;
use crate::template::role::{Role, Spot};
use crate::template::{safe, write};

impl<'a> Renderer<'a, '_> {
    /// Writes a text with values in it, each made safe for its place.
    pub(super) fn mixed(&mut self, pieces: &'a [Piece], leaf: &'a Leaf) -> Result<bool, Stop> {
        let start = self.out.len();
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        for piece in pieces {
            let expr = match piece {
                Piece::Text(plain) => {
                    text.push_str(plain);
                    continue;
                }
                Piece::Expr(expr) => expr,
            };
            if let Some(Value::String(words)) = self.cx.datum(expr)
                && leaf.role != Role::Url
                && self.is_plain(words)
                && !text.ends_with("](")
            {
                text.push_str(words);
                continue;
            }
            let value = self.eval(expr, leaf.at)?.unwrap_or(Val::Undefined);
            let shown = self.shown(&value, expr, leaf.at);
            let starts_line = safe::starts_line(&text);
            let is_shown = !matches!(leaf.role, Role::Opaque | Role::Value | Role::Url);
            if is_shown && safe::meets(&text, &shown) {
                text.push(' ');
            }
            match leaf.role {
                Role::Markdown if text.ends_with("](") => match safe::allowed(&shown, self.options)
                {
                    Ok(address) => text.push_str(&address),
                    Err(why) => self.report(leaf.at, expr.at(), format!("the link {why}")),
                },
                Role::Markdown => {
                    text.push_str(&safe::markdown(&shown, starts_line, self.options));
                }
                Role::Url if safe::names_host(&text) => {
                    if shown.split('/').any(|part| part == "." || part == "..") {
                        let message = "the address would leave its path".to_owned();
                        self.report(leaf.at, expr.at(), message);
                        self.out.truncate(start);
                        return Ok(false);
                    }
                    text.push_str(&percent_encode(&shown));
                }
                Role::Opaque | Role::Url => text.push_str(&shown),
                Role::Value => text.push_str(&safe::value(&shown, self.options)),
                Role::Text | Role::Other => text.push_str(&safe::plain(&shown, self.options)),
            }
        }
        if leaf.role == Role::Url {
            let fixed = pieces
                .first()
                .is_some_and(|piece| matches!(piece, Piece::Text(text) if safe::names_host(text)));
            if !fixed {
                return Ok(self.address(&text, leaf.at));
            }
        }
        write::string(&mut self.out, &text);
        self.scratch = text;
        Ok(true)
    }

    /// What a value looks like between texts; nothing is the empty text.
    fn shown<'v>(&mut self, value: &'v Val<'a>, expr: &Expr, leaf_at: Site) -> Cow<'v, str> {
        if value.is_object() || value.list().is_some_and(|l| l.iter().any(|i| i.is_object())) {
            self.report(leaf_at, expr.at(), format!("`{expr}` is an object, not a text"));
            return value.to_json().unwrap_or_default().to_string().into();
        }
        value.to_text().unwrap_or_default()
    }

    /// Writes a value that comes out of data, as far as its place allows.
    pub(super) fn guarded(&mut self, value: &Val<'a>, role: Role, leaf_at: Site) -> bool {
        match role {
            Role::Opaque => self.as_is(value),
            Role::Markdown => {
                let text = self.flat(value, leaf_at);
                write::string(&mut self.out, &safe::markdown(&text, true, self.options));
                true
            }
            Role::Text | Role::Value => {
                if matches!(value, Val::Undefined) {
                    return false;
                }
                let text = self.flat(value, leaf_at);
                let safe_text = match role {
                    Role::Text => safe::plain(&text, self.options),
                    _ => safe::value(&text, self.options),
                };
                write::string(&mut self.out, &safe_text);
                true
            }
            Role::Url => match value {
                Val::Undefined | Val::Null => false,
                Val::Text(text) => self.address(text, leaf_at),
                // A background image may be an object with an address in it.
                value if value.is_object() => self.structure(value, Spot::ROOT, leaf_at),
                _ => {
                    self.report(leaf_at, 0, "an address must be a text; dropped".to_owned());
                    false
                }
            },
            Role::Other => self.structure(value, Spot::ROOT, leaf_at),
        }
    }

    /// A value for a property that is a text.
    fn flat<'v>(&mut self, value: &'v Val<'a>, leaf_at: Site) -> Cow<'v, str> {
        if value.is_object() || value.list().is_some_and(|l| l.iter().any(|i| i.is_object())) {
            self.report(leaf_at, 0, "an object stands where a text belongs".to_owned());
            return value.to_json().unwrap_or_default().to_string().into();
        }
        value.to_text().unwrap_or_default()
    }

    fn address(&mut self, text: &str, leaf_at: Site) -> bool {
        match safe::allowed(text, self.options) {
            Ok(address) => {
                write::string(&mut self.out, &address);
                true
            }
            Err(why) => {
                self.report(leaf_at, 0, format!("the address {why}; dropped"));
                false
            }
        }
    }

    /// Writes whole elements that come out of data, each property as its place allows.
    fn structure(&mut self, value: &Val<'a>, spot: Spot<'_>, leaf_at: Site) -> bool {
        if let Val::Text(text) = value {
            write::string(&mut self.out, &safe::plain(text, self.options));
            return true;
        }
        if let Some(list) = value.list() {
            self.out.push(b'[');
            for item in list.iter() {
                if self.structure(&item, spot, leaf_at) {
                    self.out.push(b',');
                }
            }
            write::close(&mut self.out, b']');
            return true;
        }
        if let Some(fields) = value.fields() {
            let element = value.property("type", true).unwrap_or(Val::Undefined);
            let spot = spot.of(element.as_text().unwrap_or_default());
            self.out.push(b'{');
            for (key, field) in &fields {
                let start = self.out.len();
                write::string(&mut self.out, key);
                self.out.push(b':');
                let role = spot.role(key);
                let nested = field.is_array() || field.is_object();
                let written = if nested && role != Role::Opaque {
                    self.structure(field, spot.inside(key), leaf_at)
                } else {
                    self.guarded(field, role, leaf_at)
                };
                if written {
                    self.out.push(b',');
                } else {
                    self.out.truncate(start);
                }
            }
            write::close(&mut self.out, b'}');
            return true;
        }
        match value {
            Val::Undefined | Val::Null => false,
            value => self.as_is(value),
        }
    }
}
