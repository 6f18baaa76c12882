//! How work ends for which nobody waits any more.

use std::error::Error as StdError;

use crate::Activity;
use crate::reply::{Card, IntoReply, MessageKind};

/// What [deferred](crate::extract::Turn::defer) work may return: what a message handler may, which
/// is then said in the conversation, or a `Result` of that and any error, which is then logged.
///
/// ```
/// use argus_bot_sdk::reply::Ending;
///
/// let isolated: Result<&str, std::io::Error> = Ok("It is isolated.");
/// assert_eq!(isolated.ending()?.len(), 1);
/// let failed: Result<(), &str> = Err("the EDR does not answer");
/// assert_eq!(failed.ending().unwrap_err().to_string(), "the EDR does not answer");
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not how deferred work may end",
    label = "the work returns this",
    note = "return `()`, `&str`, `String`, `Activity`, `Card`, or a `Result` of one of them and an error"
)]
pub trait Ending: Send + 'static {
    /// What is to be said.
    ///
    /// # Errors
    ///
    /// What is to be logged; nothing is said then.
    fn ending(self) -> Result<Vec<Activity>, Box<dyn StdError + Send + Sync>>;
}

macro_rules! ending {
    ($($Type:ty),*) => { $(
        impl Ending for $Type {
            fn ending(self) -> Result<Vec<Activity>, Box<dyn StdError + Send + Sync>> {
                Ok(IntoReply::<MessageKind>::into_reply(self))
            }
        }
    )* };
}

ending! { (), &'static str, String, Activity, Card, Vec<Activity>, Option<Activity> }

impl<T, E> Ending for Result<T, E>
where
    T: Ending,
    E: Into<Box<dyn StdError + Send + Sync>> + Send + 'static,
{
    fn ending(self) -> Result<Vec<Activity>, Box<dyn StdError + Send + Sync>> {
        self.map_err(Into::into)?.ending()
    }
}
