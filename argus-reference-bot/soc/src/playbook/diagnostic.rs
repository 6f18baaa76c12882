//! What is wrong with a playbook, where, and what to write instead.

use std::fmt;

use serde::Serialize;

/// Whether a finding keeps a playbook from loading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It does.
    Error,
    /// It does not, but its author should know.
    Warning,
}

/// One finding with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The file.
    pub file: String,
    /// The line, from one.
    pub line: usize,
    /// The column in characters, from one.
    pub column: usize,
    /// How bad it is.
    pub level: Level,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The line as it stands in the file.
    pub source_line: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        let margin = " ".repeat(self.line.to_string().len());
        writeln!(f, "{level}: {}", self.message)?;
        writeln!(f, "{margin}--> {}:{}:{}", self.file, self.line, self.column)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{} | {}", self.line, self.source_line)?;
        let before: String = self
            .source_line
            .chars()
            .take(self.column.saturating_sub(1))
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        let ends = |c: &char| c.is_whitespace() || matches!(c, ':' | ',' | ']' | '}');
        let token = self.source_line.chars().skip(self.column.saturating_sub(1));
        let carets = "^".repeat(token.take_while(|c| !ends(c)).count().max(1));
        write!(f, "{margin} | {before}{carets}")?;
        match &self.help {
            Some(help) => write!(f, "\n{margin} = help: {help}"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong with a playbook; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// The word among `known` that somebody who wrote `word` probably meant.
pub(crate) fn suggestion<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let near = |candidate: &&str| distance(word, candidate) <= (candidate.len() / 3).clamp(1, 3);
    known.into_iter().filter(near).min_by_key(|candidate| distance(word, candidate))
}

/// How many letters one has to insert, delete, replace or swap with a neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let at =
                |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let replaced = at(&last, j) + usize::from(!ca.eq_ignore_ascii_case(cb));
            let mut best = replaced.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let previous = |text: &[char], index: usize| {
                index.checked_sub(1).and_then(|index| text.get(index)).copied()
            };
            if previous(&a, i) == Some(*cb) && previous(&b, j) == Some(*ca) && j > 0 {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_was_probably_meant() {
        fn check(word: &str, expected: Option<&str>) {
            let known = ["actions", "triggers", "gates", "execution", "id"];
            assert_eq!(suggestion(word, known), expected, "{word}");
        }
        check("actoins", Some("actions"));
        check("trigger", Some("triggers"));
        check("Gates", Some("gates"));
        check("exeuction", Some("execution"));
        check("banana", None);
        check("", None);
    }
}
