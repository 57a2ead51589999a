//! The queues by which tenants and their requests reach the workers.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, RecvError, TryRecvError};
use std::sync::{Arc, Mutex};

use super::jobs::{Owner, RequestJobs, TenantJobs};
use super::run_queue::QueueLoad;
use super::scheduler::Scheduler;
use super::spin::spin;
use super::turn::Turn;

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
    owner: Owner,
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
        let owner = Owner { tenant: Arc::clone(&self.jobs), request: Arc::<Mutex<RequestJobs>>::default() };
        RequestQueue { tenant: self, owner }
    }
}

impl RequestQueue<'_> {
    /// Submits a job. It is dropped if the workers have ended.
    pub(crate) fn submit(&self, job: impl FnOnce(&mut dyn Turn) + Send + 'static) {
        self.tenant.scheduler.submit(&self.owner, Box::new(job), false);
    }

    /// Submits the first job of the request, which is small: the reserve does it if no worker does.
    pub(crate) fn submit_small(&self, job: impl FnOnce(&mut dyn Turn) + Send + 'static) {
        self.tenant.scheduler.submit(&self.owner, Box::new(job), true);
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
