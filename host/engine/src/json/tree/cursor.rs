//! Reads names, texts and numbers on the way through a text.

use super::entry::{Kind, TreeError, Words, narrow};
use crate::json::number::Number;
use crate::json::string::unescape_into;

/// A position in a text.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl Cursor<'_> {
    /// The next byte; 0, which is valid nowhere, behind the last one.
    #[inline(always)]
    pub(super) fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// Goes one byte on.
    #[inline(always)]
    pub(super) fn pass(&mut self) {
        self.at = self.at.wrapping_add(1);
    }

    /// The next byte that is not white space.
    #[inline(always)]
    pub(super) fn skip_space(&mut self) -> u8 {
        loop {
            let byte = self.peek();
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return byte;
            }
            self.pass();
        }
    }

    /// Reads the name before the value of a member; an item has none.
    #[inline(always)]
    pub(super) fn name(&mut self, close: u8, unescaped: &mut String) -> Result<Words, TreeError> {
        if close == b']' {
            return Ok(Words::default());
        }
        if self.peek() != b'"' {
            return Err(TreeError::Syntax);
        }
        let name = self.string(unescaped)?;
        if self.skip_space() != b':' {
            return Err(TreeError::Syntax);
        }
        self.pass();
        self.skip_space();
        Ok(name)
    }

    #[inline(always)]
    pub(super) fn string(&mut self, unescaped: &mut String) -> Result<Words, TreeError> {
        self.pass();
        let start = self.at;
        self.run();
        if self.peek() != b'"' {
            return self.escaped_string(start, unescaped);
        }
        let end = self.at;
        self.pass();
        Ok(Words { start: narrow(start), end: narrow(end), is_escaped: false })
    }

    /// Goes on to the next quote or backslash, or to the end.
    #[inline(always)]
    fn run(&mut self) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        let (words, _) = self.bytes.get(self.at..).unwrap_or_default().as_chunks::<8>();
        for word in words {
            let word = u64::from_le_bytes(*word);
            let (quotes, backslashes) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5c));
            let zeros = (quotes.wrapping_sub(ONES) & !quotes) | (backslashes.wrapping_sub(ONES) & !backslashes);
            let stops = zeros & (ONES * 0x80);
            if stops != 0 {
                self.at = self.at.wrapping_add((stops.trailing_zeros() / 8) as usize);
                return;
            }
            self.at = self.at.wrapping_add(8);
        }
        while self.at < self.bytes.len() && !matches!(self.peek(), b'"' | b'\\') {
            self.pass();
        }
    }

    /// Reads the rest of a string that has an escape where the cursor is.
    #[cold]
    #[inline(never)]
    fn escaped_string(&mut self, start: usize, unescaped: &mut String) -> Result<Words, TreeError> {
        loop {
            match self.peek() {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => return Err(TreeError::Syntax),
            }
            self.run();
        }
        let raw = self.text.get(start..self.at).ok_or(TreeError::Syntax)?;
        self.pass();
        let start = narrow(unescaped.len());
        unescape_into(raw, unescaped);
        Ok(Words { start, end: narrow(unescaped.len()), is_escaped: true })
    }

    /// Passes a number. What it means is found out when it is asked for.
    #[inline(always)]
    pub(super) fn number(&mut self) -> Result<(Kind, (u32, u32)), TreeError> {
        let start = self.at;
        let mut has_exponent = false;
        loop {
            let byte = self.peek();
            if !byte.is_ascii_digit() {
                match byte {
                    b'.' | b'-' | b'+' => {}
                    b'e' | b'E' => has_exponent = true,
                    _ => break,
                }
            }
            self.pass();
        }
        let token = self.text.get(start..self.at).filter(|token| !token.is_empty()).ok_or(TreeError::Syntax)?;
        if has_exponent && Number::has_long_exponent(token) {
            return Err(TreeError::Number);
        }
        Ok((Kind::Number, (narrow(start), narrow(self.at))))
    }

    #[inline(always)]
    pub(super) fn word(&mut self, word: &[u8], kind: Kind) -> Result<(Kind, (u32, u32)), TreeError> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(TreeError::Syntax);
        }
        self.at = self.at.wrapping_add(word.len());
        Ok((kind, (0, 0)))
    }
}
