//! What every [`References`] store owes, for the tests of your own.
//!
//! ```
//! use argus_bot_sdk::references::{MemoryReferences, suite};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
//! suite::store(&MemoryReferences::new()).await?;
//! # Ok(()) }
//! ```

use super::{Reference, References, Standing};
use crate::{Account, ConversationRef, Error};

/// Checks that an empty store keeps, replaces, forgets and lists references.
///
/// # Errors
///
/// The store's own. What is wrong with it stops the test.
pub async fn store(store: &dyn References) -> Result<(), Error> {
    let reference = |id: &str| {
        let to = ConversationRef::new("https://smba.trafficmanager.net/emea/", id);
        Reference::new(to.tenant("t").bot(Account::new("28:bot")))
    };
    assert_eq!(store.get("19:b@thread.tacv2").await?, None);
    for id in ["19:b@thread.tacv2;messageid=7", "a:1", "19:a@thread.tacv2"] {
        store.put(&reference(id)).await?;
    }
    let mut moved = reference("a:1");
    moved.standing = Standing::Blocked;
    moved.moved_from = Some("https://smba.trafficmanager.net/amer/".to_owned());
    store.put(&moved).await?;
    assert_eq!(store.get("a:1").await?, Some(moved.clone()), "the later one counts");
    assert_eq!(store.get("A:1").await?, None, "ids are not words");

    let keys = async |after, limit| -> Result<Vec<String>, Error> {
        let page = store.list(after, limit).await?;
        Ok(page.iter().map(|it| it.key().to_owned()).collect())
    };
    assert_eq!(keys(None, 2).await?, ["19:a@thread.tacv2", "19:b@thread.tacv2"]);
    assert_eq!(keys(Some("19:b@thread.tacv2"), 9).await?, ["a:1"]);
    assert_eq!(keys(Some("19:aa"), 1).await?, ["19:b@thread.tacv2"], "the key need not be there");
    assert!(keys(Some("a:1"), 9).await?.is_empty());

    store.remove("a:1").await?;
    store.remove("a:1").await?;
    assert_eq!(store.get("a:1").await?, None);
    Ok(())
}
