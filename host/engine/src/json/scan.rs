//! One pass over one text.

use jurat_model::Bytes;

use super::keys::{Keys, Repeated};
use super::paths::Node;
use super::string::plain_run;
use super::{JsonError, JsonProblem, Paths, Position, Syntax};
use crate::Excerpt;

/// How many arrays and objects may lie inside of each other.
pub const MAX_DEPTH: usize = 64;

/// The longest record that is accepted where nobody says otherwise.
pub const DEFAULT_MAX_RECORD: Bytes = Bytes::mebi(1);

/// Where a value lies in its text.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Span {
    /// Its first byte.
    pub start: u32,
    /// The byte behind its last one.
    pub end: u32,
}

impl Span {
    /// The span of a value that is not there.
    pub const NONE: Self = Self { start: 0, end: 0 };

    /// Whether there is no value.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.end == 0
    }

    /// The value's text, as it stands in `text`; none if there is no value.
    #[must_use]
    pub fn of(self, text: &str) -> Option<&str> {
        if self.is_none() { None } else { text.get(self.start as usize..self.end as usize) }
    }
}

/// What a scan needs and what the next one can use again.
#[derive(Debug)]
pub struct Scratch {
    max_record: usize,
    keys: Keys,
    spans: Vec<Span>,
}

impl Scratch {
    /// Buffers for texts of at most `max_record` bytes, and never more than 1 GiB.
    #[must_use]
    pub fn new(max_record: Bytes) -> Self {
        let max_record = usize::try_from(max_record.get().min(1 << 30)).unwrap_or(usize::MAX);
        Self { max_record, keys: Keys::default(), spans: Vec::new() }
    }
}

impl Default for Scratch {
    /// Buffers for texts of at most [`DEFAULT_MAX_RECORD`].
    fn default() -> Self {
        Self::new(DEFAULT_MAX_RECORD)
    }
}

/// A valid text, and where the values at the planned paths lie in it.
#[derive(Clone, Copy, Debug)]
pub struct Scanned<'a> {
    /// The text.
    pub text: &'a str,
    /// One span for each slot of the paths; [`Span::NONE`] where the path leads nowhere.
    pub spans: &'a [Span],
}

/// Reads one JSON value of any kind.
///
/// # Errors
/// When the text is longer than the buffers allow, is not UTF-8 or not JSON, has anything but white space behind the value (or
/// a byte order mark before it), repeats a key in one object, has a number beyond the range of a 64-bit float, or is nested
/// deeper than [`MAX_DEPTH`]. The error is the first in the text, except that a repeated key in an object of many keys is
/// noticed only at its end.
pub fn scan<'a>(bytes: &'a [u8], paths: &Paths, scratch: &'a mut Scratch) -> Result<Scanned<'a>, JsonError> {
    if bytes.len() > scratch.max_record {
        let problem = JsonProblem::TooLarge { limit: Bytes::new(scratch.max_record as u64) };
        return Err(JsonError { problem, at: Position::START });
    }
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            return Err(JsonError { problem: JsonProblem::Utf8, at: Position::of(bytes, error.valid_up_to()) });
        }
    };
    scratch.keys.clear();
    scratch.spans.clear();
    scratch.spans.resize(paths.slots(), Span::NONE);
    let mut scan = Scan { text, bytes, at: 0, keys: &mut scratch.keys, spans: &mut scratch.spans, halt: None };
    match scan.whole(paths.root()) {
        Ok(()) => Ok(Scanned { text, spans: &scratch.spans }),
        Err(Halt) => {
            let (problem, offset) = scan.halt.unwrap_or((JsonProblem::Syntax(expected(bytes, 0, "a value")), 0));
            Err(JsonError { problem, at: Position::of(bytes, offset) })
        }
    }
}

struct Scan<'a, 's> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    keys: &'s mut Keys,
    spans: &'s mut [Span],
    /// Why the scan was given up, and where.
    halt: Option<(JsonProblem, usize)>,
}

/// The scan was given up; the reason is in the scan, so that every step returns next to nothing.
struct Halt;

