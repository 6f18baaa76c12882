//! People, as a test speaks of them: Alice says, Alice presses.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use serde_json::{Map, Value, json};

use super::stage::{Answer, TestTeams};
use super::teams::{Amend, Person, Toggle};
use crate::invoke::{Invoke, Query, TaskFetch, TaskSubmit};
use crate::{Activity, Error, ErrorKind};

mod button;
mod refresh;

use self::button::Button;

/// Somebody at one place in a [`TestTeams`]: in their chat with the bot, or wherever they went.
///
/// ```
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::extract::Input;
/// use argus_bot_sdk::reply::{Card, CardReply};
/// use argus_bot_sdk::testing::TestTeams;
/// use serde_json::{Value, json};
///
/// async fn ask() -> Card {
///     Card(json!({"type": "AdaptiveCard", "version": "1.5", "body": [
///         {"type": "Input.Text", "id": "why", "value": "no reason"}
///     ], "actions": [{"type": "Action.Execute", "title": "Approve", "verb": "approve"}]}))
/// }
/// async fn approve(Input(said): Input<Value>) -> CardReply {
///     CardReply::message(format!("Approved: {}", said["why"].as_str().unwrap_or("?")))
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
/// let router = Router::new().command("deploy", ask).action("approve", approve);
/// let teams = TestTeams::start(router).await?;
/// let alice = teams.user("Alice");
/// alice.says("deploy").await;
/// assert_eq!(alice.presses("Approve").await?.text(), Some("Approved: no reason"));
/// let answer = alice.presses("Approve").with(json!({"why": "it is Friday"})).await?;
/// assert_eq!(answer.text(), Some("Approved: it is Friday"));
/// assert!(alice.presses("Delete").await.is_err(), "there is no such button");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct User<'a> {
    stage: &'a TestTeams,
    person: Person,
    place: String,
}

impl TestTeams {
    /// Somebody of the fakes' own tenant, in their chat with the bot.
    pub fn user(&self, name: &str) -> User<'_> {
        self.person(Person::new(name))
    }

    /// Somebody with a tenant or an id of your choice, in their chat with the bot.
    pub fn person(&self, person: Person) -> User<'_> {
        let place = self.teams().personal(&person);
        User { stage: self, person, place }
    }
}

impl<'a> User<'a> {
    /// The same person in a channel, which is opened if there is none of this name.
    #[must_use]
    pub fn in_channel(&self, name: &str) -> Self {
        self.at(self.stage.teams().channel(name, []))
    }

    /// The same person in a group chat, which is opened if there is none of this name.
    #[must_use]
    pub fn in_group(&self, name: &str) -> Self {
        self.at(self.stage.teams().group_chat(name, []))
    }

