//! What one compilation may use, and what the system leaves of it.

use std::io;
use std::time::Duration;

use jurat_model::Bytes;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::settings::CompileLimits;

impl CompileLimits {
    /// What is left of them in this process and its children: `ulimit` may be lower.
    pub(super) fn effective(self) -> Self {
        let memory = lowest(Resource::Data, lowest(Resource::As, self.memory.get()));
        // One second goes to the margin of [`Self::enforce`].
        let (seconds, given) = (seconds(self.processor), lowest(Resource::Cpu, u64::MAX));
        let processor =
            if given > seconds { self.processor } else { Duration::from_secs(given.saturating_sub(1).max(1)) };
        Self { processor, memory: Bytes::new(memory) }
    }

    /// Logs if `ulimit` leaves less.
    pub(crate) fn warn_if_lowered(self) {
        let effective = self.effective();
        if effective.memory < self.memory {
            let (left, limit) = (effective.memory.to_string(), self.memory.to_string());
            tracing::warn!(
                left,
                limit,
                "`ulimit -v` or `ulimit -d` leaves compilations less memory than the settings do"
            );
        }
        if effective.processor < self.processor {
            let (left, limit) = (effective.processor, self.processor);
            tracing::warn!(?left, ?limit, "`ulimit -t` leaves compilations less processor time than the settings do");
        }
    }

    /// Limits this process, once and for all.
    pub(super) fn enforce(self) -> io::Result<()> {
        let seconds = seconds(self.processor);
        // The signal at the lower limit says which limit it was; at the upper one the kernel kills without a word.
        lower(Resource::Cpu, seconds, seconds.saturating_add(1))?;
        lower(Resource::As, self.memory.get(), self.memory.get())?;
        lower(Resource::Core, 0, 0)
    }
}

/// Whole seconds, rounded up.
fn seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)).max(1)
}

/// A limit, or what the system has set below it.
fn lowest(resource: Resource, limit: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(resource);
    [current, maximum].into_iter().flatten().fold(limit, u64::min)
}

/// Limits a resource of this process; never raises a limit.
fn lower(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
    let (current, maximum) = (lowest(resource, current), lowest(resource, maximum));
    setrlimit(resource, Rlimit { current: Some(current), maximum: Some(maximum) }).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_in_whole_seconds_is_shorter_than_the_time() {
        let cases = [(0, 1), (1, 1), (999, 1), (1_000, 1), (1_001, 2), (30_000, 30)];
        for (millis, expected) in cases {
            assert_eq!(seconds(Duration::from_millis(millis)), expected, "{millis} ms");
        }
    }
}
