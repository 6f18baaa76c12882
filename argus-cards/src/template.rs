//! Templates in Microsoft's `${}` language, compiled once and rendered to bytes.

mod compile;
mod files;
mod flatten;
#[cfg(feature = "minijinja")]
mod jinja;
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
    body: Body,
    /// How much memory a rendering asks for at first.
    size: AtomicUsize,
}

/// What a template does.
#[derive(Debug)]
enum Body {
    Program(compile::Compiled),
    #[cfg(feature = "minijinja")]
    Jinja(Box<jinja::JinjaFile>),
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
    /// Compiles a template; `file` is used in messages. If its name ends in `.j2` and the feature
    /// `minijinja` is on, the whole file is a template of minijinja that gives a card:
    ///
    /// ```
    /// # #[cfg(feature = "minijinja")] {
    /// use argus_cards::{Options, Template};
    /// use serde_json::json;
    ///
    /// let source = r#"{"type": "FactSet", "facts": [
    ///     {% for host in hosts %}{"title": {{ host.name }}, "value": "risk {{ host.risk }}"}
    ///     {%- if not loop.last %},{% endif %}{% endfor %}]}"#;
    /// let options = Options::default();
    /// let error = Template::parse("hosts.card.json.j2", source, &options)?
    ///     .render(&json!({"hosts": [{"name": "web1", "risk": "high"}]}), None, &options)
    ///     .unwrap_err();
    /// // Values bring their own quotes.
    /// assert!(error.message().contains("what the file gives is no card"));
    ///
    /// let source = source.replace(r#""risk {{ host.risk }}""#, r#"{{ "risk " ~ host.risk }}"#);
    /// let card = Template::parse("hosts.card.json.j2", &source, &options)?
    ///     .render(&json!({"hosts": [{"name": "*web1*", "risk": "high"}]}), None, &options)?;
    /// assert_eq!(
    ///     String::from_utf8_lossy(&card),
    ///     r#"{"type":"FactSet","facts":[{"title":"\\*web1\\*","value":"risk high"}]}"#
    /// );
    /// # }
    /// # Ok::<(), argus_cards::Error>(())
    /// ```
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
        #[cfg(feature = "minijinja")]
        if files.name(0).ends_with(jinja::ENDING) {
            let body = Body::Jinja(Box::new(jinja::JinjaFile::parse(&files, &options.limits)?));
            let size = AtomicUsize::new(0);
            return Ok(Self { files, profile: Profile::Argus, body, size });
        }
        let body = Body::Program(compile::compile(&files, options.profile)?);
        let size = files.iter().map(|file| file.text.len()).sum::<usize>() * 2;
        Ok(Self { files, profile: options.profile, body, size: AtomicUsize::new(size) })
    }

    /// The card that a whole file of minijinja gives for some data, as a template of its own, in
    /// which nothing but the values of the data is left open.
    #[cfg(feature = "minijinja")]
    fn filled_in(
        &self,
        jinja: &jinja::JinjaFile,
        root: Option<&Value>,
        host: Option<&Value>,
        options: &Options,
    ) -> Result<Self, Error> {
        let text = jinja.text(&self.files, root, host, options)?;
        let files = files::Files::one(self.file(), &text);
        let body = Body::Program(compile::compile_marked(&files).map_err(|error| {
            // The place is one of the text, which nobody sees.
            let place = error.position().map(|at| at.to_string()).unwrap_or_default();
            let context =
                format!("what the file gives is no card: {} (its {place})", error.message());
            Error::new(crate::ErrorKind::TemplateInvalid, context)
                .at(self.file(), crate::Position::of("", 0))
        })?);
        Ok(Self { files, profile: self.profile, body, size: AtomicUsize::new(text.len()) })
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
        match &self.body {
            Body::Program(compiled) => &compiled.diagnostics,
            #[cfg(feature = "minijinja")]
            Body::Jinja(_) => &[],
        }
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
        let root = root.into();
        let (json, diagnostics) = match &self.body {
            Body::Program(compiled) => render::render(self, compiled, root, host, options)?,
            #[cfg(feature = "minijinja")]
            Body::Jinja(jinja) => {
                let card = self.filled_in(jinja, root, host, options)?;
                let mut expansion = card.expand(None, None, options)?;
                for diagnostic in &mut expansion.diagnostics {
                    diagnostic.at = None;
                }
                return Ok(expansion);
            }
        };
        Ok(Expansion { json, diagnostics })
    }
}
