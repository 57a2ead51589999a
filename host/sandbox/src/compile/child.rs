//! Compiling in a process of its own, which can be stopped.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, setrlimit};
use wasmtime::{Engine, Precompiled};

use super::codegen::codegen;
use super::error::CompileError;
use crate::settings::Settings;
use crate::shape::{cap, scan};

/// Processor time of one compilation. A component at all caps takes a few seconds.
const PROCESSOR_SECONDS: u64 = 30;
/// Address space of one compilation.
const ADDRESS_SPACE: u64 = 4 << 30;
/// Wall-clock time of one compilation, for a machine that is busy with other things.
const WALL_CLOCK: Duration = Duration::from_secs(120);
/// The most machine code that is read back.
const CODE_BYTES: u64 = 64 << 20;

/// How the child says that the component, not the machine, is to blame.
const INVALID: i32 = 3;

/// The child's side: reads a component from standard input and writes its machine code to standard output.
///
/// Takes processor time and memory from itself before it reads a byte. Returns the process's exit code; what went wrong is
/// said on standard error.
///
/// # Limits
/// Only Linux enforces the memory limit reliably.
pub fn compile_from_stdin() -> u8 {
    match try_compile() {
        Ok(()) => 0,
        Err(ChildError::Invalid(error)) => {
            // One line: the parent shows it as the reason.
            let _ = writeln!(io::stderr(), "{error:#}");
            3
        }
        Err(ChildError::Io(error)) => {
            let _ = writeln!(io::stderr(), "{error}");
            1
        }
    }
}

enum ChildError {
    Invalid(wasmtime::Error),
    Io(io::Error),
}

fn try_compile() -> Result<(), ChildError> {
    limit(Resource::Cpu, PROCESSOR_SECONDS).map_err(ChildError::Io)?;
    limit(Resource::As, ADDRESS_SPACE).map_err(ChildError::Io)?;
    limit(Resource::Core, 0).map_err(ChildError::Io)?;
    let mut bytes = Vec::new();
    io::stdin().lock().take(cap::BYTES + 1).read_to_end(&mut bytes).map_err(ChildError::Io)?;
    scan(&bytes).map_err(|error| ChildError::Invalid(error.into()))?;
    let stack = Settings::new(std::num::NonZeroUsize::MIN).stack;
    let engine = Engine::new(&codegen(stack)).map_err(ChildError::Invalid)?;
    let code = engine.precompile_component(&bytes).map_err(ChildError::Invalid)?;
    let mut out = io::stdout().lock();
    out.write_all(&code).and_then(|()| out.flush()).map_err(ChildError::Io)
}

fn limit(resource: Resource, value: u64) -> io::Result<()> {
    setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) }).map_err(io::Error::from)
}

/// The parent's side.
pub(crate) fn compile(program: &Path, arguments: &[OsString], bytes: &[u8]) -> Result<Vec<u8>, CompileError> {
    compile_within(WALL_CLOCK, program, arguments, bytes)
}

fn compile_within(
    wall_clock: Duration,
    program: &Path,
    arguments: &[OsString],
    bytes: &[u8],
) -> Result<Vec<u8>, CompileError> {
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(CompileError::Process)?;
    let outcome = talk(wall_clock, &mut child, bytes);
    // Killing a child that has ended is harmless, and waiting for it is what frees its entry.
    let _ = child.kill();
    let status = child.wait().map_err(CompileError::Process)?;
    let (code, complaint) = outcome?;
    match status.code() {
        Some(0) if code.len() as u64 > CODE_BYTES => Err(CompileError::TooCostly(wall_clock)),
        Some(0) if Engine::detect_precompiled(&code) == Some(Precompiled::Component) => Ok(code),
        Some(0) => Err(CompileError::Process(io::Error::other("its output is not machine code"))),
        Some(INVALID) => Err(CompileError::Invalid(complaint.trim().into())),
        // A signal: the kernel enforced one of the limits, or the compiler ran out of stack.
        None => Err(CompileError::TooCostly(Duration::from_secs(PROCESSOR_SECONDS))),
        Some(_) => Err(CompileError::Process(io::Error::other(complaint.trim().to_owned()))),
    }
}

/// Hands over the component and takes what comes back; all three pipes at once, so that neither side waits for the other.
fn talk(wall_clock: Duration, child: &mut Child, bytes: &[u8]) -> Result<(Vec<u8>, String), CompileError> {
    let begun = Instant::now();
    let missing = || CompileError::Process(io::Error::from(io::ErrorKind::BrokenPipe));
    let mut input = child.stdin.take().ok_or_else(missing)?;
    let output = child.stdout.take().ok_or_else(missing)?;
    let errors = child.stderr.take().ok_or_else(missing)?;
    let (sender, receiver) = mpsc::channel();
    let reader = thread::Builder::new().name("jurat-compile".into()).spawn(move || {
        let complaint = thread::spawn(move || {
            let mut text = Vec::new();
            let _ = errors.take(4 << 10).read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        let mut code = Vec::new();
        let read = output.take(CODE_BYTES + 1).read_to_end(&mut code);
        let complaint = complaint.join().unwrap_or_default();
        // The receiver is gone when the time is over; then the answer is not needed.
        let _ = sender.send(read.map(|_| (code, complaint)));
    });
    reader.map_err(CompileError::Process)?;
    let bytes = bytes.to_vec();
    // A child that refuses early closes the pipe; its exit code says why.
    let writer = thread::Builder::new().spawn(move || input.write_all(&bytes));
    writer.map_err(CompileError::Process)?;
    let answer = match receiver.recv_timeout(wall_clock) {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(CompileError::Process(error)),
        Err(_) => return Err(CompileError::TooCostly(wall_clock)),
    };
    // Both pipes are at their end, or more came than is wanted. In the first case the child is on its way out: let it set its
    // exit code. It could also have closed its pipes and gone on.
    if answer.0.len() as u64 <= CODE_BYTES {
        while child.try_wait().map_err(CompileError::Process)?.is_none() {
            if begun.elapsed() > wall_clock {
                return Err(CompileError::TooCostly(wall_clock));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a component that a shell script is asked to compile.
    fn ask(script: &str, bytes: &[u8]) -> CompileError {
        let arguments = ["-c".into(), script.into()];
        compile_within(Duration::from_millis(300), Path::new("/bin/sh"), &arguments, bytes).unwrap_err()
    }

    #[test]
    fn a_compiler_that_hangs_is_stopped() {
        assert!(matches!(ask("exec sleep 1000", b"a component"), CompileError::TooCostly(_)));
    }

    #[test]
    fn a_compiler_that_closes_its_pipes_and_hangs_is_stopped() {
        assert!(matches!(ask("exec sleep 1000 >&- 2>&-", b"a component"), CompileError::TooCostly(_)));
    }

    #[test]
    fn a_compiler_that_never_stops_writing_is_stopped() {
        assert!(matches!(ask("exec cat /dev/zero", b"a component"), CompileError::TooCostly(_)));
        assert!(matches!(ask("exec cat /dev/zero >&2", b"a component"), CompileError::TooCostly(_)));
    }

    #[test]
    fn a_compiler_that_never_reads_cannot_block_the_host() {
        assert!(matches!(ask("exec sleep 1000", &vec![0; 1 << 20]), CompileError::TooCostly(_)));
    }
}
