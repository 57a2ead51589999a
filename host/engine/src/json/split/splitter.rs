//! Finds the records of a file that is read piece by piece.

use jurat_model::Bytes;

use super::brackets::{Brackets, Found, Until};
use super::bytes::{find, space, trim_end};
use super::entry::{Entry, Step};
use super::first_line::{FirstLine, Form};
use crate::json::error::{JsonError, JsonProblem, Position, Syntax, expected};
use crate::json::paths::Paths;
use crate::json::scan::{Scratch, scan};

/// Finds the records of a file that is read piece by piece.
///
/// It keeps no bytes. The caller keeps a buffer of those that are not consumed. The buffer never needs to be larger than the longest
/// accepted record and one piece.
#[derive(Debug)]
pub struct Splitter {
    max_record: usize,
    form: Form,
    /// The position at which the buffer begins.
    at: Position,
    index: u64,
    /// How much of the buffer has been searched for the end of its first record.
    searched: usize,
    brackets: Brackets,
    /// What is known of the first line, while the form of the file is unknown.
    first_line: FirstLine,
    /// The position of a record that is too long. Its bytes are consumed without being kept.
    too_long: Option<Position>,
}

impl Splitter {
    /// For a file whose records have at most `max_record` bytes.
    #[must_use]
    pub fn new(max_record: Bytes) -> Self {
        Self {
            max_record: usize::try_from(max_record.get().min(1 << 30)).unwrap_or(usize::MAX),
            form: Form::Unknown { is_first: true },
            at: Position::START,
            index: 0,
            searched: 0,
            brackets: Brackets::default(),
            first_line: FirstLine::Open(0),
            too_long: None,
        }
    }

