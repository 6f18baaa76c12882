//! Where the texts of playbooks come from: a folder, a repository.

use async_trait::async_trait;

/// Longest text of a playbook, in bytes.
pub const LONGEST: usize = 256 * 1_024;
/// Most texts of one source.
pub const MOST: usize = 500;

/// The texts of a source at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Which state of the source this is, if it says so: a commit.
    pub at: Option<String>,
    /// The files in the order of their names; of one that cannot be read, why.
    pub files: Vec<(String, Result<String, String>)>,
}

/// A source of texts.
#[async_trait]
pub trait PlaybookSource: Send + Sync + std::fmt::Debug {
    /// What to call it: `folder`, `git`.
    fn name(&self) -> &'static str;

    /// All its texts, as they are now.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, and what to do; nothing is known of its texts then.
    async fn read(&self) -> Result<Texts, String>;
}
