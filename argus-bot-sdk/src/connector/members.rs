//! Who is in a conversation.

use std::fmt;

use futures_util::stream::{self, Stream};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Call, Connector, ConversationRef, Metered, SendError};

/// Teams takes pages of 50 to 500 and corrects what is outside.
const PAGE: (u16, u16) = (50, 500);

/// Asks who is in a conversation.
///
/// ```
/// use argus_bot_sdk::connector::Roster;
/// use argus_bot_sdk::testing::{Person, TestTeams};
/// use argus_bot_sdk::{ConversationRef, Router};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let teams = TestTeams::start(Router::new()).await?;
/// let people = (0..120).map(|n| Person::new(format!("Person {n}")));
/// let channel = teams.teams().channel("SOC alerts", people);
/// let to = ConversationRef::new(teams.teams().service_url(), channel);
///
/// let roster = Roster::new(teams.connector(), &to).page_size(50);
/// let all = roster.all_members().await?;
/// assert_eq!(all.len(), 120);
/// assert_eq!(roster.member(&all[7].id).await?.name.as_deref(), Some("Person 7"));
/// # Ok(()) }
/// ```
#[must_use]
pub struct Roster<'a, C: ?Sized> {
    connector: &'a C,
    to: &'a ConversationRef,
    page_size: Option<u16>,
}

impl<'a, C: Connector + ?Sized> Roster<'a, C> {
    /// Asks about this conversation; a thread has the members of its channel.
    pub fn new(connector: &'a C, to: &'a ConversationRef) -> Self {
        Self { connector, to, page_size: None }
    }

    /// How many members come at once, 50 to 500; what is outside is corrected.
    pub fn page_size(mut self, size: u16) -> Self {
        self.page_size = Some(size.clamp(PAGE.0, PAGE.1));
        self
    }

    /// One page of members: the first, or the one that a token of the page before names.
    ///
    /// # Errors
    ///
    /// [`SendError::kind`] says why there is none.
    pub async fn page(&self, continuation: Option<&str>) -> Result<MemberPage, SendError> {
        let mut call = self.get(["pagedmembers"]);
        if let Some(size) = self.page_size {
            call = call.query("pageSize", &size.to_string());
        }
        if let Some(token) = continuation {
            call = call.query("continuationToken", token);
        }
        self.connector.perform(call).await?.json()
    }

    /// All members, page by page as they are asked for. It ends after the first error.
    pub fn stream(&self) -> impl Stream<Item = Result<Member, SendError>> + Send {
        let first = Walk { waiting: Vec::new().into_iter(), next: Next::First };
        stream::unfold(first, move |mut walk| async move {
            loop {
                if let Some(member) = walk.waiting.next() {
                    return Some((Ok(member), walk));
                }
                let token = match std::mem::take(&mut walk.next) {
                    Next::First => None,
                    Next::After(token) => Some(token),
                    Next::Nothing => return None,
                };
                match self.page(token.as_deref()).await {
                    Ok(page) => {
                        // A token that comes back would lead around for ever.
                        let is_new = |it: &String| !it.is_empty() && Some(it) != token.as_ref();
                        let next = page.continuation_token.filter(is_new);
                        walk.next = next.map_or(Next::Nothing, Next::After);
                        walk.waiting = page.members.into_iter();
                    }
                    Err(error) => return Some((Err(error), walk)),
                }
            }
        })
    }

    /// All members at once.
    ///
    /// # Errors
    ///
    /// The first page's that could not be read.
    pub async fn all_members(&self) -> Result<Vec<Member>, SendError> {
        use futures_util::TryStreamExt as _;
        self.stream().try_collect().await
    }

    /// One member, by the id towards the bot, the object id or the user principal name.
    ///
    /// # Errors
    ///
    /// [`SendErrorKind::Refused`](super::SendErrorKind::Refused) with the code
    /// `MemberNotFoundInConversation` if there is none.
    pub async fn member(&self, id: &str) -> Result<Member, SendError> {
        self.connector.perform(self.get(["members", id])).await?.json()
    }

    /// Who saw an activity when it was sent.
    ///
    /// # Errors
    ///
    /// As for [`page`](Self::page).
    ///
    /// ```
    /// use argus_bot_sdk::connector::{Connector, Roster, SendError};
    /// use argus_bot_sdk::ConversationRef;
    ///
    /// /// How many people see an answer in this thread.
    /// async fn readers(
    ///     connector: &dyn Connector,
    ///     to: &ConversationRef,
    ///     thread: &str,
    /// ) -> Result<usize, SendError> {
    ///     Ok(Roster::new(connector, to).activity_members(thread).await?.len())
    /// }
    /// ```
    pub async fn activity_members(&self, activity_id: &str) -> Result<Vec<Member>, SendError> {
        let call = self.get(["activities", activity_id, "members"]);
        self.connector.perform(call).await?.json()
    }

    fn get<const N: usize>(&self, parts: [&str; N]) -> Call {
        Call::about(Method::GET, self.to, parts).metered(Metered::Read)
    }
}

impl<C: ?Sized> fmt::Debug for Roster<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roster").field("page_size", &self.page_size).finish_non_exhaustive()
    }
}

/// Which page comes next.
#[derive(Default)]
enum Next {
    First,
    After(String),
    #[default]
    Nothing,
}

/// Where a walk through the pages is: what came, and what to ask for next.
struct Walk {
    waiting: std::vec::IntoIter<Member>,
    next: Next,
}

/// Somebody in a conversation.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Member {
    /// The id towards this bot, `29:…` for people.
    pub id: String,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The object id in Entra. Teams has two names for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aad_object_id: Option<String>,
    /// The same under its other name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_id: Option<String>,
    /// The mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The user principal name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_principal_name: Option<String>,
    /// The home tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// `user`, `guest` or `anonymous`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_role: Option<String>,
    /// What else Teams says.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl fmt::Debug for Member {
    /// Without names and addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("user_role", &self.user_role).finish_non_exhaustive()
    }
}

/// One page of members.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MemberPage {
    /// Who is on it.
    #[serde(default)]
    pub members: Vec<Member>,
    /// What names the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuation_token: Option<String>,
}
