//! Patterns of paths.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use glob::MatchOptions;

use crate::listing::{Found, ListingBudget, entries, failure, is_hidden};
use crate::{InputError, InputReason};

/// Only a literal dot matches a dot at the beginning of a name.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// A pattern of paths.
///
/// Every directory is read at most once, whatever the pattern: its entries are matched against all parts that may be next. In a
/// name that is not UTF-8, replacement characters stand for the invalid bytes.
#[derive(Debug)]
pub(super) struct Pattern {
    /// The base: the names before the first part with wildcards.
    base: PathBuf,
    /// Never empty, and not beginning with a literal.
    parts: Vec<Part>,
}

/// A part between two slashes.
#[derive(Debug)]
enum Part {
    Literal(PathBuf),
    Wild(glob::Pattern),
    /// `**`. Never the last part, and never two in a row.
    Directories,
}

/// A search for the matches of a pattern.
struct Search<'a> {
    pattern: &'a Pattern,
    budget: &'a mut ListingBudget,
    found: Vec<Found>,
    /// Directories that are not scanned yet, and the indices of the parts that may be next in each.
    directories: Vec<(PathBuf, Vec<usize>)>,
}

impl Pattern {
    /// Whether a text has wildcards.
    pub(super) fn is_one(text: &str) -> bool {
        text.contains(['*', '?', '['])
    }

    pub(super) fn parse(text: &str) -> Result<Self, InputReason> {
        let mut base = PathBuf::from(if text.starts_with('/') { "/" } else { "" });
        let mut parts = Vec::new();
        for part in text.split('/').filter(|part| !part.is_empty()) {
            let part = match part {
                // No wildcard so far.
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
    pub(super) fn expand(&self, budget: &mut ListingBudget) -> Result<Vec<Found>, InputError> {
        let begin = (self.base.clone(), self.with_directories(vec![0]));
        let mut search = Search { pattern: self, budget, found: Vec::new(), directories: vec![begin] };
        while let Some((directory, next)) = search.directories.pop() {
            search.scan(&directory, &next)?;
        }
        Ok(search.found)
    }

    /// Adds the index after each `**`, which also matches no directory.
    fn with_directories(&self, mut indices: Vec<usize>) -> Vec<usize> {
        let behind = indices.iter().filter(|index| matches!(self.parts.get(**index), Some(Part::Directories)));
        let behind: Vec<_> = behind.map(|index| index + 1).collect();
        indices.extend(behind);
        indices.sort_unstable();
        indices.dedup();
        indices
    }
}

impl Search<'_> {
    fn scan(&mut self, directory: &Path, next: &[usize]) -> Result<(), InputError> {
        // Opened by name: a directory may not be listable, and `..` is never listed.
        if let [only] = next
            && let Some(Part::Literal(name)) = self.pattern.parts.get(*only)
        {
            let path = directory.join(name);
            return match fs::symlink_metadata(&path) {
                Ok(_) => self.handle_match(path, vec![*only]),
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
            let fits = |index: &usize| match self.pattern.parts.get(*index) {
                // Links could form a loop.
                Some(Part::Directories) => !is_link && !is_hidden(&name),
                Some(part) => part.matches(&name),
                None => false,
            };
            let fitting: Vec<_> = next.iter().copied().filter(fits).collect();
            if !fitting.is_empty() {
                self.handle_match(path, fitting)?;
            }
        }
        Ok(())
    }

    /// Handles a match of some parts: a file if one of them is the last, a directory to scan if not.
    fn handle_match(&mut self, path: PathBuf, fitting: Vec<usize>) -> Result<(), InputError> {
        let Pattern { parts, .. } = self.pattern;
        let is_last = fitting.iter().any(|index| index + 1 == parts.len());
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            // A dangling link: not a directory, but an error where it should be a file.
            Err(error) if !is_last => return or_nothing(failure(&path, error)),
            Err(error) => return Err(failure(&path, error)),
        };
        if metadata.is_dir() {
            let stays = |index: &usize| matches!(parts.get(*index), Some(Part::Directories));
            let next = fitting.into_iter().map(|index| if stays(&index) { index } else { index + 1 });
            let next = self.pattern.with_directories(next.filter(|index| *index < parts.len()).collect());
            if !next.is_empty() {
                self.budget.take(&path)?;
                self.directories.push((path, next));
            }
        } else if is_last {
            self.found.push(Found::file(path, &metadata, self.budget)?);
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

/// Nothing matches what is missing, which is not an error yet.
fn or_nothing(error: InputError) -> Result<(), InputError> {
    match error.reason() {
        InputReason::NotFound | InputReason::NotReadable => Ok(()),
        _ => Err(error),
    }
}
