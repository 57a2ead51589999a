//! The members of an object, one after the other.

use std::borrow::Cow;

use super::scan::Scanned;
use super::span::Span;
use super::string::{plain_run, unescape};

/// The members of the object at `object` in a valid text, in their order.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    text: &'a str,
    at: usize,
}

/// One member of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member<'a> {
    /// The key, unescaped.
    pub key: Cow<'a, str>,
    /// The offset of the key in the text.
    pub at: usize,
    /// The value.
    pub value: &'a str,
    /// The span of the value in the text.
    pub span: Span,
}

impl<'a> Members<'a> {
    /// The members of a scanned text that is an object; none if it is something else.
    #[must_use]
    pub fn of(scanned: &Scanned<'a>) -> Option<Self> {
        let start = scanned.text.len() - scanned.text.trim_ascii_start().len();
        Self::at(scanned.text, start)
    }

    /// The members of the value that begins at `start`; none if it is not an object.
    pub(crate) fn at(text: &'a str, start: usize) -> Option<Self> {
        let after = text.get(start..)?.strip_prefix('{')?;
        Some(Self { text, at: text.len() - after.len() })
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        let bytes = self.text.as_bytes();
        let skip = |from: usize| {
            let is_between = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',' | b':');
            from + bytes.get(from..).unwrap_or_default().iter().take_while(|byte| is_between(byte)).count()
        };
        let at = skip(self.at);
        if bytes.get(at) != Some(&b'"') {
            return None;
        }
        let key_end = value_end(bytes, at);
        let key = unescape(self.text.get(at..key_end)?)?;
        let start = skip(key_end);
        let end = value_end(bytes, start);
        self.at = end;
        let span = Span { start: u32::try_from(start).ok()?, end: u32::try_from(end).ok()? };
        Some(Member { key, at, value: self.text.get(start..end)?, span })
    }
}

/// The end of the value that begins at `start`, in a valid text.
fn value_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let mut depth = 0usize;
    loop {
        match bytes.get(at) {
            Some(b'"') => {
                at += 1;
                loop {
                    at += plain_run(bytes.get(at..).unwrap_or_default());
                    match bytes.get(at) {
                        Some(b'\\') => at += 2,
                        _ => break,
                    }
                }
                at += 1;
            }
            Some(b'{' | b'[') => {
                at += 1;
                depth += 1;
            }
            Some(b'}' | b']') if depth > 0 => {
                at += 1;
                depth -= 1;
            }
            Some(b'}' | b']' | b',' | b':' | b' ' | b'\n' | b'\r' | b'\t') if depth == 0 => return at,
            Some(_) => {
                at += 1;
                continue;
            }
            None => return at,
        }
        if depth == 0 {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Paths, Scratch, scan};

    #[test]
    fn members_come_with_their_positions() {
        let text = br#" { "a" : 1 ,"b\u0020c":{"x":[1,"}\""],"y":{}}, "d":"\"", "e":null,"f" :[] } "#;
        let mut scratch = Scratch::default();
        let scanned = scan(text, &Paths::default(), &mut scratch).unwrap();
        let members: Vec<Member<'_>> = Members::of(&scanned).unwrap().collect();
        let pairs: Vec<(&str, &str)> = members.iter().map(|member| (&*member.key, member.value)).collect();
        let expected = [("a", "1"), ("b c", r#"{"x":[1,"}\""],"y":{}}"#), ("d", r#""\"""#), ("e", "null"), ("f", "[]")];
        assert_eq!(pairs, expected);
        for member in &members {
            assert_eq!(member.span.of(scanned.text), Some(member.value));
            assert_eq!(text[member.at], b'"');
        }
    }

    #[test]
    fn what_is_not_an_object_has_no_members() {
        let mut scratch = Scratch::default();
        let scanned = scan(b"[1]", &Paths::default(), &mut scratch).unwrap();
        assert!(Members::of(&scanned).is_none());
        let scanned = scan(b"{ }", &Paths::default(), &mut scratch).unwrap();
        assert_eq!(Members::of(&scanned).unwrap().count(), 0);
    }
}
