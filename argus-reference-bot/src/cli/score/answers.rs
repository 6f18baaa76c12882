//! What the sources are supposed to say about an event that is not in the store.

use std::path::PathBuf;
use std::str::FromStr;

use argus_soc::enrich::{Asset, Enrichment, History, Intel, Known};

use crate::cli::Complaint;
use crate::cli::output::read;

#[derive(Debug, clap::Args)]
pub(super) struct Answers {
    /// All answers as JSON, as in an incident of `GET /incidents/{key}`; the other options change them.
    #[arg(long, value_name = "FILE")]
    enrichment: Option<PathBuf>,
    /// What threat intelligence says: `malicious:CONFIDENCE`, `benign`, `unknown` or `unavailable`.
    #[arg(long, value_name = "ANSWER")]
    intel: Option<Supposed<IntelAnswer>>,
    /// What the inventory says: the criticality, 0 to 10, `unknown` or `unavailable`.
    #[arg(long, value_name = "ANSWER")]
    criticality: Option<Supposed<Number<10>>>,
    /// Where the asset lives, as the inventory says: `production`, `staging`, …
    #[arg(long, value_name = "NAME", requires = "criticality")]
    environment: Option<String>,
    /// How many earlier incidents there were: a number, `unknown` or `unavailable`.
    #[arg(long, value_name = "ANSWER")]
    previous: Option<Supposed<Number<{ u32::MAX }>>>,
}

impl Answers {
    /// The answers of `recorded`, changed as the options say; unknown without either.
    pub(super) fn over(&self, recorded: Option<Enrichment>) -> Result<Enrichment, Complaint> {
        let mut all = match (&self.enrichment, recorded) {
            (Some(path), _) => serde_json::from_slice(&read(path)?)
                .map_err(|error| Complaint(format!("{}: {error}", path.display())))?,
            (None, Some(recorded)) => recorded,
            (None, None) => {
                Enrichment::of(Known::Unknown, Known::Unknown, Known::Known(History::default()))
            }
        };
        if let Some(supposed) = &self.intel {
            all = all.supposing_intel(supposed.known("threat intelligence", |it| Intel {
                malicious: it.malicious,
                confidence: it.confidence,
            }));
        }
        if let Some(supposed) = &self.criticality {
            let base = all.asset.known().cloned().unwrap_or_default();
            all = all.supposing_asset(supposed.known("inventory", |number| Asset {
                criticality: u8::try_from(number.0).unwrap_or(10),
                environment: self.environment.clone().or(base.environment),
                ..base
            }));
        }
        if let Some(supposed) = &self.previous {
            all.history = supposed.known("history", |number| History {
                previous_incidents: number.0,
                ..History::default()
            });
        }
        Ok(all)
    }
}

/// An answer as somebody types it.
#[derive(Clone, Copy, Debug)]
enum Supposed<T> {
    Known(T),
    Unknown,
    Unavailable,
}

impl<T: Copy> Supposed<T> {
    fn known<K>(self, source: &str, make: impl FnOnce(T) -> K) -> Known<K> {
        match self {
            Self::Known(value) => Known::Known(make(value)),
            Self::Unknown => Known::Unknown,
            Self::Unavailable => {
                Known::Unavailable { source: source.into(), why: "supposed".into() }
            }
        }
    }
}

impl<T: FromStr<Err = String>> FromStr for Supposed<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "unknown" => Ok(Self::Unknown),
            "unavailable" => Ok(Self::Unavailable),
            other => other.parse().map(Self::Known),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct IntelAnswer {
    malicious: bool,
    confidence: u8,
}

impl FromStr for IntelAnswer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "benign" {
            return Ok(Self { malicious: false, confidence: 100 });
        }
        let confidence = text.strip_prefix("malicious").and_then(|rest| match rest {
            "" => Some(100),
            rest => rest.strip_prefix(':')?.trim_end_matches('%').parse().ok(),
        });
        match confidence.filter(|confidence| *confidence <= 100) {
            Some(confidence) => Ok(Self { malicious: true, confidence }),
            None => Err("it is `malicious:CONFIDENCE` with 0 to 100, `benign`, `unknown` or \
                         `unavailable`"
                .into()),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Number<const MOST: u32>(u32);

impl<const MOST: u32> FromStr for Number<MOST> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse().ok().filter(|number| *number <= MOST);
        number
            .map(Self)
            .ok_or_else(|| format!("it is a number from 0 to {MOST}, `unknown` or `unavailable`"))
    }
}
