//! `[canary]`: an alert that Argus sends itself, to see that alerts reach people.

use std::time::Duration;

use argus_soc::event::Severity;
use serde::Deserialize;

use super::ConfigError;
use super::ingest::duration;

/// How often a canary is sent, and what is expected of it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Canary {
    /// How often; never, if it is not said.
    #[serde(deserialize_with = "duration")]
    pub every: Option<Duration>,
    /// How soon its card has to be shown; five minutes, if it is not said.
    #[serde(deserialize_with = "duration")]
    pub within: Option<Duration>,
    /// Its severity.
    pub severity: Severity,
}

impl Default for Canary {
    fn default() -> Self {
        Self { every: None, within: None, severity: Severity::Low }
    }
}

/// The shortest time between canaries: each of them is a card in a channel.
const SHORTEST: Duration = Duration::from_mins(1);

impl Canary {
    /// How soon its card has to be shown.
    pub fn within(&self) -> Duration {
        self.within.unwrap_or(Duration::from_mins(5))
    }

    /// Refuses what would alarm without end, or never.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the key and what to write.
    pub fn check(&self) -> Result<(), ConfigError> {
        if matches!(self.severity, Severity::Unknown | Severity::Informational) {
            let why = "a canary has to be shown: use low, medium, high or critical";
            return Err(ConfigError::value("canary.severity", why));
        }
        let Some(every) = self.every else { return Ok(()) };
        if every < SHORTEST {
            return Err(ConfigError::value("canary.every", "at most one a minute: `1m` or more"));
        }
        if self.within() > every {
            let why =
                "a canary has to be shown before the next one is sent: at most `canary.every`";
            return Err(ConfigError::value("canary.within", why));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_alarm_without_end_or_never_is_refused() {
        let check = |text: &str, refused: &str| {
            let found = toml::from_str::<Canary>(text).map_err(|error| error.to_string());
            let found = found.and_then(|it| it.check().map_err(|error| error.to_string()));
            let why = found.err().unwrap_or_default();
            assert_eq!(why.is_empty(), refused.is_empty(), "{text}: {why}");
            assert!(why.contains(refused), "{text}: {why}");
        };
        check("", "");
        check("every = '1h'", "");
        check("every = '5m'\nwithin = '5m'\nseverity = 'critical'", "");
        check("every = '4m'", "canary.within");
        check("every = '30s'\nwithin = '10s'", "canary.every");
        check("every = 'daily'", "not a time");
        check("severity = 'informational'", "canary.severity");
        check("severity = 'unknown'", "canary.severity");
    }
}
