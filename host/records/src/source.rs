//! The bytes of a text as they are on the disk or in a pipe.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::Errno;

use crate::error::Compression;
use crate::input_location::InputLocation;
use crate::{InputReason, Interrupt, Progress};

/// Does not wait for a writer of a pipe, and does not take a terminal as the controlling one.
const READ: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// An open text: its reads are counted, and an [`Interrupt`] ends them even while they wait.
///
/// Decoders replace its errors with their own, so the reason is kept for [`why`](Self::why).
#[derive(Debug)]
pub(super) struct Source {
    file: File,
    /// Whether a read may have to wait for a writer.
    waits: bool,
    has_ended: bool,
    failure: Option<InputReason>,
    progress: Progress,
    interrupt: Option<Interrupt>,
    /// How long a read waits for a writer; none = as long as it takes.
    patience: Option<Duration>,
}

impl Source {
    /// Opens a text. Never waits.
    pub(super) fn open(
        location: &InputLocation,
        progress: Progress,
        interrupt: Option<Interrupt>,
    ) -> Result<Self, InputReason> {
        let file = match location {
            InputLocation::StandardInput => File::from(io::stdin().as_fd().try_clone_to_owned()?),
            InputLocation::Path(path) => open_path(path)?,
        };
        let waits = match FileType::from_raw_mode(fstat(&file)?.st_mode) {
            FileType::RegularFile => false,
            FileType::Directory => return Err(InputReason::Directory),
            _ => true,
        };
        Ok(Self { file, waits, has_ended: false, failure: None, progress, interrupt, patience: None })
    }

    /// Sets how long a read waits for a writer. Decoders cannot go on after a read that came too early, so they need none.
    pub(super) fn set_patience(&mut self, patience: Option<Duration>) {
        self.patience = patience;
    }

    /// Why a decoder could not go on: the failure of the last read, the end of the text, or the text itself.
    pub(super) fn why(&mut self, compression: Compression) -> InputReason {
        match self.failure.take() {
            Some(reason) => reason,
            None if self.has_ended => InputReason::Cut(compression),
            None => InputReason::Damaged(compression),
        }
    }

    /// Reads, and says what is wrong.
    pub(super) fn read_or_reason(&mut self, buffer: &mut [u8]) -> Result<usize, InputReason> {
        loop {
            if self.interrupt.as_ref().is_some_and(Interrupt::is_set) {
                return Err(InputReason::Interrupted);
            }
            if self.waits && !self.is_ready()? {
                if self.patience.is_some() {
                    return Err(InputReason::NotYet);
                }
                continue;
            }
            match self.file.read(buffer) {
                Ok(read) => {
                    self.progress.add(read);
                    self.has_ended |= read == 0 && !buffer.is_empty();
                    return Ok(read);
                }
                // A signal; or another reader of the same pipe was faster.
                Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until there is something to read, the end included, until the interrupt is set, or until the patience is over.
    fn is_ready(&self) -> Result<bool, InputReason> {
        let mut fds = vec![PollFd::new(&self.file, PollFlags::IN)];
        let wake = self.interrupt.as_ref().map(Interrupt::wake);
        fds.extend(wake.as_ref().map(|wake| PollFd::new(wake, PollFlags::IN)));
        let patience = self.patience.and_then(|patience| Timespec::try_from(patience).ok());
        match poll(&mut fds, patience.as_ref()) {
            Ok(_) => Ok(fds.first().is_some_and(|fd| !fd.revents().is_empty())),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_or_reason(buffer).map_err(|reason| {
            self.failure = Some(reason);
            io::ErrorKind::Other.into()
        })
    }
}

fn open_path(path: &Path) -> Result<File, InputReason> {
    loop {
        match open(path, READ, Mode::empty()) {
            Ok(file) => return Ok(File::from(file)),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
