//! What goes to the terminal, and what must not.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::os::fd::AsFd;

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter};

use crate::table::{Colours, Style, plain};

mod log;

pub(crate) use log::{Log, LogFormat, start_log};

/// Characters of a message that are shown.
pub(crate) const MESSAGE: usize = 4_000;

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Standard output, in large pieces.
pub(crate) fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(64 << 10, io::stdout().lock())
}

/// How tables look on standard output.
pub(crate) fn style(colour: Colour) -> Style {
    style_on(&io::stdout(), colour)
}

/// How tables look on standard error.
pub(crate) fn style_of_errors(colour: Colour) -> Style {
    style_on(&io::stderr(), colour)
}

fn style_on(stream: &(impl AsFd + IsTerminal), colour: Colour) -> Style {
    let is_terminal = stream.is_terminal();
    let wants_none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let has_colours = match colour {
        Colour::Auto => is_terminal && !wants_none,
        Colour::Always => true,
        Colour::Never => false,
    };
    let width = is_terminal.then(|| rustix::termios::tcgetwinsize(stream).ok()).flatten();
    Style {
        width: width.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0),
        colours: if has_colours { Colours::On } else { Colours::Off },
    }
}

/// Says something on standard error, on one line. Nothing in it can move the cursor or hide.
pub(crate) fn complain(what: &str, message: &str) {
    // With standard error closed there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{what}: {}", plain(message, MESSAGE));
}

/// Says what is wrong with the command line, on several lines, in each of which nothing can move the cursor or hide.
pub(crate) fn refuse_arguments(message: &str) {
    let mut out = io::stderr().lock();
    for line in message.lines() {
        let _ = writeln!(out, "{}", plain(line, MESSAGE));
    }
}

/// Says how far a command has come.
pub(crate) fn progress(message: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", plain(message, MESSAGE));
}

/// Writes a value as JSON in which every character can be seen: on a terminal, the others could do harm.
pub(crate) fn write_json(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(out, Visible)).map_err(io::Error::from)
}

/// Writes a text in which every character can be seen, with `\u` escapes for the others, but for line feeds.
pub(crate) fn write_visible(out: &mut impl Write, text: &str) -> io::Result<()> {
    let mut lines = text.split('\n');
    write_fragment(out, lines.next().unwrap_or_default())?;
    lines.try_for_each(|line| {
        out.write_all(b"\n")?;
        write_fragment(out, line)
    })
}

fn write_fragment<W: ?Sized + Write>(out: &mut W, fragment: &str) -> io::Result<()> {
    // Nearly all text; without an end to the loop but the last byte, many bytes are looked at together.
    if fragment.bytes().fold(true, |is_plain, byte| is_plain & matches!(byte, b' '..=b'~')) {
        return out.write_all(fragment.as_bytes());
    }
    let mut rest = fragment;
    while let Some((at, hidden)) = rest.char_indices().find(|(_, character)| is_hidden(*character)) {
        let (before, after) = rest.split_at(at);
        out.write_all(before.as_bytes())?;
        for unit in hidden.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}")?;
        }
        rest = after.get(hidden.len_utf8()..).unwrap_or_default();
    }
    out.write_all(rest.as_bytes())
}

/// Compact JSON with `\u` escapes for what `char::escape_debug` would escape.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        write_fragment(out, fragment)
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, out: &mut W, escape: CharEscape) -> io::Result<()> {
        serde_json::ser::CompactFormatter.write_char_escape(out, escape)
    }
}

fn is_hidden(character: char) -> bool {
    // Letters with marks of their own stand beside each other; quotes and backslashes have their own escapes.
    !character.is_ascii_graphic() && character != ' ' && character.escape_debug().len() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: &str) -> String {
        let mut out = Vec::new();
        write_json(&mut out, &value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_holds_nothing_that_a_terminal_obeys() {
        let hostile = "a\u{1b}[31m\u{9b}2J\u{7f}\u{202e}\u{2066}\u{200b}\r\n\t\"\\é漢😀\u{e0001}";
        let written = json(hostile);
        assert!(!written.chars().any(|character| character.is_control()), "{written}");
        assert!(written.contains("\\u001b[31m\\u009b2J\\u007f\\u202e\\u2066\\u200b"), "{written}");
        assert!(written.contains("é漢😀"), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), hostile);
    }

    #[test]
    fn lines_hold_nothing_that_a_terminal_obeys() {
        let mut out = Vec::new();
        write_visible(&mut out, "a\u{1b}[31m\u{7f}\u{202e}é\r\n\nb\n").unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a\\u001b[31m\\u007f\\u202eé\\u000d\n\nb\n");
    }
}
