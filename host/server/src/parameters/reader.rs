//! Goes over a line or a body once. All of it must be JSON, except for the values that hold records: a record that is not JSON costs
//! only itself.

use std::borrow::Cow;

use jurat_engine::json::{Mismatched, value_end};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::error::{ErrorKind, RequestError};

/// Goes over a text once.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    text: &'a [u8],
    /// The offset of the next byte.
    at: usize,
    place: Place,
    /// How many bytes may still be searched for the ends of values.
    search: usize,
}

/// How often a text may be searched for the ends of values. Once is enough if brackets match, and a few times if those of one value do not.
const SEARCHES: usize = 8;

/// Where the parameters of a text are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// In a request that is the text.
    Alone,
    /// In requests that are the elements of an array.
    InArray,
    /// They are the text.
    Body,
}

/// Why a text could not be read to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Broken {
    /// It is not JSON from this byte on.
    Syntax(usize),
    /// It is JSON so far, and ends too early.
    Ended(usize),
    /// It is not UTF-8 from this byte on.
    Utf8(usize),
    /// A value that holds records begins at this byte, and its end cannot be told.
    Records(usize),
}

impl Broken {
    /// The error of a request whose parameter at this byte holds records, and has no end.
    pub(crate) fn unclosed(at: usize) -> RequestError {
        let message = format!("the parameter at byte {at} has no end: a string or a bracket in it is not closed");
        RequestError::new(ErrorKind::WrongParameter, message)
    }

    /// What is wrong with a text, for people.
    pub(crate) fn message(self, what: &str) -> String {
        match self {
            Self::Utf8(at) => format!("the {what} is not UTF-8 from byte {at} on"),
            Self::Ended(at) => format!("the {what} is not JSON: it ends too early, at byte {at}"),
            Self::Syntax(at) => format!("the {what} is not JSON: there is a syntax error, at byte {at}"),
            Self::Records(at) => format!("the {what} is not JSON: the parameter at byte {at} has no end"),
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads a line of JSON-RPC.
    pub(crate) fn new(line: &'a [u8]) -> Self {
        let place = if line.trim_ascii_start().starts_with(b"[") { Place::InArray } else { Place::Alone };
        Self::at(line, place)
    }

    /// Reads a body, which is the parameters of a request.
    pub(crate) fn of_body(body: &'a [u8]) -> Self {
        Self::at(body, Place::Body)
    }

    fn at(text: &'a [u8], place: Place) -> Self {
        Self { text, at: 0, place, search: text.len().saturating_mul(SEARCHES) }
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// The next byte that is not white space, which is not taken.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        self.at = self.behind_space(self.at);
        self.byte(self.at)
    }

    /// Takes a byte of punctuation.
    pub(crate) fn take(&mut self, byte: u8) -> Result<(), Broken> {
        if self.peek() != Some(byte) {
            return Err(self.wrong());
        }
        self.at += 1;
        Ok(())
    }

    /// Whether another member or element follows the one that was taken. If not, the bracket that closes them is taken.
    pub(crate) fn continues(&mut self, closing: u8) -> Result<bool, Broken> {
        let continues = self.peek() == Some(b',');
        self.take(if continues { b',' } else { closing })?;
        Ok(continues)
    }

    /// Takes an opening bracket, and the closing one if nothing is between them. Whether something is.
    pub(crate) fn opens(&mut self, opening: u8, closing: u8) -> Result<bool, Broken> {
        self.take(opening)?;
        let is_empty = self.peek() == Some(closing);
        self.at += usize::from(is_empty);
        Ok(!is_empty)
    }

    /// Takes the key of a member and the colon behind it.
    pub(crate) fn key(&mut self) -> Result<Cow<'a, str>, Broken> {
        if self.peek() != Some(b'"') {
            return Err(self.wrong());
        }
        let Key(key) = self.parse()?;
        self.take(b':')?;
        Ok(key)
    }

    /// Takes a value, which must be JSON.
    pub(crate) fn value(&mut self) -> Result<&'a RawValue, Broken> {
        self.parse()
    }

