//! python-tuf, another implementation of TUF, which the tests hold ours against.

use std::fs;

use crate::shell::{Failure, Workspace, say};

/// What is installed: exact versions, with hashes.
const REQUIREMENTS: &str = "tests/tuf/requirements.txt";
/// Where, in this checkout, wherever cargo's own target directory is. The tests look for it there.
const ENVIRONMENT: &str = "target/python";
/// In there: the requirements that have been installed. Without it, the environment is half made.
const INSTALLED: &str = "target/python/installed.txt";

/// Installs it into a virtual environment, unless it is there. Where there is no Python or no package index, the tests that need it
/// say that they were skipped.
pub(crate) fn ensure(workspace: &Workspace) -> Result<(), Failure> {
    let wanted = fs::read_to_string(workspace.root.join(REQUIREMENTS))
        .map_err(|error| Failure::new(format!("{REQUIREMENTS} cannot be read: {error}")))?;
    if fs::read_to_string(workspace.root.join(INSTALLED)).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if let Err(failure) = install(workspace, &wanted) {
        say(&format!("going on without python-tuf: {failure}"));
    }
    Ok(())
}

fn install(workspace: &Workspace, wanted: &str) -> Result<(), Failure> {
    let environment = workspace.root.join(ENVIRONMENT);
    if environment.exists() {
        let failed = |error| Failure::new(format!("{ENVIRONMENT} cannot be emptied: {error}"));
        fs::remove_dir_all(&environment).map_err(failed)?;
    }
    workspace.call("python3".as_ref(), "python3").args(&["-m", "venv", ENVIRONMENT]).chatter().run()?;
    let python = environment.join("bin/python");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"];
    let pip = workspace.call(python.as_os_str(), "target/python/bin/python").args(&pip);
    pip.args(&["--require-hashes", "--requirement", REQUIREMENTS]).chatter().run()?;
    fs::write(workspace.root.join(INSTALLED), wanted)
        .map_err(|error| Failure::new(format!("{INSTALLED} cannot be written: {error}")))
}
