//! The records of a file, one after the other.
//!
//! | The file begins with | It is read as |
//! |---|---|
//! | `[` | an array of records |
//! | `{`, and the value does not end on its first line | one object, or several one after the other, over as many lines as they take |
//! | anything else | one record on each line; blank lines are skipped |
//!
//! A first line that is cut off does not turn the lines behind it into a part of it: where the next line begins with a `{` that
//! could not stand there, the file is read line by line.
//!
//! Records are only told apart here, not checked; a byte order mark at the beginning of the file is skipped. A broken line
//! spoils only itself. A broken element of an array spoils only itself as long as its brackets and strings tell where it ends;
//! otherwise everything from there on is one last error.

use std::iter::FusedIterator;

use jurat_model::Bytes;

use super::scan::expected;
use super::{JsonError, JsonProblem, Paths, Position, Scratch, Syntax, scan};

mod brackets;

use brackets::{Brackets, Found, Until};

/// Finds the records of a file that is read piece by piece.
///
/// It keeps no bytes. Whoever reads the file keeps a window of those that are not consumed, and the window never has to be
/// larger than the longest accepted record and one piece.
#[derive(Debug)]
pub struct Splitter {
    max_record: usize,
    form: Form,
    /// Where the window begins.
    at: Position,
    index: u64,
    /// How much of the window has been searched for the end of the record that it begins with.
    searched: usize,
    brackets: Brackets,
    /// What is known of the first line while it is not known how to read the file.
    first_line: FirstLine,
    /// Where a record began that is too long; its bytes are consumed without being kept.
    too_long: Option<Position>,
}

/// A record of a file, or a part of the file in which there should have been one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry<'a> {
    /// How many entries the file has before it.
    pub index: u64,
    /// Where it begins in the file.
    pub at: Position,
    /// Its text, without white space at its ends; or why there is none, with a place in the file.
    pub text: Result<&'a [u8], JsonError>,
}

/// What a [`Splitter`] has found in its window.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step<'a> {
    /// An entry.
    Entry {
        /// The entry.
        entry: Entry<'a>,
        /// How many bytes at the beginning of the window are done with.
        consumed: usize,
    },
    /// Nothing yet: the window has to grow.
    More {
        /// How many bytes at the beginning of the window are done with.
        consumed: usize,
    },
    /// There is nothing further.
    Done,
}

/// The records of a file that is all there.
#[derive(Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    splitter: Splitter,
}

/// What is known of the line with which a file begins, so that no piece has it looked at from the start again.
#[derive(Clone, Copy, Debug)]
enum FirstLine {
    /// How much has been searched for its end.
    Open(usize),
    /// Its length, and whether a line behind it may begin with a `{` as a part of the same value.
    Ended { length: usize, may_go_on: bool },
    /// A value ends on it.
    Whole,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Unknown {
        is_first: bool,
    },
    Lines,
    /// Before an element, or before the end of an array without elements.
    Array {
        is_first: bool,
    },
    AfterArray,
    Values,
    Done,
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

