//! Reads names, texts and numbers on the way through a text.

use super::entry::{Kind, TreeError, Words, narrow};
use crate::json::string::unescape_into;

/// The powers of ten that a float holds exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The number of digits that always fit 64 bits.
const DIGITS: usize = 19;

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

    #[inline(always)]
    pub(super) fn number(&mut self) -> Result<(Kind, (u32, u32)), TreeError> {
        let start = self.at;
        let is_negative = self.peek() == b'-';
        if is_negative {
            self.pass();
        }
        let mut value = 0_u64;
        let mut digits = self.digits(&mut value)?;
        let mut broken = 0;
        if self.peek() == b'.' {
            self.pass();
            broken = self.digits(&mut value)?;
            digits = digits.wrapping_add(broken);
        }
        // Both the digits and the power are exact, so that their quotient is the float that is nearest to the number.
        let power = TENS.get(broken);
        match power {
            Some(power) if digits <= DIGITS && self.peek() | 0x20 != b'e' => {
                if broken == 0 {
                    return Ok(if is_negative { below_zero(value) } else { (Kind::Unsigned, halves(value)) });
                }
                if value > 1 << 53 {
                    return self.long_number(start);
                }
                #[expect(clippy::cast_precision_loss, reason = "the value has at most 53 bits")]
                let float = value as f64 / power;
                Ok((Kind::Float, halves((if is_negative { -float } else { float }).to_bits())))
            }
            _ => self.long_number(start),
        }
    }

    /// Reads a number that begins at `start` and is too long for a short cut, or has an exponent.
    #[cold]
    #[inline(never)]
    fn long_number(&mut self, start: usize) -> Result<(Kind, (u32, u32)), TreeError> {
        let mut is_whole = !self.bytes.get(start..self.at).is_some_and(|token| token.contains(&b'.'));
        if matches!(self.peek(), b'e' | b'E') {
            is_whole = false;
            self.pass();
            if matches!(self.peek(), b'+' | b'-') {
                self.pass();
            }
            self.digits(&mut 0)?;
        }
        let token = self.text.get(start..self.at).ok_or(TreeError::Syntax)?;
        if is_whole && let Ok(value) = token.parse::<u64>() {
            return Ok((Kind::Unsigned, halves(value)));
        }
        let float: f64 = token.parse().map_err(|_| TreeError::Syntax)?;
        if float.is_finite() { Ok((Kind::Float, halves(float.to_bits()))) } else { Err(TreeError::Number) }
    }

    /// Reads digits on to a value, and tells how many there were.
    #[inline(always)]
    fn digits(&mut self, value: &mut u64) -> Result<usize, TreeError> {
        let start = self.at;
        loop {
            let digit = self.peek().wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            *value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            self.pass();
        }
        if self.at == start { Err(TreeError::Syntax) } else { Ok(self.at.wrapping_sub(start)) }
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

/// A whole number with a sign. Zero keeps it as a float, and so does what is too small for 64 bits.
fn below_zero(value: u64) -> (Kind, (u32, u32)) {
    match 0_i64.checked_sub_unsigned(value) {
        Some(negative) if value > 0 => (Kind::Negative, halves(negative.cast_unsigned())),
        _ => {
            #[expect(clippy::cast_precision_loss, reason = "the nearest float is meant")]
            let float = -(value as f64);
            (Kind::Float, halves(float.to_bits()))
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
#[inline]
fn halves(bits: u64) -> (u32, u32) {
    (bits as u32, (bits >> 32) as u32)
}