    /// Searches the buffer for the next entry. The buffer has all bytes of the file that were read and are not consumed. `is_end`
    /// says that the file has no more.
    pub fn step<'a>(&mut self, buffer: &'a [u8], is_end: bool) -> Step<'a> {
        let mut rest = buffer;
        loop {
            let step = match self.form {
                Form::Unknown { is_first } => self.detect(rest, is_end, is_first),
                Form::Lines => self.line(rest, is_end),
                Form::Array { is_first } => self.element(rest, is_end, is_first),
                Form::AfterArray => self.behind_array(rest, is_end),
                Form::Values => self.value(rest, is_end),
                Form::Done => Next::Done,
            };
            let before = buffer.len() - rest.len();
            match step {
                Next::Skip(skipped) => rest = rest.get(skipped..).unwrap_or_default(),
                Next::More(consumed) => return Step::More { consumed: before + consumed },
                Next::Entry(entry, consumed) => return Step::Entry { entry, consumed: before + consumed },
                Next::Done => return Step::Done,
            }
        }
    }

    fn detect<'a>(&mut self, rest: &'a [u8], is_end: bool, is_first: bool) -> Next<'a> {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if is_first {
            if !is_end && rest.len() < MARK.len() && MARK.starts_with(rest) {
                return Next::More(0);
            }
            self.form = Form::Unknown { is_first: false };
            return if rest.starts_with(MARK) { self.skip(rest, MARK.len()) } else { Next::Skip(0) };
        }
        if let Some(next) = self.skip_space(rest, is_end) {
            return next;
        }
        match rest.first() {
            None => return Next::Done,
            Some(b'[') => {
                self.form = Form::Array { is_first: true };
                return self.skip(rest, 1);
            }
            Some(b'{') => match self.first_line.form(rest, is_end, self.max_record) {
                Some(form) => self.form = form,
                None => return Next::More(0),
            },
            Some(_) => self.form = Form::Lines,
        }
        Next::Skip(0)
    }

    fn line<'a>(&mut self, rest: &'a [u8], is_end: bool) -> Next<'a> {
        if let Some(next) = self.skip_space(rest, is_end) {
            return next;
        }
        if rest.is_empty() && self.too_long.is_none() {
            return Next::Done;
        }
        let Some(length) = find(rest, self.searched, b'\n').or(is_end.then_some(rest.len())) else {
            return self.unfinished(rest);
        };
        let (line, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let start = self.at;
        self.searched = 0;
        self.at.offset += length as u64;
        self.at.column += length as u64;
        if behind.is_empty() {
            return self.record(start, line, length);
        }
        self.at = Position { offset: self.at.offset + 1, line: self.at.line + 1, column: 1 };
        self.record(start, line, length + 1)
    }

    fn element<'a>(&mut self, rest: &'a [u8], is_end: bool, is_first: bool) -> Next<'a> {
        if let Some(next) = self.skip_space(rest, is_end) {
            return next;
        }
        if is_first && !self.is_inside() && rest.first() == Some(&b']') {
            self.form = Form::AfterArray;
            return self.skip(rest, 1);
        }
        match self.brackets.find(rest.get(self.searched..).unwrap_or_default(), Until::ElementEnd) {
            Some(Found::End(at)) => {
                let (element, behind) = rest.split_at_checked(self.searched + at).unwrap_or((rest, &[]));
                let start = self.at;
                let is_last = behind.first() == Some(&b']');
                self.form = if is_last { Form::AfterArray } else { Form::Array { is_first: false } };
                let consumed = self.consume(rest, element.len() + 1);
                self.record(start, element, consumed)
            }
            None if !is_end => self.unfinished(rest),
            // The last element is whole, but the array is not. The next step says so.
            None if self.brackets.is_between() && (!rest.is_empty() || self.too_long.is_some()) => {
                let start = self.at;
                let consumed = self.consume(rest, rest.len());
                self.record(start, rest, consumed)
            }
            None | Some(Found::TooDeep) => {
                self.form = Form::Done;
                self.lost(self.at, rest, rest.len())
            }
        }
    }

    fn behind_array<'a>(&mut self, rest: &'a [u8], is_end: bool) -> Next<'a> {
        if let Some(next) = self.skip_space(rest, is_end) {
            return next;
        }
        if rest.is_empty() {
            return Next::Done;
        }
        self.stray(rest, is_end, "nothing behind the array")
    }

    fn value<'a>(&mut self, rest: &'a [u8], is_end: bool) -> Next<'a> {
        if let Some(next) = self.skip_space(rest, is_end) {
            return next;
        }
        if !self.is_inside() {
            match rest.first() {
                None => return Next::Done,
                Some(b'{') => {}
                Some(_) => return self.stray(rest, is_end, "an object"),
            }
        }
        let length = match self.brackets.find(rest.get(self.searched..).unwrap_or_default(), Until::ValueEnd) {
            Some(Found::End(at)) => self.searched + at,
            Some(Found::TooDeep) => {
                self.form = Form::Done;
                return self.lost(self.at, rest, rest.len());
            }
            None if !is_end => return self.unfinished(rest),
            None => {
                self.form = Form::Done;
                rest.len()
            }
        };
        let start = self.at;
        let consumed = self.consume(rest, length);
        self.record(start, rest.get(..length).unwrap_or(rest), consumed)
    }

    /// Whether a part of the record has been searched already.
    fn is_inside(&self) -> bool {
        self.searched > 0 || self.too_long.is_some()
    }

    /// Skips white space before a record, and asks for more where there is nothing else.
    fn skip_space<'a>(&mut self, rest: &[u8], is_end: bool) -> Option<Next<'a>> {
        if self.is_inside() {
            return None;
        }
        match space(rest) {
            0 if rest.is_empty() && !is_end => Some(Next::More(0)),
            0 => None,
            length => Some(self.skip(rest, length)),
        }
    }

    /// The record does not end in the buffer. Its beginning stays there while the whole may still be short enough.
    fn unfinished<'a>(&mut self, rest: &[u8]) -> Next<'a> {
        if self.too_long.is_none() && rest.len() <= self.max_record {
            self.searched = rest.len();
            return Next::More(0);
        }
        self.too_long.get_or_insert(self.at);
        Next::More(self.consume(rest, rest.len()))
    }

    /// A record, with the white space behind it, which counts as part of its length.
    fn record<'a>(&mut self, start: Position, text: &'a [u8], consumed: usize) -> Next<'a> {
        let too_long = self.too_long.take().or((text.len() > self.max_record).then_some(start));
        match too_long {
            Some(start) => {
                let problem = JsonProblem::TooLarge { limit: Bytes::new(self.max_record as u64) };
                self.entry(start, Err(JsonError { problem, at: start }), consumed)
            }
            None => self.entry(start, Ok(trim_end(text)), consumed),
        }
    }

    /// Something that cannot be a record, and the rest of the file.
    fn stray<'a>(&mut self, rest: &[u8], is_end: bool, what: &'static str) -> Next<'a> {
        let begin = rest.get(..rest.len().min(4)).unwrap_or_default();
        let is_cut = |error: &std::str::Utf8Error| error.valid_up_to() == 0 && error.error_len().is_none();
        if !is_end && str::from_utf8(begin).is_err_and(|error| is_cut(&error)) {
            // The error names the character, of which there is only a part yet.
            return Next::More(0);
        }
        self.form = Form::Done;
        let problem = JsonProblem::Lost(expected(rest, 0, what));
        self.entry(self.at, Err(JsonError { problem, at: self.at }), rest.len())
    }

    /// An element whose end is unknown, and everything behind it.
    fn lost<'a>(&mut self, start: Position, text: &[u8], consumed: usize) -> Next<'a> {
        let open = |at| JsonError { problem: JsonProblem::Lost(Syntax::Expected { what: "`]`", found: None }), at };
        let too_long = self.too_long.take().or((text.len() > self.max_record).then_some(start));
        let (start, error) = match too_long {
            // The reason may lie in a part of the element that was consumed: what is left of it must not decide.
            Some(begin) => (begin, open(start.after(text))),
            None if text.is_empty() => (start, open(start)),
            None => {
                let mut scratch = Scratch::new(Bytes::new(self.max_record as u64));
                let error = match scan(text, &Paths::default(), &mut scratch) {
                    Err(JsonError { problem: JsonProblem::Syntax(syntax), at }) => {
                        JsonError { problem: JsonProblem::Lost(syntax), at: at.within(start) }
                    }
                    _ => open(start.after(trim_end(text))),
                };
                (start, error)
            }
        };
        self.entry(start, Err(error), consumed)
    }

    fn entry<'a>(&mut self, at: Position, text: Result<&'a [u8], JsonError>, consumed: usize) -> Next<'a> {
        let index = self.index;
        self.index += 1;
        Next::Entry(Entry { index, at, text }, consumed)
    }

    fn skip<'a>(&mut self, rest: &[u8], length: usize) -> Next<'a> {
        Next::Skip(self.consume(rest, length))
    }

    fn consume(&mut self, rest: &[u8], length: usize) -> usize {
        self.at = self.at.after(rest.get(..length).unwrap_or(rest));
        self.searched = 0;
        length.min(rest.len())
    }
}

/// The outcome of one step of the search.
enum Next<'a> {
    Skip(usize),
    More(usize),
    Entry(Entry<'a>, usize),
    Done,
}
