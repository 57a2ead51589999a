//! The threads on which the service waits.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::settings::ServerSettings;

/// Threads that wait for servers, on behalf of all calls.
const IO_THREADS: usize = 2;
/// Threads that wait for disks and name resolution, on behalf of the former.
const DISK_THREADS: usize = 64;
/// The lowest limit of calls that wait at a time.
const FEWEST_CALLS: usize = 1_024;
/// The highest limit: each call is a thread, which costs some 40 KiB while it waits.
const MOST_CALLS: usize = 16_384;

/// How long a thread for calls stays without one. Each tenant has two checks of its pin a second, which wake idle threads in turn: with
/// the runtime's own ten seconds, they would keep twenty threads for each tenant for good, once a burst of calls has started these.
const IDLE: Duration = Duration::from_secs(2);

/// Threads for polls, pins and releases that are made ready, for each tenant: as many as these may need at once, and one to spare.
const REFRESHING: usize = 7;

/// The threads that a service has from the start, and one for a first wait of each kind.
const FIRST_THREADS: usize = IO_THREADS + 5;

/// Three kinds of threads. Calls, and polls in the background, wait for tasks on the threads for servers and disks, and no such
/// task waits for a call: so waiting calls cannot block these tasks, however many there are. Nor can they keep a revocation waiting.
#[derive(Debug)]
pub(super) struct Runtimes {
    // INVARIANT: present until this is dropped.
    io: Option<Runtime>,
    background: Option<Runtime>,
    calls: Option<Runtime>,
}

impl Runtimes {
    /// Starts threads for this number of tenants, and for `calls` waiting calls; further ones are queued.
    pub(super) fn start(tenants: usize, calls: usize) -> io::Result<Self> {
        are_available(FIRST_THREADS)?;
        let io = Builder::new_multi_thread()
            .worker_threads(IO_THREADS)
            .max_blocking_threads(DISK_THREADS)
            .thread_name("jurat-io")
            .enable_all()
            .build()?;
        // From here on the drop of this value ends it.
        let mut runtimes = Self { io: Some(io), background: None, calls: None };
        runtimes.background = Some(waiting("jurat-refresh", tenants.saturating_mul(REFRESHING).saturating_add(2))?);
        runtimes.calls = Some(waiting("jurat-call", calls)?);
        Ok(runtimes)
    }

    /// The runtime for servers and files.
    pub(super) fn io(&self) -> Option<&Handle> {
        self.io.as_ref().map(Runtime::handle)
    }

    /// The runtime for what goes on in the background: polls, pins, and releases that are made ready.
    pub(super) fn background(&self) -> Option<&Handle> {
        self.background.as_ref().map(Runtime::handle)
    }

    /// The runtime for calls that wait.
    pub(super) fn calls(&self) -> Option<&Handle> {
        self.calls.as_ref().map(Runtime::handle)
    }
}

impl Drop for Runtimes {
    fn drop(&mut self) {
        // The last handle may be dropped on a thread of a runtime, which must not block.
        for runtime in [self.io.take(), self.background.take(), self.calls.take()].into_iter().flatten() {
            runtime.shutdown_background();
        }
    }
}

/// A runtime with up to this number of threads that wait.
fn waiting(name: &str, threads: usize) -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(threads)
        .thread_keep_alive(IDLE)
        .thread_name(name)
        .build()
}

/// Starts this number of threads side by side, and ends them: the runtime panics if the system gives it none.
///
/// # Errors
/// When the system gives fewer.
fn are_available(threads: usize) -> io::Result<()> {
    let gate = Mutex::new(());
    thread::scope(|scope| {
        let closed = gate.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = || drop(gate.lock().unwrap_or_else(PoisonError::into_inner));
        let started: io::Result<Vec<_>> =
            (0..threads).map(|_| thread::Builder::new().spawn_scoped(scope, wait)).collect();
        drop(closed);
        started.map(|_| ())
    })
}

/// As many calls as a server with these settings accepts, so that slow calls of one client do not block others.
pub(super) fn waiting_calls(settings: &ServerSettings) -> usize {
    let ServerSettings { max_connections, max_in_flight, .. } = settings;
    let most = (max_connections.get() as usize).saturating_mul(max_in_flight.get() as usize);
    most.clamp(FEWEST_CALLS, MOST_CALLS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_with_the_default_limits_cannot_use_up_the_threads_that_wait() {
        let ServerSettings { max_connections, max_in_flight, .. } = ServerSettings::default();
        assert_eq!(waiting_calls(&ServerSettings::default()), (max_connections.get() * max_in_flight.get()) as usize);
    }
}
