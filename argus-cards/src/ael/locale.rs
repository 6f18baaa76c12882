//! How numbers are written in a locale.

use super::number::js_number;

/// Marks of one way to write numbers.
struct Style {
    decimal: char,
    thousands: char,
    /// Whether groups after the first have two digits, as in India.
    lakh: bool,
    arabic_digits: bool,
}

const POINT: Style = Style { decimal: '.', thousands: ',', lakh: false, arabic_digits: false };
const COMMA: Style = Style { decimal: ',', thousands: '.', ..POINT };
const SPACE: Style = Style { decimal: ',', thousands: '\u{a0}', ..POINT };

/// The style of a locale; unknown ones are written like `en-US`, as npm's engine does.
fn style(locale: &str) -> Style {
    match locale {
        "de-DE" | "it-IT" | "ca-ES" | "es-ES" | "es-BO" | "nl-NL" | "pt-BR" | "pl-PL" | "mk-MK"
        | "ar-MA" | "ar-DZ" | "ar-TN" | "ar-LY" => COMMA,
        "cs-CZ" | "fr-FR" | "fr-CA" | "fi-FI" | "sv-SE" | "ru-RU" | "uk-UA" | "hu-HU" => SPACE,
        "de-CH" => Style { decimal: ',', thousands: '\'', ..POINT },
        "en-IN" => Style { lakh: true, ..POINT },
        "ar-EH" => POINT,
        other if other.starts_with("ar-") => {
            Style { decimal: '\u{66b}', thousands: '\u{66c}', arabic_digits: true, ..POINT }
        }
        _ => POINT,
    }
}

/// Writes a number with grouped digits and a fixed number of decimals. The minus sign is the
/// typographic one, as npm's engine has it.
pub(crate) fn grouped(n: f64, decimals: usize, locale: &str) -> String {
    if !n.is_finite() {
        return js_number(n);
    }
    let style = style(locale);
    if n.abs() >= 1e21 {
        // JavaScript writes these with an exponent whatever one asks for.
        return js_number(n).replace('-', "\u{2212}").replace("e\u{2212}", "e-");
    }
    let fixed = format!("{:.decimals$}", n.abs());
    let (whole, fraction) = fixed.split_once('.').unwrap_or((&fixed, ""));
    let mut text = String::new();
    if n < 0.0 && fixed.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) {
        text.push('\u{2212}');
    }
    let size = whole.len();
    for (index, digit) in whole.chars().enumerate() {
        let left = size - index;
        let boundary =
            if style.lakh { left == 3 || (left > 3 && left % 2 == 1) } else { left % 3 == 0 };
        if index > 0 && boundary {
            text.push(style.thousands);
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push(style.decimal);
        text.push_str(fraction);
    }
    if !style.arabic_digits {
        return text;
    }
    text.chars()
        .map(|c| c.to_digit(10).and_then(|d| char::from_u32(0x660 + d)).unwrap_or(c))
        .collect()
}

/// Whether a text is formed like the tag of a language, as `en-US` and `zh-Hant-TW` are (BCP 47).
pub(crate) fn is_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    let letters = |part: &str| part.bytes().all(|b| b.is_ascii_alphabetic());
    let known = matches!(language.len(), 2 | 3 | 5..=8) && letters(language);
    known
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use super::{grouped, is_tag};

    #[test]
    fn tags_are_formed_like_tags() {
        assert!(is_tag("en") && is_tag("en-US") && is_tag("zh-Hant-TW") && is_tag("xx"));
        assert!(!is_tag("") && !is_tag("x") && !is_tag("en_US") && !is_tag("e1") && !is_tag("en-"));
    }

    #[test]
    fn numbers_are_grouped() {
        let check = |n, decimals, locale, text| assert_eq!(grouped(n, decimals, locale), text);
        check(1_234_567.891, 2, "en-US", "1,234,567.89");
        check(12_000.3, 4, "de-DE", "12.000,3000");
        check(-0.001, 2, "en-US", "0.00");
        check(-1234.5, 1, "xx", "\u{2212}1,234.5");
        check(12_345_678.0, 0, "en-IN", "1,23,45,678");
        check(12.5, 1, "ar-EG", "\u{661}\u{662}\u{66b}\u{665}");
    }
}
