//! The records of a file that is in memory.

use std::iter::FusedIterator;

use jurat_model::Bytes;

use super::entry::{Entry, Step};
use super::splitter::Splitter;

/// The records of a file that is in memory.
#[derive(Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    splitter: Splitter,
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
                // With the whole file in the buffer the splitter only asks for more after it has consumed something.
                Step::More { consumed } if consumed > 0 => self.rest = self.rest.get(consumed..).unwrap_or_default(),
                Step::More { .. } | Step::Done => return None,
            }
        }
    }
}

impl FusedIterator for Records<'_> {}
