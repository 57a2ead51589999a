//! The run queue: what waits for a worker, and whose turn comes.
//!
//! Tenants take turns, and so do the requests of each tenant. The paused jobs of a request come before those that nobody has begun, so
//! it never has more begun than it has had workers at a time.

use std::collections::VecDeque;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jurat_model::Worker;

use super::turn::Job;

/// How many jobs a tenant may have begun, beyond one for each worker: each keeps a thread and a window.
const MOST_BEGUN: usize = 32;
/// How many more it may have begun if those are small: they end soon, so those that wait for a batch are not in their way.
const MOST_BEGUN_SMALL: usize = 64;

/// The run queue. All of it, with the jobs of tenants and requests, is only used under the lock of the scheduler.
pub(super) struct RunQueue {
    /// The tenants with waiting jobs, each once.
    tenants: VecDeque<Arc<Mutex<TenantJobs>>>,
    /// The small jobs that wait, in the order in which they came.
    small: VecDeque<SmallJob>,
    /// How many jobs wait.
    waiting: usize,
    /// How many tenants have jobs, waiting or running.
    busy: usize,
    /// How many requests have.
    busy_requests: usize,
    workers: usize,
}

/// The jobs of one tenant.
pub(super) struct TenantJobs {
    /// The requests with waiting jobs, each once.
    requests: VecDeque<Arc<Mutex<RequestJobs>>>,
    /// How many jobs have a worker other than the reserve.
    running: usize,
    on_reserve: usize,
    begun: usize,
    unfinished: usize,
    /// The most jobs that run at a time.
    limit: usize,
    is_queued: bool,
}

/// The jobs of one request that wait: first those that were begun.
#[derive(Default)]
pub(super) struct RequestJobs {
    waiting: VecDeque<Waiting>,
    unfinished: usize,
    is_queued: bool,
}

/// A job that waits.
pub(super) struct Waiting {
    pub(super) work: Work,
    /// Whether it has few records, and is the first of its request: the reserve may do it.
    pub(super) is_small: bool,
}

/// What a job waits for.
pub(super) enum Work {
    /// To be begun.
    Begin(Job),
    /// For a worker, to go on.
    Resume(SyncSender<Worker>),
}

/// The tenant and the request of a job.
#[derive(Clone)]
pub(super) struct Owner {
    pub(super) tenant: Arc<Mutex<TenantJobs>>,
    pub(super) request: Arc<Mutex<RequestJobs>>,
}

/// A job that has got a worker.
pub(super) struct Taken {
    pub(super) owner: Owner,
    pub(super) job: Waiting,
    pub(super) worker: Worker,
}

struct SmallJob {
    since: Instant,
    owner: Owner,
}

/// How many windows a tenant has in its queue and in work, at one moment. A window that is rendered again, or given to an observer,
/// counts like one that is judged.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct QueueLoad {
    /// Windows that wait for a worker: those that are not begun, and those that have made room for others.
    pub queued: usize,
    /// Windows that workers have.
    pub running: usize,
}

impl RunQueue {
    pub(super) fn new(workers: usize) -> Self {
        Self { tenants: VecDeque::new(), small: VecDeque::new(), waiting: 0, busy: 0, busy_requests: 0, workers }
    }

    /// Whether this is the worker for small jobs that have waited.
    pub(super) fn is_reserve(&self, worker: Worker) -> bool {
        worker.0 == self.workers
    }

    /// Adds a job that is new. Returns whether one of `idle` idle workers will take it at once.
    pub(super) fn submit(&mut self, owner: &Owner, job: Waiting, now: Instant, idle: usize) -> bool {
        let is_taken = idle > self.waiting && self.may_run(&lock(&owner.tenant));
        let mut tenant = lock(&owner.tenant);
        tenant.unfinished += 1;
        self.busy += usize::from(tenant.unfinished == 1);
        drop(tenant);
        let mut request = lock(&owner.request);
        request.unfinished += 1;
        self.busy_requests += usize::from(request.unfinished == 1);
        drop(request);
        self.wait(owner, job, now);
        is_taken
    }

