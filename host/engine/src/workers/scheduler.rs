//! Gives jobs to workers: tenants take turns, and so do the requests of each tenant.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use jurat_model::Worker;

use super::spin::{CORES, spin};

pub(super) type Job = Box<dyn FnOnce(Worker) + Send>;

/// The jobs of one request that no worker has begun.
pub(super) type RequestJobs = VecDeque<Job>;

/// Gives jobs to workers.
pub(super) struct Scheduler {
    run_queue: Mutex<RunQueue>,
    /// Whether there is a tenant in the run queue, for threads that spin.
    has_work: AtomicBool,
    /// How many jobs were submitted and are not finished.
    in_flight: AtomicUsize,
    woken: Condvar,
}

/// The run queue: the tenants whose turn comes.
struct RunQueue {
    /// The tenants that have work and may have it done, each once.
    tenants: VecDeque<Arc<Mutex<TenantJobs>>>,
    /// Workers that spin. They check the run queue once more before they sleep.
    spinning: usize,
    sleeping: usize,
    is_closed: bool,
}

/// The jobs of one tenant. Its lock is only taken by a thread that holds the lock of the run queue.
pub(super) struct TenantJobs {
    /// The requests with jobs, each once.
    requests: VecDeque<Arc<Mutex<RequestJobs>>>,
    running: usize,
    /// The most jobs that run at a time.
    limit: usize,
    is_queued: bool,
}

/// How many windows a tenant has in its queue and in work, at one moment. A window that is rendered again, or given to an observer,
/// counts like one that is judged.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct QueueLoad {
    /// Windows that wait for a worker.
    pub queued: usize,
    /// Windows that workers have.
    pub running: usize,
}

impl Scheduler {
    pub(super) fn new() -> Self {
        let run_queue = RunQueue { tenants: VecDeque::new(), spinning: 0, sleeping: 0, is_closed: false };
        Self {
            run_queue: Mutex::new(run_queue),
            has_work: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            woken: Condvar::new(),
        }
    }

    /// Adds a job of a request. It is dropped if the workers have ended.
    pub(super) fn submit(&self, tenant: &Arc<Mutex<TenantJobs>>, request: &Arc<Mutex<RequestJobs>>, job: Job) {
        let mut run_queue = self.lock();
        if run_queue.is_closed {
            return;
        }
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let mut tenant_jobs = lock(tenant);
        let mut jobs = lock(request);
        jobs.push_back(job);
        if jobs.len() == 1 {
            tenant_jobs.requests.push_back(Arc::clone(request));
        }
        drop(jobs);
        run_queue.offer(tenant, &mut tenant_jobs);
        drop(tenant_jobs);
        self.wake(run_queue);
    }

    /// How much a tenant has in its queue, and in work.
    pub(super) fn load(&self, tenant: &Mutex<TenantJobs>) -> QueueLoad {
        let _run_queue = self.lock();
        let tenant = lock(tenant);
        let queued = tenant.requests.iter().map(|jobs| lock(jobs).len()).sum();
        QueueLoad { queued, running: tenant.running }
    }

    /// Whether there are cores for this many threads beside those that work or are about to.
    pub(super) fn has_cores_for(&self, threads: usize) -> bool {
        self.in_flight.load(Ordering::Relaxed).saturating_add(threads) <= *CORES
    }

    /// The life of a worker.
    pub(super) fn work(&self, worker: Worker) {
        let mut finished = None;
        loop {
            let Some((tenant, job)) = self.next(finished.take()) else { break };
            // A bug must cost one request, not a thread. The thread that waits for the job sees that its answer is missing.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job(worker))) {
                tracing::error!(panic = message(&*panic), "a worker panicked");
            }
            finished = Some(tenant);
        }
    }

    /// Lets the workers end when they have finished what was submitted.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.has_work.store(true, Ordering::Relaxed);
        self.woken.notify_all();
    }

    /// The next job, with its tenant; none when there will be no more. `finished` is the tenant whose job was just finished.
    fn next(&self, finished: Option<Arc<Mutex<TenantJobs>>>) -> Option<(Arc<Mutex<TenantJobs>>, Job)> {
        let mut run_queue = self.lock();
        if let Some(tenant) = finished {
            self.in_flight.fetch_sub(1, Ordering::Relaxed);
            let mut jobs = lock(&tenant);
            jobs.running -= 1;
            run_queue.offer(&tenant, &mut jobs);
        }
        let mut may_spin = true;
        loop {
            if let Some((tenant, job)) = run_queue.take() {
                self.wake(run_queue);
                return Some((tenant, job));
            }
            self.has_work.store(false, Ordering::Relaxed);
            if run_queue.is_closed {
                return None;
            }
            // A thread that submits work needs a core as well.
            if may_spin && self.has_cores_for(2) {
                run_queue.spinning += 1;
                drop(run_queue);
                may_spin = false;
                spin(|| self.has_work.load(Ordering::Relaxed).then_some(()));
                run_queue = self.lock();
                run_queue.spinning -= 1;
            } else {
                run_queue.sleeping += 1;
                run_queue = self.woken.wait(run_queue).unwrap_or_else(PoisonError::into_inner);
                run_queue.sleeping -= 1;
            }
        }
    }

    /// Tells workers of work, if there is any: a system call where one must be woken.
    fn wake(&self, run_queue: MutexGuard<'_, RunQueue>) {
        let has_work = !run_queue.tenants.is_empty();
        let must_wake = run_queue.tenants.len() > run_queue.spinning && run_queue.sleeping > 0;
        self.has_work.store(has_work, Ordering::Relaxed);
        drop(run_queue);
        if must_wake {
            self.woken.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, RunQueue> {
        lock(&self.run_queue)
    }
}

impl RunQueue {
    /// Queues a tenant, if it has work and may have it done.
    fn offer(&mut self, tenant: &Arc<Mutex<TenantJobs>>, jobs: &mut TenantJobs) {
        if !jobs.is_queued && jobs.running < jobs.limit && !jobs.requests.is_empty() {
            jobs.is_queued = true;
            self.tenants.push_back(Arc::clone(tenant));
        }
    }

    /// The next job of the tenant whose turn it is.
    fn take(&mut self) -> Option<(Arc<Mutex<TenantJobs>>, Job)> {
        while let Some(tenant) = self.tenants.pop_front() {
            let mut jobs = lock(&tenant);
            jobs.is_queued = false;
            let job = jobs.take();
            jobs.running += usize::from(job.is_some());
            self.offer(&tenant, &mut jobs);
            drop(jobs);
            if let Some(job) = job {
                return Some((tenant, job));
            }
        }
        None
    }
}

impl TenantJobs {
    /// A tenant of whose jobs at most `limit` run at a time.
    pub(super) fn new(limit: usize) -> Self {
        Self { requests: VecDeque::new(), running: 0, limit, is_queued: false }
    }

    /// The next job of the request whose turn it is.
    fn take(&mut self) -> Option<Job> {
        let request = self.requests.pop_front()?;
        let mut jobs = lock(&request);
        let job = jobs.pop_front();
        let has_more = !jobs.is_empty();
        drop(jobs);
        if has_more {
            self.requests.push_back(request);
        }
        job
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The message of a panic, if it is a text.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no message)")
}
