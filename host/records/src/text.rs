//! One text, decompressed while it is read.

use std::io::{self, Read};
use std::mem;
use std::time::Duration;

use crate::buffered::Buffered;
use crate::error::Compression;
use crate::gzip::{self, Gzip};
use crate::source::Source;
use crate::zstd::{self, Zstandard};
use crate::{InputError, InputReason, Interrupt};

/// The longest magic number.
const HEAD: usize = zstd::MAGIC.len();

/// One text, decompressed while it is read.
///
/// Every [`io::Error`] is an [`InputError`] inside; see [`InputError::of`]. A text that has failed fails for good, unless nothing has
/// come yet.
#[derive(Debug)]
pub struct Text {
    name: String,
    state: State,
    interrupt: Option<Interrupt>,
}

#[derive(Debug)]
enum State {
    /// Not the whole beginning was read yet: opening a pipe does not wait.
    Opened {
        head: Head,
        source: Source,
    },
    /// Not compressed. The head was read already; `handed_on` bytes of it were returned.
    Plain {
        head: Head,
        handed_on: usize,
        source: Source,
    },
    Gzip(Gzip),
    Zstandard(Box<Zstandard>),
    Ended,
    Failed(InputReason),
}

/// The first bytes of a text.
#[derive(Debug, Default)]
struct Head {
    bytes: [u8; HEAD],
    length: usize,
}

impl Text {
    pub(super) fn new(
        name: String,
        mut source: Source,
        interrupt: Option<Interrupt>,
        patience: Option<Duration>,
    ) -> Self {
        source.set_patience(patience);
        Self { name, state: State::Opened { head: Head::default(), source }, interrupt }
    }
}

impl Read for Text {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        // A decoder may have many bytes left.
        let is_interrupted = self.interrupt.as_ref().is_some_and(Interrupt::is_set);
        let read = if is_interrupted { Err(InputReason::Interrupted) } else { self.state.read(out) };
        match read {
            Ok(0) => self.state = State::Ended,
            Ok(_) | Err(InputReason::NotYet) => {}
            Err(ref reason) => self.state = State::Failed(reason.clone()),
        }
        read.map_err(|reason| InputError::new(self.name.as_str(), reason).into())
    }
}

impl State {
    /// Reads some bytes; 0 at the end.
    fn read(&mut self, out: &mut [u8]) -> Result<usize, InputReason> {
        if let Self::Opened { head, source } = self {
            head.fill(source)?;
            let Self::Opened { head, source } = mem::replace(self, Self::Ended) else { return Ok(0) };
            *self = Self::begin(head, source)?;
        }
        match self {
            Self::Plain { head, handed_on, source } => match head.rest(*handed_on) {
                [] => source.read_or_reason(out),
                mut rest => {
                    // The next bytes may take long to arrive.
                    let read = rest.read(out)?;
                    *handed_on += read;
                    Ok(read)
                }
            },
            Self::Gzip(gzip) => gzip.read(out),
            Self::Zstandard(zstandard) => zstandard.read(out),
            Self::Opened { .. } | Self::Ended => Ok(0),
            Self::Failed(reason) => Err(reason.clone()),
        }
    }

    /// Selects the decoder. Those of compressed texts wait as long as it takes.
    fn begin(head: Head, mut source: Source) -> Result<Self, InputReason> {
        let is_compressed = head.rest(0).starts_with(gzip::MAGIC) || zstd::is_magic(head.rest(0));
        if is_compressed {
            source.set_patience(None);
        }
        match head.rest(0) {
            [] => Ok(Self::Ended),
            bytes if bytes.starts_with(gzip::MAGIC) => Ok(Self::Gzip(Gzip::new(Buffered::new(bytes, source)))),
            bytes if zstd::is_magic(bytes) => {
                Ok(Self::Zstandard(Box::new(Zstandard::new(Buffered::new(bytes, source)))))
            }
            // Text cannot begin like that.
            bytes if bytes.len() < gzip::MAGIC.len() && gzip::MAGIC.starts_with(bytes) => {
                Err(InputReason::Cut(Compression::Gzip))
            }
            bytes if bytes.len() > 1 && zstd::MAGIC.starts_with(bytes) => Err(InputReason::Cut(Compression::Zstandard)),
            _ => Ok(Self::Plain { head, handed_on: 0, source }),
        }
    }
}

impl Head {
    /// Reads the beginning, for as long as it may be a magic number.
    fn fill(&mut self, source: &mut Source) -> Result<(), InputReason> {
        while self.may_be_longer() {
            let Some(free) = self.bytes.get_mut(self.length..) else { break };
            match source.read_or_reason(free)? {
                0 => break,
                read => self.length += read,
            }
        }
        Ok(())
    }

    fn rest(&self, from: usize) -> &[u8] {
        self.bytes.get(from..self.length).unwrap_or_default()
    }

    /// Whether this is a proper prefix of a magic number.
    fn may_be_longer(&self) -> bool {
        let bytes = self.rest(0);
        (bytes.len() < gzip::MAGIC.len() && gzip::MAGIC.starts_with(bytes)) || zstd::may_become_magic(bytes)
    }
}
