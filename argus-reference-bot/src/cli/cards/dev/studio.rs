//! The templates on the desk: read again with each save, rendered when somebody looks.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use argus_cards::lint::{Linter, Reading};
use argus_cards::source::{Snapshot, TemplateFiles};
use argus_cards::{Diagnostic, Error, Options};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::problem::{Problem, sorted};
use super::twist::Twist;
use crate::cli::Complaint;
use crate::cli::cards::desk::{compile, files, json_of, templates, text};

/// The templates on the desk.
#[derive(Debug)]
pub(super) struct Studio {
    folder: PathBuf,
    options: Options,
    linter: Linter,
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
    pub(super) fn open(folder: &Path, options: Options, linter: Linter) -> Result<Self, Complaint> {
        let found = RwLock::new(Arc::new(templates(folder)?));
        let changes = watch::Sender::new(1);
        Ok(Self { folder: folder.to_owned(), options, linter, files: found, changes })
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
        let all = if template.samples.is_empty() {
            self.seen(held, template, None, &Wish::default()).problems
        } else {
            let samples = template.samples.iter();
            let seen = |sample: &&str| self.seen(held, template, Some(sample), &Wish::default());
            samples.flat_map(|sample| seen(sample).problems).collect()
        };
        let all = sorted(all);
        let errors = all.iter().filter(|it| it.is_error).count();
        (errors, all.len() - errors)
    }

    /// A card, or why there is none; and what its author should hear.
    pub(super) fn card(&self, wish: &Wish) -> Value {
        let held = self.held();
        let templates = held.templates();
        let Some(template) = templates.iter().find(|it| it.name == wish.template) else {
            return json!({ "card": null, "gone": true, "problems": [] });
        };
        let sample = template.samples.iter().find(|it| name(it) == wish.sample);
        let Seen { card, data, problems } = self.seen(&held, template, sample.copied(), wish);
        json!({
            "card": card,
            "data": data,
            "bytes": 2 * card.to_string().encode_utf16().count(),
            "change": *self.changes.borrow(),
            "problems": problems.iter().map(Problem::to_json).collect::<Vec<_>>(),
        })
    }

    /// Renders a sample, and lets everybody say what is odd about it.
    fn seen(
        &self,
        held: &Snapshot,
        template: &TemplateFiles<'_>,
        sample: Option<&str>,
        wish: &Wish,
    ) -> Seen {
        let mut options = self.options.clone();
        if let Some(locale) = &wish.locale {
            options = options.locale(locale);
        }
        match render(held, template, sample, wish.twist, &options) {
            Ok((card, data, odd)) => {
                let of = |it: &Diagnostic| Problem::of(it, &text(held, &it.file), &data);
                let mut problems: Vec<Problem> = odd.iter().map(of).collect();
                problems.extend(self.lint(held, template.path, &data, &options));
                Seen { card, data, problems: sorted(problems) }
            }
            Err(error) => {
                let refusal = Diagnostic::from(&error);
                let data = Value::Null;
                let problem = Problem::of(&refusal, &text(held, &refusal.file), &data);
                Seen { card: Value::Null, data, problems: vec![problem] }
            }
        }
    }

    /// What the rules say of a template, and of its card for this data. Rules look at one file: if
    /// the template includes others, at the one that `argus cards flatten` makes of it.
    fn lint(&self, held: &Snapshot, path: &str, data: &Value, options: &Options) -> Vec<Problem> {
        let Ok(compiled) = compile(held, path, options) else { return Vec::new() };
        // A file of minijinja is no card before it is rendered.
        let Some(flat) = compiled.flatten() else { return Vec::new() };
        let (file, source) = match compiled.files().count() {
            1 => (path.to_owned(), text(held, path)),
            _ => (format!("{path} (flattened)"), format!("{flat:#}")),
        };
        let raw = self.linter.clone().reading(Reading::Template).check(&file, &source);
        let rendered = self.linter.check_rendered(&file, &source, data, options).ok();
        let reports = std::iter::once(raw).chain(rendered);
        let findings = reports.flat_map(|report| report.findings);
        findings.filter_map(|finding| Problem::of_rule(&finding, &file, &source)).collect()
    }
}

fn render(
    held: &Snapshot,
    template: &TemplateFiles<'_>,
    sample: Option<&str>,
    twist: Twist,
    options: &Options,
) -> Result<(Value, Value, Vec<Diagnostic>), Error> {
    let compiled = compile(held, template.path, options)?;
    let data = sample.map_or_else(|| Ok(json!({})), |sample| json_of(held, sample))?;
    let data = twist.apply(&data);
    let expansion = compiled.expand(&data, None, options)?;
    let card: Value = serde_json::from_slice(&expansion.json).unwrap_or_default();
    let mut odd = compiled.diagnostics().to_vec();
    odd.extend(expansion.diagnostics);
    Ok((card, data, odd))
}

/// A card, what it was rendered over, and what is odd about it.
struct Seen {
    card: Value,
    data: Value,
    problems: Vec<Problem>,
}

/// The name of a sample.
fn name(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.strip_suffix(".json").unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use argus_cards::Host;

    use super::*;

    fn studio(files: &[(&str, &str)]) -> (tempfile::TempDir, Studio) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let studio = Studio::open(folder.path(), Options::default(), Linter::new(Host::TEAMS));
        (folder, studio.ok().unwrap())
    }

    const TEMPLATE: &str = r#"{"type": "AdaptiveCard", "version": "1.5",
"body": [{"type": "TextBlock", "wrap": true, "text": "Hi ${nmae}"}]}"#;

    #[test]
    fn a_card_comes_with_what_is_odd_about_it() {
        let (folder, studio) =
            studio(&[("a/a.card.json", TEMPLATE), ("a/samples/one.json", r#"{"name":"Ada"}"#)]);
        let wish = Wish { template: "a".into(), sample: "one".into(), ..Wish::default() };
        let shown = studio.card(&wish);
        assert_eq!(shown["card"]["body"][0]["text"], "Hi ");
        let problem = &shown["problems"][0];
        assert_eq!((&problem["line"], &problem["column"]), (&json!(2), &json!(60)));
        assert_eq!(problem["pointer"], "/body/0/text");
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

    #[test]
    fn the_rules_have_their_say() {
        let broken = TEMPLATE.replace("1.5", "9.9").replace("nmae", "name");
        let (_folder, studio) =
            studio(&[("a/a.card.json", &broken), ("a/samples/one.json", r#"{"name":"Ada"}"#)]);
        let wish = Wish { template: "a".into(), sample: "one".into(), ..Wish::default() };
        let shown = studio.card(&wish);
        assert_eq!(shown["card"]["body"][0]["text"], "Hi Ada", "it is drawn all the same");
        let problem = &shown["problems"][0];
        assert_eq!((&problem["level"], &problem["rule"]), (&json!("error"), &json!("version.max")));
        assert_eq!(problem["pointer"], "/version");
        assert_eq!(studio.desk()["templates"][0]["errors"], 1);
    }
}
