//! The score model in use.

use std::path::{Path, PathBuf};

use argus_soc::ledger::fact::What;
use argus_soc::score::{Model, built_in, read};

use crate::config::{ConfigError, Score};

/// Every model that may be named: those that are built in, and those in `folder`.
fn models(folder: Option<&Path>) -> Result<Vec<Model>, ConfigError> {
    let wrong = |why: String| ConfigError::value("score.models", why);
    let mut models = built_in().map_err(|error| wrong(error.to_string()))?.to_vec();
    let Some(folder) = folder else { return Ok(models) };
    for path in files(folder)? {
        let shown = path.display().to_string();
        let text =
            std::fs::read_to_string(&path).map_err(|error| wrong(format!("{shown}: {error}")))?;
        let model = read(&shown, &text).map_err(|error| wrong(error.to_string()))?;
        if models.iter().any(|known| known.name == model.name) {
            return Err(wrong(format!(
                "{shown}: there is a model `{}` already; a changed model needs a name of its own",
                model.name
            )));
        }
        models.push(model);
    }
    Ok(models)
}

/// The model that the settings name.
///
/// # Errors
///
/// [`ConfigError`] if there is none of that name, or with file, line and column if one does not read
/// or has a name that another has.
pub fn in_use(config: &Score, folder: Option<&Path>) -> Result<Model, ConfigError> {
    let models = models(folder)?;
    let names: Vec<String> = models.iter().map(|model| model.name.clone()).collect();
    models.into_iter().find(|model| model.name == config.model).ok_or_else(|| {
        let why = format!("there is no model `{}`; there are {}", config.model, names.join(", "));
        ConfigError::value("score.model", why)
    })
}

/// That a model is in use from now on, for the record.
pub fn activated(model: &Model) -> What {
    What::ScoreActivated {
        model: model.name.clone(),
        version: model.version.clone(),
        sha256: model.sha256.clone(),
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let wrong = |error: std::io::Error| {
        ConfigError::value("score.models", format!("{}: {error}", folder.display()))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        if path.extension().is_some_and(|it| it == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINE: &str = "name = \"mine\"\nversion = \"1.0.0\"\nabout = \"x\"\n[[terms]]\n\
                        name = \"t\"\nof = \"severity\"\n";

    #[test]
    fn the_folder_adds_models_and_replaces_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |text: &str| {
            std::fs::write(folder.path().join("mine.toml"), text).expect("written");
        };
        write(MINE);
        let named = |name: &str| {
            let config = Score { model: name.into(), models: None };
            in_use(&config, Some(folder.path())).map(|model| model.name)
        };
        assert_eq!(named("mine").expect("is there"), "mine");
        assert_eq!(named("argus-v1").expect("is built in"), "argus-v1");
        let error = named("yours").expect_err("is not there").to_string();
        assert_eq!(
            error,
            "score.model: there is no model `yours`; there are seed-v1, argus-v1, mine"
        );
        write(&MINE.replace("\"mine\"", "\"seed-v1\""));
        let error = named("seed-v1").expect_err("two of them").to_string();
        assert!(error.contains("a name of its own"), "{error}");
        write(&MINE.replace("severity", "sevrity"));
        let error = named("seed-v1").expect_err("broken").to_string();
        assert!(error.contains("mine.toml:6:6"), "{error}");
    }
}
