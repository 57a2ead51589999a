//! One file that lines go to: it is whole, or can be told from one that is.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::destination::Destination;
use crate::output;

/// Lines of one window.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// The lines, each with its line feed.
    pub(super) bytes: Vec<u8>,
    /// How many they are.
    pub(super) lines: u64,
    /// How many records they are about.
    pub(super) records: u64,
}

/// A file that is being written.
///
/// A regular file is written beside its place, under the name that [`partial`] gives, and put there when it is whole. Anything
/// else, such as a pipe, is written as it is.
#[derive(Debug)]
pub(super) struct Outlet {
    name: String,
    file: File,
    place: Option<Place>,
    is_terminal: bool,
    /// The bytes of all pieces that count.
    whole: u64,
    /// The bytes of the piece that was written last, if it does not count yet.
    pending: u64,
    lines: u64,
    records: u64,
}

/// Where a file is written, and where it goes.
#[derive(Debug)]
struct Place {
    partial: PathBuf,
    path: PathBuf,
}

/// What is left of a file that did not become whole.
#[derive(Debug)]
pub(super) struct Remains {
    /// Its name.
    pub(super) name: String,
    /// How many records its lines are about.
    pub(super) records: u64,
}

/// The name of a file as long as it is not whole.
pub(super) fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

impl Outlet {
    /// Opens a file. What stands in its place is not touched.
    ///
    /// # Errors
    /// Also when another process is writing it.
    pub(super) fn open(destination: &Destination) -> io::Result<Self> {
        let (file, place) = match destination {
            Destination::Stdout => (File::from(io::stdout().as_fd().try_clone_to_owned()?), None),
            Destination::Direct(path) => (OpenOptions::new().write(true).open(path)?, None),
            Destination::Beside { path, .. } => {
                let partial = partial(path);
                (begin(&partial, path)?, Some(Place { partial, path: path.clone() }))
            }
        };
        let is_terminal = file.is_terminal();
        Ok(Self { name: destination.name(), file, place, is_terminal, whole: 0, pending: 0, lines: 0, records: 0 })
    }

    /// Its name as the user knows it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How many lines were written.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// How many records they are about.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// Writes lines, which do not count before [`Self::keep`] says so.
    ///
    /// # Errors
    /// When not all of them could be written. Nothing must be written after that.
    pub(super) fn write(&mut self, piece: &Piece) -> io::Result<()> {
        let mut escaped = Vec::new();
        let bytes = if self.is_terminal {
            output::write_visible(&mut escaped, &String::from_utf8_lossy(&piece.bytes))?;
            escaped.as_slice()
        } else {
            piece.bytes.as_slice()
        };
        let (accepted, written) = write_counted(&mut self.file, bytes);
        if let Err(error) = written {
            if self.place.is_none() {
                self.take_back(bytes.get(..accepted).unwrap_or_default());
            }
            return Err(error);
        }
        self.pending = bytes.len() as u64;
        Ok(())
    }

    /// Lets the lines count that were written last.
    pub(super) fn keep(&mut self, piece: &Piece) {
        self.whole += std::mem::take(&mut self.pending);
        self.lines += piece.lines;
        self.records += piece.records;
    }

    /// Puts everything on the disk.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(super) fn sync(&self) -> io::Result<()> {
        if self.place.is_some() { self.file.sync_all() } else { Ok(()) }
    }

    /// Puts the file into its place: it is whole.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        fs::rename(&place.partial, &place.path)?;
        self.place = None;
        Ok(())
    }

    /// Cuts the file back to the pieces that count and leaves it where it is; where nothing was judged, removes it.
    pub(super) fn abandon(self, judged: u64) -> Option<Remains> {
        let Place { partial, .. } = self.place?;
        if judged == 0 {
            // Whoever finds it would learn nothing from it.
            let _ = fs::remove_file(&partial);
            return None;
        }
        // Cutting takes no room. Where even that fails, the name still says that the file is not whole.
        let _ = self.file.set_len(self.whole);
        let _ = self.file.sync_all();
        Some(Remains { name: self.name + ".partial", records: self.records })
    }

    /// Takes back a line of which only a part was written, where that is possible: in a file, not in a pipe.
    fn take_back(&self, accepted: &[u8]) {
        let torn = accepted.iter().rev().take_while(|byte| **byte != b'\n').count() as u64;
        if let Ok(metadata) = self.file.metadata()
            && metadata.is_file()
        {
            let _ = self.file.set_len(metadata.len().saturating_sub(torn));
        }
    }
}

/// Opens a file that is to become whole under another name, and makes sure that nobody else does.
fn begin(partial: &Path, path: &Path) -> io::Result<File> {
    const ANOTHER: &str = "another process is writing it";
    let nofollow = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    // Not truncated before it is locked. Open for reading, too, so that a pipe in its place does not wait for a reader.
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).custom_flags(nofollow).open(partial)?;
    let opened = file.metadata()?;
    if !opened.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(io::Error::other(ANOTHER)),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // Whoever had the lock may have put the file into its place in between.
    let present = fs::symlink_metadata(partial);
    if !present.is_ok_and(|present| (present.dev(), present.ino()) == (opened.dev(), opened.ino())) {
        return Err(io::Error::other(ANOTHER));
    }
    file.set_len(0)?;
    // Who may read the old one may read the new one, and nobody else.
    if let Ok(old) = fs::metadata(path) {
        file.set_permissions(old.permissions())?;
    }
    Ok(file)
}

/// Writes all of it, and says how much was accepted.
fn write_counted(out: &mut impl Write, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut accepted = 0;
    while let Some(rest) = bytes.get(accepted..).filter(|rest| !rest.is_empty()) {
        match out.write(rest) {
            Ok(0) => return (accepted, Err(io::ErrorKind::WriteZero.into())),
            Ok(written) => accepted += written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (accepted, Err(error)),
        }
    }
    (accepted, Ok(()))
}
