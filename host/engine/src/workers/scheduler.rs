//! Gives workers to jobs: tenants take turns, and so do the requests of each tenant.
//!
//! A worker is a permit to run. The thread that has it runs a job, and gives the permit to another thread when its job has run for a
//! slice and others wait; then it waits for a permit of its own. A thread that finds no job of its own keeps its permit, and
//! sleeps. A thread that has passed its permit on to a job that had been begun is *spare* until there is another job to begin, or
//! ends if there are enough of them.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jurat_model::Worker;

use super::jobs::{Owner, TenantJobs, Waiting, Work, lock, resume};
use super::run_queue::{QueueLoad, RunQueue, Taken};
use super::spin::{CORES, spin};
use super::turn::{Job, Turn, run};

/// The stack of a thread: what a rule may use of it (512 KiB by default), and ample space for the host around it.
const STACK: usize = 4 << 20;

/// The spare threads that are kept. Further ones end.
const KEPT_SPARE: usize = 32;

/// The most threads, of all tenants together. Where there are no more, jobs only give way to those that were begun.
const MOST_THREADS: usize = 2_048;

/// How long a small job waits for a worker before the reserve does it. Waking the reserve costs more than a short wait.
const PATIENCE: Duration = Duration::from_millis(10);

/// Gives workers to jobs.
pub(super) struct Scheduler {
    state: Mutex<State>,
    /// Whether a worker that is free has something to do, for threads that spin.
    has_work: AtomicBool,
    /// Whether a job waits for that of another request, for jobs that run.
    has_waiting: AtomicBool,
    /// How many jobs were submitted and are not finished.
    in_flight: AtomicUsize,
    woken: Condvar,
    reserve_woken: Condvar,
    /// How long a job keeps its worker while others wait.
    slice: Duration,
    /// Whether the log says that no thread can be started.
    has_warned: AtomicBool,
    /// The threads that were started, until they end.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct State {
    run_queue: RunQueue,
    /// Each is sent a job to begin. Dropping it ends its thread.
    spare: Vec<SyncSender<Running>>,
    /// Workers that spin. They check the run queue once more before they sleep.
    spinning: usize,
    sleeping: usize,
    /// Whether the reserve sleeps until it is woken.
    is_reserve_asleep: bool,
    is_closed: bool,
}

/// A job that runs, or is about to.
struct Running {
    scheduler: Arc<Scheduler>,
    owner: Owner,
    worker: Worker,
    is_small: bool,
    /// When its slice began.
    begun: Instant,
    waited: Duration,
    job: Option<Job>,
}

impl Scheduler {
    /// A scheduler for `workers` workers, and the reserve, whose index is behind theirs.
    pub(super) fn new(workers: usize, slice: Duration) -> Self {
        let state = State {
            run_queue: RunQueue::new(workers),
            spare: Vec::new(),
            spinning: 0,
            sleeping: 0,
            is_reserve_asleep: false,
            is_closed: false,
        };
        Self {
            state: Mutex::new(state),
            has_work: AtomicBool::new(false),
            has_waiting: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            woken: Condvar::new(),
            reserve_woken: Condvar::new(),
            slice,
            has_warned: AtomicBool::new(false),
            threads: Mutex::new(Vec::new()),
        }
    }

    /// Starts a thread that has a worker.
    pub(super) fn start(self: &Arc<Self>, worker: Worker) -> io::Result<()> {
        let scheduler = Arc::clone(self);
        self.spawn(format!("jurat-{}", worker.0), move || scheduler.next(worker, None))
    }

    /// Adds a job of a request. It is dropped if the workers have ended.
    pub(super) fn submit(&self, owner: &Owner, job: Job, is_small: bool) {
        let now = Instant::now();
        let mut state = self.lock();
        if state.is_closed {
            return;
        }
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let idle = state.sleeping + state.spinning;
        let is_taken = state.run_queue.submit(owner, Waiting { work: Work::Begin(job), is_small }, now, idle);
        let must_wake_reserve = is_small && !is_taken && std::mem::take(&mut state.is_reserve_asleep);
        self.wake(state);
        if must_wake_reserve {
            self.reserve_woken.notify_one();
        }
    }

    /// How much a tenant has in its queue, and in work.
    pub(super) fn load(&self, tenant: &Mutex<TenantJobs>) -> QueueLoad {
        let _state = self.lock();
        RunQueue::load(tenant)
    }

    /// Whether there are cores for this many threads beside those that work or are about to.
    pub(super) fn has_cores_for(&self, threads: usize) -> bool {
        self.in_flight.load(Ordering::Relaxed).saturating_add(threads) <= *CORES
    }

