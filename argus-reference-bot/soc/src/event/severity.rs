//! How bad a product says it is, in the words that products use.
//!
//! A number has no meaning without its product: 1 is the worst in one and harmless in another. So
//! it stays unknown here, and a mapping brings the scale.

use super::Severity;
use super::json::Json;

/// Severity with the text it was read from.
pub(super) type ReadSeverity = (Severity, Option<String>);

/// A severity as a word. A number has no meaning without its product, so it stays unknown here.
pub(super) fn read(value: Option<&Json<'_>>) -> ReadSeverity {
    let Some(raw) = value.and_then(Json::as_text) else { return (Severity::Unknown, None) };
    (word(&raw), Some(raw))
}

/// A severity as a word, in any case and with the usual synonyms. Around the one telling word
/// there may be a number or a word for severity: `3 - High`, `HIGH_SEVERITY`, `severity: low`.
pub(super) fn word(text: &str) -> Severity {
    if text.len() > 32 {
        return Severity::Unknown;
    }
    if let Some(severity) = exact(text) {
        return severity;
    }
    let mut found = Severity::Unknown;
    let mut very = false;
    for part in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()) {
        match exact(part) {
            Some(severity) if found == Severity::Unknown => found = severity,
            None if part.eq_ignore_ascii_case("very") => very = true,
            None if is_filler(part) => {}
            // Two words are a range, and a range is not a severity; nor is a sentence.
            Some(_) | None => return Severity::Unknown,
        }
    }
    match (very, found) {
        (false, found) => found,
        (true, Severity::High) => Severity::Critical,
        (true, Severity::Low) => Severity::Low,
        (true, _) => Severity::Unknown,
    }
}

fn is_filler(part: &str) -> bool {
    const FILLERS: [&str; 7] = ["severity", "sev", "risk", "level", "priority", "threat", "alert"];
    part.bytes().all(|byte| byte.is_ascii_digit())
        || FILLERS.iter().any(|filler| part.eq_ignore_ascii_case(filler))
}

fn exact(word: &str) -> Option<Severity> {
    let mut buffer = [0_u8; 16];
    let lower = buffer.get_mut(..word.len())?;
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"informational" | b"information" | b"info" | b"notice" | b"debug" | b"verbose"
        | b"trivial" | b"p5" => Severity::Informational,
        b"low" | b"minor" | b"p4" | b"verylow" => Severity::Low,
        b"medium" | b"moderate" | b"warning" | b"warn" | b"med" | b"p3" | b"mid" => {
            Severity::Medium
        }
        b"high" | b"major" | b"error" | b"err" | b"severe" | b"p2" | b"important" | b"elevated" => {
            Severity::High
        }
        b"critical" | b"crit" | b"fatal" | b"emergency" | b"emerg" | b"p1" | b"urgent"
        | b"blocker" | b"veryhigh" | b"disaster" => Severity::Critical,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        fn check(text: &str, expected: Severity) {
            assert_eq!(word(text), expected, "{text}");
        }
        check("HIGH", Severity::High);
        check("3 - High", Severity::High);
        check("HIGH_SEVERITY", Severity::High);
        check("Severity: low", Severity::Low);
        check("very high", Severity::Critical);
        check("P1", Severity::Critical);
        check("Warning", Severity::Medium);
        // A range, a scale of the product's own, a sentence: nobody guesses.
        for unclear in ["medium-high", "sev-2", "S1", "5", "not high", "", "unknownFutureValue"] {
            check(unclear, Severity::Unknown);
        }
    }
}
