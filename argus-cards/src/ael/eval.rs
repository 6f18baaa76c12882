//! Evaluates an expression over borrowed data, within limits.

mod path;

use std::borrow::Cow;
use std::cell::OnceCell;

use regex::Regex;

use super::expr::Expr;
use super::number::is_integer;
use super::scope::Scope;
use super::table::{Function, Run};
use super::value::Val;
use crate::options::{Options, Profile};

pub(crate) type Outcome<T> = Result<T, Fault>;

/// Why an expression has no value.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) message: String,
    /// The byte of the expression's source.
    pub(crate) at: Option<usize>,
    pub(crate) severity: Severity,
}

/// How far a [`Fault`] reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// A condition around it takes it for "no".
    Plain,
    /// Goes through conditions too, as a JavaScript exception does in npm's engine.
    Thrown,
    /// What npm's engine makes of a failure inside of `a[b]`: nothing at all, on which whoever
    /// looks at it throws, and if that is the template itself, it is lost.
    Lost,
    /// The rendering has to stop.
    Limit,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None, severity: Severity::Plain }
    }

    pub(crate) fn thrown(message: impl Into<String>) -> Self {
        Self { severity: Severity::Thrown, ..Self::new(message) }
    }

    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self { severity: Severity::Limit, ..Self::new(message) }
    }

    fn located(mut self, at: usize) -> Self {
        self.at.get_or_insert(at);
        self
    }

    /// As whatever evaluates the expression that failed sees it.
    fn seen(self) -> Self {
        if self.severity == Severity::Lost {
            return Self { severity: Severity::Thrown, ..self };
        }
        self
    }

    fn lost(self) -> Self {
        if self.severity == Severity::Plain {
            return Self { severity: Severity::Lost, ..self };
        }
        self.seen()
    }
}

/// What to do about a path that leads nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is a question whether it exists: nothing.
    Quiet,
    /// `compat` puts `${path}` in its place, `argus` nothing and a report.
    Report,
}

/// Everything an evaluation needs to know and may spend.
pub(crate) struct Cx<'a, 'o> {
    pub(crate) scope: Scope<'a>,
    locals: Vec<(&'a str, Val<'a>)>,
    pub(crate) options: &'o Options,
    pub(crate) missing: Missing,
    /// Paths that led nowhere, and where they are in the source.
    pub(crate) reports: Vec<(String, usize)>,
    steps: u64,
    bytes: usize,
    draws: u64,
    /// Patterns that were compiled already.
    patterns: Vec<(String, Regex)>,
    /// The version of the language, once somebody asks; it is one object.
    version: OnceCell<Val<'static>>,
}

/// Up to so many arguments need no memory of their own; no question has more.
const FEW: usize = 4;

/// More patterns than this are compiled again.
const MAX_PATTERNS: usize = 16;

impl<'a, 'o> Cx<'a, 'o> {
    pub(crate) fn new(scope: Scope<'a>, options: &'o Options) -> Self {
        Self {
            scope,
            locals: Vec::new(),
            options,
            missing: Missing::Report,
            reports: Vec::new(),
            steps: options.limits.steps,
            bytes: options.limits.value_bytes,
            draws: 0,
            patterns: Vec::new(),
            version: OnceCell::new(),
        }
    }

    pub(crate) fn is_compat(&self) -> bool {
        self.options.profile == Profile::Compat
    }

    /// Spends steps.
    pub(crate) fn step(&mut self, steps: u64) -> Outcome<()> {
        self.steps = self.steps.checked_sub(steps).ok_or_else(|| {
            Fault::limit(format!("more than {} steps", self.options.limits.steps))
        })?;
        Ok(())
    }

