//! The progress of a long command: one line for each step, kept up to date on a terminal.
//!
//! The output of the programs that a step runs is kept, and shown if one fails. With `--verbose` everything is shown as it comes.

use std::cell::RefCell;
use std::io::{IsTerminal, Read, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::cargo_line::{self, Bar, Line};
use crate::lines;
use crate::shell::{Call, TaskError, say};

/// Columns of a line on a terminal. Longer ones would wrap on a narrow terminal, and could not be drawn over.
const COLUMNS: usize = 79;
/// How often the line is drawn again.
const REDRAW: Duration = Duration::from_millis(200);
/// How often a line is added without a terminal, so that a log shows that something happens.
const HEARTBEAT: Duration = Duration::from_secs(60);
/// A shorter step is shown without its time.
const SHORT: Duration = Duration::from_secs(1);

/// How steps are shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Style {
    /// A line that is drawn over.
    Terminal,
    /// Short lines, one after another.
    Plain,
    /// Every command, and all that it prints.
    Verbose,
}

/// The steps of a command.
#[derive(Debug)]
pub(crate) struct Progress {
    style: Style,
    total: usize,
    begun: usize,
}

/// One step: it runs commands, and shows one line for all of them.
#[derive(Debug)]
pub(crate) struct Step {
    style: Style,
    title: String,
    begun: Instant,
    /// What the line says now.
    shown: RefCell<Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    bar: Option<Bar>,
    /// The last crate that cargo has named.
    name: String,
    drawn: Option<Instant>,
    heartbeats: u32,
    /// Nothing more is said of this step.
    is_over: bool,
}

impl Progress {
    /// The progress of a command with this many steps.
    pub(crate) fn new(total: usize, is_verbose: bool) -> Self {
        let style = match is_verbose {
            true => Style::Verbose,
            false if std::io::stderr().is_terminal() => Style::Terminal,
            false => Style::Plain,
        };
        Self { style, total, begun: 0 }
    }

    /// Runs a step.
    pub(crate) fn step<T>(
        &mut self,
        title: &str,
        work: impl FnOnce(&Step) -> Result<T, TaskError>,
    ) -> Result<T, TaskError> {
        self.begun += 1;
        let step = Step::new(self.style, format!("[{}/{}] {title}", self.begun, self.total));
        step.begin();
        let outcome = work(&step);
        step.end(outcome.is_ok());
        outcome
    }
}

impl Step {
    /// For work that is not a step of its own: every command is shown, and all that it prints.
    pub(crate) fn verbose() -> Self {
        Self::new(Style::Verbose, String::new())
    }

    fn new(style: Style, title: String) -> Self {
        Self { style, title, begun: Instant::now(), shown: RefCell::default() }
    }

    /// Prints a line that stays after the step.
    pub(crate) fn note(&self, text: &str) {
        self.clear();
        say(text);
    }

    /// Leaves the terminal to a program that prints a result.
    pub(crate) fn hand_over(&self) {
        if self.style == Style::Terminal {
            self.clear();
            say(&self.title);
        }
        self.shown.borrow_mut().is_over = true;
    }

    /// Runs a command; it must end with 0.
    pub(crate) fn run(&self, call: Call) -> Result<(), TaskError> {
        if self.style == Style::Verbose {
            return call.chatter().run();
        }
        let shown = call.shown().to_owned();
        let mut output = Vec::new();
        let code = self.watch(call, &mut output)?;
        if code == 0 {
            return Ok(());
        }
        self.clear();
        say(&format!("{}: failed\n    $ {shown}", self.title));
        say(String::from_utf8_lossy(&output).trim_end());
        Err(TaskError::new(format!("`{shown}` ended with {code}")).advise("what it printed says why"))
    }

    /// Runs a command, keeps what it prints except for cargo's bar, and gives its exit code.
    fn watch(&self, mut call: Call, output: &mut Vec<u8>) -> Result<i32, TaskError> {
        for (key, value) in cargo_line::DRAWN {
            call = call.with_env(key, value);
        }
        if self.style == Style::Terminal {
            call = call.with_env("CARGO_TERM_COLOR", "always");
        }
        // The progress of the command before is over.
        let mut shown = self.shown.borrow_mut();
        (shown.bar, shown.name) = (None, String::new());
        drop(shown);
        let mut child = call.spawn_piped()?;
        let (sender, lines) = channel();
        let readers: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
            child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        ];
        for stream in readers.into_iter().flatten() {
            let sender = sender.clone();
            thread::spawn(move || lines::send(stream, &sender));
        }
        // Now the channel ends when both streams do.
        drop(sender);
        loop {
            match lines.recv_timeout(REDRAW) {
                Ok(line) => self.take(&line, output),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.draw();
        }
        let status =
            child.wait().map_err(|error| TaskError::new(format!("a program cannot be waited for: {error}")))?;
        status.code().ok_or_else(|| TaskError::new("a program was killed"))
    }

