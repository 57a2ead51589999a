//! What is left of those who have left.

use std::thread;
use std::time::{Duration, Instant};

use jurat_tests::connection::PATIENCE;
use jurat_tests::operator::Operator;
use jurat_tests::process::Usage;
use jurat_tests::server::Server;

use crate::run::until;

/// The most descriptors that may be there in the end beside those at the start: idle connections to a repository and to a coordination
/// service, of each at most ten.
const DESCRIPTORS: usize = 2 * 10;
/// The same for threads. Of those that judge, 32 are kept beside the workers. A few wait for calls.
const THREADS: usize = 32 + 8;

/// Waits until nothing is left, or for as long as a test waits. Gives what the server takes then.
pub(crate) fn are_gone(server: &Server, keeper: &mut Operator, start: Usage) -> Usage {
    until("no call is under way", || (keeper.status(None)["in_flight"] == 0).then_some(()));
    assert_eq!(keeper.status(None)["health"], "ok");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let usage = server.usage();
        if has_returned(start, usage) || Instant::now() > deadline {
            return usage;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Whether a server takes about what it took at the start. Memory that was used stays with the allocator.
pub(crate) fn has_returned(start: Usage, end: Usage) -> bool {
    end.threads <= start.threads + THREADS && end.descriptors <= start.descriptors + DESCRIPTORS
}
