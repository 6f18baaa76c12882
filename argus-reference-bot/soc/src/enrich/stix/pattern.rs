//! The patterns that name single values.

use std::iter::Peekable;
use std::net::IpAddr;
use std::str::Chars;

use serde::{Deserialize, Serialize};

use crate::event::{Entity, EntityKind};

/// Longest pattern that is read, in bytes.
const LONGEST: usize = 65_536;
/// Most values of one pattern.
const MOST: usize = 1_000;

/// What a pattern names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Values {
    pub(super) values: Vec<(EntityKind, String)>,
    pub(super) networks: Vec<Network>,
}

/// A network, with zeros where its length ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Network {
    address: IpAddr,
    length: u8,
}

impl Network {
    fn new(address: IpAddr, length: u8) -> Option<Self> {
        let address = match address {
            IpAddr::V4(it) if length <= 32 => {
                let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
                IpAddr::V4((u32::from(it) & mask).into())
            }
            IpAddr::V6(it) if length <= 128 => {
                let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
                IpAddr::V6((u128::from(it) & mask).into())
            }
            _ => return None,
        };
        Some(Self { address, length })
    }

    /// Every network that an address is in.
    pub(super) fn all_of(address: IpAddr) -> impl Iterator<Item = Self> {
        let longest = if address.is_ipv4() { 32 } else { 128 };
        (0..=longest).filter_map(move |length| Self::new(address, length))
    }
}

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Sign(char),
    /// A word outside quotes: a path, an operator.
    Word(String),
    /// Text in quotes.
    Text(String),
}

/// What a pattern names, or why it cannot be used, in words that many patterns share.
pub(super) fn read(pattern: &str) -> Result<Values, &'static str> {
    if pattern.len() > LONGEST {
        return Err("it is too long");
    }
    let pieces = pieces(pattern)?;
    let mut left = pieces.as_slice();
    let mut values = Values::default();
    loop {
        left = observation(left, &mut values)?;
        match left {
            [] => break,
            [Piece::Word(word), rest @ ..] if word == "OR" => left = rest,
            [Piece::Word(word), ..] if word == "AND" || word == "FOLLOWEDBY" => {
                return Err("it wants several observations");
            }
            _ => return Err("it has a qualifier"),
        }
    }
    if values.values.len() + values.networks.len() > MOST {
        return Err("it names too many values");
    }
    Ok(values)
}

/// `[ … ]`. Returns what is left.
fn observation<'a>(pieces: &'a [Piece], values: &mut Values) -> Result<&'a [Piece], &'static str> {
    let [Piece::Sign('['), inside @ ..] = pieces else {
        return Err("it groups observations");
    };
    let end = inside.iter().position(|it| *it == Piece::Sign(']')).ok_or("a bracket is open")?;
    let (inside, after) = inside.split_at_checked(end).ok_or("a bracket is open")?;
    // AND binds closer than OR.
    for alternative in inside.split(|it| matches!(it, Piece::Word(word) if word == "OR")) {
        let all: Vec<&[Piece]> =
            alternative.split(|it| matches!(it, Piece::Word(word) if word == "AND")).collect();
        match all.as_slice() {
            [one] => comparison(one, values)?,
            many => file(many, values)?,
        }
    }
    Ok(after.get(1..).unwrap_or_default())
}

/// Several properties of one file: each hash alone names it.
fn file(properties: &[&[Piece]], values: &mut Values) -> Result<(), &'static str> {
    let mut hashes = 0;
    for property in properties {
        let [Piece::Word(path), ..] = property else { return Err("it cannot be read") };
        if path.starts_with("file:hashes.") {
            comparison(property, values)?;
            hashes += 1;
        } else if !path.starts_with("file:") {
            return Err("it wants several things at once");
        }
    }
    if hashes == 0 { Err("it wants several things at once") } else { Ok(()) }
}

