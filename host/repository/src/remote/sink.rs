//! Sinks for the bytes of a file.

use std::io;

use bytes::Bytes as Chunk;
use jurat_model::Bytes;

/// A sink for the bytes of one file.
pub(crate) trait Sink: Send {
    /// The most bytes that it takes.
    fn cap(&self) -> Bytes;

    /// The bytes of the file that need not be sent again. If it is not 0, the cap is the file's length.
    fn held(&self) -> u64;

    /// Discards all bytes.
    fn restart(&mut self) -> impl Future<Output = io::Result<()>> + Send;

    /// Appends the next bytes.
    fn append(&mut self, chunk: Chunk) -> impl Future<Output = io::Result<()>> + Send;
}

/// A sink in memory, for small files: each attempt starts anew.
#[derive(Debug)]
pub(super) struct Memory {
    cap: Bytes,
    bytes: Vec<u8>,
}

impl Memory {
    pub(super) fn new(cap: Bytes) -> Self {
        Self { cap, bytes: Vec::new() }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Sink for Memory {
    fn cap(&self) -> Bytes {
        self.cap
    }

    fn held(&self) -> u64 {
        0
    }

    async fn restart(&mut self) -> io::Result<()> {
        self.bytes.clear();
        Ok(())
    }

    async fn append(&mut self, chunk: Chunk) -> io::Result<()> {
        self.bytes.extend_from_slice(&chunk);
        Ok(())
    }
}
