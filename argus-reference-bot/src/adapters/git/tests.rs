//! Against a repository on this disk, made by the same git.

use std::process::Output;

use tempfile::TempDir;

use super::*;

/// A repository with one branch, and where its objects are fetched to.
struct Repository {
    folder: TempDir,
}

impl Repository {
    fn new() -> Self {
        let it = Self { folder: tempfile::tempdir().expect("a folder") };
        std::fs::create_dir(it.work()).expect("made");
        it.git(&["init", "--quiet", "--initial-branch=main", "."]);
        it
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn output(&self, order: &[&str]) -> Output {
        let name =
            ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgSign=no"];
        let made = Command::new("git").args(name).args(order).current_dir(self.work()).output();
        made.expect("git is there")
    }

    fn git(&self, order: &[&str]) -> String {
        let made = self.output(order);
        assert!(made.status.success(), "{order:?}: {}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8(made.stdout).expect("UTF-8").trim().to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.work().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    /// Commits everything, and gives the commit's id.
    fn commit(&self) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "a change"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn source(&self, folder: &str) -> Git {
        let url = format!("file://{}", self.work().display());
        Git::new(&url, "main", folder, self.folder.path().join("kept"))
    }
}

fn names(texts: &Texts) -> Vec<(&str, &str)> {
    let shown = |text: &Result<String, String>| text.is_ok();
    let files = texts.files.iter();
    files
        .map(|(name, text)| (name.as_str(), if shown(text) { "read" } else { "refused" }))
        .collect()
}

#[tokio::test]
async fn the_last_commit_of_the_branch_is_read_and_the_next_one_after_it() {
    let there = Repository::new();
    there.write("soc/a.yaml", "one");
    there.write("soc/a.test.yaml", "tests");
    there.write("soc/deeper/b.yaml", "another folder's");
    there.write("c.yaml", "not in the folder");
    let (first, source) = (there.commit(), there.source("soc/"));
    let texts = source.read().await.expect("texts");
    assert_eq!(texts.at, Some(first));
    assert_eq!(texts.files, [("a.yaml".to_owned(), Ok("one".to_owned()))]);
    there.write("soc/a.yaml", "two");
    let second = there.commit();
    let texts = source.read().await.expect("texts");
    assert_eq!(texts.at, Some(second));
    assert_eq!(texts.files, [("a.yaml".to_owned(), Ok("two".to_owned()))]);
    // Somebody rewrote the branch.
    there.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    assert_eq!(source.read().await.expect("texts").files[0].1, Ok("one".to_owned()));
    assert_eq!(source.ping(), Ok(()));
}

#[tokio::test]
async fn links_are_not_followed_and_files_that_are_too_long_are_refused() {
    let there = Repository::new();
    there.write("a.yaml", "one");
    there.write("long.yaml", &"x".repeat(LONGEST + 1));
    std::os::unix::fs::symlink("/etc/hostname", there.work().join("link.yaml")).expect("a link");
    std::os::unix::fs::symlink("/etc", there.work().join("folder")).expect("a link");
    there.commit();
    let texts = there.source("").read().await.expect("texts");
    assert_eq!(names(&texts), [("a.yaml", "read"), ("long.yaml", "refused")]);
    let why = there.source("folder").read().await.expect_err("a link is no folder");
    assert!(why.contains("no folder `folder`"), "{why}");
}

#[tokio::test]
async fn what_cannot_be_reached_is_said_and_what_is_too_large_is_not_kept() {
    let there = Repository::new();
    there.write("a.yaml", "one");
    there.commit();
    let gone = Git { url: "file:///nowhere/at/all".into(), ..there.source("") };
    let why = gone.read().await.expect_err("it is not there");
    assert!(why.contains("/nowhere/at/all"), "{why}");
    assert!(gone.ping().is_err());
    let other = Git { branch: "other".into(), ..there.source("") };
    let why = other.read().await.expect_err("it is not there");
    assert!(why.contains("other"), "{why}");
    assert_eq!(other.ping(), Err("it has no branch other".into()));
    let small = Git { largest: 10, ..there.source("") };
    let why = small.read().await.expect_err("too large");
    assert!(why.contains("larger than"), "{why}");
}

#[tokio::test]
async fn a_way_that_would_run_a_program_is_not_gone() {
    let there = Repository::new();
    let mark = there.folder.path().join("mark");
    let url = format!("ext::touch {}", mark.display());
    let source = Git { url, ..there.source("") };
    let why = source.read().await.expect_err("not allowed");
    assert!(why.contains("not allowed"), "{why}");
    assert!(!mark.exists(), "nothing was run");
}

#[tokio::test]
async fn hooks_of_this_computer_do_not_run() {
    let there = Repository::new();
    there.write("a.yaml", "one");
    there.commit();
    let (source, mark) = (there.source(""), there.folder.path().join("mark"));
    source.read().await.expect("texts");
    let hooks = source.kept.join("hooks");
    std::fs::create_dir_all(&hooks).expect("made");
    let script = format!("#!/bin/sh\ntouch {}\n", mark.display());
    for hook in ["reference-transaction", "post-checkout", "pre-auto-gc"] {
        let hook = hooks.join(hook);
        std::fs::write(&hook, &script).expect("written");
        let may_run = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&hook, may_run).expect("executable");
    }
    there.write("a.yaml", "two");
    there.commit();
    source.read().await.expect("texts");
    assert!(!mark.exists(), "a hook ran");
}
