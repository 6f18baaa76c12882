//! The mappings that people add to those in the binary.

use std::path::Path;

use argus_soc::event::{Mappings, lint};

use super::ConfigError;

const KEY: &str = "ingest.mappings";

/// Reads every `*.yaml` of a folder as a mapping, beside those in the binary. A mapping whose
/// samples do not come out is not used: it would misread real alerts the same way.
///
/// # Errors
///
/// [`ConfigError`] with file, line and column of everything that is wrong; nothing is used then.
pub fn mappings(source: Option<&str>) -> Result<Mappings, ConfigError> {
    let Some(source) = source else { return Ok(Mappings::embedded().clone()) };
    let Some(("folder", path)) = source.split_once(':').filter(|(_, path)| !path.is_empty()) else {
        return Err(ConfigError::value(KEY, format!("`{source}` is not `folder:PATH`")));
    };
    let files = files(Path::new(path))
        .map_err(|error| ConfigError::value(KEY, format!("{path}: {error}")))?;
    let mappings =
        Mappings::with(&files).map_err(|errors| ConfigError::value(KEY, format!("\n{errors}")))?;
    let mut failures = Vec::new();
    for (mapping, (file, _)) in mappings.iter().zip(&files) {
        for failure in lint(mapping, &mappings) {
            failures.push(format!("{file}:{failure}"));
        }
    }
    if failures.is_empty() {
        Ok(mappings)
    } else {
        Err(ConfigError::value(KEY, format!("\n{}", failures.join("\n"))))
    }
}

/// The files of a folder, by name, in their order.
fn files(folder: &Path) -> std::io::Result<Vec<(String, String)>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            paths.push(path);
        }
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| Ok((path.display().to_string(), std::fs::read_to_string(&path)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_used_or_refused_with_its_places() {
        let folder = tempfile::tempdir().unwrap();
        let source = format!("folder:{}", folder.path().display());
        let write = |text: &str| std::fs::write(folder.path().join("acme.yaml"), text).unwrap();
        let good = "mapper: acme/1\nwhen: [{acme_id: any}]\nid: acme_id\nseverity: grade\n\
                    samples:\n  - message: {acme_id: 7, grade: high}\n    expect: {id: \"7\", severity: high}\n";
        write(good);
        assert_eq!(mappings(Some(&source)).unwrap().named("acme").unwrap().id(), "acme/1");
        write(&good.replace("severity: high", "severity: low"));
        let error = mappings(Some(&source)).unwrap_err().to_string();
        assert!(error.contains("acme.yaml:7:23: severity is [high], not [low]"), "{error}");
        write("mapper: acme\n");
        let error = mappings(Some(&source)).unwrap_err().to_string();
        assert!(error.contains("acme.yaml:1:9"), "{error}");
        assert!(mappings(Some("acme")).unwrap_err().to_string().contains("folder:PATH"));
        assert!(mappings(Some("folder:/nowhere/at/all")).is_err());
    }
}
