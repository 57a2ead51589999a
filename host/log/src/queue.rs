//! The queue between those who log and the stream that the lines are written to.
//!
//! Waking a thread costs a caller more than the rest of a line. So the thread that writes wakes by itself after a pause, and writes all lines
//! of that time at once. It is woken for a warning or an error, and for the first line after a time without any.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Lines in the queue, with those that are being written. When it is full, further lines are dropped and counted.
const QUEUE: usize = 8_192;
/// From this many on, the thread that writes does not wait for others.
const MANY: usize = QUEUE / 2;
/// The memory that the thread keeps for the next lines.
const KEPT: usize = 64 << 10;
/// How long the end of the program waits for the last lines to be written.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a line waits for others: a person does not notice it.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// Dropping it waits a moment for the last lines to be written.
#[derive(Debug)]
pub(crate) struct QueueGuard(Arc<Shared>);

/// Accepts lines without ever waiting for their reader.
#[derive(Clone, Debug)]
pub(crate) struct LogQueue(Arc<Shared>);

/// Adds a line to the queue.
#[derive(Debug)]
pub(crate) struct LineWriter<'a> {
    queue: &'a LogQueue,
    is_urgent: bool,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the thread that writes.
    woken: Condvar,
    /// Wakes the end of the program.
    written: Condvar,
}

#[derive(Debug)]
struct State {
    text: Vec<u8>,
    /// The lines of the text, and those that are being written.
    lines: usize,
    /// Lines that were dropped, and are not reported yet.
    lost: u64,
    writer: Writer,
    /// Whether the writer must not wait for further lines.
    is_urgent: bool,
}

/// What the thread that writes does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Writer {
    /// It sleeps until there is a line.
    Asleep,
    /// It sleeps for a while, in which further lines may come.
    Pausing,
    /// It writes, or is about to.
    Awake,
}

impl LogQueue {
    /// Starts the thread that writes the lines. It ends with the process. `pause` is how long lines wait for others, once one was written.
    ///
    /// # Errors
    /// When the system refuses the thread.
    pub(crate) fn start(out: impl Write + Send + 'static, pause: Duration) -> io::Result<(Self, QueueGuard)> {
        let state = State { text: Vec::new(), lines: 0, lost: 0, writer: Writer::Awake, is_urgent: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), woken: Condvar::new(), written: Condvar::new() });
        let queue = Arc::clone(&shared);
        thread::Builder::new().name("log".to_owned()).spawn(move || queue.write(out, pause))?;
        Ok((Self(Arc::clone(&shared)), QueueGuard(shared)))
    }
}

impl<'a> MakeWriter<'a> for LogQueue {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> LineWriter<'a> {
        LineWriter { queue: self, is_urgent: true }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> LineWriter<'a> {
        LineWriter { queue: self, is_urgent: *metadata.level() <= Level::WARN }
    }
}

impl Write for LineWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let shared = &self.queue.0;
        let mut state = shared.lock();
        if state.lines < QUEUE {
            state.text.extend_from_slice(line);
            state.lines += 1;
        } else {
            state.lost += 1;
        }
        state.is_urgent |= self.is_urgent || state.lines >= MANY;
        shared.wake(state);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for QueueGuard {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_urgent = true;
        self.0.wake(state);
        // If it waits in vain, the reader of the log has stopped.
        let _ = self.0.written.wait_timeout_while(self.0.lock(), PATIENCE, |state| state.is_unwritten());
    }
}

impl Shared {
    /// Wakes the thread that writes, if it must not sleep any longer.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let must_wake = match state.writer {
            Writer::Asleep => true,
            Writer::Pausing => state.is_urgent,
            Writer::Awake => false,
        };
        if must_wake && state.has_lines() {
            // Nobody else need wake it.
            state.writer = Writer::Awake;
            drop(state);
            self.woken.notify_one();
        }
    }

    /// Writes the lines of the queue. If standard error is closed, they are lost.
    fn write(&self, mut out: impl Write, pause: Duration) {
        let mut text = Vec::new();
        let mut state = self.lock();
        loop {
            state.writer = Writer::Asleep;
            self.written.notify_all();
            state = self.woken.wait_while(state, |state| !state.has_lines()).unwrap_or_else(PoisonError::into_inner);
            state.writer = Writer::Awake;
            state.is_urgent = false;
            std::mem::swap(&mut state.text, &mut text);
            let (lines, lost) = (state.lines, std::mem::take(&mut state.lost));
            drop(state);
            let _ = out.write_all(&text);
            if lost > 0 {
                let message = "log lines were dropped, because standard error was not read in time";
                let line = serde_json::json!({"level": "WARN", "target": "jurat", "lost": lost, "message": message});
                let _ = writeln!(out, "{line}");
            }
            text.clear();
            text.shrink_to(KEPT);
            state = self.lock();
            state.lines -= lines;
            state.writer = Writer::Pausing;
            self.written.notify_all();
            let paused = self.woken.wait_timeout_while(state, pause, |state| !state.is_urgent);
            state = paused.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether there is something to write.
    fn has_lines(&self) -> bool {
        !self.text.is_empty() || self.lost > 0
    }

    /// Whether something is being written, or waits for that.
    fn is_unwritten(&self) -> bool {
        self.writer == Writer::Awake || self.has_lines()
    }
}

#[cfg(test)]
mod tests;
