//! Bodies that are compressed with gzip. What comes out is bounded piece by piece: a few bytes can become a thousand times as many.

use std::io::Write;

use bytes::{Buf, Bytes};
use flate2::write::MultiGzDecoder;

use crate::error::{ErrorKind, RequestError};

/// How much is decompressed at a time. DEFLATE makes at most 1,032 bytes of one, so that is 129 KiB, and up to 32 KiB that the
/// decoder had kept back.
const STEP: usize = 128;

/// A body while it is decompressed.
#[derive(Debug)]
pub(super) struct Decompression {
    decoder: MultiGzDecoder<Vec<u8>>,
    /// What has arrived, and was not decompressed yet.
    arrived: Bytes,
}

impl Decompression {
    pub(super) fn new() -> Self {
        Self { decoder: MultiGzDecoder::new(Vec::new()), arrived: Bytes::new() }
    }

    /// Takes what has arrived. What had arrived before was decompressed.
    pub(super) fn arrive(&mut self, piece: Bytes) {
        debug_assert!(self.arrived.is_empty(), "the piece before is used up");
        self.arrived = piece;
    }

    /// Decompresses some more; none if more must arrive first.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, RequestError> {
        while self.arrived.has_remaining() {
            let step = self.arrived.split_to(STEP.min(self.arrived.len()));
            self.decoder.write_all(&step).map_err(|_| broken())?;
            if let Some(text) = self.take() {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// What is left at the end, which must be that of the compressed text.
    pub(super) fn finish(&mut self) -> Result<Option<Bytes>, RequestError> {
        self.decoder.try_finish().map_err(|_| broken())?;
        Ok(self.take())
    }

    fn take(&mut self) -> Option<Bytes> {
        let text = std::mem::take(self.decoder.get_mut());
        (!text.is_empty()).then(|| text.into())
    }
}

fn broken() -> RequestError {
    RequestError::new(ErrorKind::InvalidRequest, "the body is not what gzip makes, or is not complete")
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// The text of pieces, and the longest piece.
    fn decompressed(pieces: impl Iterator<Item = Bytes>) -> Result<(Vec<u8>, usize), RequestError> {
        let (mut decompression, mut text, mut longest) = (Decompression::new(), Vec::new(), 0);
        let mut add = |piece: Bytes| {
            longest = longest.max(piece.len());
            text.extend_from_slice(&piece);
        };
        for piece in pieces {
            decompression.arrive(piece);
            while let Some(piece) = decompression.next()? {
                add(piece);
            }
        }
        decompression.finish()?.into_iter().for_each(add);
        Ok((text, longest))
    }

    #[test]
    fn a_body_comes_out_as_it_was_however_it_arrives() {
        let text = b"0123456789".repeat(10_000);
        let whole = [gzip(&text), gzip(b"more")].concat();
        let expected = [&text[..], b"more"].concat();
        for size in [1, 2, 1_000, whole.len()] {
            let pieces = whole.chunks(size).map(Bytes::copy_from_slice);
            assert!(decompressed(pieces).unwrap().0 == expected, "{size}");
        }
    }

    #[test]
    fn a_bomb_comes_out_in_pieces() {
        let bomb = gzip(&vec![0; 64 << 20]);
        let (text, longest) = decompressed(std::iter::once(bomb.into())).unwrap();
        // The decoder keeps up to 32 KiB back.
        assert!(text.len() == 64 << 20 && longest <= STEP * 1_032 + (32 << 10), "{longest}");
    }

    #[test]
    fn what_is_broken_or_cut_off_is_refused() {
        let whole = gzip(b"0123456789");
        let cut = whole.len() - 1;
        for broken in [&whole[..cut], &whole[1..], b"plain", b""] {
            let found = decompressed(std::iter::once(Bytes::copy_from_slice(broken)));
            assert_eq!(found.unwrap_err().kind, ErrorKind::InvalidRequest, "{broken:?}");
        }
    }
}