    /// Takes note of a line.
    fn take(&self, line: &[u8], output: &mut Vec<u8>) {
        let mut shown = self.shown.borrow_mut();
        match cargo_line::read(&String::from_utf8_lossy(line)) {
            Line::Bar(bar) => {
                if let Some(name) = &bar.name {
                    shown.name.clone_from(name);
                }
                shown.bar = Some(bar);
                return;
            }
            Line::Begun(name) if shown.bar.is_none() => shown.name = name,
            Line::Begun(_) | Line::Other => {}
        }
        output.extend_from_slice(line);
    }

    fn begin(&self) {
        match self.style {
            Style::Terminal => self.draw(),
            Style::Plain | Style::Verbose => say(&self.title),
        }
    }

    fn end(&self, is_done: bool) {
        self.clear();
        if self.shown.borrow().is_over {
            return;
        }
        let took = self.begun.elapsed();
        match self.style {
            Style::Terminal if is_done && took < SHORT => say(&self.title),
            Style::Terminal if is_done => say(&format!("{}: {}", self.title, clock(took))),
            Style::Plain if is_done && took >= SHORT => say(&format!("      took {}", clock(took))),
            _ => {}
        }
    }

    /// Draws the line, or adds one, if it is time to.
    fn draw(&self) {
        let mut shown = self.shown.borrow_mut();
        let took = self.begun.elapsed();
        match self.style {
            Style::Verbose => {}
            Style::Terminal if shown.drawn.is_some_and(|drawn| drawn.elapsed() < REDRAW) => {}
            Style::Terminal => {
                shown.drawn = Some(Instant::now());
                let limit = COLUMNS.saturating_sub(self.title.chars().count() + 2);
                let line = format!("{}: {}", self.title, shown.describe(took, limit));
                draw_over(&line.chars().take(COLUMNS).collect::<String>());
            }
            Style::Plain => {
                if took >= HEARTBEAT * (shown.heartbeats + 1) {
                    shown.heartbeats += 1;
                    say(&format!("      {}", shown.describe(took, COLUMNS)));
                }
            }
        }
    }

    fn clear(&self) {
        if self.style == Style::Terminal && self.shown.borrow_mut().drawn.take().is_some() {
            draw_over("");
        }
    }
}

impl Shown {
    /// `compiling 212/349 wasmtime, 3:10`; a long name is cut so that the time fits.
    fn describe(&self, took: Duration, limit: usize) -> String {
        let time = clock(took);
        let what = match &self.bar {
            Some(Bar { done, total, .. }) => format!("compiling {done}/{total} {}", self.name),
            None if self.name.is_empty() => return time,
            None => format!("compiling {}", self.name),
        };
        let what: String = what.trim_end().chars().take(limit.saturating_sub(time.len() + 2)).collect();
        format!("{what}, {time}")
    }
}

/// Replaces the line on which the cursor is.
fn draw_over(line: &str) {
    let mut out = std::io::stderr().lock();
    // A terminal that is gone needs no progress.
    let _ = write!(out, "\r\x1b[K{line}").and_then(|()| out.flush());
}

/// `3:10`
pub(crate) fn clock(took: Duration) -> String {
    format!("{}:{:02}", took.as_secs() / 60, took.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_described_and_the_rest_is_kept() {
        let step = Step::new(Style::Plain, "[1/2] Build".to_owned());
        let mut output = Vec::new();
        let describe = || step.shown.borrow().describe(Duration::from_secs(190), 32);
        assert_eq!(describe(), "3:10");
        step.take(b"   Compiling tokio v1.0.0\n", &mut output);
        assert_eq!(describe(), "compiling tokio, 3:10");
        step.take(b"    Building [==>  ] 212/349: wasmtime, h2\r", &mut output);
        step.take(b"    Building [==>  ] 213/349\r", &mut output);
        step.take(b"   Compiling bytes v1.0.0\n", &mut output);
        step.take(b"error: no\n", &mut output);
        assert_eq!(describe(), "compiling 213/349 wasmtime, 3:10");
        step.take(b"    Building [==>  ] 213/349: wasmtime-internal-cranelift\r", &mut output);
        assert_eq!(describe(), "compiling 213/349 wasmtime, 3:10");
        assert_eq!(output, b"   Compiling tokio v1.0.0\n   Compiling bytes v1.0.0\nerror: no\n");
    }
}
