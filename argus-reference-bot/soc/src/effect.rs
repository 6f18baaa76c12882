//! Effects on the outside world: their keys, leases, and what can come back.
//!
//! The protocol is lease, intent, send, outcome, verify. An intent without an outcome is never sent
//! again before a probe has looked at the far side.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::ledger::canonical;
use crate::playbook::{PlannedStep, Target};

/// What the far side answered to a send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// It took the order; `verify` tells when it is done.
    Accepted {
        /// Its id for the order.
        remote: String,
        /// Anything worth keeping beside it, such as a ticket's number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// It stands already, by somebody else's doing: it is not this step's to undo.
    AlreadyThere {
        /// Its id there.
        remote: String,
        /// Whose doing it is.
        by: String,
    },
    /// It refused for good, or cannot do it: sending again will not help.
    Failed {
        /// Why, in words for the card.
        why: String,
    },
    /// It certainly did nothing and may do it later: refused connection, 429.
    NotYet {
        /// Why.
        why: String,
        /// Milliseconds to wait, as it asked.
        retry_after_ms: u64,
    },
    /// Nobody can tell: the answer was lost, or an error came from behind the door.
    Unsettled {
        /// Why.
        why: String,
    },
}

/// What a look at the far side found, by the effect's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum Probe {
    /// The effect is there.
    Found {
        /// Its id.
        remote: String,
        /// Anything worth keeping beside it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// The effect is there, but somebody else's doing.
    FoundForeign {
        /// Its id.
        remote: String,
        /// Who, as the far side names them.
        by: String,
    },
    /// The effect is not there.
    NotFound,
    /// The effect is not in the far side's lists, which lag so much behind what it does.
    NotListed {
        /// Milliseconds.
        lag_ms: u64,
    },
    /// The far side does not say.
    Unknown {
        /// Why.
        why: String,
    },
}

/// How far an accepted effect has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum Progress {
    /// Accepted, not done: the host may be offline.
    Pending,
    /// Done, and seen to be done.
    Done,
    /// It was accepted and failed afterwards.
    Failed {
        /// Why.
        why: String,
    },
}

/// What can be known of an effect whose answer was lost, and so whether it may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guarantee {
    /// Sending it twice is the same as sending it once: the far side takes our id, or a state.
    Natural,
    /// A look at the far side finds it by our key: it is sent again only when it is not there.
    Probeable,
    /// Doing it twice does no more than doing it once.
    Rerunnable,
    /// Nobody can tell. It is sent once, and a person decides about the rest.
    Unprobeable,
}

/// The key of an effect: the same for every attempt of a step of a run, and for no other.
///
/// ```
/// # use argus_soc::effect::effect_key;
/// # use serde_json::json;
/// let key = effect_key("tenant", "run-1", "isolate", &json!({"type": "Full"}));
/// assert_eq!(key, effect_key("tenant", "run-1", "isolate", &json!({"type": "Full"})));
/// assert_ne!(key, effect_key("tenant", "run-2", "isolate", &json!({"type": "Full"})));
/// assert_eq!(key.len(), 26);
/// ```
pub fn effect_key(tenant: &str, run: &str, step: &str, parameters: &Value) -> String {
    let mut hasher = Sha256::new();
    for part in [tenant, run, step] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    // A value that came out of a parser serialises; the empty text would only widen the key.
    hasher.update(canonical(parameters).unwrap_or_default());
    base32(hasher.finalize().get(..16).unwrap_or_default())
}

/// The digest that an approval is bound to: exactly these steps, on exactly these targets.
pub fn plan_digest(run: &str, playbook_sha256: &str, steps: &[PlannedStep]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(run);
    hasher.update([0]);
    hasher.update(playbook_sha256);
    hasher.update([0]);
    hasher.update(canonical(&steps).unwrap_or_default());
    base32(hasher.finalize().get(..10).unwrap_or_default())
}

/// The lease that keeps two runs from doing the same thing to the same target.
pub fn lease_name(tenant: &str, action: &str, target: &Target) -> String {
    format!("{tenant}/{action}/{}", target.value.to_lowercase())
}

/// RFC 4648 base32 in lower case, without padding.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: [char; 32] = [
        'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r',
        's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '2', '3', '4', '5', '6', '7',
    ];
    let mut out = String::new();
    let (mut buffer, mut bits) = (0u32, 0u32);
    for &byte in bytes {
        buffer = (buffer << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.extend(ALPHABET.get(((buffer >> bits) & 31) as usize));
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        out.extend(ALPHABET.get(((buffer << (5 - bits)) & 31) as usize));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_rfc_4648() {
        let check = |bytes: &[u8], text: &str| assert_eq!(base32(bytes), text);
        check(b"", "");
        check(b"f", "my");
        check(b"fo", "mzxq");
        check(b"foo", "mzxw6");
        check(b"foob", "mzxw6yq");
        check(b"fooba", "mzxw6ytb");
        check(b"foobar", "mzxw6ytboi");
    }

    #[test]
    fn parts_of_a_key_do_not_run_into_each_other() {
        let key = |tenant, run| effect_key(tenant, run, "s", &Value::Null);
        assert_ne!(key("ab", "c"), key("a", "bc"));
    }
}
