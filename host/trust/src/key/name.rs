//! What people call a key.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// What people call a key, as signed metadata says it. It decides nothing: a key is what its id stands for, so both are always shown.
///
/// It is 1 to 64 ASCII letters, digits, spaces and `.`, `_`, `-`, `@`, with a letter or digit first and last. So it
/// contains no quotes, parentheses or line ends. Eight or more hexadecimal digits alone are refused: they would look like an id.
/// [`KeyName::is_like`] finds names that look alike.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyName(String);

/// The text cannot be the name of a key.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error(
    "not a name for a key: write 1 to 64 letters, digits, spaces, `.`, `_`, `-` or `@`, with a letter or digit first and last, that do not \
     look like a key id"
)]
pub struct ParseKeyNameError;

impl KeyName {
    const LENGTH: usize = 64;
    /// From so many characters on, hexadecimal digits look like an id.
    const ID: usize = 8;

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a reader would take both for the same: without upper case, spaces and punctuation, and with `0` as `o`, `1` and `i` as `l`.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let letters = |name: &Self| {
            let letters = name.0.bytes().filter(u8::is_ascii_alphanumeric);
            let folded = letters.map(|byte| match byte.to_ascii_lowercase() {
                b'0' => b'o',
                b'1' | b'i' => b'l',
                byte => byte,
            });
            folded.collect::<Vec<_>>()
        };
        letters(self) == letters(other)
    }
}

impl FromStr for KeyName {
    type Err = ParseKeyNameError;

    fn from_str(text: &str) -> Result<Self, ParseKeyNameError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b" ._-@".contains(&byte);
        let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        let is_id = text.len() >= Self::ID && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_name = text.len() <= Self::LENGTH
            && text.bytes().all(is_plain)
            && is_end(text.bytes().next())
            && is_end(text.bytes().last())
            && !is_id;
        if is_name { Ok(Self(text.to_owned())) } else { Err(ParseKeyNameError) }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_be_taken_for_something_else() {
        for good in [
            "Ada",
            "rules team, reviewer".replace(',', "").as_str(),
            "a.b_c-d@e",
            "7",
            "deadbee",
            "face to face",
            "x".repeat(64).as_str(),
        ] {
            assert_eq!(good.parse::<KeyName>().unwrap().to_string(), good);
        }
        let bad = [
            "",
            " ada",
            "ada ",
            "a\nb",
            "a`b",
            "a(b)",
            "\u{430}da",
            "deadbeef",
            "0123456789",
            "-a",
            "a-",
            "a\u{202e}b",
            "a\"b",
        ];
        for bad in bad.into_iter().chain(["x".repeat(65).as_str()]) {
            assert!(bad.parse::<KeyName>().is_err(), "{bad}");
        }
        let name = |text: &str| text.parse::<KeyName>().unwrap();
        assert!(name("Ada L.L").is_like(&name("ada-ll")) && !name("ada").is_like(&name("ada2")));
        assert!(name("O0 l1").is_like(&name("00 Il")) && !name("key 1").is_like(&name("key 2")));
    }
}
