//! Where playbooks come from, and what they need before they act.

use argus_soc::playbook::lifecycle::Rules;
use serde::Deserialize;

use super::ConfigError;

/// Where playbooks are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Playbooks {
    /// `folder:PATH`.
    pub source: Option<String>,
    /// Whether people review what lies in the folder before it acts. `off`: it acts as it lies there
    /// when Argus starts. What comes from `git` and `POST /playbooks` is always reviewed.
    pub review: Review,
    /// For how many days a text is in dry run before it may be live.
    pub dry_run_days: u32,
    /// How often the folder is read again, where it is reviewed.
    pub poll_secs: u32,
    /// A repository.
    pub git: Option<Git>,
}

impl Default for Playbooks {
    fn default() -> Self {
        Self {
            source: None,
            review: Review::default(),
            dry_run_days: Rules::default().dry_run_days,
            poll_secs: 5,
            git: None,
        }
    }
}

/// Whether people review what lies in the folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Review {
    /// Two people read each text before it is live.
    On,
    /// It is trusted as it lies there.
    #[default]
    Off,
}

/// A repository with playbooks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Git {
    /// `https://…`, `ssh://…`, `user@host:path` or `file:///…`.
    pub url: String,
    /// The branch.
    #[serde(default = "usual_branch")]
    pub branch: String,
    /// The folder in it; the top one unless set.
    #[serde(default)]
    pub folder: String,
    /// How often it is asked.
    #[serde(default = "minute")]
    pub poll_secs: u32,
}

fn usual_branch() -> String {
    "main".into()
}

const fn minute() -> u32 {
    60
}

impl Playbooks {
    /// What a text needs before it is live.
    pub fn rules(&self) -> Rules {
        Rules { dry_run_days: self.dry_run_days, ..Rules::default() }
    }
}

impl Git {
    /// Refuses what git would take for something else than an address, a branch or a folder.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the key, and what to write.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong =
            |key: &str, why: String| Err(ConfigError::value(format!("playbooks.git.{key}"), why));
        if !is_address(&self.url) {
            let why = format!(
                "`{}` is none of https://…, ssh://…, user@host:path and file:///…",
                without_password(&self.url)
            );
            return wrong("url", why);
        }
        if without_password(&self.url) != self.url {
            let why =
                "no password belongs in here; let git find it with a credential helper".into();
            return wrong("url", why);
        }
        let is_plain = |it: char| it.is_alphanumeric() || "-_./ ".contains(it);
        let is_branch = |it: &str| {
            !it.is_empty()
                && !it.starts_with(['-', '/', '.'])
                && !it.ends_with(['/', '.'])
                && !it.contains("..")
                && it.chars().all(|it| is_plain(it) && it != ' ')
        };
        if !is_branch(&self.branch) {
            return wrong("branch", format!("`{}` is no name of a branch", self.branch));
        }
        let folder = self.folder.trim_end_matches('/');
        let is_part = |it: &str| !it.is_empty() && it != "." && it != ".." && !it.starts_with('-');
        let is_folder = folder.split('/').all(is_part) && folder.chars().all(is_plain);
        if !folder.is_empty() && !is_folder {
            let why = format!("`{folder}` is no folder in the repository, like `soc/playbooks`");
            return wrong("folder", why);
        }
        Ok(())
    }
}

/// Whether git fetches from this by a way that runs no program of somebody else's choice.
fn is_address(url: &str) -> bool {
    if url.starts_with('-') || url.contains("::") || url.chars().any(char::is_control) {
        return false;
    }
    match url.split_once("://") {
        Some(("https" | "ssh", rest)) => !rest.is_empty() && !rest.starts_with('-'),
        Some(("file", rest)) => rest.starts_with('/'),
        Some(_) => false,
        // As `ssh` writes it: user@host:path.
        None => url.split_once(':').is_some_and(|(host, path)| {
            let host = host.split_once('@').map_or(host, |(_, host)| host);
            !host.is_empty() && !host.starts_with('-') && !host.contains('/') && !path.is_empty()
        }),
    }
}

/// The address as it may be shown.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
    match host.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{host}/{path}")
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(url: &str, branch: &str, folder: &str) -> Git {
        Git { url: url.into(), branch: branch.into(), folder: folder.into(), poll_secs: 60 }
    }

    #[test]
    fn an_address_is_one_that_runs_nothing() {
        fn check(url: &str, is_right: bool) {
            assert_eq!(git(url, "main", "").check().is_ok(), is_right, "{url}");
        }
        check("https://git.example/soc.git", true);
        check("ssh://git@git.example/soc.git", true);
        check("git@git.example:soc.git", true);
        check("file:///srv/soc.git", true);
        check("http://git.example/soc.git", false);
        check("git://git.example/soc.git", false);
        check("ext::sh -c id", false);
        check("--upload-pack=id", false);
        check("ssh://-oProxyCommand=id/x", false);
        check("-oProxyCommand=id:x", false);
        check("file://relative", false);
        check("/srv/soc.git", false);
        check("", false);
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        let why = git("https://ann:hush@git.example/x", "main", "").check().expect_err("refused");
        assert!(!why.to_string().contains("hush"), "{why}");
        let why = git("http://ann:hush@git.example/x", "main", "").check().expect_err("refused");
        assert!(!why.to_string().contains("hush"), "{why}");
    }

    #[test]
    fn a_branch_and_a_folder_are_names_and_nothing_else() {
        fn check(branch: &str, folder: &str, is_right: bool) {
            let said = git("file:///x", branch, folder).check();
            assert_eq!(said.is_ok(), is_right, "{branch} {folder}: {said:?}");
        }
        check("main", "", true);
        check("release/1.4", "soc/playbooks/", true);
        for branch in ["", "-x", "a..b", "a b", "a:b", "/a", "+a", "@{-1}"] {
            check(branch, "", false);
        }
        for folder in ["..", "a/../b", "/a", "-x", ":(top)", "a//b", "a\nb"] {
            check("main", folder, false);
        }
    }
}
