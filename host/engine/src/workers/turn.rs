//! The turn of a job that runs.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use jurat_model::Worker;

/// A job, as the run queue keeps it.
pub(super) type Job = Box<dyn FnOnce(&mut dyn Turn) + Send>;

/// The turn of a job that runs: it holds a worker, and gives it to others from time to time.
pub(crate) trait Turn: Send {
    /// The worker that the job holds: another one after [`Turn::pass`].
    fn worker(&self) -> Worker;

    /// Whether the job should call [`Turn::pass`]: other work waits, and the job has had a worker for the length of a slice. Costs
    /// next to nothing while no work waits, and a look at the clock while some does.
    fn is_over(&self) -> bool;

    /// Gives the worker to the next that waits, if any of those may have it, and waits until it is the job's turn again.
    fn pass(&mut self);

    /// How long the job has waited in [`Turn::pass`].
    fn waited(&self) -> Duration;
}

/// Runs a job. A bug must cost one request, not a thread: the thread that waits for the job sees that its answer is missing.
pub(super) fn run(job: Job, turn: &mut dyn Turn) {
    let _ = caught(|| job(turn));
}

/// The answer of a part of a job; none if that panicked, which the log says.
pub(crate) fn caught<T>(part: impl FnOnce() -> T) -> Option<T> {
    let answer = catch_unwind(AssertUnwindSafe(part));
    answer.inspect_err(|panic| tracing::error!(panic = message(&**panic), "a worker panicked")).ok()
}

/// The message of a panic, if it is a text.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no message)")
}
