//! Output in which every character is visible. Other characters could move the cursor of a terminal, or hide text.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter};

/// Writes a value as JSON, with `\u` escapes for invisible characters.
///
/// # Errors
/// When it cannot be written as JSON, or not be written.
pub fn write_json(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(out, Visible)).map_err(io::Error::from)
}

/// Writes a text with `\u` escapes for invisible characters, except line feeds.
///
/// # Errors
/// When it cannot be written.
pub fn write_visible(out: &mut impl Write, text: &str) -> io::Result<()> {
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.write_all(b"\n")?;
        }
        write_fragment(out, line)?;
    }
    Ok(())
}

fn write_fragment<W: ?Sized + Write>(out: &mut W, fragment: &str) -> io::Result<()> {
    // The usual case. The loop does not end early, so that it is vectorized.
    if fragment.bytes().fold(true, |is_plain, byte| is_plain & matches!(byte, b' '..=b'~')) {
        return out.write_all(fragment.as_bytes());
    }
    for piece in fragment.split_inclusive(is_hidden) {
        let mut before = piece.chars();
        match before.next_back() {
            Some(last) if is_hidden(last) => {
                out.write_all(before.as_str().as_bytes())?;
                for unit in last.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
            _ => out.write_all(piece.as_bytes())?,
        }
    }
    Ok(())
}

/// Compact JSON with `\u` escapes for characters that `char::escape_debug` escapes.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        write_fragment(out, fragment)
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, out: &mut W, escape: CharEscape) -> io::Result<()> {
        serde_json::ser::CompactFormatter.write_char_escape(out, escape)
    }
}

fn is_hidden(character: char) -> bool {
    // ASCII quotes and backslashes are visible; serde_json escapes them.
    !character.is_ascii_graphic() && character != ' ' && character.escape_debug().len() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: &str) -> String {
        let mut out = Vec::new();
        write_json(&mut out, &value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_holds_nothing_that_a_terminal_obeys() {
        let hostile = "a\u{1b}[31m\u{9b}2J\u{7f}\u{202e}\u{2066}\u{200b}\r\n\t\"\\é漢😀\u{e0001}";
        let written = json(hostile);
        assert!(!written.chars().any(|character| character.is_control()), "{written}");
        assert!(written.contains("\\u001b[31m\\u009b2J\\u007f\\u202e\\u2066\\u200b"), "{written}");
        assert!(written.contains("é漢😀"), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), hostile);
    }

    #[test]
    fn lines_hold_nothing_that_a_terminal_obeys() {
        let mut out = Vec::new();
        write_visible(&mut out, "a\u{1b}[31m\u{7f}\u{202e}é\r\n\nb\n").unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a\\u001b[31m\\u007f\\u202eé\\u000d\n\nb\n");
    }
}
