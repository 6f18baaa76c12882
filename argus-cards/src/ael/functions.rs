//! The functions of the language, one file per kind. A new one is one row and one `fn`.

mod collection;
mod convert;
mod date;
mod kind;
mod lambda;
mod logic;
mod math;
mod object;
mod string;
mod timex;
mod uri;

use super::table::Function;

pub(crate) use convert::percent_encode;

/// All rows.
pub(super) fn tables() -> &'static [&'static [Function]] {
    &[
        logic::TABLE,
        math::TABLE,
        string::TABLE,
        collection::TABLE,
        lambda::TABLE,
        object::TABLE,
        convert::TABLE,
        date::TABLE,
        timex::TABLE,
        kind::TABLE,
        uri::TABLE,
    ]
}
