//! Being asked to stop: the first time politely, with whole lines; the second time at once.

use std::fs;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use jurat_records::Interrupt;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::{flag, low_level};

/// Whether somebody wants this to end.
#[derive(Debug)]
pub(super) struct Signals {
    signal: Arc<AtomicUsize>,
    interrupt: Interrupt,
}

impl Signals {
    /// From now on, SIGINT, SIGTERM and SIGHUP are remembered and end reading; a second one ends the process.
    ///
    /// # Errors
    /// When the machine does not let it.
    pub(super) fn catch() -> io::Result<Self> {
        let this = Self { signal: Arc::default(), interrupt: Interrupt::new()? };
        let is_caught = Arc::<AtomicBool>::default();
        let (mut rings, bell) = UnixStream::pair()?;
        for signal in [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal)) {
            // In this order: what the last one sets must not be there when the first one asks.
            flag::register_conditional_default(signal, Arc::clone(&is_caught))?;
            flag::register_usize(signal, Arc::clone(&this.signal), usize::try_from(signal).unwrap_or_default())?;
            low_level::pipe::register(signal, bell.try_clone()?)?;
            flag::register(signal, Arc::clone(&is_caught))?;
        }
        // A file that may not grow is an error of writing, not the end.
        flag::register(SIGXFSZ, Arc::default())?;
        let interrupt = this.interrupt.clone();
        // Nothing else would wake a read that waits.
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            if rings.read(&mut [0]).is_ok_and(|bytes| bytes > 0) {
                interrupt.set();
            }
        })?;
        Ok(this)
    }

    /// What ends reading with the first signal.
    pub(super) fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    /// Does what the signal would have done, so that whoever has sent it sees that it was heeded. Comes back only where that
    /// cannot be done.
    pub(super) fn heed(&self) {
        if let Ok(signal) = i32::try_from(self.signal.load(Ordering::Relaxed)) {
            let _ = low_level::emulate_default_handler(signal);
        }
    }
}

/// Whether the process was started with the signal switched off, as `nohup` does: then it stays so.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask.checked_shr(signal.unsigned_abs().saturating_sub(1)).is_some_and(|mask| mask & 1 == 1)
}
