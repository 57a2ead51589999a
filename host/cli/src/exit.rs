//! How a command ends: a number for scripts, sentences for people.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use jurat::{Blame, HostStateError, OpenError, Problem, Problems, chain};

use crate::output;

/// The exit codes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// Everything was done, and nothing failed.
    Fine = 0,
    /// The rules say no.
    Failed = 1,
    /// The command line, a file that it names, or the configuration is wrong.
    Usage = 2,
    /// Something is not signed as it must be, or refused for what it does.
    Trust = 3,
    /// The machine, or this program, failed.
    Host = 4,
}

/// The table of exit codes in the help.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  nothing failed
  1  a rule says FAIL or ERROR, a record cannot be judged, or no rule ran on one (unless --allow-norun)
  2  usage or configuration: nothing was judged, or not all of it
  3  trust: a signature, a digest or an expiry is not in order, or the sandbox refuses a component
  4  the host: a file could not be written, a thread not started";

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    /// One sentence each. None if there is nobody to read them.
    messages: Vec<String>,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Failure {
    /// A failure, in one sentence.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, messages: vec![message.into()] }
    }

    /// A failure of which there is nobody to tell.
    pub(crate) fn silent(exit: Exit) -> Self {
        Self { exit, messages: Vec::new() }
    }

    /// The caller's mistake.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// An error with its causes, about something that has a name.
    pub(crate) fn about(exit: Exit, what: impl std::fmt::Display, error: &(dyn Error + 'static)) -> Self {
        Self::new(exit, format!("{what}: {}", chain(error)))
    }

    /// What could not be written to standard output. A reader who has gone away is no news.
    pub(crate) fn of_output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::silent(Exit::Host),
            _ => Self::about(Exit::Host, "standard output", error),
        }
    }

    /// Tells the user, and gives back the exit code.
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

impl From<Blame> for Exit {
    fn from(blame: Blame) -> Self {
        match blame {
            Blame::Caller | Blame::Settings => Self::Usage,
            Blame::Rule | Blame::Publisher | Blame::Source => Self::Trust,
            Blame::Transport | Blame::Host => Self::Host,
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::usage(problem.to_string())
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self { exit: Exit::Usage, messages: problems.iter().map(ToString::to_string).collect() }
    }
}

impl From<HostStateError> for Failure {
    fn from(error: HostStateError) -> Self {
        let exit = match &error {
            HostStateError::State(error) => error.blame().into(),
            _ => Exit::Usage,
        };
        Self::new(exit, chain(&error))
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let exit = match error.reason() {
            // It is signed and trusted, but its configuration is wrong.
            OpenError::Release { .. } => Exit::Usage,
            reason => reason.blame().into(),
        };
        Self { exit, messages: error.messages() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_code() {
        for exit in [Exit::Fine, Exit::Failed, Exit::Usage, Exit::Trust, Exit::Host] {
            assert!(EXIT_CODES.contains(&format!("\n  {}  ", exit as u8)), "{exit:?}");
        }
    }

    #[test]
    fn a_reader_who_has_gone_away_is_no_news() {
        let closed = Failure::of_output(&io::ErrorKind::BrokenPipe.into());
        assert_eq!((closed.exit, closed.messages().len()), (Exit::Host, 0));
        let full = Failure::of_output(&io::Error::other("the disk is full"));
        assert_eq!(full.messages(), ["standard output: the disk is full"]);
    }
}
