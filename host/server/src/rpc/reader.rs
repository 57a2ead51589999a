//! Goes over a line once. All of it must be JSON, except for the values that hold records: a record that is not JSON costs only itself.

use std::borrow::Cow;

use jurat_engine::json::{Mismatched, value_end};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// Goes over a line once.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    line: &'a [u8],
    /// The offset of the next byte.
    at: usize,
    place: Place,
    /// How many bytes may still be searched for the ends of values.
    search: usize,
}

/// How often a line may be searched for the ends of values. Once is enough if brackets match, and a few times if those of one value do not.
const SEARCHES: usize = 8;

/// Where the requests of a line are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// The request is the line.
    Alone,
    /// They are the elements of an array.
    InArray,
}

/// Why a line could not be read to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Broken {
    /// It is not JSON from this byte on.
    Syntax(usize),
    /// It is JSON so far, and ends too early.
    Ended(usize),
    /// It is not UTF-8 from this byte on.
    Utf8(usize),
    /// A value that holds records begins at this byte, and its end cannot be told.
    Records(usize),
}

impl<'a> Reader<'a> {
    pub(super) fn new(line: &'a [u8]) -> Self {
        let place = if line.trim_ascii_start().starts_with(b"[") { Place::InArray } else { Place::Alone };
        Self { line, at: 0, place, search: line.len().saturating_mul(SEARCHES) }
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The next byte that is not white space, which is not taken.
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.at = self.behind_space(self.at);
        self.byte(self.at)
    }

    /// Takes a byte of punctuation.
    pub(super) fn take(&mut self, byte: u8) -> Result<(), Broken> {
        if self.peek() != Some(byte) {
            return Err(self.wrong());
        }
        self.at += 1;
        Ok(())
    }

    /// Whether another member or element follows the one that was taken. If not, the bracket that closes them is taken.
    pub(super) fn continues(&mut self, closing: u8) -> Result<bool, Broken> {
        let continues = self.peek() == Some(b',');
        self.take(if continues { b',' } else { closing })?;
        Ok(continues)
    }

    /// Takes an opening bracket, and the closing one if nothing is between them. Whether something is.
    pub(super) fn opens(&mut self, opening: u8, closing: u8) -> Result<bool, Broken> {
        self.take(opening)?;
        let is_empty = self.peek() == Some(closing);
        self.at += usize::from(is_empty);
        Ok(!is_empty)
    }

    /// Takes the key of a member and the colon behind it.
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>, Broken> {
        if self.peek() != Some(b'"') {
            return Err(self.wrong());
        }
        let Key(key) = self.parse()?;
        self.take(b':')?;
        Ok(key)
    }

    /// Takes a value, which must be JSON.
    pub(super) fn value(&mut self) -> Result<&'a RawValue, Broken> {
        self.parse()
    }

    /// Takes a value that holds records, which may be anything as long as brackets and strings show its end, and what follows fits.
    pub(super) fn records(&mut self) -> Result<&'a [u8], Broken> {
        let begins = self.peek();
        let start = self.at;
        let rest = self.line.get(start..).unwrap_or_default();
        let length = match begins {
            Some(b'{' | b'[') => self.bracketed(rest),
            _ => match self.parse::<&RawValue>() {
                Ok(raw) => Some(raw.get().len()),
                Err(_) => rest.iter().position(|byte| matches!(byte, b',' | b'}')),
            },
        };
        let records = length.and_then(|length| rest.get(..length)).ok_or(Broken::Records(start))?;
        self.at = start + records.len();
        Ok(records.trim_ascii_end())
    }

    /// The length of an object or array. If brackets do not match, what must follow the value tells how they are meant.
    fn bracketed(&mut self, rest: &[u8]) -> Option<usize> {
        let (mut first, mut fitting) = (None, None);
        for mismatched in [Mismatched::Closes, Mismatched::EndsArray, Mismatched::IsIgnored] {
            let end = value_end(rest, mismatched);
            self.search = self.search.checked_sub(end.unwrap_or(rest.len()))?;
            first = first.or(end);
            let Some(end) = end.filter(|end| self.fits(*end)) else { continue };
            if self.place == Place::InArray {
                return Some(end);
            }
            self.search = self.search.checked_sub(rest.len() - end)?;
            if rest.get(end..).is_some_and(completes) {
                return Some(end);
            }
            fitting = fitting.or(Some(end));
        }
        // The value may be in order, and what follows it not.
        let is_json =
            |end: &usize| rest.get(..*end).is_some_and(|value| serde_json::from_slice::<&RawValue>(value).is_ok());
        // Where brackets are missing at the end of the line, they may be those of the value.
        let may_be_short = |end: &usize| {
            self.place == Place::Alone && rest.get(*end..).is_some_and(|end| matches!(end.trim_ascii(), b"" | b"}"))
        };
        fitting.or(first.filter(|end| !may_be_short(end)).filter(is_json))
    }

    /// Whether what comes behind a parameter of this length can follow one: another parameter, or the end of the request.
    fn fits(&self, length: usize) -> bool {
        let next = |at: usize| self.byte(self.behind_space(at)).map(|byte| (byte, self.behind_space(at) + 1));
        let is_key = |at: usize| next(at).is_some_and(|(byte, _)| byte == b'"');
        match next(self.at + length) {
            Some((b',', at)) => is_key(at),
            Some((b'}', at)) => match next(at) {
                Some((b',', at)) => is_key(at),
                Some((b'}', at)) => match (self.place, next(at)) {
                    (Place::Alone, following) => following.is_none(),
                    (Place::InArray, following) => following.is_some_and(|(byte, _)| matches!(byte, b',' | b']')),
                },
                _ => false,
            },
            _ => false,
        }
    }

    /// Takes the rest of the line, whatever it is.
    pub(super) fn give_up(&mut self) {
        self.at = self.line.len();
    }

    /// Makes sure that nothing follows.
    pub(super) fn end(&mut self) -> Result<(), Broken> {
        if self.peek().is_some() { Err(self.wrong()) } else { Ok(()) }
    }

    fn parse<T: Deserialize<'a>>(&mut self) -> Result<T, Broken> {
        let rest = self.line.get(self.at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok(value)
            }
            None => Err(Broken::Ended(self.at)),
            Some(Err(error)) => Err(self.broken(&error)),
        }
    }

    fn broken(&self, error: &serde_json::Error) -> Broken {
        // A line has no line feeds, so the column says how much was read.
        let rest = self.line.get(self.at..).unwrap_or_default();
        let read = rest.get(..error.column()).unwrap_or(rest);
        match std::str::from_utf8(read) {
            Err(error) if error.error_len().is_some() => Broken::Utf8(self.at + error.valid_up_to()),
            _ if error.is_eof() => Broken::Ended(self.at + read.len()),
            _ => Broken::Syntax(self.at + read.len()),
        }
    }

    fn wrong(&self) -> Broken {
        if self.at < self.line.len() { Broken::Syntax(self.at + 1) } else { Broken::Ended(self.at) }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.line.get(at).copied()
    }

    fn behind_space(&self, at: usize) -> usize {
        let rest = self.line.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count()
    }
}

/// Whether what comes behind a parameter makes a request that is JSON.
fn completes(behind: &[u8]) -> bool {
    let request = [br#"{"params":{"records":0"#, behind].concat();
    serde_json::from_slice::<IgnoredAny>(&request).is_ok()
}

/// A key of an object.
#[derive(Deserialize)]
pub(super) struct Key<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);
