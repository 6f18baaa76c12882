//! A PostgreSQL server of the tests' own: started in a folder of its own, on a free port of
//! loopback, gone with the test. It can be killed and started again.
//!
//! `ARGUS_TEST_POSTGRES` names a folder with `initdb` and `postgres`; otherwise they are looked for
//! on the `PATH` and where Debian puts them. Where there are none, the tests say so and are skipped.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use argus_reference_bot::adapters::postgres::{Postgres, Target};
use tokio::time::Instant;

/// The user as which the server runs when the tests run as root, which it refuses.
const NOBODY: u32 = 65_534;

pub(crate) struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    pub(crate) port: u16,
    child: Child,
    databases: std::cell::Cell<u32>,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Where the programs are, or `None` with a word about what is skipped.
pub(crate) fn programs() -> Option<PathBuf> {
    let told = |name: &str| std::env::var_os(name);
    let path = told("PATH").unwrap_or_default();
    let usual = || std::env::split_paths(&path).chain(debians()).collect();
    let folders: Vec<PathBuf> =
        told("ARGUS_TEST_POSTGRES").map_or_else(usual, |folder| vec![folder.into()]);
    let found = folders.into_iter().find(|it| it.join("initdb").is_file());
    if found.is_none() {
        let ci = told("CI").is_some_and(|it| it == "true");
        assert!(!ci, "no PostgreSQL: put initdb on the PATH or into ARGUS_TEST_POSTGRES");
        let mut err = std::io::stderr();
        let said = "SKIPPED: no PostgreSQL on the PATH or in ARGUS_TEST_POSTGRES\n";
        drop(std::io::Write::write_all(&mut err, said.as_bytes()));
    }
    // The programs find the rest of the server beside the file, not beside a link to it.
    found
        .map(|it| std::fs::canonicalize(it.join("initdb")).expect("it is there"))
        .and_then(|it| it.parent().map(Path::to_owned))
}

/// Where Debian puts the programs, which is not on the `PATH`.
fn debians() -> impl Iterator<Item = PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    versions.filter_map(Result::ok).map(|version| version.path().join("bin"))
}

impl Server {
    /// A new server; `None` where there is no PostgreSQL.
    pub(crate) fn start() -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::tempdir().expect("a folder");
        let root = rustix::process::geteuid().is_root();
        if root {
            std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("root may");
        }
        let made = program(&programs, "initdb", root)
            .args(["-A", "trust", "-U", "argus", "-E", "UTF8", "--no-locale", "--no-sync", "-D"])
            .arg(folder.path().join("data"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("initdb runs");
        assert!(made.success(), "initdb failed");
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let child = serve(&programs, folder.path(), port);
        let server = Self { folder, programs, port, child, databases: std::cell::Cell::new(0) };
        Some(server)
    }

    /// Kills the server at once, as a crash of its machine would.
    pub(crate) fn kill(&mut self) {
        // SIGQUIT: it stops without a checkpoint, and no process of it stays behind.
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::QUIT).expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Starts it again where it was.
    pub(crate) fn again(&mut self) {
        self.child = serve(&self.programs, self.folder.path(), self.port);
    }

    /// A new, empty database, by its URL.
    pub(crate) async fn database(&self) -> String {
        let n = self.databases.get() + 1;
        self.databases.set(n);
        let admin = self.client("postgres").await;
        admin.batch_execute(&format!("CREATE DATABASE t{n}")).await.expect("a database");
        url(&format!("t{n}"), self.port)
    }

    /// A client of the server's own database, once the server answers.
    pub(crate) async fn client(&self, database: &str) -> tokio_postgres::Client {
        let (url, begun) = (url(database, self.port), Instant::now());
        loop {
            match tokio_postgres::connect(&url, tokio_postgres::NoTls).await {
                Ok((client, connection)) => {
                    #[expect(clippy::disallowed_methods, reason = "it ends with the client")]
                    drop(tokio::spawn(connection));
                    return client;
                }
                Err(error) => assert!(begun.elapsed() < Duration::from_secs(20), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The URL of a database behind `port`.
pub(crate) fn url(database: &str, port: u16) -> String {
    format!("postgres://argus@127.0.0.1:{port}/{database}")
}

/// The store at a URL.
pub(crate) async fn open(url: &str) -> Postgres {
    Postgres::open(target(url)).await.expect("it opens")
}

pub(crate) fn target(url: &str) -> Target {
    Target::new(url, None, None).expect("a target")
}

fn program(programs: &Path, name: &str, root: bool) -> Command {
    let mut command = Command::new(programs.join(name));
    command.current_dir("/");
    if root {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn serve(programs: &Path, folder: &Path, port: u16) -> Child {
    program(programs, "postgres", rustix::process::geteuid().is_root())
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
        .args(["-c", "unix_socket_directories=", "-c", "max_connections=60"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("postgres starts")
}
