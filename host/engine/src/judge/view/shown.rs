//! Texts and dates as messages show them.

use std::borrow::Cow;

use crate::excerpt::{MAX_VALUE, shortened};
use crate::json::{raw_text, unescape_into};

/// Stands where a text was cut.
const CUT: char = '…';

/// What a string token says, without its quotes: at most [`MAX_VALUE`] bytes of the token, with [`CUT`] where it goes on.
///
/// Control characters stay the escapes of JSON, so that no message has them. An empty text, and one that begins or ends with white space,
/// keeps its quotes, so that a sentence shows it. A token that is not a string stays as it is.
pub(super) fn unquoted(token: &str) -> Cow<'_, str> {
    let is_visible = |raw: &&str| !raw.is_empty() && raw.trim() == *raw;
    let Some(raw) = raw_text(token).filter(is_visible) else { return Cow::Borrowed(shortened(token)) };
    let whole = raw.len();
    let raw = raw.get(..fitting(raw)).unwrap_or_default();
    let is_plain = !raw.contains(|character: char| character == '\\' || character.is_control());
    if is_plain && raw.len() == whole {
        return Cow::Borrowed(raw);
    }
    let mut said = String::with_capacity(raw.len());
    unescape_into(raw, &mut said);
    let mut text = String::with_capacity(said.len() + CUT.len_utf8());
    for character in said.chars() {
        match character {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if control.is_control() => text.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => text.push(other),
        }
    }
    text.extend((raw.len() < whole).then_some(CUT));
    Cow::Owned(text)
}

/// How much of a string fits, without a part of a character or of an escape at the end.
fn fitting(raw: &str) -> usize {
    if raw.len() <= MAX_VALUE {
        return raw.len();
    }
    let mut end = 0;
    let mut rest = raw;
    while let Some(character) = rest.chars().next() {
        let length = match rest.as_bytes() {
            // The first half of a character is written with the second.
            [b'\\', b'u', b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B', ..] => 12,
            [b'\\', b'u', ..] => 6,
            [b'\\', ..] => 2,
            _ => character.len_utf8(),
        };
        if end + length > MAX_VALUE {
            break;
        }
        end += length;
        rest = raw.get(end..).unwrap_or_default();
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_loses_its_quotes_and_escapes_but_those_of_control_characters() {
        for (token, shown) in [
            (r#""active""#, "active"),
            (r#""M\u00fcller""#, "Müller"),
            (r#""\ud83d\ude00 \"x\" a\\b c\/d""#, "😀 \"x\" a\\b c/d"),
            (r#""a\nb\u001b[1m\t\r\u0000\u007f""#, r"a\nb\u001b[1m\t\r\u0000\u007f"),
            ("\"a\u{7f}\u{9b}\"", r"a\u007f\u009b"),
            (r#""""#, r#""""#),
            (r#"" ""#, r#"" ""#),
            (r#""active ""#, r#""active ""#),
            (r#""\u0020""#, " "),
            ("1.50", "1.50"),
            ("null", "null"),
            (r#"["a"]"#, r#"["a"]"#),
        ] {
            assert_eq!(unquoted(token), shown, "{token}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_escapes() {
        let most = |piece: &str| {
            let token = format!("\"{}\"", piece.repeat(100_000));
            unquoted(&token).into_owned()
        };
        assert_eq!(most("x"), "x".repeat(256) + "…");
        assert_eq!(most("é"), "é".repeat(128) + "…");
        assert_eq!(most("€"), "€".repeat(85) + "…");
        assert_eq!(most(r"\u00fc"), "ü".repeat(42) + "…");
        assert_eq!(most(r"\ud83d\ude00"), "😀".repeat(21) + "…");
        assert_eq!(most(r"\n"), r"\n".repeat(128) + "…");
        assert_eq!(unquoted(&format!("\"{}\"", "x".repeat(256))), "x".repeat(256));
    }
}
