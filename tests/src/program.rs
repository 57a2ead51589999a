//! The program as a process.

use std::env;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use crate::proof;

/// The program that is tested: Cargo puts it one directory above the tests.
#[must_use]
pub fn path() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("jurat-tests-cli")
}

/// How a process ended.
#[derive(Debug)]
pub struct Outcome {
    /// Its exit code.
    pub code: i32,
    /// What it printed to standard output.
    pub stdout: String,
    /// What it printed to standard error.
    pub stderr: String,
}

/// The program, about to be started in a directory, with nothing in its environment that changes what it prints.
#[must_use]
pub fn command<S: AsRef<OsStr>>(directory: &Path, arguments: &[S]) -> Command {
    within(directory, Command::new(path()), arguments)
}

/// The same on one processor only; none if this machine has no `taskset`, or forbids that.
#[must_use]
pub fn command_on_one_processor<S: AsRef<OsStr>>(directory: &Path, arguments: &[S]) -> Option<Command> {
    let taskset = |program: &OsStr| {
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(program);
        command
    };
    let is_there = taskset("true".as_ref()).output().is_ok_and(|output| output.status.success());
    is_there.then(|| within(directory, taskset(path().as_os_str()), arguments))
}

fn within<S: AsRef<OsStr>>(directory: &Path, mut command: Command, arguments: &[S]) -> Command {
    command.args(arguments).current_dir(directory).env_remove("JURAT_LOG").env_remove("NO_COLOR");
    // The program refuses variables that it does not know.
    command.env_remove(proof::SIZE);
    command
}

/// Runs the program to its end.
pub fn run<S: AsRef<OsStr>>(directory: &Path, arguments: &[S], input: &[u8]) -> Outcome {
    let mut command = command(directory, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = thread::scope(|scope| {
        // If the program does not read everything, its output says why.
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
    pub fn ends_with(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// It must have refused to do anything: this code, nothing on standard output, and each of these on standard error.
    #[track_caller]
    pub fn refuses(self, code: i32, reasons: &[&str]) -> String {
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