    /// The same person in the thread of this message of the channel that they are in.
    ///
    /// ```
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::extract::Text;
    /// use argus_bot_sdk::testing::TestTeams;
    ///
    /// async fn echo(Text(text): Text) -> String {
    ///     text
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
    /// let teams = TestTeams::start(Router::new().message(echo)).await?;
    /// let alice = teams.user("Alice").in_channel("SOC");
    /// let answer = alice.says("srv-1 is slow").await.remove(0);
    /// let thread = alice.in_thread(answer.reply_to_id.as_deref().unwrap_or_default());
    /// thread.says("restarted it").await;
    /// assert_eq!(thread.sees().last().unwrap().text.as_deref(), Some("restarted it"));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn in_thread(&self, message: &str) -> Self {
        let root = self.place.split(";messageid=").next().unwrap_or_default();
        Self { place: format!("{root};messageid={message}"), ..self.clone() }
    }

    fn at(&self, place: String) -> Self {
        self.stage.teams().enrol(&place, &self.person);
        Self { place, ..self.clone() }
    }

    /// Who they are.
    pub fn who(&self) -> &Person {
        &self.person
    }

    /// The id of the conversation that they are in.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// They say something; in channels and group chats with a mention of the bot. Gives what the
    /// bot posted or changed there until its handlers were done.
    pub async fn says(&self, text: &str) -> Vec<Activity> {
        match self.stage.teams().say(&self.place, &self.person, text) {
            Some(activity) => self.tell(&activity).await.replies,
            None => Vec::new(),
        }
    }

    /// They press a button that they see: the newest one with this title, or else with this verb.
    /// Inputs have the values that the card gives them, unless [`Press::with`] says otherwise.
    ///
    /// Awaiting it presses. Buttons of Adaptive Cards work (`Action.Execute`, `Action.Submit` and
    /// those that open a dialog), and so do those of older cards and suggested actions.
    pub fn presses(&self, button: &str) -> Press<'a> {
        Press { user: self.clone(), button: button.to_owned(), inputs: Map::new() }
    }

    /// They open a dialog of the bot by its id (`task/fetch`).
    pub async fn opens(&self, dialog: &str) -> Answer {
        self.asks(TaskFetch, &json!({ "data": { "dialog": dialog } })).await
    }

    /// They send what a dialog was filled with (`task/submit`).
    ///
    /// ```
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::testing::TestTeams;
    /// use serde_json::json;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
    /// let teams = TestTeams::start(Router::new()).await?;
    /// let answer = teams.user("Alice").submits("ticket", &json!({"title": "srv-1 is slow"})).await;
    /// assert_eq!(answer.status, 501, "this bot has no dialogs");
    /// # Ok(()) }
    /// ```
    pub async fn submits(&self, dialog: &str, inputs: &Value) -> Answer {
        let mut data = inputs.as_object().cloned().unwrap_or_default();
        data.insert("dialog".to_owned(), json!(dialog));
        self.asks(TaskSubmit, &json!({ "data": data })).await
    }

    /// They search in a message extension (`composeExtension/query`): the command's id, the
    /// parameter's name, what they typed.
    pub async fn searches(&self, command: &str, parameter: &str, text: &str) -> Answer {
        let parameters = json!([{ "name": parameter, "value": text }]);
        let options = json!({ "skip": 0, "count": 25 });
        let query =
            json!({ "commandId": command, "parameters": parameters, "queryOptions": options });
        self.asks(Query, &query).await
    }

    /// Their client asks the bot anything else, by the invoke's name and value.
    pub async fn asks<I: Invoke>(&self, _: I, value: &Value) -> Answer {
        self.tell_if(self.stage.teams().invoke(&self.place, &self.person, I::NAME, value)).await
    }

    /// They react to the last thing that the bot said there, for example `like`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if the bot has said nothing there.
    ///
    /// ```
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::extract::Text;
    /// use argus_bot_sdk::testing::TestTeams;
    ///
    /// async fn echo(Text(text): Text) -> String {
    ///     text
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
    /// let teams = TestTeams::start(Router::new().message(echo)).await?;
    /// let alice = teams.user("Alice").in_group("Incident 7");
    /// alice.installs().await;
    /// alice.joins().await;
    /// assert!(alice.reacts("like").await.is_err(), "to what?");
    /// alice.says("helo").await;
    /// alice.edits("hello").await?;
    /// alice.reacts("like").await?;
    /// alice.unreacts("like").await?;
    /// alice.deletes().await?;
    /// assert_eq!(alice.sees().len(), 1, "this bot hears none of that but the message");
    /// alice.leaves().await;
    /// alice.uninstalls().await;
    /// # Ok(()) }
    /// ```
    pub async fn reacts(&self, reaction: &str) -> Result<Vec<Activity>, Error> {
        self.reaction(reaction, Toggle::Add).await
    }

    /// They take such a reaction back.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if the bot has said nothing there.
    pub async fn unreacts(&self, reaction: &str) -> Result<Vec<Activity>, Error> {
        self.reaction(reaction, Toggle::Remove).await
    }

    async fn reaction(&self, reaction: &str, how: Toggle) -> Result<Vec<Activity>, Error> {
        let last = self.stage.said_in(&self.place).into_keys().next_back();
        let last = last.ok_or_else(|| invalid("the bot has said nothing here"))?;
        let activity = self.stage.teams().react(&self.place, &self.person, &last, reaction, how);
        Ok(self.tell_if(activity).await.replies)
    }

    /// They change the last thing that they said there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if they have said nothing there.
    pub async fn edits(&self, text: &str) -> Result<Vec<Activity>, Error> {
        self.amend(Amend::Edit(text)).await
    }

    /// They delete the last thing that they said there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if they have said nothing there.
    pub async fn deletes(&self) -> Result<Vec<Activity>, Error> {
        self.amend(Amend::Delete).await
    }

    async fn amend(&self, how: Amend<'_>) -> Result<Vec<Activity>, Error> {
        let all = self.stage.teams().snapshot(&self.place).map(|it| it.activities);
        let own = all.into_iter().flatten().rev().find(|shown| {
            !shown.from_bot && shown.activity.pointer("/from/id") == Some(&json!(self.person.id))
        });
        let own = own.ok_or_else(|| invalid("they have said nothing here"))?;
        let activity = self.stage.teams().amend(&self.place, &self.person, &own.id, how);
        Ok(self.tell_if(activity).await.replies)
    }

    /// They join the channel or group chat.
    pub async fn joins(&self) -> Vec<Activity> {
        let joined = self.stage.teams().membership(&self.place, &self.person, Toggle::Add);
        self.tell_if(joined).await.replies
    }

    /// They leave it.
    pub async fn leaves(&self) -> Vec<Activity> {
        let left = self.stage.teams().membership(&self.place, &self.person, Toggle::Remove);
        self.tell_if(left).await.replies
    }

    /// They add the bot: both activities that Teams sends then.
    pub async fn installs(&self) -> Vec<Activity> {
        let mut replies = Vec::new();
        for activity in self.stage.teams().install(&self.place, &self.person).into_iter().flatten()
        {
            replies.extend(self.tell(&activity).await.replies);
        }
        replies
    }

    /// They remove the bot, which may do nothing there any more.
    pub async fn uninstalls(&self) {
        self.tell_if(self.stage.teams().uninstall(&self.place, &self.person)).await;
    }

    /// What they see of the bot there, oldest first, with the cards that buttons gave to them.
    pub fn sees(&self) -> Vec<Activity> {
        let seen = self.stage.said_in(&self.place).into_iter();
        let seen = seen.map(|(id, activity)| self.stage.seen_by(&self.person.id, &id, activity));
        seen.filter_map(|activity| serde_json::from_value(activity).ok()).collect()
    }

    /// Tells the bot, waits for its handlers, and gives its answer and what it posted or changed.
    async fn tell(&self, activity: &Value) -> Answer {
        let before = self.stage.said_in(&self.place);
        let mut answer = self.stage.deliver(activity).await;
        self.stage.settle().await;
        let fresh = self.stage.said_in(&self.place).into_iter();
        let fresh = fresh.filter(|(id, activity)| before.get(id) != Some(activity));
        let fresh = fresh.filter_map(|(_, activity)| serde_json::from_value(activity).ok());
        answer.replies = fresh.collect();
        answer
    }

    /// Nothing comes of what happens in a conversation that does not exist.
    async fn tell_if(&self, activity: Option<Value>) -> Answer {
        match activity {
            Some(activity) => self.tell(&activity).await,
            None => Answer { status: 0, body: Value::Null, replies: Vec::new() },
        }
    }
}

