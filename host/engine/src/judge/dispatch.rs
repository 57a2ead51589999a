//! Hands the windows of one request to the workers, and takes them back in the order of the input.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use super::call::WindowOutcome;
use super::collate::{Checked, Collator, Finished, WindowJob};
use super::context::Context;
use super::error::JudgeError;
use super::fetch::FetchedWindow;
use super::observe::{WindowObserver, observe};
use super::pacer::{Interrupted, Pacer};
use super::view::JudgedWindow;
use crate::footprint::Footprint;
use crate::workers::{RequestQueue, Turn};

/// No further window is begun while the related entities of those under way take more bytes than this.
pub(super) const FETCHED_BYTES: usize = 64 << 20;

/// A call of at most this many records need not wait behind others for long: the reserve does it.
const FEW: usize = 16;

/// A window that a worker has: its outcome, or why there is none.
type Pending<T> = Receiver<Result<Finished<T>, JudgeError>>;

/// A window that a worker gives to the observer. It only reports that it is done.
type Observation = Receiver<()>;

/// Hands work of one request to the workers.
pub(super) struct Dispatcher<'a, R> {
    pub(super) context: &'a Arc<Context>,
    pub(super) queue: RequestQueue<'a>,
    pub(super) render: Arc<R>,
    pub(super) observer: Option<Arc<dyn WindowObserver>>,
}