impl<'a> Scan<'a, '_> {
    fn whole(&mut self, root: &Node) -> Result<(), Halt> {
        self.skip_space();
        self.value(Some(root), 0)?;
        self.skip_space();
        if self.at < self.bytes.len() { Err(self.expected("nothing behind the value")) } else { Ok(()) }
    }

    fn value(&mut self, node: Option<&Node>, depth: usize) -> Result<(), Halt> {
        match self.peek() {
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number(),
            b'{' => self.object(node, depth + 1),
            b'[' => self.array(depth + 1),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => Err(self.expected("a value")),
        }
    }

    fn object(&mut self, node: Option<&Node>, depth: usize) -> Result<(), Halt> {
        self.open(depth)?;
        if self.skip_space() == b'}' {
            self.at += 1;
            return Ok(());
        }
        let mut frame = self.keys.enter();
        loop {
            if self.peek() != b'"' {
                return Err(self.expected("a key in quotes"));
            }
            let start = self.at + 1;
            let is_escaped = self.string()?;
            let inside = (narrow(start), narrow(self.at - 1));
            let key = match self.keys.add(&mut frame, self.text, inside, is_escaped) {
                Ok(key) => key,
                Err(repeated) => return Err(self.repeated(repeated)),
            };
            let node = node.and_then(|node| node.child(key.print, self.keys.bytes(&key, self.text)));
            if self.skip_space() != b':' {
                return Err(self.expected("`:`"));
            }
            self.at += 1;
            self.skip_space();
            let start = self.at;
            self.value(node, depth)?;
            if let Some(slot) = node.and_then(|node| node.slot)
                && let Some(span) = self.spans.get_mut(slot as usize)
            {
                *span = Span { start: narrow(start), end: narrow(self.at) };
            }
            match self.skip_space() {
                b',' => self.at += 1,
                b'}' => break,
                _ => return Err(self.expected("`,` or `}`")),
            }
            self.skip_space();
        }
        self.at += 1;
        self.keys.leave(frame, self.text).map_err(|repeated| self.repeated(repeated))
    }

    fn array(&mut self, depth: usize) -> Result<(), Halt> {
        self.open(depth)?;
        if self.skip_space() == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(None, depth)?;
            match self.skip_space() {
                b',' => self.at += 1,
                b']' => break,
                _ => return Err(self.expected("`,` or `]`")),
            }
            self.skip_space();
        }
        self.at += 1;
        Ok(())
    }

    fn open(&mut self, depth: usize) -> Result<(), Halt> {
        if depth > MAX_DEPTH {
            return Err(self.give_up(JsonProblem::Depth { limit: MAX_DEPTH }, self.at));
        }
        self.at += 1;
        Ok(())
    }

    /// Goes over a string and tells whether anything in it is escaped.
    #[inline]
    fn string(&mut self) -> Result<bool, Halt> {
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

    /// The four digits behind a `u`.
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
    fn number(&mut self) -> Result<(), Halt> {
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

    fn word(&mut self, word: &[u8]) -> Result<(), Halt> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// The next byte; 0, which is valid nowhere, behind the last one.
    #[inline]
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// The next byte that is not white space.
    #[inline]
    fn skip_space(&mut self) -> u8 {
        loop {
            let byte = self.peek();
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return byte;
            }
            self.at += 1;
        }
    }

    #[cold]
    fn expected(&mut self, what: &'static str) -> Halt {
        self.wrong(expected(self.bytes, self.at, what), self.at)
    }

    #[cold]
    fn wrong(&mut self, syntax: Syntax, at: usize) -> Halt {
        self.give_up(JsonProblem::Syntax(syntax), at)
    }

    #[cold]
    fn repeated(&mut self, Repeated(start): Repeated) -> Halt {
        let start = start as usize;
        let inside = self.text.get(start..).unwrap_or_default();
        let mut key = String::new();
        // The key has been read before, so it has an end.
        let end = closing_quote(inside);
        super::string::unescape_into(inside.get(..end).unwrap_or_default(), &mut key);
        self.give_up(JsonProblem::DuplicateKey { key: Excerpt::of(&key) }, start - 1)
    }

    #[cold]
    fn give_up(&mut self, problem: JsonProblem, at: usize) -> Halt {
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

/// Something else should stand at `at`.
pub(super) fn expected(bytes: &[u8], at: usize, what: &'static str) -> Syntax {
    let rest = bytes.get(at..).unwrap_or_default();
    let found =
        rest.utf8_chunks().next().map(|chunk| chunk.valid().chars().next().unwrap_or(char::REPLACEMENT_CHARACTER));
    Syntax::Expected { what, found }
}

// INVARIANT: no text is longer than 1 GiB, so every offset fits.
#[expect(clippy::cast_possible_truncation, reason = "see the invariant")]
#[inline]
fn narrow(offset: usize) -> u32 {
    offset as u32
}

#[cfg(test)]
mod tests;
