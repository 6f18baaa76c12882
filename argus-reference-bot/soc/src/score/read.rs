//! Reading a model from its file: every mistake with its place, and what to write instead.

use std::ops::Range;
use std::sync::LazyLock;

use serde::Deserialize;
use toml::Spanned;

use super::{Case, Model, Rule, Signal};
use crate::ledger::Hash;
use crate::playbook::{Diagnostic, Diagnostics, Level, suggestion};

/// The file of the first model.
pub(super) const SEED_V1_TEXT: &str = include_str!("models/seed-v1.toml");

/// The models that are always there, by file name.
const BUILT_IN: [(&str, &str); 2] =
    [("seed-v1.toml", SEED_V1_TEXT), ("argus-v1.toml", include_str!("models/argus-v1.toml"))];

/// Rules of a model and cases of a rule at most: a model is read by people.
const MOST: usize = 64;
/// Points that one case may count at most, either way.
const POINTS: f64 = 1_000.0;

/// The models that are always there: `seed-v1` and `argus-v1`.
///
/// # Errors
///
/// [`Diagnostics`] if one of them does not read, which a test rules out.
pub fn built_in() -> Result<&'static [Model], Diagnostics> {
    static MODELS: LazyLock<Result<Vec<Model>, Diagnostics>> =
        LazyLock::new(|| BUILT_IN.iter().map(|(file, text)| read(file, text)).collect());
    MODELS.as_deref().map_err(Clone::clone)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Spanned<String>,
    version: Spanned<String>,
    about: String,
    terms: Spanned<Vec<RuleText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    name: Spanned<String>,
    of: Spanned<String>,
    #[serde(default)]
    cases: Vec<Spanned<CaseText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseText {
    is: Option<Spanned<Words>>,
    above: Option<Spanned<i64>>,
    at_least: Option<Spanned<i64>>,
    below: Option<Spanned<i64>>,
    at_most: Option<Spanned<i64>>,
    points: Option<Spanned<f64>>,
    per: Option<Spanned<f64>>,
    because: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a word or a list of words")]
enum Words {
    One(String),
    Many(Vec<String>),
}

/// Reads a model from the text of its file.
///
/// ```
/// use argus_soc::score::read;
///
/// let text = "name = \"mine\"\nversion = \"1.0.0\"\nabout = \"x\"\n\
///             [[terms]]\nname = \"severity\"\nof = \"severty\"\n";
/// let wrong = read("mine.toml", text).expect_err("a signal that is not there").to_string();
/// assert!(wrong.contains("mine.toml:6:6"), "{wrong}");
/// assert!(wrong.contains("did you mean `severity`?"), "{wrong}");
/// ```
///
/// # Errors
///
/// [`Diagnostics`] with everything that is wrong with it, each with line and column.
pub fn read(file: &str, text: &str) -> Result<Model, Diagnostics> {
    let mut checked = Checked { file, text, wrong: Vec::new() };
    let parsed: File = match toml::from_str(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let help = "a model has `name`, `version`, `about`, and `[[terms]]`, each with `name`, \
                        `of` and `cases`";
            let at = error.span().unwrap_or(0..0);
            checked.error(&at, error.message().to_owned(), Some(help.into()));
            return Err(Diagnostics(checked.wrong));
        }
    };
    checked.head(&parsed);
    let rules: Vec<Rule> =
        parsed.terms.get_ref().iter().filter_map(|rule| checked.rule(rule)).collect();
    for (at, rule) in parsed.terms.get_ref().iter().enumerate() {
        let name = rule.name.get_ref();
        if parsed.terms.get_ref().iter().take(at).any(|it| it.name.get_ref() == name) {
            checked.error(&rule.name.span(), format!("there are two terms `{name}`"), None);
        }
    }
    if !checked.wrong.is_empty() {
        return Err(Diagnostics(checked.wrong));
    }
    Ok(Model {
        name: parsed.name.into_inner(),
        version: parsed.version.into_inner(),
        about: parsed.about,
        sha256: Hash::of(text.as_bytes()).to_string(),
        rules,
    })
}

struct Checked<'a> {
    file: &'a str,
    text: &'a str,
    wrong: Vec<Diagnostic>,
}

