//! Cards in test files: with marks where something is found, and short where they are long.

use argus_cards::Position;

/// Replaces `<<N>>` by N letters, `<<open N>>` and `<<close N>>` by the two halves of N containers,
/// and `<<xN>>` by N times the character x.
pub(crate) fn grown(text: &str) -> String {
    let mut parts = text.split("<<");
    let mut result = parts.next().unwrap().to_owned();
    for part in parts {
        let (what, rest) = part.split_once(">>").unwrap();
        let count = |number: &str| number.trim().parse::<usize>().unwrap();
        if let Some(number) = what.strip_prefix("open") {
            result.push_str(&r#"{"type":"Container","items":["#.repeat(count(number)));
        } else if let Some(number) = what.strip_prefix("close") {
            result.push_str(&"]}".repeat(count(number)));
        } else if let Ok(number) = what.parse::<usize>() {
            result.push_str(&"x".repeat(number));
        } else {
            let mut letters = what.chars();
            let letter = letters.next().unwrap().to_string();
            result.push_str(&letter.repeat(count(letters.as_str())));
        }
        result.push_str(rest);
    }
    result
}

/// Takes the marks out of a text; each stands before the thing that is found.
pub(crate) fn unmarked(text: &str) -> (String, Vec<Position>) {
    let mut parts = text.split('«');
    let mut source = parts.next().unwrap().to_owned();
    let mut places = Vec::new();
    for part in parts {
        places.push(Position::of(&source, source.len()));
        source.push_str(part);
    }
    (source, places)
}
