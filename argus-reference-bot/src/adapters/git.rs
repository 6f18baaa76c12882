//! Playbooks in a git repository, by the `git` of this computer.
//!
//! Nothing is ever checked out: files are read out of the fetched objects, so no link is followed,
//! no filter and no hook runs, and a file's name is only a name. What a repository can do to us is to
//! be large or slow, and both have a limit.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use async_trait::async_trait;

use super::folder::{is_playbook, utf8};
use crate::ports::playbooks::{LONGEST, MOST, PlaybookSource, Texts};

/// How long one order to git may take.
const WITHIN: Duration = Duration::from_mins(1);
/// How often its end and its size are looked at, at first and later.
const SOON: Duration = Duration::from_millis(1);
const LATER: Duration = Duration::from_millis(50);
/// Bytes that a repository may take here.
const LARGEST: u64 = 64 << 20;
/// Bytes that git may say.
const ANSWER: u64 = 8 << 20;

/// What holds for every order, whatever the settings of this computer say.
const ALWAYS: [&str; 18] = [
    "-c",
    "core.askPass=",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "protocol.allow=never",
    "-c",
    "protocol.https.allow=always",
    "-c",
    "protocol.ssh.allow=always",
    "-c",
    "protocol.file.allow=always",
    "-c",
    "protocol.ext.allow=never",
    "-c",
    "gc.auto=0",
];

/// A branch of a repository, and the folder in it that holds playbooks.
#[derive(Clone, Debug)]
pub struct Git {
    url: String,
    branch: String,
    folder: String,
    /// Where its objects are kept; they can be fetched anew at any time.
    kept: PathBuf,
    largest: u64,
    /// Whether nobody waits for the answer any more.
    given_up: Arc<AtomicBool>,
}

/// Somebody who waits for an answer.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

impl Git {
    /// The `folder` in `branch` of the repository at `url`, whose objects are kept in `kept`.
    pub fn new(url: &str, branch: &str, folder: &str, kept: impl Into<PathBuf>) -> Self {
        Self {
            url: url.into(),
            branch: branch.into(),
            folder: folder.trim_matches('/').into(),
            kept: kept.into(),
            largest: LARGEST,
            given_up: Arc::default(),
        }
    }

    /// Whether the repository has the branch. Nothing is fetched.
    ///
    /// # Errors
    ///
    /// Why not, and what to do.
    pub fn ping(&self) -> Result<(), String> {
        let branch = format!("refs/heads/{}", self.branch);
        let here = std::env::temp_dir();
        let found = self.git(&here, &["ls-remote", "--", &self.url, &branch])?;
        if found.is_empty() { Err(format!("it has no branch {}", self.branch)) } else { Ok(()) }
    }

    fn texts(&self) -> Result<Texts, String> {
        let commit = self.fetched()?;
        let tree = format!("{commit}:{}", self.folder);
        let listed = self.git(&self.kept, &["ls-tree", "-z", "-l", "--full-tree", &tree]);
        let listed = listed.map_err(|_| format!("there is no folder `{}` in it", self.folder))?;
        let mut files = Vec::new();
        for entry in listed.split(|byte| *byte == 0).filter(|it| !it.is_empty()) {
            let Some(entry) = Entry::read(entry) else { continue };
            if entry.is_file && is_playbook(Path::new(&entry.name)) {
                if files.len() == MOST {
                    return Err(format!("it has more than {MOST} playbooks"));
                }
                files.push((entry.name.clone(), self.text(&entry)?));
            }
        }
        files.sort();
        Ok(Texts { at: Some(commit), files })
    }

    fn text(&self, entry: &Entry) -> Result<Result<String, String>, String> {
        if entry.size > LONGEST {
            return Ok(Err(format!("it is longer than {LONGEST} bytes")));
        }
        let blob = self.git(&self.kept, &["cat-file", "blob", &entry.object])?;
        Ok(utf8(blob))
    }

    /// Fetches the branch's last commit alone, and gives its id.
    fn fetched(&self) -> Result<String, String> {
        if !self.kept.join("HEAD").is_file() {
            std::fs::create_dir_all(&self.kept)
                .map_err(|error| format!("{}: {error}", self.kept.display()))?;
            self.git(&self.kept, &["init", "--quiet", "--bare", "--template=", "."])?;
        }
        let from = format!("+refs/heads/{}:refs/argus/last", self.branch);
        let fetch = ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules"];
        let fetch = [&fetch[..], &["--no-write-fetch-head", "--", &self.url, &from]].concat();
        if let Err(why) = self.git(&self.kept, &fetch) {
            // Too large, half fetched, or locked by a git that was killed: it is fetched anew.
            std::fs::remove_dir_all(&self.kept).map_err(|error| error.to_string())?;
            return Err(why);
        }
        let commit =
            self.git(&self.kept, &["rev-parse", "--verify", "refs/argus/last^{commit}"])?;
        Ok(String::from_utf8_lossy(&commit).trim().to_owned())
    }

