//! The threads that judge.
//!
//! Rules run on threads of our own, never on a caller's: they need a stack of a known size, and what is expensive to share
//! exists once for each.
//!
//! Whoever has work for them has a [`Lane`]: one for each tenant. Lanes take turns, window by window, and within a lane so do
//! requests, so that one record does not wait behind the whole of a batch. A lane has at most as many windows in work at a time
//! as it was opened for. What waits in a lane is bounded by its requests, each of which hands in a few windows and then waits.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvError, TryRecvError};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jurat_model::Worker;

/// The stack of a worker: what a rule may use of it (512 KiB by default), and ample room for the host around it.
const STACK: usize = 4 << 20;

/// How long a thread looks out for work or an answer before it goes to sleep: judging one record takes less, and being woken
/// costs more.
const PATIENCE: Duration = Duration::from_micros(30);

/// The cores that there are. Who looks out needs one, and must not take it from whoever is waited for: then another core is
/// sought for that one, and it may wait there behind somebody else's work.
static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZeroUsize::get));

type Job = Box<dyn FnOnce(Worker) + Send>;

/// A fixed number of threads. Dropping it finishes what has been handed in, then ends the threads.
pub struct Workers {
    board: Arc<Board>,
    threads: Vec<JoinHandle<()>>,
}

/// One tenant's way to the workers. Clones are the same lane.
#[derive(Clone)]
pub struct Lane {
    board: Arc<Board>,
    queue: Arc<Mutex<Queue>>,
    workers: usize,
}

/// One request's place in its lane.
pub(crate) struct Ticket<'a> {
    lane: &'a Lane,
    jobs: Arc<Mutex<VecDeque<Job>>>,
}

/// Where lanes wait for their turn.
struct Board {
    turns: Mutex<Turns>,
    /// Whether there is a lane in `turns`, for those who look out.
    has_work: AtomicBool,
    /// How many jobs were handed in and are not done.
    in_flight: AtomicUsize,
    woken: Condvar,
}

struct Turns {
    /// The lanes that have work and may have it done, each once.
    lanes: VecDeque<Arc<Mutex<Queue>>>,
    /// Workers that look out, and will look here once more before they sleep.
    looking: usize,
    sleeping: usize,
    is_closed: bool,
}

/// The work of one lane. It is locked only by who holds the lock of the turns.
struct Queue {
    /// The requests with work, each once.
    requests: VecDeque<Arc<Mutex<VecDeque<Job>>>>,
    running: usize,
    most: usize,
    has_turn: bool,
}

impl Workers {
    /// Starts so many threads.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(count: NonZeroUsize) -> io::Result<Self> {
        let turns = Turns { lanes: VecDeque::new(), looking: 0, sleeping: 0, is_closed: false };
        let board = Arc::new(Board {
            turns: Mutex::new(turns),
            has_work: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            woken: Condvar::new(),
        });
        // Made first, so that the threads that could be started end where one cannot.
        let mut workers = Self { board, threads: Vec::with_capacity(count.get()) };
        for index in 0..count.get() {
            let board = Arc::clone(&workers.board);
            let thread = thread::Builder::new().name(format!("jurat-{index}")).stack_size(STACK);
            workers.threads.push(thread.spawn(move || board.work(Worker(index)))?);
        }
        Ok(workers)
    }

    /// How many threads there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.threads.len()
    }

    /// Opens a lane that has at most so many windows in work at a time: with fewer than there are threads, whatever is done for
    /// it, another lane finds one that is free or soon will be.
    #[must_use]
    pub fn lane(&self, most: NonZeroUsize) -> Lane {
        let queue = Queue { requests: VecDeque::new(), running: 0, most: most.get(), has_turn: false };
        Lane { board: Arc::clone(&self.board), queue: Arc::new(Mutex::new(queue)), workers: self.count() }
    }
}

impl Lane {
    /// How many threads there are.
    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    /// A place for a request.
    pub(crate) fn ticket(&self) -> Ticket<'_> {
        Ticket { lane: self, jobs: Arc::default() }
    }
}

