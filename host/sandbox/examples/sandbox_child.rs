//! What a test of the sandbox must not do in its own process: limit it, fill it, or measure it while other tests run.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a part of the tests"
)]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use jurat_model::{Component, NoPause, Worker};
use jurat_test_kit::rows::{RUN, batch};
use jurat_test_kit::{guest, load};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("compile") => ExitCode::from(jurat_sandbox::compile_from_stdin()),
        Some("compile-in-20-seconds") => compile_in_20_seconds(),
        Some("compile-beside-another") => compile_beside_another(Path::new(&arguments[1])),
        Some("compile-alone") => compile_alone(Path::new(&arguments[1])),
        Some("compile-and-want-more") => compile_and_want_more(),
        Some("print-environment") => {
            eprintln!("{} variables", std::env::vars_os().count());
            ExitCode::from(7)
        }
        Some("print-garbage") => {
            println!("machine code, honestly");
            ExitCode::SUCCESS
        }
        Some("die") => std::process::abort(),
        Some("be-killed") => be_killed(),
        Some("instances") => measure_instances(arguments[1].parse().unwrap()),
        other => panic!("{other:?}"),
    }
}

/// The limits that compiling sets stay in force, so what a compiler that has lost its mind would see can be seen afterwards.
fn compile_and_want_more() -> ExitCode {
    assert_eq!(jurat_sandbox::compile_from_stdin(), 0);
    let mut memory: Vec<u8> = Vec::new();
    match memory.try_reserve_exact(6 << 30) {
        Ok(()) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::SUCCESS
        }
    }
}

/// Compiles, and says that it has taken 20 s of processor time. If it may take less, ends as the system would end it.
fn compile_in_20_seconds() -> ExitCode {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).unwrap();
    if u64::from_le_bytes(input[..8].try_into().unwrap()) < 20_000_000 {
        return end_by("-XCPU");
    }
    let this = std::env::current_exe().unwrap();
    let mut child = Command::new(this).arg("compile").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut out = std::io::stdout().lock();
    out.write_all(&20_000_000_u64.to_le_bytes()).unwrap();
    out.write_all(&output.stdout[8..]).unwrap();
    ExitCode::SUCCESS
}

/// Compiles when another process is about to do the same, and fails if none comes.
fn compile_beside_another(directory: &Path) -> ExitCode {
    std::fs::write(directory.join(std::process::id().to_string()), "").unwrap();
    let patience = Instant::now() + Duration::from_secs(60);
    while std::fs::read_dir(directory).unwrap().count() < 2 {
        assert!(Instant::now() < patience, "nobody else came");
        std::thread::yield_now();
    }
    ExitCode::from(jurat_sandbox::compile_from_stdin())
}

/// Compiles, and fails if another process is at it.
fn compile_alone(directory: &Path) -> ExitCode {
    let mark = directory.join("alone");
    std::fs::File::create_new(&mark).unwrap();
    let code = jurat_sandbox::compile_from_stdin();
    std::fs::remove_file(mark).unwrap();
    ExitCode::from(code)
}

/// Ends as a process does that the system chooses when memory runs out.
fn be_killed() -> ExitCode {
    end_by("-KILL")
}

fn end_by(signal: &str) -> ExitCode {
    let own = std::process::id().to_string();
    Command::new("kill").args([signal, &own]).env("PATH", "/usr/bin:/bin").status().unwrap();
    panic!("it was not killed");
}

/// Says how much memory the process has, in KiB, before and after as many fresh instances as asked for.
fn measure_instances(count: u32) -> ExitCode {
    let component = load::as_it_is(guest::fixture());
    let judge = || {
        let mut session = component.session(Worker(0), &RUN);
        session.evaluate(1, &batch(&[1]), &mut NoPause).unwrap()
    };
    (0..1_000).for_each(|_| _ = judge());
    let before = resident();
    (0..count).for_each(|_| _ = judge());
    println!("{before} {}", resident());
    ExitCode::SUCCESS
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