impl Checked<'_> {
    fn error(&mut self, at: &Range<usize>, message: String, help: Option<String>) {
        let before = self.text.get(..at.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        self.wrong.push(Diagnostic {
            file: self.file.to_owned(),
            line,
            column,
            level: Level::Error,
            message,
            help,
            source_line: self.text.lines().nth(line - 1).unwrap_or_default().to_owned(),
        });
    }

    fn head(&mut self, parsed: &File) {
        let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
        let name = parsed.name.get_ref();
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            let help = "use small letters, digits and hyphens, 64 at most".to_owned();
            self.error(&parsed.name.span(), "this is no name for a model".into(), Some(help));
        }
        let numbers: Vec<&str> = parsed.version.get_ref().split('.').collect();
        if numbers.len() != 3 || numbers.iter().any(|number| number.parse::<u32>().is_err()) {
            let help = "write MAJOR.MINOR.PATCH, as in \"1.0.0\"".to_owned();
            self.error(&parsed.version.span(), "this is no version".into(), Some(help));
        }
        let count = parsed.terms.get_ref().len();
        if count == 0 || count > MOST {
            let message = format!("a model has 1 to {MOST} terms, not {count}");
            self.error(&parsed.terms.span(), message, None);
        }
    }

    fn rule(&mut self, rule: &RuleText) -> Option<Rule> {
        let Some(signal) = Signal::named(rule.of.get_ref()) else {
            let names: Vec<&str> = Signal::ALL.iter().map(|(name, _)| *name).collect();
            let help = match suggestion(rule.of.get_ref(), names.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("there are {}", names.join(", ")),
            };
            let message = format!("`{}` is nothing that a model can look at", rule.of.get_ref());
            self.error(&rule.of.span(), message, Some(help));
            return None;
        };
        if rule.cases.len() > MOST {
            let message = format!("a term has at most {MOST} cases");
            self.error(&rule.name.span(), message, None);
        }
        let mut all = false;
        let cases = rule.cases.iter().map(|case| {
            if all {
                let help = "the case above it fits everything; put it last".to_owned();
                self.error(&case.span(), "this case is never reached".into(), Some(help));
            }
            all |= case.get_ref().fits_all();
            self.case(signal, case)
        });
        let cases = cases.collect();
        Some(Rule { name: rule.name.get_ref().clone(), signal, cases })
    }

    fn case(&mut self, signal: Signal, case: &Spanned<CaseText>) -> Case {
        let text = case.get_ref();
        if text.points.is_none() && text.per.is_none() {
            let help = "give `points`, or `per` for points for each one of the number".to_owned();
            self.error(&case.span(), "this case counts nothing".into(), Some(help));
        }
        let milli = self.points(text.points.as_ref());
        let milli_per = self.points(text.per.as_ref());
        let numeric = [&text.above, &text.at_least, &text.below, &text.at_most];
        let numbers = numeric.into_iter().flatten().map(Spanned::span);
        let numbers = numbers.chain(text.per.as_ref().map(Spanned::span)).next();
        if let (None, Some(at)) = (signal.numbers(), numbers) {
            let help = "`intel`, `asset`, `history` and `techniques` have one".to_owned();
            self.error(&at, "this has no number".into(), Some(help));
        }
        let bound = |bound: &Option<Spanned<i64>>| bound.as_ref().map(|it| *it.get_ref());
        Case {
            words: self.words(signal, text.is.as_ref()),
            above: bound(&text.above),
            at_least: bound(&text.at_least),
            below: bound(&text.below),
            at_most: bound(&text.at_most),
            milli,
            milli_per,
            because: text.because.as_ref().map(|because| because.get_ref().clone()),
        }
    }

    fn words(&mut self, signal: Signal, words: Option<&Spanned<Words>>) -> Vec<String> {
        let Some(spanned) = words else { return Vec::new() };
        let words = match spanned.get_ref() {
            Words::One(word) => vec![word.clone()],
            Words::Many(words) => words.clone(),
        };
        if words.is_empty() {
            self.error(&spanned.span(), "nothing is one of no words".into(), None);
        }
        let Some(known) = signal.words() else { return words };
        for word in &words {
            if !known.contains(&word.as_str()) {
                let help = match suggestion(word, known.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("it can be {}", known.join(", ")),
                };
                self.error(&spanned.span(), format!("it is never `{word}`"), Some(help));
            }
        }
        words
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked, and more than thousandths are refused"
    )]
    fn points(&mut self, points: Option<&Spanned<f64>>) -> i64 {
        let Some(points) = points else { return 0 };
        let milli = points.get_ref() * 1_000.0;
        if !milli.is_finite() || milli.abs() > POINTS * 1_000.0 {
            let message = format!("points are between -{POINTS} and {POINTS}");
            self.error(&points.span(), message, None);
            return 0;
        }
        if (milli - milli.round()).abs() > 1e-6 {
            let help = "points are counted in thousandths".to_owned();
            self.error(&points.span(), "this has more than three decimals".into(), Some(help));
        }
        milli.round() as i64
    }
}

impl CaseText {
    fn fits_all(&self) -> bool {
        self.is.is_none()
            && [&self.above, &self.at_least, &self.below, &self.at_most]
                .into_iter()
                .all(Option::is_none)
    }
}
