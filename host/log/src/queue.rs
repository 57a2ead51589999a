//! The queue between those who log and the stream that the lines are written to.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Lines in the queue. When it is full, further lines are dropped and counted.
const QUEUE: usize = 8_192;
/// How long the end of the program waits for the last lines to be written.
const PATIENCE: Duration = Duration::from_secs(1);

/// Dropping it waits a moment for the last lines to be written.
#[derive(Debug)]
pub(crate) struct QueueGuard(SyncSender<LogEntry>);

impl Drop for QueueGuard {
    fn drop(&mut self) {
        let (written, done) = sync_channel(1);
        let queue = self.0.clone();
        // The queue may be full, and its reader may have stopped: a thread of its own waits for room, and ends with the process.
        let end = move || queue.send(LogEntry::End(written)).is_ok();
        if thread::Builder::new().name("log-end".to_owned()).spawn(end).is_ok() {
            let _ = done.recv_timeout(PATIENCE);
        }
    }
}

#[derive(Debug)]
enum LogEntry {
    Line(Vec<u8>),
    End(SyncSender<()>),
}

/// Accepts lines without ever waiting.
#[derive(Clone, Debug)]
pub(crate) struct LogQueue {
    sender: SyncSender<LogEntry>,
    lost: Arc<AtomicU64>,
}

impl LogQueue {
    /// Starts the thread that writes the lines.
    ///
    /// # Errors
    /// When the system refuses the thread.
    pub(crate) fn start(out: impl Write + Send + 'static) -> io::Result<(Self, QueueGuard)> {
        let (sender, entries) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        thread::Builder::new().name("log".to_owned()).spawn(move || write(&entries, &counted, out))?;
        Ok((Self { sender: sender.clone(), lost }, QueueGuard(sender)))
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
        let (mut queue, guard) = LogQueue::start(out.clone()).unwrap();
        let unread = out.0.lock().unwrap();
        for _ in 0..QUEUE * 2 {
            queue.write_all(b"line\n").unwrap();
        }
        drop(unread);
        drop(guard);
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        let written = text.lines().filter(|line| *line == "line").count();
        let lost: Vec<serde_json::Value> =
            text.lines().filter(|line| *line != "line").map(|line| serde_json::from_str(line).unwrap()).collect();
        let lost: u64 = lost.iter().map(|line| line["lost"].as_u64().unwrap()).sum();
        assert_eq!(written as u64 + lost, QUEUE as u64 * 2);
        assert!(lost > 0);
    }

    #[test]
    fn the_end_of_the_program_does_not_wait_for_a_reader_that_has_stopped() {
        let out = BlockedReader::default();
        let (mut queue, guard) = LogQueue::start(out.clone()).unwrap();
        let unread = out.0.lock().unwrap();
        for _ in 0..QUEUE * 2 {
            queue.write_all(b"line\n").unwrap();
        }
        // The queue is full, and stays so.
        drop(guard);
        drop(unread);
    }
}
