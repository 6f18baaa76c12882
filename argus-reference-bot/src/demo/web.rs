//! Where the page's files are, and how they are built when they are not there yet.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why there is no page; the rest of the demo runs all the same.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoPage {
    /// Node is not installed.
    #[error("Node.js is not installed (https://nodejs.org); with it, `argus demo` builds the page")]
    NoNode,
    /// The page's source is not here: this is a binary away from its repository.
    #[error("the page's source is not at {0}")]
    NoSource(PathBuf),
    /// A command failed; what it printed stands above.
    #[error("`{0}` failed in {1}")]
    Failed(&'static str, PathBuf),
}

/// Told before each long step.
pub type Progress<'a> = &'a mut dyn FnMut(&str);

/// The folder of the built page. Builds it if it is missing or older than its source.
///
/// # Errors
///
/// [`NoPage`] says why there is none.
pub fn page_folder(told: Progress<'_>) -> Result<PathBuf, NoPage> {
    let web = repository().join("argus-reference-bot/web");
    if !web.join("package.json").is_file() {
        return Err(NoPage::NoSource(web));
    }
    let dist = web.join("dist");
    if is_fresh(&web, &dist) {
        return Ok(dist);
    }
    if !runs("node", &["--version"], &web) {
        return Err(NoPage::NoNode);
    }
    if !web.join("node_modules").is_dir() {
        told("the page: npm ci (once, some seconds)");
        if !runs("npm", &["ci", "--no-audit", "--no-fund"], &web) {
            return Err(NoPage::Failed("npm ci", web));
        }
    }
    told("the page: npm run build (some seconds)");
    if !runs("npm", &["run", "build"], &web) {
        return Err(NoPage::Failed("npm run build", web));
    }
    Ok(dist)
}

/// The repository that this program was built from; the current folder if that is one.
pub(super) fn repository() -> PathBuf {
    let here = Path::new(".");
    if here.join("card-templates").is_dir() {
        return here.to_path_buf();
    }
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(here).to_path_buf()
}

/// Whether the built page is newer than everything that it is built from.
fn is_fresh(web: &Path, dist: &Path) -> bool {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|it| it.modified()).ok();
    let Some(built) = changed(&dist.join("index.html")) else { return false };
    let top = ["index.html", "preview.html", "package-lock.json", "vite.config.ts"];
    let mut sources: Vec<PathBuf> = top.iter().map(|name| web.join(name)).collect();
    let mut folders = vec![web.join("src")];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                sources.push(path);
            }
        }
    }
    sources.iter().filter_map(|path| changed(path)).all(|source| source <= built)
}

/// Runs a program quietly; what goes wrong is printed.
fn runs(program: &str, args: &[&str], folder: &Path) -> bool {
    let status =
        Command::new(program).args(args).current_dir(folder).stdout(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
