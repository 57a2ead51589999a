//! Finds the records of a file that is read piece by piece.

use jurat_model::Bytes;

use super::brackets::{Brackets, Found, Until};
use super::bytes::{find, space, trim_end};
use super::entry::{Entry, Step};
use super::extent::{End, Extent, whole_line};
use super::form::Form;
use crate::json::error::{JsonError, JsonProblem, Position, Syntax, expected};
use crate::json::foreign::MARK;
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
    /// How much of the buffer has been searched for the end of its first element.
    searched: usize,
    /// Those of the element.
    brackets: Brackets,
    /// The search for the end of the record at the beginning of the buffer, outside of arrays.
    extent: Option<Extent>,
    /// The white space at the beginning of the line on which the last record began.
    indent: usize,
    /// Whether there is nothing else on this line yet.
    is_line_start: bool,
    /// No line ends between the buffer's beginning and this offset.
    line_end: u64,
    /// Why what is at the beginning of the buffer cannot be a record.
    stray: Option<JsonError>,
    /// The position of a record that is too long. Its bytes are consumed without being kept.
    too_long: Option<Position>,
    /// Up to this offset, the text has been searched for the end of a record that turned out to be cut off.
    seen: u64,
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
            extent: None,
            indent: 0,
            is_line_start: true,
            line_end: 0,
            stray: None,
            too_long: None,
            seen: 0,
        }
    }

    /// Searches the buffer for the next entry. The buffer has all bytes of the file that were read and are not consumed. `is_end`
    /// says that the file has no more.
    pub fn step<'a>(&mut self, buffer: &'a [u8], is_end: bool) -> Step<'a> {
        let mut rest = buffer;
        loop {
            let step = match self.form {
                Form::Unknown { is_first } => self.detect(rest, is_end, is_first),
                Form::Stream => self.record_of_stream(rest, is_end),
                Form::Array { is_first } => self.element(rest, is_end, is_first),
                Form::AfterArray { line } => self.behind_array(rest, is_end, line),
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
            Some(_) => self.form = Form::Stream,
        }
        Next::Skip(0)
    }

    fn record_of_stream<'a>(&mut self, rest: &'a [u8], is_end: bool) -> Next<'a> {
        if let Some(next) = self.skip_space(rest, is_end) {
            return next;
        }
        if self.extent.is_none() && self.too_long.is_none() {
            if rest.is_empty() {
                return Next::Done;
            }
            let line_end = if self.is_line_start { self.line_end(rest) } else { None };
            if let Some(length) = line_end.and_then(|line_end| whole_line(rest, line_end, is_end)) {
                return self.line(rest, length);
            }
        }
        let begin = || Extent::begin(rest, is_end, self.indent, self.at.offset < self.seen);
        let Some(mut extent) = self.extent.take().or_else(begin) else { return Next::More(0) };
        let limit = self.too_long.is_none().then_some(self.max_record);
        match extent.find(rest, is_end, limit) {
            End::At(length) => {
                let start = self.at;
                if limit.is_some() && length < extent.searched() {
                    self.seen = self.seen.max(start.offset + extent.searched() as u64);
                }
                let (record, _) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                let consumed = self.consume(rest, length);
                let next = extent.indent_behind(record);
                (self.indent, self.is_line_start) = (next.unwrap_or(self.indent), next.is_some());
                self.record(start, record, consumed)
            }
            End::More if limit.is_some() => {
                self.extent = Some(extent);
                Next::More(0)
            }
            End::More => {
                let consumed = self.consume(rest, extent.done(rest));
                extent.consume(rest.get(..consumed).unwrap_or(rest));
                self.extent = Some(extent);
                Next::More(consumed)
            }
            End::TooLong => {
                self.too_long = Some(self.at);
                self.extent = Some(extent);
                Next::Skip(0)
            }
        }
    }

    /// The end of the line, if it is short enough for a record. No byte is searched twice for it.
    fn line_end(&mut self, rest: &[u8]) -> Option<usize> {
        let from = usize::try_from(self.line_end.saturating_sub(self.at.offset)).ok()?.min(rest.len());
        let line_end = find(rest, from, b'\n');
        self.line_end = self.at.offset + line_end.unwrap_or(rest.len()) as u64;
        line_end.filter(|line_end| *line_end < self.max_record)
    }

    /// A record that is the first `length` bytes of its line, and the line end.
    fn line<'a>(&mut self, rest: &'a [u8], length: usize) -> Next<'a> {
        let start = self.at;
        self.at = Position { offset: start.offset + length as u64 + 1, line: start.line + 1, column: 1 };
        (self.indent, self.is_line_start) = (0, true);
        self.record(start, rest.get(..length).unwrap_or(rest), length + 1)
    }

    fn element<'a>(&mut self, rest: &'a [u8], is_end: bool, is_first: bool) -> Next<'a> {
        if let Some(next) = self.skip_space(rest, is_end) {
            return next;
        }
        if is_first && !self.is_inside() && rest.first() == Some(&b']') {
            self.form = Form::AfterArray { line: self.at.line };
            return self.skip(rest, 1);
        }
        match self.brackets.find(rest, self.searched, Until::ElementEnd) {
            Some(Found::End(at)) => {
                let (element, behind) = rest.split_at_checked(at).unwrap_or((rest, &[]));
                let start = self.at;
                let is_last = behind.first() == Some(&b']');
                let consumed = self.consume(rest, element.len() + 1);
                self.form =
                    if is_last { Form::AfterArray { line: self.at.line } } else { Form::Array { is_first: false } };
                self.record(start, element, consumed)
            }
            None if !is_end => self.unfinished(rest),
            // The last element is whole, but the array is not. The next step says so.
            None if self.brackets.is_between() && (!rest.is_empty() || self.too_long.is_some()) => {
                let start = self.at;
                let consumed = self.consume(rest, rest.len());
                self.record(start, rest, consumed)
            }
            // Only the search for the end of a value finds anything else.
            None | Some(Found::TooDeep { .. } | Found::Adjacent { .. } | Found::LineEnd { .. }) => {
                self.form = Form::Done;
                self.lost(self.at, rest, rest.len())
            }
        }
    }

    /// Behind an array that ended on the given line.
    fn behind_array<'a>(&mut self, rest: &'a [u8], is_end: bool, line: u64) -> Next<'a> {
        const WHAT: &str = "nothing behind the array";
        if let Some(next) = self.skip_space(rest, is_end) {
            return next;
        }
        let begin = rest.get(..rest.len().min(4)).unwrap_or_default();
        let is_cut = |error: &std::str::Utf8Error| error.valid_up_to() == 0 && error.error_len().is_none();
        let is_mark = rest.starts_with(MARK);
        if !is_end
            && (str::from_utf8(begin).is_err_and(|error| is_cut(&error)) || (is_mark && rest.len() == MARK.len()))
        {
            // There is only a part of the character yet that decides, or that the error names.
            return Next::More(0);
        }
        let problem = |problem: fn(Syntax) -> JsonProblem| problem(expected(rest, 0, WHAT));
        match rest {
            [] => Next::Done,
            [b'[', ..] => {
                self.form = Form::Array { is_first: true };
                self.skip(rest, 1)
            }
            _ if is_mark && rest.get(MARK.len()) == Some(&b'[') => {
                let error = JsonError { problem: problem(JsonProblem::Syntax), at: self.at };
                let consumed = self.consume(rest, MARK.len());
                self.entry(error.at, Err(error), consumed)
            }
            _ => {
                if self.at.line == line {
                    self.stray = Some(JsonError { problem: problem(JsonProblem::Lost), at: self.at });
                    self.extent = Some(Extent::of_stray());
                }
                self.form = Form::Stream;
                Next::Skip(0)
            }
        }
    }

    /// Whether a part of the record has been searched already.
    fn is_inside(&self) -> bool {
        self.searched > 0 || self.extent.is_some() || self.too_long.is_some()
    }

    /// Skips white space before a record, and asks for more where there is nothing else.
    fn skip_space<'a>(&mut self, rest: &[u8], is_end: bool) -> Option<Next<'a>> {
        if self.is_inside() {
            return None;
        }
        match space(rest) {
            0 if rest.is_empty() && !is_end => Some(Next::More(0)),
            0 => None,
            length => {
                let skipped = rest.get(..length).unwrap_or_default();
                match skipped.iter().rposition(|byte| *byte == b'\n') {
                    Some(last) => (self.indent, self.is_line_start) = (length - last - 1, true),
                    None if self.is_line_start => self.indent += length,
                    None => {}
                }
                Some(self.skip(rest, length))
            }
        }
    }

    /// The element does not end in the buffer. Its beginning stays there while the whole may still be short enough.
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
        if let Some(error) = self.stray.take() {
            self.too_long = None;
            return self.entry(error.at, Err(error), consumed);
        }
        let too_long = self.too_long.take().or((text.len() > self.max_record).then_some(start));
        match too_long {
            Some(start) => {
                let problem = JsonProblem::TooLarge { limit: Bytes::new(self.max_record as u64) };
                self.entry(start, Err(JsonError { problem, at: start }), consumed)
            }
            None => self.entry(start, Ok(trim_end(text)), consumed),
        }
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
