//! Log lines on a stream, such as standard error. A server writes them through a queue, so that requests never wait for the reader of
//! the log.
//!
//! ```no_run
//! use jurat_log::{Log, LogFormat};
//!
//! # fn main() -> std::io::Result<()> {
//! // Dropped at the end of the program, it waits a moment for the last lines to be written.
//! let _log = jurat_log::start(Log::Requests(LogFormat::Json), None)?;
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod queue;

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use queue::{LogQueue, PAUSE, QueueGuard};

/// What is logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Log {
    /// Warnings and errors.
    Warnings,
    /// Also a line for each request, with the time.
    Requests(LogFormat),
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object on each line.
    Json,
}

/// The running log. Dropping it waits a moment for the last lines to be written.
#[derive(Debug)]
pub struct LogGuard {
    /// Without one, lines were written at once.
    _queue: Option<QueueGuard>,
}

/// Writes the log lines of this process to standard error from now on. `filter` selects other lines than those of `log`, in the
/// syntax of [`EnvFilter`]; one that is not valid is ignored.
///
/// # Errors
/// When the thread that writes the lines cannot be started. Nothing is logged then.
pub fn start(log: Log, filter: Option<&str>) -> io::Result<LogGuard> {
    let usual = match log {
        Log::Warnings => "warn,jurat::not_ready=off",
        Log::Requests(_) => "warn,jurat::request=info,jurat::service=info,jurat_server=info",
    };
    let filter = filter.and_then(|filter| EnvFilter::builder().parse(filter).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(usual));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(io::stderr().is_terminal());
    // `try_init` fails only if a test has started a log before.
    match log {
        Log::Warnings => {
            let _ = lines.with_writer(io::stderr).with_target(false).without_time().try_init();
            Ok(LogGuard { _queue: None })
        }
        Log::Requests(format) => {
            let (queue, guard) = LogQueue::start(io::stderr(), PAUSE)?;
            let lines = lines.with_writer(queue);
            let _ = match format {
                LogFormat::Text => lines.try_init(),
                LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
            };
            Ok(LogGuard { _queue: Some(guard) })
        }
    }
}
