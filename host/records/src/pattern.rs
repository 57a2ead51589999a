//! Patterns of paths.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use glob::MatchOptions;

use crate::listing::{Found, Room, entries, failure, is_hidden};
use crate::{InputError, InputReason};

/// A dot at the beginning of a name is matched by none but itself.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// A pattern of paths.
///
/// Every directory is read at most once, whatever the pattern: it is looked at with all the parts that may be next in it. A name
/// that is no text is matched with a replacement character for what is none, rather than left out.
#[derive(Debug)]
pub(super) struct Pattern {
    /// Where it begins: what comes before the first part that is more than a name.
    base: PathBuf,
    /// Never empty, and not beginning with a literal.
    parts: Vec<Part>,
}

/// What is between two slashes.
#[derive(Debug)]
enum Part {
    Literal(PathBuf),
    Wild(glob::Pattern),
    /// `**`. Never the last one, and never two of them one behind the other.
    Directories,
}

/// A pattern on its way through directories.
struct Search<'a> {
    pattern: &'a Pattern,
    room: &'a mut Room,
    found: Vec<Found>,
    /// Those to look into, and the parts that may be next in each.
    directories: Vec<(PathBuf, Vec<usize>)>,
}

impl Pattern {
    /// Whether it has any of the characters that mean something.
    pub(super) fn is_one(text: &str) -> bool {
        text.contains(['*', '?', '['])
    }

    pub(super) fn parse(text: &str) -> Result<Self, InputReason> {
        let mut base = PathBuf::from(if text.starts_with('/') { "/" } else { "" });
        let mut parts = Vec::new();
        for part in text.split('/').filter(|part| !part.is_empty()) {
            let part = match part {
                // Nothing to look for yet.
                part if parts.is_empty() && !Self::is_one(part) => {
                    base.push(part);
                    continue;
                }
                "**" if matches!(parts.last(), Some(Part::Directories)) => continue,
                "**" => Part::Directories,
                part if Self::is_one(part) => Part::wild(part)?,
                part => Part::Literal(part.into()),
            };
            parts.push(part);
        }
        if let Some(Part::Directories) = parts.last() {
            parts.push(Part::wild("*")?);
        }
        Ok(Self { base, parts })
    }

    /// The files that match it.
    pub(super) fn expand(&self, room: &mut Room) -> Result<Vec<Found>, InputError> {
        let begin = (self.base.clone(), self.with_directories(vec![0]));
        let mut search = Search { pattern: self, room, found: Vec::new(), directories: vec![begin] };
        while let Some((directory, next)) = search.directories.pop() {
            search.look_into(&directory, &next)?;
        }
        Ok(search.found)
    }

    /// Those parts, and the ones behind any number of directories, which may be none.
    fn with_directories(&self, mut places: Vec<usize>) -> Vec<usize> {
        let behind = places.iter().filter(|place| matches!(self.parts.get(**place), Some(Part::Directories)));
        let behind: Vec<_> = behind.map(|place| place + 1).collect();
        places.extend(behind);
        places.sort_unstable();
        places.dedup();
        places
    }
}

impl Search<'_> {
    fn look_into(&mut self, directory: &Path, next: &[usize]) -> Result<(), InputError> {
        // Not looked for: a directory may be closed to looks, and `..` is in none.
        if let [only] = next
            && let Some(Part::Literal(name)) = self.pattern.parts.get(*only)
        {
            let path = directory.join(name);
            return match fs::symlink_metadata(&path) {
                Ok(_) => self.meet(path, vec![*only]),
                Err(error) => or_nothing(failure(&path, error)),
            };
        }
        let entries = match entries(directory) {
            Ok(entries) => entries,
            Err(error) => return or_nothing(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let path = if directory.as_os_str().is_empty() { PathBuf::from(&name) } else { entry.path() };
            let is_link = entry.file_type().map_err(|error| failure(&path, error))?.is_symlink();
            let fits = |place: &usize| match self.pattern.parts.get(*place) {
                // Links could lead in circles.
                Some(Part::Directories) => !is_link && !is_hidden(&name),
                Some(part) => part.matches(&name),
                None => false,
            };
            let fitting: Vec<_> = next.iter().copied().filter(fits).collect();
            if !fitting.is_empty() {
                self.meet(path, fitting)?;
            }
        }
        Ok(())
    }

    /// Goes on with what fits some parts: it is found if one of them is the last, and is to be looked into if not.
    fn meet(&mut self, path: PathBuf, fitting: Vec<usize>) -> Result<(), InputError> {
        let Pattern { parts, .. } = self.pattern;
        let is_last = fitting.iter().any(|place| place + 1 == parts.len());
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            // A link that leads nowhere: no directory, but as a file it is missed.
            Err(error) if !is_last => return or_nothing(failure(&path, error)),
            Err(error) => return Err(failure(&path, error)),
        };
        if metadata.is_dir() {
            let stays = |place: &usize| matches!(parts.get(*place), Some(Part::Directories));
            let next = fitting.into_iter().map(|place| if stays(&place) { place } else { place + 1 });
            let next = self.pattern.with_directories(next.filter(|place| *place < parts.len()).collect());
            if !next.is_empty() {
                self.room.take(&path)?;
                self.directories.push((path, next));
            }
        } else if is_last {
            self.found.push(Found::file(path, &metadata, self.room)?);
        }
        Ok(())
    }
}

impl Part {
    fn wild(text: &str) -> Result<Self, InputReason> {
        glob::Pattern::new(text).map(Self::Wild).map_err(|error| InputReason::Malformed(error.msg))
    }

    fn matches(&self, name: &OsStr) -> bool {
        match self {
            Self::Literal(literal) => literal.as_os_str() == name,
            Self::Wild(pattern) => pattern.matches_with(&name.to_string_lossy(), OPTIONS),
            Self::Directories => false,
        }
    }
}

/// Where there is nothing, nothing matches, which is no error yet.
fn or_nothing(error: InputError) -> Result<(), InputError> {
    match error.reason() {
        InputReason::NotFound | InputReason::NotReadable => Ok(()),
        _ => Err(error),
    }
}
