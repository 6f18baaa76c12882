//! `argus teams`.

mod check;
mod icon;
mod manifest;
mod zip;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use self::manifest::App;
use super::output::{Format, complain, say};
use super::{Complaint, Ended, Outcome};
use crate::config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the app manifest, made of the bot's own words and the settings, and check it.
    #[command(after_help = "\
Example:
  argus teams manifest --config argus.toml --host bot.contoso.example

Exit code 1 if Teams would refuse it; what is wrong is on standard error.")]
    Manifest {
        #[command(flatten)]
        app: AppArgs,
        /// For whom to write: `json` is the manifest itself.
        #[arg(long, value_enum, default_value = "json")]
        format: Format,
    },
    /// Write the package to upload: manifest and icons in a zip file.
    #[command(after_help = "\
Example:
  argus teams package --config argus.toml --host bot.contoso.example --out argus.zip

Upload it in the Teams admin center under Manage apps. Nothing is written if Teams would refuse it.")]
    Package {
        #[command(flatten)]
        app: AppArgs,
        /// The file to write.
        #[arg(long, value_name = "FILE", default_value = "argus.zip")]
        out: PathBuf,
        /// For whom to write.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
}

/// What the app is called and where it is.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct AppArgs {
    /// The settings, for the app id.
    #[arg(long, value_name = "FILE", default_value = "argus.toml")]
    config: PathBuf,
    /// The app id, instead of the one in the settings.
    #[arg(long, value_name = "GUID")]
    app_id: Option<String>,
    /// The host at which Teams reaches the bot.
    #[arg(long)]
    host: String,
    /// The app's version; Teams takes an update only with a new one.
    #[arg(long = "app-version", value_name = "VERSION", default_value = env!("CARGO_PKG_VERSION"))]
    version: String,
    /// The app's name.
    #[arg(long, default_value = "Argus")]
    name: String,
    /// Who operates it.
    #[arg(long, default_value = "Security operations")]
    developer: String,
    /// A page about it; the privacy and terms pages are `/privacy` and `/terms` below it unless
    /// named.
    #[arg(long, value_name = "URL")]
    website: Option<String>,
    /// The page about privacy.
    #[arg(long, value_name = "URL")]
    privacy: Option<String>,
    /// The page with the terms of use.
    #[arg(long, value_name = "URL")]
    terms: Option<String>,
    /// A resource-specific permission that the team's owner is asked for, for example
    /// `TeamMember.Read.Group`; may be given several times. Argus itself needs none.
    #[arg(long, value_name = "NAME")]
    rsc: Vec<String>,
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Manifest { app, format } => {
            let manifest = made(app)?;
            let findings = check::findings(&manifest);
            match format {
                Format::Json => say(&serde_json::to_string_pretty(&manifest)?)?,
                Format::Text => say(&summary(&manifest))?,
            }
            Ok(ended(&findings))
        }
        Command::Package { app, out, format } => package(app, out, *format),
    }
}

fn package(app: &AppArgs, out: &Path, format: Format) -> Outcome {
    let manifest = made(app)?;
    let findings = check::findings(&manifest);
    if !findings.is_empty() {
        return Ok(ended(&findings));
    }
    let files = [
        ("manifest.json", (serde_json::to_string_pretty(&manifest)? + "\n").into_bytes()),
        (manifest::COLOR, icon::color()),
        (manifest::OUTLINE, icon::outline()),
    ];
    let package = zip::archive(&files)?;
    std::fs::write(out, &package)
        .map_err(|error| Complaint(format!("{}: {error}", out.display())))?;
    match format {
        Format::Text => say(&format!("{}: {}", out.display(), summary(&manifest)))?,
        Format::Json => {
            let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
            let file = out.display().to_string();
            let report = json!({ "file": file, "bytes": package.len(), "contains": names });
            say(&report.to_string())?;
        }
    }
    Ok(Ended::Well)
}

fn ended(findings: &[String]) -> Ended {
    for finding in findings {
        complain(finding);
    }
    if findings.is_empty() { Ended::Well } else { Ended::WithFindings }
}

fn made(args: &AppArgs) -> Result<Value, Complaint> {
    let app_id = match &args.app_id {
        Some(id) => id.clone(),
        None => config::load(&args.config)?.bot.app_id,
    };
    let website = args.website.clone().unwrap_or_else(|| format!("https://{}", args.host));
    let below = |page: &str| format!("{}/{page}", website.trim_end_matches('/'));
    Ok(manifest::manifest(&App {
        id: &app_id,
        host: &args.host,
        version: &args.version,
        name: &args.name,
        developer: &args.developer,
        privacy: args.privacy.clone().unwrap_or_else(|| below("privacy")),
        terms: args.terms.clone().unwrap_or_else(|| below("terms")),
        website: website.clone(),
        rsc: &args.rsc,
    }))
}

/// The manifest in a line.
fn summary(manifest: &Value) -> String {
    let text = |at: &str| manifest.pointer(at).and_then(Value::as_str).unwrap_or("?");
    let commands = manifest.pointer("/bots/0/commandLists/0/commands").and_then(Value::as_array);
    format!(
        "{} {}, app {}, schema {}, {} commands",
        text("/name/short"),
        text("/version"),
        text("/id"),
        text("/manifestVersion"),
        commands.map_or(0, Vec::len)
    )
}

#[cfg(test)]
mod tests;
