//! Bytes as text.

/// Lower-case hexadecimal.
///
/// ```
/// assert_eq!(argus_reference_bot::hex::hex(&[0, 0xa7]), "00a7");
/// ```
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
