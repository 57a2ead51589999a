//! Standard input and output as pipes: most programs that start this one make them so.

use std::io;

use tokio::net::unix::pipe::{OpenOptions, Receiver, Sender};

/// Standard input and output for a runtime that waits for both without a thread for each read and write.
///
/// They are opened once more: what this process sets for them must not apply to others that have them, too.
///
/// # Errors
/// When one of them is not a pipe, or the system does not let this user open it again.
pub(super) fn pipes() -> io::Result<(Receiver, Sender)> {
    Ok((OpenOptions::new().open_receiver("/proc/self/fd/0")?, OpenOptions::new().open_sender("/proc/self/fd/1")?))
}
