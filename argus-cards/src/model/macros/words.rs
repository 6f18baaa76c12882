//! Words, and lengths that may be words.

/// Declares some words, compared without regard to case and written as they stand here.
macro_rules! words {
    (
        $(#[doc = $about:literal])* $name:ident {
            $($(#[doc = $doc:literal])* $word:ident = $text:literal $($flag:ident $($value:literal)?)*,)*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[doc = $doc])* $word,)*
        }

        impl $name {
            const ALL: &'static [Self] = &[$(Self::$word),*];
            const INFO: &'static $crate::model::catalog::WordsInfo = {
                static INFO: $crate::model::catalog::WordsInfo = $crate::model::catalog::WordsInfo {
                    name: stringify!($name),
                    words: &[$($crate::model::macros::flagged!(
                        ($crate::model::catalog::WordInfo::new($text, concat!($($doc, "\n"),*)))
                        $($flag $($value)?)*
                    )),*],
                };
                &INFO
            };

            /// The word as it is written.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$word => $text,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::model::object::Property for $name {
            const KIND: $crate::model::catalog::ValueKind =
                $crate::model::catalog::ValueKind::Word(Self::INFO);

            fn read(value: serde_json::Value) -> $crate::model::object::Read<Self> {
                $crate::model::object::read_word(value, Self::ALL, Self::as_str)
            }

            fn part(&self) -> $crate::model::object::Part<'_> {
                $crate::model::object::Part::Word(self.as_str())
            }
        }
    };
}

/// Declares a length: some words, pixels, and perhaps a number.
macro_rules! extent {
    (
        $(#[doc = $about:literal])* $name:ident {
            $($(#[doc = $doc:literal])* $word:ident = $text:literal,)*
        } $($number:ident)?
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[doc = $doc])* $word,)*
            $(
                #[doc = concat!("A number: ", stringify!($number), ".")]
                $number(Number),
            )?
            /// So many pixels.
            Pixels(Pixels),
        }

        impl $name {
            const WORDS: &'static $crate::model::catalog::WordsInfo = {
                static INFO: $crate::model::catalog::WordsInfo = $crate::model::catalog::WordsInfo {
                    name: stringify!($name),
                    words: &[$($crate::model::catalog::WordInfo::new($text, concat!($($doc),*))),*],
                };
                &INFO
            };

            /// So many pixels.
            pub const fn pixels(pixels: u32) -> Self {
                Self::Pixels(Pixels::new(pixels))
            }
        }

        impl From<Pixels> for $name {
            fn from(pixels: Pixels) -> Self {
                Self::Pixels(pixels)
            }
        }

        $(
            impl From<u32> for $name {
                fn from(number: u32) -> Self {
                    Self::$number(number.into())
                }
            }
        )?

        impl $crate::model::object::Property for $name {
            const KIND: ValueKind = ValueKind::OneOf(&[
                ValueKind::Word(Self::WORDS),
                $($crate::model::macros::number_kind!($number),)?
                ValueKind::Pixels,
            ]);

            fn read(value: Value) -> Read<Self> {
                if let Some(pixels) = value.as_str().and_then(Pixels::parse) {
                    return Read::fits(Self::Pixels(pixels));
                }
                $(if value.is_number() {
                    return Number::read(value).map(Self::$number);
                })?
                let words: &[(Self, &'static str)] = &[$((Self::$word, $text)),*];
                $crate::model::object::read_word(value, words, |(_, text)| text)
                    .map(|(word, _)| word)
            }

            fn part(&self) -> Part<'_> {
                match self {
                    $(Self::$word => Part::Word($text),)*
                    $(Self::$number(number) => Part::Number(*number),)?
                    Self::Pixels(pixels) => Part::Shown(pixels),
                }
            }
        }
    };
}

macro_rules! number_kind {
    ($number:ident) => {
        ValueKind::Number
    };
}

pub(crate) use {extent, number_kind, words};
