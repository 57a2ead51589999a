//! The Rust files of the workspace.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::TaskError;

/// The Rust files below a directory, in order.
pub(crate) fn below(directory: &Path) -> Result<Vec<PathBuf>, TaskError> {
    let mut paths = Vec::new();
    find(directory, &mut paths)?;
    paths.sort();
    Ok(paths)
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> Result<String, TaskError> {
    fs::read_to_string(path).map_err(|error| TaskError::new(format!("{} cannot be read: {error}", path.display())))
}

fn find(directory: &Path, paths: &mut Vec<PathBuf>) -> Result<(), TaskError> {
    let failed = |error| TaskError::new(format!("{} cannot be read: {error}", directory.display()));
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            // A build of a package outside of the workspace.
            if !path.ends_with("target") {
                find(&path, paths)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    Ok(())
}
