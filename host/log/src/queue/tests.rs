use std::sync::mpsc::{Sender, channel};

use super::*;

/// A pause that no test waits for.
const FOREVER: Duration = Duration::from_secs(3_600);

/// A reader of the log that the test can block.
#[derive(Clone, Default)]
struct BlockedReader(Arc<Mutex<Vec<Vec<u8>>>>);

impl BlockedReader {
    /// How often something was written, and what.
    fn read(&self) -> (usize, String) {
        let written = self.0.lock().unwrap();
        (written.len(), String::from_utf8(written.concat()).unwrap())
    }
}

impl Write for BlockedReader {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A reader of the log that tells at once what it has read.
struct TellingReader(Sender<String>);

impl Write for TellingReader {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(String::from_utf8(bytes.to_vec()).unwrap()).unwrap();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn log(queue: &LogQueue, line: &str, is_urgent: bool) {
    LineWriter { queue, is_urgent }.write_all(line.as_bytes()).unwrap();
}

#[test]
fn a_log_without_a_reader_blocks_no_thread_and_counts_lost_lines() {
    let out = BlockedReader::default();
    let (queue, guard) = LogQueue::start(out.clone(), PAUSE).unwrap();
    let unread = out.0.lock().unwrap();
    for _ in 0..QUEUE * 2 {
        log(&queue, "line\n", false);
    }
    drop(unread);
    drop(guard);
    let (_, text) = out.read();
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
    let (queue, guard) = LogQueue::start(out.clone(), PAUSE).unwrap();
    let unread = out.0.lock().unwrap();
    for _ in 0..QUEUE * 2 {
        log(&queue, "line\n", false);
    }
    // The queue is full, and stays so.
    drop(guard);
    drop(unread);
}

#[test]
fn lines_that_wait_are_written_at_once_and_in_their_order() {
    let out = BlockedReader::default();
    let (queue, guard) = LogQueue::start(out.clone(), FOREVER).unwrap();
    let unread = out.0.lock().unwrap();
    let lines: Vec<String> = (0..1_000).map(|line| format!("{line}\n")).collect();
    lines.iter().for_each(|line| log(&queue, line, false));
    drop(unread);
    drop(guard);
    let (writes, text) = out.read();
    assert_eq!(text, lines.concat());
    // Those with which the writer was blocked, and the others.
    assert!(writes <= 2, "{writes}");
}

#[test]
fn a_warning_wakes_the_writer_and_what_waits_is_written_before_it() {
    let (sender, written) = channel();
    let (queue, _guard) = LogQueue::start(TellingReader(sender), FOREVER).unwrap();
    log(&queue, "first\n", false);
    assert_eq!(written.recv().unwrap(), "first\n");
    log(&queue, "second\n", false);
    log(&queue, "warning\n", true);
    assert_eq!(written.recv().unwrap(), "second\nwarning\n");
}

#[test]
fn a_line_need_not_wait_for_others_longer_than_the_pause() {
    let (sender, written) = channel();
    let (queue, _guard) = LogQueue::start(TellingReader(sender), Duration::ZERO).unwrap();
    for line in ["first\n", "second\n", "third\n"] {
        log(&queue, line, false);
        assert_eq!(written.recv().unwrap(), line);
    }
}

#[test]
fn many_lines_wake_the_writer() {
    let (sender, written) = channel();
    let (queue, _guard) = LogQueue::start(TellingReader(sender), FOREVER).unwrap();
    log(&queue, "first\n", false);
    assert_eq!(written.recv().unwrap(), "first\n");
    (0..MANY).for_each(|_| log(&queue, "line\n", false));
    assert!(written.recv().unwrap().ends_with("line\n"));
}
