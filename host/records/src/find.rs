//! What the arguments of a command name.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{FileType, fstat, tell};

use crate::listing::{Found, Room, entries, failure, is_hidden};
use crate::pattern::Pattern;
use crate::place::{Place, STANDARD_INPUT};
use crate::{InputError, InputReason};

/// What the names of files of records end in.
const RECORDS: [&[u8]; 3] = [b".json", b".ndjson", b".jsonl"];
/// What may come behind that.
const COMPRESSED: [&[u8]; 2] = [b".gz", b".zst"];

/// What all arguments name, in order.
pub(super) fn all(arguments: &[impl AsRef<OsStr>], room: &mut Room) -> Result<Vec<Found>, InputError> {
    if arguments.is_empty() {
        return Ok(vec![standard_input()]);
    }
    let mut found = Vec::new();
    let mut has_standard_input = false;
    for argument in arguments {
        let argument = argument.as_ref();
        if argument == "-" {
            if has_standard_input {
                return Err(InputError::new(STANDARD_INPUT, InputReason::Twice));
            }
            has_standard_input = true;
            found.push(standard_input());
        } else {
            found.append(&mut one(argument, room)?);
        }
    }
    Ok(found)
}

/// What one argument names, sorted.
fn one(argument: &OsStr, room: &mut Room) -> Result<Vec<Found>, InputError> {
    let path = Path::new(argument);
    let about = |reason| InputError::new(argument.to_string_lossy(), reason);
    let (mut found, nothing) = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => (below(path, room)?, InputReason::NoRecords),
        Ok(metadata) => (vec![Found::file(path.to_owned(), &metadata, room)?], InputReason::NotFound),
        // A link that leads nowhere has the name all the same.
        Err(error) => match argument.to_str().filter(|_| fs::symlink_metadata(path).is_err()) {
            Some(text) if Pattern::is_one(text) => {
                let pattern = Pattern::parse(text).map_err(about)?;
                (pattern.expand(room)?, InputReason::NoMatch)
            }
            _ => return Err(about(error.into())),
        },
    };
    if found.is_empty() {
        return Err(about(nothing));
    }
    found.sort_unstable_by(|a, b| a.place.cmp(&b.place));
    Ok(found)
}

/// The files of records in and below a directory.
fn below(root: &Path, room: &mut Room) -> Result<Vec<Found>, InputError> {
    let mut found = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in entries(&directory)? {
            let entry = entry?;
            let name = entry.file_name();
            if is_hidden(&name) {
                continue;
            }
            let path = entry.path();
            let kind = entry.file_type().map_err(|error| failure(&path, error))?;
            if kind.is_dir() {
                room.take(&path)?;
                directories.push(path);
            } else if has_records(&name) && (kind.is_file() || kind.is_symlink()) {
                let metadata = fs::metadata(&path).map_err(|error| failure(&path, error))?;
                if metadata.is_file() {
                    found.push(Found::file(path, &metadata, room)?);
                }
            }
        }
    }
    Ok(found)
}

/// Whether a file with that name is read when its directory is named.
fn has_records(name: &OsStr) -> bool {
    let name = name.as_bytes().to_ascii_lowercase();
    let name = COMPRESSED.iter().find_map(|ending| name.strip_suffix(*ending)).unwrap_or(&name);
    RECORDS.iter().any(|ending| name.ends_with(ending))
}

/// Standard input. Where the shell has made a file of it, the rest of that has a length.
fn standard_input() -> Found {
    let stdin = io::stdin();
    let file = stdin.as_fd();
    let length = fstat(file).ok().and_then(|found| {
        let is_file = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
        is_file.then(|| Some(u64::try_from(found.st_size).ok()?.saturating_sub(tell(file).ok()?)))?
    });
    Found { place: Place::StandardInput, length }
}
