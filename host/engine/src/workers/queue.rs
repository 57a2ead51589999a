//! The queues by which tenants and their requests reach the workers.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, RecvError, TryRecvError};
use std::sync::{Arc, Mutex};

use jurat_model::Worker;

use super::scheduler::{QueueLoad, RequestJobs, Scheduler, TenantJobs};
use super::spin::spin;

/// The queue of one tenant. Clones are the same queue.
#[derive(Clone)]
pub struct TenantQueue {
    scheduler: Arc<Scheduler>,
    jobs: Arc<Mutex<TenantJobs>>,
    workers: usize,
}

/// The queue of one request within its tenant's.
pub(crate) struct RequestQueue<'a> {
    tenant: &'a TenantQueue,
    jobs: Arc<Mutex<RequestJobs>>,
}

impl TenantQueue {
    pub(super) fn new(scheduler: Arc<Scheduler>, limit: NonZeroUsize, workers: usize) -> Self {
        Self { scheduler, jobs: Arc::new(Mutex::new(TenantJobs::new(limit.get()))), workers }
    }

    /// The windows that wait in the queue, and those that workers have.
    #[must_use]
    pub fn load(&self) -> QueueLoad {
        self.scheduler.load(&self.jobs)
    }

    /// How many workers there are.
    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    /// The queue of a new request.
    pub(crate) fn request(&self) -> RequestQueue<'_> {
        RequestQueue { tenant: self, jobs: Arc::default() }
    }
}

impl RequestQueue<'_> {
    /// Submits a job. It is dropped if the workers have ended.
    pub(crate) fn submit(&self, job: impl FnOnce(Worker) + Send + 'static) {
        self.tenant.scheduler.submit(&self.tenant.jobs, &self.jobs, Box::new(job));
    }

    /// Receives what a job sends, which will mostly be there in a moment.
    ///
    /// # Errors
    /// When the job has ended without sending anything.
    pub(crate) fn receive<T>(&self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        if !self.tenant.scheduler.has_cores_for(1) {
            return receiver.recv();
        }
        let received = spin(|| match receiver.try_recv() {
            Ok(received) => Some(Ok(received)),
            Err(TryRecvError::Disconnected) => Some(Err(RecvError)),
            Err(TryRecvError::Empty) => None,
        });
        received.unwrap_or_else(|| receiver.recv())
    }
}

impl fmt::Debug for TenantQueue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("TenantQueue").field("workers", &self.workers).finish_non_exhaustive()
    }
}
