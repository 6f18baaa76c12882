//! Answers without our own secrets in them: some systems, and all that debug, say back what they got.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// A shorter secret is not looked for: it would stand in many words by chance.
const SHORTEST: usize = 6;
/// What stands there instead.
const INSTEAD: &[u8] = b"(removed)";

/// In which forms a secret may come back: as it is, as JSON writes it, encoded, and, with a user, as Basic
/// authentication has it.
pub(super) fn traces(secret: &str, user: Option<&str>) -> Vec<String> {
    if secret.len() < SHORTEST {
        return Vec::new();
    }
    let json = serde_json::Value::from(secret).to_string();
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut all = vec![
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        encoded,
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
    ];
    all.extend(user.map(|user| STANDARD.encode(format!("{user}:{secret}"))));
    // Longer ones first: a shorter one may be a part of them.
    all.sort_by_key(|it| std::cmp::Reverse(it.len()));
    all.dedup();
    all
}

/// The bytes without these texts.
pub(super) fn scrub(body: Vec<u8>, traces: &[String]) -> Vec<u8> {
    traces.iter().filter(|it| !it.is_empty()).fold(body, |body, trace| {
        let trace = trace.as_bytes();
        let Some(mut at) = find(&body, trace) else { return body };
        let (mut kept, mut rest) = (Vec::with_capacity(body.len()), body.as_slice());
        loop {
            let (before, behind) = rest.split_at(at);
            kept.extend_from_slice(before);
            kept.extend_from_slice(INSTEAD);
            rest = behind.get(trace.len()..).unwrap_or_default();
            match find(rest, trace) {
                Some(next) => at = next,
                None => break,
            }
        }
        kept.extend_from_slice(rest);
        kept
    })
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    // The search of texts is far quicker than that of bytes, and nearly every answer is a text.
    match (std::str::from_utf8(text), std::str::from_utf8(part)) {
        (Ok(text), Ok(part)) => text.find(part),
        _ => text.windows(part.len()).position(|window| window == part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, secret: &str, user: Option<&str>, wanted: &str) {
        let scrubbed = scrub(body.as_bytes().to_vec(), &traces(secret, user));
        assert_eq!(String::from_utf8(scrubbed).expect("text"), wanted);
    }

    #[test]
    fn a_secret_is_found_in_each_of_its_forms_and_nothing_else_is_touched() {
        check("a hunter22 b hunter22", "hunter22", None, "a (removed) b (removed)");
        check(r#"{"x":"hun\"ter22"}"#, "hun\"ter22", None, r#"{"x":"(removed)"}"#);
        check("Basic YW5uOmh1bnRlcjIy.", "hunter22", Some("ann"), "Basic (removed).");
        check("?sig=a%2Fb%2Bc%3Dd", "a/b+c=d", None, "?sig=(removed)");
        check("hunter2 and aHVudGVyMjI", "hunter22", None, "hunter2 and (removed)");
        check("pppp", "p", None, "pppp");
    }
}
