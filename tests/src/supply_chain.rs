//! What may come from outside, so that it holds without cargo-deny too. It sees the packages of this
//! platform; `cargo deny` sees those of all.

use std::collections::BTreeSet;
use std::process::Command;

use crate::files::{read, root};

/// Packages that must not be built, even indirectly; `deny.toml` says why.
const BANNED: [&str; 4] = ["native-tls", "openssl-sys", "ring", "serde_yaml"];
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A package of a lock file and where it comes from, if it is not ours.
fn packages(lock: &str) -> Vec<(String, Option<String>)> {
    let value = |block: &str, key: &str| {
        block.lines().find_map(|line| {
            let rest = line.strip_prefix(key)?.strip_prefix(" = \"")?;
            rest.strip_suffix('"').map(str::to_owned)
        })
    };
    lock.split("[[package]]")
        .skip(1)
        .map(|block| (value(block, "name").expect("a name"), value(block, "source")))
        .collect()
}

/// The packages of a lock file that come from elsewhere.
fn foreign(lock: &str) -> Vec<String> {
    let known = |name: &str, source: Option<&str>| match source {
        Some(source) => source == CRATES_IO,
        None => name.starts_with("argus-"),
    };
    packages(lock)
        .into_iter()
        .filter(|(name, source)| !known(name, source.as_deref()))
        .map(|(name, source)| format!("{name} comes from {source:?}"))
        .collect()
}

/// The banned packages in the output of `cargo tree --prefix none`.
fn banned(tree: &str) -> Vec<&str> {
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| BANNED.contains(name)).collect()
}

#[test]
fn nothing_comes_from_elsewhere() {
    let lock = read("Cargo.lock");
    assert!(packages(&lock).len() > 50, "the lock file was not understood");
    assert_eq!(foreign(&lock), Vec::<String>::new());
}

/// The lock file also names what an optional feature could bring, so Cargo is asked what is built.
#[test]
fn nothing_banned_is_built() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--all-features", "--locked", "--offline"])
        .args(["--prefix", "none"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8_lossy(&tree.stdout);
    assert!(tree.contains("aws-lc-rs v"), "the tree was not understood");
    assert_eq!(banned(&tree), Vec::<&str>::new());
}

/// How many packages a bot brings in by depending on the SDK.
const CEILING: usize = 170;

#[test]
fn a_bot_brings_in_few_packages() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--package", "argus-bot-sdk", "--edges", "normal,build"])
        .args(["--prefix", "none", "--locked", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8_lossy(&tree.stdout);
    let packages: BTreeSet<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    assert!(packages.len() > 50, "the tree was not understood");
    assert!(packages.len() <= CEILING, "{} packages; the limit is {CEILING}", packages.len());
}

#[test]
fn deny_toml_bans_the_same() {
    let deny = read("deny.toml");
    for name in BANNED {
        assert!(deny.contains(&format!("crate = \"{name}\"")), "deny.toml does not ban {name}");
    }
}

#[test]
fn what_is_wrong_is_seen() {
    let check = |block: &str, expected: &str| {
        assert_eq!(foreign(&format!("[[package]]\n{block}\n")), [expected], "{block}");
    };
    check(
        "name = \"x\"\nsource = \"git+https://example.org/x\"",
        "x comes from Some(\"git+https://example.org/x\")",
    );
    check("name = \"y\"", "y comes from None");
    assert_eq!(banned("rustls v0.23.1\nring v0.17.14\nstring v1.0.0 (*)\n"), ["ring"]);
}
