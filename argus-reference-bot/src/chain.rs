//! Errors for a log: one line with all causes.

/// An error with what caused it, in one line.
///
/// ```
/// use argus_reference_bot::chain::chain;
///
/// let error = std::io::Error::other("the disk is full");
/// assert_eq!(chain(&error), "the disk is full");
/// ```
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
