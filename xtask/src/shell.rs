//! Runs other programs, and shows what it runs.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The directories of the workspace.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The root of the checkout.
    pub(crate) root: PathBuf,
    /// Cargo's target directory, as configured.
    pub(crate) target: PathBuf,
}

/// The error of a task: what went wrong, and what to do about it.
#[derive(Debug)]
pub(crate) struct TaskError {
    what: String,
    advice: Option<String>,
}

/// A command that is about to run.
#[derive(Debug)]
pub(crate) struct Call {
    command: Command,
    shown: String,
}

impl Workspace {
    /// Finds the root of the checkout and asks cargo for its target directory.
    pub(crate) fn find() -> Result<Self, TaskError> {
        let xtask =
            std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = xtask.parent().map(Path::to_path_buf).ok_or_else(|| TaskError::new("the workspace has no root"))?;
        let workspace = Self { target: root.join("target"), root };
        let metadata = workspace.cargo(&["metadata", "--format-version", "1", "--no-deps"]).read()?;
        let target = target_directory(&metadata).ok_or_else(|| {
            TaskError::new("`cargo metadata` names no target directory").advise("is `cargo` a cargo?")
        })?;
        Ok(Self { target: target.into(), ..workspace })
    }

    /// A call of cargo: of the one that runs this program.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Call {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        self.call(&program, "cargo").args(arguments)
    }

    /// A call of the built command line.
    pub(crate) fn call_jurat(&self, arguments: &[&str]) -> Call {
        self.call_built("jurat").args(arguments)
    }

    /// A program that has been built here.
    pub(crate) fn built(&self, name: &str) -> PathBuf {
        self.target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// How one would type the name of a program that has been built here.
    pub(crate) fn shown(&self, name: &str) -> String {
        let program = self.built(name);
        program.strip_prefix(&self.root).unwrap_or(&program).display().to_string()
    }

    /// A call of a program that has been built here.
    pub(crate) fn call_built(&self, name: &str) -> Call {
        self.call(self.built(name).as_os_str(), &self.shown(name))
    }

    /// A call of any other program.
    pub(crate) fn call(&self, program: &OsStr, shown: &str) -> Call {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        // Cargo's variables about this package must not reach the programs that it starts.
        for (key, _) in std::env::vars_os() {
            if key.to_str().is_some_and(|key| key.starts_with("CARGO_PKG_") || key.starts_with("CARGO_MANIFEST_")) {
                command.env_remove(key);
            }
        }
        Call { command, shown: quoted(shown) }
    }
}

