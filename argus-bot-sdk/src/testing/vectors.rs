//! Inbound tokens, good and hostile, that any bot's endpoint can be measured with.
//!
//! `tests/vectors/inbound-tokens.json` describes them: texts with places such as `{{app}}` or
//! `{{now-310}}` and the name of the key that signs. No private key is in the file; a [`VectorRun`]
//! makes fresh ones, publishes the public halves on loopback, and mints each token when it is sent,
//! so that times are right. `docs/conformance.md` describes the format.

mod mint;
mod run;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

pub use self::run::{VectorOutcome, VectorRequest, VectorRun};
use crate::{Error, ErrorKind};

/// The vectors of this release.
const BUNDLED: &str = include_str!("../../tests/vectors/inbound-tokens.json");

/// A file of vectors.
///
/// ```
/// use argus_bot_sdk::testing::vectors::Vectors;
///
/// let vectors = Vectors::bundled()?;
/// assert!(vectors.all().len() >= 150);
/// let forged = vectors.all().iter().find(|vector| vector.id() == "alg-hs256-public-key").unwrap();
/// assert_eq!((forged.rule(), forged.status(), forged.is_good()), ("alg", 401, false));
/// # Ok::<(), argus_bot_sdk::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
pub struct Vectors {
    base: Base,
    keys: BTreeMap<String, KeySpec>,
    #[serde(rename = "vectors")]
    all: Vec<Vector>,
}

/// A request that a bot has to take or to refuse.
#[derive(Clone, Debug, Deserialize)]
pub struct Vector {
    id: String,
    rule: String,
    status: u16,
    why: String,
    #[serde(flatten)]
    change: Change,
}

/// What a vector says otherwise than the base.
#[derive(Clone, Debug, Default, Deserialize)]
struct Change {
    header: Option<String>,
    claims: Option<String>,
    token: Option<String>,
    authorization: Option<Vec<String>>,
    key: Option<String>,
    algorithm: Option<Algorithm>,
    signature: Option<Forgery>,
    activity: Option<String>,
}

/// The good request.
#[derive(Clone, Debug, Deserialize)]
struct Base {
    header: String,
    claims: String,
    token: String,
    authorization: Vec<String>,
    key: String,
    activity: String,
}

/// How a vector is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
enum Algorithm {
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "RS384")]
    Rs384,
    #[serde(rename = "RS512")]
    Rs512,
    #[serde(rename = "PS256")]
    Ps256,
    /// HMAC with the public key as the secret.
    #[serde(rename = "HS256 with the public key")]
    PublicKeyAsSecret,
    /// The signature is empty.
    #[serde(rename = "none")]
    Unsigned,
}

/// What happens to the signature afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Forgery {
    FirstBitFlipped,
    LastBitFlipped,
    LastByteCut,
    ZeroAppended,
    ZeroPrepended,
    AllZeros,
    AllOnes,
    Twice,
    /// It is a good one, but over claims with one space more.
    OfOtherClaims,
}

/// A key: which of the run's pairs it is, and how it is published, if it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeySpec {
    pair: usize,
    /// Members of the published entry beside the key itself; `null` is not published.
    published: Option<Map<String, Value>>,
}

impl Vectors {
    /// The vectors of this release.
    ///
    /// # Errors
    ///
    /// As for [`Vectors::read`]; a test sees to it that there are none.
    pub fn bundled() -> Result<Self, Error> {
        Self::read(BUNDLED)
    }

    /// Reads a file of vectors.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if it is not one, or names a key that it does not describe.
    pub fn read(text: &str) -> Result<Self, Error> {
        let invalid = |why: String| Error::new(ErrorKind::Invalid, why);
        let read: Self = serde_json::from_str(text)
            .map_err(|source| invalid("these are no vectors".into()).with_source(source))?;
        let named = read.all.iter().filter_map(|vector| vector.change.key.as_ref());
        let lost = named.chain([&read.base.key]).find(|key| !read.keys.contains_key(*key));
        if let Some(key) = lost {
            return Err(invalid(format!("a vector names the key {key}, which is none")));
        }
        Ok(read)
    }

    /// All of them, in the order of the file.
    pub fn all(&self) -> &[Vector] {
        &self.all
    }
}

impl Vector {
    /// Its name, which stays the same between releases.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The rule that it breaks, by the name that
    /// [`Rejection::rule`](crate::auth::Rejection::rule) has for it; `ok` if it breaks none.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The status that this SDK answers; 200 stands for every 2xx.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What it is about, in a sentence.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// Whether a bot has to take it.
    pub fn is_good(&self) -> bool {
        self.status == 200
    }
}
