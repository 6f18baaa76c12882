//! The table of functions: one row says everything about one of them.

use std::collections::HashMap;
use std::ops::BitOr;
use std::sync::LazyLock;

use super::eval::{Cx, Fault, Outcome, Severity};
use super::expr::Expr;
use super::functions;
use super::value::Val;
use crate::options::Profile;

/// A set of the kinds of value the language distinguishes before it has data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Types(u8);

impl Types {
    pub(crate) const BOOL: Self = Self(1);
    pub(crate) const NUMBER: Self = Self(2);
    /// May be anything; never contradicts.
    pub(crate) const ANY: Self = Self(4);
    pub(crate) const TEXT: Self = Self(8);
    pub(crate) const ARRAY: Self = Self(16);

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a value of type `given` may stand where this is wanted.
    pub(crate) fn accepts(self, given: Self) -> bool {
        self.0 & Self::ANY.0 != 0 || given.0 & Self::ANY.0 != 0 || self.0 & given.0 != 0
    }

    /// Whether a value is of one of these kinds; nothing counts as a text.
    fn has(self, value: &Val<'_>) -> bool {
        self.0 & Self::ANY.0 != 0
            || match value {
                Val::Bool(_) => self.0 & Self::BOOL.0 != 0,
                Val::Text(_) | Val::Undefined => self.0 & Self::TEXT.0 != 0,
                value if value.as_number().is_some() => self.0 & Self::NUMBER.0 != 0,
                value => value.list().is_some() && self.0 & Self::ARRAY.0 != 0,
            }
    }

    pub(crate) fn may_be_object(self) -> bool {
        self.0 & Self::ANY.0 != 0
    }

    fn words(self) -> String {
        let names = [(1, "true or false"), (2, "a number"), (8, "a text"), (16, "an array")];
        let found: Vec<&str> =
            names.into_iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, name)| name).collect();
        found.join(" or ")
    }
}

impl BitOr for Types {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

/// A function of the language.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// The name npm prints, which differs for aliases of operators.
    pub(crate) canonical: &'static str,
    pub(crate) takes: Takes,
    pub(crate) returns: Types,
    pub(crate) run: Run,
    /// What else must hold of the arguments before there is data.
    pub(crate) check: Option<Check>,
    /// Whether an argument that is nothing answers the question with no.
    pub(crate) needs_values: bool,
    /// What npm's function has said although it failed, which only `or` passes on.
    pub(crate) leaves: Leaves,
}

/// The functions of several arguments that look at each before the next is evaluated.
const LOOKING: [&str; 25] = [
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "min",
    "max",
    "range",
    "round",
    "startsWith",
    "endsWith",
    "replace",
    "replaceIgnoreCase",
    "split",
    "toLower",
    "toUpper",
    "titleCase",
    "sentenceCase",
    "isMatch",
    "union",
    "intersection",
    "take",
    "skip",
    "subArray",
];

/// Looks at the arguments of a call before there is data.
pub(crate) type Check = fn(&[Expr], Profile) -> Result<(), String>;

/// The value that stands when a function fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    Nothing,
    Bool(bool),
    Text(&'static str),
}

impl Function {
    pub(crate) const fn checked(self, check: Check) -> Self {
        Self { check: Some(check), ..self }
    }

    /// Which of two failures comes first: some functions of npm's engine look at each argument
    /// before they evaluate the next.
    pub(crate) fn first(&self, before: &[Val<'_>], fault: Fault) -> Fault {
        if !LOOKING.contains(&self.canonical) {
            return fault;
        }
        let wanted = self.takes.required.iter().chain(self.takes.optional);
        let fits = |(value, wanted): (&Val<'_>, &Types)| wanted.has(value);
        if fault.severity == Severity::Limit || before.iter().zip(wanted).all(fits) {
            return fault;
        }
        Fault::new("an argument is of the wrong kind")
    }

    pub(crate) const fn leaving(self, leaves: Leaves) -> Self {
        Self { leaves, ..self }
    }

    pub(crate) const fn of_values(self) -> Self {
        Self { needs_values: true, ..self }
    }
}

/// The arguments a function takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Takes {
    pub(crate) required: &'static [Types],
    pub(crate) optional: &'static [Types],
    /// What any number of further arguments must be.
    pub(crate) rest: Option<Types>,
    /// Whether the second argument names the variable of the third.
    pub(crate) lambda: bool,
}

/// How a function is evaluated.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// Gets the values of its arguments.
    Plain(for<'a> fn(&mut Cx<'a, '_>, &[Val<'a>]) -> Outcome<Val<'a>>),
    /// A question: an argument without a value makes the answer no, and is not reported.
    Test(for<'a> fn(&Cx<'a, '_>, &[Val<'a>]) -> Outcome<bool>),
    /// Evaluates what it needs.
    Lazy(for<'a> fn(&mut Cx<'a, '_>, &'a [Expr]) -> Outcome<Val<'a>>),
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Test(_) => "Test",
            Self::Lazy(_) => "Lazy",
        })
    }
}