    /// Spends memory, before it is taken.
    pub(crate) fn spend(&mut self, bytes: usize) -> Outcome<()> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(|| {
            Fault::limit(format!("values of more than {} bytes", self.options.limits.value_bytes))
        })?;
        Ok(())
    }

    /// A compiled pattern, which the rows of a card share.
    pub(crate) fn pattern(
        &mut self,
        pattern: &str,
        compile: impl FnOnce(&str) -> Option<Regex>,
    ) -> Outcome<Regex> {
        if let Some((_, regex)) = self.patterns.iter().find(|(known, _)| known == pattern) {
            return Ok(regex.clone());
        }
        // Compiling takes as long as some hundred steps.
        self.step(100)?;
        let regex =
            compile(pattern).ok_or_else(|| Fault::new(format!("`{pattern}` is not a pattern")))?;
        if self.patterns.len() < MAX_PATTERNS {
            self.patterns.push((pattern.to_owned(), regex.clone()));
        }
        Ok(regex)
    }

    /// The next number of the injected sequence (splitmix64).
    pub(crate) fn draw(&mut self) -> Outcome<u64> {
        let seed = self.options.random_seed.ok_or_else(|| Fault::new("no random source given"))?;
        self.draws += 1;
        let mut z = seed.wrapping_add(self.draws.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ (z >> 31))
    }

    /// Evaluates an expression.
    pub(crate) fn eval(&mut self, expr: &'a Expr) -> Outcome<Val<'a>> {
        match expr {
            Expr::Const(value) => Ok(Val::constant(value)),
            Expr::Path(path) => self.path(path).map_err(|fault| fault.seen().located(path.at)),
            Expr::Element { of, index } => {
                self.element(of, index).map_err(|fault| fault.located(expr.at()))
            }
            Expr::Call { function, args, at } => {
                self.call(function, args).map_err(|fault| fault.seen().located(*at))
            }
            #[cfg(feature = "minijinja")]
            Expr::Jinja(jinja) => jinja.eval(self),
            Expr::Unknown { name, at, .. } => {
                Err(Fault::thrown(format!("there is no function `{name}`")).located(*at))
            }
        }
    }

    /// Evaluates an expression that asks whether something exists.
    pub(crate) fn eval_quietly(&mut self, expr: &'a Expr) -> Outcome<Val<'a>> {
        let before = std::mem::replace(&mut self.missing, Missing::Quiet);
        let value = self.eval(expr);
        self.missing = before;
        value
    }

    fn call(&mut self, function: &'static Function, args: &'a [Expr]) -> Outcome<Val<'a>> {
        self.step(1)?;
        match function.run {
            Run::Lazy(run) => run(self, args),
            Run::Plain(run) if args.len() <= FEW => {
                let mut few = [const { Val::Undefined }; FEW];
                for (index, arg) in args.iter().enumerate() {
                    let value = self.eval(arg).map_err(|fault| {
                        function.first(few.get(..index).unwrap_or_default(), fault)
                    })?;
                    if let Some(slot) = few.get_mut(index) {
                        *slot = value;
                    }
                }
                run(self, few.get(..args.len()).unwrap_or_default())
            }
            Run::Plain(run) => {
                let mut values = Vec::with_capacity(args.len());
                for arg in args {
                    values.push(self.eval(arg).map_err(|fault| function.first(&values, fault))?);
                }
                run(self, &values)
            }
            Run::Test(run) => {
                let mut few = [const { Val::Undefined }; FEW];
                for (slot, arg) in few.iter_mut().zip(args) {
                    match self.eval_quietly(arg) {
                        // What comes after it is not looked at any more.
                        Ok(value) if function.needs_values && value.is_nothing() => {
                            return Ok(Val::Bool(false));
                        }
                        Ok(value) => *slot = value,
                        Err(fault) if fault.severity == Severity::Plain => {
                            return Ok(Val::Bool(false));
                        }
                        Err(fault) => return Err(fault),
                    }
                }
                run(self, few.get(..args.len()).unwrap_or_default()).map(Val::Bool)
            }
        }
    }

    /// Evaluates `body` with a variable.
    pub(crate) fn with_local(
        &mut self,
        name: &'a str,
        value: Val<'a>,
        body: &'a Expr,
    ) -> Outcome<Val<'a>> {
        self.step(1)?;
        self.locals.push((name, value));
        let outcome = self.eval(body);
        self.locals.pop();
        outcome
    }

    /// Evaluates an expression that came out of the data, and lets nothing of it escape.
    pub(crate) fn eval_apart(&mut self, expr: &Expr) -> Outcome<Val<'static>> {
        let mut apart = Cx {
            scope: self.scope.clone(),
            locals: self.locals.clone(),
            options: self.options,
            missing: self.missing,
            reports: Vec::new(),
            steps: self.steps,
            bytes: self.bytes,
            draws: self.draws,
            patterns: Vec::new(),
            version: OnceCell::new(),
        };
        let value = apart.eval(expr).map(Val::into_owned);
        let (steps, bytes, draws) = (apart.steps, apart.bytes, apart.draws);
        let reports = std::mem::take(&mut apart.reports);
        (self.steps, self.bytes, self.draws) = (steps, bytes, draws);
        self.reports.extend(reports.into_iter().map(|(path, _)| (path, 0)));
        value
    }

    /// A text argument; nothing counts as the empty text.
    pub(crate) fn text_or_empty<'v>(&self, args: &'v [Val<'a>], index: usize) -> Outcome<&'v str> {
        match args.get(index) {
            Some(Val::Text(text)) => Ok(text),
            None | Some(Val::Undefined) => Ok(""),
            Some(Val::Null) if !self.is_compat() => Ok(""),
            Some(_) => Err(Fault::new(format!("argument {} is not a text", index + 1))),
        }
    }
}

/// A number argument.
pub(crate) fn number(args: &[Val<'_>], index: usize) -> Outcome<f64> {
    args.get(index)
        .and_then(Val::as_number)
        .ok_or_else(|| Fault::new(format!("argument {} is not a number", index + 1)))
}

/// An integer argument.
pub(crate) fn integer(args: &[Val<'_>], index: usize) -> Outcome<f64> {
    number(args, index)
        .ok()
        .filter(|n| is_integer(*n))
        .ok_or_else(|| Fault::new(format!("argument {} is not a whole number", index + 1)))
}

/// A text argument.
pub(crate) fn text<'v>(args: &'v [Val<'_>], index: usize) -> Outcome<&'v str> {
    args.get(index)
        .and_then(Val::as_text)
        .ok_or_else(|| Fault::new(format!("argument {} is not a text", index + 1)))
}

/// An argument of any kind.
pub(crate) fn arg<'v, 'a>(args: &'v [Val<'a>], index: usize) -> &'v Val<'a> {
    args.get(index).unwrap_or(&Val::Undefined)
}

/// A text made by a function.
pub(crate) fn made<'a>(cx: &mut Cx<'a, '_>, text: impl Into<Cow<'a, str>>) -> Outcome<Val<'a>> {
    let text = text.into();
    cx.spend(text.len())?;
    Ok(Val::Text(text))
}
