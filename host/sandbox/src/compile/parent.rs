//! Starts the process that compiles, and ends it at the latest when its time is over.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jurat_model::Bytes;
use rustix::process::Signal;
use wasmtime::{Engine, Precompiled};

use super::child::{self, exit};
use super::error::CompileError;
use super::order::{Made, Order};

/// Wall-clock time of one compilation, for a machine that is busy with other things.
const WALL_CLOCK: Duration = Duration::from_secs(120);
/// Where the limit of processor time is a higher one: this many times that limit.
const WALL_CLOCK_FACTOR: u32 = 4;
/// The most machine code that is read back.
const CODE: Bytes = Bytes::mebi(64);

/// Compiles a component in a child process.
pub(crate) fn compile(
    program: &Path,
    arguments: &[OsString],
    order: Order,
    bytes: &[u8],
) -> Result<Made, CompileError> {
    let wall_clock = order.limits.processor.saturating_mul(WALL_CLOCK_FACTOR).max(WALL_CLOCK);
    compile_within(wall_clock, program, arguments, order, bytes)
}

fn compile_within(
    wall_clock: Duration,
    program: &Path,
    arguments: &[OsString],
    order: Order,
    bytes: &[u8],
) -> Result<Made, CompileError> {
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(CompileError::Start)?;
    let outcome = talk(wall_clock, &mut child, [&*order.to_bytes(), bytes].concat());
    // Killing a child that has ended is harmless, and waiting for it is what frees its entry.
    let _ = child.kill();
    let status = child.wait().map_err(CompileError::Process)?;
    let Answer { written, complaint } = outcome?;
    if is_too_much(&written) {
        return Err(CompileError::TooMuchCode { limit: CODE });
    }
    judge(status, order, &complaint)?;
    let made = Made::read(&written).map_err(CompileError::Process)?;
    match Engine::detect_precompiled(&made.code) {
        Some(Precompiled::Component) => Ok(made),
        _ => Err(CompileError::Process(io::Error::other("its output is not machine code"))),
    }
}

/// What the end of the child says.
fn judge(status: ExitStatus, order: Order, complaint: &str) -> Result<(), CompileError> {
    if let Some(signal) = status.signal() {
        return Err(ended_by(signal, status, order));
    }
    match status.code().map(u8::try_from) {
        Some(Ok(0)) => Ok(()),
        Some(Ok(exit::INVALID)) => Err(CompileError::Invalid(complaint.trim().into())),
        Some(Ok(exit::TOO_LARGE)) => Err(CompileError::TooLarge { memory: order.limits.memory, stack: child::STACK }),
        Some(Ok(exit::NO_MEMORY)) => Err(CompileError::Memory(complaint.trim().into())),
        Some(Ok(exit::PANICKED)) => Err(CompileError::Crashed { status }),
        _ => Err(CompileError::Process(io::Error::other(complaint.trim().to_owned()))),
    }
}

/// A signal is that of the child's own limit, or of its own mistake, or it comes from outside.
fn ended_by(signal: i32, status: ExitStatus, order: Order) -> CompileError {
    const MISTAKES: [Signal; 6] = [Signal::SEGV, Signal::ILL, Signal::FPE, Signal::ABORT, Signal::TRAP, Signal::SYS];
    if signal == Signal::XCPU.as_raw() {
        CompileError::TooSlow { limit: order.limits.processor }
    } else if MISTAKES.iter().any(|mistake| mistake.as_raw() == signal) {
        CompileError::Crashed { status }
    } else {
        CompileError::Killed { status }
    }
}

/// What a child has written, on its two outputs.
struct Answer {
    written: Vec<u8>,
    complaint: String,
}

fn is_too_much(written: &[u8]) -> bool {
    written.len() as u64 > CODE.get() + Made::HEADER
}

/// Hands over the component and takes what comes back; all three pipes at once, so that neither side waits for the other.
fn talk(wall_clock: Duration, child: &mut Child, order: Vec<u8>) -> Result<Answer, CompileError> {
    let begun = Instant::now();
    let missing = || CompileError::Process(io::Error::from(io::ErrorKind::BrokenPipe));
    let mut input = child.stdin.take().ok_or_else(missing)?;
    let output = child.stdout.take().ok_or_else(missing)?;
    let mut errors = child.stderr.take().ok_or_else(missing)?;
    let (sender, receiver) = mpsc::channel();
    let complaint = start(move || {
        let mut text = Vec::new();
        let _ = errors.by_ref().take(4 << 10).read_to_end(&mut text);
        // A child must not be killed for saying more.
        let _ = io::copy(&mut errors, &mut io::sink());
        String::from_utf8_lossy(&text).into_owned()
    })?;
    start(move || {
        let mut written = Vec::new();
        let read = output.take(CODE.get() + Made::HEADER + 1).read_to_end(&mut written);
        let complaint = complaint.join().unwrap_or_default();
        // The receiver is gone when the time is over; then the answer is not needed.
        let _ = sender.send(read.map(|_| Answer { written, complaint }));
    })?;
    // A child that refuses early closes the pipe; its exit code says why.
    start(move || input.write_all(&order))?;
    let answer = match receiver.recv_timeout(wall_clock) {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(CompileError::Process(error)),
        Err(_) => return Err(CompileError::TooLate { limit: wall_clock }),
    };
    // Both pipes are at their end, or more came than is wanted. In the first case the child is on its way out: let it set its
    // exit code. It could also have closed its pipes and gone on.
    if !is_too_much(&answer.written) {
        while child.try_wait().map_err(CompileError::Process)?.is_none() {
            if begun.elapsed() > wall_clock {
                return Err(CompileError::TooLate { limit: wall_clock });
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
    Ok(answer)
}

/// Starts a thread. It ends when the child does.
fn start<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>, CompileError> {
    thread::Builder::new().name("jurat-compile".to_owned()).spawn(run).map_err(CompileError::Start)
}

#[cfg(test)]
mod tests;
