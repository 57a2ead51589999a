//! One pass over one text.

use jurat_model::Bytes;

use super::error::{JsonError, JsonProblem, Position, expected};
use super::keys::Keys;
use super::limits::{DEFAULT_MAX_RECORD, MAX_DEPTH};
use super::paths::{Node, Paths};
use super::span::Span;

mod cursor;
mod token;

use cursor::{Halt, Scan};

/// The buffers of a scan, which the next one uses again.
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
///
/// A path that a value is in the way of has the span of that value, marked as an obstacle: a list, a text or a number where the path
/// expects an object, or an object where it expects a list. A `null` is not in the way, and neither is a list that is too short.
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

impl Scan<'_, '_> {
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
            b'[' => self.array(node, depth + 1),
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
            if let Some(node) = node {
                self.found(node, start);
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

    fn array(&mut self, node: Option<&Node>, depth: usize) -> Result<(), Halt> {
        self.open(depth)?;
        if self.skip_space() == b']' {
            self.at += 1;
            return Ok(());
        }
        // Those that paths lead to, from the next one on.
        let mut wanted = node.map(Node::elements).unwrap_or_default();
        let mut index = 0;
        loop {
            match wanted {
                [element, rest @ ..] if element.index == index => {
                    wanted = rest;
                    let start = self.at;
                    self.value(Some(&element.node), depth)?;
                    self.found(&element.node, start);
                }
                _ => self.value(None, depth)?,
            }
            index += 1;
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

    /// Notes the value at a node, which begins at `start` and has just ended.
    #[inline]
    fn found(&mut self, node: &Node, start: usize) {
        let found = Span { start: narrow(start), end: narrow(self.at) };
        if let Some(span) = node.slot.and_then(|slot| self.spans.get_mut(slot as usize)) {
            *span = found;
        }
        node.pass_through(self.bytes.get(start).copied().unwrap_or(0), found, self.spans);
    }

    fn open(&mut self, depth: usize) -> Result<(), Halt> {
        if depth > MAX_DEPTH {
            return Err(self.give_up(JsonProblem::Depth { limit: MAX_DEPTH }, self.at));
        }
        self.at += 1;
        Ok(())
    }
}

// INVARIANT: no text is longer than 1 GiB, so every offset fits.
#[expect(clippy::cast_possible_truncation, reason = "see the invariant")]
#[inline]
fn narrow(offset: usize) -> u32 {
    offset as u32
}

#[cfg(test)]
mod tests;
