//! The threads that judge.
//!
//! Rules run on threads of our own, never on a caller's: they need a stack of a known size, and what is expensive to share
//! exists once for each. The queue in front of them is bounded, so that who produces faster than the workers judge waits.

use std::any::Any;
use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvError, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jurat_model::Worker;

/// The stack of a worker: what a rule may use of it (512 KiB by default), and ample room for the host around it.
const STACK: usize = 4 << 20;
/// How many jobs may wait for each worker.
const QUEUE: usize = 2;

/// How long a thread looks out for work or an answer before it goes to sleep: judging one record takes less, and being woken
/// costs more. Nothing where there is one core, which whoever is waited for needs.
static PATIENCE: LazyLock<Duration> = LazyLock::new(|| match thread::available_parallelism() {
    Ok(cores) if cores.get() > 1 => Duration::from_micros(30),
    _ => Duration::ZERO,
});

type Job = Box<dyn FnOnce(Worker) + Send>;

/// A fixed number of threads behind a bounded queue. Dropping it finishes what has been handed in, then ends the threads.
pub struct Workers {
    queue: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts so many threads.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(count: NonZeroUsize) -> io::Result<Self> {
        let (queue, jobs) = sync_channel::<Job>(count.get() * QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        let mut threads = Vec::with_capacity(count.get());
        for index in 0..count.get() {
            let jobs = Arc::clone(&jobs);
            let thread = thread::Builder::new().name(format!("jurat-{index}")).stack_size(STACK);
            threads.push(thread.spawn(move || {
                loop {
                    let job = receive(&jobs.lock().unwrap_or_else(PoisonError::into_inner));
                    let Ok(job) = job else { break };
                    // A mistake of ours must cost one request, not a thread; whoever waits for the job sees its answer missing.
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job(Worker(index)))) {
                        tracing::error!(panic = message(&*panic), "a worker panicked");
                    }
                }
            })?);
        }
        Ok(Self { queue: Some(queue), threads })
    }

    /// How many threads there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.threads.len()
    }

    /// Hands in a job, waiting while the queue is full.
    pub fn submit(&self, job: impl FnOnce(Worker) + Send + 'static) {
        if let Some(queue) = &self.queue {
            // The threads live as long as the queue, so there is always a receiver.
            let _ = queue.send(Box::new(job));
        }
    }
}

/// Receives what will mostly be there in a moment.
///
/// # Errors
/// When nobody is left to send anything.
pub(crate) fn receive<T>(receiver: &Receiver<T>) -> Result<T, RecvError> {
    let begun = Instant::now();
    while begun.elapsed() < *PATIENCE {
        match receiver.try_recv() {
            Ok(received) => return Ok(received),
            Err(TryRecvError::Disconnected) => return Err(RecvError),
            Err(TryRecvError::Empty) => std::hint::spin_loop(),
        }
    }
    receiver.recv()
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Workers").field("count", &self.count()).finish_non_exhaustive()
    }
}

/// What a panic said, if it said a text.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no message)")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn every_job_runs_and_a_panic_costs_only_its_own() {
        let workers = Workers::start(NonZeroUsize::new(2).unwrap()).unwrap();
        let (sender, receiver) = channel();
        for job in 0..100 {
            let sender = sender.clone();
            workers.submit(move |worker| {
                assert!(worker.0 < 2);
                assert!(job % 10 != 3, "job {job} is faulty");
                sender.send(job).unwrap();
            });
        }
        drop(sender);
        let mut done: Vec<_> = receiver.iter().collect();
        done.sort_unstable();
        assert_eq!(done, (0..100).filter(|job| job % 10 != 3).collect::<Vec<_>>());
    }
}
