//! Log lines on standard error. A server writes them through a queue, so that requests never wait for the reader of the log.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::terminal::complain;

/// Lines in the queue. When it is full, further lines are dropped and counted.
const QUEUE: usize = 8_192;
/// How long the end of the program waits for the last lines to be written.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is logged. `JURAT_LOG` overrides it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Log {
    /// Warnings and errors.
    Warnings,
    /// Also a line for each request, with the time.
    Requests(LogFormat),
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object on each line
    Json,
}

/// The running log. Dropping it waits a moment for the last lines to be written.
#[derive(Debug)]
pub(crate) struct LogGuard(Option<SyncSender<LogEntry>>);

/// Writes log lines to standard error.
pub(crate) fn start_log(log: Log) -> LogGuard {
    let usual = match log {
        Log::Warnings => "warn,jurat::not_ready=off",
        Log::Requests(_) => "warn,jurat::request=info,jurat::service=info,jurat_server=info",
    };
    let filter =
        EnvFilter::builder().with_env_var("JURAT_LOG").try_from_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(io::stderr().is_terminal());
    // This fails only if a test has started a log before.
    match log {
        Log::Warnings => {
            let _ = lines.with_writer(io::stderr).with_target(false).without_time().try_init();
            LogGuard(None)
        }
        Log::Requests(format) => {
            let (queue, sender) = LogQueue::start(io::stderr());
            let lines = lines.with_writer(queue);
            let _ = match format {
                LogFormat::Text => lines.try_init(),
                LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
            };
            LogGuard(Some(sender))
        }
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        let Some(sender) = self.0.take() else { return };
        let (written, done) = sync_channel(1);
        let end = Instant::now() + PATIENCE;
        while let Err(TrySendError::Full(_)) = sender.try_send(LogEntry::End(written.clone())) {
            if Instant::now() > end {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = done.recv_timeout(end.saturating_duration_since(Instant::now()));
    }
}

#[derive(Debug)]
enum LogEntry {
    Line(Vec<u8>),
    End(SyncSender<()>),
}

/// Accepts lines without ever waiting.
#[derive(Clone, Debug)]
struct LogQueue {
    sender: SyncSender<LogEntry>,
    lost: Arc<AtomicU64>,
}

impl LogQueue {
    fn start(out: impl Write + Send + 'static) -> (Self, SyncSender<LogEntry>) {
        let (sender, entries) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        // A server without a log still serves.
        if let Err(error) = thread::Builder::new().name("log".to_owned()).spawn(move || write(&entries, &counted, out))
        {
            complain("warning", &format!("the log thread cannot be started, and log lines are lost: {error}"));
        }
        (Self { sender: sender.clone(), lost }, sender)
    }
}

impl Write for LogQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.sender.try_send(LogEntry::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for LogQueue {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Writes the lines of the queue. If standard error is closed, they are lost.
fn write(entries: &Receiver<LogEntry>, lost: &AtomicU64, mut out: impl Write) {
    while let Ok(entry) = entries.recv() {
        match entry {
            LogEntry::Line(line) => {
                let _ = out.write_all(&line);
            }
            LogEntry::End(written) => {
                let _ = written.send(());
            }
        }
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let message = "log lines were dropped, because standard error was not read in time";
            let line = serde_json::json!({"level": "WARN", "target": "jurat", "lost": lost, "message": message});
            let _ = writeln!(out, "{line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A reader of the log that the test can block.
    #[derive(Clone, Default)]
    struct BlockedReader(Arc<Mutex<Vec<u8>>>);

    impl Write for BlockedReader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_without_a_reader_blocks_no_thread_and_counts_lost_lines() {
        let out = BlockedReader::default();
        let (mut queue, sender) = LogQueue::start(out.clone());
        let unread = out.0.lock().unwrap();
        for _ in 0..QUEUE * 2 {
            queue.write_all(b"line\n").unwrap();
        }
        drop(unread);
        drop(LogGuard(Some(sender)));
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        let written = text.lines().filter(|line| *line == "line").count();
        let lost: Vec<serde_json::Value> =
            text.lines().filter(|line| *line != "line").map(|line| serde_json::from_str(line).unwrap()).collect();
        let lost: u64 = lost.iter().map(|line| line["lost"].as_u64().unwrap()).sum();
        assert_eq!(written as u64 + lost, QUEUE as u64 * 2);
        assert!(lost > 0);
    }
}