    /// Looks for the next entry in the window: all bytes of the file that have been read and are not consumed. `is_end` says
    /// that the file has no more.
    pub fn step<'a>(&mut self, window: &'a [u8], is_end: bool) -> Step<'a> {
        let mut rest = window;
        loop {
            let step = match self.form {
                Form::Unknown { is_first } => self.detect(rest, is_end, is_first),
                Form::Lines => self.line(rest, is_end),
                Form::Array { is_first } => self.element(rest, is_end, is_first),
                Form::AfterArray => self.behind_array(rest, is_end),
                Form::Values => self.value(rest, is_end),
                Form::Done => Next::Done,
            };
            let before = window.len() - rest.len();
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
            Some(Found::End { at, is_whole }) => {
                let (element, behind) = rest.split_at_checked(self.searched + at).unwrap_or((rest, &[]));
                let start = self.at;
                let is_last = behind.first() == Some(&b']');
                self.form = if is_last { Form::AfterArray } else { Form::Array { is_first: false } };
                let consumed = self.consume(rest, element.len() + 1);
                if is_whole { self.record(start, element, consumed) } else { self.lost(start, element, consumed) }
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
            Some(Found::End { at, .. }) => self.searched + at,
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

    /// Whether the beginning of the record has been looked at already.
    fn is_inside(&self) -> bool {
        self.searched > 0 || self.too_long.is_some()
    }

    /// Goes over white space before a record; asks for more where there is nothing else.
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

    /// The record does not end in the window. Its beginning is kept there while the whole may still be short enough.
    fn unfinished<'a>(&mut self, rest: &[u8]) -> Next<'a> {
        if self.too_long.is_none() && rest.len() <= self.max_record {
            self.searched = rest.len();
            return Next::More(0);
        }
        self.too_long.get_or_insert(self.at);
        Next::More(self.consume(rest, rest.len()))
    }

    /// A record, with the white space behind it, which counts for its length.
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

    /// An element whose end cannot be told, and everything behind it.
    fn lost<'a>(&mut self, start: Position, text: &[u8], consumed: usize) -> Next<'a> {
        let open = |at| JsonError { problem: JsonProblem::Lost(Syntax::Expected { what: "`]`", found: None }), at };
        let too_long = self.too_long.take().or((text.len() > self.max_record).then_some(start));
        let (start, error) = match too_long {
            // The beginning of the element, which may have the reason, can be consumed, and so can the last of it that is not white
            // space: what is left of it must not decide.
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

impl<'a> Records<'a> {
    /// The records of `file`, of at most `max_record` bytes each.
    #[must_use]
    pub fn new(file: &'a [u8], max_record: Bytes) -> Self {
        Self { rest: file, splitter: Splitter::new(max_record) }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            match self.splitter.step(self.rest, true) {
                Step::Entry { entry, consumed } => {
                    self.rest = self.rest.get(consumed..).unwrap_or_default();
                    return Some(entry);
                }
                // With the whole file in the window nothing asks for more without having consumed some of it.
                Step::More { consumed } if consumed > 0 => self.rest = self.rest.get(consumed..).unwrap_or_default(),
                Step::More { .. } | Step::Done => return None,
            }
        }
    }
}

impl FusedIterator for Records<'_> {}

/// What one look at the window has brought.
enum Next<'a> {
    Skip(usize),
    More(usize),
    Entry(Entry<'a>, usize),
    Done,
}

impl FirstLine {
    /// How to read a file that begins with `{`; none if the window does not tell yet. No more is looked at than a record may have.
    fn form(&mut self, rest: &[u8], is_end: bool, max_record: usize) -> Option<Form> {
        let seen = rest.get(..max_record).unwrap_or(rest);
        let undecided = (is_end || seen.len() == max_record).then_some(Form::Lines);
        if let Self::Open(searched) = *self {
            *self = match find(seen, searched, b'\n') {
                Some(length) => Self::of(seen.get(..length).unwrap_or(seen)),
                None => Self::Open(seen.len()),
            };
        }
        match *self {
            Self::Open(_) => undecided,
            Self::Whole => Some(Form::Lines),
            Self::Ended { length, may_go_on } => {
                let behind = seen.get(length..).unwrap_or_default();
                match behind.get(space(behind)) {
                    None => undecided,
                    Some(b'{') if !may_go_on => Some(Form::Lines),
                    Some(_) => Some(Form::Values),
                }
            }
        }
    }

    fn of(line: &[u8]) -> Self {
        let mut brackets = Brackets::default();
        match brackets.find(line, Until::ValueEnd) {
            Some(_) => Self::Whole,
            None => {
                Self::Ended { length: line.len(), may_go_on: brackets.may_open_behind(trim_end(line).last().copied()) }
            }
        }
    }
}

/// How much white space there is at the beginning.
fn space(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let length =
        bytes.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).map_or(0, |last| last + 1);
    bytes.get(..length).unwrap_or(bytes)
}

/// Where a byte is first found at or behind `from`.
fn find(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    let (blocks, tail) = bytes.get(from..)?.as_chunks::<32>();
    let is_wanted = |byte: &u8| *byte == wanted;
    // The fold has no way out in the middle, so that a block is compared as a whole.
    let has = |block: &&[u8; 32]| block.iter().fold(false, |found, byte| found | is_wanted(byte));
    let before = match blocks.iter().position(|block| has(&block)) {
        Some(block) => block * 32,
        None => (bytes.len() - tail.len()) - from,
    };
    let start = from + before;
    bytes.get(start..)?.iter().position(is_wanted).map(|place| start + place)
}

#[cfg(test)]
mod tests;
