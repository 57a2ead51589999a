//! Where what comes in is put.

use std::io;

use bytes::Bytes as Chunk;
use jurat_model::Bytes;

/// A place for one file.
pub(crate) trait Sink: Send {
    /// The most that it takes.
    fn cap(&self) -> Bytes;

    /// How many bytes of the file are there that need not be sent again. Where there are some, the cap is the file's length.
    fn held(&self) -> u64;

    /// Forgets everything.
    fn restart(&mut self) -> impl Future<Output = io::Result<()>> + Send;

    /// Takes what comes next.
    fn append(&mut self, chunk: Chunk) -> impl Future<Output = io::Result<()>> + Send;
}

/// Memory: for small files, which begin anew with each attempt.
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
