//! Small bots, one file each. Every example begins with a chat, which its test acts out against the
//! fakes of `argus-bot-sdk`'s feature `testing`; started, it serves Teams or the Agents Playground.
//!
//! `README.md` says which one to read for what, and how to start them.

mod play;

pub use play::{assert_plays, play};

/// The chat at the head of an example: its lines of the form `Name: text` between the code fences.
///
/// ```
/// let source = "//! A bot.\n//!\n//! ```text\n//! Alice: hello\n//! Bot: hi\n//! ```\nfn main() {}";
/// assert_eq!(argus_examples::chat(source), ["Alice: hello", "Bot: hi"]);
/// ```
pub fn chat(source: &str) -> Vec<&str> {
    let comment = source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    comment
        .skip_while(|line| *line != "```text")
        .skip(1)
        .take_while(|line| *line != "```")
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// An example that the index does not name is an example that nobody finds.
    #[test]
    fn the_index_names_every_example() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let index = std::fs::read_to_string(folder.join("README.md")).unwrap();
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let mut count = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let Some(stem) = name.strip_suffix(".rs") else { continue };
            let source = std::fs::read_to_string(&path).unwrap();
            assert!(index.contains(&format!("]({name})")), "{name} is not in README.md");
            assert!(manifest.contains(&format!("name = \"{stem}\"")), "{name} is not built");
            assert!(!super::chat(&source).is_empty(), "{name} does not begin with a chat");
            assert!(source.lines().count() <= 100, "{name} is longer than 100 lines");
            count += 1;
        }
        assert!(count >= 3, "only {count} examples");
    }
}
