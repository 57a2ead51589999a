//! How a command ends: an exit code for scripts, and sentences for people.
//!
//! An exit code follows from the blame of an error, and from nothing else: [`Exit::of`] has the table.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use jurat::{OpenError, Problem, Problems, chain};
use jurat_author::CheckError;
use jurat_model::Blame;

use crate::output;

mod blame;

pub(crate) use blame::Blamed;

/// The exit codes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// Everything was done, and nothing failed.
    Success = 0,
    /// The rules reject a record.
    Failed = 1,
    /// The command line, a file that it names, or the configuration is wrong.
    Usage = 2,
    /// A signature, a digest, a version or an expiry is invalid, or the sandbox refuses a component.
    Trust = 3,
    /// This machine, this program, or another machine failed.
    Host = 4,
}

/// The table of exit codes in the help.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  success: nothing failed
  1  a rule says FAIL or ERROR, or a status that --fail-on names; a record cannot be judged; no rule ran on a record (unless
     --allow-norun); a related entity could not be had (unless --allow-unavailable); or there is no record (unless --allow-empty)
  2  usage or configuration: nothing was judged, or not everything
  3  trust: a signature, a digest, a version or an expiry is invalid, or the sandbox refuses a component
  4  host: a file cannot be written, a thread cannot be started, or a server cannot be reached";

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct CommandError {
    exit: Exit,
    /// One sentence each; empty if no reader is left.
    messages: Vec<String>,
}

impl Exit {
    /// The exit code of an error.
    pub(crate) fn of(blame: Blame) -> Self {
        match blame {
            Blame::Caller | Blame::Settings => Self::Usage,
            Blame::Rule | Blame::Publisher | Blame::Source => Self::Trust,
            Blame::Transport | Blame::Host => Self::Host,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl CommandError {
    /// An error in one sentence.
    pub(crate) fn new(blame: Blame, message: impl Into<String>) -> Self {
        Self { exit: Exit::of(blame), messages: vec![message.into()] }
    }

    /// An error of the host without a reader for its text.
    pub(crate) fn silent() -> Self {
        Self { exit: Exit::Host, messages: Vec::new() }
    }

    /// An error of the caller.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Blame::Caller, message)
    }

    /// The rules reject something, so that the command stops.
    pub(crate) fn rejected(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, messages: vec![message.into()] }
    }

    /// An error with its causes, about something that has a name.
    pub(crate) fn about(blame: Blame, what: impl std::fmt::Display, error: &(dyn Error + 'static)) -> Self {
        Self::new(blame, format!("{what}: {}", chain(error)))
    }

    /// An error that knows its blame, about something that has a name.
    pub(crate) fn of(what: impl std::fmt::Display, error: &(impl Blamed + 'static)) -> Self {
        Self::about(error.blame(), what, error)
    }

    /// Standard output cannot be written. If its reader has closed it, no reader is left for an error.
    pub(crate) fn of_output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::silent(),
            _ => Self::about(Blame::Host, "standard output", error),
        }
    }

    /// Prints the sentences, and returns the exit code.
    pub(crate) fn report(&self) -> Exit {
        for message in &self.messages {
            output::complain("error", message);
        }
        self.exit
    }

    /// The sentences.
    pub(crate) fn messages(&self) -> &[String] {
        &self.messages
    }
}

impl<E: Blamed + 'static> From<E> for CommandError {
    fn from(error: E) -> Self {
        Self::new(error.blame(), chain(&error))
    }
}

impl From<Problem> for CommandError {
    fn from(problem: Problem) -> Self {
        Self::new(Blame::Settings, problem.to_string())
    }
}

impl From<Problems> for CommandError {
    fn from(problems: Problems) -> Self {
        Self { exit: Exit::of(Blame::Settings), messages: problems.iter().map(ToString::to_string).collect() }
    }
}

impl From<CheckError> for CommandError {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Problems(problems) => problems.into(),
            CheckError::Machine(error) => Self::new(error.reason.blame(), chain(&error)),
        }
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        Self { exit: Exit::of(blame::of_open(&error)), messages: error.messages() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_has_every_exit_code() {
        for exit in [Exit::Success, Exit::Failed, Exit::Usage, Exit::Trust, Exit::Host] {
            assert!(EXIT_CODES.contains(&format!("\n  {}  ", exit as u8)), "{exit:?}");
        }
    }

    #[test]
    fn a_closed_pipe_is_not_reported() {
        let closed = CommandError::of_output(&io::ErrorKind::BrokenPipe.into());
        assert_eq!((closed.exit, closed.messages().len()), (Exit::Host, 0));
        let full = CommandError::of_output(&io::Error::other("the disk is full"));
        assert_eq!(full.messages(), ["standard output: the disk is full"]);
    }
}
