//! The output of a program, cut into lines as it comes.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::Sender;

/// Sends what is read, cut after each line and each return of the carriage.
pub(crate) fn send(stream: impl Read, sender: &Sender<Vec<u8>>) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while let Ok(bytes) = stream.fill_buf() {
        if bytes.is_empty() {
            break;
        }
        let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let taken = end.map_or(bytes.len(), |end| end + 1);
        line.extend(bytes.iter().take(taken));
        stream.consume(taken);
        if end.is_some() && sender.send(std::mem::take(&mut line)).is_err() {
            return;
        }
    }
    // If this fails, the receiver is gone.
    let _ = sender.send(line);
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let (sender, lines) = channel();
        send(text.as_bytes(), &sender);
        drop(sender);
        lines.iter().map(|line| String::from_utf8(line).unwrap()).collect()
    }

    #[test]
    fn output_is_cut_after_lines_and_returns() {
        assert_eq!(lines("a\n  Building [>] 1/2\rb\r\nc"), ["a\n", "  Building [>] 1/2\r", "b\r", "\n", "c"]);
    }
}