/// `PATH = 'VALUE'`, `PATH IN ('A', 'B')`, `PATH ISSUBSET 'NETWORK'`.
fn comparison(pieces: &[Piece], values: &mut Values) -> Result<(), &'static str> {
    let [Piece::Word(path), rest @ ..] = pieces else { return Err("it cannot be read") };
    match rest {
        [Piece::Sign('='), Piece::Text(value)] => name(path, value, values),
        [Piece::Word(word), Piece::Text(value)] if word == "ISSUBSET" => {
            let (address, length) = value.split_once('/').ok_or("a network has no length")?;
            network(address, length, values)
        }
        [Piece::Word(word), Piece::Sign('('), list @ .., Piece::Sign(')')] if word == "IN" => {
            for item in list.split(|it| *it == Piece::Sign(',')) {
                let [Piece::Text(value)] = item else { return Err("it cannot be read") };
                name(path, value, values)?;
            }
            Ok(())
        }
        [Piece::Word(word), ..] if word == "NOT" => Err("it says what must not be"),
        [Piece::Word(word), ..] if word == "LIKE" || word == "MATCHES" => {
            Err("it describes values instead of naming them")
        }
        _ => Err("it compares in another way"),
    }
}

/// Takes one named value.
fn name(path: &str, value: &str, values: &mut Values) -> Result<(), &'static str> {
    let kind = match path {
        "ipv4-addr:value" | "ipv6-addr:value" => {
            if let Some((address, length)) = value.split_once('/') {
                return network(address, length, values);
            }
            EntityKind::Ip
        }
        "network-traffic:dst_ref.value" | "network-traffic:src_ref.value" => {
            if value.parse::<IpAddr>().is_ok() { EntityKind::Ip } else { EntityKind::Domain }
        }
        "domain-name:value" => EntityKind::Domain,
        "url:value" => EntityKind::Url,
        "email-addr:value" | "email-message:from_ref.value" | "email-message:sender_ref.value" => {
            EntityKind::Mailbox
        }
        hash if hash.starts_with("file:hashes.") => EntityKind::FileHash,
        _ => return Err("it is about something that alerts do not name"),
    };
    if kind == EntityKind::Ip && value.trim().parse::<IpAddr>().is_err() {
        return Err("an address is none");
    }
    let entity = Entity::canonical(kind, value).ok_or("a value is empty")?;
    values.values.push((entity.kind, entity.value));
    Ok(())
}

fn network(address: &str, length: &str, values: &mut Values) -> Result<(), &'static str> {
    let address: IpAddr = address.trim().parse().map_err(|_| "an address is none")?;
    let length = length.trim().parse().map_err(|_| "a network has no length")?;
    let network = Network::new(address, length).ok_or("a network has no length")?;
    values.networks.push(network);
    Ok(())
}

fn pieces(pattern: &str) -> Result<Vec<Piece>, &'static str> {
    let mut pieces = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(&next) = chars.peek() {
        match next {
            '\'' => {
                chars.next();
                pieces.push(Piece::Text(quoted(&mut chars)?));
            }
            '[' | ']' | '(' | ')' | ',' | '=' => {
                chars.next();
                pieces.push(Piece::Sign(next));
            }
            _ if next.is_whitespace() => {
                chars.next();
            }
            _ if is_word(next) => pieces.push(Piece::Word(word(&mut chars)?)),
            _ => return Err("it compares in another way"),
        }
    }
    Ok(pieces)
}

/// A path or an operator. A step of a path may stand in quotes: `file:hashes.'SHA-256'`.
fn word(chars: &mut Peekable<Chars<'_>>) -> Result<String, &'static str> {
    let mut word = String::new();
    while let Some(&it) = chars.peek() {
        match it {
            '\'' if word.ends_with('.') => {
                chars.next();
                word.push_str(&quoted(chars)?);
            }
            _ if is_word(it) || it == '.' => {
                chars.next();
                word.push(it);
            }
            _ => break,
        }
    }
    Ok(word)
}

fn quoted(chars: &mut impl Iterator<Item = char>) -> Result<String, &'static str> {
    let mut text = String::new();
    while let Some(it) = chars.next() {
        match it {
            '\'' => return Ok(text),
            '\\' => text.push(chars.next().ok_or("a text is open")?),
            other => text.push(other),
        }
    }
    Err("a text is open")
}

fn is_word(it: char) -> bool {
    it.is_ascii_alphanumeric() || "-_:*".contains(it)
}