impl fmt::Debug for User<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("person", &self.person).finish_non_exhaustive()
    }
}

/// A button about to be pressed: await it.
#[derive(Clone, Debug)]
#[must_use = "a button is pressed when this is awaited"]
pub struct Press<'a> {
    user: User<'a>,
    button: String,
    inputs: Map<String, Value>,
}

impl Press<'_> {
    /// Fills inputs, by their ids. What is no object fills none; a client may send anything, so
    /// ids that the card does not have are sent too.
    pub fn with(mut self, inputs: Value) -> Self {
        if let Value::Object(inputs) = inputs {
            self.inputs.extend(inputs);
        }
        self
    }

    /// The activity that the press makes, for tests that deliver it twice, late or changed by
    /// [`TestTeams::deliver`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if they see no such button; it says which ones they see.
    pub fn activity(&self) -> Result<Value, Error> {
        let (_, button) = self.found()?;
        let teams = self.user.stage.teams();
        let activity = button.press(teams, &self.user.place, &self.user.person, &self.inputs);
        activity.ok_or_else(|| invalid("this button sends nothing to the bot"))
    }

    fn found(&self) -> Result<(String, Button), Error> {
        let mut titles = Vec::new();
        let said = self.user.stage.said_in(&self.user.place);
        for (id, activity) in said.into_iter().rev() {
            let activity = self.user.stage.seen_by(&self.user.person.id, &id, activity);
            let buttons = Button::all(&id, &activity);
            let mut named = buttons.iter().filter(|button| button.title() == Some(&self.button));
            let mut known = buttons.iter().filter(|button| button.verb() == Some(&self.button));
            if let Some(button) = named.next().or_else(|| known.next()) {
                return Ok((id, button.clone()));
            }
            titles.extend(buttons.iter().map(Button::name));
        }
        Err(invalid(format!("there is no button {:?}; there are {titles:?}", self.button)))
    }

    async fn now(self) -> Result<Answer, Error> {
        let (id, _) = self.found()?;
        let answer = self.user.tell(&self.activity()?).await;
        if let Some(card) = answer.card() {
            self.user.stage.show(&self.user.person.id, &id, card);
        }
        Ok(answer)
    }
}

impl<'a> IntoFuture for Press<'a> {
    type Output = Result<Answer, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.now())
    }
}

fn invalid(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, why.into())
}
