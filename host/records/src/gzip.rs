//! Gzip: a sequence of members, and zeros behind them.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

use crate::InputReason;
use crate::buffered::Buffered;
use crate::error::Compression;

/// The magic number of a member.
pub(super) const MAGIC: &[u8] = &[0x1f, 0x8b];

/// The members of a text.
#[derive(Debug)]
pub(super) struct Gzip {
    /// The current member. Always there between calls.
    member: Option<Box<GzDecoder<Buffered>>>,
}

impl Gzip {
    /// A decoder of a text that begins with a member.
    pub(super) fn new(input: Buffered) -> Self {
        Self { member: Some(Box::new(GzDecoder::new(input))) }
    }

    /// Reads some bytes; 0 at the end.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, InputReason> {
        while let Some(member) = &mut self.member {
            let next = match member.read(out) {
                // The checksum of the member is right.
                Ok(0) => member.get_mut().peek(MAGIC.len()),
                Ok(read) => return Ok(read),
                Err(error) => Err(error),
            };
            match next {
                Ok([]) => return Ok(0),
                Ok(MAGIC) => {}
                Ok(part) if MAGIC.starts_with(part) => return Err(InputReason::Cut(Compression::Gzip)),
                Ok([0, ..]) => match has_only_zeros(member.get_mut()) {
                    Ok(true) => return Ok(0),
                    Ok(false) => return Err(InputReason::Trailing(Compression::Gzip)),
                    Err(_) => return Err(member.get_mut().source().why(Compression::Gzip)),
                },
                Ok(_) => return Err(InputReason::Trailing(Compression::Gzip)),
                Err(_) => return Err(member.get_mut().source().why(Compression::Gzip)),
            }
            self.member = self.member.take().map(|ended| Box::new(GzDecoder::new(ended.into_inner())));
        }
        Ok(0)
    }
}

/// Whether nothing but zeros follows, as tapes and some writers pad their files.
fn has_only_zeros(input: &mut Buffered) -> io::Result<bool> {
    loop {
        let piece = input.fill_buf()?;
        if piece.is_empty() {
            return Ok(true);
        }
        if piece.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        let length = piece.len();
        input.consume(length);
    }
}
