//! The tokens of a file, by their positions.

use crate::tokens::{STRING, Token, of_product_with_strings};

/// The code of a file, without comments and tests.
#[derive(Debug)]
pub(super) struct Code(Vec<Token>);

impl Code {
    pub(super) fn of(text: &str) -> Self {
        Self(of_product_with_strings(text))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn line(&self, at: usize) -> usize {
        self.0.get(at).map_or(0, |token| token.line)
    }

    /// Whether one of the words is there.
    pub(super) fn is(&self, at: usize, words: &[&str]) -> bool {
        self.0.get(at).is_some_and(|token| words.contains(&token.text.as_str()))
    }

    pub(super) fn is_string(&self, at: usize) -> bool {
        self.is(at, &[STRING])
    }

    /// Whether `==` or `!=` is there.
    pub(super) fn is_comparison(&self, at: usize) -> bool {
        self.is(at, &["=", "!"]) && self.is(at + 1, &["="])
    }

    /// The position behind the bracket that closes the one at a position.
    pub(super) fn behind(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for at in open..self.len() {
            if self.is(at, &["(", "[", "{"]) {
                depth += 1;
            } else if self.is(at, &[")", "]", "}"]) {
                depth = depth.saturating_sub(1);
            }
            if depth == 0 {
                return at + 1;
            }
        }
        self.len()
    }

    /// The position behind a name, and behind its arguments, if it is a call.
    pub(super) fn behind_call(&self, name: usize) -> usize {
        if self.is(name + 1, &["("]) { self.behind(name + 1) } else { name + 1 }
    }

    /// Whether a position is in the first argument of `matches!`.
    pub(super) fn is_in_matches(&self, at: usize) -> bool {
        let mut before = (0..at).rev().take_while(|at| !self.is(*at, &[";", "{"]));
        before.any(|at| self.is(at, &["matches"]) && self.is(at + 1, &["!"]))
    }

    /// Whether an arm of the `match` whose block begins at a position has a string in its pattern.
    pub(super) fn has_string_pattern(&self, open: usize) -> bool {
        let end = self.behind(open);
        let (mut at, mut is_pattern) = (open + 1, true);
        while at + 1 < end {
            if is_pattern && self.is_string(at) {
                return true;
            }
            if self.is(at, &["="]) && self.is(at + 1, &[">"]) {
                at += 2;
                // A block ends an arm without a comma.
                is_pattern = self.is(at, &["{"]);
                at = if is_pattern { self.behind(at) } else { at };
            } else if !is_pattern && self.is(at, &["(", "[", "{"]) {
                at = self.behind(at);
            } else {
                is_pattern |= self.is(at, &[","]);
                at += 1;
            }
        }
        false
    }
}
