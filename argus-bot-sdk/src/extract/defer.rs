//! Work that goes on after the answer.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;

use crate::Activity;
use crate::extract::Turn;
use crate::handler::BoxFuture;
use crate::reply::Ending;

type Said = Result<Vec<Activity>, Box<dyn StdError + Send + Sync>>;

/// One piece of deferred work.
pub(crate) type Work = Box<dyn FnOnce(Turn) -> BoxFuture<Said> + Send>;

/// What a turn still has to do.
#[derive(Default)]
pub(crate) struct Later {
    work: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Work>,
    is_over: bool,
}

impl Later {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was deferred since this was asked last. If that is nothing, the turn is over.
    pub(crate) fn take(&self) -> Option<Vec<Work>> {
        let mut state = self.lock();
        state.is_over = state.waiting.is_empty();
        (!state.is_over).then(|| mem::take(&mut state.waiting))
    }
}

impl Turn {
    /// Answers now and goes on later: `work` begins when the handler's answer is on its way.
    ///
    /// It runs in the conversation's order, before what was said in it next, under the bot's turn
    /// limit; [`Bot::idle`](crate::Bot::idle) and [`Bot::drain`](crate::Bot::drain) wait for it.
    /// What it returns is said in the conversation; an error is logged with the turn's
    /// correlation. More than one piece of work is done one after another.
    ///
    /// A handler that panics or is given up does not get to its deferred work.
    ///
    /// ```
    /// use argus_bot_sdk::Router;
    /// use argus_bot_sdk::extract::Turn;
    /// use argus_bot_sdk::reply::CardReply;
    /// # async fn contain() -> Result<u32, std::io::Error> { Ok(3) }
    ///
    /// async fn isolate(turn: Turn) -> CardReply {
    ///     turn.defer(async move |later| {
    ///         let hosts = contain().await?;
    ///         Ok::<_, std::io::Error>(format!("{hosts} hosts are isolated."))
    ///     });
    ///     CardReply::message("They are being isolated.")
    /// }
    ///
    /// let router: Router = Router::new().action("isolate", isolate);
    /// # drop(router);
    /// ```
    pub fn defer<F, Fut>(&self, work: F)
    where
        F: FnOnce(Self) -> Fut + Send + 'static,
        Fut: Future<Output: Ending> + Send + 'static,
    {
        let mut state = self.later().lock();
        if state.is_over {
            drop(state);
            tracing::error!(
                correlation = self.correlation(),
                "the turn was over before something was deferred; it is not done"
            );
            return;
        }
        state.waiting.push(Box::new(|turn| Box::pin(async { work(turn).await.ending() })));
    }

    /// Does what was deferred, and what that defers, each within `limit`.
    pub(crate) async fn do_deferred(&self, mut work: Vec<Work>, limit: Duration) {
        loop {
            for work in work {
                self.do_one(work, limit).await;
            }
            match self.later().take() {
                Some(more) => work = more,
                None => return,
            }
        }
    }

    async fn do_one(&self, work: Work, limit: Duration) {
        let turn = self.clone();
        let limited = tokio::time::timeout(limit, async { work(turn).await });
        let correlation = || self.correlation();
        match AssertUnwindSafe(limited).catch_unwind().await {
            Ok(Ok(Ok(replies))) => self.answer(replies).await,
            Ok(Ok(Err(error))) => {
                let error = chain(error.as_ref());
                tracing::error!(correlation = correlation(), error, "deferred work failed");
            }
            Ok(Err(_)) => {
                tracing::error!(correlation = correlation(), "gave up on deferred work");
            }
            Err(_) => {
                tracing::error!(correlation = correlation(), "deferred work panicked");
            }
        }
    }

    /// Does what a handler deferred that a test has called itself.
    ///
    /// ```
    /// # use argus_bot_sdk::{Activity, extract::Turn};
    /// # async fn check(turn: Turn) {
    /// turn.defer(async move |later| drop(later.send(Activity::message("done")).await));
    /// turn.run_deferred().await;
    /// # }
    /// ```
    #[cfg(any(test, feature = "testing"))]
    pub async fn run_deferred(&self) {
        if let Some(work) = self.later().take() {
            self.do_deferred(work, Duration::from_mins(10)).await;
        }
    }
}

/// An error and all that caused it.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a `String` does not fail.
        write!(text, ": {error}").unwrap_or_default();
        cause = error.source();
    }
    text
}
