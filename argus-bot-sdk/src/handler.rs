//! Plain async functions as handlers.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use crate::extract::{Argument, Rejected, Turn};
use crate::invoke::{Invoke, On};
use crate::reply::{IntoReply, InvokeKind, InvokeReply, ReplyKind};

/// An async function that answers activities: up to six arguments that implement
/// [`FromTurn`](crate::extract::FromTurn), and a result that implements [`IntoReply`].
///
/// A handler of an invoke may also ask for what it carries, [`Invoked`](crate::invoke::Invoked).
///
/// ```
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::extract::{Input, Sender, Text};
/// use argus_bot_sdk::reply::CardReply;
///
/// #[derive(serde::Deserialize)]
/// struct Host {
///     name: String,
/// }
///
/// async fn echo(Text(text): Text) -> String {
///     text
/// }
/// async fn isolate(who: Sender, Input(host): Input<Host>) -> CardReply {
///     CardReply::message(format!("{} is isolated.", host.name))
/// }
///
/// let router: Router = Router::new().message(echo).action("isolate", isolate);
/// # assert_eq!(router.actions().collect::<Vec<_>>(), ["isolate"]);
/// ```
///
/// A button is not answered with a message:
///
/// ```compile_fail,E0277
/// # use argus_bot_sdk::Router;
/// async fn isolate() -> String {
///     "done".into()
/// }
/// let router: Router = Router::new().action("isolate", isolate);
/// ```
///
/// nor a message with a button's reply:
///
/// ```compile_fail,E0277
/// # use argus_bot_sdk::{Router, reply::CardReply};
/// async fn echo() -> CardReply {
///     CardReply::message("hello")
/// }
/// let router: Router = Router::new().message(echo);
/// ```
///
/// An argument has to come from somewhere:
///
/// ```compile_fail,E0277
/// # use argus_bot_sdk::Router;
/// async fn echo(times: u32) -> String {
///     "hello".repeat(times as usize)
/// }
/// let router: Router = Router::new().message(echo);
/// ```
///
/// and a function that is not async is not a handler:
///
/// ```compile_fail,E0277
/// # use argus_bot_sdk::{Router, extract::Text};
/// fn echo(Text(text): Text) -> String {
///     text
/// }
/// let router: Router = Router::new().message(echo);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler of this route",
    label = "not a handler of `{K}`",
    note = "a handler is an `async fn` of at most six arguments that implement `FromTurn`"
)]
pub trait Handler<K: ReplyKind, T, S>: Clone + Send + Sync + 'static {
    /// Runs it.
    fn call(self, turn: Turn, state: S) -> impl Future<Output = K::Reply> + Send;
}

// One implementation for all, so that the compiler names the argument or the answer that does not
// fit instead of the function that has it.
impl<F, K, S, A, Via> Handler<K, (A, Via), S> for F
where
    F: Function<A>,
    F::Output: IntoReply<K>,
    A: Arguments<K, S, Via> + Send,
    K: ReplyKind,
    S: Send + Sync + 'static,
{
    async fn call(self, turn: Turn, state: S) -> K::Reply {
        // In two steps: arguments that live where the answer is waited for would make each future
        // larger by their size.
        let running = match A::take(&turn, &state).await {
            Ok(arguments) => self.run(arguments),
            Err(rejected) => return K::rejected(rejected),
        };
        running.await.into_reply()
    }
}

/// An async function of at most six arguments, `A`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `async fn` of at most six arguments",
    label = "not an `async fn`",
    note = "write `async fn`, and only arguments and captures that are `Send`"
)]
pub trait Function<A>: Clone + Send + Sync + 'static {
    /// What it gives.
    type Output;

    /// Runs it.
    fn run(&self, arguments: A) -> impl Future<Output = Self::Output> + Send;
}

/// The arguments of a handler, each of which is an [`Argument`].
#[diagnostic::on_unimplemented(
    message = "a handler of `{K}` cannot ask for `{Self}`",
    label = "one of these is not an argument of this handler"
)]
pub trait Arguments<K, S, Via>: Sized {
    /// Takes all of them, in their order, or says why one cannot be had.
    fn take(turn: &Turn, state: &S) -> impl Future<Output = Result<Self, Rejected>> + Send;
}

