//! Faults of Argus' own that are put in on purpose, to see that the simulator finds them. Each one is
//! a port that does not do what it owes, so nothing of Argus is changed for it.

/// A fault that is put in on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// The store answers before the disk has synced.
    AckBeforeSync,
    /// The store says that an intent is written, and writes it a moment later.
    IntentAfterSend,
    /// The far sides say that an effect is not there, without having looked.
    BlindResend,
    /// The connector repeats a create whose answer was lost.
    CardTwice,
    /// The far sides' connectors repeat an order whose answer was lost.
    OrderTwice,
    /// An older state of a card is delivered after a newer one.
    StaleCard,
    /// A start takes what it finds on the disk without looking at the chain.
    UncheckedChain,
    /// The connector says that a card was created, and it was not.
    CardNowhere,
}

impl Plant {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 8] = [
        ("ack-before-sync", Self::AckBeforeSync),
        ("intent-after-send", Self::IntentAfterSend),
        ("blind-resend", Self::BlindResend),
        ("card-twice", Self::CardTwice),
        ("order-twice", Self::OrderTwice),
        ("stale-card", Self::StaleCard),
        ("unchecked-chain", Self::UncheckedChain),
        ("card-nowhere", Self::CardNowhere),
    ];
}
