//! What a test of the sandbox must not do in its own process: limit it, fill it, or measure it while other tests run.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a part of the tests"
)]

use std::process::ExitCode;

use jurat_model::{Component, NoPause, Worker};
use jurat_test_kit::rows::{RUN, batch};
use jurat_test_kit::{guest, load};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("compile") => ExitCode::from(jurat_sandbox::compile_from_stdin()),
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

/// Ends as a process does that the system chooses when memory runs out.
fn be_killed() -> ExitCode {
    let own = std::process::id().to_string();
    std::process::Command::new("kill").args(["-KILL", &own]).env("PATH", "/usr/bin:/bin").status().unwrap();
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
