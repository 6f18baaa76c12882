//! Parts of web addresses.

use url::{Position, Url};

use crate::ael::eval::{Cx, Fault, Outcome, made, text};
use crate::ael::number::parse_int;
use crate::ael::table::{Function, Run, Takes, Types, exactly, row};
use crate::ael::value::Val;

const TEXT: Types = Types::TEXT;
const ONE: Takes = exactly(&[Types::ANY]);

pub(super) const TABLE: &[Function] = &[
    row("uriHost", ONE, TEXT, Run::Plain(|cx, args| part(cx, args, host))),
    row("uriPath", ONE, TEXT, Run::Plain(|cx, args| part(cx, args, |url| url.path().to_owned()))),
    row("uriPathAndQuery", ONE, TEXT, Run::Plain(|cx, args| part(cx, args, path_and_query))),
    row("uriQuery", ONE, TEXT, Run::Plain(|cx, args| part(cx, args, query))),
    row("uriScheme", ONE, TEXT, Run::Plain(|cx, args| part(cx, args, scheme))),
    row("uriPort", ONE, Types::NUMBER, Run::Plain(|_, args| port(args))),
];

fn parse(args: &[Val<'_>]) -> Outcome<Url> {
    let address = text(args, 0)?;
    Url::parse(address).map_err(|_| Fault::new(format!("`{address}` is not an absolute address")))
}

fn part<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>], of: fn(&Url) -> String) -> Outcome<Val<'a>> {
    let found = of(&parse(args)?);
    made(cx, found)
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

fn scheme(url: &Url) -> String {
    url.scheme().to_owned()
}

fn query(url: &Url) -> String {
    url.query()
        .filter(|query| !query.is_empty())
        .map(|query| format!("?{query}"))
        .unwrap_or_default()
}

fn path_and_query(url: &Url) -> String {
    url.path().to_owned() + &query(url)
}

/// The port as written; one that the scheme implies does not count.
fn port<'a>(args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let url = parse(args)?;
    let written = &url[Position::BeforePort..Position::AfterPort];
    Ok(Val::Number(parse_int(written).unwrap_or(f64::NAN)))
}