    /// Takes a value that holds records, which may be anything as long as brackets and strings show its end, and what follows fits.
    pub(crate) fn records(&mut self) -> Result<&'a [u8], Broken> {
        let begins = self.peek();
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
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
            if rest.get(end..).is_some_and(|behind| self.completes(behind)) {
                return Some(end);
            }
            fitting = fitting.or(Some(end));
        }
        // The value may be in order, and what follows it not.
        let is_json =
            |end: &usize| rest.get(..*end).is_some_and(|value| serde_json::from_slice::<&RawValue>(value).is_ok());
        // Where brackets are missing at the end of the text, they may be those of the value.
        let may_be_short = |end: &usize| match (self.place, rest.get(*end..).map(<[u8]>::trim_ascii)) {
            (Place::Alone, Some(behind)) => matches!(behind, b"" | b"}"),
            (Place::Body, Some(behind)) => behind.is_empty(),
            (Place::InArray, _) | (_, None) => false,
        };
        fitting.or(first.filter(|end| !may_be_short(end)).filter(is_json))
    }

    /// Whether what comes behind a parameter of this length can follow one: another parameter, or the end of the request.
    fn fits(&self, length: usize) -> bool {
        let next = |at: usize| self.byte(self.behind_space(at)).map(|byte| (byte, self.behind_space(at) + 1));
        let is_key = |at: usize| next(at).is_some_and(|(byte, _)| byte == b'"');
        match next(self.at + length) {
            Some((b',', at)) => is_key(at),
            Some((b'}', at)) if self.place == Place::Body => next(at).is_none(),
            Some((b'}', at)) => match next(at) {
                Some((b',', at)) => is_key(at),
                Some((b'}', at)) => match (self.place, next(at)) {
                    (Place::Alone | Place::Body, following) => following.is_none(),
                    (Place::InArray, following) => following.is_some_and(|(byte, _)| matches!(byte, b',' | b']')),
                },
                _ => false,
            },
            _ => false,
        }
    }

    /// Takes the rest of the text, whatever it is.
    pub(crate) fn give_up(&mut self) {
        self.at = self.text.len();
    }

    /// Makes sure that nothing follows.
    pub(crate) fn end(&mut self) -> Result<(), Broken> {
        if self.peek().is_some() { Err(self.wrong()) } else { Ok(()) }
    }

    /// Whether what comes behind a parameter makes a text that is JSON.
    fn completes(&self, behind: &[u8]) -> bool {
        let before: &[u8] = match self.place {
            Place::Alone | Place::InArray => br#"{"params":{"records":0"#,
            Place::Body => br#"{"records":0"#,
        };
        serde_json::from_slice::<IgnoredAny>(&[before, behind].concat()).is_ok()
    }

    fn parse<T: Deserialize<'a>>(&mut self) -> Result<T, Broken> {
        let rest = self.text.get(self.at..).unwrap_or_default();
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
        let rest = self.text.get(self.at..).unwrap_or_default();
        let begun = (1..error.line()).fold(0, |begun, _| {
            let line = rest.get(begun..).unwrap_or_default();
            begun + line.iter().position(|byte| *byte == b'\n').map_or(line.len(), |end| end + 1)
        });
        let read = rest.get(..begun + error.column()).unwrap_or(rest);
        match std::str::from_utf8(read) {
            Err(error) if error.error_len().is_some() => Broken::Utf8(self.at + error.valid_up_to()),
            _ if error.is_eof() => Broken::Ended(self.at + read.len()),
            _ => Broken::Syntax(self.at + read.len()),
        }
    }

    fn wrong(&self) -> Broken {
        if self.at < self.text.len() { Broken::Syntax(self.at + 1) } else { Broken::Ended(self.at) }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    fn behind_space(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count()
    }
}

/// A key of an object.
#[derive(Deserialize)]
pub(crate) struct Key<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);
