//! Zstandard: a sequence of frames, and of skippable frames.

use std::fmt;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jurat_model::Bytes;
use ruzstd::decoding::errors::{FrameDecoderError, FrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::InputReason;
use crate::buffered::Buffered;
use crate::error::Compression;

/// The magic number of a frame with data.
pub(super) const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The magic number of a skippable frame, after its first byte, which is 0x50 to 0x5f.
const SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];
/// The largest window: what `zstd` itself accepts by default.
const MAX_WINDOW: Bytes = Bytes::mebi(128);

/// The frames of a text.
pub(super) struct Zstandard {
    input: Buffered,
    decoder: FrameDecoder,
    /// The bytes decoded of the current frame; none between frames.
    frame: Option<u64>,
}

/// The beginning of a text or a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Beginning {
    Frame,
    Skippable,
    End,
    /// It is cut short.
    Cut,
    Other,
}

impl Zstandard {
    /// A decoder of a text that begins with a frame.
    pub(super) fn new(input: Buffered) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW.get());
        Self { input, decoder, frame: None }
    }

    /// Reads some bytes; 0 at the end.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, InputReason> {
        loop {
            let Some(length) = &mut self.frame else {
                if self.begin()? {
                    continue;
                }
                return Ok(0);
            };
            if self.decoder.can_collect() > 0 {
                let read = self.decoder.read(out).map_err(|_| DAMAGED)?;
                *length += read as u64;
                return Ok(read);
            }
            if self.decoder.is_finished() {
                self.end()?;
            } else {
                self.decode(|decoder, input| decoder.decode_blocks(input, BlockDecodingStrategy::UptoBlocks(1)))?;
            }
        }
    }

    /// Goes to the next frame with data, unless there is none.
    fn begin(&mut self) -> Result<bool, InputReason> {
        loop {
            let beginning = match self.input.peek(MAGIC.len()) {
                Ok(bytes) => Beginning::of(bytes),
                Err(_) => return Err(self.input.source().why(Compression::Zstandard)),
            };
            match beginning {
                Beginning::Frame => {
                    self.decode(|decoder, input| decoder.reset(input))?;
                    self.frame = Some(0);
                    return Ok(true);
                }
                Beginning::Skippable => self.skip()?,
                Beginning::End => return Ok(false),
                Beginning::Cut => return Err(InputReason::Cut(Compression::Zstandard)),
                Beginning::Other => return Err(InputReason::Trailing(Compression::Zstandard)),
            }
        }
    }

    /// Passes over a frame without data.
    fn skip(&mut self) -> Result<(), InputReason> {
        const HEADER: usize = MAGIC.len() + 4;
        let length = self.input.peek(HEADER).map(|header| match header {
            [_, _, _, _, a, b, c, d] => Some(HEADER as u64 + u64::from(u32::from_le_bytes([*a, *b, *c, *d]))),
            _ => None,
        });
        match length.and_then(|length| length.map(|length| Ok(self.input.skip(length)? == length)).transpose()) {
            Ok(Some(true)) => Ok(()),
            Ok(_) => Err(InputReason::Cut(Compression::Zstandard)),
            Err(_) => Err(self.input.source().why(Compression::Zstandard)),
        }
    }

    /// Compares the length of a frame with its header, which the decoder does not do.
    fn end(&mut self) -> Result<(), InputReason> {
        let said = self.decoder.get_checksum_from_data();
        let is_sum = said.is_none() || said == self.decoder.get_calculated_checksum();
        // A length that the header does not say is 0, too.
        let is_length = [0, self.frame.unwrap_or_default()].contains(&self.decoder.content_size());
        self.frame = None;
        if is_sum && is_length { Ok(()) } else { Err(DAMAGED) }
    }

    /// Runs the decoder. If hostile data make it panic, they count as damaged.
    fn decode<T>(
        &mut self,
        step: impl FnOnce(&mut FrameDecoder, &mut Buffered) -> Result<T, FrameDecoderError>,
    ) -> Result<(), InputReason> {
        // Its state does not matter: a text that has failed is not read on.
        let done = catch_unwind(AssertUnwindSafe(|| step(&mut self.decoder, &mut self.input)));
        match done {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(
                FrameDecoderError::WindowSizeTooBig { requested: needed, .. }
                | FrameDecoderError::FrameHeaderError(FrameHeaderError::WindowTooBig { got: needed }),
            )) => Err(InputReason::Window { needed: Bytes::new(needed), most: MAX_WINDOW }),
            Ok(Err(FrameDecoderError::DictNotProvided { .. })) => Err(InputReason::Dictionary),
            Ok(Err(_)) => Err(self.input.source().why(Compression::Zstandard)),
            Err(_) => Err(DAMAGED),
        }
    }
}

impl fmt::Debug for Zstandard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Zstandard").field("input", &self.input).field("frame", &self.frame).finish_non_exhaustive()
    }
}

impl Beginning {
    /// The meaning of the first 4 bytes, or fewer at the end.
    fn of(bytes: &[u8]) -> Self {
        match bytes {
            [] => Self::End,
            _ if is_magic(bytes) && bytes == MAGIC => Self::Frame,
            _ if is_magic(bytes) => Self::Skippable,
            _ if may_become_magic(bytes) => Self::Cut,
            _ => Self::Other,
        }
    }
}

/// Whether this is the beginning of a frame.
pub(super) fn is_magic(bytes: &[u8]) -> bool {
    bytes.len() >= MAGIC.len() && begins_like_a_frame(bytes)
}

/// Whether more bytes could make this the beginning of a frame.
pub(super) fn may_become_magic(bytes: &[u8]) -> bool {
    bytes.len() < MAGIC.len() && begins_like_a_frame(bytes)
}

fn begins_like_a_frame(bytes: &[u8]) -> bool {
    let is_skippable = match bytes {
        [first, rest @ ..] => (0x50..=0x5f).contains(first) && rest.iter().zip(SKIPPABLE).all(|(a, b)| *a == b),
        [] => true,
    };
    is_skippable || bytes.iter().zip(MAGIC).all(|(a, b)| *a == b)
}

const DAMAGED: InputReason = InputReason::Damaged(Compression::Zstandard);
