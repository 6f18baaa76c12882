//! What a bot sends, as a Teams with its published limits and rules sees it.

mod calls;
mod checked;
mod first;
mod outbox;
mod paced;
mod streamed;
mod world;
