//! Stopping a server: first it drains, then it ends.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// Stops a server. Clones stop the same one.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<Phase>>);

/// How far the server has come.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Phase {
    Serving,
    Leaving,
    Draining,
    Over,
    Aborting,
}

impl Stop {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Phase::Serving)))
    }

    /// The server still serves, and `/ready` says that it will stop soon.
    pub fn leave(&self) {
        self.raise(Phase::Leaving);
    }

    /// Whether the server will stop soon, or stops.
    pub(crate) fn is_leaving(&self) -> bool {
        *self.0.borrow() >= Phase::Leaving
    }

    /// Whether the server stops.
    pub(crate) fn is_draining(&self) -> bool {
        *self.0.borrow() >= Phase::Draining
    }

    /// The server reads nothing more, and finishes and answers what it has read.
    pub fn drain(&self) {
        self.raise(Phase::Draining);
    }

    /// The server ends without waiting for anything.
    pub fn now(&self) {
        self.raise(Phase::Over);
    }

    /// Drains at the first SIGTERM or SIGINT, after a delay in which it serves on, and ends at the second. Logs both, with the number of
    /// requests that are being worked on.
    ///
    /// # Errors
    /// When the system does not let this process handle signals.
    pub(crate) fn on_signals(&self, delay: Duration, in_flight: impl Fn() -> usize + Send + 'static) -> io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let stop = self.clone();
        tokio::spawn(async move {
            let mut next = async || {
                tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                }
            };
            let signal = next().await;
            if !delay.is_zero() {
                tracing::info!(signal, "the server will stop; until then it serves on, and says that it is not ready");
            }
            stop.leave();
            let signal = {
                let second = next();
                tokio::pin!(second);
                let early = tokio::time::timeout(delay, second.as_mut()).await;
                tracing::info!(
                    signal,
                    in_flight = in_flight(),
                    "the server stops: it reads nothing more, and answers what it has read"
                );
                stop.drain();
                match early {
                    Ok(signal) => signal,
                    Err(_) => second.await,
                }
            };
            tracing::warn!(signal, in_flight = in_flight(), "the server ends at once, because of a second signal");
            stop.now();
        });
        Ok(())
    }

    /// Waits until the server drains or ends.
    pub(crate) async fn draining(&self) {
        self.reached(Phase::Draining).await;
    }

    /// Waits until the server ends.
    pub(crate) async fn over(&self) {
        self.reached(Phase::Over).await;
    }

    /// What is still being worked on is aborted: it was counted, and its clients can be told.
    pub(crate) fn abort(&self) {
        self.raise(Phase::Aborting);
    }

    /// Waits for that.
    pub(crate) async fn aborting(&self) {
        self.reached(Phase::Aborting).await;
    }

    fn raise(&self, phase: Phase) {
        self.0.send_if_modified(|present| {
            let is_new = *present < phase;
            *present = (*present).max(phase);
            is_new
        });
    }

    async fn reached(&self, phase: Phase) {
        // The wait cannot fail: `self` holds the sender.
        let _ = self.0.subscribe().wait_for(|present| *present >= phase).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn phases_only_advance() {
        let stop = Stop::new();
        stop.drain();
        stop.draining().await;
        stop.now();
        stop.drain();
        stop.over().await;
        stop.draining().await;
    }
}