impl<R> Dispatcher<'_, R> {
    /// Has a window judged and rendered.
    pub(super) fn judge<T>(&self, fetched: FetchedWindow, is_first: bool) -> Pending<T>
    where
        T: Footprint + Send + 'static,
        R: Fn(&JudgedWindow<'_>) -> T + Send + Sync + 'static,
    {
        // A window with as many records as it may have is hardly the only one.
        let (records, rows) = (fetched.records(), self.context.options.chunk.rows as usize);
        let is_small = is_first && records <= FEW && records < rows;
        let job = WindowJob { fetched, is_first, is_small, observer: self.observer.clone() };
        self.submit(is_small, move |context, pacer, render| Finished::judge(context, pacer, job, render))
    }

    /// Takes the next window in the order of the input, and has it rendered again if it must be. Has it observed, unless that was
    /// done on the way.
    pub(super) fn collate<T>(
        &self,
        collator: &mut Collator,
        finished: Finished<T>,
    ) -> Result<(Vec<T>, Option<Observation>), JudgeError>
    where
        T: Footprint + Send + 'static,
        R: Fn(&JudgedWindow<'_>) -> T + Send + Sync + 'static,
    {
        let finished = match collator.check(finished) {
            Checked::Final(finished) => *finished,
            Checked::Changed(outcome) => {
                let observer = self.observer.clone();
                let again = self.submit(false, move |context, pacer, render| {
                    Finished::render(context, pacer, outcome, observer.as_deref(), render)
                });
                self.queue.receive(&again).map_err(|_| self.context.without_result())??
            }
        };
        let (rendered, unobserved) = collator.add(finished);
        let observer = self.observer.as_ref().zip(unobserved);
        Ok((rendered, observer.map(|(observer, outcome)| self.observe(observer, outcome))))
    }

    /// Has a final window given to the observer.
    fn observe(&self, observer: &Arc<dyn WindowObserver>, outcome: WindowOutcome) -> Observation {
        let (done, observation) = sync_channel(1);
        let (context, observer) = (Arc::clone(self.context), Arc::clone(observer));
        // It has no pauses: an observer may hold what others wait for.
        self.queue.submit(move |_| {
            observe(&*observer, &context, &outcome);
            drop(outcome);
            drop(done);
        });
        observation
    }

    fn submit<T>(
        &self,
        is_small: bool,
        job: impl FnOnce(&Context, Pacer<'_>, &R) -> Result<Finished<T>, Interrupted> + Send + 'static,
    ) -> Pending<T>
    where
        T: Send + 'static,
        R: Send + Sync + 'static,
    {
        let (sender, receiver) = sync_channel(1);
        let (context, render) = (Arc::clone(self.context), Arc::clone(&self.render));
        let job = move |turn: &mut dyn Turn| {
            let finished = job(&context, Pacer::new(&context, turn), &render);
            // The receiver is gone if the results could not be written.
            let _ = sender.send(finished.map_err(|interrupted| interrupted.as_error(&context)));
        };
        if is_small {
            self.queue.submit_small(job);
        } else {
            self.queue.submit(job);
        }
        receiver
    }
}

/// The windows that workers have: those that are judged, in the order of the input, and those that are observed.
pub(super) struct UnderWay<T> {
    /// Each with the bytes that were fetched for it.
    windows: VecDeque<(usize, Pending<T>)>,
    observations: VecDeque<(usize, Observation)>,
    fetched: usize,
    limit: usize,
    context: Arc<Context>,
}

impl<T> UnderWay<T> {
    /// At most `limit` windows at a time.
    pub(super) fn new(context: &Arc<Context>, limit: usize) -> Self {
        let context = Arc::clone(context);
        Self { windows: VecDeque::new(), observations: VecDeque::new(), fetched: 0, limit, context }
    }

    /// Whether another window may be begun.
    pub(super) fn has_room(&mut self) -> bool {
        while let Some((_, observation)) = self.observations.front() {
            if observation.try_recv() == Err(TryRecvError::Empty) {
                break;
            }
            self.remove_observation();
        }
        self.windows.len() + self.observations.len() < self.limit && self.fetched <= FETCHED_BYTES
    }

    /// How many bytes may be fetched for another window.
    pub(super) fn budget(&self) -> usize {
        FETCHED_BYTES.saturating_sub(self.fetched)
    }

    pub(super) fn add(&mut self, bytes: usize, window: Pending<T>) {
        self.fetched += bytes;
        self.windows.push_back((bytes, window));
    }

    /// The oldest window was collated, and more of its records are still to be judged: they come next.
    pub(super) fn resume(&mut self, bytes: usize, rest: Pending<T>) {
        self.windows.push_front((bytes, rest));
    }

    /// The oldest window, if its worker has finished, with the bytes that were fetched for it. They count until [`Self::close`].
    pub(super) fn oldest_if_finished(&mut self) -> Result<Option<(usize, Finished<T>)>, JudgeError> {
        let Some((bytes, window)) = self.windows.front() else { return Ok(None) };
        match window.try_recv() {
            Ok(finished) => {
                let bytes = *bytes;
                self.windows.pop_front();
                Ok(Some((bytes, finished?)))
            }
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(self.context.without_result()),
        }
    }

    /// Waits for the oldest window; none if there is none.
    pub(super) fn oldest(&mut self, queue: &RequestQueue<'_>) -> Result<Option<(usize, Finished<T>)>, JudgeError> {
        let Some((bytes, window)) = self.windows.front() else { return Ok(None) };
        let (bytes, finished) = (*bytes, queue.receive(window).map_err(|_| self.context.without_result())?);
        self.windows.pop_front();
        Ok(Some((bytes, finished?)))
    }

    /// A window was collated. It is under way until it has been observed.
    pub(super) fn close(&mut self, bytes: usize, observation: Option<Observation>) {
        match observation {
            Some(observation) => self.observations.push_back((bytes, observation)),
            None => self.fetched -= bytes,
        }
    }

    /// Waits until the oldest window has been observed that is not yet; returns whether there was one.
    pub(super) fn await_observation(&mut self) -> bool {
        let Some((_, observation)) = self.observations.front() else { return false };
        // It is over when the sender is gone.
        let _ = observation.recv();
        self.remove_observation();
        true
    }

    fn remove_observation(&mut self) {
        if let Some((bytes, _)) = self.observations.pop_front() {
            self.fetched -= bytes;
        }
    }
}

impl<T> Drop for UnderWay<T> {
    /// Waits for the observer, however the request ends.
    fn drop(&mut self) {
        while self.await_observation() {}
    }
}