impl Call {
    /// Adds arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: &[A]) -> Self {
        for argument in arguments {
            self.shown.push(' ');
            self.shown.push_str(&quoted(&argument.as_ref().to_string_lossy()));
            self.command.arg(argument);
        }
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, key: &str, value: impl Into<OsString>) -> Self {
        let value = value.into();
        self.shown = format!("{key}={} {}", quoted(&value.to_string_lossy()), self.shown);
        self.command.env(key, value);
        self
    }

    /// Runs it in a directory.
    pub(crate) fn within(mut self, directory: &Path) -> Self {
        self.shown = format!("cd {} && {}", quoted(&directory.display().to_string()), self.shown);
        self.command.current_dir(directory);
        self
    }

    /// Sets a variable that only changes the colors or layout of its output: it is not shown.
    pub(crate) fn with_env(mut self, key: &str, value: &str) -> Self {
        self.command.env(key, value);
        self
    }

    /// The command as one would type it.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Removes a variable of its environment.
    pub(crate) fn without_env(mut self, key: &str) -> Self {
        self.command.env_remove(key);
        self
    }

    /// Sends what it prints to standard error, so that standard output holds nothing but results.
    pub(crate) fn chatter(mut self) -> Self {
        self.command.stdout(std::io::stderr());
        self
    }

    /// Runs it; it must end with 0.
    pub(crate) fn run(self) -> Result<(), TaskError> {
        let shown = self.shown.clone();
        match self.run_for_code()? {
            0 => Ok(()),
            code => Err(TaskError::new(format!("`{shown}` ended with {code}")).advise("what it printed says why")),
        }
    }

    /// Runs it and gives its exit code.
    pub(crate) fn run_for_code(mut self) -> Result<i32, TaskError> {
        say(&format!("    $ {}", self.shown));
        let status = self.command.stdin(Stdio::null()).status().map_err(|error| self.not_started(&error))?;
        status.code().ok_or_else(|| TaskError::new(format!("`{}` was killed", self.shown)))
    }

    /// Runs it, shows its standard output and hands over each line of it. Gives its exit code.
    pub(crate) fn run_for_lines(mut self, mut each: impl FnMut(&str)) -> Result<i32, TaskError> {
        say(&format!("    $ {}", self.shown));
        self.command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = self.command.spawn().map_err(|error| self.not_started(&error))?;
        let broken = |error| TaskError::new(format!("the output of `{}` cannot be read: {error}", self.shown));
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).split(b'\n') {
                let line = String::from_utf8_lossy(&line.map_err(broken)?).into_owned();
                print(&format!("{line}\n"));
                each(&line);
            }
        }
        let status = child.wait().map_err(broken)?;
        status.code().ok_or_else(|| TaskError::new(format!("`{}` was killed", self.shown)))
    }

    /// Starts it, in silence; what it prints can be read.
    pub(crate) fn spawn_piped(mut self) -> Result<Child, TaskError> {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command.spawn().map_err(|error| self.not_started(&error))
    }

    /// Runs it in silence and gives what it prints; it must end with 0.
    pub(crate) fn read(self) -> Result<String, TaskError> {
        let shown = self.shown.clone();
        let Output { status, stdout, stderr } = self.output()?;
        if status.success() {
            return Ok(String::from_utf8_lossy(&stdout).into_owned());
        }
        let complaint = String::from_utf8_lossy(&stderr).into_owned();
        Err(TaskError::new(format!("`{shown}` failed: {}", complaint.trim())))
    }

    /// Runs it in silence and gives its exit code and what it prints.
    pub(crate) fn read_for_code(self) -> Result<(i32, String), TaskError> {
        let killed = TaskError::new(format!("`{}` was killed", self.shown));
        let Output { status, stdout, .. } = self.output()?;
        Ok((status.code().ok_or(killed)?, String::from_utf8_lossy(&stdout).into_owned()))
    }

    fn output(mut self) -> Result<Output, TaskError> {
        self.command.stdin(Stdio::null()).output().map_err(|error| self.not_started(&error))
    }

    fn not_started(&self, error: &std::io::Error) -> TaskError {
        TaskError::new(format!("`{}` cannot be started: {error}", self.shown))
            .advise("is it installed and on the PATH?")
    }
}

impl TaskError {
    /// An error without advice.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), advice: None }
    }

    /// Adds what to do about it.
    pub(crate) fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)?;
        self.advice.iter().try_for_each(|advice| write!(out, "\n  {advice}"))
    }
}

/// Prints a line of progress.
#[expect(clippy::print_stderr, reason = "a program for the command line")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

/// Prints a result.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that closed the other end has read enough.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A word as a shell would want it.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,@+%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The one member of cargo's metadata that is needed here.
fn target_directory(metadata: &str) -> Option<String> {
    let (_, rest) = metadata.split_once(r#""target_directory":""#)?;
    let mut directory = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some(directory),
            '\\' => match characters.next()? {
                // Control characters in paths do not matter here.
                escaped @ ('"' | '\\' | '/') => directory.push(escaped),
                _ => return None,
            },
            character => directory.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_directory_is_found_in_metadata() {
        let found = target_directory(r#"{"packages":[],"target_directory":"/a b/\"c\"\\d","version":1}"#);
        assert_eq!(found.as_deref(), Some(r#"/a b/"c"\d"#));
        assert_eq!(target_directory("{}"), None);
        assert_eq!(target_directory(r#"{"target_directory":"/a"#), None);
    }

    #[test]
    fn commands_are_shown_as_a_shell_takes_them() {
        assert_eq!(quoted("--out=target/demo"), "--out=target/demo");
        assert_eq!(quoted("it's here"), r"'it'\''s here'");
        assert_eq!(quoted(""), "''");
    }
}
