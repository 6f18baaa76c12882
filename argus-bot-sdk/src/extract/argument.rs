//! Which arguments fit which handlers: whatever comes out of any turn, and the value of an invoke
//! where that invoke is answered.

use crate::extract::{FromTurn, Rejected, Turn};
use crate::invoke::{Carries, Invoke, Invoked};

/// The argument comes out of any turn.
#[derive(Debug)]
#[non_exhaustive]
pub struct ViaTurn;

/// The argument is what the invoke carries.
#[derive(Debug)]
#[non_exhaustive]
pub struct ViaInvoke;

/// What a handler of the sort `K` may ask for: all that implements [`FromTurn`], and
/// [`Invoked<I>`] where `I` is answered. `Via` says which of the two; the compiler finds it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an argument of this handler",
    label = "a handler of `{K}` cannot ask for this",
    note = "a handler asks for types that implement `FromTurn`, and one of `On<I>` for `Invoked<I>`"
)]
pub trait Argument<K, S, Via>: Sized {
    /// Takes it, or says why not.
    fn take(turn: &Turn, state: &S) -> impl Future<Output = Result<Self, Rejected>> + Send;
}

impl<K, S, A: FromTurn<S>> Argument<K, S, ViaTurn> for A {
    fn take(turn: &Turn, state: &S) -> impl Future<Output = Result<Self, Rejected>> + Send {
        A::from_turn(turn, state)
    }
}

impl<K: Carries<I>, S, I: Invoke> Argument<K, S, ViaInvoke> for Invoked<I> {
    fn take(turn: &Turn, _: &S) -> impl Future<Output = Result<Self, Rejected>> + Send {
        std::future::ready(Self::from_turn(turn))
    }
}