    /// Has a job wait for a worker, behind all others whose turn comes.
    fn wait(&mut self, owner: &Owner, job: Waiting, now: Instant) {
        if job.is_small {
            self.small.push_back(SmallJob { since: now, owner: owner.clone() });
        }
        self.waiting += 1;
        let mut request = lock(&owner.request);
        let begun = request.waiting.partition_point(|job| matches!(job.work, Work::Resume(_)));
        match job.work {
            Work::Resume(_) => request.waiting.insert(begun, job),
            Work::Begin(_) => request.waiting.push_back(job),
        }
        drop(request);
        self.queue(owner);
    }

    /// The next job for a worker that is free.
    pub(super) fn take(&mut self, worker: Worker) -> Option<Taken> {
        let taken = self.next(worker, None)?;
        self.queue(&taken.owner);
        Some(taken)
    }

    /// The next small job that has come at a moment that `is_due`, for the reserve.
    pub(super) fn take_small(&mut self, worker: Worker, is_due: impl Fn(Instant) -> bool) -> Option<Taken> {
        let taken = self.next_small(worker, None, is_due)?;
        self.queue(&taken.owner);
        Some(taken)
    }

    /// Gives the worker of a job to the next one, if there is one for it in another request. The job, as `paused`, waits then.
    pub(super) fn replace(
        &mut self,
        worker: Worker,
        (owner, paused): (&Owner, Waiting),
        (now, patience): (Instant, Duration),
    ) -> Option<Taken> {
        self.release(worker, &owner.tenant);
        let next = if self.is_reserve(worker) {
            self.next_small(worker, Some(owner), |since| now.saturating_duration_since(since) >= patience)
        } else {
            self.next(worker, Some(owner))
        };
        match &next {
            None => self.assign(worker, &mut lock(&owner.tenant)),
            Some(taken) => {
                // In this order: it has had its turn before the one that begins it now.
                self.wait(owner, paused, now);
                self.queue(&taken.owner);
            }
        }
        next
    }

    fn next_small(&mut self, worker: Worker, but: Option<&Owner>, is_due: impl Fn(Instant) -> bool) -> Option<Taken> {
        let is_next = |small: &SmallJob| {
            let tenant = lock(&small.owner.tenant);
            let request = lock(&small.owner.request);
            is_due(small.since) && !is_of(but, &small.owner.request) && tenant.may_begin(request.small(), self.workers)
        };
        let owner = self.small.iter().find(|small| is_next(small))?.owner.clone();
        let index = lock(&owner.request).waiting.iter().position(|job| job.is_small)?;
        let position = lock(&owner.tenant).requests.iter().position(|request| Arc::ptr_eq(request, &owner.request))?;
        self.remove(worker, &owner, position, index)
    }

    /// The moment at which the first small job came.
    pub(super) fn first_small(&self) -> Option<Instant> {
        self.small.front().map(|small| small.since)
    }

    /// A job has ended.
    pub(super) fn finish(&mut self, worker: Worker, owner: &Owner) {
        self.release(worker, &owner.tenant);
        let mut tenant = lock(&owner.tenant);
        tenant.begun -= 1;
        tenant.unfinished -= 1;
        self.busy -= usize::from(tenant.unfinished == 0);
        drop(tenant);
        let mut request = lock(&owner.request);
        request.unfinished -= 1;
        self.busy_requests -= usize::from(request.unfinished == 0);
    }

    /// Whether a job may wait for that of another request: a batch that is alone asks for nothing more.
    pub(super) fn has_waiting(&self) -> bool {
        self.waiting > 0 && self.busy_requests > 1
    }

    /// How many tenants wait whose jobs a free worker may run, as far as that matters: beyond `most` it does not count on.
    pub(super) fn runnable(&self, most: usize) -> usize {
        self.tenants.iter().filter(|tenant| self.turn_of(&lock(tenant), None).is_some()).take(most).count()
    }

    /// How much a tenant has in its queue, and in work.
    pub(super) fn load(tenant: &Mutex<TenantJobs>) -> QueueLoad {
        let tenant = lock(tenant);
        let queued = tenant.requests.iter().map(|request| lock(request).waiting.len()).sum();
        QueueLoad { queued, running: tenant.running + tenant.on_reserve }
    }

    /// The next job of the tenant whose turn it is, and of its request whose turn it is.
    fn next(&mut self, worker: Worker, but: Option<&Owner>) -> Option<Taken> {
        let (owner, position) = self.tenants.iter().find_map(|tenant| {
            let jobs = lock(tenant);
            let position = self.turn_of(&jobs, but)?;
            let request = Arc::clone(jobs.requests.get(position)?);
            Some((Owner { tenant: Arc::clone(tenant), request }, position))
        })?;
        self.remove(worker, &owner, position, 0)
    }

