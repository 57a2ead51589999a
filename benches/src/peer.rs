//! Another rule engine in a process of its own, which times its own passes.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, bail};

/// A peer that has judged all loans as expected and waits for commands.
pub(crate) struct Peer {
    child: Child,
    commands: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

/// The form of the loans at the start of a pass.
#[derive(Clone, Copy, Debug)]
pub(crate) enum From {
    /// The text of the loans.
    Text,
    /// The peer's own values.
    Parsed,
}

impl Peer {
    /// Starts a peer and waits until it has checked its verdicts. Its complaints go to standard error.
    pub(crate) fn start(mut program: Command) -> anyhow::Result<Self> {
        let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot be started")?;
        let commands = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("has no output")?).lines();
        let mut peer = Self { child, commands, answers };
        match peer.answers.next().transpose()?.as_deref() {
            Some("ready") => Ok(peer),
            Some(other) => bail!("printed `{other}` instead of `ready`"),
            None => bail!("did not become ready; see its output"),
        }
    }

    /// Runs one pass over all loans, and returns its seconds.
    pub(crate) fn pass(&mut self, from: From) -> anyhow::Result<f64> {
        let command = match from {
            From::Text => "text",
            From::Parsed => "parsed",
        };
        let commands = self.commands.as_mut().context("the peer has been closed")?;
        writeln!(commands, "{command}")?;
        commands.flush()?;
        let answer = self.answers.next().transpose()?.context("the peer has ended")?;
        answer.parse().with_context(|| format!("the peer printed `{answer}` instead of seconds"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // A peer ends at the end of its input.
        self.commands = None;
        let _ = self.child.wait();
    }
}
