//! How a server is told to stop.

use std::io;
use std::sync::Arc;

use tokio::sync::watch;

/// Tells a server to stop. Clones tell the same one.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<Phase>>);

/// How far stopping has come.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Phase {
    Serving,
    Draining,
    Over,
}

impl Stop {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Phase::Serving)))
    }

    /// Nothing more is read; what is being worked on is finished and answered.
    pub fn drain(&self) {
        self.raise(Phase::Draining);
    }

    /// Nothing is waited for any more.
    pub fn now(&self) {
        self.raise(Phase::Over);
    }

    /// Drains at the first signal to end (SIGTERM, SIGINT), and ends at the second.
    ///
    /// # Errors
    /// When the system does not let this process see its signals.
    pub fn on_signals(&self) -> io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let stop = self.clone();
        tokio::spawn(async move {
            for end in [Self::drain, Self::now] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                end(&stop);
            }
        });
        Ok(())
    }

    /// Waits until nothing more is to be read.
    pub(crate) async fn draining(&self) {
        self.reached(Phase::Draining).await;
    }

    /// Waits until nothing is to be waited for.
    pub(crate) async fn over(&self) {
        self.reached(Phase::Over).await;
    }

    fn raise(&self, phase: Phase) {
        self.0.send_if_modified(|present| {
            let is_news = *present < phase;
            *present = (*present).max(phase);
            is_news
        });
    }

    async fn reached(&self, phase: Phase) {
        // It does not end before `self`, which holds the sender.
        let _ = self.0.subscribe().wait_for(|present| *present >= phase).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stopping_goes_on_and_never_back() {
        let stop = Stop::new();
        stop.drain();
        stop.draining().await;
        stop.now();
        stop.drain();
        stop.over().await;
        stop.draining().await;
    }
}