    /// Takes a job out: the one at `index` of the request at `position` of its tenant. Both leave their queues, until [`Self::queue`].
    fn remove(&mut self, worker: Worker, owner: &Owner, position: usize, index: usize) -> Option<Taken> {
        let mut tenant = lock(&owner.tenant);
        let mut request = lock(&owner.request);
        let job = request.waiting.remove(index)?;
        tenant.requests.remove(position);
        request.is_queued = false;
        drop(request);
        tenant.begun += usize::from(matches!(job.work, Work::Begin(_)));
        self.assign(worker, &mut tenant);
        self.waiting -= 1;
        tenant.is_queued = false;
        drop(tenant);
        self.tenants.retain(|other| !Arc::ptr_eq(other, &owner.tenant));
        if job.is_small {
            let position = self.small.iter().position(|small| Arc::ptr_eq(&small.owner.request, &owner.request));
            position.and_then(|position| self.small.remove(position));
        }
        Some(Taken { owner: owner.clone(), job, worker })
    }

    /// Puts a request and its tenant at the end of their queues, if they have jobs and are not there.
    fn queue(&mut self, owner: &Owner) {
        let mut tenant = lock(&owner.tenant);
        let mut request = lock(&owner.request);
        if !request.is_queued && !request.waiting.is_empty() {
            request.is_queued = true;
            tenant.requests.push_back(Arc::clone(&owner.request));
        }
        if !tenant.is_queued && !tenant.requests.is_empty() {
            tenant.is_queued = true;
            self.tenants.push_back(Arc::clone(&owner.tenant));
        }
    }

    /// The position of the request whose turn it is; none if the tenant may not run any.
    fn turn_of(&self, tenant: &TenantJobs, but: Option<&Owner>) -> Option<usize> {
        if !self.may_run(tenant) {
            return None;
        }
        tenant
            .requests
            .iter()
            .position(|request| !is_of(but, request) && tenant.may_begin(lock(request).waiting.front(), self.workers))
    }

    /// Whether a tenant may have another worker: alone it may have all, and beside others all but one.
    fn may_run(&self, tenant: &TenantJobs) -> bool {
        let others = self.busy > usize::from(tenant.unfinished > 0);
        let most = if others { self.workers.saturating_sub(1).max(1) } else { self.workers };
        tenant.running < most.min(tenant.limit)
    }

    fn assign(&self, worker: Worker, tenant: &mut TenantJobs) {
        if self.is_reserve(worker) {
            tenant.on_reserve += 1;
        } else {
            tenant.running += 1;
        }
    }

    fn release(&self, worker: Worker, tenant: &Mutex<TenantJobs>) {
        let mut tenant = lock(tenant);
        if self.is_reserve(worker) {
            tenant.on_reserve -= 1;
        } else {
            tenant.running -= 1;
        }
    }
}

impl TenantJobs {
    /// A tenant of whose jobs at most `limit` run at a time.
    pub(super) fn new(limit: usize) -> Self {
        Self { requests: VecDeque::new(), running: 0, on_reserve: 0, begun: 0, unfinished: 0, limit, is_queued: false }
    }

    /// Whether a job may go on, or be begun.
    fn may_begin(&self, job: Option<&Waiting>, workers: usize) -> bool {
        job.is_some_and(|job| match job.work {
            Work::Resume(_) => true,
            Work::Begin(_) => self.begun < workers + if job.is_small { MOST_BEGUN_SMALL } else { MOST_BEGUN },
        })
    }
}

impl RequestJobs {
    fn small(&self) -> Option<&Waiting> {
        self.waiting.iter().find(|job| job.is_small)
    }
}

fn is_of(owner: Option<&Owner>, request: &Arc<Mutex<RequestJobs>>) -> bool {
    owner.is_some_and(|owner| Arc::ptr_eq(&owner.request, request))
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives a worker to a job that waits for one.
pub(super) fn resume(resumed: &SyncSender<Worker>, worker: Worker) {
    let sent = resumed.send(worker);
    debug_assert!(sent.is_ok(), "a job that waits keeps the end to which its worker is sent");
}