macro_rules! function {
    ($($A:ident $Via:ident)*) => {
        impl<F, Fut, $($A,)*> Function<($($A,)*)> for F
        where
            F: Fn($($A,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future + Send,
        {
            type Output = Fut::Output;

            #[allow(non_snake_case, reason = "the type's name is the argument's name")]
            fn run(&self, ($($A,)*): ($($A,)*)) -> impl Future<Output = Fut::Output> + Send {
                self($($A,)*)
            }
        }

        impl<K, S: Sync, $($A: Argument<K, S, $Via> + Send, $Via,)*>
            Arguments<K, S, ($($Via,)*)> for ($($A,)*)
        {
            #[allow(unused_variables, reason = "a handler without arguments needs no turn")]
            async fn take(turn: &Turn, state: &S) -> Result<Self, Rejected> {
                Ok(($($A::take(turn, state).await?,)*))
            }
        }
    };
}

function! {}
function! { A1 V1 }
function! { A1 V1 A2 V2 }
function! { A1 V1 A2 V2 A3 V3 }
function! { A1 V1 A2 V2 A3 V3 A4 V4 }
function! { A1 V1 A2 V2 A3 V3 A4 V4 A5 V5 }
function! { A1 V1 A2 V2 A3 V3 A4 V4 A5 V5 A6 V6 }

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A handler whose arguments are forgotten, so that handlers fit into one table.
pub(crate) trait Erased<K: ReplyKind, S>: Send + Sync {
    fn call(&self, turn: Turn, state: S) -> BoxFuture<K::Reply>;
}

pub(crate) struct BoxHandler<K, S>(Arc<dyn Erased<K, S>>);

impl<K: ReplyKind, S: Send + Sync + 'static> BoxHandler<K, S> {
    pub(crate) fn new<T: 'static>(handler: impl Handler<K, T, S>) -> Self {
        Self(Arc::new(Made(handler, PhantomData::<fn() -> T>)))
    }

    pub(crate) fn bind(self, state: S) -> BoxHandler<K, ()>
    where
        S: Clone,
    {
        BoxHandler(Arc::new(Bound { handler: self, state }))
    }
}

impl<K: ReplyKind> BoxHandler<K, ()> {
    pub(crate) fn call(&self, turn: Turn) -> BoxFuture<K::Reply> {
        self.0.call(turn, ())
    }
}

impl<K, S> Clone for BoxHandler<K, S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, S> fmt::Debug for BoxHandler<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("handler")
    }
}

impl<S: Send + Sync + 'static> BoxHandler<InvokeKind, S> {
    /// Forgets which invoke it answers as well, so that all invokes fit into one table.
    pub(crate) fn of_invoke<I: Invoke, T: 'static>(handler: impl Handler<On<I>, T, S>) -> Self {
        Self(Arc::new(MadeOf(handler, PhantomData::<fn() -> (I, T)>)))
    }
}

struct MadeOf<H, T>(H, PhantomData<fn() -> T>);

impl<I, T, S, H> Erased<InvokeKind, S> for MadeOf<H, (I, T)>
where
    I: Invoke,
    T: 'static,
    S: Send + 'static,
    H: Handler<On<I>, T, S>,
{
    fn call(&self, turn: Turn, state: S) -> BoxFuture<InvokeReply> {
        Box::pin(self.0.clone().call(turn, state))
    }
}

struct Made<H, T>(H, PhantomData<fn() -> T>);

impl<K, T, S, H> Erased<K, S> for Made<H, T>
where
    K: ReplyKind,
    T: 'static,
    S: Send + 'static,
    H: Handler<K, T, S>,
{
    fn call(&self, turn: Turn, state: S) -> BoxFuture<K::Reply> {
        Box::pin(self.0.clone().call(turn, state))
    }
}

struct Bound<K, S> {
    handler: BoxHandler<K, S>,
    state: S,
}

impl<K: ReplyKind, S: Clone + Send + Sync + 'static> Erased<K, ()> for Bound<K, S> {
    fn call(&self, turn: Turn, (): ()) -> BoxFuture<K::Reply> {
        self.handler.0.call(turn, self.state.clone())
    }
}
