//! Hands the windows of one request to the workers, and takes them back in the order of the input.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use jurat_model::Worker;

use super::collate::{Checked, Collator, Finished};
use super::context::Context;
use super::error::{Bug, JudgeError};
use super::fetch::Answers;
use super::view::JudgedWindow;
use super::window::Window;
use crate::workers::RequestQueue;

/// No further window is begun while the related entities of those under way take more bytes than this.
pub(super) const FETCHED_BYTES: usize = 64 << 20;

/// A window that a worker has: what comes of it, or the bug that keeps it from coming.
type Pending<T> = Receiver<Result<Finished<T>, Bug>>;

/// Hands work of one request to the workers.
pub(super) struct Dispatcher<'a, R> {
    pub(super) context: &'a Arc<Context>,
    pub(super) queue: RequestQueue<'a>,
    pub(super) render: Arc<R>,
}

impl<R> Dispatcher<'_, R> {
    /// Has a window judged and rendered.
    pub(super) fn judge<T>(&self, window: Window, answers: Answers) -> Pending<T>
    where
        T: Send + 'static,
        R: Fn(&JudgedWindow<'_>) -> T + Send + Sync + 'static,
    {
        self.submit(move |context, worker, render| Finished::judge(context, worker, window, answers, render))
    }

    /// Takes the next window in the order of the input, and has it rendered again if it must be.
    pub(super) fn collate<T>(&self, collator: &mut Collator, finished: Finished<T>) -> Result<T, JudgeError>
    where
        T: Send + 'static,
        R: Fn(&JudgedWindow<'_>) -> T + Send + Sync + 'static,
    {
        let finished = match collator.check(finished) {
            Checked::Final(finished) => finished,
            Checked::Changed(outcome) => {
                let again = self.submit(move |context, _, render| Ok(Some(Finished::render(context, outcome, render))));
                self.queue.receive(&again).map_err(|_| JudgeError::Worker)??
            }
        };
        Ok(collator.add(finished))
    }

    fn submit<T>(
        &self,
        job: impl FnOnce(&Context, Worker, &R) -> Result<Option<Finished<T>>, Bug> + Send + 'static,
    ) -> Pending<T>
    where
        T: Send + 'static,
        R: Send + Sync + 'static,
    {
        let (sender, receiver) = sync_channel(1);
        let (context, render) = (Arc::clone(self.context), Arc::clone(&self.render));
        self.queue.submit(move |worker| {
            if let Some(finished) = job(&context, worker, &render).transpose() {
                // The receiver is gone if the results could not be written.
                let _ = sender.send(finished);
            }
        });
        receiver
    }
}

/// The windows that workers have, in the order of the input.
pub(super) struct UnderWay<T> {
    /// Each with the bytes that were fetched for it.
    windows: VecDeque<(usize, Pending<T>)>,
    fetched: usize,
    limit: usize,
}

impl<T> UnderWay<T> {
    /// At most `limit` windows at a time.
    pub(super) fn new(limit: usize) -> Self {
        Self { windows: VecDeque::new(), fetched: 0, limit }
    }

    /// Whether another window may be begun.
    pub(super) fn has_room(&self) -> bool {
        self.windows.len() < self.limit && self.fetched <= FETCHED_BYTES
    }

    /// How many bytes may be fetched for another window.
    pub(super) fn room(&self) -> usize {
        FETCHED_BYTES.saturating_sub(self.fetched)
    }

    pub(super) fn add(&mut self, bytes: usize, window: Pending<T>) {
        self.fetched += bytes;
        self.windows.push_back((bytes, window));
    }

    /// The oldest window, if its worker has finished.
    pub(super) fn oldest_if_finished(&mut self) -> Result<Option<Finished<T>>, JudgeError> {
        let Some((_, window)) = self.windows.front() else { return Ok(None) };
        match window.try_recv() {
            Ok(finished) => {
                self.remove();
                Ok(Some(finished?))
            }
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(JudgeError::Worker),
        }
    }

    /// Waits for the oldest window; none if there is none.
    pub(super) fn oldest(&mut self, queue: &RequestQueue<'_>) -> Result<Option<Finished<T>>, JudgeError> {
        let Some((_, window)) = self.windows.front() else { return Ok(None) };
        let finished = queue.receive(window).map_err(|_| JudgeError::Worker)?;
        self.remove();
        Ok(Some(finished?))
    }

    fn remove(&mut self) {
        if let Some((bytes, _)) = self.windows.pop_front() {
            self.fetched -= bytes;
        }
    }
}
