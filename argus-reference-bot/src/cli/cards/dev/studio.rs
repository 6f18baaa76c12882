//! The templates on the desk: read again with each save, rendered when somebody looks.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use argus_cards::source::{Snapshot, TemplateFiles};
use argus_cards::{Diagnostic, Error, Level, Options, Template};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::hint::hint;
use super::twist::Twist;
use crate::cli::Complaint;
use crate::cli::cards::desk::{files, json_of, templates, text};
use crate::cli::cards::place::{pointer, snippet};

/// The templates on the desk.
#[derive(Debug)]
pub(super) struct Studio {
    folder: PathBuf,
    options: Options,
    files: RwLock<Arc<Snapshot>>,
    /// Counts the changes, for whoever has the page open.
    changes: watch::Sender<u64>,
}

/// What to draw.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    pub(super) template: String,
    pub(super) sample: String,
    pub(super) twist: Twist,
    pub(super) locale: Option<String>,
}

impl Studio {
    pub(super) fn open(folder: &Path, options: Options) -> Result<Self, Complaint> {
        let found = RwLock::new(Arc::new(templates(folder)?));
        let changes = watch::Sender::new(1);
        Ok(Self { folder: folder.to_owned(), options, files: found, changes })
    }

    /// Reads the folder again. What cannot be read now stays as it was; the next save comes.
    pub(super) fn look(&self) {
        let Ok(found) = files(&self.folder) else { return };
        let mut held = self.files.write().unwrap_or_else(PoisonError::into_inner);
        if !found.same(&held) {
            *held = Arc::new(found);
            drop(held);
            self.changes.send_modify(|count| *count += 1);
        }
    }

    /// Tells of changes.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn held(&self) -> Arc<Snapshot> {
        Arc::clone(&self.files.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// All templates, their samples, and how many mistakes each has.
    pub(super) fn desk(&self) -> Value {
        let held = self.held();
        let shown: Vec<Value> = held
            .templates()
            .iter()
            .map(|template| {
                let (refused, odd) = self.health(&held, template);
                let samples: Vec<&str> = template.samples.iter().map(|it| name(it)).collect();
                json!({
                    "name": template.name, "file": template.path, "samples": samples,
                    "errors": refused, "warnings": odd,
                })
            })
            .collect();
        json!({
            "folder": self.folder.display().to_string(),
            "change": *self.changes.borrow(),
            "templates": shown,
            "twists": Twist::all().map(|it| json!({ "name": it.name(), "title": it.title() })),
        })
    }

    /// How many errors and warnings a template has with all its samples.
    fn health(&self, held: &Snapshot, template: &TemplateFiles<'_>) -> (usize, usize) {
        let source = text(held, template.path);
        let Ok(compiled) = Template::parse(template.path, &source, &self.options) else {
            return (1, 0);
        };
        let (mut refused, mut odd) = (0, compiled.diagnostics().len());
        for sample in &template.samples {
            let data = json_of(held, sample);
            let made = data.and_then(|data| compiled.expand(&data, None, &self.options));
            match made {
                Ok(made) => odd += made.diagnostics.len(),
                Err(_) => refused += 1,
            }
        }
        (refused, odd)
    }

    /// A card, or why there is none; and what its author should hear.
    pub(super) fn card(&self, wish: &Wish) -> Value {
        let held = self.held();
        let templates = held.templates();
        let Some(template) = templates.iter().find(|it| it.name == wish.template) else {
            return json!({ "card": null, "gone": true, "problems": [] });
        };
        let sample = template.samples.iter().find(|it| name(it) == wish.sample);
        let (mut problems, mut card, mut shown) = (Vec::new(), Value::Null, json!({}));
        match self.render(&held, template, sample.copied(), wish) {
            Ok((rendered, data, odd)) => {
                let odd = odd.iter().map(|it| problem(&held, it, &data));
                problems.extend(odd);
                (card, shown) = (rendered, data);
            }
            Err(error) => {
                let refusal = Diagnostic::from(&error);
                problems.push(problem(&held, &refusal, &Value::Null));
            }
        }
        json!({
            "card": card,
            "data": shown,
            "bytes": 2 * card.to_string().encode_utf16().count(),
            "change": *self.changes.borrow(),
            "problems": problems,
        })
    }

    fn render(
        &self,
        held: &Snapshot,
        template: &TemplateFiles<'_>,
        sample: Option<&str>,
        wish: &Wish,
    ) -> Result<(Value, Value, Vec<Diagnostic>), Error> {
        let mut options = self.options.clone();
        if let Some(locale) = &wish.locale {
            options = options.locale(locale);
        }
        let compiled = Template::parse(template.path, &text(held, template.path), &options)?;
        let data = sample.map_or_else(|| Ok(json!({})), |sample| json_of(held, sample))?;
        let data = wish.twist.apply(&data);
        let expansion = compiled.expand(&data, None, &options)?;
        let card: Value = serde_json::from_slice(&expansion.json).unwrap_or_default();
        let mut odd = compiled.diagnostics().to_vec();
        odd.extend(expansion.diagnostics);
        Ok((card, data, odd))
    }
}

/// The name of a sample.
fn name(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.strip_suffix(".json").unwrap_or(file)
}

/// A mistake as the page shows it: where, what, and what may have been meant.
fn problem(held: &Snapshot, it: &Diagnostic, data: &Value) -> Value {
    let source = text(held, &it.file);
    json!({
        "level": if it.level == Level::Refused { "error" } else { "warning" },
        "file": it.file,
        "line": it.at.map(|at| at.line),
        "column": it.at.map(|at| at.column),
        "pointer": it.at.map(|at| pointer(&source, at)),
        "message": it.message,
        "hint": hint(&it.message, data),
        "source": it.at.and_then(|at| snippet(&source, at)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn studio(files: &[(&str, &str)]) -> (tempfile::TempDir, Studio) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let studio = Studio::open(folder.path(), Options::default());
        (folder, studio.ok().unwrap())
    }

    #[test]
    fn a_card_comes_with_what_is_odd_about_it() {
        let (folder, studio) = studio(&[
            ("a/a.card.json", "{\"type\":\"AdaptiveCard\",\n\"speak\":\"Hi ${nmae}\"}"),
            ("a/samples/one.json", r#"{"name":"Ada"}"#),
        ]);
        let wish = Wish { template: "a".into(), sample: "one".into(), ..Wish::default() };
        let shown = studio.card(&wish);
        assert_eq!(shown["card"]["speak"], "Hi ");
        let problem = &shown["problems"][0];
        assert_eq!((&problem["line"], &problem["column"]), (&json!(2), &json!(15)));
        assert_eq!(problem["pointer"], "/speak");
        assert_eq!(problem["hint"], "did you mean `name`?");
        assert!(problem["source"].as_str().unwrap().ends_with('^'));
        assert_eq!(studio.desk()["templates"][0]["warnings"], 1);

        std::fs::write(folder.path().join("a/a.card.json"), "{\n\"a\": ${}").unwrap();
        let changes = studio.changes();
        assert!(!changes.has_changed().unwrap());
        studio.look();
        assert!(changes.has_changed().unwrap());
        let shown = studio.card(&wish);
        assert_eq!(
            (&shown["card"], &shown["problems"][0]["level"]),
            (&Value::Null, &json!("error"))
        );
        assert_eq!(studio.desk()["templates"][0]["errors"], 1);
        studio.look();
        let gone = Wish { template: "b".into(), ..Wish::default() };
        assert_eq!(studio.card(&gone)["gone"], true);
    }
}
