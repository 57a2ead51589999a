//! The extent of one record among others that follow each other without an array around them.

use super::brackets::{Brackets, Found, Until};
use super::bytes::{has_loose_brace, is_space, last_of, space, trim_end};
use crate::json::foreign::MARK;
use crate::json::limits::MAX_DEPTH;

/// The search for the end of a record. It can be given the text piece by piece.
///
/// - A record that begins with `{` ends with its last bracket, on whatever line that is.
/// - If something else than another record stands behind it on that line, that belongs to it, and breaks it.
/// - If a line begins with a `{` that cannot continue the record, and is indented no deeper than the record, then the record was
///   cut off, and the next one begins there; or before, at the first `{` of a line that could have been a part of it. The same holds
///   when the text ends within the record.
/// - What begins with something else ends with its line, or behind a `}` that a `{` follows.
#[derive(Debug)]
pub(super) struct Extent {
    phase: Phase,
    brackets: Brackets,
    /// The white space before the record on its line.
    indent: usize,
    /// How much of the record, from the beginning of the buffer, has been searched.
    searched: usize,
    /// Where the next record begins if this one turns out to be cut off: the first possible position.
    restart: Option<usize>,
    /// Of the bytes that have left the buffer, the last one that is not white space.
    last: Option<u8>,
    /// Of the bytes that have left the buffer, the number behind the last line end.
    margin: usize,
    /// Whether it ends where the next record may begin, without a look at what follows. So no text is searched more than twice.
    is_hasty: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// Within the record.
    Inside,
    /// At a line end within it.
    LineEnd,
    /// Behind its last bracket, which ends there.
    Behind(usize),
    /// In something that is not a record.
    Stray,
}

/// What the buffer says of the end of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    /// It ends there.
    At(usize),
    /// More of the text is needed.
    More,
    /// It is longer than the limit, wherever it ends.
    TooLong,
}

impl Extent {
    /// A record at the beginning of the buffer, behind `indent` white space on its line; none if the buffer does not tell yet.
    ///
    /// `is_hasty` says that the text has been searched already, for a record that turned out to be cut off.
    pub(super) fn begin(text: &[u8], is_end: bool, indent: usize, is_hasty: bool) -> Option<Self> {
        let phase = if begins(text, is_end)? { Phase::Inside } else { Phase::Stray };
        Some(Self { phase, indent, is_hasty, ..Self::of_stray() })
    }

    /// How much of the buffer has been searched.
    pub(super) fn searched(&self) -> usize {
        self.searched
    }

    /// Something that is not a record, whatever it begins with.
    pub(super) fn of_stray() -> Self {
        let brackets = Brackets::default();
        let (last, restart, is_hasty) = (None, None, false);
        Self { phase: Phase::Stray, brackets, indent: 0, searched: 0, restart, last, margin: 0, is_hasty }
    }

    /// Searches for the end. `limit` is the length of the longest record, unless this one is longer already.
    pub(super) fn find(&mut self, text: &[u8], is_end: bool, limit: Option<usize>) -> End {
        if limit.is_none() {
            self.restart = None;
        }
        // What is looked at to decide where a record ends counts as part of it: that must not depend on how much was read.
        let seen = limit.and_then(|limit| text.get(..=limit));
        let view = View { text: seen.unwrap_or(text), is_end: is_end && seen.is_none(), is_short: limit.is_some() };
        loop {
            let end = match self.phase {
                Phase::Inside => self.inside(text, is_end, limit),
                Phase::LineEnd => self.line_end(view),
                Phase::Behind(end) => self.behind(view, end, seen.is_some()),
                Phase::Stray => self.stray(text, is_end),
            };
            match end {
                Some(End::More) if seen.is_some() => return End::TooLong,
                Some(end) => return end,
                None => {}
            }
        }
    }

    /// How much of the buffer is not needed any more to find the end.
    pub(super) fn done(&self, text: &[u8]) -> usize {
        match self.phase {
            Phase::LineEnd => self.searched + space(text.get(self.searched..).unwrap_or_default()),
            _ => text.len(),
        }
    }

