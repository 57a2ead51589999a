//! The process that compiles: it limits itself, and can be ended.

use std::fs;
use std::io::{self, Read, Write};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use jurat_model::Bytes;
use rustix::time::{ClockId, clock_gettime};
use signal_hook::consts::SIGABRT;
use signal_hook::flag::register_conditional_shutdown;
use wasmtime::Engine;

use super::order::{Made, Order};
use super::system::is_of_system;
use crate::shape::{cap, scan};

/// The stack of the thread that compiles, whatever `ulimit -s` says.
pub(super) const STACK: Bytes = Bytes::mebi(8);

/// The exit codes by which the parent tells failures apart.
pub(super) mod exit {
    /// The machine, or the parent, is to blame.
    pub(in crate::compile) const FAILED: u8 = 1;
    /// The component is invalid.
    pub(in crate::compile) const INVALID: u8 = 3;
    /// It used up its memory or its stack.
    pub(in crate::compile) const TOO_LARGE: u8 = 5;
    /// The machine has less memory than the limit.
    pub(in crate::compile) const NO_MEMORY: u8 = 6;
    /// The compiler panicked: the code of every Rust program that does.
    pub(in crate::compile) const PANICKED: u8 = 101;
}

/// The child's side: reads a component from standard input and writes its machine code to standard output.
///
/// Takes processor time and memory from itself before it reads the component. Returns the process's exit code; what went wrong
/// is said on standard error. The process must end then: its limits and its handler of SIGABRT stay.
///
/// # Limits
/// Only Linux enforces the memory limit reliably.
pub fn compile_from_stdin() -> u8 {
    // Linux names a process after the file that was started, which may be a link. Its log of processes that it killed has the name.
    let _ = fs::write("/proc/self/comm", "jurat-compile");
    let stack = STACK.to_usize();
    let thread = thread::Builder::new().name("jurat-compile".to_owned()).stack_size(stack).spawn(try_compile);
    let outcome = match thread.map(thread::JoinHandle::join) {
        Ok(Ok(outcome)) => outcome,
        // The message is on standard error.
        Ok(Err(panic)) => panic::resume_unwind(panic),
        Err(error) => {
            Err(ChildError::Io(io::Error::other(format!("no thread can be started; look at `ulimit -u`: {error}"))))
        }
    };
    // One line each: the parent shows it as the reason.
    match outcome {
        Ok(()) => 0,
        Err(ChildError::Invalid(error)) => {
            let _ = writeln!(io::stderr(), "{error:#}");
            exit::INVALID
        }
        Err(ChildError::Io(error)) => {
            let _ = writeln!(io::stderr(), "{error}");
            exit::FAILED
        }
    }
}

enum ChildError {
    Invalid(wasmtime::Error),
    Io(io::Error),
}

impl From<io::Error> for ChildError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<wasmtime::Error> for ChildError {
    fn from(error: wasmtime::Error) -> Self {
        if is_of_system(&error) { Self::Io(io::Error::other(format!("{error:#}"))) } else { Self::Invalid(error) }
    }
}

fn try_compile() -> Result<(), ChildError> {
    let mut input = io::stdin().lock();
    let order = Order::read(&mut input)?;
    say_when_memory_runs_out(order.limits.memory)?;
    order.limits.enforce()?;
    let mut bytes = Vec::new();
    input.take(cap::BYTES + 1).read_to_end(&mut bytes)?;
    scan(&bytes).map_err(|error| ChildError::Invalid(error.into()))?;
    let code = Engine::new(&order.target.config())?.precompile_component(&bytes)?;
    let mut out = io::stdout().lock();
    out.write_all(&Made::header(processor_time()))?;
    out.write_all(&code)?;
    Ok(out.flush()?)
}

/// A failed allocation aborts, and so does an overflow of the stack. Neither can say more than by the exit code.
fn say_when_memory_runs_out(limit: Bytes) -> io::Result<()> {
    // With strict accounting, a machine may have less than the limit. Half of it must be there at once, beside the program.
    let is_there = Vec::<u8>::new().try_reserve_exact(limit.to_usize() / 2).is_ok();
    let code = if is_there { exit::TOO_LARGE } else { exit::NO_MEMORY };
    register_conditional_shutdown(SIGABRT, code.into(), Arc::new(AtomicBool::new(true))).map(|_| ())
}

/// The processor time of this process.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
