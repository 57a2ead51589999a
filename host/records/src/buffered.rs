//! A buffered source for decoders.

use std::io::{self, BufRead, Read};

use crate::source::Source;

/// The length of the buffer for compressed data.
const PIECE: usize = 128 << 10;

/// A source with a buffer that can be peeked.
#[derive(Debug)]
pub(super) struct Buffered {
    source: Source,
    buffer: Box<[u8]>,
    from: usize,
    to: usize,
}

impl Buffered {
    /// A source whose beginning, shorter than the buffer, was read already.
    pub(super) fn new(head: &[u8], source: Source) -> Self {
        let mut buffer = vec![0; PIECE].into_boxed_slice();
        let mut to = 0;
        for (slot, byte) in buffer.iter_mut().zip(head) {
            *slot = *byte;
            to += 1;
        }
        Self { source, buffer, from: 0, to }
    }

    pub(super) fn source(&mut self) -> &mut Source {
        &mut self.source
    }

    /// The next `count` bytes, or fewer at the end.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.to - self.from < count {
            if self.from > 0 {
                self.buffer.copy_within(self.from..self.to, 0);
                self.to -= self.from;
                self.from = 0;
            }
            let read = self.source.read(self.buffer.get_mut(self.to..).unwrap_or_default())?;
            self.to += read;
            if read == 0 {
                break;
            }
        }
        let kept = self.buffer.get(self.from..self.to).unwrap_or_default();
        Ok(kept.get(..count).unwrap_or(kept))
    }

    /// Skips up to `count` bytes, and returns how many it skipped.
    pub(super) fn skip(&mut self, count: u64) -> io::Result<u64> {
        let mut skipped = 0;
        while skipped < count {
            let there = self.fill_buf()?.len();
            if there == 0 {
                break;
            }
            let step = usize::try_from(count - skipped).unwrap_or(usize::MAX).min(there);
            self.consume(step);
            skipped += step as u64;
        }
        Ok(skipped)
    }
}

impl BufRead for Buffered {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.from == self.to {
            self.from = 0;
            self.to = 0;
            self.to = self.source.read(&mut self.buffer)?;
        }
        Ok(self.buffer.get(self.from..self.to).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.from = self.from.saturating_add(count).min(self.to);
    }
}

impl Read for Buffered {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut kept = self.fill_buf()?;
        let read = kept.read(out)?;
        self.consume(read);
        Ok(read)
    }
}
