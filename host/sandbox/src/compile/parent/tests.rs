use super::*;
use crate::compile::order::{Reservation, Target};
use crate::settings::CompileLimits;

const ORDER: Order = Order {
    limits: CompileLimits::DEFAULT,
    target: Target { stack: Bytes::kibi(512), reservation: Reservation::Full },
};

/// What becomes of a component that a shell script is asked to compile.
fn ask(wall_clock: Duration, script: &str, bytes: &[u8]) -> CompileError {
    let arguments = ["-c".into(), script.into()];
    compile_within(wall_clock, Path::new("/bin/sh"), &arguments, ORDER, bytes).unwrap_err()
}

fn hangs(script: &str, bytes: &[u8]) -> CompileError {
    ask(Duration::from_millis(300), script, bytes)
}

fn ends(script: &str) -> CompileError {
    ask(Duration::from_secs(60), script, b"a component")
}

#[test]
fn a_compiler_that_hangs_is_stopped() {
    assert!(matches!(hangs("exec sleep 1000", b"a component"), CompileError::TooLate { .. }));
}

#[test]
fn a_compiler_that_closes_its_pipes_and_hangs_is_stopped() {
    assert!(matches!(hangs("exec sleep 1000 >&- 2>&-", b"a component"), CompileError::TooLate { .. }));
}

#[test]
fn a_compiler_that_never_stops_writing_is_stopped() {
    assert!(matches!(ends("exec cat /dev/zero"), CompileError::TooMuchCode { .. }));
    assert!(matches!(hangs("exec cat /dev/zero >&2", b"a component"), CompileError::TooLate { .. }));
}

#[test]
fn a_compiler_that_never_reads_cannot_block_the_host() {
    assert!(matches!(hangs("exec sleep 1000", &vec![0; 1 << 20]), CompileError::TooLate { .. }));
}

#[test]
fn a_signal_from_outside_passes_and_the_reason_names_it() {
    for (signal, name) in [("KILL", "9 (SIGKILL)"), ("TERM", "15 (SIGTERM)"), ("USR1", "10 (SIGUSR1)")] {
        let error = ends(&format!("kill -{signal} $$"));
        assert!(matches!(error, CompileError::Killed { .. }) && error.is_passing(), "{error:?}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_signal_of_the_compilers_own_lasts_and_the_reason_names_it_or_the_limit() {
    let error = ends("kill -XCPU $$");
    assert!(matches!(error, CompileError::TooSlow { .. }) && !error.is_passing(), "{error:?}");
    assert!(error.to_string().contains("30s of processor time"), "{error}");
    let error = ends("kill -SEGV $$");
    assert!(matches!(error, CompileError::Crashed { .. }) && !error.is_passing(), "{error:?}");
    assert!(error.to_string().contains("11 (SIGSEGV)"), "{error}");
}

#[test]
fn exit_codes_say_what_lasts() {
    let error = ends("exit 5");
    assert!(matches!(error, CompileError::TooLarge { .. }) && !error.is_passing(), "{error:?}");
    assert!(error.to_string().contains("more than 512 MiB of memory"), "{error}");
    let error = ends("exit 6");
    assert!(matches!(error, CompileError::Memory(_)) && error.is_passing(), "{error:?}");
    let error = ends("exit 1");
    assert!(matches!(error, CompileError::Process(_)) && error.is_passing(), "{error:?}");
    let error = ends("exit 101");
    assert!(matches!(error, CompileError::Crashed { .. }) && !error.is_passing(), "{error:?}");
}

#[test]
fn a_compiler_that_cannot_be_started_passes() {
    let error = compile(Path::new("/nowhere/at/all"), &[], ORDER, b"a component").unwrap_err();
    assert!(matches!(error, CompileError::Start(_)) && error.is_passing(), "{error:?}");
}
