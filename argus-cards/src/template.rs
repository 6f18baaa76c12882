//! Templates in Microsoft's `${}` language, compiled once and rendered to bytes.

mod compile;
mod files;
mod flatten;
mod program;
mod reads;
mod render;
mod role;
mod safe;
mod write;

use std::sync::atomic::AtomicUsize;

use serde_json::Value;

use crate::error::{Diagnostic, Error};
use crate::options::{Options, Profile};

pub use reads::{Argument, Base, Read, Step, Usage};

/// A compiled template.
///
/// A template is valid JSON, so that Microsoft's designer opens it. Strings may hold expressions in
/// `${}`; `$data` repeats an object or moves it to other data, `$when` shows it or not, `$root`,
/// `$index` and `$host` reach outwards.
///
/// ```
/// use argus_cards::{Options, Template};
/// use serde_json::json;
///
/// let source = r#"{"type":"FactSet","facts":[
///     {"$data":"${hosts}","$when":"${risk > 50}","title":"${name}","value":"${risk}"}]}"#;
/// let template = Template::parse("hosts.card.json", source, &Options::default())?;
/// let data = json!({"hosts": [{"name": "web1", "risk": 90}, {"name": "web2", "risk": 10}]});
/// let card = template.render(&data, None, &Options::default())?;
/// assert_eq!(card, br#"{"type":"FactSet","facts":[{"title":"web1","value":"90"}]}"#);
/// # Ok::<(), argus_cards::Error>(())
/// ```
///
/// Values are data, whatever they contain:
///
/// ```
/// # use argus_cards::{Options, Template};
/// # use serde_json::json;
/// let source = r#"{"type":"TextBlock","text":"**Alert** ${title}"}"#;
/// let template = Template::parse("alert.card.json", source, &Options::default())?;
/// let hostile = json!({"title": "[reset](https://evil.example)"});
/// let card = template.render(&hostile, None, &Options::default())?;
/// assert_eq!(
///     card,
///     br#"{"type":"TextBlock","text":"**Alert** \\[reset\\](hxxps://evil\\[.\\]example)"}"#
/// );
/// # Ok::<(), argus_cards::Error>(())
/// ```
#[derive(Debug)]
pub struct Template {
    files: files::Files,
    profile: Profile,
    compiled: compile::Compiled,
    /// How much memory a rendering asks for at first.
    size: AtomicUsize,
}

/// A rendered card and what its author should hear about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expansion {
    /// The card.
    pub json: Vec<u8>,
    /// Paths that led nowhere, links that were dropped and the like. Empty in
    /// [`Profile::Compat`].
    pub diagnostics: Vec<Diagnostic>,
}

impl Template {
    /// Compiles a template; `file` is only used in messages.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TemplateInvalid`](crate::ErrorKind::TemplateInvalid) with file, line and column
    /// if the text is not JSON or an expression in it cannot be read.
    pub fn parse(file: &str, source: &str, options: &Options) -> Result<Self, Error> {
        Self::compiled(files::Files::one(file, source), options)
    }

    /// Compiles a template that may include others: an object that has `$ref` and nothing else but
    /// `$data` and `$when` is replaced by the file that it names. `partials` gives the text of a
    /// file. Its path starts from the folder of templates, or with `./` and `../` from the file that
    /// has the `$ref`. [`Profile::Compat`] knows no `$ref`, as npm's engine does not.
    ///
    /// ```
    /// use argus_cards::{Options, Template};
    /// use serde_json::json;
    ///
    /// let head = r#"{"type":"TextBlock","text":"${title}","weight":"bolder"}"#;
    /// let card = r#"{"body":[{"$ref":"partials/head.card.json","$data":"${incident}"}]}"#;
    /// let partials = |path: &str| (path == "partials/head.card.json").then(|| head.to_owned());
    /// let template = Template::parse_with("alert.card.json", card, &Options::default(), &partials)?;
    /// let out = template.render(&json!({"incident": {"title": "Malware"}}), None, &Options::default())?;
    /// assert_eq!(out, br#"{"body":[{"type":"TextBlock","text":"Malware","weight":"bolder"}]}"#);
    /// # Ok::<(), argus_cards::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Template::parse`], in whichever file the trouble is; also if a file is missing, includes
    /// itself, or files include each other too deep.
    pub fn parse_with(
        file: &str,
        source: &str,
        options: &Options,
        partials: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        if options.profile == Profile::Compat {
            return Self::parse(file, source, options);
        }
        Self::compiled(files::Files::load(file, source, partials)?, options)
    }

    fn compiled(files: files::Files, options: &Options) -> Result<Self, Error> {
        let compiled = compile::compile(&files, options.profile)?;
        let size = files.iter().map(|file| file.text.len()).sum::<usize>() * 2;
        Ok(Self { files, profile: options.profile, compiled, size: AtomicUsize::new(size) })
    }

    /// The file that the template came from.
    pub fn file(&self) -> &str {
        self.files.name(0)
    }

    /// All files that the template is made of, its own first, each with its text.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|file| (file.name.as_str(), &*file.text))
    }

    /// Whose semantics the template was compiled for.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// What was odd about the template itself.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.compiled.diagnostics
    }

    /// Renders the template over `root`; `host` is what `$host` means.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::LimitExceeded`](crate::ErrorKind::LimitExceeded) if the card costs more than
    ///   [`Options::limits`] allow.
    /// - [`ErrorKind::EvaluationFailed`](crate::ErrorKind::EvaluationFailed) where npm's engine
    ///   throws; only in [`Profile::Compat`].
    pub fn render(
        &self,
        root: &Value,
        host: Option<&Value>,
        options: &Options,
    ) -> Result<Vec<u8>, Error> {
        self.expand(root, host, options).map(|expansion| expansion.json)
    }

    /// Renders the template and says what was odd. A `root` that is not given is not null:
    /// everything in it is missing.
    ///
    /// # Errors
    ///
    /// As [`Template::render`].
    pub fn expand<'a>(
        &'a self,
        root: impl Into<Option<&'a Value>>,
        host: Option<&'a Value>,
        options: &Options,
    ) -> Result<Expansion, Error> {
        let adjusted;
        let options = if options.profile == self.profile {
            options
        } else {
            adjusted = options.clone().profile(self.profile);
            &adjusted
        };
        let (json, diagnostics) = render::render(self, root.into(), host, options)?;
        Ok(Expansion { json, diagnostics })
    }
}
