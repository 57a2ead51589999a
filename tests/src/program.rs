//! The program as a process.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

/// The program that is tested.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_jurat-tests-cli");

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program, about to be started in a directory, with nothing in its environment that changes what it prints.
pub(crate) fn command<S: AsRef<OsStr>>(directory: &Path, arguments: &[S]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).current_dir(directory).env_remove("JURAT_LOG").env_remove("NO_COLOR");
    command
}

/// Runs the program to its end.
pub(crate) fn run<S: AsRef<OsStr>>(directory: &Path, arguments: &[S], input: &[u8]) -> Outcome {
    let mut command = command(directory, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = thread::scope(|scope| {
        // Whoever does not read everything has a reason, which is in its output.
        scope.spawn(move || _ = stdin.write_all(input));
        child.wait_with_output().unwrap()
    });
    Outcome {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Outcome {
    /// It must have ended with this code. Gives what it printed.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// It must have refused to do anything: this code, nothing on standard output, and each of these on standard error.
    #[track_caller]
    pub(crate) fn refuses(self, code: i32, reasons: &[&str]) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{}", self.stderr);
        for reason in reasons {
            assert!(self.stderr.contains(reason), "`{reason}` is not in: {}", self.stderr);
        }
        let is_plain = |line: &str| ["error: ", "warning: ", "  "].iter().any(|start| line.starts_with(start));
        let panicked = self.stderr.contains("panicked");
        assert!(!panicked && self.stderr.lines().next().is_some_and(is_plain), "{}", self.stderr);
        self.stderr
    }
}
