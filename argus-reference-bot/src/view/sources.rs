//! Who said what the score says, and how old that was.

use argus_soc::enrich::{Answer, Enrichment, Known};

/// What stands behind a term of the score: `misp, 3 min old; taxii: no answer`. Nothing for terms
/// that no source stands behind.
pub(super) fn behind(term: &str, enrichment: &Enrichment) -> Option<String> {
    let answers = &enrichment.answers;
    let words: Vec<String> = match term {
        "intel" => answers.intel.iter().filter_map(said).collect(),
        "asset" => answers.asset.iter().filter_map(said).collect(),
        _ => return None,
    };
    (!words.is_empty()).then(|| words.join("; "))
}

fn said<T>(answer: &Answer<T>) -> Option<String> {
    match &answer.said {
        Known::Known(_) => {
            let age = answer.age().map(|it| format!(", {it}")).unwrap_or_default();
            Some(format!("{}{age}", answer.source))
        }
        Known::Unknown => None,
        Known::Unavailable { .. } => Some(format!("{}: no answer", answer.source)),
    }
}

#[cfg(test)]
mod tests {
    use argus_soc::enrich::{Answers, History, Intel};

    use super::*;

    #[test]
    fn a_term_names_its_sources_their_age_and_their_silence() {
        let answer = |source: &str, said| Answer {
            source: source.into(),
            about: "ip 192.0.2.1".into(),
            said,
            as_of: Some("2026-01-01T10:00:00Z".parse().expect("a time")),
            asked_at: "2026-01-01T10:03:00Z".parse().expect("a time"),
            cached: true,
            optional: false,
            note: None,
        };
        let down = Known::Unavailable { source: "taxii".into(), why: "HTTP 503".into() };
        let intel = vec![
            answer("misp", Known::Known(Intel { malicious: true, confidence: 90 })),
            answer("file", Known::Unknown),
            answer("taxii", down),
        ];
        let history = Known::Known(History::default());
        let answers = Answers { intel, asset: Vec::new() };
        let enrichment = Enrichment::from_answers(answers, history);
        let said = behind("intel", &enrichment);
        assert_eq!(said.as_deref(), Some("misp, 3 min old; taxii: no answer"));
        assert_eq!(behind("asset", &enrichment), None);
        assert_eq!(behind("severity", &enrichment), None);
    }
}
