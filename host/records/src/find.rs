//! Finds the inputs that the arguments of a command name.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{FileType, fstat, tell};

use crate::input_location::{InputLocation, STANDARD_INPUT};
use crate::listing::{Directory, Found, ListingBudget, entries, failure, is_hidden};
use crate::pattern::Pattern;
use crate::{InputError, InputReason};

/// Suffixes of files of records.
const RECORDS: [&[u8]; 3] = [b".json", b".ndjson", b".jsonl"];
/// Suffixes of compressed files, after one of those.
const COMPRESSED: [&[u8]; 2] = [b".gz", b".zst"];

/// All inputs that the arguments name, in order, and the directories among them.
pub(super) fn all(
    arguments: &[impl AsRef<OsStr>],
    budget: &mut ListingBudget,
) -> Result<(Vec<Found>, Vec<Directory>), InputError> {
    if arguments.is_empty() {
        return Ok((vec![standard_input()], Vec::new()));
    }
    let (mut found, mut directories) = (Vec::new(), Vec::new());
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
            found.append(&mut one(argument, budget, &mut directories)?);
        }
    }
    Ok((found, directories))
}

/// The inputs that one argument names, sorted.
fn one(
    argument: &OsStr,
    budget: &mut ListingBudget,
    directories: &mut Vec<Directory>,
) -> Result<Vec<Found>, InputError> {
    let path = Path::new(argument);
    let about = |reason| InputError::new(argument.to_string_lossy(), reason);
    let mut found = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let mut directory = Directory::new(argument.to_string_lossy().into_owned());
            let found = below(path, budget, &mut directory)?;
            directory.read = found.len();
            directories.push(directory);
            found
        }
        Ok(metadata) => vec![Found::file(path.to_owned(), &metadata, budget)?],
        // A dangling link has this name, too.
        Err(error) => match argument.to_str().filter(|_| fs::symlink_metadata(path).is_err()) {
            Some(text) if Pattern::is_one(text) => {
                let found = Pattern::parse(text).map_err(about)?.expand(budget)?;
                if found.is_empty() {
                    return Err(about(InputReason::NoMatch));
                }
                found
            }
            _ => return Err(about(error.into())),
        },
    };
    found.sort_unstable_by(|a, b| a.location.cmp(&b.location));
    Ok(found)
}

/// The files of records in and below a directory.
fn below(root: &Path, budget: &mut ListingBudget, directory: &mut Directory) -> Result<Vec<Found>, InputError> {
    let mut found = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in entries(&next)? {
            let entry = entry?;
            let name = entry.file_name();
            let path = entry.path();
            let kind = entry.file_type().map_err(|error| failure(&path, error))?;
            if is_hidden(&name) {
                // Of what else programs hide in a directory, nobody expects that it is read.
                if kind.is_dir() || has_records(&name) {
                    directory.leave_out(&path);
                }
            } else if kind.is_dir() {
                budget.take(&path)?;
                directories.push(path);
            } else if has_records(&name) && (kind.is_file() || kind.is_symlink()) {
                let metadata = fs::metadata(&path).map_err(|error| failure(&path, error))?;
                if metadata.is_file() {
                    found.push(Found::file(path, &metadata, budget)?);
                } else {
                    directory.leave_out(&path);
                }
            } else {
                directory.leave_out(&path);
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

/// Standard input. If the shell has redirected a file to it, its length is the rest of that file.
fn standard_input() -> Found {
    let stdin = io::stdin();
    let file = stdin.as_fd();
    let length = fstat(file).ok().and_then(|found| {
        let is_file = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
        is_file.then(|| Some(u64::try_from(found.st_size).ok()?.saturating_sub(tell(file).ok()?)))?
    });
    Found { location: InputLocation::StandardInput, length }
}
