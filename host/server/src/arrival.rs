//! Records that arrive while they are judged.

use std::io::{self, Read};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::timeout;

use crate::budget::Hold;
use crate::error::RequestError;

/// Pieces that may wait. A connection hands over pieces of some 16 to 64 KiB.
const QUEUED: usize = 2;
/// How long results wait for further records before they are handed over.
const PATIENCE: Duration = Duration::from_millis(100);

/// The end to which a connection gives what arrives; the error is the last piece.
pub(crate) type ArrivalSender = Sender<Result<Piece, RequestError>>;

/// A piece of what arrives, with the memory that it takes.
#[derive(Debug)]
pub(crate) struct Piece {
    text: Bytes,
    _hold: Hold,
}

impl Piece {
    pub(crate) fn new(text: Bytes, hold: Hold) -> Self {
        Self { text, _hold: hold }
    }
}

/// Records that arrive, as a text that is read on a thread that may block.
#[derive(Debug)]
pub(crate) struct Arrival {
    pieces: Receiver<Result<Piece, RequestError>>,
    /// What is left of the present one.
    piece: Option<Piece>,
    runtime: Handle,
}

/// Why no more records arrive, as the cause of an error of reading.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", .0.message)]
pub(crate) struct ArrivalError(pub(crate) RequestError);

impl Arrival {
    /// Both ends. Must be called within a runtime.
    pub(crate) fn channel() -> (ArrivalSender, Self) {
        let (sender, pieces) = mpsc::channel(QUEUED);
        (sender, Self { pieces, piece: None, runtime: Handle::current() })
    }
}

impl Read for Arrival {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(Piece { text, .. }) = self.piece.as_mut().filter(|piece| !piece.text.is_empty()) {
                let length = text.len().min(buffer.len());
                text.split_to(length).copy_to_slice(buffer.get_mut(..length).unwrap_or_default());
                return Ok(length);
            }
            self.piece = None;
            let next = match self.pieces.try_recv() {
                Ok(next) => Some(next),
                Err(_) => {
                    // A time-out belongs to the runtime in which it is made.
                    let next = async { timeout(PATIENCE, self.pieces.recv()).await };
                    self.runtime.block_on(next).map_err(|_| io::ErrorKind::WouldBlock)?
                }
            };
            match next {
                None => return Ok(0),
                Some(Ok(piece)) => self.piece = Some(piece),
                Some(Err(failure)) => return Err(io::Error::other(ArrivalError(failure))),
            }
        }
    }
}
