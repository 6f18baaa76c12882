//! Routes of invokes: by name, and by the dialog or command that the value names.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::extract::Rejected;
use crate::handler::{BoxHandler, Handler};
use crate::invoke::{
    FetchTask, Invoke, LATE, On, Query, QueryLink, Response as _, SubmitAction, TaskFetch,
    TaskSubmit, dialog_of,
};
use crate::reply::{InvokeKind, InvokeReply};
use crate::{Activity, Router};

/// How an invoke's own answer says a status, a code and a text.
pub(crate) type Told = fn(u16, &str, &str) -> InvokeReply;

/// Who answers an invoke, and how its asker is told what went wrong.
pub(crate) struct InvokeRoute<S> {
    handler: BoxHandler<InvokeKind, S>,
    told: Told,
    late: fn() -> InvokeReply,
    budget: Duration,
}

impl<S: Send + Sync + 'static> InvokeRoute<S> {
    /// A route of a name of which nothing is known.
    pub(crate) fn raw(handler: BoxHandler<InvokeKind, S>) -> Self {
        let told: Told = |status, code, text| InvokeReply::error(code, text).with_status(status);
        let late = || InvokeReply::error("Timeout", LATE).with_status(200);
        Self { handler, told, late, budget: Duration::from_millis(4_500) }
    }

    fn of<I: Invoke, T: 'static>(handler: impl Handler<On<I>, T, S>) -> Self {
        let handler = BoxHandler::of_invoke::<I, T>(handler);
        Self { handler, told: I::Response::told, late: I::Response::late, budget: I::BUDGET }
    }
}

impl<S> InvokeRoute<S> {
    pub(crate) fn handler(&self) -> &BoxHandler<InvokeKind, S> {
        &self.handler
    }

    pub(crate) fn told(&self, status: u16, code: &str, text: &str) -> InvokeReply {
        (self.told)(status, code, text)
    }

    /// What the asker gets while the handler goes on.
    pub(crate) fn late(&self) -> InvokeReply {
        (self.late)()
    }

    /// How the asker hears that the invoke was turned down.
    pub(crate) fn rejected(&self, rejected: &Rejected) -> InvokeReply {
        self.told(rejected.status(), rejected.code(), rejected.text().unwrap_or_default())
    }

    pub(crate) fn how_to_tell(&self) -> Told {
        self.told
    }

    pub(crate) fn budget(&self) -> Duration {
        self.budget
    }
}

impl<S> Clone for InvokeRoute<S> {
    fn clone(&self) -> Self {
        let Self { told, late, budget, .. } = *self;
        Self { handler: self.handler.clone(), told, late, budget }
    }
}

impl<S> fmt::Debug for InvokeRoute<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("handler")
    }
}

/// The same routes for a router without state.
pub(super) fn bound<S: Clone + Send + Sync + 'static>(
    routes: BTreeMap<String, InvokeRoute<S>>,
    state: &S,
) -> BTreeMap<String, InvokeRoute<()>> {
    let bind = |route: InvokeRoute<S>| InvokeRoute {
        handler: route.handler.bind(state.clone()),
        told: route.told,
        late: route.late,
        budget: route.budget,
    };
    routes.into_iter().map(|(name, route)| (name, bind(route))).collect()
}

/// The dialog or command that the value of an invoke names.
pub(super) fn name_in(activity: &Activity) -> Option<&str> {
    let value = activity.value.as_ref()?;
    match value.get("commandId") {
        Some(command) => command.as_str(),
        None => dialog_of(value.get("data")?),
    }
}

