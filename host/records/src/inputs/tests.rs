use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::*;
use crate::error::{Compression, InputReason};

mod compressed;
mod finding;
mod reading;
mod waiting;

/// Says why a test is skipped.
#[expect(clippy::print_stderr, reason = "whoever reads the output of the tests should know")]
fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
}

/// The names of the inputs of an argument.
fn names(inputs: &Inputs) -> Vec<String> {
    (0..inputs.count()).map(|source| inputs.name(source).into_owned()).collect()
}

/// All texts, joined.
fn read(inputs: &Inputs) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    for text in inputs.texts() {
        text?.read_to_end(&mut all)?;
    }
    Ok(all)
}

/// The error of reading a text.
fn reason(error: &io::Error) -> InputReason {
    InputError::of(error).unwrap_or_else(|| panic!("`{error:?}` says too little")).reason().clone()
}

/// A file with these bytes, read to its end.
fn read_file(path: &Path, bytes: &[u8]) -> io::Result<Vec<u8>> {
    // A file that is emptied, rather than made anew, may be written to the disk at once.
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
    read(&Inputs::find(&[path]).unwrap())
}
