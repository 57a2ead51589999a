//! All targets: with the corpus, and with a fixed number of mutations of it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod bounded;
mod corpus;
mod mutation;
mod random;

use std::fs;
use std::path::PathBuf;

use jurat_fuzz::{TARGETS, Target};

/// The target of that name.
fn target(name: &str) -> Target {
    TARGETS.into_iter().find(|target| target.name == name).unwrap()
}

/// The entries of a target's corpus by their names, in the order of these.
fn entries(target: &Target) -> Vec<(String, Vec<u8>)> {
    let directory = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus")).join(target.name);
    let files = fs::read_dir(directory).unwrap().map(|file| file.unwrap());
    let entry = |file: fs::DirEntry| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap());
    let mut entries: Vec<_> = files.map(entry).collect();
    entries.sort();
    entries
}
