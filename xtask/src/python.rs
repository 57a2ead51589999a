//! What tests and benchmarks need of Python: virtual environments with exact versions of other people's packages.

use std::fs;
use std::path::PathBuf;

use crate::shell::{TaskError, Workspace, say};

/// A virtual environment.
#[derive(Debug)]
pub(crate) struct Environment {
    /// Its purpose.
    what: &'static str,
    /// The installed packages: exact versions, with hashes.
    requirements: &'static str,
    /// Its directory in this checkout, wherever cargo's own target directory is.
    directory: &'static str,
}

impl Environment {
    /// python-tuf, another implementation of TUF, which the tests compare ours with. They expect it there.
    pub(crate) const TUF: Self =
        Self { what: "python-tuf", requirements: "tests/tuf/requirements.txt", directory: "target/python" };
    /// schemathesis, which tries the HTTP API. The tests expect it there.
    pub(crate) const SCHEMATHESIS: Self = Self {
        what: "schemathesis",
        requirements: "tests/clients/requirements.txt",
        directory: "target/python-schemathesis",
    };
    /// The packages of the sample rules in Python, which the benchmarks compare ours with.
    pub(crate) const RULES: Self =
        Self { what: "jsonschema", requirements: "benches/python/requirements.txt", directory: "target/python-rules" };

    /// Installs it, unless it is there, and gives the interpreter. Without Python or a package index, it says so, and
    /// those who need it say what is missing because of that.
    pub(crate) fn ensure(&self, workspace: &Workspace) -> Result<Option<PathBuf>, TaskError> {
        let Self { what, requirements, directory } = self;
        let wanted = fs::read_to_string(workspace.root.join(requirements))
            .map_err(|error| TaskError::new(format!("{requirements} cannot be read: {error}")))?;
        let python = workspace.root.join(directory).join("bin/python");
        // Without this file, the environment is half made.
        let installed = workspace.root.join(directory).join("installed.txt");
        if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
            return Ok(Some(python));
        }
        let made = self.install(workspace).and_then(|()| {
            let failed = |error| TaskError::new(format!("{} cannot be written: {error}", installed.display()));
            fs::write(&installed, &wanted).map_err(failed)
        });
        match made {
            Ok(()) => Ok(Some(python)),
            Err(failure) => {
                say(&format!("going on without {what}: {failure}"));
                Ok(None)
            }
        }
    }

    fn install(&self, workspace: &Workspace) -> Result<(), TaskError> {
        let Self { requirements, directory, .. } = self;
        let environment = workspace.root.join(directory);
        if environment.exists() {
            let failed = |error| TaskError::new(format!("{directory} cannot be emptied: {error}"));
            fs::remove_dir_all(&environment).map_err(failed)?;
        }
        workspace.call("python3".as_ref(), "python3").args(&["-m", "venv", directory]).chatter().run()?;
        let python = environment.join("bin/python");
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"];
        let pip = workspace.call(python.as_os_str(), &format!("{directory}/bin/python")).args(&pip);
        pip.args(&["--require-hashes", "--requirement", requirements]).chatter().run()
    }
}
