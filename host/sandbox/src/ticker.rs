//! The clock behind wall-clock deadlines.

use std::io;
use std::thread;
use std::time::Duration;

use wasmtime::Engine;

/// How long one tick of the engine's epoch lasts.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// Starts the thread that advances the engine's epoch. It holds the engine weakly and ends with it.
pub(crate) fn start(engine: &Engine) -> io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new().name("jurat-ticker".into()).spawn(move || {
        loop {
            thread::sleep(TICK);
            let Some(engine) = engine.upgrade() else { break };
            engine.increment_epoch();
        }
    })?;
    Ok(())
}

/// How many ticks a call has before its deadline: never fewer than the time asks for, though the first tick may be short.
pub(crate) fn ticks(deadline: Duration) -> u64 {
    u64::try_from(deadline.as_nanos().div_ceil(TICK.as_nanos())).unwrap_or(u64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_never_shorter_than_asked() {
        assert_eq!(ticks(Duration::ZERO), 1);
        assert_eq!(ticks(Duration::from_millis(1)), 2);
        assert_eq!(ticks(Duration::from_millis(5)), 2);
        assert_eq!(ticks(Duration::from_millis(6)), 3);
        assert_eq!(ticks(Duration::from_secs(2)), 401);
    }
}
