//! From one kind of value to another.

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose::STANDARD};

use crate::ael::eval::{Cx, Fault, Outcome, arg, integer, made, number, text};
use crate::ael::locale;
use crate::ael::number::{js_number, parse_float, parse_int, round_to, to_usize};
use crate::ael::table::{Function, Run, Takes, Types, exactly, optionally, row};
use crate::ael::value::Val;

use super::string::stringify;

const ANY: Types = Types::ANY;
const TEXT: Types = Types::TEXT;
const NUMBER: Types = Types::NUMBER;
const ONE: Takes = exactly(&[ANY]);
const FORMAT: Takes = optionally(&[NUMBER, NUMBER], &[TEXT]);

pub(super) const TABLE: &[Function] = &[
    row("string", optionally(&[ANY], &[TEXT]), TEXT, Run::Plain(string)),
    row("int", ONE, NUMBER, Run::Plain(|_, args| to_number(args, parse_int))),
    row("float", ONE, NUMBER, Run::Plain(|_, args| to_number(args, parse_float))),
    row("formatNumber", FORMAT, TEXT, Run::Plain(format_number)),
    row("base64", ONE, TEXT, Run::Plain(base64)),
    row("base64ToString", ONE, TEXT, Run::Plain(base64_to_string)),
    row("base64ToBinary", ONE, ANY, Run::Plain(base64_to_binary)),
    row("binary", ONE, ANY, Run::Plain(binary)),
    row("dataUri", ONE, TEXT, Run::Plain(data_uri)),
    row("dataUriToString", ONE, TEXT, Run::Plain(data_uri_to_string)),
    row("dataUriToBinary", ONE, ANY, Run::Plain(binary)),
    row("uriComponent", ONE, TEXT, Run::Plain(uri_component)),
    row("uriComponentToString", ONE, TEXT, Run::Plain(uri_component_to_string)),
];

/// Reads base64 with or without its padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn string<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let value = arg(args, 0);
    if let Some(n) = value.as_number() {
        let decimals = js_number(n).split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let style = arg(args, 1).as_text().unwrap_or(&cx.options.locale).to_owned();
        return made(cx, locale::grouped(n, decimals, &style));
    }
    if let Val::Bytes(bytes) = value {
        return made(cx, String::from_utf8_lossy(bytes).into_owned());
    }
    made(cx, stringify(value))
}

fn to_number<'a>(args: &[Val<'a>], read: fn(&str) -> Option<f64>) -> Outcome<Val<'a>> {
    match arg(args, 0) {
        Val::Text(text) => read(text)
            .map(Val::Number)
            .ok_or_else(|| Fault::new("the text does not start with a number")),
        Val::Ticks(ticks) => Ok(Val::Number(crate::ael::number::from_i128(**ticks))),
        value => Ok(match value.as_number() {
            Some(n) => read(&js_number(n)).map_or(Val::Undefined, Val::Number),
            None => Val::Undefined,
        }),
    }
}

fn format_number<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let (n, digits) = (number(args, 0)?, integer(args, 1)?);
    let style = arg(args, 2).as_text().unwrap_or(&cx.options.locale).to_owned();
    if cx.is_compat() && !(0.0..1e21).contains(&digits) {
        return Err(Fault::new("argument 2 is no number of decimals"));
    }
    let decimals = to_usize(digits).min(20);
    made(cx, locale::grouped(round_to(n, digits), decimals, &style))
}

/// The text that decoded bytes stand for: `compat` takes each byte for a character, as npm's decoder
/// has it, although its encoder writes UTF-8.
fn text_of(cx: &Cx<'_, '_>, bytes: &[u8]) -> String {
    if cx.is_compat() {
        return bytes.iter().copied().map(char::from).collect();
    }
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads base64; npm's decoder skips whatever is none.
fn decode(cx: &Cx<'_, '_>, encoded: &str) -> Outcome<Vec<u8>> {
    let not_base64 = |_| Fault::new("the text is not base64");
    if !cx.is_compat() {
        let compact: String = encoded.split_ascii_whitespace().collect();
        return LENIENT.decode(compact).map_err(not_base64);
    }
    let standard = |c| match c {
        '-' => '+',
        '_' => '/',
        c => c,
    };
    let known = |c: &char| c.is_ascii_alphanumeric() || *c == '+' || *c == '/';
    let body = encoded.split('=').next().unwrap_or_default();
    let mut compact: String = body.chars().map(standard).filter(known).collect();
    if compact.len() % 4 == 1 {
        compact.pop();
    }
    LENIENT.decode(compact).map_err(not_base64)
}

fn base64<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let bytes = match arg(args, 0) {
        Val::Text(text) => text.as_bytes().to_vec(),
        // What was decoded as text is encoded as text.
        Val::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned().into_bytes(),
        _ => return Ok(Val::Undefined),
    };
    made(cx, STANDARD.encode(bytes))
}

fn base64_to_string<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let decoded = text_of(cx, &decode(cx, text(args, 0)?)?);
    made(cx, decoded)
}

fn base64_to_binary<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let decoded = text_of(cx, &decode(cx, text(args, 0)?)?);
    cx.spend(decoded.len())?;
    Ok(Val::Bytes(decoded.into_bytes().into()))
}

fn binary<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let bytes = text(args, 0)?.as_bytes();
    cx.spend(bytes.len())?;
    Ok(Val::Bytes(bytes.into()))
}

fn data_uri<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let encoded = STANDARD.encode(text(args, 0)?);
    made(cx, format!("data:text/plain;charset=utf-8;base64,{encoded}"))
}

fn data_uri_to_string<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let uri = text(args, 0)?;
    let encoded = uri.split_once(',').map_or(uri, |(_, encoded)| encoded);
    let decoded = text_of(cx, &decode(cx, encoded)?);
    made(cx, decoded)
}

/// Writes everything but letters, digits and `-_.!~*'()` as percent escapes.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let hex = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap_or('0');
            let (high, low) = (hex(byte >> 4), hex(byte & 0xf));
            encoded.extend(['%', high.to_ascii_uppercase(), low.to_ascii_uppercase()]);
        }
    }
    encoded
}

fn uri_component<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let encoded = percent_encode(text(args, 0)?);
    made(cx, encoded)
}

fn uri_component_to_string<'a>(cx: &mut Cx<'a, '_>, args: &[Val<'a>]) -> Outcome<Val<'a>> {
    let malformed = || Fault::new("the text has a malformed percent escape");
    let mut bytes = Vec::new();
    let mut rest = text(args, 0)?.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16).and_then(|d| u8::try_from(d).ok());
        match (digit(), digit()) {
            (Some(high), Some(low)) => bytes.push(high * 16 + low),
            _ => return Err(malformed()),
        }
    }
    let decoded = String::from_utf8(bytes).map_err(|_| malformed())?;
    made(cx, decoded)
}
