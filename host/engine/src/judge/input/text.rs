//! A text that is being read.

use std::io::{self, Read};
use std::mem;

use bytes::Bytes;

use super::item::{Unwrapped, unwrap};
use crate::json::{Beginning, Entry, ForeignFormat, Splitter, Step as Found};
use crate::judge::error::JudgeError;
use crate::judge::source::{Layout, Texts};
use crate::judge::window::{Item, Slot, Window};

/// How much is read at a time.
const PIECE: usize = 64 << 10;

/// A text that is being read.
pub(super) struct OpenText {
    /// The index of the text among those of the request.
    index: usize,
    layout: Layout,
    /// Whether its first bytes have been found to be no other format.
    is_known: bool,
    splitter: Splitter,
    buffer: Buffer,
    /// How much of the buffer has been searched for records.
    consumed: usize,
}

/// What a text holds next.
pub(super) enum Step {
    /// A slot for a record.
    Slot(Slot),
    /// Nothing: it is not JSON at all.
    Foreign(ForeignFormat),
    /// Nothing until more of it is read.
    More,
    /// Nothing: it ends.
    End,
}

/// What became of an attempt to read on.
pub(super) enum Filled {
    /// There are more bytes, or the text has ended.
    Bytes,
    /// The reader has waited in vain.
    Later,
}

/// The part of a text that is in memory.
enum Buffer {
    /// All of it, and where the window begins.
    Whole(Bytes, usize),
    /// What was read and is not freed, as the first `filled` bytes of a buffer; where it begins in the text; and the reader of
    /// the rest, none at the end.
    Stream { buffer: Vec<u8>, filled: usize, base: u64, rest: Option<Box<dyn Read>> },
}

impl OpenText {
    /// Opens the next text; none if there is no more.
    pub(super) fn next(
        texts: &mut Texts<'_>,
        index: usize,
        (layout, max_record): (Layout, jurat_model::Bytes),
    ) -> Option<io::Result<Self>> {
        let buffer = match texts {
            Texts::Whole(text) => Buffer::Whole(text.take()?, 0),
            Texts::Streams(texts) => match texts.next()? {
                Ok(text) => Buffer::Stream { buffer: Vec::new(), filled: 0, base: 0, rest: Some(text) },
                Err(error) => return Some(Err(error)),
            },
        };
        let splitter = Splitter::new(max_record);
        Some(Ok(Self { index, layout, is_known: false, splitter, buffer, consumed: 0 }))
    }

    /// The index of the text among those of the request.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// Searches what was read for the next record.
    pub(super) fn step(&mut self) -> Step {
        let (bytes, is_end) = match &self.buffer {
            Buffer::Whole(bytes, _) => (&**bytes, true),
            Buffer::Stream { buffer, filled, rest, .. } => (buffer.get(..*filled).unwrap_or_default(), rest.is_none()),
        };
        if !self.is_known {
            match Beginning::of(bytes, is_end) {
                Beginning::Undecided => return Step::More,
                Beginning::Foreign(format) => return Step::Foreign(format),
                Beginning::Records => self.is_known = true,
            }
        }
        match self.splitter.step(bytes.get(self.consumed..).unwrap_or_default(), is_end) {
            Found::Entry { entry, consumed } => {
                let slot = match self.layout {
                    Layout::Records => slot(&entry),
                    Layout::Items => slot_of_item(&entry),
                };
                self.consumed += consumed;
                Step::Slot(slot)
            }
            // At the end of a text the splitter only asks for more after it has consumed something.
            Found::More { consumed } => {
                self.consumed += consumed;
                if is_end && consumed == 0 { Step::End } else { Step::More }
            }
            Found::Done => Step::End,
        }
    }

    /// Reads on.
    pub(super) fn fill(&mut self) -> io::Result<Filled> {
        let Buffer::Stream { buffer, filled, rest, .. } = &mut self.buffer else { return Ok(Filled::Bytes) };
        let Some(reader) = rest else { return Ok(Filled::Bytes) };
        let end = *filled + PIECE;
        if buffer.len() < end {
            buffer.resize(end, 0);
        }
        let read = loop {
            match reader.read(buffer.get_mut(*filled..end).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Filled::Later),
                read => break read?.min(PIECE),
            }
        };
        *filled += read;
        if read == 0 {
            *rest = None;
        }
        Ok(Filled::Bytes)
    }

    /// How much of the text the window covers so far.
    pub(super) fn covered(&self) -> usize {
        match &self.buffer {
            Buffer::Whole(_, from) => self.consumed.saturating_sub(*from),
            Buffer::Stream { .. } => self.consumed,
        }
    }

    /// Frees what has been searched. No record of the window may lie in it.
    pub(super) fn free(&mut self) {
        match &mut self.buffer {
            Buffer::Whole(_, from) => *from = self.consumed,
            Buffer::Stream { buffer, filled, base, .. } => {
                let done = self.consumed.min(*filled);
                buffer.copy_within(done..*filled, 0);
                *filled -= done;
                *base += done as u64;
                self.consumed = 0;
            }
        }
    }

    /// A window of records that lie in what has been searched.
    pub(super) fn cut(&mut self, slots: Vec<Slot>) -> Window {
        let source = self.index;
        match &mut self.buffer {
            Buffer::Whole(bytes, from) => {
                *from = self.consumed;
                Window { text: bytes.clone(), base: 0, source, slots }
            }
            Buffer::Stream { buffer, filled, base, .. } => {
                let done = self.consumed.min(*filled);
                // The next window will be about as long.
                let mut next = Vec::with_capacity(buffer.len());
                next.extend_from_slice(buffer.get(done..*filled).unwrap_or_default());
                *filled = next.len();
                let mut text = mem::replace(buffer, next);
                text.truncate(done);
                let window = Window { text: text.into(), base: *base, source, slots };
                *base += done as u64;
                self.consumed = 0;
                window
            }
        }
    }

    /// The error that the text cannot be read further.
    pub(super) fn failure(&self, error: io::Error) -> JudgeError {
        let offset = match &self.buffer {
            Buffer::Whole(bytes, _) => bytes.len() as u64,
            Buffer::Stream { filled, base, .. } => base + *filled as u64,
        };
        JudgeError::Read { source_index: self.index, offset, error }
    }
}

fn slot(entry: &Entry<'_>) -> Slot {
    Slot { at: entry.at, length: entry.text.as_ref().map(|text| text.len()).map_err(Clone::clone), item: None }
}

fn slot_of_item(entry: &Entry<'_>) -> Slot {
    let Slot { at, length, .. } = slot(entry);
    let unwrapped = entry.text.as_ref().map(|text| (*text, unwrap(text)));
    let (at, length, correlation_id) = match unwrapped {
        Ok((text, Unwrapped { record, correlation_id })) => {
            (at.after(text.get(..record.start).unwrap_or_default()), Ok(record.len()), correlation_id)
        }
        Err(_) => (at, length, None),
    };
    Slot { at, length, item: Some(Box::new(Item { index: entry.index, correlation_id })) }
}
