//! What a template is compiled to: bytes that never change, and the few places that do.

use serde_json::Value;

use super::files::Site;
use super::role::Role;
use crate::ael::text::Text;

/// A step of the program. Every finished value of a container is followed by a comma, which the
/// end of the container takes back.
#[derive(Debug)]
pub(super) enum Op {
    /// Bytes as they are.
    Raw(Vec<u8>),
    /// A property whose value is computed; its key of so many bytes is written already.
    Member { key: usize, leaf: Leaf },
    /// An array item that is computed.
    Item(Leaf),
    /// An object that is repeated, moved to other data, or conditional.
    Scope(Box<ScopeOp>),
    /// The end of a container whose last value may have disappeared.
    Close(u8),
}

/// A string with expressions in it.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) text: Text,
    pub(super) role: Role,
    /// Where the string starts.
    pub(super) at: Site,
}

/// An object with `$data` or `$when`, or one that is nothing without its address.
#[derive(Debug)]
pub(super) struct ScopeOp {
    pub(super) place: Place,
    pub(super) data: Option<Source>,
    /// What has to hold; an object that includes a file may add to what the file asks for.
    pub(super) when: Vec<When>,
    pub(super) body: Vec<Op>,
    /// Whether the object disappears with its `url`: a link or picture that leads nowhere is not
    /// valid, and Teams refuses the whole card.
    pub(super) needs_url: bool,
    pub(super) at: Site,
}

/// Where a [`ScopeOp`] stands.
#[derive(Debug)]
pub(super) enum Place {
    Root,
    Item,
    /// The key, quoted and with its colon.
    Member(Vec<u8>),
}

/// Where the data of an object comes from.
#[derive(Debug)]
pub(super) enum Source {
    Computed(Leaf),
    Literal(Value),
}

/// On what an object depends.
#[derive(Debug)]
pub(super) enum When {
    Computed(Leaf),
    Never,
}
