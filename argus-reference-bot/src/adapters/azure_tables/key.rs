//! The account's key: a signature for each request, `SharedKey` as the Table service wants it.

use argus_bot_sdk::auth::Secret;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

/// The key of a storage account.
pub struct AccountKey {
    account: String,
    key: hmac::Key,
}

impl std::fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountKey").field("account", &self.account).finish_non_exhaustive()
    }
}

impl AccountKey {
    /// The key of the account at `url`: the first label of its host, or, where the host is an
    /// address, the first segment of its path.
    ///
    /// # Errors
    ///
    /// What is wrong with the address or the key; the key is not repeated.
    pub fn new(url: &str, key: &Secret) -> Result<Self, String> {
        let parsed = Url::parse(url).map_err(|error| format!("{url}: {error}"))?;
        let account = match parsed.host() {
            Some(url::Host::Domain(name)) if name != "localhost" => name.split('.').next(),
            _ => parsed.path_segments().and_then(|mut it| it.next()),
        };
        let account = account.filter(|it| !it.is_empty());
        let account = account.ok_or_else(|| format!("{url}: it names no storage account"))?;
        let key = STANDARD.decode(key.expose()).map_err(|_| "the account key is not base64")?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        Ok(Self { account: account.to_owned(), key })
    }

    /// The header that proves a request.
    pub(super) fn sign(&self, method: &str, kind: &str, date: &str, url: &Url) -> String {
        let text = format!("{method}\n\n{kind}\n{date}\n/{}{}", self.account, url.path());
        let signature = hmac::sign(&self.key, text.as_bytes());
        format!("SharedKey {}:{}", self.account, STANDARD.encode(signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_in_the_name_or_in_the_path() {
        let key = Secret::new("a2V5");
        for (url, account) in [
            ("https://soc.table.core.windows.net", Ok("soc")),
            ("https://soc.table.core.windows.net/", Ok("soc")),
            ("http://127.0.0.1:10002/devstoreaccount1", Ok("devstoreaccount1")),
            ("http://127.0.0.1:10002", Err("names no storage account")),
            ("nonsense", Err("nonsense")),
        ] {
            match (AccountKey::new(url, &key), account) {
                (Ok(it), Ok(account)) => assert_eq!(it.account, account, "{url}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{url}: {why}"),
                (said, _) => panic!("{url}: {said:?}"),
            }
        }
        let pasted = AccountKey::new("https://soc.example", &Secret::new("hunter2!"));
        assert!(pasted.is_err_and(|why| !why.contains("hunter2")));
    }
}
