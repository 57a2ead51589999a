//! The line of standard error on which the progress bar is drawn.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use indicatif::TermLike;

/// Columns at the end of the line that stay free. Typed characters such as `^C` must not wrap to another line, or the bar could not
/// be erased.
const FREE: u16 = 4;

/// Standard error as a terminal. Each redraw is one write.
#[derive(Debug, Default)]
pub(super) struct StderrLine(Mutex<Vec<u8>>);

impl StderrLine {
    /// The width of the terminal.
    pub(super) fn columns() -> u16 {
        rustix::termios::tcgetwinsize(io::stderr()).map_or(0, |size| size.ws_col)
    }

    fn add(&self, text: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_ref())
    }

    fn go(&self, count: usize, direction: char) -> io::Result<()> {
        if count == 0 { Ok(()) } else { self.add(format!("\x1b[{count}{direction}")) }
    }
}

impl TermLike for StderrLine {
    fn width(&self) -> u16 {
        Self::columns().saturating_sub(FREE).max(1)
    }

    fn move_cursor_up(&self, count: usize) -> io::Result<()> {
        self.go(count, 'A')
    }

    fn move_cursor_down(&self, count: usize) -> io::Result<()> {
        self.go(count, 'B')
    }

    fn move_cursor_right(&self, count: usize) -> io::Result<()> {
        self.go(count, 'C')
    }

    fn move_cursor_left(&self, count: usize) -> io::Result<()> {
        self.go(count, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.add(text)?;
        self.add("\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.add(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.add("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        let drawn = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        io::stderr().lock().write_all(&drawn)
    }
}
