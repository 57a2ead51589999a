//! Signals: the first one stops the batch with whole lines, the second one ends the process at once.

use std::fs;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use jurat_records::Interrupt;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

/// The signals that stop a batch.
#[derive(Debug)]
pub(super) struct Signals {
    signal: Arc<AtomicUsize>,
    interrupt: Interrupt,
}

impl Signals {
    /// Handles SIGINT, SIGTERM and SIGHUP: the first one ends reading, the second one ends the process.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub(super) fn catch() -> io::Result<Self> {
        let this = Self { signal: Arc::default(), interrupt: Interrupt::new()? };
        let is_caught = Arc::<AtomicBool>::default();
        let (mut receiver, sender) = UnixStream::pair()?;
        for signal in [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal)) {
            // The order matters: the first handler must run before the last one sets the flag.
            flag::register_conditional_default(signal, Arc::clone(&is_caught))?;
            flag::register_usize(signal, Arc::clone(&this.signal), usize::try_from(signal).map_err(io::Error::other)?)?;
            low_level::pipe::register(signal, sender.try_clone()?)?;
            flag::register(signal, Arc::clone(&is_caught))?;
        }
        let interrupt = this.interrupt.clone();
        // Wakes a read that waits.
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            if receiver.read(&mut [0]).is_ok_and(|bytes| bytes > 0) {
                interrupt.set();
            }
        })?;
        Ok(this)
    }

    /// The interrupt that the first signal sets.
    pub(super) fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    /// The name of the signal that stopped the batch.
    pub(super) fn name(&self) -> &'static str {
        let signal = i32::try_from(self.signal.load(Ordering::Relaxed)).ok();
        signal.and_then(low_level::signal_name).unwrap_or("a signal")
    }

    /// Ends the process as the signal would have, so that the sender sees the usual status. Returns only if that fails.
    pub(super) fn raise(&self) {
        if let Ok(signal) = i32::try_from(self.signal.load(Ordering::Relaxed)) {
            let _ = low_level::emulate_default_handler(signal);
        }
    }
}

/// Whether the process was started with the signal ignored, as by `nohup`. Then it stays ignored.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask.checked_shr(signal.unsigned_abs().saturating_sub(1)).is_some_and(|mask| mask & 1 == 1)
}
