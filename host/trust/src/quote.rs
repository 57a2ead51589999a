//! Foreign text inside of our own messages.

use std::fmt;

/// Characters of a foreign text that a message shows.
const SHOWN: usize = 120;

/// A text of unknown origin in backticks: one line, nothing invisible, and not longer than a message should be.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("`")?;
        let mut characters = self.0.chars();
        for character in characters.by_ref().take(SHOWN) {
            match character {
                '\'' | '"' => write!(out, "{character}")?,
                '`' => out.write_str("\\`")?,
                _ => write!(out, "{}", character.escape_debug())?,
            }
        }
        if characters.next().is_some() {
            out.write_str("...")?;
        }
        out.write_str("`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_leave_its_quotes() {
        let shown = |text: &str| Quoted(text).to_string();
        assert_eq!(shown("it's \"plain\""), "`it's \"plain\"`");
        assert_eq!(shown("a`b\n\u{1b}[31m\u{202e}x"), "`a\\`b\\n\\u{1b}[31m\\u{202e}x`");
        assert_eq!(shown(&"x".repeat(500)).len(), 120 + 2 + 3);
    }
}
