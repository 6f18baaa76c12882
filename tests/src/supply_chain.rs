//! What may come from outside, read from `Cargo.lock`, so that it holds without cargo-deny too.

use crate::files::read;

/// Packages that must not be in the tree, even indirectly; `deny.toml` says why.
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

/// What is wrong with a lock file.
fn problems(lock: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, source) in packages(lock) {
        if BANNED.contains(&name.as_str()) {
            problems.push(format!("{name} is banned"));
        }
        match source.as_deref() {
            Some(CRATES_IO) => {}
            None if name.starts_with("argus-") => {}
            other => problems.push(format!("{name} comes from {other:?}")),
        }
    }
    problems
}

#[test]
fn nothing_banned_and_nothing_from_elsewhere() {
    let lock = read("Cargo.lock");
    assert!(packages(&lock).len() > 50, "the lock file was not understood");
    assert_eq!(problems(&lock), Vec::<String>::new());
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
        assert_eq!(problems(&format!("[[package]]\n{block}\n")), [expected], "{block}");
    };
    check(&format!("name = \"ring\"\nsource = \"{CRATES_IO}\""), "ring is banned");
    check(
        "name = \"x\"\nsource = \"git+https://example.org/x\"",
        "x comes from Some(\"git+https://example.org/x\")",
    );
    check("name = \"y\"", "y comes from None");
}
