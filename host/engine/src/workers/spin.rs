//! Spins for a moment before a thread sleeps.

use std::num::NonZeroUsize;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

/// How long a thread spins for work or an answer before it sleeps: judging one record takes less, and waking a thread costs more.
const PATIENCE: Duration = Duration::from_micros(30);

/// The cores of the machine. A spinning thread must not occupy the core that its producer needs: the producer would move to another
/// core, and might wait there behind other work.
pub(super) static CORES: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, NonZeroUsize::get));

/// Calls `poll` again and again for a moment. Yields the processor in between: the producer may need it.
pub(super) fn spin<T>(poll: impl Fn() -> Option<T>) -> Option<T> {
    const POLLS: u32 = 16;
    let begun = Instant::now();
    loop {
        for _ in 0..POLLS {
            if let Some(found) = poll() {
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