impl Ticket<'_> {
    /// Hands in a job. It is dropped if the workers have ended.
    pub(crate) fn submit(&self, job: impl FnOnce(Worker) + Send + 'static) {
        let Lane { board, queue, .. } = self.lane;
        let mut turns = board.lock();
        if turns.is_closed {
            return;
        }
        board.in_flight.fetch_add(1, Ordering::Relaxed);
        let mut lane = lock(queue);
        let mut jobs = lock(&self.jobs);
        jobs.push_back(Box::new(job));
        if jobs.len() == 1 {
            lane.requests.push_back(Arc::clone(&self.jobs));
        }
        drop(jobs);
        turns.offer(queue, &mut lane);
        drop(lane);
        board.tell(turns);
    }
}

impl Ticket<'_> {
    /// Receives what a job sends, which will mostly be there in a moment.
    ///
    /// # Errors
    /// When nobody is left to send anything.
    pub(crate) fn receive<T>(&self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        if !self.lane.board.has_cores_for(1) {
            return receiver.recv();
        }
        let received = look_out(|| match receiver.try_recv() {
            Ok(received) => Some(Ok(received)),
            Err(TryRecvError::Disconnected) => Some(Err(RecvError)),
            Err(TryRecvError::Empty) => None,
        });
        received.unwrap_or_else(|| receiver.recv())
    }
}

impl Board {
    /// What a worker does all its life.
    fn work(&self, worker: Worker) {
        let mut finished = None;
        loop {
            let Some((lane, job)) = self.next(finished.take()) else { break };
            // A mistake of ours must cost one request, not a thread; whoever waits for the job sees its answer missing.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job(worker))) {
                tracing::error!(panic = message(&*panic), "a worker panicked");
            }
            finished = Some(lane);
        }
    }

    /// The next job, with its lane; none when there will be no more. `finished` is the lane whose job was done last.
    fn next(&self, finished: Option<Arc<Mutex<Queue>>>) -> Option<(Arc<Mutex<Queue>>, Job)> {
        let mut turns = self.lock();
        if let Some(lane) = finished {
            self.in_flight.fetch_sub(1, Ordering::Relaxed);
            let mut queue = lock(&lane);
            queue.running -= 1;
            turns.offer(&lane, &mut queue);
        }
        let mut is_patient = true;
        loop {
            if let Some((lane, job)) = turns.take() {
                self.tell(turns);
                return Some((lane, job));
            }
            self.has_work.store(false, Ordering::Relaxed);
            if turns.is_closed {
                return None;
            }
            // Whoever brings work needs a core as well.
            if is_patient && self.has_cores_for(2) {
                turns.looking += 1;
                drop(turns);
                is_patient = false;
                look_out(|| self.has_work.load(Ordering::Relaxed).then_some(()));
                turns = self.lock();
                turns.looking -= 1;
            } else {
                turns.sleeping += 1;
                turns = self.woken.wait(turns).unwrap_or_else(PoisonError::into_inner);
                turns.sleeping -= 1;
            }
        }
    }

    /// Tells workers of work, if there is any: a system call where one has to be woken.
    fn tell(&self, turns: MutexGuard<'_, Turns>) {
        let has_work = !turns.lanes.is_empty();
        let has_to_wake = turns.lanes.len() > turns.looking && turns.sleeping > 0;
        self.has_work.store(has_work, Ordering::Relaxed);
        drop(turns);
        if has_to_wake {
            self.woken.notify_one();
        }
    }

    /// Whether there are cores for so many threads beside those that work or are about to.
    fn has_cores_for(&self, threads: usize) -> bool {
        self.in_flight.load(Ordering::Relaxed).saturating_add(threads) <= *CORES
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        lock(&self.turns)
    }
}

impl Turns {
    /// Gives a lane a turn, if it has work and may have it done.
    fn offer(&mut self, lane: &Arc<Mutex<Queue>>, queue: &mut Queue) {
        if !queue.has_turn && queue.running < queue.most && !queue.requests.is_empty() {
            queue.has_turn = true;
            self.lanes.push_back(Arc::clone(lane));
        }
    }

    /// The next job of the lane whose turn it is.
    fn take(&mut self) -> Option<(Arc<Mutex<Queue>>, Job)> {
        while let Some(lane) = self.lanes.pop_front() {
            let mut queue = lock(&lane);
            queue.has_turn = false;
            let job = queue.take();
            queue.running += usize::from(job.is_some());
            self.offer(&lane, &mut queue);
            drop(queue);
            if let Some(job) = job {
                return Some((lane, job));
            }
        }
        None
    }
}