    /// If what follows the record begins a line: the white space before it on that line. `text` is the record, as far as it is in the
    /// buffer.
    pub(super) fn indent_behind(&self, text: &[u8]) -> Option<usize> {
        let blank = text.get(trim_end(text).len()..).unwrap_or_default();
        match blank.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => Some(blank.len() - last - 1),
            None => (self.phase == Phase::LineEnd && blank.len() == text.len()).then_some(self.margin + text.len()),
        }
    }

    /// Bytes that are done with are dropped.
    pub(super) fn consume(&mut self, text: &[u8]) {
        self.last = last_of(text).or(self.last);
        self.margin = match text.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => text.len() - last - 1,
            None => self.margin + text.len(),
        };
        self.searched = 0;
        self.restart = None;
    }

    fn inside(&mut self, text: &[u8], is_end: bool, limit: Option<usize>) -> Option<End> {
        loop {
            match self.brackets.find(text, self.searched, Until::ValueEnd) {
                Some(Found::End(at)) => {
                    self.searched = at;
                    // Of a record that is too long, nothing behind its end is looked at.
                    if limit.is_none_or(|limit| at > limit) {
                        return Some(End::At(at));
                    }
                    self.phase = Phase::Behind(at);
                    return None;
                }
                Some(Found::LineEnd { at }) => {
                    (self.searched, self.phase) = (at, Phase::LineEnd);
                    return None;
                }
                // No text of JSON has that, so what began before is broken, unless only a comma is missing.
                Some(Found::Adjacent { at }) => {
                    self.searched = at + 1;
                    if limit.is_some_and(|limit| at <= limit) {
                        let restart = *self.restart.get_or_insert(at);
                        if self.is_hasty || self.brackets.depth() > MAX_DEPTH {
                            return Some(End::At(restart));
                        }
                    }
                }
                Some(Found::TooDeep { at }) => {
                    (self.searched, self.phase) = (at, Phase::Stray);
                    return None;
                }
                None => {
                    self.searched = text.len();
                    return Some(if is_end { self.cut(text.len(), limit) } else { End::More });
                }
            }
        }
    }

    /// The text ends within the record, or something follows that cannot be a part of it.
    fn cut(&self, end: usize, limit: Option<usize>) -> End {
        End::At(self.restart.filter(|_| limit.is_some_and(|limit| end <= limit)).unwrap_or(end))
    }

    fn line_end(&mut self, View { text, is_end, is_short }: View<'_>) -> Option<End> {
        let next = self.searched + space(text.get(self.searched..).unwrap_or_default());
        let rest = text.get(next..).unwrap_or_default();
        if rest.is_empty() {
            return Some(if is_end { End::At(self.restart.unwrap_or(next)) } else { End::More });
        }
        let Some(may_restart) = begins(rest, is_end) else { return Some(End::More) };
        let blank = text.get(self.searched..next).unwrap_or_default();
        let margin = match blank.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => blank.len() - last - 1,
            None => self.margin + next,
        };
        if may_restart && margin <= self.indent {
            let last = last_of(text.get(..self.searched).unwrap_or_default()).or(self.last);
            if !self.brackets.may_open_behind(last) || self.brackets.depth() >= MAX_DEPTH {
                return Some(End::At(self.restart.unwrap_or(next)));
            }
            if is_short && !self.is_hasty {
                self.restart.get_or_insert(next);
            }
        }
        self.searched = next;
        self.phase = Phase::Inside;
        None
    }

    fn behind(&mut self, View { text, is_end, .. }: View<'_>, end: usize, is_full: bool) -> Option<End> {
        let rest = text.get(end..).unwrap_or_default();
        let next = end + rest.iter().take_while(|byte| is_space(**byte) && **byte != b'\n').count();
        let rest = text.get(next..).unwrap_or_default();
        if matches!(rest, [b'\n', ..]) {
            return Some(End::At(end));
        }
        match begins(rest, is_end || is_full) {
            _ if rest.is_empty() && (is_end || is_full) => Some(End::At(end)),
            Some(true) => Some(End::At(end)),
            Some(false) => {
                (self.searched, self.phase) = (next, Phase::Stray);
                None
            }
            None => Some(End::More),
        }
    }

    fn stray(&mut self, text: &[u8], is_end: bool) -> Option<End> {
        loop {
            let rest = text.get(self.searched..).unwrap_or_default();
            let Some(next) = rest.iter().position(|byte| matches!(byte, b'\n' | b'{')) else {
                self.searched = text.len();
                return Some(if is_end { End::At(text.len()) } else { End::More });
            };
            let at = self.searched + next;
            let is_line_end = text.get(at) == Some(&b'\n');
            if is_line_end || last_of(text.get(..at).unwrap_or_default()).or(self.last) == Some(b'}') {
                return Some(End::At(at));
            }
            self.searched = at + 1;
        }
    }
}

/// Whether a record begins at a position; none if the buffer does not tell.
fn begins(text: &[u8], is_end: bool) -> Option<bool> {
    match text {
        [] => is_end.then_some(false),
        [b'{', ..] => Some(true),
        // Files that were joined.
        _ if text.starts_with(MARK) => Some(true),
        _ => (is_end || !MARK.starts_with(text)).then_some(false),
    }
}

/// The part of the buffer that may decide.
#[derive(Clone, Copy)]
struct View<'a> {
    text: &'a [u8],
    is_end: bool,
    /// Whether the record is not too long yet, so that all of it is in the buffer.
    is_short: bool,
}

/// The length of a line that is one record, found with less work; `line_end` is where it ends. None if it may be anything else; then
/// the search for its end decides, and comes to the same result for the lines that are accepted here.
///
/// The line begins with `{` and ends with `}`, the next one begins with `{`, and no `}` on it is followed by a `{`, by white space or by a mark of UTF-8.
/// So there cannot be two records on it, and if the first is not closed, it was cut off there.
pub(super) fn whole_line(text: &[u8], line_end: usize, is_end: bool) -> Option<usize> {
    let is_last = is_end && line_end + 1 == text.len();
    let line = trim_end(text.get(..line_end)?);
    let is_one = line.first() == Some(&b'{') && line.last() == Some(&b'}');
    let ends = is_last || text.get(line_end + 1) == Some(&b'{');
    (is_one && ends && !has_loose_brace(line)).then_some(line_end)
}
