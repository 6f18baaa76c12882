//! Which telling characters a text has, so that most rules need not look at most texts.

/// A set of characters, as far as rules ask for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks(u16);

const FOREIGN: u16 = 1 << 11;

const fn bit(byte: u8) -> u16 {
    match byte {
        b'<' => 1 << 0,
        b'{' => 1 << 1,
        b'(' => 1 << 2,
        b'*' => 1 << 3,
        b'`' => 1 << 4,
        b'#' => 1 << 5,
        b'|' => 1 << 6,
        b'>' => 1 << 7,
        b'!' => 1 << 8,
        b'\n' => 1 << 9,
        b'\r' => 1 << 10,
        128.. => FOREIGN,
        _ => 0,
    }
}

impl Marks {
    pub(super) fn of(text: &str) -> Self {
        Self(text.bytes().fold(0, |all, byte| all | bit(byte)))
    }

    /// Whether one of some characters is there; only those of [`bit`] can be asked for.
    pub(super) fn has(self, any_of: Self) -> bool {
        self.0 & any_of.0 != 0
    }

    /// Whether there is a character beyond ASCII.
    pub(super) fn is_foreign(self) -> bool {
        self.0 & FOREIGN != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_seen() {
        let marks = Marks::of("a ${b}\n\u{e9}");
        assert!(marks.has(Marks::of("{")) && marks.has(Marks::of("<\n")) && marks.is_foreign());
        assert!(!marks.has(Marks::of("<*`#|>!\r(")));
    }
}