/// Takes exactly these arguments.
pub(crate) const fn exactly(required: &'static [Types]) -> Takes {
    Takes { required, optional: &[], rest: None, lambda: false }
}

/// Takes these arguments, and these if given.
pub(crate) const fn optionally(required: &'static [Types], optional: &'static [Types]) -> Takes {
    Takes { required, optional, rest: None, lambda: false }
}

/// Takes at least these arguments, and any number more of one type.
pub(crate) const fn at_least(required: &'static [Types], rest: Types) -> Takes {
    Takes { required, optional: &[], rest: Some(rest), lambda: false }
}

/// Takes a collection, a variable and an expression.
pub(crate) const LAMBDA: Takes = Takes {
    required: &[Types::ANY, Types::ANY, Types::ANY],
    optional: &[],
    rest: None,
    lambda: true,
};

/// One row of a table.
pub(crate) const fn row(name: &'static str, takes: Takes, returns: Types, run: Run) -> Function {
    Function {
        name,
        canonical: name,
        takes,
        returns,
        run,
        check: None,
        needs_values: false,
        leaves: Leaves::Nothing,
    }
}

/// A second name for what `canonical` does.
pub(crate) const fn alias(
    name: &'static str,
    canonical: &'static str,
    takes: Takes,
    returns: Types,
    run: Run,
) -> Function {
    Function {
        name,
        canonical,
        takes,
        returns,
        run,
        check: None,
        needs_values: false,
        leaves: Leaves::Nothing,
    }
}

/// Finds a function by its name, which is case-sensitive.
pub(crate) fn lookup(name: &str) -> Option<&'static Function> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> = LazyLock::new(|| {
        let rows = functions::tables().iter().flat_map(|table| table.iter());
        rows.map(|row| (row.name, row)).collect()
    });
    BY_NAME.get(name).copied()
}

/// The names of all functions that are not operators.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    functions::tables()
        .iter()
        .flat_map(|table| table.iter().map(|row| row.name))
        .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
}

impl Takes {
    /// Checks a call before there is data.
    pub(crate) fn check(&self, name: &str, args: &[Expr]) -> Result<(), String> {
        let (least, most) = (self.required.len(), self.required.len() + self.optional.len());
        if args.len() < least || (self.rest.is_none() && args.len() > most) {
            let wanted = match (self.rest, least == most) {
                (Some(_), _) => format!("at least {least}"),
                (None, true) => least.to_string(),
                (None, false) => format!("{least} to {most}"),
            };
            return Err(format!("`{name}` takes {wanted} arguments, not {}", args.len()));
        }
        let fixed = self.required.iter().chain(self.optional);
        let wanted = fixed.copied().chain(std::iter::repeat(self.rest.unwrap_or(Types::ANY)));
        for (position, (arg, wanted)) in args.iter().zip(wanted).enumerate() {
            if !wanted.accepts(arg.returns()) {
                let number = position + 1;
                return Err(format!("argument {number} of `{name}` must be {}", wanted.words()));
            }
        }
        if self.lambda {
            let variable = args.get(1).and_then(Expr::variable);
            if variable.is_none() {
                return Err(format!("argument 2 of `{name}` must be the name of a variable"));
            }
        }
        Ok(())
    }
}

impl Expr {
    /// The name, if the expression is nothing but one.
    pub(crate) fn variable(&self) -> Option<&str> {
        match self {
            Self::Path(path) => match (path.base.as_ref(), path.segments.as_slice()) {
                (None, [super::expr::Segment::Name(name)]) => Some(name),
                _ => None,
            },
            _ => None,
        }
    }
}