impl Queue {
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

/// Looks again and again for a moment. The processor is offered to others on the way: it may be that what is looked for has to
/// be done on it.
fn look_out<T>(look: impl Fn() -> Option<T>) -> Option<T> {
    const LOOKS: u32 = 16;
    let begun = Instant::now();
    loop {
        for _ in 0..LOOKS {
            if let Some(found) = look() {
                return Some(found);
            }
            std::hint::spin_loop();
        }
        if begun.elapsed() >= PATIENCE {
            return None;
        }
        thread::yield_now();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.board.lock().is_closed = true;
        self.board.has_work.store(true, Ordering::Relaxed);
        self.board.woken.notify_all();
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

impl fmt::Debug for Lane {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Lane").field("workers", &self.workers).finish_non_exhaustive()
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

    fn count(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    #[test]
    fn every_job_runs_and_a_panic_costs_only_its_own() {
        let workers = Workers::start(count(2)).unwrap();
        let lane = workers.lane(count(2));
        let ticket = lane.ticket();
        let (sender, receiver) = channel();
        for job in 0..100 {
            let sender = sender.clone();
            ticket.submit(move |worker| {
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

    /// Has one worker busy until everything is handed in, and tells in which order it was then done.
    fn order(hand_in: impl FnOnce(&Workers, &dyn Fn(&Ticket<'_>, &'static str))) -> Vec<&'static str> {
        let workers = Workers::start(count(1)).unwrap();
        let (sender, receiver) = channel();
        let (go, wait) = channel::<()>();
        let first = workers.lane(count(1));
        first.ticket().submit(move |_| assert!(wait.recv().is_err()));
        hand_in(&workers, &|ticket, name| {
            let sender = sender.clone();
            ticket.submit(move |_| sender.send(name).unwrap());
        });
        drop((go, sender));
        receiver.iter().collect()
    }

    #[test]
    fn lanes_take_turns_and_so_do_the_requests_of_a_lane() {
        let done = order(|workers, submit| {
            let (first, second) = (workers.lane(count(1)), workers.lane(count(1)));
            let (batch, single, other) = (first.ticket(), first.ticket(), second.ticket());
            for name in ["batch 1", "batch 2", "batch 3"] {
                submit(&batch, name);
            }
            submit(&single, "single");
            submit(&other, "other 1");
            submit(&other, "other 2");
        });
        assert_eq!(done, ["batch 1", "other 1", "single", "other 2", "batch 2", "batch 3"]);
    }

    #[test]
    fn a_lane_never_has_more_in_work_than_it_may() {
        let workers = Workers::start(count(3)).unwrap();
        let (busy, free) = (workers.lane(count(2)), workers.lane(count(3)));
        let (started, starts) = channel();
        let (go, wait) = channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        let ticket = busy.ticket();
        for _ in 0..3 {
            let (started, wait) = (started.clone(), Arc::clone(&wait));
            ticket.submit(move |_| {
                started.send("busy").unwrap();
                let _ = lock(&wait).recv();
            });
        }
        assert_eq!([starts.recv(), starts.recv()], [Ok("busy"); 2]);
        // The third worker is idle, and still does not take the third job.
        let (sender, answers) = channel();
        free.ticket().submit(move |_| sender.send(()).unwrap());
        answers.recv().unwrap();
        assert!(starts.try_recv().is_err());
        drop(go);
        assert_eq!(starts.recv(), Ok("busy"));
    }

    #[test]
    fn what_was_handed_in_is_done_before_the_workers_end_and_nothing_after_that() {
        let workers = Workers::start(count(2)).unwrap();
        let lane = workers.lane(count(1));
        let (sender, receiver) = channel();
        for job in 0..50 {
            let sender = sender.clone();
            lane.ticket().submit(move |_| sender.send(job).unwrap());
        }
        drop(workers);
        lane.ticket().submit(move |_| sender.send(1_000).unwrap());
        assert_eq!(receiver.iter().collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
    }
}
