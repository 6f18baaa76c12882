//! Reading settings: the file, then the environment, then what neither may say.

use std::path::Path;

use toml::{Table, Value};

use super::Config;

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// A line in the file is wrong; the text shows it.
    #[error("{path}: {report}")]
    Line {
        /// The file.
        path: String,
        /// Line, column and what was expected.
        report: String,
    },
    /// A value cannot be used.
    #[error("{key}: {why}")]
    Value {
        /// The key, dotted.
        key: String,
        /// Why, and what to do.
        why: String,
    },
}

impl ConfigError {
    /// A value cannot be used.
    pub fn value(key: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Value { key: key.into(), why: why.into() }
    }
}

/// Reads settings from `path` and the environment.
///
/// # Errors
///
/// [`ConfigError`] names the file with line and column, the environment variable, or the key.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::File { path: shown.clone(), why: error.to_string() })?;
    let overrides = std::env::vars().filter(|(name, _)| name.starts_with("ARGUS__"));
    parse(&shown, &text, overrides)
}

/// Reads settings from text, with overrides as `(ARGUS__SECTION__KEY, value)`.
///
/// # Errors
///
/// As for [`load`].
pub fn parse(
    file: &str,
    text: &str,
    overrides: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let line = |error: toml::de::Error| ConfigError::Line {
        path: file.into(),
        report: report(text, &error),
    };
    let overrides: Vec<_> = overrides.into_iter().collect();
    if overrides.is_empty() {
        return toml::from_str(text).map_err(line);
    }
    let mut table: Table = toml::from_str(text).map_err(line)?;
    let mut names = Vec::new();
    for (name, value) in overrides {
        set(&mut table, &name, &value)?;
        names.push(name);
    }
    Config::deserialize_table(table).map_err(|error| {
        // The same complaint about the file alone has line and column; prefer it.
        match toml::from_str::<Config>(text) {
            Err(in_file) if in_file.message() == error.message() => line(in_file),
            _ => ConfigError::value(names.join(", "), error.message()),
        }
    })
}

impl Config {
    fn deserialize_table(table: Table) -> Result<Self, toml::de::Error> {
        Value::Table(table).try_into()
    }
}

/// Line, column and complaint. The line itself is not shown: a secret may have been pasted there.
fn report(text: &str, error: &toml::de::Error) -> String {
    let message = error.message();
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return message.into();
    };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    format!("line {line}, column {column}: {message}")
}

/// The variable's value, if it is set. The one place that reads the environment.
#[expect(clippy::disallowed_methods, reason = "this is the config's reader of the environment")]
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Puts `ARGUS__SECTION__KEY = value` into the table. The value is JSON for lists, tables, numbers
/// and booleans, and text otherwise.
fn set(table: &mut Table, name: &str, text: &str) -> Result<(), ConfigError> {
    let path: Vec<String> =
        name.trim_start_matches("ARGUS__").split("__").map(str::to_lowercase).collect();
    let Some((key, sections)) = path.split_last() else { return Ok(()) };
    let mut at = table;
    for section in sections {
        let entry = at.entry(section.clone()).or_insert_with(|| Value::Table(Table::new()));
        at = entry
            .as_table_mut()
            .ok_or_else(|| ConfigError::value(name, format!("`{section}` is not a section")))?;
    }
    let value = match serde_json::from_str::<serde_json::Value>(text) {
        Ok(json) if !json.is_null() => {
            Value::try_from(json).map_err(|error| ConfigError::value(name, error.to_string()))?
        }
        _ => Value::String(text.into()),
    };
    at.insert(key.clone(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The minimal file of the design, shortened to what is required.
    const MINIMAL: &str = r#"
[server]
listen = "127.0.0.1:3978"
[store]
url = "sqlite:./data/argus.db"
[bot]
app_id = "0f0e0d0c-1111-4222-8333-444455556666"
tenant_id = "11111111-2222-4333-8444-555555555555"
credential = { secret = "env:ARGUS_BOT_SECRET" }
[templates]
source = "folder:card-templates"
"#;

    fn errors(text: &str, overrides: &[(&str, &str)]) -> String {
        let overrides = overrides.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        parse("argus.toml", text, overrides)
            .map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn the_minimal_file_loads() {
        assert_eq!(errors(MINIMAL, &[]), "");
    }

    #[test]
    fn an_unknown_key_is_named_with_line_and_column() {
        let report = errors(&format!("{MINIMAL}\n[audit]\nancor = 1\n"), &[]);
        assert!(report.contains("line 14, column 1"), "{report}");
        assert!(report.contains("ancor") && report.contains("anchor"), "{report}");
    }

    #[test]
    fn a_pasted_secret_is_refused_and_not_repeated() {
        let pasted = MINIMAL.replace("env:ARGUS_BOT_SECRET", "hunter2-hunter2");
        for overrides in [&[][..], &[("ARGUS__BOT__CLOUD", "public")]] {
            let report = errors(&pasted, overrides);
            assert!(report.contains("never the secret itself"), "{report}");
            assert!(!report.contains("hunter2"), "{report}");
        }
    }

    #[test]
    fn the_environment_overrides_with_text_and_json() {
        let overrides = [
            ("ARGUS__SERVER__LISTEN".to_owned(), "127.0.0.1:4000".to_owned()),
            ("ARGUS__BOT__ALLOWED_SERVICE_URLS".to_owned(), "[\"http://127.0.0.1:9\"]".to_owned()),
            ("ARGUS__TRIAGE__DEDUP_WINDOW_SECS".to_owned(), "60".to_owned()),
        ];
        let config = parse("argus.toml", MINIMAL, overrides).expect("loads");
        assert_eq!(config.server.listen.port(), 4000);
        assert_eq!(config.bot.allowed_service_urls, ["http://127.0.0.1:9"]);
        assert_eq!(config.triage.dedup_window_secs, 60);
    }

    #[test]
    fn a_wrong_override_is_named() {
        let report = errors(MINIMAL, &[("ARGUS__SERVER__LISEN", "x")]);
        assert!(report.contains("ARGUS__SERVER__LISEN") && report.contains("lisen"), "{report}");
    }
}
