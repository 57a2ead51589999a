//! The end of a value, as far as brackets and strings tell.

use super::bytes::last_on_line;
use crate::json::string::plain_run;

/// More open brackets than this are not followed.
const MAX_OPEN: usize = 1 << 20;

/// The brackets that are open, and whether a string is. It can be given a text piece by piece.
///
/// A closing bracket that nothing was opened for is ignored, and so is one of an array in an element that is open: an element that is not
/// closed has no end. Each byte costs the same, whatever the text.
#[derive(Debug, Default)]
pub(super) struct Brackets {
    open: Vec<u8>,
    /// How many of them are braces.
    braces: usize,
    in_string: bool,
    is_escaped: bool,
    mismatched: Mismatched,
}

/// What a closing bracket means that does not belong to the one that was opened last. JSON has none.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mismatched {
    /// It closes its own, and everything that was opened inside of it and never closed.
    #[default]
    Closes,
    /// The same, and the bracket of an array also closes an array whose elements are not closed.
    EndsArray,
    /// Nothing.
    IsIgnored,
}

/// The length of the object or array that a text begins with, as far as brackets and strings tell; what is between them may be
/// anything. None if it does not end, or more than a million brackets are open. The elements of an array end where a
/// [`Splitter`](super::Splitter) finds their ends, except with [`Mismatched::EndsArray`].
#[must_use]
pub fn value_end(text: &[u8], mismatched: Mismatched) -> Option<usize> {
    let mut brackets = Brackets { mismatched, ..Brackets::default() };
    let (mut at, until) = match (text.first()?, mismatched) {
        (b'[', Mismatched::Closes | Mismatched::IsIgnored) => (1, Until::ElementEnd),
        _ => (0, Until::ValueEnd),
    };
    loop {
        match brackets.find(text, at, until)? {
            Found::End(end) => match (until, text.get(end)) {
                (Until::ElementEnd, Some(b',')) => at = end + 1,
                (Until::ElementEnd, _) => return Some(end + 1),
                (Until::ValueEnd, _) => return Some(end),
            },
            // Lines mean nothing here.
            Found::LineEnd { at: passed } | Found::Adjacent { at: passed } => at = passed + 1,
            Found::TooDeep { .. } => return None,
        }
    }
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
    /// The position of the comma or the bracket, or the end of the value.
    End(usize),
    /// A line feed, inside of a string or not; only in the search for the end of a value.
    LineEnd {
        /// Its position.
        at: usize,
    },
    /// A `{` behind a `}` on the same line, within another bracket.
    Adjacent {
        /// The position of the `{`, which counts as opened.
        at: usize,
    },
    /// A bracket with which more would be open than are followed.
    TooDeep {
        /// Its position.
        at: usize,
    },
}

impl Brackets {
    /// Searches the bytes from `from` on; those before have been searched. When an end is found, nothing is open any more.
    pub(super) fn find(&mut self, bytes: &[u8], from: usize, until: Until) -> Option<Found> {
        let mut at = from;
        let stops = until == Until::ValueEnd;
        if self.in_string {
            at = self.string(bytes, at, stops);
        }
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'\n' if stops => return Some(Found::LineEnd { at: at - 1 }),
                b'"' => {
                    self.in_string = true;
                    at = self.string(bytes, at, stops);
                }
                b'{' | b'[' => {
                    if self.open.len() >= MAX_OPEN {
                        return Some(Found::TooDeep { at: at - 1 });
                    }
                    let is_nested = !self.open.is_empty();
                    self.open.push(byte);
                    self.braces += usize::from(byte == b'{');
                    if byte == b'{' && is_nested && until == Until::ValueEnd {
                        let before = bytes.get(..at - 1).unwrap_or_default();
                        if last_on_line(before) == Some(b'}') {
                            return Some(Found::Adjacent { at: at - 1 });
                        }
                    }
                }
                b'}' | b']' if self.is_ignored(byte) => {}
                b'}' if self.braces > 0 => {
                    self.close(b'{');
                    if until == Until::ValueEnd && self.open.is_empty() {
                        return Some(Found::End(at));
                    }
                }
                b']' if self.open.len() > self.braces => {
                    self.close(b'[');
                    if until == Until::ValueEnd && self.open.is_empty() {
                        return Some(Found::End(at));
                    }
                }
                b']' | b',' if until == Until::ElementEnd && self.open.is_empty() => return Some(Found::End(at - 1)),
                _ => {}
            }
        }
        None
    }

    /// Whether nothing is open.
    pub(super) fn is_between(&self) -> bool {
        self.open.is_empty() && !self.in_string
    }

    /// How many brackets are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
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

    /// Whether a closing bracket is one that means nothing where mismatched ones do not.
    fn is_ignored(&self, closing: u8) -> bool {
        let opening = if closing == b'}' { b'{' } else { b'[' };
        self.mismatched == Mismatched::IsIgnored && self.open.last().is_some_and(|last| *last != opening)
    }

    fn close(&mut self, opening: u8) {
        while let Some(open) = self.open.pop() {
            self.braces -= usize::from(open == b'{');
            if open == opening {
                break;
            }
        }
    }

    /// Goes over the inside of a string, or up to a line feed if it `stops` there. Where the piece ends before the string does, this
    /// is remembered.
    fn string(&mut self, bytes: &[u8], mut at: usize, stops: bool) -> usize {
        let is_line_end = |at: usize| stops && bytes.get(at) == Some(&b'\n');
        if self.is_escaped && at < bytes.len() {
            self.is_escaped = false;
            at += usize::from(!is_line_end(at));
        }
        loop {
            at += plain_run(bytes.get(at..).unwrap_or_default());
            match bytes.get(at) {
                None => return at,
                Some(b'\n') if stops => return at,
                Some(b'"') => {
                    self.in_string = false;
                    return at + 1;
                }
                Some(b'\\') if at + 1 == bytes.len() => {
                    self.is_escaped = true;
                    return at + 1;
                }
                Some(b'\\') => at += if is_line_end(at + 1) { 1 } else { 2 },
                Some(_) => at += 1,
            }
        }
    }
}
