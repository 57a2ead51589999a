//! Strings: where they end, and what they say.

use std::borrow::Cow;

/// How many bytes from the beginning need no attention inside of a string: no quote, no backslash, no control character.
pub(super) fn plain_run(bytes: &[u8]) -> usize {
    let (words, tail) = bytes.as_chunks::<8>();
    let mut run = 0;
    for word in words {
        let stops = stops(u64::from_le_bytes(*word));
        if stops != 0 {
            return run + (stops.trailing_zeros() / 8) as usize;
        }
        run += 8;
    }
    run + tail.iter().take_while(|&&byte| byte >= 0x20 && byte != b'"' && byte != b'\\').count()
}

/// Marks, with the highest bit of a byte, where a quote, a backslash or a control character lies in eight bytes. Marks above
/// the lowest one may be false.
fn stops(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let quotes = word ^ (ONES * 0x22);
    let backslashes = word ^ (ONES * 0x5c);
    let found = (quotes.wrapping_sub(ONES) & !quotes)
        | (backslashes.wrapping_sub(ONES) & !backslashes)
        | (word.wrapping_sub(ONES * 0x20) & !word);
    found & (ONES * 0x80)
}

/// The text between the quotes of a string token, still escaped; none if the token is not a string.
#[must_use]
pub fn raw_text(token: &str) -> Option<&str> {
    token.strip_prefix('"')?.strip_suffix('"')
}

/// The unescaped text of a string token; none if the token is not a string.
#[must_use]
pub fn unescape(token: &str) -> Option<Cow<'_, str>> {
    let raw = raw_text(token)?;
    if !raw.contains('\\') {
        return Some(Cow::Borrowed(raw));
    }
    let mut text = String::with_capacity(raw.len());
    unescape_into(raw, &mut text);
    Some(Cow::Owned(text))
}

/// Appends what the inside of a valid string token says. It never says more bytes than it has.
pub(crate) fn unescape_into(raw: &str, text: &mut String) {
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut following = escape.chars();
        let character = match following.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let (character, after) = unicode(following.as_str());
                text.push(character);
                rest = after;
                continue;
            }
            Some(itself) => itself,
            None => char::REPLACEMENT_CHARACTER,
        };
        text.push(character);
        rest = following.as_str();
    }
    text.push_str(rest);
}

/// The character behind `\u`, and what follows it.
fn unicode(escape: &str) -> (char, &str) {
    let Some((unit, after)) = hex(escape) else { return (char::REPLACEMENT_CHARACTER, "") };
    if let Some(character) = char::from_u32(unit) {
        return (character, after);
    }
    let pair = after.strip_prefix("\\u").and_then(hex).and_then(|(low, after)| {
        let code = 0x10000 + (unit.checked_sub(0xd800)? << 10) + low.checked_sub(0xdc00)?;
        Some((char::from_u32(code)?, after))
    });
    pair.unwrap_or((char::REPLACEMENT_CHARACTER, after))
}

fn hex(text: &str) -> Option<(u32, &str)> {
    let (digits, after) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_are_resolved() {
        let cases = [
            (r#""""#, ""),
            (r#""plain""#, "plain"),
            (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r#""\u00e4x\u20AC""#, "äx€"),
            (r#""a\ud83d\ude00b""#, "a😀b"),
            (r#""\u0000""#, "\0"),
        ];
        for (token, text) in cases {
            assert_eq!(unescape(token).as_deref(), Some(text), "{token}");
        }
        assert_eq!(unescape("12"), None);
        assert_eq!(unescape("\""), None);
    }

    proptest! {
        #[test]
        fn a_run_ends_where_the_first_special_byte_is(bytes in prop::collection::vec(prop_oneof![
            any::<u8>(), Just(b'"'), Just(b'\\'), Just(0x1f), Just(0x20), Just(0x21), Just(0x80), Just(0xa2),
        ], 0..40)) {
            let slow = bytes.iter().take_while(|&&byte| byte >= 0x20 && byte != b'"' && byte != b'\\').count();
            prop_assert_eq!(plain_run(&bytes), slow);
        }

        #[test]
        fn serde_json_says_the_same(text in any::<String>()) {
            let token = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(unescape(&token).unwrap(), text);
        }
    }
}
