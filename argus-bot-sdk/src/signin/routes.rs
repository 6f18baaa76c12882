//! The invokes of a sign-in, answered by the flow.

use super::flow::{Exchanged, SignIn};
use crate::Router;
use crate::extract::{State, Turn};
use crate::handler::Handler;
use crate::invoke::{
    Invoked, SignInFailure, SignInTokenExchange, SignInVerifyState, TokenExchangeResponse,
    VerifyStateResponse,
};
use crate::reply::MessageKind;

/// What the client sends when the person closes the sign-in page.
const CANCELLED: &str = "CancelledByUser";

impl<S: Clone + Send + Sync + 'static> Router<S> {
    /// Answers the invokes of `signin`: `signin/tokenExchange`, `signin/verifyState` and
    /// `signin/failure`. `done` runs once when a person has signed in, and what it returns is said
    /// in the conversation; `async || ()` says nothing.
    ///
    /// The client is answered before `done` runs. A router signs in at one connection; a second flow
    /// takes the place of the first.
    pub fn sign_in<T: 'static>(
        self,
        signin: &SignIn,
        done: impl Handler<MessageKind, T, S>,
    ) -> Self {
        let (flow, after) = (signin.clone(), done.clone());
        let exchange = move |turn: Turn,
                             State(state): State<S>,
                             Invoked(offer): Invoked<SignInTokenExchange>| {
            let (flow, after) = (flow.clone(), after.clone());
            async move {
                match flow.exchange(&turn, &offer).await {
                    Exchanged::Now => {
                        go_on(&flow, after, turn, state);
                        TokenExchangeResponse::done()
                    }
                    Exchanged::Before => TokenExchangeResponse::done(),
                    Exchanged::Failed(why) => TokenExchangeResponse::failed(&offer, why),
                }
            }
        };
        let flow = signin.clone();
        let verify = move |turn: Turn,
                           State(state): State<S>,
                           Invoked(brought): Invoked<SignInVerifyState>| {
            let (flow, after) = (flow.clone(), done.clone());
            async move {
                if brought.state.as_deref() == Some(CANCELLED) {
                    return VerifyStateResponse::Done;
                }
                match flow.verify(&turn, &brought).await {
                    Ok(true) => {
                        go_on(&flow, after, turn, state);
                        VerifyStateResponse::Done
                    }
                    Ok(false) => VerifyStateResponse::Failed,
                    Err(error) => {
                        tracing::warn!(%error, "a code could not be checked");
                        VerifyStateResponse::Failed
                    }
                }
            }
        };
        self.on(SignInTokenExchange, exchange).on(SignInVerifyState, verify).on(
            SignInFailure,
            |Invoked(failed): Invoked<SignInFailure>| async move {
                tracing::warn!(
                    code = failed.code.as_deref().unwrap_or_default(),
                    "a client could not sign a person in by itself"
                );
            },
        )
    }
}

fn go_on<S: Send + Sync + 'static, T: 'static>(
    flow: &SignIn,
    done: impl Handler<MessageKind, T, S>,
    turn: Turn,
    state: S,
) {
    flow.go_on(async move {
        let replies = done.call(turn.clone(), state).await;
        turn.answer(replies).await;
    });
}
