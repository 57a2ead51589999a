//! Cuts the texts of a request into windows of records.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use super::error::JudgeError;
use super::options::Options;
use super::source::RecordSource;
use super::window::Window;

mod item;
mod text;

use text::{Filled, OpenText, Step};

/// A window ends behind the record with which it covers more than this many bytes of its text.
const WINDOW_BYTES: usize = 4 << 20;
/// A window waits no longer than this for further records, if they come slowly.
const WINDOW_AGE: Duration = Duration::from_millis(200);

/// What an input holds next.
pub(super) enum Next<T> {
    Item(T),
    /// Nothing at the moment: its reader has waited, and asks to be called again.
    Later,
    End,
}

/// Reads texts, and cuts them into windows.
pub(super) struct WindowReader<'a> {
    source: RecordSource<'a>,
    max_record: jurat_model::Bytes,
    /// A window ends behind this many records, counted from here.
    boundary: Option<u64>,
    /// The text that is being read.
    open: Option<OpenText>,
    /// How many texts were opened.
    opened: usize,
    /// How many records were found, in the sample or not.
    found: u64,
    /// Why nothing further can be read, until it has been reported.
    failure: Option<JudgeError>,
}

impl<'a> WindowReader<'a> {
    pub(super) fn new(source: RecordSource<'a>, options: &Options) -> Self {
        let boundary = options.unreadable.map(NonZeroU64::get);
        Self { source, max_record: options.max_record, boundary, open: None, opened: 0, found: 0, failure: None }
    }

    /// The next records, as many as fit a chunk, or fewer if they are long or come slowly. All of them are of one text. Where
    /// windows end changes no result.
    ///
    /// # Errors
    /// When a text cannot be read, or is not JSON. The windows with everything before that come first.
    pub(super) fn next(&mut self, records: usize) -> Result<Next<Window>, JudgeError> {
        let left = self.boundary.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
        let next = self.cut(records.min(left))?;
        if let (Next::Item(window), Some(left)) = (&next, self.boundary) {
            self.boundary = left.checked_sub(window.slots.len() as u64).filter(|left| *left > 0);
        }
        Ok(next)
    }

    fn cut(&mut self, records: usize) -> Result<Next<Window>, JudgeError> {
        let mut slots = Vec::new();
        let mut began = None;
        while self.failure.is_none() && self.source.limit != Some(0) && slots.len() < records {
            let Some(mut open) = self.open() else { break };
            let is_full = !slots.is_empty() && open.covered() > WINDOW_BYTES;
            if is_full {
                self.open = Some(open);
                break;
            }
            match open.step() {
                Step::Slot(slot) => {
                    if self.takes() {
                        slots.push(slot);
                    }
                    self.open = Some(open);
                }
                Step::End if slots.is_empty() => {}
                Step::End => return Ok(Next::Item(open.cut(slots))),
                Step::Foreign(format) => {
                    self.failure = Some(JudgeError::NotJson { source_index: open.index(), format });
                }
                Step::More => {
                    if slots.is_empty() {
                        open.free();
                    } else if began.get_or_insert_with(Instant::now).elapsed() >= WINDOW_AGE {
                        self.open = Some(open);
                        break;
                    }
                    match open.fill() {
                        Ok(Filled::Bytes) => self.open = Some(open),
                        Ok(Filled::Later) => {
                            self.open = Some(open);
                            if slots.is_empty() {
                                return Ok(Next::Later);
                            }
                            break;
                        }
                        Err(error) => {
                            self.failure = Some(open.failure(error));
                            if !slots.is_empty() {
                                return Ok(Next::Item(open.cut(slots)));
                            }
                        }
                    }
                }
            }
        }
        if let Some(failure) = self.failure.take_if(|_| slots.is_empty()) {
            // Nothing behind it is read.
            self.source.limit = Some(0);
            return Err(failure);
        }
        match &mut self.open {
            Some(open) if !slots.is_empty() => Ok(Next::Item(open.cut(slots))),
            _ => Ok(Next::End),
        }
    }

    /// The text that is being read, or the next one; none if there is no more, or it cannot be opened.
    fn open(&mut self) -> Option<OpenText> {
        if let Some(open) = self.open.take() {
            return Some(open);
        }
        let index = self.opened;
        match OpenText::next(&mut self.source.texts, index, (self.source.layout, self.max_record))? {
            Ok(open) => {
                self.opened += 1;
                Some(open)
            }
            Err(error) => {
                self.failure = Some(JudgeError::Read { source_index: index, offset: 0, error });
                None
            }
        }
    }

    /// Whether the record that was just found is judged.
    fn takes(&mut self) -> bool {
        let number = self.found;
        self.found += 1;
        let is_taken = self.source.sample.is_none_or(|sample| sample.has(number));
        if let (Some(limit), true) = (&mut self.source.limit, is_taken) {
            *limit = limit.saturating_sub(1);
        }
        is_taken
    }
}
