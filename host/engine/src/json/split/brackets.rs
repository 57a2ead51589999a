//! The end of a value, as far as brackets and strings tell.

use crate::json::string::plain_run;

/// More open brackets than this are not followed.
const MAX_OPEN: usize = 1 << 20;

/// The brackets that are open, and whether a string is. It can be given a text piece by piece.
///
/// A closing bracket also closes what was opened inside of it and never closed; one that nothing was opened for is ignored.
/// Each byte costs the same, whatever the text.
#[derive(Debug, Default)]
pub(super) struct Brackets {
    open: Vec<u8>,
    /// How many of them are braces.
    braces: usize,
    in_string: bool,
    is_escaped: bool,
}

/// The end that is searched for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Until {
    /// The comma behind an element of an array, or the bracket that closes the array.
    ElementEnd,
    /// The end of an object or array.
    ValueEnd,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Found {
    End {
        /// The position of the comma or the bracket, or the end of the value.
        at: usize,
        /// Whether all brackets were closed.
        is_whole: bool,
    },
    TooDeep,
}

impl Brackets {
    /// Searches the next piece. When something is found, nothing is open any more.
    pub(super) fn find(&mut self, bytes: &[u8], until: Until) -> Option<Found> {
        let mut at = 0;
        if self.in_string {
            at = self.string(bytes, at);
        }
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    self.in_string = true;
                    at = self.string(bytes, at);
                }
                b'{' | b'[' => {
                    if self.open.len() >= MAX_OPEN {
                        return Some(Found::TooDeep);
                    }
                    self.open.push(byte);
                    self.braces += usize::from(byte == b'{');
                }
                b'}' if self.braces > 0 => {
                    self.close(b'{');
                    if until == Until::ValueEnd && self.open.is_empty() {
                        return Some(Found::End { at, is_whole: true });
                    }
                }
                b']' if self.open.len() > self.braces => {
                    self.close(b'[');
                    if until == Until::ValueEnd && self.open.is_empty() {
                        return Some(Found::End { at, is_whole: true });
                    }
                }
                b']' if until == Until::ElementEnd => {
                    let is_whole = self.open.is_empty();
                    self.open.clear();
                    self.braces = 0;
                    return Some(Found::End { at: at - 1, is_whole });
                }
                b',' if until == Until::ElementEnd && self.open.is_empty() => {
                    return Some(Found::End { at: at - 1, is_whole: true });
                }
                _ => {}
            }
        }
        None
    }

    /// Whether nothing is open.
    pub(super) fn is_between(&self) -> bool {
        self.open.is_empty() && !self.in_string
    }

    /// Whether an object may begin behind a line that ends with `last`.
    pub(super) fn may_open_behind(&self, last: Option<u8>) -> bool {
        match last {
            _ if self.in_string => false,
            Some(b':') => true,
            Some(b',' | b'[') => self.open.last() == Some(&b'['),
            _ => false,
        }
    }

    fn close(&mut self, opening: u8) {
        while let Some(open) = self.open.pop() {
            self.braces -= usize::from(open == b'{');
            if open == opening {
                break;
            }
        }
    }

    /// Goes over the inside of a string; where the piece ends before the string does, this is remembered.
    fn string(&mut self, bytes: &[u8], mut at: usize) -> usize {
        if self.is_escaped && at < bytes.len() {
            self.is_escaped = false;
            at += 1;
        }
        loop {
            at += plain_run(bytes.get(at..).unwrap_or_default());
            match bytes.get(at) {
                None => return at,
                Some(b'"') => {
                    self.in_string = false;
                    return at + 1;
                }
                Some(b'\\') if at + 1 == bytes.len() => {
                    self.is_escaped = true;
                    return at + 1;
                }
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
            }
        }
    }
}
