//! The run queue: what waits for a worker, and whose turn comes.
//!
//! Tenants take turns, and so do the requests of each tenant ([`TenantJobs`]).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jurat_model::Worker;

use super::jobs::{FirstTurns, MostBegun, Owner, TenantJobs, Waiting, Work, is_of, lock};

/// The run queue. All of it, with the jobs of tenants and requests, is only used under the lock of the scheduler.
pub(super) struct RunQueue {
    /// The tenants with waiting jobs, each once.
    tenants: VecDeque<Arc<Mutex<TenantJobs>>>,
    /// The small jobs that wait, in the order in which they came.
    small: VecDeque<SmallJob>,
    /// Those on the reserve.
    first_turns: FirstTurns,
    /// How many jobs wait.
    waiting: usize,
    /// How many jobs are begun.
    begun: usize,
    /// How many tenants have jobs, waiting or running.
    busy: usize,
    /// How many requests have.
    busy_requests: usize,
    workers: usize,
}

/// A small job that waits.
struct SmallJob {
    since: Instant,
    /// Whether its request is new.
    is_new: bool,
    owner: Owner,
}

/// A job that has got a worker.
pub(super) struct Taken {
    pub(super) owner: Owner,
    pub(super) job: Waiting,
    pub(super) worker: Worker,
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
        Self {
            tenants: VecDeque::new(),
            small: VecDeque::new(),
            first_turns: FirstTurns::default(),
            waiting: 0,
            begun: 0,
            busy: 0,
            busy_requests: 0,
            workers,
        }
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
            let is_new = matches!(job.work, Work::Begin(_));
            self.small.push_back(SmallJob { since: now, is_new, owner: owner.clone() });
        }
        self.waiting += 1;
        lock(&owner.request).wait(job);
        self.queue(owner);
    }

    /// The next job for a worker that is free.
    pub(super) fn take(&mut self, worker: Worker) -> Option<Taken> {
        let taken = self.next(worker, (None, self.most_begun()))?;
        self.queue(&taken.owner);
        Some(taken)
    }

    /// The next small job that has come at a moment that `is_due`, for the reserve.
    pub(super) fn take_small(&mut self, worker: Worker, is_due: impl Fn(Instant) -> bool) -> Option<Taken> {
        let taken = self.next_small(worker, (None, self.most_begun()), is_due)?;
        self.queue(&taken.owner);
        Some(taken)
    }

    /// Gives the worker of a job to the next one, if there is one for it in another request. The job, as `paused`, waits then. Unless jobs
    /// `can_begin`, the next one is one that was begun.
    pub(super) fn replace(
        &mut self,
        worker: Worker,
        (owner, paused): (&Owner, Waiting),
        (now, patience): (Instant, Duration),
        can_begin: bool,
    ) -> Option<Taken> {
        self.release(worker, &owner.tenant);
        let most = if can_begin { self.most_begun() } else { MostBegun::NONE };
        let next = if self.is_reserve(worker) {
            self.next_small(worker, (Some(owner), most), |since| now.saturating_duration_since(since) >= patience)
        } else {
            self.next(worker, (Some(owner), most))
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

    fn next_small(
        &mut self,
        worker: Worker,
        (but, most): (Option<&Owner>, MostBegun),
        is_due: impl Fn(Instant) -> bool,
    ) -> Option<Taken> {
        let is_next = |small: &SmallJob| {
            let tenant = lock(&small.owner.tenant);
            let request = lock(&small.owner.request);
            is_due(small.since) && !is_of(but, &small.owner.request) && tenant.may_begin(request.small(), most)
        };
        let first = |is_new| self.small.iter().find(|small| small.is_new == is_new && is_next(small));
        let owner = self.first_turns.order(true, false).into_iter().find_map(first)?.owner.clone();
        let index = lock(&owner.request).waiting.iter().position(|job| job.is_small)?;
        let position = lock(&owner.tenant).requests.iter().position(|request| Arc::ptr_eq(request, &owner.request))?;
        self.remove(worker, &owner, position, index)
    }

    /// The moment at which the first small job came.
    pub(super) fn first_small(&self) -> Option<Instant> {
        self.small.front().map(|small| small.since)
    }

    /// A job has ended.
    pub(super) fn finish(&mut self, worker: Worker, owner: &Owner, is_small: bool) {
        self.release(worker, &owner.tenant);
        let mut tenant = lock(&owner.tenant);
        self.begun -= 1;
        tenant.end(is_small);
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
        let is_next = |tenant: &&Arc<Mutex<_>>| self.turn_of(&lock(tenant), (None, self.most_begun())).is_some();
        self.tenants.iter().filter(is_next).take(most).count()
    }

    /// How much a tenant has in its queue, and in work.
    pub(super) fn load(tenant: &Mutex<TenantJobs>) -> QueueLoad {
        let tenant = lock(tenant);
        let queued = tenant.requests.iter().map(|request| lock(request).waiting.len()).sum();
        QueueLoad { queued, running: tenant.running + tenant.on_reserve }
    }

    /// The next job of the tenant whose turn it is, and of its request whose turn it is.
    fn next(&mut self, worker: Worker, among: (Option<&Owner>, MostBegun)) -> Option<Taken> {
        let (owner, position) = self.tenants.iter().find_map(|tenant| {
            let jobs = lock(tenant);
            let position = self.turn_of(&jobs, among)?;
            let request = Arc::clone(jobs.requests.get(position)?);
            Some((Owner { tenant: Arc::clone(tenant), request }, position))
        })?;
        self.remove(worker, &owner, position, 0)
    }

    /// Takes a job out: the one at `index` of the request at `position` of its tenant. Both leave their queues, until [`Self::queue`]. But
    /// the reserve takes no turn of a tenant: its other requests would wait the longer.
    fn remove(&mut self, worker: Worker, owner: &Owner, position: usize, index: usize) -> Option<Taken> {
        let mut tenant = lock(&owner.tenant);
        let (job, was_new) = tenant.take(position, index)?;
        self.begun += usize::from(matches!(job.work, Work::Begin(_)));
        if self.is_reserve(worker) { &mut self.first_turns } else { &mut tenant.first_turns }.count(was_new);
        self.assign(worker, &mut tenant);
        self.waiting -= 1;
        let keeps_its_place = self.is_reserve(worker) && !tenant.requests.is_empty();
        tenant.is_queued = keeps_its_place;
        drop(tenant);
        if !keeps_its_place {
            self.tenants.retain(|other| !Arc::ptr_eq(other, &owner.tenant));
        }
        if job.is_small {
            let position = self.small.iter().position(|small| Arc::ptr_eq(&small.owner.request, &owner.request));
            position.and_then(|position| self.small.remove(position));
        }
        Some(Taken { owner: owner.clone(), job, worker })
    }

    /// Puts a request and its tenant at the end of their queues, if they have jobs and are not there.
    fn queue(&mut self, owner: &Owner) {
        let mut tenant = lock(&owner.tenant);
        tenant.queue(&owner.request);
        if !tenant.is_queued && !tenant.requests.is_empty() {
            tenant.is_queued = true;
            self.tenants.push_back(Arc::clone(&owner.tenant));
        }
    }

    /// The position of the request whose turn it is; none if the tenant may not run any.
    fn turn_of(&self, tenant: &TenantJobs, (but, most): (Option<&Owner>, MostBegun)) -> Option<usize> {
        if self.may_run(tenant) { tenant.turn(but, most) } else { None }
    }

    fn most_begun(&self) -> MostBegun {
        MostBegun::beside(self.begun, self.workers)
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    const WORKER: Worker = Worker(0);
    const RESERVE: Worker = Worker(1);

    fn request_of(tenant: &Arc<Mutex<TenantJobs>>) -> Owner {
        Owner { tenant: Arc::clone(tenant), request: Arc::default() }
    }

    fn tenant() -> Arc<Mutex<TenantJobs>> {
        Arc::new(Mutex::new(TenantJobs::new(1)))
    }

    fn submit(queue: &mut RunQueue, owner: &Owner, is_small: bool) {
        queue.submit(owner, Waiting { work: Work::Begin(Box::new(|_| {})), is_small }, Instant::now(), 0);
    }

    fn pass(queue: &mut RunQueue, worker: Worker, owner: &Owner, can_begin: bool) -> Option<Taken> {
        let paused = Waiting { work: Work::Resume(sync_channel(1).0), is_small: false };
        queue.replace(worker, (owner, paused), (Instant::now(), Duration::ZERO), can_begin)
    }

    fn is_of_request(taken: Option<&Taken>, owner: &Owner) -> bool {
        taken.is_some_and(|taken| Arc::ptr_eq(&taken.owner.request, &owner.request))
    }

    #[test]
    fn a_small_job_on_the_reserve_takes_no_turn_of_its_tenant() {
        let mut queue = RunQueue::new(1);
        let (busy, other) = (tenant(), tenant());
        let (batch, small, of_other) = (request_of(&busy), request_of(&busy), request_of(&other));
        submit(&mut queue, &batch, false);
        submit(&mut queue, &small, true);
        submit(&mut queue, &of_other, false);
        assert!(is_of_request(queue.take_small(RESERVE, |_| true).as_ref(), &small));
        assert!(is_of_request(queue.take(WORKER).as_ref(), &batch));
    }

    #[test]
    fn without_a_thread_jobs_give_way_to_those_that_were_begun() {
        let mut queue = RunQueue::new(1);
        let tenant = tenant();
        let (one, begun, new) = (request_of(&tenant), request_of(&tenant), request_of(&tenant));
        submit(&mut queue, &begun, false);
        assert!(is_of_request(queue.take(WORKER).as_ref(), &begun));
        submit(&mut queue, &one, false);
        assert!(is_of_request(pass(&mut queue, WORKER, &begun, true).as_ref(), &one));
        submit(&mut queue, &new, false);
        assert!(is_of_request(pass(&mut queue, WORKER, &one, false).as_ref(), &begun));
        assert!(is_of_request(pass(&mut queue, WORKER, &begun, false).as_ref(), &one));
        queue.finish(WORKER, &one, false);
        assert!(is_of_request(queue.take(WORKER).as_ref(), &new));
    }
}
