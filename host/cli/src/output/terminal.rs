//! Standard output and standard error.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::os::fd::AsFd;

use jurat_results::{Colors, Style, plain};

/// The longest message, in characters. The rest is cut.
pub(crate) const MESSAGE: usize = 4_000;

/// When to use colors.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Standard output, with a large buffer.
pub(crate) type Stdout = BufWriter<StdoutLock<'static>>;

/// Opens standard output.
pub(crate) fn stdout() -> Stdout {
    BufWriter::with_capacity(64 << 10, io::stdout().lock())
}

/// The style of tables on standard output.
pub(crate) fn style(choice: ColorChoice) -> Style {
    style_on(&io::stdout(), choice)
}

/// The style of tables on standard error.
pub(crate) fn style_of_errors(choice: ColorChoice) -> Style {
    style_on(&io::stderr(), choice)
}

fn style_on(stream: &(impl AsFd + IsTerminal), choice: ColorChoice) -> Style {
    let is_terminal = stream.is_terminal();
    let wants_none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let has_colors = match choice {
        ColorChoice::Auto => is_terminal && !wants_none,
        ColorChoice::Always => true,
        ColorChoice::Never => false,
    };
    let width = is_terminal.then(|| rustix::termios::tcgetwinsize(stream).ok()).flatten();
    Style {
        width: width.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0),
        colors: if has_colors { Colors::On } else { Colors::Off },
    }
}

/// Prints a warning or an error on standard error, on one line, with invisible characters escaped.
pub(crate) fn complain(what: &str, message: &str) {
    // If standard error is closed, the line is lost.
    let _ = writeln!(io::stderr().lock(), "{what}: {}", plain(message, MESSAGE));
}

/// Prints what is wrong with the command line, on several lines, with invisible characters escaped.
pub(crate) fn refuse_arguments(message: &str) {
    let mut out = io::stderr().lock();
    for line in message.lines() {
        let _ = writeln!(out, "{}", plain(line, MESSAGE));
    }
}

/// Prints what a command has done, on standard error.
pub(crate) fn progress(message: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", plain(message, MESSAGE));
}