impl<S: Clone + Send + Sync + 'static> Router<S> {
    /// Answers an invoke by its name: `TaskFetch`, `Query` and all others in
    /// [`invoke`](crate::invoke).
    ///
    /// What the invoke carries is [`Invoked`](crate::invoke::Invoked), and the handler returns what
    /// answers it; another answer does not compile:
    ///
    /// ```compile_fail,E0277
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::invoke::{SearchResponse, TaskFetch};
    ///
    /// async fn open() -> SearchResponse {
    ///     SearchResponse::default()
    /// }
    /// let router: Router = Router::new().on(TaskFetch, open);
    /// ```
    pub fn on<I: Invoke, T: 'static>(mut self, _: I, handler: impl Handler<On<I>, T, S>) -> Self {
        self.invokes.insert(I::NAME.to_owned(), InvokeRoute::of::<I, T>(handler));
        self
    }

    fn named<I: Invoke, T: 'static>(
        mut self,
        name: impl Into<String>,
        handler: impl Handler<On<I>, T, S>,
    ) -> Self {
        let route = InvokeRoute::of::<I, T>(handler);
        self.named.entry(I::NAME).or_default().insert(name.into(), route);
        self
    }

    /// Opens the dialog whose button carries `dialog: id`; see
    /// [`TaskInfo::button_data`](crate::invoke::TaskInfo::button_data).
    ///
    /// ```
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::invoke::{Invoked, TaskFetch, TaskInfo, TaskResponse, TaskSubmit};
    ///
    /// async fn ask() -> TaskResponse {
    ///     let card = serde_json::json!({ "type": "AdaptiveCard", "version": "1.5" });
    ///     TaskResponse::show(TaskInfo::card("Isolate", card))
    /// }
    /// async fn isolate(Invoked(form): Invoked<TaskSubmit>) -> TaskResponse {
    ///     TaskResponse::message("It is isolated.")
    /// }
    /// let router: Router = Router::new().dialog("isolate", ask).dialog_submit("isolate", isolate);
    /// assert_eq!(router.invokes().collect::<Vec<_>>(), ["task/fetch", "task/submit"]);
    /// ```
    pub fn dialog<T: 'static>(
        self,
        id: impl Into<String>,
        handler: impl Handler<On<TaskFetch>, T, S>,
    ) -> Self {
        self.named(id, handler)
    }

    /// Takes what a dialog was filled with, if its data has `dialog: id`.
    pub fn dialog_submit<T: 'static>(
        self,
        id: impl Into<String>,
        handler: impl Handler<On<TaskSubmit>, T, S>,
    ) -> Self {
        self.named(id, handler)
    }

    /// Answers searches by this command of the app's manifest.
    ///
    /// ```
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::invoke::{ExtensionResponse, Invoked, Query};
    ///
    /// async fn hosts(Invoked(query): Invoked<Query>) -> ExtensionResponse {
    ///     ExtensionResponse::message(format!("No {:?}.", query.parameter("name")))
    /// }
    /// let router: Router = Router::new().search("hosts", hosts);
    /// # assert_eq!(router.invokes().collect::<Vec<_>>(), ["composeExtension/query"]);
    /// ```
    pub fn search<T: 'static>(
        self,
        command_id: impl Into<String>,
        handler: impl Handler<On<Query>, T, S>,
    ) -> Self {
        self.named(command_id, handler)
    }

    /// Shows a card for a link that somebody pastes into a message.
    pub fn link_unfurl<T: 'static>(self, handler: impl Handler<On<QueryLink>, T, S>) -> Self {
        self.on(QueryLink, handler)
    }

    /// Opens the dialog of this command of the app's manifest, and takes what it was filled with.
    ///
    /// ```
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::invoke::{ExtensionActionResponse, ExtensionResponse, TaskResponse};
    ///
    /// async fn ask() -> TaskResponse {
    ///     TaskResponse::message("Nothing to fill in.")
    /// }
    /// async fn report() -> ExtensionActionResponse {
    ///     ExtensionActionResponse::extension(ExtensionResponse::message("Reported."))
    /// }
    /// let router: Router = Router::new().extension_action("report", ask, report);
    /// assert_eq!(router.invokes().count(), 2);
    /// ```
    pub fn extension_action<F: 'static, T: 'static>(
        self,
        command_id: impl Into<String>,
        fetch: impl Handler<On<FetchTask>, F, S>,
        submit: impl Handler<On<SubmitAction>, T, S>,
    ) -> Self {
        let command_id = command_id.into();
        self.named(command_id.clone(), fetch).named(command_id, submit)
    }
}
