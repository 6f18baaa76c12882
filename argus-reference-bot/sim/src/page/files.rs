//! The files of the built page, and nothing outside their folder.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// A file of the page.
#[derive(Debug, PartialEq, Eq)]
pub struct File {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// What it is.
    pub content_type: &'static str,
}

/// Reads the file that a path names, below `root`; a path that looks like no file is the page itself.
pub fn read(root: &Path, path: &str) -> Option<File> {
    let wanted = percent_decoded(path)?;
    let relative = Path::new(wanted.trim_start_matches('/'));
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
    if !plain || wanted.contains(['\\', '\0', ':']) {
        return None;
    }
    let name = if relative.extension().is_none() { Path::new("index.html") } else { relative };
    let root = root.canonicalize().ok()?;
    // Links are followed first and then checked, so that none leads out of the folder.
    let file: PathBuf = root.join(name).canonicalize().ok()?;
    if !file.starts_with(&root) || !file.is_file() {
        return None;
    }
    Some(File { bytes: fs::read(&file).ok()?, content_type: content_type(&file)? })
}

/// Whether a folder holds a built page.
pub fn is_built(root: &Path) -> bool {
    root.join("index.html").is_file()
}

fn content_type(file: &Path) -> Option<&'static str> {
    Some(match file.extension()?.to_str()? {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// Undoes percent-encoding; nothing if an escape is broken or the result is not text.
pub fn percent_decoded(path: &str) -> Option<String> {
    let mut bytes = path.bytes();
    let mut decoded = Vec::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            decoded.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    proptest! {
        #[test]
        fn no_path_leads_out(
            parts in vec(select(vec!["/", "..", ".", "%2e", "%2F", "%5c", "a", "secret.txt", "//"]), 0..9)
        ) {
            let outside = tempfile::tempdir().unwrap();
            let root = outside.path().join("a");
            fs::create_dir(&root).unwrap();
            fs::write(outside.path().join("secret.txt"), "secret").unwrap();
            fs::write(root.join("index.html"), "page").unwrap();
            let found = read(&root, &parts.concat());
            prop_assert!(found.is_none_or(|file| file.bytes == b"page"));
        }
    }

    #[test]
    fn only_the_folder_is_served() {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("dist");
        fs::create_dir_all(root.join("assets")).unwrap();
        fs::write(outside.path().join("secret.txt"), "secret").unwrap();
        fs::write(root.join("index.html"), "page").unwrap();
        fs::write(root.join("assets/app-1.js"), "code").unwrap();
        fs::write(root.join("run.exe"), "no").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.path().join("secret.txt"), root.join("link.txt"))
            .unwrap();

        let check = |path: &str, expected: Option<&str>| {
            let found = read(&root, path).map(|file| String::from_utf8(file.bytes).unwrap());
            assert_eq!(found.as_deref(), expected, "{path}");
        };
        check("/", Some("page"));
        check("/some/view", Some("page"));
        check("/assets/app-1.js", Some("code"));
        check("/assets/app%2D1.js", Some("code"));
        check("/assets/none.js", None);
        check("/../secret.txt", None);
        check("/%2e%2e/secret.txt", None);
        check("/..%2Fsecret.txt", None);
        check("/assets/..%5C..%5Csecret.txt", None);
        check("//etc/passwd.txt", None);
        check("/link.txt", None);
        check("/run.exe", None);
        check("/%zz.js", None);
        assert!(is_built(&root) && !is_built(outside.path()));
    }

    #[test]
    fn types_are_right() {
        let of = |name: &str| content_type(Path::new(name)).unwrap_or("none");
        assert_eq!(of("a.js"), "text/javascript; charset=utf-8");
        assert_eq!(of("a.css"), "text/css; charset=utf-8");
        assert_eq!(of("a.svg"), "image/svg+xml");
        assert_eq!(of("a"), "none");
    }
}
