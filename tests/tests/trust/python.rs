//! Python with python-tuf, where there is one.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use jurat_tests::{guest, skip};

/// The directory of the scripts.
pub(crate) fn scripts() -> PathBuf {
    guest::package().join("tuf")
}

/// The environment that `cargo xtask test` installs. Says that something was not tried if it is not there, or is another one.
pub(crate) fn environment(what: &str) -> Option<Environment> {
    let directory = guest::package().join("../target/python");
    let wanted = fs::read(scripts().join("requirements.txt")).unwrap();
    if fs::read(directory.join("installed.txt")).is_ok_and(|installed| installed == wanted) {
        return Some(Environment(directory.join("bin/python")));
    }
    skip::not_tried(&format!("{what}: target/python has no python-tuf; `cargo xtask test` installs it where it can"));
    None
}

/// A Python that can import `tuf`.
#[derive(Clone, Debug)]
pub(crate) struct Environment(PathBuf);

impl Environment {
    /// A script, about to be started.
    fn script(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.0);
        command.arg("-B").arg(scripts().join(name)).args(arguments);
        command
    }

    /// Starts a script that is given nothing to read.
    pub(crate) fn start(&self, name: &str, arguments: &[&str]) -> Child {
        self.script(name, arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
    }

    /// Runs a script to its end. Gives what it printed.
    #[track_caller]
    pub(crate) fn run(&self, name: &str, input: &[u8]) -> String {
        let mut command = self.script(name, &[]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let output = thread::scope(|scope| {
            // A script that ends early has a reason, which is in its output.
            scope.spawn(move || _ = stdin.write_all(input));
            child.wait_with_output().unwrap()
        });
        assert!(output.status.success(), "{name}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// What a person would type to see one history.
pub(crate) fn repeat(seed: u64) -> String {
    let script = Path::new("tests/tuf/generate.py");
    format!("target/python/bin/python {} {seed} 1", script.display())
}
