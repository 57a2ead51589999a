//! The jobs of tenants and of their requests, and which of a tenant's requests has its turn.
//!
//! A request that has not had a turn comes before those that have: what needs less than a turn need not wait for what needs many. The
//! paused jobs of a request come before those that nobody has begun, so it never has more begun than it has had workers at a time.

use std::collections::VecDeque;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jurat_model::Worker;

use super::turn::Job;

/// How many jobs that are not small a tenant may have begun, beyond one for each worker: each keeps a thread and a window.
const MOST_BEGUN: usize = 32;
/// The same for small jobs. Their windows are small, and one that cannot be begun waits until another has ended.
const MOST_BEGUN_SMALL: usize = 256;
/// How many jobs of all tenants may be begun before each tenant only gets its share.
const MOST_BEGUN_TOGETHER: usize = 1_536;
/// How many jobs a tenant may have begun however many the others have.
const SHARE: usize = 4;
/// How many first turns may follow each other while a request waits that has had one.
const MOST_FIRST_TURNS: u32 = 4;

/// The jobs of one tenant.
pub(super) struct TenantJobs {
    /// The requests with waiting jobs, each once: those that are new, because they have not had a turn; then the others.
    pub(super) requests: VecDeque<Arc<Mutex<RequestJobs>>>,
    /// How many of them are new.
    new_requests: usize,
    /// Those on workers other than the reserve.
    pub(super) first_turns: FirstTurns,
    /// How many jobs have such a worker.
    pub(super) running: usize,
    pub(super) on_reserve: usize,
    begun: usize,
    begun_small: usize,
    pub(super) unfinished: usize,
    /// The most jobs that run at a time.
    pub(super) limit: usize,
    pub(super) is_queued: bool,
}

/// The jobs of one request that wait: first those that were begun.
pub(super) struct RequestJobs {
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) unfinished: usize,
    /// Whether it has not had a turn.
    is_new: bool,
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

/// How many jobs a tenant may have begun at present.
#[derive(Clone, Copy)]
pub(super) struct MostBegun {
    small: usize,
    others: usize,
    together: usize,
}

/// Has first turns come before later ones, but not so many in a row that the others wait for ever.
#[derive(Default)]
pub(super) struct FirstTurns {
    in_a_row: u32,
}

impl TenantJobs {
    /// A tenant of whose jobs at most `limit` run at a time.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            requests: VecDeque::new(),
            new_requests: 0,
            first_turns: FirstTurns::default(),
            running: 0,
            on_reserve: 0,
            begun: 0,
            begun_small: 0,
            unfinished: 0,
            limit,
            is_queued: false,
        }
    }

    /// Puts a request where it waits for its turn, if it has jobs and is not there.
    pub(super) fn queue(&mut self, request: &Arc<Mutex<RequestJobs>>) {
        let mut jobs = lock(request);
        if jobs.is_queued || jobs.waiting.is_empty() {
            return;
        }
        jobs.is_queued = true;
        if jobs.is_new {
            self.requests.insert(self.new_requests, Arc::clone(request));
            self.new_requests += 1;
        } else {
            self.requests.push_back(Arc::clone(request));
        }
    }

    /// The position of the request whose turn it is.
    pub(super) fn turn(&self, but: Option<&Owner>, most: MostBegun) -> Option<usize> {
        let may_begin = |position: &usize| {
            let request = self.requests.get(*position).filter(|request| !is_of(but, request));
            request.is_some_and(|request| self.may_begin(lock(request).waiting.front(), most))
        };
        let (new, others) = (0..self.new_requests, self.new_requests..self.requests.len());
        self.first_turns.order(new, others).into_iter().flatten().find(may_begin)
    }

    /// Whether a job may go on, or be begun.
    pub(super) fn may_begin(&self, job: Option<&Waiting>, most: MostBegun) -> bool {
        let fits = |is_small| if is_small { self.begun_small < most.small } else { self.begun < most.others };
        job.is_some_and(|job| match job.work {
            Work::Resume(_) => true,
            Work::Begin(_) => fits(job.is_small) && self.begun + self.begun_small < most.together,
        })
    }

    /// Takes out the job at `index` of the request at `position`, and whether the request was new. It is not queued any more.
    pub(super) fn take(&mut self, position: usize, index: usize) -> Option<(Waiting, bool)> {
        let mut request = lock(self.requests.get(position)?);
        let job = request.waiting.remove(index)?;
        request.is_queued = false;
        let was_new = std::mem::replace(&mut request.is_new, false);
        drop(request);
        self.requests.remove(position);
        self.new_requests -= usize::from(was_new);
        *self.begun_of(job.is_small) += usize::from(matches!(job.work, Work::Begin(_)));
        Some((job, was_new))
    }

    /// A job that was begun has ended.
    pub(super) fn end(&mut self, is_small: bool) {
        *self.begun_of(is_small) -= 1;
        self.unfinished -= 1;
    }

    fn begun_of(&mut self, is_small: bool) -> &mut usize {
        if is_small { &mut self.begun_small } else { &mut self.begun }
    }
}

impl Default for RequestJobs {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), unfinished: 0, is_new: true, is_queued: false }
    }
}

impl RequestJobs {
    /// Adds a job, behind those that wait for the same.
    pub(super) fn wait(&mut self, job: Waiting) {
        let begun = self.waiting.partition_point(|job| matches!(job.work, Work::Resume(_)));
        match job.work {
            Work::Resume(_) => self.waiting.insert(begun, job),
            Work::Begin(_) => self.waiting.push_back(job),
        }
    }

    pub(super) fn small(&self) -> Option<&Waiting> {
        self.waiting.iter().find(|job| job.is_small)
    }
}

impl MostBegun {
    /// Nothing may be begun: there is no thread for it.
    pub(super) const NONE: Self = Self { small: 0, others: 0, together: 0 };

    /// While `begun` jobs of all tenants are begun.
    pub(super) fn beside(begun: usize, workers: usize) -> Self {
        let together = if begun < MOST_BEGUN_TOGETHER { usize::MAX } else { SHARE };
        Self { small: workers + MOST_BEGUN_SMALL, others: workers + MOST_BEGUN, together }
    }
}

impl FirstTurns {
    /// What to try first, and then: what would be a first turn, or what would be a later one.
    pub(super) fn order<T>(&self, first: T, later: T) -> [T; 2] {
        if self.in_a_row < MOST_FIRST_TURNS { [first, later] } else { [later, first] }
    }

    pub(super) fn count(&mut self, is_first: bool) {
        self.in_a_row = if is_first { self.in_a_row.saturating_add(1) } else { 0 };
    }
}

/// Gives a worker to a job that waits for one.
pub(super) fn resume(resumed: &SyncSender<Worker>, worker: Worker) {
    let sent = resumed.send(worker);
    debug_assert!(sent.is_ok(), "a job that waits keeps the end to which its worker is sent");
}

/// Whether it is the request of an owner.
pub(super) fn is_of(owner: Option<&Owner>, request: &Arc<Mutex<RequestJobs>>) -> bool {
    owner.is_some_and(|owner| Arc::ptr_eq(&owner.request, request))
}

/// The lock of a value that holds no more than counts and lists.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
