//! Another rule engine in a process of its own, which times its passes itself.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, bail};

/// A peer that has judged all loans as expected and waits to be asked for more.
pub(crate) struct Peer {
    child: Child,
    questions: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

/// What a pass begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum From {
    /// The text of the loans.
    Text,
    /// The peer's own values.
    Parsed,
}

impl Peer {
    /// Starts one and waits until it has checked its verdicts. What it has to complain about goes to standard error.
    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("it cannot be started")?;
        let questions = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("it has no output")?).lines();
        let mut peer = Self { child, questions, answers };
        match peer.answers.next().transpose()?.as_deref() {
            Some("ready") => Ok(peer),
            Some(other) => bail!("it says `{other}` instead of `ready`"),
            None => bail!("it has not become ready: what it printed says why"),
        }
    }

    /// One pass over all loans. Gives the seconds that it took.
    pub(crate) fn pass(&mut self, from: From) -> anyhow::Result<f64> {
        let question = match from {
            From::Text => "text",
            From::Parsed => "parsed",
        };
        let questions = self.questions.as_mut().context("it is not asked any more")?;
        writeln!(questions, "{question}")?;
        questions.flush()?;
        let answer = self.answers.next().transpose()?.context("a peer has ended")?;
        answer.parse().with_context(|| format!("a peer says `{answer}` instead of seconds"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The end of its input is its end.
        self.questions = None;
        let _ = self.child.wait();
    }
}