    /// Gives git an order in `folder`, and what it answers.
    fn git(&self, folder: &Path, order: &[&str]) -> Result<Vec<u8>, String> {
        let mut command = Command::new("git");
        command
            .arg("--literal-pathspecs")
            .args(ALWAYS)
            .args(order)
            .current_dir(folder)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "")
            .env("SSH_ASKPASS", "")
            .env("SSH_ASKPASS_REQUIRE", "never")
            .env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
            .env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap_or(folder))
            .env("LC_ALL", "C");
        // What a shell around us says about another repository is not about this one.
        for theirs in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"] {
            command.env_remove(theirs);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => "there is no `git` on this computer; install it".into(),
            _ => format!("git cannot be started: {error}"),
        })?;
        self.answer(child)
    }

    fn answer(&self, mut child: Child) -> Result<Vec<u8>, String> {
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let read = |pipe: Option<Box<dyn std::io::Read + Send>>| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let read = pipe.map(|it| it.take(ANSWER).read_to_end(&mut bytes));
                read.transpose().map(|_| bytes)
            })
        };
        let out = read(out.map(|it| Box::new(it) as _));
        let err = read(err.map(|it| Box::new(it) as _));
        let (mut pause, mut waited) = (SOON, Duration::ZERO);
        let ended = loop {
            if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
                break Ok(status);
            }
            if waited > WITHIN {
                break Err(format!("git did not end within {} s", WITHIN.as_secs()));
            }
            if self.given_up.load(Relaxed) {
                break Err("Argus stops".into());
            }
            if size(&self.kept) > self.largest {
                break Err(format!("it is larger than {} MiB", self.largest >> 20));
            }
            std::thread::sleep(pause);
            waited += pause;
            pause = (pause * 2).min(LATER);
        };
        let status = match ended {
            Ok(status) => status,
            Err(why) => {
                child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
                return Err(why);
            }
        };
        let joined = |it: std::thread::JoinHandle<std::io::Result<Vec<u8>>>| {
            it.join().map_err(|_| "git's answer was not read".to_owned())
        };
        let (out, err) = (joined(out)?, joined(err)?);
        if status.success() {
            return out.map_err(|error| error.to_string());
        }
        let said = err.unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        // What is wrong comes first, advice after it.
        let is_why = |it: &&str| it.starts_with("fatal: ") || it.starts_with("error: ");
        let why = said.lines().find(is_why).or_else(|| said.lines().next());
        Err(crate::view::clip(why.unwrap_or("git failed").trim(), 300))
    }
}

/// One entry of a folder in a commit.
struct Entry {
    is_file: bool,
    object: String,
    size: usize,
    name: String,
}

impl Entry {
    /// Reads `MODE blob OBJECT SIZE\tNAME`. Links and folders are none of ours, nor are names that are
    /// no text.
    fn read(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let (about, name) = line.split_once('\t')?;
        let mut about = about.split_whitespace();
        let (mode, kind) = (about.next()?, about.next()?);
        let (object, size) = (about.next()?.to_owned(), about.next()?);
        let is_file = kind == "blob" && matches!(mode, "100644" | "100755" | "100664");
        Some(Self { is_file, object, size: size.parse().unwrap_or(0), name: name.into() })
    }
}

/// How many bytes a folder takes; what goes away meanwhile takes none.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let each = entries.flatten().map(|entry| match entry.metadata() {
        Ok(it) if it.is_dir() => size(&entry.path()),
        Ok(it) => it.len(),
        Err(_) => 0,
    });
    each.sum()
}

#[async_trait]
impl PlaybookSource for Git {
    fn name(&self) -> &'static str {
        "git"
    }

    async fn read(&self) -> Result<Texts, String> {
        let git = Self { given_up: Arc::default(), ..self.clone() };
        let _waiting = Waiting(Arc::clone(&git.given_up));
        let read = tokio::task::spawn_blocking(move || git.texts());
        read.await.map_err(|error| error.to_string())?
    }
}

#[cfg(test)]
mod tests;
