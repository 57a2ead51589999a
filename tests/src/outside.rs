//! Programs of others that tests run, and scripts that run them.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::{guest, skip};

/// What a script ends with if a program that it needs is not there.
const SKIPPED: i32 = 77;

/// The directory of the scripts.
#[must_use]
pub fn scripts() -> PathBuf {
    guest::package().join("clients")
}

/// Runs one of the scripts.
#[must_use]
pub fn script(name: &str) -> Command {
    let mut command = Command::new("python3");
    command.arg("-B").arg(scripts().join(name));
    command
}

/// Runs a program. Gives what it printed; none if something was not there, which is then said.
#[track_caller]
pub fn output(command: &mut Command) -> Option<String> {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    if status.code() == Some(SKIPPED) {
        skip::not_tried(&stdout);
        return None;
    }
    assert!(status.success(), "{status}\n{stdout}{stderr}");
    Some(stdout.into_owned())
}

/// Where a program of a Debian package is, which is installed if it can be; none if it is not there, which is then said.
#[track_caller]
#[must_use]
pub fn program(package: &str, name: &str) -> Option<PathBuf> {
    let found = output(script("install.py").args([package, name]))?;
    Some(found.trim_end().into())
}
