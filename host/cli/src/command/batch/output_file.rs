//! One output file. Its name says whether it is complete.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jurat_results::{Lines, write_visible};
use rustix::fs::OFlags;

use super::destination::{OutputDestination, partial};

/// A file that is being written.
///
/// A regular file is written under the name that [`partial`] gives, and renamed when it is complete. Anything else, such as a
/// pipe, is written directly.
#[derive(Debug)]
pub(super) struct OutputFile {
    name: String,
    file: File,
    rename: Option<Rename>,
    is_terminal: bool,
    /// The bytes that were kept.
    kept: u64,
    /// The bytes of the last write, until it is kept.
    pending: u64,
    lines: u64,
    records: u64,
}

/// The path at which a file is written, and its final path.
#[derive(Debug)]
struct Rename {
    partial: PathBuf,
    path: PathBuf,
}

/// An output that stays incomplete.
#[derive(Debug)]
pub(super) struct PartialFile {
    /// Its name.
    pub(super) name: String,
    /// The number of records that have a line.
    pub(super) records: u64,
    /// Why its last line may be incomplete.
    pub(super) torn: Option<io::Error>,
}

impl OutputFile {
    /// Opens a file. An existing file at its final path is not touched.
    ///
    /// # Errors
    /// When it cannot be opened, or another process is writing it.
    pub(super) fn open(destination: &OutputDestination) -> io::Result<Self> {
        let (file, rename) = match destination {
            OutputDestination::Stdout => (File::from(io::stdout().as_fd().try_clone_to_owned()?), None),
            OutputDestination::Direct(path) => (OpenOptions::new().write(true).open(path)?, None),
            OutputDestination::Renamed { path, .. } => {
                let partial = partial(path);
                (begin(&partial, path)?, Some(Rename { partial, path: path.clone() }))
            }
        };
        let is_terminal = file.is_terminal();
        Ok(Self { name: destination.name(), file, rename, is_terminal, kept: 0, pending: 0, lines: 0, records: 0 })
    }

    /// Its name as the user wrote it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The number of lines that were kept.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// The number of records that have a line.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// Writes lines. They count after [`Self::keep`].
    ///
    /// # Errors
    /// When not all of them can be written. Nothing may be written after that.
    pub(super) fn write(&mut self, lines: &Lines) -> io::Result<()> {
        let mut escaped = Vec::new();
        let bytes = if self.is_terminal {
            write_visible(&mut escaped, &String::from_utf8_lossy(&lines.bytes))?;
            escaped.as_slice()
        } else {
            lines.bytes.as_slice()
        };
        let (accepted, written) = write_counted(&mut self.file, bytes);
        if let Err(error) = written {
            if self.rename.is_none() {
                self.take_back(bytes, accepted);
            }
            return Err(error);
        }
        self.pending = bytes.len() as u64;
        Ok(())
    }

    /// Counts the lines of the last write.
    pub(super) fn keep(&mut self, lines: &Lines) {
        self.kept += std::mem::take(&mut self.pending);
        self.lines += lines.lines;
        self.records += lines.records;
    }

    /// Flushes the file to the disk.
    ///
    /// # Errors
    /// When that fails.
    pub(super) fn sync(&self) -> io::Result<()> {
        if self.rename.is_some() { self.file.sync_all() } else { Ok(()) }
    }

    /// Gives the file its final name: it is complete.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let Some(rename) = &self.rename else { return Ok(()) };
        fs::rename(&rename.partial, &rename.path)?;
        self.rename = None;
        Ok(())
    }

    /// Truncates the file to the lines that count, and leaves it under its partial name. Removes it if nothing was judged.
    pub(super) fn abandon(self, judged: u64) -> Option<PartialFile> {
        let Rename { partial, .. } = self.rename?;
        if judged == 0 {
            // It is empty.
            let _ = fs::remove_file(&partial);
            return None;
        }
        let torn = self.file.set_len(self.kept).and_then(|()| self.file.sync_all()).err();
        Some(PartialFile { name: self.name + ".partial", records: self.records, torn })
    }

    /// Removes an incomplete last line. That is possible in a file, but not in a pipe.
    fn take_back(&self, bytes: &[u8], accepted: usize) {
        let torn = bytes.iter().take(accepted).rev().take_while(|byte| **byte != b'\n').count() as u64;
        if let Ok(metadata) = self.file.metadata()
            && metadata.is_file()
        {
            let _ = self.file.set_len(metadata.len().saturating_sub(torn));
        }
    }
}

/// Opens a file under its partial name, and locks it against other processes.
fn begin(partial: &Path, path: &Path) -> io::Result<File> {
    const ANOTHER: &str = "another process is writing it";
    let nofollow = i32::try_from(OFlags::NOFOLLOW.bits()).map_err(io::Error::other)?;
    // Truncated only after it is locked. Opened for reading too, so that opening a pipe does not wait for a reader.
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).custom_flags(nofollow).open(partial)?;
    let opened = file.metadata()?;
    if !opened.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(io::Error::other(ANOTHER)),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // The process that held the lock may have renamed the file meanwhile.
    let present = fs::symlink_metadata(partial);
    if !present.is_ok_and(|present| (present.dev(), present.ino()) == (opened.dev(), opened.ino())) {
        return Err(io::Error::other(ANOTHER));
    }
    file.set_len(0)?;
    // The new file has the permissions of the file that it replaces.
    match fs::metadata(path) {
        Ok(old) => file.set_permissions(old.permissions())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(file)
}

/// Writes all bytes, and returns how many were accepted.
fn write_counted(out: &mut impl Write, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut accepted = 0;
    while accepted < bytes.len() {
        let Some(rest) = bytes.get(accepted..) else { break };
        match out.write(rest) {
            Ok(0) => return (accepted, Err(io::ErrorKind::WriteZero.into())),
            Ok(written) => accepted += written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (accepted, Err(error)),
        }
    }
    (accepted, Ok(()))
}
