//! The directory: which groups a person is in, now.

use async_trait::async_trait;

/// Why the directory did not say.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the directory does not answer: {why}")]
pub struct DirectoryError {
    /// Why, in words.
    pub why: String,
}

/// A directory of people and groups.
#[async_trait]
pub trait Directory: Send + Sync + std::fmt::Debug {
    /// Which of `groups` the person is in, directly or through other groups. A person that the
    /// directory does not know is in none.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`] if it does not answer; whoever asks must refuse then.
    async fn groups_of(
        &self,
        object_id: &str,
        groups: &[String],
    ) -> Result<Vec<String>, DirectoryError>;
}
