//! The turn of a job that runs.

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
