//! Strings, numbers and words.

use super::cursor::{Halt, Scan};
use crate::json::error::{JsonProblem, Syntax};
use crate::json::string::plain_run;

impl Scan<'_, '_> {
    /// Passes a string and returns whether anything in it is escaped.
    #[inline]
    pub(super) fn string(&mut self) -> Result<bool, Halt> {
        let start = self.at;
        self.at += 1;
        let mut is_escaped = false;
        loop {
            self.at += plain_run(self.bytes.get(self.at..).unwrap_or_default());
            match self.peek() {
                b'"' => break,
                b'\\' => self.escape()?,
                _ if self.at >= self.bytes.len() => return Err(self.wrong(Syntax::OpenString, start)),
                _ => return Err(self.wrong(Syntax::ControlCharacter, self.at)),
            }
            is_escaped = true;
        }
        self.at += 1;
        Ok(is_escaped)
    }

    fn escape(&mut self) -> Result<(), Halt> {
        let start = self.at;
        self.at += 1;
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.at += 1;
                Ok(())
            }
            b'u' => match self.unicode_escape(start)? {
                0xdc00..=0xdfff => Err(self.wrong(Syntax::LoneSurrogate, start)),
                0xd800..=0xdbff => {
                    let second = self.at;
                    if self.bytes.get(second..second + 2) != Some(b"\\u") {
                        return Err(self.wrong(Syntax::LoneSurrogate, start));
                    }
                    self.at += 1;
                    match self.unicode_escape(second)? {
                        0xdc00..=0xdfff => Ok(()),
                        _ => Err(self.wrong(Syntax::LoneSurrogate, start)),
                    }
                }
                _ => Ok(()),
            },
            _ if self.at >= self.bytes.len() => Err(self.wrong(Syntax::OpenString, start)),
            _ => Err(self.wrong(Syntax::Escape, start)),
        }
    }

    /// Passes the four digits behind a `u` and returns their value.
    fn unicode_escape(&mut self, start: usize) -> Result<u32, Halt> {
        let mut unit = 0;
        for _ in 0..4 {
            self.at += 1;
            match char::from(self.peek()).to_digit(16) {
                Some(digit) => unit = unit << 4 | digit,
                None => return Err(self.wrong(Syntax::HexDigits, start)),
            }
        }
        self.at += 1;
        Ok(unit)
    }

    #[inline]
    pub(super) fn number(&mut self) -> Result<(), Halt> {
        let start = self.at;
        if self.peek() == b'-' {
            self.at += 1;
        }
        if self.peek() == b'0' {
            self.at += 1;
            if self.peek().is_ascii_digit() {
                return Err(self.wrong(Syntax::LeadingZero, self.at - 1));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        let has_exponent = matches!(self.peek(), b'e' | b'E');
        if has_exponent {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        if has_exponent || self.at - start > f64::MAX_10_EXP as usize { self.in_range(start) } else { Ok(()) }
    }

    /// Refuses the number that begins at `start` if it is larger than any float. A number is never too small.
    #[cold]
    fn in_range(&mut self, start: usize) -> Result<(), Halt> {
        let value: Option<f64> = self.text.get(start..self.at).and_then(|token| token.parse().ok());
        if value.is_some_and(f64::is_finite) { Ok(()) } else { Err(self.give_up(JsonProblem::Number, start)) }
    }

    #[inline]
    fn digits(&mut self) -> Result<(), Halt> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start { Err(self.expected("a digit")) } else { Ok(()) }
    }

    #[inline]
    pub(super) fn word(&mut self, word: &[u8]) -> Result<(), Halt> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(())
    }
}
