//! A pass over a text: where it is, what it has found, and why it was given up.

use crate::excerpt::Excerpt;
use crate::json::error::{JsonProblem, Syntax, expected};
use crate::json::keys::{Keys, Repeated};
use crate::json::span::Span;
use crate::json::string::unescape_into;

/// A pass over a text.
pub(super) struct Scan<'a, 's> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    /// The offset of the next byte.
    pub(super) at: usize,
    pub(super) keys: &'s mut Keys,
    pub(super) spans: &'s mut [Span],
    /// Why the pass was given up, and where.
    pub(super) halt: Option<(JsonProblem, usize)>,
}

/// The pass was given up. [`Scan`] has the reason, so that every step returns a value of no size.
pub(super) struct Halt;

impl Scan<'_, '_> {
    /// The next byte; 0, which is valid nowhere, at the end of the text.
    #[inline]
    pub(super) fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// The next byte that is not white space.
    #[inline]
    pub(super) fn skip_space(&mut self) -> u8 {
        loop {
            let byte = self.peek();
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return byte;
            }
            self.at += 1;
        }
    }

    #[cold]
    pub(super) fn expected(&mut self, what: &'static str) -> Halt {
        self.wrong(expected(self.bytes, self.at, what), self.at)
    }

    #[cold]
    pub(super) fn wrong(&mut self, syntax: Syntax, at: usize) -> Halt {
        self.give_up(JsonProblem::Syntax(syntax), at)
    }

    #[cold]
    pub(super) fn repeated(&mut self, Repeated(start): Repeated) -> Halt {
        let start = start as usize;
        let inside = self.text.get(start..).unwrap_or_default();
        let mut key = String::new();
        // The key has been read before, so it has an end.
        let end = closing_quote(inside);
        unescape_into(inside.get(..end).unwrap_or_default(), &mut key);
        self.give_up(JsonProblem::DuplicateKey { key: Excerpt::of(&key) }, start - 1)
    }

    #[cold]
    pub(super) fn give_up(&mut self, problem: JsonProblem, at: usize) -> Halt {
        self.halt = Some((problem, at));
        Halt
    }
}

fn closing_quote(inside: &str) -> usize {
    let mut is_escaped = false;
    let closes = |byte: u8| {
        let closes = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        closes
    };
    inside.bytes().position(closes).unwrap_or(inside.len())
}
