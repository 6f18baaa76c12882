//! A product's own scale: which numbers are how bad.

use crate::event::Severity;

/// Bands of numbers. A number in no band has no severity.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scale(Vec<(f64, f64, Severity)>);

const EXPECTED: &str = "a band is a number, `4..7` (without 7), `9..` or `..4`";

impl Scale {
    /// Adds a band: `7`, `4..7` (without 7 itself), `9..` or `..4`.
    pub(super) fn add(&mut self, band: &str, severity: Severity) -> Result<(), &'static str> {
        let number =
            |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        let bound = |text: &str, open: f64| match text.trim() {
            "" => Some(open),
            text => number(text),
        };
        let (from, to) = match band.split_once("..") {
            Some((from, to)) => (bound(from, f64::NEG_INFINITY), bound(to, f64::INFINITY)),
            None => (number(band), number(band)),
        };
        let (from, to) = (from.ok_or(EXPECTED)?, to.ok_or(EXPECTED)?);
        if from > to {
            return Err("a band goes from the smaller number to the larger one");
        }
        let meets = |(other_from, other_to, _): &(f64, f64, Severity)| {
            holds(from, to, *other_from) || holds(*other_from, *other_to, from)
        };
        if self.0.iter().any(meets) {
            return Err("two bands hold the same number");
        }
        self.0.push((from, to, severity));
        Ok(())
    }

    /// How bad a number is.
    pub(super) fn read(&self, text: &str) -> Option<Severity> {
        let number = text.trim().parse::<f64>().ok()?;
        self.0.iter().find(|(from, to, _)| holds(*from, *to, number)).map(|(_, _, found)| *found)
    }
}

/// Whether a number is in a band, which is one number or ends before its upper bound.
fn holds(from: f64, to: f64, number: f64) -> bool {
    number >= from && (number < to || from >= to && number <= to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands() {
        let mut scale = Scale::default();
        for (band, severity) in [
            ("0", Severity::Informational),
            ("1..4", Severity::Low),
            ("4..7", Severity::Medium),
            ("7..", Severity::High),
        ] {
            scale.add(band, severity).unwrap();
        }
        let check = |text: &str, expected: Option<Severity>| {
            assert_eq!(scale.read(text), expected, "{text}");
        };
        check("0", Some(Severity::Informational));
        check("0.5", None);
        check("3.9", Some(Severity::Low));
        check(" 4 ", Some(Severity::Medium));
        check("1e9", Some(Severity::High));
        check("-1", None);
        check("high", None);
        assert!(scale.clone().add("3..5", Severity::Low).is_err());
        assert!(scale.clone().add("7", Severity::Low).is_err());
        assert!(scale.clone().add("..0", Severity::Low).is_ok());
        assert!(scale.add("x", Severity::Low).is_err());
    }
}