    /// Lets the threads end when they have finished what was submitted.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.spare.clear();
        drop(state);
        self.has_work.store(true, Ordering::Relaxed);
        self.woken.notify_all();
        self.reserve_woken.notify_all();
    }

    /// Waits until all threads have ended, unless one of them calls this: a job may drop the last owner of its workers.
    pub(super) fn join(&self) {
        let is_own = lock(&self.threads).iter().any(|thread| thread.thread().id() == thread::current().id());
        // A thread that is joined may have started others before it ended.
        while !is_own && let Some(thread) = { lock(&self.threads).pop() } {
            let _ = thread.join();
        }
    }

    /// Starts a thread that runs one job after the other, until there is none.
    fn spawn(&self, name: String, first: impl FnOnce() -> Option<Running> + Send + 'static) -> io::Result<()> {
        let thread = thread::Builder::new().name(name).stack_size(STACK).spawn(move || {
            let mut next = first();
            while let Some(mut running) = next {
                running.run();
                let Running { scheduler, worker, owner, is_small, .. } = running;
                next = scheduler.next(worker, Some((owner, is_small)));
            }
        })?;
        lock(&self.threads).push(thread);
        Ok(())
    }

    /// The next job for a thread that has a worker; none when there will be no more. `finished` is the owner of its last job, and its size.
    fn next(self: &Arc<Self>, worker: Worker, finished: Option<(Owner, bool)>) -> Option<Running> {
        let mut state = self.lock();
        if let Some((owner, is_small)) = finished {
            self.in_flight.fetch_sub(1, Ordering::Relaxed);
            state.run_queue.finish(worker, &owner, is_small);
        }
        let (is_reserve, mut may_spin) = (state.run_queue.is_reserve(worker), true);
        loop {
            if let Some(Taken { owner, job, worker }) = state.next(worker) {
                // This worker may have been the one for which a small job was left.
                if state.run_queue.first_small().is_some() && std::mem::take(&mut state.is_reserve_asleep) {
                    self.reserve_woken.notify_one();
                }
                match job.work {
                    Work::Begin(begin) => {
                        self.wake(state);
                        return Some(self.running(owner, worker, job.is_small, begin));
                    }
                    Work::Resume(resumed) => return self.hand_over(state, worker, &resumed),
                }
            }
            if is_reserve {
                // Its job may have kept those of other tenants from a worker.
                state = self.wake_one(state);
            }
            if state.is_closed {
                return None;
            }
            // A thread that submits work needs a core as well.
            if is_reserve {
                state = self.await_small(state);
            } else if may_spin && self.has_cores_for(2) {
                self.publish(&state);
                state.spinning += 1;
                drop(state);
                may_spin = false;
                spin(|| self.has_work.load(Ordering::Relaxed).then_some(()));
                state = self.lock();
                state.spinning -= 1;
            } else {
                self.publish(&state);
                state.sleeping += 1;
                state = self.woken.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.sleeping -= 1;
            }
        }
    }

    /// Gives a worker to a job that was begun. This thread is spare until there is a job to begin.
    fn hand_over(
        &self,
        mut state: MutexGuard<'_, State>,
        worker: Worker,
        resumed: &SyncSender<Worker>,
    ) -> Option<Running> {
        if state.spare.len() >= KEPT_SPARE {
            self.wake(state);
            resume(resumed, worker);
            // The stack of a thread that has ended stays until then.
            self.threads();
            return None;
        }
        let (sender, receiver) = sync_channel(1);
        state.spare.push(sender);
        state.end_spare_if_closed();
        self.wake(state);
        resume(resumed, worker);
        receiver.recv().ok()
    }

    /// How many threads there are.
    pub(super) fn threads(&self) -> usize {
        let mut threads = lock(&self.threads);
        threads.retain(|thread| !thread.is_finished());
        threads.len()
    }

    /// Waits until the first small job has waited long enough, or there may be another first one.
    fn await_small<'s>(&self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let Some(since) = state.run_queue.first_small() else {
            state.is_reserve_asleep = true;
            state = self.reserve_woken.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.is_reserve_asleep = false;
            return state;
        };
        let left = PATIENCE.saturating_sub(since.elapsed());
        // One that is due and still waits is more than its tenant may have begun.
        let wait = if left.is_zero() { PATIENCE } else { left };
        let waited = self.reserve_woken.wait_timeout(state, wait);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Gives the worker of a job to another job, if there is one for it, and waits until it is the job's turn again.
    fn pass(self: &Arc<Self>, running: &mut Running) {
        let mut state = self.lock();
        if state.spare.is_empty() {
            drop(state);
            let spare = self.start_spare();
            state = self.lock();
            state.spare.extend(spare);
        }
        let can_begin = !state.spare.is_empty();
        let (resumed, resumption) = sync_channel(1);
        let paused = Waiting { work: Work::Resume(resumed), is_small: running.is_small };
        let due = (Instant::now(), PATIENCE);
        let next = state.run_queue.replace(running.worker, (&running.owner, paused), due, can_begin);
        let Some(Taken { owner, job, worker }) = next else {
            state.end_spare_if_closed();
            return;
        };
        let must_wake_reserve = running.is_small && std::mem::take(&mut state.is_reserve_asleep);
        let spare = matches!(job.work, Work::Begin(_)).then(|| state.spare.pop()).flatten();
        state.end_spare_if_closed();
        self.wake(state);
        if must_wake_reserve {
            self.reserve_woken.notify_one();
        }
        match (job.work, spare) {
            (Work::Resume(resumed), _) => resume(&resumed, worker),
            (Work::Begin(begun), Some(spare)) => {
                let sent = spare.send(self.running(owner, worker, job.is_small, begun));
                debug_assert!(sent.is_ok(), "a spare thread waits for a job");
            }
            (Work::Begin(_), None) => debug_assert!(false, "there is a spare thread"),
        }
        match resumption.recv() {
            Ok(worker) => running.worker = worker,
            Err(_) => debug_assert!(false, "a job that waits gets a worker"),
        }
    }

    fn start_spare(&self) -> Option<SyncSender<Running>> {
        if self.threads() >= MOST_THREADS {
            return None;
        }
        let (sender, receiver): (_, Receiver<Running>) = sync_channel(1);
        let started = self.spawn("jurat-spare".to_owned(), move || receiver.recv().ok());
        // Every job that runs comes here again in a moment.
        if let Err(error) = &started
            && !self.has_warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                %error,
                "batches keep others waiting: no thread can be started; look at `ulimit -u`, and at the container's limit"
            );
        }
        started.is_ok().then_some(sender)
    }

    fn running(self: &Arc<Self>, owner: Owner, worker: Worker, is_small: bool, job: Job) -> Running {
        let (scheduler, begun) = (Arc::clone(self), Instant::now());
        Running { scheduler, owner, worker, is_small, begun, waited: Duration::ZERO, job: Some(job) }
    }

    /// Tells workers of work, if there is any: a system call where one must be woken.
    fn wake(&self, state: MutexGuard<'_, State>) {
        let must_wake = self.publish(&state);
        drop(state);
        if must_wake {
            self.woken.notify_one();
        }
    }

    fn wake_one<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        if self.publish(&state) {
            self.woken.notify_one();
        }
        state
    }

    /// Tells threads that do not have the lock what there is to do, and returns whether one must be woken for it.
    fn publish(&self, state: &State) -> bool {
        let runnable = state.run_queue.runnable(state.spinning + 1);
        self.has_work.store(runnable > 0 || state.is_closed, Ordering::Relaxed);
        self.has_waiting.store(state.run_queue.has_waiting(), Ordering::Relaxed);
        runnable > state.spinning && state.sleeping > 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    /// The next job for a worker. The reserve only has small ones that have waited, and when there will be no more, those that have not.
    fn next(&mut self, worker: Worker) -> Option<Taken> {
        if self.run_queue.is_reserve(worker) {
            let is_closed = self.is_closed;
            self.run_queue.take_small(worker, |since| is_closed || since.elapsed() >= PATIENCE)
        } else {
            self.run_queue.take(worker)
        }
    }

    /// Threads that were started for jobs to begin must not outlive the others.
    fn end_spare_if_closed(&mut self) {
        if self.is_closed {
            self.spare.clear();
        }
    }
}

impl Running {
    /// Runs the job.
    fn run(&mut self) {
        if let Some(job) = self.job.take() {
            run(job, self);
        }
    }
}

impl Turn for Running {
    fn worker(&self) -> Worker {
        self.worker
    }

    fn is_over(&self) -> bool {
        self.scheduler.has_waiting.load(Ordering::Relaxed) && self.begun.elapsed() >= self.scheduler.slice
    }

    fn pass(&mut self) {
        let began = Instant::now();
        Arc::clone(&self.scheduler).pass(self);
        self.begun = Instant::now();
        self.waited += self.begun.duration_since(began);
    }

    fn waited(&self) -> Duration {
        self.waited
    }
}
