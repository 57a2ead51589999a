//! The log on standard error.

use jurat_log::{Log, LogGuard};

use super::terminal::complain;

/// The variable that selects other lines.
const FILTER: &str = "JURAT_LOG";

/// Starts the log. Without one, commands still run.
pub(crate) fn start_log(log: Log) -> Option<LogGuard> {
    let filter = std::env::var_os(FILTER).and_then(|filter| filter.into_string().ok());
    jurat_log::start(log, filter.as_deref())
        .inspect_err(|error| {
            complain("warning", &format!("the log thread cannot be started, and log lines are lost: {error}"));
        })
        .ok()
}
