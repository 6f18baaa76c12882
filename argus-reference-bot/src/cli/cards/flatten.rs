//! `argus cards flatten`: a template and all that it includes as one file.

use std::path::{Path, PathBuf};

use super::desk::{Rendering, compile, files};
use crate::cli::output::say;
use crate::cli::{Complaint, Ended, Outcome};

const EXAMPLES: &str = "\
Examples:
  argus cards flatten card-templates/alert/alert.card.json > alert.flat.json
  argus cards flatten alert/alert.card.json --root .

The result has no `$ref` and says the same, so Microsoft's designer opens it.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The template.
    template: PathBuf,
    /// The folder of templates, from which `$ref` starts; by default the one that has the template or
    /// its folder.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    #[command(flatten)]
    rendering: Rendering,
}

pub(super) fn run(args: &Args) -> Outcome {
    let root = args.root.clone().unwrap_or_else(|| root_of(&args.template));
    let (root, template) = (real(&root)?, real(&args.template)?);
    let outside = |_| Complaint(format!("{} is not in {}", template.display(), root.display()));
    let path = template.strip_prefix(&root).map_err(outside)?;
    let parts = path.iter().map(|part| part.to_string_lossy());
    let path = parts.collect::<Vec<_>>().join("/");
    let found = files(&root)?;
    let template = compile(&found, &path, &args.rendering.options())?;
    let flat = template.flatten().ok_or_else(|| {
        Complaint(format!(
            "{path}: a file of minijinja includes by its own means; render it instead"
        ))
    })?;
    say(&format!("{flat:#}"))?;
    Ok(Ended::Well)
}

fn real(path: &Path) -> Result<PathBuf, Complaint> {
    path.canonicalize().map_err(|error| Complaint(format!("{}: {error}", path.display())))
}

/// The folder of templates: of `cards/NAME/NAME.card.json` it is `cards`, of `cards/NAME.card.json` too.
pub(super) fn root_of(template: &Path) -> PathBuf {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = template.parent().unwrap_or(Path::new(""));
    let is_own =
        name(template).strip_suffix(".card.json") == Some(&name(folder)) && folder != Path::new("");
    let root = if is_own { folder.parent().unwrap_or(Path::new("")) } else { folder };
    if root == Path::new("") { PathBuf::from(".") } else { root.to_path_buf() }
}
